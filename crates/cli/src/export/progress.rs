//! How far an export has come, on standard error.

use std::{
    io::{self, Write as _},
    sync::Arc,
    time::{Duration, Instant},
};

use dfinery_export::{Progress, Snapshot};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::{
    progress::{Style, grouped, say_at_time, time},
    settings::Settings,
};

/// Shows the counters until the work has ended.
pub async fn shown<T>(settings: &Settings, progress: Arc<Progress>, work: impl Future<Output = T>) -> T {
    let style = Style::of(settings);
    let bar = (style == Style::Bar).then(ProgressBar::new_spinner);
    let every = style.interval();
    let mut meter = Meter {
        began: Instant::now(),
        before: (Instant::now(), Snapshot::default()),
    };
    let mut ticks = tokio::time::interval(every);
    ticks.tick().await;
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
                return done;
            }
            _ = ticks.tick(), if style != Style::None => {
                let state = meter.state(progress.snapshot());
                match (style, &bar) {
                    (Style::Bar, Some(bar)) => {
                        bar.set_message(state.for_people());
                        bar.tick();
                    }
                    (Style::Json, _) => {
                        if let Ok(line) = serde_json::to_string(&state) {
                            let _ = writeln!(io::stderr(), "{line}");
                        }
                    }
                    _ => {
                        say_at_time(&state.for_people());
                    }
                }
            }
        }
    }
}

struct Meter {
    began: Instant,
    before: (Instant, Snapshot),
}

#[derive(Serialize)]
struct State {
    elapsed_seconds: u64,
    bytes_per_second: u64,
    seconds_left: Option<u64>,
    #[serde(flatten)]
    counters: Snapshot,
}

impl Meter {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "figures for people, none below zero"
    )]
    fn state(&mut self, counters: Snapshot) -> State {
        let (then, before) = std::mem::replace(&mut self.before, (Instant::now(), counters));
        let elapsed = self.began.elapsed();
        let left = (counters.ended > 0 && counters.ended < counters.days).then(|| {
            let of_one = elapsed.as_secs_f64() / counters.ended as f64;
            (of_one * (counters.days - counters.ended) as f64).ceil() as u64
        });
        let bytes = counters.bytes.saturating_sub(before.bytes) as f64;
        State {
            elapsed_seconds: elapsed.as_secs(),
            bytes_per_second: (bytes / then.elapsed().as_secs_f64().max(0.001)) as u64,
            seconds_left: left,
            counters,
        }
    }
}

impl State {
    fn for_people(&self) -> String {
        let Snapshot {
            days,
            ended,
            rows,
            bytes,
            calls_left,
            waiting,
            ..
        } = self.counters;
        let mut parts = vec![format!("{ended} of {days} days")];
        if let Some(seconds) = self.seconds_left {
            parts.push(format!("{} left", time(Duration::from_secs(seconds))));
        }
        if waiting > 0 && self.bytes_per_second == 0 {
            parts.push("waiting for the quota".to_owned());
        }
        parts.push(format!("{} rows", grouped(rows)));
        parts.push(format!(
            "{} MB, {} MB/s",
            bytes / 1_000_000,
            self.bytes_per_second / 1_000_000
        ));
        if let Some(left) = calls_left {
            parts.push(format!("{left} calls left"));
        }
        parts.join(", ")
    }
}
