//! The limits that a text states: how many of something there may be, and how far back a date may lie.

use super::numbers::{Number, numbers};

/// A limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// `events`, `items`, `profiles`, `days` of age, days of a `range`, or nothing if it is something else.
    pub what: &'static str,
    pub value: u64,
    /// Whether a word such as `at most` says that it is a limit.
    pub certain: bool,
    /// The number with the words around it.
    pub phrase: String,
}

/// Words right before a number that make it a limit.
const BEFORE: &[&str] = &[
    "최대",
    "최근",
    "상한",
    "제한",
    "한도",
    "한도는",
    "max",
    "max.",
    "maximum",
    "maximum of",
    "up to",
    "at most",
    "no more than",
    "more than",
    "exceed",
    "exceeds",
    "exceeded",
    "exceeding",
    "over",
    "limited to",
    "limit of",
    "limit is",
    "limit",
    "within",
    "last",
    "past",
    "≤",
    "<=",
];

/// Words shortly after a number that make it a limit.
const AFTER: &[&str] = &["이내", "이하", "초과", "까지", "넘", "or less", "or fewer", "max"];

/// The limits in a text. In the description of an `end` date, days are those since the start date.
#[must_use]
pub fn limits(text: &str, end: bool) -> Vec<Limit> {
    let lower = text.to_lowercase();
    let numbers = numbers(&lower);
    let limits = numbers.iter().enumerate().filter_map(|(index, number)| {
        let until = numbers.get(index + 1).map_or(lower.len(), |next| next.start);
        limit(&lower, number, until, end)
    });
    limits.collect()
}

fn limit(text: &str, number: &Number, until: usize, end: bool) -> Option<Limit> {
    let after = text.get(number.end..until).unwrap_or_default();
    let clause = after.split(['.', ',', ';', '。', '(', ')']).next().unwrap_or_default();
    let before = text.get(..number.start).unwrap_or_default();
    let soon: String = clause.chars().take(16).collect();
    let certain = is_bound(before) || AFTER.iter().any(|word| soon.contains(word));
    let counted = clause.trim_start().starts_with(['개', '건', '명']);
    let per = clause.trim_start().starts_with("per ");
    let what = match unit(clause) {
        // «2026년 1월 2일» is a date.
        Some("days") if before.trim_end().ends_with('월') => return None,
        // The noun may come before the number: «이벤트는 최대 100개까지», `when the number of events exceeds 100`.
        None if (counted || certain) && !per => noun_before(before),
        found => found,
    };
    let what = match what {
        Some("days") if is_range(text, end) => "range",
        Some(what) => what,
        None if certain => "",
        None => return None,
    };
    let words = before.split_whitespace().rev().take(2).collect::<Vec<_>>();
    let words: Vec<_> = words.into_iter().rev().collect();
    let digits = text.get(number.start..number.end).unwrap_or_default();
    Some(Limit {
        what,
        value: number.value,
        certain,
        phrase: format!("{} {digits}{soon}", words.join(" ")).trim().to_owned(),
    })
}

fn is_bound(before: &str) -> bool {
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || ":은는`*".contains(c));
    let before = before.strip_suffix(" the").unwrap_or(before);
    BEFORE.iter().any(|word| {
        let rest = before.strip_suffix(word);
        let whole = |rest: &str| !word.is_ascii() || !rest.ends_with(|c: char| c.is_ascii_alphanumeric());
        rest.is_some_and(whole)
    })
}

/// Whether days are counted between two dates, not back from today.
fn is_range(text: &str, end: bool) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    // An end date is counted from the start date, which other dates are limited by.
    if end && has(&["시작일", "start date"]) {
        return true;
    }
    let age = [
        "현재",
        "오늘",
        "최근",
        "이전",
        "과거",
        "시작일",
        "today",
        "current",
        "last",
        "past",
        "ago",
        "start date",
    ];
    !has(&age) && (end || has(&["기간", "범위", "구간", "range", "span", "between"]))
}

/// What is counted, by the words after the number.
fn unit(clause: &str) -> Option<&'static str> {
    if let Some(rest) = clause.trim_start().strip_prefix('일') {
        // Not «일당», «일자», «일시», «일반».
        return (!rest.starts_with(['당', '자', '시', '반'])).then_some("days");
    }
    let counted = clause.trim_start();
    if counted.starts_with(['개', '건', '명']) && !counted.starts_with("개월") {
        let noun = counted.trim_start_matches(['개', '건', '명']);
        let noun = noun.strip_prefix("의").unwrap_or(noun).trim_start();
        return noun_at(noun);
    }
    let mut words = clause
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(3);
    match words.next()? {
        "day" | "days" => Some("days"),
        "item" | "items" => Some("items"),
        "profile" | "profiles" => Some("profiles"),
        "user" | "unified" => words.next()?.starts_with("profile").then_some("profiles"),
        "event" | "events" => match words.next() {
            Some("item" | "items") => Some("items"),
            _ => Some("events"),
        },
        _ => None,
    }
}

fn noun_at(text: &str) -> Option<&'static str> {
    if let Some(rest) = text.strip_prefix("이벤트") {
        return Some(if rest.trim_start().starts_with("아이템") {
            "items"
        } else {
            "events"
        });
    }
    if text.starts_with("유저 프로필") || text.starts_with("프로필") {
        return Some("profiles");
    }
    text.starts_with("아이템").then_some("items")
}

/// The last noun of the sentence so far.
fn noun_before(text: &str) -> Option<&'static str> {
    let sentence = text.rsplit(['.', '。']).next().unwrap_or_default();
    let nouns = [
        ("이벤트", "events"),
        ("event", "events"),
        ("아이템", "items"),
        ("item", "items"),
        ("프로필", "profiles"),
        ("profile", "profiles"),
    ];
    let found = nouns
        .iter()
        .filter_map(|(word, what)| Some((sentence.rfind(word)?, *what)));
    found.max_by_key(|(at, _)| *at).map(|(_, what)| what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(&'static str, u64)> {
        let limits = limits(text, false);
        limits.iter().map(|limit| (limit.what, limit.value)).collect()
    }

    #[test]
    fn limits_are_read_in_both_languages() {
        assert_eq!(read("한 번에 최대 100개의 이벤트를 보냅니다."), [("events", 100)]);
        assert_eq!(
            read("요청마다 최대 100개의 이벤트 아이템까지 됩니다."),
            [("items", 100)]
        );
        assert_eq!(
            read("이벤트는 최대 100개까지, 이벤트 아이템은 100개까지"),
            [("events", 100), ("items", 100)]
        );
        assert_eq!(
            read("Up to 100 events, and 100 event items."),
            [("events", 100), ("items", 100)]
        );
        assert_eq!(read("Once the number of events exceeds 100"), [("events", 100)]);
        assert_eq!(read("이벤트 수가 많음 (최대 1천개)"), [("events", 1000)]);
        assert_eq!(read("Labels, max 20 per item"), [("", 20)]);
        assert_eq!(read("no older than that: within the last 7 days"), [("days", 7)]);
    }

    #[test]
    fn days_are_an_age_or_a_range() {
        assert_eq!(read("오늘부터 30일 이전까지"), [("days", 30)]);
        assert_eq!(read("조회 기간은 최대 7일"), [("range", 7)]);
        assert_eq!(limits("최대 7일", true)[0].what, "range");
        assert_eq!(limits("up to 7 days from the start date", true)[0].what, "range");
        assert_eq!(limits("오늘부터 최대 7일", true)[0].what, "days");
    }

    #[test]
    fn other_numbers_are_no_limits() {
        for text in [
            "ISODate 8601 Format; 2024-06-24T06:42:25.394Z",
            "2026년 1월 2일",
            "HTTP 200 이더라도",
            "40402 오류",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }
}
