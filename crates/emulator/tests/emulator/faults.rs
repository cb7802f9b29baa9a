//! Every fault, as it looks on the wire and in the ledger.

use std::{collections::BTreeSet, time::Duration};

use dfinery::{ExportCode, Family, ImportCode, Operation};
use dfinery_emulator::{Answered, Emulator, Fault, FaultRate, Framing};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    requests::{delete, event, export, id, load, login},
    start,
    wire::Reply,
};

const FRAMINGS: [Framing; 3] = [Framing::ContentLength, Framing::Chunked, Framing::CloseDelimited];

#[tokio::test]
async fn faults_stand_in_the_place_of_the_answer() {
    let emulator = Emulator::start().await.unwrap();
    let json = Some("application/json");
    let teapot = Fault::Answer {
        status: 418,
        content_type: Some("text/plain".to_owned()),
        body: "teapot".into(),
    };
    let import = r#"{"status":false,"code":40403,"message":"TOO_MANY_USER_PROFILES","data":null}"#;
    let export = r#"{"result":"fail","message":"query_error"}"#;
    for (fault, status, content_type, body) in [
        (Fault::Status(503), 503, None, ""),
        (Fault::Status(204), 204, None, ""),
        (Fault::Status(100), 500, None, ""),
        (Fault::Status(7), 500, None, ""),
        (teapot, 418, Some("text/plain"), "teapot"),
        (Fault::Import(ImportCode::TooManyUserProfiles), 200, json, import),
        (Fault::Export(ExportCode::QueryError), 500, json, export),
    ] {
        for (fault, applied) in [(fault.clone(), false), (fault.after_applying(), true)] {
            emulator.script([fault.clone()]);
            let before = emulator.ledger().events().len();
            let reply = login(&emulator).send().await;
            assert_eq!((reply.status, reply.text()), (status, body), "{fault:?}");
            assert_eq!(reply.header("content-type"), content_type, "{fault:?}");
            let ledger = emulator.ledger();
            let record = ledger.all_requests().last().unwrap();
            assert_eq!((&record.fault, record.status), (&fault, Some(status)));
            assert_eq!(
                (record.applied, record.answered),
                (applied, Answered::Completely),
                "{fault:?}"
            );
            assert_eq!(ledger.events().len() - before, usize::from(applied), "{fault:?}");
        }
    }
    assert_eq!(login(&emulator).code().await, ImportCode::Ok, "the script is over");
}

#[tokio::test]
async fn what_gateways_write_is_no_verdict() {
    let emulator = Emulator::start().await.unwrap();
    emulator.script([Fault::HtmlBadGateway, Fault::MalformedJson, Fault::HugeBody(5_000_001)]);
    let html = login(&emulator).send().await;
    assert_eq!((html.status, html.header("content-type")), (502, Some("text/html")));
    assert!(html.text().starts_with("<html>"));
    let malformed = login(&emulator).send().await;
    assert_eq!((malformed.status, malformed.complete), (200, true));
    assert_eq!(malformed.header("content-type"), Some("application/json"));
    assert!(serde_json::from_slice::<Value>(&malformed.body).is_err());
    let huge = login(&emulator).send().await;
    assert_eq!((huge.body.len(), huge.complete), (5_000_001, true));
    let ledger = emulator.ledger();
    assert!(
        ledger
            .all_requests()
            .iter()
            .all(|record| record.verdict.is_none() && !record.applied)
    );
}

#[tokio::test]
async fn an_unknown_code_is_in_no_table_and_a_spent_quota_says_so() {
    let emulator = Emulator::start().await.unwrap();
    let spent = Fault::Import(ImportCode::TooManyRequest);
    emulator.script([Fault::UnknownCode, Fault::UnknownCode, spent]);
    assert!(matches!(login(&emulator).code().await, ImportCode::Unknown(_)));
    assert!(matches!(export(&emulator).failure().await, ExportCode::Unknown(_)));
    let refused = login(&emulator).send().await;
    assert_eq!(refused.import_code(), ImportCode::TooManyRequest);
    assert_eq!(refused.header("x-rate-limit-remaining"), Some("0"));
    let next = login(&emulator).send().await;
    let left = (Family::Event.rate_limit().requests - 1).to_string();
    assert_eq!(
        next.header("x-rate-limit-remaining"),
        Some(&*left),
        "a faulty request costs no quota"
    );
}

#[tokio::test]
async fn closing_comes_before_or_after_the_request_was_read() {
    let emulator = Emulator::start().await.unwrap();
    for (fault, events) in [
        (Fault::CloseBeforeReading, 0),
        (Fault::CloseBeforeReading.after_applying(), 0),
        (Fault::CloseAfterReading, 0),
        (Fault::CloseAfterReading.after_applying(), 1),
    ] {
        emulator.script([fault.clone()]);
        let before = emulator.ledger().events().len();
        assert!(login(&emulator).try_send().await.is_none(), "{fault:?}");
        let ledger = emulator.ledger();
        let record = ledger.all_requests().last().unwrap();
        assert_eq!((record.status, record.answered), (None, Answered::Nothing), "{fault:?}");
        assert_eq!((record.applied, record.events), (events > 0, events), "{fault:?}");
        assert_eq!(ledger.events().len() - before, events, "{fault:?}");
    }

    // The body is never asked for: the connection is gone while the client has sent the head only.
    emulator.script([Fault::CloseBeforeReading]);
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream.write_all(login(&emulator).head().as_bytes()).await.unwrap();
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn an_answer_is_cut_after_exactly_the_bytes_that_are_set() {
    let emulator = Emulator::start().await.unwrap();
    let whole = login(&emulator).send().await.body;
    for framing in FRAMINGS {
        emulator.settings(|settings| settings.json_framing = framing);
        for bytes in [0, 1, 10, whole.len() - 1] {
            emulator.script([Fault::CloseAfterBytes(bytes as u64), Fault::EndAfterBytes(bytes as u64)]);
            let cut = login(&emulator).send().await;
            assert_eq!(cut.body, whole[..bytes], "{framing:?}");
            assert_eq!(cut.complete, framing == Framing::CloseDelimited, "{framing:?} {bytes}");
            let ended = login(&emulator).send().await;
            assert_eq!((ended.body, ended.complete), (cut.body, true), "{framing:?} {bytes}");
            let ledger = emulator.ledger();
            let (_, last) = ledger.all_requests().split_at(ledger.all_requests().len() - 2);
            let answered: Vec<_> = last.iter().map(|record| (record.answered, record.applied)).collect();
            assert_eq!(
                answered,
                [(Answered::InPart, true), (Answered::Completely, true)],
                "{framing:?} {bytes}"
            );
        }
        emulator.script([Fault::CloseAfterBytes(whole.len() as u64)]);
        let reply = login(&emulator).send().await;
        assert_eq!(
            (&reply.body, reply.complete),
            (&whole, true),
            "{framing:?}: nothing to cut"
        );
    }
}

#[tokio::test]
async fn a_csv_is_cut_ended_or_followed_by_a_failure() {
    let emulator = start(|settings| settings.synthetic_export_bytes = Some(2_000_000)).await;
    let whole = export(&emulator).send().await.body;
    for framing in FRAMINGS {
        emulator.settings(|settings| settings.csv_framing = framing);
        for bytes in [0, 17, 65_536, 1_234_567] {
            let (after_bytes, code) = (bytes as u64, ExportCode::ClientConnectionClosed);
            emulator.script([
                Fault::CloseAfterBytes(after_bytes),
                Fault::EndAfterBytes(after_bytes),
                Fault::JsonTail { after_bytes, code },
            ]);
            let cut = export(&emulator).send().await;
            assert!(
                cut.body == whole[..bytes],
                "{framing:?}: {} for {bytes} bytes",
                cut.body.len()
            );
            assert_eq!(cut.complete, framing == Framing::CloseDelimited, "{framing:?} {bytes}");
            let ended = export(&emulator).send().await;
            assert_eq!((ended.body.len(), ended.complete), (bytes, true), "{framing:?}");
            let tailed = export(&emulator).send().await;
            let (csv, json) = tailed.body.split_at(bytes);
            assert!(csv == &whole[..bytes] && tailed.complete, "{framing:?} {bytes}");
            assert_eq!(json, br#"{"result":"fail","message":"client_connection_closed"}"#);
        }
    }
    let ledger = emulator.ledger();
    let in_part = ledger
        .all_requests()
        .iter()
        .filter(|record| record.answered == Answered::InPart);
    assert_eq!(in_part.count(), 12);
}

#[tokio::test]
async fn a_slow_reader_still_gets_every_byte_before_a_cut() {
    let emulator = start(|settings| settings.synthetic_export_bytes = Some(20_000_000)).await;
    emulator.script([Fault::CloseAfterBytes(15_000_000)]);
    let mut stream = export(&emulator).begin().await;
    // Meanwhile the buffers of the socket fill up.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut read = Vec::new();
    stream.read_to_end(&mut read).await.unwrap();
    let reply = Reply::parse(&read).unwrap();
    assert_eq!((reply.body.len(), reply.complete), (15_000_000, false));
}

#[tokio::test]
async fn a_delay_comes_before_or_after_the_effect() {
    let emulator = Emulator::start().await.unwrap();
    let long = Fault::Delay(Duration::from_secs(3_600));
    emulator.script([
        Fault::Delay(Duration::from_millis(1)),
        long.clone(),
        long.after_applying(),
    ]);
    assert_eq!(login(&emulator).code().await, ImportCode::Ok);
    for taken in [1, 2] {
        let impatient = tokio::time::timeout(Duration::from_millis(100), login(&emulator).send()).await;
        assert!(impatient.is_err(), "answered before its time");
        let ledger = emulator.ledger();
        let record = ledger.all_requests().last().unwrap();
        assert_eq!((record.applied, record.answered), (taken == 2, Answered::Nothing));
        assert_eq!(ledger.events().len(), taken);
    }
}

#[tokio::test]
async fn a_slow_body_comes_in_pieces() {
    let emulator = start(|settings| settings.json_framing = Framing::Chunked).await;
    emulator.script([Fault::SlowBody {
        piece: 50,
        pause: Duration::from_millis(20),
    }]);
    let begun = std::time::Instant::now();
    let mut read = String::new();
    login(&emulator).begin().await.read_to_string(&mut read).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(40), "{:?}", begun.elapsed());
    let (_, body) = read.split_once("\r\n\r\n").unwrap();
    let [first, second] = [r#"{"status":true,"code":20000,"message":"OK","data":"#, "true}"];
    assert_eq!(body, format!("32\r\n{first}\r\n5\r\n{second}\r\n0\r\n\r\n"));
}

#[tokio::test]
async fn a_script_for_one_operation_leaves_the_others_alone() {
    let emulator = Emulator::start().await.unwrap();
    emulator.script_for(Operation::DeleteIdentity, [Fault::Status(503)]);
    emulator.script([Fault::None, Fault::Status(502)]);
    assert_eq!(login(&emulator).send().await.status, 200);
    assert_eq!(delete(&emulator, "u").send().await.status, 503);
    assert_eq!(emulator.scripted(), 1);
    assert_eq!(delete(&emulator, "u").send().await.status, 502);
    assert_eq!(emulator.scripted(), 0);
}

#[tokio::test]
async fn under_faults_by_chance_the_ledger_agrees_with_what_clients_saw() {
    let emulator = Emulator::start().await.unwrap();
    emulator.fault_rate(FaultRate {
        probability: 0.2,
        seed: 7,
        faults: vec![
            Fault::Import(ImportCode::InternalServerError),
            Fault::HtmlBadGateway,
            Fault::CloseBeforeReading,
            Fault::CloseAfterReading,
            Fault::CloseAfterReading.after_applying(),
            Fault::CloseAfterBytes(5),
        ],
    });
    let [mut accepted, mut refused, mut unknown] = [const { BTreeSet::new() }; 3];
    for _ in 0..1_000 {
        let event = event("df_login");
        let id = id(&event);
        match load(&emulator, "u", &[event]).try_send().await {
            Some(reply) if reply.complete && reply.text().starts_with("{\"status\":true,") => accepted.insert(id),
            Some(reply) if reply.complete => refused.insert(id),
            Some(_) | None => unknown.insert(id),
        };
    }
    let ledger = emulator.ledger();
    let taken: BTreeSet<_> = ledger.times_taken().into_keys().collect();
    assert!(accepted.is_subset(&taken) && refused.is_disjoint(&taken));
    let lost = (unknown.intersection(&taken).count(), unknown.difference(&taken).count());
    assert!(lost.0 > 10 && lost.1 > 10, "both must happen: {lost:?}");
    let requests = || ledger.requests(Operation::LoadEvents);
    assert_eq!(requests().count(), 1_000);
    assert_eq!(requests().map(|record| record.events).sum::<usize>(), taken.len());
    let hit = requests().filter(|record| record.fault != Fault::None).count();
    assert!((150..250).contains(&hit), "{hit} of 1,000");

    emulator.fault_rate(FaultRate {
        probability: 0.0,
        seed: 0,
        faults: vec![Fault::CloseAfterReading],
    });
    for _ in 0..20 {
        assert_eq!(login(&emulator).code().await, ImportCode::Ok);
    }
}
