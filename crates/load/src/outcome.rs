//! The outcome for records, and why a load ended before its input did.

use std::{fmt, io, path::PathBuf, sync::Arc};

use serde::{Serialize, Serializer};

use crate::{most_bad::MostBad, record::Fate, remedy::without_remedy, state_error::StateError};
use dfinery::{Error, Family, ImportCode, Timestamp};
use dfinery_input::InputError;
use dfinery_records::thousands;

/// The outcome for the records of one call.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) fate: Fate,
    pub(crate) error: Option<Arc<Error>>,
    /// Whether the records may have been taken more than once.
    pub(crate) twice: bool,
    /// Whether they may still be sent when the load is resumed.
    pub(crate) open: bool,
    pub(crate) last_attempt: Option<Timestamp>,
}

impl Outcome {
    /// What happened, without the remedy of a code.
    pub(crate) fn message(&self) -> Option<String> {
        self.error.as_deref().map(without_remedy)
    }

    pub(crate) fn code(&self) -> Option<String> {
        self.error.as_deref().and_then(code_of)
    }
}

/// What the server said, in brief: its code, or the HTTP status of an answer without one.
pub(crate) fn code_of(error: &Error) -> Option<String> {
    match (error.import_code(), error.status()) {
        (Some(ImportCode::Unknown(code)), _) => Some(code.to_string()),
        (Some(code), _) => Some(code.as_str().to_owned()),
        (None, Some(status)) => Some(format!("HTTP {status}")),
        (None, None) => None,
    }
}

/// Why a load ended before all of its input was settled.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stop {
    /// It was asked to end.
    Interrupted,
    /// Every call is refused, because the token or the service id is wrong.
    Refused(Arc<Error>),
    /// Calls have succeeded in this run, but something on the way, such as a firewall, answers what is left with HTTP 401
    /// or 403. Holds the last failure.
    Blocked(Arc<Error>),
    /// No call reaches the API: the address is wrong, a proxy or a login page answers for it, or nothing listens there.
    Unreachable(Arc<Error>),
    /// The quota of the family stayed spent for longer than the load waits.
    QuotaSpent(Family),
    /// No call has succeeded for as long as the load waits. Holds the last failure.
    NoSuccess(Arc<Error>),
    /// The service refused this many records before it had accepted one. Holds the last refusal.
    AllRefused(u64, Arc<Error>),
    /// This many records were invalid before there was a good one.
    AllInvalid(u64),
    /// More records were rejected or invalid than allowed. Holds their number, and how many are allowed.
    TooManyBad(u64, MostBad),
    /// An input cannot be read on, or changed while it was read.
    Input(InputError),
    /// The journal, the dead letter or another file of the load cannot be written.
    Disk(String),
    /// The journal or a file beside it was deleted while the load ran. What it held is lost, so a later run does not know
    /// what this one has sent.
    Deleted(PathBuf),
    /// Something that should be impossible; please report it.
    Bug(&'static str),
}

impl Stop {
    pub(crate) fn disk(what: &str, error: &io::Error) -> Self {
        match error.get_ref().and_then(|error| error.downcast_ref()) {
            Some(StateError::Deleted(path)) => Self::Deleted(path.clone()),
            _ => Self::Disk(format!("{what}: {error}")),
        }
    }

    /// Whether the cause may be over when the same load is started again later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Interrupted | Self::Blocked(_) | Self::QuotaSpent(_) | Self::NoSuccess(_) | Self::Disk(_) => true,
            Self::Input(error) => error.is_temporary(),
            // What should listen there may only have to be started.
            Self::Unreachable(error) => !error.is_misdirected(),
            _ => false,
        }
    }

    /// The error of the server or the network, if that is the reason.
    pub(crate) fn error(&self) -> Option<&Arc<Error>> {
        match self {
            Self::Refused(error) | Self::Blocked(error) | Self::Unreachable(error) | Self::NoSuccess(error) => {
                Some(error)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted => f.write_str("it was asked to stop"),
            Self::Refused(error) => write!(f, "every further call would fail the same way: {error}"),
            Self::Blocked(error) => write!(
                f,
                "other calls succeeded, but something on the way, such as a firewall, refused the last ones: {error}"
            ),
            Self::Unreachable(error) => write!(f, "no call reaches the API: {error}"),
            Self::QuotaSpent(family) => write!(
                f,
                "the quota of {family:?} stayed spent for too long; another program may be spending it: try again later"
            ),
            Self::NoSuccess(error) => write!(f, "nothing has succeeded for too long, last: {error}"),
            Self::AllRefused(records, error) => write!(
                f,
                "the first {} records were all refused, the last one so: {}",
                thousands(*records),
                without_remedy(error)
            ),
            Self::AllInvalid(records) => write!(
                f,
                "the first {} records are all invalid: what is wrong is probably wrong with all of them",
                thousands(*records)
            ),
            Self::TooManyBad(bad, most) => write!(
                f,
                "{} records were rejected or invalid, more than the {most} that may be",
                thousands(*bad)
            ),
            Self::Input(error) => error.fmt(f),
            Self::Disk(problem) => write!(f, "a file of the load cannot be written: {problem}"),
            Self::Deleted(path) => write!(
                f,
                "{} was deleted while the load ran: a load of the same input no longer knows what this one has sent",
                path.display()
            ),
            Self::Bug(what) => write!(f, "this should be impossible, please report it: {what}"),
        }
    }
}

impl Serialize for Stop {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
