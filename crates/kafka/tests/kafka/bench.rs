//! A cluster, an emulator, and what is between them.

use std::{collections::HashMap, time::Duration};

use dfinery::{Family, ImportClient, RetryPolicy, tables::RateLimit};
use dfinery_emulator::{Emulator, Settings};
use dfinery_kafka::{DeadLetterTo, KafkaLoad, KafkaReceipt, RunningLoad};
use dfinery_load::Loader;
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    message::{Header, Headers as _, OwnedHeaders, OwnedMessage},
    mocking::MockCluster,
    producer::{DefaultProducerContext, FutureProducer, FutureRecord},
};
use uuid::Uuid;

pub const TOPIC: &str = "events";
pub const DEAD: &str = "events-dead";
pub const GROUP: &str = "dfinery";
/// Long enough for any machine: a test that waits for it has failed.
pub const LONG: Duration = Duration::from_secs(120);

pub const AMPLE: RateLimit = RateLimit {
    requests: 1_000_000,
    period: Duration::from_millis(20),
    concurrent: None,
};

pub struct Bench {
    pub cluster: MockCluster<'static, DefaultProducerContext>,
    pub emulator: Emulator,
    pub quota: RateLimit,
}

impl Bench {
    pub async fn new(partitions: i32) -> Self {
        Self::with_quota(partitions, AMPLE).await
    }

    pub async fn with_quota(partitions: i32, quota: RateLimit) -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC, partitions, 1).unwrap();
        cluster.create_topic(DEAD, 1, 1).unwrap();
        let families = [Family::Event, Family::Identity, Family::Profile];
        let settings = Settings {
            rate_limits: families.map(|family| (family, quota)).into(),
            ..Settings::default()
        };
        let emulator = Emulator::builder().settings(settings).start().await.unwrap();
        Self {
            cluster,
            emulator,
            quota,
        }
    }

    pub fn client(&self) -> ImportClient {
        client(self.emulator.import_client(), self.quota)
    }

    pub fn load(&self) -> KafkaLoad {
        load(&self.cluster.bootstrap_servers())
    }

    pub async fn start(&self, load: KafkaLoad) -> RunningLoad {
        load.start(loader(&self.client())).await.unwrap()
    }

    /// Loads all that is there.
    pub async fn load_all(&self) -> KafkaReceipt {
        ended(&mut self.start(self.load().until_caught_up(true)).await).await
    }

    /// One message each; its number is in its id.
    pub async fn produce(&self, numbers: std::ops::Range<u64>, partitions: i32) {
        for number in numbers {
            let partition = i32::try_from(number % u64::try_from(partitions).unwrap()).unwrap();
            self.send(partition, Some(&line(number, Some(id(number))))).await;
        }
    }

    pub async fn send(&self, partition: i32, value: Option<&str>) -> i64 {
        self.send_bytes(partition, value.map(str::as_bytes)).await
    }

    pub async fn send_bytes(&self, partition: i32, value: Option<&[u8]>) -> i64 {
        let mut record = FutureRecord::<[u8], [u8]>::to(TOPIC)
            .partition(partition)
            .key(b"key")
            .headers(OwnedHeaders::new().insert(Header {
                key: "trace",
                value: Some("t-1"),
            }));
        record.payload = value;
        self.producer().send(record, LONG).await.unwrap().offset
    }

    fn producer(&self) -> FutureProducer {
        use std::sync::OnceLock;
        static PRODUCERS: OnceLock<std::sync::Mutex<HashMap<String, FutureProducer>>> = OnceLock::new();
        let brokers = self.cluster.bootstrap_servers();
        let mut producers = PRODUCERS.get_or_init(Default::default).lock().unwrap();
        producers
            .entry(brokers.clone())
            .or_insert_with(|| {
                let mut config = ClientConfig::new();
                config.set("bootstrap.servers", brokers).set("linger.ms", "0");
                config.create().unwrap()
            })
            .clone()
    }

    /// What the group has committed, by partition.
    pub fn committed(&self, partitions: i32) -> HashMap<i32, i64> {
        let mut asked = TopicPartitionList::new();
        asked.add_partition_range(TOPIC, 0, partitions - 1);
        let answered = self.consumer().committed_offsets(asked, LONG).unwrap();
        let offset = |offset| match offset {
            Offset::Offset(offset) => offset,
            _ => 0,
        };
        answered
            .elements()
            .iter()
            .map(|element| (element.partition(), offset(element.offset())))
            .collect()
    }

    /// One that is no member of the group, but may read and write its offsets.
    pub fn consumer(&self) -> BaseConsumer {
        ClientConfig::new()
            .set("bootstrap.servers", self.cluster.bootstrap_servers())
            .set("group.id", GROUP)
            .create()
            .unwrap()
    }

    /// The messages in the dead-letter topic.
    pub fn dead(&self, messages: usize) -> Vec<OwnedMessage> {
        let consumer = self.consumer();
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition_offset(DEAD, 0, Offset::Beginning).unwrap();
        consumer.assign(&partitions).unwrap();
        let mut dead = Vec::new();
        while dead.len() < messages {
            dead.push(consumer.poll(LONG).unwrap().unwrap().detach());
        }
        assert!(
            consumer.poll(Duration::from_millis(300)).is_none(),
            "more than {messages}"
        );
        dead
    }

    /// How often each message was taken.
    pub fn taken(&self) -> HashMap<Uuid, usize> {
        self.emulator.ledger().times_taken()
    }
}

pub fn load(brokers: &str) -> KafkaLoad {
    KafkaLoad::new(brokers, TOPIC, GROUP, DeadLetterTo::Topic(DEAD.to_owned()))
        .property("session.timeout.ms", "6000")
        .property("heartbeat.interval.ms", "300")
}

pub fn client(builder: dfinery::ClientBuilder<ImportClient>, quota: RateLimit) -> ImportClient {
    let retry = RetryPolicy::default()
        .base_delay(Duration::from_millis(2))
        .max_delay(Duration::from_millis(10));
    [Family::Event, Family::Identity, Family::Profile]
        .into_iter()
        .fold(builder.retry(retry), |builder, family| {
            builder.rate_limit(family, quota)
        })
        .build()
        .unwrap()
}

pub fn loader(client: &ImportClient) -> Loader {
    Loader::builder(client).linger(Duration::from_millis(20)).build()
}

pub async fn ended(load: &mut RunningLoad) -> KafkaReceipt {
    let receipt = tokio::time::timeout(LONG, load.ended()).await.expect("it does not end");
    assert!(receipt.adds_up(), "{receipt:?}");
    receipt
}

/// Waits until something is so.
pub async fn until(what: impl Fn() -> bool) {
    let waiting = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONG, waiting)
        .await
        .expect("it never comes to that");
}

pub fn id(number: u64) -> Uuid {
    Uuid::from_u128(0x4000_0000_8000_0000_0000_0000_0000_u128 << 16 | u128::from(number))
}

/// An event of one of 20 users.
pub fn line(number: u64, id: Option<Uuid>) -> String {
    let id = id.map(|id| format!(r#","event_log_id":"{id}""#)).unwrap_or_default();
    let (user, minute, second) = (number % 20, number / 60 % 60, number % 60);
    format!(
        r#"{{"identity":{{"external_id":"user-{user}"}},"event":{{"event_name":"df_login","event_datetime":"2026-11-20T10:{minute:02}:{second:02}Z"{id}}}}}"#
    )
}

pub fn header(message: &OwnedMessage, name: &str) -> Option<String> {
    let headers = message.headers()?;
    let found = headers.iter().find(|header| header.key == name)?;
    Some(String::from_utf8(found.value?.to_vec()).unwrap())
}
