//! What the vendor may change, in the forms that its pages have: each change is told on its line.

mod drift_support;

use codegen::drift::{Level, Lock, run};
use drift_support::{accepted, book, changed, documents, findings, fixture};

/// A page, what is changed in it, the level, and words of the finding on the line of the change.
type Case = (&'static str, &'static str, &'static str, Level, &'static str);

fn told(cases: &[Case]) {
    let book = book();
    let lock = accepted(&book);
    let mut missed = Vec::new();
    for (name, from, to, level, words) in cases {
        let (report, line) = changed(&book, &lock, name, from, to);
        // An addition is on the line after the text that it follows.
        let lines = line..=line + to.matches('\n').count();
        let told = findings(&report, *level).into_iter().any(|(at, _, found)| lines.contains(&at) && found.contains(words));
        if !told {
            missed.push(format!("{name}:{line}: {from} becomes {to}, expected {level:?} {words}\n{report}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

use Level::{Drift, Error, Settle};

#[test]
fn untouched_pages_have_nothing_to_tell() {
    let book = book();
    let (report, _) = run(&documents(), &book, &accepted(&book));
    assert_eq!(report.exit_code(), 0, "{report}");
}

#[test]
fn samples_of_a_terminal() {
    told(&[
        ("rate-limit-ko", "> x-ratelimit-limit", "> x-quota-limit", Drift, "reads `header x-quota-limit`"),
        ("rate-limit-ko", "> x-ratelimit-remaining", "> x-quota-remaining", Drift, "header x-ratelimit-remaining"),
        ("rate-limit-ko", "> x-ratelimit-reset", "> x-ratelimit-resets-at", Drift, "x-ratelimit-resets-at"),
        ("rate-limit-ko", "reset: 1682593200268", "reset: 2023-04-27T11:00:00Z", Drift, "something else"),
        ("rate-limit-ko", "reset: 1682593200268", "reset: 1682593200", Drift, "the page says seconds"),
        ("rate-limit-ko", "limit: 1d", "limit: 100000", Drift, "the page says integer"),
        ("rate-limit-ko", "HTTP/2 429", "HTTP/2 403", Drift, "no HTTP status 403"),
        ("rate-limit-ko", "HTTP/2 429", "HTTP/1.1 400 Bad Request", Drift, "HTTP 400 comes with 0 calls left"),
        ("rate-limit-ko", "0\n> x", "0\n> retry-after: 60\n> x", Drift, "header retry-after"),
        ("rate-limit-en", "HTTP/2 200\n> x-ratelimit-limit: 1d\n", "HTTP/2 200\n", Drift, "missing in the sample"),
        ("rate-limit-ko", "dfinery.ai/api/v1/...", "dfinery.ai/api/v2/...", Drift, "begins with /api/v2"),
        ("rate-limit-ko", "https://openapi.dfinery.ai", "https://api.dfinery.ai", Drift, "https://api.dfinery.ai"),
        ("authentication-ko", "-H 'access_token: ", "-H 'x-api-key: ", Drift, "header x-api-key"),
        ("load-events-ko", "?service_id=", "?app_id=", Drift, "query app_id"),
        ("load-events-ko", "?service_id=${your-service-id}", "", Drift, "query service_id: is missing"),
        ("export-events-en", "\\\n  -H 'Authorization: Bearer ${your-export-api-token}' ", "", Drift, "authorization: is missing"),
        ("load-events-ko", "curl -L -X POST", "curl -L -X PUT", Drift, "the page says PUT"),
    ]);
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
        for (from, to) in [("x-ratelimit-reset", "x-ratelimit-end"), ("reset: 16", "reset: t16"), ("HTTP/2 429", "HTTP/2 418")] {
            assert!(text.contains(from), "{text}");
            let (report, _) = run(&[fixture.with(text.replacen(from, to, 1))], &book, &lock);
            assert_ne!(findings(&report, Drift), [], "{to}\n{text}\n{report}");
        }
        let (report, _) = run(&[fixture.with(text.clone())], &book, &Lock::default());
        assert_eq!(findings(&report, Drift), [], "{text}");
        assert_eq!(report.facts >= 40, true, "{} facts of\n{text}", report.facts);
    }
}

#[test]
fn names_and_values_in_samples() {
    told(&[
        ("load-events-ko", "\"df_purchase\"", "\"df_buy\"", Drift, "no event of this name"),
        ("load-events-ko", "\"df_price\"", "\"df_item_price\"", Drift, "no item property of this name"),
        ("load-events-ko", "\"df_order_id\"", "\"df_order\"", Drift, "no event property of this name"),
        ("load-events-ko", "\"df_order_id\"", "\"df_item_id\"", Drift, "no event property of this name"),
        ("load-events-ko", "\"df_quantity\": 2", "\"df_quantity\": \"2\"", Drift, "value of df_quantity"),
        ("load-events-ko", "\"df_discount\": 100.0", "\"df_discount\": \"100\"", Drift, "value of df_discount"),
        ("load-events-ko", "\"visits\": 3", "\"df_items\": []", Drift, "items are in `event_items`"),
        ("load-events-ko", "4b7c8f0e-6f0b-4a52-9f6e", "4b7c8f0e6f0b4a529f6e", Drift, "uuid"),
        ("load-events-ko", "05.678Z\",\n        \"event_items", "05.678+09:00\",\n        \"event_items", Settle, "contradiction 21"),
        ("upsert-user-profile-ko", "\"Female\"", "\"F\"", Drift, "value of df_gender"),
        ("upsert-user-profile-en", "\"df_gender\"", "\"df_sex\"", Drift, "no user property of this name"),
        ("upsert-identity-ko", "\"821000000000\"", "\"+82-10-0000-0000\"", Drift, "form of phone_no"),
        ("upsert-identity-ko", "\"821000000000\"", "821000000000", Drift, "is not of type"),
        ("export-events-ko", "[\"df_purchase\"]", "[\"df_purchased\"]", Drift, "no event of this name"),
        ("export-events-ko", "\"df_items_df_price\"]", "\"df_item_df_price\"]", Drift, "name df_item_df_price"),
        ("export-events-ko", "custom_1,df_items_df_price", "custom_1,df_item_df_price", Drift, "column df_item_df_price"),
        ("export-events-ko", "custom_1,df_items_df_price,df_unified_id,event_name", "custom_1;df_items_df_price;df_unified_id;event_name", Drift, "CSV delimiter"),
        ("export-events-ko", ",df_purchase\n", ",df_buy\n", Drift, "no event of this name"),
        ("export-events-ko", "a,1500.0,c", "a,1500.0", Drift, "has 3 fields"),
        ("export-user-profiles-ko", "[\"df_name\"]", "[\"df_nickname\"]", Drift, "name df_nickname"),
        ("import-responses-ko", "200 OK\n{\n  \"status\": false,\n  \"code\": 40001", "HTTP/1.1 400\n{\n  \"status\": false,\n  \"code\": 40001", Settle, "contradiction 3"),
        ("import-responses-ko", "200 OK", "204 OK", Drift, "HTTP status 204"),
    ]);
}

#[test]
fn values_in_descriptions() {
    told(&[
        ("export-events-ko", "<code>exclude</code>", "<code>except</code>", Drift, "values: the page says all, except, include"),
        ("export-events-ko", "<code>all</code>: 모두<br>", "", Drift, "values: the page says exclude, include"),
        ("export-events-en", "exclude: everything", "except: everything", Drift, "values: the page says all"),
        ("export-events-ko", "yyyy-MM-dd", "yyyyMMdd", Drift, "the page says yyyyMMdd"),
        ("export-events-ko", "2026-01-02</code>", "2026/01/02</code>", Drift, "2026/01/02 is no Date"),
        ("export-events-en", "as yyyy-MM-dd", "in KST as yyyy-MM-dd", Settle, "the page says KST"),
        ("upsert-identity-ko", "UTC 기준", "KST 기준", Drift, "the page says KST, the spec says UTC"),
        ("upsert-identity-ko", "UTC 기준", "한국 시간 기준", Drift, "the page says KST"),
        ("upsert-identity-ko", "ISODate 8601", "Unix timestamp", Drift, "the page says Unix time"),
        ("upsert-identity-ko", "05.678Z</code>", "05.678+09:00</code>", Settle, "contradiction 21"),
        ("load-events-ko", "UUID 형식", "ULID 형식", Drift, "the page says ulid"),
        ("load-events-en", "xxxxxxxx-xxxx-Mxxx-Nxxx-xxxxxxxxxxxx", "xxxxxxxx-xxxxxxxx-xxxxxxxx", Drift, "form"),
    ]);
}

#[test]
fn limits_in_prose_and_cells() {
    told(&[
        ("load-events-en", "exceeds 100", "exceeds 200", Drift, "limit of events value: the page says 200"),
        ("load-events-ko", "100개를 초과", "2만개를 초과", Drift, "limit of events value: the page says 20000"),
        ("load-events-ko", "<td>상품</td>", "<td>상품, max 20 per item</td>", Drift, "limit: is on the page"),
        ("load-events-ko", "<td>시각</td>", "<td>시각, 최근 7일 이내</td>", Drift, "limit of days: is on the page"),
        ("load-events-en", "<td>The time</td>", "<td>The time, within the last 7 days</td>", Drift, "limit of days: is on the page"),
        ("import-responses-en", "<td>Meaning 6</td>", "<td>Too many events (at most 50)</td>", Drift, "limit of events value: the page says 50"),
        ("import-responses-ko", "<td>뜻 7</td>", "<td>유저 프로필 수 초과 (최대 20개)</td>", Drift, "limit of profiles"),
        ("export-events-ko", "<code>to_date</code></td><td>Date</td><td></td><td><p>", "<code>to_date</code></td><td>Date</td><td></td><td><p>최대 7일, ", Settle, "limit of range value: the page says 7"),
        ("export-events-ko", "30일 이전", "60일 이전", Drift, "limit of days value: the page says 60"),
        ("rate-limit-ko", "1분당 1,000,000건", "1분당 200만 건", Drift, "the page says 2000000"),
        ("rate-limit-ko", "1시간당 100건", "1시간당 1천건", Drift, "the page says 1000"),
        ("import-responses-ko", "200이어도", "202이어도", Drift, "HTTP 202"),
    ]);
    let book = book();
    let (report, _) = changed(&book, &Lock::default(), "rate-limit-ko", "1분당 1,000,000건", "1분당 100만 건");
    assert_eq!(findings(&report, Drift), [], "{report}");
}

#[test]
fn tokens_in_tables_and_prose() {
    told(&[
        ("export-events-ko", "<code>Bearer your-auth-token</code>", "<code>your-auth-token</code>", Drift, "no scheme"),
        ("load-events-ko", "<code>your-api-token-key</code>", "<code>Bearer your-api-token-key</code>", Drift, "the page says bearer"),
        ("authentication-ko", "`access_token` 헤더", "`x-api-key` 헤더", Drift, "x-api-key"),
        ("authentication-ko", "`Authorization` 헤더", "`X-Export-Token` 헤더", Drift, "x-export-token"),
        ("authentication-en", "header `access_token`", "header `import_auth`", Drift, "import_auth"),
        ("authentication-ko", "`Bearer`와", "`Basic`과", Drift, "the page says basic"),
        ("authentication-ko", "`Authorization: Bearer ", "`Authorization: ", Drift, "header authorization value"),
    ]);
    // Without its last word for the scheme the page is still the one on tokens.
    let book = book();
    let fixture = fixture("authentication-ko");
    let (report, _) = run(&[fixture.with(fixture.text.replace("Bearer ", ""))], &book, &accepted(&book));
    assert_eq!(report.pages[0].page.as_deref(), Some("authentication-ko"), "{report}");
}

#[test]
fn a_rename_is_told_once_in_its_row() {
    let book = book();
    let lock = accepted(&book);
    let cases = [
        ("rate-limit-ko", "<td>X-Rate-Limit-Remaining</td>", "<td>X-RateLimit-Remaining</td>", Some(2)),
        ("export-events-ko", "<code>df_server_datetime</code>", "<code>df_received_datetime</code>", Some(6)),
        ("export-events-ko", "<code>from_date</code>", "<code>start_date</code>", Some(5)),
        ("upsert-identity-ko", "| kakao\\_user\\_id |", "| kakao\\_account\\_id |", None),
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
        (&optional, "this settles it: change the spec and remove spec/drift.yaml:"),
    ] {
        let (report, line) = changed(&book, &lock, "export-events-ko", flag, to);
        let settled = findings(&report, Settle);
        assert_eq!((settled.len(), settled[0].0, report.exit_code()), (1, line, 3), "{report}");
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
        ("fact: body to_date required", "fact: body to_dat required", "is about a fact that the spec does not have"),
        ("fact: period day code, reading: 1D", "fact: period day code, reading: 1X", "expects `1X`"),
        ("fact: header x-rate-limit-rest", "fact: header x-rate-limit-res", "expects `present`"),
    ];
    for (from, to, words) in cases {
        assert!(drift.contains(from), "{from}");
        let line = drift[..drift.find(from).expect("the entry")].matches('\n').count();
        let book = codegen::drift::Book::new(&inputs, &drift.replace(from, to)).unwrap_or_else(|p| panic!("{p}"));
        let (report, _) = run(&documents(), &book, &Lock::default());
        let errors = findings(&report, Error);
        let entry = |at: usize| format!("spec/drift.yaml:{at} ");
        let named = |words: &str| words.contains(&entry(line)) || words.contains(&entry(line + 1));
        assert!(errors.iter().any(|(_, _, error)| error.contains(words) && named(error)), "{to}\n{report}");
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
    let rows = |text: &str| tags(&text.replace("</td>", " ").replace("</th>", " ").replace("</tr>", "\n")).replace('|', " ");
    for name in ["load-events-en", "export-events-en", "export-events-ko", "upsert-identity-ko", "import-responses-ko", "export-responses-en"] {
        let fixture = fixture(name);
        for (how, text) in [("cells", cells(&fixture.text)), ("rows", rows(&fixture.text))] {
            let text: String = text.lines().filter(|line| !line.starts_with("| ")).collect::<Vec<_>>().join("\n");
            let (report, _) = run(&[fixture.with(text.clone())], &book, &Lock::default());
            let refused = findings(&report, Error).iter().any(|(_, _, words)| words.contains("the text of a PDF"));
            assert!(refused, "{name} {how}\n{report}\n{text}");
        }
    }
    let (report, _) = run(&[fixture("load-events-en").with("%PDF-1.7\n…".to_owned())], &book, &Lock::default());
    assert!(findings(&report, Error)[0].2.contains("this is a PDF file"), "{report}");
}

#[test]
fn a_guide_is_read_for_codes_limits_and_samples() {
    told(&[
        ("get-started-en", "\n| API | Use |", "\nUp to 200 events at a time.\n\n| API | Use |", Drift, "limit of events"),
        ("get-started-en", "\n| API | Use |", "\n40499 TOO\\_MANY\\_EVENTS\n\n| API | Use |", Drift, "no code 40499"),
        ("get-started-en", "\n| API | Use |", "\n```json\n{\"identity\": {\"external\": \"a\"}, \"request_datetime\": \"2026-01-02T03:04:05Z\"}\n```\n\n| API | Use |", Drift, "external"),
        ("get-started-en", "\n| API | Use |", "\nSend df_buy to `/api/v1/event`.\n\n| API | Use |", Drift, "df_buy"),
    ]);
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
        assert_eq!((report.exit_code(), findings(&report, Level::Look).len()), (4, 1), "{report}");
        // It says where it is, so the name of its file does not matter.
        let mut document = fixture.with(fixture.text.clone());
        document.file = "other.md".to_owned();
        let (report, _) = run(&[document], &book, &lock);
        assert_eq!(report.exit_code(), 0, "{report}");
    }
}
