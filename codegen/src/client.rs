//! Runs progenitor.

use std::{cell::Cell, panic, sync::Once};

use openapiv3::OpenAPI;
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, HooksMode, TypeImpl};
use quote::quote;
use schemars08::schema::{InstanceType, SchemaObject};
use serde_json::Value;

use crate::{
    openapi::Api,
    problem::{Problem, Problems},
};

/// The client and the types of a lowered document, as progenitor writes them.
///
/// # Errors
/// If progenitor refuses the document: the lint should have said so in better words.
pub fn generate(api: &Api, lowered: Value) -> Result<syn::File, Problems> {
    let refused = |words: String| {
        api.place()
            .problem(format!("progenitor cannot turn this into a client: {words}"))
    };
    let document: OpenAPI = serde_json::from_value(lowered).map_err(|error| refused(error.to_string()))?;
    let settings = settings(api);
    let tokens = without_panic(|| Generator::new(&settings).generate_tokens(&document));
    let tokens: Result<TokenStream, Problem> = match tokens {
        Ok(tokens) => tokens.map_err(|error| refused(error.to_string())),
        Err(panic) => Err(refused(format!("it panicked: {panic}"))),
    };
    syn::parse2(tokens?).map_err(|error| refused(format!("its output is no Rust: {error}")).into())
}

fn settings(api: &Api) -> GenerationSettings {
    let date = SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        format: Some("date".to_owned()),
        ..SchemaObject::default()
    };
    let mut settings = GenerationSettings::new();
    settings
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::auth::Auth))
        .with_derive("PartialEq")
        .with_map_type("::std::collections::BTreeMap")
        .with_conversion(
            date,
            "::jiff::civil::Date",
            [TypeImpl::Display, TypeImpl::FromStr].into_iter(),
        );
    for (name, schema) in &api.document.components.schemas {
        if let Some(path) = &schema.rust_type_path {
            settings.with_replacement(name, path, std::iter::empty());
        }
    }
    settings
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs foreign code that panics where it should return an error, and returns its message.
fn without_panic<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                print(info);
            }
        }));
    });
    QUIET.set(true);
    // After a panic, nothing that the closure borrows is used.
    let result = panic::catch_unwind(panic::AssertUnwindSafe(run));
    QUIET.set(false);
    result.map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("without a word")
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openapi::Document;

    /// What progenitor says about an operation with these answers.
    fn refusal(responses: &Value) -> String {
        let api = Api {
            name: "import",
            value: Value::Null,
            document: Document::default(),
        };
        let document = json!({
            "openapi": "3.0.3",
            "info": { "title": "", "version": "1" },
            "paths": { "/a": { "post": { "operationId": "a", "responses": responses } } },
        });
        generate(&api, document)
            .err()
            .expect("it should be refused")
            .to_string()
    }

    #[test]
    fn what_progenitor_refuses_is_said_in_words() {
        let words = "spec/import.yaml: progenitor cannot turn this into a client: ";
        assert!(refusal(&json!([])).starts_with(words));
        assert!(refusal(&json!({ "200": { "$ref": "#/components/responses/None" } })).starts_with(words));
    }

    #[test]
    fn a_panic_of_progenitor_is_said_in_words() {
        let answer = |kind: &str| json!({ "description": "", "content": { "application/json": { "schema": { "type": kind } } } });
        let problems = refusal(&json!({ "200": answer("string"), "201": answer("boolean") }));
        let words = "spec/import.yaml: progenitor cannot turn this into a client: it panicked: assertion failed";
        assert!(problems.starts_with(words), "{problems}");
    }

    #[test]
    fn a_panic_becomes_words() {
        assert_eq!(without_panic(|| 1), Ok(1));
        assert_eq!(
            without_panic(|| -> i32 { panic!("not {}", "yet") }),
            Err("not yet".to_owned())
        );
    }
}
