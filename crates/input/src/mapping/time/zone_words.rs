//! Time zones that a format has as plain text, which would be read over.

use jiff::tz::{Offset, TimeZone};

/// Names of zones as people write them behind a time.
const UTC: [&str; 4] = ["Z", "UTC", "GMT", "ZULU"];
const SEOUL: &str = "KST";
const IN_ZONE: [&str; 2] = ["Asia/Seoul", "ROK"];
const IN_UTC: [&str; 4] = ["UTC", "Etc/UTC", "GMT", "Etc/GMT"];

/// In the place of a directive of a format: one that ends in a time, and any other.
const TIME: char = '\u{1}';
const OTHER: char = '\u{2}';

/// Whether the text of a format says the same zone as the mapping.
pub(super) fn check(format: &str, zone: Option<&TimeZone>) -> Result<(), String> {
    let text = text(format);
    let name = zone.and_then(TimeZone::iana_name).unwrap_or_default();
    let (mut rest, offset) = without_offset(&text);
    let expected = if IN_ZONE.contains(&name) {
        Some(Offset::constant(9))
    } else {
        IN_UTC.contains(&name).then_some(Offset::UTC)
    };
    let mut is_same = offset.is_none() || offset == expected;
    let mut said = "the offset";
    if is_same {
        // Letters that are not behind a time are no zone, such as the T before one.
        while let Some((_, after)) = rest.split_once(TIME) {
            rest = after;
            let word = after.trim_start_matches([' ', '(', '[']);
            let end = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
            let word = word.get(..end).unwrap_or_default();
            let upper = word.to_ascii_uppercase();
            is_same &= if UTC.contains(&&*upper) {
                offset.is_some() || IN_UTC.contains(&name)
            } else if upper == SEOUL {
                IN_ZONE.contains(&name)
            } else {
                !is_abbreviation(word)
            };
            if !is_same {
                said = word;
                break;
            }
        }
    }
    if is_same {
        return Ok(());
    }
    Err(format!(
        "format: {said} in {format:?} names a time zone, and the times would be read in that of the mapping: write %z or %:z \
         for an offset, %Q for a name such as Asia/Seoul, or give that zone as timezone"
    ))
}

/// Whether a word is like the short name of a zone: EST, AEST, CEST.
fn is_abbreviation(word: &str) -> bool {
    (3..=5).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase()) && word.ends_with('T')
}

/// The format with one character for each directive.
fn text(format: &str) -> String {
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let directive = chars.find(|c| c.is_ascii_alphabetic() || *c == '%');
        let ends_in_time = matches!(
            directive,
            Some('H' | 'I' | 'M' | 'S' | 'T' | 'R' | 'X' | 'r' | 'p' | 'P' | 'f' | 'N' | 'L' | 'k' | 'l')
        );
        out.push(if ends_in_time { TIME } else { OTHER });
    }
    out
}

/// The text before an offset such as `+09:00`, `-0500` or `GMT+9` behind a time, and that offset.
fn without_offset(text: &str) -> (&str, Option<Offset>) {
    for (at, sign) in text.match_indices(['+', '-']) {
        let before = text.get(..at).unwrap_or_default();
        let upper = before.to_ascii_uppercase();
        let is_named = |name: &&&str| upper.ends_with(**name);
        let name = UTC.iter().find(|name| is_named(name)).map_or(0, |name| name.len());
        let place = before.get(..at - name).unwrap_or_default();
        if !place.trim_end_matches([' ', '(', '[']).ends_with(TIME) {
            continue;
        }
        let after = text.get(at + 1..).unwrap_or_default();
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        let minutes = after
            .get(digits.len()..)
            .and_then(|rest| rest.strip_prefix(':'))
            .unwrap_or_default();
        let (hours, minutes) = match digits.len() {
            1 | 2 => (digits.as_str(), minutes.get(..2).unwrap_or("0")),
            4 => digits.split_at(2),
            _ => continue,
        };
        let (Ok(hours), Ok(minutes)) = (hours.parse::<i32>(), minutes.parse::<i32>()) else {
            continue;
        };
        let seconds = (hours * 60 + minutes) * 60 * if sign == "-" { -1 } else { 1 };
        // An offset that does not exist is that of no zone.
        return (before, Some(Offset::from_seconds(seconds).unwrap_or(Offset::MAX)));
    }
    (text, None)
}
