//! The required forms of texts in a record: times, days, ids, phone numbers, mail addresses.

use jiff::{civil::Date, tz::TimeZone};
use uuid::Uuid;

use dfinery::Timestamp;

/// A time with an offset, as text.
pub(crate) enum Time {
    /// Already in the form that is sent: `2024-06-24T06:42:25.394Z`.
    Canonical,
    /// A point in time, in another form.
    Other(Timestamp),
    /// Not a point in time.
    Not,
}

pub(crate) fn time(text: &str) -> Time {
    if is_canonical(text) {
        return Time::Canonical;
    }
    match timestamp(text) {
        Some(time) => Time::Other(time),
        None => Time::Not,
    }
}

/// The point in time, if its year can be sent.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    let year = time.to_jiff().to_zoned(TimeZone::UTC).year();
    (0..=9999).contains(&year).then_some(time)
}

/// Whether a text is a day as `yyyy-MM-dd`.
pub(crate) fn is_date(text: &str) -> bool {
    matches!(text.as_bytes(), [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]
        if is_day([*y1, *y2, *y3, *y4], [*m1, *m2], [*d1, *d2]))
}

/// The length of a UUID with its hyphens.
pub(crate) const UUID: usize = uuid::fmt::Hyphenated::LENGTH;

/// A UUID with its hyphens.
pub(crate) fn uuid(text: &str) -> Option<Uuid> {
    (text.len() == UUID).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// The length of a time in the form that is sent.
pub(crate) const CANONICAL: usize = "2024-06-24T06:42:25.394Z".len();

/// Whether a time has the form that is sent. Leaves rare forms, such as the leap second and the last year, to jiff.
pub(crate) fn is_canonical(text: &str) -> bool {
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        i1,
        i2,
        b':',
        s1,
        s2,
        b'.',
        f1,
        f2,
        f3,
        b'Z',
    ] = text.as_bytes()
    else {
        return false;
    };
    let tens = |a: &u8, b: &u8, end: i8| two_digits([*a, *b]).is_some_and(|number| number < end);
    is_day([*y1, *y2, *y3, *y4], [*m1, *m2], [*d1, *d2])
        && [*y1, *y2, *y3, *y4] != *b"9999"
        && tens(h1, h2, 24)
        && tens(i1, i2, 60)
        && tens(s1, s2, 60)
        && [f1, f2, f3].iter().all(|digit| digit.is_ascii_digit())
}

fn is_day([y1, y2, y3, y4]: [u8; 4], month: [u8; 2], day: [u8; 2]) -> bool {
    let parts = (
        two_digits([y1, y2]),
        two_digits([y3, y4]),
        two_digits(month),
        two_digits(day),
    );
    let (Some(century), Some(year), Some(month), Some(day)) = parts else {
        return false;
    };
    Date::new(i16::from(century) * 100 + i16::from(year), month, day).is_ok()
}

fn two_digits([tens, ones]: [u8; 2]) -> Option<i8> {
    let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
    digits
        .then(|| (tens - b'0') * 10 + (ones - b'0'))
        .and_then(|number| i8::try_from(number).ok())
}

/// What is wrong with a phone number.
///
/// Documented: country code and number, digits only, without the leading zero (developer guide; the API guide only has a sample).
pub(crate) fn phone_problem(number: &str) -> Option<&'static str> {
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    (!digits || number.starts_with('0')).then_some(
        "must be the country code and the number, digits only, without + and without the leading zero: write 821012345678",
    )
}

/// What is wrong with a mail address.
///
/// Not documented: the least that every mail address has.
pub(crate) fn email_problem(address: &str) -> Option<&'static str> {
    let halves = address.split_once('@');
    let whole = halves.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    (!whole || address.contains(char::is_whitespace)).then_some("must be a mail address, such as name@example.com")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_form_that_is_sent_is_canonical() {
        for text in [
            "2024-06-24T06:42:25.394Z",
            "0000-01-01T00:00:00.000Z",
            "2024-02-29T23:59:59.999Z",
        ] {
            assert!(matches!(time(text), Time::Canonical), "{text}");
        }
        for text in [
            "2024-06-24T06:42:25Z",
            "2024-06-24T15:42:25.394+09:00",
            "2016-12-31T23:59:60.000Z",
        ] {
            assert!(matches!(time(text), Time::Other(_)), "{text}");
        }
        for text in [
            "2024-06-24T06:42:25.394",
            "2023-02-29T00:00:00.000Z",
            "2024-00-10T00:00:00.000Z",
            "2024-06-24T24:00:00.000Z",
            "9999-12-31T23:59:59.999Z",
            "-000100-01-01T00:00:00Z",
            "2024-06-24",
            "",
        ] {
            assert!(matches!(time(text), Time::Not), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_canonical_is_what_the_timestamp_writes(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{3}Z") {
            let written = text.parse::<Timestamp>().ok().map(|time| time.to_string());
            prop_assert_eq!(matches!(time(&text), Time::Canonical), written.as_deref() == Some(&text) && !text.starts_with("9999"));
        }

        #[test]
        fn a_date_is_what_the_calendar_has(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]") {
            prop_assert_eq!(is_date(&text), text.parse::<jiff::civil::Date>().is_ok());
        }
    }

    #[test]
    fn phone_numbers_and_mail_addresses_have_their_form() {
        for good in ["821012345678", "82212345678", "12025550123"] {
            assert_eq!(phone_problem(good), None, "{good}");
        }
        for bad in [
            "010-1234-5678",
            "+821012345678",
            "01012345678",
            "82 10 1234 5678",
            "８２１０",
        ] {
            assert!(phone_problem(bad).is_some(), "{bad}");
        }
        for bad in [
            "kim",
            "@example.com",
            "kim@",
            "kim@a@b",
            "kim @example.com",
            "kim@exam\u{a0}ple.com",
        ] {
            assert!(email_problem(bad).is_some(), "{bad}");
        }
        assert_eq!(email_problem("kim@example.com"), None);
    }

    #[test]
    fn only_the_hyphenated_form_is_an_event_log_id() {
        assert!(uuid("01234567-89ab-4def-8123-456789abcdef").is_some());
        for bad in [
            "0123456789ab4def8123456789abcdef",
            "{01234567-89ab-4def-8123-456789abcdef}",
            "",
            "가나다라마바사아자차카타",
        ] {
            assert_eq!(uuid(bad), None, "{bad}");
        }
    }
}
