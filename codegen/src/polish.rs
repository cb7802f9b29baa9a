//! Passes over progenitor's output, for what neither the spec nor progenitor's settings can change.
//!
//! Every pass says how many places it must change. If progenitor's output changes shape, the run fails with a message
//! instead of the pass having no effect.

use std::collections::BTreeMap;

use proc_macro2::Span;
use quote::ToTokens;
use syn::{
    Expr, ExprMethodCall, File, ImplItem, ImplItemFn, Item, ItemImpl, LitStr, Path, Stmt, Type, Visibility,
    parse_quote,
    punctuated::Punctuated,
    visit_mut::{self, VisitMut},
};

use crate::{
    openapi::{Api, Kind, Operation},
    problem::{Place, Problem, Problems},
    sending,
    sources::Sources,
    types,
};

/// Applies all passes.
///
/// # Errors
/// If a pass does not find what it should change.
pub fn polish(file: &mut File, api: &Api, sources: &Sources) -> Result<(), Problems> {
    let operations = api.document.operations().count();
    let bodies = api
        .document
        .operations()
        .filter(|(_, _, operation)| operation.has_body())
        .count();
    let mut problems = Problems::default();
    let mut pass = |name: &str, changed: usize, due: usize| {
        problems.keep(expect(api, name, changed, due));
    };
    pass("drop Client::new", drop_constructor(file), 1);
    pass("drop the prelude", drop_prelude(file), 1);
    let with_headers: Vec<_> = api
        .document
        .operations()
        .filter_map(|(_, _, operation)| {
            let mut parameters = api.document.parameters(operation);
            let has_headers = parameters.any(|parameter| parameter.place == "header");
            has_headers.then_some(operation.id.as_str())
        })
        .collect();
    pass(
        "drop the api-version header",
        drop_api_version(file, &with_headers),
        3 * operations - 2 * with_headers.len(),
    );
    pass("send JSON", send_json(file), bodies);
    pass(
        "name the parameters",
        name_parameters(file, api),
        renamed_parameters(api),
    );
    pass("parse the base URL once", parse_base_url_once(file), operations);
    pass("hide the client", hide_client(file), 3 + operations);
    pass("send by operation", sending::implement(file, api), 1 + operations);
    let types = types::types(file);
    pass("find the types", types.len(), 1);
    for items in types {
        let (structs, enums) = (api.document.structs().count(), api.document.schemas(Kind::Enum).count());
        let sensitive = api
            .document
            .structs()
            .filter(|(_, schema)| schema.has_sensitive_properties())
            .count();
        pass("order the fields", types::order_fields(items, &api.document), structs);
        pass("name the values", types::name_values(items, &api.document), enums);
        pass(
            "send nulls",
            types::send_nulls(items, &api.document),
            types::nulls(&api.document),
        );
        pass(
            "document the structs",
            types::document_structs(items, &api.document, sources),
            structs,
        );
        pass(
            "document the enums",
            types::document_enums(items, &api.document, sources),
            enums,
        );
        pass("hide personal data", types::redact(items, &api.document), sensitive);
    }
    pass("shorten paths", usize::from(shorten_paths(file) > 0), 1);
    problems.into_result()
}

fn expect(api: &Api, pass: &str, changed: usize, due: usize) -> Result<(), Problem> {
    if changed == due {
        return Ok(());
    }
    Err(Place::file(format!("generated/{}.rs", api.name)).problem(format!(
        "the pass `{pass}` changed {changed} places instead of {due}: progenitor's output has another shape than \
         codegen/src/polish.rs knows"
    )))
}

/// It sets a timeout for the whole answer, which cuts off long exports, and panics without TLS.
fn drop_constructor(file: &mut File) -> usize {
    let mut dropped = 0;
    for client in inherent_impls(file) {
        let before = client.items.len();
        client
            .items
            .retain(|item| !matches!(item, ImplItem::Fn(method) if method.sig.ident == "new"));
        dropped += before - client.items.len();
    }
    dropped
}

fn drop_prelude(file: &mut File) -> usize {
    let before = file.items.len();
    file.items
        .retain(|item| !matches!(item, Item::Mod(module) if module.ident == "prelude"));
    before - file.items.len()
}

/// DFINERY has no such header: its statement, and unless there are other headers, the map it is in and the map's use.
fn drop_api_version(file: &mut File, with_headers: &[&str]) -> usize {
    struct Pass {
        changed: usize,
        keep_map: bool,
    }

    impl VisitMut for Pass {
        fn visit_block_mut(&mut self, block: &mut syn::Block) {
            let before = block.stmts.len();
            block.stmts.retain(|statement| match statement {
                Stmt::Local(local) => {
                    self.keep_map || !matches!(&local.pat, syn::Pat::Ident(name) if name.ident == "header_map")
                }
                Stmt::Expr(Expr::MethodCall(call), _) => {
                    !(call.method == "append" && call.to_token_stream().to_string().contains("\"api-version\""))
                }
                _ => true,
            });
            self.changed += before - block.stmts.len();
            visit_mut::visit_block_mut(self, block);
        }

        fn visit_expr_mut(&mut self, expr: &mut Expr) {
            visit_mut::visit_expr_mut(self, expr);
            if !self.keep_map
                && let Expr::MethodCall(ExprMethodCall { receiver, method, .. }) = expr
                && method == "headers"
            {
                *expr = Expr::clone(receiver);
                self.changed += 1;
            }
        }
    }

    let mut pass = Pass {
        changed: 0,
        keep_map: false,
    };
    for method in methods(file) {
        pass.keep_map = with_headers.iter().any(|name| method.sig.ident == name);
        pass.visit_impl_item_fn_mut(method);
    }
    pass.changed
}

/// Removes the media type that the lowering invented.
fn send_json(file: &mut File) -> usize {
    struct Pass(usize);

    impl VisitMut for Pass {
        fn visit_lit_str_mut(&mut self, text: &mut LitStr) {
            if text.value() == "application/octet-stream" {
                *text = LitStr::new("application/json", Span::call_site());
                self.0 += 1;
            }
        }
    }

    let mut pass = Pass(0);
    methods(file).for_each(|method| pass.visit_impl_item_fn_mut(method));
    pass.0
}

/// Restores the names on the wire of parameters that have another one in Rust. Those in a path have none there.
fn name_parameters(file: &mut File, api: &Api) -> usize {
    struct Pass<'a> {
        /// By the name in Rust.
        names: BTreeMap<&'a str, &'a str>,
        changed: usize,
    }

    impl Pass<'_> {
        fn name(&mut self, argument: &mut Expr) {
            if let Expr::Lit(literal) = argument
                && let syn::Lit::Str(text) = &mut literal.lit
                && let Some(name) = self.names.get(text.value().as_str())
            {
                *text = LitStr::new(name, text.span());
                self.changed += 1;
            }
        }
    }

    impl VisitMut for Pass<'_> {
        fn visit_expr_call_mut(&mut self, call: &mut syn::ExprCall) {
            visit_mut::visit_expr_call_mut(self, call);
            if call.func.to_token_stream().to_string().ends_with("QueryParam :: new") {
                call.args.first_mut().into_iter().for_each(|name| self.name(name));
            }
        }

        fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
            visit_mut::visit_expr_method_call_mut(self, call);
            if call.method == "append" {
                call.args.first_mut().into_iter().for_each(|name| self.name(name));
            }
        }
    }

    let mut changed = 0;
    for method in methods(file) {
        let mut operations = api.document.operations();
        let Some((_, _, operation)) = operations.find(|(_, _, operation)| method.sig.ident == operation.id) else {
            continue;
        };
        let mut pass = Pass {
            names: renamed_by_rust(api, operation).collect(),
            changed: 0,
        };
        pass.visit_impl_item_fn_mut(method);
        changed += pass.changed;
    }
    changed
}

fn renamed_by_rust<'a>(api: &'a Api, operation: &'a Operation) -> impl Iterator<Item = (&'a str, &'a str)> {
    let parameters = api.document.parameters(operation);
    let renamed = parameters.filter(|parameter| parameter.place != "path" && parameter.rust_name() != parameter.name);
    renamed.map(|parameter| (parameter.rust_name(), parameter.name.as_str()))
}

fn renamed_parameters(api: &Api) -> usize {
    let operations = api.document.operations();
    operations
        .map(|(_, _, operation)| renamed_by_rust(api, operation).count())
        .sum()
}

/// `format!("{}/path", self.baseurl)` is parsed as a URL in every call, which costs more than everything else a call
/// does here; what the client holds for us gives the same URL without parsing.
fn parse_base_url_once(file: &mut File) -> usize {
    struct Pass(usize);
    impl VisitMut for Pass {
        fn visit_local_mut(&mut self, local: &mut syn::Local) {
            let Some(init) = &mut local.init else { return };
            let Expr::Macro(syn::ExprMacro { mac, .. }) = &*init.expr else {
                return;
            };
            let arguments = mac.parse_body_with(Punctuated::<Expr, syn::Token![,]>::parse_terminated);
            let Ok(arguments) = arguments else { return };
            let Some(Expr::Lit(format)) = arguments.first() else {
                return;
            };
            let syn::Lit::Str(format) = &format.lit else { return };
            if let Some(path) = format.value().strip_prefix("{}")
                && mac.path.is_ident("format")
            {
                let segments: Vec<_> = arguments.iter().skip(2).collect();
                *init.expr = if segments.is_empty() {
                    parse_quote!(self.inner.url(#path))
                } else {
                    parse_quote!(self.inner.url(&format!(#path, #(#segments),*)))
                };
                self.0 += 1;
            }
        }
    }
    let mut pass = Pass(0);
    methods(file).for_each(|method| pass.visit_impl_item_fn_mut(method));
    pass.0
}

/// Users of the crate see the types, but never the client.
fn hide_client(file: &mut File) -> usize {
    let mut hidden = 0;
    let mut hide = |visibility: &mut Visibility| {
        if matches!(visibility, Visibility::Public(_)) {
            *visibility = parse_quote!(pub(crate));
            hidden += 1;
        }
    };
    for item in &mut file.items {
        match item {
            Item::Struct(client) => hide(&mut client.vis),
            Item::Use(names) => hide(&mut names.vis),
            _ => {}
        }
    }
    methods(file).for_each(|method| hide(&mut method.vis));
    hidden
}

/// `::std::option::Option` and its like are in the prelude of Rust.
fn shorten_paths(file: &mut File) -> usize {
    struct Pass(usize);

    impl VisitMut for Pass {
        fn visit_path_mut(&mut self, path: &mut Path) {
            visit_mut::visit_path_mut(self, path);
            let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            if let ["std", "option", "Option"]
            | ["std", "vec", "Vec"]
            | ["std", "string", "String"]
            | ["std", "result", "Result"] = names[..]
            {
                path.leading_colon = None;
                path.segments = path.segments.iter().skip(2).cloned().collect();
                self.0 += 1;
            }
        }

        /// Serde takes paths as strings.
        fn visit_meta_list_mut(&mut self, list: &mut syn::MetaList) {
            let text = list
                .tokens
                .to_string()
                .replace("::std::option::", "")
                .replace("::std::vec::", "")
                .replace(":: std :: collections :: ", "::std::collections::");
            list.tokens = text.parse().unwrap_or_else(|_| list.tokens.clone());
        }
    }

    let mut pass = Pass(0);
    pass.visit_file_mut(file);
    pass.0
}

fn inherent_impls(file: &mut File) -> impl Iterator<Item = &mut ItemImpl> {
    file.items.iter_mut().filter_map(|item| match item {
        Item::Impl(block) if block.trait_.is_none() && is_client(&block.self_ty) => Some(block),
        _ => None,
    })
}

fn methods(file: &mut File) -> impl Iterator<Item = &mut ImplItemFn> {
    let items = inherent_impls(file).flat_map(|block| &mut block.items);
    items.filter_map(|item| match item {
        ImplItem::Fn(method) => Some(method),
        _ => None,
    })
}

fn is_client(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("Client"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{client, lower, parse, read, spec::Spec};

    /// Polishes what progenitor would write for the fixture if it wrote `to` instead of `from`.
    fn polished(from: &str, to: &str) -> Result<String, String> {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture");
        let inputs = read::inputs(&fixture).map_err(|problems| problems.to_string())?;
        let spec = Spec::new(&parse::files(&inputs)).map_err(|problems| problems.to_string())?;
        let file =
            client::generate(&spec.import, lower::lower(&spec.import)).map_err(|problems| problems.to_string())?;
        let text = prettyplease::unparse(&file);
        assert!(text.contains(from), "no `{from}` in\n{text}");
        let mut file = syn::parse_file(&text.replace(from, to)).map_err(|error| error.to_string())?;
        polish(&mut file, &spec.import, &spec.sources).map_err(|problems| problems.to_string())?;
        Ok(prettyplease::unparse(&file))
    }

    #[test]
    fn nothing_is_left_of_what_is_dropped() {
        let text = polished("load_events", "load_events").unwrap();
        for dropped in [
            "api-version",
            "header_map",
            "octet-stream",
            "prelude",
            "pub fn new(",
            "from_secs",
            "baseurl,)",
            "::std::option::Option",
        ] {
            assert!(!text.contains(dropped), "`{dropped}` in\n{text}");
        }
        assert_eq!(text.matches("\"application/json\"").count(), 1);
    }

    #[test]
    fn every_operation_is_sent_by_its_method_with_the_token() {
        let text = polished("load_events", "load_events").unwrap();
        assert!(text.contains("crate::Operation::LoadEvents => self.load_events(service_id, body).await"));
        assert_eq!(text.matches("self.inner.stamp(request)").count(), 1);
    }

    #[test]
    fn fields_have_the_order_of_the_spec() {
        let text = polished("load_events", "load_events").unwrap();
        let places = [
            "pub event_log_id",
            "pub event_name",
            "pub event_datetime",
            "pub event_items",
            "pub event_properties",
        ];
        let places = places.map(|field| text.find(field).unwrap());
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn personal_data_are_not_printed() {
        let text = polished("load_events", "load_events").unwrap();
        let identity = text.find("pub struct Identity").unwrap();
        let derive = text[..identity].rfind("#[derive(").unwrap();
        assert!(!text[derive..identity].contains("Debug"));
        assert!(text.contains("impl ::std::fmt::Debug for Identity"));
        assert_eq!(text.matches("crate::redact::Redacted").count(), 2);
    }

    #[test]
    fn a_pass_that_finds_nothing_fails_in_words() {
        for (from, to, words) in [
            (
                "pub fn new(",
                "pub fn create(",
                "`drop Client::new` changed 0 places instead of 1",
            ),
            (
                "mod prelude",
                "mod common",
                "`drop the prelude` changed 0 places instead of 1",
            ),
            (
                "\"api-version\"",
                "\"version\"",
                "`drop the api-version header` changed 2 places instead of 3",
            ),
            (
                "header_map",
                "map",
                "`drop the api-version header` changed 2 places instead of 3",
            ),
            (
                ".headers(header_map)",
                "",
                "`drop the api-version header` changed 2 places instead of 3",
            ),
            (
                "application/octet-stream",
                "*/*",
                "`send JSON` changed 0 places instead of 1",
            ),
            (
                "pub struct Client",
                "struct Client",
                "`hide the client` changed 3 places instead of 4",
            ),
            (
                "const _: ()",
                "const HOOKS: ()",
                "`send by operation` changed 1 places instead of 2",
            ),
            (
                "mod types",
                "mod model",
                "`find the types` changed 0 places instead of 1",
            ),
            (
                "pub email",
                "pub e_mail",
                "`order the fields` changed 4 places instead of 5",
            ),
            (
                "struct Identity",
                "struct User",
                "`document the structs` changed 4 places instead of 5",
            ),
            (
                "Debug, Default",
                "Default",
                "`hide personal data` changed 0 places instead of 1",
            ),
            ("::std::", "std_::", "`shorten paths` changed 0 places instead of 1"),
        ] {
            let problems = polished(from, to).unwrap_err();
            let words = format!("generated/import.rs: the pass {words}: progenitor's output has another shape than");
            assert!(problems.contains(&words), "{from}: {problems}");
        }
    }
}
