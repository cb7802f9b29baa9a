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
    /// The store cannot do it at all.
    Unsupported,
    /// It failed or was not reached, however often it was tried.
    Failing,
    Other,
}

impl StoreError {
    pub(crate) fn malformed(place: &str, problem: impl Into<String>) -> Self {
        Self {
            place: without_secrets(place),
            kind: Kind::Malformed,
            problem: problem.into(),
        }
    }

    pub(crate) fn new(place: &str, error: &object_store::Error) -> Self {
        use object_store::Error as E;
        let text = chain(error);
        let kind = match error {
            E::NotFound { .. } => Kind::NotFound,
            E::AlreadyExists { .. } | E::Precondition { .. } => Kind::Conflict,
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => Kind::Denied,
            E::InvalidPath { .. } | E::UnknownConfigurationKey { .. } => Kind::Malformed,
            E::NotSupported { .. } | E::NotImplemented { .. } => Kind::Unsupported,
            _ => match element(&text, "Code") {
                // S3 answers these with 400.
                Some("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired") => Kind::Denied,
                Some("NotImplemented") => Kind::Unsupported,
                _ if METADATA.iter().any(|host| text.contains(host)) => return Self::unset(place, error),
                _ if is_failing(error, &text) => Kind::Failing,
                _ => Kind::Other,
            },
        };
        Self {
            place: place.to_owned(),
            kind,
            problem: in_words(&text, kind),
        }
    }

    /// Credentials, or something else of the environment, are not set: the store was not asked.
    pub(crate) fn unset(place: &str, error: &object_store::Error) -> Self {
        Self {
            place: place.to_owned(),
            kind: Kind::Denied,
            problem: format!(
                "the environment does not say how to reach the object store, nor does this machine: {}",
                said(&chain(error))
            ),
        }
    }

    pub(crate) fn io(place: &str, error: &io::Error) -> Self {
        Self {
            place: place.to_owned(),
            kind: Kind::Other,
            problem: error.to_string(),
        }
    }

    pub(crate) fn none(place: &str) -> Self {
        Self {
            place: place.to_owned(),
            kind: Kind::NotFound,
            problem: "there is no object of this name".to_owned(),
        }
    }

    /// `how` says what happened to it, as in "was changed".
    pub(crate) fn changed(place: &str, how: &str) -> Self {
        Self {
            place: place.to_owned(),
            kind: Kind::Conflict,
            problem: format!("it {how} while it was read"),
        }
    }

    /// The URL of what it is about, without what could be secret.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
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

    /// Whether the store does not have what was asked for, such as conditional writes.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.kind == Kind::Unsupported
    }

    /// Whether the store failed or was not reached, so that the same may be done later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.kind == Kind::Failing
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
            Kind::Unsupported => ErrorKind::Unsupported,
            Kind::Failing | Kind::Other => ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// Where the machines of the clouds have credentials for what runs on them. They are asked if none are set.
const METADATA: [&str; 2] = ["169.254.169.254", "metadata.google.internal"];

/// Whether a request failed on its way, or the answer was one of those that are tried again.
fn is_failing(error: &object_store::Error, text: &str) -> bool {
    let status = text.split_once("status code: ");
    let status = status.and_then(|(_, rest)| rest.get(..3)?.parse::<u16>().ok());
    let mut cause: Option<&dyn StdError> = Some(error);
    while let Some(error) = cause {
        if error.is::<object_store::client::HttpError>() {
            return true;
        }
        cause = error.source();
    }
    status.is_some_and(|status| status >= 500 || matches!(status, 408 | 429))
        || text.contains("returned error response")
}

/// What the store said, without what could hold a signature.
fn in_words(text: &str, kind: Kind) -> String {
    let what = match kind {
        Kind::NotFound => "the object store has no such object, bucket or container",
        Kind::Conflict => "it is no longer what it was before: somebody else has written it",
        Kind::Denied => "the object store refuses the credentials, or access with them",
        Kind::Unsupported => "the object store cannot do that",
        Kind::Failing => "the object store fails, or cannot be reached",
        Kind::Malformed | Kind::Other => "the object store failed",
    };
    let said = said(text);
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

/// The text of an element of an answer.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once("</")?.0.trim())
}

/// The code and the message of an answer, or the error without the queries of its URLs.
fn said(text: &str) -> String {
    let words = match (element(text, "Code"), element(text, "Message")) {
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

/// What is no URL of ours may be a signed one, or have a user in front of the host. Before Azure's host is a container.
fn without_secrets(url: &str) -> String {
    let url = without_query(url);
    let user = url.split_once("://").and_then(|(scheme, rest)| {
        let (user, rest) = rest.split_once('@')?;
        (!user.contains('/') && !scheme.starts_with("abfs")).then_some((scheme, rest))
    });
    user.map_or_else(|| url.to_owned(), |(scheme, rest)| format!("{scheme}://…@{rest}"))
}

/// A query can hold a signature.
fn without_query(word: &str) -> &str {
    match word.split_once('?') {
        Some((url, _)) if url.contains("://") || url.contains('/') => url,
        _ => word,
    }
}
