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

/// The ways to all nodes. Examples are left out: nothing in codegen looks into them.
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

/// Returns how many changes were refused in words.
fn change_every_node(name: &'static str) -> usize {
    let inputs = support::real();
    let parsed = parse::files(&inputs);
    let original = &parsed.values[name];
    let mut found = Vec::new();
    paths(original, &[], &mut found);
    assert!(found.len() > 100, "{name} is too small to tell anything");

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
        for other in [json!(null), json!(7), json!([]), json!({}), json!("x y")] {
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
    assert!(change_every_node("responses") > 1000);
}

#[test]
fn taxonomy() {
    assert!(change_every_node("taxonomy") > 1000);
}

#[test]
fn sources() {
    assert!(change_every_node("sources") > 1000);
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
