//! What was accepted last is not sent again.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use dfinery::{ImportCode, Operation, PropertyValue};
use dfinery_emulator::{Emulator, Fault, FaultRate, ProfileRecord};
use dfinery_load::{Accepts, FileLoad, Loader, Receipt, RecordKind, Stop};

use crate::chaos::{client, service};

fn identity(user: &str, phone: &str) -> String {
    format!(r#"{{"identity":{{"external_id":"{user}","phone_no":"{phone}"}}}}"#)
}

fn profile(user: &str, name: &str) -> String {
    format!(r#"{{"identity":{{"external_id":"{user}"}},"user_properties":{{"df_name":"{name}"}}}}"#)
}

/// A load of these lines that remembers what was accepted.
fn night(folder: &Path, accepts: impl Into<Accepts>, lines: impl IntoIterator<Item = String>) -> FileLoad {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let file = FILES.fetch_add(1, Ordering::Relaxed);
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    let path: PathBuf = folder.join(format!("night-{file}.ndjson"));
    fs::write(&path, text).unwrap();
    let mut load = FileLoad::new(accepts, [path]);
    load.delta = Some(folder.join("delta"));
    load
}

async fn load(emulator: &Emulator, load: FileLoad) -> Receipt {
    let loader = Loader::builder(&client(emulator)).build();
    let receipt = loader.load_files(load).await.unwrap().receipt;
    assert!(receipt.adds_up(), "{receipt}");
    receipt
}

/// The name of each user that has one.
fn names(emulator: &Emulator) -> BTreeMap<String, String> {
    let ledger = emulator.ledger();
    let named = |profile: &ProfileRecord| match profile.properties.get("df_name")? {
        PropertyValue::String(name) => Some((profile.identity.external_id.clone()?, name.clone())),
        other => panic!("{other:?}"),
    };
    ledger.profiles().filter_map(named).collect()
}

async fn load_profiles(emulator: &Emulator, folder: &Path, profiles: Vec<(usize, usize)>) -> Receipt {
    let lines = profiles
        .iter()
        .map(|(user, name)| profile(&format!("u{user}"), &format!("n{name}")));
    load(emulator, night(folder, RecordKind::Profile, lines)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn unchanged_profiles_cost_no_call() {
    // Guards against: a nightly load of all profiles that takes all night although a few of them changed.
    let folder = tempfile::tempdir().unwrap();
    let emulator = service(|_| ()).await;
    let all = |name: fn(usize) -> usize| (0..2_000).map(|user| (user, name(user))).collect::<Vec<_>>();
    let first = load_profiles(&emulator, folder.path(), all(|user| user)).await;
    assert_eq!((first.accepted, first.unchanged, first.calls), (2_000, 0, 2_000));
    // Some changed, among many that did not: settling the ones and reading the others go on at the same time.
    let second = load_profiles(
        &emulator,
        folder.path(),
        all(|user| user + 10_000 * usize::from(user % 3 == 0)),
    )
    .await;
    assert_eq!((second.accepted, second.unchanged, second.calls), (2_000, 1_333, 667));
    assert!(second.all_accepted());
    let third = load_profiles(
        &emulator,
        folder.path(),
        all(|user| user + 10_000 * usize::from(user % 3 == 0)),
    )
    .await;
    assert_eq!((third.unchanged, third.calls), (2_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_changes_and_changes_back_is_sent_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = service(|_| ()).await;
    emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![Fault::Delay(Duration::from_millis(30))],
    });
    load_profiles(&emulator, folder.path(), vec![(1, 1), (2, 2), (3, 3)]).await;
    let there_and_back = vec![(1, 7), (1, 1), (2, 8), (2, 2), (2, 8), (3, 3)];
    let receipt = load_profiles(&emulator, folder.path(), there_and_back).await;
    assert_eq!(receipt.unchanged, 1, "{receipt}");
    let expected: BTreeMap<_, _> = [(1, 1), (2, 8), (3, 3)]
        .map(|(user, name)| (format!("u{user}"), format!("n{name}")))
        .into();
    assert_eq!(names(&emulator), expected);
    let again = load_profiles(&emulator, folder.path(), vec![(1, 1), (2, 8), (3, 3)]).await;
    assert_eq!(again.unchanged, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_of_unknown_fate_is_sent_again_by_the_next_load() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = service(|_| ()).await;
    load_profiles(&emulator, folder.path(), vec![(1, 1)]).await;
    emulator.script([Fault::UnknownCode.after_applying()]);
    let receipt = load_profiles(&emulator, folder.path(), vec![(1, 2)]).await;
    assert_eq!((receipt.unknown, names(&emulator)["u1"].as_str()), (1, "n2"));
    // It says what was accepted at first, and yet it must go out.
    let receipt = load_profiles(&emulator, folder.path(), vec![(1, 1)]).await;
    assert_eq!((receipt.unchanged, names(&emulator)["u1"].as_str()), (0, "n1"));
}

/// The identities that the service took, each by the telephone number that it gave last.
fn owners(emulator: &Emulator) -> BTreeMap<String, String> {
    let ledger = emulator.ledger();
    let owner = |identity: &dfinery::Identity| Some((identity.phone_no.clone()?, identity.external_id.clone()?));
    ledger.identities().iter().filter_map(owner).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identifier_that_moves_to_another_user_and_back_is_sent_each_time() {
    // Guards against: remembering an identity by its user alone, which does not see that somebody else got the number.
    let folder = tempfile::tempdir().unwrap();
    let emulator = service(|_| ()).await;
    let [x, y] = ["821012345678", "821087654321"];
    let nights = [
        (vec![identity("a", x), identity("b", y)], 0),
        (vec![identity("a", x), identity("b", y)], 2),
        (vec![identity("b", x)], 0),
        (vec![identity("a", x), identity("b", y)], 0),
        (vec![identity("a", x), identity("b", y)], 2),
    ];
    for (night_number, (lines, unchanged)) in nights.into_iter().enumerate() {
        let last = lines.clone();
        let receipt = load(&emulator, night(folder.path(), RecordKind::Identity, lines)).await;
        assert!(receipt.all_accepted());
        assert_eq!(receipt.unchanged, unchanged, "night {night_number}");
        assert_eq!(receipt.calls + receipt.unchanged, last.len() as u64);
    }
    let expected = [(x, "a"), (y, "b")].map(|(phone, user)| (phone.to_owned(), user.to_owned()));
    assert_eq!(owners(&emulator), expected.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_in_order_sends_only_what_changed_and_identities_first() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = service(|_| ()).await;
    let members = |moved: usize, renamed: usize| {
        (0..600).flat_map(move |user| {
            let phone = format!("8210{:08}", user + if user < moved { 50_000 } else { 0 });
            let name = if user < renamed { "new" } else { "old" };
            let identity = identity(&format!("u{user}"), &phone);
            // A draft of a mapping names the user with all identifiers in both.
            let properties = format!(r#","user_properties":{{"df_name":"{name}"}}}}"#);
            let profile = identity.strip_suffix('}').unwrap().to_owned() + &properties;
            [identity, profile]
        })
    };
    let in_order = |lines: Vec<String>| {
        let mut load = night(folder.path(), Accepts::Mixed, lines);
        load.ordered = true;
        load
    };
    for (moved, renamed, unchanged) in [(0, 0, 0), (0, 0, 1_200), (4, 7, 1_189), (4, 7, 1_200)] {
        let before = emulator.ledger().all_requests().len();
        let receipt = load(&emulator, in_order(members(moved, renamed).collect())).await;
        assert_eq!(
            (receipt.read, receipt.accepted, receipt.unchanged, receipt.calls),
            (1_200, 1_200, unchanged, 1_200 - unchanged)
        );
        let ledger = emulator.ledger();
        let operations: Vec<_> = ledger.all_requests()[before..]
            .iter()
            .map(|request| request.operation.unwrap())
            .collect();
        assert!(
            operations.is_sorted_by_key(|operation| *operation != Operation::UpsertIdentity),
            "{operations:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_was_deleted_and_comes_back_is_sent_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = service(|_| ()).await;
    let both = || {
        night(
            folder.path(),
            Accepts::Mixed,
            [identity("a", "821012345678"), profile("a", "A")],
        )
    };
    load(&emulator, both()).await;
    assert_eq!(load(&emulator, both()).await.unchanged, 2);
    let gone = r#"{"identity":{"external_id":"a"}}"#.to_owned();
    load(&emulator, night(folder.path(), RecordKind::Deletion, [gone])).await;
    assert_eq!(emulator.ledger().deletions().len(), 1);
    let receipt = load(&emulator, both()).await;
    assert_eq!((receipt.unchanged, receipt.calls), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_was_stopped_and_goes_on_remembers_what_its_first_run_sent() {
    // Guards against: after an outage, a night that sends again all that had been accepted before it.
    let folder = tempfile::tempdir().unwrap();
    let emulator = service(|_| ()).await;
    let lines = || (0..2_000).map(|user| identity(&format!("u{user}"), &format!("8210{user:08}")));
    let interrupted = night(folder.path(), RecordKind::Identity, lines());
    emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![Fault::Delay(Duration::from_millis(20))],
    });
    let loader = Loader::builder(&client(&emulator)).most_calls(20).build();
    let (stopper, progress) = (loader.stopper(), loader.progress());
    let running = tokio::spawn(loader.load_files(interrupted.clone()));
    while progress.snapshot().accepted < 300 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stopper.stop();
    let first = running.await.unwrap().unwrap().receipt;
    assert!(
        matches!(first.stopped, Some(Stop::Interrupted)) && first.accepted < 2_000,
        "{first}"
    );
    let receipt = load(&emulator, interrupted).await;
    assert_eq!((receipt.runs, receipt.accepted), (2, 2_000), "{receipt}");
    let receipt = load(&emulator, night(folder.path(), RecordKind::Identity, lines())).await;
    assert_eq!((receipt.unchanged, receipt.calls), (2_000, 0), "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_another_load_remembers_with_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = service(|_| ()).await;
    emulator.script([Fault::Delay(Duration::from_secs(60))]);
    let one = Loader::builder(&client(&emulator)).build();
    let stopper = one.stopper();
    let running = tokio::spawn(one.load_files(night(folder.path(), RecordKind::Profile, [profile("a", "A")])));
    while emulator.scripted() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let others = || Loader::builder(&client(&emulator)).build();
    let other = || night(folder.path(), RecordKind::Profile, [profile("b", "B")]);
    let sends = others().load_files(other()).await.map(drop).unwrap_err();
    let plans = others().plan(other()).await.map(drop).unwrap_err();
    for error in [sends, plans] {
        assert!(error.is_in_use() && error.to_string().ends_with("delta"), "{error}");
    }
    stopper.stop();
    running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_good_night_the_service_has_what_the_file_says_whatever_failed_before() {
    for seed in 0..6 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let folder = tempfile::tempdir().unwrap();
        let emulator = service(|_| ()).await;
        for night_number in 0..5 {
            let is_good = night_number % 2 == 0;
            emulator.fault_rate(FaultRate {
                probability: if is_good { 0.0 } else { 0.4 },
                seed,
                faults: vec![
                    Fault::UnknownCode.after_applying(),
                    Fault::Import(ImportCode::ValidationFailure),
                    Fault::Status(503).after_applying(),
                    Fault::CloseAfterReading,
                ],
            });
            // Some users are not in the file. The numbers of the first six move, and these have no properties: the emulator
            // makes one user of two that have had the same number.
            let mut phones: Vec<_> = (0..40).map(|phone| format!("8210{phone:08}")).collect();
            if rng.bool() {
                rng.shuffle(&mut phones[..6]);
            }
            let users: Vec<_> = (0..40).filter(|_| rng.u8(..8) > 0).collect();
            let name = rng.usize(..3);
            let member = |user: usize| {
                (
                    format!("u{user}"),
                    format!("n{}", if user.is_multiple_of(4) { name } else { 0 }),
                )
            };
            let lines = users.iter().flat_map(|user| {
                let (id, name) = member(*user);
                let properties = (*user >= 6).then(|| profile(&id, &name));
                std::iter::once(identity(&id, &phones[*user])).chain(properties)
            });
            let mut file = night(folder.path(), Accepts::Mixed, lines);
            file.ordered = rng.bool();
            let receipt = load(&emulator, file).await;
            if is_good {
                assert!(receipt.all_accepted(), "seed {seed}: {receipt}");
                let (owners, names) = (owners(&emulator), names(&emulator));
                for user in users {
                    let (id, name) = member(user);
                    assert_eq!(owners[&phones[user]], id, "seed {seed}, night {night_number}");
                    assert!(user < 6 || names[&id] == name, "seed {seed}, night {night_number}");
                }
            }
        }
    }
}
