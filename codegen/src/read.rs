//! The files of `spec/`, as text.

use std::{fs, path::Path};

use crate::problem::{Place, Problems};

/// The texts from which everything is generated.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// `spec/import.yaml`.
    pub import: String,
    /// `spec/export.yaml`.
    pub export: String,
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
    let inputs = Inputs {
        import: text("spec/import.yaml"),
        export: text("spec/export.yaml"),
        responses: text("spec/responses.yaml"),
        taxonomy: text("spec/taxonomy.yaml"),
        sources: text("spec/sources.yaml"),
        readme: text("spec/README.md"),
    };
    problems.into_result()?;
    Ok(inputs)
}
