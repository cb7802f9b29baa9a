//! Who spoke: an answer that is not the API's is no verdict on a record, and a record that something on the way always
//! refuses does not hold up the others.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use dfinery::RetryPolicy;
use dfinery_load::{FileLoad, Loader, LoaderBuilder, Receipt, RecordKind, Stop};

use crate::{
    audit::lines,
    chaos::quick,
    records::time,
    service::{Reply, Service, http, page},
};

const PATIENCE: Duration = Duration::from_millis(700);

/// An event of a user.
fn event(user: &str, position: usize) -> String {
    let time = time(position);
    format!(
        r#"{{"identity":{{"external_id":"{user}"}},"event":{{"event_name":"df_login","event_datetime":"{time}"}}}}"#
    )
}

/// A file with one event of each of so many users.
fn users(folder: &Path, users: usize) -> FileLoad {
    write(folder, (0..users).map(|user| event(&format!("user-{user}"), user)))
}

fn write(folder: &Path, events: impl IntoIterator<Item = String>) -> FileLoad {
    let mut text = String::new();
    for event in events {
        let _ = writeln!(text, "{event}");
    }
    let path = folder.join("in.ndjson");
    fs::write(&path, text).unwrap();
    FileLoad::new(RecordKind::Event, [path])
}

async fn run(loader: LoaderBuilder, load: &FileLoad) -> Receipt {
    let receipt = loader.build().load_files(load.clone()).await.unwrap().receipt;
    assert!(receipt.adds_up(), "{receipt}");
    receipt
}

fn loader(service: &Service) -> LoaderBuilder {
    let retry = RetryPolicy::default()
        .base_delay(Duration::from_millis(20))
        .max_delay(Duration::from_millis(200));
    Loader::builder(&service.client(retry)).patience(PATIENCE)
}

/// The fates in the dead letter, by line of the file.
fn dead(load: &FileLoad) -> BTreeMap<u64, String> {
    let letters = lines(&load.state_folder().unwrap().join("dead-letter.ndjson"));
    letters
        .iter()
        .map(|letter| {
            (
                letter["line"].as_u64().unwrap(),
                letter["fate"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_answers_for_a_moment_marks_no_record() {
    for status in [301, 400, 404, 405, 410, 421, 422, 425, 501, 522] {
        let folder = tempfile::tempdir().unwrap();
        let down = AtomicUsize::new(0);
        let service = Service::start(move |number, _| {
            if number >= 100 && down.fetch_add(1, Relaxed) < 30 {
                page(status)
            } else {
                Reply::Take
            }
        })
        .await;
        let load = users(folder.path(), 300);
        let receipt = run(loader(&service).patience(Duration::from_secs(20)), &load).await;
        assert!(receipt.all_accepted(), "{status}: {receipt}");
        // It may have failed after the API had taken the call.
        assert!(receipt.possibly_twice > 0, "{status}: {receipt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_leads_elsewhere_ends_the_load_after_a_few_calls() {
    for (status, body) in [
        (404, "<html>no such path</html>"),
        (301, ""),
        (302, "<html>moved</html>"),
        (405, ""),
        (407, "<html>proxy</html>"),
        (410, ""),
        (400, "<html>bad request</html>"),
        (422, "<html>refused</html>"),
        (200, "<!DOCTYPE html><title>Log in</title>"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(move |_, _| Reply::Instead(http(status, "text/html", body))).await;
        let load = users(folder.path(), 3_000);
        let started = Instant::now();
        let receipt = run(loader(&service).patience(Duration::from_secs(60)), &load).await;
        assert!(started.elapsed() < Duration::from_secs(20), "{status}: {receipt}");
        assert!(
            matches!(&receipt.stopped, Some(Stop::Unreachable(error)) if error.is_misdirected()),
            "{status}: {receipt}"
        );
        assert!(!receipt.stopped.as_ref().unwrap().is_temporary());
        assert_eq!((receipt.rejected, receipt.accepted), (0, 0), "{status}: {receipt}");
        assert!(service.requests() < 30, "{status}: {} requests", service.requests());
        assert!(dead(&load).is_empty(), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_down_for_long_ends_the_load_with_few_calls_and_unknown_records() {
    for status in [500, 502, 522, 530, 599] {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(move |_, _| page(status)).await;
        let load = users(folder.path(), 1_000);
        let receipt = run(loader(&service), &load).await;
        assert!(
            matches!(receipt.stopped, Some(Stop::NoSuccess(_))),
            "{status}: {receipt}"
        );
        assert!(receipt.stopped.as_ref().unwrap().is_temporary());
        assert!(
            receipt.unknown <= 16 && receipt.undelivered >= 984,
            "{status}: {receipt}"
        );
        assert!(dead(&load).is_empty(), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_ends_at_once_if_nothing_listens_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let service = Service::at(format!("http://{address}"));
    let load = users(folder.path(), 100);
    let started = Instant::now();
    let receipt = run(loader(&service).patience(Duration::from_secs(600)), &load).await;
    assert!(started.elapsed() < Duration::from_secs(10), "{receipt}");
    let Some(Stop::Unreachable(error)) = &receipt.stopped else {
        panic!("{receipt}")
    };
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    assert_eq!(receipt.undelivered, 100, "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_uses_of_an_answer_may_be_anything() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, _| {
        let body = "\u{feff}{\"status\":true,\"code\":20000,\"message\":{},\"data\":{\"accepted\":1},\"trace\":[]}";
        Reply::Instead(http(200, "application/json", body))
    })
    .await;
    let receipt = run(loader(&service), &users(folder.path(), 50)).await;
    assert!(receipt.all_accepted() && receipt.attempts == 50, "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_time_longer_than_a_single_call_waits_is_waited_for_within_patience() {
    let folder = tempfile::tempdir().unwrap();
    let retry = quick().max_wait(Duration::from_millis(50));
    let unavailable = || {
        let head = "HTTP/1.1 503 X\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n";
        Reply::Instead(head.as_bytes().to_vec())
    };
    // For a while every call, then one in ten.
    let begun = Instant::now();
    let service = Service::start(move |number, _| {
        if begun.elapsed() < Duration::from_millis(500) || (number < 300 && number % 10 == 0) {
            unavailable()
        } else {
            Reply::Take
        }
    })
    .await;
    let load = users(folder.path(), 400);
    let builder = Loader::builder(&service.client(retry.clone())).patience(Duration::from_secs(30));
    let receipt = run(builder, &load).await;
    assert!(receipt.all_accepted(), "{receipt}");

    // Longer than the patience: it ends within it, and nothing is given up.
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(move |_, _| {
        Reply::Instead(b"HTTP/1.1 503 X\r\nretry-after: 300\r\ncontent-length: 0\r\n\r\n".to_vec())
    })
    .await;
    let load = users(folder.path(), 400);
    let builder = Loader::builder(&service.client(retry)).patience(PATIENCE);
    let receipt = run(builder, &load).await;
    assert!(matches!(receipt.stopped, Some(Stop::NoSuccess(_))), "{receipt}");
    assert!(dead(&load).is_empty() && service.requests() < 30, "{receipt}");
}

/// Answers every call that holds a certain user, or a certain event, with this status.
fn poison(status: u16, what: &'static str) -> impl Fn(usize, &str) -> Reply {
    move |_, body| if body.contains(what) { page(status) } else { Reply::Take }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_something_on_the_way_forbids_is_divided_and_the_others_go_on() {
    for status in [401, 403] {
        let folder = tempfile::tempdir().unwrap();
        // One record of a full call.
        let service = Service::start(poison(status, "0b0b0b0b-0000-4000-8000-000000000000")).await;
        let events = (0..400).map(|position| {
            let event = event(&format!("user-{}", position / 100), position);
            if position == 137 {
                event.replace(
                    "\"event_name\"",
                    "\"event_log_id\":\"0b0b0b0b-0000-4000-8000-000000000000\",\"event_name\"",
                )
            } else {
                event
            }
        });
        let others = (0..2_000).map(|position| event(&format!("other-{position}"), position));
        let load = write(folder.path(), events.chain(others));
        let mut receipt = run(loader(&service), &load).await;
        // The service may have been done with the others before it was clear that this call alone fails.
        for _ in 0..2 {
            if receipt.stopped.is_some() {
                receipt = run(loader(&service), &load).await;
            }
        }
        assert!(receipt.stopped.is_none() && receipt.complete, "{status}: {receipt}");
        assert_eq!((receipt.accepted, receipt.unknown), (2_399, 1), "{status}: {receipt}");
        assert_eq!(dead(&load), [(138, "unknown".to_owned())].into(), "{status}");
        assert_eq!(service.taken_of("user-1"), 99);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_something_on_the_way_refuses_for_all_ends_the_load() {
    for status in [401, 403] {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(move |_, _| page(status)).await;
        let load = users(folder.path(), 1_000);
        let receipt = run(loader(&service).patience(Duration::from_secs(60)), &load).await;
        assert!(matches!(receipt.stopped, Some(Stop::Refused(_))), "{status}: {receipt}");
        assert!(dead(&load).is_empty() && service.requests() < 30, "{status}: {receipt}");
    }
    // Also in the middle of a load: no record is to blame.
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(move |number, _| if number < 200 { Reply::Take } else { page(401) }).await;
    let load = users(folder.path(), 1_000);
    for number in 0..3 {
        let receipt = run(loader(&service), &load).await;
        match &receipt.stopped {
            Some(stop @ Stop::Blocked(_)) if number == 0 => assert!(stop.is_temporary()),
            Some(Stop::Refused(_)) if number > 0 => {}
            _ => panic!("{receipt}"),
        }
        assert!(dead(&load).is_empty(), "{receipt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_a_firewall_forbids_says_nothing_about_the_token() {
    for status in [401, 403] {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(poison(status, "user-1")).await;
        let load = users(folder.path(), 4);
        let mut receipt = run(loader(&service), &load).await;
        assert_eq!(receipt.accepted, 3, "{status}: {receipt}");
        if let Some(stop) = &receipt.stopped {
            assert!(matches!(stop, Stop::Blocked(_)) && stop.is_temporary(), "{stop}");
            assert!(!receipt.to_string().contains("every further call"), "{receipt}");
            assert!(receipt.goes_on(), "{receipt}");
            receipt = run(loader(&service), &load).await;
        }
        assert!(receipt.stopped.is_none() && receipt.complete, "{status}: {receipt}");
        assert_eq!((receipt.accepted, receipt.unknown), (3, 1), "{status}: {receipt}");
        assert_eq!(dead(&load), [(2, "unknown".to_owned())].into(), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_always_fails_is_unknown_after_a_bounded_number_of_attempts() {
    for status in [500, 404, 400, 503, 403] {
        for (first, last) in [(0, 30), (15, 15), (30, 0)] {
            let folder = tempfile::tempdir().unwrap();
            let service = Service::start(poison(status, "\"poisoned\"")).await;
            // Events of one user, too far apart for one call, with others before and after.
            let mut load = write(
                folder.path(),
                (0..first)
                    .map(|user| event(&format!("before-{user}"), user))
                    .chain([event("poisoned", 100), event("user", 101)])
                    .chain((0..last).map(|user| event(&format!("after-{user}"), user))),
            );
            load.resume = true;
            let mut runs = 1;
            let mut receipt = run(loader(&service), &load).await;
            while receipt.stopped.is_some() && runs < 3 {
                receipt = run(loader(&service), &load).await;
                runs += 1;
            }
            let case = format!("{status}, {first} before and {last} after, {runs} runs: {receipt}");
            assert!(receipt.complete && receipt.stopped.is_none(), "{case}");
            assert_eq!((receipt.accepted, receipt.unknown), (31, 1), "{case}");
            assert_eq!(dead(&load), [(first as u64 + 1, "unknown".to_owned())].into(), "{case}");
            assert!(service.requests() < 31 + 150, "{case}: {}", service.requests());
        }
    }
}

/// Only one call is made at first: if it alone were tried again, nobody would know that the others succeed.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_call_of_a_load_may_be_the_one_that_always_fails() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(poison(500, "user-0")).await;
    let load = users(folder.path(), 9);
    let receipt = run(loader(&service).most_calls(1), &load).await;
    assert_eq!((receipt.accepted, receipt.unknown), (8, 1), "{receipt}");
    assert!(receipt.complete && receipt.stopped.is_none(), "{receipt}");
    assert_eq!(dead(&load), [(1, "unknown".to_owned())].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_of_a_call_that_always_fails_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(poison(500, "0b0b0b0b-0000-4000-8000-000000000000")).await;
    let events = (0..300).map(|position| {
        let event = event("user", position);
        match position {
            50 => event.replace(
                "\"event_name\"",
                "\"event_log_id\":\"0b0b0b0b-0000-4000-8000-000000000000\",\"event_name\"",
            ),
            _ => event,
        }
    });
    let others = (0..50).map(|position| event(&format!("other-{position}"), position));
    let load = write(folder.path(), events.chain(others));
    let mut receipt = run(loader(&service), &load).await;
    for _ in 0..2 {
        if receipt.stopped.is_some() {
            receipt = run(loader(&service), &load).await;
        }
    }
    assert_eq!((receipt.accepted, receipt.unknown), (349, 1), "{receipt}");
    assert_eq!(dead(&load), [(51, "unknown".to_owned())].into());
    assert_eq!(service.taken_of("user"), 299);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_many_calls_blames_none_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let down = std::sync::Arc::new(AtomicBool::new(true));
    let service = Service::start({
        let down = std::sync::Arc::clone(&down);
        move |number, _| {
            if number >= 100 && down.load(Relaxed) {
                page(503)
            } else {
                Reply::Take
            }
        }
    })
    .await;
    let load = users(folder.path(), 200);
    for _ in 0..3 {
        let receipt = run(loader(&service), &load).await;
        assert!(matches!(receipt.stopped, Some(Stop::NoSuccess(_))), "{receipt}");
        assert!(dead(&load).is_empty(), "{receipt}");
    }
    down.store(false, Relaxed);
    assert!(run(loader(&service), &load).await.all_accepted());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_rest_hold_no_place() {
    let folder = tempfile::tempdir().unwrap();
    // Half of the calls are told to come back much later; only two may be under way at once.
    let service = Service::start(|number, body| {
        if number < 40 && body.contains("-even") {
            Reply::Instead(b"HTTP/1.1 503 X\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n".to_vec())
        } else {
            Reply::Take
        }
    })
    .await;
    let names = (0..80).map(|user| {
        if user % 2 == 0 {
            format!("{user}-even")
        } else {
            format!("{user}-odd")
        }
    });
    let load = write(folder.path(), names.map(|name| event(&name, 1)));
    let client = service.client(RetryPolicy::default());
    let loading = Loader::builder(&client).most_calls(2).build().load_files(load);
    let loading = tokio::spawn(loading);
    let started = Instant::now();
    while service.taken() < 40 && started.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Before the first of the resting calls returns.
    assert!(
        started.elapsed() < Duration::from_millis(1_900),
        "{:?}",
        started.elapsed()
    );
    let receipt = loading.await.unwrap().unwrap().receipt;
    assert!(receipt.all_accepted(), "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_by_chance_cost_little_more_than_themselves() {
    const CALLS: usize = 3_000;
    for percent in [10, 20, 30] {
        let folder = tempfile::tempdir().unwrap();
        // By a fixed sequence that looks like chance.
        let service = Service::start(move |number, _| {
            let mixed = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
            if mixed % 100 < percent { page(503) } else { Reply::Take }
        })
        .await;
        let load = users(folder.path(), CALLS);
        let client = service.client(RetryPolicy::default().base_delay(Duration::from_millis(50)));
        let receipt = run(Loader::builder(&client), &load).await;
        assert!(receipt.stopped.is_none(), "{percent}: {receipt}");
        assert!(receipt.unknown * 1_000 <= CALLS as u64, "{percent}: {receipt}");
        // Each failure is one more request, and no call is tried again in vain.
        let expected = CALLS * 100 / (100 - usize::try_from(percent).unwrap());
        assert!(
            service.requests() < expected * 11 / 10,
            "{percent}: {}",
            service.requests()
        );
    }
}
