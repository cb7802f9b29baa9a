//! A third document becomes a client: `library.yaml`, an invented API, goes through the whole generator. What comes out
//! is in `generated/`, is compiled here without a warning, and talks to a server over a socket.
//!
//! `BLESS=1 cargo test -p codegen --test family` writes `generated/` again.

#![deny(warnings)]

#[path = "../support/mod.rs"]
mod support;

mod auth;
mod calls;
mod limits;
mod server;
mod values;

/// What `src/generated.rs` is for the client.
mod generated {
    #[rustfmt::skip]
    #[allow(dead_code, clippy::all, clippy::pedantic, reason = "as in the client")]
    pub mod import;
    #[rustfmt::skip]
    #[allow(dead_code, clippy::all, clippy::pedantic, reason = "as in the client")]
    pub mod export;
    #[rustfmt::skip]
    #[allow(dead_code, clippy::all, clippy::pedantic, reason = "as in the client")]
    pub mod library;

    #[rustfmt::skip]
    #[allow(dead_code, reason = "not everything is called here")]
    pub mod fields;
    #[rustfmt::skip]
    #[allow(dead_code, reason = "not everything is called here")]
    pub mod operations;
    #[rustfmt::skip]
    #[allow(dead_code, reason = "not everything is called here")]
    pub mod requests;
    #[rustfmt::skip]
    #[allow(dead_code, reason = "not everything is called here")]
    pub mod responses;
    #[rustfmt::skip]
    #[allow(dead_code, reason = "not everything is called here")]
    pub mod sources;
}

// The parts of the client that generated code rests on.
#[allow(dead_code, reason = "not everything is called here")]
#[path = "../../../src/parameters.rs"]
mod parameters;
#[allow(dead_code, reason = "not everything is called here")]
#[path = "../../../src/redact.rs"]
mod redact;
#[path = "../../../src/request.rs"]
mod request;
#[allow(dead_code, reason = "not everything is called here")]
#[path = "../../../src/rows.rs"]
mod rows;
#[allow(dead_code, reason = "not everything is called here")]
#[path = "../../../src/validate.rs"]
mod validate;

use std::{env, fs, path::Path};

use generated::{
    operations::Operation,
    requests::views,
    responses::{ExportCode, ImportCode},
};
use values::{Properties, Timestamp};

/// `src/lib.rs` exports the views of every API.
const _: (
    Option<views::import::LoadEvents<'_>>,
    Option<views::export::ExportEvents<'_>>,
) = (None, None);

#[test]
fn what_is_compiled_here_is_what_codegen_writes() {
    let mut inputs = support::fixture();
    inputs
        .others
        .insert("library".to_owned(), include_str!("library.yaml").to_owned());
    let outputs = codegen::outputs(&inputs).unwrap_or_else(|problems| panic!("{problems}"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/family/generated");
    let names = [
        "import",
        "export",
        "library",
        "fields",
        "operations",
        "requests",
        "responses",
        "sources",
    ];
    for name in names {
        let file = format!("{name}.rs");
        let new = &outputs[&Path::new("generated").join(&file)];
        if env::var_os("BLESS").is_some() {
            fs::write(folder.join(&file), new).unwrap();
        }
        let old = fs::read_to_string(folder.join(&file)).unwrap_or_default();
        assert!(old == *new, "{file} has changed: run this test with BLESS=1");
    }
}
