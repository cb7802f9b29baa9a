//! Exports to places in an object store, here one in memory. `.ci/export-stores` has the faults of real ones.

use dfinery_export::{EventExport, status, verify};

use crate::service::Service;

#[cfg(not(feature = "cloud"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_build_without_object_stores_makes_no_folder_of_that_name() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let to = format!("{}/s3://lake/events", folder.path().display());
    let exporter = service.exporter(|builder| builder);
    let refused = exporter.export_events(&EventExport::default(), &to).await.unwrap_err();
    assert_eq!(refused.needs_feature(), Some("cloud"), "{refused}");
    assert!(status(&to, &service.days()).is_err() && verify(&to).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(feature = "cloud")]
mod cloud {
    use std::fs;

    use dfinery_export::{
        Compression, DayReceipt, ExportError, Fate, Format, ProfileFilter, Receipt, Warehouse, load_statement,
    };
    use dfinery_store::Place;

    use super::*;
    use crate::service::{date, exported};

    const MOST: u64 = 1 << 20;

    fn day(day: &str) -> EventExport {
        EventExport {
            from: Some(date(day)),
            until: Some(date(day)),
            ..EventExport::default()
        }
    }

    fn read(folder: &str, path: &str) -> Option<Vec<u8>> {
        let place = Place::parse(folder).unwrap().join(path);
        place.read(MOST).unwrap().map(|(contents, _)| contents.into())
    }

    fn write(folder: &str, path: &str, contents: impl Into<Vec<u8>>) {
        let place = Place::parse(folder).unwrap().join(path);
        place.write(contents.into()).unwrap();
    }

    fn remove(folder: &str, path: &str) {
        Place::parse(folder).unwrap().join(path).remove().unwrap();
    }

    fn claim(folder: &str) -> serde_json::Value {
        serde_json::from_slice(&read(folder, "_dfinery/claim.json").unwrap()).unwrap()
    }

    impl Service {
        async fn put(&self, export: &EventExport, folder: &str) -> Result<Receipt, ExportError> {
            let exporter = self.exporter(|builder| builder.reserve(0));
            exporter.export_events(export, folder).await
        }
    }

    fn fates(days: &[DayReceipt]) -> Vec<&Fate> {
        days.iter().map(|day| &day.fate).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_place_holds_what_a_folder_would() {
        let service = Service::start(|_| ()).await;
        service.load("2026-11-25", &[("df_login", 3), ("df_purchase", 2)]).await;
        let (local, store) = (tempfile::tempdir().unwrap(), "memory://same/a/b");
        let receipt = service.put(&EventExport::default(), store).await.unwrap();
        assert!(receipt.stopped.is_none() && receipt.holes().count() == 0, "{receipt}");
        assert_eq!(receipt.folder.to_str(), Some(store));
        assert_eq!(receipt.complete_until, Some(date("2026-11-26")));
        // The copy of a place is a folder.
        for object in Place::parse(store).unwrap().list(1_000).unwrap() {
            let below = object.place.below(&Place::parse(store).unwrap()).unwrap();
            let path = local.path().join(&below);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, read(store, &below).unwrap()).unwrap();
        }
        assert_eq!(
            exported(local.path())[&date("2026-11-25")],
            service.stored()[&date("2026-11-25")]
        );
        assert!(verify(local.path()).unwrap().is_good());
        assert_eq!(verify(store).unwrap(), verify(local.path()).unwrap());
        let seen = status(store, &service.days()).unwrap();
        assert_eq!(seen, status(local.path(), &service.days()).unwrap());
        let again = service.put(&day("2026-11-25"), store).await.unwrap();
        assert_eq!(fates(&again.days), [&Fate::Unchanged], "{again}");
        service.load("2026-11-25", &[("df_login", 1)]).await;
        let again = service.put(&day("2026-11-25"), store).await.unwrap();
        assert_eq!(fates(&again.days), [&Fate::Replaced { change: 1 }], "{again}");
        assert!(verify(store).unwrap().is_good());
        assert_eq!(claim(store)["released"], true);
        let statement = load_statement(Warehouse::Duckdb, store, None).unwrap();
        assert!(
            statement.contains("'memory://same/a/b/events/dt=*/*.csv'"),
            "{statement}"
        );
        let exporter = service.exporter(|builder| builder.reserve(0));
        let saved = exporter
            .export_profiles(&ProfileFilter::default(), Format::Csv, Compression::None, store)
            .await
            .unwrap();
        let path = saved.path.unwrap();
        assert!(
            path.to_str()
                .unwrap()
                .starts_with("memory://same/a/b/profiles/snapshot=")
        );
        assert!(verify(store).unwrap().is_good());
        // Nothing is left of what was not whole.
        let left = fs::read_dir(service.state.path()).unwrap();
        let names: Vec<_> = left
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(
            names.iter().all(|name| !name.starts_with(".dfinery-export-")),
            "{names:?}"
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_kill_has_left_is_put_right_by_the_next_export() {
        let service = Service::start(|_| ()).await;
        service.load("2026-11-25", &[("df_login", 1)]).await;
        let store = "memory://kill";
        service.put(&day("2026-11-25"), store).await.unwrap();
        let (manifest, announced) = (
            "_dfinery/events/2026-11-25.json",
            "_dfinery/events/2026-11-25.next.json",
        );
        let stray = "_dfinery/events/2026-11-24.next.json";
        let text = read(store, manifest).unwrap();
        // After the data, and before its manifest.
        write(store, announced, text.clone());
        remove(store, manifest);
        write(store, stray, "{");
        assert!(verify(store).unwrap().is_good());
        let seen = status(store, &service.days()).unwrap();
        assert!(seen.days.iter().any(|seen| seen.day == date("2026-11-25")), "{seen}");
        service.put(&day("2026-11-26"), store).await.unwrap();
        assert_eq!(read(store, manifest), Some(text.clone()));
        assert!(read(store, announced).is_none() && read(store, stray).is_none());
        // Before the data: the announced manifest is of data that is not there.
        let other = String::from_utf8(text.clone())
            .unwrap()
            .replace("\"sha256\": \"", "\"sha256\": \"0");
        write(store, announced, other);
        assert!(verify(store).unwrap().is_good());
        service.put(&day("2026-11-26"), store).await.unwrap();
        assert_eq!(read(store, manifest), Some(text));
        assert!(read(store, announced).is_none());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_object_that_is_gone_or_damaged_is_written_again_when_its_day_is_asked_for() {
        let service = Service::start(|_| ()).await;
        service.load("2026-11-25", &[("df_login", 2)]).await;
        let (store, part) = ("memory://damage/x", "events/dt=2026-11-25/part-00000.csv");
        service.put(&day("2026-11-25"), store).await.unwrap();
        let whole = read(store, part).unwrap();
        let changed = [&whole[..whole.len() - 2], b"!\n"].concat();
        for damage in [None, Some(whole[1..].to_vec()), Some(changed)] {
            match damage {
                Some(damage) => write(store, part, damage),
                None => remove(store, part),
            }
            assert_eq!(verify(store).unwrap().differences.len(), 1);
            let receipt = service.put(&day("2026-11-25"), store).await.unwrap();
            assert_eq!(fates(&receipt.days), [&Fate::Replaced { change: 0 }], "{receipt}");
            assert!(verify(store).unwrap().is_good());
        }
        write(store, "events/dt=2026-11-24/part-00000.csv", "a\n");
        let verification = verify(store).unwrap();
        assert!(
            verification.to_string().contains("it is in no manifest"),
            "{verification}"
        );
        write(store, "_dfinery/events/2026-11-25.json", "{");
        assert!(status(store, &service.days()).unwrap().has_holes());
        let receipt = service.put(&day("2026-11-25"), store).await.unwrap();
        assert_eq!(fates(&receipt.days), [&Fate::Complete], "{receipt}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_claim_keeps_others_out_until_it_expires() {
        let service = Service::start(|_| ()).await;
        let store = "memory://claim/x";
        service.put(&day("2026-11-25"), store).await.unwrap();
        let mut held = claim(store);
        held["released"] = false.into();
        let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(1);
        held["expires"] = soon.to_string().into();
        write(store, "_dfinery/claim.json", held.to_string());
        let refused = service.put(&day("2026-11-26"), store).await.unwrap_err();
        let process = format!("process {}", std::process::id());
        assert!(
            refused.is_in_use() && refused.to_string().contains(&process),
            "{refused}"
        );
        assert_eq!(claim(store), held);
        held["expires"] = held["began"].clone();
        write(store, "_dfinery/claim.json", held.to_string());
        let receipt = service.put(&day("2026-11-26"), store).await.unwrap();
        assert_eq!(fates(&receipt.days), [&Fate::Complete], "{receipt}");
        let released = claim(store);
        assert!(released["released"] == true && released["exporter"] != held["exporter"]);
        write(store, "_dfinery/claim.json", "{");
        assert!(service.put(&day("2026-11-26"), store).await.unwrap_err().is_damaged());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_claim_ends_with_an_export_that_is_refused_or_dropped() {
        let service = Service::start(|_| ()).await;
        let store = "memory://ends/x";
        service.put(&day("2026-11-25"), store).await.unwrap();
        let other = EventExport {
            format: Format::Ndjson,
            ..day("2026-11-25")
        };
        let refused = service.put(&other, store).await.unwrap_err();
        assert!(
            refused.to_string().contains("memory://ends/x holds .csv files"),
            "{refused}"
        );
        assert_eq!(claim(store)["released"], true);
        {
            let exporter = service.exporter(|builder| builder.reserve(0));
            let mut export = exporter.export_events(&EventExport::default(), store);
            assert!(futures_util::StreamExt::next(&mut export).await.is_some());
        }
        assert!(service.put(&day("2026-11-25"), store).await.is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_no_place_is_refused_and_no_folder_is_made() {
        let service = Service::start(|_| ()).await;
        for url in [
            "s3n://lake/a",
            "https://host/lake?sig=SECRET",
            "s3://",
            "s3://key:SECRET@lake/a",
        ] {
            let refused = service.put(&EventExport::default(), url).await.unwrap_err();
            assert!(!refused.to_string().contains("SECRET"), "{refused}");
            assert!(
                !refused.is_unavailable() && !refused.is_in_use() && !refused.is_file(),
                "{refused}"
            );
        }
        let refused = status("memory://nothing/x", &service.days()).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("memory://nothing/x is not a folder of exports"),
            "{refused}"
        );
    }
}
