//! How long after its event a row reached the server.

use std::collections::BTreeMap;

use super::{
    calibration::Lateness,
    finding::{Evidence, Finding, MINIMUM},
    moment::Moment,
};

/// A histogram of seconds. Up to [`Late::EXACT`] it is exact. A longer time is rounded up to twelve binary digits, so by
/// less than 0.1 %: there are few such numbers, which bounds the memory.
#[derive(Debug, Default)]
pub(super) struct Late {
    seconds: BTreeMap<u64, u64>,
    rows: u64,
    early: u64,
    max: u64,
}

impl Late {
    const DIGITS: u32 = 12;
    /// The first time that may be rounded.
    const EXACT: u64 = 1 << Self::DIGITS;

    /// Counts a row. Times that do not name their zone may be in two zones, so that they cannot be compared.
    pub(super) fn add(&mut self, event: Moment, server: Moment) {
        if !event.zoned || !server.zoned {
            return;
        }
        let after = server.at.duration_since(event.at);
        self.rows += 1;
        self.early += u64::from(after.is_negative());
        let part = u64::from(after.subsec_nanos() > 0);
        let seconds = u64::try_from(after.as_secs()).map_or(0, |whole| whole + part);
        self.max = self.max.max(seconds);
        *self.seconds.entry(round_up(seconds)).or_default() += 1;
    }

    /// What the rows of the answer to a query say. `observed` is the time from the end of its last day to
    /// the probe, in seconds.
    pub(super) fn judge(&self, query: &str, observed: u64) -> Finding<Lateness> {
        let evidence = Evidence {
            queries: vec![query.to_owned()],
            ..Evidence::default()
        };
        if self.rows < MINIMUM {
            return Finding::not_enough(format!("{MINIMUM} rows with both times and their zones"), evidence);
        }
        Finding::Decided {
            value: self.lateness(observed),
            evidence,
        }
    }

    fn lateness(&self, observed: u64) -> Lateness {
        Lateness {
            rows: self.rows,
            p50: self.quantile(500),
            p99: self.quantile(990),
            p99_9: self.quantile(999),
            max: self.max,
            early: self.early,
            observed,
        }
    }

    /// The time that this share of rows, in thousandths, does not exceed.
    fn quantile(&self, of_thousand: u64) -> u64 {
        let wanted = (u128::from(self.rows) * u128::from(of_thousand)).div_ceil(1_000);
        let mut counted = 0;
        for (seconds, rows) in &self.seconds {
            counted += u128::from(*rows);
            if counted >= wanted {
                return (*seconds).min(self.max);
            }
        }
        self.max
    }
}

fn round_up(seconds: u64) -> u64 {
    if seconds < Late::EXACT {
        return seconds;
    }
    let step = 1 << (u64::BITS - seconds.leading_zeros() - Late::DIGITS);
    seconds.checked_next_multiple_of(step).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(milliseconds: i64) -> Moment {
        Moment {
            at: jiff::Timestamp::from_millisecond(milliseconds).unwrap(),
            zoned: true,
        }
    }

    #[test]
    fn quantiles_are_exact_for_short_times_and_close_for_long_ones() {
        let mut late = Late::default();
        for second in 1..=1_000 {
            late.add(moment(0), moment(second * 1_000));
        }
        let lateness = late.lateness(7);
        assert_eq!(
            (lateness.p50, lateness.p99, lateness.p99_9, lateness.max),
            (500, 990, 999, 1_000)
        );
        late.add(moment(0), moment(1));
        late.add(moment(1), moment(0));
        let lateness = late.lateness(7);
        assert_eq!((lateness.rows, lateness.early, late.quantile(1)), (1_002, 1, 1));
        assert_eq!(late.quantile(0), 0);
    }

    #[test]
    fn rounding_goes_up_and_takes_few_numbers() {
        let mut numbers = std::collections::BTreeSet::new();
        for seconds in (0..40 * 86_400).step_by(7) {
            let rounded = round_up(seconds);
            assert!(
                rounded >= seconds && (rounded - seconds) * 1_000 <= seconds,
                "{seconds} {rounded}"
            );
            numbers.insert(rounded);
        }
        assert!(numbers.len() < 30_000);
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }

    #[test]
    fn times_that_name_no_zone_are_not_compared() {
        let mut late = Late::default();
        let unzoned = Moment {
            zoned: false,
            ..moment(0)
        };
        late.add(unzoned, moment(5));
        late.add(moment(5), unzoned);
        assert_eq!(late.rows, 0);
        assert_eq!(late.judge("q", 0).value(), None);
    }
}
