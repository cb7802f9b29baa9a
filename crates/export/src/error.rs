//! Why an export, or a command about a folder of exports, could not be done at all.

use std::{fmt, io, path::Path};

use dfinery::{Error, Timestamp};

use crate::convert::ConvertError;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why nothing could be exported, verified or shown.
///
/// A day that could not be exported is not an error: see [`Fate`](crate::Fate).
#[derive(Debug)]
pub struct ExportError {
    kind: Kind,
    problem: String,
    source: Option<Source>,
    stopped: Option<Box<Stopped>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    InUse,
    File,
    Answer,
    Damaged,
    Unfit,
    WithoutFeature(&'static str),
    Denied,
    Unavailable,
    Stopped,
}

impl ExportError {
    /// Another exporter works on the folder, as is known from this.
    pub(crate) fn in_use(folder: &Path, why: Option<String>) -> Self {
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let problem = format!("another exporter works on {}{why}", folder.display());
        Self::new(Kind::InUse, problem, None)
    }

    /// A file could not be read or written.
    pub(crate) fn file(path: &Path, what: &str, error: io::Error) -> Self {
        #[cfg(feature = "cloud")]
        let error = match error.downcast() {
            Ok(error) => return Self::store(error),
            Err(error) => error,
        };
        let problem = format!("{} cannot be {what}: {error}", path.display());
        Self::new(Kind::File, problem, Some(error.into()))
    }

    /// An object store did not do what was asked of it.
    #[cfg(feature = "cloud")]
    pub(crate) fn store(error: dfinery_store::StoreError) -> Self {
        let kind = if error.is_denied() {
            Kind::Denied
        } else if error.is_conflict() {
            Kind::InUse
        } else if error.is_transient() {
            Kind::Unavailable
        } else {
            Kind::Unfit
        };
        Self::new(kind, error.to_string(), Some(error.into()))
    }

    /// This build cannot do it.
    pub(crate) fn without_feature(feature: &'static str, problem: impl Into<String>) -> Self {
        Self::new(Kind::WithoutFeature(feature), problem.into(), None)
    }

    /// A file of the folder's own is not what an exporter writes.
    pub(crate) fn damaged(path: &Path, error: impl Into<Source>) -> Self {
        let error = error.into();
        let problem = format!("{} is damaged: {error}", path.display());
        Self::new(Kind::Damaged, problem, Some(error))
    }

    /// An answer could not be written as a file of a table.
    pub(crate) fn conversion(error: ConvertError) -> Self {
        if error.needs_parquet() {
            return Self::without_feature("parquet", error.to_string());
        }
        let kind = if error.is_about_answer() {
            Kind::Answer
        } else {
            Kind::File
        };
        let problem = error.to_string();
        Self::new(kind, problem, Some(error.into()))
    }

    /// What was asked for cannot be done.
    pub(crate) fn unfit(problem: impl Into<String>) -> Self {
        Self::new(Kind::Unfit, problem.into(), None)
    }

    /// The service did not give what was asked for.
    pub(crate) fn stopped(stopped: Stopped) -> Self {
        Self {
            stopped: Some(Box::new(stopped)),
            ..Self::new(Kind::Stopped, String::new(), None)
        }
    }

    fn new(kind: Kind, problem: String, source: Option<Source>) -> Self {
        Self {
            kind,
            problem,
            source,
            stopped: None,
        }
    }

    /// Whether another exporter works on the folder: try again once it has ended.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.kind == Kind::InUse
    }

    /// Why the service did not give what was asked for, if that is what happened.
    #[must_use]
    pub fn why_stopped(&self) -> Option<&Stopped> {
        self.stopped.as_deref()
    }

    /// Whether a file of the folder's own, such as a manifest, is not what an exporter writes: put it back from a copy.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.kind == Kind::Damaged
    }

    /// Whether what the service sent is not a table that can be written, such as one that has a column twice.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        self.kind == Kind::Answer
    }

    /// Whether a file could not be read or written.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.kind == Kind::File
    }

    /// Whether an object store refuses the credentials: none were found, or they are wrong, have expired or do not
    /// suffice.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.kind == Kind::Denied
    }

    /// Whether an object store failed or was not reached: the same may be done later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.kind == Kind::Unavailable
    }

    /// The feature of this package that this build does not have and what was asked for needs.
    #[must_use]
    pub fn needs_feature(&self) -> Option<&'static str> {
        match self.kind {
            Kind::WithoutFeature(feature) => Some(feature),
            _ => None,
        }
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stopped {
            Some(stopped) => stopped.fmt(f),
            None => f.write_str(&self.problem),
        }
    }
}

impl std::error::Error for ExportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.stopped {
            Some(stopped) => stopped.source(),
            None => self.source.as_deref().map(|source| source as _),
        }
    }
}

/// Why a run ended before everything was asked for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stopped {
    /// The quota is spent until then.
    QuotaSpent(Timestamp),
    /// The token, the service id or the request itself is wrong.
    Refused(Box<Error>),
    /// The address is wrong, or nothing answers there.
    Unreachable(Box<Error>),
    /// The service fails, whatever is asked.
    Failing(Box<Error>),
    /// Other exports of this machine did not end in time: the service allows only a few at the same time.
    Busy,
    /// A file or an object could not be read or written, or another exporter has taken over the folder.
    Disk(Box<ExportError>),
    /// [`Stopper::stop`](crate::Stopper::stop) was called.
    Requested,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QuotaSpent(until) => write!(f, "the quota of the Export API is spent until {until}"),
            Self::Refused(error) | Self::Unreachable(error) | Self::Failing(error) => error.fmt(f),
            Self::Busy => f.write_str("other exports of this machine hold all places for calls at the same time"),
            Self::Disk(error) => error.fmt(f),
            Self::Requested => f.write_str("the export was stopped"),
        }
    }
}

impl std::error::Error for Stopped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(error) | Self::Unreachable(error) | Self::Failing(error) => error.source(),
            Self::Disk(error) => error.source(),
            Self::QuotaSpent(_) | Self::Busy | Self::Requested => None,
        }
    }
}
