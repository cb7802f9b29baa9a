//! Files and folders of a load in the wrong place.

use crate::{EVENT, desk, say};

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_says_what_it_is_for() {
    let desk = desk().await;
    say(
        &desk,
        &[
            (
                "load events a.ndjson --state /proc/dfinery",
                2,
                &["journal, dead letter and receipt cannot be kept in the folder /proc/dfinery: ", "Choose another folder with --state DIR"],
            ),
            (
                "load events a.ndjson --state /proc",
                2,
                &["journal, dead letter and receipt cannot be kept in the folder /proc: ", "--state DIR"],
            ),
            (
                "load events a.ndjson --state a.csv",
                2,
                &["journal, dead letter and receipt need a folder, and a.csv is a file. Choose another folder with --state DIR"],
            ),
            ("load profiles a.ndjson --delta a.csv", 2, &["a.csv is not the memory of an earlier load"]),
            ("load events a.ndjson --delta d", 2, &["--delta is for identities and user properties"]),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_dead_letter_is_not_replayed() {
    let desk = desk().await;
    say(
        &desk,
        &[
            (
                "replay a.csv",
                2,
                &["a.csv: line 1 is no line of a dead-letter file. A load of a.csv leaves its dead letter, if there is one, in a.csv.dfinery/dead-letter.ndjson"],
            ),
            ("replay a.ndjson", 2, &["a.ndjson: line 1 is no line of a dead-letter file"]),
            ("rows a.csv", 2, &["a.csv: line 1 is no line of a dead-letter file. A load of a.csv"]),
            ("status a.csv", 2, &["a.csv: no load has kept anything about it"]),
        ],
    )
    .await;
    desk.write("w.ndjson", EVENT.replace("df_login", ""));
    say(
        &desk,
        &[
            ("load events w.ndjson", 1, &["invalid                1"]),
            (
                "replay w.ndjson",
                2,
                &["The dead letter of w.ndjson is w.ndjson.dfinery/dead-letter.ndjson"],
            ),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_bad_records_name_the_limit() {
    let desk = desk().await;
    desk.write("w.ndjson", EVENT.replace("event_name", "evnt_name").repeat(10));
    say(
        &desk,
        &[(
            "load events w.ndjson --max-bad 5",
            1,
            &[
                "6 records were rejected or invalid, more than the 5 that may be",
                "let more of them be bad with --max-bad",
            ],
        )],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_told_how_to_go_on() {
    let desk = desk().await;
    say(&desk, &[("load events a.ndjson", 0, &["accepted               1"])]).await;
    desk.write("a.ndjson", EVENT.repeat(2));
    say(
        &desk,
        &[(
            "load events a.ndjson",
            2,
            &[
                "a.ndjson has ",
                "load a file with only these",
                "--restart",
                "--state DIR",
            ],
        )],
    )
    .await;
}
