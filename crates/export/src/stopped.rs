//! Why an export ended early.

use std::fmt;

use dfinery::{Error, Timestamp};

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
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QuotaSpent(until) => write!(f, "the quota of the Export API is spent until {until}"),
            Self::Refused(error) | Self::Unreachable(error) | Self::Failing(error) => error.fmt(f),
        }
    }
}
