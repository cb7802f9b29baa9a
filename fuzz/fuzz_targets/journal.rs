//! Any damage to the journal of a load that was stopped: what is sent again is listed, and the counts add up.

#![no_main]

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::LazyLock,
    time::Duration,
};

use dfinery::{Family, ImportClient, RetryPolicy, tables::RateLimit};
use dfinery_fuzz::{RUNTIME, Service};
use dfinery_load::{FileLoad, Loaded, LoadError, Loader, MostBad, RecordKind};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const USERS: usize = 6;

struct Stopped {
    service: Service,
    client: ImportClient,
    folder: TempDir,
    journal: Vec<u8>,
    taken: BTreeMap<String, usize>,
}

static STOPPED: LazyLock<Stopped> = LazyLock::new(|| {
    let service = Service::start().unwrap();
    let never_spent = RateLimit {
        requests: 1_000_000,
        period: Duration::from_millis(5),
        concurrent: None,
    };
    let builder = ImportClient::builder().service_id("s").token("t").base_url(service.base_url());
    let families = Family::ALL.iter().filter(|family| **family != Family::Export);
    let client = families
        .fold(builder, |builder, family| builder.rate_limit(*family, never_spent))
        .retry(RetryPolicy::default().base_delay(Duration::from_millis(1)).max_delay(Duration::from_millis(2)))
        .build()
        .unwrap();
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
    let mut stopped = Stopped {
        service,
        client,
        folder,
        journal: Vec::new(),
        taken: BTreeMap::new(),
    };
    let users = |from: usize, to: usize| {
        (from..to).map(|user| format!("{{\"identity\":{{\"external_id\":\"u{user}\"}}}}\n")).collect::<String>()
    };
    // An address that answers nothing of the API ends the load, with half of it accepted before.
    fs::write(stopped.input(), users(0, USERS / 2) + "x\n" + &users(USERS / 2, USERS)).unwrap();
    stopped.service.answers(200, "application/json", br#"{"status":true,"code":20000}"#);
    let loader = Loader::builder(&stopped.client).most_bad(MostBad::Count(0)).most_calls(1).build();
    let load = stopped.load();
    let _ = RUNTIME.block_on(loader.load_files(load)).unwrap();
    stopped.taken = stopped.taken();
    stopped.journal = fs::read(stopped.state().join("journal")).unwrap();
    stopped
});

impl Stopped {
    fn input(&self) -> PathBuf {
        self.folder.path().join("in.ndjson")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn load(&self) -> FileLoad {
        let mut load = FileLoad::new(RecordKind::Identity, [self.input()]);
        load.state = Some(self.state());
        load
    }

    fn go_on(&self) -> Result<Loaded, LoadError> {
        let loader = Loader::builder(&self.client).patience(Duration::from_millis(50)).build();
        RUNTIME.block_on(loader.load_files(self.load()))
    }

    /// How often each user was taken since the last call of this.
    fn taken(&self) -> BTreeMap<String, usize> {
        let mut taken = BTreeMap::new();
        for request in self.service.take_requests() {
            for user in 0..USERS {
                let user = format!("\"u{user}\"");
                *taken.entry(user.clone()).or_default() += usize::from(request.contains(&user));
            }
        }
        taken
    }
}

fuzz_target!(|edits: (Option<u16>, Vec<(u16, u8)>, Vec<u8>)| {
    let stopped = &*STOPPED;
    let (cut, edits, more) = edits;
    let mut journal = stopped.journal.clone();
    for (at, byte) in edits {
        let at = usize::from(at) % journal.len();
        journal[at] = byte;
    }
    journal.truncate(cut.map_or(usize::MAX, |cut| 1 + usize::from(cut)));
    journal.extend(more);
    fs::remove_dir_all(stopped.state()).unwrap();
    fs::create_dir(stopped.state()).unwrap();
    fs::write(stopped.state().join("journal"), &journal).unwrap();
    let went_on = stopped.go_on();
    let taken = stopped.taken();
    if let Ok(Loaded { receipt, .. }) = went_on {
        assert!(receipt.adds_up(), "{receipt}");
        let twice = taken.iter().filter(|(user, count)| **count + stopped.taken.get(*user).unwrap_or(&0) > 1);
        assert!(twice.count() as u64 <= receipt.possibly_twice, "{receipt}\n{taken:?} {:?}", stopped.taken);
    } else {
        assert!(taken.values().all(|count| *count == 0));
    }
});
