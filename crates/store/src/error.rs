//! What a store could not do.

use std::{
    error::Error as StdError,
    fmt,
    io::{self, ErrorKind},
};

/// Why something in an object store could not be read or written.
#[derive(Debug)]
pub struct StoreError {
    place: String,
    kind: Kind,
    problem: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It cannot be a place at all.
    Malformed,
    NotFound,
    /// Somebody else has written it.
    Conflict,
    /// The credentials are missing, wrong or expired, or do not suffice.
    Denied,
    Other,
}

impl StoreError {
    pub(crate) fn malformed(place: &str, problem: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            kind: Kind::Malformed,
            problem: problem.into(),
        }
    }

    pub(crate) fn new(place: &str, error: &object_store::Error) -> Self {
        use object_store::Error as E;
        let kind = match error {
            E::NotFound { .. } => Kind::NotFound,
            E::AlreadyExists { .. } | E::Precondition { .. } => Kind::Conflict,
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => Kind::Denied,
            E::InvalidPath { .. } | E::UnknownConfigurationKey { .. } => Kind::Malformed,
            _ => Kind::Other,
        };
        Self {
            place: place.to_owned(),
            kind,
            problem: in_words(error, kind),
        }
    }

    pub(crate) fn io(place: &str, error: &io::Error) -> Self {
        Self {
            place: place.to_owned(),
            kind: Kind::Other,
            problem: error.to_string(),
        }
    }

    pub(crate) fn changed(place: &str) -> Self {
        Self {
            place: place.to_owned(),
            kind: Kind::Conflict,
            problem: "it was changed while it was read".to_owned(),
        }
    }

    /// Whether the URL, or a setting in the environment, is wrong.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        self.kind == Kind::Malformed
    }

    /// Whether there is no such bucket, container or object.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind == Kind::NotFound
    }

    /// Whether somebody else has written it since, or has created it before.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind == Kind::Conflict
    }

    /// Whether the credentials are missing, wrong or expired, or do not suffice.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.kind == Kind::Denied
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl StdError for StoreError {}

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        let kind = match error.kind {
            Kind::Malformed => ErrorKind::InvalidInput,
            Kind::NotFound => ErrorKind::NotFound,
            Kind::Conflict => ErrorKind::AlreadyExists,
            Kind::Denied => ErrorKind::PermissionDenied,
            Kind::Other => ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// What the store said, without what could hold a signature.
fn in_words(error: &object_store::Error, kind: Kind) -> String {
    let what = match kind {
        Kind::NotFound => "the object store has no such object, bucket or container",
        Kind::Conflict => "it is no longer what it was before: somebody else has written it",
        Kind::Denied => "the object store refuses the credentials",
        Kind::Malformed | Kind::Other => "the object store failed",
    };
    let said = said(&chain(error));
    if said.is_empty() {
        return what.to_owned();
    }
    format!("{what}: {said}")
}

/// An error and its causes, each of which often holds the text of the next.
fn chain(error: &dyn StdError) -> String {
    let mut whole = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if !whole.contains(&text) {
            whole.push_str(": ");
            whole.push_str(&text);
        }
        cause = next.source();
    }
    whole
}

/// The code and the message of an answer, or the error without the queries of its URLs.
fn said(text: &str) -> String {
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once("</")?.0.trim())
    };
    let words = match (element("Code"), element("Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => text.split(' ').map(without_query).collect::<Vec<_>>().join(" "),
    };
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// How many characters of an answer are shown.
const MOST: usize = 300;

/// A query can hold a signature.
fn without_query(word: &str) -> &str {
    match word.split_once('?') {
        Some((url, _)) if url.contains("://") || url.contains('/') => url,
        _ => word,
    }
}
