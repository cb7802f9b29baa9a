//! Every operation of the spec has a method of a client, and a route in the emulator.

use dfinery::{Event, EventQuery, Identity, Operation, Properties, UserProfileQuery};
use dfinery_emulator::{Answered, Emulator};

/// Calls the method for an operation. A new operation does not compile here until it has one.
async fn call(emulator: &Emulator, operation: Operation) -> Result<(), dfinery::Error> {
    let import = emulator.import_client().build()?;
    let export = emulator.export_client().build()?;
    let user = Identity::external_id("u-1");
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    match operation {
        Operation::LoadEvents => drop(import.load_events(&user, &[Event::new("df_login")]).await?),
        Operation::UpsertIdentity => drop(import.upsert_identity(&user).await?),
        Operation::DeleteIdentity => drop(import.delete_identity("u-1").await?),
        Operation::UpsertUserProfile => {
            let consent = Properties::new().with("df_push_ads_optin", true);
            drop(import.upsert_user_profile(&user, consent).await?);
        }
        Operation::ExportEvents => {
            let csv = export.events(&EventQuery::between(today, today)).await?;
            csv.bytes(usize::MAX).await?;
        }
        Operation::ExportUserProfiles => {
            let csv = export.user_profiles(&UserProfileQuery::all()).await?;
            csv.bytes(usize::MAX).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn each_is_called_by_its_method_and_served_by_its_route() {
    let emulator = Emulator::start().await.unwrap();
    for &operation in Operation::ALL {
        let before = emulator.ledger().all_requests().len();
        call(&emulator, operation)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let ledger = emulator.ledger();
        let [request] = &ledger.all_requests()[before..] else {
            panic!("{operation} is not one request");
        };
        // The emulator knows an operation by the method and the path that arrived.
        assert_eq!(request.operation, Some(operation));
        assert_eq!(
            (request.status, request.applied, request.answered),
            (Some(200), true, Answered::Completely),
            "{operation}"
        );
    }
}
