//! A block of code as an exchange: the commands that send a request, and the answers with status, headers and body.
//!
//! `GitBook` authors paste what a terminal shows: `curl` and its answer in one block, with or without a prompt, and with or
//! without the `>` and `<` of `curl -v` before each line.

use super::block::Code;

/// A part of a block of code.
#[derive(Clone, Debug)]
pub enum Part {
    Command(Command),
    Status { line: usize, number: u64 },
    Header { line: usize, name: String, value: String },
    Body(Text),
}

/// A call of curl.
#[derive(Clone, Debug, Default)]
pub struct Command {
    pub line: usize,
    /// With the line of each.
    pub headers: Vec<(usize, String, String)>,
    pub body: Option<Text>,
    /// What is no option and no value of one.
    pub urls: Vec<(usize, String)>,
}

/// Lines of text, of which the first is on `line`.
#[derive(Clone, Debug, Default)]
pub struct Text {
    pub line: usize,
    pub text: String,
}

/// Whether a block of code holds a call of curl.
#[must_use]
pub fn is_command(text: &str) -> bool {
    text.lines().any(|line| prompted(line).is_some())
}

/// The call of curl in a line, without the prompt.
fn prompted(line: &str) -> Option<&str> {
    let bare = line.trim_start();
    let bare = ["$ ", "% ", "# ", "> "]
        .iter()
        .find_map(|prompt| bare.strip_prefix(prompt))
        .unwrap_or(bare)
        .trim_start();
    let rest = bare.strip_prefix("curl")?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some(bare)
}

/// The parts of a block, in order.
#[must_use]
pub fn parts(code: &Code) -> Vec<Part> {
    let lines: Vec<&str> = code.text.lines().collect();
    let mut parts = Vec::new();
    let mut body: Option<Text> = None;
    // Headers come before the body; a first line such as `200 OK` begins an answer.
    let mut begins = true;
    let mut index = 0;
    while let Some(raw) = lines.get(index) {
        let line = code.line + index;
        index += 1;
        if prompted(raw).is_some() {
            parts.extend(body.take().map(Part::Body));
            let (command, used) = command(&lines, index - 1, code.line);
            parts.push(Part::Command(command));
            index += used - 1;
            begins = true;
            continue;
        }
        let text = unmarked(raw);
        let bare = text.trim();
        // `curl -v` shows the first line of the request.
        if bare.rsplit(' ').next().is_some_and(|last| last.starts_with("HTTP/")) && bare.contains(" /") {
            continue;
        }
        if let Some(number) = protocol_status(bare).or_else(|| if begins { bare_status(bare) } else { None }) {
            parts.extend(body.take().map(Part::Body));
            parts.push(Part::Status { line, number });
            begins = false;
        } else if let Some(body) = &mut body {
            body.text.push('\n');
            body.text.push_str(text);
        } else if let Some((name, value)) = header(bare) {
            parts.push(Part::Header { line, name, value });
            begins = false;
        } else if !bare.is_empty() {
            let text = text.to_owned();
            body = Some(Text { line, text });
            begins = false;
        }
    }
    parts.extend(body.map(Part::Body));
    parts
}

/// A line without the mark that `curl -v` puts before it.
fn unmarked(line: &str) -> &str {
    let bare = line.trim_start();
    match bare.strip_prefix(['>', '<', '*']) {
        Some("") => "",
        Some(rest) if rest.starts_with(' ') => rest.get(1..).unwrap_or_default(),
        _ => line,
    }
}

/// `HTTP/2 429` or `HTTP/1.1 200 OK`.
fn protocol_status(line: &str) -> Option<u64> {
    let (_, rest) = line.strip_prefix("HTTP/")?.split_once(' ')?;
    status(rest)
}

/// `200 OK`, or a number alone.
fn bare_status(line: &str) -> Option<u64> {
    let rest = line.get(3..).unwrap_or_default();
    let phrase = rest.chars().all(|c| c.is_ascii_alphabetic() || " _-".contains(c));
    (phrase && (rest.is_empty() || rest.starts_with([' ', '-']))).then(|| status(line))?
}

fn status(text: &str) -> Option<u64> {
    let number = text.split_whitespace().next()?;
    number.parse().ok().filter(|_| number.len() == 3)
}

/// A header and its value: `Name: value`, possibly in quotes.
fn header(text: &str) -> Option<(String, String)> {
    let text = text.trim().trim_matches(['\'', '"', '`']);
    let (name, value) = text.split_once(':')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    is_name.then(|| (name.to_owned(), value.trim().to_owned()))
}

/// Reads the call of curl that begins on a line, and how many lines it has.
fn command(lines: &[&str], first: usize, block_line: usize) -> (Command, usize) {
    let mut command = Command {
        line: block_line + first,
        ..Command::default()
    };
    let (words, used) = words(lines, first);
    let mut words = words
        .into_iter()
        .skip(1)
        .map(|word| (block_line + first + word.down, word.text));
    while let Some((line, word)) = words.next() {
        let (option, joined) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option.to_owned(), Some((line, value.to_owned()))),
            _ => (word.clone(), None),
        };
        match option.as_str() {
            "-H" | "--header" => {
                let value = joined.or_else(|| words.next());
                command
                    .headers
                    .extend(value.and_then(|(line, text)| header(&text).map(|(name, value)| (line, name, value))));
            }
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" | "--json" => {
                let value = joined.or_else(|| words.next());
                command.body = value.map(|(line, text)| Text { line, text });
            }
            "-X" | "--request" | "-o" | "--output" | "-u" | "--user" | "-A" | "--user-agent" | "-m" | "--max-time" => {
                if joined.is_none() {
                    words.next();
                }
            }
            "--url" => command.urls.extend(joined.or_else(|| words.next())),
            option if option.starts_with('-') => {}
            _ => command.urls.push((line, word)),
        }
    }
    (command, used)
}

/// A word of a command line.
struct Word {
    /// Lines below the first.
    down: usize,
    text: String,
}

/// The words of a command line as a shell reads them, and how many lines it has. A line that goes on without `\` is taken
/// for a slip of the author if an option follows.
fn words(lines: &[&str], first: usize) -> (Vec<Word>, usize) {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote: Option<char> = None;
    let mut used = 0;
    while let Some(raw) = lines.get(first + used) {
        let line = if used == 0 {
            prompted(raw).unwrap_or(raw)
        } else if quote.is_some() {
            raw
        } else {
            raw.trim_start_matches(['>', ' ', '\t'])
        };
        let mut goes_on = false;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            let fresh = || Word {
                down: used,
                text: String::new(),
            };
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some('"'), '\\') if chars.peek().is_some_and(|next| "\"\\$`".contains(*next)) => {
                    word.get_or_insert_with(fresh).text.extend(chars.next());
                }
                (None, '\'' | '"') => {
                    quote = Some(c);
                    word.get_or_insert_with(fresh);
                }
                (None, '\\' | '^' | '`') if chars.clone().all(char::is_whitespace) => {
                    goes_on = true;
                    break;
                }
                (None, c) if c.is_whitespace() => words.extend(word.take()),
                (_, c) => word.get_or_insert_with(fresh).text.push(c),
            }
        }
        used += 1;
        if quote.is_some() {
            if let Some(word) = &mut word {
                word.text.push('\n');
            }
            continue;
        }
        words.extend(word.take());
        let next = lines
            .get(first + used)
            .map(|line| line.trim_start_matches(['>', ' ', '\t']));
        if !goes_on && !next.is_some_and(|next| next.starts_with('-')) {
            break;
        }
    }
    words.extend(word);
    (words, used)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let code = Code {
            line: 1,
            text: text.to_owned(),
            ..Code::default()
        };
        let words = parts(&code).into_iter().map(|part| match part {
            Part::Command(command) => {
                let body = command.body.map(|body| format!("{}@{}", body.text, body.line));
                format!("{}: {:?} {:?} {body:?}", command.line, command.headers, command.urls)
            }
            Part::Status { line, number } => format!("{line}: {number}"),
            Part::Header { line, name, value } => format!("{line}: {name}={value}"),
            Part::Body(text) => format!("{}: {}", text.line, text.text),
        });
        words.collect()
    }

    #[test]
    fn a_terminal_is_read_with_and_without_marks() {
        let plain = "curl -i https://host/a\nHTTP/2 200\nx-a: 1\n\n{\n}";
        let expected = ["1: [] [(1, \"https://host/a\")] None", "2: 200", "3: x-a=1", "5: {\n}"];
        assert_eq!(read(plain), expected);
        for mark in ["> ", "< "] {
            let marked = plain
                .replace("HTTP", &format!("{mark}HTTP"))
                .replace("x-a", &format!("{mark}x-a"));
            assert_eq!(read(&format!("$ {marked}")), expected);
        }
    }

    #[test]
    fn a_command_has_as_many_lines_as_it_needs() {
        let text = "curl -X POST 'https://host/a?b=c' \\\n  -H 'A: b'\n  -d '{\n  \"c\": 1\n}'\n200 OK\na,b";
        assert_eq!(
            read(text),
            [
                "1: [(2, \"A\", \"b\")] [(1, \"https://host/a?b=c\")] Some(\"{\\n  \\\"c\\\": 1\\n}@3\")",
                "6: 200",
                "7: a,b"
            ]
        );
    }
}
