//! Mistakes in a taxonomy.

use crate::{desk, say, say_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_taxonomy_is_named_with_its_place() {
    let desk = desk().await;
    say_of(
        &desk,
        "w.yaml",
        "check a.ndjson --taxonomy w.yaml",
        &[
            ("events:\n  - name: a\n   properties: []\n", 2, &["w.yaml: line 3, column 4: it begins in column 4, and the lines above in column 1 or 3 or 5"]),
            ("events:\n  - name: a\n - name: b\n", 2, &["line 3, column 2: it begins in column 2, and the lines above in column 1 or 3 or 5"]),
            ("events:\n\t- name: a\n", 2, &["line 2, column 2: it is indented with a tab: use blanks"]),
            ("event:\n  - name: a\n", 2, &["unknown key `event`; did you mean events?"]),
            ("events:\n  - nmae: a\n", 2, &["line 2, column 5: unknown key `nmae`; did you mean name?"]),
            ("events:\n  a: {}\n", 2, &["line 2, column 3: here must be a list: each of its entries begins with `- `"]),
            ("events: [coupon_used]\n", 2, &["line 1, column 10: here must be a key, a colon, a blank and the value"]),
            ("event_properties: [{name: a}]\n", 2, &["the key type is missing"]),
            (
                "event_properties: [{name: a, type: long}]\nevents: [{name: b, properties: [{name: a, required: yes}]}]\n",
                2,
                &["line 2, column 53: must be true, false or unsettled"],
            ),
            ("[{\"name\":\"a\"}]\n", 2, &["a taxonomy begins with a key", "is this the right file?"]),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_of_another_program_is_translated() {
    let desk = desk().await;
    let types = [
        ("number", "double, or long for whole numbers"),
        ("decimal", "double, or long for whole numbers"),
        ("float", "double"),
        ("int", "long"),
        ("Integer", "long"),
        ("text", "string"),
        ("varchar", "string"),
        ("bool", "boolean"),
        ("timestamp", "datetime"),
        ("array", "string-array, long-array or double-array"),
    ];
    for (foreign, ours) in types {
        desk.write(
            "w.yaml",
            format!("event_properties:\n  - {{name: a, type: {foreign}}}\n"),
        );
        let said = format!("w.yaml: line 2, column 21: there is no type `{foreign}`: write {ours}\n");
        say(&desk, &[("check a.ndjson --taxonomy w.yaml", 2, &[&said])]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_near_event_is_proposed() {
    let desk = desk().await;
    desk.write("a.ndjson", crate::EVENT.replace("df_login", "df_lgoin"));
    say(
        &desk,
        &[(
            "check a.ndjson --taxonomy t.yaml",
            1,
            &["event.event_name: the event is not registered; did you mean df_login?"],
        )],
    )
    .await;
}
