//! A mapping, read from YAML.

use dfinery::tables::PropertyType;
use dfinery_records::{Section, Taxonomy};
use serde::Serialize;

use super::{definition::Definition, source::Source};
use crate::{error::InputError, table::Layout};

/// How the columns of a table become records: which column is which property, and how its cells are written.
///
/// One row becomes one record: an event if `event` is given, a profile if `user_properties` are, and otherwise an identity.
/// `schemas/mapping.schema.json` and `docs/mapping.md` describe the keys:
///
/// * of the table: `delimiter`, `escape`, `short_rows`, `skip_top`, `skip_bottom` and `timezone`; `only_if` and `skip_if`,
///   conditions on rows; `records`, a list of several records of a row; `group_by`, the columns that are the same in all
///   rows of one event, and `sort_by_group`, for rows that do not stand together;
/// * of a record: `identity`, `event`, `event_datetime`, `event_log_id`, `event_properties`, `event_items`,
///   `user_properties` and `request_datetime`, and within `records` its own `only_if` and `skip_if`;
/// * of a value: where it is from (`column`, `constant`, `join` and `with`, and with `group_by` also `first`, `last` and
///   `sum`), and how it is read (`type`, `format`, `thousands`, `true`, `false`, `separator`, `country`, `values`, `default`
///   and `empty`).
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
        let records = self.definition.records().iter();
        let sections = records.flat_map(|record| {
            let items = record.event_items.iter().flatten().map(|item| (Section::Item, item));
            (record.event_properties.iter().map(|entries| (Section::Event, entries)))
                .chain(items)
                .chain(record.user_properties.iter().map(|entries| (Section::User, entries)))
        });
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

    /// Whether the rows of a table are sorted by their groups first, so that no record is known before all of it was read.
    #[must_use]
    pub const fn sorts_by_group(&self) -> bool {
        self.definition.sort_by_group
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

#[cfg(test)]
mod tests;
