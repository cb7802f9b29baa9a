//! The keys of a mapping.

use dfinery_records::no_such_zone;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    column::is_default,
    condition::Conditions,
    group_by::GroupBy,
    missing::Missing,
    properties::{ItemSources, PropertySources},
    sheet_choice::SheetChoice,
    source::{self, Source},
};

/// What a mapping says, or one of its records: that has no keys of the table, and no records.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delimiter: Option<Delimiter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) escape: Option<Escape>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) short_rows: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) skip_top: u8,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) skip_bottom: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sheet: Option<SheetChoice>,
    #[serde(
        default,
        deserialize_with = "time_zone",
        serialize_with = "name_of_zone",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) timezone: Option<TimeZone>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) missing: Option<Missing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) only_if: Option<Conditions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) skip_if: Option<Conditions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group_by: Option<GroupBy>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) sort_by_group: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) records: Option<Vec<Definition>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identity: Option<PropertySources>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<EventName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_datetime: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_log_id: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_properties: Option<PropertySources>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_items: Option<Vec<ItemSources>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_properties: Option<PropertySources>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_datetime: Option<Source>,
}

/// The name of an event: a constant if it is a text, taken from a cell if it is a map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct EventName(pub(super) Source);

impl<'de> Deserialize<'de> for EventName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        source::source(deserializer, source::Short::Constant).map(Self)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Delimiter(pub(super) u8);

impl<'de> Deserialize<'de> for Delimiter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // The second byte of a character of CP949 may be a letter.
        match text.as_bytes() {
            [byte] if *byte == b'\t' || (byte.is_ascii_punctuation() && *byte != b'"') => Ok(Self(*byte)),
            _ => Err(de::Error::custom(
                "delimiter: must be one ASCII punctuation character or a tab, and no quote",
            )),
        }
    }
}

/// The character that takes the meaning from the one that follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Escape(pub(super) u8);

impl<'de> Deserialize<'de> for Escape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_bytes() {
            [byte] if byte.is_ascii_punctuation() && *byte != b'"' => Ok(Self(*byte)),
            _ => Err(de::Error::custom(
                r#"escape: must be one ASCII punctuation character, such as "\\", and no quote"#,
            )),
        }
    }
}

#[allow(clippy::ref_option, reason = "as serde calls it")]
fn name_of_zone<S: Serializer>(zone: &Option<TimeZone>, serializer: S) -> Result<S::Ok, S::Error> {
    zone.as_ref().and_then(TimeZone::iana_name).serialize(serializer)
}

fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TimeZone>, D::Error> {
    let name = String::deserialize(deserializer)?;
    TimeZone::get(&name)
        .map(Some)
        .map_err(|_| de::Error::custom(format_args!("timezone: {}", no_such_zone(&name))))
}

impl Definition {
    /// What becomes of a row: the definitions of its records.
    pub(super) fn records(&self) -> &[Self] {
        self.records.as_deref().unwrap_or(std::slice::from_ref(self))
    }

    /// The columns that are named, in order.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        let of_records = self.records().iter().flat_map(Self::columns_of_record);
        let conditions = self.records.is_some().then(|| self.columns_of_conditions());
        let key = self.group_by.iter().flat_map(|key| &key.0).map(String::as_str);
        of_records.chain(conditions.into_iter().flatten()).chain(key)
    }

    /// Where the values of a record come from, in order.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        let items = self.event_items.iter().flatten();
        self.sources_of_row()
            .chain(items.flat_map(|item| sources_in(item.properties())))
    }

    /// The same without those of items.
    fn sources_of_row(&self) -> impl Iterator<Item = &Source> {
        let single = [
            self.event.as_ref().map(|name| &name.0),
            self.event_datetime.as_ref(),
            self.event_log_id.as_ref(),
            self.request_datetime.as_ref(),
        ];
        let sections = [
            self.identity.as_ref(),
            self.event_properties.as_ref(),
            self.user_properties.as_ref(),
        ];
        let entries = sections.into_iter().flatten().flat_map(sources_in);
        single.into_iter().flatten().chain(entries)
    }

    fn columns_of_record(&self) -> impl Iterator<Item = &str> {
        let items = self.event_items.iter().flatten().flat_map(|items| {
            let (each, properties) = match items {
                ItemSources::Row(properties) => (None, Some(properties)),
                ItemSources::Each { each, .. } => (Some(each.as_str()), None),
            };
            let columns = properties.into_iter().flat_map(PropertySources::columns);
            each.into_iter().chain(columns)
        });
        self.sources_of_row()
            .flat_map(Source::columns)
            .chain(items)
            .chain(self.columns_of_conditions())
    }

    fn columns_of_conditions(&self) -> impl Iterator<Item = &str> {
        let conditions = [self.only_if.as_ref(), self.skip_if.as_ref()];
        conditions.into_iter().flatten().flat_map(Conditions::columns)
    }
}

fn sources_in(entries: &PropertySources) -> impl Iterator<Item = &Source> {
    entries.iter().map(|(_, source)| source)
}
