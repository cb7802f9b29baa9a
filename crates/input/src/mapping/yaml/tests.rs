//! What mappings say, and that the schema says the same.

mod examples;

use std::sync::LazyLock;

use proptest::prelude::*;

use self::examples::{PURCHASE, RIGHT, WRONG, WRONG_BEYOND_SCHEMA};
use super::{
    super::{properties::PropertySources, source::Source},
    *,
};

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(include_str!("../../../../../schemas/mapping.schema.json")).unwrap();
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
});

fn value(yaml: &str) -> serde_json::Value {
    let options = serde_saphyr::options! { strict_booleans: true, leading_zero_numbers_as_strings: true };
    serde_saphyr::from_str_with_options(yaml, options).unwrap()
}

fn schema_takes(yaml: &str) -> bool {
    SCHEMA.is_valid(&value(yaml))
}

#[test]
fn the_schema_and_the_reader_take_the_same_mappings() {
    for yaml in RIGHT {
        Mapping::from_yaml(yaml).unwrap_or_else(|error| panic!("{yaml}\n{error}"));
        let value = value(yaml);
        let problems: Vec<_> = SCHEMA.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{yaml}\n{problems:?}");
    }
}

#[test]
fn the_schema_and_the_reader_refuse_the_same_mappings() {
    for (yaml, part) in WRONG {
        let error = Mapping::from_yaml(yaml).expect_err(yaml).to_string();
        assert!(error.contains(part), "{yaml}\n{error}");
        assert!(!schema_takes(yaml), "{yaml}");
    }
}

#[test]
fn what_the_schema_cannot_see_the_reader_does() {
    for (yaml, part) in WRONG_BEYOND_SCHEMA {
        let error = Mapping::from_yaml(yaml).expect_err(yaml).to_string();
        assert!(error.contains(part), "{yaml}\n{error}");
    }
}

#[test]
fn a_constant_is_what_it_looks_like() {
    let mapping = Mapping::from_yaml(PURCHASE).unwrap();
    let constants: Vec<_> = mapping
        .definition
        .event_properties
        .iter()
        .flat_map(PropertySources::iter)
        .collect();
    for (name, json) in [
        ("pos_store", "\"강남점\""),
        ("pos_number", "7"),
        ("pos_code", "\"007\""),
        ("pos_open", "\"Y\""),
    ] {
        assert!(
            constants.contains(&(name, &Source::Constant(json.to_owned()))),
            "{name}"
        );
    }
}

#[test]
fn an_error_names_the_line() {
    for (cell, problem) in [
        ("type: text", "there is no type `text`: write string"),
        ("types: long", "unknown key `types`; did you mean type?"),
        ("colour: red", "unknown key `colour`, expected one of column,"),
        ("type: long, format: \"%Y\"", "format does not belong to the type long"),
    ] {
        let yaml = format!("identity:\n  external_id: id\nuser_properties:\n  a: {{column: a, {cell}}}\n");
        let error = Mapping::from_yaml(&yaml).unwrap_err().to_string();
        assert!(error.starts_with(&format!("the mapping, line 4: {problem}")), "{error}");
        assert!(!error.contains("column 1"), "{error}");
    }
}

#[test]
fn an_identifier_at_the_top_is_sent_below_identity() {
    let error = Mapping::from_yaml("identity:\nexternal_id: id\n")
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the mapping, line 2: external_id belongs to identity: write it below that, further right, or identity: {external_id: …}"
    );
}

#[test]
fn the_identifiers_are_those_of_the_api() {
    let all = dfinery::Identity::FIELDS.map(|name| (name, "x"));
    let json = serde_json::to_value(std::collections::BTreeMap::from(all)).unwrap();
    let identity: dfinery::Identity = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(identity).unwrap(), json);
    let dfinery::Identity {
        external_id: _,
        phone_no: _,
        email: _,
        kakao_user_id: _,
        line_user_id: _,
    } = dfinery::Identity::new();
}

#[test]
fn the_schema_describes_everything() {
    fn check(value: &serde_json::Value, path: &str) {
        for (name, property) in value
            .get("properties")
            .and_then(|all| all.as_object())
            .into_iter()
            .flatten()
        {
            let described = property.get("description").is_some() || property.get("$ref").is_some();
            let is_condition =
                property.is_boolean() || property.get("const").is_some() || property.get("not").is_some();
            assert!(described || is_condition, "{path}.{name}");
            check(property, &format!("{path}.{name}"));
        }
    }
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../../../schemas/mapping.schema.json")).unwrap();
    check(&schema, "");
    for part in ["cell", "record", "condition"] {
        check(&schema["$defs"][part], part);
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z:{}\\[\\],\\n \"'#&*!|>-]{0,60}") {
        let _ = Mapping::from_yaml(&text);
        let _ = Mapping::from_yaml(&format!("identity: {{external_id: id}}\nuser_properties:\n  a: {text}"));
    }
}
