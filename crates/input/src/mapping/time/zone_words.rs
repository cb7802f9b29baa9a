//! Time zones that a format has as plain text, which would be read over.

use jiff::tz::TimeZone;

/// Names of zones as people write them behind a time.
const UTC: [&str; 3] = ["Z", "UTC", "GMT"];
const SEOUL: &str = "KST";
const OTHERS: [&str; 15] = [
    "JST", "CST", "EST", "EDT", "CDT", "MST", "MDT", "PST", "PDT", "BST", "CET", "CEST", "IST", "HKT", "SGT",
];

/// Whether the text of a format says the same zone as the mapping.
pub(super) fn check(format: &str, zone: Option<&TimeZone>) -> Result<(), String> {
    let text = text(format);
    let name = zone.and_then(TimeZone::iana_name).unwrap_or_default();
    for word in text.split(|c: char| !c.is_ascii_alphabetic()) {
        let is_same = if UTC.contains(&word) {
            matches!(name, "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT")
        } else if word == SEOUL {
            matches!(name, "Asia/Seoul" | "ROK")
        } else {
            !OTHERS.contains(&word)
        };
        if !is_same {
            let instead = if word == "Z" { "%z" } else { "%z or %Q" };
            return Err(format!(
                "format: {word} in {format:?} names a time zone, and the times would be read in that of the mapping: \
                 give that zone as timezone, or write {instead}, which reads an offset or the name of a zone"
            ));
        }
    }
    if has_offset(&text) {
        return Err(format!(
            "format: the offset in {format:?} would not be read: write %z in its place"
        ));
    }
    Ok(())
}

/// The format without its directives.
fn text(format: &str) -> String {
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let _ = chars.find(|c| c.is_ascii_alphabetic() || *c == '%');
        out.push('%');
    }
    out
}

/// Whether a text has an offset such as `+09:00` or `-0500`.
fn has_offset(text: &str) -> bool {
    text.match_indices(['+', '-']).any(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or_default();
        let digits: String = rest.chars().filter(|c| *c != ':').take(4).collect();
        digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}
