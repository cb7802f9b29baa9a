//! Profiles as hashes, to remember what was accepted.

use dfinery::Properties;
use dfinery_records::{Checked, RecordKind};
use xxhash_rust::xxh3::xxh3_128;

use crate::pack::edited;

/// Whom a profile is about and what it says, as hashes. As in the ordering of calls, the first identifier names the
/// user, since a profile of the same user may come with more or fewer of the others. Which of them came is part of what
/// the profile says.
pub(crate) fn profile_hash(checked: &Checked<'_>) -> Option<(u128, u128)> {
    if checked.kind != RecordKind::Profile {
        return None;
    }
    let (place, id) = checked.identity.first()?;
    let user = [&[u8::try_from(place).ok()?], id.as_bytes()].concat();
    let properties: Properties = serde_json::from_str(&edited(checked)).ok()?;
    let says = serde_json::to_vec(&(checked.identity.to_identity(), properties)).ok()?;
    Some((xxh3_128(&user), xxh3_128(&says)))
}
