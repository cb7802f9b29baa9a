use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use proptest::{collection::vec, prelude::*};
use tempfile::TempDir;

use super::{
    entry::{Entry, Loss, checksum},
    extent::Extent,
    tally::Tally,
    *,
};
use crate::last_record::LastRecord;
use crate::record::{Fate, RecordId};
use crate::state_error::StateError;
use dfinery::engine::with_suffix;
use dfinery_input::Beginning;

const NEVER: u64 = u64::MAX;

fn header() -> Header {
    let input = |name: &str| HeaderInput {
        etag: None,
        name: name.to_owned(),
        length: 1_000,
        ids: None,
    };
    Header {
        kind: "events".to_owned(),
        settings: 7,
        types: 9,
        inputs: vec![input("a.ndjson"), input("b.csv")],
    }
}

fn open(path: &Path, boot: &str) -> (Journal, State) {
    Journal::open_in_boot(path, &header(), unchanged, boot, NEVER).unwrap()
}

/// Every input still begins as it did.
#[allow(clippy::unnecessary_wraps, reason = "as a file may be unreadable")]
fn unchanged(_: usize, _: Beginning) -> io::Result<bool> {
    Ok(true)
}

fn error(path: &Path, header: &Header) -> String {
    Journal::open(path, header, unchanged).unwrap_err().to_string()
}

fn ids(numbers: impl IntoIterator<Item = u64>) -> Vec<RecordId> {
    numbers.into_iter().map(|number| RecordId::new(0, number)).collect()
}

fn done(ids: &[RecordId], fate: Fate, marks: Marks) -> Done<'_> {
    Done {
        ids,
        fate,
        code: (fate == Fate::Rejected).then_some("40001"),
        twice: false,
        marks,
    }
}

fn marks(dead_letter: u64) -> Marks {
    Marks {
        dead_letter,
        possibly_twice: 0,
    }
}

fn beginning(bytes: u64) -> Beginning {
    Beginning {
        bytes,
        hash: bytes.into(),
    }
}

fn numbers(map: &roaring::RoaringTreemap) -> Vec<u64> {
    map.iter().collect()
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    (folder, path)
}

#[test]
fn after_a_kill_exactly_what_was_sent_and_not_done_is_in_flight() {
    let (_folder, path) = folder();
    let (mut journal, state) = open(&path, "boot");
    assert_eq!((state.runs, state.finished), (1, false));
    journal.reach(RecordId::new(0, 100)).unwrap();
    journal.sent(&ids([4, 2, 3])).unwrap();
    journal.done(&done(&ids([3, 2]), Fate::Accepted, marks(0))).unwrap();
    journal.done(&done(&ids([9]), Fate::Rejected, marks(50))).unwrap();
    drop(journal);

    let (_journal, state) = open(&path, "boot");
    assert_eq!(numbers(&state.done), [2, 3, 9]);
    assert_eq!(numbers(&state.in_flight), [4]);
    assert_eq!((state.marks, state.runs), (marks(50), 2));
    assert_eq!(state.tally.count(Fate::Accepted), 2);
    assert_eq!(
        state.tally.codes(Fate::Rejected).collect::<Vec<_>>(),
        [(Some("40001"), 1)]
    );
    assert_eq!((state.tally.total(), state.tally.twice()), (3, 0));
}

#[test]
fn what_is_said_is_in_the_file_once_it_is_flushed_or_there_is_much_of_it() {
    let (_folder, path) = folder();
    let (mut journal, _) = open(&path, "boot");
    let len = || fs::metadata(&path).unwrap().len();
    let before = len();
    journal.sent(&ids([1])).unwrap();
    journal.done(&done(&ids([1]), Fate::Accepted, marks(0))).unwrap();
    assert_eq!(len(), before);
    journal.flush().unwrap();
    assert!(len() > before);
    let before = len();
    for number in (0..100_000).step_by(2) {
        journal.sent(&ids([number])).unwrap();
    }
    assert!(len() > before + 100_000, "nothing is kept back without a bound");
}

#[test]
fn after_a_loss_of_power_all_below_the_reach_that_is_not_done_is_in_flight() {
    for boot in ["another boot", ""] {
        let (_folder, path) = folder();
        let (mut journal, _) = open(&path, "boot");
        journal.reach(RecordId::new(0, 5)).unwrap();
        journal.reach(RecordId::new(1, 2)).unwrap();
        journal.done(&done(&ids([1, 3]), Fate::Accepted, marks(0))).unwrap();
        drop(journal);

        let second = RecordId::new(1, 0).to_u64();
        let expected = [0, 2, 4, second, second + 1];
        let (journal, state) = open(&path, boot);
        assert_eq!(numbers(&state.in_flight), expected);
        drop(journal);
        let (_journal, state) = open(&path, boot);
        assert_eq!(numbers(&state.in_flight), expected, "a later run knows it too");
    }
}

#[test]
fn after_a_loss_of_power_a_fate_whose_dead_letter_may_be_lost_is_not_known() {
    let (_folder, path) = folder();
    let (mut journal, _) = open(&path, "boot");
    journal.done(&done(&ids([1]), Fate::Rejected, marks(10))).unwrap();
    journal.reach(RecordId::new(0, 5)).unwrap();
    journal.done(&done(&ids([2]), Fate::Rejected, marks(20))).unwrap();
    journal.done(&done(&ids([3]), Fate::Accepted, marks(20))).unwrap();
    drop(journal);

    let (_journal, state) = open(&path, "another boot");
    assert_eq!(numbers(&state.done), [1, 3]);
    assert_eq!(numbers(&state.in_flight), [0, 2, 4]);
    assert_eq!(state.marks, marks(10));
    assert_eq!((state.tally.count(Fate::Rejected), state.tally.total()), (1, 2));
}

#[test]
fn a_run_that_ended_in_order_is_exact_after_the_machine_was_started_anew() {
    let (_folder, path) = folder();
    let (mut journal, _) = open(&path, "boot");
    journal.reach(RecordId::new(0, 5)).unwrap();
    journal.done(&done(&ids([1]), Fate::Rejected, marks(10))).unwrap();
    journal.stop().unwrap();
    drop(journal);

    let (mut journal, state) = open(&path, "another boot");
    assert_eq!((numbers(&state.done), numbers(&state.in_flight)), (vec![1], vec![]));
    assert_eq!((state.marks, state.finished), (marks(10), false));
    journal.finish().unwrap();
    drop(journal);
    let len = fs::metadata(&path).unwrap().len();
    let (journal, state) = open(&path, "a third boot");
    assert!(state.finished && state.in_flight.is_empty());
    assert_eq!(
        fs::metadata(&path).unwrap().len(),
        len,
        "a finished load has no more runs"
    );
    drop(journal);
}

#[test]
fn after_damage_every_record_that_is_not_done_may_have_been_sent() {
    let (_folder, path) = folder();
    let (mut journal, _) = open(&path, "boot");
    journal.done(&done(&ids([0]), Fate::Accepted, marks(0))).unwrap();
    journal.reach(RecordId::new(0, 5)).unwrap();
    let good = fs::metadata(&path).unwrap().len();
    journal.sent(&ids([1])).unwrap();
    journal.done(&done(&ids([1]), Fate::Accepted, marks(0))).unwrap();
    drop(journal);
    let mut bytes = fs::read(&path).unwrap();
    bytes[usize::try_from(good).unwrap() + 2] ^= 1;
    fs::write(&path, &bytes).unwrap();

    for run in 2..4 {
        let (_journal, state) = open(&path, "boot");
        assert_eq!((numbers(&state.done), state.damaged, state.runs), (vec![0], true, run));
    }
}

#[test]
fn an_end_that_is_missing_is_damage_and_a_write_cut_short_by_a_kill_is_none() {
    let (_folder, path) = folder();
    let (mut journal, _) = open(&path, "boot");
    journal.sent(&ids([1])).unwrap();
    journal.flush().unwrap();
    let shorter = fs::metadata(&path).unwrap().len();
    journal.sent(&ids([2])).unwrap();
    drop(journal);
    let bytes = fs::read(&path).unwrap();

    let torn = [&bytes[..], &bytes[bytes.len() - 5..bytes.len() - 1]].concat();
    fs::write(&path, &torn).unwrap();
    let (_, state) = open(&path, "boot");
    assert_eq!((numbers(&state.in_flight), state.damaged), (vec![1, 2], false));

    fs::write(&path, &bytes[..usize::try_from(shorter).unwrap()]).unwrap();
    let (_, state) = open(&path, "boot");
    assert_eq!((numbers(&state.in_flight), state.damaged), (vec![1], true));
}

#[test]
fn a_record_is_counted_once_however_often_it_is_done() {
    let (_folder, path) = folder();
    let (mut journal, _) = open(&path, "boot");
    journal.done(&done(&ids([1, 1, 2]), Fate::Accepted, marks(0))).unwrap();
    journal
        .done(&Done {
            twice: true,
            ..done(&ids([2, 3]), Fate::Unknown, marks(0))
        })
        .unwrap();
    journal.sent(&ids([1])).unwrap();
    let state = journal.state();
    assert_eq!(
        (state.tally.count(Fate::Accepted), state.tally.count(Fate::Unknown)),
        (2, 1)
    );
    assert_eq!((state.tally.twice(), state.in_flight.len()), (1, 0));
}

#[test]
fn codes_beyond_the_limit_are_counted_without_one() {
    let mut tally = Tally::default();
    for code in 0..1_000 {
        tally.add(Fate::Rejected, Some(&code.to_string()), 2, false);
    }
    assert!(tally.codes(Fate::Rejected).count() <= 201);
    assert_eq!(tally.count(Fate::Rejected), 2_000);
}

#[test]
fn standard_input_is_known_by_its_pieces_and_goes_on_after_its_end() {
    let (_folder, path) = folder();
    let mut header = header();
    header.inputs.truncate(1);
    header.inputs[0].ids = Some(uuid::Uuid::from_u128(7));
    let open = |ids: u128, compact_at| {
        let mut header = header.clone();
        header.inputs[0].ids = Some(uuid::Uuid::from_u128(ids));
        Journal::open_in_boot(&path, &header, unchanged, "boot", compact_at).unwrap()
    };
    let (mut journal, _) = open(7, NEVER);
    let places: Vec<_> = (1..=500).map(|place| place * 1_000).collect();
    for place in &places {
        journal.has_read(0, beginning(*place)).unwrap();
    }
    journal.finish().unwrap();
    drop(journal);

    // A run that begins anew takes over what the first one has chosen.
    let (mut journal, state) = open(8, 1);
    assert_eq!(journal.header().ids_of_stdin(), header.ids_of_stdin());
    assert!(state.finished && state.runs == 2);
    let pieces: Vec<_> = state.pieces.iter().map(|piece| piece.bytes).collect();
    assert!(pieces.len() < 20 && pieces.last() == places.last(), "{pieces:?}");
    assert!(
        pieces.windows(2).all(|pair| pair[1] - pair[0] <= 2 * 65_536),
        "{pieces:?}"
    );
    journal.has_read(0, beginning(501_000)).unwrap();
    assert!(!journal.state().finished);
    drop(journal);
    let error = Journal::open(&path, &self::header(), unchanged)
        .unwrap_err()
        .to_string();
    assert!(error.contains("began with 1 input, and now has 2"), "{error}");
    header.inputs[0].ids = None;
    let error = Journal::open(&path, &header, unchanged).unwrap_err().to_string();
    assert!(error.contains("had other contents"), "{error}");
}

#[test]
fn a_second_loader_is_turned_away_until_the_first_ends() {
    let (_folder, path) = folder();
    let (journal, _) = open(&path, "boot");
    assert!(error(&path, &header()).contains("another load is running"));
    assert!(matches!(Journal::lock(&path), Err(StateError::InUse(_))));
    drop(journal);
    Journal::lock(&path).map(drop).unwrap();
    Journal::open(&path, &header(), unchanged).unwrap();
}

#[test]
fn a_journal_of_another_load_says_what_differs() {
    let (_folder, path) = folder();
    drop(open(&path, "boot"));
    let before = fs::read(&path).unwrap();
    let differs = |change: fn(&mut Header)| {
        let mut header = header();
        change(&mut header);
        error(&path, &header)
    };
    assert!(
        differs(|header| header.kind = "profiles".into()).contains("it loads events, and this is a load of profiles")
    );
    assert!(differs(|header| header.inputs[0].length = 5).contains("a.ndjson has 5 bytes, and had 1000"));
    assert!(differs(|header| header.inputs[1].etag = Some("2".into())).contains("b.csv was written anew"));
    assert!(differs(|header| header.inputs.truncate(1)).contains("began with 2 inputs, and now has 1"));
    assert!(differs(|header| header.settings = 8).contains("another mapping"));
    assert_eq!(fs::read(&path).unwrap(), before);

    let mut renamed = header();
    renamed.inputs[0].name = "moved/a.ndjson".into();
    Journal::open(&path, &renamed, unchanged).unwrap();
}

#[test]
fn an_input_that_begins_otherwise_than_when_it_was_read_is_refused() {
    let (_folder, path) = folder();
    let (mut journal, _) = open(&path, "boot");
    journal.has_read(1, beginning(300)).unwrap();
    journal.has_read(1, beginning(500)).unwrap();
    drop(journal);

    let before = fs::read(&path).unwrap();
    let asked = |expected: Beginning, answer| {
        move |input: usize, beginning: Beginning| {
            assert_eq!((input, beginning), (1, expected));
            Ok(answer)
        }
    };
    let refused = Journal::open(&path, &header(), asked(beginning(500), false))
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("b.csv had other contents when it was read"),
        "{refused}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);

    drop(Journal::open_in_boot(&path, &header(), unchanged, "boot", 1).unwrap());
    let (_, state) = Journal::open(&path, &header(), asked(beginning(500), true)).unwrap();
    assert_eq!(state.read.into_iter().collect::<Vec<_>>(), [(1, beginning(500))]);
}

#[test]
fn a_file_that_is_no_journal_is_left_alone() {
    for bytes in [
        &b""[..],
        b"dfin",
        b"dfinload",
        b"user_id,name\n1,x\n",
        b"dfinload\x06\x00\x00",
    ] {
        let (_folder, path) = folder();
        fs::write(&path, bytes).unwrap();
        assert!(error(&path, &header()).contains("not a journal"));
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

/// An entry in the form it has in the file, after others.
fn frame(after: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![u8::try_from(payload.len()).unwrap()];
    frame.extend(payload);
    frame.extend(checksum(after, &frame).to_le_bytes());
    frame
}

/// The checksum of the last entry of a journal.
fn last_checksum(journal: &[u8]) -> u32 {
    u32::from_le_bytes(*journal.last_chunk().unwrap())
}

#[test]
fn a_journal_of_another_version_is_left_alone() {
    // Whole entries as versions 2 and 1 wrote them: a type, a length, and a payload that begins with the version.
    let of_version = |version: u8| {
        let mut entry = vec![1, 17, version, 6];
        entry.extend(b"events\x07\0\0\0\0\0\0\0\0");
        entry.extend(crc32fast::hash(&entry).to_le_bytes());
        entry
    };
    let framed = |version: u8| [&[version][..], &frame(0, &[0, 0, 0, 0])].concat();
    for rest in [
        of_version(2),
        of_version(1),
        framed(3),
        framed(4),
        framed(5),
        vec![7; 40],
    ] {
        let (_folder, path) = folder();
        let bytes = [&b"dfinload"[..], &rest].concat();
        fs::write(&path, &bytes).unwrap();
        assert!(error(&path, &header()).contains("another version"));
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

/// Other bytes are another version of the format.
#[test]
fn entries_are_written_as_version_6_wrote_them() {
    let assert_written = |entry: &Entry<'_>, payload: &[u8]| {
        let mut written = Vec::new();
        let checksum = entry.write(7, &mut written, &mut Vec::new()).unwrap();
        assert_eq!(
            (&written, checksum),
            (&frame(7, payload), last_checksum(&written)),
            "{entry:?}"
        );
    };
    let header = header();
    let run = Entry::Run {
        time: 9,
        boot: "b".into(),
        loss: Loss::Unsynced,
    };
    let read = Entry::Read {
        input: 1,
        beginning: beginning(3),
    };
    let spent = Entry::Spent {
        time: 5,
        calls: Calls {
            event: 1,
            identity: 2,
            profile: 3,
        },
    };
    let entries: [(Entry<'_>, &[u8]); 13] = [
        (
            Entry::Header(Cow::Borrowed(&header)),
            b"\0\x06events\x07\x09\x02\x08a.ndjson\0\xe8\x07\0\x05b.csv\0\xe8\x07\0",
        ),
        (run, b"\x01\x09\x01b\x01"),
        (read, b"\x02\x01\x03\x03"),
        (Entry::Reach(RecordId::new(0, 8)), b"\x03\x08"),
        (Entry::Sent(ids([2]).into()), b"\x04\x01\x02"),
        (Entry::NotTaken(ids([2]).into()), b"\x05\x01\x02"),
        (Entry::Synced, b"\x07"),
        (Entry::Stopped, b"\x08"),
        (Entry::Finished, b"\x09"),
        (Entry::Piece(beginning(3)), b"\x0a\x03\x03"),
        (spent, b"\x0b\x05\x01\x02\x03"),
        (Entry::Failed(ids([2]).into()), b"\x0d\x01\x02"),
        (
            Entry::End(LastRecord::new(4, 6, 8, beginning(3))),
            b"\x0e\x04\x06\x08\x03\x03",
        ),
    ];
    for (entry, payload) in &entries {
        assert_written(entry, payload);
    }
    for (number, fate) in (0..).zip(Fate::ALL) {
        let done = Entry::Done {
            ids: ids([5, 7, 300]).into(),
            fate,
            code: Some("50000".into()),
            twice: true,
            marks: marks(10),
        };
        let payload = [&b"\x06\x03\x05\x02\xa5\x02"[..], &[number], b"\x01\x0550000\x01\x0a\0"].concat();
        assert_written(&done, &payload);
    }
}

#[test]
fn a_count_without_its_items_asks_for_no_memory() {
    let (_folder, path) = folder();
    drop(open(&path, "boot"));
    let good = fs::read(&path).unwrap();
    let most = [0xff; 9];
    for entry in 0..=14 {
        for zeros in 0..12 {
            let payload = [&[entry][..], &vec![0; zeros], &most, &[1]].concat();
            let mut bytes = good.clone();
            bytes.extend(frame(last_checksum(&good), &payload));
            fs::write(&path, &bytes).unwrap();
            let (_journal, state) = open(&path, "boot");
            assert!(state.done.is_empty(), "{payload:?}");
        }
    }
}

#[test]
fn records_that_failed_are_remembered_until_they_have_a_fate() {
    let (_folder, path) = folder();
    let (mut journal, _) = open(&path, "boot");
    journal.failed(&ids([3, 7])).unwrap();
    journal.stop().unwrap();
    drop(journal);
    let (mut journal, state) = Journal::open_in_boot(&path, &header(), unchanged, "boot", 1).unwrap();
    assert_eq!(state.failed.iter().collect::<Vec<_>>(), [3, 7]);
    journal.done(&done(&ids([7]), Fate::Unknown, marks(0))).unwrap();
    journal.compact_if_large().unwrap();
    drop(journal);
    assert_eq!(open(&path, "boot").1.failed.iter().collect::<Vec<_>>(), [3]);
}

#[test]
fn a_kill_while_compacting_loses_nothing() {
    let (_folder, path) = folder();
    let (mut journal, _) = open(&path, "boot");
    journal.done(&done(&ids(0..10), Fate::Accepted, marks(0))).unwrap();
    drop(journal);
    fs::write(with_suffix(&path, ".new"), "dfinload and half a snapsh").unwrap();
    let (mut journal, state) = Journal::open_in_boot(&path, &header(), unchanged, "boot", 1).unwrap();
    assert_eq!(state.done.len(), 10);
    journal.done(&done(&ids(10..1_000), Fate::Accepted, marks(0))).unwrap();
    journal.compact_if_large().unwrap();
    drop(journal);
    assert_eq!(open(&path, "boot").1.done.len(), 1_000);
}

#[test]
fn a_journal_is_compacted_only_when_it_has_doubled() {
    let (_folder, path) = folder();
    let (mut journal, _) = Journal::open_in_boot(&path, &header(), unchanged, "boot", 4_096).unwrap();
    let mut compactions = 0;
    for number in 0..20_000_u64 {
        // Every other record, so that the snapshot grows too.
        journal
            .done(&done(&ids([number * 2]), Fate::Accepted, marks(0)))
            .unwrap();
        let before = fs::metadata(&path).unwrap().len();
        journal.compact_if_large().unwrap();
        let after = fs::metadata(&path).unwrap().len();
        if after != before {
            assert!(before >= 4_096);
            compactions += 1;
        }
    }
    assert!((2..=80).contains(&compactions), "{compactions}");
    let len = fs::metadata(&path).unwrap().len();
    assert!(len < 40_000, "{len} bytes");
}

#[derive(Clone, Debug)]
enum Step {
    Read(u64),
    Reach(RecordId),
    Sent(Vec<RecordId>),
    Done {
        ids: Vec<RecordId>,
        fate: Fate,
        code: Option<&'static str>,
        twice: bool,
        lines: u64,
    },
    Sync,
    Stop,
    Compact,
    /// The process is killed and the load goes on.
    Kill,
    /// The machine is started anew and the load goes on.
    PowerLoss,
}

fn step() -> impl Strategy<Value = Step> {
    let id = || (0..2_u32, 0..40_u64).prop_map(|(file, position)| RecordId::new(file, position));
    let fate = prop::sample::select(Fate::ALL.to_vec());
    let code = prop::sample::select(vec![None, Some("40001"), Some("50000")]);
    let lines = prop_oneof![Just(0_u64), 1..100_u64];
    let done =
        (vec(id(), 0..6), fate, code, any::<bool>(), lines).prop_map(|(ids, fate, code, twice, lines)| Step::Done {
            ids,
            fate,
            code,
            twice,
            lines,
        });
    prop_oneof![
        2 => (1..9_u64).prop_map(Step::Read),
        2 => id().prop_map(Step::Reach),
        4 => vec(id(), 0..6).prop_map(Step::Sent),
        6 => done,
        1 => Just(Step::Sync),
        1 => Just(Step::Stop),
        1 => Just(Step::Compact),
        1 => Just(Step::Kill),
        1 => Just(Step::PowerLoss),
    ]
}

/// What a journal must know, in the plainest form.
#[derive(Clone, Debug, Default)]
struct Model {
    read: u64,
    done: BTreeMap<u64, (Fate, Option<&'static str>, bool)>,
    sent: BTreeSet<u64>,
    below: BTreeSet<u64>,
    unsure: BTreeSet<u64>,
    marks: u64,
    synced: u64,
    ended: bool,
}

impl Model {
    fn apply(&mut self, step: &Step) {
        match step {
            Step::Read(bytes) => self.read = *bytes,
            Step::Reach(id) => {
                let first = RecordId::new(u32::try_from(id.file()).unwrap(), 0).to_u64();
                self.below.extend(first..id.to_u64());
                self.synced();
            }
            Step::Sent(ids) => self.sent.extend(ids.iter().map(|id| id.to_u64())),
            Step::Done {
                ids,
                fate,
                code,
                twice,
                lines,
            } => {
                self.marks += lines;
                for id in ids.iter().map(|id| id.to_u64()) {
                    self.done.entry(id).or_insert_with(|| {
                        self.unsure.extend((*lines > 0).then_some(id));
                        (*fate, *code, *twice)
                    });
                }
            }
            Step::Sync | Step::Stop => self.synced(),
            Step::Compact | Step::Kill => {}
            Step::PowerLoss if self.ended => {}
            Step::PowerLoss => self.doubt(),
        }
        if !matches!(step, Step::Compact) {
            self.ended = matches!(step, Step::Stop);
        }
    }

    fn synced(&mut self) {
        self.unsure.clear();
        self.synced = self.marks;
    }

    fn doubt(&mut self) {
        for id in std::mem::take(&mut self.unsure) {
            self.done.remove(&id);
            self.sent.insert(id);
        }
        self.marks = self.synced;
        self.sent.extend(&self.below);
    }

    fn assert_is(&self, state: &State) {
        assert_eq!(numbers(&state.done), self.done.keys().copied().collect::<Vec<_>>());
        let in_flight = self.sent.iter().filter(|id| !self.done.contains_key(id));
        assert_eq!(numbers(&state.in_flight), in_flight.copied().collect::<Vec<_>>());
        assert_eq!(state.marks, marks(self.marks));
        assert_eq!(state.read.get(&0).copied().unwrap_or_default(), beginning(self.read));
        let mut counts = BTreeMap::new();
        for (fate, code, _) in self.done.values() {
            *counts.entry((*fate, *code)).or_insert(0_u64) += 1;
        }
        for ((fate, code), count) in &counts {
            assert!(
                state.tally.codes(*fate).any(|found| found == (*code, *count)),
                "{fate:?} {code:?}"
            );
        }
        assert_eq!(state.tally.total(), self.done.len() as u64);
        assert_eq!(
            state.tally.twice(),
            self.done.values().filter(|(_, _, twice)| *twice).count() as u64
        );
    }
}

/// Takes the steps with a real journal; the model after each, with the length of the file then.
fn take(path: &Path, steps: &[Step], compact_at: u64) -> (Vec<(u64, Model)>, State) {
    let mut boot = 0;
    let reopen = |boot: i32| {
        Journal::open_in_boot(path, &header(), unchanged, &boot.to_string(), compact_at)
            .unwrap()
            .0
    };
    let mut journal = reopen(boot);
    let mut model = Model::default();
    let len = || fs::metadata(path).unwrap().len();
    let mut history = vec![(len(), model.clone())];
    for step in steps {
        match step {
            Step::Read(bytes) => journal.has_read(0, beginning(*bytes)).unwrap(),
            Step::Reach(id) => journal.reach(*id).unwrap(),
            Step::Sent(ids) => journal.sent(ids).unwrap(),
            Step::Done {
                ids,
                fate,
                code,
                twice,
                lines,
            } => journal
                .done(&Done {
                    ids,
                    fate: *fate,
                    code: *code,
                    twice: *twice,
                    marks: marks(model.marks + lines),
                })
                .unwrap(),
            Step::Sync => journal.sync().unwrap(),
            Step::Stop => journal.stop().unwrap(),
            Step::Compact => journal.compact_if_large().unwrap(),
            Step::Kill | Step::PowerLoss => {
                boot += i32::from(matches!(step, Step::PowerLoss));
                drop(journal);
                journal = reopen(boot);
            }
        }
        journal.flush().unwrap();
        model.apply(step);
        model.assert_is(journal.state());
        history.push((len(), model.clone()));
    }
    (history, journal.state().clone())
}

proptest! {
    // Each case waits for the disk many times.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_run_of_steps_is_known_after_kills_and_losses_of_power(steps in vec(step(), 0..40)) {
        let (_folder, path) = folder();
        let (history, _) = take(&path, &steps, NEVER);
        let boot = steps.iter().filter(|step| matches!(step, Step::PowerLoss)).count();
        let (_, state) = open(&path, &boot.to_string());
        history.last().unwrap().1.assert_is(&state);
    }

    #[test]
    fn compaction_changes_nothing_that_is_known(steps in vec(step(), 0..60)) {
        let (_folder, path) = folder();
        let (_other, other) = folder();
        let [plain, compacted] = [(&path, NEVER), (&other, 1)].map(|(path, compact_at)| {
            let (_, state) = take(path, &steps, compact_at);
            State { began: 0, ..state }
        });
        prop_assert_eq!(plain, compacted);
    }

    #[test]
    fn a_cut_at_any_byte_loses_only_what_was_cut_off(
        steps in vec(step().prop_filter("one run", |step| !matches!(step, Step::Compact)), 0..30),
        at in any::<prop::sample::Index>(),
    ) {
        let (_folder, path) = folder();
        let (history, _) = take(&path, &steps, NEVER);
        let bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len() + 1);
        fs::write(&path, &bytes[..at]).unwrap();
        let Some((_, model)) = history.iter().rfind(|(len, _)| *len <= at as u64) else {
            // The header is written as a whole before anything is sent.
            return Ok(());
        };
        let state = open(&path, "after the cut").1;
        let synced = Extent::from_bytes(*bytes[9..].first_chunk().unwrap()).unwrap().synced;
        let len = history.iter().rfind(|(len, _)| *len <= at as u64).unwrap().0;
        let mut expected = model.clone();
        prop_assert_eq!(state.damaged, len < synced);
        if state.damaged || !model.ended {
            expected.doubt();
        }
        expected.assert_is(&state);
        // What the model says, said without it.
        for id in &state.done {
            prop_assert!(model.done.contains_key(&id), "a record that was not done is called done");
        }
        for id in model.done.keys().filter(|id| !model.unsure.contains(id)) {
            prop_assert!(state.done.contains(*id), "a record that was done is forgotten");
        }
        for id in model.sent.iter().filter(|id| !state.damaged && !model.done.contains_key(id)) {
            prop_assert!(state.in_flight.contains(*id), "a record that was sent is forgotten");
        }
    }

    #[test]
    fn flipped_bits_never_invent_a_record(
        steps in vec(step(), 1..30),
        flips in vec((any::<prop::sample::Index>(), 1_u8..), 1..4),
    ) {
        let (_folder, path) = folder();
        let (history, _) = take(&path, &steps, NEVER);
        let mut bytes = fs::read(&path).unwrap();
        for (at, bits) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
        }
        fs::write(&path, &bytes).unwrap();
        if let Ok((_, state)) = Journal::open_in_boot(&path, &header(), unchanged, "after", NEVER) {
            let known = history.iter().any(|(_, model)| state.done.iter().all(|id| model.done.contains_key(&id)));
            prop_assert!(known && state.tally.total() == state.done.len());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(tail in vec(any::<u8>(), 0..300), whole in any::<bool>()) {
        let (_folder, path) = folder();
        if !whole {
            drop(open(&path, "boot"));
        }
        let mut bytes = fs::read(&path).unwrap_or_default();
        bytes.extend(&tail);
        fs::write(&path, &bytes).unwrap();
        if let Ok((_, state)) = Journal::open_in_boot(&path, &header(), unchanged, "boot", NEVER) {
            prop_assert!(state.done.is_empty());
        }
    }

    /// Payloads with a good checksum, such as another program might have written.
    #[test]
    fn a_strange_payload_never_panics(kind in 0..=12_u8, payload in vec(any::<u8>(), 0..40)) {
        let (_folder, path) = folder();
        drop(open(&path, "boot"));
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend(frame(last_checksum(&bytes), &[&[kind][..], &payload].concat()));
        fs::write(&path, &bytes).unwrap();
        let _ = Journal::open_in_boot(&path, &header(), unchanged, "boot", NEVER);
    }
}
