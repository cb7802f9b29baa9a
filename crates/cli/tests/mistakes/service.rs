//! A wrong address, token or service, and what a service refuses.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use crate::{
    EVENT,
    command::{bare, run},
    desk, say, unsaid,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_names_where_it_was_set() {
    let desk = desk().await;
    let remote = "the base URL is http:// to another machine";
    for (variable, value, arguments, code, says) in [
        (
            "DFINERY_BASE_URL",
            "http://api.example.com",
            &[][..],
            2,
            &["DFINERY_BASE_URL: ", remote][..],
        ),
        (
            "DFINERY_BASE_URL",
            "",
            &["--base-url", "http://api.example.com"],
            2,
            &["--base-url: ", remote],
        ),
        (
            "DFINERY_BASE_URL",
            "",
            &["--config", "s.toml"],
            2,
            &["s.toml, line 1: base_url: ", remote],
        ),
        (
            "DFINERY_BASE_URL",
            "127.0.0.1:80",
            &[],
            2,
            &["DFINERY_BASE_URL: ", "is not a valid URL", "https://"],
        ),
        (
            "DFINERY_BASE_URL",
            "http://127.0.0.1:9",
            &[],
            75,
            &["nothing listens on 127.0.0.1:9", "start what should listen there"],
        ),
        (
            "DFINERY_SERVICE_ID",
            "",
            &[],
            2,
            &["the service id is not set: give --service-id, set DFINERY_SERVICE_ID"],
        ),
        (
            "DFINERY_IMPORT_TOKEN",
            "",
            &[],
            2,
            &["the import token is not set: set DFINERY_IMPORT_TOKEN, or give --token-file"],
        ),
        (
            "DFINERY_IMPORT_TOKEN",
            "wrong",
            &["--state", "s"],
            2,
            &["40201 INVALID_TOKEN", "API token"],
        ),
        (
            "DFINERY_SERVICE_ID",
            "wrong",
            &["--state", "s"],
            2,
            &["40101 INVALID_SERVICE_ID", "Compare the query parameter"],
        ),
        (
            "DFINERY_RATE_SHARE",
            "abc",
            &[],
            2,
            &["DFINERY_RATE_SHARE: must be a number over 0 and up to 1"],
        ),
    ] {
        desk.write("s.toml", "base_url = \"http://api.example.com\"\n");
        let mut command = desk.command(&[&["load", "events", "a.ndjson"], arguments].concat());
        command.env(variable, value);
        assert_eq!(
            unsaid(&run(command).await, code, says),
            None,
            "{variable} {value} {arguments:?}"
        );
    }
}

/// The command as a server that a person starts, with the lines of its output.
#[tokio::test(flavor = "multi_thread")]
async fn the_emulator_says_why_it_refuses_and_knows_a_taxonomy() {
    let desk = desk().await;
    let visit = EVENT.replace("df_login", "store_visit");
    let with_code = visit.replace(
        "\"event_datetime\"",
        "\"event_properties\":{\"store_code\":\"1\"},\"event_datetime\"",
    );
    desk.write("visit.ndjson", with_code.repeat(3));
    desk.write(
        "own.yaml",
        "events: [{name: store_visit}]\nevent_properties: [{name: store_code, type: string}]\n",
    );
    for (taxonomy, code) in [(&[][..], 1), (&["--taxonomy", "own.yaml"], 0)] {
        let mut emulator = bare(&[&["emulator"], taxonomy].concat());
        let mut emulator = emulator
            .current_dir(&desk.folder)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(emulator.stdout.take().unwrap()).lines();
        let given: Vec<_> = lines.take(4).map(Result::unwrap).collect();
        let mut command = desk.command(&["load", "events", "visit.ndjson", "--restart"]);
        command.envs(given.iter().filter_map(|line| line.split_once('=')));
        let ran = run(command).await;
        emulator.kill().unwrap();
        let said = emulator.wait_with_output().unwrap().stderr;
        let said = String::from_utf8(said).unwrap();
        assert_eq!(unsaid(&ran, code, &[]), None, "{said}");
        let refusals = said.matches("event \"store_visit\" is not registered").count();
        assert_eq!(refusals, usize::from(code > 0), "each reason once: {said}");
        assert!(
            said.contains(if code > 0 {
                "--taxonomy FILE adds yours"
            } else {
                "and those of own.yaml"
            }),
            "{said}"
        );
        assert!(!said.contains("kim-"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let desk = desk().await;
    let port = desk
        .emulator
        .base_url()
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches('/')
        .to_owned();
    let command = format!("emulator --port {port}");
    let said = format!("port {port} is taken by another program: choose another --port, or leave it out");
    say(&desk, &[(&command, 2, &[&said])]).await;
}
