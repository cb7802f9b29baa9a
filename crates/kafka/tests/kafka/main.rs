//! Loads from librdkafka's mock cluster into the emulator, over real sockets.

mod bench;
mod broker;
mod faults;
mod killed;
mod letters;
mod mapped;
mod members;
mod once;
mod quota;
mod status;
