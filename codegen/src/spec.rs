//! The whole spec, parsed and checked.

use std::sync::LazyLock;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde::de::DeserializeOwned;

use crate::{
    agreement, examples, grammar, language, lint,
    openapi::{Api, Operation, Schema},
    parse::{self, Parsed},
    problem::{Place, Problems},
    response_rules,
    responses::Responses,
    shape::Shape,
    sources::Sources,
    taxonomy::Taxonomy,
};

static SOURCES: LazyLock<Shape> = LazyLock::new(Shape::of::<Sources>);
static RESPONSES: LazyLock<Shape> = LazyLock::new(Shape::of::<Responses>);
static TAXONOMY: LazyLock<Shape> = LazyLock::new(Shape::of::<Taxonomy>);

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
        Self::checked(parsed).map_err(|problems| parsed.locate(problems))
    }

    fn checked(parsed: &Parsed) -> Result<Self, Problems> {
        let mut problems = parsed.problems.clone();
        let sources = table::<Sources>("sources", &SOURCES, parsed, &mut problems);
        let responses = table::<Responses>("responses", &RESPONSES, parsed, &mut problems);
        let taxonomy = table::<Taxonomy>("taxonomy", &TAXONOMY, parsed, &mut problems);
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
            response_rules::check(responses, pages, &mut problems);
        }
        if let Some(taxonomy) = &taxonomy {
            taxonomy.lint(pages, &mut problems);
        }
        let apis: Vec<_> = [&import, &export].into_iter().flatten().chain(&others).collect();
        for api in &apis {
            lint::api(api, pages, &mut problems);
        }
        lint::across(&apis, &mut problems);
        let codes = responses
            .as_ref()
            .filter(|_| !problems.any_within(&Place::file(parse::file("responses"))));
        agreement::check(&apis, codes, &mut problems);

        match (import, export, responses, taxonomy, sources) {
            (Some(import), Some(export), Some(responses), Some(taxonomy), Some(sources)) => {
                problems.into_result()?;
                let spec = Self {
                    import,
                    export,
                    others,
                    responses,
                    taxonomy,
                    sources,
                };
                spec.check_examples()?;
                Ok(spec)
            }
            _ => Err(problems),
        }
    }

    /// Examples are judged by all the rest, which must be right for that.
    fn check_examples(&self) -> Result<(), Problems> {
        let mut problems = Problems::default();
        for api in self.apis() {
            examples::check(api, &self.responses, &self.taxonomy, &mut problems);
        }
        problems.into_result()
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

/// A table, unless its rows have another shape: then all that differs is named, where serde would stop at the first.
fn table<T: DeserializeOwned>(name: &str, shape: &Shape, parsed: &Parsed, problems: &mut Problems) -> Option<T> {
    let value = parsed.values.get(name)?;
    let place = Place::file(parse::file(name));
    language::check(value, &place, problems);
    let mut faults = Problems::default();
    shape.check(value, &place, &mut faults);
    match faults.into_result() {
        Ok(()) => problems.keep(parse::typed(name, value)),
        Err(faults) => {
            problems.append(faults);
            None
        }
    }
}

/// A document, unless it breaks the grammar so badly that it cannot be understood.
fn api(name: &'static str, parsed: &Parsed, problems: &mut Problems) -> Option<Api> {
    let value = parsed.values.get(name)?.clone();
    let mut faults = Problems::default();
    grammar::check(&parse::file(name), &value, &mut faults);
    language::check(&value, &Place::file(parse::file(name)), &mut faults);
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
