//! Pages that are new, damaged or in two languages, and what the command says about them.

mod drift_support;

use std::{fs, process::Command};

use codegen::{
    drift::{Book, Level, Lock, Report, run},
    read,
};
use drift_support::{accepted, book, fixture, fixtures, root};

fn changed(name: &str, from: &str, to: &str) -> Report {
    let book = book();
    drift_support::changed(&book, &Lock::default(), name, from, to).0
}

fn errors(report: &Report) -> Vec<(usize, &str)> {
    let findings = report.pages.iter().flat_map(|page| &page.findings);
    let errors = findings.filter(|finding| finding.level == Level::Error);
    errors
        .map(|finding| (finding.page.line, finding.words.as_str()))
        .collect()
}

#[test]
fn a_column_that_nobody_knows_is_an_error_with_its_line() {
    let report = changed(
        "import-responses-ko",
        "<th width=\"180\">설명</th>",
        "<th>설명</th><th>Severity</th>",
    );
    assert_eq!(errors(&report), [(18, "columns not understood: Severity")], "{report}");
    assert_eq!(report.exit_code(), 2);

    let report = changed(
        "rate-limit-en",
        "\n```shell",
        "\n| Plan | Price |\n| --- | --- |\n| A | 1 |\n\n```shell",
    );
    assert_eq!(
        errors(&report),
        [(20, "not understood: its columns are Plan, Price")],
        "{report}"
    );
}

#[test]
fn pages_are_recognised_by_content_only() {
    let book = book();
    for fixture in fixtures() {
        let (named, _) = run(&[fixture.with(fixture.text.clone())], &book, &Lock::default());
        let mut document = fixture.with(fixture.text.clone());
        document.file = "nothing.txt".to_owned();
        let (nameless, _) = run(&[document], &book, &Lock::default());
        assert_eq!(named.pages[0].page, nameless.pages[0].page);
        assert_eq!(named.facts, nameless.facts);
    }
}

#[test]
fn a_page_of_something_else_is_an_error() {
    let fixture = fixture("data-types-ko");
    for text in ["", "# Weather\n\nIt rains.\n", "\u{0}\u{0}", "| a | b |\n"] {
        let (report, _) = run(&[fixture.with(text.to_owned())], &book(), &Lock::default());
        assert_eq!(report.exit_code(), 2, "{text:?}\n{report}");
    }
}

#[test]
fn what_is_new_in_one_language_is_said_of_the_other() {
    let book = book();
    let lock = accepted(&book);
    let (ko, en) = (fixture("data-types-ko"), fixture("data-types-en"));
    let (report, _) = run(&[ko.with(ko.text.clone()), en.with(en.text.clone())], &book, &lock);
    assert_eq!(report.exit_code(), 0, "{report}");
    assert!(report.language_pairs > 10, "{report}");

    // The spec cannot judge this flag, but the two pages contradict each other.
    let (ko, en) = (fixture("export-events-ko"), fixture("export-events-en"));
    let flag = |text: &str, flag: &str| {
        let row = "<code>to_date</code></td><td>Date</td><td>";
        assert!(text.contains(row));
        text.replace(row, &format!("{row}{flag}"))
    };
    let documents = [ko.with(flag(&ko.text, "필수")), en.with(flag(&en.text, "Select"))];
    let (report, _) = run(&documents, &book, &lock);
    assert_eq!(report.exit_code(), 1, "{report}");
    assert!(
        report
            .to_string()
            .contains("the English page says optional, the Korean one required"),
        "{report}"
    );
}

#[test]
fn an_assumed_code_need_not_be_on_a_page() {
    let mut inputs = read::inputs(&root()).expect("the spec");
    let drift = fs::read_to_string(root().join("spec/drift.yaml")).expect("spec/drift.yaml");
    let codes = "import:\n  codes:\n";
    let row = |source: &str| {
        format!(
            "    - code: 40999\n      name: NEW\n      http: 200\n      http_alternative: 200\n      retry: never\n      \
             meaning: {{en: New., ko: 새.}}\n      remedy: {{en: None., ko: 없음.}}\n      source: {{{source}}}\n"
        )
    };
    let responses = inputs.responses.clone();
    let page = fixture("import-responses-en");
    for (source, exit_code) in [
        (
            "confidence: assumed, pages: [], note: {en: A test., ko: 시험입니다.}",
            0,
        ),
        ("confidence: documented, pages: [import-response-en]", 1),
    ] {
        inputs.responses = responses.replacen(codes, &format!("{codes}{}", row(source)), 1);
        let book = Book::new(&inputs, &drift).unwrap_or_else(|problems| panic!("{problems}"));
        let (_, lock) = run(&[page.with(page.text.clone())], &book, &Lock::default());
        let (report, _) = run(&[page.with(page.text.clone())], &book, &lock);
        assert_eq!(report.exit_code(), exit_code, "{source}: {report}");
    }
}

#[test]
fn rows_on_lines_of_their_own_have_their_own_lines() {
    let fixture = fixture("import-responses-en");
    let text = fixture
        .text
        .replace("<tr>", "\n<tr>")
        .replace("<code>INVALID_TOKEN", "<code>BAD_TOKEN");
    let line = text
        .lines()
        .position(|line| line.contains("BAD_TOKEN"))
        .expect("the row")
        + 1;
    let (report, _) = run(&[fixture.with(text)], &book(), &Lock::default());
    let finding = report.pages[0]
        .findings
        .iter()
        .find(|finding| finding.level == Level::Drift)
        .expect("drift");
    assert_eq!(finding.page.line, line, "{report}");
    let spec = finding.spec.as_ref().expect("a line of the spec");
    let yaml = fs::read_to_string(root().join(&spec.file)).expect("the file");
    assert_eq!(
        yaml.lines().nth(spec.line - 1).map(str::trim),
        Some("name: INVALID_TOKEN")
    );
}

#[test]
fn no_damage_makes_it_panic() {
    let book = book();
    let mut tried = 0;
    for fixture in fixtures() {
        let text = &fixture.text;
        let mut damaged: Vec<String> = Vec::new();
        // Cut at every place of a coarse grid, whatever stands there.
        damaged.extend(
            (0..text.len())
                .step_by(97)
                .filter_map(|at| text.get(..at))
                .map(str::to_owned),
        );
        damaged.extend(
            (0..text.len())
                .step_by(211)
                .filter_map(|at| text.get(at..))
                .map(str::to_owned),
        );
        damaged.push(text.replace("</td>", ""));
        damaged.push(text.replace("</tr>", "").replace("</table>", ""));
        damaged.push(text.replace("<td>", "<td><table><tr><td>"));
        damaged.push(text.replace('>', ""));
        damaged.push(text.replace('|', "||"));
        damaged.push(text.replace("```", "`"));
        damaged.push(text.replace(' ', "\u{a0}"));
        damaged.push(text.replace('1', "99999999999999999999999"));
        damaged.push(text.replace('{', "{{{{[[[["));
        damaged.push(text.chars().rev().collect());
        for text in damaged {
            tried += 1;
            let (report, remember) = run(&[fixture.with(text)], &book, &Lock::default());
            let _ = (report.to_string(), report.json());
            assert_eq!(Lock::parse(&remember.text()), Ok(remember));
        }
    }
    println!("damaged pages: {tried}");
}

#[test]
fn the_command_remembers_what_was_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (page, lock) = (folder.path().join("page.md"), folder.path().join("lock.yaml"));
    let text = fixture("export-responses-ko").text;
    let drift = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codegen"));
        let output = command
            .args(["drift", "--root"])
            .arg(root())
            .arg("--lock")
            .arg(&lock)
            .args(options)
            .arg(&page)
            .output();
        let output = output.expect("the command");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    fs::write(&page, &text).expect("a page");
    assert_eq!(drift(&[]).0, Some(4));
    assert_eq!(drift(&["--accept"]).0, Some(0));
    let (code, report) = drift(&["--json"]);
    assert_eq!(code, Some(0));
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["pages"][0]["facts"], report["pages"][0]["facts_remembered"]);
    assert_eq!(report["pages"][0]["findings"], serde_json::json!([]));

    fs::write(&page, text.replace("query_error", "query_failed")).expect("a page");
    let (code, report) = drift(&[]);
    assert_eq!(code, Some(1), "{report}");
    assert!(
        report.contains("message query_error: reads `message query_failed` on the page [spec/responses.yaml:"),
        "{report}"
    );

    let example = text.find("```json").expect("an example");
    fs::write(&page, &text[..example]).expect("a page");
    assert_eq!(drift(&[]).0, Some(2));
}
