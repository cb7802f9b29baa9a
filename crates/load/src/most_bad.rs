//! How many bad records are too many.

use std::fmt;

use dfinery_records::thousands;

/// How many records may be bad before a load gives up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MostBad {
    /// This many.
    Count(u64),
    /// This share of the records settled, from 0 to 1, once at least a thousand are.
    Share(f64),
}

impl fmt::Display for MostBad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(most) => f.write_str(&thousands(*most)),
            Self::Share(share) => write!(f, "{} %", (share * 1e6).round() / 1e4),
        }
    }
}

impl MostBad {
    /// A share of fewer records says nothing.
    const ENOUGH: u64 = 1_000;

    #[allow(clippy::cast_precision_loss, reason = "a share need not be exact")]
    pub(crate) fn is_exceeded(self, bad: u64, settled: u64) -> bool {
        match self {
            Self::Count(most) => bad > most,
            Self::Share(most) => settled >= Self::ENOUGH && bad as f64 > most * settled as f64,
        }
    }
}
