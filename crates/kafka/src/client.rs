//! What librdkafka says of its own accord.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::{
    ClientContext, config::RDKafkaLogLevel, consumer::ConsumerContext, error::KafkaError, types::RDKafkaErrorCode,
};

/// Keeps the last problem instead of logging it: while brokers are away there are many a second.
#[derive(Clone, Default)]
pub(crate) struct Problems(Arc<Mutex<Option<Problem>>>);

/// Its code, if it has one, and its text.
type Problem = (Option<RDKafkaErrorCode>, String);

impl Problems {
    pub(crate) fn note(&self, error: &KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        let separator = if reason.is_empty() { "" } else { ": " };
        *self.lock() = Some((error.rdkafka_error_code(), format!("{error}{separator}{reason}")));
    }

    pub(crate) fn last(&self) -> Option<String> {
        self.lock().as_ref().map(|(_, text)| text.clone())
    }

    pub(crate) fn last_code(&self) -> Option<RDKafkaErrorCode> {
        self.lock().as_ref().and_then(|(code, _)| *code)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Problem>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Problems {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, error: KafkaError, reason: &str) {
        self.note(&error, reason);
    }
}
impl ConsumerContext for Problems {}
