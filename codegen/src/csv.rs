//! The rows of a small CSV.

/// Fields by line. A quoted field may hold commas and line breaks, and a quote written twice.
#[must_use]
pub fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            _ => field.push(c),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn quotes_keep_commas_line_breaks_and_quotes() {
        let rows = rows("a,b\r\n\"x,\"\"y\"\"\nz\",\n,1");
        assert_eq!(rows, [vec!["a", "b"], vec!["x,\"y\"\nz", ""], vec!["", "1"]]);
    }

    #[test]
    fn no_text_has_no_rows() {
        assert_eq!(rows(""), [[""; 0]; 0]);
    }
}
