//! Why a load from Kafka cannot begin.

use std::{error::Error, fmt};

use rdkafka::{error::KafkaError as Cause, types::RDKafkaErrorCode as Code};

/// Why a load from Kafka could not begin. `Display` says what failed; it never holds the value of a property.
#[derive(Debug)]
pub struct KafkaError {
    text: String,
    is_temporary: bool,
}

impl KafkaError {
    pub(crate) fn settings(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_temporary: false,
        }
    }

    pub(crate) fn temporary(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_temporary: true,
        }
    }

    /// A client could not be made. The library's own text may hold the value of the property.
    pub(crate) fn unmade(cause: &Cause) -> Self {
        Self::settings(match cause {
            Cause::ClientConfig(_, _, name, _) => {
                format!("{name}: there is no such property in this build, or it cannot have this value")
            }
            _ => "the settings of the connection do not fit together, or a file they name cannot be read".to_owned(),
        })
    }

    /// Whether the same may succeed later, as when no broker answers.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.is_temporary
    }
}

impl fmt::Display for KafkaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for KafkaError {}

/// Whether a person has to act: waiting does not change it.
pub(crate) fn is_final(code: Code) -> bool {
    matches!(
        code,
        Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::UnknownTopicOrPartition
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::InvalidTopic
            | Code::InvalidGroupId
            | Code::Fatal
            | Code::InconsistentGroupProtocol
    )
}
