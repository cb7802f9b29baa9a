//! Short ways to build the two generated types that every program builds: an identity and an event.

use crate::{
    Properties, PropertyValue, Timestamp,
    generated::import::types::{Event, Identity},
};

macro_rules! identity_setters {
    ($($(#[$doc:meta])* $field:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, value: impl Into<String>) -> Self {
            self.$field = Some(value.into());
            self
        }
    )*};
}

/// Ways to name a user; at least one identifier is needed.
///
/// ```
/// use dfinery::Identity;
/// let user = Identity::external_id("dfn-user-123").email("kim@example.com").phone_no("821012345678");
/// let by_phone_alone = Identity::new().phone_no("821012345678");
/// assert!(!format!("{user:?} {by_phone_alone:?}").contains("821"));
/// ```
impl Identity {
    /// A user known by the id of your own system.
    #[must_use]
    pub fn external_id(value: impl Into<String>) -> Self {
        Self {
            external_id: Some(value.into()),
            ..Self::new()
        }
    }

    /// A user with no identifier yet: add at least one before sending.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            external_id: None,
            phone_no: None,
            email: None,
            kakao_user_id: None,
            line_user_id: None,
        }
    }

    identity_setters! {
        /// Adds a phone number: country code and number, without `+`, leading zero or dashes, as `821012345678`.
        phone_no,
        /// Adds an e-mail address.
        email,
        /// Adds a Kakao user id.
        kakao_user_id,
        /// Adds a LINE user id.
        line_user_id,
    }
}

/// Ways to build an event.
///
/// ```
/// use dfinery::{Event, Properties};
/// let event = Event::new("df_purchase")
///     .property("df_order_id", "A-1")
///     .property("df_total_purchase_amount", 12_000.0)
///     .item(Properties::new().with("df_item_id", "P-7").with("df_quantity", 2));
/// assert_eq!(event.event_items.len(), 1);
/// ```
impl Event {
    /// An event that happens now, with a new random `event_log_id`.
    ///
    /// The id is fixed here, before the first attempt, so that an event sent twice can be recognised.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            event_log_id: uuid::Uuid::new_v4(),
            event_name: name.into(),
            event_datetime: Timestamp::now(),
            event_items: Vec::new(),
            event_properties: None,
        }
    }

    /// Sets when it happened.
    #[must_use]
    pub fn at(mut self, time: impl Into<Timestamp>) -> Self {
        self.event_datetime = time.into();
        self
    }

    /// Sets the id, for instance one derived from an order number, so that a second load uses it again.
    #[must_use]
    pub fn id(mut self, id: uuid::Uuid) -> Self {
        self.event_log_id = id;
        self
    }

    /// Sets a property.
    #[must_use]
    pub fn property(mut self, name: impl Into<String>, value: impl Into<PropertyValue>) -> Self {
        self.event_properties.get_or_insert_default().insert(name, value);
        self
    }

    /// Adds an item, such as a product of an order.
    #[must_use]
    pub fn item(mut self, item: impl Into<Properties>) -> Self {
        self.event_items.push(item.into());
        self
    }
}
