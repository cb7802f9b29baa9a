//! What the tables and the documents must agree on, and what nothing uses.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    openapi::Api,
    problem::{Place, Problems},
    responses::Responses,
};

/// Notes where they disagree. What is wrong with a document is mended first.
pub fn check(apis: &[&Api], responses: Option<&Responses>, problems: &mut Problems) {
    for api in apis {
        if problems.any_within(&api.place()) {
            continue;
        }
        unused(&api.value, &api.place(), problems);
        headers(api, problems);
        if let Some(responses) = responses {
            statuses(api, responses, problems);
        }
    }
}

/// A code comes only under statuses that the document describes.
fn statuses(api: &Api, responses: &Responses, problems: &mut Problems) {
    let described: BTreeSet<_> = api
        .document
        .operations()
        .flat_map(|(_, _, operation)| operation.responses.keys())
        .collect();
    for (row, at) in responses.rows(api.name) {
        for (key, status) in [("http", row.http), ("http_alternative", row.http_alternative)] {
            if (100..=599).contains(&status) && !described.contains(&status.to_string()) {
                let document = crate::parse::file(api.name);
                problems.push(at.key(key).problem(format!(
                    "no operation of {document} has a response {status}; describe it there, or take a status that is"
                )));
            }
        }
    }
}

/// The client reads the headers of the rate limit and `Retry-After`; another one would be promised in vain.
fn headers(api: &Api, problems: &mut Problems) {
    let (paths, components) = (&api.value["paths"], &api.value["components"]["responses"]);
    let mut found = Vec::new();
    collect_headers(paths, &api.place().key("paths"), &mut found);
    collect_headers(components, &api.place().key("components").key("responses"), &mut found);
    let names: BTreeSet<_> = found.iter().map(|(name, _)| name.to_lowercase()).collect();
    for (name, at) in &found {
        let lower = name.to_lowercase();
        if lower == "retry-after" {
            continue;
        }
        let parts = ["limit", "remaining", "reset"];
        let Some((start, _)) = lower.rsplit_once('-').filter(|(_, end)| parts.contains(end)) else {
            problems.push(at.problem(
                "is no header that the client reads: those of the rate limit, which end in -limit, -remaining and \
                 -reset, and Retry-After",
            ));
            continue;
        };
        let missing = parts.iter().map(|part| format!("{start}-{part}"));
        if let Some(missing) = missing.into_iter().find(|name| !names.contains(name)) {
            problems.push(at.problem(format!("is read only together with `{missing}`, which no response has")));
        }
    }
}

/// The headers of all responses, with their places.
fn collect_headers(node: &Value, at: &Place, found: &mut Vec<(String, Place)>) {
    for (key, value) in node.as_object().into_iter().flatten() {
        let at = at.key(key);
        match key.as_str() {
            "headers" => {
                let names = value.as_object().into_iter().flatten();
                found.extend(names.map(|(name, _)| (name.clone(), at.key(name))));
            }
            "content" | "requestBody" => {}
            _ => collect_headers(value, &at, found),
        }
    }
}

/// What no operation leads to becomes code that nobody can use.
fn unused(document: &Value, root: &Place, problems: &mut Problems) {
    let mut used = BTreeSet::new();
    uses(document, &document["paths"], &mut used);
    for (section, components) in document["components"].as_object().into_iter().flatten() {
        let at = root.key("components").key(section);
        for (name, _) in components.as_object().into_iter().flatten() {
            if !used.contains(&(section.clone(), name.clone())) {
                problems.push(at.key(name).problem("no operation uses it; remove it, or refer to it"));
            }
        }
    }
    for (family, _) in document["x-rate-limits"].as_object().into_iter().flatten() {
        if !used.contains(&("x-rate-limits".to_owned(), family.clone())) {
            let at = root.key("x-rate-limits").key(family);
            problems.push(at.problem("no operation is counted in it; remove it, or name it in an x-rate-limit"));
        }
    }
}

/// The components that a node leads to, by section and name.
fn uses(document: &Value, node: &Value, used: &mut BTreeSet<(String, String)>) {
    match node {
        Value::Array(values) => values.iter().for_each(|value| uses(document, value, used)),
        Value::Object(entries) => {
            for (key, value) in entries {
                match (key.as_str(), value) {
                    ("$ref", Value::String(reference)) => {
                        let path = reference.strip_prefix("#/components/");
                        if let Some((section, name)) = path.and_then(|path| path.split_once('/'))
                            && used.insert((section.to_owned(), name.to_owned()))
                        {
                            uses(document, &document["components"][section][name], used);
                        }
                    }
                    ("x-rate-limit", Value::String(family)) => {
                        used.insert(("x-rate-limits".to_owned(), family.clone()));
                    }
                    ("security", Value::Array(schemes)) => {
                        let names = schemes.iter().filter_map(Value::as_object).flatten();
                        used.extend(names.map(|(name, _)| ("securitySchemes".to_owned(), name.clone())));
                    }
                    _ => uses(document, value, used),
                }
            }
        }
        _ => {}
    }
}
