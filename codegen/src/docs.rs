//! Doc comments: wrapped lines, and code words in backticks.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, parse_quote};

/// The longest line of a doc comment, without `///` and indentation.
const WIDTH: usize = 96;

/// A doc comment of one or more paragraphs, separated by empty lines.
#[must_use]
pub fn comment(markdown: &str) -> TokenStream {
    let lines = lines(markdown);
    quote!(#(#[doc = #lines])*)
}

/// Replaces all doc comments of an item with this one.
pub fn set(attrs: &mut Vec<Attribute>, markdown: &str) {
    attrs.retain(|attr| !attr.path().is_ident("doc"));
    let lines = lines(markdown);
    attrs.splice(0..0, lines.iter().map(|line| parse_quote!(#[doc = #line])));
}

/// The lines of a doc comment, each with the space that follows `///`.
#[must_use]
pub fn lines(markdown: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in markdown
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
    {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let mut line = String::new();
        for word in words(paragraph) {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            line.push(' ');
            line.push_str(&word);
        }
        lines.push(line);
    }
    lines
}

/// Joins sentences into a paragraph, each with a full stop.
#[must_use]
pub fn paragraph<S: AsRef<str>>(sentences: impl IntoIterator<Item = S>) -> String {
    let sentences = sentences.into_iter().map(|sentence| {
        let sentence = sentence.as_ref().trim();
        let stop = if sentence.is_empty() || sentence.ends_with(['.', '!', '?', ':']) {
            ""
        } else {
            "."
        };
        format!("{sentence}{stop}")
    });
    sentences
        .filter(|sentence| !sentence.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The first sentence of a text, for a place that need not repeat the rest.
#[must_use]
pub fn first_sentence(text: &str) -> &str {
    let mut ends = text.match_indices(". ").map(|(index, _)| index + 1);
    let end = ends.find(|&end| text[..end].matches('`').count().is_multiple_of(2));
    &text[..end.unwrap_or(text.len())]
}

/// A title that may be inside the brackets of a link.
#[must_use]
pub fn link_text(title: &str) -> String {
    title.trim().replace('[', "(").replace(']', ")")
}

/// Splits at white space, but neither inside `code` nor inside a [link](…), and sets names of code in backticks.
fn words(paragraph: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut in_code, mut in_link) = (false, false);
    for c in paragraph.chars() {
        match c {
            '`' => in_code = !in_code,
            '[' if !in_code => in_link = true,
            ']' if !in_code => in_link = false,
            _ => {}
        }
        if c.is_whitespace() && !in_code && !in_link {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(if c == '\n' { ' ' } else { c });
        }
    }
    words.retain(|word| !word.is_empty());
    words.iter().map(|word| code_in_backticks(word)).collect()
}

/// Names such as `event_items` would otherwise be read as markup, or not be seen as code at all.
fn code_in_backticks(word: &str) -> String {
    let core = word.trim_matches(|c: char| c.is_ascii_punctuation() && !"_<>{}[]$".contains(c));
    let is_code =
        core.contains(['_', '<', '>', '{', '}', '[', ']', '*']) && !word.contains(['`', '(']) && !word.contains("://");
    if is_code {
        word.replacen(core, &format!("`{core}`"), 1)
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paragraphs_are_wrapped_and_links_stay_whole() {
        let link = "[A page with a title](https://example.com/a)";
        let lines = lines(&format!("{} {link}\n\nNext.", "word ".repeat(17).trim()));
        assert_eq!(
            lines,
            [
                &format!(" {}", "word ".repeat(17).trim()),
                &format!(" {link}"),
                "",
                " Next."
            ]
        );
    }

    #[test]
    fn names_of_code_get_backticks_once() {
        assert_eq!(
            lines("the service_id, not `a_b c`, in events[]."),
            [" the `service_id`, not `a_b c`, in `events[]`."]
        );
    }

    #[test]
    fn a_full_stop_in_code_ends_no_sentence() {
        assert_eq!(first_sentence("As `a. b` says. Next."), "As `a. b` says.");
        assert_eq!(first_sentence("Only one"), "Only one");
    }

    #[test]
    fn sentences_get_their_full_stop() {
        assert_eq!(paragraph(["One", "Two.", "", "Three"]), "One. Two. Three.");
    }
}
