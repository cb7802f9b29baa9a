//! The outermost object of a record.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::{
    Accepts, Section,
    any::{Accept, Found, Key, Text},
    event::Event,
    identity::Identity,
    pass::{Pass, read},
    property::Properties,
    text::timestamp,
};
use crate::RecordKind;
use dfinery::validate::Path;

const IDENTITY: &str = "identity";
const EVENT: &str = "event";
const USER_PROPERTIES: &str = "user_properties";
const REQUEST_DATETIME: &str = "request_datetime";
const KEYS: [&str; 4] = [IDENTITY, EVENT, USER_PROPERTIES, REQUEST_DATETIME];

pub(super) struct Record<'p, 'a, 'c>(pub(super) &'p mut Pass<'a, 'c>);

impl<'a> Accept<'a> for Record<'_, 'a, '_> {
    fn other(self, found: Found) {
        self.0
            .violation(&Path::root(), format!("a record must be an object, not {found}"));
    }

    fn object<A: MapAccess<'a>>(self, mut object: A) -> Result<(), A::Error> {
        let pass = self.0;
        let root = Path::root();
        let mut seen = 0;
        while let Some(key) = object.next_key_seed(Key)? {
            pass.close_payload(&key);
            let Some(known) = pass.known(&mut object, &KEYS, &mut seen, &root, &key)? else {
                continue;
            };
            let text = pass.enter(&mut object, &key)?;
            let at = root.field(known);
            match known {
                IDENTITY => read(&mut object, text, Identity { pass, at })?,
                REQUEST_DATETIME => read(&mut object, text, RequestDatetime { pass, at })?,
                EVENT => {
                    pass.open_payload();
                    read(&mut object, text, Event { pass, at })?;
                }
                _ => {
                    pass.open_payload();
                    read(
                        &mut object,
                        text,
                        Properties {
                            pass,
                            at,
                            section: Section::User,
                        },
                    )?;
                }
            }
        }
        finish(pass, |key| {
            KEYS.iter()
                .position(|known| *known == key)
                .is_some_and(|index| seen & (1 << index) != 0)
        });
        Ok(())
    }
}

/// Settles what the record is, and whether that may be here.
fn finish(pass: &mut Pass<'_, '_>, has: impl Fn(&str) -> bool) {
    let root = Path::root();
    if !has(IDENTITY) {
        pass.violation(&root.field(IDENTITY), "is missing");
    }
    let kind = match pass.accepts {
        Accepts::Only(kind) => kind,
        Accepts::Mixed if has(EVENT) => RecordKind::Event,
        Accepts::Mixed if has(USER_PROPERTIES) => RecordKind::Profile,
        Accepts::Mixed => RecordKind::Identity,
    };
    pass.kind = kind;
    for (key, of) in [(EVENT, RecordKind::Event), (USER_PROPERTIES, RecordKind::Profile)] {
        match (has(key), kind == of) {
            (false, true) => pass.violation(&root.field(key), "is missing"),
            (true, false) => pass.violation(&root.field(key), not_in(kind, pass.accepts)),
            _ => {}
        }
    }
    if kind == RecordKind::Event && has(REQUEST_DATETIME) {
        let problem = "an event has none: its time is event_datetime";
        pass.violation(&root.field(REQUEST_DATETIME), problem);
    }
}

fn not_in(kind: RecordKind, accepts: Accepts) -> Cow<'static, str> {
    match accepts {
        Accepts::Mixed => "a record has either event or user_properties: write two records".into(),
        Accepts::Only(_) => format!("this load takes records of the kind {kind} only").into(),
    }
}

struct RequestDatetime<'p, 'a, 'c> {
    pass: &'p mut Pass<'a, 'c>,
    at: Path<'p>,
}

impl<'a> Accept<'a> for RequestDatetime<'_, 'a, '_> {
    fn other(self, found: Found) {
        self.pass
            .violation(&self.at, format!("must be a time as text, not {found}"));
    }

    fn text(self, text: Text<'_, 'a>) {
        self.pass.request_datetime = timestamp(text.as_str());
        if self.pass.request_datetime.is_none() {
            let problem = "must be a time with an offset, such as 2024-06-24T15:42:25+09:00";
            self.pass.violation(&self.at, problem);
        }
    }
}
