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
    "greater than",
    "larger than",
    "above",
    "fewer than",
    "less than",
    "under",
    "below",
    "between 1 and",
    "1 to",
    "1~",
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

/// Words of a bound that does not belong to what is allowed: before the number, after it.
const BELOW: (&[&str], &[&str]) = (&["fewer than", "less than", "under", "below"], &["미만"]);

/// Words of the least that there must be: before the number, after it.
const LEAST: (&[&str], &[&str]) = (
    &[
        "at least",
        "minimum",
        "minimum of",
        "no fewer than",
        "no less than",
        "최소",
        "적어도",
    ],
    &["이상", "or more"],
);

/// Words of a call that fails.
const FAILURE: &[&str] = &[
    "too_many", "too many", "fail", "error", "exceed", "reject", "초과", "실패", "오류", "에러", "거부",
];

/// Words shortly after a number that make it a limit.
const AFTER: &[&str] = &[
    "이내", "이하", "미만", "초과", "까지", "넘", "or less", "or fewer", "max",
];

/// The limits in a text. In the description of an `end` date, days are those since the start date.
#[must_use]
pub fn limits(text: &str, end: bool) -> Vec<Limit> {
    // A number after a hyphen may be part of a date; that of a range is none.
    let lower = text.to_lowercase().replace(" 1-", " 1~").replace("(1-", "(1~");
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
    let after = |words: &[&str]| words.iter().any(|word| soon.contains(word));
    let least = (ends_with(before, LEAST.0) || after(LEAST.1)) && !after(AFTER);
    // The least that makes a call fail is one more than the limit.
    if least && (number.value < 2 || !FAILURE.iter().any(|word| text.contains(word))) {
        return None;
    }
    let certain = ends_with(before, BEFORE) || after(AFTER) || least;
    let example = ["예시", "예제", "example", "sample"]
        .iter()
        .any(|word| text.contains(word));
    if !certain && (example || number.value < 2) {
        return None;
    }
    let counted = clause.trim_start().starts_with(['개', '건', '명']);
    let per = clause.trim_start().starts_with("per ");
    let what = match unit(clause) {
        // «2026년 1월 2일» is a date.
        Some("days") if before.trim_end().ends_with('월') => return None,
        // The noun may come before the number: «이벤트는 최대 100개까지», `when the number of events exceeds 100`.
        None if (counted || certain) && !per => noun_before(before),
        Some("days") if !certain && !is_age(text) => return None,
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
    let below = least || ends_with(before, BELOW.0) || after(BELOW.1);
    Some(Limit {
        what,
        value: number.value.saturating_sub(u64::from(below)),
        certain,
        phrase: format!("{} {digits}{soon}", words.join(" ")).trim().to_owned(),
    })
}

fn ends_with(before: &str, words: &[&str]) -> bool {
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || ":은는`*".contains(c));
    let before = before.strip_suffix(" the").unwrap_or(before);
    words.iter().any(|word| {
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
    !is_age(text) && (end || has(&["기간", "범위", "구간", "range", "span", "between"]))
}

/// Whether a text is about days back from today.
fn is_age(text: &str) -> bool {
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
    age.iter().any(|word| text.contains(word))
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
        // «100개 이하의 이벤트», «100개까지 이벤트».
        let noun = noun.trim_start();
        let bound = AFTER.iter().chain(LEAST.1).find_map(|word| noun.strip_prefix(word));
        let noun = bound.unwrap_or(noun);
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
        for text in [
            "100개 이하의 이벤트",
            "이벤트를 100개까지",
            "101개 미만의 이벤트",
            "이벤트가 101개 이상이면 실패",
            "이벤트 정보 (1~100개)",
            "no more than 100 events",
            "fewer than 101 events",
            "fails if the number of events is greater than 100",
            "fails if the number of events is 101 or more",
            "the events (1-100)",
        ] {
            assert_eq!(read(text), [("events", 100)], "{text}");
        }
        for text in [
            "이벤트는 1개 이상 보내야 합니다.",
            "최소 2개의 이벤트가 필요합니다.",
            "아래는 2개의 이벤트를 보내는 예시입니다.",
            "데이터는 1일 뒤에 반영됩니다.",
            "At least 1 event is needed, or it is an error.",
            "This sample sends 2 events.",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
        assert_eq!(read("최소 30일 이내의 날짜"), [("days", 30)]);
        assert_eq!(read("up to 10k events"), [("events", 10_000)]);
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
