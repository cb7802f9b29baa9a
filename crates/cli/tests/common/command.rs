//! The command over a real emulator.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use dfinery_emulator::Emulator;
use tempfile::TempDir;

/// Stands in values that no output may show; users are called `kim-…` for the same reason.
pub const SECRET: &str = "secret";

/// A working folder, an emulator, and the command between them.
pub struct Desk {
    pub emulator: Emulator,
    pub folder: TempDir,
}

/// What a run of the command left.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Desk {
    pub async fn new() -> Self {
        Self {
            emulator: Emulator::start().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// The command, with a service id and a token.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command
            .current_dir(&self.folder)
            .env("DFINERY_BASE_URL", self.emulator.base_url())
            .env("DFINERY_SERVICE_ID", self.emulator.service_id())
            .env("DFINERY_IMPORT_TOKEN", self.emulator.import_token());
        command
    }

    /// Runs it to its end while the emulator of this process answers.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        run(self.command(arguments)).await
    }

    /// Runs it with this on standard input, which is closed after.
    pub async fn run_with_stdin(&self, arguments: &[&str], stdin: &[u8]) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let stdin = stdin.to_vec();
        tokio::task::spawn_blocking(move || {
            // A command that reads no standard input may be gone by now.
            let _ = pipe.write_all(&stdin);
            drop(pipe);
            child.wait_with_output().unwrap()
        })
        .await
        .unwrap()
        .into()
    }
}

/// The command, without anything of this process that could change what it does.
pub fn bare(arguments: &[&str]) -> Command {
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

pub async fn run(mut command: Command) -> Ran {
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
    /// Holds the exit code, and that no output has a token or a value that nobody may see.
    #[track_caller]
    pub fn is(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "out: {}\nerr: {}", self.out, self.err);
        self.tells_none_of(&["emulated-import-token", "no-such-token", "kim-", SECRET])
    }

    #[track_caller]
    pub fn tells_none_of(&self, values: &[&str]) -> &Self {
        for value in values {
            for text in [&self.out, &self.err] {
                assert!(!text.contains(value), "`{value}` in {text}");
            }
        }
        self
    }

    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(
            self.out.contains(words) || self.err.contains(words),
            "no `{words}` in\nout: {}\nerr: {}",
            self.out,
            self.err
        );
        self
    }
}
