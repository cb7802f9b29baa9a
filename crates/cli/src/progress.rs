//! How far a load has come, on standard error: a bar for people, lines and JSON for logs.

use std::{
    collections::VecDeque,
    io::{self, IsTerminal as _, Write as _},
    sync::Arc,
    time::{Duration, Instant},
};

use dfinery::tables::RateLimit;
use dfinery_load::{Progress, Snapshot};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    output, paint,
    settings::{Settings, table::PROGRESS},
};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Bar,
    Line,
    Json,
    None,
}

impl Style {
    pub fn of(settings: &Settings) -> Self {
        match settings.text(&PROGRESS) {
            _ if output::is_quiet() => Self::None,
            Some("bar") => Self::Bar,
            Some("line") => Self::Line,
            Some("json") => Self::Json,
            Some("none") => Self::None,
            _ if io::stderr().is_terminal() => Self::Bar,
            _ => Self::Line,
        }
    }

    /// How often it is shown. A line is for a log that somebody reads later.
    pub const fn interval(self) -> Duration {
        match self {
            Self::Bar => Duration::from_millis(200),
            Self::Json | Self::None => Duration::from_secs(1),
            Self::Line => Duration::from_secs(60),
        }
    }
}

/// Writes a line of a log to standard error.
pub fn say_at_time(text: &str) {
    let time = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
    let _ = writeln!(io::stderr(), "{time} dfinery: {text}");
}

/// Shows progress until it is finished.
pub struct Reporter {
    shown: JoinHandle<()>,
    end: watch::Sender<bool>,
    bar: Option<ProgressBar>,
}

/// How many columns the bar takes, and the blank behind it.
const BEFORE_TEXT: usize = 13;
/// Steps of a bar: more than the width of any terminal.
const STEPS: u64 = 10_000;

impl Reporter {
    /// Shows the counters from now on; `quota` is the quota that is spent, if there is only one.
    pub fn start(settings: &Settings, progress: Arc<Progress>, quota: Option<RateLimit>) -> Self {
        let style = Style::of(settings);
        let bar = (style == Style::Bar).then(|| {
            let template = ProgressStyle::with_template("{bar:12} {wide_msg}");
            ProgressBar::new(STEPS).with_style(template.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        let (end, ended) = watch::channel(false);
        let shown = tokio::spawn(show(style, bar.clone(), progress, quota, ended));
        Self { shown, end, bar }
    }

    /// Writes a message without disturbing the bar.
    pub fn voice(&self) -> Voice {
        Voice(self.bar.clone())
    }

    /// Shows the last state and ends.
    pub async fn finish(self) {
        self.end.send_replace(true);
        let _ = self.shown.await;
    }
}

/// A way to write to standard error while a bar is drawn there.
pub struct Voice(Option<ProgressBar>);

impl Voice {
    pub fn say(&self, text: &str) {
        match &self.0 {
            Some(bar) => bar.suspend(|| output::say(text)),
            None => output::say(text),
        }
    }
}

async fn show(
    style: Style,
    bar: Option<ProgressBar>,
    progress: Arc<Progress>,
    quota: Option<RateLimit>,
    mut ended: watch::Receiver<bool>,
) {
    if style == Style::None {
        return;
    }
    let every = style.interval();
    let mut meter = Meter::new(quota);
    let is_painted = output::is_painted(&io::stderr());
    loop {
        let last = tokio::time::timeout(every, ended.wait_for(|ended| *ended))
            .await
            .is_ok();
        let state = meter.state(progress.snapshot(), Instant::now());
        match (style, &bar) {
            (Style::Bar, Some(bar)) => {
                bar.set_position(state.steps());
                let text = state.for_people();
                let text = whole_parts(&text, textwrap::termwidth().saturating_sub(BEFORE_TEXT)).to_owned();
                bar.set_message(if is_painted { paint::bad_count(&text) } else { text });
            }
            (Style::Json, _) => {
                if let Ok(line) = serde_json::to_string(&state) {
                    let _ = writeln!(io::stderr(), "{line}");
                }
            }
            // The receipt follows: a last line would only repeat it.
            (Style::Line, _) if !last => {
                say_at_time(&state.for_people());
            }
            _ => {}
        }
        if last {
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            return;
        }
    }
}

/// Computes speeds and shares from counters.
struct Meter {
    began: Instant,
    quota: Option<RateLimit>,
    /// The counters of the last moments, the oldest first: at most one period of the quota.
    past: VecDeque<(Instant, Snapshot)>,
}

impl Meter {
    /// The period over which a speed is measured.
    const RECENT: Duration = Duration::from_secs(5);
    /// The most points that a share of the quota needs.
    const MOST: usize = 512;

    fn new(quota: Option<RateLimit>) -> Self {
        let began = Instant::now();
        Self {
            began,
            quota,
            past: VecDeque::from([(began, Snapshot::default())]),
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "figures for people, none below zero"
    )]
    fn state(&mut self, now: Snapshot, at: Instant) -> State {
        let period = self.quota.map_or(Self::RECENT, |quota| quota.period);
        let oldest = period.max(Self::RECENT);
        while self.past.len() > Self::MOST || self.past.front().is_some_and(|(time, _)| at - *time > oldest) {
            self.past.pop_front();
        }
        let since = |length: Duration| {
            let found = self.past.iter().find(|(time, _)| at - *time <= length);
            found.copied().unwrap_or((self.began, Snapshot::default()))
        };
        let (from, before) = since(Self::RECENT);
        let seconds = (at - from).as_secs_f64().max(0.001);
        let speed = settled(&now).saturating_sub(settled(&before)) as f64 / seconds;
        let (_, period_ago) = since(period);
        let quota_used = self
            .quota
            .map(|quota| (now.attempts - period_ago.attempts) as f64 / f64::from(quota.requests.max(1)));
        self.past.push_back((at, now));
        let done = done(&now);
        let elapsed = at - self.began;
        let left = done
            .filter(|done| *done > 0.0 && *done < 1.0 && elapsed > Duration::from_secs(2))
            .map(|done| {
                let at_this_pace = elapsed.as_secs_f64() * (1.0 - done) / done;
                at_this_pace.max(self.quota_allows(now.attempts as f64, done) - elapsed.as_secs_f64())
            });
        State {
            elapsed_seconds: elapsed.as_secs(),
            records_per_second: speed.round() as u64,
            quota_used: quota_used.map(|share| (share * 1_000.0).round() / 1_000.0),
            done: done.map(|share| (share * 1_000.0).round() / 1_000.0),
            seconds_left: left.map(|seconds| seconds.ceil() as u64),
            waiting: waiting(&before, &now, quota_used),
            counters: now,
        }
    }

    /// How many seconds a load takes at least, whose calls so far are this share of all: a period of the quota passes
    /// before the next calls may be made.
    fn quota_allows(&self, calls: f64, done: f64) -> f64 {
        let Some(quota) = self.quota else { return 0.0 };
        let periods = (calls / done / f64::from(quota.requests.max(1))).ceil() - 1.0;
        periods.max(0.0) * quota.period.as_secs_f64()
    }
}

/// Why nothing has been sent for a while, as far as the counters show it.
fn waiting(before: &Snapshot, now: &Snapshot, quota_used: Option<f64>) -> Option<&'static str> {
    // The counters of reading may be behind those of sending.
    let is_left = now.bytes_read < now.bytes_in_all || now.read > settled(now);
    let is_still = now.under_way == 0 && now.attempts > 0 && is_left;
    if !is_still || now.accepted > before.accepted {
        return None;
    }
    if quota_used.is_some_and(|used| used > 0.99) {
        Some("waiting for the quota")
    } else if now.rate_limited > 0 {
        Some("waiting for the quota, which the service says is spent")
    } else if now.failed_attempts > 0 {
        Some("waiting to try again after a failure")
    } else {
        None
    }
}

/// What is shown.
#[derive(Serialize)]
struct State {
    elapsed_seconds: u64,
    records_per_second: u64,
    /// The share of the quota spent in the last period.
    quota_used: Option<f64>,
    /// The share of the input that is read and settled, as far as known.
    done: Option<f64>,
    seconds_left: Option<u64>,
    /// Why no call is in flight, if none is.
    waiting: Option<&'static str>,
    #[serde(flatten)]
    counters: Snapshot,
}

fn settled(counters: &Snapshot) -> u64 {
    counters.accepted + not_accepted(counters)
}

fn not_accepted(counters: &Snapshot) -> u64 {
    counters.rejected + counters.invalid + counters.undelivered + counters.unknown
}

#[allow(clippy::cast_precision_loss, reason = "a share need not be exact")]
fn done(counters: &Snapshot) -> Option<f64> {
    if counters.bytes_in_all == 0 {
        return None;
    }
    let read = (counters.bytes_read as f64 / counters.bytes_in_all as f64).min(1.0);
    // Reading is ahead of sending by the records that wait in memory.
    let sent = settled(counters) as f64 / counters.read.max(1) as f64;
    Some(if counters.attempts == 0 && settled(counters) == 0 {
        read
    } else {
        read * sent.min(1.0)
    })
}

impl State {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share from 0 to 1"
    )]
    fn steps(&self) -> u64 {
        (self.done.unwrap_or_default() * STEPS as f64) as u64
    }

    fn for_people(&self) -> String {
        let Snapshot { read, accepted, .. } = self.counters;
        let mut parts = Vec::new();
        // A narrow terminal has no room for the last ones, so what matters most comes first.
        if let Some(done) = self.done {
            parts.push(format!("{:.0} %", done * 100.0));
        }
        if let Some(seconds) = self.seconds_left {
            parts.push(format!("{} left", time(Duration::from_secs(seconds))));
        }
        if let Some(reason) = self.waiting {
            parts.push(reason.to_owned());
        }
        if self.counters.attempts > 0 || settled(&self.counters) > 0 {
            parts.push(format!("{} accepted", grouped(accepted)));
            parts.push(format!("{} bad", grouped(not_accepted(&self.counters))));
        }
        parts.push(format!("after {}", time(Duration::from_secs(self.elapsed_seconds))));
        if self.counters.attempts > 0 || settled(&self.counters) > 0 {
            parts.push(format!("{} records/s", grouped(self.records_per_second)));
        }
        if let Some(used) = self.quota_used.filter(|_| self.counters.attempts > 0) {
            parts.push(format!("{:.0} % of the quota", used * 100.0));
        }
        parts.push(format!("{} read", grouped(read)));
        parts.join(", ")
    }
}

/// The beginning of a text that fits, without a part that does not fit as a whole. A text of ASCII.
fn whole_parts(text: &str, room: usize) -> &str {
    if text.len() <= room {
        return text;
    }
    let fits = text
        .match_indices(", ")
        .map(|(end, _)| end)
        .take_while(|end| *end <= room);
    let end = fits.last().unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// A number with commas.
pub fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

/// A time in its two largest units.
pub fn time(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_terminal_shows_whole_parts() {
        let text = "50 %, 3 s left, 2,000 accepted";
        assert_eq!(whole_parts(text, 30), text);
        assert_eq!(whole_parts(text, 29), "50 %, 3 s left");
        assert_eq!(whole_parts(text, 5), "50 %");
        assert_eq!(whole_parts(text, 1), text, "the terminal cuts it");
    }

    #[test]
    fn numbers_and_times_are_written_for_people() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [5, 65, 3_725].map(|seconds| time(Duration::from_secs(seconds))),
            ["5 s", "1 min 5 s", "1 h 2 min"]
        );
    }

    fn quota() -> RateLimit {
        RateLimit {
            requests: 120,
            period: Duration::from_secs(60),
            concurrent: None,
        }
    }

    /// One call with ten records a second.
    fn counters(second: u64) -> Snapshot {
        let mut counters = Snapshot::default();
        counters.bytes_in_all = 4_000;
        counters.bytes_read = 10 * second;
        counters.read = 10 * second;
        counters.accepted = 10 * second;
        counters.attempts = second;
        counters
    }

    #[test]
    fn speed_share_of_the_quota_and_time_left_follow_from_the_counters() {
        let mut meter = Meter::new(Some(quota()));
        let began = meter.began;
        let mut last = None;
        for second in 1..=200 {
            last = Some(meter.state(counters(second), began + Duration::from_secs(second)));
        }
        let state = last.unwrap();
        assert_eq!(state.quota_used, Some(0.5), "60 of 120 in one minute");
        assert_eq!((state.records_per_second, state.seconds_left), (10, Some(200)));
        assert!(meter.past.len() <= 62, "what is older than a period is forgotten");
        let text = state.for_people();
        assert_eq!(
            text,
            "50 %, 3 min 20 s left, 2,000 accepted, 0 bad, after 3 min 20 s, 10 records/s, 50 % of the quota, 2,000 read"
        );
    }

    #[test]
    fn the_time_left_knows_the_quota() {
        let mut meter = Meter::new(Some(quota()));
        let began = meter.began;
        // The first period's calls are made at once: 120 of 480, each with ten records.
        let mut counters = counters(100);
        counters.attempts = 120;
        let state = meter.state(counters, began + Duration::from_secs(10));
        assert_eq!((state.done, state.seconds_left), (Some(0.25), Some(170)));
        let state = meter.state(counters, began + Duration::from_secs(50));
        assert_eq!(
            state.seconds_left,
            Some(150),
            "it does not grow while the quota is waited for"
        );
    }

    #[test]
    fn a_load_that_stands_still_says_why() {
        let mut counters = counters(100);
        counters.read += 50;
        let waits = |used, counters: Snapshot| waiting(&counters, &counters, Some(used)).unwrap_or_default();
        assert_eq!(waits(1.0, counters), "waiting for the quota");
        assert_eq!(waits(0.1, counters), "");
        let mut behind = counters;
        behind.read = behind.accepted - 18;
        assert_eq!(
            waits(1.0, behind),
            "waiting for the quota",
            "the count of reading is behind"
        );
        counters.failed_attempts = 1;
        assert!(waits(0.1, counters).contains("after a failure"));
        counters.rate_limited = 1;
        assert!(waits(0.1, counters).contains("the service says is spent"));
        counters.under_way = 1;
        assert_eq!(waits(1.0, counters), "");
    }
}
