//! A load from Kafka: its settings, and its parts put together.

use std::{collections::HashMap, fmt, sync::Arc, thread, time::Duration};

use dfinery_input::Mapping;
use dfinery_load::{Loader, Record, Taxonomy};
use futures_util::stream;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use tokio::sync::{mpsc, oneshot};

use crate::{
    client::Problems,
    consume::Consuming,
    dead_letter::DeadLetters,
    error::{KafkaError, is_final},
    member::Member,
    monitor::KafkaMonitor,
    receipt::{KafkaReceipt, KafkaStop},
    settings::{DeadLetterTo, Settings},
    settle::settle,
    share::Share,
    state::Shared,
};

/// A load from a topic.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use dfinery::ImportClient;
/// use dfinery_kafka::{DeadLetterTo, KafkaLoad};
/// use dfinery_load::Loader;
///
/// let loader = Loader::builder(&ImportClient::from_env()?).build();
/// let dead_letter = DeadLetterTo::Topic("events-dead".to_owned());
/// let load = KafkaLoad::new("localhost:9092", "events", "dfinery", dead_letter).until_caught_up(true);
/// let receipt = load.start(loader).await?.ended().await;
/// assert!(receipt.adds_up());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KafkaLoad(Settings);

/// A load from a topic that runs. Dropping it asks it to end.
pub struct RunningLoad {
    stopper: KafkaStopper,
    monitor: KafkaMonitor,
    ended: oneshot::Receiver<()>,
}

/// Asks a running load to end: it finishes the calls in flight, commits, and leaves the group.
#[derive(Clone)]
pub struct KafkaStopper(Arc<Shared>);

impl KafkaLoad {
    /// A load of a topic as a member of a group. `brokers` are `host:port`, separated by commas.
    #[must_use]
    pub fn new(
        brokers: impl Into<String>,
        topic: impl Into<String>,
        group: impl Into<String>,
        dead_letter: DeadLetterTo,
    ) -> Self {
        Self(Settings {
            brokers: brokers.into(),
            topic: topic.into(),
            group: group.into(),
            dead_letter,
            until_caught_up: false,
            properties: std::collections::BTreeMap::new(),
            mapping: None,
        })
    }

    /// Sets a property of librdkafka, such as `security.protocol`. Its value is never printed.
    #[must_use]
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.properties.insert(name.into(), value.into());
        self
    }

    /// Whether to end once everything is settled that was in the partitions of this member when it began.
    #[must_use]
    pub fn until_caught_up(mut self, until: bool) -> Self {
        self.0.until_caught_up = until;
        self
    }

    /// Makes records of messages that are JSON of another program: each message is one row of the mapping, and its members are
    /// the columns. A value without a type in the mapping takes the one that `taxonomy`, by default the standard one, gives its
    /// property.
    ///
    /// A message that becomes several records is finished once all of them are. If one of them is not accepted, the message is
    /// in the dead letter.
    #[must_use]
    pub fn mapping(mut self, mapping: Mapping, taxonomy: Option<Taxonomy>) -> Self {
        self.0.mapping = Some((mapping, taxonomy));
        self
    }

    /// Joins the group and begins. Needs a tokio runtime.
    ///
    /// The quota of the loader's client is divided by partitions among the members of the group. Give it a client of its
    /// own: until the load and its stoppers are dropped, other calls of that client and of its clones have no more than this
    /// share.
    ///
    /// # Errors
    /// If a property or the mapping is wrong, no broker answers within 30 s, the topic does not exist, or the dead letter
    /// cannot be written.
    pub async fn start(self, loader: Loader) -> Result<RunningLoad, KafkaError> {
        let Self(settings) = self;
        settings.check()?;
        let mapper = settings.mapper()?;
        let dead_letters = DeadLetters::open(&settings)?;
        let share = Share::new(loader.client());
        let problems = Problems::default();
        let probing = tokio::task::spawn_blocking({
            let (settings, problems) = (settings.clone(), problems.clone());
            move || probe(&settings, &problems)
        });
        let ends = probing
            .await
            .map_err(|error| KafkaError::temporary(error.to_string()))??;
        let all = u32::try_from(ends.len()).unwrap_or(u32::MAX);
        let shared = Arc::new(Shared::new(
            share,
            all,
            &settings.topic,
            &settings.group,
            settings.longest_silence(),
        ));
        let (records, mut incoming) = mpsc::unbounded_channel::<Record>();
        let (unusable, unread) = mpsc::unbounded_channel();
        let progress = loader.progress();
        let settled = loader.load(stream::poll_fn(move |context| incoming.poll_recv(context)));
        let member = Member {
            topic: settings.topic.clone(),
            shared: Arc::clone(&shared),
            problems: problems.clone(),
            longest_drain: settings.longest_drain(),
            loader: settled.withdrawer(),
            until: ends
                .into_iter()
                .filter_map(|(partition, end)| Some((partition, end?)))
                .collect(),
        };
        let consumer: BaseConsumer<Member> = settings
            .consumer()
            .create_with_context(member)
            .map_err(|error| KafkaError::unmade(&error))?;
        consumer
            .subscribe(&[&settings.topic])
            .map_err(|error| KafkaError::settings(error.to_string()))?;

        let consuming = Consuming {
            consumer,
            shared: Arc::clone(&shared),
            records,
            unusable,
            loader: settled.stopper(),
            until_caught_up: settings.until_caught_up,
            mapper,
            progress: Arc::clone(&progress),
        };
        tokio::spawn(settle(Arc::clone(&shared), settled, unread, dead_letters));
        let (done, ended) = oneshot::channel();
        thread::Builder::new()
            .name("kafka".to_owned())
            .spawn(move || {
                consuming.run();
                let _ = done.send(());
            })
            .map_err(|error| KafkaError::temporary(format!("no thread can be started: {error}")))?;
        Ok(RunningLoad {
            monitor: KafkaMonitor::new(&shared, &progress, &problems),
            stopper: KafkaStopper(shared),
            ended,
        })
    }
}

impl RunningLoad {
    /// A handle to end the load.
    #[must_use]
    pub fn stopper(&self) -> KafkaStopper {
        self.stopper.clone()
    }

    /// What became of the messages so far.
    #[must_use]
    pub fn receipt(&self) -> KafkaReceipt {
        self.monitor.receipt()
    }

    /// Tells how it is doing, for probes and metrics.
    #[must_use]
    pub fn monitor(&self) -> KafkaMonitor {
        self.monitor.clone()
    }

    /// Waits until it has ended and left the group. Cancel safe.
    pub async fn ended(&mut self) -> KafkaReceipt {
        // An error means that the thread has ended, too.
        let _ = (&mut self.ended).await;
        self.receipt()
    }
}

impl Drop for RunningLoad {
    fn drop(&mut self) {
        self.stopper.stop();
    }
}

impl KafkaStopper {
    /// Asks the load to end. Asking twice has no further effect.
    pub fn stop(&self) {
        self.0.stop(KafkaStop::Interrupted);
    }
}

impl fmt::Debug for KafkaStopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KafkaStopper")
    }
}

impl fmt::Debug for RunningLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunningLoad")
    }
}

/// The partitions of the topic, and where they end if that matters.
fn probe(settings: &Settings, problems: &Problems) -> Result<HashMap<i32, Option<u64>>, KafkaError> {
    const PATIENCE: Duration = Duration::from_secs(30);
    let topic = settings.topic.as_str();
    let consumer: BaseConsumer<Problems> = settings
        .consumer()
        .create_with_context(problems.clone())
        .map_err(|error| KafkaError::unmade(&error))?;
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).map_err(|error| {
        let text = match problems.last() {
            Some(problem) => format!("no broker answers at {}: {problem}", settings.brokers),
            None => format!("no broker answers at {}: {error}", settings.brokers),
        };
        match problems.last_code().or(error.rdkafka_error_code()) {
            Some(code) if is_final(code) => KafkaError::settings(text),
            _ => KafkaError::temporary(text),
        }
    })?;
    let found = metadata.topics().first();
    let partitions = found
        .map(rdkafka::metadata::MetadataTopic::partitions)
        .unwrap_or_default();
    if partitions.is_empty() {
        return Err(KafkaError::settings(format!(
            "there is no topic {topic}, or it may not be read"
        )));
    }
    let mut ends = HashMap::new();
    for partition in partitions {
        let end = if settings.until_caught_up {
            let (_, end) = consumer
                .fetch_watermarks(topic, partition.id(), PATIENCE)
                .map_err(|error| KafkaError::temporary(format!("{topic}, partition {}: {error}", partition.id())))?;
            u64::try_from(end).ok()
        } else {
            None
        };
        ends.insert(partition.id(), end);
    }
    Ok(ends)
}
