//! Why an export ended early.

use std::{fmt, sync::Arc};

use dfinery::{Error, Timestamp};
use tokio::sync::watch;

use crate::error::ExportError;

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
    /// A file could not be read or written.
    Disk(Box<ExportError>),
    /// [`Stopper::stop`] was called.
    Requested,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QuotaSpent(until) => write!(f, "the quota of the Export API is spent until {until}"),
            Self::Refused(error) | Self::Unreachable(error) | Self::Failing(error) => error.fmt(f),
            Self::Busy => f.write_str("other exports of this machine hold all places for calls at the same time"),
            Self::Disk(error) => error.fmt(f),
            Self::Requested => f.write_str("it was stopped"),
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

/// Ends what an exporter does in order.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Makes no more calls, and gives up those under way. What has arrived as a whole is still written, and there is a
    /// receipt as for every other end. It cannot be undone.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Returns once it was stopped.
    pub(crate) async fn stopped(&self) {
        // This holds the sender, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}
