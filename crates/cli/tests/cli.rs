//! The command, as a user calls it.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};

use dfinery::{Event, ExportCode, Identity, ImportClient, ImportCode};

fn dfinery(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dfinery"))
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_demo_accounts_for_every_record() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dfinery"))
        .arg("demo")
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let numbers = |label: &str| -> Vec<usize> {
        let line = text
            .lines()
            .find(|line| line.starts_with(label))
            .unwrap_or_else(|| panic!("{label} in {text}"));
        line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    };
    let [read, accepted, rejected, invalid] =
        ["  read", "  accepted", "  rejected", "  invalid"].map(|fate| numbers(fate)[0]);
    assert_eq!(read, include_str!("../src/demo.ndjson").lines().count());
    assert_eq!(
        read,
        accepted + rejected + invalid,
        "every fault on the way was retried: {text}"
    );
    assert!(accepted > 300 && rejected > 0 && invalid > 0, "{text}");
    assert!(text.contains("The counts add up") && text.contains("40001"), "{text}");
    let [exported, _names, in_file, not_accepted] = numbers("Exported again: ")[..] else {
        panic!("{text}")
    };
    assert_eq!(in_file, not_accepted + exported);
    assert!(text.contains("\nAll counts agree.\n"), "{text}");
    assert!(
        !text.contains("example.com") && !text.contains("김하늘"),
        "no personal data: {text}"
    );
}

#[test]
fn a_signed_url_is_refused_without_its_signature() {
    for command in ["check", "status"] {
        for (url, words) in [
            ("https://bucket.example/a.csv", "curl URL | dfinery load"),
            ("ftp://bucket.example/a.csv", "curl URL | dfinery load"),
            ("hdfs://bucket.example/a.csv", "COMMAND | dfinery load"),
            ("s3://bucket/a.csv", "credentials"),
        ] {
            if url.starts_with("s3") && !cfg!(feature = "cloud") {
                continue;
            }
            let ran = dfinery(&[command, &format!("{url}?X-Amz-Signature=0123abcd")]);
            let said = String::from_utf8(ran.stderr).unwrap();
            assert_eq!(ran.status.code(), Some(2), "{said}");
            assert!(
                said.contains(url) && said.contains(words) && !said.contains("0123abcd"),
                "{said}"
            );
        }
    }
}

#[test]
fn a_url_with_a_password_is_refused_without_it() {
    for command in [
        &["check"][..],
        &["status"],
        &["load", "events"],
        &["mapping", "init"],
        &["export", "verify", "--to"],
    ] {
        for scheme in ["s3", "gs", "ftp"] {
            let url = format!("{scheme}://key:0123abcd@bucket/a.csv");
            let ran = dfinery(&[command, &[&*url]].concat());
            let said = String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap();
            assert_eq!(ran.status.code(), Some(2), "{command:?}: {said}");
            assert!(!said.contains("0123abcd"), "{command:?}: {said}");
        }
    }
}

#[test]
fn what_people_of_other_tools_type_is_answered_with_what_they_meant() {
    for (arguments, words) in [
        (&["import", "a.ndjson"][..], "'load'"),
        (&["upload", "a.ndjson"], "'load'"),
        (&["download"], "'export'"),
        (&["validate", "a.ndjson"], "'check'"),
        (&["serve"], "'emulator'"),
        (&["load", "sales.ndjson"], "events sales.ndjson"),
        (
            &["load", "events", "a.ndjson", "--token", "t"],
            "set DFINERY_IMPORT_TOKEN",
        ),
        (&["explain", "99999"], "Neither API documents the code 99999"),
        #[cfg(not(feature = "cloud"))]
        (
            &["check", "s3://bucket/a.ndjson"],
            "pipe it in, such as `aws s3 cp s3://bucket/a.ndjson -",
        ),
    ] {
        let ran = dfinery(arguments);
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(
            !said.contains("--token-file <FILE> <WHAT>") || said.contains("no option"),
            "{said}"
        );
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = dfinery(&["emulator", "--port", &port]);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(
        said.contains(&format!("port {port} is taken by another program")),
        "{said}"
    );
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let plain = dfinery(&["demo"]);
    let never = dfinery(&["demo", "--color", "never"]);
    let always = dfinery(&["demo", "--color", "always"]);
    assert!(!stdout(&plain).contains('\u{1b}') && !stdout(&never).contains('\u{1b}'));
    assert!(stdout(&always).contains("\u{1b}[32m"), "{}", stdout(&always));
    let log = Command::new(env!("CARGO_BIN_EXE_dfinery"))
        .args(["demo", "-v"])
        .output()
        .unwrap();
    let log = String::from_utf8(log.stderr).unwrap();
    assert!(log.contains("accepted") && !log.contains('\u{1b}'), "{log}");
}

#[test]
fn the_short_help_fits_a_screen() {
    let short = stdout(&dfinery(&["load", "-h"]));
    assert!(short.lines().count() < 40, "{short}");
    assert!(
        short.contains("--mapping") && !short.contains("--batch-bytes"),
        "{short}"
    );
    let whole = stdout(&dfinery(&["load", "--help"]));
    assert!(
        whole.contains("--batch-bytes") && whole.contains("Exit codes:"),
        "{whole}"
    );
}

#[test]
fn every_code_is_explained_in_both_languages() {
    let codes = stdout(&dfinery(&["codes"]));
    assert_eq!(codes.lines().count(), 1 + ImportCode::ALL.len() + ExportCode::ALL.len());
    for info in ImportCode::ALL
        .iter()
        .filter_map(ImportCode::info)
        .chain(ExportCode::ALL.iter().filter_map(ExportCode::info))
    {
        for (language, remedy, label) in [
            ("en", info.remedy.en, "What to do"),
            ("ko", info.remedy.ko, "조치 방법"),
        ] {
            let by_code = dfinery(&["explain", info.raw, "--lang", language]);
            assert!(by_code.status.success());
            assert!(stdout(&by_code).contains(remedy) && stdout(&by_code).contains(label));
            let by_name = dfinery(&["explain", &info.name.to_lowercase(), "--lang", language]);
            assert_eq!(stdout(&by_name), stdout(&by_code));
        }
    }
}

#[test]
fn an_http_status_is_explained_with_the_codes_that_come_under_it() {
    let status = |status, language| stdout(&dfinery(&["explain", status, "--lang", language]));
    let too_many = status("429", "en");
    assert!(too_many.contains("HTTP 429 Too Many Requests (export)"), "{too_many}");
    assert!(
        too_many.contains("Codes under it: 40401 TOO_MANY_REQUEST"),
        "{too_many}"
    );
    let unauthorized = status("401", "en");
    assert!(
        unauthorized.contains("Codes under it: unauthorized_token"),
        "{unauthorized}"
    );
    assert!(status("429", "ko").contains("한도 초기화 후 재시도(after-reset)"));
}

#[test]
fn what_cannot_be_explained_is_said_and_is_exit_code_two() {
    for (arguments, words) in [
        (&["explain", "99999"][..], "dfinery codes"),
        (&["explain", "99999", "--lang", "ko"], "없습니다"),
        (&["explain", "503"], "Neither API documents HTTP 503"),
        (&["explain", "503", "--lang", "ko"], "HTTP 503"),
        (&["explain"], "required"),
        (&["reload"], "unrecognized subcommand"),
        (&["load"], "required"),
        (&["emulator", "--fault-rate", "2"], "between 0 and 1"),
    ] {
        let output = dfinery(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(words), "{output:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_live_demo_needs_settings_and_sends_nothing_without_a_yes() {
    let live = |service: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dfinery"));
        command
            .args(["demo", "--live"])
            .stdin(Stdio::null())
            .env_remove("DFINERY_SERVICE_ID");
        if let Some(service) = service {
            // Nothing listens there, so sending would fail loudly.
            command
                .env("DFINERY_SERVICE_ID", service)
                .env("DFINERY_IMPORT_TOKEN", "t")
                .env("DFINERY_BASE_URL", "http://127.0.0.1:9");
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(live(None).contains("DFINERY_SERVICE_ID is not set"));
    assert!(live(Some("s")).contains("Nothing was sent."));
}

#[tokio::test]
async fn the_emulator_prints_what_a_client_needs() {
    let mut emulator = Command::new(env!("CARGO_BIN_EXE_dfinery"))
        .args(["emulator", "--code-style", "digits"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(emulator.stdout.take().unwrap()).lines();
    let settings: std::collections::HashMap<String, String> = lines
        .take(4)
        .map(|line| {
            line.unwrap()
                .split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .unwrap()
        })
        .collect();
    let client = ImportClient::builder()
        .base_url(&settings["DFINERY_BASE_URL"])
        .service_id(&settings["DFINERY_SERVICE_ID"])
        .token(&settings["DFINERY_IMPORT_TOKEN"])
        .build()
        .unwrap();
    let result = client
        .load_events(&Identity::external_id("u-1"), &[Event::new("df_login")])
        .await;
    emulator.kill().unwrap();
    emulator.wait().unwrap();
    assert_eq!(result.unwrap().attempts, 1);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut codes = Command::new(env!("CARGO_BIN_EXE_dfinery"))
        .arg("codes")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(codes.stdout.take());
    assert!(codes.wait().unwrap().success());
}
