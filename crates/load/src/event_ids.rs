//! The ids of events that have none.

use std::{borrow::Cow, collections::BTreeMap};

use dfinery::Violation;
use dfinery_input::Beginning;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::record::RecordId;

/// Made once at random.
const NAMESPACE_OF_FILES: Uuid = Uuid::from_u128(0x5d2b_8f0c_3a44_4f0e_8b1f_6d8c_02a9_e371);
const NAMESPACE_OF_FIELDS: Uuid = Uuid::from_u128(0x9f6c_1f0e_6d0b_4b63_9d07_54c1_1f2a_7be5);

/// The base of the event ids of an input, made from its whole contents. Inputs with the same contents are numbered,
/// since their events would otherwise get the same ids.
pub(crate) fn namespace(contents: Beginning, before: usize) -> Uuid {
    let mut name = contents.hash.to_be_bytes().to_vec();
    if before > 0 {
        name.extend_from_slice(&(before as u64).to_be_bytes());
    }
    Uuid::new_v5(&NAMESPACE_OF_FILES, &name)
}

/// The id of an event by its position in its input.
pub(crate) fn of_position(namespace: Uuid, id: RecordId) -> Uuid {
    Uuid::new_v5(&namespace, &id.position().to_be_bytes())
}

/// The id made from the values of some fields: the same values give the same id in any file.
pub(crate) fn of_fields(fields: &[String], json: &str) -> Result<Uuid, Violation> {
    let record = object(json);
    let (event, identity) = (within(&record, "event"), within(&record, "identity"));
    let properties = within(&event, "event_properties");
    let mut name = Vec::new();
    for field in fields {
        let value = [&properties, &event, &identity]
            .into_iter()
            .find_map(|place| place.get(field.as_str()))
            .map(|value| value.get())
            .filter(|value| *value != "null");
        let Some(value) = value else {
            return Err(Violation::new(
                field,
                "is needed to make the event_log_id, and is missing",
            ));
        };
        // A number counts as it is written, since not every number has a type that holds it.
        let text = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
        name.extend_from_slice(&text.len().to_be_bytes());
        name.extend_from_slice(text.as_bytes());
    }
    Ok(Uuid::new_v5(&NAMESPACE_OF_FIELDS, &name))
}

fn within<'a>(outer: &Object<'a>, key: &str) -> Object<'a> {
    outer.get(key).map_or_else(Object::new, |value| object(value.get()))
}

type Object<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

fn object(json: &str) -> Object<'_> {
    serde_json::from_str(json).unwrap_or_default()
}
