//! Passes over progenitor's types, for the order of the spec, documentation, and no personal data in `Debug`.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Fields, File, Item, ItemEnum, ItemStruct, Path, Token, parse_quote, punctuated::Punctuated};

use crate::{
    docs, names,
    openapi::{Document, Schema},
    sources::Sources,
    table::Source,
};

/// The items of the module of types.
pub fn types(file: &mut File) -> Vec<&mut Vec<Item>> {
    let modules = file.items.iter_mut().filter_map(|item| match item {
        Item::Mod(module) if module.ident == "types" => module.content.as_mut(),
        _ => None,
    });
    modules.map(|(_, items)| items).collect()
}

/// Puts the fields of every struct into the order of the spec; progenitor sorts them by name.
pub fn order_fields(items: &mut [Item], document: &Document) -> usize {
    let order = |(item, schema): (&mut ItemStruct, &Schema)| {
        let Fields::Named(fields) = &mut item.fields else {
            return false;
        };
        let mut by_name: BTreeMap<String, syn::Field> = std::mem::take(&mut fields.named)
            .into_iter()
            .filter_map(|field| Some((field.ident.as_ref()?.to_string(), field)))
            .collect();
        fields.named = schema
            .properties
            .keys()
            .filter_map(|name| by_name.remove(name))
            .collect();
        by_name.is_empty() && fields.named.len() == schema.properties.len()
    };
    structs(items, document).map(order).filter(|&ordered| ordered).count()
}

/// Documents every struct with all its fields.
pub fn document_structs(items: &mut [Item], document: &Document, sources: &Sources) -> usize {
    let set = |(item, schema): (&mut ItemStruct, &Schema)| {
        docs::set(&mut item.attrs, &struct_doc(schema, sources));
        item.fields.iter_mut().all(|field| {
            let name = field.ident.as_ref().map(ToString::to_string);
            let property = name.and_then(|name| schema.properties.get(&name));
            let doc = property.map(|property| field_doc(schema, property, document, sources));
            doc.inspect(|doc| docs::set(&mut field.attrs, doc)).is_some()
        })
    };
    structs(items, document)
        .map(set)
        .filter(|&documented| documented)
        .count()
}

/// Documents every enum with all its variants.
pub fn document_enums(items: &mut [Item], document: &Document, sources: &Sources) -> usize {
    let set = |(item, schema): (&mut ItemEnum, &Schema)| {
        let doc = format!("{}\n\n{}", schema.description, sources.citation(&schema.source));
        docs::set(&mut item.attrs, &doc);
        item.variants.iter_mut().all(|variant| {
            let mut texts = schema.enum_descriptions.iter();
            let text = texts.find(|(value, _)| names::variant(value).is_ok_and(|ident| ident == variant.ident));
            text.inspect(|(_, text)| docs::set(&mut variant.attrs, &docs::paragraph([&text.en])))
                .is_some()
        })
    };
    enums(items, document).map(set).filter(|&documented| documented).count()
}

/// Replaces `Debug` of every struct with personal data by one that does not print them.
pub fn redact(items: &mut Vec<Item>, document: &Document) -> usize {
    let redact = |(item, schema): (&mut ItemStruct, &Schema)| {
        (schema.has_sensitive_properties() && drop_derive(&mut item.attrs, "Debug")).then(|| debug(item, schema))
    };
    let impls: Vec<_> = structs(items, document).filter_map(redact).collect();
    let redacted = impls.len();
    for debug in impls {
        let after = items
            .iter()
            .position(|item| matches!(item, Item::Struct(item) if is_for(&debug, item)));
        items.insert(after.map_or(items.len(), |index| index + 1), debug);
    }
    redacted
}

/// It shows whether a value is there, but not the value.
fn debug(item: &ItemStruct, schema: &Schema) -> Item {
    let ident = &item.ident;
    let name = ident.to_string();
    let fields = item.fields.iter().filter_map(|field| field.ident.as_ref());
    let fields = fields.map(|field| -> TokenStream {
        let name = field.to_string();
        let value = match schema.properties.get(&name) {
            Some(property) if !property.sensitive => quote!(self.#field),
            _ if schema.is_optional(&name) => quote!(self.#field.as_ref().map(|_| crate::redact::Redacted)),
            _ => quote!(crate::redact::Redacted),
        };
        quote!(.field(#name, &#value))
    });
    parse_quote! {
        impl ::std::fmt::Debug for #ident {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(#name) #(#fields)* .finish()
            }
        }
    }
}

fn is_for(debug: &Item, item: &ItemStruct) -> bool {
    matches!(debug, Item::Impl(block) if matches!(&*block.self_ty, syn::Type::Path(ty) if ty.path.is_ident(&item.ident)))
}

fn drop_derive(attrs: &mut [Attribute], name: &str) -> bool {
    attrs
        .iter_mut()
        .filter(|attr| attr.path().is_ident("derive"))
        .any(|attr| {
            let Ok(derives) = attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated) else {
                return false;
            };
            let kept: Vec<_> = derives.iter().filter(|derive| !derive.is_ident(name)).collect();
            let dropped = kept.len() < derives.len();
            *attr = parse_quote!(#[derive(#(#kept),*)]);
            dropped
        })
}

fn struct_doc(schema: &Schema, sources: &Sources) -> String {
    let names: Vec<_> = schema.properties.keys().map(|name| format!("`{name}`")).collect();
    let one_of = schema
        .min_properties
        .map(|_| format!("At least one of {} is needed.", names.join(", ")));
    let total = schema.max_total_items.as_ref();
    let total = total.map(|limit| format!("At most {} `{}` over all `{}`.", limit.max, limit.items, limit.array));
    let limits = docs::paragraph(one_of.into_iter().chain(total));
    format!(
        "{}\n\n{limits}\n\n{}",
        schema.description,
        sources.citation(&schema.source)
    )
}

/// What a field holds. A field of a component without a text of its own takes one sentence, and the component says the
/// rest. A field says how sure it is only where the struct says otherwise, or where there is more to say; the struct
/// names the pages.
fn field_doc(schema: &Schema, property: &Schema, document: &Document, sources: &Sources) -> String {
    let target = property.target().and_then(|name| document.schema(name));
    if let Some(target) = target.filter(|_| property.description.is_empty()) {
        return docs::first_sentence(&target.description).to_owned();
    }
    let own = &property.source;
    let is_same = own.confidence == schema.source.confidence && (own.note.is_none() || own.note == schema.source.note);
    let source = if is_same {
        String::new()
    } else {
        let pages = Vec::new();
        sources.citation(&Source { pages, ..own.clone() })
    };
    let limits = [
        property
            .min_length
            .or(property.min_items)
            .map(|_| "Must not be empty.".to_owned()),
        property.max_items.map(|max| format!("At most {max}.")),
        property
            .not_before
            .as_ref()
            .map(|earlier| format!("Not before `{earlier}`.")),
        property.max_age_days.map(|days| format!("At most {days} days ago.")),
    ];
    format!(
        "{}\n\n{}\n\n{source}",
        property.description,
        docs::paragraph(limits.into_iter().flatten())
    )
}

fn structs<'a>(
    items: &'a mut [Item],
    document: &'a Document,
) -> impl Iterator<Item = (&'a mut ItemStruct, &'a Schema)> {
    items.iter_mut().filter_map(|item| match item {
        Item::Struct(item) => document.schema(&item.ident.to_string()).map(|schema| (item, schema)),
        _ => None,
    })
}

fn enums<'a>(items: &'a mut [Item], document: &'a Document) -> impl Iterator<Item = (&'a mut ItemEnum, &'a Schema)> {
    items.iter_mut().filter_map(|item| match item {
        Item::Enum(item) => document.schema(&item.ident.to_string()).map(|schema| (item, schema)),
        _ => None,
    })
}
