//! Exports: what is CSV, what is not, and what is not all of it.

mod common;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use common::{answer, export, read_request, scripted};
use dfinery::{
    Csv, Error, EventQuery, ExportClient, ExportCode, Family, RetryPolicy, UserProfileQuery, tables::RateLimit,
};
use futures_util::{StreamExt, TryStreamExt};
use proptest::prelude::*;
use tokio::{io::AsyncWriteExt as _, net::TcpListener};

/// Two rows, with a quoted line break, a doubled quote, a comma and Korean text.
const CSV: &str = "df_unified_id,event_name,memo\n\
                   1,df_login,\"첫 줄\n둘째 줄, \"\"인용\"\"\"\n\
                   2,df_logout,끝\n";

#[derive(serde::Deserialize, PartialEq, Debug)]
struct Row {
    df_unified_id: u32,
    memo: String,
}

async fn open(answer: Vec<u8>) -> Result<Csv, Error> {
    export(&scripted(vec![answer]).await)
        .user_profiles(&UserProfileQuery::all())
        .await
}

async fn read(answer: Vec<u8>) -> Result<Vec<u8>, Error> {
    Ok(open(answer).await?.bytes(usize::MAX).await?.to_vec())
}

/// Reads one export after another with one client, each tried once.
async fn read_each(answers: Vec<Vec<u8>>) -> Vec<Result<Vec<u8>, Error>> {
    let never_spent = RateLimit {
        requests: u32::MAX,
        period: Duration::from_secs(1),
        concurrent: None,
    };
    let count = answers.len();
    let client = ExportClient::builder()
        .service_id("s")
        .token("t")
        .base_url(scripted(answers).await)
        .retry(RetryPolicy::never())
        .rate_limit(Family::Export, never_spent)
        .build()
        .unwrap();
    let mut results = Vec::new();
    for _ in 0..count {
        let result = match client.user_profiles(&UserProfileQuery::all()).await {
            Ok(csv) => csv.bytes(usize::MAX).await.map(|bytes| bytes.to_vec()),
            Err(error) => Err(error),
        };
        results.push(result);
    }
    results
}

fn chunked(pieces: &[&[u8]], ended: bool) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 X\r\ncontent-type: text/csv\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        answer.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        answer.extend_from_slice(piece);
        answer.extend_from_slice(b"\r\n");
    }
    if ended {
        answer.extend_from_slice(b"0\r\n\r\n");
    }
    answer
}

#[tokio::test]
async fn csv_comes_through_byte_for_byte_and_row_by_row() {
    assert_eq!(read(answer(200, "text/csv", CSV)).await.unwrap(), CSV.as_bytes());
    let records: Vec<_> = open(answer(200, "text/csv", CSV))
        .await
        .unwrap()
        .records()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].get("memo"), Some("첫 줄\n둘째 줄, \"인용\""));
    assert_eq!(
        (records[1].get("event_name"), records[1].get("nothing")),
        (Some("df_logout"), None)
    );
    assert_eq!(records[1].row(), 2);
    let rows: Vec<Row> = open(answer(200, "text/csv", CSV))
        .await
        .unwrap()
        .rows()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        rows[1],
        Row {
            df_unified_id: 2,
            memo: "끝".to_owned()
        }
    );
}

#[tokio::test]
async fn a_row_that_does_not_fit_is_named_without_its_value() {
    #[derive(serde::Deserialize, Debug)]
    struct Row {
        #[allow(dead_code, reason = "it is never read, because it cannot be")]
        memo: u32,
    }
    let csv = open(answer(200, "text/csv", CSV)).await.unwrap();
    let error = csv.rows::<Row>().next().await.unwrap().unwrap_err();
    let words = format!("{error} {error:?}");
    assert!(words.contains("row 1, column memo") && !words.contains("첫"), "{words}");
}

#[tokio::test]
async fn csv_is_known_by_its_content_since_its_label_is_undocumented() {
    for label in [
        "text/csv",
        "text/csv; charset=utf-8",
        "application/octet-stream",
        "application/json",
        "text/html",
    ] {
        assert!(open(answer(200, label, CSV)).await.is_ok(), "{label}");
    }
    let bom = format!("\u{feff}{CSV}");
    assert!(open(answer(200, "text/csv", &bom)).await.is_ok());
    let records: Vec<_> = open(answer(200, "text/csv", &bom))
        .await
        .unwrap()
        .records()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(records[0].get("df_unified_id"), Some("1"));
}

#[tokio::test]
async fn what_is_not_csv_is_an_error_at_once() {
    for (label, body) in [
        (
            "application/json",
            r#"{"result":"fail","message":"client_connection_closed"}"#,
        ),
        (
            "text/csv",
            r#"  {"result":"fail","message":"client_connection_closed"}"#,
        ),
        (
            "text/csv",
            "\u{feff}\n{\"result\":\"fail\",\"message\":\"client_connection_closed\"}",
        ),
    ] {
        let error = open(answer(200, label, body)).await.unwrap_err();
        assert_eq!(error.export_code(), Some(&ExportCode::ClientConnectionClosed), "{body}");
        assert_eq!((error.status(), error.attempts()), (Some(200), 3));
    }
    for (label, body) in [
        ("text/csv", ""),
        ("text/csv", " \r\n"),
        ("text/csv", "<!doctype html><p>gateway</p>"),
        ("text/csv", r#"{"status":false,"code":40201}"#),
        ("application/json", "null"),
        ("application/json", "\"fail\""),
        ("text/html", "Service unavailable"),
    ] {
        let error = open(answer(200, label, body)).await.unwrap_err();
        assert!(error.export_code().is_none() && error.is_retryable(), "{body}: {error}");
    }
}

#[tokio::test]
async fn an_error_text_under_any_label_is_no_export_without_rows() {
    let texts = ["Service Unavailable", "\u{1f}\u{8b}\u{8}", "a,b\n1,2\n", "error\n"];
    for (label, text) in ["text/plain", "text/csv", "application/octet-stream"]
        .into_iter()
        .zip(texts)
    {
        let error = open(answer(200, label, text)).await.unwrap_err();
        assert!(error.to_string().contains("cannot be trusted"), "{text}: {error}");
    }
    let partial = answer(206, "text/csv", CSV);
    assert!(open(partial).await.unwrap_err().to_string().contains("206"));
    let client = ExportClient::builder()
        .service_id("s")
        .token("t")
        .base_url(scripted(vec![answer(200, "text/csv", "a,b\n1,2\n")]).await)
        .accept_any_header(true)
        .build()
        .unwrap();
    let csv = client.user_profiles(&UserProfileQuery::all()).await.unwrap();
    assert_eq!(csv.bytes(usize::MAX).await.unwrap(), "a,b\n1,2\n");
}

#[tokio::test]
async fn blanks_without_end_are_not_read_without_end() {
    let blanks = format!(
        "HTTP/1.1 200 X\r\ncontent-length: 900000000\r\n\r\n{}",
        " ".repeat(1_000_000)
    );
    assert!(open(blanks.into_bytes()).await.is_err());
}

#[tokio::test]
async fn a_last_row_that_is_none_is_not_complete() {
    for tail in [
        "3,c\n",
        "3,c,d,e\n",
        "<html>502</html>\n",
        "{\"status\":500,\"error\":\"Internal\"}\n",
    ] {
        let error = read(answer(200, "text/csv", &format!("{CSV}{tail}")))
            .await
            .unwrap_err();
        assert!(error.is_truncated(), "{tail}: {error}");
    }
}

#[tokio::test]
async fn two_that_save_under_one_name_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profiles.csv");
    let long = format!("{CSV}{}", "3,df_login,x\n".repeat(50_000));
    let (first, second) = (
        open(answer(200, "text/csv", &long)).await.unwrap(),
        open(answer(200, "text/csv", CSV)).await.unwrap(),
    );
    let (first, second) = tokio::join!(first.save(&path), second.save(&path));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.rows, second.rows), (50_002, 2));
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept == long || kept == CSV);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_body_whose_end_cannot_be_told_is_refused_unless_asked_for() {
    let unframed = format!("HTTP/1.1 200 X\r\ncontent-type: text/csv\r\n\r\n{CSV}").into_bytes();
    let coded = String::from_utf8(unframed.clone())
        .unwrap()
        .replace("content-type", "transfer-encoding: identity\r\ncontent-type");
    for unframed in [unframed.clone(), coded.into_bytes()] {
        let error = open(unframed).await.unwrap_err();
        assert!(error.to_string().contains("where the body ends"), "{error}");
    }
    let client = ExportClient::builder()
        .service_id("s")
        .token("t")
        .base_url(scripted(vec![unframed]).await)
        .accept_unframed_body(true)
        .build()
        .unwrap();
    let csv = client.user_profiles(&UserProfileQuery::all()).await.unwrap();
    assert_eq!(csv.bytes(usize::MAX).await.unwrap(), CSV);
}

#[tokio::test]
async fn a_body_cut_at_any_byte_is_never_complete() {
    let by_length = answer(200, "text/csv", CSV);
    let by_chunks = chunked(&[&CSV.as_bytes()[..40], &CSV.as_bytes()[40..]], true);
    for whole in [by_length, by_chunks] {
        let body = whole.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        let cuts: Vec<_> = (body..=whole.len()).map(|cut| whole[..cut].to_vec()).collect();
        assert!(cuts.len() > CSV.len());
        let mut results = read_each(cuts).await;
        assert_eq!(
            results.pop().unwrap().unwrap(),
            CSV.as_bytes(),
            "the last one is not cut"
        );
        for (cut, result) in results.into_iter().enumerate() {
            let error = result.unwrap_err();
            assert!(error.is_retryable(), "cut after {cut} bytes: {error}");
            // Chunks and their lengths come before the header line is whole.
            let begun = cut > CSV.find('\n').unwrap() + 10;
            assert!(error.is_truncated() || !begun, "cut after {cut} bytes: {error}");
        }
    }
}

#[tokio::test]
async fn a_failure_after_any_byte_of_the_csv_is_never_complete() {
    let cuts: Vec<_> = (0..=CSV.len()).filter(|cut| CSV.is_char_boundary(*cut)).collect();
    for failure in [
        r#"{"result":"fail","message":"client_connection_closed"}"#,
        "{ \"message\" : \"query_error\",\n\t\"result\" : \"fail\" }\r\n",
    ] {
        let answers = cuts
            .iter()
            .map(|cut| answer(200, "text/csv", &format!("{}{failure}", &CSV[..*cut])));
        for (cut, result) in cuts.iter().zip(read_each(answers.collect()).await) {
            let error = result.unwrap_err();
            assert!(
                error.export_code().is_some_and(|code| code.info().is_some()),
                "after {cut}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn a_body_that_ends_properly_within_a_row_is_not_complete() {
    let cuts: Vec<_> = (1..CSV.len()).filter(|cut| CSV.is_char_boundary(*cut)).collect();
    let answers = cuts.iter().map(|cut| answer(200, "text/csv", &CSV[..*cut])).collect();
    for (cut, result) in cuts.iter().zip(read_each(answers).await) {
        // What is cut within the last field of a row, or right after a row, leaves nothing to see.
        let quoted = CSV[..*cut].matches('"').count() % 2 == 1;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(&CSV.as_bytes()[..*cut]);
        let rows: Vec<_> = reader.byte_records().map(Result::unwrap).collect();
        let seen = quoted || (rows.len() > 1 && rows[rows.len() - 1].len() < 3);
        assert!(result.is_err() || !seen, "after {cut}");
    }
}

#[tokio::test]
async fn a_file_appears_only_when_it_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profiles.csv");
    std::fs::write(&path, "the one of yesterday").unwrap();
    let whole = answer(200, "text/csv", CSV);
    let error = open(whole[..whole.len() - 1].to_vec())
        .await
        .unwrap()
        .save(&path)
        .await
        .unwrap_err();
    assert!(error.is_truncated(), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the one of yesterday");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the part is gone");

    let saved = open(whole).await.unwrap().save(&path).await.unwrap();
    assert_eq!((saved.rows, saved.bytes), (2, CSV.len() as u64));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), CSV);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let nowhere = folder.path().join("missing/profiles.csv");
    let error = open(answer(200, "text/csv", CSV))
        .await
        .unwrap()
        .save(&nowhere)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("missing/profiles.csv cannot be written"),
        "{error}"
    );
}

/// Answers one export after the other, and keeps what was asked.
async fn recorded(answers: Vec<Vec<u8>>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&requests);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_request(&mut stream).await.unwrap();
            kept.lock().unwrap().push(request);
            stream.write_all(&answer).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (format!("http://{address}"), requests)
}

/// Not a pause between any two so that they last for the hour, and not one more than are allowed.
#[tokio::test]
async fn the_exports_of_an_hour_go_at_once_and_the_next_is_not_sent() {
    let (url, requests) = recorded(vec![answer(200, "text/csv", CSV); 101]).await;
    let client = ExportClient::builder()
        .service_id("s")
        .token("t")
        .base_url(url)
        .retry(common::quick().max_wait(Duration::from_secs(1)))
        .build()
        .unwrap();
    let export = async || client.user_profiles(&UserProfileQuery::all()).await;
    for _ in 0..100 {
        export().await.unwrap().bytes(usize::MAX).await.unwrap();
    }
    let error = export().await.unwrap_err();
    assert!(error.is_retryable() && error.attempts() == 0, "{error}");
    assert!(error.retry_after().unwrap() > Duration::from_secs(50 * 60), "{error}");
    assert_eq!(requests.lock().unwrap().len(), 100);
}

/// The server may write the same export in another order the next time.
#[tokio::test]
async fn an_export_that_breaks_off_is_asked_for_whole_again_and_never_from_a_byte() {
    let whole = answer(200, "text/csv", CSV);
    let (url, requests) = recorded(vec![whole[..whole.len() - 9].to_vec(), whole]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profiles.csv");
    let client = export(&url);
    let save = async || client.user_profiles(&UserProfileQuery::all()).await?.save(&path).await;
    assert!(save().await.unwrap_err().is_truncated());
    save().await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), CSV);
    let requests = requests.lock().unwrap();
    let [first, second] = requests.as_slice() else {
        panic!("{} requests", requests.len())
    };
    assert_eq!(first, second);
    assert!(!first.to_ascii_lowercase().contains("range:"), "{first}");
}

#[tokio::test]
async fn a_sixth_export_at_the_same_time_waits_for_a_place() {
    let client = ExportClient::builder()
        .service_id("s")
        .token("t")
        .base_url(scripted(vec![answer(200, "text/csv", CSV)]).await)
        .retry(common::quick().max_wait(Duration::from_millis(50)))
        .build()
        .unwrap();
    let mut running = Vec::new();
    for _ in 0..5 {
        running.push(client.user_profiles(&UserProfileQuery::all()).await.unwrap());
    }
    let error = client.user_profiles(&UserProfileQuery::all()).await.unwrap_err();
    assert!(error.is_retryable() && error.attempts() == 0, "{error}");
    running.pop().unwrap().bytes(usize::MAX).await.unwrap();
    assert!(client.user_profiles(&UserProfileQuery::all()).await.is_ok());
}

#[tokio::test]
async fn ranges_that_cannot_be_are_refused_before_sending() {
    let client = export("http://127.0.0.1:9");
    let day = |text: &str| text.parse().unwrap();
    let error = client
        .events(&EventQuery::between(day("2024-01-01"), day("2024-01-02")))
        .await
        .unwrap_err();
    assert_eq!(error.violations().unwrap()[0].path(), "from_date");
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let error = client
        .events(&EventQuery::between(today, today.yesterday().unwrap()))
        .await
        .unwrap_err();
    assert_eq!(error.violations().unwrap()[0].path(), "to_date");
    assert_eq!(error.attempts(), 0);
}

#[tokio::test]
async fn a_filter_without_names_is_refused_before_sending() {
    let client = export("http://127.0.0.1:9");
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let none = [""; 0];
    for (query, path) in [
        (EventQuery::between(today, today).only(none), "events"),
        (EventQuery::between(today, today).without_properties(none), "properties"),
    ] {
        assert_eq!(
            client.events(&query).await.unwrap_err().violations().unwrap()[0].path(),
            path
        );
    }
    let query = UserProfileQuery::all().only_properties(none);
    assert_eq!(
        client.user_profiles(&query).await.unwrap_err().violations().unwrap()[0].path(),
        "properties"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However the bytes are cut into chunks, the same bytes and the same rows come out.
    #[test]
    fn any_chunking_gives_the_same_rows(
        rows in prop::collection::vec(prop::collection::vec("[a,\"\n\r한 ]{0,6}", 3), 0..20),
        cuts in prop::collection::vec(0_usize..400, 0..30),
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["df_unified_id", "b", "c"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let body = writer.into_inner().unwrap();
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(body.len())).chain([0, body.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect();
        let answer = chunked(&pieces, true);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (bytes, records) = runtime.block_on(async {
            let bytes = read(answer.clone()).await.unwrap();
            let records: Vec<_> = open(answer).await.unwrap().records().try_collect().await.unwrap();
            (bytes, records)
        });
        prop_assert_eq!(bytes, body);
        let records: Vec<Vec<String>> = records.iter().map(|row| row.iter().map(|(_, field)| field.to_owned()).collect()).collect();
        prop_assert_eq!(&records, &rows);
    }
}
