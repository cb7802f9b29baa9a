//! Loading from the command line, as a person or a scheduler does it.
#![cfg(unix)]

mod books;
#[path = "../common/command.rs"]
mod command;
mod delete;
mod files;
mod load;
mod settings;
mod status;
mod stdin;
mod stop;
#[cfg(any(feature = "parquet", feature = "spreadsheet"))]
mod typed;

use std::{fmt::Write as _, fs};

use command::Desk;

impl Desk {
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn receipt(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(&format!("{name}.dfinery/receipt.json"))).unwrap()
    }
}

/// Events of users whose names nobody may see in an output.
fn events(users: usize, each: usize) -> String {
    let mut text = String::new();
    for round in 0..each {
        for user in 0..users {
            text += &event(&format!("kim-{user}"), "df_login", round);
        }
    }
    text
}

fn event(user: &str, name: &str, second: usize) -> String {
    let mut text = String::new();
    let (minute, second) = (second / 60 % 60, second % 60);
    writeln!(
        text,
        r#"{{"identity":{{"external_id":"{user}"}},"event":{{"event_name":"{name}","event_datetime":"2026-11-01T00:{minute:02}:{second:02}Z"}}}}"#
    )
    .unwrap();
    text
}
