//! Files of made-up records, of which every one can be recognised wherever it turns up.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use dfinery::{Event, Identity, Properties, Timestamp};
use dfinery_load::Record;
use fastrand::Rng;
use uuid::Uuid;

/// One record of an input.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its bytes as they stand in the file.
    pub text: Vec<u8>,
    pub kind: Kind,
    pub user: usize,
    /// The `event_log_id`, if it has one.
    pub id: Option<Uuid>,
    pub worth: Worth,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Identity,
    Profile,
    Event,
}

/// What becomes of a record if nothing goes wrong on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// It is taken.
    Good,
    /// It fails the check.
    Invalid,
    /// The server says no to it.
    Refused,
}

/// What to make records of.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    pub records: usize,
    pub users: usize,
    /// Shares of the records.
    pub identities: f64,
    pub profiles: f64,
    /// Share that is invalid or will be refused, half of it each.
    pub bad: f64,
    /// Whether some users have many records and most have few.
    pub skewed: bool,
}

impl Mix {
    pub const fn events(records: usize, users: usize) -> Self {
        Self {
            records,
            users,
            identities: 0.0,
            profiles: 0.0,
            bad: 0.01,
            skewed: true,
        }
    }

    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    pub fn make(self, seed: u64) -> Vec<Made> {
        let mut random = Rng::with_seed(seed);
        let user = |random: &mut Rng| {
            if self.skewed {
                // The chance of a user is about one over its rank.
                ((self.users as f64).powf(random.f64()) as usize - 1).min(self.users - 1)
            } else {
                random.usize(..self.users)
            }
        };
        (0..self.records)
            .map(|position| {
                let user = user(&mut random);
                let drawn = random.f64();
                let kind = if drawn < self.identities {
                    Kind::Identity
                } else if drawn < self.identities + self.profiles {
                    Kind::Profile
                } else {
                    Kind::Event
                };
                let worth = match (random.f64() / self.bad, kind) {
                    (0.0..0.5, Kind::Event | Kind::Profile) => Worth::Refused,
                    (0.0..1.0, _) => Worth::Invalid,
                    _ => Worth::Good,
                };
                made(position, user, kind, worth, &mut random)
            })
            .collect()
    }
}

/// When the event at this position happened: its name in the ledger.
pub fn time(position: usize) -> Timestamp {
    let start: jiff::Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    (start + jiff::SignedDuration::from_millis(i64::try_from(position).unwrap())).into()
}

/// The position of the event that happened then.
pub fn position_of(time: Timestamp) -> usize {
    let start: jiff::Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    usize::try_from(time.to_jiff().duration_since(start).as_millis()).unwrap()
}

pub fn user_name(user: usize) -> String {
    format!("user-{user}")
}

/// The e-mail address that only the identity at this position has.
pub fn email(position: usize) -> String {
    format!("p{position}@example.com")
}

pub fn position_of_email(email: &str) -> usize {
    email
        .trim_start_matches('p')
        .split('@')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

fn made(position: usize, user: usize, kind: Kind, worth: Worth, random: &mut Rng) -> Made {
    let name = user_name(user);
    let id = (kind == Kind::Event && random.bool()).then(|| Uuid::from_u128(random.u128(..)));
    let space = if random.u8(..4) == 0 { " " } else { "" };
    let text = match (worth, kind) {
        (Worth::Invalid, _) => match random.u8(..4) {
            0 => format!(
                r#"{{"identity":{{"external_id":"{name}"}},"event":{{"event_datetime":"{}"}}}}"#,
                time(position)
            ),
            1 => format!(
                r#"{{"identity":{{}},"event":{{"event_name":"df_login","event_datetime":"{}"}}}}"#,
                time(position)
            ),
            2 => format!(r#"{{"identity":{{"external_id":"{name}"}},"event":{{"event_na"#),
            _ => "고객 번호, \"이름\"\t\u{1f600}".to_owned(),
        },
        (_, Kind::Identity) => {
            format!(
                r#"{{{space}"identity":{{"external_id":"{name}",{space}"email":"{}"}}}}"#,
                email(position)
            )
        }
        (_, Kind::Profile) => {
            let property = if worth == Worth::Refused {
                "no_such_property"
            } else {
                "df_name"
            };
            format!(
                r#"{{"identity":{{"external_id":"{name}"}},{space}"user_properties":{{"{property}":"{position}"}}}}"#
            )
        }
        (_, Kind::Event) => {
            let event = if worth == Worth::Refused {
                "no_such_event"
            } else {
                "df_login"
            };
            let id = id.map_or_else(String::new, |id| format!(r#""event_log_id":"{id}",{space}"#));
            let time = time(position);
            format!(
                r#"{{"identity":{{"external_id":"{name}"}},{space}"event":{{{space}{id}"event_name":"{event}","event_datetime":"{time}"}}{space}}}"#
            )
        }
    };
    Made {
        text: text.into_bytes(),
        kind,
        user,
        id: id.filter(|_| worth != Worth::Invalid),
        worth,
    }
}

impl Made {
    /// The same as a record of a program; its id is added if it has none.
    pub fn record(&mut self, position: usize) -> Record {
        let user = Identity::external_id(user_name(self.user));
        if self.worth == Worth::Invalid {
            return Record::event(Identity::new(), Event::new("df_login").at(time(position)));
        }
        match self.kind {
            Kind::Identity => Record::identity(user.email(email(position))),
            Kind::Profile => {
                let property = if self.worth == Worth::Refused {
                    "no_such_property"
                } else {
                    "df_name"
                };
                Record::profile(user, Properties::new().with(property, position.to_string()))
            }
            Kind::Event => {
                let name = if self.worth == Worth::Refused {
                    "no_such_event"
                } else {
                    "df_login"
                };
                let event = Event::new(name).at(time(position));
                let id = *self.id.get_or_insert(event.event_log_id);
                Record::event(user, event.id(id))
            }
        }
    }
}

/// Records in files.
#[derive(Debug)]
pub struct Files {
    pub records: Vec<Made>,
    /// The files, and which records are in each.
    pub parts: Vec<(PathBuf, Range<usize>)>,
}

impl Files {
    /// Writes the records to files of about the same length.
    pub fn write(folder: &Path, records: Vec<Made>, parts: usize) -> Self {
        let each = records.len().div_ceil(parts).max(1);
        let parts = (0..parts)
            .map(|part| {
                let range = (part * each).min(records.len())..((part + 1) * each).min(records.len());
                let path = folder.join(format!("part-{part}.ndjson"));
                let mut text = Vec::new();
                for record in &records[range.clone()] {
                    text.extend_from_slice(&record.text);
                    text.push(b'\n');
                }
                fs::write(&path, text).unwrap();
                (path, range)
            })
            .collect();
        Self { records, parts }
    }

    pub fn paths(&self) -> Vec<PathBuf> {
        self.parts.iter().map(|(path, _)| path.clone()).collect()
    }

    /// The record on a line, from 1, of a file.
    pub fn position(&self, file: &str, line: u64) -> usize {
        let part = self.parts.iter().find(|(path, _)| path.to_str() == Some(file));
        let (_, range) = part.unwrap_or_else(|| panic!("{file} is no input"));
        let position = range.start + usize::try_from(line).unwrap() - 1;
        assert!(range.contains(&position), "{file} has no line {line}");
        position
    }
}
