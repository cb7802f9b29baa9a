//! Colours for the texts that people read, line by line. A text keeps every character.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

const GOOD: Style = AnsiColor::Green.on_default();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const HEADING: Style = Style::new().bold();

/// The beginning of a message of this program on standard error, which says who speaks.
pub const NAME: &str = "dfinery:";

/// How a line that begins with these words looks. A line that begins with blanks shows a count: zero is as good as
/// nothing.
const LINES: [(&str, Style); 20] = [
    ("Receipt for ", HEADING),
    ("Plan; ", HEADING),
    ("Problems", BAD.bold()),
    ("Warnings", DOUBTFUL.bold()),
    ("Denied", BAD.bold()),
    ("The counts add up.", GOOD),
    ("The counts do NOT", BAD.bold()),
    ("All counts agree", GOOD.bold()),
    ("What to try next:", HEADING),
    ("It ended early: ", BAD),
    ("What to do", HEADING),
    ("To send again ", HEADING),
    ("To correct ", HEADING),
    ("Run the same command again", HEADING),
    ("  accepted ", GOOD),
    ("  rejected ", BAD),
    ("  invalid ", BAD),
    ("  undelivered ", DOUBTFUL),
    ("  unknown ", DOUBTFUL),
    ("  twice? ", DOUBTFUL),
];

/// The text with its important lines in colour.
pub fn text(text: &str) -> String {
    let mut painted = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        if let Some(message) = line.strip_prefix(NAME) {
            let _ = write!(painted, "{BAD}{NAME}{BAD:#}{message}{end}");
            continue;
        }
        let style = LINES.iter().find(|(words, _)| line.starts_with(words));
        match style.filter(|(words, _)| !words.starts_with(' ') || counts_something(line)) {
            Some((_, style)) => {
                let _ = write!(painted, "{style}{line}{style:#}{end}");
            }
            None => painted.extend([line, end]),
        }
    }
    painted
}

/// A line of progress with its bad records, if any, in colour.
pub fn bad_count(line: &str) -> String {
    line.split(", ")
        .map(|part| match part.strip_suffix(" bad") {
            Some(count) if count != "0" => format!("{BAD}{part}{BAD:#}"),
            _ => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

fn counts_something(line: &str) -> bool {
    line.split_whitespace().nth(1) != Some("0")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn without_the_colours_it_is_the_same_text(lines in prop::collection::vec("(Receipt for |  invalid |Problems|)[^\u{1b}]{0,20}\n?", 0..6)) {
            let before = lines.concat();
            let plain = anstream::adapter::strip_str(&before).to_string();
            prop_assert_eq!(anstream::adapter::strip_str(&text(&before)).to_string(), plain);
        }
    }

    #[test]
    fn only_what_matters_is_painted() {
        let receipt = "Receipt for events:\n  read      3\n  accepted  3\n  invalid   0  failed\n";
        assert_eq!(
            text(receipt),
            format!(
                "{HEADING}Receipt for events:{HEADING:#}\n  read      3\n{GOOD}  accepted  3{GOOD:#}\n  invalid   0  failed\n"
            )
        );
    }
}
