//! How calls leave the reading thread, no more at a time than their memory allows.

use std::sync::{Arc, MutexGuard};

use tokio::{runtime::Handle, sync::OwnedSemaphorePermit};

use super::{Halt, Reader, WAITING_BYTES};
use crate::{
    lock::lock,
    pack::{Batch, Packer},
    schedule::Waiting,
};

impl Reader {
    /// Hands over full calls; blocks while too many are already waiting.
    ///
    /// A call leaves the packer only once there is room for it. So later calls taken from the packer never overtake
    /// earlier ones, which are either still there or handed over.
    pub(super) fn hand_over(&self) -> Result<(), Halt> {
        loop {
            let Some(bytes) = self.packer().first_closed().map(Batch::bytes) else {
                return Ok(());
            };
            let room = self
                .reserve(bytes)
                .zip(Handle::current().block_on(self.calls.reserve()).ok());
            let (memory, room) = room.ok_or(Halt::Stopped)?;
            let mut packer = self.packer();
            if let Some(batch) = packer.take_first_closed() {
                let memory = Some(Arc::new(memory));
                room.send(Waiting { batch, memory });
            }
        }
    }

    pub(super) fn packer(&self) -> MutexGuard<'_, Packer> {
        lock(&self.packer)
    }

    fn reserve(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes.min(WAITING_BYTES)).unwrap_or(u32::MAX);
        let memory = Arc::clone(&self.memory);
        if let Ok(permit) = Arc::clone(&memory).try_acquire_many_owned(bytes) {
            return Some(permit);
        }
        Handle::current().block_on(async {
            tokio::select! {
                permit = memory.acquire_many_owned(bytes) => permit.ok(),
                () = self.calls.closed() => None,
            }
        })
    }

    /// Waits until everything handed over so far is settled.
    pub(super) fn wait_until_settled(&self) -> Result<(), Halt> {
        self.reserve(WAITING_BYTES).map(drop).ok_or(Halt::Stopped)
    }
}
