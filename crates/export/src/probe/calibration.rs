//! What a probe has decided, for later exports.

use std::{fmt, time::Duration};

use dfinery::Timestamp;
use jiff::{
    civil::Date,
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// What a [`Probe`](crate::Probe) has decided; what it could not decide is unset.
///
/// The JSON of a probe can be read as a calibration.
///
/// ```
/// let text = r#"{"version":1,"day":"2026-11-25","asked_at":"2026-11-27T18:00:00Z","day_offset":"+09:00"}"#;
/// let calibration: dfinery_export::Calibration = serde_json::from_str(text)?;
/// assert_eq!(calibration.day_offset.map(|offset| offset.seconds()), Some(9 * 3_600));
/// assert_eq!(calibration.to_date_inclusive, None);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Calibration {
    /// The form of the file.
    #[serde(deserialize_with = "version")]
    pub version: u32,
    /// The day that was asked for.
    pub day: Date,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Whether the last day of a query is part of its answer.
    #[serde(default)]
    pub to_date_inclusive: Option<bool>,
    /// By which time a row belongs to a day.
    #[serde(default)]
    pub day_by: Option<DayBy>,
    /// How far ahead of UTC the zone is in which a day begins at midnight.
    #[serde(default)]
    pub day_offset: Option<DayOffset>,
    /// The rows of an event with items.
    #[serde(default)]
    pub item_rows: Option<ItemRows>,
    /// How late rows arrive.
    #[serde(default)]
    pub lateness: Option<Lateness>,
}

/// Whether the last day of a query is part of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LastDay {
    /// It is.
    Included,
    /// It is not.
    Excluded,
}

/// By which time a row belongs to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DayBy {
    /// When the event happened, `df_correction_datetime`.
    Event,
    /// When the event reached the server, `df_server_datetime`.
    Server,
}

/// The rows of an event with items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemRows {
    /// One row an event; the cells of item columns are arrays.
    Joined,
    /// One row an item, with the other columns repeated.
    Separate,
}

/// How far a zone is ahead of UTC; written as in `+09:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayOffset(pub(super) Offset);

/// How long after an event its row reached the server.
///
/// A row counts once, so an event with several items may count several times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lateness {
    /// The rows with both times.
    pub rows: u64,
    /// Half of them took at most this many seconds.
    pub p50: u64,
    /// 99 % of them took at most this many seconds.
    pub p99: u64,
    /// 99.9 % of them took at most this many seconds. With fewer than 1000 rows it is the maximum.
    pub p99_9: u64,
    /// The seconds that the latest row took.
    pub max: u64,
    /// Rows that reached the server before their event had happened. They count as 0 seconds.
    pub early: u64,
    /// The seconds from the end of the day, wherever it ends last, to the probe. If a day is chosen by the time of the event,
    /// rows that take longer were not there yet.
    pub observed: u64,
}

impl Calibration {
    /// The form that this version writes and reads.
    pub(crate) const VERSION: u32 = 1;

    /// How long after its end a day is to be closed: as long as 99.9 % of the rows take at most, in whole hours. Unset if the
    /// probe does not show it: a day may be chosen by when rows reached the server, of which nothing says when they can be
    /// exported, or there were too few rows, or the probe came so soon after the day that later rows may be missing from it.
    #[must_use]
    pub fn settle(&self) -> Option<Duration> {
        /// With fewer rows, the share of them says nothing.
        const ROWS: u64 = 10_000;
        const HOUR: u64 = 60 * 60;
        let lateness = self.lateness.as_ref().filter(|_| self.day_by == Some(DayBy::Event))?;
        let is_shown = lateness.rows >= ROWS && lateness.observed / 2 >= lateness.p99_9;
        is_shown.then(|| Duration::from_secs(lateness.p99_9.div_ceil(HOUR).max(1).saturating_mul(HOUR)))
    }

    /// The zone in which a day begins at midnight.
    pub(crate) fn time_zone(&self) -> Option<TimeZone> {
        self.day_offset.map(|DayOffset(offset)| TimeZone::fixed(offset))
    }
}

impl DayOffset {
    /// The offset in seconds.
    #[must_use]
    pub const fn seconds(self) -> i32 {
        self.0.seconds()
    }
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        Calibration::VERSION => Ok(Calibration::VERSION),
        other => Err(D::Error::custom(format!(
            "version {other} of a calibration is not known"
        ))),
    }
}

impl fmt::Display for DayOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0.is_negative() { '-' } else { '+' };
        let minutes = self.0.seconds().unsigned_abs() / 60;
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl Serialize for DayOffset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DayOffset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        read_offset(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not an offset such as +09:00")))
    }
}

fn read_offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two = |digits: &str| {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes).filter(|minutes| *minutes < 60)?);
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

impl fmt::Display for LastDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Included => "included",
            Self::Excluded => "not included",
        })
    }
}

impl fmt::Display for DayBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event => "event time",
            Self::Server => "server time",
        })
    }
}

impl fmt::Display for ItemRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Joined => "one row an event, arrays in item columns",
            Self::Separate => "one row an item",
        })
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rows, p50, p99, p99_9, ..
        } = self;
        write!(
            f,
            "p50 {p50} s, p99 {p99} s, p99.9 {p99_9} s, max {} s of {rows} rows",
            self.max
        )?;
        if self.early > 0 {
            write!(f, ", {} of them before their event", self.early)?;
        }
        write!(f, ", seen until {} s after the day", self.observed)
    }
}
