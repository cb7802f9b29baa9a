//! Profiles as hashes, for remembering what was accepted.

use dfinery::Properties;
use dfinery_records::{Checked, RecordKind};
use xxhash_rust::xxh3::xxh3_128;

use crate::pack::edited;

/// Who a profile is about and what it says, as hashes. A user is known by the first identifier, as where calls are put in order,
/// since a profile of the same user may come with more or fewer of the others; which came belongs to what it says.
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
