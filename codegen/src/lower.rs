//! Turns a true document into one that progenitor understands. Only this file and [`polish`](crate::polish) know its
//! limits.
//!
//! * All answers become bytes. progenitor allows one type per operation, lets JSON win over CSV, and forgets status and
//!   headers of an answer whose body it cannot decode; the transport decodes them instead, and knows more.
//! * All bodies become bytes as well, so that the very same bytes can be sent again.
//! * Limits are dropped: `minLength` would become a type for each field, the others are ignored.
//!   [`requests`](crate::requests) has them.
//! * Extensions are dropped: progenitor compares schemas by everything in them, and would no longer see that a `date`
//!   is a date.

use serde_json::{Map, Value, json};

use crate::openapi::Api;

/// The document for progenitor.
#[must_use]
pub fn lower(api: &Api) -> Value {
    let operations = api.value["paths"].as_object().into_iter().flatten();
    let paths: Map<_, _> = operations
        .map(|(path, methods)| (path.clone(), map(methods, operation)))
        .collect();
    let components = &api.value["components"];
    json!({
        "openapi": api.value["openapi"],
        "info": { "title": api.document.info.title, "version": api.value["info"]["version"] },
        "paths": paths,
        "components": {
            "parameters": map(&components["parameters"], parameter),
            "schemas": map(&components["schemas"], component),
        },
    })
}

/// The same keys with other values.
fn map(object: &Value, change: impl Fn(&Value) -> Value) -> Value {
    let entries = object.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), change(value))).collect()
}

fn operation(operation: &Value) -> Value {
    let bytes = json!({ "schema": { "type": "string", "format": "binary" } });
    json!({
        "operationId": operation["operationId"],
        "parameters": operation["parameters"].as_array().into_iter().flatten().map(parameter).collect::<Value>(),
        "requestBody": { "required": true, "content": { "application/octet-stream": bytes } },
        "responses": { "2XX": { "description": "", "content": { "application/octet-stream": {} } } },
    })
}

fn parameter(parameter: &Value) -> Value {
    if parameter.get("$ref").is_some() {
        return parameter.clone();
    }
    json!({
        "name": parameter["name"],
        "in": parameter["in"],
        "required": parameter["required"],
        "schema": schema(&parameter["schema"]),
    })
}

/// A component that a handwritten type replaces only needs its name.
fn component(component: &Value) -> Value {
    if component.get("x-rust-type-path").is_some() {
        json!({ "type": "string" })
    } else {
        schema(component)
    }
}

fn schema(value: &Value) -> Value {
    const KEPT: [&str; 7] = [
        "$ref",
        "type",
        "format",
        "nullable",
        "enum",
        "required",
        "additionalProperties",
    ];
    if let Some(reference) = value.pointer("/allOf/0") {
        return reference.clone();
    }
    let mut schema: Map<_, _> = KEPT
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), value.get(key)?.clone())))
        .collect();
    // Only `false` matters; `true`, the default, would become a field for the unknown keys.
    schema.retain(|key, value| key != "additionalProperties" || *value == Value::Bool(false));
    if let Some(properties) = value.get("properties") {
        schema.insert("properties".to_owned(), map(properties, self::schema));
    }
    if let Some(items) = value.get("items") {
        schema.insert("items".to_owned(), self::schema(items));
    }
    schema.into()
}
