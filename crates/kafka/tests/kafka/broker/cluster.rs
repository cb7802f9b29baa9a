//! Topics on a broker that someone else has started.

use std::{
    collections::HashMap,
    process,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    consumer::{BaseConsumer, Consumer as _},
    message::OwnedMessage,
    producer::{FutureProducer, FutureRecord},
};

use crate::bench::{LONG, header, id};

pub struct Cluster {
    pub brokers: String,
    pub topic: String,
    pub dead: String,
    pub group: String,
    partitions: i32,
}

/// What was produced: the number of each message by its place.
pub type Places = HashMap<(i32, i64), u64>;

impl Cluster {
    /// Topics of their own, so that a broker can be used for several runs.
    pub async fn new(brokers: &str, partitions: i32) -> Self {
        let run = process::id();
        let cluster = Self {
            brokers: brokers.to_owned(),
            topic: format!("events-{run}"),
            dead: format!("events-dead-{run}"),
            group: format!("dfinery-{run}"),
            partitions,
        };
        let admin: AdminClient<_> = cluster.config().create().unwrap();
        let topics = [
            NewTopic::new(&cluster.topic, partitions, TopicReplication::Fixed(1)),
            NewTopic::new(&cluster.dead, 1, TopicReplication::Fixed(1)),
        ];
        for created in admin.create_topics(&topics, &AdminOptions::new()).await.unwrap() {
            created.unwrap();
        }
        cluster
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config
    }

    pub fn consumer(&self) -> BaseConsumer {
        self.config().set("group.id", &self.group).create().unwrap()
    }

    pub async fn produce(&self, messages: u64) -> Places {
        let producer: FutureProducer = self.config().set("linger.ms", "20").create().unwrap();
        let mut places = HashMap::new();
        let numbers: Vec<u64> = (0..messages).collect();
        for chunk in numbers.chunks(10_000) {
            let sent = chunk.iter().map(|number| {
                let producer = producer.clone();
                async move {
                    let value = value(*number);
                    let key = format!("user-{}", user(*number));
                    let partition = i32::try_from(user(*number)).unwrap() % self.partitions;
                    let record = FutureRecord::to(&self.topic)
                        .partition(partition)
                        .key(&key)
                        .payload(&value);
                    let delivery = producer.send(record, LONG).await.unwrap();
                    ((delivery.partition, delivery.offset), *number)
                }
            });
            places.extend(join_all(sent).await);
        }
        assert_eq!(places.len() as u64, messages, "the broker gave an offset twice");
        places
    }

    /// What the group has committed, by partition.
    pub fn committed(&self, consumer: &BaseConsumer) -> HashMap<i32, i64> {
        let mut asked = TopicPartitionList::new();
        asked.add_partition_range(&self.topic, 0, self.partitions - 1);
        let answered = consumer.committed_offsets(asked, LONG).unwrap();
        let offsets = answered.elements();
        let known = offsets.iter().filter_map(|element| match element.offset() {
            Offset::Offset(offset) => Some((element.partition(), offset)),
            _ => None,
        });
        known.collect()
    }

    /// A consumer of the dead letter, from its start.
    pub fn dead_letter(&self) -> BaseConsumer {
        let consumer = self.consumer();
        let mut all = TopicPartitionList::new();
        all.add_partition_offset(&self.dead, 0, Offset::Beginning).unwrap();
        consumer.assign(&all).unwrap();
        consumer
    }

    /// Reads the dead letter on until there is nothing new for longer than a fetch waits: the places of the messages in it.
    ///
    /// A broker that is asked for the end of a topic may say too little: tansu 0.6 says the offset after the first message of
    /// the last batch.
    pub fn letters(consumer: &BaseConsumer) -> Vec<(i32, i64)> {
        let mut places = Vec::new();
        let mut silent_since = Instant::now();
        while silent_since.elapsed() < Duration::from_millis(1_500) {
            if let Some(message) = consumer.poll(Duration::from_millis(100)) {
                places.push(place(&message.unwrap().detach()));
                silent_since = Instant::now();
            }
        }
        places
    }
}

fn place(message: &OwnedMessage) -> (i32, i64) {
    let number = |name| header(message, name).unwrap();
    (
        number("dfinery-partition").parse().unwrap(),
        number("dfinery-offset").parse().unwrap(),
    )
}

const USERS: u64 = 1_200;

pub fn user(number: u64) -> u64 {
    number % USERS
}

/// One in 2,000 is no JSON, and one in 2,000 is refused by the service. Every other one has an id of its own. The number is
/// in the milliseconds of the time of the event.
fn value(number: u64) -> String {
    let name = match number % 2_000 {
        700 => return format!("poison {number}"),
        1_400 => "no_such_event",
        _ => "df_login",
    };
    let id = if number.is_multiple_of(2) {
        format!(r#","event_log_id":"{}""#, id(number))
    } else {
        String::new()
    };
    let user = user(number);
    let since = Duration::from_millis(number);
    let (minute, second, milli) = (since.as_secs() / 60, since.as_secs() % 60, since.subsec_millis());
    format!(
        r#"{{"identity":{{"external_id":"user-{user}"}},"event":{{"event_name":"{name}","event_datetime":"2026-11-20T10:{minute:02}:{second:02}.{milli:03}Z"{id}}}}}"#
    )
}

/// Whether a message belongs into the dead letter.
pub fn is_bad(number: u64) -> bool {
    [700, 1_400].contains(&(number % 2_000))
}
