//! `dfinery stream`: records as they come.

#[cfg(feature = "kafka")]
mod http;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "kafka")]
mod metrics;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use crate::settings::{Flags, table::STREAM};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Source,
}

#[derive(clap::Subcommand)]
enum Source {
    /// Load a topic of Kafka as a member of a consumer group, and account for every message.
    #[command(after_long_help = crate::help::STREAM_KAFKA)]
    Kafka(Box<KafkaArguments>),
}

#[derive(clap::Args)]
struct KafkaArguments {
    /// Brokers to begin with, separated by commas.
    #[arg(long, value_name = "HOST:PORT", help_heading = "Kafka")]
    brokers: String,
    /// The topic. Each message is a record as JSON, like a line of a file, or JSON of another program with --mapping.
    #[arg(long, value_name = "NAME", help_heading = "Kafka")]
    topic: String,
    /// The consumer group. All its members load the topic together, and divide the quota.
    #[arg(long, value_name = "NAME", help_heading = "Kafka")]
    group: String,
    /// Where messages go that are not accepted: topic:NAME, or a file.
    #[arg(long, value_name = "topic:NAME|FILE", help_heading = "Kafka")]
    dead_letter: String,
    /// Set a property of librdkafka, such as `security.protocol=SASL_SSL`; repeat it for more. Not for passwords.
    #[arg(long = "set", value_name = "NAME=VALUE", help_heading = "Kafka")]
    properties: Vec<String>,
    /// Set a property to what a file holds, such as `sasl.password=FILE`; repeat it for more.
    ///
    /// Or set a variable of the environment, such as `DFINERY_KAFKA_SASL_PASSWORD`.
    #[arg(long = "set-file", value_name = "NAME=FILE", help_heading = "Kafka")]
    property_files: Vec<String>,
    /// End once everything is settled that was there at the start.
    #[arg(long, help_heading = "Run")]
    until_caught_up: bool,
    /// Answer /live, /ready and /metrics over HTTP at this address, such as 127.0.0.1:9464.
    #[arg(long, value_name = "IP:PORT", help_heading = "Run")]
    listen: Option<SocketAddr>,
    /// Write the receipt as JSON to this file too.
    #[arg(long, value_name = "FILE", help_heading = "Run", value_hint = clap::ValueHint::FilePath)]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags<STREAM>,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Source::Kafka(arguments) = arguments.command;
    kafka::run(*arguments).await
}

#[cfg(not(feature = "kafka"))]
mod kafka {
    use std::process::ExitCode;

    use super::KafkaArguments;

    #[allow(clippy::unused_async, reason = "as with the feature")]
    pub async fn run(arguments: KafkaArguments) -> anyhow::Result<ExitCode> {
        // What is wrong in the settings is said first, as with the feature.
        arguments.flags.resolve()?;
        anyhow::bail!(
            "this build is without Kafka: build one in the source folder with `cargo build --release -p dfinery-cli \
             --features kafka`, or with kafka-tls for brokers with TLS"
        )
    }
}
