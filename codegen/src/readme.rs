//! The two tables of `spec/README.md` that come from `spec/sources.yaml`.

use crate::{
    problem::{Place, Problem},
    sources::Sources,
};

const FILE: &str = "spec/README.md";
const END: &str = "<!-- /generated -->";

/// The text with its tables filled in.
///
/// # Errors
/// If a marker is missing.
pub fn fill(text: &str, sources: &Sources) -> Result<String, Problem> {
    let text = between(text, "<!-- generated: pages -->", &pages(sources))?;
    between(&text, "<!-- generated: contradictions -->", &contradictions(sources))
}

fn between(text: &str, start: &str, table: &str) -> Result<String, Problem> {
    let place = Place::file(FILE);
    let (before, rest) = text
        .split_once(start)
        .ok_or_else(|| place.problem(format!("has no line `{start}`")))?;
    let (_, after) = rest
        .split_once(END)
        .ok_or_else(|| place.problem(format!("has no line `{END}` after `{start}`")))?;
    Ok(format!("{before}{start}\n\n{table}\n{END}{after}"))
}

fn pages(sources: &Sources) -> String {
    let rows = sources.pages.iter().map(|page| {
        let title = format!(
            "[{}]({})",
            cell(&page.title).replace('[', "\\[").replace(']', "\\]"),
            page.url
        );
        format!(
            "| `{}` | {title} | {} | {} | {} |\n",
            page.id,
            page.language.code(),
            page.kind.words(),
            page.seen.word()
        )
    });
    let header = "| Id | Page | Language | Part of | Seen |\n|---|---|---|---|---|\n".to_owned();
    header + &rows.collect::<String>()
}

fn contradictions(sources: &Sources) -> String {
    let rows = sources.contradictions.iter().map(|row| {
        let pages: Vec<_> = row.pages.iter().map(|id| format!("`{id}`")).collect();
        let texts = [&row.topic, &row.conflict, &row.treatment].map(|text| cell(&text.en));
        format!("| {} | {} | {} |\n", row.number, texts.join(" | "), pages.join(", "))
    });
    let header = "| # | Topic | What the pages say | What we do | Pages |\n|---|---|---|---|---|\n".to_owned();
    header + &rows.collect::<String>()
}

/// A text that may be in a table cell.
fn cell(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}
