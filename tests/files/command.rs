//! The command over a real emulator, and the accounts that it leaves.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use dfinery::emulator::Emulator;
use serde_json::Value;
use tempfile::TempDir;

/// Stands in values that no output may show.
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

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dfinery"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DFINERY_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("DFINERY_BASE_URL", self.emulator.base_url())
            .env("DFINERY_SERVICE_ID", self.emulator.service_id())
            .env("DFINERY_IMPORT_TOKEN", self.emulator.import_token())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end while the emulator of this process answers.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with_stdin(arguments, b"").await
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

    /// The receipt of a file, whose counts must add up and whose dead letters must hold what stands in the file.
    #[track_caller]
    pub fn receipt(&self, name: &str) -> Value {
        self.receipt_in(&format!("{name}.dfinery"), &fs::read(self.path(name)).unwrap())
    }

    /// As [`receipt`](Self::receipt), of an input with this content once it is decompressed.
    #[track_caller]
    pub fn receipt_in(&self, state: &str, content: &[u8]) -> Value {
        let receipt: Value = serde_json::from_slice(&fs::read(self.path(state).join("receipt.json")).unwrap()).unwrap();
        let count = |name: &str| receipt[name].as_u64().unwrap();
        let fates = ["accepted", "rejected", "invalid", "undelivered", "unknown"].map(count);
        assert_eq!(fates.iter().sum::<u64>(), count("read"), "{receipt:#}");
        let letters = self.dead_letters(state);
        let lost = count("read") - count("accepted") - count("resumable");
        assert_eq!(letters.len() as u64, lost, "{receipt:#}\n{letters:#?}");
        for letter in &letters {
            let original = original(letter);
            let offset = usize::try_from(letter["offset"].as_u64().unwrap()).unwrap();
            assert!(!original.is_empty(), "{letter:#}");
            assert_eq!(
                content.get(offset..offset + original.len()),
                Some(&*original),
                "{letter:#}"
            );
        }
        receipt
    }

    pub fn dead_letters(&self, state: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path(state).join("dead-letter.ndjson")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The bytes of a record in the input, as its dead letter tells them.
pub fn original(letter: &Value) -> Vec<u8> {
    match (&letter["original"], &letter["original_base64"]) {
        (Value::String(text), Value::Null) => text.clone().into_bytes(),
        (Value::Null, Value::String(text)) => {
            let bytes = BASE64_STANDARD.decode(text).unwrap();
            assert!(
                str::from_utf8(&bytes).is_err(),
                "base64 only where it is needed: {letter:#}"
            );
            bytes
        }
        _ => panic!("{letter:#}"),
    }
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
        self.tells_none_of(&["emulated-import-token", SECRET])
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

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}
