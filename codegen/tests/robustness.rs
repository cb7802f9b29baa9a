//! Whatever stands anywhere in the spec, the answer is files or words, never a panic.

mod support;

use codegen::parse::{self, Parsed};
use serde_json::{Value, json};

/// A way from the root to a node.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// Where one text is as good as another.
const PROSE: [&str; 8] = ["description", "summary", "title", "note", "en", "ko", "phrase", "since"];

/// The ways to all nodes, without examples, which nothing in codegen looks into, and without the inner rows of a table, which
/// are read as the outer ones are.
fn paths(value: &Value, here: &[Step], found: &mut Vec<Vec<Step>>) {
    let mut visit = |step: Step, value: &Value| {
        let path = [here, &[step]].concat();
        found.push(path.clone());
        paths(value, &path, found);
    };
    match value {
        Value::Object(entries) => entries
            .iter()
            .filter(|(key, _)| !["example", "examples"].contains(&key.as_str()))
            .for_each(|(key, value)| visit(Step::Key(key.clone()), value)),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .filter(|(index, value)| !value.is_object() || *index < 2 || index + 1 == values.len())
            .for_each(|(index, value)| visit(Step::Index(index), value)),
        _ => {}
    }
}

fn node<'a>(value: &'a mut Value, path: &[Step]) -> &'a mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::Index(index) => &mut value[*index],
    })
}

fn without(mut value: Value, path: &[Step]) -> Value {
    let (last, parent) = path.split_last().expect("the root is no path");
    match (node(&mut value, parent), last) {
        (Value::Object(entries), Step::Key(key)) => drop(entries.shift_remove(key)),
        (Value::Array(values), Step::Index(index)) => drop(values.remove(*index)),
        (parent, step) => panic!("{step:?} is no step from {parent}"),
    }
    value
}

/// Leaves one row of every table: it saves time, and none of it was changed.
fn shorten(table: &mut Value) {
    match table {
        Value::Object(entries) => entries.values_mut().for_each(shorten),
        Value::Array(rows) => rows.truncate(1),
        _ => {}
    }
}

/// Returns how many changes were refused in words.
fn change_every_node(name: &'static str) -> usize {
    let inputs = support::real();
    let mut parsed = parse::files(&inputs);
    let original = parsed.values[name].clone();
    let mut found = Vec::new();
    paths(&original, &[], &mut found);
    for table in ["responses", "taxonomy"] {
        parsed.values.get_mut(table).into_iter().for_each(shorten);
    }

    let mut refused = 0;
    let mut run = |value: Value| {
        let mut parsed: Parsed = parsed.clone();
        parsed.values.insert(name, value);
        if let Err(problems) = codegen::generate(&parsed, &inputs.readme) {
            assert!(problems.to_string().starts_with("spec/"), "{problems}");
            refused += 1;
        }
    };
    for path in &found {
        run(without(original.clone(), path));
        let name_or_word = !matches!(path.last(), Some(Step::Key(key)) if PROSE.contains(&key.as_str()));
        let others = [
            Some(json!(null)),
            Some(json!(7)),
            Some(json!([])),
            name_or_word.then(|| json!("x y")),
        ];
        for other in others.into_iter().flatten() {
            let mut value = original.clone();
            *node(&mut value, path) = other;
            run(value);
        }
    }
    refused
}

#[test]
fn import() {
    assert!(change_every_node("import") > 1000);
}

#[test]
fn export() {
    assert!(change_every_node("export") > 1000);
}

#[test]
fn responses() {
    assert!(change_every_node("responses") > 300);
}

#[test]
fn taxonomy() {
    assert!(change_every_node("taxonomy") > 500);
}

#[test]
fn sources() {
    assert!(change_every_node("sources") > 300);
}

#[test]
fn a_document_of_another_type() {
    let inputs = support::real();
    for name in ["import", "export", "responses", "taxonomy", "sources"] {
        for value in [json!(null), json!(7), json!([]), json!({}), json!("text")] {
            let mut parsed = parse::files(&inputs);
            parsed.values.insert(name, value);
            let problems = codegen::generate(&parsed, &inputs.readme).unwrap_err().to_string();
            assert!(problems.starts_with(&format!("spec/{name}.yaml: ")), "{problems}");
        }
    }
}
