//! What the documents show is what they describe: the schemas, the codes of the answers and the standard names.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use serde_json::Value;

use crate::{
    csv, open_api_schema,
    openapi::Api,
    problem::{Place, Problems},
    responses::{Responses, Row, SUCCESS},
    shape::Shape,
    standard_names::{List, StandardNames},
    taxonomy::Taxonomy,
};

/// Notes everything in which an example of a document differs from the rest of the spec.
pub fn check(api: &Api, responses: &Responses, taxonomy: &Taxonomy, problems: &mut Problems) {
    let examples = Examples {
        document: &api.value,
        components: open_api_schema::components(&api.value),
        shapes: RefCell::default(),
        root: api.place(),
        import: api.name == "import",
        rows: responses.rows(api.name).into_iter().map(|(row, _)| row).collect(),
        names: StandardNames::new(taxonomy),
    };
    examples.document(problems);
}

struct Examples<'a> {
    document: &'a Value,
    /// The schemas that others refer to.
    components: Value,
    /// Those in use, by the text of their schema: many examples have the same one, which is slow to prepare.
    shapes: RefCell<HashMap<String, Rc<Shape>>>,
    root: Place,
    import: bool,
    rows: Vec<Row<'a>>,
    names: StandardNames,
}

/// A node of the document and its place.
type Node<'a> = (&'a Value, Place);

impl<'a> Examples<'a> {
    fn document(&self, problems: &mut Problems) {
        let root = (self.document, self.root.clone());
        for (_, path) in entries(&root, "paths") {
            for (_, operation) in entries_of(&path) {
                self.operation(&operation, problems);
            }
        }
        let components = (&self.document["components"], self.root.key("components"));
        for (_, schema) in entries(&components, "schemas") {
            self.schema(&schema, problems);
            for (_, property) in entries(&schema, "properties") {
                self.schema(&property, problems);
            }
        }
        for section in ["parameters", "headers"] {
            for (_, described) in entries(&components, section) {
                self.described(&described, problems);
            }
        }
    }

    fn operation(&self, operation: &Node<'a>, problems: &mut Problems) {
        for (index, parameter) in operation.0["parameters"].as_array().into_iter().flatten().enumerate() {
            self.described(&(parameter, operation.1.key("parameters").index(index)), problems);
        }
        let body = (&operation.0["requestBody"], operation.1.key("requestBody"));
        let mut exports_events = false;
        for (_, media) in entries(&self.resolved(body), "content") {
            let schema = self.resolved((&media.0["schema"], media.1.key("schema"))).0;
            exports_events |= schema["properties"]["events"]["items"]["type"] == "string";
            for example in self.described(&media, problems) {
                keeps_total(schema, &example, problems);
                keeps_order(schema, &example, problems);
                self.request(&example, exports_events, problems);
            }
        }
        for (status, response) in entries(operation, "responses") {
            let response = self.resolved(response);
            for (_, header) in entries(&response, "headers") {
                self.described(&header, problems);
            }
            for (media_type, media) in entries(&response, "content") {
                for example in self.described(&media, problems) {
                    if media_type == "text/csv" {
                        self.table(&example, exports_events, problems);
                    } else {
                        self.answer(status, &example, problems);
                    }
                }
            }
        }
    }

    /// The examples of what has a schema, after a check against it.
    fn described(&self, node: &Node<'a>, problems: &mut Problems) -> Vec<Node<'a>> {
        let mut found = Vec::new();
        if let Some(example) = node.0.get("example") {
            found.push((example, node.1.key("example")));
        }
        for (_, example) in entries(node, "examples") {
            let (example, at) = self.resolved(example);
            if let Some(value) = example.get("value") {
                found.push((value, at.key("value")));
            }
        }
        if !found.is_empty() {
            let shape = self.shape(&node.0["schema"]);
            for (value, at) in &found {
                shape.check(value, at, problems);
            }
        }
        found
    }

    /// A schema with an example of its own.
    fn schema(&self, schema: &Node<'a>, problems: &mut Problems) {
        if let Some(example) = schema.0.get("example") {
            self.shape(schema.0).check(example, &schema.1.key("example"), problems);
        }
    }

    fn shape(&self, schema: &Value) -> Rc<Shape> {
        let mut shapes = self.shapes.borrow_mut();
        let shape = shapes
            .entry(schema.to_string())
            .or_insert_with(|| Rc::new(Shape::open_api(open_api_schema::of(&self.components, schema))));
        Rc::clone(shape)
    }

    /// What a reference names.
    fn resolved(&self, node: Node<'a>) -> Node<'a> {
        let path = node.0.get("$ref").and_then(Value::as_str);
        let path = path.and_then(|path| path.strip_prefix("#/components/")?.split_once('/'));
        match path {
            Some((section, name)) => (
                &self.document["components"][section][name],
                self.root.key("components").key(section).key(name),
            ),
            None => node,
        }
    }

    /// Standard names wherever a request has names.
    fn request(&self, (value, at): &Node<'a>, exports_events: bool, problems: &mut Problems) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let at = at.key(key);
                    match List::under(key, value, exports_events) {
                        Some(list) => self.names.check(list, value, &at, problems),
                        None => self.request(&(value, at), exports_events, problems),
                    }
                }
            }
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    self.request(&(value, at.index(index)), exports_events, problems);
                }
            }
            _ => {}
        }
    }

    /// The code of an answer, with all that the table says of it.
    fn answer(&self, status: &str, (value, at): &Node<'a>, problems: &mut Problems) {
        if self.rows.is_empty() {
            return;
        }
        let key = if self.import { "code" } else { "message" };
        let raw = match &value[key] {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            // The schema says whether it may be missing.
            _ => return,
        };
        let Some(row) = self.rows.iter().find(|row| row.raw == raw) else {
            return problems.push(
                at.key(key)
                    .problem(format!("`{raw}` is in no row of spec/responses.yaml")),
            );
        };
        if self.import {
            if let Some(message) = value["message"].as_str().filter(|message| *message != row.name) {
                problems.push(at.key("message").problem(format!(
                    "`{message}` stands beside {raw}, whose message is `{}`",
                    row.name
                )));
            }
            let succeeds = raw == SUCCESS;
            if value["status"].as_bool().is_some_and(|status| status != succeeds) {
                problems.push(
                    at.key("status")
                        .problem(format!("must be {succeeds}, since the code is {raw}")),
                );
            }
        }
        let statuses = [row.http, row.http_alternative].map(|status| status.to_string());
        if !statuses.iter().any(|known| known == status) {
            problems.push(at.key(key).problem(format!(
                "{raw} is shown under HTTP {status}, but spec/responses.yaml has it under {}",
                statuses.join(" and ")
            )));
        }
    }

    /// A table: its columns, and what they hold.
    fn table(&self, (value, at): &Node<'a>, exports_events: bool, problems: &mut Problems) {
        let Some(text) = value.as_str() else { return };
        let columns = List::columns(exports_events);
        let mut rows = csv::rows(text).into_iter();
        let header = rows.next().unwrap_or_default();
        for (index, name) in header.iter().enumerate() {
            if name.is_empty() || header[..index].contains(name) {
                problems.push(at.problem(format!(
                    "column {} is called `{name}`: empty, or as another is",
                    index + 1
                )));
            }
            self.names.check_name(columns, name, at, problems);
        }
        for (index, row) in rows.enumerate() {
            let line = index + 2;
            if row.len() != header.len() {
                problems.push(at.problem(format!(
                    "line {line} has {} fields, the first {}",
                    row.len(),
                    header.len()
                )));
                continue;
            }
            for (name, cell) in header.iter().zip(&row).filter(|(_, cell)| !cell.is_empty()) {
                if !self.names.fits_cell(columns, name, cell) {
                    problems.push(at.problem(format!("line {line}: `{cell}` is no value of {name}")));
                }
            }
        }
    }
}

/// The entries of a map below a node, with their places.
fn entries<'a>(node: &Node<'a>, key: &str) -> impl Iterator<Item = (&'a str, Node<'a>)> + use<'a> {
    entries_of(&(&node.0[key], node.1.key(key)))
}

fn entries_of<'a>(node: &Node<'a>) -> impl Iterator<Item = (&'a str, Node<'a>)> + use<'a> {
    let (value, at) = (node.0, node.1.clone());
    let entries = value.as_object().into_iter().flatten();
    entries.map(move |(key, value)| (key.as_str(), (value, at.key(key))))
}

/// `x-max-total-items`, which JSON Schema cannot say.
fn keeps_total(schema: &Value, (example, at): &Node<'_>, problems: &mut Problems) {
    let rule = &schema["x-max-total-items"];
    let (Some(array), Some(items), Some(max)) = (rule["array"].as_str(), rule["items"].as_str(), rule["max"].as_u64())
    else {
        return;
    };
    let elements = example[array].as_array().into_iter().flatten();
    let total: usize = elements
        .filter_map(|element| Some(element[items].as_array()?.len()))
        .sum();
    if total as u64 > max {
        problems.push(
            at.key(array)
                .problem(format!("has {total} {items}; {max} are the most")),
        );
    }
}

/// `x-not-before`, which JSON Schema cannot say.
fn keeps_order(schema: &Value, (example, at): &Node<'_>, problems: &mut Problems) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let earlier = property["x-not-before"].as_str();
        // Dates have as many digits each, so that their order is that of the texts.
        let dates = earlier.and_then(|earlier| Some((example[earlier].as_str()?, example[name].as_str()?)));
        if let (Some(earlier), Some((from, to))) = (earlier, dates)
            && from > to
        {
            problems.push(at.key(name).problem(format!("{to} is before {earlier}, {from}")));
        }
    }
}
