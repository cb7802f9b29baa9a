//! Makes a load resumable after a kill or a loss of power at any moment.
//!
//! The journal is a file of entries, each with a checksum ([`entry`]). Before a record is sent for the first time the
//! journal notes it ([`Journal::sent`]), and once its fate is known it notes that too ([`Journal::done`]). A restarted
//! load skips what is done, and knows which records may have been sent before.
//!
//! Before it notes anything about a record, the journal notes how far the input was read ([`Journal::has_read`]): a
//! record is known by its position, which means nothing if the file changes before it. Standard input cannot be compared
//! before it is read, so its earlier lengths and hashes are kept too, and compared as it comes. Once it was read to its end,
//! the last record is kept as well ([`Journal::has_ended`]), since the end may have been in the middle of it.
//!
//! It also notes when calls were made ([`Journal::spends`]), since a run may follow a kill at once.
//!
//! * **A damaged or torn entry** is cut off with everything after it, wherever it is. The journal says how long it is
//!   ([`extent`]), so that damage differs from a write that a kill has cut short, and an end that is missing from an end.
//!   After damage any record that is not done may have been sent: all of them are sent again with the same ids, and
//!   count as perhaps sent twice.
//! * **After a kill** every written entry ([`Journal::flush`]) is still there, since the system has its bytes. No call
//!   is made before its `Sent` is written, so `Sent` is exact.
//! * **After a loss of power** the last entries may be missing, because waiting for the disk at each would be slow. The
//!   journal waits only at [`Journal::reach`]: records before that position may have been sent. So if the machine was
//!   rebooted since the last run (its boot id differs or is unknown), every record before it that is not done counts as
//!   in flight. The files beside the journal (dead letters and such) may have lost lines
//!   as well: a fate with lines there counts only if they were synced, and each file is truncated to what was synced. A
//!   run that ended with [`Journal::stop`] or [`Journal::finish`] is exact in any case.
//! * **A large journal** is replaced by a snapshot, which is written under another name, synced and renamed, so that a
//!   complete journal always exists. That is why the lock is a separate file.

mod apply;
mod compare;
mod contents;
mod entry;
mod extent;
mod header;
mod log;
mod spent;
mod summary;
mod tally;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    contents::look,
    header::{Header, HeaderInput, Marks},
    log::{Done, Journal},
    spent::Calls,
    summary::State,
};

/// Its name in the folder of a load.
pub(crate) const JOURNAL: &str = "journal";
/// The code of records that were not sent because they have not changed.
pub(crate) const UNCHANGED: &str = "unchanged";
