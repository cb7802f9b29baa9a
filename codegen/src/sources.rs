//! `spec/sources.yaml`: the pages of the vendor's documentation, as a table and in doc comments.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    docs, names,
    problem::{Place, Problems},
    table::{Confidence, Source, Text},
};

const FILE: &str = "spec/sources.yaml";

/// Where the facts of the spec come from.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// Every page that the spec cites.
    pub pages: Vec<Page>,
    /// The list of all pages of the API guide, which the vendor publishes as `llms.txt`.
    pub index: Option<String>,
    /// Where the pages disagree.
    pub contradictions: Vec<Contradiction>,
    /// What the words of confidence mean.
    pub confidence: ConfidenceMeanings,
}

/// A page of the vendor's documentation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// A name in kebab-case, by which the spec cites the page.
    pub id: String,
    /// What the page is about.
    pub title: String,
    /// The language of the page.
    pub language: PageLanguage,
    /// Which part of the documentation it belongs to.
    pub kind: PageKind,
    /// Where it is.
    pub url: String,
    /// How much of it could be read.
    pub seen: Seen,
    /// Whether it has any facts of the API; it has, if not given.
    pub facts: Option<Facts>,
}

/// What a page says about the API.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Facts {
    /// Nothing: only its wording is watched.
    None,
}

impl Page {
    /// Whether it is at this address, with or without `.md`.
    #[must_use]
    pub fn is_at(&self, address: &str) -> bool {
        address_of(&self.url) == address_of(address)
    }
}

/// An address without what makes no other page of it: scheme, host, query, `.md`, and the name of a folder's own page.
#[must_use]
pub fn address_of(url: &str) -> &str {
    let path = url
        .split_once("://")
        .map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = path.strip_suffix(".md").unwrap_or(path);
    let path = path
        .strip_suffix("/readme")
        .or(path.strip_suffix("/README"))
        .unwrap_or(path);
    path.trim_end_matches('/')
}

/// The language of a page.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PageLanguage {
    /// Korean, the original.
    Ko,
    /// English, a translation.
    En,
}

impl PageLanguage {
    pub fn code(self) -> &'static str {
        match self {
            Self::Ko => "ko",
            Self::En => "en",
        }
    }
}

/// Which part of the documentation a page belongs to.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PageKind {
    /// The guide to the Open API.
    ApiGuide,
    /// The guide to the console.
    UserGuide,
    /// The guide to the SDKs.
    DeveloperGuide,
    /// A repository of an SDK.
    SdkRepository,
}

impl PageKind {
    pub fn words(self) -> &'static str {
        match self {
            Self::ApiGuide => "API guide",
            Self::UserGuide => "user guide",
            Self::DeveloperGuide => "developer guide",
            Self::SdkRepository => "SDK repository",
        }
    }
}

/// How much of a page could be read.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Seen {
    /// All of it.
    Complete,
    /// Parts: its silence proves nothing.
    Partial,
}

impl Seen {
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
        }
    }
}

/// Pages that say different things.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contradiction {
    /// Counts from 1.
    pub number: usize,
    /// What it is about.
    pub topic: Text,
    /// What the pages say against each other.
    pub conflict: Text,
    /// What this project does about it.
    pub treatment: Text,
    /// The pages, by their ids.
    pub pages: Vec<String>,
}

/// What the words of confidence mean.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfidenceMeanings {
    /// On a page of the API guide.
    pub documented: Text,
    /// Follows from a page of the API guide.
    pub derived: Text,
    /// In another official place.
    pub adjacent: Text,
    /// A choice of this project.
    pub assumed: Text,
}

impl Sources {
    /// The page with this id.
    #[must_use]
    pub fn page(&self, id: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.id == id)
    }

    /// The last paragraph of a doc comment, such as `Source: [Limits](https://…), documented.`
    #[must_use]
    pub fn citation(&self, source: &Source) -> String {
        let pages = source.pages.iter().filter_map(|id| self.page(id));
        let links: Vec<_> = pages
            .map(|page| format!("[{}]({})", docs::link_text(&page.title), page.url))
            .collect();
        let confidence = match source.confidence {
            Confidence::Documented => "documented",
            Confidence::Derived => "derived from what the pages show",
            Confidence::Adjacent => "official, but not in the API guide",
            Confidence::Assumed => "assumed by this project",
        };
        let links = if links.is_empty() {
            String::new()
        } else {
            links.join(", ") + ", "
        };
        let note = source.note.as_ref().map(|note| note.en.as_str()).unwrap_or_default();
        docs::paragraph([&format!("Source: {links}{confidence}"), note])
    }

    pub fn lint(&self, problems: &mut Problems) {
        let root = Place::file(FILE);
        self.lint_pages(&root.key("pages"), problems);
        self.lint_index(&root.key("index"), problems);
        self.lint_contradictions(&root.key("contradictions"), problems);
        let words = &self.confidence;
        let texts = [&words.documented, &words.derived, &words.adjacent, &words.assumed];
        for (word, text) in ["documented", "derived", "adjacent", "assumed"].iter().zip(texts) {
            text.lint(&root.key("confidence").key(word), problems);
        }
    }

    fn lint_index(&self, at: &Place, problems: &mut Problems) {
        if let Some(index) = &self.index
            && !(index.starts_with("https://") && index.ends_with("/llms.txt"))
        {
            problems.push(at.problem(format!("`{index}` is no https URL of an llms.txt")));
        }
    }

    fn lint_pages(&self, at: &Place, problems: &mut Problems) {
        if self.pages.is_empty() {
            problems.push(at.problem("is empty"));
        }
        let mut ids = BTreeSet::new();
        let mut urls = BTreeSet::new();
        for (index, page) in self.pages.iter().enumerate() {
            let at = at.index(index);
            if !names::is_lower(&page.id, '-') {
                problems.push(at.key("id").problem(format!("`{}` is not kebab-case", page.id)));
            }
            if page.id == "pages" {
                problems.push(at.key("id").problem("`pages` would hide the list of all pages"));
            }
            if !ids.insert(&page.id) {
                problems.push(at.key("id").problem(format!("`{}` stands twice", page.id)));
            }
            if page.title.trim().is_empty() {
                problems.push(at.key("title").problem("is empty"));
            }
            if !page.url.starts_with("https://") || page.url.contains(|c: char| c.is_whitespace() || "()<>".contains(c))
            {
                problems.push(at.key("url").problem(format!("`{}` is no https URL", page.url)));
            }
            if !urls.insert((&page.url, &page.title)) {
                problems.push(at.problem("has the URL and the title of another page"));
            }
        }
    }

    fn lint_contradictions(&self, at: &Place, problems: &mut Problems) {
        for (index, contradiction) in self.contradictions.iter().enumerate() {
            let at = at.index(index);
            if contradiction.number != index + 1 {
                problems.push(at.key("number").problem(format!(
                    "is {}; it is number {}",
                    contradiction.number,
                    index + 1
                )));
            }
            contradiction.topic.lint(&at.key("topic"), problems);
            contradiction.conflict.lint(&at.key("conflict"), problems);
            contradiction.treatment.lint(&at.key("treatment"), problems);
            let source = Source {
                pages: contradiction.pages.clone(),
                ..Source::default()
            };
            source.lint(&at, Some(self), problems);
        }
    }

    /// `generated/sources.rs`.
    ///
    /// # Errors
    /// If the id of a page cannot become a constant.
    pub fn file(&self) -> Result<TokenStream, String> {
        let constants = self
            .pages
            .iter()
            .map(|page| names::constant(&page.id))
            .collect::<Result<Vec<_>, _>>()?;
        let pages = self.pages.iter().zip(&constants).map(|(page, constant)| {
            let Page { id, title, url, .. } = page;
            let (title, language) = (title.trim(), page.language.code());
            let doc = docs::comment(&format!("[{}]({url})", docs::link_text(title)));
            quote! {
                #doc
                pub(crate) static #constant: Page = Page { id: #id, title: #title, url: #url, language: #language };
            }
        });
        Ok(quote! {
            use crate::rows::Page;

            /// Every page of the vendor's documentation that the spec cites.
            pub const PAGES: &[&Page] = &[#(&#constants),*];

            #(#pages)*
        })
    }
}

impl Source {
    /// Without the pages, which may be unreadable, it checks only the source itself.
    pub fn lint(&self, at: &Place, pages: Option<&Sources>, problems: &mut Problems) {
        if self.pages.is_empty() && self.confidence != Confidence::Assumed {
            problems.push(
                at.key("pages")
                    .problem("is empty; only what is assumed may name no page"),
            );
        }
        for (index, id) in self.pages.iter().enumerate() {
            let at = at.key("pages").index(index);
            if pages.is_some_and(|pages| pages.page(id).is_none()) {
                problems.push(at.problem(format!("`{id}` is no page of spec/sources.yaml")));
            }
            if self.pages[..index].contains(id) {
                problems.push(at.problem(format!("`{id}` stands here twice")));
            }
        }
        if self.pages.is_empty() && self.confidence == Confidence::Assumed && self.note.is_none() {
            problems.push(at.problem("has neither pages nor a note; say in a note why it is assumed"));
        }
        if let Some(note) = &self.note {
            note.lint(&at.key("note"), problems);
        }
    }
}
