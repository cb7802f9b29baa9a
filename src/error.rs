//! The one error of this crate: what failed, what the server said, and what to do next.

use std::{error::Error as StdError, fmt, time::Duration};

use crate::{
    Delivery, ExportCode, ImportCode, Language, Metadata, Operation, ParseTimestampError, RetryClass, Violations,
    failure::{Failure, Kind},
    generated::responses::{EXPORT_HTTP_STATUSES, IMPORT_HTTP_STATUSES},
    rows::CodeInfo,
    speaker::Speaker,
};

/// Why a call failed.
///
/// `Display` is one line: the operation, what the server said, and what to do. Neither it nor `Debug` shows a token, a
/// service id or a value of the request.
///
/// ```no_run
/// # async fn send(import: dfinery::ImportClient, user: dfinery::Identity, batch: Vec<dfinery::Event>) {
/// use dfinery::ImportCode;
/// match import.load_events(&user, &batch).await {
///     Ok(_) => {}
///     Err(error) if error.import_code() == Some(&ImportCode::TooManyEvents) => { /* send halves */ }
///     Err(error) if error.is_retryable() => eprintln!("later, in {:?}: {error}", error.retry_after()),
///     Err(error) => eprintln!("{error}"),
/// }
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    failure: Failure,
    operation: Option<Operation>,
    metadata: Metadata,
    retry_after: Option<Duration>,
}

impl Failure {
    /// The error of a call that failed for good.
    pub(crate) fn into_error(self, operation: Operation, metadata: Metadata, retry_after: Option<Duration>) -> Error {
        Error(Box::new(Inner {
            failure: self,
            operation: Some(operation),
            metadata,
            retry_after,
        }))
    }
}

impl Error {
    fn local(kind: Kind) -> Self {
        Self(Box::new(Inner {
            failure: Failure::new(kind, RetryClass::Never, Delivery::NotProcessed),
            operation: None,
            metadata: Metadata::default(),
            retry_after: None,
        }))
    }

    pub(crate) fn config(problem: impl Into<String>) -> Self {
        Self::local(Kind::Config(problem.into()))
    }

    pub(crate) fn invalid(operation: Operation, violations: Violations) -> Self {
        Failure::new(Kind::Invalid(violations), RetryClass::Never, Delivery::NotProcessed).into_error(
            operation,
            Metadata::default(),
            None,
        )
    }

    /// The operation that failed; `None` if it failed before there was one.
    #[must_use]
    pub fn operation(&self) -> Option<Operation> {
        self.0.operation
    }

    /// The code of the Import API, if it answered with one.
    #[must_use]
    pub fn import_code(&self) -> Option<&ImportCode> {
        match &self.0.failure.kind {
            Kind::Import(code) => Some(code),
            _ => None,
        }
    }

    /// The message of the Export API, if it answered with one.
    #[must_use]
    pub fn export_code(&self) -> Option<&ExportCode> {
        match &self.0.failure.kind {
            Kind::Export(code) => Some(code),
            _ => None,
        }
    }

    /// What either API said: digits such as `40001` or a message such as `invalid_parameter`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.0.failure.kind {
            Kind::Import(code) => Some(code.as_str()),
            Kind::Export(code) => Some(code.as_str()),
            _ => None,
        }
    }

    /// What the response tables say to do about the code.
    #[must_use]
    pub fn remedy(&self, language: Language) -> Option<&'static str> {
        self.code_info().map(|info| info.remedy.in_language(language))
    }

    /// What is wrong with the request, field by field, if it was not sent for that reason.
    #[must_use]
    pub fn violations(&self) -> Option<&Violations> {
        match &self.0.failure.kind {
            Kind::Invalid(violations) => Some(violations),
            _ => None,
        }
    }

    /// Attempts, time, HTTP status and quota of the call.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The HTTP status of the last answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.metadata.http_status
    }

    /// How often the request was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.metadata.attempts
    }

    /// What may be done after this failure. A code that the tables do not have takes it from HTTP 429 or 5xx, and is
    /// `Never` under any other status.
    #[must_use]
    pub fn retry_class(&self) -> RetryClass {
        self.0.failure.retry
    }

    /// How long to wait before the next call, if the server or our own count named a time.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the server processed the request, over all attempts.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.0.failure.delivery
    }

    /// The beginning of the answer's body, at most 2 KiB, if the answer was a failure. The token, the service id and
    /// the texts of the request are replaced by `[redacted]` where the server repeats them as they were sent or with
    /// JSON's escapes. Everything else is left as it was, so do not log it blindly.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.0.failure.body.as_deref()
    }

    /// A setting is missing or wrong; nothing was sent.
    ///
    /// # Troubleshooting
    /// The message names the setting and the form it should have. No call can succeed until it is fixed.
    #[must_use]
    pub fn is_config(&self) -> bool {
        matches!(self.0.failure.kind, Kind::Config(_))
    }

    /// The request breaks the spec; nothing was sent.
    ///
    /// # Troubleshooting
    /// [`violations`](Self::violations) names each field and what is wrong with it.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        matches!(self.0.failure.kind, Kind::Invalid(_) | Kind::InvalidValue(_))
    }

    /// The server answered with one of its own codes or messages, but not with success.
    ///
    /// # Troubleshooting
    /// [`remedy`](Self::remedy) says what to do. The HTTP status may well have been 200.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.0.failure.kind, Kind::Import(_) | Kind::Export(_))
    }

    /// The service id or the token is wrong.
    ///
    /// # Troubleshooting
    /// The Import and the Export API take different tokens. A token re-issued in the console replaces the old one after
    /// two weeks. Every further call would fail the same way: stop. With HTTP 401 or 403 and no code of the API,
    /// [`is_on_the_way`](Self::is_on_the_way) is true as well: a firewall may refuse this request alone.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        match self.0.failure.kind {
            Kind::Status(status) => {
                let table = if self.exports() {
                    EXPORT_HTTP_STATUSES
                } else {
                    IMPORT_HTTP_STATUSES
                };
                table.iter().any(|row| row.status == status && row.auth)
            }
            _ => self.code_info().is_some_and(|info| info.auth),
        }
    }

    /// A quota is spent: the server's word, or our own count before sending.
    ///
    /// # Troubleshooting
    /// Wait for [`retry_after`](Self::retry_after). Quotas are counted for each service, so another program may have
    /// spent it. The last attempt was not processed; [`delivery`](Self::delivery) speaks of all of them.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.0.failure.retry == RetryClass::AfterReset
    }

    /// No connection could be made.
    ///
    /// # Troubleshooting
    /// Check the host name, the network, a proxy and the clock (for TLS). The request was not sent.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.0.failure.kind, Kind::Connect(_))
    }

    /// The failure is not the API's word on the request, nor a status that speaks of the request: no connection, no
    /// answer, or one of something on the way, such as a gateway, a proxy or a login page. It says nothing about the
    /// request.
    ///
    /// # Troubleshooting
    /// [`status`](Self::status) and [`body`](Self::body) show who answered. Unless [`delivery`](Self::delivery) says
    /// otherwise, the request may have been processed all the same.
    #[must_use]
    pub fn is_on_the_way(&self) -> bool {
        matches!(self.0.failure.kind.speaker(), Speaker::Way { .. })
    }

    /// The address is wrong, or a proxy or a login page answered for the API: a redirect, a path that does not exist, a
    /// page of HTML under HTTP 200, 400 or 422, a name that does not resolve. [`is_on_the_way`](Self::is_on_the_way) is true as well.
    ///
    /// # Troubleshooting
    /// Check the base URL and the settings of any proxy. If other calls succeed, it is a fault that passes.
    #[must_use]
    pub fn is_misdirected(&self) -> bool {
        self.0.failure.kind.speaker() == Speaker::Way { misdirected: true }
    }

    /// No connection could be made, and another attempt soon would fail as well: a name does not resolve, or nothing
    /// listens on the port of this machine. [`is_connect`](Self::is_connect) is true as well.
    ///
    /// # Troubleshooting
    /// The message names the host and the port of the base URL. Check them, and start what should listen there.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(&self.0.failure.kind, Kind::Connect(connection) if connection.is_certain())
    }

    /// No answer came in time.
    ///
    /// # Troubleshooting
    /// The request may have been processed: see [`delivery`](Self::delivery). Lengthen the timeouts of the client if the
    /// service is slow.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.failure.kind, Kind::Timeout)
    }

    /// An export failed after data had begun to come. What was read until then is incomplete.
    ///
    /// # Troubleshooting
    /// Throw away what was read and export again; use a shorter range of days if it happens again.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.0.failure.incomplete
    }

    /// Whether the same request may succeed later. It was already tried [`attempts`](Self::attempts) times.
    ///
    /// # Troubleshooting
    /// Before sending it again, see [`delivery`](Self::delivery): it may have been processed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.failure.retry != RetryClass::Never
    }

    fn exports(&self) -> bool {
        self.0
            .operation
            .is_some_and(|operation| operation.token() == crate::Token::Export)
    }

    fn code_info(&self) -> Option<&'static CodeInfo> {
        match &self.0.failure.kind {
            Kind::Import(code) => code.info(),
            Kind::Export(code) => code.info(),
            _ => None,
        }
    }

    /// What to do, where neither the tables nor the sentence itself says so.
    fn advice(&self) -> Option<&'static str> {
        let unsure = self.0.failure.delivery == Delivery::Unknown && !self.exports();
        match &self.0.failure.kind {
            _ if self.0.failure.incomplete => Some("What was read is incomplete: throw it away and export again."),
            Kind::Import(ImportCode::Unknown(_)) | Kind::Export(ExportCode::Unknown(_)) => {
                Some("This version does not know the code: look at what the server wrote, and for a newer version.")
            }
            Kind::Import(_) | Kind::Export(_) => self.remedy(Language::English),
            Kind::Connect(_) => Some("The request did not leave: check the host name, the network and any proxy."),
            Kind::QuotaSpent => {
                Some("Nothing was sent: wait for retry_after(), or raise max_wait in the retry policy.")
            }
            Kind::Busy => Some("Nothing was sent: finish or drop a running export first."),
            _ if unsure => Some("The request may have been processed."),
            _ => None,
        }
    }
}

impl From<ParseTimestampError> for Error {
    fn from(_: ParseTimestampError) -> Self {
        Self::local(Kind::InvalidValue(ParseTimestampError::PROBLEM))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(operation) = inner.operation {
            write!(f, "{operation}: ")?;
        }
        match &inner.failure.kind {
            Kind::Config(problem) => write!(f, "the configuration is wrong: {problem}")?,
            Kind::Invalid(violations) => {
                write!(f, "the request was not sent, because it breaks the spec: {violations}")?;
            }
            Kind::InvalidValue(problem) => f.write_str(problem)?,
            Kind::Import(ImportCode::Unknown(code)) => write!(f, "the server answered with the unknown code {code}")?,
            Kind::Import(code) => write!(
                f,
                "the server refused the request with {} {}",
                code.as_str(),
                code.name()
            )?,
            Kind::Export(ExportCode::Unknown(code)) => {
                write!(f, "the server answered with the unknown message {code}")?;
            }
            Kind::Export(code) => write!(f, "the server refused the export with {}", code.as_str())?,
            Kind::Status(status) => write!(f, "the server answered HTTP {status} without a code that could be read")?,
            Kind::Unreadable(problem) => write!(f, "the answer cannot be trusted: {problem}")?,
            Kind::Page => f.write_str(
                "the answer cannot be trusted: it is a page of HTML, as of a login, a proxy or another site",
            )?,
            Kind::Connect(connection) => write!(f, "{connection}")?,
            Kind::Timeout => f.write_str("no answer in time")?,
            Kind::Interrupted => f.write_str("the connection was lost before the answer was complete")?,
            Kind::Truncated(problem) => write!(f, "the export is cut short: {problem}")?,
            Kind::QuotaSpent => f.write_str("the quota of this family of calls is spent")?,
            Kind::Busy => f.write_str("as many exports as are allowed at the same time are already running")?,
            Kind::File(problem) | Kind::Row(problem) => f.write_str(problem)?,
        }
        let metadata = &inner.metadata;
        match (metadata.http_status, metadata.attempts) {
            (Some(status), 1) => write!(f, " (HTTP {status}, 1 attempt)")?,
            (Some(status), attempts) => write!(f, " (HTTP {status}, {attempts} attempts)")?,
            (None, 0) => {}
            (None, 1) => f.write_str(" (1 attempt)")?,
            (None, attempts) => write!(f, " ({attempts} attempts)")?,
        }
        if let Some(wait) = inner.retry_after {
            write!(f, ", try again in {} s", wait.as_secs_f64().ceil())?;
        }
        if inner.failure.budget_spent {
            f.write_str(", no more retries because the retry budget of the client is spent")?;
        }
        match self.advice() {
            Some(advice) => write!(f, ". {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    /// Everything but the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.failure.kind)
            .field("operation", &inner.operation)
            .field("metadata", &inner.metadata)
            .field("retry", &inner.failure.retry)
            .field("delivery", &inner.failure.delivery)
            .field("retry_after", &inner.retry_after)
            .field("body_bytes", &inner.failure.body.as_ref().map(String::len))
            .field("source", &inner.failure.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.failure.source.as_deref().map(|source| source as _)
    }
}
