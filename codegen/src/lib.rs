//! Turns `spec/` into `generated/`.
//!
//! A chain of pure functions: [`read`] the files, [`parse`] them strictly, check them against the `grammar` and the
//! rules of `lint`, `lower` them for progenitor, `polish` what it writes, add the tables, and `render`; the `catalogue`
//! is for people. [`check`] writes the outputs, or says what writing would change.

mod agreement;
mod catalogue;
pub mod check;
mod checks;
mod client;
mod csv;
mod docs;
mod document_schema;
pub mod drift;
mod examples;
mod fields;
mod grammar;
mod keys;
mod language;
mod limits;
mod lines;
mod lint;
mod lower;
mod names;
mod open_api_schema;
mod openapi;
mod operations;
mod parameters;
pub mod parse;
mod polish;
pub mod problem;
mod property;
pub mod read;
mod readme;
mod render;
mod requests;
mod response_rules;
mod responses;
mod rules;
mod schema;
mod sending;
mod shape;
mod sources;
mod spec;
mod standard_names;
mod table;
mod taxonomy;
mod types;

use proc_macro2::TokenStream;

use crate::{
    check::Outputs,
    openapi::Api,
    parse::Parsed,
    problem::{Place, Problems},
    read::Inputs,
    responses::Responses,
    sources::Sources,
    spec::Spec,
    taxonomy::Taxonomy,
};

/// All generated files, by path.
///
/// # Errors
/// Everything that is wrong with the spec, in words.
pub fn outputs(inputs: &Inputs) -> Result<Outputs, Problems> {
    generate(&parse::files(inputs), &inputs.readme)
}

/// The same, from parsed files and the text of `spec/README.md`.
///
/// # Errors
/// The same as for [`outputs`].
pub fn generate(parsed: &Parsed, readme: &str) -> Result<Outputs, Problems> {
    let spec = Spec::new(parsed)?;
    let mut outputs = Outputs::new();
    for api in spec.apis() {
        outputs.insert(format!("generated/{}.rs", api.name).into(), client(api, &spec.sources)?);
    }
    let mut file = |name: &str, tokens: Result<TokenStream, String>| {
        let path = format!("generated/{name}.rs");
        let text = tokens
            .and_then(render::tokens)
            .map_err(|words| Place::file(&path).problem(words))?;
        outputs.insert(path.into(), text);
        Ok::<_, Problems>(())
    };
    file("fields", fields::file(&spec))?;
    file("operations", operations::file(&spec))?;
    file("requests", requests::file(&spec))?;
    file("responses", spec.responses.file(&spec.sources))?;
    file("sources", spec.sources.file())?;
    file("taxonomy", spec.taxonomy.file())?;

    outputs.insert("spec/drift.schema.json".into(), schema::of::<drift::DriftFile>());
    outputs.insert("spec/openapi.schema.json".into(), document_schema::text());
    outputs.insert("spec/responses.schema.json".into(), schema::of::<Responses>());
    outputs.insert("spec/sources.schema.json".into(), schema::of::<Sources>());
    outputs.insert("spec/taxonomy.schema.json".into(), schema::of::<Taxonomy>());
    outputs.insert("spec/README.md".into(), readme::fill(readme, &spec.sources)?);
    outputs.extend(catalogue::files(&spec));
    Ok(outputs)
}

/// The client and the types of one API.
fn client(api: &Api, sources: &Sources) -> Result<String, Problems> {
    let mut file = client::generate(api, lower::lower(api))?;
    polish::polish(&mut file, api, sources)?;
    let deprecation = spec::allow_deprecated(api);
    file.attrs
        .extend((!deprecation.is_empty()).then(|| syn::parse_quote!(#deprecation)));
    Ok(render::file(&file))
}
