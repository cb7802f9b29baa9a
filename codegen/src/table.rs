//! What the rows of all tables have: a text in two languages, and a source.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    names,
    problem::{Place, Problems},
};

/// A text in English and in Korean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English.
    pub en: String,
    /// Korean.
    pub ko: String,
}

impl Text {
    pub fn lint(&self, at: &Place, problems: &mut Problems) {
        for (language, text) in [("en", &self.en), ("ko", &self.ko)] {
            if text.trim().is_empty() {
                problems.push(
                    at.key(language)
                        .problem("is empty; every text is needed in both languages"),
                );
            }
        }
    }
}

impl ToTokens for Text {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let (en, ko) = (self.en.trim(), self.ko.trim());
        tokens.extend(quote!(Text { en: #en, ko: #ko }));
    }
}

/// Where a fact comes from, and how sure it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// How sure the fact is.
    pub confidence: Confidence,
    /// The pages that say so, by their ids in sources.yaml. Only an assumption may do without.
    pub pages: Vec<String>,
    /// A remark, in one sentence.
    pub note: Option<Text>,
}

/// How sure a fact is; sources.yaml has the meanings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// On a page of the API guide.
    #[default]
    Documented,
    /// Follows from a page of the API guide.
    Derived,
    /// In another official place.
    Adjacent,
    /// A choice of this project.
    Assumed,
}

impl Source {
    /// The value of the handwritten `Source` that says the same.
    ///
    /// # Errors
    /// If the id of a page gives no constant.
    pub fn tokens(&self) -> Result<TokenStream, String> {
        let confidence = match self.confidence {
            Confidence::Documented => quote!(Documented),
            Confidence::Derived => quote!(Derived),
            Confidence::Adjacent => quote!(Adjacent),
            Confidence::Assumed => quote!(Assumed),
        };
        let pages = self
            .pages
            .iter()
            .map(|id| names::constant(id))
            .collect::<Result<Vec<_>, _>>()?;
        let note = self.note.as_ref().map_or(quote!(None), |note| quote!(Some(#note)));
        Ok(quote! {
            Source { confidence: Confidence::#confidence, pages: &[#(&sources::#pages),*], note: #note }
        })
    }
}
