//! A mapping, read from YAML.

use dfinery::{Identity, tables::PropertyType};
use dfinery_records::{Section, Taxonomy, YamlError, YamlKind, read_yaml};
use serde::Serialize;

#[cfg(feature = "spreadsheet")]
use super::sheet_choice::SheetChoice;
use super::{
    definition::Definition,
    lines::{line_of_column, line_of_key},
    source::Source,
};
use crate::{error::InputError, table::Layout};

/// How the columns of a table become records: which column is which property, and how its cells are written.
///
/// One row becomes one record: an event if `event` is given, a profile if `user_properties` are, and otherwise an identity.
/// `schemas/mapping.schema.json` and `docs/mapping.md` describe the keys:
///
/// * of the table: `delimiter`, `escape`, `short_rows`, `skip_top`, `skip_bottom`, `sheet`, `timezone` and `missing`, the texts
///   that mean an empty cell; `only_if` and `skip_if`, conditions on rows; `records`, a list of several records of a row;
///   `group_by`, the columns that are the same in all rows of one event, and `sort_by_group`, for rows that do not stand
///   together;
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
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Mapping {
    pub(super) definition: Definition,
    /// The name of its file, for messages.
    #[serde(skip)]
    name: Option<String>,
    /// The columns that it names, with their lines where these are known.
    #[serde(skip)]
    lines: Vec<(String, u64)>,
}

const KIND: YamlKind = YamlKind {
    name: "a mapping",
    example: "identity: {external_id: 회원번호}",
    other: ("a taxonomy", &["standard", "item_properties"]),
};

/// Mappings are equal if they say the same.
impl PartialEq for Mapping {
    fn eq(&self, other: &Self) -> bool {
        self.definition == other.definition
    }
}

impl Mapping {
    /// Reads a mapping from YAML.
    ///
    /// # Errors
    /// Names the line and what is wrong with it: a key or a type that does not exist, keys that do not go together, a
    /// format of times that cannot be read, or times that need a time zone where none is given.
    pub fn from_yaml(text: &str) -> Result<Self, InputError> {
        if is_without_content(text) {
            let problem = format!("it is empty: it may begin with `{}`", KIND.example);
            return Err(InputError::new(NAME, problem));
        }
        let definition: Definition = read_yaml(text, KIND).map_err(unreadable)?;
        definition
            .check()
            .map_err(|problem| match line_of_problem(text, &problem) {
                Some(line) => InputError::at_line(NAME, line, problem),
                None => InputError::new(NAME, problem),
            })?;
        let columns = definition.columns();
        let lines = columns.filter_map(|column| Some((column.to_owned(), line_of_column(text, column)?)));
        Ok(Self {
            lines: lines.collect(),
            name: None,
            definition,
        })
    }

    /// Names the file that it is from, for messages about an input that it does not fit.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Where it names a column, in a message.
    pub(crate) fn place_of(&self, column: &str) -> Option<String> {
        let name = self.name.as_deref()?;
        let line = self.lines.iter().find(|(named, _)| named == column);
        Some(match line {
            Some((_, line)) => format!("{name}, line {line}"),
            None => name.to_owned(),
        })
    }

    /// The properties whose type a taxonomy decides, in the order of the mapping, with the type that this one gives them: those
    /// without a type in the mapping, and times, which are written in one form. Without a type they are texts.
    #[must_use]
    pub fn types_from(&self, taxonomy: &Taxonomy) -> Vec<(Section, &str, Option<PropertyType>)> {
        let records = self.definition.records().iter();
        let sections = records.flat_map(|record| {
            let items = record.event_items.iter().flatten();
            let items = items.map(|item| (Section::Item, item.properties()));
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

    /// Which sheet of a workbook it is for.
    #[cfg(feature = "spreadsheet")]
    pub(crate) const fn sheet(&self) -> Option<&SheetChoice> {
        self.definition.sheet.as_ref()
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

const NAME: &str = "the mapping";

fn unreadable(error: YamlError) -> InputError {
    let unknown = error.problem.strip_prefix("unknown key `");
    let unknown = unknown.and_then(|rest| rest.split('`').next()).unwrap_or_default();
    let problem = if Identity::FIELDS.contains(&unknown) {
        format!("{unknown} belongs to identity: write it below that, further right, or identity: {{{unknown}: …}}")
    } else {
        error.problem
    };
    match error.line {
        0 => InputError::new(NAME, problem),
        line => InputError::at_line(NAME, line, problem),
    }
}

fn is_without_content(text: &str) -> bool {
    text.lines()
        .all(|line| line.trim().is_empty() || line.trim().starts_with('#'))
}

/// The line of the key with which a problem begins, such as `identity.external_id: …`.
fn line_of_problem(text: &str, problem: &str) -> Option<u64> {
    let problem = match problem.strip_prefix("records, number ") {
        Some(rest) => rest.split_once(": ")?.1,
        None => problem,
    };
    let (path, _) = problem.split_once(": ")?;
    if path.contains(' ') {
        return None;
    }
    line_of_key(text, path.split_once('.').map_or(path, |(_, name)| name))
}

#[cfg(test)]
mod tests;
