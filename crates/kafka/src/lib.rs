//! A topic of Kafka as the source of a load: records in, few calls out, and an account of every message.
//!
//! [`KafkaLoad`] joins a consumer group and feeds a [`Loader`](dfinery_load::Loader). Messages are records as JSON, one
//! each. A message is *finished* once its record was accepted, or was not and is in the dead letter, which has confirmed
//! it. The group commits only offsets before which every message is finished; what is finished beyond goes along as a
//! bitmap in the metadata of the commit, and the next owner of the partition skips it. Delivery is *at least once*: a
//! message that is sent again has the same `event_log_id`.
//!
//! ```text
//! consumer (a thread) ─► loader ─► settle (a task) ─► offsets ─► commit
//!   polls, pauses,                   dead letter,       │
//!   answers rebalances               confirmed   ◄──────┘ skips what is finished
//! ```
//!
//! Only the consumer's thread takes, commits and changes the assignment. The `state` that it shares with the settling
//! task is behind one lock, which neither holds while it waits for a broker or a disk.

#![deny(missing_docs)]

mod client;
mod consume;
mod dead_letter;
mod error;
mod in_flight;
mod load;
mod member;
mod message;
mod metadata;
mod monitor;
mod offsets;
mod receipt;
mod settings;
mod settle;
mod share;
mod state;
mod status;
mod verdict;

pub use error::KafkaError;
pub use load::{KafkaLoad, KafkaStopper, RunningLoad};
pub use monitor::KafkaMonitor;
pub use receipt::{KafkaReceipt, KafkaStop};
pub use settings::DeadLetterTo;
pub use status::{KafkaStatus, NotReady, PartitionStatus};
