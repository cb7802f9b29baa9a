//! Journals damaged in every place: nothing may be sent twice without being listed.

use std::{collections::BTreeSet, fs, ops::Range, path::Path, time::Duration};

use dfinery::ImportClient;
use dfinery_emulator::{Emulator, Fault, FaultRate};
use dfinery_load::{Accepts, FileLoad, LoadError, Loader, Receipt};

use futures_util::future::join_all;

use crate::{
    audit::lines,
    chaos::{client, service},
    records::{Mix, position_of},
    resume::Job,
};

/// What is before the first entry: the name of the format, its version, and the length of the file.
const BEGINNING: usize = 29;

/// The bytes of each entry: a length in 7 bits per byte, the payload, and a checksum.
fn entries(journal: &[u8]) -> Vec<Range<usize>> {
    let mut entries = Vec::new();
    let mut at = BEGINNING;
    while at < journal.len() {
        let (mut length, mut digits) = (0, 0);
        loop {
            let byte = journal[at + digits];
            length |= usize::from(byte & 0x7f) << (7 * digits);
            digits += 1;
            if byte < 0x80 {
                break;
            }
        }
        let end = at + digits + length + 4;
        entries.push(at..end);
        at = end;
    }
    assert_eq!(at, journal.len(), "the journal ends with a whole entry");
    entries
}

/// A load that was killed, and what had arrived by then.
struct Killed {
    job: Job,
    taken: BTreeSet<usize>,
}

/// Where the next runs send.
struct Service {
    emulator: Emulator,
    client: ImportClient,
}

impl Service {
    async fn new() -> Self {
        let emulator = service(|_| ()).await;
        let client = client(&emulator);
        Self { emulator, client }
    }
}

/// What the next run did.
struct Next {
    receipt: Receipt,
    taken: BTreeSet<usize>,
    listed: BTreeSet<usize>,
}

impl Killed {
    async fn new(folder: &Path, records: usize, requests: usize) -> Self {
        let mix = Mix {
            bad: 0.05,
            skewed: false,
            ..Mix::events(records, records / 2)
        };
        let job = Job::new(folder, mix, 5).await;
        job.emulator.fault_rate(FaultRate {
            probability: 1.0,
            seed: 5,
            faults: vec![Fault::Delay(Duration::from_millis(5)).after_applying()],
        });
        assert!(job.kill_after(requests).await);
        // What the process had on the way arrives even now.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let taken = arrived(&job.emulator, 0);
        assert!(taken.len() > records / 4 && taken.len() < records, "{}", taken.len());
        Self { job, taken }
    }

    fn journal(&self) -> Vec<u8> {
        fs::read(self.job.state.join("journal")).unwrap()
    }

    /// Goes on with this journal, in a copy of what the killed run left.
    async fn go_on(&self, service: &Service, journal: &[u8]) -> Result<Next, LoadError> {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        copy(&self.job.state, &state);
        fs::write(state.join("journal"), journal).unwrap();
        let before = service.emulator.ledger().events().len();
        let mut load = FileLoad::new(Accepts::Mixed, self.job.files.paths());
        load.state = Some(state.clone());
        let receipt = Loader::builder(&service.client).build().load_files(load).await?.receipt;
        let listed = lines(&state.join("possibly-twice.ndjson"));
        let listed = listed
            .iter()
            .map(|line| {
                self.job
                    .files
                    .position(line["file"].as_str().unwrap(), line["line"].as_u64().unwrap())
            })
            .collect();
        Ok(Next {
            receipt,
            taken: arrived(&service.emulator, before),
            listed,
        })
    }

    /// Whatever the damage: nothing is lost, and nothing is sent twice in silence.
    async fn check(&self, service: &Service, journal: &[u8], damage: &str) {
        let next = match self.go_on(service, journal).await {
            Ok(next) => next,
            Err(error) => {
                assert!(error.is_damaged() || error.is_other_version(), "{damage}: {error}");
                return;
            }
        };
        let twice: BTreeSet<_> = self.taken.intersection(&next.taken).copied().collect();
        let silent: Vec<_> = twice.difference(&next.listed).collect();
        assert!(silent.is_empty(), "{damage}: {} in silence, {silent:?}", silent.len());
        let there = self.taken.union(&next.taken).count() as u64;
        let Receipt {
            read,
            invalid,
            rejected,
            unknown,
            ..
        } = next.receipt;
        assert!(
            there + invalid + rejected + unknown >= read,
            "{damage}: {}",
            next.receipt
        );
        assert!(
            next.receipt.adds_up() && next.receipt.complete,
            "{damage}: {}",
            next.receipt
        );
        assert!(next.receipt.runs >= 2, "{damage}: {}", next.receipt);
        assert!(next.receipt.journal_damaged, "{damage} goes unmentioned");
    }
}

fn arrived(emulator: &Emulator, before: usize) -> BTreeSet<usize> {
    emulator
        .ledger()
        .events()
        .skip(before)
        .map(|event| position_of(event.event.event_datetime))
        .collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_journal_is_damaged_nothing_is_sent_twice_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let killed = Killed::new(folder.path(), 60, 18).await;
    let journal = killed.journal();
    let entries = entries(&journal);
    println!("{} entries, {} records taken", entries.len(), killed.taken.len());
    assert!(entries.len() > 20);
    let undamaged = killed.go_on(&Service::new().await, &journal).await.unwrap();
    assert!(!undamaged.receipt.journal_damaged);
    assert!(undamaged.listed.len() < killed.taken.len());

    let mut damaged = Vec::new();
    for (position, entry) in entries.iter().enumerate() {
        let bits = [entry.start, entry.start + entry.len() / 2, entry.end - 1];
        for at in bits {
            let mut bytes = journal.clone();
            bytes[at] ^= 1 << (at % 8);
            damaged.push((bytes.clone(), format!("a bit of entry {position}")));
        }
        for at in [entry.start, entry.end - 1] {
            damaged.push((journal[..at].to_vec(), format!("a cut at {at} in entry {position}")));
        }
        let mut zeros = journal.clone();
        zeros[entry.clone()].fill(0);
        damaged.push((zeros.clone(), format!("zeros in entry {position}")));
        zeros[entry.start..].fill(0);
        damaged.push((zeros.clone(), format!("zeros from entry {position} on")));
        let mut without = journal.clone();
        without.drain(entry.clone());
        damaged.push((without.clone(), format!("without entry {position}")));
        if let Some(next) = entries.get(position + 1)
            && journal[entry.clone()] != journal[next.clone()]
        {
            let mut swapped = journal.clone();
            swapped[entry.start..next.end].rotate_left(entry.len());
            damaged.push((swapped.clone(), format!("entry {position} and the next swapped")));
        }
    }
    for at in 0..BEGINNING {
        let mut bytes = journal.clone();
        bytes[at] ^= 0x10;
        damaged.push((bytes.clone(), format!("a bit of byte {at}")));
        damaged.push((journal[..at].to_vec(), format!("cut at byte {at}")));
    }
    // Most of the time is spent waiting for the disk.
    let check = async |damaged: &[(Vec<u8>, String)]| {
        let service = Service::new().await;
        for (journal, damage) in damaged {
            killed.check(&service, journal, damage).await;
        }
    };
    join_all(damaged.chunks(damaged.len().div_ceil(8)).map(check)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_remembered_until_the_load_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let killed = Killed::new(folder.path(), 60, 18).await;
    let mut journal = killed.journal();
    let damaged = entries(&journal)[1].start + 2;
    journal[damaged] ^= 4;
    fs::write(killed.job.state.join("journal"), &journal).unwrap();
    // The run that finds the damage is killed too, before it has sent all of it again.
    assert!(killed.job.kill_after(5).await);
    tokio::time::sleep(Duration::from_millis(200)).await;

    let next = killed.go_on(&Service::new().await, &killed.journal()).await.unwrap();
    let before = arrived(&killed.job.emulator, 0);
    let silent = before
        .intersection(&next.taken)
        .filter(|position| !next.listed.contains(position));
    assert_eq!(silent.count(), 0);
    assert!(
        next.receipt.journal_damaged && next.receipt.runs == 3,
        "{}",
        next.receipt
    );
}
