//! Any body of an export: read in one way and in another, it is the same rows or a failure.

#![no_main]

use std::{sync::LazyLock, time::Duration};

use dfinery::{ExportClient, Family, RetryPolicy, UserProfileQuery, tables::RateLimit};
use dfinery_fuzz::{RUNTIME, Service};
use futures_util::TryStreamExt as _;
use libfuzzer_sys::fuzz_target;

static SERVICE: LazyLock<(Service, ExportClient)> = LazyLock::new(|| {
    let service = Service::start().unwrap();
    let client = ExportClient::builder()
        .service_id("fuzz-service")
        .token("fuzz-token")
        .base_url(service.base_url())
        .retry(RetryPolicy::never())
        .rate_limit(
            Family::Export,
            RateLimit {
                requests: 1_000_000,
                period: Duration::from_millis(1),
                concurrent: None,
            },
        )
        .build()
        .unwrap();
    (service, client)
});

fuzz_target!(|data: &[u8]| {
    let [kind, body @ ..] = data else { return };
    let (service, client) = &*SERVICE;
    let kind = if kind % 2 == 0 { "text/csv" } else { "application/json" };
    service.answers(200, kind, body);
    RUNTIME.block_on(async {
        let query = UserProfileQuery::all();
        let bytes = async { client.user_profiles(&query).await?.bytes(usize::MAX).await };
        let records = async {
            let records = client.user_profiles(&query).await?.records();
            records.try_collect::<Vec<_>>().await
        };
        let (bytes, records) = (bytes.await, records.await);
        if let Ok(records) = records {
            let bytes = bytes.expect("records are read, and bytes are not");
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
            let rows = csv::ReaderBuilder::new().flexible(true).from_reader(bytes).into_byte_records().count();
            assert_eq!(records.len(), rows);
        }
    });
});
