//! A report for people.

use std::fmt;

use super::{
    Report,
    causes::{Place, Shown},
    words::{records, thousands},
};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} good, {} bad",
            records(self.records),
            thousands(self.good()),
            thousands(self.bad())
        )?;
        for (kind, &count) in &self.good {
            if count > 0 {
                writeln!(f, "  good records of the kind {kind}: {}", thousands(count))?;
            }
        }
        if self.passed_over.rows > 0 {
            write!(
                f,
                "  rows passed over by the mapping: {}",
                thousands(self.passed_over.rows)
            )?;
            places(f, &self.passed_over.first)?;
        }
        match &self.taxonomy {
            Some(taxonomy) => writeln!(f, "Checked against the rules of the API and {taxonomy}.")?,
            None => writeln!(
                f,
                "Checked against the rules of the API. No taxonomy file: names, types and required properties were not checked."
            )?,
        }
        section(f, "Problems", &self.shown_problems(), self.problems.other())?;
        if self.cut_short > 0 {
            writeln!(
                f,
                "  {} so many problems that not all are listed.",
                have(self.cut_short)
            )?;
        }
        section(f, "Warnings", &self.shown_warnings(), self.warnings.other())?;
        for kind in self.denied() {
            writeln!(f, "Denied, though each record by itself is good: {kind}")?;
        }
        Ok(())
    }
}

fn section(f: &mut fmt::Formatter<'_>, title: &str, causes: &[Shown], other: u64) -> fmt::Result {
    if causes.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    for cause in causes {
        let colon = if cause.path.is_empty() { "" } else { ": " };
        write!(f, "  {}{colon}{}", cause.field(), cause.problem)?;
        if let Some(name) = cause.name {
            write!(f, " [{name}]")?;
        }
        write!(f, "\n    {}", records(cause.records))?;
        places(f, &cause.first)?;
    }
    if other > 0 {
        writeln!(f, "  {} other causes.", have(other))?;
    }
    Ok(())
}

/// The first places, and the end of the line.
fn places(f: &mut fmt::Formatter<'_>, first: &[Place]) -> fmt::Result {
    for (index, place) in first.iter().enumerate() {
        let before = if index == 0 { ", first at " } else { ", " };
        write!(f, "{before}{}:{}", place.file, place.line)?;
    }
    writeln!(f)
}

fn have(count: u64) -> String {
    format!("{} {}", records(count), if count == 1 { "has" } else { "have" })
}
