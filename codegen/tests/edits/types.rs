//! The types of fields, whether they must be there, and what may be null.

use serde_json::json;

use crate::{
    EVENT, NAME, RANGE,
    Then::{Makes, Refused},
    check,
};

#[test]
fn types() {
    check(&[
        (
            "a map",
            |spec| {
                spec.field(
                    "labels",
                    json!({ "type": "object", "additionalProperties": { "type": "string" } }),
                )
            },
            Makes("import.rs", "pub labels: ::std::collections::BTreeMap<String, String>,"),
        ),
        (
            "a map of structs",
            |spec| {
                spec.field(
                    "users",
                    json!({ "type": "object", "additionalProperties": { "$ref": "#/components/schemas/Identity" } }),
                )
            },
            Makes(
                "requests.rs",
                "for (name, item) in &self.users { item.check(&at.field(\"users\").field(name), out); }",
            ),
        ),
        (
            "a map of anything",
            |spec| spec.field("labels", json!({ "type": "object", "additionalProperties": true })),
            Refused(
                "labels.additionalProperties: must say what the values are, such as `{type: string}`; for values of any type, refer to a component with an x-rust-type-path",
            ),
        ),
        (
            "an object of anything",
            |spec| spec.field("labels", json!({ "type": "object" })),
            Refused(
                "no field stands for a nameless object: put it into components/schemas, or say with additionalProperties what its values are",
            ),
        ),
        (
            "a nameless object",
            |spec| spec.field("place", json!({ "type": "object", "properties": {} })),
            Refused(
                "place.properties: is not allowed in a property: put it into components/schemas, so that the type has a name",
            ),
        ),
        (
            "a map beside fields",
            |spec| spec.set("import", EVENT, json!({ "additionalProperties": { "type": "string" } })),
            Refused("Event.additionalProperties: stands beside properties: put the map into a property, or write true"),
        ),
        (
            "a list of lists",
            |spec| {
                spec.field(
                    "grid",
                    json!({ "type": "array", "items": { "type": "array", "items": { "type": "integer" } } }),
                )
            },
            Makes("import.rs", "pub grid: Vec<Vec<i64>>,"),
        ),
        (
            "a list without elements",
            |spec| spec.field("grid", json!({ "type": "array" })),
            Refused("no field stands for a list without items"),
        ),
        (
            "byte",
            |spec| spec.field("picture", json!({ "format": "byte" })),
            Makes("import.rs", "pub picture: Option<String>,"),
        ),
        (
            "email",
            |spec| {
                spec.set(
                    "import",
                    "/components/schemas/Identity/properties/email",
                    json!({ "format": "email" , "maxLength": 254 }),
                )
            },
            Makes("requests.rs", "email.chars().count() > 254"),
        ),
        (
            "binary",
            |spec| spec.field("picture", json!({ "format": "binary" })),
            Refused("picture.format: `binary` must be one of: uuid, date,"),
        ),
        (
            "float",
            |spec| spec.field("rank", json!({ "type": "number", "format": "float" })),
            Refused("rank.format: `float` must be one of: uuid, date,"),
        ),
        (
            "a format of another type",
            |spec| spec.field("rank", json!({ "type": "integer", "format": "uuid" })),
            Refused("rank: no field stands for integer uuid"),
        ),
        (
            "a time",
            |spec| spec.field("seen", json!({ "format": "date-time" })),
            Refused(
                "no field stands for string date-time: refer to a component with x-rust-type-path: crate::Timestamp",
            ),
        ),
        (
            "null, which may be left out",
            |spec| spec.field("store", json!({ "nullable": true })),
            Makes(
                "import.rs",
                "#[serde(default, deserialize_with = \"null_or_value\")] pub store: Option<Option<String>>,",
            ),
        ),
        (
            "null, required",
            |spec| spec.set("import", NAME, json!({ "nullable": true })),
            Makes(
                "import.rs",
                "#[serde(deserialize_with = \"Option::deserialize\")] pub event_name: Option<String>,",
            ),
        ),
        (
            "a list that may be null",
            |spec| {
                spec.set(
                    "import",
                    &format!("{EVENT}/properties/event_items"),
                    json!({ "nullable": true }),
                )
            },
            Refused(
                "event_items.nullable: is for properties that are neither lists nor maps: an empty one says the same",
            ),
        ),
        (
            "a deprecated field",
            |spec| spec.field("store", json!({ "deprecated": true })),
            Makes(
                "import.rs",
                "#[deprecated = \"the documentation of the API calls it deprecated\"] pub store: Option<String>,",
            ),
        ),
        (
            "a deprecated field, in code that names it",
            |spec| spec.field("store", json!({ "deprecated": true })),
            Makes("requests.rs", "#![allow(deprecated,"),
        ),
        (
            "a required field",
            |spec| {
                spec.set(
                    "import",
                    "/components/schemas/ImportResponse",
                    json!({ "required": ["status", "code", "message"] }),
                )
            },
            Makes("import.rs", "pub message: String,"),
        ),
        (
            "an optional field",
            |spec| spec.set("import", EVENT, json!({ "required": ["event_name", "event_datetime"] })),
            Makes("import.rs", "pub event_log_id: Option<::uuid::Uuid>,"),
        ),
        (
            "an optional end of a range",
            |spec| {
                spec.set(
                    "export",
                    RANGE,
                    json!({ "required": ["events_condition_type", "from_date"] }),
                )
            },
            Refused("to_date.x-not-before: is for a required date, and names another one"),
        ),
        (
            "anyOf",
            |spec| spec.set("import", EVENT, json!({ "anyOf": [] })),
            Refused(
                "anyOf: is not allowed in a schema: progenitor makes a type of it that can be neither written nor read",
            ),
        ),
        (
            "a discriminator",
            |spec| spec.set("import", EVENT, json!({ "discriminator": {} })),
            Refused("discriminator: is not allowed in a schema: put the choice under an x-rust-type-path"),
        ),
    ]);
}
