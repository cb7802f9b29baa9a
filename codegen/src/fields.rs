//! `generated/fields.rs`: the names of the fields in requests, for code that visits them one by one.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::{
    docs, names,
    openapi::{Api, Document, Field, Schema},
    property::type_path,
    spec::Spec,
};

/// The file.
///
/// # Errors
/// If a name of the spec cannot become an identifier.
pub fn file(spec: &Spec) -> Result<TokenStream, String> {
    let mut items = TokenStream::new();
    for api in spec.apis() {
        let sent = api.document.sent();
        for (name, schema) in api.document.structs().filter(|(name, _)| sent.contains(name)) {
            items.extend(fields(api, name, schema)?);
        }
    }
    let (deprecation, modules) = (spec.allow_deprecated(), spec.modules_of_types(&items));
    Ok(quote! {
        #deprecation

        use super::{#modules};

        #items
    })
}

fn fields(api: &Api, name: &str, schema: &Schema) -> Result<TokenStream, String> {
    let owned = type_path(api, name)?;
    let names = schema.properties.keys();
    let count = Literal::usize_unsuffixed(names.len());
    let doc = docs::comment("The names of the fields on the wire, in the order of the spec.");
    let values = if is_choice_of_texts(&api.document, schema) {
        values(schema)?
    } else {
        TokenStream::new()
    };
    Ok(quote! {
        impl #owned {
            #doc
            pub const FIELDS: [&'static str; #count] = [#(#names),*];

            #values
        }
    })
}

/// Whether a struct has only optional texts, with at least one required, like the identifiers of a user.
fn is_choice_of_texts(document: &Document, schema: &Schema) -> bool {
    let is_text = |property: &Schema| document.field(property) == Some(Field::Text) && !property.nullable;
    schema.min_properties.is_some() && schema.properties.values().all(is_text)
}

fn values(schema: &Schema) -> Result<TokenStream, String> {
    let names = schema.properties.keys();
    let idents = names
        .map(|name| names::ident(schema.rust_name(name)))
        .collect::<Result<Vec<_>, _>>()?;
    let count = Literal::usize_unsuffixed(idents.len());
    Ok(quote! {
        /// The values of the fields, in the order of [`FIELDS`](Self::FIELDS).
        #[must_use]
        pub fn values(&self) -> [Option<&str>; #count] {
            [#(self.#idents.as_deref()),*]
        }

        /// The opposite of [`values`](Self::values).
        #[must_use]
        pub fn from_values(values: [Option<String>; #count]) -> Self {
            let [#(#idents),*] = values;
            Self { #(#idents),* }
        }
    })
}
