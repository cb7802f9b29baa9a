//! The file and its schema for editors.

use std::collections::BTreeSet;

use jsonschema::{Draft, Validator};
use serde_json::Value;

use super::*;

const SCHEMA: &str = include_str!("../../../../schemas/taxonomy.schema.json");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn validator() -> Validator {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .build(&schema())
        .unwrap()
}

/// A file as an editor sees it: only true and false are booleans.
fn value(yaml: &str) -> Value {
    serde_saphyr::from_str_with_options(yaml, serde_saphyr::options! { strict_booleans: true }).unwrap()
}

fn problem(yaml: &str) -> String {
    Taxonomy::from_yaml(yaml).unwrap_err().to_string()
}

#[test]
fn the_template_says_what_is_standard() {
    let template = Taxonomy::template();
    assert!(Taxonomy::from_yaml(&template).unwrap() == Taxonomy::standard());
    assert!(validator().is_valid(&value(&template)));
    for property in tables::EVENT_PROPERTIES.iter().chain(tables::USER_PROPERTIES) {
        assert!(template.contains(property.label.ko), "{}", property.name);
    }
}

#[test]
fn a_custom_entry_adds_to_the_standard_or_takes_its_place() {
    let taxonomy = Taxonomy::from_yaml(
        "
events:
  - name: df_sign_up
  - name: store_visit
    properties: [{name: store_code, required: true}, {name: df_keyword, required: false}, {name: df_discount, required: unsettled}]
event_properties: [{name: store_code, type: long}, {name: df_keyword, type: string-array}]
item_properties: [{name: df_price, type: double, required: false}]
user_properties: [{name: grade, type: string, values: [A, B], nullable: false}]
",
    )
    .unwrap();
    let needs = |name| &taxonomy.events().get(name).unwrap().1.needs;
    let place = |name| taxonomy.section(Section::Event).get(name).unwrap().0;
    assert!(needs("df_sign_up").is_empty());
    assert_eq!(
        *needs("store_visit"),
        [
            (place("store_code"), Required::Yes),
            (place("df_discount"), Required::Unsettled)
        ]
    );
    assert_eq!(
        taxonomy.property_type(Section::Event, "df_keyword"),
        Some(PropertyType::StringArray)
    );
    assert_eq!(taxonomy.property_type(Section::User, "store_code"), None);
    let standard = Taxonomy::standard();
    assert_eq!(taxonomy.required_items().len(), standard.required_items().len() - 1);
    let grade = taxonomy.section(Section::User).get("grade").unwrap().1;
    assert!(!grade.nullable && grade.values.len() == 2);
}

#[test]
fn consent_is_registered_in_every_service() {
    let taxonomy = Taxonomy::from_yaml("standard: false").unwrap();
    for property in tables::CONSENT_PROPERTIES {
        assert_eq!(
            taxonomy.property_type(Section::User, property.name),
            Some(PropertyType::Boolean)
        );
    }
    assert_eq!(taxonomy.property_type(Section::User, "df_name"), None);
    assert!(taxonomy.events().get("df_login").is_none());
    assert!(Taxonomy::from_yaml("").unwrap() == Taxonomy::standard());
}

/// Files that the struct and the schema refuse, and the words by which the struct does.
const REFUSED_BY_BOTH: &[(&str, &str)] = &[
    ("standard: yes", "line 1, column 11"),
    (
        "event: []",
        "line 1, column 1: unknown key `event`; did you mean events?",
    ),
    (
        "standard: true\nevents:\n  - name: a\n    label: b",
        "line 4, column 5: unknown key `label`",
    ),
    ("events: [{properties: []}]", "the key name is missing"),
    ("events: [{name: ''}]", "line 1, column 17: a name must not be empty"),
    (
        "events: [{name: df_login, properties: [{name: df_keyword}]}]",
        "the key required is missing",
    ),
    (
        "events: [{name: df_login, properties: [{name: df_keyword, required: perhaps}]}]",
        "line 1, column 69: must be true, false or unsettled",
    ),
    ("event_properties: [{name: a}]", "the key type is missing"),
    (
        "event_properties: [{name: a, type: text}]",
        "there is no type `text`: write string",
    ),
    (
        "event_properties: [{name: a, type: long, required: true}]",
        "unknown key",
    ),
    (
        "event_properties: [{name: a, type: long, values: ['1']}]",
        "line 1, column 27: only a property of the type string",
    ),
    (
        "item_properties: [{name: a, type: items}]",
        "line 1, column 26: only a property of events",
    ),
    (
        "user_properties: [{name: a, type: items}]",
        "line 1, column 26: only a property of events",
    ),
    (
        "user_properties: [{name: a, type: string, nullable: no}]",
        "line 1, column 53",
    ),
    ("user_properties: {name: a, type: string}", "line 1, column 18"),
];

/// Files that only the struct refuses: a schema cannot compare entries.
const REFUSED_BY_THE_STRUCT: &[(&str, &str)] = &[
    (
        "events:\n  - name: a\n  - name: a",
        "line 3, column 11: a is given twice in this list",
    ),
    (
        "events: [{name: a, properties: [{name: df_keywrod, required: true}]}]",
        "line 1, column 40: df_keywrod is not in event_properties; did you mean df_keyword?",
    ),
    (
        "user_properties: [{name: df_push_ads_optin, type: string}]",
        "line 1, column 26: is the consent of a user",
    ),
    (
        "standard: true\nstandard: false",
        "line 2, column 1: the key standard is given twice",
    ),
];

#[test]
fn the_schema_and_the_struct_refuse_the_same_files() {
    let schema = validator();
    for (yaml, words) in REFUSED_BY_BOTH {
        let said = problem(yaml);
        assert!(said.contains(words), "{yaml}: {said}");
        assert!(!schema.is_valid(&value(yaml)), "{yaml}");
    }
    for (yaml, words) in REFUSED_BY_THE_STRUCT {
        let said = problem(yaml);
        assert!(said.contains(words), "{yaml}: {said}");
    }
}

#[test]
fn the_schema_and_the_struct_take_the_same_files() {
    let schema = validator();
    for yaml in [
        "{}",
        "standard: false",
        "events: [{name: a, properties: [{name: df_keyword, required: unsettled}]}]",
        "event_properties: [{name: a, type: string, values: []}, {name: b, type: items}]",
        "item_properties: [{name: a, type: long, required: true, nullable: false}]",
        "user_properties: [{name: a, type: string, values: [x, y]}]",
    ] {
        Taxonomy::from_yaml(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
        assert!(schema.is_valid(&value(yaml)), "{yaml}");
    }
}

#[test]
fn the_schema_has_the_types_of_the_tables() {
    let schema = schema();
    let listed = schema.pointer("/$defs/type/oneOf").unwrap().as_array().unwrap();
    let listed: BTreeSet<&str> = listed.iter().map(|entry| entry["const"].as_str().unwrap()).collect();
    // The struct's enum is bound to `PropertyType` by the compiler, so what it reads is every type.
    let error = problem("event_properties: [{name: a, type: none}]");
    let (_, read) = error.split_once("expected one of ").unwrap();
    let read: BTreeSet<&str> = read.split(", ").collect();
    assert_eq!(listed, read, "{error}");
    for name in listed {
        let yaml = format!("event_properties: [{{name: a, type: {name}}}]");
        let taxonomy = Taxonomy::from_yaml(&yaml).unwrap();
        assert_eq!(taxonomy.property_type(Section::Event, "a").unwrap().to_string(), name);
    }
}

#[test]
fn every_part_of_the_schema_has_a_description() {
    fn walk(path: &str, node: &Value, undescribed: &mut Vec<String>) {
        for key in ["properties", "$defs"] {
            for (name, child) in node[key].as_object().into_iter().flatten() {
                if child["description"].is_null() && child["$ref"].is_null() {
                    undescribed.push(format!("{path}/{name}"));
                }
                walk(&format!("{path}/{name}"), child, undescribed);
            }
        }
    }
    let mut undescribed = Vec::new();
    walk("", &schema(), &mut undescribed);
    assert_eq!(undescribed, [""; 0]);
}
