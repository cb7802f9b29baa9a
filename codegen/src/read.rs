//! The files of `spec/`, as text.

use std::{collections::BTreeMap, fs, path::Path};

use crate::problem::{Place, Problems};

/// The files of `spec/` that [`Inputs`] has no text of its own for, and that are read elsewhere.
const NO_INPUTS: [&str; 2] = ["drift", "drift.lock"];

/// The texts from which everything is generated.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// `spec/import.yaml`.
    pub import: String,
    /// `spec/export.yaml`.
    pub export: String,
    /// All other `spec/*.yaml`, by name: each must be a further API.
    pub others: BTreeMap<String, String>,
    /// `spec/responses.yaml`.
    pub responses: String,
    /// `spec/taxonomy.yaml`.
    pub taxonomy: String,
    /// `spec/sources.yaml`.
    pub sources: String,
    /// `spec/README.md`, with two generated tables.
    pub readme: String,
}

/// Reads the files under the root of the workspace.
///
/// # Errors
/// Names every file that cannot be read.
pub fn inputs(root: &Path) -> Result<Inputs, Problems> {
    let mut problems = Problems::default();
    let mut text = |file: &str| {
        let text = fs::read_to_string(root.join(file));
        let text = text.map_err(|error| Place::file(file).problem(format!("cannot be read: {error}")));
        problems.keep(text).unwrap_or_default()
    };
    let known = ["import", "export", "responses", "taxonomy", "sources"];
    let others = names(root, ".yaml").into_iter();
    let others = others.filter(|name| !known.contains(&name.as_str()) && !NO_INPUTS.contains(&name.as_str()));
    let others = others
        .map(|name| (name.clone(), text(&format!("spec/{name}.yaml"))))
        .collect();
    let inputs = Inputs {
        others,
        import: text("spec/import.yaml"),
        export: text("spec/export.yaml"),
        responses: text("spec/responses.yaml"),
        taxonomy: text("spec/taxonomy.yaml"),
        sources: text("spec/sources.yaml"),
        readme: text("spec/README.md"),
    };
    for name in names(root, ".yml") {
        problems.push(Place::file(format!("spec/{name}.yml")).problem("is not read: its name must end in `.yaml`"));
    }
    problems.into_result()?;
    Ok(inputs)
}

/// The names of all files of `spec/` with an ending; none if it cannot be read, which the files that must be there show.
fn names(root: &Path, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(root.join("spec")).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter_map(|name| Some(name.strip_suffix(ending)?.to_owned()))
        .collect()
}
