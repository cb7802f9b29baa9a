//! Where the parts of a mapping are in its text.

/// The line of a key, from 1, if only one line has it.
pub(super) fn line_of_key(text: &str, key: &str) -> Option<u64> {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| {
        words(line, key)
            .any(|(before, after)| is_border(before) && after.trim_start_matches(['"', '\'']).starts_with(':'))
    });
    let (line, _) = lines.next()?;
    lines.next().is_none().then_some(line)
}

/// The first line, from 1, that names a column.
pub(super) fn line_of_column(text: &str, name: &str) -> Option<u64> {
    let mut lines = (1..).zip(text.lines());
    let found = lines.find(|(_, line)| {
        words(line, name).any(|(before, after)| {
            let is_quoted = before.ends_with(['"', '\'']);
            let (before, after) = if is_quoted {
                (
                    before.trim_end_matches(['"', '\'']),
                    after.trim_start_matches(['"', '\'']),
                )
            } else {
                (before, after)
            };
            let after = after.trim_start();
            let ends = after.is_empty() || after.starts_with([',', '}', ']', '#']);
            ends && before.trim_end().ends_with([':', ',', '[', '-'])
        })
    });
    found.map(|(line, _)| line)
}

/// Where a text is in a line, outside of comments: what is before and behind it.
fn words<'l>(line: &'l str, text: &'l str) -> impl Iterator<Item = (&'l str, &'l str)> {
    let is_comment = line.trim_start().starts_with('#');
    line.match_indices(text)
        .filter(move |_| !is_comment)
        .map(move |(at, _)| {
            (
                line.get(..at).unwrap_or_default(),
                line.get(at + text.len()..).unwrap_or_default(),
            )
        })
}

/// Whether a text may begin after this.
fn is_border(before: &str) -> bool {
    before.is_empty() || before.ends_with([' ', '\t', '"', '\'', '{', '[', ','])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_a_column_have_their_lines() {
        let text = "# id: note\nidentity: {external_id: id}\nuser_properties:\n  grade: \"등 급\"\n  area: {join: [시도, 구군]} # id\n  \
                    id: id\n";
        assert_eq!(line_of_key(text, "external_id"), Some(2));
        assert_eq!(line_of_key(text, "grade"), Some(4));
        assert_eq!(line_of_key(text, "none"), None);
        assert_eq!(
            line_of_key("a: {a: b}\nc:\n  a: d\n", "a"),
            None,
            "which of them it is, is not known"
        );
        assert_eq!(line_of_column(text, "id"), Some(2));
        assert_eq!(line_of_column(text, "등 급"), Some(4));
        assert_eq!(line_of_column(text, "구군"), Some(5));
        assert_eq!(line_of_column(text, "급"), None);
        assert_eq!(line_of_column("a: b\n", ""), None);
    }
}
