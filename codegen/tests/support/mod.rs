//! What several tests need.
#![allow(dead_code, reason = "not every test uses all of it")]

use std::path::{Path, PathBuf};

use codegen::read::{self, Inputs};

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The real spec.
pub fn real() -> Inputs {
    read::inputs(&workspace()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A tiny spec in which everything is in order.
pub fn fixture() -> Inputs {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture");
    read::inputs(&root).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A file of the spec by its name.
pub fn file<'a>(inputs: &'a mut Inputs, name: &str) -> &'a mut String {
    match name {
        "import" => &mut inputs.import,
        "export" => &mut inputs.export,
        "responses" => &mut inputs.responses,
        "taxonomy" => &mut inputs.taxonomy,
        "sources" => &mut inputs.sources,
        "readme" => &mut inputs.readme,
        other => inputs
            .others
            .get_mut(other)
            .unwrap_or_else(|| panic!("no file is called {other}")),
    }
}
