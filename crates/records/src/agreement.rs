//! Compares the check with the plain one, on generated records.

mod lines;

use std::{collections::BTreeSet, sync::Arc};

use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use self::lines::{CUSTOM, line, tables};
use super::{
    Accepts, Checked, Checker, Taxonomy, WarningKind, WarningPolicy,
    plain::{Tables, odd, read_event, read_properties, sent, verdict},
    tests::edited,
};
use crate::RecordKind;
use dfinery::tables::PropertyType;

const ACCEPTS: [Accepts; 5] = [
    Accepts::Mixed,
    Accepts::Only(RecordKind::Event),
    Accepts::Only(RecordKind::Profile),
    Accepts::Only(RecordKind::Identity),
    Accepts::Only(RecordKind::Deletion),
];

/// Both checks must agree on a line, with and without a taxonomy.
fn agree(json: &str) -> Result<bool, TestCaseError> {
    let tables = tables();
    let taxonomy = Arc::new(Taxonomy::from_yaml(CUSTOM).unwrap());
    let mut accepted = false;
    for (taxonomy, tables) in [(None, None), (Some(taxonomy), Some(&tables))] {
        for accepts in ACCEPTS {
            let plain = verdict(json, tables, accepts);
            strictly_agree(json, taxonomy.clone(), tables, accepts)?;
            let mut checker = Checker::new(taxonomy.clone(), accepts);
            // The second time shows that the first leaves nothing behind.
            checker.check(json).ok();
            match checker.check(json) {
                Ok(good) => {
                    let plain = plain.ok_or_else(|| TestCaseError::fail(format!("not JSON: {json}")))?;
                    prop_assert_eq!(plain.wrong, BTreeSet::new(), "accepted: {}", json);
                    prop_assert_eq!(odd_places(&good), plain.odd, "{}", json);
                    same_content(json, &good, tables)?;
                    accepted |= accepts == Accepts::Mixed && tables.is_some();
                }
                Err(violations) => {
                    let paths: BTreeSet<String> =
                        violations.iter().map(|violation| violation.path().to_owned()).collect();
                    prop_assert!(!violations.is_empty());
                    match plain.map(|plain| plain.wrong) {
                        // Skipped values are not checked against the whole grammar: `1e999` may appear where no value
                        // may appear.
                        None => {}
                        Some(wrong) if violations.more() == 0 => {
                            prop_assert_eq!(paths, wrong, "{}: {}", json, violations);
                        }
                        Some(wrong) => prop_assert!(paths.is_subset(&wrong), "{}", json),
                    }
                }
            }
        }
    }
    Ok(accepted)
}

/// With its warnings denied, a record is bad exactly where it is wrong or odd.
fn strictly_agree(
    json: &str,
    taxonomy: Option<Arc<Taxonomy>>,
    tables: Option<&Tables>,
    accepts: Accepts,
) -> Result<(), TestCaseError> {
    let Some(plain) = verdict(json, tables, accepts) else {
        return Ok(());
    };
    let deny = |policy: WarningPolicy, kind: &WarningKind| policy.deny(*kind);
    let policy = odd::KNOWN.iter().fold(WarningPolicy::default(), deny);
    let mut expected = plain.wrong;
    expected.extend(plain.odd.into_iter().map(|(_, path)| path));
    match Checker::new(taxonomy, accepts).policy(policy).check(json) {
        Ok(_) => prop_assert_eq!(expected, BTreeSet::new(), "{}", json),
        Err(violations) if violations.more() == 0 => {
            let paths: BTreeSet<_> = violations.iter().map(|violation| violation.path().to_owned()).collect();
            prop_assert_eq!(paths, expected, "{}: {}", json, violations);
        }
        Err(_) => {}
    }
    Ok(())
}

/// The warnings that the plain check knows, by place.
fn odd_places(good: &Checked<'_>) -> BTreeSet<(WarningKind, String)> {
    let known = good
        .warnings
        .iter()
        .filter(|warning| odd::KNOWN.contains(&warning.kind()));
    known
        .map(|warning| (warning.kind(), warning.path().to_owned()))
        .collect()
}

/// What would be sent must mean the same as the record.
fn same_content(json: &str, checked: &Checked<'_>, tables: Option<&Tables>) -> Result<(), TestCaseError> {
    let (identity, event, properties) = sent(json, tables);
    let payload = edited(checked);
    prop_assert!(checked.identity.to_identity() == identity, "{}", json);
    match checked.kind {
        RecordKind::Event => {
            let value: Value = serde_json::from_str(&payload).unwrap();
            let read = read_event(&value, tables);
            prop_assert_eq!(
                value["event_datetime"].as_str(),
                Some(&*read.event_datetime.to_string())
            );
            prop_assert_eq!(checked.items, read.event_items.len());
            let id = checked.event_log_id.unwrap_or_default();
            prop_assert_eq!(id, read.event_log_id);
            prop_assert!(Some(read) == event, "{}", json);
        }
        RecordKind::Profile => {
            let value: Value = serde_json::from_str(&payload).unwrap();
            let read = read_properties(&value, tables.map(|tables| &tables.user));
            prop_assert!(Some(read) == properties, "{}", json);
        }
        RecordKind::Identity | RecordKind::Deletion => prop_assert_eq!(payload, ""),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_check_and_the_plain_one_agree_on_records(choices in vec(any::<u16>(), 0..300)) {
        agree(&line(&choices))?;
    }

    #[test]
    fn the_fast_check_and_the_plain_one_agree_on_damaged_records(
        choices in vec(any::<u16>(), 0..300),
        damages in vec((any::<u8>(), any::<u16>(), prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]:,\"\\0-.eu tfn"[..])]), 1..4),
    ) {
        agree(&damaged(&line(&choices), &damages))?;
    }

    #[test]
    fn the_fast_check_and_the_plain_one_agree_on_any_text(
        text in prop_oneof![".{0,60}", "[{}\\[\\]:,\"\\\\a-z0-9 ]{0,40}", "\\{\"identity\":\\{\"email\":.{0,30}\\}\\}"],
    ) {
        agree(&text)?;
    }
}

/// Damages a line byte by byte.
fn damaged(line: &str, damages: &[(u8, u16, u8)]) -> String {
    let mut bytes = line.as_bytes().to_vec();
    for &(kind, at, byte) in damages {
        let at = usize::from(at) % (bytes.len() + 1);
        match (kind % 4, bytes.get_mut(at)) {
            (0, Some(old)) => *old = byte,
            (1, Some(_)) => drop(bytes.remove(at)),
            (2, Some(_)) => bytes.truncate(at),
            _ => bytes.insert(at, byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The same lines in every run.
fn some_lines(count: usize) -> impl Iterator<Item = String> {
    let mut state = 7_u64;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let [.., high, higher] = state.to_le_bytes();
        u16::from_le_bytes([high, higher])
    };
    (0..count).map(move |_| {
        let choices: Vec<u16> = (0..300).map(|_| next()).collect();
        line(&choices)
    })
}

/// Without good records among them, they would prove little.
#[test]
fn many_generated_records_are_good() {
    let good = some_lines(500).filter(|json| agree(json).unwrap()).count();
    assert!((50..450).contains(&good), "{good}");
}

#[tokio::test]
async fn what_the_check_accepts_the_emulator_takes() {
    use dfinery_emulator::{Emulator, Registered, Settings, UnknownIdentity};

    let registered = Registered::standard()
        .required("visit", "at")
        .event_property("at", PropertyType::Datetime)
        .event_property("day", PropertyType::Date)
        .event_property("texts", PropertyType::StringArray)
        .event_property("longs", PropertyType::LongArray)
        .item_property("doubles", PropertyType::DoubleArray)
        .item_property("made", PropertyType::Datetime)
        .item_property("long", PropertyType::Long)
        .user_property("flag", PropertyType::Boolean)
        .user_property("since", PropertyType::Datetime)
        .user_property("등급", PropertyType::String);
    let settings = Settings {
        taxonomy: registered,
        unknown_identity: UnknownIdentity::Create,
        enforce_required: true,
        ..Settings::default()
    };
    let emulator = Emulator::builder().settings(settings).start().await.unwrap();
    let import = emulator.import_client().build().unwrap();
    let mut checker = Checker::new(Some(Arc::new(Taxonomy::from_yaml(CUSTOM).unwrap())), Accepts::Mixed);
    let mut sent = [0; 2];
    for json in some_lines(1_000) {
        let Ok(good) = checker.check(&json) else { continue };
        let user = good.identity.to_identity();
        match good.kind {
            RecordKind::Event => {
                let event = read_event(&serde_json::from_str(&edited(&good)).unwrap(), None);
                import
                    .load_events(&user, &[event])
                    .await
                    .unwrap_or_else(|error| panic!("{json}: {error}"));
                sent[0] += 1;
            }
            RecordKind::Profile => {
                let properties: dfinery::Properties = serde_json::from_str(&edited(&good)).unwrap();
                let answer = import.upsert_user_profile(&user, properties).await;
                answer.unwrap_or_else(|error| panic!("{json}: {error}"));
                sent[1] += 1;
            }
            _ => {}
        }
    }
    assert!(sent.iter().all(|count| *count > 20), "{sent:?}");
}
