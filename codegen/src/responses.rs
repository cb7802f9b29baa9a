//! `spec/responses.yaml`: what the APIs answer, as enums of codes with their tables.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    docs, names,
    problem::Place,
    sources::Sources,
    table::{Source, Text},
};

/// Where they are.
pub const FILE: &str = "spec/responses.yaml";

/// What the two APIs answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Responses {
    /// The Import API.
    pub import: ImportResponses,
    /// The Export API.
    pub export: ExportResponses,
}

/// What the Import API answers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportResponses {
    /// The table of codes.
    pub codes: Vec<ImportRow>,
    /// The table of HTTP statuses.
    pub http: Vec<HttpRow>,
}

/// What the Export API answers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportResponses {
    /// The table of failures.
    pub codes: Vec<ExportRow>,
    /// The table of HTTP statuses.
    pub http: Vec<HttpRow>,
}

/// A code of the Import API.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRow {
    /// The wire `code`.
    pub code: u32,
    /// The wire `message`.
    pub name: String,
    /// The status under which the table of codes lists it.
    pub http: u16,
    /// The status that another table gives the same failure; equal to `http` if there is none.
    pub http_alternative: u16,
    /// Whether to try again.
    pub retry: Retry,
    /// What it means for every other call, if it speaks of more than its own.
    pub means: Option<Means>,
    /// What it means.
    pub meaning: Text,
    /// What to do about it.
    pub remedy: Text,
    /// Where the row comes from.
    pub source: Source,
}

/// A failure of the Export API.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportRow {
    /// The wire `message`.
    pub message: String,
    /// The status under which the table of failures lists it.
    pub http: u16,
    /// The other status it may come under; equal to `http` if there is none.
    pub http_alternative: u16,
    /// Whether to try again.
    pub retry: Retry,
    /// What it means for every other call, if it speaks of more than its own.
    pub means: Option<Means>,
    /// What it means.
    pub meaning: Text,
    /// What to do about it.
    pub remedy: Text,
    /// Where the row comes from.
    pub source: Source,
}

/// An HTTP status, for answers whose body says nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpRow {
    /// The status.
    pub status: u16,
    /// Its reason phrase.
    pub phrase: String,
    /// Whether to try again.
    pub retry: Retry,
    /// What it means for every other call, if it speaks of more than its own.
    pub means: Option<Means>,
    /// What it means.
    pub meaning: Text,
    /// What to do about it.
    pub remedy: Text,
    /// Where the row comes from.
    pub source: Source,
}

/// Whether to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// The same request would fail again.
    Never,
    /// After a growing pause.
    Backoff,
    /// When the period of the limit has ended.
    AfterReset,
}

/// What an answer means for every other call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// The token or the service id is wrong: every other call would fail the same way.
    Auth,
}

impl ToTokens for Retry {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Never => quote!(RetryClass::Never),
            Self::Backoff => quote!(RetryClass::Backoff),
            Self::AfterReset => quote!(RetryClass::AfterReset),
        });
    }
}

/// The code that means success.
pub const SUCCESS: &str = "20000";

/// What rows of both APIs have in common.
pub struct Row<'a> {
    /// The wire value: a number in digits, or a word.
    pub raw: String,
    /// The wire `message`.
    pub name: &'a str,
    /// The status under which the table of codes lists it.
    pub http: u16,
    /// The other status it may come under.
    pub http_alternative: u16,
    pub retry: Retry,
    pub means: Option<Means>,
    pub meaning: &'a Text,
    pub remedy: &'a Text,
    pub source: &'a Source,
}

impl ImportRow {
    fn row(&self) -> Row<'_> {
        Row {
            raw: self.code.to_string(),
            name: &self.name,
            http: self.http,
            http_alternative: self.http_alternative,
            retry: self.retry,
            means: self.means,
            meaning: &self.meaning,
            remedy: &self.remedy,
            source: &self.source,
        }
    }
}

impl ExportRow {
    fn row(&self) -> Row<'_> {
        Row {
            raw: self.message.clone(),
            name: &self.message,
            http: self.http,
            http_alternative: self.http_alternative,
            retry: self.retry,
            means: self.means,
            meaning: &self.meaning,
            remedy: &self.remedy,
            source: &self.source,
        }
    }
}

impl Responses {
    /// The codes of an API with their places; none if there is no table for it.
    #[must_use]
    pub fn rows(&self, api: &str) -> Vec<(Row<'_>, Place)> {
        let rows: Vec<_> = match api {
            "import" => self.import.codes.iter().map(ImportRow::row).collect(),
            "export" => self.export.codes.iter().map(ExportRow::row).collect(),
            _ => Vec::new(),
        };
        let at = Place::file(FILE).key(api).key("codes");
        let places = (0..rows.len()).map(|index| at.index(index));
        rows.into_iter().zip(places.collect::<Vec<_>>()).collect()
    }

    /// `generated/responses.rs`.
    ///
    /// # Errors
    /// If a name cannot become a variant.
    pub fn file(&self, pages: &Sources) -> Result<TokenStream, String> {
        let import: Vec<_> = self.import.codes.iter().map(ImportRow::row).collect();
        let export: Vec<_> = self.export.codes.iter().map(ExportRow::row).collect();
        let import_enum = codes(&Api::IMPORT, &import, pages)?;
        let export_enum = codes(&Api::EXPORT, &export, pages)?;
        let import_statuses = statuses(&self.import.http)?;
        let export_statuses = statuses(&self.export.http)?;
        let import_rows = rows("IMPORT", &import)?;
        let export_rows = rows("EXPORT", &export)?;
        Ok(quote! {
            use std::fmt;

            use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

            use super::sources;
            use crate::rows::{
                CodeInfo, Confidence, HttpStatusInfo, Language, RetryClass, Source, Text, UnknownCode,
            };

            #import_enum
            #export_enum

            /// The HTTP statuses of the Import API, for answers whose body says nothing.
            pub const IMPORT_HTTP_STATUSES: &[HttpStatusInfo] = &[#(#import_statuses),*];

            /// The HTTP statuses of the Export API, for answers whose body says nothing.
            pub const EXPORT_HTTP_STATUSES: &[HttpStatusInfo] = &[#(#export_statuses),*];

            #(#import_rows)*
            #(#export_rows)*
        })
    }
}

/// How the two enums differ.
struct Api {
    ident: &'static str,
    prefix: &'static str,
    summary: &'static str,
    raw: &'static str,
    is_number: bool,
}

impl Api {
    const IMPORT: Self = Self {
        ident: "ImportCode",
        prefix: "IMPORT",
        summary: "What became of an Import call: the `code` of the answer.",
        raw: "The code in digits.",
        is_number: true,
    };
    const EXPORT: Self = Self {
        ident: "ExportCode",
        prefix: "EXPORT",
        summary: "Why an export failed: the `message` of the answer.",
        raw: "The message.",
        is_number: false,
    };
}

/// The enum of the codes of one API, and all that can be asked of a code.
fn codes(api: &Api, rows: &[Row<'_>], pages: &Sources) -> Result<TokenStream, String> {
    let code = format_ident!("{}", api.ident);
    let summary = docs::comment(api.summary);
    let raw_doc = docs::comment(api.raw);
    let values: Vec<_> = rows.iter().map(|row| &row.raw).collect();
    let variants = rows
        .iter()
        .map(|row| names::variant(row.name))
        .collect::<Result<Vec<_>, _>>()?;
    let statics = rows
        .iter()
        .map(|row| row_ident(api.prefix, row))
        .collect::<Result<Vec<_>, _>>()?;
    let variant_docs = rows.iter().map(|row| {
        let heading = if api.is_number {
            format!("{}: ", row.raw)
        } else {
            String::new()
        };
        let meaning = docs::paragraph([&row.meaning.en, &row.remedy.en]);
        docs::comment(&format!("{heading}{meaning}\n\n{}", pages.citation(row.source)))
    });
    let display = if api.is_number {
        quote! {
            match self.info() {
                Some(info) => write!(f, "{} {}", info.raw, info.name),
                None => f.write_str(self.as_str()),
            }
        }
    } else {
        quote!(f.write_str(self.as_str()))
    };
    let serde = if api.is_number {
        number_or_text(&code, &variants, &values)?
    } else {
        text(&code)
    };
    Ok(quote! {
        #summary
        ///
        /// A value that the tables do not have is kept as `Unknown`; it may get a variant of its own in a later version.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #code {
            #(#variant_docs #variants,)*
            /// A value that the tables do not have.
            Unknown(UnknownCode),
        }

        impl #code {
            /// All codes that the tables have.
            pub const ALL: &'static [Self] = &[#(Self::#variants),*];

            /// The code that stands for this value on the wire.
            #[must_use]
            pub fn from_raw(raw: &str) -> Self {
                match raw {
                    #(#values => Self::#variants,)*
                    _ => Self::Unknown(UnknownCode::new(raw)),
                }
            }

            #raw_doc
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#variants => #values,)*
                    Self::Unknown(raw) => raw.as_str(),
                }
            }

            /// The row of the table, or `None` if the code is unknown.
            #[must_use]
            pub fn info(&self) -> Option<&'static CodeInfo> {
                match self {
                    #(Self::#variants => Some(&#statics),)*
                    Self::Unknown(_) => None,
                }
            }

            /// The name that the documentation gives the code, or the value itself if it is unknown.
            #[must_use]
            pub fn name(&self) -> &str {
                self.info().map_or(self.as_str(), |info| info.name)
            }

            /// The HTTP status under which the documentation lists the code.
            #[must_use]
            pub fn http_status(&self) -> Option<u16> {
                self.info().map(|info| info.http_status)
            }

            /// What the code means.
            #[must_use]
            pub fn meaning(&self, language: Language) -> Option<&'static str> {
                self.info().map(|info| info.meaning.in_language(language))
            }

            /// What to do about it.
            #[must_use]
            pub fn remedy(&self, language: Language) -> Option<&'static str> {
                self.info().map(|info| info.remedy.in_language(language))
            }

            /// What may be done after it. An unknown code is never retried blindly.
            #[must_use]
            pub fn retry_class(&self) -> RetryClass {
                self.info().map_or(RetryClass::Never, |info| info.retry)
            }

            /// Whether it means success.
            #[must_use]
            pub fn is_success(&self) -> bool {
                self.info().is_some_and(|info| info.success)
            }
        }

        impl fmt::Display for #code {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                #display
            }
        }

        #serde
    })
}

/// Known codes are written as numbers, and both numbers and digits are read.
fn number_or_text(code: &Ident, variants: &[Ident], values: &[&String]) -> Result<TokenStream, String> {
    let numbers = values.iter().map(|raw| number(raw)).collect::<Result<Vec<_>, _>>()?;
    Ok(quote! {
        /// As a number if the code is known, as text if not.
        impl Serialize for #code {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    #(Self::#variants => serializer.serialize_u32(#numbers),)*
                    Self::Unknown(raw) => serializer.serialize_str(raw.as_str()),
                }
            }
        }

        /// From a number or from text: the documentation shows both.
        impl<'de> Deserialize<'de> for #code {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl de::Visitor<'_> for Visitor {
                    type Value = #code;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a code, as a number or as text")
                    }

                    fn visit_u64<E: de::Error>(self, number: u64) -> Result<#code, E> {
                        Ok(#code::from_raw(&number.to_string()))
                    }

                    fn visit_i64<E: de::Error>(self, number: i64) -> Result<#code, E> {
                        Ok(#code::from_raw(&number.to_string()))
                    }

                    fn visit_f64<E: de::Error>(self, number: f64) -> Result<#code, E> {
                        Ok(#code::from_raw(&number.to_string()))
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<#code, E> {
                        Ok(#code::from_raw(text))
                    }
                }

                deserializer.deserialize_any(Visitor)
            }
        }
    })
}

/// Codes that are text.
fn text(code: &Ident) -> TokenStream {
    quote! {
        impl Serialize for #code {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for #code {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(|raw| Self::from_raw(&raw))
            }
        }
    }
}

/// One static for each row.
fn rows(prefix: &str, rows: &[Row<'_>]) -> Result<Vec<TokenStream>, String> {
    let row = |row: &Row<'_>| {
        let ident = row_ident(prefix, row)?;
        let Row {
            raw,
            name,
            retry,
            meaning,
            remedy,
            ..
        } = row;
        let (http, http_alternative) = (
            Literal::u16_unsuffixed(row.http),
            Literal::u16_unsuffixed(row.http_alternative),
        );
        let success = raw == SUCCESS;
        let auth = row.means == Some(Means::Auth);
        let source = row.source.tokens()?;
        Ok(quote! {
            static #ident: CodeInfo = CodeInfo {
                raw: #raw,
                name: #name,
                http_status: #http,
                http_status_alternative: #http_alternative,
                success: #success,
                auth: #auth,
                retry: #retry,
                meaning: #meaning,
                remedy: #remedy,
                source: #source,
            };
        })
    };
    rows.iter().map(row).collect()
}

fn row_ident(prefix: &str, row: &Row<'_>) -> Result<Ident, String> {
    names::constant(&format!("{prefix}_{}", row.name))
}

fn statuses(rows: &[HttpRow]) -> Result<Vec<TokenStream>, String> {
    let status = |row: &HttpRow| {
        let HttpRow {
            phrase,
            retry,
            meaning,
            remedy,
            ..
        } = row;
        let status = Literal::u16_unsuffixed(row.status);
        let auth = row.means == Some(Means::Auth);
        let source = row.source.tokens()?;
        Ok(quote! {
            HttpStatusInfo {
                status: #status,
                phrase: #phrase,
                auth: #auth,
                retry: #retry,
                meaning: #meaning,
                remedy: #remedy,
                source: #source,
            }
        })
    };
    rows.iter().map(status).collect()
}

/// A number with `_` between groups of three digits.
///
/// # Errors
/// If the text is not a number.
pub fn number(digits: &str) -> Result<Literal, String> {
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped.parse().map_err(|_| format!("`{digits}` is no number"))
}
