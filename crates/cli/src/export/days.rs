//! Days as people write them.

use std::str::FromStr;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

use crate::{
    arguments::time_zone,
    settings::{Settings, table::TIME_ZONE},
};

/// A date, `today`, `yesterday`, or a number of days ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    Date(Date),
    Ago(i32),
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "today" => return Ok(Self::Ago(0)),
            "yesterday" => return Ok(Self::Ago(1)),
            _ => {}
        }
        let ago = text.strip_prefix('-').and_then(|text| text.strip_suffix('d'));
        if let Some(days) = ago.and_then(|days| days.parse::<u16>().ok()) {
            return Ok(Self::Ago(days.into()));
        }
        text.parse()
            .map(Self::Date)
            .map_err(|_| "must be a date such as 2026-11-20, `today`, `yesterday`, or days ago such as -7d".to_owned())
    }
}

impl Day {
    /// The date, in the time zone of the settings or else in that of the system.
    pub fn date(self, settings: &Settings) -> anyhow::Result<Date> {
        let days = match self {
            Self::Date(date) => return Ok(date),
            Self::Ago(days) => days,
        };
        let zone = match settings.text(&TIME_ZONE) {
            Some(name) => time_zone(name)?,
            None => TimeZone::system(),
        };
        Ok(Timestamp::now().to_zoned(zone).date().saturating_sub(days.days()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates_or_words() {
        assert_eq!("yesterday".parse(), Ok(Day::Ago(1)));
        assert_eq!("-7d".parse(), Ok(Day::Ago(7)));
        assert_eq!("2026-11-20".parse(), Ok(Day::Date("2026-11-20".parse().unwrap())));
        for wrong in ["tomorrow", "7d", "-d", "2026-13-01", "-99999d", ""] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
    }
}
