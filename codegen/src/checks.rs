//! The checks that types cannot make, as code.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use crate::{
    docs, names,
    openapi::{Api, Document, Field, Kind, Schema},
    property::{Property, properties},
};

/// Which form of a struct checks are for: the two differ in the types of what is optional or a map.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Owned,
    Borrowed,
}

/// The checks of a struct, in the order of its fields; `owned` is the type that has its constants.
///
/// # Errors
/// If a name of the spec cannot become an identifier.
pub fn of_struct(api: &Api, owned: &TokenStream, schema: &Schema, form: Form) -> Result<Vec<TokenStream>, String> {
    let properties = properties(api, schema)?;
    let mut checks = Vec::new();
    if schema.min_properties.is_some() {
        let idents = properties.iter().map(|property| &property.ident);
        let names: Vec<_> = properties.iter().map(|property| property.name).collect();
        let problem = format!("needs {}", any_of(&names));
        checks.push(quote!(if #(self.#idents.is_none())&&* { out.push(at, #problem); }));
    }
    for property in &properties {
        checks.extend(empty_text(property, form));
        checks.extend(of_list(property, owned)?);
        if let Some(earlier) = &property.schema.not_before {
            let (name, ident) = (property.name, &property.ident);
            let earlier_ident = names::ident(schema.rust_name(earlier))?;
            let problem = format!("must not be before {earlier}");
            checks.push(quote!(if self.#ident < self.#earlier_ident { out.push(&at.field(#name), #problem); }));
        }
        checks.extend(of_value(&api.document, property, form));
    }
    if let Some(limit) = &schema.max_total_items {
        let element = schema.properties.get(&limit.array).and_then(Schema::inner);
        let element = element.and_then(|element| api.document.schema(element.target()?));
        let items = element.map_or(limit.items.as_str(), |element| element.rust_name(&limit.items));
        let (array, items) = (names::ident(schema.rust_name(&limit.array))?, names::ident(items)?);
        let max = max_total_items(&limit.items)?;
        let (name, problem) = (
            &limit.array,
            format!("{{total}} {} in all, at most {{}} are allowed", limit.items),
        );
        checks.push(quote! {
            let total: usize = self.#array.iter().map(|item| item.#items.len()).sum();
            if total > #owned::#max {
                out.push(&at.field(#name), format!(#problem, #owned::#max));
            }
        });
    }
    Ok(checks)
}

/// The check of a text that is not empty.
pub fn empty_text(property: &Property<'_>, form: Form) -> Option<TokenStream> {
    let (name, ident) = (property.name, &property.ident);
    let is_empty = match (property.schema.min_length?, property.options(), form) {
        (1, 0, _) => quote!(self.#ident.is_empty()),
        (1, 1, Form::Owned) => quote!(self.#ident.as_deref() == Some("")),
        (1, 1, Form::Borrowed) => quote!(self.#ident == Some("")),
        (1, ..) => quote!(let Some(Some(value)) = &self.#ident && value.is_empty()),
        _ => return None,
    };
    Some(quote!(if #is_empty { out.push(&at.field(#name), "must not be empty"); }))
}

/// Names of which one is enough, as in `a, b or c`.
fn any_of(names: &[&str]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        names => names.concat(),
    }
}

/// The checks of how many elements a list has.
fn of_list(property: &Property<'_>, owned: &TokenStream) -> Result<Vec<TokenStream>, String> {
    let (name, ident) = (property.name, &property.ident);
    let mut checks = Vec::new();
    match property.schema.min_items {
        None => {}
        Some(1) => {
            checks.push(quote!(if self.#ident.is_empty() { out.push(&at.field(#name), "must not be empty"); }));
        }
        Some(min) => {
            let problem = format!("{{}} items, at least {min} are needed");
            let min = Literal::usize_unsuffixed(min);
            checks.push(quote! {
                if self.#ident.len() < #min {
                    out.push(&at.field(#name), format!(#problem, self.#ident.len()));
                }
            });
        }
    }
    if property.schema.max_items.is_some() {
        let max = max_items(&ident.to_string())?;
        checks.push(quote! {
            if self.#ident.len() > #owned::#max {
                let problem = format!("{} items, at most {} are allowed", self.#ident.len(), #owned::#max);
                out.push(&at.field(#name), problem);
            }
        });
    }
    Ok(checks)
}

/// The checks of the value of a property or a parameter, and of what it holds.
pub fn of_value(document: &Document, property: &Property<'_>, form: Form) -> Vec<TokenStream> {
    let (name, ident) = (property.name, &property.ident);
    let at = quote!(&at.field(#name));
    let own = quote!(self.#ident);
    let given = match property.options() {
        0 => None,
        1 => Some(quote!(let Some(#ident) = &self.#ident)),
        _ => Some(quote!(let Some(Some(#ident)) = &self.#ident)),
    };
    let (text, number) = match given {
        None => (own.clone(), own),
        Some(_) => (quote!(#ident), quote!(*#ident)),
    };
    let limits = limits(property.schema, &text, &number).into_iter();
    let limits = limits.map(|(broken, problem)| {
        let given = given.iter();
        quote!(if #(#given &&)* #broken { out.push(#at, #problem); })
    });
    let is_owned_map = form == Form::Owned && given.is_none() && matches!(property.field, Field::Map(_));
    let held = if is_owned_map { quote!(&#text) } else { text.clone() };
    let inner = inner(document, property.schema, &property.field, &held, &at, 0);
    let inner = inner.map(|inner| match &given {
        None => inner,
        Some(given) => quote!(if #given { #inner }),
    });
    limits.chain(inner).collect()
}

/// When a text or a number breaks its limits, and what to say then. An empty text has a check of its own.
fn limits(schema: &Schema, text: &TokenStream, number: &TokenStream) -> Vec<(TokenStream, String)> {
    let mut limits = Vec::new();
    if let Some(min) = schema.min_length.filter(|min| *min > 1) {
        let bound = Literal::usize_unsuffixed(min);
        limits.push((
            quote!(#text.chars().count() < #bound),
            format!("must not be shorter than {min} characters"),
        ));
    }
    if let Some(max) = schema.max_length {
        let bound = Literal::usize_unsuffixed(max);
        limits.push((
            quote!(#text.chars().count() > #bound),
            format!("must not be longer than {max} characters"),
        ));
    }
    if let Some(minimum) = &schema.minimum {
        let bound = bound(schema, minimum);
        limits.push((quote!(#number < #bound), format!("must not be below {minimum}")));
    }
    if let Some(maximum) = &schema.maximum {
        let bound = bound(schema, maximum);
        limits.push((quote!(#number > #bound), format!("must not be above {maximum}")));
    }
    limits
}

/// The bound of a number, as a literal of its type.
fn bound(schema: &Schema, bound: &serde_json::Number) -> TokenStream {
    match bound.as_i64() {
        Some(whole) if schema.kind == "integer" => {
            let literal = Literal::i64_unsuffixed(whole);
            quote!(#literal)
        }
        _ => {
            let literal = Literal::f64_unsuffixed(bound.as_f64().unwrap_or_default());
            quote!(#literal)
        }
    }
}

/// The checks of what a value holds, if it holds anything that is checked.
fn inner(
    document: &Document,
    schema: &Schema,
    field: &Field<'_>,
    value: &TokenStream,
    at: &TokenStream,
    depth: usize,
) -> Option<TokenStream> {
    if !holds_checks(document, schema, field) {
        return None;
    }
    let numbered = |name: &str| {
        if depth == 0 {
            format_ident!("{name}")
        } else {
            format_ident!("{name}_{depth}")
        }
    };
    let item = numbered("item");
    match field {
        Field::Text | Field::Plain(_) => None,
        Field::Component(..) => Some(quote!(#value.check(#at, out);)),
        Field::List(element) => {
            let index = numbered("index");
            let checks = of_element(document, schema, element, &item, &quote!(#at.index(#index)), depth);
            Some(quote!(for (#index, #item) in #value.iter().enumerate() { #checks }))
        }
        Field::Map(element) => {
            let name = numbered("name");
            let checks = of_element(document, schema, element, &item, &quote!(#at.field(#name)), depth);
            Some(quote!(for (#name, #item) in #value { #checks }))
        }
    }
}

/// The checks of an element of a list or a map.
fn of_element(
    document: &Document,
    schema: &Schema,
    field: &Field<'_>,
    item: &Ident,
    at: &TokenStream,
    depth: usize,
) -> TokenStream {
    let Some(schema) = schema.inner() else {
        return TokenStream::new();
    };
    let item = quote!(#item);
    let mut checks = TokenStream::new();
    if schema.min_length == Some(1) {
        checks.extend(quote!(if #item.is_empty() { out.push(#at, "must not be empty"); }));
    }
    for (broken, problem) in limits(schema, &item, &quote!(*#item)) {
        checks.extend(quote!(if #broken { out.push(#at, #problem); }));
    }
    checks.extend(inner(document, schema, field, &item, at, depth + 1));
    checks
}

/// The limits of a struct as constants.
///
/// # Errors
/// If a name of the spec cannot become an identifier.
pub fn constants(schema: &Schema) -> Result<TokenStream, String> {
    let mut constants = TokenStream::new();
    for (name, property) in &schema.properties {
        if let Some(max) = property.max_items {
            let ident = max_items(schema.rust_name(name))?;
            let doc = docs::comment(&format!("The most `{name}` that are allowed."));
            let max = Literal::usize_unsuffixed(max);
            constants.extend(quote!(#doc pub const #ident: usize = #max;));
        }
        if let Some(days) = property.max_age_days {
            let ident = names::constant(&format!("{}_MAX_AGE_DAYS", schema.rust_name(name)))?;
            let doc = docs::comment(&format!("How many days before today `{name}` may lie."));
            let days = Literal::u32_unsuffixed(days);
            constants.extend(quote!(#doc pub const #ident: i32 = #days;));
        }
    }
    if let Some(limit) = &schema.max_total_items {
        let ident = max_total_items(&limit.items)?;
        let doc = docs::comment(&format!(
            "The most `{}` that are allowed over all `{}`.",
            limit.items, limit.array
        ));
        let max = Literal::usize_unsuffixed(limit.max);
        constants.extend(quote!(#doc pub const #ident: usize = #max;));
    }
    Ok(constants)
}

fn max_items(property: &str) -> Result<Ident, String> {
    names::constant(&format!("MAX_{property}"))
}

fn max_total_items(property: &str) -> Result<Ident, String> {
    names::constant(&format!("MAX_TOTAL_{property}"))
}

/// Whether a struct has anything to check. The lint forbids schemas that refer back to themselves, so this ends.
#[must_use]
pub fn has_checks(document: &Document, schema: &Schema) -> bool {
    let own = schema.min_properties.is_some() || schema.max_total_items.is_some();
    own || schema.properties.values().any(|property| {
        let counted = property.min_items.is_some() || property.max_items.is_some();
        counted || property.not_before.is_some() || is_checked(document, property)
    })
}

/// Whether a value has limits, or holds what has checks.
fn is_checked(document: &Document, schema: &Schema) -> bool {
    let lengths = schema.min_length.is_some() || schema.max_length.is_some();
    let bounds = schema.minimum.is_some() || schema.maximum.is_some();
    let field = document.field(schema);
    lengths || bounds || field.is_some_and(|field| holds_checks(document, schema, &field))
}

/// Whether a value holds something with its own checks, as handwritten objects have.
fn holds_checks(document: &Document, schema: &Schema, field: &Field<'_>) -> bool {
    match field {
        Field::Text | Field::Plain(_) => false,
        Field::List(_) | Field::Map(_) => schema.inner().is_some_and(|inner| is_checked(document, inner)),
        Field::Component(name, kind) => document.schema(name).is_some_and(|schema| match kind {
            Kind::Struct => has_checks(document, schema),
            Kind::Enum => false,
            Kind::Handwritten => schema.kind == "object",
        }),
    }
}
