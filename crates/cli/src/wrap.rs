//! Long lines of texts that people read, broken between words where a terminal would break them within one.

use anstream::adapter::strip_str;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm, core::Word};

/// The text with its lines broken at this width. What goes on stands below the beginning of its column, or further to the
/// right than the line. A word that is longer stays whole, and so does a path, which may have blanks, or a line with a
/// command: they are there to be copied.
pub fn wrap(text: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let is_short = textwrap::core::display_width(line) <= width || line.trim().is_empty();
        if is_short || line.contains(": dfinery ") {
            wrapped.extend([line, end]);
            continue;
        }
        let plain = strip_str(line).to_string();
        let indent = " ".repeat(column_of_text(&plain).min(width / 2));
        let options = Options::new(width)
            .subsequent_indent(&indent)
            .break_words(false)
            .word_separator(WordSeparator::Custom(words))
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        wrapped.push_str(&textwrap::fill(line, options));
        wrapped.push_str(end);
    }
    wrapped
}

/// The words of a line, where it may be broken. Nothing says where a path with blanks begins and ends, so it counts as one
/// word with what is around it, from one punctuation mark to the next.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let (mut words, mut clause, mut end) = (Vec::new(), Vec::new(), 0);
    for word in WordSeparator::AsciiSpace.find_words(line) {
        let start = end;
        end += word.word.len() + word.whitespace.len();
        let plain = strip_str(word.word).to_string();
        let is_last = plain.ends_with([':', ',', ';', '.', ')']) || word.whitespace.len() > 1;
        clause.push((start, plain, word));
        if is_last {
            words.extend(whole_path(line, end, std::mem::take(&mut clause)));
        }
    }
    words.extend(whole_path(line, end, clause));
    Box::new(words.into_iter())
}

/// The words of a clause that ends here, with a path in it as one.
fn whole_path<'a>(line: &'a str, end: usize, mut clause: Vec<(usize, String, Word<'a>)>) -> Vec<Word<'a>> {
    let mut path = None;
    if clause.iter().any(|(_, word, _)| names_a_file(word)) {
        let absolute = clause.iter().position(|(_, word, _)| begins_a_path(word));
        let first = absolute.unwrap_or_default();
        path = clause.get(first).map(|(start, ..)| Word::from(&line[*start..end]));
        clause.truncate(first);
    }
    clause.into_iter().map(|(.., word)| word).chain(path).collect()
}

/// Whether a word is the name of a file, or a part of a path.
fn names_a_file(word: &str) -> bool {
    let has_ending = |(name, ending): (&str, &str)| {
        !name.is_empty() && ending.starts_with(|first: char| first.is_ascii_alphabetic())
    };
    word.contains(['/', '\\']) || word.rsplit_once('.').is_some_and(has_ending)
}

/// Whether a path begins here and not before.
fn begins_a_path(word: &str) -> bool {
    let word = word.trim_start_matches(['(', '`', '"', '\'']);
    let has_drive = word.get(1..3) == Some(":\\");
    word.starts_with(['/', '~']) || word.starts_with("./") || word.starts_with("../") || has_drive
}

/// Where the text of a line begins, which may stand in a column of its own: behind its last gap of two blanks.
fn column_of_text(line: &str) -> usize {
    let words = line.trim_start();
    let start = line.len() - words.len();
    match words.rfind("  ") {
        Some(gap) => textwrap::core::display_width(&line[..start + gap + 2]),
        None => start + 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_goes_on_below_its_column() {
        let text = "  rejected      5  no\n    40001       5  it was read, but not taken\nAll of it is here now.\n";
        assert_eq!(
            wrap(text, 30),
            "  rejected      5  no\n    40001       5  it was\n               read, but not\n               taken\nAll of it is here now.\n"
        );
        assert_eq!(wrap("  a: one two three\n", 12), "  a: one two\n    three\n");
        assert_eq!(
            wrap("회원번호 (identity) 가나다라\n", 24),
            "회원번호 (identity)\n  가나다라\n"
        );
        assert_eq!(
            wrap("\u{1b}[31m  a: one two three\u{1b}[0m\n", 12),
            "\u{1b}[31m  a: one two\n    three\u{1b}[0m\n"
        );
        assert_eq!(wrap("    \n", 2), "    \n");
        let command = "To go on: dfinery replay 'a b.dfinery/dead-letter.ndjson'\n";
        assert_eq!(wrap(command, 10), command);
        assert_eq!(
            wrap("see /a/path/that/is/longer\n", 10),
            "see\n  /a/path/that/is/longer\n"
        );
    }

    #[test]
    fn a_path_with_blanks_can_be_copied_as_a_whole() {
        for (line, wrapped) in [
            (
                "Not accepted: 회원 목록 1.csv.dfinery/dead-letter.ndjson",
                "Not accepted:\n  회원 목록 1.csv.dfinery/dead-letter.ndjson",
            ),
            (
                "another load uses the file /Kim Min/my members.delta. Wait until it ends",
                "another load uses the\n  file\n  /Kim Min/my members.delta.\n  Wait until it ends",
            ),
            (
                r"cannot write C:\Users\Kim Min\a b.csv: the disk is full now",
                "cannot write\n  C:\\Users\\Kim Min\\a b.csv:\n  the disk is full now",
            ),
            (
                "    1 record, first at my new members.csv:12, my new members.csv:13",
                "    1 record,\n      first at my new members.csv:12,\n      my new members.csv:13",
            ),
        ] {
            assert_eq!(wrap(line, 24), wrapped);
        }
    }

    proptest! {
        #[test]
        fn every_word_stays(text in "[ a-c가/.:,\n]{0,80}", width in 0..40_usize) {
            let wrapped = wrap(&text, width);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&wrapped), words(&text));
            prop_assert!(wrapped.lines().count() >= text.lines().count());
        }
    }
}
