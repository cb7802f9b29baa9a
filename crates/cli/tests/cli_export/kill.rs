//! A kill at any moment, while the service fails in every way.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use dfinery::ExportCode;
use dfinery_emulator::{Fault, FaultRate};

use crate::service::{Service, ago, manifests, rows};

const DAYS: i32 = 6;
const KILLS: usize = 30;

fn faults() -> Vec<Fault> {
    let code = ExportCode::QueryError;
    vec![
        Fault::CloseAfterBytes(300),
        Fault::CloseAfterBytes(5_000),
        Fault::EndAfterBytes(3_000),
        Fault::JsonTail {
            after_bytes: 4_000,
            code: code.clone(),
        },
        Fault::Export(code),
        Fault::Status(500),
        Fault::Status(429),
        Fault::HtmlBadGateway,
        Fault::CloseAfterReading,
        Fault::SlowBody {
            piece: 500,
            pause: Duration::from_millis(20),
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reader_ever_sees_a_part_of_a_day_and_in_the_end_every_day_is_whole() {
    let service = Service::start(|_| ()).await;
    let mut expected = BTreeMap::new();
    for days in 1..=DAYS {
        let count = 100 + 20 * usize::try_from(days).unwrap();
        service.load(ago(days), count).await;
        expected.insert(ago(days), count);
    }
    let fail = |probability| {
        service.emulator.fault_rate(FaultRate {
            probability,
            seed: 7,
            faults: faults(),
        });
    };
    fail(0.1);
    let folder = service.folder.path().join("warehouse");
    let reading = Arc::new(AtomicBool::new(true));
    let reader = {
        let (folder, reading, expected) = (folder.clone(), Arc::clone(&reading), expected.clone());
        // One event more comes to each day in the middle.
        let is_whole = move |day, count: usize| expected.get(&day).is_some_and(|rows| count - rows <= 1);
        std::thread::spawn(move || {
            let mut looks = 0;
            while reading.load(Relaxed) {
                for (day, count) in rows(&folder) {
                    assert!(is_whole(day, count), "{day}: {count} rows");
                }
                for (day, count) in manifests(&folder) {
                    assert!(is_whole(day, usize::try_from(count).unwrap()), "{day}: {count} rows");
                }
                looks += 1;
            }
            looks
        })
    };
    let export = format!(
        "export events --to warehouse --from {} --settle 0s --time-zone UTC --reserve 0",
        ago(DAYS)
    );
    let mut random = 0x2545_f491_u64;
    for kill in 0..KILLS {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut child = service.command(&export).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(random % 400)).await;
        child.kill().unwrap();
        tokio::task::spawn_blocking(move || child.wait())
            .await
            .unwrap()
            .unwrap();
        if kill == KILLS / 2 {
            fail(0.0);
            for days in 1..=DAYS {
                service.load(ago(days), 1).await;
            }
            for count in expected.values_mut() {
                *count += 1;
            }
            fail(0.1);
        }
    }
    let mut last = service.run(&export).await;
    for _ in 0..10 {
        if last.status.success() {
            break;
        }
        last = service.run(&export).await;
    }
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    reading.store(false, Relaxed);
    assert!(reader.join().unwrap() > 0);
    assert_eq!(rows(&folder), expected);
    service.says("export verify --to warehouse", 0).await;
    let left: Vec<_> = std::fs::read_dir(folder.join("_dfinery/tmp")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
