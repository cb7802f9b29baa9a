//! The whole spec, parsed and checked.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde::de::DeserializeOwned;

use crate::{
    grammar, lint,
    openapi::{Api, Operation, Schema},
    parse::{self, Parsed},
    problem::Problems,
    responses::Responses,
    sources::Sources,
    taxonomy::Taxonomy,
};

/// The data from which everything is generated.
#[derive(Debug)]
pub struct Spec {
    pub import: Api,
    pub export: Api,
    /// Further APIs, by name.
    pub others: Vec<Api>,
    pub responses: Responses,
    pub taxonomy: Taxonomy,
    pub sources: Sources,
}

impl Spec {
    /// Reads the values into their types and applies all rules.
    ///
    /// # Errors
    /// Everything wrong, as far as one run can see: a wrong type hides only the other faults of its file.
    pub fn new(parsed: &Parsed) -> Result<Self, Problems> {
        let mut problems = parsed.problems.clone();
        let sources = table::<Sources>("sources", parsed, &mut problems);
        let responses = table::<Responses>("responses", parsed, &mut problems);
        let taxonomy = table::<Taxonomy>("taxonomy", parsed, &mut problems);
        let import = api("import", parsed, &mut problems);
        let export = api("export", parsed, &mut problems);
        let known = ["sources", "responses", "taxonomy", "import", "export"];
        let others = parsed.values.keys().filter(|name| !known.contains(name));
        let others: Vec<_> = others.filter_map(|name| api(name, parsed, &mut problems)).collect();

        let pages = sources.as_ref();
        if let Some(sources) = &sources {
            sources.lint(&mut problems);
        }
        if let Some(responses) = &responses {
            responses.lint(pages, &mut problems);
        }
        if let Some(taxonomy) = &taxonomy {
            taxonomy.lint(pages, &mut problems);
        }
        let apis: Vec<_> = [&import, &export].into_iter().flatten().chain(&others).collect();
        for api in &apis {
            lint::api(api, pages, &mut problems);
        }
        lint::across(&apis, &mut problems);

        match (import, export, responses, taxonomy, sources) {
            (Some(import), Some(export), Some(responses), Some(taxonomy), Some(sources)) => {
                problems.into_result()?;
                Ok(Self {
                    import,
                    export,
                    others,
                    responses,
                    taxonomy,
                    sources,
                })
            }
            _ => Err(problems),
        }
    }

    /// All documents.
    #[must_use]
    pub fn apis(&self) -> Vec<&Api> {
        [&self.import, &self.export].into_iter().chain(&self.others).collect()
    }

    /// The modules of types that some code uses, as a part of a `use super::{…}`.
    #[must_use]
    pub fn modules_of_types(&self, code: &TokenStream) -> TokenStream {
        let code = code.to_string();
        let is_used = |name: &str| {
            let all = code.matches(&format!("{name} :: ")).count();
            all > code.matches(&format!("super :: {name} :: ")).count()
        };
        let mut names: Vec<_> = self
            .apis()
            .iter()
            .map(|api| api.name)
            .filter(|name| is_used(name))
            .collect();
        names.sort_unstable();
        let names = names.into_iter().map(|name| format_ident!("{name}"));
        names.map(|name| quote!(#name::types as #name,)).collect()
    }

    /// What generated code needs where it names something deprecated.
    #[must_use]
    pub fn allow_deprecated(&self) -> TokenStream {
        self.apis()
            .into_iter()
            .map(allow_deprecated)
            .find(|tokens| !tokens.is_empty())
            .unwrap_or_default()
    }

    /// The operations of all documents.
    pub fn operations(&self) -> impl Iterator<Item = (&Api, &str, &str, &Operation)> {
        self.apis().into_iter().flat_map(|api| {
            let operations = api.document.operations();
            operations.map(move |(path, method, operation)| (api, path, method, operation))
        })
    }
}

/// The same for the code of one document.
#[must_use]
pub fn allow_deprecated(api: &Api) -> TokenStream {
    let document = &api.document;
    let mut schemas = document.components.schemas.values();
    let in_schemas = schemas.any(|schema| schema.properties.values().any(|property: &Schema| property.deprecated));
    let in_operations = document.operations().any(|(_, _, operation)| {
        operation.deprecated || document.parameters(operation).any(|parameter| parameter.deprecated)
    });
    if in_schemas || in_operations {
        quote!(#![allow(deprecated, reason = "the warning is for those who use it")])
    } else {
        TokenStream::new()
    }
}

fn table<T: DeserializeOwned>(name: &str, parsed: &Parsed, problems: &mut Problems) -> Option<T> {
    problems.keep(parse::typed(name, parsed.values.get(name)?))
}

/// A document, unless it breaks the grammar so badly that it cannot be understood.
fn api(name: &'static str, parsed: &Parsed, problems: &mut Problems) -> Option<Api> {
    let value = parsed.values.get(name)?.clone();
    let mut faults = Problems::default();
    grammar::check(&parse::file(name), &value, &mut faults);
    let document = parse::typed(name, &value);
    let document = match faults.into_result() {
        Ok(()) => problems.keep(document),
        Err(faults) => {
            problems.append(faults);
            document.ok()
        }
    };
    Some(Api {
        name,
        value,
        document: document?,
    })
}
