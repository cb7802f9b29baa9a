//! Files as people have them, from a Korean office above all, and what becomes of every record in them.
#![cfg(unix)]

mod accounts;
mod any_table;
mod bad_records;
mod changing;
#[path = "../common/command.rs"]
mod command;
mod corrected_orders;
mod corrections;
mod drafts;
mod json_rows;
mod korean;
mod looking;
mod parquet;
mod purchases;
mod rejected;
#[path = "../common/shop.rs"]
mod shop;
mod shop_nights;
mod tables_of_bad_rows;
mod tills;
mod unreadable;
mod warnings;
mod workbooks;

/// The arguments to load a table of events by the mapping `m.yaml`.
fn load(file: &str) -> [&str; 5] {
    ["load", "events", file, "--mapping", "m.yaml"]
}
