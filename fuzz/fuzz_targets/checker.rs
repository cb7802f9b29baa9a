//! Any text as a record: the checker takes only what is JSON, and what it says holds nothing secret.

#![no_main]

use std::sync::{Arc, LazyLock};

use dfinery_records::{Accepts, Checker, Report, Taxonomy};
use libfuzzer_sys::fuzz_target;

static TAXONOMY: LazyLock<Arc<Taxonomy>> = LazyLock::new(|| Arc::new(Taxonomy::standard()));

fuzz_target!(|text: &str| {
    let mut report = Report::new(None);
    for taxonomy in [None, Some(Arc::clone(&TAXONOMY))] {
        let mut checker = Checker::new(taxonomy, Accepts::Mixed);
        let checked = checker.check(text);
        if let Ok(checked) = &checked {
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok());
            for (range, with) in &checked.edits {
                assert!(checked.payload.get(range.clone()).is_some());
                assert!(serde_json::from_str::<serde_json::Value>(with).is_ok());
            }
        }
        report.record("fuzz", 1, checked.as_ref());
    }
    let _ = report.to_string();
});
