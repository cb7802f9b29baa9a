//! From text to values: strict YAML, then strict types.

use std::{collections::BTreeMap, sync::Arc};

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::{
    lines::Node,
    names,
    problem::{Place, Problem, Problems, Step},
    read::Inputs,
};

/// The YAML files as values.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// By the name of the file without its extension, such as `import`; without files that are not YAML.
    pub values: BTreeMap<&'static str, Value>,
    /// Why any are missing.
    pub problems: Problems,
    /// On which lines their nodes are, by the same names.
    pub(crate) lines: Arc<BTreeMap<&'static str, Node>>,
}

impl Parsed {
    /// Says on which lines the problems are, and of which rows and operations they speak.
    #[must_use]
    pub fn locate(&self, problems: Problems) -> Problems {
        problems.located(|file, steps| {
            let name = file.strip_prefix("spec/")?.strip_suffix(".yaml")?;
            let keys: Vec<_> = steps
                .iter()
                .map(|step| match step {
                    Step::Key(key) => key.clone(),
                    Step::Index(index) => index.to_string(),
                })
                .collect();
            let keys: Vec<_> = keys.iter().map(String::as_str).collect();
            let line = self.lines.get(name)?.line_of(&keys);
            Some((line, subject(self.values.get(name)?, steps)))
        })
    }
}

/// The names of the operation and of the rows on the way to a node.
fn subject(root: &Value, steps: &[Step]) -> String {
    let mut names = Vec::new();
    let mut node = root;
    for step in steps {
        let (next, keys) = match step {
            Step::Key(key) => (node.get(key), &["operationId"][..]),
            Step::Index(index) => (
                node.get(*index),
                &["code", "message", "status", "number", "id", "name"][..],
            ),
        };
        let Some(next) = next else { break };
        node = next;
        names.extend(keys.iter().find_map(|key| name(key, node.get(key)?)));
    }
    names.join(", ")
}

/// The name that a row has under one of its keys. A number says little without the key.
fn name(key: &str, value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(format!("{key} {number}")),
        Value::String(text) if !text.trim().is_empty() && text.lines().count() == 1 => Some(text.clone()),
        _ => None,
    }
}

/// Parses every file.
#[must_use]
pub fn files(inputs: &Inputs) -> Parsed {
    let mut problems = Problems::default();
    let texts = [
        ("sources", &inputs.sources),
        ("responses", &inputs.responses),
        ("taxonomy", &inputs.taxonomy),
        ("import", &inputs.import),
        ("export", &inputs.export),
    ];
    let values = texts
        .iter()
        .filter_map(|&(name, text)| Some((name, problems.keep(yaml(&file(name), text))?)));
    let mut values: BTreeMap<_, _> = values.collect();
    let mut lines: BTreeMap<_, _> = BTreeMap::new();
    for (name, text) in texts.into_iter().filter(|(name, _)| values.contains_key(name)) {
        lines.extend(problems.keep(Node::parse(&file(name), text)).map(|node| (name, node)));
    }
    for (name, text) in &inputs.others {
        let Some((name, value)) = problems.keep(further_api(name, text)) else {
            continue;
        };
        values.insert(name, value);
        lines.extend(problems.keep(Node::parse(&file(name), text)).map(|node| (name, node)));
    }
    Parsed {
        values,
        problems,
        lines: Arc::new(lines),
    }
}

/// A further API. Anything else in `spec/` would be ignored by every tool.
fn further_api(name: &str, text: &str) -> Result<(&'static str, Value), Problem> {
    let file = file(name);
    let place = Place::file(&file);
    let value = yaml(&file, text)?;
    if value.get("openapi").is_none() {
        return Err(place.problem(
            "is none of the files that are read here: one of a further API begins with `openapi: 3.0.3`; remove any other",
        ));
    }
    if !names::is_field(name) || GENERATED.contains(&name) {
        return Err(place
            .problem("cannot give its name to a module of generated/: call it by a word of the API, in snake_case"));
    }
    // There are few such names, and they are needed until the program ends.
    Ok((name.to_owned().leak(), value))
}

/// Modules that are generated from all APIs together.
const GENERATED: [&str; 6] = ["fields", "operations", "requests", "responses", "sources", "taxonomy"];

/// Reads a parsed file as `T`, which accepts neither unknown keys nor wrong types.
///
/// # Errors
/// Names the node that does not fit.
pub fn typed<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let steps = error.path().iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        let place = steps.fold(Place::file(file(name)), |place, step| place.step(step));
        place.problem(error.into_inner().to_string())
    })
}

/// Where a file of the spec is.
#[must_use]
pub fn file(name: &str) -> String {
    format!("spec/{name}.yaml")
}

/// `true` and `false` are the only Booleans, and a key appears once.
fn yaml(file: &str, text: &str) -> Result<Value, Problem> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
    };
    let place = Place::file(file);
    match serde_saphyr::from_str_with_options(text, options) {
        Ok(Value::Null) => Err(place.problem("is empty")),
        Ok(value) => Ok(value),
        Err(error) => Err(invalid(&place, &error)),
    }
}

fn invalid(place: &Place, error: &serde_saphyr::Error) -> Problem {
    let problem = place.problem(format!("is no valid YAML: {}", error.without_snippet()));
    let line = error
        .location()
        .and_then(|location| usize::try_from(location.line()).ok());
    line.map_or(problem.clone(), |line| problem.on_line(line))
}
