//! The base of the ids of events that are made from their positions.

use dfinery_input::{Beginning, InputError};
use uuid::Uuid;

use super::{Halt, Reader};
use crate::{event_ids, lock::lock, outcome::Stop};

impl Reader {
    /// The base of the event ids of an input: its contents, which this reads completely.
    pub(super) fn namespace(&self, input: usize) -> Result<Uuid, Halt> {
        let namespaces = if let Some(known) = self.namespaces.get() {
            known
        } else {
            let read = self.read_namespaces()?;
            self.namespaces.get_or_init(|| read)
        };
        let namespace = namespaces.get(input).copied();
        Ok(namespace.ok_or(Stop::Bug("a record of no input"))?)
    }

    fn read_namespaces(&self) -> Result<Vec<Uuid>, Halt> {
        let goes_on = || !*self.sending.stop.borrow();
        let mut contents = Vec::new();
        let mut namespaces = Vec::new();
        for (input, source) in self.inputs.iter().enumerate() {
            let Some(path) = &source.path else {
                namespaces.push(source.ids.unwrap_or_else(Uuid::new_v4));
                continue;
            };
            let whole = Beginning::of_file(path, u64::MAX, goes_on)
                .map_err(|error| Stop::Input(InputError::reading(&source.name, error)))?
                .ok_or(Halt::Stopped)?;
            // Otherwise a later change of the file would change the ids of events already sent.
            self.has_read(input, source, whole)?;
            let same = contents.iter().filter(|other| **other == whole).count();
            namespaces.push(event_ids::namespace(whole, same));
            contents.push(whole);
        }
        lock(&self.accounts).sync()?;
        Ok(namespaces)
    }
}
