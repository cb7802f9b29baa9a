//! Values in descriptions: allowed words, the form of a date or of an identifier, the time zone.

use super::{numbers::unix_unit, words::plain};
use crate::language::is_hangul;

/// Texts such as `${your-id}` or `xxxxxxxx-xxxx-Mxxx-Nxxx-xxxxxxxxxxxx`, which have no real form.
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    let pattern = text.contains('x') && text.chars().all(|c| "xMN-".contains(c));
    text.contains("${") || text.starts_with("your-") || pattern
}

/// Which words a description gives as values, if it gives any of the `allowed` ones. Others count if they are marked or
/// listed like them; `fields` are names that a description may mention.
#[must_use]
pub fn listed(text: &str, literals: &[String], allowed: &[String], fields: &[&str]) -> Option<Vec<String>> {
    let word = |text: &str| {
        let word = text.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let lower = !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        (lower && word.starts_with(|c: char| c.is_ascii_lowercase())).then(|| word.to_owned())
    };
    let marked: Vec<_> = literals.iter().filter_map(|literal| word(literal)).collect();
    // Explained in turn, such as `all: everything include: the list`.
    let explained: Vec<_> = text
        .match_indices([':', '='])
        .filter_map(|(at, _)| word(&text.get(..at)?.split_whitespace().next_back()?.to_lowercase()))
        .collect();
    let several = explained.iter().filter(|word| allowed.contains(word)).count() > 1;
    let mut found: Vec<_> = if marked.iter().any(|word| allowed.contains(word)) {
        marked
    } else if several {
        explained
    } else {
        let korean = text.chars().any(is_hangul);
        let parts = text.split([',', '/', '|', '·', ';', ':', '=', '(', ')']);
        let alone = parts.filter_map(|part| word(part.trim()));
        let words = text
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .filter_map(word)
            .filter(|word| korean || allowed.contains(word));
        alone.chain(words).collect()
    };
    found.retain(|word| !fields.contains(&word.as_str()) && !word.starts_with("df_"));
    found.sort();
    found.dedup();
    found.iter().any(|word| allowed.contains(word)).then_some(found)
}

/// The formats of dates in a text, such as `yyyy-MM-dd`; a time of day may follow.
pub fn date_formats(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || "`\",".contains(c));
    let words = words.map(|word| word.trim_matches(|c: char| "()[]".contains(c) && !word.contains("(.")));
    let mut formats: Vec<String> = Vec::new();
    let mut after = false;
    for word in words {
        let date = word.to_ascii_lowercase().contains("yyyy") && word.is_ascii();
        let time = word.to_ascii_lowercase().starts_with("hh") && word.contains("mm");
        if date {
            formats.push(word.to_owned());
        } else if let (true, true, Some(last)) = (after, time, formats.last_mut()) {
            last.push(' ');
            last.push_str(word);
        }
        after = date;
    }
    formats
}

/// Samples of dates and datetimes, in whatever form.
pub fn date_samples(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || c == '~' || "`\"',()[]<>".contains(c) || is_hangul(c));
    let words = words.map(|word| word.trim_end_matches(['.', ':', ';']));
    words.filter(|word| {
        let digits = word.chars().take_while(char::is_ascii_digit).count();
        let rest = word.get(digits..).unwrap_or_default();
        let year = word.starts_with("19") || word.starts_with("20");
        let parts: Vec<_> = word.split(['-', '/', '.']).collect();
        let numeric = parts
            .iter()
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()));
        if let (true, [day, month, last]) = (numeric, &parts[..]) {
            // The year may come last.
            return year || (day.len() < 3 && month.len() < 3 && last.len() == 4);
        }
        let parted =
            digits == 4 && rest.starts_with(['-', '/', '.']) && rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        year && (parted || (digits == 8 && (rest.is_empty() || rest.starts_with('T'))))
    })
}

/// Samples of Unix times, in seconds or milliseconds.
pub fn unix_samples(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| word.parse().ok().and_then(unix_unit).is_some())
}

/// The time zone that a text names.
#[must_use]
pub fn zone(text: &str) -> Option<&'static str> {
    let words: Vec<_> = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || "/+:".contains(c)))
        .collect();
    let zones = [
        ("UTC", &["UTC", "GMT", "Etc/UTC"][..]),
        ("KST", &["KST", "Asia/Seoul", "UTC+9", "GMT+9", "+09:00"][..]),
        ("PST", &["PST", "PDT", "America/Los_Angeles"][..]),
        ("JST", &["JST", "Asia/Tokyo"][..]),
    ];
    let named = zones
        .iter()
        .rev()
        .find(|(_, names)| names.iter().any(|name| words.contains(name)))
        .map(|(zone, _)| *zone);
    let plain = plain(text);
    // «서비스 타임존 기준», `in the time zone of the service`.
    let owners = [
        ("service zone", &["서비스", "service"][..]),
        ("console zone", &["콘솔", "console"]),
        ("server zone", &["서버", "server"]),
        ("local time", &["로컬", "현지", "단말", "기기", "local", "device"]),
    ];
    let owned = || {
        let zones = ["타임존", "시간대", "timezone"];
        let at = zones.iter().find_map(|word| plain.find(word))?;
        let near: String = plain.get(..at)?.chars().rev().take(8).collect();
        let near: String = near.chars().rev().collect();
        let after: String = plain.get(at..)?.chars().take(24).collect();
        let is_near = |word: &&str| {
            near.ends_with(*word) || after.contains(&format!("of{word}")) || after.contains(&format!("ofthe{word}"))
        };
        owners
            .iter()
            .find(|(_, words)| words.iter().any(&is_near))
            .map(|(zone, _)| *zone)
    };
    named.or_else(|| match () {
        () if plain.contains("한국시간") || plain.contains("koreatime") || plain.contains("koreanstandardtime") => {
            Some("KST")
        }
        () if plain.contains("localtime") || plain.contains("현지시간") || plain.contains("로컬시간") => {
            Some("local time")
        }
        () => owned(),
    })
}

/// The notation of a datetime that a text names.
#[must_use]
pub fn notation(text: &str) -> Option<&'static str> {
    let plain = plain(text);
    let names = [
        ("unix", "Unix time"),
        ("epoch", "Unix time"),
        ("rfc2822", "RFC 2822"),
        ("rfc1123", "RFC 1123"),
        ("8601", "ISO 8601"),
        ("isodate", "ISO 8601"),
        ("rfc3339", "ISO 8601"),
    ];
    names
        .iter()
        .find(|(word, _)| plain.contains(word))
        .map(|(_, name)| *name)
}

/// The form of identifiers that a text names or draws, such as `uuid`.
#[must_use]
pub fn identifier_form(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_lowercase);
    let forms = [
        "uuid",
        "guid",
        "ulid",
        "ksuid",
        "nanoid",
        "cuid",
        "snowflake",
        "objectid",
        "sha256",
        "md5",
    ];
    let known = |word: &str| {
        forms
            .iter()
            .any(|form| word.strip_prefix(form).is_some_and(|rest| rest.len() < 3))
    };
    let named = words.rev().find(|word| known(word));
    let drawn = text
        .split(|c: char| c.is_whitespace() || "`\"'(),".contains(c))
        .find_map(|word| {
            let lengths: Vec<_> = word.split('-').map(str::len).collect();
            let drawn = word.to_lowercase().starts_with("xxxx");
            let pattern = drawn && word.len() > 8 && word.chars().all(|c| "xXMNyn0-_:".contains(c));
            pattern.then(|| {
                if lengths == [8, 4, 4, 4, 12] {
                    "uuid".to_owned()
                } else {
                    word.to_owned()
                }
            })
        });
    match (named, drawn) {
        (Some(named), Some(drawn)) if drawn != "uuid" => Some(format!("{named} as {drawn}")),
        (named, drawn) => named.or(drawn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_a_list_are_values() {
        let allowed = ["all", "include"].map(str::to_owned);
        let read = |text: &str, literals: &[&str]| {
            let literals: Vec<_> = literals.iter().map(|literal| (*literal).to_owned()).collect();
            listed(text, &literals, &allowed, &["events"])
                .unwrap_or_default()
                .join(" ")
        };
        assert_eq!(read("all, include", &[]), "all include");
        assert_eq!(read("all, include, except", &[]), "all except include");
        assert_eq!(read("all: 모두 include: events만 only: 하나", &[]), "all include only");
        assert_eq!(
            read("All of it unless you include some", &["include", "only", "events"]),
            "include only"
        );
        assert_eq!(read("How the names of events are used", &["events"]), "");
    }

    #[test]
    fn forms_are_read_by_name_and_by_pattern() {
        let read = |text| identifier_form(text).unwrap_or_default();
        assert_eq!(read("UUID 형식 xxxxxxxx-xxxx-Mxxx-Nxxx-xxxxxxxxxxxx"), "uuid");
        assert_eq!(read("A ULID"), "ulid");
        assert_eq!(read("a UUIDv7"), "uuidv7");
        assert_eq!(read("xxxxxxxx-xxxxxxxx-xxxxxxxx"), "xxxxxxxx-xxxxxxxx-xxxxxxxx");
        assert_eq!(read("an id"), "");
    }

    #[test]
    fn dates_are_found_in_any_form() {
        let samples: Vec<_> =
            date_samples("`2024-12-05` 2024/12/05 (20241205), 05.12.2024 1.2.3 2024-06-24T06:42:25.394+09:00 8601 2만")
                .collect();
        assert_eq!(
            samples,
            [
                "2024-12-05",
                "2024/12/05",
                "20241205",
                "05.12.2024",
                "2024-06-24T06:42:25.394+09:00"
            ]
        );
        let formats = date_formats("(yyyy-MM-dd) yyyy-MM-dd'T'HH:mm:ss(.SSS)Z");
        assert_eq!(formats, ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss(.SSS)Z"]);
        assert_eq!(
            (zone("UTC 기준"), zone("(KST)"), zone("한국 시간"), zone("soon")),
            (Some("UTC"), Some("KST"), Some("KST"), None)
        );
    }
}
