//! The Import API: JSON in, and a verdict in the body.

use std::{fmt, sync::Arc, time::Duration};

use serde::Deserialize;

use crate::{
    ClientBuilder, Delivery, Error, Event, Identity, ImportCode, Metadata, Properties, RetryClass, Timestamp, Token,
    byte_order_mark::without_mark,
    failure::{Failure, Kind},
    generated::{
        import::{
            Client,
            types::{EventsCommon, ExternalIdentity},
        },
        requests::{DeleteIdentity, LoadEvents, UpsertIdentity, UpsertUserProfile},
        responses::IMPORT_HTTP_STATUSES,
    },
    quota::Permit,
    speaker::is_page,
    transport::{Api, Reply, Transport, text_of},
};

/// A client of the Import API: loads events, and creates, updates and deletes unified profiles and user properties.
///
/// Cheap to clone; clones share connections, quota and retry budget. `Ok` means that the server answered
/// `status: true` with code 20000: HTTP 200 alone is not success here. Calls need a tokio runtime with time and IO.
///
/// ```no_run
/// # async fn run() -> Result<(), dfinery::Error> {
/// use dfinery::{Event, Identity, ImportClient};
///
/// let import = ImportClient::from_env()?;
/// let user = Identity::external_id("dfn-user-123").email("kim@example.com");
/// import.upsert_identity(&user).await?;
/// import.upsert_user_profile(&user, [("df_gender", "Female")]).await?;
/// import.load_events(&user, &[Event::new("df_login")]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ImportClient(pub(crate) Arc<Transport<Client>>);

impl ImportClient {
    /// A client with the default settings.
    ///
    /// # Errors
    /// If the service id or the token is empty or holds a character that cannot be sent.
    pub fn new(service_id: impl Into<String>, token: impl Into<String>) -> Result<Self, Error> {
        Self::builder().service_id(service_id).token(token).build()
    }

    /// A client from `DFINERY_SERVICE_ID`, `DFINERY_IMPORT_TOKEN` and, if set, `DFINERY_BASE_URL`.
    ///
    /// # Errors
    /// If a variable is missing, or its value is unfit; the message never shows a value.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().with_env("DFINERY_IMPORT_TOKEN")?.build()
    }

    /// Settings to change before a client is built.
    #[must_use]
    pub fn builder() -> ClientBuilder<Self> {
        ClientBuilder::new(Duration::from_secs(30), Duration::from_secs(60))
    }

    /// Loads events of one user, see [`Operation::LoadEvents`](crate::Operation::LoadEvents).
    ///
    /// At most [`MAX_EVENTS`](crate::types::import::LoadEventsRequest::MAX_EVENTS) events, with at most
    /// [`MAX_TOTAL_EVENT_ITEMS`](crate::types::import::LoadEventsRequest::MAX_TOTAL_EVENT_ITEMS) items in all of them.
    /// Names of events and properties must be registered in the console. After a lost answer the same bytes, and so the
    /// same `event_log_id`s, are sent again, unless
    /// [`RetryPolicy::resend_when_unsure`](crate::RetryPolicy::resend_when_unsure) says otherwise: at least once.
    ///
    /// # Errors
    /// Before sending, if the request breaks the spec. Afterwards, if the server refused it, gave no answer that can
    /// be trusted, or the quota is spent for longer than the retry policy waits.
    pub async fn load_events(&self, user: &Identity, events: &[Event]) -> Result<Metadata, Error> {
        let common = EventsCommon { identity: user.clone() };
        let request = LoadEvents {
            common: &common,
            events,
        };
        Ok(self.0.call(&request).await?.1)
    }

    /// Creates or updates a unified profile, see [`Operation::UpsertIdentity`](crate::Operation::UpsertIdentity).
    ///
    /// Call it before the user's properties and events.
    ///
    /// # Errors
    /// As [`load_events`](Self::load_events).
    pub async fn upsert_identity(&self, user: &Identity) -> Result<Metadata, Error> {
        let request = UpsertIdentity {
            identity: user,
            request_datetime: &Timestamp::now(),
        };
        Ok(self.0.call(&request).await?.1)
    }

    /// Deletes a unified profile by its external id, see [`Operation::DeleteIdentity`](crate::Operation::DeleteIdentity).
    /// **It cannot be undone.**
    ///
    /// # Errors
    /// As [`load_events`](Self::load_events).
    pub async fn delete_identity(&self, external_id: impl Into<String>) -> Result<Metadata, Error> {
        let identity = ExternalIdentity {
            external_id: external_id.into(),
        };
        let request = DeleteIdentity {
            identity: &identity,
            request_datetime: &Timestamp::now(),
        };
        Ok(self.0.call(&request).await?.1)
    }

    /// Creates or updates properties of one user, see
    /// [`Operation::UpsertUserProfile`](crate::Operation::UpsertUserProfile).
    ///
    /// Names must be registered in the console, except those of consent. Send only what has changed: the quota is
    /// small, see [`Family::Profile`](crate::Family::Profile).
    ///
    /// # Errors
    /// As [`load_events`](Self::load_events).
    pub async fn upsert_user_profile(
        &self,
        user: &Identity,
        properties: impl Into<Properties>,
    ) -> Result<Metadata, Error> {
        let request = UpsertUserProfile {
            identity: user,
            user_properties: &properties.into(),
            request_datetime: &Timestamp::now(),
        };
        Ok(self.0.call(&request).await?.1)
    }
}

impl fmt::Debug for ImportClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportClient").finish_non_exhaustive()
    }
}

impl ClientBuilder<ImportClient> {
    /// Builds the client; nothing is sent.
    ///
    /// # Errors
    /// If the service id, the token, the base URL or the application name is missing or unfit.
    pub fn build(self) -> Result<ImportClient, Error> {
        Transport::new(self.settings).map(|transport| ImportClient(Arc::new(transport)))
    }
}

impl Api for Client {
    const TOKEN: Token = Token::Import;
    const ACCEPT: &'static str = "application/json";
    type Answer = ();

    async fn judge(mut reply: Reply, _permit: Permit) -> Result<(), Failure> {
        let (body, whole) = reply.body.read(LONGEST_ANSWER).await?;
        verdict(&reply, &body, whole).map_err(|failure| failure.with_body(text_of(&body)))
    }
}

/// A longer answer is not taken for one: the documented ones have about 80 bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// What is read of an answer: the fields that decide. Everything else in it may be anything.
#[derive(Deserialize)]
struct Said {
    status: bool,
    code: ImportCode,
}

fn verdict(reply: &Reply, body: &[u8], whole: bool) -> Result<(), Failure> {
    let body = without_mark(body);
    let answer = if whole {
        serde_json::from_slice::<Said>(body).ok()
    } else {
        None
    };
    let Some(Said { status, code }) = answer else {
        return Err(if reply.is_success() {
            Failure::new(unreadable(body, whole), RetryClass::Backoff, Delivery::Unknown)
        } else {
            Failure::of_answer(reply.status, reply.header("content-type"), body, IMPORT_HTTP_STATUSES)
        });
    };
    match (status, code.is_success(), reply.is_success()) {
        (true, true, true) => Ok(()),
        (false, false, _) => Err(refused(code, reply.status)),
        (true, false, _) if code.info().is_none() => Err(refused(code, reply.status)),
        (_, _, success) => {
            let problem = format!(
                "HTTP {}, status {status} and code {code} contradict each other",
                reply.status
            );
            // A status of something on the way outweighs what it may have kept from another answer.
            let by_status = Failure::of_status(reply.status, IMPORT_HTTP_STATUSES);
            let passes = !success && by_status.delivery == Delivery::Unknown;
            let retry = if passes { by_status.retry } else { RetryClass::Never };
            Err(Failure::new(Kind::Unreadable(problem), retry, Delivery::Unknown))
        }
    }
}

/// Why the body of a success is no answer of the API.
fn unreadable(body: &[u8], whole: bool) -> Kind {
    if is_page(None, body) {
        Kind::Page
    } else if whole {
        Kind::Unreadable("HTTP success, but the body is not the documented JSON".to_owned())
    } else {
        Kind::Unreadable("the body does not end".to_owned())
    }
}

fn refused(code: ImportCode, status: u16) -> Failure {
    let info = code.info();
    Failure::refused(Kind::Import(code), info, status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::import::types::ImportResponse;

    #[test]
    fn what_is_read_of_an_answer_is_in_the_spec() {
        let answer = ImportResponse {
            status: false,
            code: ImportCode::BadRequest,
            message: None,
            data: Some(true),
        };
        let said: Said = serde_json::from_str(&serde_json::to_string(&answer).unwrap()).unwrap();
        assert!(!said.status && said.code == ImportCode::BadRequest);
    }
}
