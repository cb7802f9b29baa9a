//! Which warnings are errors, and which are silent.

use crate::warning::WarningKind;

/// Which warnings are errors, and which are silent. By default, every one is a warning.
///
/// A record with a denied warning is bad and is not sent. A denied warning [about the whole
/// input](WarningKind::is_of_input) is known only after the records were sent: a check or a load then fails at its end. If
/// a warning is both allowed and denied, it is allowed.
///
/// ```
/// use dfinery_records::{Accepts, Checker, WarningKind, WarningPolicy};
///
/// let line = r#"{"identity":{"external_id":"undefined"}}"#;
/// let mut checker = Checker::new(None, Accepts::Mixed);
/// assert_eq!(checker.check(line).unwrap().warnings[0].kind(), WarningKind::PlaceholderId);
///
/// let strict = WarningPolicy::default().deny_all();
/// assert!(Checker::new(None, Accepts::Mixed).policy(strict).check(line).is_err());
///
/// let lenient = strict.allow(WarningKind::PlaceholderId);
/// let mut checker = Checker::new(None, Accepts::Mixed).policy(lenient);
/// assert!(checker.check(line).unwrap().warnings.is_empty());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WarningPolicy {
    denied: u32,
    allowed: u32,
}

/// What becomes of a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    Warn,
    Deny,
    Allow,
}

impl WarningPolicy {
    /// Every warning is a warning, as by default.
    #[must_use]
    pub const fn warn_all() -> Self {
        Self { denied: 0, allowed: 0 }
    }

    /// Makes every warning an error.
    #[must_use]
    pub const fn deny_all(mut self) -> Self {
        self.denied = u32::MAX;
        self
    }

    /// Makes a warning an error.
    #[must_use]
    pub const fn deny(mut self, kind: WarningKind) -> Self {
        self.denied |= bit(kind);
        self
    }

    /// Silences a warning, even if it is denied.
    #[must_use]
    pub const fn allow(mut self, kind: WarningKind) -> Self {
        self.allowed |= bit(kind);
        self
    }

    /// Whether a warning is an error.
    #[must_use]
    pub const fn denies(self, kind: WarningKind) -> bool {
        !self.allows(kind) && self.denied & bit(kind) != 0
    }

    /// Whether a warning is silent.
    #[must_use]
    pub const fn allows(self, kind: WarningKind) -> bool {
        self.allowed & bit(kind) != 0
    }

    pub(crate) const fn treatment(self, kind: WarningKind) -> Treatment {
        if self.allows(kind) {
            Treatment::Allow
        } else if self.denies(kind) {
            Treatment::Deny
        } else {
            Treatment::Warn
        }
    }
}

const fn bit(kind: WarningKind) -> u32 {
    1 << kind as u32
}
