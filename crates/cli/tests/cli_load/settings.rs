use std::fs;

use serde_json::{Value, json};

use crate::{
    command::{Desk, bare, run},
    events,
};

fn setting<'a>(shown: &'a Value, name: &str) -> (&'a Value, &'a str) {
    let rows = shown["settings"].as_array().unwrap();
    let row = rows.iter().find(|row| row["setting"] == json!(name)).unwrap();
    (&row["value"], row["from"].as_str().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_option_comes_before_the_environment_and_that_before_the_file() {
    let desk = Desk::new().await;
    desk.write(
        "dfinery.toml",
        "service_id = \"from-file\"\nrate_share = 0.5\nconcurrency = 7\npatience = \"3m\"\nmapping = \"m.yaml\"\n",
    );
    let mut command = desk.command(&["config", "show", "--output", "json", "--rate-share", "0.25"]);
    command
        .env("DFINERY_RATE_SHARE", "0.75")
        .env("DFINERY_CONCURRENCY", "9");
    let ran = run(command).await;
    let shown: Value = serde_json::from_str(&ran.is(0).out).unwrap();
    assert_eq!(setting(&shown, "rate_share"), (&json!("0.25"), "option --rate-share"));
    assert_eq!(
        setting(&shown, "concurrency"),
        (&json!("9"), "environment variable DFINERY_CONCURRENCY")
    );
    assert_eq!(setting(&shown, "patience"), (&json!("3m"), "dfinery.toml, line 4"));
    assert_eq!(setting(&shown, "timeout"), (&json!("60s"), "default"));
    assert_eq!(
        setting(&shown, "import_token"),
        (&json!("set"), "environment variable DFINERY_IMPORT_TOKEN")
    );
    let mut command = bare(&["config", "show"]);
    command.current_dir("/");
    run(command).await.is(0).says("import_token      not set");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_the_settings_is_named_where_it_stands() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(1, 1));
    let load = ["load", "events", "sales.ndjson"];
    for (text, words) in [
        (
            "patience = \"1m\"\nratte = 5\n",
            "dfinery.toml, line 2: there is no setting `ratte`",
        ),
        (
            "\nrate_share = 2\n",
            "dfinery.toml, line 2: rate_share must be a number over 0",
        ),
        ("rate = [\n", "dfinery.toml, line 1: this is not TOML"),
        ("token = \"no-such-token\"\n", "does not belong here"),
    ] {
        desk.write("dfinery.toml", text);
        desk.run(&load).await.is(2).says(words);
    }
    std::fs::remove_file(desk.path("dfinery.toml")).unwrap();
    desk.run(&[&load[..], &["--patience", "5"]].concat())
        .await
        .is(2)
        .says("such as 90s");
    desk.run(&[&load[..], &["--config", "none.toml"]].concat())
        .await
        .is(2)
        .says("none.toml");
    let mixed = ["load", "mixed", "sales.ndjson", "--rate", "5"];
    desk.run(&mixed).await.is(2).says("--rate-share");
    desk.run(&[&load[..], &["--ordered"]].concat())
        .await
        .is(2)
        .says("several kinds");
    desk.run(&[&load[..], &["--delta", "d"]].concat())
        .await
        .is(2)
        .says("is for identities and user properties");
    let mut command = bare(&load);
    command.current_dir(&desk.folder).env("DFINERY_SERVICE_ID", "s");
    run(command).await.is(2).says("DFINERY_IMPORT_TOKEN");
    assert_eq!(desk.emulator.ledger().all_requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_may_be_in_a_file() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(1, 1));
    desk.write("token", format!("{}\n", desk.emulator.import_token()));
    desk.write("dfinery.toml", "token_file = \"token\"\n");
    let mut command = desk.command(&["load", "events", "sales.ndjson"]);
    command.env_remove("DFINERY_IMPORT_TOKEN");
    run(command).await.is(0);
    let mut command = desk.command(&["config", "show"]);
    command.env("DFINERY_IMPORT_TOKEN", "no-such-token");
    run(command)
        .await
        .is(0)
        .says("environment variable DFINERY_IMPORT_TOKEN");
    // An option comes before the variable.
    let mut command = desk.command(&["load", "events", "sales.ndjson", "--restart", "--token-file", "token"]);
    command.env("DFINERY_IMPORT_TOKEN", "no-such-token");
    run(command).await.is(0);
    let mut command = desk.command(&["load", "events", "sales.ndjson", "--restart", "--token-file", "none"]);
    command.env_remove("DFINERY_IMPORT_TOKEN");
    run(command).await.is(2).says("cannot read the token from none");
}

#[tokio::test(flavor = "multi_thread")]
async fn help_completions_and_manual_are_there() {
    for arguments in [
        &["--help"][..],
        &["load", "--help"],
        &["delete", "--help"],
        &["replay", "--help"],
        &["check", "--help"],
    ] {
        let ran = run(bare(arguments)).await;
        ran.is(0).says("Exit codes:").says("75  ");
        assert!(!ran.out.contains("--token "), "a token is no argument");
    }
    for shell in ["bash", "zsh", "fish", "powershell"] {
        run(bare(&["completions", shell])).await.is(0).says("rate-share");
    }
    run(bare(&["man"])).await.is(0).says(".TH dfinery");
    run(bare(&["man", "load"])).await.is(0).says("rate\\-share");
    run(bare(&["man", "nothing"])).await.is(2).says("no command `nothing`");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_ca_certificates_is_named_as_such() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(1, 1));
    fs::create_dir(desk.path("none")).unwrap();
    desk.write("empty.pem", "");
    for (file, folder) in [
        ("/nonexistent", "none"),
        ("empty.pem", "none"),
        ("/nonexistent", "/nonexistent"),
    ] {
        let mut command = desk.command(&["load", "events", "sales.ndjson", "--base-url", "https://127.0.0.1:1"]);
        command.env("SSL_CERT_FILE", file).env("SSL_CERT_DIR", folder);
        let ran = run(command).await;
        ran.is(2)
            .says("no CA certificates")
            .says("install the package ca-certificates, or set SSL_CERT_FILE");
        assert!(!ran.err.contains("builder error"), "{}", ran.err);
    }
    assert!(!desk.path("sales.ndjson.dfinery").exists());
}
