//! The numbers of the documentation, Korean and English: rates, and the letters of periods.

/// A number in a text: its value, where it begins, and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    pub value: u64,
    pub start: usize,
    pub end: usize,
}

/// The whole numbers of a text. Commas may separate groups of digits, and Korean units such as `만` may follow; no letter
/// or `.` may come right before it.
#[must_use]
pub fn numbers(text: &str) -> Vec<Number> {
    let bytes = text.as_bytes();
    let mut numbers = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        let value = numeral(text, &mut at);
        let touched = start
            .checked_sub(1)
            .and_then(|before| bytes.get(before))
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte));
        if let (Some(value), false) = (value, touched) {
            numbers.push(Number { value, start, end: at });
        }
    }
    numbers
}

/// Reads digits and units such as `1억 2천만` or `2 million`, and moves to their end; `None` if it is too large.
fn numeral(text: &str, at: &mut usize) -> Option<u64> {
    let (mut total, mut section) = (Some(0_u64), digits(text, at));
    loop {
        let rest = text.get(*at..).unwrap_or_default();
        let small = [("백", 100), ("천", 1_000)];
        let large = [
            ("만", 10_000),
            ("억", 100_000_000),
            (" thousand", 1_000),
            (" million", 1_000_000),
        ];
        let starts = |(unit, _): &&(&str, u64)| rest.to_lowercase().starts_with(unit);
        // `10k events`, but not `10kB`.
        let thousands = rest.strip_prefix(['k', 'K']);
        if thousands.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric())) {
            *at += 1;
            return section.and_then(|section| section.checked_mul(1_000));
        }
        if let Some((unit, factor)) = small.iter().find(starts) {
            section = section.and_then(|section| section.checked_mul(*factor));
            *at += unit.len();
        } else if let Some((unit, factor)) = large.iter().find(starts) {
            let part = section.and_then(|section| section.checked_mul(*factor));
            total = total.zip(part).and_then(|(total, part)| total.checked_add(part));
            section = Some(0);
            *at += unit.len();
        } else {
            break;
        }
        let rest = text.get(*at..).unwrap_or_default();
        let gap = rest.len() - rest.trim_start_matches(' ').len();
        if rest.trim_start_matches(' ').starts_with(|c: char| c.is_ascii_digit()) {
            let mut ahead = *at + gap;
            let more = digits(text, &mut ahead);
            // «1분당 100만 건, 5건»: only what has a unit, or follows without a space, goes on.
            let unit = text.get(ahead..).unwrap_or_default();
            if gap > 0 && !unit.starts_with(['백', '천', '만']) {
                break;
            }
            section = section.zip(more).and_then(|(section, more)| section.checked_add(more));
            *at = ahead;
        }
    }
    total
        .zip(section)
        .and_then(|(total, section)| total.checked_add(section))
}

fn digits(text: &str, at: &mut usize) -> Option<u64> {
    let bytes = text.as_bytes();
    let mut value = Some(0_u64);
    while let Some(byte) = bytes.get(*at) {
        let comma = *byte == b',' && (1..=3).all(|ahead| bytes.get(*at + ahead).is_some_and(u8::is_ascii_digit));
        if byte.is_ascii_digit() {
            let digit = u64::from(byte - b'0');
            value = value.and_then(|value| value.checked_mul(10)?.checked_add(digit));
        } else if !comma {
            break;
        }
        *at += 1;
    }
    value
}

/// The unit of a Unix time of our days, by its size.
#[must_use]
pub fn unix_unit(value: u64) -> Option<&'static str> {
    match value {
        1_000_000_000..=9_999_999_999 => Some("seconds"),
        1_000_000_000_000..=9_999_999_999_999 => Some("milliseconds"),
        _ => None,
    }
}

/// A rate such as `1분당 10,000건, 동시간 5건`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    pub requests: u64,
    pub period_seconds: u64,
    pub concurrent: Option<u64>,
}

/// The rate that a cell states.
#[must_use]
pub fn rate(text: &str) -> Option<Rate> {
    let text = text.to_lowercase();
    let mut rate = Rate::default();
    for part in parts(&text) {
        let numbers = numbers(part);
        let together = ["동시", "same time", "concurren", "simultan", "at once", "parallel"];
        if together.iter().any(|words| part.contains(words)) {
            rate.concurrent = Some(numbers.first()?.value);
            continue;
        }
        let Some((unit, at)) = period(part) else { continue };
        // The number of periods comes right before the unit: «1분당», «per 1 minute».
        let periods = numbers
            .iter()
            .position(|number| part.get(number.end..at).is_some_and(|gap| gap.trim().is_empty()));
        let times = periods
            .and_then(|index| numbers.get(index))
            .map_or(1, |number| number.value);
        let requests = numbers.iter().enumerate().find(|(index, _)| Some(*index) != periods);
        rate.requests = requests?.1.value;
        rate.period_seconds = unit.checked_mul(times)?;
    }
    (rate.requests > 0).then_some(rate)
}

/// Parts between commas and semicolons that are not between digits.
fn parts(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        let group = digit(at.checked_sub(1)) && digit(at.checked_add(1));
        if b",;".contains(byte) && !group {
            parts.extend(text.get(from..at));
            from = at + 1;
        }
    }
    parts.extend(text.get(from..));
    parts
}

/// The first unit of time in a text, in seconds, and its position.
fn period(text: &str) -> Option<(u64, usize)> {
    let units = [
        ("분", 60),
        ("minute", 60),
        ("min", 60),
        ("시간당", 3600),
        ("시간", 3600),
        ("hour", 3600),
        ("초", 1),
        ("second", 1),
        ("일당", 86400),
        ("일", 86400),
        ("day", 86400),
    ];
    units
        .into_iter()
        .filter_map(|(word, seconds)| Some((seconds, text.find(word)?)))
        .min_by_key(|(_, at)| *at)
}

/// The letters of periods, such as `1y: 1년` or `1y year`: the unit and the code.
#[must_use]
pub fn period_codes(text: &str) -> Vec<(&'static str, String)> {
    let mut codes = Vec::new();
    for number in numbers(text) {
        let Some(rest) = text.get(number.end..) else { continue };
        let Some(letter) = rest.chars().next().filter(char::is_ascii_alphabetic) else {
            continue;
        };
        let rest = rest.get(1..).unwrap_or_default();
        if number.value != 1 || rest.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            continue;
        }
        let sign = |c: char| c.is_whitespace() || "`:=()-–'\"".contains(c);
        let meaning = rest.trim_start_matches(sign);
        let count = meaning.len() - meaning.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (count, meaning) = meaning.split_at(count);
        let meaning = meaning.trim_start_matches(sign);
        let units = [
            ("개월", "month"),
            ("월", "month"),
            ("month", "month"),
            ("년", "year"),
            ("year", "year"),
            ("주", "week"),
            ("week", "week"),
            ("일", "day"),
            ("day", "day"),
            ("시간", "hour"),
            ("hour", "hour"),
            ("분", "minute"),
            ("min", "minute"),
            ("초", "second"),
            ("sec", "second"),
        ];
        let meaning = meaning.to_lowercase();
        let unit = units.into_iter().find(|(word, _)| meaning.starts_with(word));
        let code = match count {
            "" | "1" => format!("1{letter}"),
            count => format!("1{letter} for {count}"),
        };
        codes.extend(unit.map(|(_, unit)| (unit, code)));
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_in_both_languages() {
        let minute = |requests| Rate {
            requests,
            period_seconds: 60,
            concurrent: None,
        };
        let hour = Rate {
            requests: 100,
            period_seconds: 3600,
            concurrent: Some(5),
        };
        assert_eq!(rate("1분당 1,000,000건"), Some(minute(1_000_000)));
        assert_eq!(rate("1시간당 100건, 동시간 5건"), Some(hour));
        assert_eq!(rate("10,000 per minute"), Some(minute(10_000)));
        assert_eq!(rate("100 cases per 1 hour, 5 cases at the same time"), Some(hour));
        assert_eq!(rate("as agreed"), None);
    }

    #[test]
    fn korean_units_are_part_of_a_number() {
        let values = |text: &str| numbers(text).iter().map(|number| number.value).collect::<Vec<_>>();
        assert_eq!(values("1분당 100만 건"), [1, 1_000_000]);
        assert_eq!(values("1억 2천만"), [120_000_000]);
        assert_eq!(values("3천건, 1만5천건"), [3_000, 15_000]);
        assert_eq!(values("100만 5건, 2 Million"), [1_000_000, 5, 2_000_000]);
        assert_eq!(values("99999999999999999999억 1"), [1]);
    }

    #[test]
    fn periods_keep_the_case_of_their_letter() {
        let codes = period_codes("(1y: 1년, 1M: 1개월, 1H: 1시간)");
        let codes: Vec<_> = codes.iter().map(|(unit, code)| (*unit, code.as_str())).collect();
        assert_eq!(codes, [("year", "1y"), ("month", "1M"), ("hour", "1H")]);
    }
}
