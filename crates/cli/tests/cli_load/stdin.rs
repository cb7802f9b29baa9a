//! Standard input: what a scheduler that pipes it in again may rely on.

use std::{collections::BTreeSet, io::Write as _, process::Stdio};

use serde_json::{Value, json};

use crate::{
    command::{Desk, Ran},
    event, events,
    stop::{signal, slow, until},
};

/// The mapping of a table of logins.
const LOGINS: &str = "event: df_login\nidentity: {external_id: id}\nevent_datetime: at\n";
const LOAD: [&str; 7] = ["load", "events", "-", "--state", "piped", "--progress", "none"];

impl Desk {
    fn receipt_of_pipe(&self) -> Value {
        serde_json::from_str(&self.read("piped/receipt.json")).unwrap()
    }

    /// How many events are there, and with how many ids.
    fn stored(&self) -> (usize, usize) {
        let ledger = self.emulator.ledger();
        let ids: BTreeSet<_> = ledger.events().map(|event| event.event.event_log_id).collect();
        (ledger.events_stored(), ids.len())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_again_send_nothing_and_more_bytes_only_what_is_new() {
    let desk = Desk::new().await;
    let (first, more) = (events(300, 3), event("kim-new", "df_login", 50));
    let ran = desk.run_with_stdin(&LOAD, first.as_bytes()).await;
    ran.is(0);
    assert!(!ran.out.contains("There is no journal"), "{}", ran.out);
    assert_eq!(desk.stored(), (900, 900));
    for _ in 0..2 {
        let ran = desk.run_with_stdin(&LOAD, first.as_bytes()).await;
        ran.is(0).says("All of it had been settled before: nothing was sent.");
        assert_eq!(desk.stored(), (900, 900));
    }
    let longer = first.clone() + &more;
    desk.run_with_stdin(&LOAD, longer.as_bytes())
        .await
        .is(0)
        .says("read                 901");
    assert_eq!(desk.stored(), (901, 901));
    let receipt = desk.receipt_of_pipe();
    assert_eq!(
        (&receipt["accepted"], &receipt["possibly_twice"]),
        (&json!(901), &json!(0))
    );
    assert_eq!(
        (&receipt["runs"], &receipt["repeat_sends_again"]),
        (&json!(4), &json!(false))
    );
    let ran = desk.run_with_stdin(&LOAD, longer.as_bytes()).await;
    ran.is(0).says("All of it had been settled before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_load_goes_on_with_the_same_ids_and_lists_what_may_be_there_twice() {
    let desk = Desk::new().await;
    let lines = events(300, 3) + &event("kim-bad", "no_such_event", 0);
    slow(&desk, 20);
    for killed in 1..4 {
        let mut command = desk.command(&LOAD);
        command.args(["--concurrency", "8"]).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // In pieces of other sizes each time, and the end never comes.
        for piece in lines.as_bytes().chunks(killed * 7_919) {
            pipe.write_all(piece).unwrap();
        }
        until(|| desk.emulator.ledger().events_stored() > killed * 120).await;
        signal(&child, "-KILL");
        child.wait().unwrap();
        drop(pipe);
    }
    let ran = desk.run_with_stdin(&LOAD, lines.as_bytes()).await;
    ran.is(1).says("It took 4 runs");
    let (events, ids) = desk.stored();
    assert_eq!(ids, 900);
    let listed = desk.read("piped/possibly-twice.ndjson").lines().count();
    assert!(
        events - ids <= listed && listed < 300,
        "{events} events, {listed} listed"
    );
    let receipt = desk.receipt_of_pipe();
    assert_eq!((&receipt["read"], &receipt["accepted"]), (&json!(901), &json!(900)));
    assert_eq!(desk.read("piped/dead-letter.ndjson").lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_are_refused_before_anything_is_sent() {
    let desk = Desk::new().await;
    let lines = events(1_000, 3);
    desk.run_with_stdin(&LOAD, lines.as_bytes()).await.is(0);
    let other = lines.replacen("kim-500", "kim-501", 1);
    let (shorter, first_half) = (&lines[..lines.len() - 100], &lines[..lines.len() / 2]);
    for bytes in [&other, shorter, first_half, &event("kim-1", "df_login", 1)] {
        let ran = desk.run_with_stdin(&LOAD, bytes.as_bytes()).await;
        ran.is(2)
            .says("standard input: it")
            .says("pipe in the same bytes again");
        assert!(!(ran.out.clone() + &ran.err).contains("dead letter"), "{}", ran.out);
        assert!(!ran.out.contains("Run the same command again"), "{}", ran.out);
        assert_eq!(desk.stored(), (3_000, 3_000));
    }
    // Each can be loaded as another load.
    let restart = [&LOAD[..], &["--restart"]].concat();
    desk.run_with_stdin(&restart, other.as_bytes()).await.is(0);
    assert_eq!(desk.stored(), (6_000, 6_000));
}

/// Runs one load of standard input after another in the same folder, and says how many events are there.
async fn piped(arguments: &[&str], inputs: &[(&[u8], i32)]) -> (Desk, usize, Ran) {
    let desk = Desk::new().await;
    desk.write("logins.yaml", LOGINS);
    let arguments = [&LOAD[..], arguments].concat();
    let mut last = None;
    for (input, code) in inputs {
        let ran = desk.run_with_stdin(&arguments, input).await;
        ran.is(*code);
        last = Some(ran);
    }
    let (stored, ids) = desk.stored();
    assert_eq!(stored, ids);
    (desk, stored, last.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_ended_within_a_record_does_not_go_on() {
    let table = ["--mapping", "logins.yaml"];
    let begun = "at,id\n2026-11-01T10:00:00Z,kim-1\n2026-11-01T10:00:00Z,kim-2";
    let whole = format!("{begun}500\n2026-11-01T10:00:00Z,kim-3\n");
    let desk = Desk::new().await;
    desk.write("logins.yaml", LOGINS);
    let load = [&LOAD[..], &table].concat();
    desk.run_with_stdin(&load, begun.as_bytes()).await.is(0);
    for _ in 0..2 {
        let ran = desk.run_with_stdin(&load, whole.as_bytes()).await;
        ran.is(2)
            .says("standard input: it ended within the record on line 3")
            .says("give another --state DIR");
        assert_eq!(desk.stored(), (2, 2));
    }
    // The same goes on as before, also with what comes after the whole line.
    desk.run_with_stdin(&load, begun.as_bytes())
        .await
        .is(0)
        .says("nothing was sent");
    let more = format!("{begun}\n2026-11-01T10:00:00Z,kim-3");
    desk.run_with_stdin(&load, more.as_bytes()).await.is(0);
    assert_eq!(desk.stored(), (3, 3));
    desk.run_with_stdin(&load, (more.clone() + "\n").as_bytes()).await.is(0);
    desk.run_with_stdin(&load, (more + "0").as_bytes()).await.is(2);
    assert_eq!(desk.stored(), (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_within_a_record_is_known_in_every_format() {
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let lines = events(3, 1);
    let cut = lines.len() - 3;
    // A line of JSON that is cut off is no record, and would never be one.
    let (_desk, stored, ran) = piped(&[], &[(&lines.as_bytes()[..cut], 1), (lines.as_bytes(), 2)]).await;
    assert_eq!(stored, 2);
    ran.says("ended within the record on line 3");
    // A quoted cell goes on behind the line break, and two lines become one.
    let table = "id,at\nkim-1,2026-11-01T10:00:00Z\n\"kim-2,x\nkim-3,2026-11-01T10:00:00Z\n";
    let closed = format!("{table}\",2026-11-01T10:00:00Z\nkim-4,2026-11-01T10:00:00Z\n");
    let mapped = ["--mapping", "logins.yaml"];
    let (_desk, stored, _) = piped(&mapped, &[(table.as_bytes(), 1), (closed.as_bytes(), 2)]).await;
    assert_eq!(stored, 2);
    // What is compressed may go on with another member.
    let [first, more] = [lines.clone(), event("kim-new", "df_login", 50)].map(|text| gzip(&text));
    let longer = [&first[..], &more].concat();
    let (_desk, stored, _) = piped(&[], &[(&first, 0), (&longer, 0)]).await;
    assert_eq!(stored, 4);
    let begun = gzip(&lines[..cut]);
    let whole = [&begun[..], &gzip(&lines[cut..])].concat();
    let (_desk, stored, _) = piped(&[], &[(&begun, 1), (&whole, 2)]).await;
    assert_eq!(stored, 2);
    // Behind an array nothing but white space comes.
    let array = format!("[{}]", lines.trim_end().replace('\n', ","));
    let (again, longer) = (array.clone() + "\n", array.clone() + "\n[{}]");
    let (_desk, stored, _) = piped(
        &[],
        &[(array.as_bytes(), 0), (again.as_bytes(), 0), (longer.as_bytes(), 1)],
    )
    .await;
    assert_eq!(stored, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_could_read_nothing_is_not_in_the_way() {
    let desk = Desk::new().await;
    desk.write("logins.yaml", LOGINS);
    let table = b"id,at\nkim-1,2026-11-01T10:00:00Z\n";
    desk.run_with_stdin(&LOAD, b"").await.is(2).says("it is empty");
    desk.run_with_stdin(&LOAD, table).await.is(2).says("needs a mapping");
    let mapped = [&LOAD[..], &["--mapping", "logins.yaml"]].concat();
    desk.run_with_stdin(&mapped, table).await.is(0);
    assert_eq!(desk.stored(), (1, 1));
    // Once something was read, it means what it meant.
    let ids = [&mapped[..], &["--id-columns", "at"]].concat();
    desk.run_with_stdin(&ids, table).await.is(2).says("other settings");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_journal_a_receipt_says_that_a_repeat_sends_again() {
    let desk = Desk::new().await;
    let lines = events(10, 1);
    let no_journal = [&LOAD[..], &["--no-resume"]].concat();
    let nowhere = ["load", "events", "-", "--output", "json"];
    let ran = desk.run_with_stdin(&no_journal, lines.as_bytes()).await;
    ran.is(0)
        .says("There is no journal: a repeat of this load sends all of it again.");
    let ran = desk.run_with_stdin(&nowhere, lines.as_bytes()).await;
    let receipt: Value = serde_json::from_str(&ran.is(0).out).unwrap();
    assert_eq!(
        (&receipt["repeat_sends_again"], &receipt["runs"]),
        (&json!(true), &json!(1))
    );
    // A journal is not begun among the files of a load without one, nor the other way round.
    desk.run_with_stdin(&no_journal, lines.as_bytes()).await.is(0);
    desk.run_with_stdin(&LOAD, lines.as_bytes()).await.is(0);
    desk.run_with_stdin(&no_journal, lines.as_bytes()).await.is(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_without_a_journal_that_is_asked_to_end_promises_nothing() {
    let desk = Desk::new().await;
    for (journal, code) in [(false, 1), (true, 75)] {
        let mut command = desk.command(if journal {
            &LOAD[..]
        } else {
            &["load", "events", "-", "--progress", "none"]
        });
        let before = desk.emulator.ledger().events_stored();
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(events(500, 3).as_bytes()).unwrap();
        until(|| desk.emulator.ledger().events_stored() > before).await;
        signal(&child, "-INT");
        let ran: Ran = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap())
            .await
            .unwrap()
            .into();
        drop(pipe);
        ran.is(code).says("it was asked to stop");
        assert!(!ran.out.contains("goes on from here"), "{}", ran.out);
        assert_eq!(ran.out.contains("Run the same command again"), journal, "{}", ran.out);
        assert_eq!(ran.out.contains("There is no journal"), !journal, "{}", ran.out);
    }
}
