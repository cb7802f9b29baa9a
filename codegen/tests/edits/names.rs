//! The names of fields and of values of enums.

use serde_json::json;

use crate::{
    CONDITION, EVENT, Edited, LOAD,
    Then::{Makes, Refused},
    check, merge,
};

#[test]
fn names_of_fields() {
    check(&[
        (
            "a keyword",
            |spec| spec.field("type", json!({})),
            Refused(
                "Event.properties.type: `type` is a keyword of Rust or no identifier: add x-rust-name, such as `x-rust-name: type_value`",
            ),
        ),
        (
            "a keyword with a name",
            |spec| spec.field("type", json!({ "x-rust-name": "kind" })),
            Makes("import.rs", "#[serde(rename = \"type\")] pub kind: Option<String>,"),
        ),
        (
            "camelCase",
            |spec| spec.field("eventType", json!({})),
            Refused("`eventType` is not snake_case: add x-rust-name, such as `x-rust-name: event_type`"),
        ),
        (
            "camelCase with a name",
            |spec| spec.field("eventType", json!({ "x-rust-name": "event_type" })),
            Makes(
                "import.rs",
                "#[serde(rename = \"eventType\")] pub event_type: Option<String>,",
            ),
        ),
        (
            "no identifier",
            |spec| spec.field("$source-1", json!({})),
            Refused("`$source-1` is not snake_case: add x-rust-name, such as `x-rust-name: source_1`"),
        ),
        (
            "no identifier with a name",
            |spec| spec.field("$source-1", json!({ "x-rust-name": "source" })),
            Makes("fields.rs", "\"$source-1\""),
        ),
        (
            "Korean",
            |spec| spec.field("종류", json!({})),
            Refused("`종류` is not snake_case: add x-rust-name, such as `x-rust-name: its_name`"),
        ),
        (
            "a name that is a keyword",
            |spec| spec.field("type", json!({ "x-rust-name": "self" })),
            Refused("type.x-rust-name: `self` is a keyword of Rust or no identifier"),
        ),
        (
            "a name that is no snake_case",
            |spec| spec.field("type", json!({ "x-rust-name": "Kind" })),
            Refused("type.x-rust-name: `Kind` is not snake_case"),
        ),
        (
            "a name twice",
            |spec| spec.field("type", json!({ "x-rust-name": "event_name" })),
            Refused(
                "type: has the name `event_name` in Rust, as `event_name` has: give one of them another x-rust-name",
            ),
        ),
        (
            "a reference with a keyword",
            |spec| {
                let reference = json!({ "$ref": "#/components/schemas/Properties" });
                spec.at("import", &format!("{EVENT}/properties"))["type"] = reference;
            },
            Refused("add x-rust-name, such as `x-rust-name: type_value`, beside `allOf` with the reference"),
        ),
        (
            "a reference with a name",
            |spec| {
                spec.field("type", json!({ "type": null, "x-rust-name": "kind" }));
                let reference = json!([{ "$ref": "#/components/schemas/Properties" }]);
                spec.at("import", &format!("{EVENT}/properties/type"))["allOf"] = reference;
            },
            Makes(
                "import.rs",
                "#[serde(rename = \"type\")] pub kind: Option<crate::Properties>,",
            ),
        ),
        (
            "a renamed list with limits",
            |spec| {
                let events = spec.at("import", &format!("{LOAD}/properties/events")).clone();
                spec.set("import", LOAD, json!({ "required": ["common", "eventList"], "x-max-total-items": { "array": "eventList" }, "properties": { "events": null } }));
                spec.at("import", &format!("{LOAD}/properties"))["eventList"] = events;
                let examples = "/paths/~1api~1v1~1events/post/requestBody/content/application~1json/examples";
                for (_, example) in spec.at("import", examples).as_object_mut().unwrap() {
                    let events = example["value"]["events"].take();
                    merge(&mut example["value"], json!({ "events": null, "eventList": events }));
                }
                spec.set(
                    "import",
                    &format!("{LOAD}/properties/eventList"),
                    json!({ "x-rust-name": "events" }),
                );
            },
            Makes(
                "requests.rs",
                "out.push(&at.field(\"eventList\"), \"must not be empty\");",
            ),
        ),
        (
            "a renamed identifier",
            |spec| {
                spec.copy(
                    "import",
                    "/components/schemas/Identity/properties/email",
                    "/components/schemas/Identity/properties/deviceId",
                    json!({ "x-rust-name": "device_id" }),
                );
            },
            Makes(
                "fields.rs",
                "[self.external_id.as_deref(), self.phone_no.as_deref(), self.email.as_deref(), self.kakao_user_id.as_deref(), self.line_user_id.as_deref(), self.device_id.as_deref()]",
            ),
        ),
    ]);
}

#[test]
fn values_of_enums() {
    check(&[
        (
            "a value",
            |spec| value(spec, "only", None),
            Makes("export.rs", "#[serde(rename = \"only\")] Only,"),
        ),
        (
            "a value that gives no name",
            |spec| value(spec, "1", None),
            Refused(
                "ConditionType.enum[3]: `1` gives no name of a variant: add it to x-enum-rust-names, such as `x-enum-rust-names: {\"1\": First}`",
            ),
        ),
        (
            "with a name",
            |spec| value(spec, "1", Some("First")),
            Makes("export.rs", "#[serde(rename = \"1\")] First,"),
        ),
        (
            "with a name, written",
            |spec| value(spec, "1", Some("First")),
            Makes("export.rs", "Self::First => f.write_str(\"1\"),"),
        ),
        (
            "with a name, read",
            |spec| value(spec, "1", Some("First")),
            Makes("export.rs", "\"1\" => Ok(Self::First),"),
        ),
        (
            "two that give one name",
            |spec| value(spec, "ALL", None),
            Refused("`ALL` is the variant `All`, as `all` is elsewhere"),
        ),
        (
            "two that give one name, with a name",
            |spec| value(spec, "ALL", Some("Everything")),
            Makes("export.rs", "#[serde(rename = \"ALL\")] Everything,"),
        ),
        (
            "a name that is no variant",
            |spec| value(spec, "1", Some("first")),
            Refused("x-enum-rust-names.1: `first` is not written as a type of Rust"),
        ),
        (
            "a name of no value",
            |spec| spec.set("export", CONDITION, json!({ "x-enum-rust-names": { "no": "No" } })),
            Refused("x-enum-rust-names.no: is no value of the enum"),
        ),
        (
            "numbers",
            |spec| spec.set("export", CONDITION, json!({ "enum": [1, 2] })),
            Refused("ConditionType.enum[0]: must be a text, is 1"),
        ),
        (
            "an enum in a field",
            |spec| spec.field("state", json!({ "enum": ["on", "off"] })),
            Refused(
                "state.enum: is not allowed in a property: put it into components/schemas, so that the type has a name",
            ),
        ),
    ]);
}

fn value(spec: &mut Edited, value: &str, name: Option<&str>) {
    spec.at("export", &format!("{CONDITION}/enum"))
        .as_array_mut()
        .unwrap()
        .push(json!(value));
    let descriptions = spec.at("export", &format!("{CONDITION}/x-enum-descriptions"));
    let description = descriptions["all"].clone();
    descriptions[value] = description;
    if let Some(name) = name {
        spec.set("export", CONDITION, json!({ "x-enum-rust-names": { value: name } }));
    }
}
