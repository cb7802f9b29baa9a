//! Settings and requests that cannot work are refused before anything is sent, in words that help.

mod common;

use dfinery::{Event, ExportClient, Identity, ImportClient, Properties};

fn problem(build: Result<ImportClient, dfinery::Error>) -> String {
    let error = build.unwrap_err();
    assert!(error.is_config() && error.attempts() == 0);
    error.to_string()
}

fn with_base_url(base_url: &str) -> Result<ImportClient, dfinery::Error> {
    ImportClient::builder()
        .service_id("s")
        .token("t")
        .base_url(base_url)
        .build()
}

#[test]
fn tokens_and_service_ids() {
    assert!(problem(ImportClient::new("s", "")).contains("Import API token is empty"));
    assert!(problem(ImportClient::new("s", "secret\n")).contains("line break"));
    assert!(!problem(ImportClient::new("s", "secret\n")).contains("secret"));
    assert!(problem(ImportClient::new("s", "토큰")).contains("no header can carry"));
    assert!(problem(ImportClient::new("", "t")).contains("service id is empty"));
    assert!(problem(ImportClient::new("a b", "t")).contains("service id holds a space"));
    assert!(
        ExportClient::new("s", " ")
            .unwrap_err()
            .to_string()
            .contains("Export API token")
    );
}

#[test]
fn base_urls() {
    for (base_url, words) in [
        ("openapi.dfinery.ai", "not a valid URL"),
        ("", "not a valid URL"),
        ("ftp://openapi.dfinery.ai", "needs http:// or https://"),
        ("http://openapi.dfinery.ai", "use https://"),
        ("http://127.0.0.1.example.com", "use https://"),
        ("https://user:secret@openapi.dfinery.ai", "must not hold a user"),
        ("https://openapi.dfinery.ai/?a=b", "must not hold"),
    ] {
        let problem = problem(with_base_url(base_url));
        assert!(
            problem.contains(words) && !problem.contains("secret"),
            "{base_url}: {problem}"
        );
    }
    for base_url in [
        "http://127.0.0.1:1",
        "http://localhost/",
        "http://[::1]:80",
        "http://127.8.8.8:1/prefix/",
    ] {
        assert!(with_base_url(base_url).is_ok(), "{base_url}");
    }
}

#[tokio::test]
async fn requests() {
    // Nothing listens there: a request that was sent would fail in another way.
    let client = common::import("http://127.0.0.1:9");
    let user = Identity::external_id("u-1");
    let events = |count| vec![Event::new("df_login"); count];
    let nan = [Event::new("df_purchase").property("df_discount", f64::NAN)];
    let items = |count| std::iter::repeat_n(Properties::new(), count).fold(Event::new("df_purchase"), Event::item);

    for (result, path, words) in [
        (client.load_events(&user, &events(101)).await, "events", "100"),
        (client.load_events(&user, &events(0)).await, "events", ""),
        (
            client.load_events(&user, &[Event::new("")]).await,
            "events[0].event_name",
            "empty",
        ),
        (
            client.load_events(&user, &[items(101)]).await,
            "events[0].event_items",
            "100",
        ),
        (
            client.load_events(&user, &[items(60), items(41)]).await,
            "events",
            "101",
        ),
        (
            client.load_events(&user, &nan).await,
            "events[0].event_properties.df_discount",
            "finite",
        ),
        (
            client.load_events(&Identity::new(), &events(1)).await,
            "common.identity",
            "external_id",
        ),
        (
            client.upsert_identity(&Identity::new()).await,
            "identity",
            "external_id",
        ),
        (
            client.upsert_identity(&Identity::external_id("")).await,
            "identity.external_id",
            "empty",
        ),
        (client.delete_identity("").await, "identity.external_id", "empty"),
        (
            client.upsert_user_profile(&user, [("a", f64::INFINITY)]).await,
            "user_properties.a",
            "finite",
        ),
    ] {
        let error = result.unwrap_err();
        assert!(error.is_invalid() && error.attempts() == 0, "{error}");
        let violation = &error.violations().unwrap()[0];
        assert_eq!(violation.path(), path, "{error}");
        assert!(violation.problem().contains(words), "{error}");
    }
    assert!(
        client
            .load_events(&user, &[items(60), items(40)])
            .await
            .unwrap_err()
            .is_connect(),
        "at the limit it is sent"
    );
}
