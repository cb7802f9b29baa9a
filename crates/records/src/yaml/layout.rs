//! Where lines of YAML begin.

/// Why a line cannot be where it is.
pub(super) fn misplaced(text: &str, line: u64) -> String {
    let lines = || (1..).zip(text.lines()).filter(|(_, line)| is_filled(line));
    let Some((_, wrong)) = lines().find(|(number, _)| *number == line) else {
        return "something is missing at the end".to_owned();
    };
    let begins = column(wrong);
    let mut open: Vec<usize> = Vec::new();
    let mut above = (0, 1);
    for (number, text) in lines().take_while(|(number, _)| *number < line) {
        let first = column(text);
        open.retain(|column| *column < first);
        // An entry of a list begins a block behind its dash.
        let mut inner = first;
        open.push(inner);
        while let Some(rest) = text.get(inner - 1..).and_then(|rest| rest.strip_prefix('-')) {
            let blanks = rest.len() - rest.trim_start_matches(' ').len();
            if blanks == 0 || blanks == rest.len() {
                break;
            }
            inner += 1 + blanks;
            open.push(inner);
        }
        above = (number, inner);
    }
    let (number, last) = above;
    let advice = "keys of one block begin in the same column";
    if begins > last && number > 0 {
        return format!("it begins in column {begins}, and line {number} in column {last}: {advice}");
    }
    if number > 0 && !open.contains(&begins) {
        let columns: Vec<_> = open.iter().map(usize::to_string).collect();
        return format!(
            "it begins in column {begins}, and the lines above in column {}: {advice}",
            columns.join(" or ")
        );
    }
    if wrong.matches(": ").count() > 1 {
        return "a text with a colon and a blank in it needs quotes around it".to_owned();
    }
    "it does not fit the lines above: the entries of a list begin with `- `, and those of a block with a key and a colon"
        .to_owned()
}

fn is_filled(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

/// The column in which a line begins, from 1.
fn column(line: &str) -> usize {
    1 + line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_compared_with_those_above() {
        for (text, line, words) in [
            (
                "a:\n  b: 1\n   c: 2\n",
                3,
                "it begins in column 4, and line 2 in column 3: keys of one block begin in the same column",
            ),
            (
                "a: 1\n\n# note\n b: 1\n",
                4,
                "it begins in column 2, and line 1 in column 1:",
            ),
            (
                "a:\n    b: 1\n  c: 2\n",
                3,
                "it begins in column 3, and the lines above in column 1 or 5:",
            ),
            (
                "a:\n  - b: 1\n   c: 2\n",
                3,
                "it begins in column 4, and the lines above in column 1 or 3 or 5:",
            ),
            ("a: b: c\n", 1, "needs quotes around it"),
            ("a:\n  - b\n  c: 1\n", 3, "the entries of a list begin with `- `"),
            ("a:\n", 2, "something is missing at the end"),
        ] {
            let problem = misplaced(text, line);
            assert!(problem.contains(words), "{text}: {problem}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_asked_about(text in "([ \t-]{0,4}[a가#]?:? ?\n?){0,12}", line in 0_u64..14) {
            misplaced(&text, line);
        }
    }
}
