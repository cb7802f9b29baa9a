//! How much of its throughput a load keeps when calls fail by chance.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use dfinery::ImportClient;
use dfinery_load::{FileLoad, Loader, RecordKind};

use crate::{data, server::Server};

const ROUNDS: usize = 3;
const SHARES: [u32; 5] = [0, 5, 10, 20, 30];

/// Loads the same file while the server answers so many calls in a hundred with 503, and prints records per second as
/// ratios to the healthy server.
pub fn measure() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for (name, kind, users) in [
        ("3,000 identities", RecordKind::Identity, 3_000),
        // A second of calls: what the last ones that fail several times in a row wait for weighs most.
        ("30,000 events, 1 a call", RecordKind::Event, 30_000),
        ("300,000 events, 1 a call", RecordKind::Event, 300_000),
    ] {
        let file = folder.path().join("in.ndjson");
        match kind {
            RecordKind::Identity => data::write_identities(&file, users),
            _ => data::write(&file, users, 1),
        }
        println!("{name}, answers after 5 ms, HTTP 503 by chance, default settings, median of {ROUNDS}");
        let mut healthy = None;
        for share in SHARES {
            let address = format!("http://{}/failing-{share}", server.address);
            let mut rates: Vec<_> = (0..ROUNDS)
                .map(|_| runtime.block_on(load(&file, kind, &address)))
                .collect();
            rates.sort_by(|one, other| one.0.total_cmp(&other.0));
            let (rate, unknown) = rates[ROUNDS / 2];
            let healthy = *healthy.get_or_insert(rate);
            println!(
                "  {share:>2} %   {rate:>7.0} accepted/s   {:.2} x   (at least {:.2})   {unknown} not accepted",
                rate / healthy,
                f64::from(100 - share) / 200.0,
            );
        }
    }
}

/// Accepted records per second, and how many were not accepted.
async fn load(file: &Path, kind: RecordKind, address: &str) -> (f64, u64) {
    let mut state = file.as_os_str().to_owned();
    state.push(".dfinery");
    let _ = fs::remove_dir_all(&state);
    let import = ImportClient::builder()
        .service_id("service")
        .token("token")
        .base_url(address);
    let import = import.build().expect("a client");
    let loader = Loader::builder(&import).patience(Duration::from_secs(60)).build();
    let began = Instant::now();
    let receipt = loader
        .load_files(FileLoad::new(kind, [file]))
        .await
        .expect("it begins")
        .receipt;
    assert!(receipt.complete && receipt.stopped.is_none(), "{receipt}");
    #[allow(clippy::cast_precision_loss)]
    let rate = receipt.accepted as f64 / began.elapsed().as_secs_f64();
    (rate, receipt.read - receipt.accepted)
}
