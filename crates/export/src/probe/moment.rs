//! The times in cells, whose spelling is undocumented.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

/// A time in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// When it is; as if in UTC if it names no zone.
    pub(super) at: Timestamp,
    /// Whether it names its zone.
    pub(super) zoned: bool,
}

impl Moment {
    /// Reads RFC 3339 and what is close to it, and seconds or milliseconds since 1970. Days without a time of day are no
    /// times.
    pub(super) fn read(cell: &str) -> Option<Self> {
        const DAY: usize = "2024-12-05".len();
        let zoned = |at| Self { at, zoned: true };
        if cell.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = cell.parse().ok()?;
            let at = match cell.len() {
                10 => Timestamp::from_second(number),
                13 => Timestamp::from_millisecond(number),
                _ => return None,
            };
            return at.ok().map(zoned);
        }
        if cell.len() <= DAY || cell.contains('[') {
            return None;
        }
        if let Ok(at) = cell.parse::<Timestamp>() {
            return Some(zoned(at));
        }
        let (time, names_utc) = match cell.strip_suffix(" UTC") {
            Some(time) => (time, true),
            None => (cell, false),
        };
        let at = Offset::UTC.to_timestamp(time.parse::<DateTime>().ok()?).ok()?;
        Some(Self { at, zoned: names_utc })
    }

    /// Whether it is finer than a second.
    pub(super) fn has_fraction(&self) -> bool {
        self.at.subsec_nanosecond() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_many_spellings_and_days_are_none() {
        let at: Timestamp = "2024-12-05T01:02:03Z".parse().unwrap();
        for (cell, zoned) in [
            ("2024-12-05T01:02:03.000Z", true),
            ("2024-12-05T10:02:03+09:00", true),
            ("2024-12-05 01:02:03 UTC", true),
            ("2024-12-05 01:02:03Z", true),
            ("1733360523", true),
            ("1733360523000", true),
            ("2024-12-05T01:02:03.000", false),
            ("2024-12-05 01:02:03", false),
        ] {
            assert_eq!(Moment::read(cell), Some(Moment { at, zoned }), "{cell}");
        }
        for cell in [
            "",
            "2024-12-05",
            "20241205",
            "yesterday",
            "2024-12-05T01:02:03[Asia/Seoul]",
        ] {
            assert_eq!(Moment::read(cell), None, "{cell}");
        }
    }
}
