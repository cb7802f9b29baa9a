//! The data that DFINERY would hold: unified profiles, merged by shared identifiers, and their events.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use uuid::Uuid;

use super::{
    ledger::{EventRecord, ProfileRecord, SlotId},
    settings::{NullProperty, ProfileUpdate},
};
use dfinery::{Event, Identity, Properties, PropertyValue, Timestamp};

/// Profiles and events, in memory.
pub(crate) struct Store {
    profiles: Vec<Slot>,
    /// For each kind of identifier, in the order of `Identity::FIELDS`: the slot of each value.
    owners: [HashMap<String, SlotId>; Identity::FIELDS.len()],
    events: Vec<Arc<EventRecord>>,
    event_ids: HashSet<Uuid>,
    /// The names of properties that were ever stored: the columns of an export, beside the registered ones.
    seen: Seen,
    unified_ids: fastrand::Rng,
}

enum Slot {
    Profile(Arc<ProfileRecord>),
    MergedInto(SlotId),
}

/// Names of properties that were stored, by what they belong to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) events: BTreeSet<String>,
    pub(crate) items: BTreeSet<String>,
    pub(crate) users: BTreeSet<String>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            profiles: Vec::new(),
            owners: Default::default(),
            events: Vec::new(),
            event_ids: HashSet::new(),
            seen: Seen::default(),
            unified_ids: fastrand::Rng::with_seed(0),
        }
    }
}

impl Store {
    /// Whether one of the identifiers belongs to a profile.
    pub(crate) fn knows(&self, identity: &Identity) -> bool {
        !self.profiles_of(identity).is_empty()
    }

    /// The profile that owns all these identifiers from now on: found, created, or merged from several into the oldest.
    pub(crate) fn unify(&mut self, identity: &Identity) -> SlotId {
        let found = self.profiles_of(identity);
        let slot = match found.split_first() {
            None => self.create(),
            Some((&oldest, younger)) => {
                for &other in younger {
                    self.merge(oldest, other);
                }
                oldest
            }
        };
        for (owners, value) in self.owners.iter_mut().zip(identity.values()) {
            if let Some(value) = value.filter(|&value| owners.get(value) != Some(&slot)) {
                owners.insert(value.to_owned(), slot);
            }
        }
        if let Some(profile) = self.profile_mut(slot) {
            adopt(&mut profile.identity, identity);
        }
        slot
    }

    /// Deletes the profile of an external id, and returns whether there was one.
    pub(crate) fn delete(&mut self, external_id: &str) -> bool {
        let found = self.profiles_of(&Identity::external_id(external_id));
        for &slot in &found {
            if let Some(profile) = self.profile_mut(slot) {
                profile.deleted = true;
            }
        }
        !found.is_empty()
    }

    /// Sets properties of a user.
    pub(crate) fn set_properties(
        &mut self,
        slot: SlotId,
        properties: &Properties,
        update: ProfileUpdate,
        null: NullProperty,
    ) {
        note(&mut self.seen.users, properties.iter());
        let Some(profile) = self.profile_mut(slot) else { return };
        if update == ProfileUpdate::Replace {
            profile.properties = Properties::new();
        }
        let set = |value: &PropertyValue| *value != PropertyValue::Null || null == NullProperty::Clear;
        profile
            .properties
            .extend(owned(properties).filter(|(_, value)| set(value)));
    }

    /// Whether an event with this id was taken before.
    pub(crate) fn has_event(&self, id: &Uuid) -> bool {
        self.event_ids.contains(id)
    }

    /// How many events were taken, stored or not.
    pub(crate) fn event_count(&self) -> usize {
        self.events.len()
    }

    /// Takes an event: records it always, and includes it in exports if it is `stored`.
    pub(crate) fn add_event(&mut self, event: Event, stored: bool, request: &Taken) {
        self.event_ids.insert(event.event_log_id);
        if stored {
            let properties = event.event_properties.iter().flat_map(Properties::iter);
            note(&mut self.seen.events, properties);
            note(
                &mut self.seen.items,
                event.event_items.iter().flat_map(Properties::iter),
            );
        }
        self.events.push(Arc::new(EventRecord {
            request: request.sequence,
            position: self.events.len(),
            identity: Arc::clone(&request.identity),
            received: request.received,
            stored,
            event,
            owner: request.owner,
        }));
    }

    /// Every event that was taken, in the order of arrival.
    pub(crate) fn events(&self) -> &[Arc<EventRecord>] {
        &self.events
    }

    /// The profile at a slot, even if it was since merged into another.
    pub(crate) fn profile(&self, slot: SlotId) -> Option<&Arc<ProfileRecord>> {
        match self.profiles.get(self.resolve(slot).0) {
            Some(Slot::Profile(profile)) => Some(profile),
            Some(Slot::MergedInto(_)) | None => None,
        }
    }

    /// Every profile, including deleted ones, oldest first.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = &Arc<ProfileRecord>> {
        self.profiles.iter().filter_map(|slot| match slot {
            Slot::Profile(profile) => Some(profile),
            Slot::MergedInto(_) => None,
        })
    }

    /// The names of properties that were ever stored.
    pub(crate) const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The living profiles that own one of the identifiers, oldest first.
    fn profiles_of(&self, identity: &Identity) -> Vec<SlotId> {
        let mut found: Vec<SlotId> = self
            .owners
            .iter()
            .zip(identity.values())
            .filter_map(|(owners, value)| owners.get(value?))
            .map(|&slot| self.resolve(slot))
            .filter(|&slot| self.profile(slot).is_some_and(|profile| !profile.deleted))
            .collect();
        found.sort_unstable_by_key(|slot| slot.0);
        found.dedup();
        found
    }

    fn create(&mut self) -> SlotId {
        let slot = SlotId(self.profiles.len());
        let unified_id = uuid::Builder::from_random_bytes(self.unified_ids.u128(..).to_be_bytes()).into_uuid();
        self.profiles.push(Slot::Profile(Arc::new(ProfileRecord {
            unified_id,
            identity: Identity::new(),
            properties: Properties::new(),
            deleted: false,
        })));
        slot
    }

    /// Merges a profile into an older one. Where both have a value, the older one's stays.
    fn merge(&mut self, older: SlotId, younger: SlotId) {
        let Some(slot) = self.profiles.get_mut(younger.0) else {
            return;
        };
        let Slot::Profile(gone) = std::mem::replace(slot, Slot::MergedInto(older)) else {
            return;
        };
        let Some(kept) = self.profile_mut(older) else { return };
        let mut identity = gone.identity.clone();
        adopt(&mut identity, &kept.identity);
        kept.identity = identity;
        kept.properties = owned(&gone.properties).chain(owned(&kept.properties)).collect();
    }

    fn profile_mut(&mut self, slot: SlotId) -> Option<&mut ProfileRecord> {
        let slot = self.resolve(slot);
        match self.profiles.get_mut(slot.0) {
            Some(Slot::Profile(profile)) => Some(Arc::make_mut(profile)),
            Some(Slot::MergedInto(_)) | None => None,
        }
    }

    /// Follows merges. They lead to older slots only, so this ends.
    fn resolve(&self, mut slot: SlotId) -> SlotId {
        while let Some(Slot::MergedInto(older)) = self.profiles.get(slot.0) {
            slot = *older;
        }
        slot
    }
}

/// The request that brought events.
pub(crate) struct Taken {
    pub(crate) sequence: u64,
    pub(crate) received: Timestamp,
    pub(crate) identity: Arc<Identity>,
    pub(crate) owner: SlotId,
}

/// Adopts the given identifiers; the newest of each kind is recorded.
fn adopt(known: &mut Identity, given: &Identity) {
    let mut values = known.values().map(|value| value.map(str::to_owned));
    for (value, given) in values.iter_mut().zip(given.values()) {
        if let Some(given) = given {
            *value = Some(given.to_owned());
        }
    }
    *known = Identity::from_values(values);
}

fn owned(properties: &Properties) -> impl Iterator<Item = (String, PropertyValue)> {
    properties.iter().map(|(name, value)| (name.to_owned(), value.clone()))
}

fn note<'a>(seen: &mut BTreeSet<String>, properties: impl Iterator<Item = (&'a str, &'a PropertyValue)>) {
    for (name, _) in properties {
        if !seen.contains(name) {
            seen.insert(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unified_id(store: &Store, slot: SlotId) -> Uuid {
        store.profile(slot).unwrap().unified_id
    }

    #[test]
    fn a_shared_identifier_merges_into_the_oldest_profile() {
        let mut store = Store::default();
        let first = store.unify(&Identity::external_id("a"));
        let second = store.unify(&Identity::new().email("x@example.com").phone_no("8210"));
        assert_ne!(unified_id(&store, first), unified_id(&store, second));
        let oldest = unified_id(&store, first);

        store.unify(&Identity::external_id("a").email("x@example.com"));
        assert_eq!(unified_id(&store, second), oldest);
        let by_phone = store.unify(&Identity::new().phone_no("8210"));
        assert_eq!(unified_id(&store, by_phone), oldest);
        assert_eq!(store.profiles().count(), 1);
    }

    #[test]
    fn properties_of_both_survive_a_merge() {
        let mut store = Store::default();
        for (user, membership) in [("a", "VIP"), ("b", "Basic")] {
            let slot = store.unify(&Identity::external_id(user).email(format!("{user}@example.com")));
            let properties = Properties::from([("df_membership", membership), (user, user)]);
            store.set_properties(slot, &properties, ProfileUpdate::Merge, NullProperty::Clear);
        }
        let slot = store.unify(&Identity::external_id("a").email("b@example.com"));
        let merged = store.profile(slot).unwrap();
        let expected = Properties::from([("df_membership", "VIP"), ("a", "a"), ("b", "b")]);
        assert!(merged.properties == expected, "the older profile's membership must win");
    }

    #[test]
    fn a_deleted_user_comes_back_as_a_new_one() {
        let mut store = Store::default();
        let user = Identity::external_id("a").email("a@example.com");
        let old = store.unify(&user);
        assert!(store.delete("a"));
        assert!(!store.delete("a"));
        assert!(!store.knows(&user));
        let new = store.unify(&user);
        assert_ne!(unified_id(&store, old), unified_id(&store, new));
    }

    #[test]
    fn unified_ids_are_the_same_in_every_run() {
        let ids = || {
            let mut store = Store::default();
            let slots = ["a", "b"].map(|user| store.unify(&Identity::external_id(user)));
            slots.map(|slot| unified_id(&store, slot))
        };
        assert_eq!(ids(), ids());
    }
}
