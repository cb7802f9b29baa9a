//! Long lines of texts that people read, broken between words where a terminal would break them within one.

use anstream::adapter::strip_str;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// The text with its lines broken at this width. What goes on stands below the beginning of its column, or further to the
/// right than the line. A word that is longer, such as a path, stays whole, and so does a line with a command.
pub fn wrap(text: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        // A command stays as it is, to be copied.
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
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        wrapped.push_str(&textwrap::fill(line, options));
        wrapped.push_str(end);
    }
    wrapped
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

    proptest! {
        #[test]
        fn every_word_stays(text in "[ a-c가\n]{0,80}", width in 0..40_usize) {
            let wrapped = wrap(&text, width);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&wrapped), words(&text));
            prop_assert!(wrapped.lines().count() >= text.lines().count());
        }
    }
}
