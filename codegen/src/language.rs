//! Every text is in the language that its key promises.

use serde_json::Value;

use crate::problem::{Place, Problems};

/// Keys under which a text is English.
const ENGLISH: [&str; 4] = ["en", "description", "summary", "because"];

/// Keys of which the values are shown or sent, not read.
const DATA: [&str; 6] = ["value", "values", "example", "enum", "required", "pages"];

/// Notes every text that is in another language. What is in backticks belongs to none.
pub fn check(value: &Value, at: &Place, problems: &mut Problems) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let at = at.key(key);
                match value {
                    _ if DATA.contains(&key.as_str()) => {}
                    Value::String(text) if key == "ko" || key.ends_with("-ko") => korean(text, &at, problems),
                    Value::String(text) if ENGLISH.contains(&key.as_str()) => english(text, &at, problems),
                    _ => check(value, &at, problems),
                }
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                check(value, &at.index(index), problems);
            }
        }
        _ => {}
    }
}

fn korean(text: &str, at: &Place, problems: &mut Problems) {
    if !text.trim().is_empty() && !words(text).any(is_hangul) {
        problems.push(at.problem("has no Hangul; it is read by those who chose Korean"));
    }
}

fn english(text: &str, at: &Place, problems: &mut Problems) {
    let hangul: String = words(text)
        .skip_while(|c| !is_hangul(*c))
        .take_while(|c| is_hangul(*c))
        .collect();
    if !hangul.is_empty() {
        problems.push(at.problem(format!(
            "has Hangul, `{hangul}`, in an English text; a literal belongs in backticks"
        )));
    }
}

/// The characters outside backticks.
fn words(text: &str) -> impl Iterator<Item = char> {
    text.split('`').step_by(2).flat_map(str::chars)
}

/// A syllable or a letter of the Korean script.
#[must_use]
pub fn is_hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7a3}')
}
