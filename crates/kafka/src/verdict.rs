//! What became of the records of a message, put together.

use dfinery::{Delivery, Violation, Violations};
use dfinery_load::{Fate, Settled};

/// The fate of a message: the worst of those of its records.
pub(crate) struct Verdict {
    pub(crate) fate: Fate,
    /// Whether the service may have taken any of its records twice.
    pub(crate) possibly_twice: bool,
    /// Why it was not accepted.
    pub(crate) why: Why,
}

pub(crate) struct Why {
    pub(crate) code: Option<String>,
    /// In words, without values.
    pub(crate) reason: String,
    pub(crate) violations: Violations,
}

impl Verdict {
    /// That of a message that becomes no record.
    pub(crate) fn invalid(violation: Violation) -> Self {
        Self {
            fate: Fate::Invalid,
            possibly_twice: false,
            why: Why {
                code: None,
                reason: violation.to_string(),
                violations: violation.into(),
            },
        }
    }

    pub(crate) fn of(settled: Settled) -> Self {
        // The service has the last word, even if an earlier answer was lost: it would only refuse the record again.
        let is_refused = |error: &dfinery::Error| error.delivery() == Delivery::Refused;
        let refused_at_last = settled.fate == Fate::Unknown && settled.error.as_deref().is_some_and(is_refused);
        let mut reason = settled.reason().unwrap_or_default();
        if refused_at_last {
            reason += "; an earlier answer was lost, so it may have been accepted before";
        }
        Self {
            fate: if refused_at_last { Fate::Rejected } else { settled.fate },
            possibly_twice: settled.possibly_twice,
            why: Why {
                code: settled.code(),
                reason,
                violations: settled.violations.unwrap_or_default(),
            },
        }
    }

    /// Adds that of another record of the message.
    pub(crate) fn add(&mut self, other: Self) {
        self.possibly_twice |= other.possibly_twice;
        if rank(other.fate) > rank(self.fate) {
            (self.fate, self.why) = (other.fate, other.why);
        }
    }

    /// Whether the message goes into the dead letter.
    pub(crate) fn is_for_dead_letter(&self) -> bool {
        matches!(self.fate, Fate::Rejected | Fate::Invalid)
    }
}

fn rank(fate: Fate) -> u8 {
    match fate {
        Fate::Accepted => 0,
        Fate::Invalid => 1,
        Fate::Rejected => 2,
        Fate::Undelivered => 3,
        Fate::Unknown => 4,
    }
}
