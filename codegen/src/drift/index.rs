//! `llms.txt`, the list of all pages that `GitBook` publishes beside them.

use super::Book;
use crate::sources::{Page, address_of};

/// The pages that the list names.
#[derive(Debug, Default)]
pub struct Index {
    pub entries: Vec<Entry>,
}

/// A page of the list.
#[derive(Debug)]
pub struct Entry {
    pub line: usize,
    pub title: String,
    /// Of its Markdown.
    pub url: String,
}

impl Index {
    /// Reads the links of a list that is at `own`; only those in the same folder are pages of the guide.
    #[must_use]
    pub fn parse(text: &str, own: &str) -> Self {
        let folder = own.rsplit_once('/').map_or(own, |(folder, _)| folder);
        let host = own
            .find("://")
            .and_then(|at| own.get(..at + 3 + own.get(at + 3..)?.find('/')?))
            .unwrap_or_default();
        let mut entries: Vec<Entry> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            for (at, _) in line.match_indices("](") {
                let target = line
                    .get(at + 2..)
                    .and_then(|rest| rest.split([')', ' ']).next())
                    .unwrap_or_default();
                let url = if target.starts_with('/') {
                    format!("{host}{target}")
                } else {
                    target.to_owned()
                };
                let title = line
                    .get(..at)
                    .and_then(|before| before.rsplit('[').next())
                    .unwrap_or_default();
                let page = url.strip_suffix(".md").is_some() && url.starts_with(folder);
                if page && !entries.iter().any(|entry| address_of(&entry.url) == address_of(&url)) {
                    entries.push(Entry {
                        line: index + 1,
                        title: title.to_owned(),
                        url,
                    });
                }
            }
        }
        Self { entries }
    }

    /// A page of the spec in the list.
    #[must_use]
    pub fn find(&self, page: &Page) -> Option<&Entry> {
        self.entries.iter().find(|entry| page.is_at(&entry.url))
    }

    /// Whether the list has pages in the language of this one, so that it would have this one, too.
    #[must_use]
    pub fn covers(&self, page: &Page) -> bool {
        let english = |url: &str| format!("{}/", address_of(url)).contains("/en/");
        self.entries
            .iter()
            .any(|entry| english(&entry.url) == english(&page.url))
    }

    /// The pages that the spec does not list.
    pub fn unlisted<'a>(&'a self, book: &'a Book) -> impl Iterator<Item = &'a Entry> {
        let pages = &book.spec.sources.pages;
        self.entries
            .iter()
            .filter(|entry| !pages.iter().any(|page| page.is_at(&entry.url)))
    }
}

impl Entry {
    /// A name for a file.
    #[must_use]
    pub fn slug(&self) -> String {
        let name = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        address_of(&self.url).trim_matches('/').chars().map(name).collect()
    }
}
