//! `spec/drift.yaml`: where pages are known to differ from the spec, and why.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::located::{At, Node};
use crate::{
    problem::{Place, Problem, Problems},
    sources::{PageLanguage, Sources},
};

/// Where the file is.
pub const FILE: &str = "spec/drift.yaml";

/// What a comparison has to know besides the spec.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftFile {
    /// Known differences.
    pub known: Vec<Known>,
    /// The rows of the page on data types.
    pub data_types: Vec<DataType>,
}

/// A difference that is not drift.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// What the page is: `import-responses`, `export-responses`, the id of an operation, `rate-limits`, `data-types`,
    /// `authentication` or `guide`.
    pub page: String,
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
    /// What its examples are instances of.
    pub schema: Value,
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
    /// It is explained there.
    Known(String, At),
    /// The spec made a choice that the page can settle.
    Open(String),
}

impl Knowledge<'_> {
    /// What is known about a fact that differs.
    #[must_use]
    pub fn verdict(&self, fact: &str, reading: &str) -> Verdict {
        let applies = |known: &Known| {
            known.page == self.page
                && known
                    .language
                    .is_none_or(|language| language.code() == self.language.code())
                && known.fact == fact
                && (known.reading == reading || known.reading == "any")
        };
        let Some((index, known)) = self.file.known.iter().enumerate().find(|(_, known)| applies(known)) else {
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
        if known.reading == "any" {
            return Verdict::Open(because);
        }
        let at = At {
            file: FILE.to_owned(),
            line: self.lines.line_of(&["known", &index.to_string()]),
        };
        Verdict::Known(because, at)
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
