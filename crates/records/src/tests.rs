//! Single records, and what is said of them.

use std::{borrow::Cow, sync::Arc};

use serde_json::Value;

use super::{Accepts, Checked, Checker, Taxonomy};
use crate::RecordKind;

mod implausible;
mod spelling;

/// What is wrong with a record, as `path: problem`, under the standard taxonomy.
fn problems(json: &str) -> Vec<String> {
    verdict(Some(Taxonomy::standard()), Accepts::Mixed, json)
        .err()
        .unwrap_or_default()
}

/// What is wrong with a record by the spec alone.
fn spec_problems(json: &str) -> Vec<String> {
    verdict(None, Accepts::Mixed, json).err().unwrap_or_default()
}

/// The warnings of a good record, or the problems of a bad one.
fn verdict(taxonomy: Option<Taxonomy>, accepts: Accepts, json: &str) -> Result<Vec<String>, Vec<String>> {
    match Checker::new(taxonomy.map(Arc::new), accepts).check(json) {
        Ok(good) => Ok(good.warnings.iter().map(ToString::to_string).collect()),
        Err(violations) => Err(violations.iter().map(ToString::to_string).collect()),
    }
}

/// The payload of a good record with its edits.
fn payload(json: &str) -> String {
    let mut checker = Checker::new(Some(Arc::new(Taxonomy::standard())), Accepts::Mixed);
    edited(&checker.check(json).unwrap())
}

pub(crate) fn edited(checked: &Checked<'_>) -> String {
    let mut text = String::new();
    let mut from = 0;
    for (range, new) in &checked.edits {
        text.push_str(&checked.payload[from..range.start]);
        text.push_str(new);
        from = range.end;
    }
    text + &checked.payload[from..]
}

fn event(fields: &str) -> String {
    format!(r#"{{"identity":{{"external_id":"u1"}},"event":{{{fields}}}}}"#)
}

fn login(more: &str) -> String {
    event(&format!(
        r#""event_name":"df_login","event_datetime":"2024-06-24T06:42:25.394Z"{more}"#
    ))
}

fn profile(properties: &str) -> String {
    format!(r#"{{"identity":{{"external_id":"u1"}},"user_properties":{{{properties}}}}}"#)
}

fn user(identity: &str) -> String {
    format!(r#"{{"identity":{{{identity}}}}}"#)
}

#[test]
fn a_good_event_is_borrowed_whole() {
    let json = r#" {"identity" : {"external_id":"u1","email":"kim@example.com"} , "event" : {"event_log_id":"01234567-89ab-4def-8123-456789abcdef","event_name":"df_sign_up","event_datetime":"2024-06-24T06:42:25.394Z","event_properties":{"df_sign_channel":"카카오"}} } "#;
    let mut checker = Checker::new(Some(Arc::new(Taxonomy::standard())), Accepts::Mixed);
    let good = checker.check(json).unwrap();
    assert_eq!(good.kind, RecordKind::Event);
    assert_eq!(good.identity.first(), Some((0, "u1")));
    assert!(matches!(good.identity.0[2], Some(Cow::Borrowed("kim@example.com"))));
    assert!(good.payload.starts_with(r#"{"event_log_id""#) && good.payload.ends_with("\"카카오\"}}"));
    assert!(good.edits.is_empty() && good.warnings.is_empty());
    assert_eq!(
        good.event_log_id.unwrap().to_string(),
        "01234567-89ab-4def-8123-456789abcdef"
    );
}

#[test]
fn the_kind_of_a_record_shows_in_its_keys_and_must_be_welcome() {
    let identity = user(r#""external_id":"u1""#);
    let (profile, event) = (profile(r#""df_name":"Kim""#), login(""));
    for (json, kind) in [
        (&identity, RecordKind::Identity),
        (&profile, RecordKind::Profile),
        (&event, RecordKind::Event),
    ] {
        for accepts in [Accepts::Mixed, Accepts::Only(kind)] {
            assert_eq!(Checker::new(None, accepts).check(json).unwrap().kind, kind);
        }
        for other in [RecordKind::Identity, RecordKind::Profile, RecordKind::Event] {
            let welcome = verdict(None, Accepts::Only(other), json).is_ok();
            assert_eq!(welcome, other == kind, "{kind} in a load of {other}");
        }
    }
    let deletions = Accepts::Only(RecordKind::Deletion);
    assert_eq!(
        Checker::new(None, deletions).check(&identity).unwrap().kind,
        RecordKind::Deletion
    );
    assert_eq!(
        verdict(None, deletions, &user(r#""email":"kim@example.com""#)).unwrap_err(),
        [
            "identity.email: a deletion takes external_id only",
            "identity: a deletion needs external_id"
        ]
    );
}

#[test]
fn all_problems_of_a_record_are_found_at_once() {
    let json = r#"{"identity":{"external_id":5,"mail":"x"},"event":{"event_nam":"x","event_datetime":"yesterday","event_items":[{"a":{}},7],"event_log_id":"1"},"request_datetime":null}"#;
    assert_eq!(
        spec_problems(json),
        [
            "identity.external_id: must be a text, not a number: write it in quotes",
            "identity.mail: unknown field; did you mean email?",
            "event.event_nam: unknown field; did you mean event_name?",
            "event.event_datetime: must be a time with an offset, such as 2024-06-24T15:42:25+09:00",
            "event.event_items[0].a: must not be an object: give a text, a number, true, false or an array",
            "event.event_items[1]: must be an object, not a number",
            "event.event_log_id: must be a UUID with hyphens; without the field one is made",
            "event.event_name: is missing",
            "request_datetime: must be a time as text, not null",
            "request_datetime: an event has none: its time is event_datetime",
        ]
    );
}

#[test]
fn text_that_is_no_json_is_refused_without_a_word_of_it() {
    for (json, problem) in [
        (
            "",
            "is not valid JSON: EOF while parsing a value; a record stands on one line (column 0)",
        ),
        (
            r#"{"identity":secret}"#,
            "is not valid JSON: expected value (column 13)",
        ),
        (
            r#"{"identity":{"external_id":"secret}"#,
            "is not valid JSON: EOF while parsing a string; a record stands on one line (column 35)",
        ),
        ("[1]", "a record must be an object, not an array"),
        (
            "{} {}",
            "several JSON objects stand on one line: put each on a line of its own (column 4)",
        ),
        ("{} x", "is not valid JSON: trailing characters (column 4)"),
    ] {
        assert_eq!(spec_problems(json).last().unwrap(), problem, "{json}");
    }
    assert_eq!(spec_problems(&login(r#","event_properties":{"a":1e999}"#)).len(), 1);
    assert_eq!(spec_problems(&login(r#","event_properties":{"a":"\ud800"}"#)).len(), 1);
}

#[test]
fn identifiers_have_their_forms() {
    for (identity, problem) in [
        (
            "",
            "identity: needs external_id, phone_no, email, kakao_user_id or line_user_id",
        ),
        (
            r#""external_id":null"#,
            "identity: needs external_id, phone_no, email, kakao_user_id or line_user_id",
        ),
        (r#""external_id":"""#, "identity.external_id: must not be empty"),
        (
            r#""email":"kim""#,
            "identity.email: must be a mail address, such as name@example.com",
        ),
        (
            r#""phone_no":"010-1234-5678""#,
            "identity.phone_no: must be the country code and the number, digits only, without + and without the leading zero: write 821012345678",
        ),
        (
            r#""external_id":"a","external_id":"b""#,
            "identity.external_id: is given twice: give it once",
        ),
    ] {
        assert_eq!(spec_problems(&user(identity)), [problem], "{identity}");
    }
    assert!(spec_problems(&user(r#""external_id":null,"phone_no":"821012345678""#)).is_empty());
    let inner_zero = verdict(None, Accepts::Mixed, &user(r#""phone_no":"8201012345678""#)).unwrap();
    assert_eq!(inner_zero.len(), 1);
}

#[test]
fn a_time_is_written_in_the_form_that_is_sent() {
    let json = r#"{"event":{"event_name":"df_login","event_datetime" : "2024-06-24T15:42:25+09:00" , "event_properties":null},"identity":{"external_id":"u1"}}"#;
    assert_eq!(
        payload(json),
        r#"{"event_name":"df_login","event_datetime" : "2024-06-24T06:42:25.000Z" , "event_properties":{}}"#
    );
}

#[test]
fn escapes_where_places_matter_change_nothing_but_the_time() {
    let json = r#"{"\u0065vent":{"event_name":"df_login","event_datetime":"2024-06-24T15:42:25\u002b09:00","\u0065vent_properties":null} , "\u0069dentity":{"external_id":"u\u0031"}}"#;
    assert_eq!(
        payload(json),
        r#"{"event_name":"df_login","event_datetime":"2024-06-24T06:42:25.000Z","\u0065vent_properties":{}}"#
    );
    let canonical = login("").replace("25.394Z", "25.39\\u0034Z");
    assert_eq!(
        payload(&canonical),
        canonical[canonical.find(r#"{"event_name"#).unwrap()..canonical.len() - 1]
    );
}

#[test]
fn names_types_and_needs_are_held_against_the_taxonomy() {
    for (properties, problem) in [
        (
            r#""df_sign_chanel":"x""#,
            "event.event_properties.df_sign_chanel: the property is not registered; did you mean df_sign_channel?",
        ),
        (
            r#""df_item_id":"x""#,
            "event.event_properties.df_item_id: the property is not registered here; it belongs into event_items",
        ),
        (
            r#""df_items":[]"#,
            "event.event_properties.df_items: items belong into event_items",
        ),
        (
            r#""df_keyword":1"#,
            "event.event_properties.df_keyword: must be a text, not a number: write it in quotes",
        ),
        (
            r#""df_discount":"1""#,
            "event.event_properties.df_discount: must be a number, not a text: write the number without quotes",
        ),
        (
            r#""df_discount":1,"df_discount":2"#,
            "event.event_properties.df_discount: is given twice: give it once",
        ),
    ] {
        let json = login(&format!(r#","event_properties":{{{properties}}}"#));
        assert_eq!(problems(&json), [problem], "{properties}");
    }
    assert!(problems(&login(r#","event_properties":{"df_discount":1}"#)).is_empty());
    assert_eq!(
        problems(&event(
            r#""event_name":"df_sign_up","event_datetime":"2024-06-24T06:42:25.394Z","event_properties":{"df_sign_channel":null}"#
        )),
        ["event.event_properties.df_sign_channel: is missing: df_sign_up needs it"]
    );
    assert_eq!(
        problems(&event(
            r#""event_name":"df_view_cart","event_datetime":"2024-06-24T06:42:25.394Z","event_items":[]"#
        )),
        ["event.event_items: is missing: df_view_cart needs it"]
    );
    assert_eq!(
        problems(&login("").replace("df_login", "df_signup")),
        ["event.event_name: the event is not registered; did you mean df_sign_up?"]
    );
    let item = r#","event_items":[{"df_item_id":"P","df_item_name":"Tea","df_price":3,"df_quantity":1.0}]"#;
    assert_eq!(
        problems(&login(item)),
        [
            "event.event_items[0].df_quantity: must be a whole number: write 1, not 1.0",
            "event.event_items[0].df_discount: is missing: every item needs it",
        ]
    );
}

#[test]
fn each_type_takes_its_own_values() {
    let all = "string long double boolean datetime date string-array long-array double-array";
    let entries: Vec<String> = all
        .split(' ')
        .map(|name| format!("{{name: {name}, type: {name}}}"))
        .collect();
    let yaml = format!("user_properties: [{}]", entries.join(", "));
    for (value, takers) in [
        ("\"a\"", "string"),
        ("\"2024-06-24\"", "string date"),
        ("\"2024-06-24T06:42:25.394Z\"", "string datetime"),
        ("1", "long double"),
        ("1.0", "double"),
        ("-0", "double"),
        ("true", "boolean"),
        ("null", all),
        ("[]", "string-array long-array double-array"),
        ("[\"a\"]", "string-array"),
        ("[1]", "long-array double-array"),
        ("[1,2.0]", "double-array"),
        ("[null]", ""),
    ] {
        let taxonomy = || Some(Taxonomy::from_yaml(&yaml).unwrap());
        let fits = |name: &&str| verdict(taxonomy(), Accepts::Mixed, &profile(&format!("\"{name}\":{value}"))).is_ok();
        let names: Vec<&str> = all.split(' ').filter(fits).collect();
        assert_eq!(names.join(" "), takers, "{value}");
    }
}

#[test]
fn what_is_allowed_but_unwise_gives_warnings() {
    let warnings = |properties: &str| verdict(Some(Taxonomy::standard()), Accepts::Mixed, &profile(properties));
    assert_eq!(warnings(r#""df_push_ads_optin":true,"df_name":null"#).unwrap(), [""; 0]);
    assert_eq!(
        warnings(r#""df_push_optin":null"#).unwrap(),
        [
            "user_properties.df_push_optin: null means that messages may be sent: give true or false [null-consent]",
            "user_properties.df_push_optin: is deprecated since Android SDK 2.3.1 (2025-05-28): use df_push_ads_optin [deprecated-property]",
        ]
    );
    assert_eq!(
        warnings(r#""df_push_ads_optin":"Y","df_gender":"F""#).unwrap_err(),
        [
            "user_properties.df_push_ads_optin: must be true or false, not a text: write true or false, without quotes",
            "user_properties.df_gender: must be one of Male, Female, NonBinary, Other",
        ]
    );
    let purchase = r#""event_name":"df_purchase","event_datetime":"2024-06-24T06:42:25.394Z","event_items":[{"df_item_id":"P","df_item_name":"T","df_price":3,"df_quantity":1,"df_discount":0}],"event_properties":{"df_order_id":"1","df_payment_method":"c","df_total_purchase_amount":3,"df_delivery_charge":0}"#;
    let unsettled = verdict(Some(Taxonomy::standard()), Accepts::Mixed, &event(purchase)).unwrap();
    assert_eq!(unsettled.len(), 1);
    assert!(unsettled[0].starts_with("event.event_properties.df_discount: is missing: the sources disagree"));
}

#[test]
fn values_that_no_property_can_have_are_refused_by_the_spec_alone() {
    for (value, good) in [
        ("null", true),
        ("[]", true),
        ("[1,2.5]", true),
        ("[\"a\"]", true),
        ("-9223372036854775808", true),
        ("9223372036854775808", false),
        ("[9223372036854775808]", false),
        ("[1,\"a\"]", false),
        ("[null]", false),
        ("[true]", false),
        ("[[1]]", false),
        ("{}", false),
    ] {
        assert_eq!(
            spec_problems(&profile(&format!("\"a\":{value}"))).is_empty(),
            good,
            "{value}"
        );
    }
    assert_eq!(
        spec_problems(&profile("\"\":1")),
        ["user_properties.: a property needs a name"]
    );
    let many: Vec<String> = (0..40).map(|n| format!("\"p{}\":1", n % 39)).collect();
    assert_eq!(
        spec_problems(&profile(&many.join(","))),
        ["user_properties.p0: is given twice: give it once"]
    );
    assert!(spec_problems(&profile(&many[1..].join(","))).is_empty());
}

#[test]
fn no_value_of_a_record_is_in_a_problem() {
    let secret = "hong-gildong";
    for template in [
        r#"{"identity":{"email":"S","phone_no":"S"},"event":{"event_name":"S","event_datetime":"S","event_log_id":"S","event_properties":{"df_discount":"S"},"event_items":"S"}}"#,
        r#"{"identity":"S","user_properties":"S","request_datetime":"S"}"#,
        r#"{"identity":{"external_id":"a"},"user_properties":{"df_gender":"S","df_birth":"S","df_push_optin":"S"}}"#,
        r#"{"identity":{"external_id":"a"},"user_properties":{"df_gender":"S","df_birth":"S" "S"}}"#,
    ] {
        let found = problems(&template.replace('S', secret));
        assert!(!found.is_empty() && !found.concat().contains("gildong"), "{found:?}");
    }
    let checked = format!(
        "{:?}",
        Checker::new(None, Accepts::Mixed)
            .check(&user(r#""email":"hong@gildong""#))
            .unwrap()
            .identity
    );
    assert!(!checked.contains("gildong"));
}

#[test]
fn an_event_has_at_most_as_many_items_as_the_spec_allows() {
    let most = dfinery::types::import::Event::MAX_EVENT_ITEMS;
    let items = |count| login(&format!(r#","event_items":[{}]"#, vec!["{}"; count].join(",")));
    assert!(spec_problems(&items(most)).is_empty());
    assert_eq!(spec_problems(&items(most + 1)).len(), 1);
    let parsed: Value = serde_json::from_str(&items(most)).unwrap();
    assert_eq!(
        Checker::new(None, Accepts::Mixed)
            .check(&parsed.to_string())
            .unwrap()
            .items,
        most
    );
}

#[test]
fn an_item_is_good_only_with_all_that_items_need() {
    const NEEDED: [&str; 5] = [
        r#""df_item_id":"P-1""#,
        r#""df_item_name":"Bag""#,
        r#""df_price":10.5"#,
        r#""df_quantity":1"#,
        r#""df_discount":0"#,
    ];
    let check = |items: &[&[&str]]| {
        let items: Vec<_> = items
            .iter()
            .map(|properties| format!("{{{}}}", properties.join(",")))
            .collect();
        problems(&login(&format!(r#","event_items":[{}]"#, items.join(","))))
    };
    assert_eq!(check(&[&NEEDED, &NEEDED]), [""; 0]);
    for missing in NEEDED {
        let others: Vec<_> = NEEDED.into_iter().filter(|property| *property != missing).collect();
        assert_eq!(check(&[&NEEDED, &others]).len(), 1, "without {missing}");
    }
}
