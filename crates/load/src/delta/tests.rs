mod model;

use std::fs;

use proptest::{collection::vec, prelude::*};

use super::*;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("delta");
    (folder, path)
}

/// A record that says something of a user.
fn says(user: u128, what: u128) -> Fingerprint {
    Fingerprint {
        user,
        says: vec![(user, Says::This(what))],
    }
}

impl Delta {
    fn has_accepted(&mut self, record: &Fingerprint) {
        self.sending(record).unwrap();
        self.settled(record, true).unwrap();
    }

    fn knows(&self, record: &Fingerprint) -> bool {
        self.unchanged(record).unwrap()
    }
}

#[test]
fn while_others_are_under_way_nothing_is_unchanged_and_the_last_accepted_counts() {
    let (_folder, path) = folder();
    let mut delta = Delta::open(&path).unwrap();
    delta.sending(&says(1, 8)).unwrap();
    delta.sending(&says(1, 2)).unwrap();
    delta.settled(&says(1, 8), true).unwrap();
    assert!(!delta.knows(&says(1, 8)));
    delta.settled(&says(1, 2), true).unwrap();
    assert!(delta.knows(&says(1, 2)));
    delta.sending(&says(1, 2)).unwrap();
    delta.settled(&says(1, 2), false).unwrap();
    assert!(!delta.knows(&says(1, 2)), "what was sent may have been taken");
}

#[test]
fn what_was_accepted_is_unchanged_until_it_changes() {
    let (_folder, path) = folder();
    let mut delta = Delta::open(&path).unwrap();
    assert!(!delta.knows(&says(1, 5)));
    delta.has_accepted(&says(1, 5));
    assert!(delta.knows(&says(1, 5)));
    assert!(!delta.knows(&says(1, 6)) && !delta.knows(&says(2, 5)));
    delta.commit().unwrap();
    assert!(delta.knows(&says(1, 5)));
    delta.has_accepted(&says(1, 6));
    assert!(!delta.knows(&says(1, 5)) && delta.knows(&says(1, 6)));
    delta.close().unwrap();
    drop(delta);

    let delta = Delta::open(&path).unwrap();
    assert!(!delta.knows(&says(1, 5)) && delta.knows(&says(1, 6)));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn after_a_kill_nothing_is_known_for_certain() {
    let (_folder, path) = folder();
    let mut delta = Delta::open(&path).unwrap();
    delta.has_accepted(&says(1, 5));
    delta.close().unwrap();
    drop(delta);

    let mut delta = Delta::open(&path).unwrap();
    assert!(delta.knows(&says(1, 5)));
    // A load that only reads changes nothing.
    drop(delta);
    delta = Delta::open(&path).unwrap();
    assert!(delta.knows(&says(1, 5)));
    delta.has_accepted(&says(1, 6));
    // Some of these were written.
    for key in 2..10_500 {
        delta.has_accepted(&says(key, 1));
    }
    drop(delta);
    assert!(!Delta::copy_of(&path).unwrap().knows(&says(1, 5)));
    let mut delta = Delta::open(&path).unwrap();
    for known in [says(1, 5), says(1, 6), says(2, 1)] {
        assert!(!delta.knows(&known));
    }
    delta.has_accepted(&says(1, 5));
    delta.close().unwrap();
    drop(delta);
    assert!(Delta::open(&path).unwrap().knows(&says(1, 5)));
}

#[test]
fn a_second_load_is_turned_away() {
    let (_folder, path) = folder();
    let _delta = Delta::open(&path).unwrap();
    for second in [Delta::open(&path), Delta::copy_of(&path)] {
        let error = second.unwrap_err().to_string();
        assert!(error.contains("another load is using"), "{error}");
    }
}

#[test]
fn a_copy_knows_what_was_accepted_and_leaves_it_alone() {
    let (_folder, path) = folder();
    assert!(!Delta::copy_of(&path).unwrap().knows(&says(1, 5)) && !path.exists());
    let mut delta = Delta::open(&path).unwrap();
    delta.has_accepted(&says(1, 5));
    delta.close().unwrap();
    drop(delta);
    let before = fs::read(&path).unwrap();
    let mut copy = Delta::copy_of(&path).unwrap();
    assert!(copy.knows(&says(1, 5)));
    copy.doubt(&says(1, 5)).unwrap();
    copy.close().unwrap();
    assert!(!copy.knows(&says(1, 5)));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    for text in [
        "user_id\nu1\n".to_owned(),
        "x".to_owned(),
        "user_id,name\n".repeat(10_000),
    ] {
        fs::write(&path, &text).unwrap();
        let error = Delta::open(&path).unwrap_err().to_string();
        assert!(error.contains("is not the memory of an earlier load"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    fs::remove_file(&path).unwrap();
    drop(Database::create(&path).unwrap());
    let error = Delta::open(&path).unwrap_err().to_string();
    assert!(error.contains("is not the memory of an earlier load"), "{error}");
    let error = Delta::open(path.parent().unwrap()).unwrap_err().to_string();
    assert!(error.contains("cannot open"), "{error}");
}

#[test]
fn a_file_that_was_cut_or_overwritten_is_an_error() {
    let (_folder, path) = folder();
    let mut delta = Delta::open(&path).unwrap();
    (0..1_000).for_each(|key| delta.has_accepted(&says(key, 1)));
    delta.close().unwrap();
    drop(delta);
    let whole = fs::read(&path).unwrap();
    let says = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let error = Delta::open(&path).unwrap_err().to_string();
        assert!(error.contains("delta"), "{error}");
    };
    for cut in [20, 400, 4_096, whole.len() / 2, whole.len() - 1] {
        says(&whole[..cut]);
    }
    // The middle of the page that holds most of the users.
    let mut overwritten = whole;
    let users = overwritten
        .windows(16)
        .rposition(|bytes| bytes == 500_u128.to_le_bytes())
        .unwrap();
    overwritten[users] ^= 1;
    says(&overwritten);
}

/// `cargo test --release -p dfinery-load --lib -- --ignored --nocapture a_million`
#[test]
#[ignore = "a measurement"]
fn a_million_users_are_looked_up() {
    let (_folder, path) = folder();
    let mut delta = Delta::open(&path).unwrap();
    let key = |number: u128| xxhash_rust::xxh3::xxh3_128(&number.to_le_bytes());
    let (mut longest, start) = (std::time::Duration::ZERO, std::time::Instant::now());
    for number in 0..1_000_000 {
        let one = std::time::Instant::now();
        delta.has_accepted(&says(key(number), number));
        longest = longest.max(one.elapsed());
    }
    delta.commit().unwrap();
    println!(
        "accepted: {:?}, longest {longest:?}, {} bytes",
        start.elapsed(),
        fs::metadata(&path).unwrap().len()
    );
    for pass in 0..3 {
        let start = std::time::Instant::now();
        for number in 0..1_000_000 {
            let number = number * 7_919 % 1_000_000;
            assert!(delta.knows(&says(key(number), number)));
        }
        println!("pass {pass}: {:?} for a million lookups", start.elapsed());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn it_answers_like_a_map(steps in vec((0..8_u128, 1..5_u128, 0..6_u8), 0..40)) {
        let (_folder, path) = folder();
        let mut delta = Delta::open(&path).unwrap();
        let mut map = HashMap::new();
        for (key, hash, then) in steps {
            prop_assert_eq!(delta.knows(&says(key, hash)), map.get(&key) == Some(&hash));
            delta.has_accepted(&says(key, hash));
            map.insert(key, hash);
            if then < 2 {
                delta.commit().unwrap();
            }
            if then == 0 {
                delta.close().unwrap();
                drop(delta);
                delta = Delta::open(&path).unwrap();
            }
        }
    }
}
