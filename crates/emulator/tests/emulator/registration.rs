//! What is registered, what becomes of what is not, and of the events beside it.

use dfinery::{ImportCode, tables::PropertyType};
use dfinery_emulator::{Batch, Duplicates, Emulator, Registered, Unregistered};
use serde_json::json;

use crate::{
    requests::{event, export, id, item, load, profile, sign_up, view_cart},
    start,
};

#[tokio::test]
async fn what_is_not_registered_is_refused_dropped_or_accepted() {
    for (unregistered, code, taken, stored) in [
        (Unregistered::Refuse, ImportCode::ValidationFailure, 0, 0),
        (Unregistered::DropSilently, ImportCode::Ok, 6, 1),
        (Unregistered::Accept, ImportCode::Ok, 6, 6),
    ] {
        let emulator = start(|settings| settings.unregistered = unregistered).await;
        for bad in [
            event("no_such_event"),
            sign_up(1),
            event("df_sign_up"),
            view_cart(&[json!({ "df_price": 1 })]),
        ] {
            assert_eq!(load(&emulator, "u", &[bad]).code().await, code, "{unregistered:?}");
        }
        let mixed = [event("no_such_event"), event("df_login")];
        assert_eq!(load(&emulator, "u", &mixed).code().await, code, "{unregistered:?}");
        let ledger = emulator.ledger();
        assert_eq!(
            (ledger.events().len(), ledger.events_stored()),
            (taken, stored),
            "{unregistered:?}"
        );
        assert_eq!(export(&emulator).send().await.rows().len(), stored);
    }
}

#[tokio::test]
async fn user_properties_are_checked_in_the_same_way() {
    for (unregistered, code, kept) in [
        (Unregistered::Refuse, ImportCode::ValidationFailure, &[][..]),
        (Unregistered::DropSilently, ImportCode::Ok, &["df_membership"]),
        (
            Unregistered::Accept,
            ImportCode::Ok,
            &["df_gender", "df_membership", "shoe_size"],
        ),
    ] {
        let emulator = start(|settings| settings.unregistered = unregistered).await;
        let properties = json!({ "df_gender": "female", "df_membership": "VIP", "shoe_size": 38 });
        assert_eq!(
            profile(&emulator, "u", &properties).code().await,
            code,
            "{unregistered:?}"
        );
        let ledger = emulator.ledger();
        let properties = ledger.profiles().flat_map(|profile| profile.properties.iter());
        let names: Vec<&str> = properties.map(|(name, _)| name).collect();
        assert_eq!(names, kept, "{unregistered:?}");
    }
}

#[tokio::test]
async fn custom_names_can_be_registered_and_needs_switched_off() {
    let taxonomy = Registered::standard()
        .event("store_visit")
        .event_property("floor", PropertyType::Long)
        .item_property("colour", PropertyType::String)
        .user_property("points", PropertyType::Double)
        .required("store_visit", "floor");
    let emulator = start(|settings| settings.taxonomy = taxonomy).await;
    let mut visit = event("store_visit");
    let call = load(&emulator, "u", &[visit.clone()]);
    assert_eq!(call.code().await, ImportCode::ValidationFailure);
    visit["event_properties"] = json!({ "floor": 3 });
    let mut cart = view_cart(&[item(1)]);
    cart["event_items"][0]["colour"] = json!("red");
    assert_eq!(load(&emulator, "u", &[visit, cart]).code().await, ImportCode::Ok);
    assert_eq!(
        profile(&emulator, "u", &json!({ "points": 3 })).code().await,
        ImportCode::Ok
    );
    let csv = export(&emulator).send().await;
    assert_eq!(csv.column("floor"), ["3", ""]);
    assert_eq!(csv.column("df_items_colour"), ["", "[\"red\"]"]);

    emulator.settings(|settings| settings.enforce_required = false);
    assert_eq!(call.code().await, ImportCode::Ok);
}

#[tokio::test]
async fn one_bad_event_has_the_effect_that_is_set() {
    for (batch, code, stored) in [
        (Batch::AllOrNothing, ImportCode::ValidationFailure, 0),
        (Batch::KeepGoodAndFail, ImportCode::ValidationFailure, 2),
        (Batch::KeepGoodAndSucceed, ImportCode::Ok, 2),
    ] {
        let emulator = start(|settings| settings.batch = batch).await;
        let events = [event("df_login"), event("no_such_event"), event("df_logout")];
        assert_eq!(load(&emulator, "u", &events).code().await, code, "{batch:?}");
        let ledger = emulator.ledger();
        let record = &ledger.all_requests()[0];
        assert_eq!((record.applied, record.events), (stored > 0, stored), "{batch:?}");
        assert_eq!(ledger.events_stored(), stored, "{batch:?}");
        let reason = "events[1]: event \"no_such_event\" is not registered";
        assert_eq!(record.reason.as_deref(), Some(reason), "{batch:?}");
        assert_eq!(ledger.profiles().len(), usize::from(stored > 0), "{batch:?}");

        assert_eq!(load(&emulator, "new", &events[1..2]).code().await, code, "{batch:?}");
        let ledger = emulator.ledger();
        let record = &ledger.all_requests()[1];
        assert_eq!(
            (record.applied, record.events),
            (false, 0),
            "{batch:?}: nothing good to keep"
        );
        assert_eq!(ledger.profiles().len(), usize::from(stored > 0), "{batch:?}");
    }
}

#[tokio::test]
async fn repeated_ids_are_on_record_and_stored_as_set() {
    for (duplicates, stored) in [(Duplicates::Keep, 4), (Duplicates::Drop, 3)] {
        let emulator = start(|settings| settings.duplicates = duplicates).await;
        let repeated = event("df_login");
        load(&emulator, "u-1", &[repeated.clone(), event("df_login")])
            .send()
            .await;
        load(&emulator, "u-2", &[event("df_logout"), repeated.clone()])
            .send()
            .await;
        let ledger = emulator.ledger();
        let counts = (ledger.events().len(), ledger.duplicates(), ledger.events_stored());
        assert_eq!(counts, (4, 1, stored), "{duplicates:?}");
        let times = ledger.times_taken();
        assert_eq!((times.len(), times[&id(&repeated)]), (3, 2));
        let of_repeated = ledger
            .events()
            .filter(|record| record.event.event_log_id == id(&repeated));
        let places: Vec<_> = of_repeated
            .map(|record| (record.request, record.position, record.identity.external_id.as_deref()))
            .collect();
        assert_eq!(places, [(0, 0, Some("u-1")), (1, 3, Some("u-2"))]);
        assert_eq!(export(&emulator).send().await.rows().len(), stored);
    }
}

#[tokio::test]
async fn a_ledger_is_a_snapshot_that_shows_events_as_they_were_sent() {
    let emulator = Emulator::start().await.unwrap();
    let before = emulator.ledger();
    let sent = sign_up("Kakao");
    load(&emulator, "u-1", std::slice::from_ref(&sent)).send().await;
    assert_eq!((before.events().len(), before.all_requests().len()), (0, 0));
    let ledger = emulator.ledger();
    let event = serde_json::to_value(&ledger.events().next().unwrap().event).unwrap();
    assert_eq!(event, sent);
    assert!(!format!("{ledger:?}").contains("Kakao"));
}
