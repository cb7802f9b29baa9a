//! The settings that decide what a record of an input means. A journal continues only with the same.

use std::borrow::Cow;

use dfinery::tables::PropertyType;
use dfinery_input::InputOptions;
use dfinery_records::{Accepts, RecordKind, Section, Taxonomy, WarningKind, WarningPolicy};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::file_load::FileLoad;

/// Change this whenever the hashed content changes, so that hashes of different content never compare equal.
const VERSION: u8 = 1;

/// A hash of the settings of a load that decide how its inputs become records, and which of these are sent.
///
/// It leaves out unset settings, so that a journal outlives settings added later.
pub(crate) fn of_settings(load: &FileLoad, warnings: WarningPolicy) -> serde_json::Result<u64> {
    #[derive(Serialize)]
    struct Settings<'a> {
        options: &'a InputOptions,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        id_fields: &'a [String],
        #[serde(skip_serializing_if = "Vec::is_empty")]
        denied: Vec<WarningKind>,
    }

    // A record that a run sent could become invalid in the next one, and then count as not sent.
    let of_records = WarningKind::ALL.into_iter().filter(|kind| !kind.is_of_input());

    hash(&Settings {
        options: &load.options,
        id_fields: &load.id_fields,
        denied: of_records.filter(|kind| warnings.denies(*kind)).collect(),
    })
}

/// A hash of the taxonomy's types where they decide what is sent. A table has the properties of its mapping; lines of JSON may
/// have any, and of these only times are written in another form.
pub(crate) fn of_types(load: &FileLoad, taxonomy: Option<&Taxonomy>) -> serde_json::Result<u64> {
    let types: Vec<_> = if let Some(mapping) = &load.options.mapping {
        // An input reads a table without a taxonomy by the standard one.
        let types = taxonomy.map_or_else(|| Cow::Owned(Taxonomy::standard()), Cow::Borrowed);
        let used = mapping.types_from(&types).into_iter();
        used.map(|(section, name, property_type)| (section.key(), name.to_owned(), property_type))
            .collect()
    } else {
        let mut times: Vec<_> = taxonomy
            .into_iter()
            .flat_map(Taxonomy::property_types)
            .filter(|(section, _, property_type)| {
                *property_type == PropertyType::Datetime && may_hold(load.accepts, *section)
            })
            .map(|(section, name, property_type)| (section.key(), name.to_owned(), Some(property_type)))
            .collect();
        times.sort_unstable_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        times
    };
    hash(&types)
}

/// Whether the records of a load may have properties of a section.
fn may_hold(accepts: Accepts, section: Section) -> bool {
    match accepts {
        Accepts::Mixed => true,
        Accepts::Only(RecordKind::Event) => section != Section::User,
        Accepts::Only(RecordKind::Profile) => section == Section::User,
        Accepts::Only(RecordKind::Identity | RecordKind::Deletion) => false,
    }
}

fn hash(value: &impl Serialize) -> serde_json::Result<u64> {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, value)?;
    Ok(xxh3_64(&bytes))
}
