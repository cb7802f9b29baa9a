//! Properties by name.

use std::{collections::HashSet, fmt};

use serde::{Deserialize, Deserializer, Serialize, de};

use super::source::Source;

/// Properties by name, in the order written.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct PropertySources(Vec<(String, Source)>);

impl PropertySources {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.0.iter().map(|(name, source)| (name.as_str(), source))
    }

    /// The columns that are named, in order.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|(_, source)| source.columns())
    }
}

impl<'de> Deserialize<'de> for PropertySources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(EntriesVisitor(None))
            .map(|(_, entries)| entries)
    }
}

/// The properties of items.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum ItemSources {
    /// One item of a row.
    Row(PropertySources),
    /// One item for each object of a list, which is in a column. The columns of the properties are members of the object.
    Each { each: String, properties: PropertySources },
}

impl ItemSources {
    pub(super) const fn properties(&self) -> &PropertySources {
        match self {
            Self::Row(properties) | Self::Each { properties, .. } => properties,
        }
    }
}

/// The key of items that names their list.
const EACH: &str = "each";

impl<'de> Deserialize<'de> for ItemSources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (each, properties) = deserializer.deserialize_map(EntriesVisitor(Some(EACH)))?;
        match each {
            Some(each) if each.trim().is_empty() => Err(de::Error::custom("each: must be the name of a column")),
            Some(_) if properties.is_empty() => {
                Err(de::Error::custom("each: give the properties of its items beside it"))
            }
            Some(each) => Ok(Self::Each {
                each: each.trim().to_owned(),
                properties,
            }),
            None => Ok(Self::Row(properties)),
        }
    }
}

/// Reads properties by name, and a key beside them that is none.
struct EntriesVisitor(Option<&'static str>);

impl<'de> de::Visitor<'de> for EntriesVisitor {
    type Value = (Option<String>, PropertySources);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of properties")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut beside = None;
        let mut entries: Vec<(String, Source)> = Vec::new();
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if name.is_empty() {
                return Err(de::Error::custom("a property needs a name"));
            }
            if !names.insert(name.clone()) {
                return Err(de::Error::custom(format_args!("{name} is given twice")));
            }
            if Some(name.as_str()) == self.0 {
                beside = Some(map.next_value()?);
            } else {
                entries.push((name, map.next_value()?));
            }
        }
        Ok((beside, PropertySources(entries)))
    }
}
