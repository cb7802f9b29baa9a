//! The identifiers of a user in a record.

use std::{borrow::Cow, fmt};

use super::fields::place_of;
use dfinery::Identity;

/// The names of all identifiers, in the order of every array of identifiers.
pub(crate) const FIELDS: [&str; Identity::FIELDS.len()] = Identity::FIELDS;
pub(crate) const EXTERNAL_ID: usize = place_of("external_id", &FIELDS);
pub(crate) const PHONE_NO: usize = place_of("phone_no", &FIELDS);
pub(crate) const EMAIL: usize = place_of("email", &FIELDS);

/// The identifiers of a user, borrowed where they hold no escapes.
#[derive(Default, PartialEq, Eq)]
pub struct Ids<'a>(pub(crate) [Option<Cow<'a, str>>; FIELDS.len()]);

impl<'a> Ids<'a> {
    /// Sets the identifier at this position among the names.
    pub(crate) fn set(&mut self, place: usize, id: Cow<'a, str>) {
        if let Some(slot) = self.0.get_mut(place) {
            *slot = Some(id);
        }
    }
}

impl Ids<'_> {
    /// The identifier at this position among the names.
    #[inline]
    pub(crate) fn get(&self, place: usize) -> Option<&str> {
        self.0.get(place)?.as_deref()
    }

    /// The first identifier, and its position among all of them.
    #[must_use]
    pub fn first(&self) -> Option<(usize, &str)> {
        self.0
            .iter()
            .enumerate()
            .find_map(|(place, id)| Some((place, id.as_deref()?)))
    }

    /// Whether an identity has the same identifiers.
    #[must_use]
    pub fn is(&self, identity: &Identity) -> bool {
        self.0.each_ref().map(Option::as_deref) == identity.values()
    }

    /// The same identifiers in the client's type.
    #[must_use]
    pub fn to_identity(&self) -> Identity {
        Identity::from_values(self.0.each_ref().map(|id| id.as_deref().map(str::to_owned)))
    }
}

impl fmt::Debug for Ids<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_identity().fmt(f)
    }
}
