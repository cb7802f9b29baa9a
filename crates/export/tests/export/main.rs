//! Exports from the emulator to folders, compared with what the emulator has.

mod days;
mod folders;
mod probe;
#[cfg(feature = "parquet")]
mod readers;
mod service;
mod statements;
mod stores;
