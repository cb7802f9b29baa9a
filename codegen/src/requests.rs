//! `generated/requests.rs`: borrowed forms of the requests, and the checks that types cannot make.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use crate::{
    docs, names,
    openapi::{Api, Document, Field, Kind, Operation, Schema},
    spec::Spec,
};

/// The file.
///
/// # Errors
/// If a name of the spec cannot become an identifier.
pub fn file(spec: &Spec) -> Result<TokenStream, String> {
    let (mut items, mut views) = (TokenStream::new(), TokenStream::new());
    for api in spec.apis() {
        let requests: Vec<_> = api.document.operations().map(|(_, _, operation)| operation).collect();
        for operation in &requests {
            items.extend(request(api, operation)?);
        }
        let names = requests.iter().map(|operation| names::variant(&operation.id));
        let (module, names) = (format_ident!("{}", api.name), names.collect::<Result<Vec<_>, _>>()?);
        views.extend(quote!(pub mod #module { pub use super::super::{#(#names),*}; }));
        for (name, schema) in api.document.structs() {
            let is_request = requests.iter().any(|operation| operation.request() == name);
            if !is_request && has_checks(&api.document, schema) {
                items.extend(part(api, name, schema)?);
            }
        }
    }
    Ok(quote! {
        use super::{export::types as export, import::types as import, operations::Operation};
        use crate::{
            transport::Request,
            validate::{Path, Validate, Violations},
        };

        #items

        /// The borrowed requests of each API.
        pub mod views {
            #views
        }
    })
}

/// A request: its borrowed form with the checks, and the owned form, which delegates to it.
fn request(api: &Api, operation: &Operation) -> Result<TokenStream, String> {
    let name = operation.request();
    let schema = api
        .document
        .schema(name)
        .ok_or_else(|| format!("`{name}` is no schema"))?;
    let view = names::variant(&operation.id)?;
    let owned = type_path(api, name)?;
    let properties = properties(api, schema)?;
    let idents: Vec<_> = properties.iter().map(|property| &property.ident).collect();
    let docs = properties
        .iter()
        .map(|property| docs::comment(docs::first_sentence(property.text)));
    let skips = properties.iter().map(Property::skip);
    let types = properties
        .iter()
        .map(|property| property.borrowed_type(api))
        .collect::<Result<Vec<_>, _>>()?;
    let borrows = properties.iter().map(Property::borrow);

    let checks = checks(api, &owned, schema, Form::Borrowed)?;
    let (at, out) = if checks.is_empty() {
        (quote!(_), quote!(_))
    } else {
        (quote!(at), quote!(out))
    };
    let constants = constants(schema)?;
    let validate = validate();
    let module = api.name;
    let client = format_ident!("{module}");
    let doc = docs::comment(&format!("The body of `{}`, borrowed.", operation.id));
    let link = docs::comment(&format!(
        "It is written as the same bytes as [`{name}`]({module}::{name}), without a copy."
    ));
    Ok(quote! {
        #doc
        ///
        #link
        #[derive(Clone, Copy, Debug, serde::Serialize)]
        pub struct #view<'a> {
            #(#docs #skips pub #idents: #types,)*
        }

        impl Request for #view<'_> {
            type Client = super::#client::Client;

            const OPERATION: Operation = Operation::#view;
        }

        impl Validate for #view<'_> {
            fn check(&self, #at: &Path<'_>, #out: &mut Violations) {
                #(#checks)*
            }
        }

        impl Validate for #owned {
            fn check(&self, at: &Path<'_>, out: &mut Violations) {
                self.view().check(at, out);
            }
        }

        impl #owned {
            #constants

            /// The same request, borrowed.
            #[must_use]
            pub fn view(&self) -> #view<'_> {
                #view { #(#idents: #borrows),* }
            }

            #validate
        }
    })
}

/// The checks of a struct that is part of a request.
fn part(api: &Api, name: &str, schema: &Schema) -> Result<TokenStream, String> {
    let owned = type_path(api, name)?;
    let constants = constants(schema)?;
    let checks = checks(api, &quote!(Self), schema, Form::Owned)?;
    let validate = validate();
    Ok(quote! {
        impl Validate for #owned {
            fn check(&self, at: &Path<'_>, out: &mut Violations) {
                #(#checks)*
            }
        }

        impl #owned {
            #constants
            #validate
        }
    })
}

fn validate() -> TokenStream {
    quote! {
        /// Checks what the types cannot.
        ///
        /// # Errors
        /// Names every field that breaks the spec.
        pub fn validate(&self) -> Result<(), Violations> {
            self.violations()
        }
    }
}

/// A property that will become a field.
struct Property<'a> {
    name: &'a str,
    ident: Ident,
    text: &'a str,
    schema: &'a Schema,
    field: Field<'a>,
    optional: bool,
}

fn properties<'a>(api: &'a Api, schema: &'a Schema) -> Result<Vec<Property<'a>>, String> {
    let property = |(name, property): (&'a String, &'a Schema)| {
        let target = property.target().and_then(|target| api.document.schema(target));
        Ok(Property {
            name,
            ident: names::ident(name)?,
            text: match target {
                Some(target) if property.description.is_empty() => &target.description,
                _ => &property.description,
            },
            schema: property,
            field: api
                .document
                .field(property)
                .ok_or_else(|| format!("`{name}` has a type that no field stands for"))?,
            optional: schema.is_optional(name),
        })
    };
    schema.properties.iter().map(property).collect()
}

impl Property<'_> {
    /// Small values are copied, the rest is borrowed. A list that is left out is an empty one.
    fn borrowed_type(&self, api: &Api) -> Result<TokenStream, String> {
        let ty = match &self.field {
            Field::Text => quote!(&'a str),
            Field::Plain(_) | Field::Component(_, Kind::Enum) => owned_type(api, &self.field)?,
            Field::Component(..) => {
                let ty = owned_type(api, &self.field)?;
                quote!(&'a #ty)
            }
            Field::List(item) => {
                let item = owned_type(api, item)?;
                return Ok(quote!(&'a [#item]));
            }
        };
        Ok(if self.optional { quote!(Option<#ty>) } else { ty })
    }

    /// The field of the owned form as one of the borrowed form.
    fn borrow(&self) -> TokenStream {
        let ident = &self.ident;
        match (&self.field, self.optional) {
            (Field::Plain(_) | Field::Component(_, Kind::Enum), _) => quote!(self.#ident),
            (Field::Text, true) => quote!(self.#ident.as_deref()),
            (Field::Component(..), true) => quote!(self.#ident.as_ref()),
            (Field::Text | Field::List(_) | Field::Component(..), _) => quote!(&self.#ident),
        }
    }

    /// Absent fields are not written.
    fn skip(&self) -> TokenStream {
        match (&self.field, self.optional) {
            (_, false) => quote!(),
            (Field::List(_), true) => quote!(#[serde(skip_serializing_if = "<[_]>::is_empty")]),
            (_, true) => quote!(#[serde(skip_serializing_if = "Option::is_none")]),
        }
    }

    fn checks(&self, api: &Api, owned: &TokenStream, form: Form) -> Result<Vec<TokenStream>, String> {
        let Self {
            name, ident, schema, ..
        } = self;
        let mut checks = Vec::new();
        if schema.min_length.is_some() {
            let is_empty = match (self.optional, form) {
                (false, _) => quote!(self.#ident.is_empty()),
                (true, Form::Owned) => quote!(self.#ident.as_deref() == Some("")),
                (true, Form::Borrowed) => quote!(self.#ident == Some("")),
            };
            checks.push(quote!(if #is_empty { out.push(&at.field(#name), "must not be empty"); }));
        }
        if schema.min_items.is_some() {
            checks.push(quote!(if self.#ident.is_empty() { out.push(&at.field(#name), "must not be empty"); }));
        }
        if schema.max_items.is_some() {
            let max = max_items(name)?;
            checks.push(quote! {
                if self.#ident.len() > #owned::#max {
                    let problem = format!("{} items, at most {} are allowed", self.#ident.len(), #owned::#max);
                    out.push(&at.field(#name), problem);
                }
            });
        }
        if let Some(earlier) = &schema.not_before {
            let earlier_ident = names::ident(earlier)?;
            let problem = format!("must not be before {earlier}");
            checks.push(quote!(if self.#ident < self.#earlier_ident { out.push(&at.field(#name), #problem); }));
        }
        checks.extend(self.inner_checks(api));
        Ok(checks)
    }

    /// The checks of what the field holds.
    fn inner_checks(&self, api: &Api) -> Option<TokenStream> {
        let Self { name, ident, .. } = self;
        match &self.field {
            field if !is_checked(&api.document, field) => None,
            Field::List(_) => Some(quote! {
                for (index, item) in self.#ident.iter().enumerate() {
                    item.check(&at.field(#name).index(index), out);
                }
            }),
            _ if self.optional => Some(quote! {
                if let Some(#ident) = &self.#ident {
                    #ident.check(&at.field(#name), out);
                }
            }),
            _ => Some(quote!(self.#ident.check(&at.field(#name), out);)),
        }
    }
}

/// Which form of a struct checks are for: the two differ in the type of optional texts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Owned,
    Borrowed,
}

/// The checks of a struct, in the order of its fields.
fn checks(api: &Api, owned: &TokenStream, schema: &Schema, form: Form) -> Result<Vec<TokenStream>, String> {
    let properties = properties(api, schema)?;
    let mut checks = Vec::new();
    if schema.min_properties.is_some() {
        let idents = properties.iter().map(|property| &property.ident);
        let names: Vec<_> = properties.iter().map(|property| property.name).collect();
        let problem = format!("at least one of {} is needed", names.join(", "));
        checks.push(quote!(if #(self.#idents.is_none())&&* { out.push(at, #problem); }));
    }
    for property in &properties {
        checks.extend(property.checks(api, owned, form)?);
    }
    if let Some(limit) = &schema.max_total_items {
        let (array, items) = (names::ident(&limit.array)?, names::ident(&limit.items)?);
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

/// The limits of a struct as constants.
fn constants(schema: &Schema) -> Result<TokenStream, String> {
    let mut constants = TokenStream::new();
    for (name, property) in &schema.properties {
        if let Some(max) = property.max_items {
            let ident = max_items(name)?;
            let doc = docs::comment(&format!("The most `{name}` that are allowed."));
            let max = Literal::usize_unsuffixed(max);
            constants.extend(quote!(#doc pub const #ident: usize = #max;));
        }
        if let Some(days) = property.max_age_days {
            let ident = names::constant(&format!("{name}_MAX_AGE_DAYS"))?;
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
fn has_checks(document: &Document, schema: &Schema) -> bool {
    let own = schema.min_properties.is_some() || schema.max_total_items.is_some();
    own || schema.properties.values().any(|property| {
        let limited = property.min_length.is_some() || property.min_items.is_some() || property.max_items.is_some();
        let field = document.field(property);
        limited || property.not_before.is_some() || field.is_some_and(|field| is_checked(document, &field))
    })
}

/// Whether a field holds something with its own checks, as handwritten objects have.
fn is_checked(document: &Document, field: &Field<'_>) -> bool {
    match field {
        Field::Text | Field::Plain(_) => false,
        Field::List(item) => is_checked(document, item),
        Field::Component(name, kind) => document.schema(name).is_some_and(|schema| match kind {
            Kind::Struct => has_checks(document, schema),
            Kind::Enum => false,
            Kind::Handwritten => schema.kind == "object",
        }),
    }
}

/// The type of a field of the owned form.
fn owned_type(api: &Api, field: &Field<'_>) -> Result<TokenStream, String> {
    match field {
        Field::Text => Ok(quote!(String)),
        Field::Plain(path) => tokens(path),
        Field::List(item) => {
            let item = owned_type(api, item)?;
            Ok(quote!(Vec<#item>))
        }
        Field::Component(name, Kind::Handwritten) => {
            let path = api
                .document
                .schema(name)
                .and_then(|schema| schema.rust_type_path.as_deref());
            tokens(path.unwrap_or_default())
        }
        Field::Component(name, _) => type_path(api, name),
    }
}

/// `import::Event`, where the modules of types have the names of the APIs.
///
/// # Errors
/// If a name cannot become an identifier.
pub fn type_path(api: &Api, name: &str) -> Result<TokenStream, String> {
    let (module, name) = (format_ident!("{}", api.name), names::ident(name)?);
    Ok(quote!(#module::#name))
}

fn tokens(path: &str) -> Result<TokenStream, String> {
    path.parse().map_err(|_| format!("`{path}` is no path"))
}
