//! Whatever is in a file and whatever goes wrong, the figures are true.

use std::sync::OnceLock;

use dfinery_emulator::Fault;
use dfinery_load::{Accepts, FileLoad, Loader};
use proptest::{collection::vec, prelude::*};

use crate::{
    audit::Claims,
    chaos::{all_faults, impatient, service},
    records::{Files, Mix},
};

fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().unwrap())
}

#[derive(Clone, Debug)]
struct Case {
    mix: Mix,
    seed: u64,
    parts: usize,
    faults: Vec<Fault>,
    ordered: bool,
    sorted: bool,
    divide: bool,
    most_calls: usize,
    open_bytes: usize,
    batch_bytes: usize,
    /// After so many accepted records the load is asked to stop, and then goes on.
    stops: Vec<u64>,
}

fn case() -> impl Strategy<Value = Case> {
    let fault = prop_oneof![3 => Just(Fault::None), 1 => proptest::sample::select(all_faults())];
    let mix = (1..250_usize, 1..30_usize, 0.0..0.5, 0.0..0.5, 0.01..0.3, any::<bool>()).prop_map(
        |(records, users, identities, profiles, bad, skewed)| Mix {
            records,
            users,
            identities,
            profiles,
            bad,
            skewed,
        },
    );
    let options = (any::<bool>(), any::<bool>(), any::<bool>(), 1..40_usize);
    let sizes = (0..20_000_usize, 0..20_000_usize);
    (
        mix,
        any::<u64>(),
        1..4_usize,
        vec(fault, 0..40),
        options,
        sizes,
        vec(0..60_u64, 0..3),
    )
        .prop_map(
            |(mix, seed, parts, faults, (ordered, sorted, divide, most_calls), (open_bytes, batch_bytes), stops)| {
                Case {
                    mix,
                    seed,
                    parts: parts.min(mix.records),
                    faults,
                    ordered,
                    sorted,
                    divide,
                    most_calls,
                    open_bytes,
                    batch_bytes,
                    stops,
                }
            },
        )
}

async fn run(case: Case) {
    let folder = tempfile::tempdir().unwrap();
    let mut records = case.mix.make(case.seed);
    let empty = records.len().div_ceil(case.parts) * (case.parts - 1) >= records.len();
    let parts = if empty { 1 } else { case.parts };
    if records.iter().all(|record| !record.text.starts_with(b"{")) {
        // What kind of file it is shows in its first character.
        records[0].text.insert(0, b'{');
    }
    let files = Files::write(folder.path(), records, parts);
    let emulator = service(|_| ()).await;
    emulator.script(case.faults.clone());
    let state = folder.path().join("state");
    let mut stops = case.stops.iter();
    let receipt = loop {
        let mut load = FileLoad::new(Accepts::Mixed, files.paths());
        load.state = Some(state.clone());
        load.options.format = Some(dfinery_load::Format::Ndjson);
        (load.ordered, load.sort_by_identity) = (case.ordered, case.sorted);
        let builder = Loader::builder(&impatient(&emulator))
            .most_calls(case.most_calls)
            .divide_refused(case.divide);
        let loader = builder
            .open_bytes(case.open_bytes)
            .batch_bytes(case.batch_bytes)
            .build();
        let (stopper, progress) = (loader.stopper(), loader.progress());
        let loading = tokio::spawn(loader.load_files(load));
        if let Some(stop) = stops.next() {
            while progress.snapshot().accepted < *stop && !loading.is_finished() {
                tokio::task::yield_now().await;
            }
            stopper.stop();
        }
        let receipt = loading.await.unwrap().unwrap().receipt;
        assert!(receipt.adds_up(), "{receipt}");
        if receipt.complete {
            break receipt;
        }
    };
    Claims::of_files(&files, &state, &receipt).check(&files.records, &emulator.ledger());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_file_through_any_faults_ends_with_figures_that_are_true(case in case()) {
        runtime().block_on(run(case));
    }
}
