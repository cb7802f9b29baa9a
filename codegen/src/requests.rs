//! `generated/requests.rs`: borrowed forms of the requests, with their parameters and the checks that types cannot make.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::{
    checks::{self, Form, constants, has_checks},
    docs, names,
    openapi::{Api, Operation, Schema},
    parameters,
    property::{self, Property, properties, type_path},
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
    let (deprecation, modules) = (spec.allow_deprecated(), spec.modules_of_types(&items));
    Ok(quote! {
        #deprecation

        use super::{#modules operations::Operation};
        use crate::{
            request::Request,
            validate::{Path, Validate, Violations},
        };

        #items

        /// The borrowed requests of each API.
        pub mod views {
            #views
        }
    })
}

/// A request: its borrowed form with the checks, and the owned form of its body, if it has one.
fn request(api: &Api, operation: &Operation) -> Result<TokenStream, String> {
    let view = names::variant(&operation.id)?;
    let parameters = api
        .document
        .fields_beside_body(operation)
        .map(|parameter| Ok((parameter, property::parameter(api, parameter)?)))
        .collect::<Result<Vec<_>, String>>()?;
    let body = Body::of(api, operation)?;

    let beside = parameters.iter().map(|(_, property)| property);
    let fields: Vec<_> = beside
        .clone()
        .chain(body.iter().flat_map(|body| &body.properties))
        .collect();
    let lifetime = fields.iter().any(|field| field.is_borrowed());
    let (generics, anonymous) = if lifetime {
        (quote!(<'a>), quote!(<'_>))
    } else {
        (quote!(), quote!())
    };
    let beside_fields = beside
        .clone()
        .map(|property| field(api, property, property.text, &quote!(#[serde(skip)])))
        .collect::<Result<Vec<_>, _>>()?;
    let body_fields = body
        .iter()
        .flat_map(|body| &body.properties)
        // The whole text stands in the owned form.
        .map(|property| {
            field(
                api,
                property,
                docs::first_sentence(property.text),
                &property.attributes(),
            )
        })
        .collect::<Result<Vec<_>, _>>()?;

    let mut checks = Vec::new();
    for (parameter, property) in &parameters {
        checks.extend(parameters::checks(&api.document, parameter, property));
    }
    if let Some(body) = &body {
        checks.extend(checks::of_struct(api, &body.owned, body.schema, Form::Borrowed)?);
    }
    let (at, out) = if checks.is_empty() {
        (quote!(_), quote!(_))
    } else {
        (quote!(at), quote!(out))
    };
    let docs = match &body {
        Some(body) => body.docs(api, operation, !parameters.is_empty()),
        None => docs::comment(&format!("The request `{}`, which has no body.", operation.id)),
    };
    let deprecated = operation.deprecated.then(property::deprecated);
    let client = format_ident!("{}", api.name);
    let no_body = body.is_none().then(|| {
        quote!(
            const HAS_BODY: bool = false;
        )
    });
    let (derived, debug) = if fields.iter().any(|field| field.sensitive) {
        let fields = fields
            .iter()
            .map(|field| (&field.ident, field.sensitive, field.optional));
        (quote!(), property::redacted_debug(&view, &anonymous, fields))
    } else {
        (quote!(Debug,), quote!())
    };
    let values = parameters::values(&parameters);
    let owned = body
        .as_ref()
        .map(|body| body.owned_form(api, &view, !parameters.is_empty()))
        .transpose()?;
    // The owned form of a body has the checks for those who receive one.
    let own_checks = body.is_none().then(|| {
        let validate = validate();
        quote!(impl #view #anonymous { #validate })
    });
    Ok(quote! {
        #docs
        #[derive(Clone, Copy, #derived serde::Serialize)]
        #deprecated
        pub struct #view #generics {
            #(#beside_fields,)*
            #(#body_fields,)*
        }

        #debug

        impl Request for #view #anonymous {
            type Client = super::#client::Client;

            const OPERATION: Operation = Operation::#view;
            #no_body

            #values
        }

        impl Validate for #view #anonymous {
            fn check(&self, #at: &Path<'_>, #out: &mut Violations) {
                #(#checks)*
            }
        }

        #owned

        #own_checks
    })
}

/// A field of a borrowed form.
fn field(api: &Api, property: &Property<'_>, text: &str, attributes: &TokenStream) -> Result<TokenStream, String> {
    let doc = docs::comment(text);
    let (ident, ty) = (&property.ident, property.borrowed_type(api)?);
    let deprecated = property.deprecation();
    let options = (property.options() > 1)
        .then(|| quote!(#[allow(clippy::option_option, reason = "left out, null, or a value")]));
    Ok(quote!(#doc #attributes #options #deprecated pub #ident: #ty))
}

/// The body of a request.
struct Body<'a> {
    name: &'a str,
    schema: &'a Schema,
    owned: TokenStream,
    properties: Vec<Property<'a>>,
}

impl<'a> Body<'a> {
    fn of(api: &'a Api, operation: &'a Operation) -> Result<Option<Self>, String> {
        if !operation.has_body() {
            return Ok(None);
        }
        let name = operation.request();
        let schema = api
            .document
            .schema(name)
            .ok_or_else(|| format!("`{name}` is no schema"))?;
        Ok(Some(Self {
            name,
            schema,
            owned: type_path(api, name)?,
            properties: properties(api, schema)?,
        }))
    }

    fn docs(&self, api: &Api, operation: &Operation, has_parameters: bool) -> TokenStream {
        let (id, name, module) = (&operation.id, self.name, api.name);
        let (doc, written) = if has_parameters {
            (
                format!("The request `{id}`, borrowed: its parameters and its body."),
                "The body",
            )
        } else {
            (format!("The body of `{id}`, borrowed."), "It")
        };
        let doc = docs::comment(&doc);
        let link = docs::comment(&format!(
            "{written} is written as the same bytes as [`{name}`]({module}::{name}), without a copy."
        ));
        quote! {
            #doc
            ///
            #link
        }
    }

    /// What the owned form of the body can do. Without parameters it is the whole request, and can be borrowed as one.
    fn owned_form(&self, api: &Api, view: &Ident, has_parameters: bool) -> Result<TokenStream, String> {
        let Self { owned, schema, .. } = self;
        let (constants, validate) = (constants(schema)?, validate());
        let idents: Vec<_> = self.properties.iter().map(|property| &property.ident).collect();
        let borrows = self.properties.iter().map(Property::borrow);
        if !has_parameters {
            return Ok(quote! {
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
            });
        }
        let checks = checks::of_struct(api, owned, schema, Form::Owned)?;
        let (at, out) = if checks.is_empty() {
            (quote!(_), quote!(_))
        } else {
            (quote!(at), quote!(out))
        };
        Ok(quote! {
            impl Validate for #owned {
                fn check(&self, #at: &Path<'_>, #out: &mut Violations) {
                    #(#checks)*
                }
            }

            impl #owned {
                #constants
                #validate
            }
        })
    }
}

/// The checks of a struct that is part of a request.
fn part(api: &Api, name: &str, schema: &Schema) -> Result<TokenStream, String> {
    let owned = type_path(api, name)?;
    let constants = constants(schema)?;
    let checks = checks::of_struct(api, &quote!(Self), schema, Form::Owned)?;
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
