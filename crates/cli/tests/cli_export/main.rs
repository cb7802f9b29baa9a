//! `dfinery export` from the outside: its files, what it says, and its exit codes.

#![cfg(unix)]

mod commands;
mod kill;
mod service;
