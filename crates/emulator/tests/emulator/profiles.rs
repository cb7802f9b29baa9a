//! Users: who is who, what is known of them, and what deleting one does.

use std::collections::BTreeSet;

use dfinery::{ImportCode, Operation};
use dfinery_emulator::{Emulator, NullProperty, ProfileUpdate, UnknownIdentity};
use serde_json::json;
use uuid::Uuid;

use crate::{
    requests::{delete, export, export_profiles, identify, login, profile, valid},
    start,
};

#[tokio::test]
async fn unknown_users_are_created_or_refused() {
    let strict = start(|settings| {
        settings.unknown_identity = UnknownIdentity::Refuse;
        settings.unknown_deletion_succeeds = false;
    })
    .await;
    let lenient = Emulator::start().await.unwrap();
    let operations = [
        Operation::LoadEvents,
        Operation::UpsertUserProfile,
        Operation::DeleteIdentity,
    ];
    for operation in operations {
        assert_eq!(valid(&strict, operation).code().await, ImportCode::ValidationFailure);
        assert_eq!(valid(&lenient, operation).code().await, ImportCode::Ok);
    }
    assert_eq!(
        (strict.ledger().profiles().len(), lenient.ledger().profiles().len()),
        (0, 1)
    );
    assert_eq!(valid(&strict, Operation::UpsertIdentity).code().await, ImportCode::Ok);
    for operation in operations {
        assert_eq!(valid(&strict, operation).code().await, ImportCode::Ok);
    }
    assert_eq!(login(&strict).code().await, ImportCode::ValidationFailure, "deleted");
}

#[tokio::test]
async fn user_properties_are_merged_replaced_and_cleared_as_set() {
    for (update, null, expected) in [
        (ProfileUpdate::Merge, NullProperty::Clear, ["", "VIP", "false"]),
        (ProfileUpdate::Merge, NullProperty::Ignore, ["Female", "VIP", "false"]),
        (ProfileUpdate::Replace, NullProperty::Clear, ["", "", "false"]),
    ] {
        let emulator = start(|settings| {
            settings.profile_update = update;
            settings.null_property = null;
        })
        .await;
        let first = json!({ "df_gender": "Female", "df_membership": "VIP", "df_push_ads_optin": true });
        let second = json!({ "df_gender": null, "df_push_ads_optin": false });
        assert_eq!(profile(&emulator, "u", &first).code().await, ImportCode::Ok);
        assert_eq!(profile(&emulator, "u", &second).code().await, ImportCode::Ok);
        let csv = export_profiles(&emulator).send().await;
        let values = ["df_gender", "df_membership", "df_push_ads_optin"].map(|name| csv.column(name).join(","));
        assert_eq!(values, expected, "{update:?} {null:?}");
    }
}

#[tokio::test]
async fn users_who_share_an_identifier_become_one() {
    let emulator = Emulator::start().await.unwrap();
    login(&emulator).send().await;
    identify(&emulator, &json!({ "email": "kim@example.com" })).send().await;
    let two = export_profiles(&emulator).send().await.column("df_unified_id");
    assert_eq!(two.iter().collect::<BTreeSet<_>>().len(), 2);
    assert!(two.iter().all(|id| id.parse::<Uuid>().is_ok()), "{two:?}");

    let both = json!({ "external_id": "u-1", "email": "kim@example.com" });
    identify(&emulator, &both).send().await;
    let one = export_profiles(&emulator).send().await;
    assert_eq!(one.column("df_unified_id"), two[..1]);
    assert_eq!(one.column("df_external_id"), ["u-1"]);
    assert_eq!(export(&emulator).send().await.column("df_unified_id"), two[..1]);
}

#[tokio::test]
async fn a_deleted_user_leaves_and_the_events_stay_or_go() {
    let emulator = Emulator::start().await.unwrap();
    login(&emulator).send().await;
    assert_eq!(delete(&emulator, "u-1").code().await, ImportCode::Ok);
    assert_eq!(export_profiles(&emulator).send().await.rows().len(), 0);
    assert_eq!(export(&emulator).send().await.rows().len(), 1);
    emulator.settings(|settings| settings.deletion_keeps_events = false);
    assert_eq!(export(&emulator).send().await.rows().len(), 0);
    let ledger = emulator.ledger();
    assert_eq!(ledger.profiles().filter(|profile| profile.deleted).count(), 1);
    assert_eq!(ledger.events_stored(), 1, "the ledger forgets nothing");
}
