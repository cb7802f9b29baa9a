//! The records in the lines of a dead-letter file.
//!
//! `schemas/dead-letter.schema.json` describes such a line.

use std::borrow::Cow;

use dfinery::Violation;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The record in a line of a dead-letter file, as JSON to load again.
///
/// # Errors
/// If the line holds no such record. The message says what to do, and shows no value of the record.
pub fn replay_line(line: &str) -> Result<Cow<'_, str>, Violation> {
    #[derive(Deserialize)]
    struct DeadLetter<'a> {
        #[serde(borrow)]
        record: Option<&'a RawValue>,
        original: Option<String>,
        original_base64: Option<serde::de::IgnoredAny>,
        #[serde(default)]
        mapped: bool,
    }

    let problem = |problem: &str| Violation::new("", problem);
    let letter: DeadLetter<'_> = serde_json::from_str(line).map_err(|error| {
        problem(if error.is_eof() {
            "the line is cut short, as happens to the last one when a load is stopped. Resume that load with the files \
             it began with: it sends the record again"
        } else {
            "this is no line of a dead-letter file"
        })
    })?;
    match letter {
        DeadLetter {
            record: Some(record), ..
        } => Ok(Cow::Borrowed(record.get())),
        DeadLetter {
            original: Some(original),
            mapped: false,
            ..
        } if is_object(&original) => Ok(Cow::Owned(original)),
        DeadLetter {
            original: None,
            original_base64: None,
            ..
        } => Err(problem("this is no line of a dead-letter file")),
        _ => Err(problem(
            "the record never became JSON, so it cannot be sent as it is. Mend it in the input that `file` and `line` \
             name, and load that",
        )),
    }
}

fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
