//! Any text as a mapping, and any table for it: the records it makes are JSON.

#![no_main]

use std::io::Cursor;

use dfinery_input::{Format, Input, InputOptions, Mapping};
use dfinery_records::Accepts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&str, &str)| {
    let (yaml, table) = texts;
    let Ok(mapping) = Mapping::from_yaml(yaml) else { return };
    let written = serde_json::to_string(&mapping).unwrap();
    assert_eq!(written, serde_json::to_string(&mapping.clone()).unwrap());
    let mut options = InputOptions::default();
    options.format = Some(Format::Csv);
    options.mapping = Some(mapping);
    let reader = Box::new(Cursor::new(table.as_bytes().to_vec()));
    let Ok(mut input) = Input::from_reader("fuzz", reader, &options, None, Accepts::Mixed) else { return };
    while let Ok(Some(line)) = input.next() {
        if let Ok(json) = line.json {
            assert!(serde_json::from_str::<serde_json::Value>(json).is_ok(), "{json}");
        }
    }
});
