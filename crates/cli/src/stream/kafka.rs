//! `dfinery stream kafka`.

use std::{env, fs, io::Write as _, process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use dfinery_kafka::{DeadLetterTo, KafkaError, KafkaLoad, KafkaMonitor, KafkaReceipt, KafkaStop, KafkaStopper};
use dfinery_load::Accepts;
use tokio::net::TcpListener;

use super::{
    KafkaArguments,
    http::{Answer, OK, UNAVAILABLE, serve},
    metrics::metrics,
};
use crate::{
    advice::{NOT_ALL, TRY_AGAIN, exit_code_of_stop},
    connection,
    output::{is_quiet, say, stdout},
    progress::grouped,
    signals::{INTERRUPTED, Signals},
};

/// `DFINERY_KAFKA_SASL_PASSWORD` is `sasl.password`.
const VARIABLES: &str = "DFINERY_KAFKA_";
const REPORT_EVERY: Duration = Duration::from_secs(60);

pub async fn run(arguments: KafkaArguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.flags.resolve()?;
    let mut load = load(&arguments)?;
    if let Some(mapping) = connection::mapping(&settings)? {
        load = load.mapping(mapping, connection::taxonomy(&settings)?);
    }
    let loader = connection::loader(&settings, Accepts::Mixed)?;
    let listener = match arguments.listen {
        Some(address) => {
            let bound = TcpListener::bind(address).await;
            Some(bound.with_context(|| format!("--listen {address}: cannot listen there"))?)
        }
        None => None,
    };
    let mut running = match load.start(loader).await {
        Ok(running) => running,
        Err(error) if error.is_temporary() => {
            say(&error.to_string());
            return Ok(ExitCode::from(TRY_AGAIN));
        }
        Err(error) => return Err(advised(error)),
    };
    let listening = tokio::spawn(listen(running.stopper()));
    if let Some(listener) = listener {
        let monitor = running.monitor();
        tokio::spawn(serve(listener, move |path| answer(&monitor, path)));
    }
    let mut report = tokio::time::interval_at(tokio::time::Instant::now() + REPORT_EVERY, REPORT_EVERY);
    let receipt = loop {
        tokio::select! {
            receipt = running.ended() => break receipt,
            _ = report.tick() => if !is_quiet() { say(&line(&running.receipt())) },
        }
    };
    listening.abort();
    finish(&arguments, &receipt)
}

fn answer(monitor: &KafkaMonitor, path: &str) -> Option<Answer> {
    let status = monitor.status();
    Some(match path {
        "/live" if status.is_live => Answer(OK, "it polls\n".to_owned()),
        "/live" => Answer(UNAVAILABLE, "it has not polled for too long\n".to_owned()),
        "/ready" => match status.not_ready {
            None => Answer(OK, "it loads\n".to_owned()),
            Some(reason) => Answer(UNAVAILABLE, format!("{reason}\n")),
        },
        "/metrics" => Answer(OK, metrics(&status)),
        _ => return None,
    })
}

fn load(arguments: &KafkaArguments) -> anyhow::Result<KafkaLoad> {
    let dead_letter = match arguments.dead_letter.strip_prefix("topic:") {
        Some(topic) => DeadLetterTo::Topic(topic.to_owned()),
        None => DeadLetterTo::File(arguments.dead_letter.clone().into()),
    };
    let mut load = KafkaLoad::new(&arguments.brokers, &arguments.topic, &arguments.group, dead_letter)
        .until_caught_up(arguments.until_caught_up);
    for (name, value) in env::vars_os() {
        let Some(name) = name.to_str().and_then(|name| name.strip_prefix(VARIABLES)) else {
            continue;
        };
        let value = value
            .into_string()
            .map_err(|_| anyhow::anyhow!("{VARIABLES}{name}: it does not hold UTF-8"))?;
        load = load.property(name.to_lowercase().replace('_', "."), value);
    }
    for given in &arguments.properties {
        let (name, value) = pair("--set", given)?;
        if is_secret(name) {
            bail!(
                "--set {name}: other users can read the arguments of a process; write the value to a file and give \
                 --set-file {name}=FILE, or set {VARIABLES}{}",
                name.to_uppercase().replace('.', "_")
            );
        }
        load = load.property(name, value);
    }
    for given in &arguments.property_files {
        let (name, file) = pair("--set-file", given)?;
        let value = fs::read_to_string(file).with_context(|| format!("--set-file {name}: cannot read {file}"))?;
        load = load.property(name, value.trim_end_matches(['\r', '\n']));
    }
    Ok(load)
}

/// Never repeats what was given without an `=`, which may be a secret.
fn pair<'a>(option: &str, given: &'a str) -> anyhow::Result<(&'a str, &'a str)> {
    let pair = given.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.with_context(|| format!("{option}: give it as NAME=…, such as security.protocol=SASL_SSL"))
}

fn is_secret(name: &str) -> bool {
    ["password", "secret", "key.pem", "oauthbearer.config"]
        .iter()
        .any(|part| name.contains(part))
}

fn advised(error: KafkaError) -> anyhow::Error {
    anyhow::Error::new(error).context("the topic cannot be read")
}

/// The first signal ends the load in order, the second one at once: messages that are not committed are read again.
async fn listen(stopper: KafkaStopper) {
    let Ok(mut signals) = Signals::new() else { return };
    signals.next().await;
    stopper.stop();
    say("finishing the calls under way; press again to stop at once");
    signals.next().await;
    say("stopped at once: what was not committed is read again, and may arrive twice with the same ids");
    std::process::exit(INTERRUPTED.into());
}

fn line(receipt: &KafkaReceipt) -> String {
    let dead = receipt.rejected + receipt.invalid;
    let lag = receipt.lag.map_or_else(|| "unknown".to_owned(), grouped);
    let problem = match &receipt.last_problem {
        Some(problem) if receipt.failed_commits > 0 || receipt.partitions == 0 => {
            format!("; Kafka last said: {problem}")
        }
        _ => String::new(),
    };
    format!(
        "{} accepted, {} in the dead letter, {} in flight; {} of {} partitions, lag {lag}, finished beyond the watermark {}{problem}",
        grouped(receipt.accepted),
        grouped(dead),
        grouped(receipt.in_flight),
        receipt.partitions,
        receipt.topic_partitions,
        grouped(receipt.gap),
    )
}

fn finish(arguments: &KafkaArguments, receipt: &KafkaReceipt) -> anyhow::Result<ExitCode> {
    let text = serde_json::to_string_pretty(receipt)?;
    if let Some(path) = &arguments.receipt {
        fs::write(path, format!("{text}\n"))
            .with_context(|| format!("cannot write the receipt to {}", path.display()))?;
    }
    let code = exit_code(receipt);
    if !(is_quiet() && code == 0) {
        let mut out = stdout();
        writeln!(out, "{text}")
            .and_then(|()| out.flush())
            .context("cannot write the receipt to standard output")?;
    }
    match &receipt.stopped {
        None | Some(KafkaStop::Interrupted | KafkaStop::CaughtUp) => {}
        Some(stop) => say(&format!("{stop}. What is not committed is read again by the next run")),
    }
    Ok(ExitCode::from(code))
}

fn exit_code(receipt: &KafkaReceipt) -> u8 {
    match &receipt.stopped {
        Some(KafkaStop::Interrupted | KafkaStop::CaughtUp) if receipt.rejected + receipt.invalid == 0 => 0,
        Some(KafkaStop::Interrupted | KafkaStop::CaughtUp) => NOT_ALL,
        Some(KafkaStop::Loader(stop)) => exit_code_of_stop(stop),
        _ => TRY_AGAIN,
    }
}
