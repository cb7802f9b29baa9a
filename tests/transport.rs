//! Faults below and around HTTP, scripted byte for byte.

mod common;

use common::{answer, export, import, quick, read_request, scripted};
use dfinery::{Delivery, Event, Identity, ImportClient, Operation, RetryClass, RetryPolicy, UserProfileQuery};
use std::time::Duration;
use tokio::{io::AsyncWriteExt, net::TcpListener};

const OK: &str = r#"{"status":true,"code":20000,"message":"OK","data":null}"#;

fn user() -> Identity {
    Identity::external_id("u-1")
}

async fn load(base_url: &str) -> Result<dfinery::Metadata, dfinery::Error> {
    import(base_url).load_events(&user(), &[Event::new("df_login")]).await
}

/// A client that tries once.
fn once(base_url: String) -> ImportClient {
    let builder = ImportClient::builder().service_id("s").token("t").base_url(base_url);
    builder.retry(RetryPolicy::never()).build().unwrap()
}

#[tokio::test]
async fn success_is_only_what_says_so_in_full() {
    for (status, body, succeeds) in [
        (200, OK, true),
        (
            200,
            r#"{"status":true,"code":"20000","message":"OK","data":true}"#,
            true,
        ),
        (201, r#"{"status":true,"code":20000}"#, true),
        (
            200,
            r#"{"status":true,"code":20000,"message":"OK","more":{"new":[1]}}"#,
            true,
        ),
        (200, r#"{"status":false,"code":20000,"message":"OK"}"#, false),
        (200, r#"{"status":true,"code":40001,"message":"OK"}"#, false),
        (200, r#"{"status":true,"code":20001,"message":"OK"}"#, false),
        (500, OK, false),
        (302, OK, false),
        (200, r#"{"status":true}"#, false),
        (200, r#"{"code":20000}"#, false),
        (200, r#"{"status":"true","code":20000}"#, false),
        (200, "", false),
        (200, "OK", false),
        (200, "[]", false),
        (200, "null", false),
        (204, "", false),
    ] {
        let base_url = scripted(vec![answer(status, "application/json", body)]).await;
        let result = load(&base_url).await;
        assert_eq!(result.is_ok(), succeeds, "HTTP {status} {body}: {result:?}");
    }
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_is_never_success() {
    let whole = answer(200, "application/json", OK);
    let cuts = (0..=whole.len()).map(|cut| whole[..cut].to_vec()).collect();
    let client = once(scripted(cuts).await);
    for cut in 0..whole.len() {
        let error = client.upsert_identity(&user()).await.unwrap_err();
        assert!(
            error.is_retryable() && error.delivery() == Delivery::Unknown,
            "cut after {cut} bytes: {error}"
        );
        // For users of a program too, who know nothing of methods.
        assert!(
            error.to_string().ends_with(". The request may have been processed."),
            "{error}"
        );
    }
    client.upsert_identity(&user()).await.unwrap();
}

#[tokio::test]
async fn a_status_without_a_code_is_judged_by_the_status() {
    for (status, retry, delivery, attempts) in [
        (400, RetryClass::Backoff, Delivery::Unknown, 3),
        (413, RetryClass::Never, Delivery::Refused, 1),
        (422, RetryClass::Backoff, Delivery::Unknown, 3),
        (401, RetryClass::Never, Delivery::Unknown, 1),
        (403, RetryClass::Never, Delivery::Unknown, 1),
        (429, RetryClass::AfterReset, Delivery::NotProcessed, 3),
        (301, RetryClass::Backoff, Delivery::Unknown, 3),
        (304, RetryClass::Backoff, Delivery::Unknown, 3),
        (307, RetryClass::Backoff, Delivery::Unknown, 3),
        (404, RetryClass::Backoff, Delivery::Unknown, 3),
        (405, RetryClass::Backoff, Delivery::Unknown, 3),
        (407, RetryClass::Backoff, Delivery::Unknown, 3),
        (410, RetryClass::Backoff, Delivery::Unknown, 3),
        (421, RetryClass::Backoff, Delivery::Unknown, 3),
        (425, RetryClass::Backoff, Delivery::Unknown, 3),
        (500, RetryClass::Backoff, Delivery::Unknown, 3),
        (501, RetryClass::Backoff, Delivery::Unknown, 3),
        (503, RetryClass::Backoff, Delivery::Unknown, 3),
        (522, RetryClass::Backoff, Delivery::Unknown, 3),
        (599, RetryClass::Backoff, Delivery::Unknown, 3),
    ] {
        // A page under 400 or 422 is judged as one, below.
        let is_about_request = matches!(status, 400 | 413 | 422);
        for (kind, body) in [
            ("text/html", "<html>gateway</html>"),
            ("text/plain", "no"),
            ("application/json", "{}"),
        ] {
            let (retry, delivery, attempts) = if is_about_request && kind != "text/html" {
                (RetryClass::Never, Delivery::Refused, 1)
            } else {
                (retry, delivery, attempts)
            };
            let case = format!("{status} {body}");
            let base_url = scripted(vec![answer(status, kind, body)]).await;
            let error = load(&base_url).await.unwrap_err();
            assert_eq!(error.status(), Some(status));
            assert_eq!((error.retry_class(), error.delivery()), (retry, delivery), "{case}");
            assert_eq!(error.attempts(), attempts, "{case}");
            // HTTP gives 304 no body.
            if status != 304 {
                assert_eq!(error.body(), Some(body), "{case}");
            }
            assert_eq!(error.is_on_the_way(), delivery != Delivery::Refused, "{case}");
        }
    }
}

#[tokio::test]
async fn a_page_under_a_status_that_speaks_of_the_request_is_of_something_on_the_way() {
    for (status, content_type, body, is_page) in [
        (400, "text/plain", "", false),
        (400, "text/plain", "Bad Request", false),
        (400, "application/json", "{\"error\":\"bad request\"}", false),
        (422, "application/problem+json", "{}", false),
        (413, "text/html", "<html>too large</html>", false),
        (
            400,
            "text/plain",
            "\u{feff}\r\n <!DOCTYPE html><title>400</title>",
            true,
        ),
        (400, "application/xml", "<?xml version=\"1.0\"?><Error/>", true),
        (400, "Text/HTML; charset=utf-8", "Bad Request", true),
        (422, "application/xhtml+xml", "Unprocessable", true),
    ] {
        let base_url = scripted(vec![answer(status, content_type, body)]).await;
        for error in [
            load(&base_url).await.unwrap_err(),
            export(&base_url)
                .user_profiles(&UserProfileQuery::all())
                .await
                .unwrap_err(),
        ] {
            let case = format!("{status} {content_type} {body}: {error}");
            let found = (error.is_misdirected(), error.is_on_the_way(), error.is_retryable());
            assert_eq!(found, (is_page, is_page, is_page), "{case}");
            assert_eq!(error.delivery() == Delivery::Refused, !is_page, "{case}");
            assert_eq!(error.to_string().contains("page of HTML"), is_page, "{case}");
        }
    }
    // The words of the API are its own, whatever a proxy says about their type.
    let said = answer(400, "text/html", "{\"status\":false,\"code\":40001}");
    let error = load(&scripted(vec![said]).await).await.unwrap_err();
    assert_eq!((error.code(), error.delivery()), (Some("40001"), Delivery::Refused));
}

#[tokio::test]
async fn only_the_fields_that_decide_are_read() {
    for (body, succeeds) in [
        (r#"{"status":true,"code":20000,"message":"OK","data":{}}"#, true),
        (
            r#"{"status":true,"code":20000,"message":{"en":"OK"},"data":[1,"x"]}"#,
            true,
        ),
        (
            r#"{"data":"a","trace":null,"message":7,"code":"20000","status":true}"#,
            true,
        ),
        ("\u{feff}{\"status\":true,\"code\":20000}\r\n", true),
        (
            r#"{"status":false,"code":40001,"message":["a"],"data":{"field":"x"}}"#,
            false,
        ),
        ("\u{feff}{\"status\":false,\"code\":40001}", false),
    ] {
        let base_url = scripted(vec![answer(200, "application/json", body)]).await;
        let result = load(&base_url).await;
        assert_eq!(result.is_ok(), succeeds, "{body}: {result:?}");
        if let Err(error) = result {
            assert_eq!((error.code(), error.delivery()), (Some("40001"), Delivery::Refused));
        }
    }
}

#[tokio::test]
async fn an_unknown_code_has_the_class_of_its_http_status() {
    for (status, body, retry, delivery) in [
        (
            429,
            r#"{"status":false,"code":40499}"#,
            RetryClass::AfterReset,
            Delivery::NotProcessed,
        ),
        (
            503,
            r#"{"status":false,"code":50099}"#,
            RetryClass::Backoff,
            Delivery::Unknown,
        ),
        (
            200,
            r#"{"status":false,"code":50099}"#,
            RetryClass::Never,
            Delivery::Unknown,
        ),
        (
            400,
            r#"{"status":false,"code":40099}"#,
            RetryClass::Never,
            Delivery::Unknown,
        ),
        // What contradicts itself is not from the API alone.
        (
            502,
            r#"{"status":true,"code":20000}"#,
            RetryClass::Backoff,
            Delivery::Unknown,
        ),
        (
            200,
            r#"{"status":true,"code":40001}"#,
            RetryClass::Never,
            Delivery::Unknown,
        ),
    ] {
        let base_url = scripted(vec![answer(status, "application/json", body)]).await;
        let error = load(&base_url).await.unwrap_err();
        assert_eq!(
            (error.retry_class(), error.delivery()),
            (retry, delivery),
            "{status} {body}"
        );
    }
    let body = r#"{"result":"fail","message":"overloaded_for_now"}"#;
    for (status, retry) in [
        (429, RetryClass::AfterReset),
        (500, RetryClass::Backoff),
        (200, RetryClass::Never),
    ] {
        let base_url = scripted(vec![answer(status, "application/json", body)]).await;
        let error = export(&base_url)
            .user_profiles(&UserProfileQuery::all())
            .await
            .unwrap_err();
        assert_eq!(error.retry_class(), retry, "{status}");
    }
}

#[tokio::test]
async fn what_is_plainly_the_address_is_distinguished() {
    for (status, body, misdirected) in [
        (404, "<html>no such path</html>", true),
        (302, "", true),
        (405, "", true),
        (407, "", true),
        (511, "", true),
        (200, "\n<!DOCTYPE html><title>Log in</title>", true),
        (200, "OK", false),
        (502, "<html>gateway</html>", false),
        (400, "<html>gateway</html>", true),
        (403, "<html>gateway</html>", false),
        (404, r#"{"status":false,"code":40001}"#, false),
    ] {
        let base_url = scripted(vec![answer(status, "text/html", body)]).await;
        let error = load(&base_url).await.unwrap_err();
        assert_eq!(error.is_misdirected(), misdirected, "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_names_the_host_and_the_port() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = once(format!("http://127.0.0.1:{port}"))
        .upsert_identity(&user())
        .await
        .unwrap_err();
    assert!(
        error.is_connect() && error.is_unreachable() && !error.is_misdirected(),
        "{error}"
    );
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn a_name_that_does_not_resolve_is_named() {
    let builder = ImportClient::builder().service_id("s").token("t");
    let client = builder
        .base_url("https://no-such-host.invalid:8443")
        .retry(RetryPolicy::never());
    let error = client.build().unwrap().upsert_identity(&user()).await.unwrap_err();
    assert!(
        error.is_connect() && error.is_unreachable() && error.is_misdirected(),
        "{error}"
    );
    assert!(error.to_string().contains("no-such-host.invalid:8443"), "{error}");
    assert_eq!(error.delivery(), Delivery::NotProcessed);
}

#[tokio::test]
async fn too_many_exports_at_once_are_tried_again_soon() {
    let body = r#"{"result":"fail","message":"too_many_api_requests"}"#;
    let base_url = scripted(vec![answer(429, "application/json", body)]).await;
    let client = dfinery::ExportClient::builder()
        .service_id("s")
        .token("t")
        .base_url(base_url)
        // Longer than the period of the quota, which is therefore not too long to wait for.
        .retry(quick().max_wait(Duration::from_secs(3 * 60 * 60)))
        .build()
        .unwrap();
    let query = UserProfileQuery::all();
    let export = client.user_profiles(&query);
    let error = tokio::time::timeout(Duration::from_secs(10), export)
        .await
        .unwrap()
        .unwrap_err();
    assert!(error.is_rate_limited() && error.attempts() > 1, "{error}");
}

#[tokio::test]
async fn a_wrong_token_is_known_by_its_code_or_by_the_status() {
    let code = |code: u32| format!(r#"{{"status":false,"code":{code},"message":"X","data":null}}"#);
    for (status, body, auth) in [
        (200, code(40101), true),
        (400, code(40201), true),
        (401, String::new(), true),
        (403, "<html>gateway</html>".to_owned(), true),
        (200, code(40001), false),
        (401, code(40001), false),
        (400, String::new(), false),
        (404, String::new(), false),
        (407, String::new(), false),
    ] {
        let base_url = scripted(vec![answer(status, "text/html", &body)]).await;
        let error = load(&base_url).await.unwrap_err();
        assert_eq!(error.is_auth(), auth, "{error}");
    }
    for (status, message, auth) in [
        (401, "unauthorized_token", true),
        (200, "unauthorized_token", true),
        (401, "", true),
        (403, "", true),
        (400, "invalid_parameter", false),
        (400, "", false),
        (404, "", false),
    ] {
        let body = format!(r#"{{"result":"error","message":"{message}"}}"#);
        let body = if message.is_empty() { String::new() } else { body };
        let base_url = scripted(vec![answer(status, "application/json", &body)]).await;
        let error = export(&base_url)
            .user_profiles(&UserProfileQuery::all())
            .await
            .unwrap_err();
        assert_eq!(error.is_auth(), auth, "{error}");
    }
}

#[tokio::test]
async fn the_path_of_the_base_url_comes_before_that_of_the_call() {
    for (prefix, path) in [("", ""), ("/", ""), ("/prefix", "/prefix"), ("/a/b/", "/a/b")] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = once(format!("http://{}{prefix}", listener.local_addr().unwrap()));
        let request = tokio::spawn(async move { read_request(&mut listener.accept().await.unwrap().0).await });
        client.upsert_identity(&user()).await.unwrap_err();
        let request = request.await.unwrap().unwrap();
        let (method, of_call) = (Operation::UpsertIdentity.method(), Operation::UpsertIdentity.path());
        let line = format!("{method} {path}{of_call}?");
        assert!(request.starts_with(&line), "{prefix}: {request}");
    }
}

#[tokio::test]
async fn a_token_never_follows_a_redirect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let visited = tokio::spawn(async move { listener.accept().await.is_ok() });
    let redirect = format!("HTTP/1.1 307 X\r\nlocation: http://{target}/\r\ncontent-length: 0\r\n\r\n");
    let error = load(&scripted(vec![redirect.into_bytes()]).await).await.unwrap_err();
    assert_eq!(error.status(), Some(307));
    assert!(!visited.is_finished());
}

#[tokio::test]
async fn a_body_without_end_is_not_read_without_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                read_request(&mut stream).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n")
                    .await;
                while stream.write_all(b"4\r\n{{{{\r\n").await.is_ok() {}
            });
        }
    });
    let error = load(&base_url).await.unwrap_err();
    assert!(error.to_string().contains("cannot be trusted"), "{error}");
    assert!(error.body().unwrap().len() <= 2048);
}

#[tokio::test]
async fn no_answer_in_time_is_a_timeout_and_may_have_been_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let client = ImportClient::builder()
        .service_id("s")
        .token("t")
        .base_url(base_url)
        .attempt_timeout(Duration::from_millis(50))
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let error = client.upsert_identity(&user()).await.unwrap_err();
    assert!(error.is_timeout() && error.is_retryable(), "{error}");
    assert_eq!((error.delivery(), error.attempts()), (Delivery::Unknown, 1));
    drop(listener);
}

#[tokio::test]
async fn a_connection_refused_means_that_nothing_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = load(&base_url).await.unwrap_err();
    assert!(error.is_connect(), "{error}");
    assert_eq!((error.delivery(), error.attempts()), (Delivery::NotProcessed, 3));
}

#[tokio::test]
async fn the_same_bytes_are_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answered in [false, false, true] {
            let (mut stream, _) = listener.accept().await.unwrap();
            requests.push(read_request(&mut stream).await.unwrap());
            if answered {
                stream.write_all(&answer(200, "application/json", OK)).await.unwrap();
            }
        }
        requests
    });
    let sent = load(&base_url).await.unwrap();
    assert_eq!(sent.attempts, 3);
    let requests = server.await.unwrap();
    assert!(requests.iter().all(|request| *request == requests[0]));
    let request = requests[0].to_ascii_lowercase();
    assert!(
        request.starts_with("post /api/v1/events?service_id=test-service http/1.1\r\n"),
        "{request}"
    );
    assert!(request.contains("\r\ncontent-type: application/json\r\n"));
    assert!(request.contains("\r\naccess_token: test-token\r\n"));
    assert!(request.contains("\r\nuser-agent: dfinery-rust/"));
    assert!(!request.contains("api-version"));
}

#[tokio::test]
async fn the_reset_that_the_server_names_is_waited_for_or_reported() {
    let soon = jiff::Timestamp::now().as_second() + 3_000;
    for header in [
        format!("x-ratelimit-remaining: 0\r\nx-ratelimit-reset: {}", soon * 1_000),
        format!("X-Rate-Limit-Remaining: 0\r\nX-Rate-Limit-Reset: {soon}"),
        "Retry-After: 3000".to_owned(),
    ] {
        let body = r#"{"status":false,"code":40401,"message":"TOO_MANY_REQUEST","data":null}"#;
        let text = format!(
            "HTTP/1.1 200 X\r\n{header}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let error = load(&scripted(vec![text.into_bytes()]).await).await.unwrap_err();
        assert!(
            error.is_rate_limited() && error.attempts() == 1,
            "longer than max_wait: {error}"
        );
        let wait = error.retry_after().unwrap().as_secs();
        assert!((2_990..=3_000).contains(&wait), "{header}: {wait}");
    }
}

#[tokio::test]
async fn a_reset_far_away_does_not_hold_up_what_was_not_refused_for_the_quota() {
    let soon = jiff::Timestamp::now().as_second() + 3_000;
    let body = r#"{"status":false,"code":50000,"message":"INTERNAL_SERVER_ERROR","data":null}"#;
    let head = format!(
        "X-Rate-Limit-Remaining: 7\r\nX-Rate-Limit-Reset: {soon}\r\ncontent-length: {}",
        body.len()
    );
    let failure = format!("HTTP/1.1 200 X\r\n{head}\r\n\r\n{body}").into_bytes();
    let base_url = scripted(vec![failure, answer(200, "application/json", OK)]).await;
    assert_eq!(load(&base_url).await.unwrap().attempts, 2);
}

#[tokio::test]
async fn a_client_that_fails_all_the_time_stops_retrying() {
    let base_url = scripted(vec![answer(503, "text/plain", "")]).await;
    let client = ImportClient::builder()
        .service_id("s")
        .token("t")
        .base_url(base_url)
        .retry(quick().budget(5))
        .build()
        .unwrap();
    let mut attempts = 0;
    for _ in 0..10 {
        attempts += client.upsert_identity(&user()).await.unwrap_err().attempts();
    }
    assert_eq!(attempts, 10 + 5);
}

#[test]
fn futures_can_be_sent_to_other_threads_and_errors_are_small() {
    fn sendable<T: Send + Sync + 'static>() {}
    fn future<T: Send>(_: T) {}
    sendable::<dfinery::Error>();
    sendable::<ImportClient>();
    sendable::<dfinery::ExportClient>();
    assert_eq!(size_of::<dfinery::Error>(), 8);
    let client = import("http://127.0.0.1:1");
    future(async move { client.upsert_user_profile(&user(), [("a", 1)]).await });
}

/// A service, or what is before it, that sends a second answer nobody asked for.
#[test]
fn an_answer_that_came_before_its_request_is_not_taken_for_its_answer() {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let kept = |body: &str| {
                    format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    )
                };
                let mut request = vec![0; 64 * 1024];
                while stream.read(&mut request).is_ok_and(|read| read > 0) {
                    if number > 0 {
                        let _ = stream.write_all(kept(r#"{"status":false,"code":40001}"#).as_bytes());
                        continue;
                    }
                    let _ = stream.write_all(kept(OK).as_bytes());
                    thread::sleep(Duration::from_millis(20));
                    let _ = stream.write_all(kept(OK).as_bytes());
                }
            });
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = once(base_url);
        let event = [Event::new("df_login")];
        client.load_events(&user(), &event).await.unwrap();
        // A busy thread does not look at its connections while the second answer arrives.
        thread::sleep(Duration::from_millis(60));
        let second = client.load_events(&user(), &event).await;
        assert!(second.is_err_and(|error| error.is_refused()), "it was never asked");
    });
}
