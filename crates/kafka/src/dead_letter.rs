//! Where messages go whose records were not accepted.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use dfinery_load::{DeadLetter, DeadLetterFile};
use futures_util::future::try_join_all;
use rdkafka::{
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};

use crate::{
    client::Problems,
    error::KafkaError,
    message::Message,
    settings::{DeadLetterTo, Settings},
    verdict::Verdict,
};

/// A message, and why it is here.
pub(crate) struct Letter {
    /// Its number among those in flight.
    pub(crate) number: u64,
    pub(crate) message: Arc<Message>,
    pub(crate) verdict: Verdict,
}

#[derive(Clone)]
pub(crate) enum DeadLetters {
    Topic {
        producer: FutureProducer<Problems>,
        to: String,
        from: String,
    },
    File {
        file: Arc<Mutex<DeadLetterFile>>,
        from: String,
        is_mapped: bool,
    },
}

impl DeadLetters {
    pub(crate) fn open(settings: &Settings) -> Result<Self, KafkaError> {
        let from = settings.topic.clone();
        match &settings.dead_letter {
            DeadLetterTo::Topic(to) if *to == from => Err(KafkaError::settings(
                "the topic of the dead letter is the one that is read: each message in it would come back",
            )),
            DeadLetterTo::Topic(to) => Ok(Self::Topic {
                producer: settings
                    .producer()
                    .create_with_context(Problems::default())
                    .map_err(|error| KafkaError::unmade(&error))?,
                to: to.clone(),
                from,
            }),
            DeadLetterTo::File(path) => match DeadLetterFile::open(path) {
                Ok(file) => Ok(Self::File {
                    file: Arc::new(Mutex::new(file)),
                    from,
                    is_mapped: settings.mapping.is_some(),
                }),
                Err(error) => Err(KafkaError::settings(format!(
                    "the dead letter cannot be written: {error}"
                ))),
            },
        }
    }

    /// Returns once the brokers, or the disk, have confirmed all of them.
    pub(crate) async fn write(&self, letters: Vec<Letter>) -> Result<(), String> {
        match self {
            Self::Topic { producer, to, from } => {
                let sent = letters.iter().map(|letter| async move {
                    let mut record = FutureRecord::to(to).headers(letter.headers(from));
                    record.key = letter.message.key.as_deref();
                    record.payload = letter.message.value();
                    record.timestamp = letter.message.timestamp;
                    let sent = producer.send(record, Duration::from_secs(60)).await;
                    sent.map_err(|(error, _)| format!("{to}: {error}"))
                });
                try_join_all(sent).await.map(drop)
            }
            Self::File { file, from, is_mapped } => {
                let (file, from, is_mapped) = (Arc::clone(file), from.clone(), *is_mapped);
                let written = tokio::task::spawn_blocking(move || {
                    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                    file.append(letters.iter().map(|letter| letter.line(&from, is_mapped)))
                });
                match written.await {
                    Ok(written) => written.map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                }
            }
        }
    }
}

impl Letter {
    fn headers(&self, topic: &str) -> OwnedHeaders {
        let Message { partition, offset, .. } = &*self.message;
        let why = &self.verdict.why;
        let (partition, offset) = (partition.to_string(), offset.to_string());
        let ours = [
            ("dfinery-reason", Some(why.reason.as_str())),
            ("dfinery-code", why.code.as_deref()),
            ("dfinery-topic", Some(topic)),
            ("dfinery-partition", Some(partition.as_str())),
            ("dfinery-offset", Some(offset.as_str())),
        ];
        let headers = self.message.headers.clone().unwrap_or_default();
        ours.into_iter().fold(headers, |headers, (key, value)| match value {
            Some(value) => headers.insert(Header {
                key,
                value: Some(value),
            }),
            None => headers,
        })
    }

    fn line<'a>(&'a self, topic: &'a str, is_mapped: bool) -> DeadLetter<'a> {
        let Verdict { fate, why, .. } = &self.verdict;
        DeadLetter {
            fate: *fate,
            code: why.code.as_deref(),
            message: why.violations.is_empty().then_some(&*why.reason),
            reasons: &why.violations,
            source: topic,
            place: self.message.offset,
            original: self.message.value().unwrap_or_default(),
            is_mapped,
        }
    }
}
