//! What the transport needs of a generated client: the hook that adds the token, and one way to send every operation.

use quote::quote;
use syn::{File, Item, parse_quote};

use crate::{names, openapi::Api};

/// Puts both where progenitor asks for the hook. Returns the numbers of such places and of operations.
pub fn implement(file: &mut File, api: &Api) -> usize {
    let operations = api.document.operations();
    let arms = operations.filter_map(|(_, _, operation)| {
        let (variant, method) = (names::variant(&operation.id).ok()?, names::ident(&operation.id).ok()?);
        Some(quote!(crate::Operation::#variant => self.#method(service_id, body).await,))
    });
    let arms: Vec<_> = arms.collect();
    let hooks: Item = parse_quote! {
        impl ClientHooks<crate::auth::Auth> for Client {
            async fn pre<E>(&self, request: &mut reqwest::Request, _: &OperationInfo) -> Result<(), Error<E>> {
                self.inner.stamp(request);
                Ok(())
            }
        }
    };
    let sends: Item = parse_quote! {
        impl crate::transport::GeneratedClient for Client {
            fn new(client: reqwest::Client, auth: crate::auth::Auth) -> Self {
                let baseurl = auth.base().as_str().trim_end_matches('/').to_owned();
                Self::new_with_client(&baseurl, client, auth)
            }

            async fn send(
                &self,
                operation: crate::Operation,
                service_id: &str,
                body: ::bytes::Bytes,
            ) -> crate::transport::Sent {
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
