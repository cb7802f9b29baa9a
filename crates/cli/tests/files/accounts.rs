//! The accounts that the command leaves.

use std::fs;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::command::{Desk, Ran};

impl Desk {
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

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}
