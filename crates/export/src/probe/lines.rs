//! Text in lines that a terminal shows whole.

use std::fmt;

/// Characters of a line, unless a word alone is longer.
const WIDTH: usize = 80;

/// Writes a text between spaces into lines that begin `indent` characters in, and two more after the first.
pub(super) fn write_lines(f: &mut fmt::Formatter<'_>, indent: usize, text: &str) -> fmt::Result {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    write!(f, "{:indent$}{first}", "")?;
    let mut length = indent + first.chars().count();
    for word in words {
        let added = 1 + word.chars().count();
        if length + added > WIDTH {
            let indent = indent + 2;
            write!(f, "\n{:indent$}{word}", "")?;
            length = indent + added - 1;
        } else {
            write!(f, " {word}")?;
            length += added;
        }
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Text<'a>(&'a str);

    impl fmt::Display for Text<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_lines(f, 2, self.0)
        }
    }

    #[test]
    fn lines_end_between_words_and_a_long_word_has_its_own() {
        assert_eq!(Text("one  two\nthree").to_string(), "  one two three\n");
        let (full, long) = ("a ".repeat(39), "b".repeat(100));
        let text = Text(&format!("{full} c {long} d")).to_string();
        assert_eq!(text, format!("  {}\n    c\n    {long}\n    d\n", full.trim_end()));
        assert_eq!(Text("").to_string(), "  \n");
    }
}
