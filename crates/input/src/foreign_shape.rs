//! JSON of other programs.

use std::collections::BTreeMap;

use dfinery_records::{Accepts, RecordKind, nearest};
use serde_json::value::RawValue;

/// The fields of an object.
type Fields<'a> = BTreeMap<String, &'a RawValue>;

/// How many records at the beginning decide.
const MOST: usize = 10;
/// How many are enough if more may come.
const ENOUGH: usize = 3;

/// What to say about an input whose first records are all in the shape of another program: no user is named in them where
/// one must be. Such an input has no good record, and each of them would say the same.
pub(crate) fn foreign_shape(beginning: &[u8], is_all: bool, accepts: Accepts) -> Option<String> {
    let mut rest = beginning;
    let mut fields: Option<Vec<String>> = None;
    let mut records = 0;
    while records < MOST {
        let from = rest.iter().position(|byte| *byte == b'{')?;
        let (between, record) = rest.split_at_checked(from)?;
        if !between.iter().all(|byte| b" \t\r\n,[\x1E".contains(byte)) {
            return None;
        }
        let mut stream = serde_json::Deserializer::from_slice(record).into_iter::<Fields<'_>>();
        match stream.next() {
            Some(Ok(record)) if is_foreign(&record) => {
                fields.get_or_insert_with(|| record.into_keys().collect());
            }
            Some(Err(error)) if error.is_eof() && records >= ENOUGH => break,
            _ => return None,
        }
        records += 1;
        rest = record.get(stream.byte_offset()..)?;
        let is_end = rest.iter().all(|byte| b" \t\r\n]\x1E".contains(byte));
        if is_end && (is_all || records >= ENOUGH) {
            break;
        }
    }
    let shape = match accepts {
        Accepts::Only(RecordKind::Identity | RecordKind::Deletion) => r#"{"identity":{"external_id":"…"}}"#,
        Accepts::Only(RecordKind::Profile) => r#"{"identity":{"external_id":"…"},"user_properties":{…}}"#,
        _ => r#"{"identity":{"external_id":"…"},"event":{"event_name":"…","event_datetime":"…"}}"#,
    };
    let first = list(&fields?);
    Some(format!(
        "its records have another shape: each must be like {shape}{first}"
    ))
}

/// The names of the members of an object, as the end of a message.
pub(crate) fn shown_fields(object: &str) -> String {
    let fields: Fields<'_> = serde_json::from_str(object).unwrap_or_default();
    list(&fields.into_keys().collect::<Vec<_>>())
}

fn list(fields: &[String]) -> String {
    // A name may be data, such as an identifier of a user.
    let mut names = fields.iter().filter(|name| is_name(name));
    let shown: Vec<_> = names.by_ref().take(MOST).map(String::as_str).collect();
    let more = if shown.len() < fields.len() { " and others" } else { "" };
    if shown.is_empty() {
        String::new()
    } else {
        format!("; the fields of the first one are {}{more}", shown.join(", "))
    }
}

/// Whether this is the name of a field as programs choose them.
fn is_name(name: &str) -> bool {
    const LONGEST: usize = 40;
    let is_word = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$' | '.' | '-');
    !name.is_empty() && name.len() <= LONGEST && name.chars().all(is_word)
}

/// What to say about lines of JSON whose first record goes on over several lines, as a program writes it for people.
pub(crate) fn over_lines(beginning: &[u8]) -> Option<String> {
    let mut stream = serde_json::Deserializer::from_slice(beginning).into_iter::<Fields<'_>>();
    stream.next()?.ok()?;
    let record = beginning.get(..stream.byte_offset())?;
    record.contains(&b'\n').then(|| {
        "the first record goes on over several lines, and each must stand on one; or put all of them between [ and ], with \
         commas between them"
            .to_owned()
    })
}

/// Whether a record names its user in another way, and it is no slip.
fn is_foreign(record: &Fields<'_>) -> bool {
    let has = |name: &str| record.contains_key(name);
    if has("identity") {
        return has("events") && !has("event");
    }
    let ours = ["event", "user_properties", "request_datetime"];
    let is_slip = |name: &String| nearest(name, ["identity"]).is_some();
    !record.keys().any(is_slip) && record.keys().any(|name| !ours.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, is_all: bool) -> Option<String> {
        foreign_shape(text.as_bytes(), is_all, Accepts::Mixed)
    }

    #[test]
    fn the_shapes_of_other_programs_are_known() {
        for record in [
            r#"{"user_id":"u","event":"login","timestamp":"2026-11-20T10:15:00Z","properties":{"a":1}}"#,
            r#"{"event":"Signed Up","properties":{"time":1,"distinct_id":"u"}}"#,
            r#"{"user_id":"u","event_type":"Signed Up","event_properties":{},"user_properties":{}}"#,
            r#"{"external_id":"u","event_name":"df_login","event_datetime":"2026-11-20T10:15:00Z"}"#,
            r#"{"identity":{"external_id":"u"},"events":[{"event_name":"df_login"}]}"#,
            r#"{"data":{"identity":{"external_id":"u"}}}"#,
        ] {
            let problem = said(&format!("{record}\n"), true).unwrap();
            assert!(problem.contains(r#"each must be like {"identity":"#), "{problem}");
            assert!(said(&format!("[{record}, {record}]"), true).is_some(), "{record}");
            assert_eq!(said(&format!("{record}\n"), false), None, "others may follow");
            let cut = format!("{record}\n{record}\n{record}\n{}", &record[..9]);
            assert!(said(&cut, false).is_some(), "{record}");
        }
    }

    #[test]
    fn a_name_that_may_be_data_is_not_shown() {
        let problem = said(r#"{"kim@example.com":1,"M-1001":2,"01012345678":3,"rows":4}"#, true).unwrap();
        assert!(
            problem.ends_with("the fields of the first one are rows and others"),
            "{problem}"
        );
        let problem = said(r#"{"kim@example.com":1}"#, true).unwrap();
        assert!(!problem.contains("kim"), "{problem}");
    }

    #[test]
    fn one_record_that_is_ours_or_nearly_is_enough() {
        let foreign = r#"{"user_id":"u"}"#;
        for ours in [
            r#"{"identity":{"external_id":"u"}}"#,
            r#"{"identiy":{"external_id":"u"},"event":{}}"#,
            r#"{"event":{"event_name":"df_login"}}"#,
            "{}",
            "no JSON",
            "[1]",
            "{\"a\":",
        ] {
            assert_eq!(said(&format!("{ours}\n"), true), None, "{ours}");
            assert_eq!(said(&format!("{foreign}\n{ours}\n{foreign}\n"), true), None, "{ours}");
        }
        assert_eq!(said("", true), None);
    }
}
