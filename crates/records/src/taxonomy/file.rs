//! The file in which a customer lists what is registered. Its schema for editors is `schemas/taxonomy.schema.json`.

use std::collections::HashSet;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{EventRule, PropertyRule, Section, Taxonomy, TaxonomyError, key};
use crate::{
    suggest::did_you_mean,
    yaml::{YamlKind, read_yaml},
};
use dfinery::tables::{PropertyType, Required};

const KIND: YamlKind = YamlKind {
    name: "a taxonomy",
    example: "standard: true",
    other: (
        "the mapping of a table",
        &["identity", "timezone", "delimiter", "group_by", "event_datetime"],
    ),
};

impl Taxonomy {
    /// Reads a taxonomy file, which is YAML.
    ///
    /// `standard` says whether all standard names are registered too; an entry with a standard name replaces it.
    ///
    /// # Errors
    /// Names the line and column of invalid YAML, of an unknown or repeated key, of a name that is twice in its list,
    /// and of a property that an event needs but `event_properties` lacks.
    pub fn from_yaml(text: &str) -> Result<Self, TaxonomyError> {
        let file: File = read_yaml(text, KIND).map_err(|error| TaxonomyError {
            line: error.line,
            column: error.column,
            problem: error.problem,
        })?;
        file.into_taxonomy()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "yes")]
    standard: bool,
    #[serde(default)]
    events: Vec<EventEntry>,
    #[serde(default)]
    event_properties: Vec<PropertyEntry>,
    #[serde(default)]
    item_properties: Vec<ItemEntry>,
    #[serde(default)]
    user_properties: Vec<PropertyEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventEntry {
    name: Spanned<String>,
    #[serde(default)]
    properties: Vec<Use>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    name: Spanned<String>,
    required: Need,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "must be true, false or unsettled")]
enum Need {
    Settled(bool),
    Open(Open),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Open {
    Unsettled,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PropertyEntry {
    name: Spanned<String>,
    #[serde(rename = "type")]
    property_type: PropertyType,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default = "yes")]
    nullable: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemEntry {
    name: Spanned<String>,
    #[serde(rename = "type")]
    property_type: PropertyType,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default = "yes")]
    nullable: bool,
}

const fn yes() -> bool {
    true
}

impl File {
    fn into_taxonomy(self) -> Result<Taxonomy, TaxonomyError> {
        let mut taxonomy = if self.standard {
            Taxonomy::standard()
        } else {
            Taxonomy::consent_only()
        };
        for (section, entries) in [
            (
                Section::Event,
                self.event_properties.into_iter().map(ItemEntry::from).collect(),
            ),
            (Section::Item, self.item_properties),
            (
                Section::User,
                self.user_properties
                    .into_iter()
                    .map(ItemEntry::from)
                    .collect::<Vec<_>>(),
            ),
        ] {
            once(entries.iter().map(|entry| &entry.name))?;
            for entry in entries {
                let rule = entry.into_rule(section, &taxonomy)?;
                taxonomy.register(section, rule);
            }
        }
        once(self.events.iter().map(|event| &event.name))?;
        for event in self.events {
            let rule = event.into_rule(&taxonomy)?;
            taxonomy.events.insert(rule.name.clone(), rule);
        }
        Ok(taxonomy)
    }
}

impl EventEntry {
    fn into_rule(self, taxonomy: &Taxonomy) -> Result<EventRule, TaxonomyError> {
        once(self.properties.iter().map(|property| &property.name))?;
        let registered = taxonomy.section(Section::Event);
        let mut needs = Vec::new();
        for property in &self.properties {
            let name = &property.name.value;
            let Some((place, _)) = registered.get(name) else {
                let known = registered.iter().map(|rule| &*rule.name);
                let problem = format!("{name} is not in event_properties");
                return Err(problem_at(&property.name, did_you_mean(&problem, name, known)));
            };
            match property.required {
                Need::Settled(true) => needs.push((place, Required::Yes)),
                Need::Settled(false) => {}
                Need::Open(Open::Unsettled) => needs.push((place, Required::Unsettled)),
            }
        }
        Ok(EventRule {
            name: self.name.value.into(),
            needs,
        })
    }
}

impl From<PropertyEntry> for ItemEntry {
    fn from(entry: PropertyEntry) -> Self {
        Self {
            name: entry.name,
            property_type: entry.property_type,
            required: false,
            values: entry.values,
            nullable: entry.nullable,
        }
    }
}

impl ItemEntry {
    fn into_rule(self, section: Section, taxonomy: &Taxonomy) -> Result<PropertyRule, TaxonomyError> {
        if self.property_type == PropertyType::Items && section != Section::Event {
            return Err(problem_at(
                &self.name,
                "only a property of events can have the type items",
            ));
        }
        if !self.values.is_empty() && self.property_type != PropertyType::String {
            return Err(problem_at(
                &self.name,
                "only a property of the type string can have a list of values",
            ));
        }
        // What is known about a standard property beyond its type stays true.
        let old = taxonomy.section(section).get(&self.name.value).map(|(_, rule)| rule);
        let consent = old.is_some_and(|rule| rule.consent);
        if consent && self.property_type != PropertyType::Boolean {
            return Err(problem_at(
                &self.name,
                "is the consent of a user, whose type is boolean",
            ));
        }
        Ok(PropertyRule {
            consent,
            deprecated: old.and_then(|rule| rule.deprecated),
            key: key(&self.name.value),
            name: self.name.value.into(),
            property_type: self.property_type,
            required: self.required,
            values: self.values.into_iter().map(Into::into).collect(),
            nullable: self.nullable,
        })
    }
}

/// Refuses an empty name, and a name that is twice in a list.
fn once<'e>(names: impl Iterator<Item = &'e Spanned<String>>) -> Result<(), TaxonomyError> {
    let mut seen = HashSet::new();
    for name in names {
        if name.value.is_empty() {
            return Err(problem_at(name, "a name must not be empty"));
        }
        if !seen.insert(&name.value) {
            return Err(problem_at(name, format!("{} is given twice in this list", name.value)));
        }
    }
    Ok(())
}

fn problem_at(name: &Spanned<String>, problem: impl Into<String>) -> TaxonomyError {
    TaxonomyError {
        line: name.referenced.line(),
        column: name.referenced.column(),
        problem: problem.into(),
    }
}
