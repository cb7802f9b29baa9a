//! The terms of the spec in words for people.

use heck::ToTitleCase;

use crate::{
    responses::{Means, Retry},
    table::Confidence,
    taxonomy::Type,
};

use super::page::{Tag, Words, words};

/// What may be done after an answer.
pub fn retry(retry: Retry) -> Tag {
    let (class, words, code) = match retry {
        Retry::Never => ("never", words("Do not retry", "재시도하지 않음"), "never"),
        Retry::Backoff => (
            "backoff",
            words("Retry, with growing pauses", "간격을 늘려 가며 재시도"),
            "backoff",
        ),
        Retry::AfterReset => (
            "after-reset",
            words("Retry after the reset", "한도 초기화 후 재시도"),
            "after-reset",
        ),
    };
    Tag {
        class,
        words,
        code: Some(code),
        to: None,
    }
}

/// The same for answers after which there is nothing to repeat.
pub fn no_failure(retry: Retry, words: Words) -> Tag {
    Tag {
        class: "success",
        words,
        ..self::retry(retry)
    }
}

/// What an answer means for every other call.
pub fn means(means: Means) -> Tag {
    match means {
        Means::Auth => Tag {
            code: Some("auth"),
            ..Tag::plain(words("Wrong token or service ID", "토큰 또는 서비스 ID 오류"))
        },
    }
}

/// The spec's word for how sure a fact is.
pub fn confidence_word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Documented => "documented",
        Confidence::Derived => "derived",
        Confidence::Adjacent => "adjacent",
        Confidence::Assumed => "assumed",
    }
}

/// How sure a fact is.
pub fn confidence(confidence: Confidence) -> Tag {
    let word = confidence_word(confidence);
    let ko = match confidence {
        Confidence::Documented => "문서에 있음",
        Confidence::Derived => "문서에서 추론",
        Confidence::Adjacent => "다른 공식 자료",
        Confidence::Assumed => "이 프로젝트의 가정",
    };
    Tag {
        class: word,
        words: words(word, ko),
        code: None,
        to: Some(confidence_id(confidence)),
    }
}

/// The id of the row that explains the word.
pub fn confidence_id(confidence: Confidence) -> String {
    format!("confidence-{}", confidence_word(confidence))
}

/// The type of a property, as taxonomy.yaml writes it.
pub fn property_type(kind: Type) -> &'static str {
    match kind {
        Type::String => "string",
        Type::Long => "long",
        Type::Double => "double",
        Type::Boolean => "boolean",
        Type::Datetime => "datetime",
        Type::Date => "date",
        Type::StringArray => "string-array",
        Type::LongArray => "long-array",
        Type::DoubleArray => "double-array",
        Type::Items => "items",
    }
}

pub fn required() -> Tag {
    Tag {
        class: "required",
        ..Tag::plain(words("required", "필수"))
    }
}

pub fn optional() -> Tag {
    Tag::plain(words("optional", "선택"))
}

pub fn personal_data() -> Tag {
    Tag {
        class: "personal",
        ..Tag::plain(words("personal data", "개인정보"))
    }
}

/// The name of an API, by the name of its file.
pub fn api(name: &str) -> Words {
    let name = format!("{} API", name.to_title_case());
    words(name.clone(), name)
}

/// `1000000` as `1,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How long a period is.
pub fn period(seconds: u64) -> Words {
    match seconds {
        1 => words("second", "1초"),
        60 => words("minute", "1분"),
        3600 => words("hour", "1시간"),
        86_400 => words("day", "1일"),
        _ => words(
            format!("{} seconds", grouped(seconds)),
            format!("{}초", grouped(seconds)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(
            [1, 100, 1000, 1_000_000].map(grouped),
            ["1", "100", "1,000", "1,000,000"]
        );
    }
}
