//! The two documents as JSON, with `OpenAPI` schemas turned into JSON Schema.

use std::sync::LazyLock;

use dfinery::{Operation, Token};
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

/// The whole document of an API: every `$ref` replaced by what it names, every schema one that a validator understands.
pub fn document(token: Token) -> &'static Value {
    static IMPORT: LazyLock<Value> = LazyLock::new(|| read(include_str!("../../spec/import.yaml")));
    static EXPORT: LazyLock<Value> = LazyLock::new(|| read(include_str!("../../spec/export.yaml")));
    match token {
        Token::Import => &IMPORT,
        Token::Export => &EXPORT,
    }
}

/// What the document of its API says of an operation.
pub fn operation(operation: Operation) -> &'static Value {
    let method = operation.method().to_ascii_lowercase();
    let described = &document(operation.token())["paths"][operation.path()][method];
    assert_eq!(described["operationId"], operation.id());
    described
}

/// The schema of the JSON that an operation takes.
pub fn request_schema(of: Operation) -> &'static Value {
    &operation(of)["requestBody"]["content"]["application/json"]["schema"]
}

/// A validator that knows the formats too.
pub fn validator(schema: &Value) -> Validator {
    assert!(schema.is_object(), "no schema: {schema}");
    jsonschema::options()
        .with_draft(Draft::Draft4)
        .should_validate_formats(true)
        .build(schema)
        .unwrap()
}

/// Whether a request keeps the rules that a JSON Schema of `OpenAPI` 3.0 cannot say.
pub fn keeps_rules(schema: &Value, request: &Value) -> bool {
    few_items(schema, request) && dates_in_order(schema, request) && names_given(request)
}

/// `x-max-total-items`: so many elements of the inner arrays over all elements of the outer one.
fn few_items(schema: &Value, request: &Value) -> bool {
    let Some(rule) = schema.get("x-max-total-items") else {
        return true;
    };
    let text = |key: &str| rule[key].as_str().unwrap();
    let outer = request[text("array")].as_array().unwrap();
    let inner = |element: &Value| {
        element
            .get(text("items"))
            .map_or(0, |items| items.as_array().unwrap().len())
    };
    outer.iter().map(inner).sum::<usize>() as u64 <= rule["max"].as_u64().unwrap()
}

/// `x-not-before`: a date that must not be earlier than the one beside it.
fn dates_in_order(schema: &Value, request: &Value) -> bool {
    let properties = schema["properties"].as_object().unwrap();
    properties.iter().all(|(name, property)| {
        let Some(earlier) = property.get("x-not-before") else {
            return true;
        };
        let date = |name: &str| request[name].as_str().unwrap().parse::<jiff::civil::Date>().unwrap();
        date(earlier.as_str().unwrap()) <= date(name)
    })
}

/// A property needs a name. No fact of the documentation but common sense, for which `OpenAPI` 3.0 has no keyword.
fn names_given(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().all(names_given),
        Value::Object(fields) => fields
            .iter()
            .all(|(name, value)| !name.is_empty() && names_given(value)),
        _ => true,
    }
}

fn read(yaml: &str) -> Value {
    let root: Value = serde_saphyr::from_str(yaml).unwrap();
    plain(&root, &root)
}

/// A node of the document without references, and with keywords that JSON Schema lacks put into its own.
fn plain(root: &Value, node: &Value) -> Value {
    match node {
        Value::Array(values) => values.iter().map(|value| plain(root, value)).collect(),
        Value::Object(fields) => match node.pointer("/allOf/0/$ref").or(fields.get("$ref")) {
            Some(reference) => {
                let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
                plain(root, root.pointer(pointer).unwrap())
            }
            None => Value::Object(translated(
                fields
                    .iter()
                    .map(|(key, value)| (key.clone(), plain(root, value)))
                    .collect(),
            )),
        },
        other => other.clone(),
    }
}

fn translated(mut schema: Map<String, Value>) -> Map<String, Value> {
    if schema.get("nullable") == Some(&json!(true)) {
        let nullable = json!([schema["type"], "null"]);
        schema.insert("type".to_owned(), nullable);
    }
    let bounds = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
        Some("int64") => Some((i64::MIN, i64::MAX)),
        _ => None,
    };
    if let Some((least, most)) = bounds {
        schema.entry("minimum").or_insert(least.into());
        schema.entry("maximum").or_insert(most.into());
    }
    schema
}
