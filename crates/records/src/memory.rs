//! What is remembered from one record to the next.

use super::taxonomy::{Section, Taxonomy};

/// Which registered properties an object has, and in which order they came before.
///
/// Most objects of an input have the same properties in the same order, and comparing a name is quicker than looking it up.
pub(crate) struct Memory {
    /// For each section, one slot per property, by position, and a last slot in front of the first property.
    slots: [Vec<KeyMark>; 3],
    /// The number of the current properties object, from 1.
    object: u64,
    /// The position of the last event.
    pub(crate) event: usize,
}

#[derive(Clone, Copy, Default)]
struct KeyMark {
    /// The last object that had the property.
    object: u64,
    /// Whether the property had a value there.
    has_value: bool,
    /// The position of the property that followed it last time.
    next: usize,
}

impl Memory {
    pub(crate) fn new(taxonomy: Option<&Taxonomy>) -> Self {
        let sizes = [Section::Event, Section::Item, Section::User]
            .map(|section| taxonomy.map_or(0, |taxonomy| taxonomy.section(section).len()));
        Self {
            slots: sizes.map(|size| vec![KeyMark::default(); size + 1]),
            object: 0,
            event: 0,
        }
    }

    /// Begins a properties object. Returns its number, and the position in front of its first property.
    pub(crate) fn begin(&mut self, section: Section) -> (u64, usize) {
        self.object += 1;
        (self.object, self.slots[section as usize].len() - 1)
    }

    /// The position of the property that followed this one last time.
    #[inline]
    pub(crate) fn next(&self, section: Section, before: usize) -> usize {
        let slot = self.slots[section as usize].get(before);
        slot.map_or(0, |slot| slot.next)
    }

    /// Remembers which property followed another one.
    pub(crate) fn set_next(&mut self, section: Section, before: usize, place: usize) {
        if let Some(slot) = self.slots[section as usize].get_mut(before) {
            slot.next = place;
        }
    }

    /// Adds a property to the current object; false if the object already had it.
    #[inline]
    pub(crate) fn add(&mut self, section: Section, place: usize) -> bool {
        let object = self.object;
        let Some(slot) = self.slots[section as usize].get_mut(place) else {
            return true;
        };
        let is_new = slot.object != object;
        if is_new {
            slot.object = object;
            slot.has_value = true;
        }
        is_new
    }

    /// Notes that the property just added has no value.
    pub(crate) fn set_null(&mut self, section: Section, place: usize) {
        if let Some(slot) = self.slots[section as usize].get_mut(place) {
            slot.has_value = false;
        }
    }

    /// Whether an object had a property with a value.
    #[inline]
    pub(crate) fn has_value(&self, object: u64, section: Section, place: usize) -> bool {
        let slot = self.slots[section as usize].get(place);
        slot.is_some_and(|slot| slot.object == object && slot.has_value)
    }
}
