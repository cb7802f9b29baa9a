//! The emulator as a guest in a test's process: where it listens, when it stops, and what it survives.

use std::{
    io::{self, ErrorKind, Write},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use dfinery::{ExportCode, ImportCode};
use dfinery_emulator::{Clock, Emulator, Fault};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    requests::{event, export, identify, item, load, login, sign_up, view_cart},
    start,
};

#[tokio::test]
async fn it_listens_on_the_loopback_only() {
    for outside in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let outside: SocketAddr = outside.parse().unwrap();
        let refused = Emulator::builder().address(outside).start().await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{outside}");
    }
    let emulator = Emulator::builder().address(([127, 0, 0, 1], 0)).start().await.unwrap();
    assert_eq!(emulator.address().ip().to_string(), "127.0.0.1");
    assert_eq!(emulator.base_url(), format!("http://{}", emulator.address()));
    assert_eq!(login(&emulator).code().await, ImportCode::Ok);
}

#[tokio::test]
async fn it_stops_when_dropped() {
    let emulator = Emulator::start().await.unwrap();
    let call = login(&emulator);
    let mut open = TcpStream::connect(emulator.address()).await.unwrap();
    assert_eq!(call.code().await, ImportCode::Ok);
    drop(emulator);
    assert_eq!(
        open.read(&mut [0; 16]).await.unwrap_or(0),
        0,
        "an open connection must end"
    );
    assert!(TcpStream::connect(call.address).await.is_err());
}

#[tokio::test]
async fn a_full_ledger_refuses_and_says_so() {
    let emulator = start(|settings| settings.capacity = 3).await;
    let two = || load(&emulator, "u", &[event("df_login"), event("df_logout")]);
    assert_eq!(two().code().await, ImportCode::Ok);
    assert_eq!(two().code().await, ImportCode::InternalServerError);
    assert_eq!(login(&emulator).code().await, ImportCode::Ok);
    assert_eq!(emulator.ledger().over_capacity(), 1);

    let fourth = identify(&emulator, &json!({ "email": "kim@example.com" }));
    assert_eq!(fourth.code().await, ImportCode::InternalServerError);
    assert_eq!(export(&emulator).failure().await, ExportCode::UnknownError);
    let ledger = emulator.ledger();
    assert_eq!(
        (
            ledger.all_requests().len(),
            ledger.events().len(),
            ledger.over_capacity()
        ),
        (3, 3, 3)
    );
    assert_eq!(ledger.identities().len(), 0);
}

#[tokio::test]
async fn nothing_that_is_sent_brings_it_down() {
    let emulator = Emulator::start().await.unwrap();
    let mut random = fastrand::Rng::with_seed(1);
    let whole = load(&emulator, "u", &[view_cart(&[item(1)])]).bytes();
    for _ in 0..300 {
        let mut bytes = whole.clone();
        for _ in 0..random.usize(1..20) {
            let place = random.usize(..bytes.len());
            match random.u8(..3) {
                0 => bytes[place] = random.u8(..),
                1 => bytes.truncate(place.max(1)),
                _ => bytes.insert(place, random.u8(..)),
            }
        }
        let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let mut read = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut read)).await;
        assert!(end.is_ok(), "it hangs");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [deep.as_bytes(), b"\xff\xfe", b"{\"events\":[{\"event_log_id\":\"x\"}]}"] {
        assert_ne!(login(&emulator).body(body).code().await, ImportCode::Ok);
    }
    assert_eq!(login(&emulator).code().await, ImportCode::Ok);
}

#[tokio::test]
async fn logs_say_what_happened_but_not_to_whom() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&log);
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || Log(Arc::clone(&writer)))
        .finish();
    // For the whole process: what the other tests log must do as well.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let emulator = Emulator::start().await.unwrap();
    login(&emulator).send().await;
    load(&emulator, "u-7", &[sign_up(7)]).send().await;
    identify(&emulator, &json!({ "email": "kim@example.com" }))
        .header("access_token", "stolen")
        .send()
        .await;
    emulator.script([Fault::CloseAfterReading]);
    login(&emulator).try_send().await;

    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    for told in [
        "load_events",
        "status=200",
        "code=\"20000\"",
        "code=\"40201\"",
        "close-after-reading",
        "must be of type",
    ] {
        assert!(log.contains(told), "{told} not in {log}");
    }
    for secret in [
        "u-1",
        "u-7",
        "kim",
        "stolen",
        emulator.import_token(),
        emulator.service_id(),
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

/// Collects what is logged.
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_reason_is_bounded_though_names_are_not() {
    let emulator = Emulator::start().await.unwrap();
    let call = load(&emulator, "u", &[event(&"긴".repeat(100_000))]);
    assert_eq!(call.code().await, ImportCode::ValidationFailure);
    let ledger = emulator.ledger();
    let reason = ledger.all_requests()[0].reason.as_deref().unwrap();
    assert!(reason.starts_with("events[0]: event \"긴긴"), "{reason}");
    assert_eq!(reason.chars().count(), 500);
}

#[tokio::test]
async fn a_panic_in_a_clock_hurts_one_request_only() {
    let emulator = start(|settings| settings.clock = Clock::new(|| panic!("a clock of a test"))).await;
    assert!(login(&emulator).try_send().await.is_none());
    emulator.settings(|settings| settings.clock = Clock::default());
    assert_eq!(login(&emulator).code().await, ImportCode::Ok);
}
