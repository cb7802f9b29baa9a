//! Records are left out only if a plain model of the service shows that they would change nothing.

use std::collections::{BTreeMap, VecDeque};

use dfinery_records::{Accepts, Checker, RecordKind};

use super::*;

#[derive(Clone, Debug)]
enum What {
    Identity,
    Properties(u8),
    Deletion,
}

/// A record, with its identifiers: the first one names the user.
#[derive(Clone, Debug)]
struct Record {
    ids: Vec<&'static str>,
    what: What,
}

impl Record {
    fn fingerprint(&self) -> Fingerprint {
        let id = |id: &&str| {
            let name = if id.starts_with('M') { "external_id" } else { "phone_no" };
            format!("\"{name}\":\"{id}\"")
        };
        let identity = self.ids.iter().map(id).collect::<Vec<_>>().join(",");
        let (kind, rest) = match self.what {
            What::Identity => (RecordKind::Identity, String::new()),
            What::Properties(age) => (RecordKind::Profile, format!(r#","user_properties":{{"age":{age}}}"#)),
            What::Deletion => (RecordKind::Deletion, String::new()),
        };
        let json = format!("{{\"identity\":{{{identity}}}{rest}}}");
        let mut checker = Checker::new(None, Accepts::Only(kind));
        Fingerprint::of(&checker.check(&json).unwrap()).unwrap()
    }
}

fn identity(ids: &[&'static str]) -> Record {
    Record {
        ids: ids.to_vec(),
        what: What::Identity,
    }
}

fn properties(ids: &[&'static str], age: u8) -> Record {
    Record {
        ids: ids.to_vec(),
        what: What::Properties(age),
    }
}

fn deletion(id: &'static str) -> Record {
    Record {
        ids: vec![id],
        what: What::Deletion,
    }
}

const PHONES: [&str; 2] = ["821012345678", "821087654321"];

fn records() -> Vec<Record> {
    let [x, y] = PHONES;
    let mut records = vec![deletion("M-1"), deletion("M-2")];
    for ids in [&["M-1"][..], &["M-2"], &[x], &["M-1", x], &["M-2", x]] {
        records.extend([properties(ids, 1), properties(ids, 2)]);
    }
    let identities = [
        &["M-1"][..],
        &["M-2"],
        &[x],
        &["M-1", x],
        &["M-1", y],
        &["M-2", x],
        &["M-2", y],
    ];
    records.extend(identities.map(identity));
    records
}

/// Few, so that calls about the same often meet.
fn rivals() -> Vec<Record> {
    let [x, _] = PHONES;
    let identities = [&["M-1", x][..], &["M-2", x], &[x]].map(identity);
    identities
        .into_iter()
        .chain([properties(&[x], 1), properties(&["M-2", x], 1), deletion("M-1")])
        .collect()
}

/// A service: with which others an identifier was named last, and the properties of a user.
#[derive(Default)]
struct Service {
    named_with: BTreeMap<&'static str, Vec<&'static str>>,
    properties: BTreeMap<&'static str, (Vec<&'static str>, u8)>,
}

impl Service {
    fn takes(&mut self, record: &Record) {
        let [user, others @ ..] = &*record.ids else {
            return;
        };
        match record.what {
            What::Identity => {
                for id in &record.ids {
                    self.named_with.insert(id, record.ids.clone());
                }
            }
            What::Properties(age) => {
                let is_same = |id: &&str, together: &mut Vec<_>| !record.ids.contains(id) || *together == record.ids;
                if !others.is_empty() {
                    self.named_with.retain(is_same);
                }
                self.properties.insert(user, (record.ids.clone(), age));
            }
            What::Deletion => {
                self.named_with.remove(user);
                self.properties.remove(user);
            }
        }
        for id in others {
            self.properties.remove(id);
        }
    }

    fn has(&self, record: &Record) -> bool {
        match record.what {
            What::Identity => record.ids.iter().all(|id| self.named_with.get(id) == Some(&record.ids)),
            What::Properties(age) => self.properties.get(record.ids[0]) == Some(&(record.ids.clone(), age)),
            What::Deletion => false,
        }
    }
}

/// A call that is not settled, and whether it has reached the service.
struct Call {
    record: Record,
    is_taken: Option<bool>,
}

#[derive(Clone, Debug)]
enum Step {
    Read(usize),
    /// The first call of a user reaches the service, or is refused.
    Arrive(usize, bool),
    /// Its answer arrives, or is lost.
    Answer(usize, bool),
    Commit,
    Reopen,
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..rivals().len()).prop_map(Step::Read),
        5 => (0..3_usize, prop::bool::weighted(0.9)).prop_map(|(user, taken)| Step::Arrive(user, taken)),
        5 => (0..3_usize, prop::bool::weighted(0.9)).prop_map(|(user, answered)| Step::Answer(user, answered)),
        1 => Just(Step::Commit),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn one_after_another_exactly_what_the_service_has_is_left_out(
        steps in vec((0..records().len(), 0..8_u8), 0..40),
    ) {
        let (_folder, path) = folder();
        let (mut delta, mut service) = (Delta::open(&path).unwrap(), Service::default());
        let records = records();
        for (number, then) in steps {
            delta.has_accepted(&records[number].fingerprint());
            service.takes(&records[number]);
            if then == 0 {
                delta.close().unwrap();
                drop(delta);
                delta = Delta::open(&path).unwrap();
            }
            for record in &records {
                prop_assert_eq!(delta.knows(&record.fingerprint()), service.has(record), "{:?}", record);
            }
        }
    }

    /// The calls of a user are made one after another, those of others at the same time.
    #[test]
    fn nothing_is_left_out_that_the_service_may_lack(steps in vec(step(), 0..120)) {
        let (_folder, path) = folder();
        let (mut delta, mut service) = (Delta::open(&path).unwrap(), Service::default());
        let records = rivals();
        let mut lanes: BTreeMap<&str, VecDeque<Call>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Read(number) => {
                    let record = records[number].clone();
                    if delta.knows(&record.fingerprint()) {
                        continue;
                    }
                    delta.sending(&record.fingerprint()).unwrap();
                    lanes.entry(record.ids[0]).or_default().push_back(Call { record, is_taken: None });
                }
                Step::Arrive(user, is_taken) => {
                    if let Some(call) = lanes.values_mut().nth(user).and_then(VecDeque::front_mut)
                        && call.is_taken.is_none()
                    {
                        call.is_taken = Some(is_taken);
                        if is_taken {
                            service.takes(&call.record);
                        }
                    }
                }
                Step::Answer(user, is_answered) => {
                    if let Some(lane) = lanes.values_mut().nth(user)
                        && let Some(Call { record, is_taken: Some(is_taken) }) = lane.front()
                    {
                        delta.settled(&record.fingerprint(), *is_taken && is_answered).unwrap();
                        lane.pop_front();
                    }
                }
                Step::Commit => delta.commit().unwrap(),
                Step::Reopen => {
                    // A run that ends settles what is under way.
                    if lanes.values().all(VecDeque::is_empty) {
                        delta.close().unwrap();
                        drop(delta);
                        delta = Delta::open(&path).unwrap();
                    }
                }
                Step::Kill => {
                    lanes.clear();
                    drop(delta);
                    delta = Delta::open(&path).unwrap();
                }
            }
            for record in &records {
                prop_assert!(!delta.knows(&record.fingerprint()) || service.has(record), "{record:?}");
            }
        }
    }
}

/// Otherwise everything would be sent once more after an update of the program.
#[test]
fn the_hashes_of_properties_stay_and_each_kind_has_its_own() {
    let record = properties(&["M-1"], 1).fingerprint();
    let known: Vec<_> = record.known().collect();
    assert_eq!(
        known,
        [(
            0x89e3_433a_397d_d563_014f_404f_637f_d314,
            0x387e_f3d8_4a44_7561_26d5_6a6c_908f_f093
        )]
    );
    let identity = identity(&["M-1", PHONES[0]]).fingerprint();
    assert_eq!(identity.known().count(), 2);
    assert!(identity.known().all(|(about, _)| about != record.user));
}
