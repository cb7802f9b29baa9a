//! The one way to the server and back: permit, send, read, judge, and send again if the tables allow it.
//!
//! Only this file, `request`, `auth` and `destination` name reqwest, and only the first two name progenitor.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::StreamExt;
use reqwest::header::{HeaderMap, HeaderValue};
use tracing::Instrument;

use crate::{
    Delivery, Error, Family, Metadata, Operation, RetryClass, RetryPolicy, Token,
    auth::Auth,
    config::{ClientSettings, JudgeSettings},
    destination::{Destination, Resolver, is_loopback},
    failure::{Failure, Kind},
    no_client,
    parameters::Parameters,
    quota::{Permit, Quota, Spent},
    rate_limit::Headers,
    redact::Redactor,
    request::{GeneratedClient, Request, Sent},
    retry::RetryBudget,
    speaker::Speaker,
    tries::{Blame, Failed, Next, Tries},
};

/// One of the two APIs: its generated client, and how its answers are judged.
pub(crate) trait Api: GeneratedClient {
    const TOKEN: Token;
    const ACCEPT: &'static str;

    /// What a successful call returns.
    type Answer: Send;

    /// Decides by body, status and headers whether the answer means success.
    fn judge(reply: Reply, permit: Permit) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

/// An answer whose body has not been read.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) settings: JudgeSettings,
}

impl Reply {
    fn new(sent: Sent, settings: JudgeSettings, destination: &Destination) -> Result<Self, Failure> {
        use progenitor_client::Error as E;
        let (status, headers, body): (_, _, Pin<Box<dyn Stream<Item = _> + Send + Sync>>) = match sent {
            Ok(value) => (value.status(), value.headers().clone(), value.into_inner_stream()),
            Err(E::UnexpectedResponse(response)) => (
                response.status(),
                response.headers().clone(),
                Box::pin(response.bytes_stream()),
            ),
            Err(E::CommunicationError(error) | E::ResponseBodyError(error) | E::InvalidUpgrade(error)) => {
                return Err(if error.is_connect() {
                    not_connected(error, destination)
                } else {
                    lost(error)
                });
            }
            Err(_) => {
                let problem = "the generated client could not build the request".to_owned();
                return Err(Failure::new(
                    Kind::Config(problem),
                    RetryClass::Never,
                    Delivery::NotProcessed,
                ));
            }
        };
        Ok(Self {
            status: status.as_u16(),
            headers,
            body: Body(body),
            settings,
        })
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The body of an answer, piece by piece.
pub(crate) struct Body(Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send + Sync>>);

impl Stream for Body {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(ready!(self.0.as_mut().poll_next(cx)).map(|chunk| chunk.map_err(lost)))
    }
}

impl Body {
    /// Reads the rest, but no more than `limit` bytes of it; says whether that was all.
    pub(crate) async fn read(&mut self, limit: usize) -> Result<(Bytes, bool), Failure> {
        let Some(first) = self.next().await.transpose()? else {
            return Ok((Bytes::new(), true));
        };
        let mut read = BytesMut::from(first);
        while read.len() <= limit {
            match self.next().await.transpose()? {
                Some(chunk) => read.extend_from_slice(&chunk),
                None => return Ok((read.freeze(), true)),
            }
        }
        read.truncate(limit);
        Ok((read.freeze(), false))
    }
}

/// A body as text.
pub(crate) fn text_of(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

/// A failure before anything was sent.
fn not_connected(error: reqwest::Error, destination: &Destination) -> Failure {
    let kind = Kind::Connect(destination.unreachable(&error));
    Failure::new(kind, RetryClass::Backoff, Delivery::NotProcessed).with_source(error.without_url())
}

/// A failure below HTTP.
fn lost(error: reqwest::Error) -> Failure {
    let kind = if error.is_timeout() {
        Kind::Timeout
    } else {
        Kind::Interrupted
    };
    Failure::new(kind, RetryClass::Backoff, Delivery::Unknown).with_source(error.without_url())
}

/// A client of one API with everything that its calls share.
pub(crate) struct Transport<C> {
    pub(crate) client: C,
    destination: Destination,
    pub(crate) service_id: String,
    /// What no output may show: the token and the service id.
    secrets: [String; 2],
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: RetryBudget,
    quotas: Vec<(Family, Quota)>,
    attempt_timeout: Duration,
    judge: JudgeSettings,
}

impl<C: Api> Transport<C> {
    /// Checks the settings and builds a client; nothing is sent.
    pub(crate) fn new(settings: ClientSettings) -> Result<Self, Error> {
        let service_id = checked_service_id(settings.service_id)?;
        let token = settings.token.unwrap_or_default();
        let auth = Auth::new(C::TOKEN, &token, C::ACCEPT, &settings.base_url)?;
        let mut client = reqwest::Client::builder()
            .user_agent(user_agent(settings.application.as_deref())?)
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .dns_resolver(Resolver)
            // Another crate may have turned these on, which would hide the lengths and ends of bodies.
            .http1_only()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .referer(false);
        if is_loopback(auth.base()) {
            client = client.no_proxy();
        }
        #[cfg(feature = "rustls")]
        if auth.base().scheme() == "http" {
            // Requests to this machine use no TLS: they need no certificates, which not every container has.
            client = client.tls_certs_only([]);
        }
        let client = client
            .build()
            .map_err(|error| Error::config(no_client::problem(&error.without_url())))?;
        let quotas = Family::ALL.iter().map(|family| {
            let own = settings.rate_limits.iter().rev().find(|(name, _)| name == family);
            (
                *family,
                Quota::new(own.map_or(family.rate_limit(), |(_, limit)| *limit)),
            )
        });
        Ok(Self {
            destination: Destination::of(auth.base()),
            client: C::new(client, auth),
            secrets: [token, service_id.clone()],
            service_id,
            budget: RetryBudget::new(&settings.retry),
            retry: settings.retry,
            quotas: quotas.collect(),
            attempt_timeout: settings.attempt_timeout,
            judge: settings.judge,
        })
    }

    /// Makes a call: the same bytes are sent until there is a verdict or the retry policy ends it.
    pub(crate) async fn call<R: Request<Client = C>>(&self, request: &R) -> Result<(C::Answer, Metadata), Error> {
        let (mut call, body) = begin(request)?;
        let mut tries = Tries::default();
        loop {
            let permit = self
                .permit(call.operation, self.retry.longest_wait())
                .await
                .map_err(|spent| call.spent(&spent))?;
            let failure = match self.attempt(&mut call, &body, permit).await {
                Ok(answer) => return Ok((answer, call.metadata())),
                Err(failure) => failure,
            };
            match tries.after(&call.failed(&failure), &self.retry, &self.budget) {
                Next::Refused | Next::GivenUp | Next::MayBeThere => return Err(call.end(failure)),
                Next::Again { in_budget: false, .. } => return Err(call.end(failure.budget_spent())),
                Next::Again { pause, .. } => tokio::time::sleep(pause).await,
            }
        }
    }

    /// Sends a request once, whatever the quota and the retry policy say: the caller counts and decides.
    #[cfg(feature = "_engine")]
    pub(crate) async fn once<R: Request<Client = C>>(&self, request: &R) -> Result<(C::Answer, Metadata), Error> {
        let (mut call, body) = begin(request)?;
        match self.attempt(&mut call, &body, Permit::uncounted()).await {
            Ok(answer) => Ok((answer, call.metadata())),
            Err(failure) => Err(call.end(failure)),
        }
    }

    /// What tells the quotas of this client from those of others: the service and its server.
    #[cfg(feature = "_engine")]
    pub(crate) fn account(&self) -> String {
        format!("{} {}", self.service_id, self.destination)
    }

    /// Waits for the family's quota, but no longer than `longest`.
    pub(crate) async fn permit(&self, operation: Operation, longest: Duration) -> Result<Permit, Spent> {
        self.quota(operation).permit(longest).await
    }

    /// Makes one attempt and judges the answer.
    pub(crate) async fn attempt(
        &self,
        call: &mut Call,
        body: &Bytes,
        mut permit: Permit,
    ) -> Result<C::Answer, Failure> {
        let operation = call.operation;
        call.attempts += 1;
        call.status = None;
        call.headers = Headers::default();
        call.wait = None;
        // The future of a call is large: pinned here, it is not moved into the future that awaits it.
        let sent = self
            .client
            .send(operation, &self.service_id, &call.parameters, body.clone());
        let sent = pin!(sent);
        let span = tracing::debug_span!("dfinery", operation = operation.id());
        let answer = {
            let answer = pin!(async {
                notice_what_has_arrived().await;
                let sent = sent.await;
                permit.answered();
                let reply = Reply::new(sent, self.judge, &self.destination)?;
                call.status = Some(reply.status);
                call.headers = Headers::read(|name| reply.header(name));
                C::judge(reply, permit).await
            });
            tokio::time::timeout(self.attempt_timeout, answer.instrument(span.clone()))
                .await
                .unwrap_or_else(|_| Err(Failure::new(Kind::Timeout, RetryClass::Backoff, Delivery::Unknown)))
        };
        // Remove what the server repeats of the request before anything is logged.
        let answer = answer.map_err(|failure| failure.redacted(&Redactor::new(&self.secrets, &call.parameters, body)));
        let quota = self.quota(operation);
        let pause = match &answer {
            Err(failure) if failure.retry == RetryClass::AfterReset => {
                // Without a named reset, wait for one period if that is allowed at all; otherwise the pauses grow. Where
                // calls at the same time are limited too, that limit may be the reason, and it is free again soon.
                let limit = quota.limit();
                let period = Some(limit.period)
                    .filter(|period| *period <= self.retry.longest_wait() && limit.concurrent.is_none());
                call.wait = call.headers.wait(failure.retry).or(period);
                call.wait
            }
            Err(failure) => {
                call.wait = call.headers.wait(failure.retry);
                call.headers.spent_for()
            }
            Ok(_) => call.headers.spent_for(),
        };
        if let Some(wait) = pause {
            quota.pause(wait);
        }
        if let Some((remaining, until_reset)) = call.headers.left() {
            quota.told(remaining, until_reset);
        }
        let _entered = span.enter();
        match &answer {
            Ok(_) => {
                self.budget.give();
                tracing::debug!(attempt = call.attempts, status = call.status, "accepted");
            }
            Err(failure) => {
                // A service that refuses a request is healthy.
                if failure.retry == RetryClass::Never && failure.kind.speaker() == Speaker::Api {
                    self.budget.give();
                }
                tracing::debug!(attempt = call.attempts, status = call.status, retry = %failure.retry, "failed: {:?}", failure.kind);
            }
        }
        answer
    }

    /// The quota that an operation spends.
    pub(crate) fn quota(&self, operation: Operation) -> &Quota {
        let family = operation.family();
        // Every family is there, because the list was made from all of them.
        let position = self
            .quotas
            .iter()
            .position(|(name, _)| *name == family)
            .unwrap_or_default();
        &self.quotas[position].1
    }
}

/// What is known about a running call.
pub(crate) struct Call {
    operation: Operation,
    parameters: Parameters,
    started: Instant,
    attempts: u32,
    status: Option<u16>,
    headers: Headers,
    /// How long the last failure asks to wait.
    wait: Option<Duration>,
    /// Whether any attempt so far may have been taken; a later attempt that was not does not change that.
    unsure: bool,
}

impl Call {
    pub(crate) fn new(operation: Operation) -> Self {
        Self {
            operation,
            parameters: Parameters::default(),
            started: Instant::now(),
            attempts: 0,
            status: None,
            headers: Headers::default(),
            wait: None,
            unsure: false,
        }
    }

    pub(crate) fn metadata(&mut self) -> Metadata {
        Metadata {
            attempts: self.attempts,
            elapsed: self.started.elapsed(),
            http_status: self.status,
            rate_limit: self.headers.status.take(),
        }
    }

    fn spent(&mut self, spent: &Spent) -> Error {
        let (kind, retry) = match spent {
            Spent::Until(wait) => {
                self.wait = Some(*wait);
                (Kind::QuotaSpent, RetryClass::AfterReset)
            }
            Spent::Busy => (Kind::Busy, RetryClass::Backoff),
        };
        self.end(Failure::new(kind, retry, Delivery::NotProcessed))
    }

    /// Notes what a failed attempt says about the call.
    fn failed(&mut self, failure: &Failure) -> Failed {
        self.unsure |= failure.delivery == Delivery::Unknown;
        Failed {
            operation: self.operation,
            class: failure.retry,
            delivery: failure.delivery,
            retry_after: self.wait,
            blame: Blame::Alone,
        }
    }

    pub(crate) fn end(&mut self, mut failure: Failure) -> Error {
        if self.unsure {
            failure.delivery = Delivery::Unknown;
        }
        failure.into_error(self.operation, self.metadata(), self.wait)
    }
}

/// Lets the runtime look at its connections before one is used again. A kept connection on which something has arrived
/// that nobody asked for is closed then; otherwise that would be taken for the answer to the next request.
async fn notice_what_has_arrived() {
    // The first turn polls the sockets, the second one the tasks that own them.
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

/// Checks a request, and writes its parameters and its body.
fn begin<R: Request>(request: &R) -> Result<(Call, Bytes), Error> {
    let mut call = Call::new(R::OPERATION);
    call.parameters = request.parameters();
    let kind = match request.violations() {
        Err(violations) => Kind::Invalid(violations),
        Ok(()) if !R::HAS_BODY => return Ok((call, Bytes::new())),
        Ok(()) => match serde_json::to_vec(request) {
            Ok(body) => return Ok((call, body.into())),
            Err(_) => {
                Kind::InvalidValue("the request cannot be written as JSON: a time is outside the years 0 to 9999")
            }
        },
    };
    Err(call.end(Failure::new(kind, RetryClass::Never, Delivery::NotProcessed)))
}

fn checked_service_id(service_id: Option<String>) -> Result<String, Error> {
    let service_id = service_id.unwrap_or_default();
    if service_id.is_empty() {
        return Err(Error::config("the service id is empty"));
    }
    if service_id.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::config(
            "the service id holds a space, a line break or another character that is not allowed",
        ));
    }
    Ok(service_id)
}

fn user_agent(application: Option<&str>) -> Result<HeaderValue, Error> {
    let own = concat!("dfinery-rust/", env!("CARGO_PKG_VERSION"));
    let text = application.map_or_else(|| own.to_owned(), |application| format!("{application} {own}"));
    HeaderValue::try_from(text).map_err(|_| Error::config("the application name cannot be sent in a header"))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde::Serialize;

    use super::*;
    use crate::{
        ClientBuilder, Violations,
        validate::{Path, Validate},
    };

    /// A client that keeps what it is given, and sends nothing.
    #[derive(Default)]
    struct Recorder(Mutex<Vec<(Option<String>, Bytes)>>);

    impl GeneratedClient for Recorder {
        fn new(_: reqwest::Client, _: Auth) -> Self {
            Self::default()
        }

        async fn send(&self, _: Operation, _: &str, parameters: &Parameters, body: Bytes) -> Sent {
            let id = parameters.get("id").map(str::to_owned);
            self.0.lock().unwrap().push((id, body));
            Err(progenitor_client::Error::InvalidRequest(String::new()))
        }
    }

    impl Api for Recorder {
        const TOKEN: Token = Token::Import;
        const ACCEPT: &'static str = "*/*";
        type Answer = ();

        async fn judge(_: Reply, _: Permit) -> Result<(), Failure> {
            Ok(())
        }
    }

    #[derive(Serialize)]
    struct Find {
        #[serde(skip)]
        id: u32,
    }

    impl Validate for Find {
        fn check(&self, _: &Path<'_>, _: &mut Violations) {}
    }

    impl Request for Find {
        type Client = Recorder;

        const OPERATION: Operation = Operation::LoadEvents;
        const HAS_BODY: bool = false;

        fn parameters(&self) -> Parameters {
            Parameters::default().with("id", Some(self.id))
        }
    }

    #[tokio::test]
    async fn a_request_without_a_body_has_its_parameters() {
        let second = Duration::from_secs(1);
        let builder = ClientBuilder::<Recorder>::new(second, second);
        let settings = builder
            .service_id("s-1")
            .token("t-1")
            .base_url("http://127.0.0.1:1")
            .settings;
        let transport = Transport::<Recorder>::new(settings).unwrap();
        transport.call(&Find { id: 7 }).await.unwrap_err();
        let sent = transport.client.0.lock().unwrap();
        assert_eq!(sent[..], [(Some("7".to_owned()), Bytes::new())]);
    }
}
