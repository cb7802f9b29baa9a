//! Settings of a client, and where they come from.

use std::{env, fmt, marker::PhantomData, time::Duration};

use crate::{Error, Family, RetryPolicy, generated::operations::HOST, rows::RateLimit};

/// All settings of either client. No `Debug`, since it holds the token.
#[derive(Clone)]
pub(crate) struct ClientSettings {
    pub(crate) service_id: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) base_url: String,
    pub(crate) application: Option<String>,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) rate_limits: Vec<(Family, RateLimit)>,
    pub(crate) judge: JudgeSettings,
}

/// The settings that affect how an answer is judged.
#[derive(Clone, Copy, Default)]
pub(crate) struct JudgeSettings {
    pub(crate) accept_unframed_body: bool,
    pub(crate) accept_any_header: bool,
}

/// Builder for an [`ImportClient`](crate::ImportClient) or an [`ExportClient`](crate::ExportClient).
///
/// `Debug` shows neither the token, nor the service id, nor the base URL, which may hold a password by mistake.
///
/// ```
/// # fn main() -> Result<(), dfinery::Error> {
/// use std::time::Duration;
/// let client = dfinery::ImportClient::builder()
///     .service_id("my-service")
///     .token("my-import-token")
///     .base_url("http://127.0.0.1:8080")
///     .application("pos-loader/1.4")
///     .attempt_timeout(Duration::from_secs(20))
///     .build()?;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
pub struct ClientBuilder<C> {
    pub(crate) settings: ClientSettings,
    client: PhantomData<fn() -> C>,
}

impl<C> ClientBuilder<C> {
    /// The server that a client talks to by default.
    pub const DEFAULT_BASE_URL: &str = HOST;

    /// Starts from the defaults of one client: how long it waits for bytes and for a whole attempt.
    pub(crate) fn new(read_timeout: Duration, attempt_timeout: Duration) -> Self {
        Self {
            settings: ClientSettings {
                service_id: None,
                token: None,
                base_url: HOST.to_owned(),
                application: None,
                connect_timeout: Duration::from_secs(10),
                read_timeout,
                attempt_timeout,
                retry: RetryPolicy::default(),
                rate_limits: Vec::new(),
                judge: JudgeSettings::default(),
            },
            client: PhantomData,
        }
    }

    /// The service id, from the console.
    #[must_use]
    pub fn service_id(mut self, service_id: impl Into<String>) -> Self {
        self.settings.service_id = Some(service_id.into());
        self
    }

    /// The token of this API. The Import and the Export API take different ones.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.settings.token = Some(token.into());
        self
    }

    /// The server, `https://openapi.dfinery.ai` unless set. `http://` is allowed only for the loopback.
    #[must_use]
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.settings.base_url = base_url.into();
        self
    }

    /// A name for your program, placed before our own in `User-Agent`; the console's call log of exports shows it.
    #[must_use]
    pub fn application(mut self, application: impl Into<String>) -> Self {
        self.settings.application = Some(application.into());
        self
    }

    /// How long connecting may take; 10 s unless set.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }

    /// How long the server may stay silent; 30 s for imports and 5 minutes for exports unless set.
    #[must_use]
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.read_timeout = timeout;
        self
    }

    /// How long one attempt may take, from sending to the last byte of an import's answer or to the first line of an
    /// export's CSV; 60 s for imports and 10 minutes for exports unless set.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.settings.attempt_timeout = timeout;
        self
    }

    /// When and how often a failed request is sent again.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// The quota of a family, if yours is not the documented default. The client and its clones together never send
    /// more than that; other processes keep their own counts.
    #[must_use]
    pub fn rate_limit(mut self, family: Family, limit: RateLimit) -> Self {
        self.settings.rate_limits.push((family, limit));
        self
    }

    /// Fills in what the environment has: `DFINERY_SERVICE_ID`, `DFINERY_BASE_URL`, and the token.
    pub(crate) fn with_env(mut self, token: &'static str) -> Result<Self, Error> {
        self = self.service_id(required("DFINERY_SERVICE_ID")?).token(required(token)?);
        match optional("DFINERY_BASE_URL")? {
            Some(base_url) => Ok(self.base_url(base_url)),
            None => Ok(self),
        }
    }
}

impl<C> fmt::Debug for ClientBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        f.debug_struct("ClientBuilder")
            .field("connect_timeout", &settings.connect_timeout)
            .field("read_timeout", &settings.read_timeout)
            .field("attempt_timeout", &settings.attempt_timeout)
            .field("retry", &settings.retry)
            .field("rate_limits", &settings.rate_limits)
            .finish_non_exhaustive()
    }
}

fn required(name: &'static str) -> Result<String, Error> {
    optional(name)?.ok_or_else(|| Error::config(format!("the environment variable {name} is not set")))
}

fn optional(name: &'static str) -> Result<Option<String>, Error> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Error::config(format!(
            "the environment variable {name} does not hold UTF-8"
        ))),
    }
}
