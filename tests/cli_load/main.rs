//! Loading from the command line, as a person or a scheduler does it.
#![cfg(all(feature = "cli", unix))]

mod delete;
mod files;
mod load;
mod settings;
mod stop;

use std::{
    fmt::Write as _,
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use dfinery::emulator::Emulator;
use tempfile::TempDir;

/// A working folder, an emulator, and the command between them.
struct Bench {
    emulator: Emulator,
    folder: TempDir,
}

/// What a run of the command left.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Bench {
    async fn new() -> Self {
        Self {
            emulator: Emulator::start().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn receipt(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(&format!("{name}.dfinery/receipt.json"))).unwrap()
    }

    /// The command, with a service id and a token.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command
            .current_dir(&self.folder)
            .env("DFINERY_BASE_URL", self.emulator.base_url())
            .env("DFINERY_SERVICE_ID", self.emulator.service_id())
            .env("DFINERY_IMPORT_TOKEN", self.emulator.import_token());
        command
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        run(self.command(arguments)).await
    }
}

/// The command, without anything of this process that could change what it does.
fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dfinery"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DFINERY_") {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it to its end while the emulator of this process answers.
async fn run(mut command: Command) -> Ran {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    output.into()
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Holds the exit code, and that nothing said holds a token or a value of the records that [`events`] makes.
    #[track_caller]
    fn is(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "out: {}\nerr: {}", self.out, self.err);
        for secret in ["emulated-import-token", "kim-", "no-such-token"] {
            for text in [&self.out, &self.err] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
        self
    }

    #[track_caller]
    fn says(&self, words: &str) -> &Self {
        assert!(
            self.out.contains(words) || self.err.contains(words),
            "no `{words}` in\nout: {}\nerr: {}",
            self.out,
            self.err
        );
        self
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
