//! What the transport needs of a generated client: the hook that adds the token, and one way to send every operation.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{File, FnArg, ImplItem, ImplItemFn, Item, Pat, parse_quote};

use crate::{
    names,
    openapi::{Api, Operation, SERVICE},
};

/// Puts both where progenitor asks for the hook. Returns the numbers of such places and of operations.
pub fn implement(file: &mut File, api: &Api) -> usize {
    let operations = api.document.operations();
    let calls = operations.filter_map(|(_, _, operation)| {
        let arguments = arguments(find(file, &operation.id)?, api, operation)?;
        Some((
            names::variant(&operation.id).ok()?,
            names::ident(&operation.id).ok()?,
            arguments,
        ))
    });
    let calls: Vec<_> = calls.collect();
    let arms: Vec<_> = calls
        .iter()
        .map(|(variant, method, arguments)| {
            let values = arguments.iter().map(Argument::value);
            quote!(crate::Operation::#variant => self.#method(#(#values),*).await,)
        })
        .collect();
    // An argument of `send` that no operation takes would be a warning.
    let used = |name: TokenStream, is_it: fn(&Argument) -> bool| {
        let mut arguments = calls.iter().flat_map(|(.., arguments)| arguments);
        if arguments.any(is_it) { name } else { quote!(_) }
    };
    let service_id = used(quote!(service_id), |argument| matches!(argument, Argument::ServiceId));
    let parameters = used(quote!(parameters), |argument| {
        matches!(argument, Argument::Parameter { .. })
    });
    let body = used(quote!(body), |argument| matches!(argument, Argument::Body));
    let hooks: Item = parse_quote! {
        impl ClientHooks<crate::auth::Auth> for Client {
            async fn pre<E>(&self, request: &mut reqwest::Request, _: &OperationInfo) -> Result<(), Error<E>> {
                self.inner.stamp(request);
                Ok(())
            }
        }
    };
    let sends: Item = parse_quote! {
        impl crate::request::GeneratedClient for Client {
            fn new(client: reqwest::Client, auth: crate::auth::Auth) -> Self {
                let baseurl = auth.base().as_str().trim_end_matches('/').to_owned();
                Self::new_with_client(&baseurl, client, auth)
            }

            async fn send(
                &self,
                operation: crate::Operation,
                #service_id: &str,
                #parameters: &crate::parameters::Parameters,
                #body: ::bytes::Bytes,
            ) -> crate::request::Sent {
                match operation {
                    #(#arms)*
                    _ => Err(Error::InvalidRequest("an operation of the other API".to_owned())),
                }
            }
        }
    };
    let mut places = 0;
    let items = std::mem::take(&mut file.items).into_iter().flat_map(|item| match item {
        Item::Const(assertion) if assertion.ident == "_" => {
            places += 1;
            vec![hooks.clone(), sends.clone()]
        }
        other => vec![other],
    });
    file.items = items.collect();
    places + arms.len()
}

/// The generated method of an operation.
fn find<'a>(file: &'a File, operation: &str) -> Option<&'a ImplItemFn> {
    let items = file.items.iter().filter_map(|item| match item {
        Item::Impl(block) if block.trait_.is_none() => Some(&block.items),
        _ => None,
    });
    let mut methods = items.flatten().filter_map(|item| match item {
        ImplItem::Fn(method) => Some(method),
        _ => None,
    });
    methods.find(|method| method.sig.ident == operation)
}

/// What is passed to a generated method.
enum Argument<'a> {
    ServiceId,
    Parameter { name: &'a str, required: bool },
    Body,
}

impl Argument<'_> {
    fn value(&self) -> TokenStream {
        match self {
            Self::ServiceId => quote!(service_id),
            Self::Parameter { name, required: true } => quote!(parameters.due(#name).map_err(Error::InvalidRequest)?),
            Self::Parameter { name, required: false } => quote!(parameters.get(#name)),
            Self::Body => quote!(body),
        }
    }
}

/// The arguments of a generated method in its own order; `None` if it takes anything unknown.
fn arguments<'a>(method: &ImplItemFn, api: &'a Api, operation: &'a Operation) -> Option<Vec<Argument<'a>>> {
    let names = method.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Receiver(_) => None,
        FnArg::Typed(argument) => Some(match &*argument.pat {
            Pat::Ident(pattern) => pattern.ident.to_string(),
            _ => String::new(),
        }),
    });
    let argument = |name: String| match name.as_str() {
        SERVICE => Some(Argument::ServiceId),
        "body" => Some(Argument::Body),
        _ => {
            let mut parameters = api.document.fields_beside_body(operation);
            let parameter = parameters.find(|parameter| parameter.rust_name() == name)?;
            Some(Argument::Parameter {
                name: &parameter.name,
                required: parameter.required,
            })
        }
    };
    names.map(argument).collect()
}
