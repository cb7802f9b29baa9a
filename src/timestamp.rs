//! Points in time, in the one form that the documentation shows.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};

/// A point in time with milliseconds, written in UTC as `2024-06-24T06:42:25.394Z`.
///
/// The documentation shows no other form, so none is ever sent. Reading takes any RFC 3339 time with an offset.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let time: dfinery::Timestamp = "2024-06-24T15:42:25.3945+09:00".parse()?;
/// assert_eq!(time.to_string(), "2024-06-24T06:42:25.394Z");
/// # Ok(())
/// # }
/// ```
///
/// Source: the data types page of the [API guide](https://docs.dfinery.ai/api-guide/undefined).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The current time.
    #[must_use]
    pub fn now() -> Self {
        jiff::Timestamp::now().into()
    }

    /// The same time as a [`jiff::Timestamp`].
    #[must_use]
    pub const fn to_jiff(self) -> jiff::Timestamp {
        self.0
    }
}

impl From<jiff::Timestamp> for Timestamp {
    /// Drops what is finer than a millisecond.
    fn from(time: jiff::Timestamp) -> Self {
        let finer = i64::from(time.subsec_nanosecond()).rem_euclid(1_000_000);
        Self(time.checked_sub(SignedDuration::from_nanos(finer)).unwrap_or(time))
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Reads an RFC 3339 time, such as `2024-06-24T06:42:25Z` or `2024-06-24T15:42:25+09:00`.
    ///
    /// # Errors
    /// If the text is not such a time, or has no offset: a local time alone is not a point in time.
    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        text.parse::<jiff::Timestamp>()
            .map(Self::from)
            .map_err(|_| ParseTimestampError(()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // RFC 3339 has four digits for a year.
        if !(0..=9999).contains(&self.0.to_zoned(TimeZone::UTC).year()) {
            return Err(ser::Error::custom("a time outside the years 0 to 9999 cannot be sent"));
        }
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        jiff::Timestamp::deserialize(deserializer).map(Self::from)
    }
}

/// A text is not an RFC 3339 time with an offset. The error does not hold the text, which may be personal.
///
/// ```
/// let error = "2024-06-24".parse::<dfinery::Timestamp>().unwrap_err();
/// assert!(dfinery::Error::from(error).is_invalid());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseTimestampError(());

impl ParseTimestampError {
    pub(crate) const PROBLEM: &str = "not a time with an offset, such as 2024-06-24T15:42:25+09:00";
}

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::PROBLEM)
    }
}

impl std::error::Error for ParseTimestampError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_that_rfc_3339_cannot_write_is_refused() {
        assert!(serde_json::to_string(&Timestamp::from(jiff::Timestamp::MIN)).is_err());
        assert!(serde_json::to_string(&Timestamp::from(jiff::Timestamp::MAX)).is_ok());
    }

    #[test]
    fn finer_than_milliseconds_is_cut_off_also_before_1970() {
        for (text, written) in [
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
            ("2024-06-24T06:42:25Z", "2024-06-24T06:42:25.000Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), written);
        }
    }
}
