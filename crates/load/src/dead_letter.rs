//! The records that did not go through, and those that may have gone through twice: one line of JSON each, beside the
//! journal.
//!
//! `schemas/dead-letter.schema.json` describes a line of the dead-letter file.

use std::{io, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Serialize, Serializer, ser::SerializeSeq as _};
use uuid::Uuid;

use crate::{append_file::AppendFile, letter::Letter, record::Fate};
use dfinery::{Timestamp, Violation};
use dfinery_records::RecordKind;

/// A file of such lines. The lines of a batch are appended in one write.
pub(crate) struct Sidecar {
    file: AppendFile,
    lines: Vec<u8>,
}

impl Sidecar {
    /// Capacity beyond this is freed after a batch.
    const KEPT_ROOM: usize = 1 << 20;

    /// Opens a file whose first `keep` bytes are good; see [`AppendFile::open`].
    pub(crate) fn open(path: impl Into<PathBuf>, keep: u64) -> io::Result<Self> {
        Ok(Self {
            file: AppendFile::open(path, keep)?,
            lines: Vec::new(),
        })
    }

    /// Appends a batch of lines; after an error, none of it.
    pub(crate) fn append<L: SidecarLine>(&mut self, lines: impl IntoIterator<Item = L>) -> io::Result<()> {
        self.begin();
        lines.into_iter().try_for_each(|line| self.push(&line))?;
        self.write().map(drop)
    }

    /// Begins a batch, and discards lines that were not written.
    fn begin(&mut self) {
        self.lines.clear();
        self.lines.shrink_to(Self::KEPT_ROOM);
    }

    fn push(&mut self, line: &impl SidecarLine) -> io::Result<()> {
        let before = self.lines.len();
        let pushed = line.write(&mut self.lines);
        match pushed {
            Ok(()) => self.lines.push(b'\n'),
            Err(_) => self.lines.truncate(before),
        }
        pushed
    }

    /// Appends the batch, and returns the length of the file; after an error, none of the batch is written.
    fn write(&mut self) -> io::Result<u64> {
        self.file.append(&self.lines)?;
        self.begin();
        Ok(self.file.len())
    }

    /// Returns once everything written is on the disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    /// Closes the file; an empty one does not stay.
    pub(crate) fn close(self) -> io::Result<()> {
        self.file.close()
    }

    /// How many bytes the file holds.
    pub(crate) fn len(&self) -> u64 {
        self.file.len()
    }
}

/// A line of a [`Sidecar`].
pub(crate) trait SidecarLine {
    /// Appends the line without its line break.
    fn write(&self, out: &mut Vec<u8>) -> io::Result<()>;
}

/// A record that did not go through.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct DeadRecord<'a> {
    pub(crate) fate: Fate,
    /// `None` if the line does not say what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<RecordKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<&'a str>,
    /// Why it is invalid.
    #[serde(serialize_with = "reasons", skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) reasons: &'a [Violation],
    pub(crate) file: &'a str,
    pub(crate) line: u64,
    pub(crate) offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event_log_id: Option<Uuid>,
    pub(crate) attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_attempt: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_attempt: Option<Timestamp>,
    /// Its bytes as they are in the input.
    #[serde(flatten, serialize_with = "original")]
    pub(crate) original: &'a [u8],
    /// Whether these are not all of its bytes.
    #[serde(rename = "original_is_cut", skip_serializing_if = "is_false")]
    pub(crate) is_cut: bool,
    /// Whether they are JSON that a mapping makes the record of.
    #[serde(rename = "mapped", skip_serializing_if = "is_false")]
    pub(crate) is_mapped: bool,
    /// The record as it would be sent, if there is one: JSON.
    #[serde(skip)]
    pub(crate) record: Option<&'a str>,
}

impl<'a> DeadRecord<'a> {
    /// The same where it was before it came into a dead letter: a letter about a letter would grow with every replay.
    pub(crate) fn of(self, letter: Option<&'a Letter<'_>>) -> Self {
        match letter {
            Some(letter) => Self {
                file: &letter.file,
                line: letter.line,
                offset: letter.offset,
                original: &letter.original,
                is_cut: letter.is_cut,
                is_mapped: letter.is_mapped,
                ..self
            },
            None => self,
        }
    }
}

impl SidecarLine for DeadRecord<'_> {
    fn write(&self, out: &mut Vec<u8>) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        if let Some(record) = self.record {
            out.pop();
            out.extend_from_slice(b",\"record\":");
            let start = out.len();
            out.extend_from_slice(record.as_bytes());
            // JSON has line breaks only between tokens, where a space is the same.
            for byte in out.iter_mut().skip(start).filter(|byte| matches!(byte, b'\n' | b'\r')) {
                *byte = b' ';
            }
            out.push(b'}');
        }
        Ok(())
    }
}

/// A record that the server may have taken twice.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct PossiblyTwice<'a> {
    pub(crate) file: &'a str,
    pub(crate) line: u64,
    pub(crate) kind: RecordKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event_log_id: Option<Uuid>,
    pub(crate) why: Why,
}

/// Why a record may have been taken twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    /// The answer to an earlier attempt was lost.
    ResentAfterLostAnswer,
    /// An earlier run was stopped before it had the answer.
    InFlightWhenStopped,
    /// An earlier run may have sent it: the journal, which would say so, was damaged.
    JournalDamaged,
}

impl SidecarLine for PossiblyTwice<'_> {
    fn write(&self, out: &mut Vec<u8>) -> io::Result<()> {
        Ok(serde_json::to_writer(out, self)?)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field")]
const fn is_false(value: &bool) -> bool {
    !*value
}

fn reasons<S: Serializer>(reasons: &[Violation], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Reason<'a> {
        field: &'a str,
        problem: &'a str,
    }

    let mut list = serializer.serialize_seq(Some(reasons.len()))?;
    for reason in reasons {
        list.serialize_element(&Reason {
            field: reason.path(),
            problem: reason.problem(),
        })?;
    }
    list.end()
}

fn original<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Original<'a> {
        Original(&'a str),
        OriginalBase64(String),
    }

    match std::str::from_utf8(bytes) {
        Ok(text) => Original::Original(text),
        Err(_) => Original::OriginalBase64(BASE64_STANDARD.encode(bytes)),
    }
    .serialize(serializer)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use std::borrow::Cow;

    use dfinery_input::replay_line;
    use proptest::{collection::vec, prelude::*};
    use serde_json::{Value, json};

    use super::*;

    fn rejected() -> DeadRecord<'static> {
        DeadRecord {
            fate: Fate::Rejected,
            kind: Some(RecordKind::Event),
            code: Some("40001"),
            message: Some("the server refused it"),
            reasons: &[],
            file: "events.csv",
            line: 7,
            offset: 120,
            event_log_id: Some(Uuid::from_u128(5)),
            attempts: 2,
            first_attempt: Some("2024-06-24T06:42:25.394Z".parse().unwrap()),
            last_attempt: Some("2024-06-24T06:42:26Z".parse().unwrap()),
            original: "u1,\"구매\"".as_bytes(),
            is_cut: false,
            is_mapped: false,
            record: Some("{\"identity\":\n {\"external_id\":\"u1\"},\r\n\"n\":1e400}"),
        }
    }

    fn line(record: &impl SidecarLine) -> String {
        let mut out = Vec::new();
        record.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn schema() -> jsonschema::Validator {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/dead-letter.schema.json");
        let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        jsonschema::draft202012::meta::validate(&schema).unwrap();
        jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap()
    }

    #[test]
    fn a_line_says_what_became_of_a_record_and_what_it_was() {
        let expected = concat!(
            r#"{"fate":"rejected","kind":"event","code":"40001","message":"the server refused it","#,
            r#""file":"events.csv","line":7,"offset":120,"event_log_id":"00000000-0000-0000-0000-000000000005","#,
            r#""attempts":2,"first_attempt":"2024-06-24T06:42:25.394Z","last_attempt":"2024-06-24T06:42:26.000Z","#,
            r#""original":"u1,\"구매\"","record":{"identity":  {"external_id":"u1"},  "n":1e400}}"#,
        );
        assert_eq!(line(&rejected()), expected);
    }

    #[test]
    fn lines_are_as_the_schema_says() {
        let schema = schema();
        let whole = rejected();
        let reasons = [
            Violation::new("event.event_name", "is missing"),
            Violation::new("", "is no object"),
        ];
        let bare = DeadRecord {
            fate: Fate::Invalid,
            kind: None,
            code: None,
            message: None,
            reasons: &reasons,
            event_log_id: None,
            attempts: 0,
            first_attempt: None,
            last_attempt: None,
            original: b"\xb1\xb8",
            record: None,
            ..whole
        };
        // One line must stay readable despite 1e400, which is a number in JSON but not in Rust.
        let whole = DeadRecord {
            record: Some("{}"),
            ..whole
        };
        let fates = [Fate::Undelivered, Fate::Unknown].map(|fate| DeadRecord { fate, ..whole });
        let kinds = [RecordKind::Identity, RecordKind::Profile, RecordKind::Deletion];
        let kinds = kinds.map(|kind| DeadRecord {
            kind: Some(kind),
            ..whole
        });
        for record in [whole, bare].into_iter().chain(fates).chain(kinds) {
            let line: Value = serde_json::from_str(&line(&record)).unwrap();
            let problems: Vec<_> = schema.iter_errors(&line).map(|error| error.to_string()).collect();
            assert!(problems.is_empty(), "{problems:?}");
            assert_eq!(
                line["kind"].as_str().map(str::to_owned),
                record.kind.map(|kind| kind.to_string())
            );
        }
        let bare: Value = serde_json::from_str(&line(&bare)).unwrap();
        assert_eq!(bare["original_base64"], "sbg=");
        assert_eq!(
            bare["reasons"][0],
            json!({"field": "event.event_name", "problem": "is missing"})
        );
        let accepted = DeadRecord {
            fate: Fate::Accepted,
            ..whole
        };
        assert!(!schema.is_valid(&serde_json::from_str(&line(&accepted)).unwrap()));
    }

    #[test]
    fn a_batch_is_appended_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead.ndjson");
        let mut file = Sidecar::open(&path, 0).unwrap();
        file.begin();
        file.push(&rejected()).unwrap();
        file.begin();
        assert_eq!(file.write().unwrap(), 0, "the batch that was begun anew is empty");
        file.push(&rejected()).unwrap();
        file.push(&rejected()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        let len = file.write().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!((text.lines().count(), text.len() as u64, file.len()), (2, len, len));
        assert_eq!(file.write().unwrap(), len, "a batch is written once");
    }

    #[test]
    fn a_record_that_may_be_there_twice_says_why() {
        let mut record = PossiblyTwice {
            file: "a.ndjson",
            line: 3,
            kind: RecordKind::Event,
            event_log_id: Some(Uuid::nil()),
            why: Why::ResentAfterLostAnswer,
        };
        assert_eq!(
            line(&record),
            r#"{"file":"a.ndjson","line":3,"kind":"event","event_log_id":"00000000-0000-0000-0000-000000000000","why":"resent_after_lost_answer"}"#
        );
        record.event_log_id = None;
        record.why = Why::InFlightWhenStopped;
        assert!(line(&record).ends_with(r#""kind":"event","why":"in_flight_when_stopped"}"#));
    }

    #[test]
    fn a_line_is_replayed_with_the_record_as_it_was_sent() {
        let dead = line(&rejected());
        let record = replay_line(&dead).unwrap();
        assert_eq!(record, r#"{"identity":  {"external_id":"u1"},  "n":1e400}"#);
        assert!(matches!(record, Cow::Borrowed(_)));
    }

    #[test]
    fn a_letter_about_a_letter_is_where_the_first_one_was() {
        let first = line(&DeadRecord {
            original: b"\xb1\xb8",
            is_cut: true,
            record: None,
            ..rejected()
        });
        let letter = Letter::read(first.as_bytes());
        let again = DeadRecord {
            fate: Fate::Unknown,
            file: "dead-letter.ndjson",
            line: 1,
            offset: 0,
            original: first.as_bytes(),
            record: None,
            ..rejected()
        };
        let again = line(&again.of(letter.as_ref()));
        assert_eq!(again, first.replace("rejected", "unknown"));
        assert!(again.contains("original_is_cut") && schema().is_valid(&serde_json::from_str(&again).unwrap()));
    }

    #[test]
    fn letters_of_earlier_versions_say_their_remedy_once() {
        let first = line(&rejected()).replace(
            r#""message":"the server refused it","#,
            r#""message":"the server refused it. Mend it.","remedy":"Mend it.","#,
        );
        let letter = Letter::read(first.as_bytes()).unwrap();
        assert_eq!((letter.cause(), &*letter.reason()), ("40001", "the server refused it"));
        assert_eq!((&*letter.file, letter.line, letter.offset), ("events.csv", 7, 120));
        assert_eq!(letter.original.as_ref(), "u1,\"구매\"".as_bytes());
        assert!(Letter::read(b"{\"a\":1}").is_none() && Letter::read(&first.as_bytes()[1..]).is_none());
    }

    #[test]
    fn a_line_without_a_record_is_replayed_if_it_was_json() {
        let dead = DeadRecord {
            record: None,
            original: br#"{"identity":{"external_id":"\u00e9"}}"#,
            ..rejected()
        };
        assert_eq!(
            replay_line(&line(&dead)).unwrap(),
            r#"{"identity":{"external_id":"\u00e9"}}"#
        );
    }

    #[test]
    fn json_of_a_mapping_is_never_replayed_without_it() {
        let dead = DeadRecord {
            record: None,
            is_mapped: true,
            original: br#"{"identity":{"external_id":"a"},"user":1}"#,
            ..rejected()
        };
        assert!(schema().is_valid(&serde_json::from_str(&line(&dead)).unwrap()));
        assert!(
            replay_line(&line(&dead))
                .unwrap_err()
                .to_string()
                .contains("Mend it in the input")
        );
        let made = DeadRecord {
            record: Some("{\"a\":1}"),
            ..dead
        };
        assert_eq!(replay_line(&line(&made)).unwrap(), "{\"a\":1}");
        let first = line(&made);
        let letter = Letter::read(first.as_bytes());
        assert!(line(&rejected().of(letter.as_ref())).contains("\"mapped\":true"));
        let mut out = Vec::new();
        assert!(letter.unwrap().json_line(&mut out));
        assert_eq!(out, [dead.original, b"\n"].concat());
    }

    #[test]
    fn a_line_that_cannot_be_replayed_says_what_to_do() {
        let says = |line: &str| replay_line(line).unwrap_err().to_string();
        let dead = DeadRecord {
            record: None,
            ..rejected()
        };
        assert!(says(&line(&dead)).contains("Mend it in the input"));
        let broken = DeadRecord {
            original: b"{\"a\":",
            ..dead
        };
        assert!(says(&line(&broken)).contains("Mend it in the input"));
        let latin = DeadRecord {
            original: b"\xff",
            ..dead
        };
        assert!(says(&line(&latin)).contains("Mend it in the input"));
        let whole = line(&rejected());
        assert!(says(&whole[..whole.len() - 1]).contains("cut short"));
        assert!(says("u1,x").contains("no line of a dead-letter file"));
        assert!(says("{\"a\":1}").contains("no line of a dead-letter file"));
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_are_they_come_back(bytes in vec(any::<u8>(), 0..60)) {
            let dead = DeadRecord { original: &bytes, ..rejected() };
            let line = line(&DeadRecord { record: None, ..dead });
            prop_assert!(!line.contains('\n'));
            let read: Value = serde_json::from_str(&line).unwrap();
            let back = match (&read["original"], &read["original_base64"]) {
                (Value::String(text), Value::Null) => text.clone().into_bytes(),
                (Value::Null, Value::String(base64)) => BASE64_STANDARD.decode(base64).unwrap(),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(back, bytes);
        }

        #[test]
        fn no_line_makes_a_replay_panic(line in any::<String>(), cut in any::<prop::sample::Index>()) {
            let _ = replay_line(&line);
            let dead = self::line(&DeadRecord { record: Some("{\"a\":[1]}"), ..rejected() });
            let mut at = cut.index(dead.len());
            while !dead.is_char_boundary(at) {
                at -= 1;
            }
            prop_assert!(replay_line(&dead[..at]).is_err());
        }
    }
}
