//! Keeping tokens and personal data out of what is printed.

/// What stands in the place of a value that must not be seen.
const REDACTED: &str = "[redacted]";

/// Replaces known secrets in a text: those given, and every text of a request.
pub(crate) struct Redactor {
    /// The longest first, so that a secret within another one does not leave the rest of it.
    secrets: Vec<String>,
}

impl Redactor {
    /// Shorter texts are left, since they would tear up the answer and tell little.
    const SHORTEST: usize = 4;

    pub(crate) fn new(secrets: &[String], request: &[u8]) -> Self {
        let mut found = secrets.to_vec();
        if let Ok(request) = serde_json::from_slice(request) {
            collect(&request, &mut found);
        }
        found.retain(|secret| secret.chars().count() >= Self::SHORTEST);
        found.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        found.dedup();
        Self { secrets: found }
    }

    pub(crate) fn redact(&self, text: &str) -> String {
        self.secrets
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), REDACTED))
    }
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
    fn secrets_and_every_text_of_the_request_are_replaced() {
        let request = r#"{"identity":{"email":"kim@example.com","phone_no":"821012345678"},"n":[12345,"ab"]}"#;
        let redactor = Redactor::new(&["the-token".to_owned()], request.as_bytes());
        let text = "bad kim@example.com 821012345678 12345 ab with the-token";
        assert_eq!(
            redactor.redact(text),
            "bad [redacted] [redacted] [redacted] ab with [redacted]"
        );
    }
}
