use super::*;
use crate::{Accepts, Checker, Taxonomy};

fn report(lines: &[&str]) -> Report {
    let mut checker = Checker::new(Some(std::sync::Arc::new(Taxonomy::standard())), Accepts::Mixed);
    let mut report = Report::new(Some("taxonomy.yaml"));
    for (line, json) in (1..).zip(lines) {
        report.record("events.ndjson", line, checker.check(json).as_ref());
    }
    report
}

const GOOD: &str = r#"{"identity":{"external_id":"u1"},"user_properties":{"df_push_optin":true}}"#;
const ITEMS: &str = r#"{"identity":{"external_id":"u1"},"event":{"event_name":"df_login","event_datetime":"2024-06-24T06:42:25.394Z","event_items":[{"df_item_id":"P","df_item_name":"T","df_price":"1","df_quantity":1,"df_discount":0},{"df_item_id":"P","df_item_name":"T","df_price":"1","df_quantity":1,"df_discount":0}]}}"#;

#[test]
fn a_cause_is_counted_once_per_record_and_shown_with_its_first_lines() {
    let report = report(&[
        GOOD,
        "{",
        "{\"identity\"",
        ITEMS,
        ITEMS,
        ITEMS,
        ITEMS,
        ITEMS,
        ITEMS,
        "{}}",
    ]);
    assert_eq!((report.records(), report.good(), report.bad()), (10, 1, 9));
    assert_eq!(
        report.to_string(),
        "\
10 records: 1 good, 9 bad
  good records of the kind profile: 1
Checked against the rules of the API and taxonomy.yaml.

Problems
  event.event_items[].df_price: must be a number, not a text: write the number without quotes
    6 records, first at events.ndjson:4, events.ndjson:5, events.ndjson:6, events.ndjson:7, events.ndjson:8
  is not valid JSON: EOF while parsing an object; a record stands on one line
    2 records, first at events.ndjson:2, events.ndjson:3
  identity: is missing
    1 record, first at events.ndjson:10
  is not valid JSON: trailing characters
    1 record, first at events.ndjson:10

Warnings
  user_properties.df_push_optin: is deprecated since Android SDK 2.3.1 (2025-05-28): use df_push_ads_optin [deprecated-property]
    1 record, first at events.ndjson:1
"
    );
}

#[test]
fn a_program_reads_the_same() {
    let report = report(&[GOOD, ITEMS]);
    let text = serde_json::to_string(&report).unwrap();
    assert!(
        text.contains(r#""good_by_kind":{"identity":0,"profile":1,"event":0,"deletion":0}"#),
        "{text}"
    );
    let json = serde_json::to_value(report).unwrap();
    assert_eq!(json["problems"]["causes"][0]["path"], "event.event_items[].df_price");
    assert_eq!(json["problems"]["causes"][0]["records"], 1);
    assert_eq!(json["problems"]["causes"][0]["first"][0]["line"], 2);
    assert_eq!(json["warnings"]["causes"].as_array().unwrap().len(), 1);
    assert_eq!(json["problems"]["records_with_other_causes"], 0);
}

#[test]
fn rows_that_are_passed_over_are_told_with_the_first_places() {
    let mut report = report(&[GOOD]);
    report.passed_over("a.csv", 2, &[3, 5]);
    report.passed_over("b.csv", 0, &[]);
    report.passed_over("c.csv", 1_200, &[2, 3, 4, 5, 6]);
    assert!(report.has_findings());
    let text = report.to_string();
    let line = "  rows passed over by the mapping: 1,202, first at a.csv:3, a.csv:5, c.csv:2, c.csv:3, c.csv:4\n";
    assert!(text.contains(line), "{text}");
    let json = serde_json::to_value(report).unwrap();
    assert_eq!(json["passed_over"]["rows"], 1_202);
    assert_eq!(
        json["passed_over"]["first"][4],
        serde_json::json!({"file": "c.csv", "line": 4})
    );
}

#[test]
fn a_cause_names_the_line_within_its_first_record() {
    let mut report = report(&[]);
    for (line, within) in [(2, 4), (7, 9)] {
        let problem = Violation::new("금액", format!("must be a number (on line {within})"));
        report.unreadable("a.csv", line, &problem);
    }
    let text = report.to_string();
    let cause = "  금액: must be a number (on line 4)\n    2 records, first at a.csv:2, a.csv:7\n";
    assert!(text.contains(cause), "{text}");
}

#[test]
fn a_report_says_what_was_not_checked_and_stays_bounded() {
    let mut checker = Checker::new(None, Accepts::Mixed);
    let mut report = Report::new(None);
    for line in 1..=2_000 {
        let keys: Vec<String> = (0..25).map(|key| format!("\"k{}\":1", line * 25 + key)).collect();
        report.record("a", line, checker.check(&format!("{{{}}}", keys.join(","))).as_ref());
    }
    let unreadable = checker.check("x").unwrap_err();
    report.unreadable("b", 7, &unreadable[0]);
    let text = report.to_string();
    assert!(text.contains("No taxonomy file: names, types and required properties were not checked."));
    assert_eq!(text.matches("unknown field").count(), causes::MOST_CAUSES);
    assert!(
        text.contains("1,951 records have other causes."),
        "{}",
        &text[text.len() - 300..]
    );
    assert!(text.contains("2,000 records have so many problems that not all are listed."));
    assert_eq!(report.bad(), 2_001);
}
