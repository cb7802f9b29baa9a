//! Days and times.
//!
//! Only what one can read in one way is accepted: a reader of dates that is lenient would take a second of 60 for 59, or
//! cut digits off.

use jiff::{
    SignedDuration, Timestamp,
    civil::{DateTime, date as day},
    tz::{AmbiguousOffset, Offset, TimeZone},
};

/// Times and days are counted from here. [`Timestamp`] ends before the last day of 9999, which means "never" to some.
const EPOCH: DateTime = day(1970, 1, 1).at(0, 0, 0, 0);

/// The microseconds since 1970 of `2026-11-20T10:00:00.5+09:00`: with a space for the `T`, as many digits after the
/// point as there are if those after the sixth are zero, and the offset as `Z`, `+09:00`, `+0900` or `+09`. Without an
/// offset it is a time of `zone`.
pub(super) fn datetime(cell: &str, zone: Option<&TimeZone>) -> Option<i64> {
    let (date, rest) = cell.as_bytes().split_at_checked(10)?;
    let (year, month, day) = year_month_day(date)?;
    let (time, rest) = rest.split_at_checked(9)?;
    let &[b'T' | b't' | b' ', h0, h1, b':', m0, m1, b':', s0, s1] = time else {
        return None;
    };
    let (hour, minute, second) = (two(h0, h1)?, two(m0, m1)?, two(s0, s1)?);
    let (micros, offset) = fraction(rest)?;
    let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let offset = match offset {
        b"" => match zone?.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Gap { .. } | AmbiguousOffset::Fold { .. } => return None,
        },
        b"Z" | b"z" => Offset::UTC,
        _ => offset_of(offset)?,
    };
    if (1..=9998).contains(&year) {
        return Some(offset.to_timestamp(civil).ok()?.as_microsecond() + micros);
    }
    let local = civil.duration_since(EPOCH).as_secs();
    let time = (local - i64::from(offset.seconds())) * 1_000_000 + micros;
    // Other years have no text in RFC 3339.
    (0..=9999).contains(&of_micros(time)?.year()).then_some(time)
}

/// The days since 1970 of `2026-11-20`.
pub(super) fn date(cell: &str) -> Option<i32> {
    let (year, month, day) = year_month_day(cell.as_bytes())?;
    let midnight = DateTime::new(year, month, day, 0, 0, 0, 0).ok()?;
    days(midnight)
}

/// The days since 1970.
pub(super) fn days(midnight: DateTime) -> Option<i32> {
    i32::try_from(midnight.duration_since(EPOCH).as_hours().div_euclid(24)).ok()
}

/// Appends a time as RFC 3339 writes it, in UTC and with six digits after the point.
pub(super) fn print(time: Timestamp, out: &mut Vec<u8>) {
    print_micros(time.as_microsecond(), out);
}

/// The same for microseconds since 1970.
pub(super) fn print_micros(micros: i64, out: &mut Vec<u8>) {
    let Some(time) = of_micros(micros) else { return };
    let year = u32::from(time.year().unsigned_abs());
    let [month, day, hour, minute, second] = [time.month(), time.day(), time.hour(), time.minute(), time.second()]
        .map(|part| u32::from(part.unsigned_abs()));
    let micros = time.subsec_nanosecond().unsigned_abs() / 1_000;
    for (value, after) in [
        (year / 100, ""),
        (year, "-"),
        (month, "-"),
        (day, "T"),
        (hour, ":"),
        (minute, ":"),
        (second, "."),
        (micros / 10_000, ""),
        (micros / 100, ""),
        (micros, "Z"),
    ] {
        out.extend_from_slice(&[digit(value / 10), digit(value)]);
        out.extend_from_slice(after.as_bytes());
    }
}

/// The last digit of a number.
fn digit(value: u32) -> u8 {
    b'0' + u8::try_from(value % 10).unwrap_or_default()
}

fn of_micros(micros: i64) -> Option<DateTime> {
    match Timestamp::from_microsecond(micros) {
        Ok(time) => Some(Offset::UTC.to_datetime(time)),
        Err(_) => EPOCH.checked_add(SignedDuration::from_micros(micros)).ok(),
    }
}

fn year_month_day(text: &[u8]) -> Option<(i16, i8, i8)> {
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = text else {
        return None;
    };
    let year = i16::from(two(y0, y1)?) * 100 + i16::from(two(y2, y3)?);
    Some((year, two(m0, m1)?, two(d0, d1)?))
}

/// The microseconds of what comes after the seconds, and the rest.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', text)) = text.split_first() else {
        return Some((0, text));
    };
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    let lost = digits.iter().skip(6).any(|digit| *digit != b'0');
    if digits.is_empty() || lost {
        return None;
    }
    let digits = digits.iter().chain(std::iter::repeat(&b'0')).take(6);
    Some((
        digits.fold(0, |micros, digit| micros * 10 + i64::from(digit - b'0')),
        rest,
    ))
}

fn offset_of(text: &[u8]) -> Option<Offset> {
    let (sign, hours, minutes) = match *text {
        [sign, h0, h1, b':', m0, m1] | [sign, h0, h1, m0, m1] => (sign, two(h0, h1)?, two(m0, m1)?),
        [sign, h0, h1] => (sign, two(h0, h1)?, 0),
        _ => return None,
    };
    let seconds = (i32::from(hours) * 60 + i32::from(minutes)) * 60;
    let seconds = match sign {
        b'+' => seconds,
        b'-' => -seconds,
        _ => return None,
    };
    (hours < 24 && minutes < 60).then(|| Offset::from_seconds(seconds).ok())?
}

fn two(tens: u8, ones: u8) -> Option<i8> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| byte - b'0');
    i8::try_from(digit(tens)? * 10 + digit(ones)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(cell: &str, zone: Option<&TimeZone>) -> Option<String> {
        let mut text = Vec::new();
        print_micros(datetime(cell, zone)?, &mut text);
        Some(String::from_utf8(text).unwrap())
    }

    #[test]
    fn times_with_an_offset_are_the_same_everywhere() {
        let at = |text: &str| Some(text.to_owned());
        for (cell, expected) in [
            ("2026-11-20T10:00:00Z", at("2026-11-20T10:00:00.000000Z")),
            ("2026-11-20 10:00:00Z", at("2026-11-20T10:00:00.000000Z")),
            ("2026-11-20t10:00:00z", at("2026-11-20T10:00:00.000000Z")),
            ("2026-11-20T10:00:00+09:00", at("2026-11-20T01:00:00.000000Z")),
            ("2026-11-20T10:00:00+0900", at("2026-11-20T01:00:00.000000Z")),
            ("2026-11-20T10:00:00+09", at("2026-11-20T01:00:00.000000Z")),
            ("2026-11-20T10:00:00-03:30", at("2026-11-20T13:30:00.000000Z")),
            ("2026-11-20T10:00:00.1Z", at("2026-11-20T10:00:00.100000Z")),
            ("2026-11-20T10:00:00.123456Z", at("2026-11-20T10:00:00.123456Z")),
            ("2026-11-20T10:00:00.123456000Z", at("2026-11-20T10:00:00.123456Z")),
            ("1969-12-31T23:59:59.999999Z", at("1969-12-31T23:59:59.999999Z")),
            ("9999-12-31T23:59:59.999999Z", at("9999-12-31T23:59:59.999999Z")),
            ("0000-01-01T00:00:00Z", at("0000-01-01T00:00:00.000000Z")),
            ("2024-02-29T00:00:00Z", at("2024-02-29T00:00:00.000000Z")),
            ("0000-01-01T00:00:00+00:01", None),
            ("9999-12-31T23:59:59-00:01", None),
            ("2026-02-29T00:00:00Z", None),
            ("2026-11-20T24:00:00Z", None),
            ("2026-11-20T23:59:60Z", None),
            ("2026-11-20T10:60:00Z", None),
            ("2026-11-20T10:00:00.1234561Z", None),
            ("2026-11-20T10:00:00.Z", None),
            ("2026-11-20T10:00:00,5Z", None),
            ("2026-11-20T10:00:00+24:00", None),
            ("2026-11-20T10:00:00+09:60", None),
            ("2026-11-20T10:00:00+9", None),
            ("2026-11-20T10:00:00 +09:00", None),
            ("2026-11-20T10:00:00+09:00[Asia/Seoul]", None),
            ("2026-11-20T10:00:00", None),
            ("2026-11-20T10:00Z", None),
            ("2026-11-20", None),
            ("20261120T100000Z", None),
            ("2026-11-20\u{3000}10:00:00Z", None),
            ("1795168800", None),
        ] {
            assert_eq!(utc(cell, None), expected, "{cell:?}");
        }
    }

    #[test]
    fn a_time_without_an_offset_needs_a_zone_that_has_it_once() {
        let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
        let at = |text: &str| Some(text.to_owned());
        for (cell, expected) in [
            ("2026-07-01 12:00:00", at("2026-07-01T16:00:00.000000Z")),
            ("2026-12-01T12:00:00.25", at("2026-12-01T17:00:00.250000Z")),
            ("2026-07-01T12:00:00Z", at("2026-07-01T12:00:00.000000Z")),
            ("2026-03-08T02:30:00", None),
            ("2026-11-01T01:30:00", None),
        ] {
            assert_eq!(utc(cell, Some(&zone)), expected, "{cell:?}");
        }
    }

    #[test]
    fn days_are_days_of_the_calendar() {
        for (cell, expected) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-1)),
            ("2026-11-20", Some(20_777)),
            ("2024-02-29", Some(19_782)),
            ("0000-01-01", Some(-719_528)),
            ("9999-12-31", Some(2_932_896)),
            ("2026-02-30", None),
            ("2026-13-01", None),
            ("2026-1-01", None),
            ("2026/01/01", None),
            ("20260101", None),
            ("2026-11-20T00:00:00Z", None),
            ("+2026-11-20", None),
            (" 2026-11-20", None),
        ] {
            assert_eq!(date(cell), expected, "{cell:?}");
        }
    }
}
