//! What is said, and how often, about pages that are renamed in part, answer a question, are damaged, or have no facts.

mod drift_support;

use codegen::drift::{
    Level::{self, Drift, Error, Settle},
    Lock, run,
};
use drift_support::{accepted, book, changed, documents, findings, fixture};

#[test]
fn untouched_pages_have_nothing_to_tell() {
    let book = book();
    let (report, _) = run(&documents(), &book, &accepted(&book));
    assert_eq!(report.exit_code(), 0, "{report}");
}

#[test]
fn a_terminal_is_read_in_whatever_way_it_is_pasted() {
    let book = book();
    let lock = accepted(&book);
    let fixture = fixture("rate-limit-ko");
    let text = &fixture.text;
    let pastes = [
        text.replace("> HTTP", "HTTP").replace("> x-", "x-"),
        text.replace("> HTTP", "< HTTP").replace("> x-", "< x-"),
        text.replace("curl -i", "$ curl -i"),
        text.replace("curl -i https", "curl -i \\\n  https"),
        text.replace("curl -i https://openapi.dfinery.ai/api/v1/...\n", ""),
        text.replace("```shell", "```http"),
    ];
    for text in pastes {
        for (from, to) in [
            ("x-ratelimit-reset", "x-ratelimit-end"),
            ("reset: 16", "reset: t16"),
            ("HTTP/2 429", "HTTP/2 418"),
        ] {
            assert!(text.contains(from), "{text}");
            let (report, _) = run(&[fixture.with(text.replacen(from, to, 1))], &book, &lock);
            assert_ne!(findings(&report, Drift), [], "{to}\n{text}\n{report}");
        }
        let (report, _) = run(&[fixture.with(text.clone())], &book, &Lock::default());
        assert_eq!(findings(&report, Drift), [], "{text}");
        assert!(report.facts > 37, "{} facts of\n{text}", report.facts);
    }
}

#[test]
fn a_rename_is_told_once_in_its_row() {
    let book = book();
    let lock = accepted(&book);
    let cases = [
        (
            "rate-limit-ko",
            "<td>X-Rate-Limit-Remaining</td>",
            "<td>X-RateLimit-Remaining</td>",
            Some(2),
        ),
        (
            "export-events-ko",
            "<code>df_server_datetime</code>",
            "<code>df_received_datetime</code>",
            Some(6),
        ),
        (
            "export-events-ko",
            "<code>from_date</code>",
            "<code>start_date</code>",
            Some(5),
        ),
        (
            "upsert-identity-ko",
            "| kakao\\_user\\_id |",
            "| kakao\\_account\\_id |",
            None,
        ),
        ("import-responses-ko", "<td>40402</td>", "<td>40499</td>", Some(7)),
    ];
    for (name, from, to, row) in cases {
        let (report, line) = changed(&book, &lock, name, from, to);
        let drift = findings(&report, Drift);
        assert_eq!(drift.len(), 1, "{to}\n{report}");
        assert_eq!((drift[0].0, drift[0].1), (line, row), "{to}\n{report}");
        assert!(drift[0].2.contains(": reads `"), "{report}");
    }
    // What is gone would be after the row before it.
    let (report, line) = changed(&book, &lock, "data-types-en", "| Boolean | - | `true` |\n", "");
    assert_eq!(findings(&report, Drift)[0].0, line - 1, "{report}");
}

#[test]
fn a_page_that_answers_an_open_question_says_so() {
    let flag = "<code>to_date</code></td><td>Date</td><td>";
    let (required, optional) = (format!("{flag}필수"), format!("{flag}선택"));
    let book = book();
    let lock = accepted(&book);
    for (to, words) in [
        (&required, "as chosen: raise the confidence at spec/export.yaml:"),
        (
            &optional,
            "this settles it: change the spec and remove spec/drift.yaml:",
        ),
    ] {
        let (report, line) = changed(&book, &lock, "export-events-ko", flag, to);
        let settled = findings(&report, Settle);
        assert_eq!(
            (settled.len(), settled[0].0, report.exit_code()),
            (1, line, 3),
            "{report}"
        );
        assert!(settled[0].2.contains(words), "{report}");
    }
    let row = "<tr><td><code>audience</code>";
    let new = "<tr><td><code>identities</code></td><td>List of String</td><td></td><td>목록</td></tr>";
    let (report, _) = changed(&book, &lock, "export-user-profiles-ko", row, &format!("{new}{row}"));
    let settled = findings(&report, Settle);
    assert!(settled[0].2.contains("body identities: is on the page now"), "{report}");
}

#[test]
fn an_entry_that_no_page_bears_out_is_an_error() {
    let drift = std::fs::read_to_string(drift_support::root().join("spec/drift.yaml")).expect("spec/drift.yaml");
    let inputs = codegen::read::inputs(&drift_support::root()).expect("the spec");
    let cases = [
        (
            "fact: body to_date required",
            "fact: body to_dat required",
            "is about a fact that the spec does not have",
        ),
        (
            "fact: period day code, reading: 1D",
            "fact: period day code, reading: 1X",
            "expects `1X`",
        ),
        (
            "fact: header x-rate-limit-rest",
            "fact: header x-rate-limit-res",
            "expects `present`",
        ),
    ];
    for (from, to, words) in cases {
        assert!(drift.contains(from), "{from}");
        let line = drift[..drift.find(from).expect("the entry")].matches('\n').count();
        let book = codegen::drift::Book::new(&inputs, &drift.replace(from, to)).unwrap_or_else(|p| panic!("{p}"));
        let (report, _) = run(&documents(), &book, &Lock::default());
        let errors = findings(&report, Error);
        let entry = |at: usize| format!("spec/drift.yaml:{at} ");
        let named = |words: &str| words.contains(&entry(line)) || words.contains(&entry(line + 1));
        assert!(
            errors.iter().any(|(_, _, error)| error.contains(words) && named(error)),
            "{to}\n{report}"
        );
    }
}

#[test]
fn half_of_a_page_is_refused() {
    let book = book();
    let tags = |text: &str| {
        let mut tag = false;
        let kept = text.chars().filter(|c| {
            let keep = !tag && *c != '<';
            tag = (tag || *c == '<') && *c != '>';
            keep
        });
        kept.collect::<String>()
    };
    let cells = |text: &str| tags(&text.replace("</td>", "\n").replace("</th>", "\n"));
    let rows =
        |text: &str| tags(&text.replace("</td>", " ").replace("</th>", " ").replace("</tr>", "\n")).replace('|', " ");
    for name in [
        "load-events-en",
        "export-events-en",
        "export-events-ko",
        "upsert-identity-ko",
        "import-responses-ko",
        "export-responses-en",
    ] {
        let fixture = fixture(name);
        for (how, text) in [("cells", cells(&fixture.text)), ("rows", rows(&fixture.text))] {
            let text: String = text
                .lines()
                .filter(|line| !line.starts_with("| "))
                .collect::<Vec<_>>()
                .join("\n");
            let (report, _) = run(&[fixture.with(text.clone())], &book, &Lock::default());
            let refused = findings(&report, Error)
                .iter()
                .any(|(_, _, words)| words.contains("the text of a PDF"));
            assert!(refused, "{name} {how}\n{report}\n{text}");
        }
    }
    let (report, _) = run(
        &[fixture("load-events-en").with("%PDF-1.7\n…".to_owned())],
        &book,
        &Lock::default(),
    );
    assert!(findings(&report, Error)[0].2.contains("this is a PDF file"), "{report}");
}

#[test]
fn a_page_without_facts_is_watched_for_its_wording() {
    let book = book();
    let lock = accepted(&book);
    for name in ["profile-get-started-ko", "profile-get-started-en", "best-practices-en"] {
        let fixture = fixture(name);
        let (report, _) = run(&[fixture.with(fixture.text.clone())], &book, &lock);
        assert_eq!(report.exit_code(), 0, "{report}");
        let text = fixture.text.replacen("\n\n---", "\n\nOne more sentence.\n\n---", 1);
        let (report, _) = run(&[fixture.with(text)], &book, &lock);
        assert_eq!(
            (report.exit_code(), findings(&report, Level::Look).len()),
            (4, 1),
            "{report}"
        );
        // It says where it is, so the name of its file does not matter.
        let mut document = fixture.with(fixture.text.clone());
        document.file = "other.md".to_owned();
        let (report, _) = run(&[document], &book, &lock);
        assert_eq!(report.exit_code(), 0, "{report}");
    }
}
