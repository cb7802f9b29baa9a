//! Records as hashes, to remember what was accepted.

use dfinery::Properties;
use dfinery_records::{Checked, RecordKind};
use xxhash_rust::xxh3::xxh3_128;

use crate::edited::edited;

/// What a record says and of whom, as hashes.
///
/// A profile says the properties of the user whom its first identifier names. An identity says of each of its identifiers
/// with which others it goes: when one of them moves to another user, the identity that had it before is no longer what was
/// accepted last. Whether a profile that names a user by several identifiers moves them is undocumented.
#[derive(Debug)]
pub(crate) struct Fingerprint {
    /// The user. As in the ordering of calls, the first identifier names it, since a record of the same user may come with
    /// more or fewer of the others.
    pub(crate) user: u128,
    /// What the record is about, and what it says of that.
    pub(crate) says: Vec<(u128, Says)>,
}

/// What is true of something once a record is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    This(u128),
    /// What was true before, if it was this.
    NothingBut(u128),
    /// Nobody knows.
    Unknown,
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
        let ids = (0_u8..).zip(identity.values());
        let ids: Vec<_> = ids.filter_map(|(place, id)| Some((place, id?))).collect();
        let [first, others @ ..] = &*ids else { return None };
        let user = of_user(first);
        let together = || Some(xxh3_128(&serde_json::to_vec(&identity).ok()?));
        let of_each = |says| ids.iter().map(move |id| (of_identifier(id), says));
        let mut says = Vec::new();
        match checked.kind {
            RecordKind::Event => return None,
            RecordKind::Identity => says.extend(of_each(Says::This(together()?))),
            RecordKind::Profile => {
                let properties: Properties = serde_json::from_str(&edited(checked)).ok()?;
                let all = serde_json::to_vec(&(&identity, properties)).ok()?;
                says.push((user, Says::This(xxh3_128(&all))));
                if !others.is_empty() {
                    says.extend(of_each(Says::NothingBut(together()?)));
                }
            }
            RecordKind::Deletion => says.extend([(user, Says::Unknown), (of_identifier(first), Says::Unknown)]),
        }
        // The other identifiers may have named another user before, with other properties.
        says.extend(others.iter().map(|id| (of_user(id), Says::Unknown)));
        Some(Self { user, says })
    }

    /// What is known once the record is accepted.
    pub(crate) fn known(&self) -> impl Iterator<Item = (u128, u128)> {
        self.says.iter().filter_map(|(about, says)| match says {
            Says::This(says) => Some((*about, *says)),
            Says::NothingBut(_) | Says::Unknown => None,
        })
    }
}

fn of_user((place, id): &(u8, &str)) -> u128 {
    xxh3_128(&[&[*place], id.as_bytes()].concat())
}

fn of_identifier((place, id): &(u8, &str)) -> u128 {
    xxh3_128(&[&[IDENTITY, *place], id.as_bytes()].concat())
}
