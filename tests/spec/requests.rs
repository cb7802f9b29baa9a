//! `validate()` takes a request if and only if the schema and the rules beside it do.

use std::{cell::Cell, collections::BTreeSet, fmt::Debug};

use dfinery::{
    Event, Identity, Operation, Violations,
    types::{
        export::{ExportEventsRequest, ExportUserProfilesRequest},
        import::{
            DeleteIdentityRequest, EventsCommon, ExternalIdentity, LoadEventsRequest, UpsertIdentityRequest,
            UpsertUserProfileRequest,
        },
    },
};
use proptest::{
    prop_assert_eq,
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    document::{keeps_rules, request_schema, validator},
    values,
};

#[test]
fn what_breaks_the_schema_is_refused_and_nothing_else() {
    for &operation in Operation::ALL {
        match operation {
            Operation::LoadEvents => both_ways(operation, values::load_events(), LoadEventsRequest::validate),
            Operation::UpsertIdentity => {
                both_ways(operation, values::upsert_identity(), UpsertIdentityRequest::validate);
            }
            Operation::DeleteIdentity => {
                both_ways(operation, values::delete_identity(), DeleteIdentityRequest::validate);
            }
            Operation::UpsertUserProfile => {
                both_ways(
                    operation,
                    values::upsert_user_profile(),
                    UpsertUserProfileRequest::validate,
                );
            }
            Operation::ExportEvents => both_ways(operation, values::export_events(), ExportEventsRequest::validate),
            Operation::ExportUserProfiles => {
                let validate = ExportUserProfilesRequest::validate;
                let (_, refused) = seen(operation, values::export_user_profiles(), validate);
                assert_eq!(refused, 0, "its type leaves nothing to check");
            }
        }
    }
}

#[test]
fn fields_are_named_as_they_are_written() {
    let named = |schema: &Value| {
        let properties = schema["properties"].as_object().unwrap();
        properties.keys().cloned().collect::<BTreeSet<_>>()
    };
    let written = |fields: &[&str]| {
        let owned = fields.iter().map(|&name| name.to_owned());
        owned.collect::<BTreeSet<_>>()
    };
    let load = request_schema(Operation::LoadEvents);
    assert_eq!(written(&Event::FIELDS), named(&load["properties"]["events"]["items"]));
    let common = &load["properties"]["common"];
    assert_eq!(written(&EventsCommon::FIELDS), named(common));
    assert_eq!(written(&Identity::FIELDS), named(&common["properties"]["identity"]));
    let delete = request_schema(Operation::DeleteIdentity);
    assert_eq!(
        written(&ExternalIdentity::FIELDS),
        named(&delete["properties"]["identity"])
    );
    for &operation in Operation::ALL {
        let fields = match operation {
            Operation::LoadEvents => &LoadEventsRequest::FIELDS[..],
            Operation::UpsertIdentity => &UpsertIdentityRequest::FIELDS,
            Operation::DeleteIdentity => &DeleteIdentityRequest::FIELDS,
            Operation::UpsertUserProfile => &UpsertUserProfileRequest::FIELDS,
            Operation::ExportEvents => &ExportEventsRequest::FIELDS,
            Operation::ExportUserProfiles => &ExportUserProfilesRequest::FIELDS,
        };
        assert_eq!(written(fields), named(request_schema(operation)), "{operation}");
    }
}

#[test]
fn the_values_of_an_identity_are_those_of_its_fields() {
    let values = Identity::FIELDS.map(|name| Some(format!("the {name}")));
    let identity = Identity::from_values(values.clone());
    let json = serde_json::to_value(&identity).unwrap();
    for name in Identity::FIELDS {
        assert_eq!(json[name], format!("the {name}"));
    }
    assert_eq!(identity.values().map(|value| value.map(str::to_owned)), values);
    assert_eq!(Identity::new().values(), [None; Identity::FIELDS.len()]);
}

/// The test of a request whose type lets wrong values through, of which it must meet right and wrong ones.
fn both_ways<T: Serialize + DeserializeOwned + Debug>(
    operation: Operation,
    values: impl Strategy<Value = T>,
    validate: fn(&T) -> Result<(), Violations>,
) {
    let (accepted, refused) = seen(operation, values, validate);
    assert!(
        accepted > 0 && refused > 0,
        "{operation}: {accepted} right, {refused} wrong"
    );
}

fn seen<T: Serialize + DeserializeOwned + Debug>(
    operation: Operation,
    values: impl Strategy<Value = T>,
    validate: fn(&T) -> Result<(), Violations>,
) -> (u32, u32) {
    let schema = request_schema(operation);
    let validator = validator(schema);
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    let config = Config {
        cases: 512,
        failure_persistence: None,
        ..Config::default()
    };
    let checked = TestRunner::new(config).run(&values, |request| {
        let json = serde_json::to_value(&request).unwrap();
        let fault = validator.iter_errors(&json).next().map(|error| error.to_string());
        let verdict = validate(&request);
        let fits = fault.is_none() && keeps_rules(schema, &json);
        prop_assert_eq!(verdict.is_ok(), fits, "{:?}, {:?}: {}", verdict, fault, json);
        let read: T = serde_json::from_value(json.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(&read).unwrap(), json);
        let count = if fits { &accepted } else { &refused };
        count.set(count.get() + 1);
        Ok(())
    });
    checked.unwrap_or_else(|problem| panic!("{operation}: {problem}"));
    (accepted.get(), refused.get())
}
