//! Files as people have them, from a Korean office above all, and what becomes of every record in them.
#![cfg(unix)]

mod accounts;
mod any_table;
mod bad_records;
mod changing;
#[path = "../common/command.rs"]
mod command;
mod korean;
mod looking;
mod purchases;
mod rejected;
mod unreadable;
mod warnings;
