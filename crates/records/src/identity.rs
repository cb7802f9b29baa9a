//! The user of a record.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::{
    Accepts, Ids,
    any::{Accept, Found, Key, Text},
    pass::{Pass, read},
    text::{email_problem, has_inner_zero, phone_problem},
};
use crate::RecordKind;
use dfinery::validate::Path;

const EXTERNAL_ID: &str = "external_id";
const PHONE_NO: &str = "phone_no";
const EMAIL: &str = "email";
const KAKAO_USER_ID: &str = "kakao_user_id";
const LINE_USER_ID: &str = "line_user_id";
const KEYS: [&str; 5] = [EXTERNAL_ID, PHONE_NO, EMAIL, KAKAO_USER_ID, LINE_USER_ID];

pub(super) struct Identity<'p, 'a, 'c> {
    pub(super) pass: &'p mut Pass<'a, 'c>,
    pub(super) at: Path<'p>,
}

impl<'a> Accept<'a> for Identity<'_, 'a, '_> {
    fn other(self, found: Found) {
        self.pass.violation(&self.at, format!("must be an object, not {found}"));
    }

    fn object<A: MapAccess<'a>>(self, mut object: A) -> Result<(), A::Error> {
        let Self { pass, at } = self;
        let deletion = pass.accepts == Accepts::Only(RecordKind::Deletion);
        let mut given = false;
        let mut seen = 0;
        while let Some(key) = object.next_key_seed(Key)? {
            let Some(name) = pass.known(&mut object, &KEYS, &mut seen, &at, &key)? else {
                continue;
            };
            let text = pass.enter(&mut object, &key)?;
            let mut is_given = false;
            let identifier = Identifier {
                pass: &mut *pass,
                at: at.field(name),
                name,
                is_given: &mut is_given,
            };
            read(&mut object, text, identifier)?;
            if is_given && deletion && name != EXTERNAL_ID {
                pass.violation(&at.field(name), "a deletion takes external_id only");
            } else {
                given |= is_given;
            }
        }
        if !given && deletion {
            pass.violation(&at, "a deletion needs external_id");
        } else if !given {
            pass.violation(&at, format!("at least one of {} is needed", KEYS.join(", ")));
        }
        Ok(())
    }
}

struct Identifier<'p, 'a, 'c> {
    pass: &'p mut Pass<'a, 'c>,
    at: Path<'p>,
    name: &'static str,
    is_given: &'p mut bool,
}

impl<'a> Accept<'a> for Identifier<'_, 'a, '_> {
    fn other(self, found: Found) {
        *self.is_given = true;
        let hint = if found == Found::Number {
            ": write it in quotes"
        } else {
            ""
        };
        self.pass
            .violation(&self.at, format!("must be a text, not {found}{hint}"));
    }

    /// As in the typed client, `null` is an identifier that is not given.
    fn null(self) {}

    fn text(self, text: Text<'_, 'a>) {
        *self.is_given = true;
        let problem = match (self.name, text.as_str()) {
            (_, "") => Some("must not be empty"),
            (PHONE_NO, number) => phone_problem(number),
            (EMAIL, address) => email_problem(address),
            _ => None,
        };
        if let Some(problem) = problem {
            self.pass.violation(&self.at, problem);
        } else if self.name == PHONE_NO && has_inner_zero(text.as_str()) {
            let problem = "has a zero behind the country code, which is left out as a rule: 8210, not 82010";
            self.pass.warning(&self.at, problem);
        }
        *slot(&mut self.pass.ids, self.name) = Some(text.into_cow());
    }
}

fn slot<'i, 'a>(ids: &'i mut Ids<'a>, name: &str) -> &'i mut Option<Cow<'a, str>> {
    match name {
        EXTERNAL_ID => &mut ids.external_id,
        PHONE_NO => &mut ids.phone_no,
        EMAIL => &mut ids.email,
        KAKAO_USER_ID => &mut ids.kakao_user_id,
        _ => &mut ids.line_user_id,
    }
}
