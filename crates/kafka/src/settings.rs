//! How to reach the topic, and what to do with what comes from it.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

use dfinery_input::{Mapping, ObjectMapper};
use dfinery_load::{Accepts, Taxonomy};
use rdkafka::ClientConfig;

use crate::error::KafkaError;

/// Where records go that were not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeadLetterTo {
    /// A topic of the same cluster: key, value, headers and time as they were, and the headers `dfinery-reason`,
    /// `dfinery-code`, `dfinery-topic`, `dfinery-partition` and `dfinery-offset`.
    Topic(String),
    /// A file, in the form of a load's dead letter.
    File(PathBuf),
}

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) brokers: String,
    pub(crate) topic: String,
    pub(crate) group: String,
    pub(crate) dead_letter: DeadLetterTo,
    pub(crate) until_caught_up: bool,
    pub(crate) properties: BTreeMap<String, String>,
    /// With the taxonomy that its types are from.
    pub(crate) mapping: Option<(Mapping, Option<Taxonomy>)>,
}

/// Without the values of properties, which may be secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("topic", &self.topic)
            .field("group", &self.group)
            .field("dead_letter", &self.dead_letter)
            .field("properties", &self.properties.keys())
            .finish_non_exhaustive()
    }
}

/// What must be so for a message never to be lost.
const FIXED: [(&str, &str); 4] = [
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "true"),
    ("partition.assignment.strategy", "cooperative-sticky"),
];

/// What has a setting of its own; two of them are names of the same property.
const OWN: [&str; 3] = ["bootstrap.servers", "metadata.broker.list", "group.id"];

impl Settings {
    /// # Errors
    /// If a property is one that this program sets.
    pub(crate) fn check(&self) -> Result<(), KafkaError> {
        let mut names = FIXED.iter().map(|(name, _)| *name).chain(OWN);
        match names.find(|name| self.properties.contains_key(*name)) {
            Some(name) => Err(KafkaError::settings(format!("{name}: this property cannot be set"))),
            None => Ok(()),
        }
    }

    /// # Errors
    /// If the mapping is not for messages.
    pub(crate) fn mapper(&self) -> Result<Option<ObjectMapper>, KafkaError> {
        let Some((mapping, taxonomy)) = &self.mapping else {
            return Ok(None);
        };
        let mapper = ObjectMapper::new(mapping, taxonomy.as_ref(), Accepts::Mixed);
        mapper
            .map(Some)
            .map_err(|error| KafkaError::settings(error.to_string()))
    }

    pub(crate) fn consumer(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("auto.offset.reset", "earliest");
        // Kept low, since what is read ahead is read again after a pause.
        config.set("queued.max.messages.kbytes", "16384");
        config.extend(self.properties.clone());
        for (name, value) in FIXED {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.brokers);
        config.set("group.id", &self.group);
        config
    }

    pub(crate) fn producer(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("message.timeout.ms", "60000");
        let of_consumers = [
            "auto.offset.reset",
            "queued.",
            "fetch.",
            "max.poll.",
            "session.",
            "heartbeat.",
            "group.",
        ];
        let properties = self.properties.iter();
        config.extend(
            properties
                .filter(|(name, _)| !of_consumers.iter().any(|start| name.starts_with(start)))
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        config.set("bootstrap.servers", &self.brokers);
        config.set("enable.idempotence", "true");
        config
    }

    /// How long a rebalance waits for records in flight: well under the time after which the group takes this member for
    /// dead.
    pub(crate) fn longest_drain(&self) -> Duration {
        const MOST: Duration = Duration::from_secs(60);
        (self.longest_silence() / 3).min(MOST)
    }

    /// How long a member may go without polling before its group takes it for dead.
    pub(crate) fn longest_silence(&self) -> Duration {
        const DEFAULT: u64 = 300_000;
        let interval = self
            .properties
            .get("max.poll.interval.ms")
            .and_then(|value| value.parse().ok());
        Duration::from_millis(interval.unwrap_or(DEFAULT))
    }
}
