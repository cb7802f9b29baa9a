//! The emulator over real sockets, as a program without this crate's clients would see it: byte by byte.

mod answers;
mod bodies;
mod exports;
mod faults;
mod itself;
mod profiles;
mod quotas;
mod registration;
mod requests;
mod routes;
mod wire;

use dfinery_emulator::{Clock, Emulator, Settings};

/// An emulator with some settings changed.
async fn start(change: impl FnOnce(&mut Settings)) -> Emulator {
    let mut settings = Settings::default();
    change(&mut settings);
    Emulator::builder().settings(settings).start().await.unwrap()
}

/// A clock that stands still.
fn at(time: &str) -> Clock {
    Clock::fixed(time.parse().unwrap())
}
