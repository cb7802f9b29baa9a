//! A receipt for people.

use std::fmt;

use super::Receipt;
use crate::path_name::path_name;
use dfinery::{ImportCode, Language};
use dfinery_records::thousands;

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Receipt for {}:", self.what)?;
        counts(self, f)?;
        lines(self, f)?;
        writeln!(
            f,
            "{} {}",
            if self.adds_up() {
                "The counts add up."
            } else {
                "The counts do NOT add up: please report it."
            },
            Calls(self),
        )?;
        runs(self, f)?;
        files(self, f)?;
        if let Some(stop) = &self.stopped {
            let reason = stop.to_string();
            writeln!(f, "It ended early: {}.", reason.trim_end_matches('.'))?;
        }
        Ok(())
    }
}

/// The fates, and what the server said.
fn counts(receipt: &Receipt, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let line = |f: &mut fmt::Formatter<'_>, name: &str, count: u64, what: &str| {
        if count == 0 && !matches!(name, "read" | "accepted") {
            return Ok(());
        }
        let line = format!("  {name:<12}{:>12}  {what}", thousands(count));
        writeln!(f, "{}", line.trim_end())
    };
    line(f, "read", receipt.read, "")?;
    let unchanged = match receipt.unchanged {
        0 => String::new(),
        unchanged => format!("of these {} unchanged and not sent", thousands(unchanged)),
    };
    line(f, "accepted", receipt.accepted, &unchanged)?;
    line(f, "invalid", receipt.invalid, "failed the check, not sent")?;
    line(f, "rejected", receipt.rejected, "the server said no")?;
    line(f, "undelivered", receipt.undelivered, "certainly not taken")?;
    line(f, "unknown", receipt.unknown, "sent, but no answer that can be trusted")?;
    for (code, count) in &receipt.by_code {
        let code = ImportCode::from_raw(code);
        let meaning = code
            .info()
            .map_or("", |info| info.meaning.in_language(Language::English));
        let line = format!("    {:<10}{:>12}  {meaning}", code.as_str(), thousands(*count));
        writeln!(f, "{}", line.trim_end())?;
    }
    if receipt.possibly_twice > 0 {
        line(
            f,
            "twice?",
            receipt.possibly_twice,
            "may have been taken more than once",
        )?;
    }
    Ok(())
}

/// What the lines of the inputs are, if there is more than records and a header.
fn lines(receipt: &Receipt, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for input in &receipt.inputs {
        let lines = input.lines;
        if let Some(lines) = lines.filter(|lines| lines.blank + lines.skipped + lines.passed_over > 0) {
            let parts = [
                (lines.records, "of records"),
                (lines.header, "of the header"),
                (lines.blank, "blank"),
                (lines.skipped, "skipped"),
                (lines.passed_over, "passed over"),
            ];
            let parts = parts.iter().filter(|(count, _)| *count > 0);
            let parts: Vec<_> = parts
                .map(|(count, what)| format!("{} {what}", thousands(*count)))
                .collect();
            writeln!(
                f,
                "  {} has {} lines: {}",
                input.name,
                thousands(lines.total),
                parts.join(", ")
            )?;
        }
        if let Some(passed_over) = input.passed_over.as_ref().filter(|passed_over| passed_over.rows > 0) {
            let first: Vec<_> = passed_over.first_lines.iter().map(u64::to_string).collect();
            let word = if passed_over.rows == 1 { "row was" } else { "rows were" };
            writeln!(
                f,
                "    {} {word} passed over by the mapping, first on line {}",
                thousands(passed_over.rows),
                first.join(", ")
            )?;
        }
    }
    Ok(())
}

/// Warnings, and how the runs went.
fn runs(receipt: &Receipt, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !receipt.warnings.is_empty() {
        write!(f, "Warnings:\n{}", receipt.warnings)?;
    }
    if !receipt.denied.is_empty() {
        let names: Vec<_> = receipt.denied.iter().map(|kind| kind.name()).collect();
        let names = names.join(", ");
        writeln!(f, "Denied, but known only after the records were sent: {names}.")?;
    }
    if receipt.finished_before {
        writeln!(f, "All of it had been settled before: nothing was sent.")?;
    } else if receipt.runs > 1 {
        let last = time(receipt.duration_seconds);
        writeln!(f, "It took {} runs, this one {last}.", thousands(receipt.runs.into()))?;
    }
    if receipt.repeat_sends_again {
        writeln!(f, "There is no journal: a repeat of this load sends all of it again.")?;
    }
    if receipt.journal_damaged {
        writeln!(
            f,
            "The journal was damaged: what it no longer knew to be settled was sent again, and counts as possibly twice."
        )?;
    }
    Ok(())
}

/// Where things are.
fn files(receipt: &Receipt, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(path) = &receipt.dead_letter {
        writeln!(f, "Not accepted: {}", path_name(path))?;
    }
    for path in &receipt.rejected_rows {
        writeln!(f, "Rows to correct and load: {}", path_name(path))?;
    }
    if let Some(path) = &receipt.possibly_twice_file {
        writeln!(f, "Possibly twice: {}", path_name(path))?;
    }
    if let Some(path) = &receipt.moved_aside {
        writeln!(f, "Moved aside, from an earlier load: {}", path_name(path))?;
    }
    Ok(())
}

struct Calls<'a>(&'a Receipt);

impl fmt::Display for Calls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Receipt {
            calls,
            attempts,
            rate_limited,
            runs,
            duration_seconds,
            ..
        } = self.0;
        let of = |count: u64, one: &str, many: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{} {many}", thousands(count)),
        };
        f.write_str(&of(*calls, "call", "calls"))?;
        let retries = attempts.saturating_sub(*calls);
        if retries > 0 {
            write!(f, " and {}", of(retries, "retry", "retries"))?;
        }
        if *runs == 1 {
            write!(f, " in {}", time(*duration_seconds))?;
        }
        if *rate_limited > 0 {
            write!(f, ", {} of them refused for the quota", thousands(*rate_limited))?;
        }
        f.write_str(".")
    }
}

/// A time in seconds for people, in its two largest units.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is not negative"
)]
fn time(seconds: f64) -> String {
    match seconds as u64 {
        0..60 => format!("{seconds:.1} s"),
        seconds @ 60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", thousands(seconds / 3_600), seconds / 60 % 60),
    }
}
