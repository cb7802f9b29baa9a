//! Records as hashes, to remember what was accepted.

use dfinery::Properties;
use dfinery_records::{Checked, RecordKind};
use xxhash_rust::xxh3::xxh3_128;

use crate::pack::edited;

/// What a record says and of whom, as hashes.
///
/// A profile says the properties of the user whom its first identifier names. An identity says of each of its identifiers
/// with which others it goes: when one of them moves to another user, the identity that had it before is no longer what was
/// accepted last.
#[derive(Debug)]
pub(crate) struct Fingerprint {
    /// The user. As in the ordering of calls, the first identifier names it, since a record of the same user may come with
    /// more or fewer of the others.
    pub(crate) user: u128,
    /// What the record is about, and what it says of that; `None` if nobody knows what is true of it afterwards.
    pub(crate) says: Vec<(u128, Option<u128>)>,
}

/// The first byte of what is hashed for an identifier of an identity. That of a user with properties is its place.
const IDENTITY: u8 = 0xFF;

impl Fingerprint {
    /// The fingerprint of a record whose effect can be remembered; none of an event.
    pub(crate) fn of(checked: &Checked<'_>) -> Option<Self> {
        if checked.kind == RecordKind::Event {
            return None;
        }
        let identity = checked.identity.to_identity();
        let mut ids = (0_u8..)
            .zip(identity.values())
            .filter_map(|(place, id)| Some((place, id?)));
        let first = ids.next()?;
        let user = of_user(first);
        let says = match checked.kind {
            RecordKind::Event => return None,
            RecordKind::Profile => {
                let properties: Properties = serde_json::from_str(&edited(checked)).ok()?;
                let says = serde_json::to_vec(&(&identity, properties)).ok()?;
                vec![(user, Some(xxh3_128(&says)))]
            }
            RecordKind::Identity => {
                let says = Some(xxh3_128(&serde_json::to_vec(&identity).ok()?));
                // The other identifiers may have named another user before, with other properties.
                let others = ids.flat_map(|id| [(of_identifier(id), says), (of_user(id), None)]);
                std::iter::once((of_identifier(first), says)).chain(others).collect()
            }
            RecordKind::Deletion => vec![(user, None), (of_identifier(first), None)],
        };
        Some(Self { user, says })
    }

    /// What is known once the record is accepted.
    pub(crate) fn known(&self) -> impl Iterator<Item = (u128, u128)> {
        self.says.iter().filter_map(|(about, says)| Some((*about, (*says)?)))
    }
}

fn of_user((place, id): (u8, &str)) -> u128 {
    xxh3_128(&[&[place], id.as_bytes()].concat())
}

fn of_identifier((place, id): (u8, &str)) -> u128 {
    xxh3_128(&[&[IDENTITY, place], id.as_bytes()].concat())
}
