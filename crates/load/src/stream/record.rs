//! A record as a program gives it.

use serde::Serialize;

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
pub struct Record {
    identity: Identity,
    content: Content,
}

#[derive(Clone, Debug, PartialEq)]
enum Content {
    Identity,
    Profile(Properties),
    Event(Event),
    Deletion,
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
        Self {
            identity,
            content: Content::Event(event),
        }
    }

    /// Properties of a user.
    pub fn profile(identity: Identity, properties: impl Into<Properties>) -> Self {
        Self {
            identity,
            content: Content::Profile(properties.into()),
        }
    }

    /// A unified profile to create or update.
    #[must_use]
    pub const fn identity(identity: Identity) -> Self {
        Self {
            identity,
            content: Content::Identity,
        }
    }

    /// A unified profile to delete. **It cannot be undone.**
    #[must_use]
    pub fn deletion(external_id: impl Into<String>) -> Self {
        Self {
            identity: Identity::external_id(external_id),
            content: Content::Deletion,
        }
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> RecordKind {
        match self.content {
            Content::Identity => RecordKind::Identity,
            Content::Profile(_) => RecordKind::Profile,
            Content::Event(_) => RecordKind::Event,
            Content::Deletion => RecordKind::Deletion,
        }
    }

    /// The user it is about.
    #[must_use]
    pub const fn user(&self) -> &Identity {
        &self.identity
    }

    /// The event, if it is one.
    #[must_use]
    pub const fn as_event(&self) -> Option<&Event> {
        match &self.content {
            Content::Event(event) => Some(event),
            _ => None,
        }
    }

    pub(super) fn line(&self) -> serde_json::Result<String> {
        let mut line = JsonRecord {
            identity: &self.identity,
            user_properties: None,
            event: None,
        };
        match &self.content {
            Content::Profile(properties) => line.user_properties = Some(properties),
            Content::Event(event) => line.event = Some(event),
            Content::Identity | Content::Deletion => {}
        }
        serde_json::to_string(&line)
    }
}
