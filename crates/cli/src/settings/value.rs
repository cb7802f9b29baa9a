//! The values of settings, read the same way from every source.

use std::{ffi::OsStr, path::PathBuf, time::Duration};

use dfinery_load::{MostBad, UnknownWarning, WarningKind};

/// What a setting may be.
#[derive(Clone, Copy)]
pub enum Kind {
    Text,
    Url,
    Path,
    Flag,
    Count,
    /// A count that may be zero.
    Natural,
    /// Above 0 and up to 1.
    Share,
    Duration,
    /// A duration that may be zero.
    Time,
    MostBad,
    List,
    /// Names of warnings.
    Warnings,
    Choice(&'static [&'static str]),
}

#[derive(Clone, Debug)]
pub enum Value {
    Text(String),
    Path(PathBuf),
    Flag(bool),
    Count(u64),
    Share(f64),
    Duration(Duration),
    MostBad(MostBad),
    List(Vec<String>),
    Warnings(Vec<WarningKind>),
}

impl Kind {
    /// Reads a value.
    ///
    /// # Errors
    /// Says what it must be, without repeating what it is.
    pub fn read(self, text: &OsStr) -> Result<Value, String> {
        let Some(text) = text.to_str().map(str::trim) else {
            return match self {
                Self::Path => Ok(Value::Path(text.into())),
                _ => Err("must be UTF-8".to_owned()),
            };
        };
        match self {
            Self::Text | Self::Url => Ok(Value::Text(text.to_owned())),
            Self::Path => Ok(Value::Path(text.into())),
            Self::Flag => text
                .parse()
                .map(Value::Flag)
                .map_err(|_| "must be true or false".to_owned()),
            Self::Count => match text.parse() {
                Ok(count @ 1..) => Ok(Value::Count(count)),
                _ => Err("must be a whole number from 1".to_owned()),
            },
            Self::Natural => text
                .parse()
                .map(Value::Count)
                .map_err(|_| "must be a whole number from 0".to_owned()),
            Self::Share => match text.parse() {
                Ok(share) if share > 0.0 && share <= 1.0 => Ok(Value::Share(share)),
                _ => Err("must be a number over 0 and up to 1, such as 0.5".to_owned()),
            },
            Self::Time if text.trim_start_matches('0').is_empty() && !text.is_empty() => {
                Ok(Value::Duration(Duration::ZERO))
            }
            Self::Time => time(text)
                .map(Value::Duration)
                .ok_or_else(|| "must be a time with its unit, such as 3h or 90m, or 0".to_owned()),
            Self::Duration => time(text)
                .filter(|duration| !duration.is_zero())
                .map(Value::Duration)
                .ok_or_else(|| "must be a time with its unit, such as 90s, 10m or 1h".to_owned()),
            Self::MostBad => most_bad(text)
                .map(Value::MostBad)
                .ok_or_else(|| "must be a number such as 100, or a percentage from 0% to 100% such as 0.5%".to_owned()),
            Self::List => {
                let list: Vec<_> = text.split(',').map(|name| name.trim().to_owned()).collect();
                if list.iter().any(String::is_empty) {
                    return Err("must be names with commas between them, such as order_id,line_no".to_owned());
                }
                Ok(Value::List(list))
            }
            Self::Warnings => {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                let kinds: Result<_, UnknownWarning> = names.map(str::parse).collect();
                kinds
                    .map(Value::Warnings)
                    .map_err(|unknown| format!("must be names of warnings with commas between them: {unknown}"))
            }
            Self::Choice(choices) => {
                if choices.contains(&text) {
                    Ok(Value::Text(text.to_owned()))
                } else {
                    Err(format!("must be one of {}", choices.join(", ")))
                }
            }
        }
    }
}

fn time(text: &str) -> Option<Duration> {
    let duration: jiff::SignedDuration = text.parse().ok()?;
    Duration::try_from(duration).ok()
}

fn most_bad(text: &str) -> Option<MostBad> {
    match text.strip_suffix('%') {
        Some(percent) => {
            let percent: f64 = percent.trim().parse().ok()?;
            (0.0..=100.0)
                .contains(&percent)
                .then_some(MostBad::Share(percent / 100.0))
        }
        None => text.parse().ok().map(MostBad::Count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_no_value() {
        for (kind, text) in [
            (Kind::Count, "0"),
            (Kind::Count, "-1"),
            (Kind::Share, "0"),
            (Kind::Share, "1.1"),
            (Kind::Share, "NaN"),
            (Kind::Duration, "10"),
            (Kind::Duration, "-5s"),
            (Kind::Duration, "0s"),
            (Kind::Time, "10"),
            (Kind::Natural, "-1"),
            (Kind::MostBad, "101%"),
            (Kind::MostBad, "NaN%"),
            (Kind::MostBad, "-1"),
            (Kind::List, "a,,b"),
            (Kind::Flag, "yes"),
            (Kind::Choice(&["a"]), "b"),
        ] {
            let problem = kind.read(text.as_ref()).unwrap_err();
            assert!(problem.starts_with("must be"), "{text}: {problem}");
        }
    }

    #[test]
    fn times_have_units_and_percentages_are_shares() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("1h30m", 5_400)] {
            assert_eq!(time(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(most_bad("0.5%"), Some(MostBad::Share(0.005)));
        assert_eq!(most_bad("0"), Some(MostBad::Count(0)));
    }
}
