//! How to load, independent of what is loaded.

use std::{sync::Arc, time::Duration};

use dfinery_records::{Taxonomy, WarningPolicy};

use crate::{most_bad::MostBad, pack::PackLimits};

/// The longest wait: a longer one could not be added to a clock.
pub(crate) const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[derive(Clone)]
pub(crate) struct LoadSettings {
    pub(crate) taxonomy: Option<Arc<Taxonomy>>,
    pub(crate) warnings: WarningPolicy,
    pub(crate) most_calls: usize,
    pub(crate) patience: Duration,
    pub(crate) bisect: bool,
    pub(crate) most_bad: Option<MostBad>,
    pub(crate) keep_going: bool,
    pub(crate) pack: PackLimits,
    pub(crate) linger: Duration,
}

impl Default for LoadSettings {
    fn default() -> Self {
        Self {
            taxonomy: None,
            warnings: WarningPolicy::default(),
            most_calls: 512,
            patience: Duration::from_secs(10 * 60),
            bisect: true,
            most_bad: None,
            keep_going: false,
            pack: PackLimits {
                batch_bytes: 1024 * 1024,
                open_bytes: 12 * 1024 * 1024,
            },
            linger: Duration::from_secs(1),
        }
    }
}
