//! A message on its way through the loader.

use std::sync::Arc;

use dfinery::Violation;
use dfinery_input::ObjectMapper;
use rdkafka::{
    Message as _,
    message::{BorrowedMessage, OwnedHeaders},
};
use uuid::Uuid;

/// Made once at random.
const NAMESPACE: Uuid = Uuid::from_u128(0x3e7a_51c4_90d2_4b0b_9a66_27f1_8c0d_e5b3);

/// A message as it came, to be written to the dead letter untouched.
pub(crate) struct Message {
    pub(crate) partition: i32,
    pub(crate) offset: u64,
    /// The id of its event, or of the first of them, if it names none.
    pub(crate) id: Uuid,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Value,
    pub(crate) timestamp: Option<i64>,
    pub(crate) headers: Option<OwnedHeaders>,
}

pub(crate) enum Value {
    Text(Arc<str>),
    /// Not UTF-8.
    Bytes(Vec<u8>),
    /// A tombstone.
    Null,
}

/// One of the records of a message.
pub(crate) struct Record {
    pub(crate) json: Arc<str>,
    /// The id of its event, if it names none.
    pub(crate) id: Uuid,
    /// Whether its JSON is the message itself.
    is_message: bool,
}

impl Record {
    /// The memory that it takes beside its message.
    pub(crate) fn bytes(&self) -> usize {
        if self.is_message { 0 } else { self.json.len() }
    }
}

impl Message {
    /// The records that it becomes; none if a mapping passes over it.
    pub(crate) fn records(&self, mapper: Option<&mut ObjectMapper>) -> Result<Vec<Record>, Violation> {
        let text = match &self.value {
            Value::Text(text) => text,
            Value::Bytes(_) => return Err(Violation::new("", "it is not UTF-8")),
            Value::Null => return Err(Violation::new("", "it has no value: a tombstone")),
        };
        let Some(mapper) = mapper else {
            return Ok(vec![Record {
                json: Arc::clone(text),
                id: self.id,
                is_message: true,
            }]);
        };
        let records = mapper.records(text)?.into_iter().map(|record| Record {
            id: self.id_of(record.position),
            json: record.json.into(),
            is_message: false,
        });
        Ok(records.collect())
    }

    pub(crate) fn new(message: &BorrowedMessage<'_>, offset: u64) -> Self {
        let timestamp = message.timestamp().to_millis();
        Self {
            partition: message.partition(),
            offset,
            id: event_id(message.topic(), message.partition(), offset, timestamp),
            key: message.key().map(<[u8]>::to_vec),
            value: match message.payload().map(str::from_utf8) {
                Some(Ok(text)) => Value::Text(text.into()),
                Some(Err(_)) => Value::Bytes(message.payload().unwrap_or_default().to_vec()),
                None => Value::Null,
            },
            timestamp,
            headers: message.headers().map(rdkafka::message::BorrowedHeaders::detach),
        }
    }

    pub(crate) fn value(&self) -> Option<&[u8]> {
        match &self.value {
            Value::Text(text) => Some(text.as_bytes()),
            Value::Bytes(bytes) => Some(bytes),
            Value::Null => None,
        }
    }

    /// The id of the event that is the record in a position of a mapping, if it names none.
    fn id_of(&self, position: usize) -> Uuid {
        match position {
            0 => self.id,
            position => Uuid::new_v5(&self.id, &(position as u64).to_be_bytes()),
        }
    }

    /// The memory that it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        const OVERHEAD: usize = 256;
        OVERHEAD + self.key.as_ref().map_or(0, Vec::len) + self.value().map_or(0, <[u8]>::len)
    }
}

/// The same for the same message, whoever reads it and however often. The timestamp, which a message keeps, tells it from
/// one in a topic of the same name that was created anew.
fn event_id(topic: &str, partition: i32, offset: u64, timestamp: Option<i64>) -> Uuid {
    let mut name = topic.as_bytes().to_vec();
    name.push(0);
    name.extend_from_slice(&partition.to_be_bytes());
    name.extend_from_slice(&offset.to_be_bytes());
    name.extend_from_slice(&timestamp.unwrap_or(-1).to_be_bytes());
    Uuid::new_v5(&NAMESPACE, &name)
}
