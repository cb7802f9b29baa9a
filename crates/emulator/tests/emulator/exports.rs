//! CSVs: what comes out of what went in, and in which dress.

use std::collections::{BTreeSet, HashMap};

use dfinery::{ExportCode, ImportCode, Operation};
use dfinery_emulator::{DayZone, Emulator, ExportTime, Framing, ItemRows, LineEnding};
use serde_json::{Value, json};

use crate::{
    at,
    requests::{
        event, export, export_days, export_profiles, export_profiles_with, export_with, identify, item, load, profile,
        sign_up, view_cart,
    },
    start,
};

#[tokio::test]
async fn what_was_imported_comes_out_again() {
    let emulator = start(|settings| settings.clock = at("2024-12-05T12:00:10Z")).await;
    let mut purchase = view_cart(&[item(9_900), item(0.5)]);
    purchase["event_name"] = json!("df_purchase");
    purchase["event_datetime"] = json!("2024-12-05T09:00:00.5+09:00");
    purchase["event_properties"] = json!({
        "df_order_id": "A-1, \"최초\"",
        "df_payment_method": "카드",
        "df_total_purchase_amount": 19_800.0,
        "df_delivery_charge": 2_500,
    });
    assert_eq!(load(&emulator, "u-1", &[purchase]).code().await, ImportCode::Ok);
    let rows = export_days(&emulator, "2024-12-05", "2024-12-05").send().await.rows();
    assert_eq!(rows.len(), 1);
    for (column, value) in [
        ("event_name", "df_purchase"),
        ("df_order_id", "A-1, \"최초\""),
        ("df_payment_method", "카드"),
        ("df_total_purchase_amount", "19800.0"),
        ("df_delivery_charge", "2500"),
        ("df_discount", ""),
        ("df_items_df_price", "[9900,0.5]"),
        ("df_items_df_item_name", "[\"Tea, green\",\"Tea, green\"]"),
        ("df_items_df_category1", ""),
        ("df_server_datetime", "2024-12-05T12:00:10.000Z"),
        ("df_correction_datetime", "2024-12-05T00:00:00.500Z"),
    ] {
        assert_eq!(rows[0][column], value, "{column}");
    }
}

#[tokio::test]
async fn columns_are_properties_then_items_then_what_the_system_adds() {
    let emulator = Emulator::start().await.unwrap();
    let columns = export(&emulator).send().await.columns();
    let position = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let (items, system) = (position("df_items_df_category1"), position("df_unified_id"));
    assert!(
        columns[..items].is_sorted() && columns[items..system].is_sorted(),
        "{columns:?}"
    );
    assert!(columns[..items].contains(&"df_order_id".to_owned()), "{columns:?}");
    for (index, column) in columns[..system].iter().enumerate() {
        assert_eq!(column.starts_with("df_items_"), index >= items, "{column}");
    }
    let rest = [
        "df_unified_id",
        "df_api_version",
        "event_name",
        "df_server_datetime",
        "df_correction_datetime",
    ];
    assert_eq!(columns[system..], rest);

    emulator.settings(|settings| settings.system_columns_first = true);
    assert_eq!(export(&emulator).send().await.columns()[..rest.len()], rest);
}

#[tokio::test]
async fn events_are_chosen_by_name() {
    let emulator = Emulator::start().await.unwrap();
    let events = [event("df_login"), event("df_logout"), sign_up("Kakao")];
    load(&emulator, "u", &events).send().await;
    let names = async |condition: &str, events: Value| {
        let fields = json!({ "events_condition_type": condition, "events": events });
        export_with(&emulator, fields).send().await.column("event_name")
    };
    assert_eq!(
        names("all", json!(["df_login"])).await,
        ["df_login", "df_logout", "df_sign_up"]
    );
    assert_eq!(
        names("include", json!(["df_login", "df_sign_up"])).await,
        ["df_login", "df_sign_up"]
    );
    assert_eq!(names("exclude", json!(["df_login"])).await, ["df_logout", "df_sign_up"]);
    assert_eq!(
        names("include", json!([])).await,
        ["df_login", "df_logout", "df_sign_up"]
    );
    assert!(names("include", json!(["other"])).await.is_empty());
}

#[tokio::test]
async fn columns_are_chosen_by_name_but_never_those_of_the_system() {
    let emulator = Emulator::start().await.unwrap();
    let two = ["df_sign_channel", "df_items_df_price"];
    let columns = async |condition: &str| {
        let fields = json!({ "properties_condition_type": condition, "properties": two });
        export_with(&emulator, fields).send().await.columns()
    };
    let included = columns("include").await;
    assert_eq!(included[..3], ["df_sign_channel", "df_items_df_price", "df_unified_id"]);
    assert_eq!(included.len(), 2 + 5);
    let excluded = columns("exclude").await;
    let mut left_out = columns("all").await;
    left_out.retain(|column| !excluded.contains(column));
    assert_eq!(left_out, two);
}

#[tokio::test]
async fn days_are_those_of_the_zone_and_the_time_that_are_set() {
    let emulator = start(|settings| settings.clock = at("2024-12-05T16:00:00Z")).await;
    let events = ["04T14:59:59.999", "04T15:00:00", "05T00:00:00", "05T15:00:00"].map(|time| {
        let mut event = event("df_login");
        event["event_datetime"] = json!(format!("2024-12-{time}Z"));
        event
    });
    load(&emulator, "u", &events).send().await;
    let count = async |from: u8, to: u8| {
        let [from, to] = [from, to].map(|day| format!("2024-12-{day:02}"));
        export_days(&emulator, &from, &to).send().await.rows().len()
    };
    assert_eq!([count(5, 5).await, count(4, 5).await], [2, 4]);
    emulator.settings(|settings| settings.day_zone = DayZone::Kst);
    assert_eq!([count(5, 5).await, count(4, 5).await, count(6, 6).await], [2, 3, 1]);
    emulator.settings(|settings| settings.to_date_inclusive = false);
    assert_eq!([count(5, 5).await, count(5, 6).await], [0, 2]);
    emulator.settings(|settings| {
        settings.to_date_inclusive = true;
        settings.export_time = ExportTime::Server;
    });
    assert_eq!([count(5, 5).await, count(6, 6).await], [0, 4]);
}

#[tokio::test]
async fn dates_out_of_range_are_refused() {
    let emulator = start(|settings| settings.clock = at("2024-12-31T20:00:00Z")).await;
    let refusal = async |from: &str, to: &str| export_days(&emulator, from, to).failure().await;
    assert_eq!(
        refusal("2024-11-30", "2024-12-31").await,
        ExportCode::ExceedDateRangeLimit
    );
    assert_eq!(refusal("2024-12-05", "2024-12-04").await, ExportCode::InvalidParameter);
    assert_eq!(refusal("9999-12-31", "9999-12-31").await, ExportCode::InvalidParameter);

    let thirty_days = export_days(&emulator, "2024-12-01", "2024-12-31");
    assert_eq!(thirty_days.send().await.status, 200);
    emulator.settings(|settings| settings.day_zone = DayZone::Kst);
    assert_eq!(
        thirty_days.failure().await,
        ExportCode::ExceedDateRangeLimit,
        "it is January there"
    );

    let ledger = emulator.ledger();
    let applied = ledger.requests(Operation::ExportEvents).map(|record| record.applied);
    assert!(applied.eq([false, false, false, true, false]));
}

#[tokio::test]
async fn items_share_a_row_or_have_their_own() {
    let emulator = start(|settings| settings.item_rows = ItemRows::Separate).await;
    let events = [view_cart(&[item(1), item(2)]), event("df_login")];
    load(&emulator, "u", &events).send().await;
    let csv = export(&emulator).send().await;
    assert_eq!(csv.column("df_items_df_price"), ["1", "2", ""]);
    assert_eq!(csv.column("event_name"), ["df_view_cart", "df_view_cart", "df_login"]);
}

#[tokio::test]
async fn a_csv_comes_in_every_dress() {
    let emulator = Emulator::start().await.unwrap();
    load(&emulator, "u", &[event("df_login"), event("df_logout")])
        .send()
        .await;
    let plain = export(&emulator).send().await;
    assert_eq!(plain.header("transfer-encoding"), Some("chunked"));
    assert_eq!(
        (plain.text().matches('\n').count(), plain.text().matches('\r').count()),
        (3, 0)
    );

    for framing in [Framing::ContentLength, Framing::CloseDelimited] {
        emulator.settings(|settings| settings.csv_framing = framing);
        let reply = export(&emulator).send().await;
        assert_eq!(reply.text(), plain.text(), "{framing:?}");
        assert!(
            reply.complete && reply.header("transfer-encoding").is_none(),
            "{framing:?}"
        );
        let with_length = framing == Framing::ContentLength;
        assert_eq!(reply.header("content-length").is_some(), with_length, "{framing:?}");
        assert_eq!(reply.version, if with_length { "HTTP/1.1" } else { "HTTP/1.0" });
    }
    emulator.settings(|settings| {
        settings.csv_framing = Framing::ContentLength;
        settings.bom = true;
        settings.line_ending = LineEnding::CrLf;
    });
    for content_type in [None, Some("application/json"), Some("application/octet-stream")] {
        emulator.settings(|settings| settings.csv_content_type = content_type.map(str::to_owned));
        let reply = export(&emulator).send().await;
        assert_eq!((reply.header("content-type"), reply.complete), (content_type, true));
        let rest = reply.text().strip_prefix('\u{feff}').expect("a byte order mark");
        assert_eq!(rest.matches("\r\n").count(), 3);
        assert_eq!(rest.replace("\r\n", "\n"), plain.text());
    }
}

#[tokio::test]
async fn user_profiles_come_out_with_their_properties_and_external_id() {
    let emulator = Emulator::start().await.unwrap();
    for user in ["u-1", "u-2"] {
        let properties = json!({ "df_membership": user, "df_birth": "1999-01-01" });
        assert_eq!(profile(&emulator, user, &properties).code().await, ImportCode::Ok);
    }
    identify(&emulator, &json!({ "email": "kim@example.com" })).send().await;
    let csv = export_profiles(&emulator).send().await;
    assert_eq!(csv.column("df_membership"), ["u-1", "u-2", ""]);
    assert_eq!(csv.column("df_birth"), ["1999-01-01", "1999-01-01", ""]);
    assert_eq!(csv.column("df_external_id"), ["u-1", "u-2", ""]);
    let columns = csv.columns();
    let (properties, system) = columns.split_at(columns.len() - 2);
    assert!(properties.is_sorted());
    assert_eq!(system, ["df_unified_id", "df_external_id"]);

    for (condition, identities, external_id) in [
        ("all", json!([]), true),
        ("exclude", json!(["external_id"]), false),
        ("exclude", json!(["df_external_id"]), false),
        ("exclude", json!(["email"]), true),
        ("include", json!(["df_external_id"]), true),
        ("include", json!(["email"]), false),
    ] {
        let fields = json!({
            "properties": ["df_birth"],
            "properties_condition_type": "include",
            "identities": identities,
            "identities_condition_type": condition,
        });
        let columns = export_profiles_with(&emulator, fields).send().await.columns();
        let expected = ["df_birth", "df_unified_id", "df_external_id"];
        assert_eq!(
            columns,
            expected[..2 + usize::from(external_id)],
            "{condition} {identities}"
        );
    }
}

#[tokio::test]
async fn an_audience_chooses_users_and_an_unknown_one_is_refused() {
    let emulator = Emulator::start().await.unwrap();
    for user in ["u-1", "u-2", "u-3"] {
        identify(&emulator, &json!({ "external_id": user })).send().await;
    }
    let members = BTreeSet::from(["u-3".to_owned(), "u-1".to_owned()]);
    emulator.settings(|settings| settings.audiences = HashMap::from([("nwh3nu".to_owned(), members)]));
    let of_audience = |audience: &str| export_profiles_with(&emulator, json!({ "audience": audience }));
    assert_eq!(
        of_audience("nwh3nu").send().await.column("df_external_id"),
        ["u-1", "u-3"]
    );
    assert_eq!(of_audience("other").failure().await, ExportCode::InvalidParameter);
}

#[tokio::test]
async fn a_made_up_export_has_the_size_that_is_set() {
    const BYTES: usize = 3_000_000;
    let emulator = start(|settings| settings.synthetic_export_bytes = Some(BYTES as u64)).await;
    let mut sizes = BTreeSet::new();
    for framing in [Framing::Chunked, Framing::ContentLength] {
        emulator.settings(|settings| settings.csv_framing = framing);
        let csv = export(&emulator).send().await;
        assert!(csv.complete, "{framing:?}");
        assert!(
            (BYTES..BYTES + 1_000).contains(&csv.body.len()),
            "{framing:?}: {}",
            csv.body.len()
        );
        sizes.insert(csv.body.len());
        let ids = csv.column("df_unified_id");
        assert!(ids.len() > 5_000);
        assert_eq!(
            ids.iter().collect::<BTreeSet<_>>().len(),
            ids.len(),
            "each row is its own"
        );
    }
    assert_eq!(sizes.len(), 1);
    let profiles = export_profiles(&emulator).send().await;
    assert!(profiles.complete && profiles.body.len() >= BYTES);
}
