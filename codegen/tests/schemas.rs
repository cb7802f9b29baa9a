//! An editor that follows the first line of a file finds a schema there, and the schema judges the file as codegen does.

mod support;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// The YAML files of `spec/` with their texts.
fn files() -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(support::workspace().join("spec")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let yaml = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    // The program writes this one, not a person.
    let by_hand = yaml.filter(|path| !path.ends_with("drift.lock.yaml"));
    by_hand
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The file that the first line names, as seen from the file itself.
fn schema_of(path: &Path, text: &str) -> PathBuf {
    let line = text.lines().next().unwrap_or_default();
    let name = line.strip_prefix("# yaml-language-server: $schema=");
    let name = name.unwrap_or_else(|| panic!("{} does not say which schema it has", path.display()));
    path.with_file_name(name)
}

fn faults(schema: &Path, text: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let value: Value = serde_saphyr::from_str(text).unwrap();
    let errors = validator.iter_errors(&value);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn every_file_fits_the_schema_that_it_names() {
    let mut named = BTreeSet::new();
    for (path, text) in files() {
        let schema = schema_of(&path, &text);
        assert_eq!(faults(&schema, &text), [""; 0], "{}", path.display());
        named.insert(schema.file_name().unwrap().to_owned());
    }
    let outputs = codegen::outputs(&support::real()).unwrap();
    let written = outputs
        .keys()
        .filter(|path| path.to_string_lossy().ends_with(".schema.json"));
    let written: BTreeSet<_> = written.map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(named, written, "a schema that no file names is of no use");
}

#[test]
fn what_codegen_refuses_by_its_shape_an_editor_underlines() {
    for (name, from, to) in [
        ("import.yaml", "x-idempotent: false", "x-idempotant: false"),
        ("import.yaml", "x-idempotent: false", "x-idempotent: perhaps"),
        ("import.yaml", "      operationId: load_events\n", ""),
        (
            "import.yaml",
            "#/components/parameters/ServiceId",
            "#/components/schemas/ServiceId",
        ),
        ("export.yaml", "concurrent: 5", "concurrent: 0"),
        ("export.yaml", "confidence: documented", "confidence: sure"),
        ("responses.yaml", "retry: never", "retry: later"),
        ("responses.yaml", "name: OK", "nom: OK"),
        ("taxonomy.yaml", "required: true", "required: perhaps"),
        ("sources.yaml", "language: ko", "language: jp"),
        ("drift.yaml", "reading: present", "red: present"),
    ] {
        let path = support::workspace().join("spec").join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name} has no `{from}`");
        let edited = text.replacen(from, to, 1);
        assert!(
            !faults(&schema_of(&path, &text), &edited).is_empty(),
            "{name}: {from} -> {to}"
        );
    }
}
