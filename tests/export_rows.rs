//! Exports in which something is not a row, or that are written to a file: none may pass for whole that is not.

mod common;

use std::time::Duration;

use common::{answer, export, read_request, scripted};
use dfinery::{Csv, Error, ExportCode, UserProfileQuery};
use futures_util::TryStreamExt;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

async fn open(answer: Vec<u8>) -> Result<Csv, Error> {
    export(&scripted(vec![answer]).await)
        .user_profiles(&UserProfileQuery::all())
        .await
}

/// An answer in chunks of one length.
fn chunked(body: &[u8], length: usize) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for piece in body.chunks(length) {
        answer.extend(format!("{:x}\r\n", piece.len()).bytes());
        answer.extend(piece);
        answer.extend(b"\r\n");
    }
    answer.extend(b"0\r\n\r\n");
    answer
}

/// What each way of reading says of a body.
async fn each_way(answer: &[u8]) -> [Result<u64, Error>; 3] {
    let folder = tempfile::tempdir().unwrap();
    let saved = match open(answer.to_vec()).await {
        Ok(csv) => csv.save(folder.path().join("a.csv")).await.map(|saved| saved.rows),
        Err(error) => Err(error),
    };
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, usize::from(saved.is_ok()));
    let bytes = match open(answer.to_vec()).await {
        Ok(csv) => csv.bytes(usize::MAX).await.map(|_| 0),
        Err(error) => Err(error),
    };
    let records = match open(answer.to_vec()).await {
        Ok(csv) => csv
            .records()
            .try_collect::<Vec<_>>()
            .await
            .map(|rows| rows.len() as u64),
        Err(error) => Err(error),
    };
    [saved, bytes, records]
}

#[tokio::test]
async fn a_byte_order_mark_is_in_no_name_however_it_is_cut() {
    for (header, name) in [
        ("df_unified_id,b", "df_unified_id"),
        ("\"df_unified_id\",b", "df_unified_id"),
    ] {
        let body = format!("\u{feff}{header}\n1,x\n");
        for length in [1, 2, 3, 4, 100] {
            let csv = open(chunked(body.as_bytes(), length)).await.unwrap();
            let records: Vec<_> = csv.records().try_collect().await.unwrap();
            assert_eq!(records[0].get(name), Some("1"), "{header} in pieces of {length}");
            // The bytes themselves stay as they are.
            let bytes = open(chunked(body.as_bytes(), length)).await.unwrap();
            assert_eq!(bytes.bytes(usize::MAX).await.unwrap(), body);
        }
    }
}

#[tokio::test]
async fn a_header_line_may_be_long_and_name_its_system_columns_late() {
    let names: Vec<_> = (0..20_000).map(|number| format!("property_{number}")).collect();
    let body = format!("{},df_unified_id\n{}7\n", names.join(","), ",".repeat(20_000));
    assert!(body.find('\n').unwrap() > 200_000);
    for answer in [answer(200, "text/csv", &body), chunked(body.as_bytes(), 999)] {
        let records: Vec<_> = open(answer).await.unwrap().records().try_collect().await.unwrap();
        assert_eq!(records[0].get("df_unified_id"), Some("7"));
    }
}

#[tokio::test]
async fn what_is_no_row_is_an_error_wherever_it_is_and_however_it_is_read() {
    let failure = r#"{"result":"fail","message":"client_connection_closed"}"#;
    let long = format!(r#"{{"result":"fail","message":"{}"}}"#, "x".repeat(5_000));
    let cut = &failure[..30];
    let row = "1,x\n";
    let many = row.repeat(50_000);
    for no_row in [
        failure.to_owned(),
        format!("{failure}\n"),
        format!("{failure};\n"),
        format!("{failure}\0"),
        format!("1,x{failure}"),
        format!("1,x{cut}"),
        cut.to_owned(),
        long,
        r#"{"status":false,"code":40201,"message":"m","data":null}"#.to_owned(),
        r#"{"status":500,"error":"Internal"}"#.to_owned(),
        "<html><body>Bad gateway, sorry</body></html>".to_owned(),
        "1\n".to_owned(),
        "1,x,y\n".to_owned(),
        "Service unavailable\n".to_owned(),
    ] {
        for (before, after) in [
            ("", ""),
            (row, ""),
            (row, row),
            (row, &*many),
            (&*many, row),
            (&*many, &*many),
        ] {
            if no_row == cut && !after.is_empty() {
                // A failure that is cut is the end.
                continue;
            }
            let body = format!("df_unified_id,b\n{before}{no_row}\n{after}");
            for (way, result) in ["save", "bytes", "records"]
                .into_iter()
                .zip(each_way(&chunked(body.as_bytes(), 8_000)).await)
            {
                let error = result.unwrap_err();
                let place = format!("{no_row:.60} between {} and {} bytes, {way}", before.len(), after.len());
                assert!(
                    error.is_truncated() || error.export_code().is_some(),
                    "{place}: {error}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_a_field_may_hold_is_data() {
    let fields = [
        r#""{""result"":""fail"",""message"":""query_error""}""#,
        r#""<html>, </html>""#,
        "\"\n<html>\n{\n\"",
        "{result}",
        "{",
        "5\" pipe",
        "\"a{\"",
    ];
    let mut body = "df_unified_id,b\n".to_owned();
    for field in fields {
        body.extend([field, ",1\n2,", field, "\n"]);
    }
    for length in [1, 7, 1_000] {
        for result in each_way(&chunked(body.as_bytes(), length)).await {
            assert!([0, 14].contains(&result.unwrap()));
        }
    }
}

#[tokio::test]
async fn a_failure_says_its_code_at_the_end() {
    let body = "df_unified_id,b\n1,x\n{\"result\":\"fail\",\"message\":\"client_connection_closed\"}";
    for result in each_way(&answer(200, "text/csv", body)).await {
        let error = result.unwrap_err();
        assert_eq!(error.export_code(), Some(&ExportCode::ClientConnectionClosed));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_saved_file_is_its_owners_unless_asked_otherwise() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    // What is there already does not count.
    std::fs::write(&path, "").unwrap();
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    let usual = mode();
    let body = answer(200, "text/csv", "df_unified_id,b\n1,x\n");
    open(body.clone()).await.unwrap().save(&path).await.unwrap();
    assert_eq!(mode(), 0o600);
    open(body).await.unwrap().save_shared(&path).await.unwrap();
    assert_eq!(mode(), usual);
}

#[tokio::test]
async fn what_a_killed_save_has_left_is_gone_after_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("monday.csv.00112233445566778899aabbccddeeff.part");
    std::fs::write(&left, "df_unified_id,b\n1,").unwrap();
    let body = answer(200, "text/csv", "df_unified_id,b\n1,x\n");
    // One that is still written is another thing.
    let slow = open(body.clone()).await.unwrap();
    let (slow, quick) = (slow.save(folder.path().join("monday.csv")), async {
        open(body.clone())
            .await
            .unwrap()
            .save(folder.path().join("tuesday.csv"))
            .await
    });
    let (slow, quick) = tokio::join!(slow, quick);
    assert_eq!((slow.unwrap().rows, quick.unwrap().rows), (1, 1));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_save_that_is_given_up_leaves_no_file_and_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await.unwrap();
        let body = format!("df_unified_id,b\n{}", "1,x\n".repeat(1_000_000));
        let answer = chunked(body.as_bytes(), 8_000);
        // All but the end, which never comes.
        stream.write_all(&answer[..answer.len() - 5]).await.unwrap();
        stream.read(&mut [0]).await
    });
    let folder = tempfile::tempdir().unwrap();
    let begun = async {
        let length = || std::fs::read_dir(folder.path()).unwrap().next()?.ok()?.metadata().ok();
        while length().is_none_or(|part| part.len() < 1_000_000) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let csv = export(&url).user_profiles(&UserProfileQuery::all()).await.unwrap();
    tokio::select! {
        saved = csv.save(folder.path().join("a.csv")) => panic!("{saved:?}"),
        () = begun => {}
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let closed = tokio::time::timeout(Duration::from_secs(5), server).await;
    assert!(matches!(closed.unwrap().unwrap(), Ok(0) | Err(_)));
}
