//! What is proposed for objects in JSON.

use super::*;

const ORDERS: &str = r#"{"order":{"id":"A-1","total":12.5},"customer":{"id":"M-1","email":"a@example.com"},"paid_at":"2025-11-20T10:15:00+09:00","tags":["x","y"],"scores":[1,2.5],"lines":[{"sku":"P-1","quantity":2,"price":5},{"sku":"P-2","quantity":1,"price":2.5,"colour":"red"}]}
{"order":{"id":"A-2","total":3},"customer":{"id":"M-2","email":"b@example.com"},"paid_at":"2025-11-20T11:15:00+09:00","tags":[],"scores":null,"memo":"late","lines":[]}
"#;

fn propose_json(text: &str) -> Result<(Proposal, tempfile::TempDir), InputError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, text).unwrap();
    let options = InputOptions {
        format: Some(if text.starts_with('[') {
            Format::JsonArray
        } else {
            Format::Ndjson
        }),
        ..InputOptions::default()
    };
    let known = ProposalOptions {
        event: Some("df_purchase".to_owned()),
        ..ProposalOptions::default()
    };
    Ok((propose(&path, &options, &known, Accepts::Mixed)?, folder))
}

#[test]
fn objects_are_drafted_with_paths_lists_and_items() {
    let array = format!("[{}]", ORDERS.trim_end().replace('\n', ",\n"));
    for text in [ORDERS, &array] {
        let (proposal, _folder) = propose_json(text).unwrap();
        for line in [
            "\n  external_id: \"customer.id\"",
            "\n  email: \"customer.email\"",
            "\nevent_datetime: paid_at",
            "name_of_property: {column: tags, type: string-array}",
            "name_of_property: {column: scores, type: double-array}",
            "\n    df_item_id: sku",
            "\n    df_quantity: quantity",
            "\n    each: lines",
        ] {
            assert!(proposal.yaml.contains(line), "{line}\n{}", proposal.yaml);
        }
        assert_eq!(proposal.rows, 2);
        let options = InputOptions {
            mapping: Some(Mapping::from_yaml(&proposal.yaml).unwrap()),
            ..InputOptions::default()
        };
        let mut input = Input::from_reader(
            "a",
            Box::new(std::io::Cursor::new(text.to_owned())),
            &options,
            None,
            Accepts::Mixed,
        )
        .unwrap();
        let line = input.next().unwrap().unwrap();
        assert!(line.json.unwrap().contains(r#""df_item_id":"P-1""#));
    }
}

#[test]
fn records_and_what_is_no_object_are_not_drafted() {
    for (text, said) in [
        (
            r#"{"identity":{"external_id":"u"}}"#,
            "it holds records as they are loaded",
        ),
        ("[1, 2]", "it has no JSON objects"),
        ("{\"a\":", "it has no JSON objects"),
    ] {
        let error = propose_json(text).map(drop).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let (proposal, _folder) = propose_json(&format!("{ORDERS}{{\"a\":\n")).unwrap();
    assert!(
        proposal.yaml.contains("1 rows cannot be read, the first in line 3"),
        "{}",
        proposal.yaml
    );
}
