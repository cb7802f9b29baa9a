//! Keeping tokens and personal data out of what is printed.

use crate::parameters::Parameters;

/// Replaces a value that must not be seen.
const REDACTED: &str = "[redacted]";

/// Replaces known values in a text: the token, the service id, and every text and number of a request.
pub(crate) struct Redactor {
    /// The longest first, so that a value within another one does not leave the rest of it.
    values: Vec<String>,
}

impl Redactor {
    /// How much of a body is kept for people.
    const EXCERPT: usize = 2 * 1024;

    pub(crate) fn new(secrets: &[String], parameters: &Parameters, body: &[u8]) -> Self {
        let mut values: Vec<_> = parameters.values().map(str::to_owned).collect();
        if let Ok(body) = serde_json::from_slice(body) {
            collect(&body, &mut values);
        }
        values.retain(|value| tells_something(value));
        values.extend_from_slice(secrets);
        let escaped: Vec<_> = values
            .iter()
            .filter(|value| !value.is_ascii())
            .map(|value| escaped(value))
            .collect();
        values.extend(escaped);
        values.retain(|value| !value.is_empty());
        values.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { values }
    }

    pub(crate) fn redact(&self, text: &str) -> String {
        self.values
            .iter()
            .fold(text.to_owned(), |text, value| text.replace(value.as_str(), REDACTED))
    }

    /// The beginning of a text; it is cut after it was redacted, so that no value is cut in two.
    pub(crate) fn excerpt(&self, text: &str) -> String {
        let mut text = self.redact(text);
        let end = (0..=Self::EXCERPT.min(text.len()))
            .rev()
            .find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
        text
    }
}

/// Shorter texts are left, since replacing them would tear up the answer; a Korean name has two or three characters.
fn tells_something(value: &str) -> bool {
    value.chars().count() >= if value.is_ascii() { 4 } else { 2 }
}

/// The text as ASCII-only JSON writes it.
fn escaped(value: &str) -> String {
    let unit = |unit: u16| match char::from_u32(unit.into()).filter(char::is_ascii) {
        Some(ascii) => ascii.to_string(),
        None => format!("\\u{unit:04x}"),
    };
    value.encode_utf16().map(unit).collect()
}

fn collect(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Number(number) => found.push(number.to_string()),
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        serde_json::Value::Object(fields) => fields.values().for_each(|value| collect(value, found)),
        serde_json::Value::Null | serde_json::Value::Bool(_) => {}
    }
}

/// Prints `[redacted]`, for the fields of generated types that hold personal data.
pub(crate) struct Redacted;

impl std::fmt::Debug for Redacted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_bounded_and_cuts_no_value_in_two() {
        let redactor = Redactor::new(&["the-token".to_owned()], &Parameters::default(), b"{}");
        for filler in 2030..2060 {
            let excerpt = redactor.excerpt(&format!("{}the-token and 한글한글한글", "x".repeat(filler)));
            assert!(excerpt.len() <= 2048 && !excerpt.contains("the-t"), "{filler}");
        }
    }

    #[test]
    fn secrets_and_every_text_of_the_request_are_replaced() {
        let request = r#"{"identity":{"email":"kim@example.com","phone_no":"821012345678"},"n":[12345,"ab","김하늘"]}"#;
        let parameters = Parameters::default().with("user_id", Some("u-20817"));
        let redactor = Redactor::new(&["the-token".to_owned()], &parameters, request.as_bytes());
        let text = "bad u-20817 kim@example.com 821012345678 12345 ab with the-token 김하늘 \\uae40\\ud558\\ub298";
        assert_eq!(
            redactor.redact(text),
            "bad [redacted] [redacted] [redacted] [redacted] ab with [redacted] [redacted] [redacted]"
        );
    }
}
