//! The figures of a stream in the text format of Prometheus.

use std::fmt::Write as _;

use dfinery_kafka::KafkaStatus;

/// A topic may have more partitions than a monitoring system should get series of each member.
const MOST_PARTITIONS: usize = 500;

/// All figures. Every sum of messages is there once, so that they can be held against each other.
pub fn metrics(status: &KafkaStatus) -> String {
    let receipt = &status.receipt;
    let mut page = Page(String::new());
    page.counter(
        "messages_read_total",
        "Messages taken, without those that were skipped.",
        receipt.read,
    );
    page.head("messages_total", "counter", "Messages by what became of them.");
    for (fate, count) in [
        ("accepted", receipt.accepted),
        ("rejected", receipt.rejected),
        ("invalid", receipt.invalid),
        ("passed_over", receipt.passed_over),
        ("undelivered", receipt.undelivered),
        ("unknown", receipt.unknown),
    ] {
        page.line("messages_total", &format!("{{fate=\"{fate}\"}}"), count);
    }
    for (name, help, count) in [
        (
            "messages_possibly_twice_total",
            "Messages that the service may have taken twice.",
            receipt.possibly_twice,
        ),
        (
            "messages_skipped_total",
            "Messages that an earlier owner had finished.",
            receipt.skipped,
        ),
        (
            "messages_late_total",
            "Messages settled after their partition had moved.",
            receipt.late,
        ),
        (
            "rebalances_total",
            "Times that partitions came or went.",
            receipt.rebalances,
        ),
        (
            "partitions_lost_total",
            "Partitions that moved before their messages were settled.",
            receipt.lost_partitions,
        ),
        ("commits_failed_total", "Commits that failed.", receipt.failed_commits),
        (
            "bitmaps_cut_total",
            "Commits without their bitmap, which was too large.",
            receipt.cut_bitmaps,
        ),
        (
            "bitmaps_unread_total",
            "Partitions whose committed bitmap could not be read.",
            receipt.unread_bitmaps,
        ),
        ("calls_total", "Calls that have ended.", receipt.calls),
        ("attempts_total", "Requests sent, retries included.", receipt.attempts),
        (
            "attempts_rate_limited_total",
            "Requests refused for the quota.",
            receipt.rate_limited,
        ),
    ] {
        page.counter(name, help, count);
    }
    page.gauge(
        "ready",
        "1 if it can work at present.",
        u8::from(status.not_ready.is_none()),
    );
    page.gauge(
        "in_flight_messages",
        "Messages that are being loaded.",
        receipt.in_flight,
    );
    page.gauge(
        "gap_messages",
        "Messages that are finished beyond the watermarks.",
        receipt.gap,
    );
    page.gauge("assigned_partitions", "Partitions of this member.", receipt.partitions);
    page.gauge("topic_partitions", "Partitions of the topic.", receipt.topic_partitions);
    page.gauge(
        "quota_share_ratio",
        "The part of the quota that it may spend.",
        status.quota_share,
    );
    if let Some(lag) = receipt.lag {
        page.gauge("lag_messages", "Messages of its partitions that are not finished.", lag);
    }
    partitions(status, &mut page);
    page.0
}

fn partitions(status: &KafkaStatus, page: &mut Page) {
    let partitions = || status.partitions.iter().take(MOST_PARTITIONS);
    let label = |partition: i32| format!("{{partition=\"{partition}\"}}");
    page.head(
        "partition_watermark",
        "gauge",
        "The offset before which everything is finished.",
    );
    for one in partitions() {
        if let Some(watermark) = one.watermark {
            page.line("partition_watermark", &label(one.partition), watermark);
        }
    }
    page.head(
        "partition_gap_messages",
        "gauge",
        "Messages that are finished beyond the watermark.",
    );
    for one in partitions() {
        page.line("partition_gap_messages", &label(one.partition), one.gap);
    }
    page.head("partition_lag_messages", "gauge", "Messages that are not finished.");
    for one in partitions() {
        if let Some(lag) = one.lag {
            page.line("partition_lag_messages", &label(one.partition), lag);
        }
    }
}

struct Page(String);

impl Page {
    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "counter", help);
        self.line(name, "", value);
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, "gauge", help);
        self.line(name, "", value);
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a text never fails.
        let _ = write!(
            self.0,
            "# HELP dfinery_kafka_{name} {help}\n# TYPE dfinery_kafka_{name} {kind}\n"
        );
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "dfinery_kafka_{name}{labels} {value}");
    }
}
