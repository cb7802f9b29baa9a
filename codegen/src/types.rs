//! Passes over progenitor's types, for the order of the spec, documentation, and no personal data in `Debug`.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use syn::{
    Attribute, Fields, File, Item, ItemEnum, ItemStruct, LitStr, Path, Token, Type, parse_quote,
    punctuated::Punctuated, visit_mut::VisitMut,
};

use crate::{
    docs, limits, names,
    openapi::{Document, Kind, Schema},
    property::{deprecated, redacted_debug},
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
        let in_order = schema.properties.iter().filter_map(|(name, property)| {
            let rust_name = schema.rust_name(name);
            let mut field = by_name.remove(rust_name)?;
            if rust_name != name {
                field.attrs.push(parse_quote!(#[serde(rename = #name)]));
            }
            if property.deprecated {
                let attribute = deprecated();
                field.attrs.push(parse_quote!(#attribute));
            }
            Some(field)
        });
        fields.named = in_order.collect();
        by_name.is_empty() && fields.named.len() == schema.properties.len()
    };
    structs(items, document).map(order).filter(|&ordered| ordered).count()
}

/// Restores the values on the wire of enums that have other names in Rust.
pub fn name_values(items: &mut [Item], document: &Document) -> usize {
    struct Pass<'a>(&'a Schema, usize);

    impl Pass<'_> {
        fn value_of(&self, rust_name: &str) -> Option<&str> {
            let mut renamed = self.0.enum_rust_names.iter();
            renamed
                .find(|(_, name)| *name == rust_name)
                .map(|(value, _)| value.as_str())
        }
    }

    impl VisitMut for Pass<'_> {
        fn visit_lit_str_mut(&mut self, text: &mut LitStr) {
            if let Some(value) = self.value_of(&text.value()) {
                *text = LitStr::new(value, text.span());
                self.1 += 1;
            }
        }
    }

    let mut named = 0;
    let enums: Vec<_> = document.schemas(Kind::Enum).collect();
    for (name, schema) in enums {
        let mut pass = Pass(schema, 0);
        let mut variants = 0;
        for item in &mut *items {
            match item {
                Item::Enum(item) if item.ident == name => {
                    for variant in &mut item.variants {
                        if let Some(value) = pass.value_of(&variant.ident.to_string()) {
                            variant.attrs.push(parse_quote!(#[serde(rename = #value)]));
                            variants += 1;
                        }
                    }
                }
                Item::Impl(block) if matches!(&*block.self_ty, Type::Path(ty) if ty.path.is_ident(name)) => {
                    pass.visit_item_impl_mut(block);
                }
                _ => {}
            }
        }
        // Each is written in `Display` and read in `FromStr`.
        named += usize::from(variants == schema.enum_rust_names.len() && pass.1 == 2 * variants);
    }
    named
}

/// How many fields of requests may be left out, and may be `null` as well.
pub fn nulls(document: &Document) -> usize {
    let sent = document.sent();
    let structs = document.structs().filter(|(name, _)| sent.contains(name));
    structs.map(|(_, schema)| nullable(schema).count()).sum()
}

fn nullable(schema: &Schema) -> impl Iterator<Item = &str> {
    let properties = schema.properties.iter();
    let nullable = properties.filter(|(name, property)| property.nullable && schema.is_optional(name));
    nullable.map(|(name, _)| schema.rust_name(name))
}

/// Tells a field of a request that is `null` from one that is left out.
pub fn send_nulls(items: &mut Vec<Item>, document: &Document) -> usize {
    let sent = document.sent();
    let mut changed = 0;
    for (item, schema) in structs(items, document).filter(|(item, _)| sent.iter().any(|name| item.ident == name)) {
        for field in &mut item.fields {
            if nullable(schema).any(|name| field.ident.as_ref().is_some_and(|ident| ident == name)) {
                let ty = &field.ty;
                field.ty = parse_quote!(Option<#ty>);
                field
                    .attrs
                    .push(parse_quote!(#[serde(default, deserialize_with = "null_or_value")]));
                changed += 1;
            }
        }
    }
    if changed > 0 {
        items.push(parse_quote! {
            /// Reads a field that is there: what is left out never comes here.
            fn null_or_value<'de, D: ::serde::Deserializer<'de>, T: ::serde::Deserialize<'de>>(
                value: D,
            ) -> Result<Option<T>, D::Error> {
                T::deserialize(value).map(Some)
            }
        });
    }
    changed
}

/// Documents every struct with all its fields.
pub fn document_structs(items: &mut [Item], document: &Document, sources: &Sources) -> usize {
    let set = |(item, schema): (&mut ItemStruct, &Schema)| {
        docs::set(&mut item.attrs, &struct_doc(schema, sources));
        item.fields.iter_mut().all(|field| {
            let name = field.ident.as_ref().map(ToString::to_string);
            let property = name.as_deref().and_then(|name| schema.by_rust_name(name));
            let doc = property.map(|(_, property)| field_doc(schema, property, document, sources));
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
            let is_of =
                |value: &str| names::variant(schema.variant_name(value)).is_ok_and(|ident| ident == variant.ident);
            let text = texts.find(|(value, _)| is_of(value));
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

fn debug(item: &ItemStruct, schema: &Schema) -> Item {
    let fields = item.fields.iter().filter_map(|field| field.ident.as_ref());
    let fields = fields.map(|field| {
        let found = schema.by_rust_name(&field.to_string());
        found.map_or((field, true, false), |(name, property)| {
            (field, property.sensitive, schema.is_optional(name))
        })
    });
    let debug = redacted_debug(&item.ident, &TokenStream::new(), fields);
    parse_quote!(#debug)
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
            .filter(|min| *min == 1)
            .map(|_| "Must not be empty.".to_owned()),
        property
            .min_items
            .filter(|min| *min > 1)
            .map(|min| format!("At least {min}.")),
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
        docs::paragraph(limits.into_iter().flatten().chain(limits::sentences(property)))
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
