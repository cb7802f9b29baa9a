//! What is known of the service's days.

use std::time::Duration;

use dfinery::Timestamp;
use dfinery_records::no_such_zone;
use jiff::tz::TimeZone;

use crate::{calendar::Calendar, clock::Clock, error::ExportError, probe::Calibration};

/// What is known of the service's days: when one has ended and may be exported, and how it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Days {
    zone: Option<TimeZone>,
    settle: Option<Duration>,
    to_date_inclusive: Option<bool>,
    pub(crate) clock: Clock,
}

impl Days {
    const SETTLE: Duration = Duration::from_secs(24 * 60 * 60);

    /// The time zone in which the service's days begin, such as `Asia/Seoul`, and of times that name none. Undocumented; if
    /// unset, a day has ended once it has everywhere on earth.
    ///
    /// # Errors
    /// If there is no time zone of that name.
    pub fn time_zone(mut self, name: &str) -> Result<Self, ExportError> {
        let zone = TimeZone::get(name);
        self.zone = Some(zone.map_err(|_| ExportError::unfit(format!("time zone {name}: {}", no_such_zone(name))))?);
        Ok(self)
    }

    /// How long after its end a day is closed: until then rows may come late. 24 hours unless set or calibrated.
    #[must_use]
    pub fn settle(mut self, settle: Duration) -> Self {
        self.settle = Some(settle);
        self
    }

    /// What tells the time; the system's clock unless set.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(move || now().to_jiff());
        self
    }

    /// Whether the last day of a query is part of its answer. Undocumented; if unset, answers show it.
    #[must_use]
    pub fn to_date_inclusive(mut self, inclusive: bool) -> Self {
        self.to_date_inclusive = Some(inclusive);
        self
    }

    /// What a probe has decided: the time zone of days, whether the last day of a query is part of its answer, and how long
    /// rows come late. What is set here, before or after, comes first.
    #[must_use]
    pub fn calibration(mut self, calibration: &Calibration) -> Self {
        self.zone = self.zone.or_else(|| calibration.time_zone());
        self.to_date_inclusive = self.to_date_inclusive.or(calibration.to_date_inclusive);
        self.settle = self.settle.or_else(|| calibration.settle());
        self
    }

    pub(crate) fn calendar(&self) -> Calendar {
        let settle = self.settle.unwrap_or(Self::SETTLE);
        Calendar::new(self.clock.now(), self.zone.clone(), settle)
    }

    pub(crate) const fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }

    pub(crate) const fn includes_to_date(&self) -> Option<bool> {
        self.to_date_inclusive
    }
}
