//! The JSON Schema of the documents, from the table of shapes, for completion and warnings in an editor.

use serde_json::{Map, Value, json};

use crate::keys::{DOCUMENT, IN_KOREAN, Kind, PROPERTY, REFERENCE, Shape};

/// Its text.
#[must_use]
pub fn text() -> String {
    let mut definitions = Map::new();
    let root = node(&DOCUMENT, &mut definitions);
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Document",
        "description": "An API in OpenAPI 3.0, with the keys and types that this project has a use for.",
        "allOf": [root],
        "definitions": definitions,
    });
    format!("{schema:#}\n")
}

fn schema(kind: &Kind, definitions: &mut Map<String, Value>) -> Value {
    match kind {
        Kind::Any => true.into(),
        Kind::Text | Kind::Rule(_) => json!({"type": "string", "minLength": 1}),
        Kind::Word(words) => json!({"enum": words}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Number => json!({"type": "number"}),
        Kind::Count => json!({"type": "integer", "minimum": 1, "maximum": i32::MAX}),
        Kind::List(kind) => json!({"type": "array", "minItems": 1, "items": schema(kind, definitions)}),
        Kind::ListOrNone(kind) => json!({"type": "array", "items": schema(kind, definitions)}),
        Kind::One(kind) => {
            json!({"type": "array", "minItems": 1, "maxItems": 1, "items": schema(kind, definitions)})
        }
        Kind::Map(_, kind) => {
            json!({"type": "object", "minProperties": 1, "additionalProperties": schema(kind, definitions)})
        }
        Kind::Node(shape) => node(shape, definitions),
        Kind::Ref(section) => reference(section),
        Kind::NodeOrRef(shape, section) | Kind::Values(shape, section) => {
            json!({"anyOf": [node(shape, definitions), reference(section)]})
        }
        Kind::Property => {
            json!({"anyOf": [node(&PROPERTY, definitions), node(&REFERENCE, definitions), reference("schemas")]})
        }
    }
}

/// A reference to the definition of a shape, which is added if it is not there yet.
fn node(shape: &'static Shape, definitions: &mut Map<String, Value>) -> Value {
    let name = shape.name.split_once(' ').map_or(shape.name, |(_, name)| name);
    if !definitions.contains_key(name) {
        // A shape may lead to itself.
        definitions.insert(name.to_owned(), Value::Null);
        let mut properties: Map<_, _> = shape
            .keys
            .iter()
            .map(|key| {
                let mut value = json!({"allOf": [schema(&key.kind, definitions)]});
                if let Some(why) = key.due {
                    value["description"] = why.into();
                }
                (key.name.to_owned(), value)
            })
            .collect();
        let required: Vec<_> = shape
            .keys
            .iter()
            .filter(|key| key.due.is_some())
            .map(|key| key.name)
            .collect();
        for (_, korean) in IN_KOREAN.iter().filter(|(_, korean)| shape.has_korean(korean)) {
            properties.insert((*korean).to_owned(), schema(&Kind::Text, definitions));
        }
        let mut definition = json!({"type": "object", "additionalProperties": false, "properties": properties});
        if !required.is_empty() {
            definition["required"] = required.into();
        }
        for (english, korean) in IN_KOREAN.iter().filter(|(_, korean)| shape.has_korean(korean)) {
            definition["properties"][korean] = schema(&Kind::Text, definitions);
            definition["dependencies"][english] = json!([korean]);
        }
        definitions.insert(name.to_owned(), definition);
    }
    json!({"$ref": format!("#/definitions/{}", name.replace(' ', "%20"))})
}

fn reference(section: &str) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {"$ref": {"type": "string", "pattern": format!("^#/components/{section}/")}},
        "required": ["$ref"],
    })
}
