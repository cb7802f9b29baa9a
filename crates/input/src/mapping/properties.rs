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
}

impl<'de> Deserialize<'de> for PropertySources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> de::Visitor<'de> for EntriesVisitor {
            type Value = PropertySources;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of properties")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<PropertySources, A::Error> {
                let mut entries: Vec<(String, Source)> = Vec::new();
                let mut names = HashSet::new();
                while let Some((name, source)) = map.next_entry::<String, Source>()? {
                    if name.is_empty() {
                        return Err(de::Error::custom("a property needs a name"));
                    }
                    if !names.insert(name.clone()) {
                        return Err(de::Error::custom(format_args!("{name} is given twice")));
                    }
                    entries.push((name, source));
                }
                Ok(PropertySources(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}
