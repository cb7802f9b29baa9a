//! The fields of an object, as positions in the list of their names.

/// The position of a name in a list. Meant for constants: a name that is not in the list does not compile.
pub(crate) const fn place_of(name: &str, fields: &[&str]) -> usize {
    let mut place = 0;
    while place < fields.len() {
        if is_same(fields[place].as_bytes(), name.as_bytes()) {
            return place;
        }
        place += 1;
    }
    panic!("no field has this name")
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// The fields seen in an object so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seen(u32);

impl Seen {
    /// Adds a field; false if the object already had it.
    pub(crate) const fn add(&mut self, place: usize) -> bool {
        let is_new = !self.has(place);
        self.0 |= 1 << place;
        is_new
    }

    pub(crate) const fn has(self, place: usize) -> bool {
        self.0 & (1 << place) != 0
    }
}
