//! Records in the order of their users, and how far a sort has come.

use dfinery_input::{Input, Sorter};

use super::{Collected, Halt, Reader};
use crate::{outcome::Stop, sorted_item};

impl Reader {
    /// Records in the order of their users.
    pub(super) fn sorted(&self, sorter: Sorter, reading: &mut Collected) -> Result<(), Halt> {
        let disk = |error| Stop::disk("sorting", &error);
        let mut items = sorter.finish().map_err(disk)?;
        let (mut counted, mut taken) = (self.sending.progress.part(), 0);
        while let Some(item) = items.next().map_err(disk)? {
            taken += 1;
            counted.has_read(part(reading.bytes, taken, reading.to_sort));
            let Some((id, line)) = sorted_item::read(item) else {
                return Err(Stop::Bug("a sorted record cannot be read back").into());
            };
            let json = line.json.as_ref().copied().unwrap_or_default();
            let Ok(checked) = reading.checker.check(json) else {
                return Err(Stop::Bug("a record was valid before it was sorted").into());
            };
            if self.take(id, &line, &checked, json, &mut reading.read)? {
                self.hand_over()?;
            }
            if *self.sending.stop.borrow() {
                return Err(Halt::Stopped);
            }
        }
        counted.has_read(reading.bytes);
        Ok(())
    }

    /// The bytes that the sorted rows which have become records stand for.
    pub(super) fn sorted_bytes(input: &Input) -> u64 {
        let rows = input.sorted_rows().zip(input.length());
        rows.map_or(0, |((given, of), length)| part(length, given, of))
    }
}

/// As many bytes of all as records of all.
fn part(bytes: u64, records: u64, of: u64) -> u64 {
    let part = u128::from(bytes) * u128::from(records) / u128::from(of.max(1));
    u64::try_from(part).unwrap_or(u64::MAX)
}
