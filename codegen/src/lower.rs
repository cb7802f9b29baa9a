//! Turns a true document into one that progenitor understands. Only this file and [`polish`](crate::polish) know its
//! limits.
//!
//! * All answers become bytes. progenitor allows one type per operation, lets JSON win over CSV, and forgets status and
//!   headers of an answer whose body it cannot decode; the transport decodes them instead, and knows more.
//! * All bodies become bytes as well, so that the very same bytes can be sent again.
//! * Limits are dropped: `minLength` would become a type for each field, the others are ignored.
//!   [`requests`](crate::requests) has them.
//! * Parameters become texts: the request has their types, and passes them on as they are on the wire.
//! * Properties, parameters and values of enums have their names in Rust, so that progenitor makes up none.
//! * Extensions are dropped: progenitor compares schemas by everything in them, and would no longer see that a `date`
//!   is a date.

use serde_json::{Map, Value, json};

use crate::openapi::{Api, Document, Operation, Parameter, TEXT_FORMATS};

/// The document for progenitor.
#[must_use]
pub fn lower(api: &Api) -> Value {
    let document = &api.document;
    let mut paths = Map::new();
    for (path, method, described) in document.operations() {
        let (path, described) = operation(document, path, described);
        paths.entry(path).or_insert_with(|| json!({}))[method] = described;
    }
    let components = &api.value["components"];
    json!({
        "openapi": api.value["openapi"],
        "info": { "title": api.document.info.title, "version": api.value["info"]["version"] },
        "paths": paths,
        "components": {
            "schemas": map(&components["schemas"], component),
        },
    })
}

/// The same keys with other values.
fn map(object: &Value, change: impl Fn(&Value) -> Value) -> Value {
    let entries = object.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), change(value))).collect()
}

/// The path too: the placeholders in it are names of parameters.
fn operation(document: &Document, path: &str, operation: &Operation) -> (String, Value) {
    let bytes = json!({ "schema": { "type": "string", "format": "binary" } });
    let mut lowered = json!({
        "operationId": operation.id,
        "parameters": document.parameters(operation).map(parameter).collect::<Value>(),
        "responses": { "2XX": { "description": "", "content": { "application/octet-stream": {} } } },
    });
    if operation.has_body() {
        lowered["requestBody"] = json!({ "required": true, "content": { "application/octet-stream": bytes } });
    }
    let in_path = document
        .parameters(operation)
        .filter(|parameter| parameter.place == "path");
    let path = in_path.fold(path.to_owned(), |path, parameter| {
        path.replace(
            &format!("{{{}}}", parameter.name),
            &format!("{{{}}}", parameter.rust_name()),
        )
    });
    (path, lowered)
}

fn parameter(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.rust_name(),
        "in": parameter.place,
        "required": parameter.required,
        "schema": { "type": "string" },
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
    const KEPT: [&str; 4] = ["$ref", "type", "format", "nullable"];
    if let Some(reference) = value.pointer("/allOf/0") {
        return reference.clone();
    }
    let mut schema: Map<_, _> = KEPT
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), value.get(key)?.clone())))
        .collect();
    schema.retain(|key, value| key != "format" || !value.as_str().is_some_and(|format| TEXT_FORMATS.contains(&format)));
    match value.get("additionalProperties") {
        // `true`, the default, would become a field for the unknown keys.
        None | Some(Value::Bool(true)) => {}
        Some(Value::Bool(false)) => drop(schema.insert("additionalProperties".to_owned(), false.into())),
        Some(values) => drop(schema.insert("additionalProperties".to_owned(), self::schema(values))),
    }
    if let Some(values) = value.get("enum").and_then(Value::as_array) {
        let names = values.iter().map(|text| renamed(&value["x-enum-rust-names"], text));
        schema.insert("enum".to_owned(), names.collect());
    }
    if let Some(properties) = value.get("properties") {
        let rust_name = |name: &str| properties[name]["x-rust-name"].as_str().unwrap_or(name).to_owned();
        let entries = properties.as_object().into_iter().flatten();
        let entries = entries.map(|(name, property)| (rust_name(name), self::schema(property)));
        schema.insert("properties".to_owned(), entries.collect());
        let required = value["required"].as_array().into_iter().flatten();
        let required: Vec<_> = required.filter_map(Value::as_str).map(rust_name).collect();
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
    }
    if let Some(items) = value.get("items") {
        schema.insert("items".to_owned(), self::schema(items));
    }
    schema.into()
}

/// A value of an enum, under its name in Rust if it has one.
fn renamed(names: &Value, value: &Value) -> Value {
    let name = value.as_str().and_then(|value| names.get(value));
    name.unwrap_or(value).clone()
}
