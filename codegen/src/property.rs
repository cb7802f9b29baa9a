//! What becomes of a property or a parameter in a struct: its name, its type, and how it is borrowed and written.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::{
    names,
    openapi::{Api, Field, Kind, Parameter, Schema},
};

/// A property or a parameter that becomes a field.
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are keys of the spec, in any combination"
)]
pub struct Property<'a> {
    /// On the wire.
    pub name: &'a str,
    pub ident: Ident,
    pub text: &'a str,
    pub schema: &'a Schema,
    pub field: Field<'a>,
    pub optional: bool,
    pub nullable: bool,
    pub deprecated: bool,
    /// Personal data.
    pub sensitive: bool,
}

/// The properties of a struct.
///
/// # Errors
/// If one of them gives no field.
pub fn properties<'a>(api: &'a Api, schema: &'a Schema) -> Result<Vec<Property<'a>>, String> {
    let property = |(name, property): (&'a String, &'a Schema)| {
        let target = property.target().and_then(|target| api.document.schema(target));
        Ok(Property {
            name,
            ident: names::ident(schema.rust_name(name))?,
            text: match target {
                Some(target) if property.description.is_empty() => &target.description,
                _ => &property.description,
            },
            schema: property,
            field: field(api, name, property)?,
            optional: schema.is_optional(name),
            nullable: property.nullable,
            deprecated: property.deprecated,
            sensitive: property.sensitive,
        })
    };
    schema.properties.iter().map(property).collect()
}

/// The field of a parameter.
///
/// # Errors
/// If it gives none.
pub fn parameter<'a>(api: &'a Api, parameter: &'a Parameter) -> Result<Property<'a>, String> {
    Ok(Property {
        name: &parameter.name,
        ident: names::ident(parameter.rust_name())?,
        text: &parameter.description,
        schema: &parameter.schema,
        field: field(api, &parameter.name, &parameter.schema)?,
        optional: !parameter.required,
        nullable: false,
        deprecated: parameter.deprecated,
        sensitive: parameter.sensitive,
    })
}

fn field<'a>(api: &'a Api, name: &str, schema: &'a Schema) -> Result<Field<'a>, String> {
    let field = api.document.field(schema);
    field.ok_or_else(|| format!("`{name}` has a type that no field stands for"))
}

impl Property<'_> {
    /// Whether the borrowed form holds a reference.
    pub fn is_borrowed(&self) -> bool {
        !matches!(self.field, Field::Plain(_) | Field::Component(_, Kind::Enum))
    }

    /// How many `Option`s are around the value in both forms: for leaving it out, and for `null`.
    pub fn options(&self) -> usize {
        if self.field.is_collection() {
            return 0;
        }
        usize::from(self.optional) + usize::from(self.nullable)
    }

    /// Small values are copied, the rest is borrowed. A list that is left out is an empty one.
    pub fn borrowed_type(&self, api: &Api) -> Result<TokenStream, String> {
        let ty = match &self.field {
            Field::Text => quote!(&'a str),
            Field::Plain(_) | Field::Component(_, Kind::Enum) => owned_type(api, &self.field)?,
            Field::Component(..) | Field::Map(_) => {
                let ty = owned_type(api, &self.field)?;
                quote!(&'a #ty)
            }
            Field::List(item) => {
                let item = owned_type(api, item)?;
                quote!(&'a [#item])
            }
        };
        Ok((0..self.options()).fold(ty, |ty, _| quote!(Option<#ty>)))
    }

    /// The field of the owned form as one of the borrowed form.
    pub fn borrow(&self) -> TokenStream {
        let ident = &self.ident;
        match (&self.field, self.options()) {
            (Field::Plain(_) | Field::Component(_, Kind::Enum), _) => quote!(self.#ident),
            (_, 0) => quote!(&self.#ident),
            (Field::Text, 1) => quote!(self.#ident.as_deref()),
            (Field::Text, _) => quote!(self.#ident.as_ref().map(Option::as_deref)),
            (_, 1) => quote!(self.#ident.as_ref()),
            (..) => quote!(self.#ident.as_ref().map(Option::as_ref)),
        }
    }

    /// Its attributes for serde, where it is part of a body.
    pub fn attributes(&self) -> TokenStream {
        let name = self.name;
        let rename = (self.ident != name).then(|| quote!(#[serde(rename = #name)]));
        // Absent fields are not written.
        let skip = match (&self.field, self.optional) {
            (_, false) => quote!(),
            (Field::List(_), true) => quote!(#[serde(skip_serializing_if = "<[_]>::is_empty")]),
            (Field::Map(_), true) => quote!(#[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]),
            (_, true) => quote!(#[serde(skip_serializing_if = "Option::is_none")]),
        };
        quote!(#rename #skip)
    }

    /// `#[deprecated]`, if the API says so.
    pub fn deprecation(&self) -> TokenStream {
        if self.deprecated { deprecated() } else { quote!() }
    }
}

/// The attribute of whatever the API calls deprecated.
pub fn deprecated() -> TokenStream {
    quote!(#[deprecated = "the documentation of the API calls it deprecated"])
}

/// A `Debug` that shows of personal data only whether it is there. A field comes with whether it is personal data, and
/// whether it may be left out.
pub fn redacted_debug<'a>(
    name: &Ident,
    generics: &TokenStream,
    fields: impl Iterator<Item = (&'a Ident, bool, bool)>,
) -> TokenStream {
    let fields = fields.map(|(ident, sensitive, optional)| {
        let value = match (sensitive, optional) {
            (false, _) => quote!(self.#ident),
            (true, false) => quote!(crate::redact::Redacted),
            (true, true) => quote!(self.#ident.as_ref().map(|_| crate::redact::Redacted)),
        };
        let name = ident.to_string();
        quote!(.field(#name, &#value))
    });
    let text = name.to_string();
    quote! {
        impl ::std::fmt::Debug for #name #generics {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(#text) #(#fields)* .finish()
            }
        }
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
        Field::Map(value) => {
            let value = owned_type(api, value)?;
            Ok(quote!(std::collections::BTreeMap<String, #value>))
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
