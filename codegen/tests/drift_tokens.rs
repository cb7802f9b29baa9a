//! Changes every single token of the fixture pages that can bear a fact, one at a time: names, numbers, flags, types,
//! paths, headers, statuses, sample values. Each change is loud on its line, or only looked at for a reason given here.

mod drift_support;

use std::collections::BTreeMap;

use codegen::drift::{Level, Lock, run};
use drift_support::{Fixture, accepted, book, fixtures};

/// A change of one token.
struct Change {
    line: usize,
    /// Whether it is in code rather than in prose.
    code: bool,
    token: String,
    to: String,
    text: String,
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// An error, drift or a settled question, on the line.
    Loud,
    /// The same, but elsewhere.
    Elsewhere,
    /// New wording, on the line.
    Look,
    Silent,
}

/// What is not loud on its line, and why that does no harm: the outcome at worst, the reason, the tokens.
const ALLOWED: &[(Outcome, &str, &[&str])] = &[
    (
        Outcome::Look,
        "without its command or its option a sample is no call any more; fewer facts come from the page, if it had any",
        &["curl", "-d"],
    ),
    (
        Outcome::Elsewhere,
        "the table below is then about another object, which is said there",
        &["_items"],
    ),
    (
        Outcome::Elsewhere,
        "a status and the calls left contradict each other, which is said at the status",
        &["0"],
    ),
    (
        Outcome::Look,
        "an option that means the same or changes no fact",
        &["-H", "-X", "-L", "-i"],
    ),
    (
        Outcome::Look,
        "the name of a column, which is recognised by its content as well",
        &[
            "Type",
            "Required",
            "Field",
            "Name",
            "Description",
            "Explanation",
            "Domain",
            "Use",
            "필수",
        ],
    ),
    (
        Outcome::Look,
        "a word of a heading or of a description",
        &[
            "_properties",
            "8601",
            "000건",
            "100건",
            "5건",
            "audience",
            "all",
            "API",
            "HTTP/2",
        ],
    ),
    (
        Outcome::Look,
        "the phrase behind a status",
        &["OK", "BAD", "REQUEST", "INTERNAL_SERVER_ERROR"],
    ),
    (
        Outcome::Look,
        "a value of the sample's own, or one that its type allows",
        &[
            "someone-7",
            "order-9",
            "sku-1",
            "ab12cd",
            "custom_1",
            "visits",
            "4b7c8f0e-6f0b-4a52-9f6e-0c2f8f0f8a11",
            "821000000000",
            "1500.0",
            "1500.5",
            "100.0",
            "0.0",
            "1.0",
            "0",
            "1",
            "2",
            "3",
            "4",
            "5",
            "6",
            "7",
            "8",
            "1d",
            "99999",
            "1682593200268",
            "1682640000000",
            "1719397769",
            "true",
            "text",
            "foo",
            "bar",
        ],
    ),
    (
        Outcome::Look,
        "an address without an endpoint",
        &["https://openapi.dfinery.ai/api/v1/", "https://console.dfinery.ai"],
    ),
    (
        Outcome::Silent,
        "Markdown numbers the items of a list itself",
        &["1", "2", "3"],
    ),
];

/// Why a change that is not loud does no harm.
fn reason(change: &Change, outcome: Outcome) -> Option<&'static str> {
    let allowed = ALLOWED
        .iter()
        .find(|(worst, _, tokens)| outcome <= *worst && tokens.contains(&change.token.as_str()));
    let word = !change.code && change.token.chars().all(char::is_alphabetic);
    match allowed {
        Some((_, reason, _)) => Some(reason),
        None if outcome == Outcome::Look && word => Some("a word of prose"),
        None if outcome == Outcome::Look && change.token.starts_with("your-") => Some("a placeholder"),
        None => None,
    }
}

#[test]
fn every_token_that_bears_a_fact_is_watched() {
    let book = book();
    let lock = accepted(&book);
    let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
    let mut reasons: BTreeMap<(Outcome, &str), usize> = BTreeMap::new();
    let mut missed: Vec<String> = Vec::new();
    for fixture in &fixtures() {
        for change in changes(&fixture.text) {
            let outcome = outcome(fixture, &change, &book, &lock);
            *counts.entry(outcome).or_default() += 1;
            if outcome == Outcome::Loud {
                continue;
            }
            if let Some(reason) = reason(&change, outcome) {
                *reasons.entry((outcome, reason)).or_default() += 1;
            } else {
                let Change { line, token, to, .. } = &change;
                missed.push(format!("{outcome:?} {}:{line}: {token} becomes {to}", fixture.name));
            }
        }
    }
    println!("{counts:?}");
    for ((outcome, reason), count) in &reasons {
        println!("{outcome:?}: {count} times {reason}");
    }
    assert!(
        missed.is_empty(),
        "{} changes went unnoticed:\n{}",
        missed.len(),
        missed.join("\n")
    );
    assert!(counts[&Outcome::Loud] > 1000, "{counts:?}");
}

fn outcome(fixture: &Fixture, change: &Change, book: &codegen::drift::Book, lock: &Lock) -> Outcome {
    let (report, _) = run(&[fixture.with(change.text.clone())], book, lock);
    let findings = || report.pages.iter().flat_map(|page| &page.findings);
    let here = |line: usize| line.abs_diff(change.line) < 2;
    match () {
        () if findings().any(|f| f.level < Level::Look && here(f.page.line)) => Outcome::Loud,
        () if findings().any(|f| f.level < Level::Look) => Outcome::Elsewhere,
        () if findings().any(|f| f.level == Level::Look && here(f.page.line)) => Outcome::Look,
        () => Outcome::Silent,
    }
}

/// One change for every token.
fn changes(text: &str) -> Vec<Change> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines
        .iter()
        .position(|line| line.starts_with("# Agent Instructions"))
        .unwrap_or(lines.len());
    let mut changes = Vec::new();
    let mut code = false;
    for (index, line) in lines.iter().enumerate().take(end).skip(1) {
        let fence = line.starts_with("```");
        code ^= fence;
        if fence {
            continue;
        }
        let pre = line.starts_with("<pre");
        let prose = !code && !pre && !line.starts_with('|') && !line.starts_with("<table");
        for (from, to) in tokens(line) {
            let token = &line[from..to];
            let literal = line[..from].matches('`').count() % 2 == 1;
            for new in changed(token, prose && !literal) {
                let mut lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
                lines[index] = format!("{}{new}{}", &line[..from], &line[to..]);
                changes.push(Change {
                    line: index + 1,
                    code: code || pre || literal || line[..from].ends_with("<code>"),
                    token: token.to_owned(),
                    to: new,
                    text: lines.join("\n") + "\n",
                });
            }
        }
    }
    changes
}

/// The tokens of a line that are not within a tag.
fn tokens(line: &str) -> Vec<(usize, usize)> {
    let is_part = |c: char| c.is_alphanumeric() || "_-./:+'".contains(c);
    let mut tokens = Vec::new();
    let (mut from, mut tag) = (None, false);
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        let opens = c == '<' && line[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        tag = (tag || opens) && c != '>';
        match from {
            None if !tag && is_part(c) => from = Some(at),
            Some(start) if !is_part(c) || tag => {
                let token = line[start..at].trim_end_matches(['.', ':', '\'', '-']);
                let skip = token.len() - token.trim_start_matches(['\'', ':', '.']).len();
                if token.len() > skip {
                    tokens.push((start + skip, start + token.len()));
                }
                from = None;
            }
            _ => {}
        }
    }
    tokens
}

/// Other tokens of the same kind. Prose counts only where it may state a fact.
fn changed(token: &str, prose: bool) -> Vec<String> {
    let swaps = [
        ("필수", "선택"),
        ("선택", "필수"),
        ("Essential", "Select"),
        ("Select", "Essential"),
        ("String", "Long"),
        ("Object", "String"),
        ("Datetime", "Date"),
        ("Date", "Datetime"),
        ("Long", "Double"),
        ("Double", "Long"),
        ("Mistake", "Long"),
        ("Boolean", "String"),
        ("Array", "Object"),
        ("List", "Object"),
        ("POST", "PUT"),
        ("GET", "PUT"),
        ("UUID", "ULID"),
        ("UTC", "KST"),
        ("true", "false"),
        ("false", "true"),
        ("null", "{}"),
        ("curl", "wget"),
        ("Bearer", "Basic"),
        ("-d", "--form"),
        ("-H", "--header"),
        ("-X", "--request"),
    ];
    if let Some((_, to)) = swaps.iter().find(|(from, _)| *from == token) {
        return vec![(*to).to_owned()];
    }
    let digits = token.chars().filter(char::is_ascii_digit).count();
    let dated = digits > 7 && token.matches('-').count() == 2;
    if dated {
        let offset = token.strip_suffix('Z').map(|rest| format!("{rest}+09:00"));
        return [Some(token.replace('-', "/")), offset].into_iter().flatten().collect();
    }
    if digits > 0 && token.chars().all(|c| c.is_ascii_digit() || c == '.') {
        let mut chars: Vec<char> = token.chars().collect();
        chars[0] = if chars[0] == '7' { '8' } else { '7' };
        return vec![chars.into_iter().collect()];
    }
    if let Some(at) = token.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0) {
        // «100개», «1분당»: number and unit, one after the other.
        let mut changed = vec![format!("7{}", &token[1..])];
        let units = [
            ("분당", "시간당"),
            ("시간당", "분당"),
            ("건", "명"),
            ("1y", "1z"),
            ("1M", "1N"),
            ("1d", "1e"),
            ("1H", "1K"),
        ];
        changed.extend(
            units
                .iter()
                .filter(|(from, _)| token[at..].starts_with(from) || token == *from)
                .map(|(from, to)| token.replacen(from, to, 1)),
        );
        return changed;
    }
    let name = token.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:'".contains(c));
    let meant = !prose || token.contains(['_', '/']) || token.starts_with("X-");
    if !name || !meant || token.len() < 2 || digits == token.len() {
        return Vec::new();
    }
    // The last letter twice: the most modest change.
    let last = token.chars().last().unwrap_or('x');
    vec![format!("{token}{last}")]
}
