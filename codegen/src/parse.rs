//! From text to values: strict YAML, then strict types.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    names,
    problem::{Place, Problem, Problems},
    read::Inputs,
};

/// The YAML files as values.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// By the name of the file without its extension, such as `import`; without files that are not YAML.
    pub values: BTreeMap<&'static str, Value>,
    /// Why any are missing.
    pub problems: Problems,
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
    for (name, text) in &inputs.others {
        values.extend(problems.keep(further_api(name, text)));
    }
    Parsed { values, problems }
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
        let place = Place::file(file(name));
        let path = error.path().to_string();
        let place = if path == "." { place } else { place.key(&path) };
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
        Err(error) => Err(place.problem(format!("is no valid YAML: {error}"))),
    }
}
