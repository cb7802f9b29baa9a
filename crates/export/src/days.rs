//! What is known of the service's days.

use std::time::Duration;

use dfinery::Timestamp;
use jiff::tz::TimeZone;

use crate::{calendar::Calendar, clock::Clock, error::ExportError, probe::Calibration};

/// When a day of the service has ended and may be exported.
#[derive(Clone, Debug)]
pub struct Days {
    zone: Option<TimeZone>,
    settle: Duration,
    pub(crate) clock: Clock,
}

impl Default for Days {
    fn default() -> Self {
        Self {
            zone: None,
            settle: Duration::from_secs(24 * 60 * 60),
            clock: Clock::default(),
        }
    }
}

impl Days {
    /// The time zone in which the service's days begin, such as `Asia/Seoul`, and of times that name none. Undocumented; if
    /// unset, a day has ended once it has everywhere on earth.
    ///
    /// # Errors
    /// If there is no time zone of that name.
    pub fn time_zone(mut self, name: &str) -> Result<Self, ExportError> {
        let zone = TimeZone::get(name);
        self.zone = Some(zone.map_err(|_| ExportError::unfit(format!("there is no time zone {name}")))?);
        Ok(self)
    }

    /// How long after its end a day is closed: until then rows may come late. 24 hours unless set.
    #[must_use]
    pub fn settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// What tells the time; the system's clock unless set.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(move || now().to_jiff());
        self
    }

    /// The time zone that a probe has decided, unless one is set.
    #[must_use]
    pub fn calibration(mut self, calibration: &Calibration) -> Self {
        if let Some(zone) = calibration.time_zone() {
            self.or_zone(zone);
        }
        self
    }

    pub(crate) fn calendar(&self) -> Calendar {
        Calendar::new(self.clock.now(), self.zone.clone(), self.settle)
    }

    /// Sets the time zone unless there is one.
    pub(crate) fn or_zone(&mut self, zone: TimeZone) {
        self.zone.get_or_insert(zone);
    }

    pub(crate) const fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }
}
