//! Loads from librdkafka's mock cluster into the emulator, over real sockets.

mod bench;
mod faults;
mod killed;
mod letters;
mod members;
mod once;
mod quota;
