//! Changes every single fact of the fixture pages and expects it to be reported, on its line; changes what is no fact and
//! expects silence.

mod drift_support;

use std::ops::RangeInclusive;

use codegen::drift::{Level, Lock, PageReport, run};
use drift_support::{Fixture, book, fixtures};

/// A page with one fact changed.
struct Mutation {
    what: String,
    text: String,
    /// Where the report has to point.
    lines: RangeInclusive<usize>,
}

#[test]
fn every_changed_fact_is_reported_on_its_line() {
    let book = book();
    let fixtures = fixtures();
    let (_, lock) = run(&documents(&fixtures), &book, &Lock::default());
    let (report, _) = run(&documents(&fixtures), &book, &lock);
    assert_eq!(report.exit_code(), 0, "{report}");

    let (mut tried, mut missed) = (0, Vec::new());
    for fixture in &fixtures {
        let mutations = mutations(&fixture.text);
        let silent = ["profile-get-started", "best-practices"];
        let silent = silent.iter().any(|name| fixture.name.starts_with(name));
        assert_eq!(mutations.is_empty(), silent, "{}", fixture.name);
        for Mutation { what, text, lines } in mutations {
            tried += 1;
            let (report, _) = run(&[fixture.with(text)], &book, &lock);
            let caught = |page: &PageReport| {
                let told = page.findings.iter().filter(|finding| finding.level <= Level::Settle);
                told.clone().any(|finding| lines.contains(&finding.page.line))
            };
            if !report.pages.iter().any(caught) || matches!(report.exit_code(), 0 | 4) {
                missed.push(format!("{} line {lines:?}: {what}\n{report}", fixture.name));
            }
        }
    }
    println!("mutations: {tried} tried, {} caught", tried - missed.len());
    assert!(
        missed.is_empty(),
        "{} of {tried} missed:\n{}",
        missed.len(),
        missed.join("\n")
    );
    assert!(tried > 500, "only {tried} mutations");
}

#[test]
fn what_is_no_fact_is_no_drift() {
    let book = book();
    let fixtures = fixtures();
    let (_, lock) = run(&documents(&fixtures), &book, &Lock::default());
    let mut tried = 0;
    for fixture in &fixtures {
        let text = &fixture.text;
        let wider = text.replace(" | ", "    |  ").replace("| ---", "| ------");
        let changes = [
            ("column widths", wider),
            ("widths in HTML", text.replace("width=\"117\"", "width=\"320\"")),
            (
                "colours",
                text.replace("color:blue", "color:red")
                    .replace("color=\"blue\"", "color=\"red\""),
            ),
            ("line ends", text.replace('\n', "\r\n")),
            ("blank lines", text.replace("\n\n", "\n\n\n")),
            ("order of rows", reversed(text)),
            (
                "bold names",
                text.replace("<td><code>", "<td><strong><code>")
                    .replace("</code></td>", "</code></strong></td>"),
            ),
            (
                "rows on lines of their own",
                text.replace("<tr>", "\n<tr>").replace("</tbody>", "\n</tbody>"),
            ),
        ];
        for (what, text) in changes {
            tried += 1;
            let (report, _) = run(&[fixture.with(text)], &book, &lock);
            assert_eq!(report.exit_code(), 0, "{}: {what}\n{report}", fixture.name);
            let looks = report
                .pages
                .iter()
                .flat_map(|page| &page.findings)
                .any(|f| f.level == Level::Look);
            assert!(!looks, "{}: {what}\n{report}", fixture.name);
        }
    }
    println!("harmless changes: {tried}");
}

#[test]
fn other_words_are_only_looked_at() {
    let book = book();
    for fixture in fixtures() {
        let (_, lock) = run(&[fixture.with(fixture.text.clone())], &book, &Lock::default());
        let heading = fixture.text.find("\n# ").expect("a heading") + 3;
        let (before, after) = fixture.text.split_at(heading);
        let line = before.matches('\n').count() + 1;
        let (title, rest) = after.split_once('\n').expect("text after it");
        let (report, _) = run(&[fixture.with(format!("{before}{title} ***\n{rest}"))], &book, &lock);
        assert_eq!(report.exit_code(), 4, "{report}");
        let looked = report.pages[0]
            .findings
            .iter()
            .any(|f| f.level == Level::Look && f.page.line == line);
        assert!(looked, "line {line}\n{report}");
    }
}

#[test]
fn a_page_that_lost_facts_is_an_error() {
    let book = book();
    let mut tried = 0;
    for fixture in fixtures() {
        let (_, lock) = run(&[fixture.with(fixture.text.clone())], &book, &Lock::default());
        for opening in ["```json", "<pre "] {
            let closing = if opening == "<pre " { "</pre>" } else { "\n```\n" };
            let Some(from) = fixture.text.find(opening) else {
                continue;
            };
            let to = fixture.text[from..].find(closing).expect("an end") + from + closing.len();
            let text = format!("{}{}", &fixture.text[..from], &fixture.text[to..]);
            let (report, _) = run(&[fixture.with(text)], &book, &lock);
            assert_eq!(report.exit_code(), 2, "{report}");
            tried += 1;
        }
    }
    assert!(tried > 10, "only {tried}");
}

fn documents(fixtures: &[Fixture]) -> Vec<codegen::drift::Document> {
    fixtures
        .iter()
        .map(|fixture| fixture.with(fixture.text.clone()))
        .collect()
}

/// The rows of all tables in the opposite order.
fn reversed(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut pipe: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with('|') {
            pipe.push(line.to_owned());
            continue;
        }
        if pipe.len() > 2 {
            pipe[2..].reverse();
        }
        lines.append(&mut pipe);
        lines.push(match line.split_once("<tbody>") {
            Some((head, body)) => {
                let body = body.trim_end_matches("</tbody></table>");
                let mut rows: Vec<_> = body.split_inclusive("</tr>").collect();
                rows.reverse();
                format!("{head}<tbody>{}</tbody></table>", rows.concat())
            }
            None => line.to_owned(),
        });
    }
    lines.join("\n") + "\n"
}

/// All changes of single facts.
fn mutations(text: &str) -> Vec<Mutation> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines
        .iter()
        .position(|line| *line == "# Agent Instructions")
        .unwrap_or(lines.len());
    let mut mutations = Vec::new();
    let mut code: Option<usize> = None;
    let mut table: Option<usize> = None;
    for (index, line) in lines.iter().enumerate().take(end) {
        let mut replace = |what: &str, new: String, from: usize| {
            if new != *line {
                let mut lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
                if new.is_empty() {
                    lines.remove(index);
                } else {
                    lines[index] = new;
                }
                mutations.push(Mutation {
                    what: format!("{what}: {line}"),
                    text: lines.join("\n") + "\n",
                    // A parser notices a missing bracket later only, and a second row stands one below.
                    lines: from + 1
                        ..=index
                            + 1
                            + if what.starts_with("broken") {
                                9
                            } else {
                                usize::from(what == "row twice")
                            },
                });
            }
        };
        let opens = line.starts_with("```") && code.is_none() || line.starts_with("<pre");
        let closes = (line.starts_with("```") && code.is_some()) || line.ends_with("</pre>");
        if opens {
            code = Some(index);
        } else if closes {
            code = None;
        } else if let Some(start) = code {
            in_code(line, start, index, &mut replace);
        } else if line.starts_with("<table") {
            in_html(line, index, &mut replace);
        } else if line.starts_with('|') {
            let start = *table.get_or_insert(index);
            if index > start + 1 {
                in_pipes(line, lines[start], start, index, &mut replace);
            }
        } else {
            in_prose(line, index, &mut replace);
        }
        if !line.starts_with('|') {
            table = None;
        }
    }
    mutations
}

type Replace<'a> = &'a mut dyn FnMut(&str, String, usize);

fn in_html(line: &str, index: usize, replace: Replace<'_>) {
    let Some((head, body)) = line.split_once("<tbody>") else {
        return;
    };
    let names: Vec<_> = head
        .split("<th")
        .skip(2)
        .map(|th| th.split('>').nth(1).unwrap_or_default())
        .collect();
    let names: Vec<_> = names
        .iter()
        .map(|name| name.split('<').next().unwrap_or_default())
        .collect();
    let body = body.trim_end_matches("</tbody></table>");
    let rows: Vec<_> = body.split_inclusive("</tr>").collect();
    let with = |rows: Vec<String>| format!("{head}<tbody>{}</tbody></table>", rows.concat());
    let own: Vec<_> = rows.iter().map(|row| (*row).to_owned()).collect();
    for (number, row) in rows.iter().enumerate() {
        let template = row.contains("${") && !row.contains("Datetime");
        if !template {
            let mut dropped = own.clone();
            dropped.remove(number);
            // That these two are not on the page is known: only the number of facts tells.
            let unsure = row.contains("<code>identities<") || row.contains("df_external_id");
            replace("row dropped", with(dropped), if unsure { 0 } else { index });
        }
        let mut added = own.clone();
        added.insert(number, row.to_string());
        if !template {
            replace("row twice", with(added), index);
        }
        let cells: Vec<_> = row
            .split("<td>")
            .skip(1)
            .map(|cell| cell.split("</td>").next().unwrap_or_default())
            .collect();
        for (column, cell) in cells.iter().enumerate() {
            for changed in changed_cells(cell, names.get(column).copied().unwrap_or_default()) {
                let mut rows = own.clone();
                let mut cells: Vec<_> = cells.iter().map(|cell| (*cell).to_owned()).collect();
                cells[column].clone_from(&changed);
                rows[number] = format!("<tr><td>{}</td></tr>", cells.join("</td><td>"));
                replace(&format!("{cell} becomes {changed}"), with(rows), index);
            }
        }
    }
}

fn in_pipes(line: &str, head: &str, start: usize, index: usize, replace: Replace<'_>) {
    let split = |line: &str| {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect::<Vec<_>>()
    };
    let (names, cells) = (split(head), split(line));
    let bare: Vec<_> = cells.iter().map(|cell| cell.replace(['`', '\\'], "")).collect();
    let prose = names.iter().any(|name| ["Use", "용도"].contains(&name.as_str()));
    let endpoint = cells.iter().any(|cell| cell == "POST");
    let (start, single) = if endpoint {
        (0, false)
    } else {
        (
            start,
            !names.iter().any(|name| ["Domain", "도메인"].contains(&name.as_str())),
        )
    };
    let fact = !prose && !endpoint && !changed_cells(&bare[0], &names[0]).is_empty() || bare[0].contains(" - ");
    if fact {
        let other = format!("| {}x | {} |", cells[0].trim_matches('`'), cells[1..].join(" | "));
        replace("row renamed", other, start);
        if single && !line.contains("optin") {
            replace("row twice", format!("{line}\n{line}"), index);
        }
    }
    if (fact && single) || endpoint {
        let lines = if line.contains("optin") { 0 } else { start };
        replace("row dropped", String::new(), lines);
    }
    if prose {
        return;
    }
    for (column, cell) in cells.iter().enumerate() {
        for changed in changed_cells(cell, &names[column]) {
            let mut cells = cells.clone();
            cells[column].clone_from(&changed);
            replace(
                &format!("{cell} becomes {changed}"),
                format!("| {} |", cells.join(" | ")),
                index,
            );
        }
    }
}

/// The ways to change the facts of a cell.
fn changed_cells(cell: &str, column: &str) -> Vec<String> {
    let mut changed = Vec::new();
    let mut swap = |from: &str, to: &str| {
        if cell.contains(from) {
            changed.push(cell.replacen(from, to, 1));
        }
    };
    let prose = [
        "설명",
        "Description",
        "Explanation",
        "분류",
        "Class",
        "해결 방법",
        "Use",
    ]
    .contains(&column);
    swap("application/json", "application/xml");
    swap("Bearer ", "Basic ");
    swap("30일", "60일");
    for (from, to) in [
        ("1y:", "1z:"),
        ("1M: 1개월", "1N: 1개월"),
        ("1d:", "1e:"),
        ("1H:", "1K:"),
        ("1m:", "1k:"),
        ("1s:", "1t:"),
    ] {
        swap(from, to);
    }
    if prose {
        return changed;
    }
    swap("data-option=\"a1\"></", "data-option=\"b2\"></");
    swap("필수<", "선택<");
    swap("선택<", "필수<");
    swap("Essential<", "Select<");
    swap("Select<", "Essential<");
    let types = [
        ("String", "Long"),
        ("Object", "String"),
        ("Datetime", "Date"),
        ("Date", "Datetime"),
        ("Array of Object", "Object"),
        ("List of String", "String"),
        ("Long", "Double"),
        ("Double", "Long"),
        ("Boolean", "String"),
        ("Array of Long", "Array of String"),
    ];
    if let Some((_, to)) = types.iter().find(|(from, _)| *from == cell) {
        changed.push((*to).to_owned());
        return changed;
    }
    if cell.starts_with("String, ") {
        return vec![cell.replace("Long, ", ""), cell.replace(", Array", "")];
    }
    if let Some((number, phrase)) = cell.trim_matches('`').split_once(" - ") {
        return vec![format!("`{number}1 - {phrase}`"), format!("`{number} - {phrase}s`")];
    }
    let rated = cell.contains("당 ") || cell.contains(" per ");
    if rated {
        let units = [
            ("분당", "시간당"),
            ("시간당", "분당"),
            ("minute", "hour"),
            ("per hour", "per minute"),
            ("0건", "1건"),
            ("00 ", "01 "),
            ("5건", "6건"),
            ("5 cases", "6 cases"),
        ];
        let units = units.iter().filter(|(from, _)| cell.contains(from));
        return units.map(|(from, to)| cell.replacen(from, to, 1)).collect();
    }
    let bare = cell
        .replace("<code>", "")
        .replace("</code>", "")
        .replace(['`', '\\'], "");
    let word = bare
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-./:'()\"".contains(c));
    let meaningful = bare.len() > 2 && !bare.starts_with('"') && !bare.contains("your-");
    if word && meaningful {
        changed.push(format!("{bare}x"));
        if bare.chars().all(|c| c.is_ascii_digit()) {
            changed.push(bare.replace('0', "7"));
        }
    }
    changed
}

fn in_code(line: &str, start: usize, index: usize, replace: Replace<'_>) {
    let mut swap = |from: &str, to: &str| {
        if line.contains(from) {
            replace(&format!("{from} becomes {to}"), line.replacen(from, to, 1), index);
        }
    };
    swap("-X POST", "-X PUT");
    swap("-X GET", "-X PUT");
    swap("POST https", "GET https");
    swap("openapi.dfinery.ai", "openapi2.dfinery.ai");
    for path in ["/api/v1/events", "/api/v1/identities", "/api/v1/export/event"] {
        swap(path, &format!("{path}-x"));
    }
    swap("access_token:", "access-token:");
    swap("Authorization:", "Authorisation:");
    swap("Bearer", "Basic");
    swap("application/json", "text/json");
    swap("HTTP/2 4", "HTTP/2 3");
    swap("200 OK", "203 OK");
    swap("400 BAD", "401 BAD");
    swap("x-ratelimit-", "x-ratelimits-");
    swap(": 1d", ": 1000");
    swap(": 9999", ": x9999");
    swap(": 16", ": t16");
    swap("\"status\": true", "\"status\": false");
    swap("\"status\": false", "\"status\": true");
    swap("\"code\": 4", "\"code\": 7");
    swap("\"code\": \"2", "\"code\": \"7");
    swap("\"OK\"", "\"OKAY\"");
    swap("VALIDATION_FAILURE", "VALIDATION_ERROR");
    swap("\"exceed_date", "\"exceeded_date");
    swap("unknown_error", "unknown_fault");
    swap("\"fail\"", "\"failed\"");
    swap(": null", ": \"nothing\"");
    swap("T03:04", " at 03:04");
    swap("2026-01-0", "2026-17-0");
    swap("\"include\"", "\"including\"");
    swap("\"exclude\"", "\"excluding\"");
    if line.contains("\"identity\": {") {
        replace(
            "broken bracket",
            line.replacen("\"identity\": {", "\"identity\": [", 1),
            index,
        );
    }
    if let Some((before, rest)) = line.split_once('"')
        && let Some((key, rest)) = rest.split_once("\": ")
        && !before.contains(['\'', ':'])
        // Its own name, which nobody else knows.
        && key != "visits"
    {
        replace("key renamed", format!("{before}\"{key}_x\": {rest}"), index);
        replace("key without its quote", format!("{before}{key}\": {rest}"), start);
    }
}

fn in_prose(line: &str, index: usize, replace: Replace<'_>) {
    let mut swap = |from: &str, to: &str| {
        for (at, _) in line.match_indices(from) {
            let new = format!("{}{to}{}", &line[..at], &line[at + from.len()..]);
            replace(&format!("{from} becomes {to}"), new, index);
        }
    };
    swap("100 e", "150 e");
    swap("100개", "150개");
    swap("30일", "60일");
    swap("40402", "40403");
    swap("40001 ", "40002 ");
    swap("VALIDATION\\_FAILURE", "VALIDATION\\_ERROR");
    swap("`access_token: ", "`access-token: ");
    swap("`Authorization: Bearer", "`Authorization: Basic");
    swap("`Authorization: ", "`Authorisation: ");
    for path in [
        "api/v1/events`",
        "api/v1/identities`",
        "identities/delete`",
        "api/v1/user-profile`",
        "export/event`",
        "userprofile`",
    ] {
        swap(path, &path.replace('`', "s`"));
    }
    if line.contains("api/v1") && !line.starts_with(char::is_numeric) || line.starts_with("# POST") {
        swap("POST", "PUT");
    }
}
