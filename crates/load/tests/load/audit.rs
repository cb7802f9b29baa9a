//! Holds what a load says against what arrived, record by record.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use dfinery::PropertyValue;
use dfinery_emulator::Ledger;
use dfinery_load::{Fate, Receipt};
use serde_json::Value;
use uuid::Uuid;

use crate::records::{Files, Kind, Made, Worth, position_of, position_of_email, user_name};

/// What a load says of its records.
#[derive(Debug)]
pub struct Claims {
    pub fates: Vec<Fate>,
    /// Those that may have been taken more than once.
    pub twice: BTreeSet<usize>,
    /// The `event_log_id`s that it tells of.
    pub ids: BTreeMap<usize, Uuid>,
}

/// What the comparison found.
#[derive(Debug, Default)]
pub struct Findings {
    pub taken: usize,
    pub taken_twice: usize,
    pub listed: usize,
    pub accepted: usize,
    pub rejected: usize,
    pub invalid: usize,
    pub undelivered: usize,
    pub unknown: usize,
    /// Of unknown fate, and taken.
    pub unknown_taken: usize,
}

impl Claims {
    /// Reads the files beside the journal, and checks them against the receipt.
    pub fn of_files(files: &Files, state: &Path, receipt: &Receipt) -> Self {
        Self::of_receipt(files, state, &serde_json::to_value(receipt).unwrap())
    }

    pub fn of_receipt(files: &Files, state: &Path, receipt: &Value) -> Self {
        let number = |name: &str| usize::try_from(receipt[name].as_u64().unwrap()).unwrap();
        assert_eq!(receipt["complete"], true, "{receipt:#}");
        assert_eq!(receipt["stopped"], Value::Null);
        assert_eq!(number("read"), files.records.len(), "every line is a record");
        let mut claims = Self {
            fates: vec![Fate::Accepted; files.records.len()],
            twice: BTreeSet::new(),
            ids: BTreeMap::new(),
        };
        let mut buried = BTreeSet::new();
        for letter in lines(&state.join("dead-letter.ndjson")) {
            let position = place(files, &letter);
            assert!(buried.insert(position), "{position} is in the dead letter twice");
            claims.fates[position] = fate(letter["fate"].as_str().unwrap());
            assert_eq!(
                original(&letter),
                files.records[position].text,
                "not the original bytes of {position}"
            );
            let offset: usize = files
                .parts
                .iter()
                .find(|(_, range)| range.contains(&position))
                .map(|(_, range)| {
                    files.records[range.start..position]
                        .iter()
                        .map(|record| record.text.len() + 1)
                        .sum()
                })
                .unwrap();
            assert_eq!(letter["offset"], offset);
            claims.note_id(position, &letter);
        }
        for line in lines(&state.join("possibly-twice.ndjson")) {
            let position = place(files, &line);
            assert!(
                claims.twice.insert(position),
                "{position} is listed twice as possibly there twice"
            );
            claims.note_id(position, &line);
        }
        let count = |fate| claims.fates.iter().filter(|other| **other == fate).count();
        let counted = [
            Fate::Accepted,
            Fate::Rejected,
            Fate::Invalid,
            Fate::Undelivered,
            Fate::Unknown,
        ]
        .map(count);
        let told = ["accepted", "rejected", "invalid", "undelivered", "unknown"].map(number);
        assert_eq!(counted, told, "the files and the receipt differ");
        assert_eq!(told.iter().sum::<usize>(), number("read"));
        assert_eq!(claims.twice.len(), number("possibly_twice"));
        assert_eq!(receipt["dead_letter"].is_null(), buried.is_empty());
        assert_eq!(receipt["possibly_twice_file"].is_null(), claims.twice.is_empty());
        claims
    }

    fn note_id(&mut self, position: usize, line: &Value) {
        if let Some(id) = line["event_log_id"].as_str() {
            self.ids.insert(position, id.parse().unwrap());
        }
    }

    /// Compares with what arrived.
    pub fn check(&self, records: &[Made], ledger: &Ledger) -> Findings {
        assert_eq!(ledger.over_capacity(), 0, "the ledger is not complete");
        let arrivals = self.arrivals(records, ledger);
        let mut findings = Findings {
            listed: self.twice.len(),
            ..Findings::default()
        };
        for (position, record) in records.iter().enumerate() {
            let fate = self.fates[position];
            *match fate {
                Fate::Accepted => &mut findings.accepted,
                Fate::Rejected => &mut findings.rejected,
                Fate::Invalid => &mut findings.invalid,
                Fate::Undelivered => &mut findings.undelivered,
                Fate::Unknown => &mut findings.unknown,
            } += 1;
            assert_eq!(
                fate == Fate::Invalid,
                record.worth == Worth::Invalid,
                "{position} is {:?}",
                record.worth
            );
            assert!(
                fate != Fate::Accepted || record.worth == Worth::Good,
                "{position} is {:?}",
                record.worth
            );
            if record.kind == Kind::Profile && record.worth != Worth::Invalid {
                continue;
            }
            let times = arrivals.get(&position).map_or(0, Vec::len);
            findings.taken += usize::from(times > 0);
            findings.taken_twice += usize::from(times > 1);
            findings.unknown_taken += usize::from(times > 0 && fate == Fate::Unknown);
            match fate {
                Fate::Accepted => assert!(times > 0, "{position} was accepted and is not there"),
                Fate::Unknown => {}
                _ => assert_eq!(times, 0, "{position} is {fate:?} and is there"),
            }
            assert!(
                times < 2 || self.twice.contains(&position),
                "{position} is there {times} times and not listed"
            );
        }
        self.check_order(records, &arrivals);
        self.check_profiles(records, ledger);
        findings
    }

    /// Where each event and identity arrived, by position.
    fn arrivals(&self, records: &[Made], ledger: &Ledger) -> BTreeMap<usize, Vec<usize>> {
        let mut arrivals = BTreeMap::<_, Vec<_>>::new();
        let mut ids = BTreeMap::new();
        for event in ledger.events() {
            let position = position_of(event.event.event_datetime);
            let record = &records[position];
            assert_eq!(
                event.identity.external_id.as_deref(),
                Some(&*user_name(record.user)),
                "{position}"
            );
            let id = event.event.event_log_id;
            assert!(record.id.is_none_or(|given| given == id), "{position} has another id");
            assert_eq!(*ids.entry(position).or_insert(id), id, "{position} has two ids");
            assert_eq!(
                *self.ids.get(&position).unwrap_or(&id),
                id,
                "{position} is listed with another id"
            );
            arrivals.entry(position).or_default().push(event.position);
        }
        let distinct: BTreeSet<_> = ids.values().collect();
        assert_eq!(distinct.len(), ids.len(), "two events have the same id");
        for (arrival, identity) in ledger.identities().iter().enumerate() {
            let position = position_of_email(identity.email.as_deref().unwrap());
            assert_eq!(
                identity.external_id.as_deref(),
                Some(&*user_name(records[position].user))
            );
            arrivals.entry(position).or_default().push(arrival);
        }
        arrivals
    }

    /// The accepted records of a user arrived first in the order of the file.
    fn check_order(&self, records: &[Made], arrivals: &BTreeMap<usize, Vec<usize>>) {
        let mut last = BTreeMap::new();
        for (position, times) in arrivals {
            let record = &records[*position];
            if self.fates[*position] != Fate::Accepted {
                continue;
            }
            let first = *times.iter().min().unwrap();
            let before = last.insert((record.user, record.kind == Kind::Event), (first, *position));
            if let Some((earlier, other)) = before {
                assert!(earlier < first, "user {}: {position} came before {other}", record.user);
            }
        }
    }

    /// A user has the properties that were accepted last, or some of unknown fate that came after them.
    fn check_profiles(&self, records: &[Made], ledger: &Ledger) {
        let mut may_have = BTreeMap::<usize, Vec<usize>>::new();
        let (mut least, mut unknown) = (0, 0);
        for (position, record) in records.iter().enumerate() {
            match self.fates[position] {
                _ if record.kind != Kind::Profile => {}
                Fate::Accepted => {
                    least += 1;
                    may_have.insert(record.user, vec![position]);
                }
                Fate::Unknown => {
                    unknown += 1;
                    may_have.entry(record.user).or_default().push(position);
                }
                _ => {}
            }
        }
        assert!(
            ledger.profile_updates() >= least,
            "{} of {least} updates",
            ledger.profile_updates()
        );
        if unknown == 0 && self.twice.is_empty() {
            assert_eq!(ledger.profile_updates(), least);
        }
        let names: BTreeMap<_, _> = ledger
            .profiles()
            .filter_map(|profile| {
                Some((
                    profile.identity.external_id.clone()?,
                    profile.properties.get("df_name")?.clone(),
                ))
            })
            .collect();
        for (user, positions) in &may_have {
            let Some(found) = names.get(&user_name(*user)) else {
                assert!(
                    positions.iter().all(|position| self.fates[*position] == Fate::Unknown),
                    "user {user} has no name"
                );
                continue;
            };
            let found = match found {
                PropertyValue::String(text) => text.parse().unwrap(),
                other => panic!("{other:?}"),
            };
            assert!(
                positions.contains(&found),
                "user {user} has the properties of {found}, not of {positions:?}"
            );
        }
    }
}

/// The lines of a file of JSON, none if there is none.
pub fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "{} ends in the middle of a line",
        path.display()
    );
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The bytes of a record as a line of the dead letter tells them.
pub fn original(letter: &Value) -> Vec<u8> {
    match &letter["original"] {
        Value::String(text) => text.clone().into_bytes(),
        _ => BASE64_STANDARD
            .decode(letter["original_base64"].as_str().unwrap())
            .unwrap(),
    }
}

fn place(files: &Files, line: &Value) -> usize {
    files.position(line["file"].as_str().unwrap(), line["line"].as_u64().unwrap())
}

fn fate(name: &str) -> Fate {
    match name {
        "rejected" => Fate::Rejected,
        "invalid" => Fate::Invalid,
        "undelivered" => Fate::Undelivered,
        "unknown" => Fate::Unknown,
        other => panic!("{other} is no fate of a dead letter"),
    }
}
