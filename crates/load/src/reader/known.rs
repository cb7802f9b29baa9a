//! What earlier loads had accepted.

use std::io;

use dfinery_input::Line;
use dfinery_records::{Checked, Checker};

use super::Reader;
use crate::{delta::Delta, fingerprint::Fingerprint, lock::lock, outcome::Stop};

impl Reader {
    /// An earlier run settled this record, but may have been killed before it remembered what the server now has.
    pub(super) fn doubt(&self, line: &Line<'_>, checker: &mut Checker) -> Result<(), Stop> {
        if self.delta.is_some()
            && let Ok(json) = &line.json
            && let Ok(checked) = checker.check(json)
            && let Some(fingerprint) = self.fingerprint(&checked)
        {
            self.delta(|delta| {
                if delta.unchanged(&fingerprint)? {
                    return Ok(());
                }
                delta.doubt(&fingerprint)
            })?;
        }
        Ok(())
    }

    /// What a record says, if that is to be remembered.
    pub(super) fn fingerprint(&self, checked: &Checked<'_>) -> Option<Fingerprint> {
        self.delta.as_ref().and_then(|_| Fingerprint::of(checked))
    }

    /// Runs a function on the memory of earlier loads. It takes no other lock meanwhile.
    pub(super) fn delta<T: Default>(&self, act: impl FnOnce(&mut Delta) -> io::Result<T>) -> Result<T, Stop> {
        let Some(delta) = &self.delta else {
            return Ok(T::default());
        };
        let mut delta = lock(delta);
        act(&mut delta).map_err(|error| Stop::Disk(error.to_string()))
    }
}
