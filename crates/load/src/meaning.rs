//! The settings that decide what a record of an input means. A journal continues only with the same.

use std::borrow::Cow;

use dfinery::tables::PropertyType;
use dfinery_input::InputOptions;
use dfinery_records::Taxonomy;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::file_load::FileLoad;

/// Change this whenever the hashed content changes, so that hashes of different content never compare equal.
const VERSION: u8 = 1;

/// A hash of the settings of a load that decide how its inputs become records.
///
/// It leaves out unset settings, so that a journal outlives settings added later.
pub(crate) fn of_settings(load: &FileLoad) -> serde_json::Result<u64> {
    #[derive(Serialize)]
    struct Settings<'a> {
        options: &'a InputOptions,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        id_fields: &'a [String],
    }

    hash(&Settings {
        options: &load.options,
        id_fields: &load.id_fields,
    })
}

/// A hash of the taxonomy's types where they decide what is sent: the columns that take their type from it, and the
/// properties whose text is rewritten because they are times.
pub(crate) fn of_types(load: &FileLoad, taxonomy: Option<&Taxonomy>) -> serde_json::Result<u64> {
    let mut times: Vec<_> = taxonomy
        .into_iter()
        .flat_map(Taxonomy::property_types)
        .filter(|(_, _, property_type)| *property_type == PropertyType::Datetime)
        .map(|(section, name, _)| (section.key(), name))
        .collect();
    times.sort_unstable();
    // This is how an input reads a table without a taxonomy.
    let types = taxonomy.map_or_else(|| Cow::Owned(Taxonomy::standard()), Cow::Borrowed);
    let mapping = load.options.mapping.as_ref();
    let columns: Vec<_> = mapping
        .into_iter()
        .flat_map(|mapping| mapping.types_from(&types))
        .map(|(section, name, property_type)| (section.key(), name, property_type.map(|named| named.to_string())))
        .collect();
    hash(&(times, columns))
}

fn hash(value: &impl Serialize) -> serde_json::Result<u64> {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, value)?;
    Ok(xxh3_64(&bytes))
}
