//! Looks at a load from outside.

use std::{fmt, sync::Arc};

use dfinery_load::Progress;

use crate::{client::Problems, receipt::KafkaReceipt, state::Shared, status::KafkaStatus};

/// Tells how a load is doing; it may outlive the load.
#[derive(Clone)]
pub struct KafkaMonitor {
    shared: Arc<Shared>,
    progress: Arc<Progress>,
    problems: Problems,
}

impl KafkaMonitor {
    pub(crate) fn new(shared: &Arc<Shared>, progress: &Arc<Progress>, problems: &Problems) -> Self {
        Self {
            shared: Arc::clone(shared),
            progress: Arc::clone(progress),
            problems: problems.clone(),
        }
    }

    /// What became of the messages so far.
    #[must_use]
    pub fn receipt(&self) -> KafkaReceipt {
        self.completed(self.shared.receipt())
    }

    /// How it is doing now.
    #[must_use]
    pub fn status(&self) -> KafkaStatus {
        let status = self.shared.status();
        KafkaStatus {
            receipt: self.completed(status.receipt),
            ..status
        }
    }

    fn completed(&self, receipt: KafkaReceipt) -> KafkaReceipt {
        let calls = self.progress.snapshot();
        KafkaReceipt {
            calls: calls.calls,
            attempts: calls.attempts,
            rate_limited: calls.rate_limited,
            last_problem: self.problems.last(),
            ..receipt
        }
    }
}

impl fmt::Debug for KafkaMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KafkaMonitor")
    }
}
