//! The parameters of operations: the rules for them, their checks, and their values as text.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;

use crate::{
    checks::{self, Form},
    limits, names,
    openapi::{Document, Field, Kind, Operation, Parameter, SERVICE},
    problem::{Place, Problems},
    property::Property,
};

/// Headers that the client sends itself.
const OWN_HEADERS: [&str; 6] = [
    "accept",
    "authorization",
    "content-length",
    "content-type",
    "host",
    "user-agent",
];

/// Names that a generated method has for something else.
const OWN_NAMES: [&str; 3] = ["body", "header_map", SERVICE];

/// The rules for the parameters and the method of an operation.
pub fn lint(document: &Document, path: &str, method: &str, operation: &Operation, at: &Place, problems: &mut Problems) {
    if method == "get" && operation.has_body() {
        problems.push(
            at.key("requestBody")
                .problem("a GET sends no body: use parameters, or another method"),
        );
    }
    for segment in path.split('/').filter_map(placeholder) {
        let is_there = document
            .parameters(operation)
            .any(|parameter| parameter.place == "path" && parameter.name == segment);
        if !is_there {
            let words = format!("`{{{segment}}}` stands in the path, but no parameter has this name and `in: path`");
            problems.push(at.key("parameters").problem(words));
        }
    }
    let mut fields = BTreeMap::new();
    let body = document.schema(operation.request()).into_iter();
    for name in body.flat_map(|schema| schema.properties.keys().map(|name| schema.rust_name(name))) {
        fields.insert(name.to_owned(), "the body");
    }
    for (index, parameter) in document.parameters(operation).enumerate() {
        let at = at.key("parameters").index(index);
        one(document, path, parameter, &at, problems);
        if parameter.is_service() {
            continue;
        }
        let name = parameter.rust_name();
        let add = "add an x-rust-name to the parameter";
        if OWN_NAMES.contains(&name) {
            problems.push(at.problem(format!("the client has a `{name}` of its own: {add}")));
        }
        if let Some(other) = fields.insert(name.to_owned(), "another parameter") {
            problems.push(at.problem(format!("`{name}` is the name of a field of {other}, too: {add}")));
        }
    }
}

fn placeholder(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn one(document: &Document, path: &str, parameter: &Parameter, at: &Place, problems: &mut Problems) {
    let name = &parameter.name;
    let mut refuse = |broken: bool, words: String| {
        if broken {
            problems.push(at.problem(words));
        }
    };
    match parameter.place.as_str() {
        "path" => {
            let is_there = path.split('/').filter_map(placeholder).any(|segment| segment == name);
            refuse(!is_there, format!("`{name}` is in the path, which has no `{{{name}}}`"));
            refuse(
                !parameter.required,
                format!("`{name}` is in the path, so it is `required: true`"),
            );
        }
        "header" => {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            refuse(!name.chars().all(is_name), format!("`{name}` is no name of a header"));
            let sent = document.components.security_schemes.values();
            let is_token = sent.into_iter().any(|scheme| scheme.name.eq_ignore_ascii_case(name));
            refuse(
                is_token || OWN_HEADERS.contains(&name.to_lowercase().as_str()),
                format!("the client sends the header `{name}` itself: leave it out"),
            );
        }
        _ => {}
    }
    if parameter.is_service() {
        let is_text = document.field(&parameter.schema) == Some(Field::Text);
        refuse(
            !parameter.required || !is_text,
            format!("`{SERVICE}` is a required string, which the client knows"),
        );
        return;
    }
    refuse(
        parameter.rust_name.is_none() && !names::is_field(name),
        names::no_field(name),
    );
    let is_plain = match document.field(&parameter.schema) {
        Some(Field::Text | Field::Plain(_) | Field::Component(_, Kind::Enum)) => true,
        Some(Field::Component(target, Kind::Handwritten)) => {
            document.schema(target).is_some_and(|schema| schema.kind == "string")
        }
        // A dangling reference was already reported.
        None => parameter.schema.target().is_some() || parameter.schema.kind.is_empty(),
        _ => false,
    };
    refuse(
        !is_plain,
        format!("`{name}` must be one plain value: a text, a number, true or false, a date or one of an enum"),
    );
    refuse(
        parameter.sensitive && document.field(&parameter.schema) != Some(Field::Text),
        "`x-sensitive` is for texts".to_owned(),
    );
    if let Some(field) = document.field(&parameter.schema) {
        limits::lint(&field, &parameter.schema, &at.key("schema"), problems);
    }
}

/// The checks of a parameter: its limits, and what its place on the wire cannot carry.
pub fn checks(document: &Document, parameter: &Parameter, property: &Property<'_>) -> Vec<TokenStream> {
    let (name, ident) = (property.name, &property.ident);
    let mut checks: Vec<_> = checks::empty_text(property, Form::Borrowed).into_iter().collect();
    if property.field == Field::Text {
        let given = property.optional.then(|| quote!(let Some(#ident) = self.#ident &&));
        let value = if property.optional {
            quote!(#ident)
        } else {
            quote!(self.#ident)
        };
        match parameter.place.as_str() {
            "path" => {
                // That it must not be empty may be said already.
                let empty = checks.is_empty().then(|| quote!("" |));
                checks.push(quote! {
                    if matches!(#value, #empty "." | "..") {
                        out.push(&at.field(#name), "must be more than dots, as it is part of a path");
                    }
                });
            }
            "header" => checks.push(quote! {
                if #given !#value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
                    out.push(&at.field(#name), "holds a character that no header can carry");
                }
            }),
            _ => {}
        }
    }
    checks.extend(checks::of_value(document, property, Form::Borrowed));
    checks
}

/// The method of a request that gives the values of its parameters.
pub fn values(parameters: &[(&Parameter, Property<'_>)]) -> Option<TokenStream> {
    if parameters.is_empty() {
        return None;
    }
    let values = parameters.iter().map(|(_, property)| {
        let (name, ident) = (property.name, &property.ident);
        if property.optional {
            quote!(.with(#name, self.#ident))
        } else {
            quote!(.with(#name, Some(self.#ident)))
        }
    });
    Some(quote! {
        fn parameters(&self) -> crate::parameters::Parameters {
            crate::parameters::Parameters::default() #(#values)*
        }
    })
}
