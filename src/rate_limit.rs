//! The rate-limit headers of an answer: two spellings, two units, and `Retry-After` in case it comes.

use std::time::Duration;

use crate::{
    RateLimitStatus, RetryClass, Timestamp, generated::operations::RATE_LIMIT_HEADERS, retry::YEAR,
    rows::RateLimitHeaders,
};

/// A reset from here on is in milliseconds: as seconds it would be after the year 33000.
const FIRST_MILLISECONDS: i64 = 1_000_000_000_000;

/// What an answer's headers say about the quota.
#[derive(Debug, Default)]
pub(crate) struct Headers {
    pub(crate) status: Option<RateLimitStatus>,
    /// How long until the quota is full again, by the server's own clock where it sent its `Date`.
    until_reset: Option<Duration>,
    retry_after: Option<Duration>,
}

impl Headers {
    /// Reads the headers through `get`, which takes a name in lower case.
    pub(crate) fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let now = get("date").and_then(http_date).unwrap_or_else(jiff::Timestamp::now);
        let first = |name: fn(&RateLimitHeaders) -> &'static str| {
            RATE_LIMIT_HEADERS.iter().find_map(|spelling| get(name(spelling)))
        };
        let status = RateLimitStatus {
            period: first(|s| s.period).map(|period| period.chars().take(16).collect()),
            remaining: first(|s| s.remaining).and_then(|text| text.trim().parse().ok()),
            reset: first(|s| s.reset).and_then(reset),
        };
        let until_reset = status.reset.map(|reset| duration_between(now, reset.to_jiff()));
        let retry_after = get("retry-after").and_then(|text| match text.trim().parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds).min(YEAR)),
            Err(_) => Some(duration_between(now, http_date(text)?)),
        });
        Self {
            until_reset,
            retry_after,
            status: (status != RateLimitStatus::default()).then_some(status),
        }
    }

    /// How long to wait before the next attempt, if the answer says so. Every answer may name a reset: it matters only
    /// to a request that was refused for the quota.
    pub(crate) fn wait(&self, class: RetryClass) -> Option<Duration> {
        match class {
            RetryClass::Never => None,
            RetryClass::Backoff => self.retry_after,
            RetryClass::AfterReset => self.retry_after.or(self.until_reset),
        }
    }

    /// How many calls the answer says are left, and for how long, if it says both.
    pub(crate) fn left(&self) -> Option<(u64, Duration)> {
        Some((self.status.as_ref()?.remaining?, self.until_reset?))
    }

    /// How long the quota of the whole family stays spent, if the answer says that it is.
    pub(crate) fn spent_for(&self) -> Option<Duration> {
        let nothing_left = self.status.as_ref()?.remaining? == 0;
        self.until_reset.filter(|_| nothing_left)
    }
}

fn reset(text: &str) -> Option<Timestamp> {
    let value: i64 = text.trim().parse().ok()?;
    let time = if value >= FIRST_MILLISECONDS {
        jiff::Timestamp::from_millisecond(value)
    } else {
        jiff::Timestamp::from_second(value)
    };
    time.ok().map(Timestamp::from)
}

fn http_date(text: &str) -> Option<jiff::Timestamp> {
    Some(jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp())
}

/// Never longer than what can be added to a clock.
fn duration_between(from: jiff::Timestamp, to: jiff::Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from))
        .unwrap_or_default()
        .min(YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&str, &str)]) -> Headers {
        let headers = headers.to_vec();
        Headers::read(|name| {
            headers
                .iter()
                .find(|(header, _)| *header == name)
                .map(|(_, value)| *value)
        })
    }

    const DATE: (&str, &str) = ("date", "Wed, 26 Jun 2024 10:29:19 GMT");

    #[test]
    fn both_spellings_and_both_units_give_the_same_reset() {
        for (remaining, reset, value) in [
            ("x-rate-limit-remaining", "x-rate-limit-reset", "1719397769"),
            ("x-ratelimit-remaining", "x-ratelimit-reset", "1719397769000"),
        ] {
            let headers = read(&[DATE, (remaining, "0"), (reset, value)]);
            assert_eq!(headers.spent_for(), Some(Duration::from_secs(10)), "{reset}");
            assert_eq!(
                headers.status.unwrap().reset.unwrap().to_string(),
                "2024-06-26T10:29:29.000Z"
            );
        }
    }

    #[test]
    fn retry_after_comes_first_in_seconds_or_as_a_date() {
        let reset = ("x-rate-limit-reset", "1719397769");
        for (value, seconds) in [("3", 3), ("Wed, 26 Jun 2024 10:29:24 GMT", 5)] {
            let headers = read(&[DATE, reset, ("retry-after", value)]);
            for class in [RetryClass::Backoff, RetryClass::AfterReset] {
                assert_eq!(headers.wait(class), Some(Duration::from_secs(seconds)));
            }
        }
    }

    #[test]
    fn a_reset_matters_only_to_a_spent_quota() {
        let headers = read(&[
            DATE,
            ("x-rate-limit-remaining", "7"),
            ("x-rate-limit-reset", "1719397769"),
        ]);
        assert_eq!(headers.wait(RetryClass::AfterReset), Some(Duration::from_secs(10)));
        assert_eq!((headers.wait(RetryClass::Backoff), headers.spent_for()), (None, None));
    }

    #[test]
    fn nonsense_is_nothing_and_the_past_is_no_wait() {
        let headers = read(&[
            ("x-rate-limit-reset", "soon"),
            ("x-rate-limit-remaining", "-1"),
            ("retry-after", "x"),
        ]);
        assert!(headers.status.is_none() && headers.wait(RetryClass::AfterReset).is_none());
        assert_eq!(
            read(&[DATE, ("x-rate-limit-reset", "1")]).wait(RetryClass::AfterReset),
            Some(Duration::ZERO)
        );
        assert_eq!(
            read(&[("retry-after", "18446744073709551615")]).wait(RetryClass::Backoff),
            Some(YEAR)
        );
        assert!(read(&[("x-rate-limit-reset", "9223372036854775807")]).status.is_none());
    }
}
