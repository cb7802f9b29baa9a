//! A report for people.

use std::fmt;

use super::{Report, causes::Causes};

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
        match &self.taxonomy {
            Some(taxonomy) => writeln!(f, "Checked against the rules of the API and {taxonomy}.")?,
            None => writeln!(
                f,
                "Checked against the rules of the API. No taxonomy file: names, types and required properties were not checked."
            )?,
        }
        section(f, "Problems", &self.problems)?;
        if self.cut_short > 0 {
            writeln!(
                f,
                "  {} so many problems that not all are listed.",
                have(self.cut_short)
            )?;
        }
        section(f, "Warnings", &self.warnings)
    }
}

fn section(f: &mut fmt::Formatter<'_>, title: &str, causes: &Causes) -> fmt::Result {
    if causes.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    for cause in causes.sorted() {
        let colon = if cause.path.is_empty() { "" } else { ": " };
        writeln!(f, "  {}{colon}{}", cause.path, cause.problem)?;
        write!(f, "    {}", records(cause.count.get()))?;
        for (index, place) in cause.first.iter().enumerate() {
            let before = if index == 0 { ", first at " } else { ", " };
            write!(f, "{before}{}:{}", place.file, place.line)?;
        }
        writeln!(f)?;
    }
    if causes.other() > 0 {
        writeln!(f, "  {} other causes.", have(causes.other()))?;
    }
    Ok(())
}

fn records(count: u64) -> String {
    format!("{} {}", thousands(count), if count == 1 { "record" } else { "records" })
}

fn have(count: u64) -> String {
    format!("{} {}", records(count), if count == 1 { "has" } else { "have" })
}

/// `1234567` as `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
