//! What exporting costs, as ratios to other programs that get the same answer from the same server.
//!
//! `cargo run --release --manifest-path benches/export/Cargo.toml -- save` compares saving an answer with curl, `-- convert`
//! writing it as Parquet and as NDJSON with DuckDB. Whole processes are measured; the server is in threads of this one.

mod convert;
mod data;
mod duckdb;
mod rounds;
mod save;
mod server;

use std::{env, path::Path};

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["save"] => save::measure(),
        ["convert"] => convert::measure(),
        ["save-to", folder, url] => save::run(Path::new(folder), url),
        ["convert-to", folder, url, format] => convert::run(Path::new(folder), url, format),
        _ => println!("say what to measure: save or convert"),
    }
}
