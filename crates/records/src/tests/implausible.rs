//! What is allowed but implausible, and what may be done about it.

use super::*;
use crate::{Report, WarningKind, WarningPolicy, property::NEVER_NEGATIVE};
use dfinery::taxonomy;

/// The warnings of a good record.
fn kinds(json: &str) -> Vec<WarningKind> {
    let mut checker = Checker::new(Some(Arc::new(Taxonomy::standard())), Accepts::Mixed);
    let good = checker.check(json).unwrap_or_else(|wrong| panic!("{json}: {wrong}"));
    good.warnings.iter().map(crate::Warning::kind).collect()
}

fn of_id(id: &str) -> Vec<WarningKind> {
    kinds(&serde_json::json!({"identity": {"external_id": id}}).to_string())
}

fn of_phone(number: &str) -> Vec<WarningKind> {
    kinds(&user(&format!(r#""phone_no":"{number}""#)))
}

#[test]
fn each_rule_about_identifiers_has_its_name() {
    use WarningKind as K;
    for (kind, ids) in [
        (
            K::PlaceholderId,
            "NULL|null|(null)|<NULL>|None|nil|nan|NaN|undefined|N/A|n.a.|\\N|-|.|?|없음|미상|비회원|알 수 없음|test|GUEST|unknown|not set|(not set)|not_authenticated|[object Object]|0|0000|00000000-0000-0000-0000-000000000000|-1|id|user_id",
        ),
        (
            K::TotalRow,
            "합계|소계|총계|총 합계|계|평균|total|Total:|SUBTOTAL|Grand Total|sum|--|---|===|-----+-----|※ 개인정보 취급 주의|* 5월 기준|(3 rows)|12 rows selected.|총 3건|총 1,234 명",
        ),
        (
            K::SpreadsheetMark,
            "'1001|=\"1001\"|=A1|\"1001\"|#N/A|#n/a|#REF!|#VALUE!|#NAME?|#DIV/0!|####|##########",
        ),
        (K::SpacedId, " u1|u1 |\u{3000}u1|u1\u{a0}"),
        (
            K::InvisibleCharacter,
            "u\u{200b}1|\u{feff}u1|u1\u{3164}|u\u{a0}1|\u{ad}u1|김\u{200d}철수",
        ),
        (
            K::RoundedId,
            "1.23E+15|2.02611e+15|1E+15|1e+20|1.5E15|2026110000000000|1234567890123000000",
        ),
        (K::FloatId, "1001.0|-7.0"),
    ] {
        for id in ids.split('|') {
            assert_eq!(of_id(id), [kind], "{id:?}");
            for field in ["kakao_user_id", "line_user_id"] {
                let json = serde_json::json!({"identity": {field: id}}).to_string();
                assert_eq!(kinds(&json), [kind], "{field} {id:?}");
            }
        }
    }
    assert_eq!(of_id(" NULL "), [K::SpacedId, K::PlaceholderId]);
    assert_eq!(of_id("\u{200b}합계"), [K::InvisibleCharacter, K::TotalRow]);
}

#[test]
fn each_rule_about_phone_numbers_has_its_name() {
    use WarningKind as K;
    for (kind, numbers) in [
        (
            K::Landline,
            "82212345678 8223456789 82311234567 82511234567 82641234567 827012345678 8250512345678 8280123456 8215881234 8216441234 8218001234",
        ),
        (K::MobileLength, "82101234567 8210123456789 8211123456 82191234567890"),
        (K::CountryCodeZero, "8201012345678"),
        (K::PlaceholderId, "821000000000"),
    ] {
        for number in numbers.split(' ') {
            assert_eq!(of_phone(number), [kind], "{number}");
        }
    }
    assert_eq!(of_phone("820212345678"), [K::CountryCodeZero, K::Landline]);
}

#[test]
fn ordinary_values_draw_no_warning() {
    for id in [
        "u1",
        "1",
        "7",
        "M-1001",
        "kim",
        "nina",
        "test01",
        "tester",
        "totals2",
        "kim lee",
        "김철수",
        "회원1",
        "a",
        "1001",
        "10",
        "9007199254740993",
        "1234567890123450",
        "1180591620717411303",
        "1E5",
        "12E45",
        "3e8",
        "0001",
        "100000",
        "O'Neil",
        "nul",
        "a-b_c.d",
        "8f14e45f-ceea-467f-a8c9-1b2c3d4e5f60",
        "d41d8cd98f00b204e9800998ecf8427e",
        "AbC/dEf+gh==",
        "-5",
        "#1001",
        "user@example.com",
        "(주)회사",
        "1.2.3",
        "1001.5",
        "계정1",
        "null@example.com",
        "2024-01-01",
    ] {
        assert_eq!(of_id(id), [], "{id:?}");
    }
    for number in [
        "821012345678",
        "82111234567",
        "821112345678",
        "821912345678",
        "12025550123",
        "8613800138000",
        "81312345678",
    ] {
        assert_eq!(of_phone(number), [], "{number}");
    }
    for address in ["kim@example.com", "test@example.com", "none@none.com", "김@예.한국"] {
        assert_eq!(kinds(&user(&format!(r#""email":"{address}""#))), [], "{address}");
    }
}

#[test]
fn an_identifier_that_cannot_be_seen_or_breaks_a_line_is_bad_under_any_policy() {
    let lenient = WarningKind::ALL
        .into_iter()
        .fold(WarningPolicy::default(), WarningPolicy::allow);
    for (id, words) in [
        (" ", "show nothing, such as U+0020"),
        ("\u{a0}", "U+00A0"),
        ("\u{3000}\u{3000}", "U+3000"),
        ("\u{200b}", "U+200B"),
        ("\u{feff}", "U+FEFF"),
        ("\u{2800}", "U+2800"),
        ("\u{3164}", "U+3164"),
        ("u\n1", "holds a line break, U+000A"),
        ("u1\r", "holds a line break, U+000D"),
        ("u\u{2028}1", "holds a line break, U+2028"),
        ("u\u{85}1", "holds a line break, U+0085"),
        ("u\t1", "holds a control character, U+0009"),
        ("u\u{0}", "holds a control character, U+0000"),
        ("user-0000\u{7f}1", "holds a control character, U+007F"),
        ("\u{9b}1", "holds a control character, U+009B"),
    ] {
        for field in dfinery::Identity::FIELDS {
            let json = serde_json::json!({"identity": {field: id}}).to_string();
            let mut checker = Checker::new(None, Accepts::Mixed).policy(lenient);
            let wrong = checker.check(&json).unwrap_err();
            assert!(wrong[0].problem().contains(words), "{field}: {wrong}");
            assert_eq!(wrong.len(), 1, "{field}: {wrong}");
        }
    }
}

#[test]
fn a_form_that_is_kept_only_to_the_eye_is_told_with_the_character() {
    for (identity, words) in [
        ("\"phone_no\":\"82101234567\u{200b}8\"", "(it holds U+200B)"),
        ("\"email\":\"kim@\u{a0}example.com\"", "(it holds U+00A0)"),
    ] {
        let found = spec_problems(&user(identity));
        assert!(found[0].ends_with(words), "{found:?}");
    }
    assert_eq!(
        kinds(&user("\"email\":\"kim@example.com\u{200b}\"")),
        [WarningKind::InvisibleCharacter]
    );
    assert_eq!(
        kinds(&user("\"email\":\"'kim@example.com\"")),
        [WarningKind::SpreadsheetMark]
    );
}

#[test]
fn a_quantity_or_a_price_below_zero_is_told() {
    let item = |quantity: &str, price: &str| {
        let item = format!(
            r#"{{"df_item_id":"P","df_item_name":"T","df_price":{price},"df_quantity":{quantity},"df_discount":-5}}"#
        );
        login(&format!(r#","event_items":[{item}]"#))
    };
    let mut checker = Checker::new(Some(Arc::new(Taxonomy::standard())), Accepts::Mixed);
    let json = item("-1", "-2.5E-3");
    let good = checker.check(&json).unwrap();
    let said: Vec<_> = good.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "event.event_items[0].df_price: is below zero [negative-quantity]",
            "event.event_items[0].df_quantity: is below zero [negative-quantity]",
        ]
    );
    assert_eq!(kinds(&item("0", "-0.0")), []);
    let amount = login(r#","event_properties":{"df_delivery_charge":-3000}"#);
    assert_eq!(kinds(&amount), [WarningKind::NegativeQuantity]);
}

#[test]
fn what_may_not_be_negative_is_in_the_tables_of_the_spec() {
    for name in NEVER_NEGATIVE {
        let tables = [taxonomy::EVENT_PROPERTIES, taxonomy::ITEM_PROPERTIES];
        assert!(tables.concat().iter().any(|row| row.name == name), "{name}");
    }
}

#[test]
fn a_policy_denies_and_allows_by_name() {
    let json = user(r#""external_id":"undefined","phone_no":"82212345678""#);
    let verdict = |policy: WarningPolicy| {
        let mut checker = Checker::new(None, Accepts::Mixed).policy(policy);
        let verdict = checker.check(&json);
        verdict
            .map(|good| good.warnings.iter().map(crate::Warning::kind).collect::<Vec<_>>())
            .map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let (placeholder, landline) = (WarningKind::PlaceholderId, WarningKind::Landline);
    let policy = WarningPolicy::default();
    assert_eq!(verdict(policy), Ok(vec![placeholder, landline]));
    assert_eq!(verdict(policy.allow(placeholder)), Ok(vec![landline]));
    assert_eq!(
        verdict(policy.deny(landline)).unwrap_err(),
        ["identity.phone_no: is the number of a landline, which gets no messages [landline]"]
    );
    assert_eq!(verdict(policy.deny_all()).unwrap_err().len(), 2);
    assert_eq!(verdict(policy.allow(placeholder).deny_all()).unwrap_err().len(), 1);
    assert_eq!(
        verdict(policy.deny_all().allow(placeholder).allow(landline)),
        Ok(vec![])
    );
}

/// A report about profiles with these identifiers.
fn report(ids: impl IntoIterator<Item = String>, policy: WarningPolicy) -> Report {
    let mut checker = Checker::new(None, Accepts::Mixed).policy(policy);
    let mut report = Report::new(None).policy(policy);
    for (line, id) in (1..).zip(ids) {
        let json = user(&format!(r#""external_id":"{id}""#));
        report.record("users.ndjson", line, checker.check(&json).as_ref());
    }
    report
}

#[test]
fn an_identifier_with_far_more_records_than_others_is_told_and_not_named() {
    let ids = || (0..5_000).map(|n| if n % 50 == 7 { "hong".into() } else { format!("u{n}") });
    let found = report(ids(), WarningPolicy::default());
    assert_eq!(found.warnings().records(WarningKind::HeavyId), 100);
    let text = found.to_string();
    assert!(!text.contains("hong"), "{text}");
    assert!(
        text.ends_with(
            "identity.external_id: one identifier is in 2.0 % of the records, far more than others [heavy-id]\n    100 records, first at users.ndjson:8, users.ndjson:58, users.ndjson:108, users.ndjson:158, users.ndjson:208\n"
        ),
        "{text}"
    );
    assert_eq!((found.bad(), found.denied()), (0, vec![]));
    let denied = report(ids(), WarningPolicy::default().deny(WarningKind::HeavyId));
    assert_eq!((denied.bad(), denied.denied()), (0, vec![WarningKind::HeavyId]));
    let allowed = report(ids(), WarningPolicy::default().deny_all().allow(WarningKind::HeavyId));
    assert!(allowed.warnings().is_empty() && allowed.denied().is_empty());

    let named = report(
        (0..100).map(|n| if n < 30 { "NULL".into() } else { format!("u{n}") }),
        WarningPolicy::default(),
    );
    assert!(
        named.to_string().contains("one identifier (null) is in 30.0 %"),
        "{named}"
    );
}

#[test]
fn many_records_of_a_user_are_not_heavy_while_others_have_as_many() {
    let silent = |ids: Vec<String>| report(ids, WarningPolicy::default()).warnings().is_empty();
    assert!(silent(vec!["u1".into(); 500]));
    assert!(silent((0..900).map(|n| format!("u{}", n % 30)).collect()));
    // Fewer than ten, and not over five times the average.
    assert!(silent(
        (0..100).map(|n| format!("u{}", if n < 9 { 0 } else { n })).collect()
    ));
    assert!(silent(
        (0..36)
            .map(|n| format!("u{}", if n < 20 { 0 } else { n / 2 }))
            .collect()
    ));
    // One percent exactly is not more than one.
    assert!(silent(
        (0..5_000).map(|n| format!("u{}", if n < 50 { 0 } else { n })).collect()
    ));
}

#[test]
fn numbers_that_all_end_in_zeros_behind_the_fifteenth_digit_are_told() {
    let rounded = |count: u64, of: u64| {
        let ids = (0..of).map(|n| {
            let number = 123_456_789_012_345_000 + n * 7_000;
            if n < count {
                number.to_string()
            } else {
                (number + 1).to_string()
            }
        });
        report(ids.collect::<Vec<_>>(), WarningPolicy::default()).warnings()
    };
    assert_eq!(rounded(90, 100).records(WarningKind::RoundedColumn), 90);
    // A tenth of all numbers of 16 digits ends in a zero.
    assert!(rounded(10, 100).is_empty());
    let same = |ids: Vec<&str>| {
        let ids = ids.into_iter().map(str::to_owned);
        report(ids, WarningPolicy::default())
            .warnings()
            .records(WarningKind::RoundedColumn)
    };
    assert_eq!(same(vec!["1234567890123450"; 9]), 0);
    assert_eq!(
        same(vec!["1234567890123450", "1234567890123460", "1234567890123470"]),
        3
    );
}

#[test]
fn a_report_names_the_columns_of_fields() {
    let mut found = report(["NULL".to_owned(), "u1".to_owned()], WarningPolicy::default());
    found.name_columns(|path| (path == "identity.external_id").then(|| "회원번호".to_owned()));
    let text = found.to_string();
    assert!(
        text.contains("\n  회원번호 (identity.external_id): looks like a placeholder for a missing value: null [placeholder-id]\n    1 record, first at users.ndjson:1\n"),
        "{text}"
    );
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["warnings"]["by_name"], serde_json::json!({"placeholder-id": 1}));
    assert_eq!(
        json["warnings"]["causes"][0],
        serde_json::json!({
            "name": "placeholder-id",
            "path": "identity.external_id",
            "column": "회원번호",
            "problem": "looks like a placeholder for a missing value: null",
            "records": 1,
            "first": [{"file": "users.ndjson", "line": 1}],
        })
    );
    assert_eq!(
        found.warnings().to_string(),
        "  placeholder-id                 1  회원번호 (identity.external_id), first at users.ndjson:1\n"
    );
}
