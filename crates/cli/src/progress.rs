//! How far a load has come, on standard error: a bar for people, lines and JSON for logs.

mod meter;

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::Arc,
    time::{Duration, Instant},
};

use dfinery_load::{Progress, Snapshot};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use tokio::{sync::watch, task::JoinHandle};

pub use self::meter::Work;
use self::meter::{Meter, State, not_accepted, settled};
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
            Self::Json | Self::None => LOOKS,
            Self::Line => Duration::from_secs(60),
        }
    }
}

/// How often the counters are looked at, at least.
const LOOKS: Duration = Duration::from_secs(1);

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
    /// Shows the counters from now on.
    pub fn start(settings: &Settings, progress: Arc<Progress>, work: Work) -> Self {
        let style = Style::of(settings);
        let bar = (style == Style::Bar).then(|| {
            let template = ProgressStyle::with_template("{bar:12} {wide_msg}");
            ProgressBar::new(STEPS).with_style(template.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        let (end, ended) = watch::channel(false);
        let shown = tokio::spawn(show(style, bar.clone(), progress, work, ended));
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
    work: Work,
    mut ended: watch::Receiver<bool>,
) {
    if style == Style::None {
        return;
    }
    let mut meter = Meter::new(work);
    let mut shown = meter.began;
    let is_painted = output::is_painted(&io::stderr());
    loop {
        let next = style.interval().min(LOOKS);
        let last = tokio::time::timeout(next, ended.wait_for(|ended| *ended)).await.is_ok();
        let now = Instant::now();
        let state = meter.state(progress.snapshot(), now);
        if !last && now - shown + next / 2 < style.interval() {
            continue;
        }
        shown = now;
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
}
