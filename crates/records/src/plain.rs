//! The rules written again for tests: on a parsed tree, with the generated types, and without regard for speed.

pub(crate) mod odd;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{accepts::Accepts, property::NEVER_NEGATIVE, suggest::shown};
use crate::{RecordKind, WarningKind};
use dfinery::{
    Event, Identity, PropertyValue, Timestamp, tables::PropertyType, tables::Required, taxonomy, types::import,
};

/// JSON with repeated keys.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Scalar(Value),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// What is registered, as plain tables.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    /// For each event, the properties it needs.
    pub(crate) events: BTreeMap<String, Vec<String>>,
    pub(crate) event: BTreeMap<String, Property>,
    pub(crate) item: BTreeMap<String, Property>,
    pub(crate) user: BTreeMap<String, Property>,
}

#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub(crate) of_type: PropertyType,
    pub(crate) values: Vec<String>,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
}

impl Tables {
    pub(crate) fn standard() -> Self {
        let rows = |rows: &[&[dfinery::tables::StandardProperty]]| {
            let property = |row: &dfinery::tables::StandardProperty| Property {
                of_type: row.property_type,
                values: row.values.iter().map(ToString::to_string).collect(),
                required: row.required,
                nullable: true,
            };
            rows.concat()
                .iter()
                .map(|row| (row.name.to_owned(), property(row)))
                .collect()
        };
        let needs = |event: &dfinery::tables::StandardEvent| {
            let needed = event
                .properties
                .iter()
                .filter(|property| property.required == Required::Yes);
            needed.map(|property| property.name.to_owned()).collect()
        };
        Self {
            events: taxonomy::EVENTS
                .iter()
                .map(|event| (event.name.to_owned(), needs(event)))
                .collect(),
            event: rows(&[taxonomy::EVENT_PROPERTIES]),
            item: rows(&[taxonomy::ITEM_PROPERTIES]),
            user: rows(&[taxonomy::USER_PROPERTIES, taxonomy::CONSENT_PROPERTIES]),
        }
    }
}

/// What is said of a record.
pub(crate) struct Verdict {
    /// The paths of everything wrong.
    pub(crate) wrong: BTreeSet<String>,
    /// What is implausible, and where.
    pub(crate) odd: BTreeSet<(WarningKind, String)>,
}

/// What is said of a record; `None` if the text is not JSON.
pub(crate) fn verdict(json: &str, tables: Option<&Tables>, accepts: Accepts) -> Option<Verdict> {
    let tree: Tree = serde_json::from_str(json).ok()?;
    let mut judge = Judge {
        tables,
        wrong: BTreeSet::new(),
        odd: BTreeSet::new(),
    };
    judge.record(&tree, accepts);
    Some(Verdict {
        wrong: judge.wrong,
        odd: judge.odd,
    })
}

struct Judge<'t> {
    tables: Option<&'t Tables>,
    wrong: BTreeSet<String>,
    odd: BTreeSet<(WarningKind, String)>,
}

impl Judge<'_> {
    fn wrong(&mut self, path: impl Into<String>) {
        self.wrong.insert(path.into());
    }

    fn record(&mut self, tree: &Tree, accepts: Accepts) {
        let Some(fields) = self.fields("", tree, &["identity", "event", "user_properties", "request_datetime"]) else {
            return;
        };
        match fields.get("identity") {
            None => self.wrong("identity"),
            Some(tree) => self.identity(tree, accepts == Accepts::Only(RecordKind::Deletion)),
        }
        let kind = match accepts {
            Accepts::Only(kind) => kind,
            Accepts::Mixed if fields.contains_key("event") => RecordKind::Event,
            Accepts::Mixed if fields.contains_key("user_properties") => RecordKind::Profile,
            Accepts::Mixed => RecordKind::Identity,
        };
        for (key, of) in [("event", RecordKind::Event), ("user_properties", RecordKind::Profile)] {
            if fields.contains_key(key) != (kind == of) {
                self.wrong(key);
            }
        }
        if let Some(tree) = fields.get("event") {
            self.event(tree);
        }
        if let Some(tree) = fields.get("user_properties") {
            self.properties("user_properties", tree, self.tables.map(|tables| &tables.user), None);
        }
        if let Some(tree) = fields.get("request_datetime")
            && (kind == RecordKind::Event || !is_time(tree))
        {
            self.wrong("request_datetime");
        }
    }

    fn identity(&mut self, tree: &Tree, deletion: bool) {
        let names = ["external_id", "phone_no", "email", "kakao_user_id", "line_user_id"];
        let Some(fields) = self.fields("identity", tree, &names) else {
            return;
        };
        let object: serde_json::Map<_, _> = fields
            .iter()
            .map(|(key, tree)| (key.clone(), tree.to_value()))
            .collect();
        for name in names {
            let one = object.get(name).map(|value| serde_json::json!({ name: value }));
            let Some(one) = one else { continue };
            let text = one[name].as_str().unwrap_or("?");
            let fits = serde_json::from_value::<Identity>(one.clone())
                .is_ok_and(|identity| one[name].is_null() || identity.validate().is_ok());
            let form = match name {
                "phone_no" => text == "?" || (text.chars().all(|c| c.is_ascii_digit()) && !text.starts_with('0')),
                "email" => {
                    let parts: Vec<&str> = text.split('@').collect();
                    text == "?"
                        || (parts.len() == 2
                            && parts.iter().all(|part| !part.is_empty())
                            && !text.contains(char::is_whitespace))
                }
                _ => true,
            };
            let welcome = !deletion || name == "external_id" || one[name].is_null();
            let given = one[name].as_str();
            let bad = given.is_some_and(odd::is_bad);
            if !fits || !form || !welcome || bad {
                self.wrong(format!("identity.{name}"));
            }
            if let Some(id) = given
                && fits
                && form
                && !bad
            {
                let odd = odd::oddities(name, id).into_iter();
                self.odd.extend(odd.map(|kind| (kind, format!("identity.{name}"))));
            }
        }
        let counts = |name: &str| object.get(name).is_some_and(|value| !value.is_null());
        if !names
            .iter()
            .any(|name| counts(name) && (!deletion || *name == "external_id"))
        {
            self.wrong("identity");
        }
    }

    fn event(&mut self, tree: &Tree) {
        let names = [
            "event_log_id",
            "event_name",
            "event_datetime",
            "event_items",
            "event_properties",
        ];
        let Some(fields) = self.fields("event", tree, &names) else {
            return;
        };
        let name = fields.get("event_name").map(|tree| tree.to_value());
        let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
        let registered = self.tables.is_none_or(|tables| tables.events.contains_key(name));
        if name.is_empty() || !registered {
            self.wrong("event.event_name");
        }
        if !fields.get("event_datetime").is_some_and(|tree| is_time(tree)) {
            self.wrong("event.event_datetime");
        }
        if let Some(id) = fields.get("event_log_id") {
            let id = id.to_value();
            let hyphens = id.as_str().is_some_and(|id| id.len() == 36);
            if !hyphens || serde_json::from_value::<uuid::Uuid>(id).is_err() {
                self.wrong("event.event_log_id");
            }
        }
        let items: &[Tree] = match fields.get("event_items") {
            Some(Tree::Array(items)) => items,
            Some(_) => {
                self.wrong("event.event_items");
                &[]
            }
            None => &[],
        };
        if items.len() > import::Event::MAX_EVENT_ITEMS {
            self.wrong("event.event_items");
        }
        let rules = self.tables.map(|tables| &tables.item);
        for (index, item) in items.iter().enumerate() {
            let path = format!("event.event_items[{index}]");
            let Some(has) = self.properties(&path, item, rules, None) else {
                continue;
            };
            for (name, _) in rules.into_iter().flatten().filter(|(_, rule)| rule.required) {
                if !has.contains(name) {
                    self.wrong(format!("{path}.{name}"));
                }
            }
        }
        let mut has = BTreeSet::new();
        if let Some(tree) = fields.get("event_properties")
            && !matches!(tree, Tree::Scalar(Value::Null))
        {
            let rules = self.tables.map(|tables| &tables.event);
            has = self
                .properties("event.event_properties", tree, rules, Some("df_items"))
                .unwrap_or_default();
        }
        for need in self
            .tables
            .and_then(|tables| tables.events.get(name))
            .into_iter()
            .flatten()
        {
            if need == "df_items" && items.is_empty() {
                self.wrong("event.event_items");
            } else if need != "df_items" && !has.contains(need) {
                self.wrong(format!("event.event_properties.{need}"));
            }
        }
    }

    /// The names of the properties that have a value.
    fn properties(
        &mut self,
        path: &str,
        tree: &Tree,
        rules: Option<&BTreeMap<String, Property>>,
        refused: Option<&str>,
    ) -> Option<BTreeSet<String>> {
        let Tree::Object(entries) = tree else {
            self.wrong(path);
            return None;
        };
        let mut seen = BTreeSet::new();
        let mut has = BTreeSet::new();
        for (name, tree) in entries {
            let at = format!("{path}.{}", shown(name));
            let new = seen.insert(name);
            let value = serde_json::from_value::<PropertyValue>(tree.to_value());
            let rule = rules.map(|rules| rules.get(name));
            let fits = match (&value, rule) {
                (Err(_), _) | (_, Some(None)) => false,
                (Ok(_), None) => true,
                (Ok(value), Some(Some(rule))) => rule.fits(value),
            };
            let number = tree.to_value().as_f64();
            if !new || name.is_empty() || refused == Some(name) || !fits {
                self.wrong(at);
            } else if NEVER_NEGATIVE.contains(&name.as_str()) && number.is_some_and(|number| number < 0.0) {
                self.odd.insert((WarningKind::NegativeQuantity, at));
            }
            let null = matches!(tree, Tree::Scalar(Value::Null));
            if new && !null {
                has.insert(name.clone());
            }
        }
        Some(has)
    }

    /// The first value of each known key; a key that is unknown or repeated is wrong.
    fn fields<'t>(&mut self, path: &str, tree: &'t Tree, known: &[&str]) -> Option<BTreeMap<String, &'t Tree>> {
        let Tree::Object(entries) = tree else {
            self.wrong(path);
            return None;
        };
        let mut fields = BTreeMap::new();
        for (key, tree) in entries {
            let dot = if path.is_empty() { "" } else { "." };
            let at = format!("{path}{dot}{}", shown(key));
            if !known.contains(&key.as_str()) || fields.contains_key(key) {
                self.wrong(at);
            } else {
                fields.insert(key.clone(), tree);
            }
        }
        Some(fields)
    }
}

impl Property {
    fn fits(&self, value: &PropertyValue) -> bool {
        use PropertyValue as V;
        match (self.of_type, value) {
            (_, V::Null) => self.nullable,
            (PropertyType::String, V::String(text)) => self.values.is_empty() || self.values.contains(text),
            (PropertyType::Datetime, V::String(text)) => is_time(&Tree::Scalar(text.as_str().into())),
            (PropertyType::Date, V::String(text)) => {
                text.len() == 10
                    && text
                        .parse::<jiff::civil::Date>()
                        .is_ok_and(|date| date.to_string() == *text)
            }
            (PropertyType::LongArray | PropertyType::DoubleArray, V::Strings(texts)) => texts.is_empty(),
            (PropertyType::Boolean, V::Boolean(_))
            | (PropertyType::Long | PropertyType::Double, V::Long(_))
            | (PropertyType::Double, V::Double(_))
            | (PropertyType::StringArray, V::Strings(_))
            | (PropertyType::LongArray | PropertyType::DoubleArray, V::Longs(_))
            | (PropertyType::DoubleArray, V::Doubles(_)) => true,
            _ => false,
        }
    }
}

/// Whether the typed client can read it and write it again.
fn is_time(tree: &Tree) -> bool {
    let time = serde_json::from_value::<Timestamp>(tree.to_value());
    time.is_ok_and(|time| serde_json::to_string(&time).is_ok())
}

/// The event or the properties of a good record as the typed client would send them, with times in its form.
pub(crate) fn sent(json: &str, tables: Option<&Tables>) -> (Identity, Option<Event>, Option<dfinery::Properties>) {
    let value: Value = serde_json::from_str(json).unwrap();
    let identity = serde_json::from_value(value["identity"].clone()).unwrap();
    let event = value.get("event").map(|event| read_event(event, tables));
    let user = tables.map(|tables| &tables.user);
    let properties = value
        .get("user_properties")
        .map(|properties| read_properties(properties, user));
    (identity, event, properties)
}

pub(crate) fn read_event(event: &Value, tables: Option<&Tables>) -> Event {
    let mut event = event.clone();
    if event.get("event_log_id").is_none() {
        event["event_log_id"] = uuid::Uuid::nil().to_string().into();
    }
    let mut read: Event = serde_json::from_value(event.clone()).unwrap();
    read.event_properties = Some(read_properties(
        &event["event_properties"],
        tables.map(|tables| &tables.event),
    ));
    let items = event["event_items"].as_array().into_iter().flatten();
    read.event_items = items
        .map(|item| read_properties(item, tables.map(|tables| &tables.item)))
        .collect();
    read
}

/// Properties, with those of a time type as points in time.
pub(crate) fn read_properties(value: &Value, rules: Option<&BTreeMap<String, Property>>) -> dfinery::Properties {
    if value.is_null() {
        return dfinery::Properties::new();
    }
    let read: dfinery::Properties = serde_json::from_value(value.clone()).unwrap();
    let is_time = |name: &str| {
        let rule = rules.and_then(|rules| rules.get(name));
        rule.is_some_and(|rule| rule.of_type == PropertyType::Datetime)
    };
    let entry = |(name, value): (&str, &PropertyValue)| match value {
        PropertyValue::String(text) if is_time(name) => (name.to_owned(), text.parse::<Timestamp>().unwrap().into()),
        _ => (name.to_owned(), value.clone()),
    };
    read.iter().map(entry).collect()
}

impl Tree {
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Scalar(value) => value.clone(),
            Self::Array(array) => array.iter().map(Self::to_value).collect(),
            Self::Object(object) => object
                .iter()
                .map(|(key, tree)| (key.clone(), tree.to_value()))
                .collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Tree;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(Value::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Tree, A::Error> {
        let mut trees = Vec::new();
        while let Some(tree) = array.next_element()? {
            trees.push(tree);
        }
        Ok(Tree::Array(trees))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Tree, A::Error> {
        let mut trees = Vec::new();
        while let Some(entry) = object.next_entry()? {
            trees.push(entry);
        }
        Ok(Tree::Object(trees))
    }
}
