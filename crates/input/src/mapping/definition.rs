//! What a mapping says.

use dfinery::{Identity, tables::PropertyType};
use dfinery_records::{Section, Taxonomy};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    properties::PropertySources,
    source::{self, Source},
    types::Type,
};
use crate::{error::InputError, table::Layout};

/// How the columns of a table become records: which column is which property, and how its cells are written.
///
/// Its keys are described in `schemas/mapping.schema.json`. One row becomes one record: an event if `event` is given, a
/// profile if `user_properties` are, and otherwise an identity.
///
/// ```
/// # fn main() -> Result<(), dfinery_input::InputError> {
/// let mapping = dfinery_input::Mapping::from_yaml(r#"
/// timezone: Asia/Seoul
/// event: df_purchase
/// identity:
///   external_id: 회원번호
///   phone_no: {column: 휴대폰, type: phone}
/// event_datetime: {column: 결제일시, format: "%Y-%m-%d %H:%M:%S"}
/// event_properties:
///   df_order_id: 주문번호
///   df_total_purchase_amount: {column: 합계, type: double, thousands: ","}
///   pos_store: {constant: 강남점}
/// event_items:
///   - df_item_id: 상품코드
///     df_quantity: {column: 수량, type: long}
/// "#)?;
/// # Ok(())
/// # }
/// ```
/// `Serialize` writes its contents, always in the same form and without comments, so that mappings can be compared over
/// time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Mapping {
    pub(super) definition: Definition,
}

impl Mapping {
    /// Reads a mapping from YAML.
    ///
    /// # Errors
    /// Names the line and what is wrong with it: a key or a type that does not exist, keys that do not go together, a
    /// format of times that cannot be read, or times that need a time zone where none is given.
    pub fn from_yaml(text: &str) -> Result<Self, InputError> {
        let definition: Definition =
            serde_saphyr::from_str_with_options(text, yaml_options()).map_err(|error| unreadable(&error))?;
        definition
            .check()
            .map_err(|problem| InputError::new("the mapping", problem))?;
        Ok(Self { definition })
    }

    /// The properties whose type a taxonomy decides, in the order of the mapping, with the type that this one gives them: those
    /// without a type in the mapping, and times, which are written in one form. Without a type they are texts.
    #[must_use]
    pub fn types_from(&self, taxonomy: &Taxonomy) -> Vec<(Section, &str, Option<PropertyType>)> {
        let Definition {
            event_properties,
            event_items,
            user_properties,
            ..
        } = &self.definition;
        let items = event_items.iter().flatten().map(|item| (Section::Item, item));
        let sections = (event_properties.iter().map(|entries| (Section::Event, entries)))
            .chain(items)
            .chain(user_properties.iter().map(|entries| (Section::User, entries)));
        sections
            .flat_map(|(section, entries)| entries.iter().map(move |(name, source)| (section, name, source)))
            .map(|(section, name, source)| (section, name, source, taxonomy.property_type(section, name)))
            .filter(|(.., source, property_type)| {
                let is_open = matches!(source, Source::Column(column) if column.kind.is_none());
                is_open || *property_type == Some(PropertyType::Datetime)
            })
            .map(|(section, name, _, property_type)| (section, name, property_type))
            .collect()
    }

    /// The names of the columns that it uses.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.definition.columns()
    }

    /// How the table is written, as far as the mapping says.
    pub(crate) fn layout(&self) -> Layout {
        let Definition {
            delimiter,
            escape,
            short_rows,
            skip_top,
            skip_bottom,
            ..
        } = &self.definition;
        Layout {
            delimiter: delimiter.map(|delimiter| delimiter.0),
            escape: escape.map(|escape| escape.0),
            short_rows: *short_rows,
            skip_top: usize::from(*skip_top),
            skip_bottom: usize::from(*skip_bottom),
        }
    }
}

/// The parser's error in the words of this crate.
fn unreadable(error: &serde_saphyr::Error) -> InputError {
    let said = error.without_snippet().to_string();
    let said = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(problem, _)| problem);
    let said = said
        .split_once(", set DuplicateKeyPolicy")
        .map_or(said, |(problem, _)| problem);
    let problem = said
        .replace("unknown field", "unknown key")
        .replace("missing field", "missing key")
        .replace("unknown variant", "unknown value");
    match error.location() {
        Some(place) => InputError::at_line("the mapping", place.line(), problem),
        None => InputError::new("the mapping", problem),
    }
}

/// YAML 1.2, where `Y` is a text and not true, and `010` is not a number.
fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        with_snippet: false,
    }
}

/// What a mapping says.
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
    #[serde(
        default,
        deserialize_with = "time_zone",
        serialize_with = "name_of_zone",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) timezone: Option<TimeZone>,
    pub(super) identity: PropertySources,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<EventName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_datetime: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_log_id: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_properties: Option<PropertySources>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_items: Option<Vec<PropertySources>>,
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
pub(super) struct Delimiter(u8);

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
pub(super) struct Escape(u8);

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

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[allow(clippy::ref_option, reason = "as serde calls it")]
fn name_of_zone<S: Serializer>(zone: &Option<TimeZone>, serializer: S) -> Result<S::Ok, S::Error> {
    zone.as_ref().and_then(TimeZone::iana_name).serialize(serializer)
}

fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TimeZone>, D::Error> {
    let name = String::deserialize(deserializer)?;
    TimeZone::get(&name)
        .map(Some)
        .map_err(|_| de::Error::custom("timezone: no such time zone; give a name such as Asia/Seoul"))
}

impl Definition {
    fn check(&self) -> Result<(), String> {
        self.check_keys()?;
        let zone = self.timezone.as_ref();
        for (name, source) in self.identity.iter() {
            if !Identity::FIELDS.contains(&name) {
                return Err(format!(
                    "identity.{name}: no such identifier; there are {}",
                    Identity::FIELDS.join(", ")
                ));
            }
            source
                .check_identifier()
                .map_err(|problem| format!("identity.{name}: {problem}"))?;
        }
        let times = [
            ("event_datetime", &self.event_datetime),
            ("request_datetime", &self.request_datetime),
        ];
        for (name, source) in times
            .into_iter()
            .filter_map(|(name, source)| Some((name, source.as_ref()?)))
        {
            source
                .check_unlisted(Type::Datetime, zone)
                .map_err(|problem| format!("{name}: {problem}"))?;
        }
        if let Some(source) = &self.event_log_id {
            source
                .check_unlisted(Type::String, zone)
                .map_err(|problem| format!("event_log_id: {problem}"))?;
        }
        if let Some(EventName(source)) = &self.event {
            source
                .check_as(Type::String, zone)
                .map_err(|problem| format!("event: {problem}"))?;
        }
        let items = self.event_items.iter().flatten().map(|item| ("event_items", item));
        let properties = [
            ("event_properties", &self.event_properties),
            ("user_properties", &self.user_properties),
        ];
        let properties = properties
            .into_iter()
            .filter_map(|(name, entries)| Some((name, entries.as_ref()?)));
        for (section, entries) in properties.chain(items) {
            for (name, source) in entries.iter() {
                source
                    .check(zone)
                    .map_err(|problem| format!("{section}.{name}: {problem}"))?;
            }
        }
        Ok(())
    }

    /// Checks which keys may be combined.
    fn check_keys(&self) -> Result<(), String> {
        let is_delimiter = |escape: &Escape| self.delimiter.is_some_and(|delimiter| delimiter.0 == escape.0);
        if self.escape.as_ref().is_some_and(is_delimiter) {
            return Err("escape and delimiter must be different characters".to_owned());
        }
        if self.identity.iter().next().is_none() {
            return Err(format!(
                "identity: give at least one of {}",
                Identity::FIELDS.join(", ")
            ));
        }
        if self.event.is_some() {
            if self.user_properties.is_some() || self.request_datetime.is_some() {
                return Err(
                    "an event has neither user_properties nor request_datetime: write a mapping for each".to_owned(),
                );
            }
            if self.event_datetime.is_none() {
                return Err("event_datetime is missing: an event needs the time at which it happened".to_owned());
            }
        } else {
            let of_events = [
                ("event_datetime", self.event_datetime.is_some()),
                ("event_log_id", self.event_log_id.is_some()),
                ("event_properties", self.event_properties.is_some()),
                ("event_items", self.event_items.is_some()),
            ];
            if let Some((name, _)) = of_events.iter().find(|(_, is_there)| *is_there) {
                return Err(format!(
                    "event is missing: {name} belongs to an event, which needs a name"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
