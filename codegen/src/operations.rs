//! `generated/operations.rs`: the operations, the families whose quotas they spend, and the tokens they take.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use crate::{
    docs, names,
    openapi::{RateLimit, SecurityScheme},
    responses::number,
    spec::Spec,
};

/// The file.
///
/// # Errors
/// If a name of the spec cannot become an identifier.
pub fn file(spec: &Spec) -> Result<TokenStream, String> {
    let operations = operations(spec)?;
    let families = families(spec)?;
    let tokens = tokens(spec)?;
    let (host, headers) = (host(spec), rate_limit_headers(spec));
    Ok(quote! {
        use std::{fmt, time::Duration};

        use super::sources;
        use crate::rows::{Confidence, RateLimit, RateLimitHeaders, Source, Text};

        #host
        #headers
        #operations
        #families
        #tokens
    })
}

fn host(spec: &Spec) -> TokenStream {
    let servers = spec.apis().into_iter().flat_map(|api| &api.document.servers);
    let host = servers.map(|server| server.url.as_str()).next().unwrap_or_default();
    quote! {
        /// Where both APIs are unless a client is told otherwise.
        pub(crate) const HOST: &str = #host;
    }
}

/// The documentation spells these headers in more than one way: each spelling has all three.
fn rate_limit_headers(spec: &Spec) -> TokenStream {
    let mut names: Vec<_> = spec
        .operations()
        .flat_map(|(_, _, _, operation)| operation.responses.values())
        .flat_map(|response| response.headers.keys())
        .map(|name| name.to_lowercase())
        .collect();
    names.sort();
    names.dedup();
    let spellings: Vec<_> = names
        .iter()
        .filter_map(|name| {
            let start = name.strip_suffix("-limit")?;
            let [remaining, reset] = ["remaining", "reset"].map(|end| format!("{start}-{end}"));
            let complete = names.contains(&remaining) && names.contains(&reset);
            complete.then(|| quote!(RateLimitHeaders { period: #name, remaining: #remaining, reset: #reset }))
        })
        .collect();
    let count = Literal::usize_unsuffixed(spellings.len());
    quote! {
        /// The rate-limit headers in each of the spellings that the documentation has, in lower case.
        pub const RATE_LIMIT_HEADERS: [RateLimitHeaders; #count] = [#(#spellings),*];
    }
}

fn operations(spec: &Spec) -> Result<TokenStream, String> {
    let (mut variants, mut variant_docs, mut statics, mut rows) = (vec![], vec![], vec![], vec![]);
    for (_, path, method, operation) in spec.operations() {
        let id = &operation.id;
        let variant = names::variant(id)?;
        let row = names::constant(id)?;
        let method = method.to_uppercase();
        let summary = docs::paragraph([&operation.summary]);
        let family = names::variant(&operation.family)?;
        let token = token(operation.scheme())?;
        let idempotent = operation.idempotent;
        let source = operation.source.tokens()?;
        variant_docs.push(docs::comment(&format!(
            "{summary}\n\n`{method} {path}`\n\n{}",
            spec.sources.citation(&operation.source)
        )));
        rows.push(quote! {
            static #row: OperationInfo = OperationInfo {
                id: #id,
                method: #method,
                path: #path,
                summary: #summary,
                family: Family::#family,
                token: Token::#token,
                idempotent: #idempotent,
                source: #source,
            };
        });
        variants.push(variant);
        statics.push(row);
    }
    Ok(quote! {
        /// An operation of one of the two APIs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {
            #(#variant_docs #variants,)*
        }

        impl Operation {
            /// All operations, in the order of the spec.
            pub const ALL: &'static [Self] = &[#(Self::#variants),*];

            /// Its row of the table.
            #[must_use]
            pub fn info(self) -> &'static OperationInfo {
                match self {
                    #(Self::#variants => &#statics,)*
                }
            }

            /// Its name in the spec, such as `load_events`.
            #[must_use]
            pub fn id(self) -> &'static str {
                self.info().id
            }

            /// Its HTTP method.
            #[must_use]
            pub fn method(self) -> &'static str {
                self.info().method
            }

            /// Its path, from the host on.
            #[must_use]
            pub fn path(self) -> &'static str {
                self.info().path
            }

            /// What it does, in a line.
            #[must_use]
            pub fn summary(self) -> &'static str {
                self.info().summary
            }

            /// The family whose quota it spends.
            #[must_use]
            pub fn family(self) -> Family {
                self.info().family
            }

            /// The token it takes.
            #[must_use]
            pub fn token(self) -> Token {
                self.info().token
            }

            /// Whether sending the same request twice has the same effect as sending it once.
            #[must_use]
            pub fn is_idempotent(self) -> bool {
                self.info().idempotent
            }

            /// The documented quota it spends.
            #[must_use]
            pub fn rate_limit(self) -> RateLimit {
                self.family().rate_limit()
            }
        }

        /// One operation of the API, as the spec describes it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct OperationInfo {
            /// Its name in the spec, such as `load_events`.
            pub id: &'static str,
            /// Its HTTP method.
            pub method: &'static str,
            /// Its path, from the host on.
            pub path: &'static str,
            /// What it does, in a line.
            pub summary: &'static str,
            /// The family whose quota it spends.
            pub family: Family,
            /// The token it takes.
            pub token: Token,
            /// Whether sending the same request twice has the same effect as sending it once.
            pub idempotent: bool,
            /// Where it is documented.
            pub source: Source,
        }

        impl fmt::Display for Operation {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.id())
            }
        }

        #(#rows)*
    })
}

fn families(spec: &Spec) -> Result<TokenStream, String> {
    let limits: Vec<_> = spec
        .apis()
        .into_iter()
        .flat_map(|api| &api.document.rate_limits)
        .collect();
    let names: Vec<_> = limits.iter().map(|(name, _)| *name).collect();
    let variants = names
        .iter()
        .map(|name| names::variant(name))
        .collect::<Result<Vec<_>, _>>()?;
    let variant_docs = limits.iter().map(|(_, limit)| {
        let source = spec.sources.citation(&limit.source);
        docs::comment(&format!("{}\n\n{source}", docs::paragraph([&limit.description])))
    });
    let values = limits
        .iter()
        .map(|(_, limit)| rate_limit(limit))
        .collect::<Result<Vec<_>, _>>()?;
    let arms = arms(&variants, &values);
    Ok(quote! {
        /// Operations that share a quota.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Family {
            #(#variant_docs #variants,)*
        }

        impl Family {
            /// All families.
            pub const ALL: &'static [Self] = &[#(Self::#variants),*];

            /// Its name in the spec.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    #(Self::#variants => #names,)*
                }
            }

            /// The documented quota, per service.
            #[must_use]
            pub const fn rate_limit(self) -> RateLimit {
                match self {
                    #(#arms)*
                }
            }
        }

        impl fmt::Display for Family {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    })
}

fn rate_limit(limit: &RateLimit) -> Result<TokenStream, String> {
    let requests = number(&limit.requests.to_string())?;
    let period = number(&limit.period_seconds.to_string())?;
    let concurrent = limit.concurrent.map(Literal::u32_unsuffixed);
    let concurrent = concurrent.map_or(quote!(None), |concurrent| quote!(Some(#concurrent)));
    Ok(quote! {
        RateLimit { requests: #requests, period: Duration::from_secs(#period), concurrent: #concurrent }
    })
}

fn tokens(spec: &Spec) -> Result<TokenStream, String> {
    let schemes = || {
        spec.apis()
            .into_iter()
            .flat_map(|api| &api.document.components.security_schemes)
    };
    let variants = schemes().map(|(name, _)| token(name)).collect::<Result<Vec<_>, _>>()?;
    let variant_docs = schemes().map(|(_, scheme)| {
        let source = spec.sources.citation(&scheme.source);
        docs::comment(&format!("{}\n\n{source}", docs::paragraph([&scheme.description])))
    });
    let headers: Vec<_> = schemes()
        .map(|(_, scheme)| header(scheme))
        .map(|header| quote!(#header))
        .collect();
    let prefixes: Vec<_> = schemes()
        .map(|(_, scheme)| prefix(scheme))
        .map(|prefix| quote!(#prefix))
        .collect();
    let headers = arms(&variants, &headers);
    let prefixes = arms(&variants, &prefixes);
    Ok(quote! {
        /// A token that operations take.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Token {
            #(#variant_docs #variants,)*
        }

        impl Token {
            /// All tokens.
            pub const ALL: &'static [Self] = &[#(Self::#variants),*];

            /// The header it is sent in, in lower case.
            #[must_use]
            pub const fn header(self) -> &'static str {
                match self {
                    #(#headers)*
                }
            }

            /// What stands before it in the header: `Bearer ` or nothing.
            #[must_use]
            pub const fn scheme(self) -> &'static str {
                match self {
                    #(#prefixes)*
                }
            }
        }
    })
}

/// `import_token` is `Token::Import`.
fn token(scheme: &str) -> Result<Ident, String> {
    names::variant(scheme.strip_suffix("_token").unwrap_or(scheme))
}

fn header(scheme: &SecurityScheme) -> String {
    if scheme.kind == "http" {
        "authorization".to_owned()
    } else {
        scheme.name.to_lowercase()
    }
}

fn prefix(scheme: &SecurityScheme) -> &'static str {
    if scheme.kind == "http" { "Bearer " } else { "" }
}

/// The arms of a `match` over an enum; those with the same value are merged.
fn arms(variants: &[Ident], values: &[TokenStream]) -> Vec<TokenStream> {
    let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
    let firsts = (0..values.len()).filter(|&index| !texts[..index].contains(&texts[index]));
    let arm = |first: usize| {
        let same = variants
            .iter()
            .zip(&texts)
            .filter(|(_, text)| **text == texts[first])
            .map(|(variant, _)| variant);
        let value = &values[first];
        quote!(#(Self::#same)|* => #value,)
    };
    firsts.map(arm).collect()
}
