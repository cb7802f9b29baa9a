//! The user of a record.

use super::{
    accepts::Accepts,
    fields::Seen,
    forms::{email_problem, has_inner_zero, phone_problem},
    ids::{EMAIL, EXTERNAL_ID, FIELDS, PHONE_NO},
    json::{Broken, Found},
    reading::Reading,
};
use crate::RecordKind;
use dfinery::validate::Path;

impl Reading<'_, '_> {
    /// Takes the identity of a record.
    pub(crate) fn identity(&mut self, at: &Path<'_>) -> Result<(), Broken> {
        if !self.is_object(at)? {
            return Ok(());
        }
        let deletion = self.accepts == Accepts::Only(RecordKind::Deletion);
        let mut given = false;
        let mut seen = Seen::default();
        let mut more = self.json.enter(b'}')?;
        while more {
            if let Some(place) = self.field(&FIELDS, &mut seen, at)? {
                let at = at.field(FIELDS[place]);
                // As in the typed client, `null` means that the identifier is absent.
                let is_given = !self.json.begins(b'n');
                if is_given {
                    self.identifier(place, &at)?;
                } else {
                    self.json.word()?;
                }
                if is_given && deletion && place != EXTERNAL_ID {
                    self.violation(&at, "a deletion takes external_id only");
                } else {
                    given |= is_given;
                }
            }
            more = self.json.goes_on(b'}')?;
        }
        if !given && deletion {
            self.violation(at, "a deletion needs external_id");
        } else if !given {
            self.violation(at, format!("at least one of {} is needed", FIELDS.join(", ")));
        }
        Ok(())
    }

    fn identifier(&mut self, place: usize, at: &Path<'_>) -> Result<(), Broken> {
        if !self.json.begins(b'"') {
            let found = self.json.other()?;
            let hint = if found == Found::Number {
                ": write it in quotes"
            } else {
                ""
            };
            self.violation(at, format!("must be a text, not {found}{hint}"));
            return Ok(());
        }
        let id = self.json.text()?.read();
        let problem = match (place, &*id) {
            (_, "") => Some("must not be empty"),
            (PHONE_NO, number) => phone_problem(number),
            (EMAIL, address) => email_problem(address),
            _ => None,
        };
        if let Some(problem) = problem {
            self.violation(at, problem);
        } else if place == PHONE_NO && has_inner_zero(&id) {
            let problem = "has a zero behind the country code, which is left out as a rule: 8210, not 82010";
            self.warning(at, problem);
        }
        self.checked.identity.set(place, id);
        Ok(())
    }
}
