//! What is allowed in a record, but implausible.

use std::{error::Error, fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::suggest::nearest;
use dfinery::Violation;

/// What a warning is about. Its name, such as `placeholder-id`, never changes.
///
/// ```
/// use dfinery_records::WarningKind;
///
/// assert_eq!("placeholder-id".parse(), Ok(WarningKind::PlaceholderId));
/// assert_eq!(WarningKind::HeavyId.to_string(), "heavy-id");
/// assert!("heavy".parse::<WarningKind>().unwrap_err().to_string().contains("heavy-id"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// `placeholder-id`: an identifier is a word that programs and people write where they have none, such as `NULL`,
    /// `undefined`, `N/A`, `-`, `0`, `guest`, `test`, `없음`, `비회원`; or a phone number whose last eight digits are zeros.
    PlaceholderId,
    /// `total-row`: an identifier looks like a row of a report, not like a user: `합계`, `소계`, `Total`, `Subtotal`, a
    /// ruler such as `---`, a note that begins with `※` or `*`, or a count such as `(3 rows)`.
    TotalRow,
    /// `spreadsheet-mark`: an identifier carries what a spreadsheet puts around or in place of a value: a leading `'` or
    /// `"`, `="1001"`, an error such as `#N/A` or `#REF!`, or `####`.
    SpreadsheetMark,
    /// `spaced-id`: an identifier begins or ends with white space.
    SpacedId,
    /// `invisible-character`: an identifier holds a character that the eye cannot see or takes for a blank, such as
    /// U+200B or U+00A0, so that it differs from another one that looks the same.
    InvisibleCharacter,
    /// `rounded-id`: an identifier is a number that a spreadsheet rounded: `1.23E+15`, or more than 15 digits that end
    /// with six zeros or more.
    RoundedId,
    /// `float-id`: an identifier is a whole number with `.0` behind it, as programs write a column of numbers in which
    /// some are missing.
    FloatId,
    /// `rounded-column`: more than half of the identifiers of a field that have more than 15 digits have only zeros
    /// behind the fifteenth. Spreadsheets keep 15 digits. Known at the end of the input only.
    RoundedColumn,
    /// `heavy-id`: one identifier is in more than 1 % of the records, in at least ten, and in more than five times as
    /// many as an identifier of that field on average. Known at the end of the input only.
    HeavyId,
    /// `negative-quantity`: a standard quantity, price, charge or total is below zero.
    NegativeQuantity,
    /// `landline`: a phone number of Korea that gets no messages: one with an area code, of internet telephony (070), a
    /// virtual one (050x), or one of a company (080, 15xx, 16xx, 18xx).
    Landline,
    /// `mobile-length`: a mobile number of Korea has too few or too many digits.
    MobileLength,
    /// `country-code-zero`: a phone number has a zero behind the country code 82. As a rule it is left out.
    CountryCodeZero,
    /// `deprecated-property`: a property has been replaced by another one.
    DeprecatedProperty,
    /// `null-consent`: a consent is `null`, which means that messages may be sent.
    NullConsent,
    /// `disputed-requirement`: an event lacks a property that it needs by some pages of the vendor, but not by others.
    DisputedRequirement,
}

impl WarningKind {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::PlaceholderId,
        Self::TotalRow,
        Self::SpreadsheetMark,
        Self::SpacedId,
        Self::InvisibleCharacter,
        Self::RoundedId,
        Self::FloatId,
        Self::RoundedColumn,
        Self::HeavyId,
        Self::NegativeQuantity,
        Self::Landline,
        Self::MobileLength,
        Self::CountryCodeZero,
        Self::DeprecatedProperty,
        Self::NullConsent,
        Self::DisputedRequirement,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlaceholderId => "placeholder-id",
            Self::TotalRow => "total-row",
            Self::SpreadsheetMark => "spreadsheet-mark",
            Self::SpacedId => "spaced-id",
            Self::InvisibleCharacter => "invisible-character",
            Self::RoundedId => "rounded-id",
            Self::FloatId => "float-id",
            Self::RoundedColumn => "rounded-column",
            Self::HeavyId => "heavy-id",
            Self::NegativeQuantity => "negative-quantity",
            Self::Landline => "landline",
            Self::MobileLength => "mobile-length",
            Self::CountryCodeZero => "country-code-zero",
            Self::DeprecatedProperty => "deprecated-property",
            Self::NullConsent => "null-consent",
            Self::DisputedRequirement => "disputed-requirement",
        }
    }

    /// Whether it is about all records together, and so known at the end of the input only.
    #[must_use]
    pub const fn is_of_input(self) -> bool {
        matches!(self, Self::RoundedColumn | Self::HeavyId)
    }
}

impl fmt::Display for WarningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for WarningKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl FromStr for WarningKind {
    type Err = UnknownWarning;

    fn from_str(name: &str) -> Result<Self, UnknownWarning> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownWarning(nearest(name, Self::ALL.map(Self::name))))
    }
}

/// A name that no warning has. `Display` lists those that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWarning(Option<&'static str>);

impl fmt::Display for UnknownWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(meant) = self.0 {
            return write!(f, "there is no such warning; did you mean {meant}?");
        }
        let names = WarningKind::ALL.map(WarningKind::name).join(", ");
        write!(f, "the names of warnings are {names}")
    }
}

impl Error for UnknownWarning {}

/// A warning about one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    kind: WarningKind,
    about: Violation,
}

impl Warning {
    pub(crate) const fn new(kind: WarningKind, about: Violation) -> Self {
        Self { kind, about }
    }

    /// What it is about.
    #[must_use]
    pub const fn kind(&self) -> WarningKind {
        self.kind
    }

    /// The field, such as `event.event_items[3].df_quantity`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.about.path()
    }

    /// What is implausible about it. Never holds a value of the record, except a placeholder that this library knows.
    #[must_use]
    pub fn problem(&self) -> &str {
        self.about.problem()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.about, self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_that_finds_it() {
        for (place, kind) in WarningKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place, "ALL is in the order of the enum");
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        let last = WarningKind::DisputedRequirement as usize;
        assert_eq!(WarningKind::ALL.len(), last + 1);
    }
}
