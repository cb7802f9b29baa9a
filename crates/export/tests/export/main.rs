//! Exports from the emulator to folders, compared with what the emulator has.

mod days;
mod service;
