//! Wrong commands, options and settings.

use crate::{desk, say, say_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_says_what_was_meant() {
    let desk = desk().await;
    say(
        &desk,
        &[
            ("import events a.ndjson", 2, &["a similar subcommand exists: 'load'"]),
            ("upload events a.ndjson", 2, &["a similar subcommand exists: 'load'"]),
            (
                "config set rate_share 0.5",
                2,
                &["a setting is a line in dfinery.toml, such as rate_share = 0.5"],
            ),
            ("load event a.ndjson", 2, &["a similar value exists: 'events'"]),
            (
                "load a.csv",
                2,
                &["say what a.csv holds before its name, such as: events a.csv"],
            ),
            (
                "load events a.ndjson --token x",
                2,
                &["set DFINERY_IMPORT_TOKEN", "--token-file FILE"],
            ),
            (
                "load events a.ndjson --silent",
                2,
                &["a similar argument exists: '--quiet'"],
            ),
            (
                "check a.ndjson --encoding ecu-kr",
                2,
                &["a similar value exists: 'euc-kr'"],
            ),
            (
                "check a.ndjson --deny placeholder_id",
                2,
                &["there is no such warning; did you mean placeholder-id?"],
            ),
            (
                "check a.ndjson --deny none",
                2,
                &["the names of warnings are placeholder-id, "],
            ),
            (
                "load events a.ndjson --rate-share 50",
                2,
                &["--rate-share: must be a number over 0 and up to 1, such as 0.5"],
            ),
            (
                "load events a.ndjson --max-bad 5percent",
                2,
                &["--max-bad: must be a number such as 100, or a percentage"],
            ),
            (
                "load events a.ndjson --patience 10",
                2,
                &["--patience: must be a time with its unit, such as 90s"],
            ),
            (
                "explain 99999",
                2,
                &["Neither API documents the code 99999", "`dfinery codes`"],
            ),
            ("explain INVALID_TOKN", 2, &["Did you mean INVALID_TOKEN?"]),
            ("explain 40201,", 0, &["INVALID_TOKEN"]),
            (
                "mapping init a.csv --timezone KST",
                2,
                &["--timezone: time zone KST: no such time zone; did you mean Asia/Seoul?"],
            ),
            (
                "emulator --taxonomy none.yaml",
                2,
                &["none.yaml: there is no such file"],
            ),
            ("emulator --port 99999", 2, &["99999 is not in 0..=65535"]),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_day_or_name_of_an_export_is_told() {
    let desk = desk().await;
    say(
        &desk,
        &[
            (
                "export events -o o.csv --day 2026-13-01",
                2,
                &["must be a date such as 2026-11-20, `today`, `yesterday`"],
            ),
            (
                "export events -o o.csv --from 2026/11/01 --until yesterday",
                2,
                &["must be a date such as 2026-11-20"],
            ),
            ("export events -o o.csv --day yesteday", 2, &["`yesterday`"]),
        ],
    )
    .await;
    for (arguments, says) in [
        (
            "-o o.csv --from 2026-11-05 --until 2026-11-01",
            "the first day 2026-11-05 is after the last day 2026-11-01",
        ),
        (
            "-o o.csv --day 9000-01-01",
            "9000-01-01 is in the future: there is nothing of it yet",
        ),
        (
            "-o o.xlsx --day yesterday",
            "no workbook is written: end the name in .csv",
        ),
        ("-o o.csv --day yesterday --time-zone KST", "did you mean Asia/Seoul?"),
        (
            "-o o.csv --day yesterday --timezone Asia/Seoul",
            "a similar argument exists: '--time-zone'",
        ),
    ] {
        let arguments: Vec<_> = ["export", "events"].into_iter().chain(arguments.split(' ')).collect();
        let mut command = desk.command(&arguments);
        command.env("DFINERY_EXPORT_TOKEN", desk.emulator.export_token());
        let ran = crate::command::run(command).await;
        assert_eq!(crate::unsaid(&ran, 2, &[says]), None, "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_settings_file_is_named_with_its_line() {
    let desk = desk().await;
    say_of(
        &desk,
        "s.toml",
        "check a.ndjson --config s.toml",
        &[
            (
                "rate_shar = 0.5\n",
                2,
                &["s.toml, line 1: there is no setting `rate_shar`: did you mean `rate_share`?"],
            ),
            (
                "rate_share = \"x\"\n",
                2,
                &["s.toml, line 1: rate_share must be a number"],
            ),
            (
                "\ntaxonomy = t.yaml\n",
                2,
                &[
                    "s.toml, line 2: this is not TOML: ",
                    "write name = value, a text in quotes",
                ],
            ),
            (
                "rate_share: 0.5\n",
                2,
                &["s.toml, line 1: this is not TOML: ", "write name = value"],
            ),
            (
                "[load]\nrate_share = 0.5\n",
                2,
                &["there is no setting `load`: see `dfinery config show`. Settings stand in no [section]"],
            ),
            (
                "token = \"kim-\"\n",
                2,
                &["line 1: a token does not belong here: write it to a file of its own"],
            ),
        ],
    )
    .await;
}
