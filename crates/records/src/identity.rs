//! The user of a record.

use super::{
    accepts::Accepts,
    fields::Seen,
    forms::{email_problem, phone_problem},
    identifier,
    ids::{EMAIL, EXTERNAL_ID, FIELDS, PHONE_NO},
    json::{Broken, Found},
    reading::Reading,
};
use crate::RecordKind;
use dfinery::validate::Path;
use std::borrow::Cow;

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
            let [rest @ .., last] = &FIELDS;
            self.violation(at, format!("needs {} or {last}", rest.join(", ")));
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
            (PHONE_NO, number) => phone_problem(number),
            (EMAIL, address) => email_problem(address),
            _ => None,
        };
        // Escapes can hold what is not looked for in ordinary texts.
        let is_plain = matches!(id, Cow::Borrowed(_)) && problem.is_none();
        if place == PHONE_NO && is_plain && !id.is_empty() {
            for (kind, problem) in identifier::phone::oddities(&id) {
                self.warning(kind, at, problem);
            }
        } else if !is_plain || !identifier::is_ordinary(&id) {
            self.extraordinary(place, &id, problem, at);
        }
        self.checked.identity.set(place, id);
        Ok(())
    }

    /// Judges an identifier that does not have its form, or needs a closer look.
    #[cold]
    fn extraordinary(&mut self, place: usize, id: &str, form: Option<&str>, at: &Path<'_>) {
        if id.is_empty() {
            self.violation(at, "must not be empty");
        } else if let Some(problem) = identifier::problem(id) {
            self.violation(at, problem);
        } else if let Some(form) = form {
            // The form seems kept to someone who cannot see the character.
            let hidden =
                identifier::hidden(id).map_or_else(String::new, |c| format!(" (it holds {})", identifier::code(c)));
            self.violation(at, format!("{form}{hidden}"));
        } else if place == PHONE_NO {
            for (kind, problem) in identifier::phone::oddities(id) {
                self.warning(kind, at, problem);
            }
        } else {
            for (kind, problem) in identifier::oddities(id, place == EMAIL) {
                self.warning(kind, at, problem);
            }
        }
    }
}
