//! The Export API: which columns and rows an export has.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    ops::Range,
    sync::Arc,
};

use jiff::{civil::Date, tz::Offset};

use super::{
    csv::{Cell, Column, Csv, EventRow, Rows},
    ledger::EventRecord,
    settings::{DayZone, ExportTime, ItemRows, Settings},
    store::Store,
};
use dfinery::{
    ExportCode,
    tables::PropertyType,
    taxonomy,
    types::export::{ConditionType, ExportEventsRequest, ExportUserProfilesRequest},
};

/// Why there is no CSV.
pub(crate) type Refusal = (ExportCode, String);

/// Extracts events.
pub(crate) fn events(store: &Store, settings: &Settings, request: &ExportEventsRequest) -> Result<Csv, Refusal> {
    let days = days(settings, request)?;
    let columns = event_columns(store, settings, request);
    if let Some(bytes) = settings.synthetic_export_bytes {
        return Ok(Csv::synthetic(columns, bytes, settings));
    }
    let wanted = Filter::new(Some(request.events_condition_type), &request.events);
    let is_row = |record: &EventRecord| {
        let time = match settings.export_time {
            ExportTime::Event => record.event.event_datetime,
            ExportTime::Server => record.received,
        };
        record.stored && wanted.allows(&record.event.event_name) && days.contains(&time.to_jiff())
    };
    let mut rows = Vec::new();
    for record in store.events().iter().filter(|record| is_row(record)) {
        let Some(profile) = store.profile(record.owner) else {
            continue;
        };
        if profile.deleted && !settings.deletion_keeps_events {
            continue;
        }
        let row = |item| EventRow {
            unified_id: profile.unified_id,
            record: Arc::clone(record),
            item,
        };
        match settings.item_rows {
            ItemRows::Separate if !record.event.event_items.is_empty() => {
                rows.extend((0..record.event.event_items.len()).map(|item| row(Some(item))));
            }
            ItemRows::Separate | ItemRows::Joined => rows.push(row(None)),
        }
    }
    Ok(Csv::new(columns, Rows::Events(rows.into()), settings))
}

/// Extracts user profiles.
pub(crate) fn user_profiles(
    store: &Store,
    settings: &Settings,
    request: &ExportUserProfilesRequest,
) -> Result<Csv, Refusal> {
    let audience = match &request.audience {
        None => None,
        Some(id) => match settings.audiences.get(id) {
            Some(members) => Some(members),
            None => return Err(invalid(&"audience is not known")),
        },
    };
    let columns = profile_columns(store, settings, request);
    if let Some(bytes) = settings.synthetic_export_bytes {
        return Ok(Csv::synthetic(columns, bytes, settings));
    }
    let rows = store.profiles().filter(|profile| {
        let external_id = profile.identity.external_id.as_ref();
        !profile.deleted && audience.is_none_or(|members| external_id.is_some_and(|id| members.contains(id)))
    });
    Ok(Csv::new(columns, Rows::Profiles(rows.cloned().collect()), settings))
}

/// From the start of the first day until the first moment after the last day.
fn days(settings: &Settings, request: &ExportEventsRequest) -> Result<Range<jiff::Timestamp>, Refusal> {
    request.validate().map_err(|violations| invalid(&violations))?;
    let offset = match settings.day_zone {
        DayZone::Utc => Offset::UTC,
        DayZone::Kst => Offset::constant(9),
    };
    let today = offset.to_datetime(settings.clock.now().to_jiff()).date();
    let age = (today - request.from_date).get_days();
    if age > ExportEventsRequest::FROM_DATE_MAX_AGE_DAYS {
        return Err((ExportCode::ExceedDateRangeLimit, format!("from_date is {age} days ago")));
    }
    let end = if settings.to_date_inclusive {
        request.to_date.tomorrow()
    } else {
        Ok(request.to_date)
    };
    let midnight = |day: Date| offset.to_timestamp(day.at(0, 0, 0, 0));
    let from = midnight(request.from_date).map_err(|error| invalid(&error))?;
    let until = end.and_then(midnight).map_err(|error| invalid(&error))?;
    Ok(from..until)
}

fn invalid(reason: &dyn Display) -> Refusal {
    (ExportCode::InvalidParameter, reason.to_string())
}

/// A condition and its list. A missing list means no restriction, as the documentation says.
struct Filter<'a> {
    condition: ConditionType,
    names: &'a [String],
}

impl<'a> Filter<'a> {
    fn new(condition: Option<ConditionType>, names: &'a [String]) -> Self {
        Self {
            condition: condition.unwrap_or(ConditionType::All),
            names,
        }
    }

    fn allows(&self, name: &str) -> bool {
        let listed = || self.names.iter().any(|listed| listed == name);
        match self.condition {
            ConditionType::All => true,
            ConditionType::Include => self.names.is_empty() || listed(),
            ConditionType::Exclude => !listed(),
        }
    }
}

/// Properties and items in the order of their names, then the columns that are always included.
fn event_columns(store: &Store, settings: &Settings, request: &ExportEventsRequest) -> Vec<Column> {
    let mut properties = property_columns(settings.taxonomy.event_columns(), &store.seen().events);
    let items = property_columns(settings.taxonomy.item_columns(), &store.seen().items);
    properties.extend(items.into_iter().map(|column| Column {
        name: format!("{}{}", taxonomy::ITEM_COLUMN_PREFIX, column.name),
        cell: Cell::Item(column.name),
        ..column
    }));
    let wanted = Filter::new(request.properties_condition_type, &request.properties);
    properties.retain(|column| wanted.allows(&column.name));
    let system = system_columns().filter(|column| !matches!(column.cell, Cell::ExternalId));
    in_order(properties, system, settings)
}

fn profile_columns(store: &Store, settings: &Settings, request: &ExportUserProfilesRequest) -> Vec<Column> {
    let mut properties = property_columns(settings.taxonomy.user_columns(), &store.seen().users);
    let wanted = Filter::new(Some(request.properties_condition_type), &request.properties);
    properties.retain(|column| wanted.allows(&column.name));
    let identities = Filter::new(request.identities_condition_type, &request.identities);
    let system = system_columns().filter(|column| match column.cell {
        Cell::UnifiedId => true,
        // It is undocumented whether the list names the column or the identifier: both count.
        Cell::ExternalId => match identities.condition {
            ConditionType::Exclude => [EXTERNAL_ID, &column.name].iter().all(|name| identities.allows(name)),
            ConditionType::All | ConditionType::Include => {
                [EXTERNAL_ID, &column.name].iter().any(|name| identities.allows(name))
            }
        },
        _ => false,
    });
    in_order(properties, system, settings)
}

/// The only identifier that exports know.
const EXTERNAL_ID: &str = "external_id";

fn in_order(properties: Vec<Column>, system: impl Iterator<Item = Column>, settings: &Settings) -> Vec<Column> {
    if settings.system_columns_first {
        system.chain(properties).collect()
    } else {
        properties.into_iter().chain(system).collect()
    }
}

fn property_columns<'a>(
    registered: impl Iterator<Item = (&'a str, PropertyType)>,
    seen: &'a BTreeSet<String>,
) -> Vec<Column> {
    let mut columns: BTreeMap<&str, PropertyType> =
        seen.iter().map(|name| (name.as_str(), PropertyType::String)).collect();
    columns.extend(registered);
    columns
        .into_iter()
        .map(|(name, property_type)| Column {
            name: name.to_owned(),
            cell: Cell::Property,
            sample: sample(property_type),
        })
        .collect()
}

fn system_columns() -> impl Iterator<Item = Column> {
    taxonomy::SYSTEM_COLUMNS.iter().map(|column| {
        let (cell, sample) = match column.name {
            "df_unified_id" => (Cell::UnifiedId, ""),
            "df_external_id" => (Cell::ExternalId, "user"),
            "df_api_version" => (Cell::ApiVersion, "v1"),
            "event_name" => (Cell::EventName, "df_purchase"),
            "df_server_datetime" => (Cell::ServerTime, SAMPLE_TIME),
            "df_correction_datetime" => (Cell::EventTime, SAMPLE_TIME),
            _ => (Cell::Empty, ""),
        };
        Column {
            name: column.name.to_owned(),
            cell,
            sample,
        }
    })
}

const SAMPLE_TIME: &str = "2024-12-05T00:00:00.000Z";

const fn sample(property_type: PropertyType) -> &'static str {
    match property_type {
        PropertyType::String => "text, with a comma",
        PropertyType::Long => "7",
        PropertyType::Double => "12.5",
        PropertyType::Boolean => "true",
        PropertyType::Datetime => SAMPLE_TIME,
        PropertyType::Date => "2024-12-05",
        PropertyType::StringArray => "[\"a\",\"b\"]",
        PropertyType::LongArray => "[1,2]",
        PropertyType::DoubleArray => "[0.5,1.5]",
        PropertyType::Items => "",
    }
}
