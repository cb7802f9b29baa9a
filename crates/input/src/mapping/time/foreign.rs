//! Forms of times as other programs write them.

/// What to write instead of a format that has no directives.
pub(super) fn instead(format: &str) -> Option<String> {
    let word = format.to_ascii_lowercase().replace(['-', '_', ' '], "");
    if word.starts_with("iso") || word.starts_with("rfc3339") {
        return Some("times such as 2024-06-24T15:42:25+09:00 need no format: leave it out".to_owned());
    }
    if ["unix", "epoch", "timestamp", "unixtime", "unixseconds", "seconds"].contains(&word.as_str()) {
        return Some("write \"%s\" for a count of seconds since 1970, or unix-milliseconds".to_owned());
    }
    if ["excel", "serial", "exceldate"].contains(&word.as_str()) {
        return Some("write serial-days".to_owned());
    }
    // Other words of letters that could be directives are no form.
    if !["yy", "YY", "RR", "dd", "DD"].iter().any(|part| format.contains(part)) {
        return None;
    }
    let first: String = format.chars().skip_while(|c| !c.is_ascii_alphabetic()).collect();
    let first = first.split(|c: char| !c.is_ascii_alphabetic()).next()?;
    let translated = translated(format)?;
    Some(format!("{first} is no directive: write \"{translated}\""))
}

/// A format of Java, JavaScript, C#, a spreadsheet or a database, in directives.
fn translated(format: &str) -> Option<String> {
    let upper = format.to_ascii_uppercase();
    let has_halves = format.contains(['a', 'A', 'p']) || upper.contains("TT") || upper.contains("PM");
    let mut out = String::new();
    let mut after_hour = false;
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        let word = ORACLE.iter().find(|(word, _)| rest.starts_with(word));
        if let Some((word, directive)) = word {
            out.push_str(directive);
            after_hour = word.starts_with("HH");
            rest = rest.get(word.len()..)?;
            continue;
        }
        if c == '\'' {
            let (literal, behind) = rest.get(1..)?.split_once('\'')?;
            out.push_str(literal);
            rest = behind;
            continue;
        }
        let length = rest.chars().take_while(|other| *other == c).count();
        if !c.is_ascii_alphabetic() {
            out.push(c);
            rest = rest.get(c.len_utf8()..)?;
            continue;
        }
        let is_month = match c {
            'M' => !after_hour,
            'm' => !after_hour && !format.contains('M'),
            _ => false,
        };
        let directive = match (c, length) {
            ('y' | 'Y' | 'u' | 'R', 2) => "%y",
            ('y' | 'Y' | 'u' | 'R', 1 | 4) => "%Y",
            ('M' | 'm', 1 | 2) if is_month => "%m",
            ('M', 3) => "%b",
            ('M', 4) => "%B",
            ('M' | 'm', 1 | 2) => "%M",
            ('d' | 'D', 1 | 2) => "%d",
            ('E', 1..=3) => "%a",
            ('h' | 'K', 1 | 2) if has_halves => "%I",
            ('h' | 'H' | 'K' | 'k', 1 | 2) => "%H",
            ('s', 1 | 2) => "%S",
            ('S', 1 | 2) if !format.contains('s') => "%S",
            ('S' | 'f' | 'F', _) if out.ends_with('.') => {
                out.pop();
                "%.f"
            }
            ('a' | 'A' | 't' | 'p', 1 | 2) => "%p",
            ('Z' | 'X' | 'x', 1) => "%z",
            ('X' | 'x', 3) | ('Z', 2) => "%:z",
            ('T', 1) => "T",
            _ => return None,
        };
        out.push_str(directive);
        after_hour = matches!(c, 'h' | 'H' | 'K' | 'k');
        rest = rest.get(length..)?;
    }
    Some(out)
}

/// Words of databases that are not one letter repeated.
const ORACLE: [(&str, &str); 7] = [
    ("HH24", "%H"),
    ("hh24", "%H"),
    ("HH12", "%I"),
    ("MI", "%M"),
    ("mi", "%M"),
    ("AM", "%p"),
    ("MON", "%b"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_other_programs_are_translated() {
        for (format, translated) in [
            ("yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S"),
            ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "%Y-%m-%dT%H:%M:%S%.f%:z"),
            ("YYYY-MM-DD", "%Y-%m-%d"),
            ("YYYY-MM-DD HH:MM:SS", "%Y-%m-%d %H:%M:%S"),
            ("YYYY.MM.DD HH24:MI:SS", "%Y.%m.%d %H:%M:%S"),
            ("yyyy-mm-dd hh:mm:ss", "%Y-%m-%d %H:%M:%S"),
            ("yyyy-MM-dd hh:mm a", "%Y-%m-%d %I:%M %p"),
            ("yy/M/d H:m", "%y/%m/%d %H:%M"),
            ("yyyyMMddHHmmss", "%Y%m%d%H%M%S"),
            ("yyyy년 MM월 dd일", "%Y년 %m월 %d일"),
            ("dd-MON-yyyy", "%d-%b-%Y"),
        ] {
            assert_eq!(super::translated(format).as_deref(), Some(translated), "{format}");
        }
        for format in ["day", "yyyy-QQ", "yyyy 'open", ""] {
            assert_eq!(instead(format), None, "{format}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (format, words) in [
            ("yyyy-MM-dd", "yyyy is no directive: write \"%Y-%m-%d\""),
            ("ISO8601", "need no format: leave it out"),
            ("unix", "write \"%s\""),
            ("excel", "write serial-days"),
        ] {
            let said = instead(format).unwrap();
            assert!(said.contains(words), "{said}");
        }
    }
}
