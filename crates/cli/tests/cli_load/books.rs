//! The accounts of a load: what may be in them, and what must not get into them.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _};

use serde_json::{Value, json};

use crate::{
    command::{Desk, Ran, bare, run},
    event, events,
    stop::{FOUR_AT_ONCE, signal, slow, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_named_twice_by_whatever_path_is_refused() {
    let desk = Desk::new().await;
    desk.write("a.ndjson", events(2, 2));
    desk.write("b.ndjson", events(2, 2));
    std::os::unix::fs::symlink("a.ndjson", desk.path("link.ndjson")).unwrap();
    fs::hard_link(desk.path("a.ndjson"), desk.path("hard.ndjson")).unwrap();
    fs::create_dir(desk.path("in")).unwrap();
    let absolute = desk.path("a.ndjson");
    for again in [
        "a.ndjson",
        "./a.ndjson",
        "in/../a.ndjson",
        "link.ndjson",
        "hard.ndjson",
        absolute.to_str().unwrap(),
    ] {
        let ran = desk.run(&["load", "events", "a.ndjson", "b.ndjson", again]).await;
        ran.is(2).says("a.ndjson is named twice");
    }
    assert_eq!(desk.emulator.ledger().all_requests().len(), 0);
    assert!(!desk.path("a.ndjson.dfinery").exists());
    // Another file with the same contents is another file.
    desk.run(&["load", "events", "a.ndjson", "b.ndjson"]).await.is(0);
    assert_eq!(desk.emulator.ledger().events_stored(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_of_an_earlier_run_is_never_that_of_this_one() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(2, 1));
    let load = ["load", "events", "sales.ndjson", "--no-resume"];
    let mut refused = desk.command(&load);
    refused.env("DFINERY_IMPORT_TOKEN", "no-such-token");
    run(refused).await.is(2).says("dead-letter.ndjson");
    let letters = desk.read("sales.ndjson.dfinery/dead-letter.ndjson");
    assert_eq!(letters.lines().count(), 2);

    let ran = desk.run(&load).await;
    ran.is(0)
        .says("Moved aside, from an earlier load: sales.ndjson.dfinery.");
    assert!(!ran.out.contains("Not accepted"), "{}", ran.out);
    let receipt = desk.receipt("sales.ndjson");
    assert_eq!(
        (&receipt["dead_letter"], &receipt["accepted"]),
        (&Value::Null, &json!(2))
    );
    assert!(!desk.path("sales.ndjson.dfinery/dead-letter.ndjson").exists());
    let aside = receipt["moved_aside"].as_str().unwrap();
    assert_eq!(desk.read(&format!("{aside}/dead-letter.ndjson")), letters);
    assert!(desk.path(aside).join("receipt.json").exists());

    // Where there is nothing to keep apart, nothing is moved.
    desk.run(&load).await.is(0);
    assert_eq!(desk.receipt("sales.ndjson")["moved_aside"], Value::Null);
    desk.run(&["replay", "sales.ndjson.dfinery/dead-letter.ndjson"])
        .await
        .is(2);
    assert_eq!(desk.emulator.ledger().events_stored(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_dead_letters_of_one_second_are_all_kept() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", event("kim-1", "no_such_event", 0));
    let load = ["load", "events", "sales.ndjson", "--no-resume"];
    for _ in 0..4 {
        desk.run(&load).await.is(1);
    }
    let names = fs::read_dir(&desk.folder).unwrap().map(|entry| entry.unwrap().path());
    let letters = names.filter_map(|folder| fs::read_to_string(folder.join("dead-letter.ndjson")).ok());
    assert_eq!(letters.map(|text| text.lines().count()).collect::<Vec<_>>(), [1; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_makes_do_with_few_file_handles() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(600, 1) + &event("kim-bad", "no_such_event", 0));
    slow(&desk, 30);
    let file = desk.path("sales.ndjson");
    for limit in [64, 128] {
        let mut command = std::process::Command::new("sh");
        let load = desk.command(&["load", "events"]);
        command
            .args(["-c", &format!("ulimit -n {limit}; exec \"$0\" \"$@\"")])
            .arg(load.get_program())
            .args(load.get_args())
            .arg(&file)
            .args(["--restart", "--progress", "none"])
            .envs(load.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(&desk.folder);
        let ran = run(command).await;
        ran.is(1);
        let receipt = desk.receipt("sales.ndjson");
        assert_eq!((&receipt["accepted"], &receipt["rejected"]), (&json!(600), &json!(1)));
        // No connection failed for want of a handle.
        assert_eq!(receipt["failed_attempts"], 1, "{receipt:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_whose_journal_is_deleted_ends_and_promises_nothing() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(500, 2));
    slow(&desk, 20);
    for deleted in ["sales.ndjson.dfinery/journal", "sales.ndjson.dfinery"] {
        let before = desk.emulator.ledger().events_stored();
        let child = desk.command(&FOUR_AT_ONCE).spawn().unwrap();
        until(|| desk.emulator.ledger().events_stored() > before + 20).await;
        let deleted = desk.path(deleted);
        if deleted.is_dir() {
            fs::remove_dir_all(deleted).unwrap();
        } else {
            fs::remove_file(deleted).unwrap();
        }
        let ran: Ran = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap())
            .await
            .unwrap()
            .into();
        ran.is(1).says("journal was deleted while the load ran");
        assert!(!ran.out.contains("Run the same command again"), "{}", ran.out);
        let sent = desk.emulator.ledger().events_stored() - before;
        assert!(sent < 500, "it ended long before it had sent all: {sent}");
        let _ = fs::remove_dir_all(desk.path("sales.ndjson.dfinery"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_is_named_and_what_it_forgot_is_listed() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(300, 1));
    slow(&desk, 20);
    let mut child = desk.command(&FOUR_AT_ONCE).spawn().unwrap();
    until(|| desk.emulator.ledger().events_stored() > 100).await;
    signal(&child, "-KILL");
    child.wait().unwrap();
    // In the first entry after the header.
    let mut journal = fs::read(desk.path("sales.ndjson.dfinery/journal")).unwrap();
    journal[90] ^= 1;
    desk.write("sales.ndjson.dfinery/journal", &journal);

    let ran = desk.run(&FOUR_AT_ONCE).await;
    ran.is(0).says("sales.ndjson.dfinery/journal was damaged");
    assert!(ran.err.contains("was damaged"), "{}", ran.err);
    let twice = desk.emulator.ledger().events_stored() - 300;
    let listed = desk.read("sales.ndjson.dfinery/possibly-twice.ndjson");
    assert!(twice > 100 && listed.lines().count() >= twice, "{twice} twice");
    assert!(listed.contains("journal_damaged"), "{listed}");
    // Also the next time.
    let ran = desk.run(&FOUR_AT_ONCE).await;
    ran.is(0)
        .says("All of it had been settled before")
        .says("journal was damaged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_load_fails_whoever_reads_its_receipt() {
    let desk = Desk::new().await;
    desk.write("bad.ndjson", event("kim-1", "no_such_event", 0));
    desk.write("good.ndjson", event("kim-1", "df_login", 0));
    desk.write("unchecked.ndjson", "{}\n");
    let load = |file| ["load", "events", file, "--no-resume", "--progress", "none"];
    for (arguments, code) in [
        (&load("bad.ndjson")[..], 1),
        (&load("good.ndjson"), 0),
        (&["check", "unchecked.ndjson"], 1),
        (&["load", "events", "unchecked.ndjson", "--dry-run"], 1),
        (&["preview", "unchecked.ndjson"], 1),
        (&["codes"], 0),
    ] {
        for _ in 0..5 {
            let mut command = desk.command(arguments);
            // Nobody ever reads it.
            command.stdout(std::io::pipe().unwrap().1);
            run(command).await.is(code);
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_cannot_be_written_is_no_wrong_usage() {
    let desk = Desk::new().await;
    desk.write("good.ndjson", event("kim-1", "df_login", 0));
    let load = ["load", "events", "good.ndjson", "--no-resume"];
    let mut full = desk.command(&load);
    full.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    run(full)
        .await
        .is(1)
        .says("cannot write the receipt to standard output");
    let elsewhere = [&load[..], &["--receipt", "nowhere/receipt.json"]].concat();
    let ran = desk.run(&elsewhere).await;
    ran.is(1)
        .says("cannot write the receipt to nowhere")
        .says("accepted               1");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_are_not_utf_8_are_loaded_replayed_and_named_apart() {
    let desk = Desk::new().await;
    let of = |bytes: &'static [u8]| OsStr::from_bytes(bytes);
    let (good, bad) = (of(b"\xb0\xed\xb0\xb4.ndjson"), of(b"\xb0\xed\xb0\xb5.ndjson"));
    fs::write(desk.folder.path().join(good), event("kim-1", "df_login", 0)).unwrap();
    fs::write(desk.folder.path().join(bad), event("kim-2", "no_such_event", 1)).unwrap();
    let taxonomy = "standard: true\nevents:\n  - name: no_such_event\n";
    fs::write(desk.folder.path().join(of(b"\xb0\xa1.yaml")), taxonomy).unwrap();
    let mut command = desk.command(&["load", "events"]);
    command.args([good, bad, of(b"--taxonomy"), of(b"\xb0\xa1.yaml")]);
    command.args([of(b"--receipt"), of(b"\xbf\xb5.json")]);
    let ran = run(command).await;
    ran.is(1)
        .says(r"Not accepted: \xB0\xED\xB0\xB4.ndjson.dfinery/dead-letter.ndjson")
        .says(r"dfinery replay $'\xb0\xed\xb0\xb4.ndjson.dfinery/dead-letter.ndjson'");
    let state = desk.folder.path().join(of(b"\xb0\xed\xb0\xb4.ndjson.dfinery"));
    let receipt = fs::read(state.join("receipt.json")).unwrap();
    assert_eq!(
        fs::read(desk.folder.path().join(of(b"\xbf\xb5.json"))).unwrap(),
        receipt
    );
    let receipt: Value = serde_json::from_slice(&receipt).unwrap();
    assert_eq!(receipt["inputs"][1]["name"], r"\xB0\xED\xB0\xB5.ndjson");
    let letter = fs::read_to_string(state.join("dead-letter.ndjson")).unwrap();
    let letter: Value = serde_json::from_str(&letter).unwrap();
    assert_eq!(letter["file"], r"\xB0\xED\xB0\xB5.ndjson");

    let mut replay = desk.command(&["replay"]);
    replay.arg(state.join("dead-letter.ndjson"));
    run(replay).await.is(1);
    // So may a folder of settings be named.
    fs::create_dir(desk.folder.path().join(of(b"\xb0"))).unwrap();
    fs::write(desk.folder.path().join(of(b"\xb0/t.yaml")), "standard: true\n").unwrap();
    fs::write(
        desk.folder.path().join(of(b"\xb0/dfinery.toml")),
        "taxonomy = \"t.yaml\"",
    )
    .unwrap();
    let mut check = bare(&["check"]);
    check.current_dir(&desk.folder).arg(good);
    check.args([of(b"--config"), of(b"\xb0/dfinery.toml")]);
    run(check).await.is(0);
}
