//! DFINERY on the loopback, in this process: for tests, and for trying things out without an account.
//!
//! The [`Emulator`] speaks HTTP on a real socket, so a client under test cannot tell it from the service. It finds operations,
//! verdicts, limits and standard names in the tables that the clients use too, and shares no other code with them.
//!
//! * What the documentation leaves open is a field of [`Settings`]: run a test under each reading.
//! * Anything that can go wrong on the way is a [`Fault`], [scripted](Emulator::script) request by request or [by
//!   chance](Emulator::fault_rate).
//! * The [`Ledger`] holds what arrived, to the last event.

#![deny(missing_docs)]

mod answer;
mod body;
mod clock;
mod csv;
mod emulator;
mod export;
mod fault;
mod import;
mod ledger;
mod limits;
mod lock;
mod registered;
mod routes;
mod server;
mod settings;
mod state;
mod store;
mod wire;

pub use self::{
    clock::Clock,
    emulator::{Emulator, EmulatorBuilder},
    fault::{Fault, FaultRate},
    ledger::{Answered, EventRecord, Ledger, ProfileRecord, RequestRecord, Verdict},
    registered::Registered,
    settings::{
        Batch, CheckOrder, CodeStyle, DayZone, Duplicates, ExportTime, FailureStyle, Framing, ItemRows, LineEnding,
        NullProperty, OverLimit, ProfileUpdate, RateHeaders, ResetUnit, Settings, SuccessData, UnknownIdentity,
        Unregistered, Window,
    },
};
