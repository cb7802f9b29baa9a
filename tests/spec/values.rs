//! Values of every request type, right and wrong ones about equally often.

use dfinery::{
    Event, Identity, Properties, PropertyValue, Timestamp,
    types::{
        export::{ConditionType, ExportEventsRequest, ExportUserProfilesRequest},
        import::{
            DeleteIdentityRequest, EventsCommon, ExternalIdentity, LoadEventsRequest, UpsertIdentityRequest,
            UpsertUserProfileRequest,
        },
    },
};
use proptest::{array::uniform, collection::vec, option::of, prelude::*, sample::select};
use uuid::Uuid;

pub fn load_events() -> impl Strategy<Value = LoadEventsRequest> {
    let events = prop_oneof![
        6 => vec(event(), 0..4),
        1 => (event(), 99..103_usize).prop_map(|(event, count)| vec![event; count]),
    ];
    (identity(), events).prop_map(|(identity, events)| LoadEventsRequest {
        common: EventsCommon { identity },
        events,
    })
}

pub fn upsert_identity() -> impl Strategy<Value = UpsertIdentityRequest> {
    (identity(), timestamp()).prop_map(|(identity, request_datetime)| UpsertIdentityRequest {
        identity,
        request_datetime,
    })
}

pub fn delete_identity() -> impl Strategy<Value = DeleteIdentityRequest> {
    (text(), timestamp()).prop_map(|(external_id, request_datetime)| DeleteIdentityRequest {
        identity: ExternalIdentity { external_id },
        request_datetime,
    })
}

pub fn upsert_user_profile() -> impl Strategy<Value = UpsertUserProfileRequest> {
    (identity(), properties(), timestamp()).prop_map(|(identity, user_properties, request_datetime)| {
        UpsertUserProfileRequest {
            identity,
            user_properties,
            request_datetime,
        }
    })
}

pub fn export_events() -> impl Strategy<Value = ExportEventsRequest> {
    (names(), condition(), names(), of(condition()), date(), date()).prop_map(
        |(events, events_condition_type, properties, properties_condition_type, from_date, to_date)| {
            ExportEventsRequest {
                events,
                events_condition_type,
                properties,
                properties_condition_type,
                from_date,
                to_date,
            }
        },
    )
}

pub fn export_user_profiles() -> impl Strategy<Value = ExportUserProfilesRequest> {
    (names(), condition(), names(), of(condition()), of(text())).prop_map(
        |(properties, properties_condition_type, identities, identities_condition_type, audience)| {
            ExportUserProfilesRequest {
                properties,
                properties_condition_type,
                identities,
                identities_condition_type,
                audience,
            }
        },
    )
}

fn identity() -> impl Strategy<Value = Identity> {
    uniform(of(text())).prop_map(Identity::from_values)
}

fn event() -> impl Strategy<Value = Event> {
    let items = prop_oneof![
        8 => vec(properties(), 0..3),
        1 => (properties(), select(vec![49_usize, 50, 51, 100, 101])).prop_map(|(item, count)| vec![item; count]),
    ];
    (any::<u128>(), text(), timestamp(), items, of(properties())).prop_map(
        |(id, event_name, event_datetime, event_items, event_properties)| Event {
            event_log_id: Uuid::from_u128(id),
            event_name,
            event_datetime,
            event_items,
            event_properties,
        },
    )
}

fn properties() -> impl Strategy<Value = Properties> {
    vec((text(), property_value()), 0..4).prop_map(Properties::from_iter)
}

/// NaN and infinity are not among them: JSON cannot write them. The tests of `PropertyValue` see that they are refused.
fn property_value() -> impl Strategy<Value = PropertyValue> {
    let number = || {
        prop_oneof![
            any::<f64>().prop_filter("finite", |number| number.is_finite()),
            Just(0.0),
            Just(1e300)
        ]
    };
    prop_oneof![
        Just(PropertyValue::Null),
        any::<bool>().prop_map(PropertyValue::Boolean),
        any::<i64>().prop_map(PropertyValue::Long),
        number().prop_map(PropertyValue::Double),
        "\\PC{0,8}".prop_map(PropertyValue::String),
        timestamp().prop_map(PropertyValue::Datetime),
        vec("\\PC{0,4}", 0..3).prop_map(PropertyValue::Strings),
        vec(any::<i64>(), 0..3).prop_map(PropertyValue::Longs),
        vec(number(), 0..3).prop_map(PropertyValue::Doubles),
    ]
}

/// A text, now and then an empty one.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![24 => "\\PC{1,8}", 1 => Just(String::new())]
}

fn names() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..3)
}

fn condition() -> impl Strategy<Value = ConditionType> {
    select(vec![ConditionType::All, ConditionType::Include, ConditionType::Exclude])
}

/// Any time of a year of four digits: RFC 3339 has no others.
fn timestamp() -> impl Strategy<Value = Timestamp> {
    let [first, last] = ["0000-01-01T00:00:00Z", "9999-12-30T00:00:00Z"].map(|time| {
        let time: Timestamp = time.parse().unwrap();
        time.to_jiff().as_millisecond()
    });
    (first..=last).prop_map(|time| jiff::Timestamp::from_millisecond(time).unwrap().into())
}

/// Days of so few years that the same one comes up twice.
fn date() -> impl Strategy<Value = jiff::civil::Date> {
    (2026_i16..2028, 1_i8..=2, 1_i8..=28).prop_map(|(year, month, day)| jiff::civil::date(year, month, day))
}
