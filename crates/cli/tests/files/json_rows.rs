//! JSON of another program: drafted, loaded through a mapping, and corrected as JSON.

use std::fs;

use crate::command::Desk;

const MAPPING: &str = "
group_by: order
sort_by_group: true
records:
  - identity: {external_id: user.id}
    event: df_login
    event_datetime: at
  - identity: {external_id: user.id, phone_no: {column: user.phone, type: phone}}
    event: df_logout
    event_datetime: at
";

fn row(order: u32, user: &str, phone: &str) -> String {
    format!(r#"{{"order":{order},"user":{{"id":"{user}","phone":"{phone}"}},"at":"2026-11-01T10:00:00+09:00"}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_stay_json_and_are_loaded_once_they_are_corrected() {
    let desk = Desk::new().await;
    desk.write("m.yaml", MAPPING);
    let rows = [
        row(1, "secret-1", "010-12"),
        row(2, "secret-2", "010-1234-5678"),
        row(1, "secret-1", "010-12"),
    ];
    desk.write("a.ndjson", rows.join("\n"));
    desk.write("a.json", format!("[{}]", rows.join(",\n  ")));
    let bad = format!("{}\n{}\n", rows[0], rows[2]);
    for name in ["a.ndjson", "a.json"] {
        let ran = desk
            .run(&["check", name, "--mapping", "m.yaml", "-o", "bad.ndjson"])
            .await;
        ran.is(1).tells_none_of(&["secret", "010-12"]);
        assert_eq!(fs::read_to_string(desk.path("bad.ndjson")).unwrap(), bad, "{name}");
        let ran = desk.run(&["load", "events", name, "--mapping", "m.yaml"]).await;
        ran.is(1).tells_none_of(&["secret", "010-12"]);
        let letters = format!("{name}.dfinery/dead-letter.ndjson");
        assert_eq!(desk.run(&["rows", &letters]).await.out, bad, "{name}");
        // Without the mapping they are no records.
        let ran = desk.run(&["replay", &letters]).await;
        ran.is(1);
        let corrected = format!("{name}.corrected.ndjson");
        desk.write(&corrected, bad.replace("010-12", "010-1234-5678"));
        desk.run(&["load", "events", &corrected, "--mapping", "m.yaml"])
            .await
            .is(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_of_another_program_needs_a_mapping_which_is_drafted() {
    let desk = Desk::new().await;
    desk.write("a.ndjson", format!("{}\n", row(1, "secret-1", "010-1234-5678")));
    let ran = desk.run(&["load", "events", "a.ndjson"]).await;
    ran.is(2)
        .says("its records have another shape")
        .says("give a mapping with --mapping: `dfinery mapping init a.ndjson` drafts one");
    let ran = desk.run(&["mapping", "init", "a.ndjson", "--event", "df_login"]).await;
    assert!(ran.out.contains("external_id: \"user.id\""), "{}", ran.out);
    // A mapping for another file.
    desk.write("m.yaml", "identity: {external_id: member_no}");
    let ran = desk
        .run(&["load", "identities", "a.ndjson", "--mapping", "m.yaml"])
        .await;
    ran.is(2)
        .says("none of the columns of the mapping is in its first records");
    assert!(!desk.path("a.ndjson.dfinery").exists());
}
