//! The schemas of a document as JSON Schema, to check examples against.

use serde_json::{Map, Value, json};

/// The schemas of the components, to which others refer.
#[must_use]
pub fn components(document: &Value) -> Value {
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    let schemas: Map<_, _> = schemas
        .map(|(name, schema)| (name.clone(), translated(schema)))
        .collect();
    json!({ "schemas": schemas })
}

/// A schema of the document. It refers to the components as the document does, so they are part of it.
#[must_use]
pub fn of(components: &Value, schema: &Value) -> Value {
    json!({ "allOf": [translated(schema)], "components": components })
}

/// Says in JSON Schema what `OpenAPI` says in words of its own.
fn translated(schema: &Value) -> Value {
    let Some(entries) = schema.as_object() else {
        return schema.clone();
    };
    let mut translation: Map<_, _> = entries
        .iter()
        .map(|(key, value)| (key.clone(), keyword(key, value)))
        .collect();
    if let Some(kind) = schema.get("type")
        && schema["nullable"] == true
    {
        translation.insert("type".to_owned(), json!([kind, "null"]));
    }
    let bounds = match schema["format"].as_str() {
        Some("int32") => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
        Some("int64") => Some((i64::MIN, i64::MAX)),
        _ => None,
    };
    if let Some((least, most)) = bounds {
        translation.entry("minimum").or_insert(least.into());
        translation.entry("maximum").or_insert(most.into());
    }
    // A server may send more than is documented, but an example shows only what is.
    if schema["properties"].is_object() {
        translation.entry("additionalProperties").or_insert(false.into());
    }
    translation.into()
}

fn keyword(key: &str, value: &Value) -> Value {
    match (key, value) {
        ("properties", Value::Object(properties)) => properties
            .iter()
            .map(|(name, schema)| (name.clone(), translated(schema)))
            .collect(),
        ("items" | "additionalProperties" | "not", schema) => translated(schema),
        ("oneOf" | "anyOf" | "allOf", Value::Array(schemas)) => schemas.iter().map(translated).collect(),
        (_, value) => value.clone(),
    }
}
