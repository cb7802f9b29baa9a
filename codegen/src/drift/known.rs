//! `spec/drift.yaml`: where pages are known to differ from the spec, and why.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::located::{At, Node};
use crate::{
    problem::{Place, Problem, Problems},
    sources::{PageLanguage, Sources},
    taxonomy::Type,
};

/// Where the file is.
pub const FILE: &str = "spec/drift.yaml";

/// The reading of an entry whose fact is open.
pub const ANY: &str = "any";

/// The facts about samples, which any page may show: the HTTP status over the body of a failure, and a datetime with an
/// offset in place of the `Z`.
pub const FAILURE_STATUS: &str = "status of a failure";
pub const OFFSET: &str = "offset of a datetime";

/// What a comparison has to know besides the spec.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftFile {
    /// Known differences.
    pub known: Vec<Known>,
    /// The rows of the page on data types.
    pub data_types: Vec<DataType>,
    /// What samples of a field look like, where the schema of the spec leaves it open on purpose.
    pub forms: Vec<Form>,
}

/// A difference that is not drift.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// What the page is: `import-responses`, `export-responses`, the id of an operation, `rate-limits`, `data-types`,
    /// `authentication` or `guide`; any, if not given.
    pub page: Option<String>,
    /// The language of the page; either, if not given.
    pub language: Option<PageLanguage>,
    /// The fact, as reports name it.
    pub fact: String,
    /// What the page says: a value, `present`, `absent`, or `any` if the spec could not read it and made a choice.
    pub reading: String,
    /// The contradiction that explains it.
    pub contradiction: Option<usize>,
    /// Why it is known, if no contradiction says so.
    pub because: Option<String>,
}

/// A data type as the documentation names it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataType {
    /// Its name, in English on either page.
    pub name: String,
    /// How it is written, or nothing.
    pub format: Option<String>,
    /// What it is called in the taxonomy; its examples are values of it.
    #[serde(rename = "type")]
    pub kind: Type,
}

/// The form of a field's samples.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The name of the field, wherever it is.
    pub field: String,
    /// What its samples are instances of.
    pub schema: Value,
    /// Why.
    pub because: String,
}

/// The file with its lines, and the page that asks.
#[derive(Debug)]
pub struct Knowledge<'a> {
    pub file: &'a DriftFile,
    pub lines: &'a Node,
    pub sources: &'a Sources,
    pub page: String,
    pub language: PageLanguage,
}

/// What is known about a difference.
pub enum Verdict {
    /// Nothing: it is drift.
    Unknown,
    /// It is explained, by this entry.
    Known { because: String, index: usize, at: At },
    /// The spec made a choice that the page can settle.
    Open { because: String, index: usize, at: At },
}

impl Knowledge<'_> {
    /// What is known about a fact that differs.
    #[must_use]
    pub fn verdict(&self, fact: &str, reading: &str) -> Verdict {
        let applies = |known: &Known| known.fact == fact && (known.reading == reading || known.reading == ANY);
        let mut entries = self.file.known.iter().enumerate();
        let Some((index, known)) = entries.find(|(_, known)| self.is_about(known) && applies(known)) else {
            return Verdict::Unknown;
        };
        let because = match (known.contradiction, &known.because) {
            (Some(number), _) => {
                let topic = self
                    .sources
                    .contradictions
                    .iter()
                    .find(|contradiction| contradiction.number == number);
                let topic = topic.map_or("", |contradiction| contradiction.topic.en.trim());
                format!("contradiction {number}, {topic}")
            }
            (None, because) => because.clone().unwrap_or_default(),
        };
        let because = because.trim_end_matches('.').to_owned();
        let at = self.at(index);
        if known.reading == ANY {
            Verdict::Open { because, index, at }
        } else {
            Verdict::Known { because, index, at }
        }
    }

    /// The entry for this reading of a fact.
    #[must_use]
    pub fn entry(&self, fact: &str, reading: &str) -> Option<(usize, At)> {
        let applies = |known: &Known| self.is_about(known) && known.fact == fact && known.reading == reading;
        let index = self.file.known.iter().position(applies)?;
        Some((index, self.at(index)))
    }

    /// The entries for this page, without those for all pages.
    pub fn entries(&self) -> impl Iterator<Item = (usize, &Known)> {
        let entries = self.file.known.iter().enumerate();
        entries.filter(|(_, known)| known.page.is_some() && self.is_about(known))
    }

    fn is_about(&self, known: &Known) -> bool {
        let language = known.language.map(PageLanguage::code);
        known.page.as_ref().is_none_or(|page| *page == self.page)
            && language.is_none_or(|language| language == self.language.code())
    }

    /// Where an entry is.
    #[must_use]
    pub fn at(&self, index: usize) -> At {
        At {
            file: FILE.to_owned(),
            line: self.lines.line_of(&["known", &index.to_string()]),
        }
    }
}

impl DriftFile {
    /// Reads the file.
    ///
    /// # Errors
    /// If it is not YAML, has unknown keys, or an entry gives no reason.
    pub fn parse(text: &str, sources: &Sources) -> Result<Self, Problems> {
        let file: Self = serde_saphyr::from_str(text).map_err(|error| problem(error.to_string()))?;
        let mut problems = Problems::default();
        for (index, known) in file.known.iter().enumerate() {
            let at = Place::file(FILE).key("known").index(index);
            let reasons = usize::from(known.contradiction.is_some()) + usize::from(known.because.is_some());
            if reasons != 1 {
                problems.push(at.problem("needs either a `contradiction` or a `because`"));
            }
            if known.page.is_none() && ![FAILURE_STATUS, OFFSET].contains(&known.fact.as_str()) {
                let words = format!("needs a `page`; only `{FAILURE_STATUS}` and `{OFFSET}` are about all pages");
                problems.push(at.problem(words));
            }
            if let Some(number) = known.contradiction
                && !sources
                    .contradictions
                    .iter()
                    .any(|contradiction| contradiction.number == number)
            {
                problems.push(at.problem(format!("sources.yaml has no contradiction {number}")));
            }
        }
        problems.into_result()?;
        Ok(file)
    }
}

fn problem(words: String) -> Problem {
    Place::file(FILE).problem(words)
}
