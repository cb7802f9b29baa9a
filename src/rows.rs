//! What a row of `spec/` looks like in Rust: the types that the generated tables are made of.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::redact::Redactor;

/// A text in the two languages of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Korean.
    pub ko: &'static str,
}

impl Text {
    /// The text in one language.
    #[must_use]
    pub const fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Korean => self.ko,
        }
    }
}

/// A language of the explanations in the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, the default.
    #[default]
    English,
    /// Korean.
    Korean,
}

/// What may be done after a failure, as the response tables say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetryClass {
    /// The same request would fail again: never send it again unchanged.
    Never,
    /// A passing fault: send the same bytes again after a growing pause.
    Backoff,
    /// A spent quota: send the same bytes again once the quota is reset.
    AfterReset,
}

impl fmt::Display for RetryClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "never",
            Self::Backoff => "backoff",
            Self::AfterReset => "after-reset",
        })
    }
}

/// How sure a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Confidence {
    /// Literally on a page of the vendor's API guide.
    Documented,
    /// Follows from the pages, though the literal itself was not visible.
    Derived,
    /// Official, but from another place than the API guide, such as an SDK.
    Adjacent,
    /// Our own choice where the documentation says nothing.
    Assumed,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documented => "documented",
            Self::Derived => "derived",
            Self::Adjacent => "adjacent",
            Self::Assumed => "assumed",
        })
    }
}

/// A page of the vendor's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Short name of the page in `spec/sources.yaml`.
    pub id: &'static str,
    /// What the page is about.
    pub title: &'static str,
    /// Where it is.
    pub url: &'static str,
    /// `ko` or `en`.
    pub language: &'static str,
}

/// Where a fact comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// How sure it is.
    pub confidence: Confidence,
    /// The pages that say so; empty only for what we assume.
    pub pages: &'static [&'static Page],
    /// A remark.
    pub note: Option<Text>,
}

/// One row of a response table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeInfo {
    /// The value that identifies the answer: digits for the Import API, the message for the Export API.
    pub raw: &'static str,
    /// The `message` that comes with it.
    pub name: &'static str,
    /// The HTTP status under which the detail table lists it.
    pub http_status: u16,
    /// Another HTTP status it may come under; equal to `http_status` if there is none.
    pub http_status_alternative: u16,
    /// Whether this is the one answer that means success.
    pub success: bool,
    /// Whether it means that the token or the service id is wrong, so that every other call would fail the same way.
    pub auth: bool,
    /// What may be done after it.
    pub retry: RetryClass,
    /// What it means.
    pub meaning: Text,
    /// What to do about it.
    pub remedy: Text,
    /// Where the row comes from.
    pub source: Source,
}

/// One row of a table of HTTP statuses, for answers whose body says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpStatusInfo {
    /// The HTTP status.
    pub status: u16,
    /// Its reason phrase.
    pub phrase: &'static str,
    /// Whether it means that the token or the service id is wrong, so that every other call would fail the same way.
    pub auth: bool,
    /// What may be done after it.
    pub retry: RetryClass,
    /// What it means.
    pub meaning: Text,
    /// What to do about it.
    pub remedy: Text,
    /// Where the row comes from.
    pub source: Source,
}

/// The documented quota of a [`Family`](crate::Family), per service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls allowed in one period.
    pub requests: u32,
    /// Length of the period.
    pub period: Duration,
    /// Calls allowed at the same time, where that is limited.
    pub concurrent: Option<u32>,
}

/// The rate-limit headers of an answer in one of their spellings, in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitHeaders {
    /// The reset cycle.
    pub period: &'static str,
    /// Requests left in the period.
    pub remaining: &'static str,
    /// When the period ends.
    pub reset: &'static str,
}

/// A code or message that the response tables do not have.
///
/// Compare it through the enum's `as_str`: a value that is unknown today may have a name in a later version.
/// `Display` and `Debug` show it only if it has the form of a code, since a server may repeat what it was sent.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnknownCode(Box<str>);

impl UnknownCode {
    /// How much of an unknown value is kept.
    const LONGEST: usize = 64;

    pub(crate) fn new(raw: &str) -> Self {
        Self(raw.chars().take(Self::LONGEST).collect())
    }

    pub(crate) fn redacted(self, redactor: &Redactor) -> Self {
        Self(redactor.redact(&self.0).into())
    }

    /// The value as the server wrote it, at most 64 characters of it, without what the request held.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.as_str();
        let code = !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let personal = text.bytes().filter(u8::is_ascii_digit).count() > 6;
        f.write_str(if code && !personal { text } else { "[withheld]" })
    }
}

impl fmt::Debug for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The type of a property value. `Display` and `serde` write it as `string-array`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PropertyType {
    /// A text.
    String,
    /// A whole number of 64 bits.
    Long,
    /// A number with a fraction.
    Double,
    /// True or false.
    Boolean,
    /// A point in time.
    Datetime,
    /// A text in the form `yyyy-MM-dd`.
    Date,
    /// Texts.
    StringArray,
    /// Whole numbers.
    LongArray,
    /// Numbers with a fraction.
    DoubleArray,
    /// The items of an event; the Import API takes them as `event_items`.
    Items,
}

impl fmt::Display for PropertyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Long => "long",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::Datetime => "datetime",
            Self::Date => "date",
            Self::StringArray => "string-array",
            Self::LongArray => "long-array",
            Self::DoubleArray => "double-array",
            Self::Items => "items",
        })
    }
}

/// Whether an event needs a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Required {
    /// The sources agree that it does.
    Yes,
    /// It does not.
    No,
    /// The sources disagree: it depends on what the service has registered.
    Unsettled,
}

/// A standard event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandardEvent {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its name for people.
    pub label: Text,
    /// The standard properties listed for it.
    pub properties: &'static [EventPropertyUse],
    /// Where it comes from.
    pub source: Source,
}

/// A property that a standard event lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPropertyUse {
    /// Its name on the wire.
    pub name: &'static str,
    /// Whether the event needs it.
    pub required: Required,
}

/// A standard property of an event, an item or a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandardProperty {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its name for people.
    pub label: Text,
    /// The type of its value.
    pub property_type: PropertyType,
    /// Whether every item needs it; always false outside items.
    pub required: bool,
    /// The only values allowed; empty if any is.
    pub values: &'static [&'static str],
    /// Whether `null` is a value of its own, as for consent.
    pub nullable: bool,
    /// Set if the property should no longer be used.
    pub deprecated: Option<Deprecation>,
    /// Where it comes from.
    pub source: Source,
}

/// Why a property should no longer be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deprecation {
    /// Since which version or date.
    pub since: &'static str,
    /// What to use instead.
    pub replacement: &'static str,
}

/// An event that the SDKs send on their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemEvent {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it means.
    pub description: Text,
    /// Where it comes from.
    pub source: Source,
}

/// A column that an export has beside those of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemColumn {
    /// Its name on the wire.
    pub name: &'static str,
    /// The type of its cells. How they are written is undocumented.
    pub property_type: PropertyType,
    /// What it holds.
    pub description: Text,
    /// Where it comes from.
    pub source: Source,
}
