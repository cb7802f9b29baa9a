//! The findings, for people and for machines.

use std::fmt;

use serde::Serialize;

use super::located::At;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The page, or a part of it, could not be understood.
    Error,
    /// The page and the spec say different things.
    Drift,
    /// The page settles what the spec could only assume.
    Settle,
    /// The wording has changed, or something is new to this check.
    Look,
    /// A difference that `spec/drift.yaml` knows and explains.
    Known,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Drift => "drift",
            Self::Settle => "settle",
            Self::Look => "look",
            Self::Known => "known",
        }
    }
}

/// One thing that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub level: Level,
    /// What it is about, such as `code 40001 message`.
    pub fact: String,
    pub words: String,
    /// Where the page says it.
    pub page: At,
    /// The row of the table, where the line holds several; counts from 1 without the header.
    pub row: Option<usize>,
    /// Where the spec says otherwise.
    pub spec: Option<At>,
}

/// The result for one page.
#[derive(Debug, Default, Serialize)]
pub struct PageReport {
    pub file: String,
    /// What the page is, such as `import-responses-ko`; nothing if it was not recognised.
    pub page: Option<String>,
    /// How many facts were compared.
    pub facts: usize,
    /// How many there were when somebody last looked.
    pub facts_remembered: Option<usize>,
    pub findings: Vec<Finding>,
}

impl PageReport {
    fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

/// The results for all pages.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub facts: usize,
    /// How many facts were compared between the two languages of a page.
    pub language_pairs: usize,
    pub pages: Vec<PageReport>,
    /// What went wrong before a page could be read.
    pub errors: Vec<String>,
}

impl Report {
    /// Notes a page.
    pub fn push(&mut self, mut page: PageReport) {
        page.findings
            .sort_by(|a, b| (a.level, &a.page, a.row, &a.fact).cmp(&(b.level, &b.page, b.row, &b.fact)));
        self.facts += page.facts;
        self.pages.push(page);
    }

    /// Adds to the report of a page.
    pub fn add(&mut self, file: &str, language_pairs: usize, findings: Vec<Finding>) {
        self.language_pairs += language_pairs;
        if let Some(page) = self.pages.iter_mut().find(|page| page.file == file) {
            page.findings.extend(findings);
        }
    }

    /// Leaves out what only has to be looked at, once somebody has accepted it.
    pub fn accept(&mut self) {
        for page in &mut self.pages {
            page.findings.retain(|finding| finding.level != Level::Look);
        }
    }

    /// 0 if everything agrees. Of several reasons the first counts: 2 if something was not understood or nothing was
    /// compared, 1 if something drifted, 3 if a page settles an open question, 4 if there is something to look at.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let any = |level| self.pages.iter().any(|page| page.count(level) > 0);
        match () {
            () if any(Level::Error) || !self.errors.is_empty() => 2,
            () if self.pages.iter().all(|page| page.page.is_none()) => 2,
            () if any(Level::Drift) => 1,
            () if any(Level::Settle) => 3,
            () if any(Level::Look) => 4,
            () => 0,
        }
    }

    /// For machines.
    #[must_use]
    pub fn json(&self) -> String {
        let json = serde_json::json!({
            "exit_code": self.exit_code(),
            "facts": self.facts,
            "language_pairs": self.language_pairs,
            "drift": self.total(Level::Drift),
            "settle": self.total(Level::Settle),
            "look": self.total(Level::Look),
            "pages": self.pages,
            "errors": self.errors,
        });
        format!("{json:#}\n")
    }

    fn total(&self, level: Level) -> usize {
        self.pages.iter().map(|page| page.count(level)).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for page in &self.pages {
            let name = page.page.as_deref().unwrap_or("not recognised");
            write!(
                f,
                "{}: {name}: {} facts compared, {} drift",
                page.file,
                page.facts,
                page.count(Level::Drift)
            )?;
            match page.facts_remembered {
                Some(facts) => writeln!(f, " (last time {facts} facts)")?,
                None => writeln!(f)?,
            }
            for finding in &page.findings {
                let Finding {
                    level,
                    fact,
                    words,
                    page,
                    row,
                    spec,
                } = finding;
                write!(f, "  {:6} {page}", level.word())?;
                if let Some(row) = row {
                    write!(f, " row {row}")?;
                }
                write!(f, ": {fact}: {words}")?;
                match spec {
                    Some(spec) => writeln!(f, " [{spec}]")?,
                    None => writeln!(f)?,
                }
            }
        }
        for error in &self.errors {
            writeln!(f, "error: {error}")?;
        }
        if self.language_pairs > 0 {
            writeln!(
                f,
                "{} facts compared between Korean and English pages",
                self.language_pairs
            )?;
        }
        writeln!(
            f,
            "{} pages, {} facts compared: {} drift, {} known differences, {} to settle, {} to look at, {} errors",
            self.pages.len(),
            self.facts,
            self.total(Level::Drift),
            self.total(Level::Known),
            self.total(Level::Settle),
            self.total(Level::Look),
            self.total(Level::Error) + self.errors.len(),
        )
    }
}
