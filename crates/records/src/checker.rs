//! Checks one record after another.

use std::sync::Arc;

use super::{
    accepts::Accepts, checked::Checked, json::JsonReader, memory::Memory, reading::Reading, record::check,
    taxonomy::Taxonomy, warning_policy::WarningPolicy,
};
use dfinery::Violations;

/// Checks one record after another, and remembers what helps with the next.
///
/// ```
/// use dfinery_records::{Accepts, Checker, RecordKind};
///
/// let mut checker = Checker::new(None, Accepts::Mixed);
/// let line = r#"{"identity":{"external_id":"M-1001"},"user_properties":{"df_gender":"Female"}}"#;
/// assert_eq!(checker.check(line).unwrap().kind, RecordKind::Profile);
///
/// let wrong = checker.check(r#"{"identity":{}}"#).unwrap_err();
/// assert!(wrong.to_string().starts_with("identity: needs external_id, phone_no"));
/// ```
pub struct Checker {
    taxonomy: Option<Arc<Taxonomy>>,
    accepts: Accepts,
    policy: WarningPolicy,
    memory: Memory,
}

impl Checker {
    /// A checker for the rules of the API and, with a taxonomy, for what is registered.
    #[must_use]
    pub fn new(taxonomy: Option<Arc<Taxonomy>>, accepts: Accepts) -> Self {
        Self {
            memory: Memory::new(taxonomy.as_deref()),
            taxonomy,
            accepts,
            policy: WarningPolicy::default(),
        }
    }

    /// Sets which warnings are errors, and which are silent. By default, every one is a warning.
    #[must_use]
    pub const fn policy(mut self, policy: WarningPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Checks one line of JSON.
    ///
    /// # Errors
    /// Everything wrong with the record. If the text is not JSON, everything wrong up to that point.
    pub fn check<'a>(&mut self, json: &'a str) -> Result<Checked<'a>, Violations> {
        let mut checked = Checked::new();
        check(Reading {
            json: JsonReader::new(json),
            taxonomy: self.taxonomy.as_deref(),
            accepts: self.accepts,
            memory: &mut self.memory,
            violations: Violations::new(),
            policy: self.policy,
            warnings: Vec::new(),
            names: Vec::new(),
            payload: 0,
            checked: &mut checked,
        })?;
        Ok(checked)
    }
}
