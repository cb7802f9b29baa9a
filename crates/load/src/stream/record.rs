//! A record as a program gives it.

use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

use dfinery::{Event, Identity, Properties};
use dfinery_records::RecordKind;

/// A record to load.
///
/// ```
/// use dfinery::{Event, Identity};
/// use dfinery_load::Record;
/// let user = Identity::external_id("dfn-user-123");
/// let login = Record::event(user.clone(), Event::new("df_login"));
/// let gender = Record::profile(user, [("df_gender", "Female")]);
/// # let _ = (login, gender);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Record(Content);

#[derive(Clone, Debug, PartialEq)]
enum Content {
    Identity(Identity),
    Profile(Identity, Properties),
    Event(Identity, Event),
    Deletion(Identity),
    Json(Arc<str>, Uuid),
}

/// A record as it is written in JSON.
#[derive(Serialize)]
struct JsonRecord<'a> {
    identity: &'a Identity,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_properties: Option<&'a Properties>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a Event>,
}

impl Record {
    /// An event of a user.
    #[must_use]
    pub const fn event(identity: Identity, event: Event) -> Self {
        Self(Content::Event(identity, event))
    }

    /// Properties of a user.
    pub fn profile(identity: Identity, properties: impl Into<Properties>) -> Self {
        Self(Content::Profile(identity, properties.into()))
    }

    /// A unified profile to create or update.
    #[must_use]
    pub const fn identity(identity: Identity) -> Self {
        Self(Content::Identity(identity))
    }

    /// A unified profile to delete. **It cannot be undone.**
    #[must_use]
    pub fn deletion(external_id: impl Into<String>) -> Self {
        Self(Content::Deletion(Identity::external_id(external_id)))
    }

    /// An event, an identity or properties of a user, as one JSON object in the form of the lines of a file.
    ///
    /// What is sent is this text, not a value read from it. An event without an `event_log_id` gets `event_id`: give the
    /// same one if you load the same event again. Text that is no record comes out as
    /// [`Fate::Invalid`](crate::Fate::Invalid).
    #[must_use]
    pub fn json(text: impl Into<Arc<str>>, event_id: Uuid) -> Self {
        Self(Content::Json(text.into(), event_id))
    }

    /// What it is; `None` if it was given as JSON.
    #[must_use]
    pub const fn kind(&self) -> Option<RecordKind> {
        match self.0 {
            Content::Identity(_) => Some(RecordKind::Identity),
            Content::Profile(..) => Some(RecordKind::Profile),
            Content::Event(..) => Some(RecordKind::Event),
            Content::Deletion(_) => Some(RecordKind::Deletion),
            Content::Json(..) => None,
        }
    }

    /// The user it is about; `None` if it was given as JSON.
    #[must_use]
    pub const fn user(&self) -> Option<&Identity> {
        match &self.0 {
            Content::Identity(user) | Content::Profile(user, _) | Content::Event(user, _) | Content::Deletion(user) => {
                Some(user)
            }
            Content::Json(..) => None,
        }
    }

    /// The event, if it is one that was not given as JSON.
    #[must_use]
    pub const fn as_event(&self) -> Option<&Event> {
        match &self.0 {
            Content::Event(_, event) => Some(event),
            _ => None,
        }
    }

    /// The id of an event that names none.
    pub(super) const fn event_id(&self) -> Option<Uuid> {
        match self.0 {
            Content::Json(_, id) => Some(id),
            _ => None,
        }
    }

    pub(super) fn line(&self) -> serde_json::Result<Arc<str>> {
        let (identity, user_properties, event) = match &self.0 {
            Content::Json(text, _) => return Ok(Arc::clone(text)),
            Content::Identity(user) | Content::Deletion(user) => (user, None, None),
            Content::Profile(user, properties) => (user, Some(properties), None),
            Content::Event(user, event) => (user, None, Some(event)),
        };
        let line = JsonRecord {
            identity,
            user_properties,
            event,
        };
        serde_json::to_string(&line).map(Arc::from)
    }
}
