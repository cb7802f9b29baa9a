//! The limits of values, lists and maps.

use serde_json::json;

use crate::{
    EVENT, LOAD, NAME, RANGE,
    Then::{Makes, Refused},
    check,
};

#[test]
fn limits() {
    check(&[
        (
            "maxLength",
            |spec| spec.set("import", NAME, json!({ "maxLength": 64 })),
            Makes(
                "requests.rs",
                "if self.event_name.chars().count() > 64 { out.push(&at.field(\"event_name\"), \"must not be longer than 64 characters\"); }",
            ),
        ),
        (
            "maxLength, documented",
            |spec| spec.set("import", NAME, json!({ "maxLength": 64 })),
            Makes("import.rs", "Must not be empty. At most 64 characters."),
        ),
        (
            "a longer minLength",
            |spec| spec.set("import", NAME, json!({ "minLength": 3 })),
            Makes("requests.rs", "if self.event_name.chars().count() < 3"),
        ),
        (
            "a minLength above maxLength",
            |spec| spec.set("import", NAME, json!({ "minLength": 9, "maxLength": 3 })),
            Refused("event_name.minLength: is above maxLength"),
        ),
        (
            "maxLength of a number",
            |spec| spec.field("rank", json!({ "type": "integer", "maxLength": 3 })),
            Refused("rank.maxLength: is for texts"),
        ),
        (
            "minimum",
            |spec| spec.field("rank", json!({ "type": "integer", "minimum": 1 })),
            Makes("requests.rs", "if let Some(rank) = &self.rank && *rank < 1"),
        ),
        (
            "maximum",
            |spec| spec.field("rank", json!({ "type": "number", "maximum": 1 })),
            Makes("requests.rs", "if let Some(rank) = &self.rank && *rank > 1.0"),
        ),
        (
            "minimum of a text",
            |spec| spec.set("import", NAME, json!({ "minimum": 1 })),
            Refused("event_name.minimum: is for numbers"),
        ),
        (
            "a part as bound of a whole number",
            |spec| spec.field("rank", json!({ "type": "integer", "maximum": 1.5 })),
            Refused("rank.maximum: must be a whole number that its type can hold"),
        ),
        (
            "a bound outside of the type",
            |spec| {
                spec.field(
                    "rank",
                    json!({ "type": "integer", "format": "int32", "maximum": 3_000_000_000_u32 }),
                )
            },
            Refused("rank.maximum: must be a whole number that its type can hold"),
        ),
        (
            "a minimum above the maximum",
            |spec| spec.field("rank", json!({ "type": "integer", "minimum": 5, "maximum": 4 })),
            Refused("rank.minimum: is above maximum"),
        ),
        (
            "exclusiveMinimum",
            |spec| spec.field("rank", json!({ "type": "integer", "exclusiveMinimum": true })),
            Refused(
                "exclusiveMinimum: is not allowed in a property: write the smallest value that is allowed as minimum",
            ),
        ),
        (
            "multipleOf",
            |spec| spec.field("rank", json!({ "type": "integer", "multipleOf": 10 })),
            Refused(
                "multipleOf: is not allowed in a property: the client does not check it, so say it in the description",
            ),
        ),
        (
            "uniqueItems",
            |spec| {
                spec.set(
                    "import",
                    &format!("{LOAD}/properties/events"),
                    json!({ "uniqueItems": true }),
                )
            },
            Refused(
                "uniqueItems: is not allowed in a property: the client does not check it, so say it in the description",
            ),
        ),
        (
            "pattern",
            |spec| spec.set("import", NAME, json!({ "pattern": "^[a-z_]+$" })),
            Refused(
                "pattern: is not allowed in a property: the client has no regular expressions; say the form in the description, or check it in a handwritten type with x-rust-type-path",
            ),
        ),
        (
            "a default",
            |spec| spec.set("import", NAME, json!({ "default": "a" })),
            Refused("default: is not allowed in a property: the server fills it in, so say it in the description"),
        ),
        (
            "readOnly",
            |spec| spec.set("import", NAME, json!({ "readOnly": true })),
            Refused(
                "readOnly: is not allowed in a property: leave the field out of what is sent, with a schema of its own",
            ),
        ),
        (
            "more events",
            |spec| {
                spec.set(
                    "import",
                    &format!("{LOAD}/properties/events"),
                    json!({ "maxItems": 200 }),
                )
            },
            Makes("requests.rs", "pub const MAX_EVENTS: usize = 200;"),
        ),
        (
            "at least two events",
            |spec| {
                spec.set("import", &format!("{LOAD}/properties/events"), json!({ "minItems": 2 }));
                let examples = "/paths/~1api~1v1~1events/post/requestBody/content/application~1json/examples";
                let several = spec.at("import", examples)["several"].clone();
                *spec.at("import", examples) = json!({ "several": several });
            },
            Makes("requests.rs", "if self.events.len() < 2"),
        ),
        (
            "more least than most events",
            |spec| {
                spec.set(
                    "import",
                    &format!("{LOAD}/properties/events"),
                    json!({ "minItems": 101 }),
                )
            },
            Refused("events.minItems: is above maxItems"),
        ),
        (
            "an optional list that must not be empty",
            |spec| {
                spec.set(
                    "import",
                    &format!("{EVENT}/properties/event_items"),
                    json!({ "minItems": 1 }),
                )
            },
            Refused("event_items.minItems: is for lists that are required: an optional one that is empty is left out"),
        ),
        (
            "more items in all",
            |spec| spec.set("import", &format!("{LOAD}/x-max-total-items"), json!({ "max": 500 })),
            Makes("requests.rs", "pub const MAX_TOTAL_EVENT_ITEMS: usize = 500;"),
        ),
        (
            "older days",
            |spec| {
                spec.set(
                    "export",
                    &format!("{RANGE}/properties/from_date"),
                    json!({ "x-max-age-days": 60 }),
                )
            },
            Makes("requests.rs", "pub const FROM_DATE_MAX_AGE_DAYS: i32 = 60;"),
        ),
        (
            "limits of elements",
            |spec| {
                spec.set(
                    "export",
                    &format!("{RANGE}/properties/events/items"),
                    json!({ "maxLength": 40 }),
                )
            },
            Makes(
                "requests.rs",
                "for (index, item) in self.events.iter().enumerate() { if item.chars().count() > 40 { out.push(&at.field(\"events\").index(index), \"must not be longer than 40 characters\"); } }",
            ),
        ),
    ]);
}
