//! Requests that are right unless a test makes them wrong.

use dfinery::{Operation, Timestamp};
use dfinery_emulator::Emulator;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::wire::Call;

const TIME: &str = "2024-12-05T00:00:00Z";

pub fn event(name: &str) -> Value {
    json!({ "event_log_id": Uuid::new_v4(), "event_name": name, "event_datetime": Timestamp::now() })
}

pub fn id(event: &Value) -> Uuid {
    serde_json::from_value(event["event_log_id"].clone()).unwrap()
}

/// The event of a new member, which needs a text here.
pub fn sign_up(channel: impl Into<Value>) -> Value {
    let mut event = event("df_sign_up");
    event["event_properties"] = json!({ "df_sign_channel": channel.into() });
    event
}

pub fn item(price: impl Into<Value>) -> Value {
    json!({
        "df_item_id": "P-7",
        "df_item_name": "Tea, green",
        "df_price": price.into(),
        "df_quantity": 2,
        "df_discount": 0,
    })
}

/// The event of a cart, which needs items.
pub fn view_cart(items: &[Value]) -> Value {
    let mut event = event("df_view_cart");
    event["event_items"] = items.into();
    event
}

pub fn load(emulator: &Emulator, user: &str, events: &[Value]) -> Call {
    let body = json!({ "common": { "identity": { "external_id": user } }, "events": events });
    Call::new(emulator, Operation::LoadEvents, &body)
}

/// One event of user `u-1`.
pub fn login(emulator: &Emulator) -> Call {
    load(emulator, "u-1", &[event("df_login")])
}

pub fn identify(emulator: &Emulator, identity: &Value) -> Call {
    let body = json!({ "identity": identity, "request_datetime": TIME });
    Call::new(emulator, Operation::UpsertIdentity, &body)
}

pub fn delete(emulator: &Emulator, user: &str) -> Call {
    let body = json!({ "identity": { "external_id": user }, "request_datetime": TIME });
    Call::new(emulator, Operation::DeleteIdentity, &body)
}

pub fn profile(emulator: &Emulator, user: &str, properties: &Value) -> Call {
    let identity = json!({ "external_id": user });
    let body = json!({ "identity": identity, "user_properties": properties, "request_datetime": TIME });
    Call::new(emulator, Operation::UpsertUserProfile, &body)
}

/// An export of all events of today.
pub fn export(emulator: &Emulator) -> Call {
    export_with(emulator, json!({}))
}

/// An export of events of today, with some fields set otherwise.
pub fn export_with(emulator: &Emulator, fields: Value) -> Call {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let body = json!({ "events_condition_type": "all", "from_date": today, "to_date": today });
    Call::new(emulator, Operation::ExportEvents, &with(body, fields))
}

/// An export of the events of some days.
pub fn export_days(emulator: &Emulator, from: &str, to: &str) -> Call {
    export_with(emulator, json!({ "from_date": from, "to_date": to }))
}

/// An export of all user profiles.
pub fn export_profiles(emulator: &Emulator) -> Call {
    export_profiles_with(emulator, json!({}))
}

/// An export of user profiles, with some fields set otherwise.
pub fn export_profiles_with(emulator: &Emulator, fields: Value) -> Call {
    let body = json!({ "properties_condition_type": "all" });
    Call::new(emulator, Operation::ExportUserProfiles, &with(body, fields))
}

/// A request that succeeds, for every operation.
pub fn valid(emulator: &Emulator, operation: Operation) -> Call {
    match operation {
        Operation::LoadEvents => login(emulator),
        Operation::UpsertIdentity => identify(emulator, &json!({ "external_id": "u-1" })),
        Operation::DeleteIdentity => delete(emulator, "u-1"),
        Operation::UpsertUserProfile => profile(emulator, "u-1", &json!({ "df_gender": "Female" })),
        Operation::ExportEvents => export(emulator),
        Operation::ExportUserProfiles => export_profiles(emulator),
    }
}

fn with(mut body: Value, mut fields: Value) -> Value {
    body.as_object_mut().unwrap().append(fields.as_object_mut().unwrap());
    body
}
