//! Why a text is not JSON, in the words of `serde_json`.

use serde::de::IgnoredAny;
use serde_json::{Value, error::Category};

/// Says why a text is not JSON, and where, in words that hold nothing of it. `passing` means that the reader stopped
/// inside a value that it skipped.
#[cold]
pub(super) fn complaint(text: &str, passing: bool) -> String {
    // A parsed value takes many times the memory of its text.
    const LONG: usize = 1 << 20;
    let short = Some(text).filter(|text| text.len() <= LONG);
    let strict = || serde_json::from_str::<Value>(short?).err();
    let lenient = || serde_json::from_str::<IgnoredAny>(text).err();
    let error = if passing {
        lenient().or_else(strict)
    } else {
        strict().or_else(lenient)
    };
    match error {
        Some(error) if has_several(text) => format!(
            "several JSON objects stand on one line: put each on a line of its own (column {})",
            error.column()
        ),
        Some(error) => words(&error),
        None => "is not valid JSON".to_owned(),
    }
}

/// Says why a text is not JSON, and where, in words that hold nothing of it.
#[must_use]
pub fn not_json(text: &str) -> String {
    complaint(text, false)
}

/// Whether a text is an object and the beginning of another one.
fn has_several(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let first = values.next().is_some_and(|value| value.is_ok());
    let rest = text.get(values.byte_offset()..).unwrap_or_default();
    first && text.trim_start().starts_with('{') && rest.trim_start_matches([',', ' ', '\t']).starts_with('{')
}

fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (line, column) = (error.line(), error.column());
    let reason = match error.classify() {
        Category::Data => "",
        _ => text
            .strip_suffix(&format!(" at line {line} column {column}"))
            .unwrap_or_default(),
    };
    let colon = if reason.is_empty() { "" } else { ": " };
    // A truncated record, or one spread over several lines for people.
    let advice = if error.is_eof() {
        "; a record stands on one line"
    } else {
        ""
    };
    let line = if line > 1 {
        format!("line {line} of the record, ")
    } else {
        String::new()
    };
    format!("is not valid JSON{colon}{reason}{advice} ({line}column {column})")
}
