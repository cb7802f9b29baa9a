//! Any answer to an import call: it is judged, success only on the API's own words, and nothing secret is printed.

#![no_main]

use std::{sync::LazyLock, time::Duration};

use dfinery::{Family, Identity, ImportClient, RetryPolicy, tables::RateLimit};
use dfinery_fuzz::{RUNTIME, Service};
use libfuzzer_sys::fuzz_target;

static SERVICE: LazyLock<(Service, ImportClient)> = LazyLock::new(|| {
    let service = Service::start().unwrap();
    let never_spent = RateLimit {
        requests: 1_000_000,
        period: Duration::from_millis(1),
        concurrent: None,
    };
    let builder = ImportClient::builder()
        .service_id("fuzz-service")
        .token("fuzz-token")
        .base_url(service.base_url())
        .retry(RetryPolicy::never());
    let client = Family::ALL
        .iter()
        .filter(|family| **family != Family::Export)
        .fold(builder, |builder, family| builder.rate_limit(*family, never_spent))
        .build()
        .unwrap();
    (service, client)
});

fuzz_target!(|data: &[u8]| {
    let [status, body @ ..] = data else { return };
    let statuses = [200, 201, 204, 301, 400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 522];
    let status = statuses[usize::from(*status) % statuses.len()];
    let (service, client) = &*SERVICE;
    service.answers(status, "application/json", body);
    let user = Identity {
        external_id: Some("u1".to_owned()),
        ..Identity::default()
    };
    match RUNTIME.block_on(client.upsert_identity(&user)) {
        Ok(_) => {
            let text = String::from_utf8_lossy(body);
            assert!((200..300).contains(&status) && text.contains("true"), "{status} {text}");
        }
        Err(error) => {
            let said = format!("{error} {error:?}");
            assert!(!said.contains("fuzz-token"), "{said}");
        }
    }
});
