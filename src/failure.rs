//! One failed attempt: what failed, whose word that is, and what it means for the request.

use std::error::Error as StdError;

use crate::{
    ExportCode, ImportCode, RetryClass, Violations,
    destination::NoConnection,
    redact::Redactor,
    rows::{CodeInfo, HttpStatusInfo},
    speaker::{Speaker, is_page_instead},
};

pub(crate) type Source = Box<dyn StdError + Send + Sync>;

/// What failed. Private, so that it can grow; the predicates of [`Error`] are its public face.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A setting is missing or wrong.
    Config(String),
    /// The request breaks the spec.
    Invalid(Violations),
    /// A single value is wrong.
    InvalidValue(&'static str),
    /// The Import API said no.
    Import(ImportCode),
    /// The Export API said no.
    Export(ExportCode),
    /// An HTTP status other than success, with a body that says nothing more.
    Status(u16),
    /// An unusable answer: what is wrong with it.
    Unreadable(String),
    /// A page for people instead of an answer, under a status that is otherwise an answer of the API: success, or one
    /// that speaks of the request.
    Page,
    /// No connection.
    Connect(NoConnection),
    /// No answer in time.
    Timeout,
    /// The connection ended before the answer did.
    Interrupted,
    /// An export ended before its data did: how that shows.
    Truncated(String),
    /// Our own count says that the quota is spent.
    QuotaSpent,
    /// The limit of concurrent requests is reached.
    Busy,
    /// A file could not be written: what was tried.
    File(String),
    /// A row of an export is not what was asked for: which and why.
    Row(String),
}

impl Kind {
    /// Whose word it is.
    pub(crate) fn speaker(&self) -> Speaker {
        match self {
            Self::Import(_) | Self::Export(_) => Speaker::Api,
            Self::Status(status) => Speaker::of_status(*status),
            Self::Page => Speaker::Way { misdirected: true },
            Self::Connect(connection) => Speaker::Way {
                misdirected: connection.is_misdirected(),
            },
            Self::Unreadable(_) | Self::Timeout | Self::Interrupted | Self::Truncated(_) => {
                Speaker::Way { misdirected: false }
            }
            Self::Config(_)
            | Self::Invalid(_)
            | Self::InvalidValue(_)
            | Self::QuotaSpent
            | Self::Busy
            | Self::File(_)
            | Self::Row(_) => Speaker::Ourselves,
        }
    }
}

/// Whether the server processed the request, as far as can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// Certainly not processed: it was never sent, or the server refused it for its quota. Sending it again is safe.
    NotProcessed,
    /// The server read it and said no. Whether it keeps the good part of a refused batch of events is undocumented.
    Refused,
    /// The server did what was asked; what failed came afterwards, such as writing a file.
    Processed,
    /// It was sent, but no trustworthy answer came back: it may have been processed.
    Unknown,
}

/// One failed attempt, before it is known whether there will be another.
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) retry: RetryClass,
    pub(crate) delivery: Delivery,
    /// What the server wrote, before it is redacted and cut.
    pub(crate) body: Option<String>,
    pub(crate) source: Option<Source>,
    /// Whether the caller already received data.
    pub(crate) incomplete: bool,
    pub(crate) budget_spent: bool,
}

impl Failure {
    pub(crate) fn new(kind: Kind, retry: RetryClass, delivery: Delivery) -> Self {
        Self {
            kind,
            retry,
            delivery,
            body: None,
            source: None,
            incomplete: false,
            budget_spent: false,
        }
    }

    /// The server answered with a code other than success. A code that is not in the tables says nothing about what the
    /// server did; its HTTP status may.
    pub(crate) fn refused(kind: Kind, info: Option<&CodeInfo>, status: u16) -> Self {
        let retry = match (info, status) {
            (Some(info), _) => info.retry,
            (None, 429) => RetryClass::AfterReset,
            (None, 500..) => RetryClass::Backoff,
            (None, _) => RetryClass::Never,
        };
        let delivery = match retry {
            RetryClass::AfterReset => Delivery::NotProcessed,
            RetryClass::Never if info.is_some() => Delivery::Refused,
            RetryClass::Never | RetryClass::Backoff => Delivery::Unknown,
        };
        Self::new(kind, retry, delivery)
    }

    /// An answer other than success in which the API did not say anything.
    pub(crate) fn of_answer(status: u16, content_type: Option<&str>, body: &[u8], table: &[HttpStatusInfo]) -> Self {
        if is_page_instead(status, content_type, body) {
            Self::new(Kind::Page, RetryClass::Backoff, Delivery::Unknown)
        } else {
            Self::of_status(status, table)
        }
    }

    /// An answer that says nothing but its status.
    pub(crate) fn of_status(status: u16, table: &[HttpStatusInfo]) -> Self {
        let documented = table.iter().find(|row| row.status == status).map(|row| row.retry);
        let (retry, delivery) = match (Speaker::of_status(status), documented) {
            (Speaker::Request, _) => (RetryClass::Never, Delivery::Refused),
            (_, Some(RetryClass::AfterReset)) => (RetryClass::AfterReset, Delivery::NotProcessed),
            // Whatever is on the way may have failed after the API had done its part.
            (_, retry) => (retry.unwrap_or(RetryClass::Backoff), Delivery::Unknown),
        };
        Self::new(Kind::Status(status), retry, delivery)
    }

    pub(crate) fn with_body(mut self, body: String) -> Self {
        self.body = Some(body);
        self
    }

    /// What was read before this is not all.
    pub(crate) fn incomplete(mut self) -> Self {
        self.incomplete = true;
        self
    }

    /// Only the spent retry budget prevented another attempt.
    pub(crate) fn budget_spent(mut self) -> Self {
        self.budget_spent = true;
        self
    }

    /// Removes from the server's words what must not be seen.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        self.kind = match self.kind {
            Kind::Import(ImportCode::Unknown(code)) => Kind::Import(ImportCode::Unknown(code.redacted(redactor))),
            Kind::Export(ExportCode::Unknown(code)) => Kind::Export(ExportCode::Unknown(code.redacted(redactor))),
            other => other,
        };
        self.body = self.body.map(|text| redactor.excerpt(&text));
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }
}
