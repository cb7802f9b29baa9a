//! A mapping fitted to the header of a table.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::{
    column::Column,
    condition::Filter,
    definition::Definition,
    each::{Each, Items},
    group_by::Key,
    json_text::json_string,
    mapper::RowMapper,
    place::Place,
    properties::{ItemSources, PropertySources},
    record::{Cell, EventMembers, Member, RecordMapper, Value},
    source::Source,
    types::Type,
    value::CellReader,
    yaml::Mapping,
};
use crate::{fields::Fields, look};
use dfinery_records::{Accepts, RecordKind, Section, Taxonomy, nearest};

/// Fits a mapping to a header, with the types of the standard taxonomy if no other is given. An error says what does not fit.
pub(crate) fn fit(
    mapping: &Mapping,
    header: &[String],
    taxonomy: Option<&Taxonomy>,
    accepts: Accepts,
) -> Result<RowMapper, String> {
    let definition = &mapping.definition;
    let types = taxonomy.map_or_else(|| Cow::Owned(Taxonomy::standard()), Cow::Borrowed);
    let fit = Fit::new(mapping, header, &types)?;
    let mut records = Vec::new();
    for record in definition.records() {
        check_accepted(record, accepts)?;
        let filter = match &definition.records {
            Some(_) => fit.filter(record),
            None => Filter::default(),
        };
        records.push((filter, fit.record(record)?));
    }
    let key = definition.group_by.as_ref().map(|key| Key {
        columns: key.0.iter().map(|name| (fit.index(name), name.clone())).collect(),
        label: key.label(),
        is_to_sort: definition.sort_by_group,
    });
    Ok(RowMapper {
        missing: definition.missing.clone(),
        filter: fit.filter(definition),
        key,
        records,
    })
}

/// Whether a load takes the records of a mapping.
fn check_accepted(definition: &Definition, accepts: Accepts) -> Result<(), String> {
    let Accepts::Only(kind) = accepts else { return Ok(()) };
    let (made, fits) = if definition.event.is_some() {
        ("events", kind == RecordKind::Event)
    } else if definition.user_properties.is_some() {
        ("profiles", kind == RecordKind::Profile)
    } else {
        (
            "identities",
            matches!(kind, RecordKind::Identity | RecordKind::Deletion),
        )
    };
    if !fits {
        return Err(format!(
            "the mapping makes {made} of the rows, and this load takes records of the kind {kind} only"
        ));
    }
    let mut identifiers = definition.identity.iter().flat_map(PropertySources::iter);
    let other = identifiers.find(|(name, _)| *name != "external_id");
    if kind == RecordKind::Deletion
        && let Some((name, _)) = other
    {
        return Err(format!(
            "identity.{name}: a deletion names its user by external_id only"
        ));
    }
    Ok(())
}

/// The header that a mapping is fitted to.
struct Fit<'a> {
    columns: HashMap<Cow<'a, str>, usize>,
    types: &'a Taxonomy,
    definition: &'a Definition,
}

impl<'a> Fit<'a> {
    fn new(mapping: &'a Mapping, header: &'a [String], types: &'a Taxonomy) -> Result<Self, String> {
        let definition = &mapping.definition;
        let mut columns: HashMap<Cow<'a, str>, usize> = HashMap::new();
        let mut repeated = HashMap::new();
        for (index, name) in header.iter().map(|name| look::name(name)).enumerate() {
            if let Some(first) = columns.get(&name) {
                repeated.entry(name).or_insert((*first, index));
            } else {
                columns.insert(name, index);
            }
        }
        let columns_used = || definition.columns().map(|name| (name, look::name(name)));
        if let Some((shown, (first, second))) =
            columns_used().find_map(|(name, plain)| Some((name, repeated.get(&plain)?)))
        {
            return Err(format!(
                "columns {} and {} of the header have the same name, {}, which the mapping uses: rename one of them",
                first + 1,
                second + 1,
                look::shown(shown)
            ));
        }
        let mut missing: Vec<&str> = columns_used()
            .filter(|(_, plain)| !columns.contains_key(plain))
            .map(|(name, _)| name)
            .collect();
        missing.dedup();
        if missing.is_empty() {
            return Ok(Self {
                columns,
                types,
                definition,
            });
        }
        let plural = if missing.len() == 1 {
            "a column that is"
        } else {
            "columns that are"
        };
        let has_some = columns_used().any(|(_, plain)| columns.contains_key(&plain));
        let meant: Vec<_> = missing
            .iter()
            .filter_map(|name| nearest(name, header.iter().map(String::as_str)))
            .map(look::shown)
            .collect();
        // Without a header the first row holds values, which must not be shown.
        let problem = if header.iter().any(|name| is_like_a_value(name)) {
            "the first row does not look like a header, which must name the columns".to_owned()
        } else if let Some(delimiter) = other_delimiter(header) {
            format!(
                "its header has one column: if its names are separated by {delimiter}, write delimiter: {delimiter} into the mapping"
            )
        } else if has_some || !meant.is_empty() {
            let names: Vec<_> = header.iter().map(|name| look::shown(name)).collect();
            let meant = match meant.join(" and ") {
                meant if meant.is_empty() => meant,
                meant => format!("did you mean {meant}? "),
            };
            format!("{meant}its columns are: {}", names.join(", "))
        } else {
            format!(
                "none of its {} columns is named in the mapping: check that the first row is the header, and that the mapping \
                 is for this table",
                header.len()
            )
        };
        let missing: Vec<_> = missing
            .into_iter()
            .map(|name| match mapping.place_of(name) {
                Some(place) => format!("{} ({place})", look::shown(name)),
                None => look::shown(name),
            })
            .collect();
        let missing = missing.join(", ");
        Err(format!(
            "the mapping names {plural} not in the header: {missing}; {problem}"
        ))
    }

    /// The place of a column in a row; its name is in the header.
    fn index(&self, name: &str) -> usize {
        self.columns.get(&look::name(name)).copied().unwrap_or(usize::MAX)
    }

    fn filter(&self, definition: &Definition) -> Filter {
        Filter::new(definition.only_if.as_ref(), definition.skip_if.as_ref(), |name| {
            self.index(name)
        })
    }

    fn record(&self, record: &Definition) -> Result<RecordMapper, String> {
        let identity = record.identity.as_ref().map(|entries| self.identity(entries));
        let event = record.event.as_ref().map(|name| self.event(record, &name.0));
        Ok(RecordMapper {
            identity: identity.transpose()?.unwrap_or_default(),
            user_properties: self.properties(record.user_properties.as_ref(), Section::User)?,
            event: event.transpose()?,
            request_datetime: self.optional("request_datetime", record.request_datetime.as_ref(), Type::Datetime)?,
        })
    }

    fn identity(&self, entries: &PropertySources) -> Result<Vec<Member>, String> {
        let kind = |source: &Source| match source {
            Source::Column(column) => column.kind.unwrap_or(Type::String),
            Source::Constant(_) => Type::String,
        };
        entries
            .iter()
            .map(|(name, source)| self.slot("identity", name, source, kind(source)))
            .collect()
    }

    fn event(&self, definition: &Definition, name: &Source) -> Result<EventMembers, String> {
        let fields = [
            ("event_log_id", definition.event_log_id.as_ref(), Type::String),
            ("event_name", Some(name), Type::String),
            ("event_datetime", definition.event_datetime.as_ref(), Type::Datetime),
        ];
        let items = definition.event_items.iter().flatten();
        Ok(EventMembers {
            fields: fields
                .into_iter()
                .filter_map(|(name, source, kind)| self.optional(name, source, kind).transpose())
                .collect::<Result<_, _>>()?,
            properties: self.properties(definition.event_properties.as_ref(), Section::Event)?,
            items: items.map(|items| self.items(items)).collect::<Result<_, _>>()?,
        })
    }

    fn items(&self, items: &ItemSources) -> Result<Items<Member>, String> {
        let (each, properties) = match items {
            ItemSources::Row(properties) => return self.entries(properties, Section::Item).map(Items::Row),
            ItemSources::Each { each, properties } => (each, properties),
        };
        let header = different(properties.columns());
        let within = Fit {
            columns: header.iter().map(|name| look::name(name)).zip(0..).collect(),
            ..*self
        };
        let mut members = within.entries(properties, Section::Item)?;
        for member in &mut members {
            if let Value::Cell(cell) = &mut member.value {
                cell.column = format!("{each}.{}", cell.column);
            }
        }
        Ok(Items::Each(Each {
            list: Place::One(self.index(each)),
            column: each.clone(),
            missing: self.definition.missing.clone(),
            members,
            fields: Fields::new(header),
        }))
    }

    fn properties(&self, entries: Option<&PropertySources>, section: Section) -> Result<Option<Vec<Member>>, String> {
        entries.map(|entries| self.entries(entries, section)).transpose()
    }

    fn entries(&self, entries: &PropertySources, section: Section) -> Result<Vec<Member>, String> {
        let place = section.key();
        let known = |name: &str| self.types.property_type(section, name).and_then(Type::of);
        let kind = |name: &str, source: &Source| match source {
            Source::Column(column) => column.kind.or_else(|| known(name)).unwrap_or_else(|| column.own_kind()),
            Source::Constant(_) => Type::String,
        };
        entries
            .iter()
            .map(|(name, source)| self.slot(place, name, source, kind(name, source)))
            .collect()
    }

    fn optional(&self, name: &str, source: Option<&Source>, kind: Type) -> Result<Option<Member>, String> {
        source.map(|source| self.slot("", name, source, kind)).transpose()
    }

    fn slot(&self, section: &str, name: &str, source: &Source, kind: Type) -> Result<Member, String> {
        let value = match source {
            Source::Constant(json) => Value::Constant(json.clone()),
            Source::Column(column) => {
                let dot = if section.is_empty() { "" } else { "." };
                let cell = self.cell(column, kind, section == "identity");
                Value::Cell(cell.map_err(|problem| format!("the mapping: {section}{dot}{name}: {problem}"))?)
            }
        };
        Ok(Member {
            key: format!("{}:", json_string(name)),
            value,
        })
    }

    fn cell(&self, column: &Column, kind: Type, is_identifier: bool) -> Result<Cell, String> {
        let place = match column.join.as_slice() {
            [] => Place::One(self.index(&column.name)),
            names => Place::Joined {
                indexes: names.iter().map(|name| self.index(name)).collect(),
                with: column.with.clone().unwrap_or_else(|| " ".to_owned()),
                whole: is_identifier.then(|| names.to_vec()),
            },
        };
        Ok(Cell {
            place,
            is_identifier,
            column: column.label(),
            reader: CellReader::new(column, kind, self.definition.timezone.as_ref())?,
            take: column.take,
            is_long: kind == Type::Long,
            thousands: column.thousands,
        })
    }
}

/// Names of columns, each once.
pub(crate) fn different<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut header: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for name in names {
        if seen.insert(look::name(name)) {
            header.push(name.to_owned());
        }
    }
    header
}

/// The likely separator of a header that was read as one name, as a mapping writes it.
fn other_delimiter(header: &[String]) -> Option<&'static str> {
    let [name] = header else { return None };
    let delimiters = [('\t', r#""\t""#), (';', r#"";""#), ('|', r#""|""#), (',', r#"",""#)];
    let found = delimiters.into_iter().find(|(delimiter, _)| name.contains(*delimiter));
    found.map(|(_, written)| written)
}

/// Whether a name in a header looks like a value: an address, a number.
pub(crate) fn is_like_a_value(name: &str) -> bool {
    name.contains('@') || name.bytes().filter(u8::is_ascii_digit).count() >= 6
}
