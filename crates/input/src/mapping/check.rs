//! Which keys of a mapping go together.

use dfinery::Identity;
use dfinery_records::nearest;
use jiff::tz::TimeZone;

use super::{
    column::Take,
    condition::Conditions,
    definition::{Definition, Escape, EventName},
    properties::{ItemSources, PropertySources},
    source::Source,
    types::Type,
};

impl Definition {
    /// Whether its keys go together; an error says which do not.
    pub(super) fn check(&self) -> Result<(), String> {
        let is_delimiter = |escape: &Escape| self.delimiter.is_some_and(|delimiter| delimiter.0 == escape.0);
        if self.escape.as_ref().is_some_and(is_delimiter) {
            return Err("escape and delimiter must be different characters".to_owned());
        }
        if self.sort_by_group && self.group_by.is_none() {
            return Err(
                "sort_by_group: needs group_by, which says the rows of which columns belong together".to_owned(),
            );
        }
        self.check_missing()?;
        let zone = self.timezone.as_ref();
        let Some(records) = &self.records else {
            return self.check_record(zone, self.group_by.is_some());
        };
        if records.is_empty() {
            return Err("records: must not be empty".to_owned());
        }
        if let Some(key) = self.key_of_record() {
            return Err(format!("{key} belongs to one of the records, as there are records"));
        }
        for (record, number) in records.iter().zip(1..) {
            let checked = match record.key_of_table() {
                Some(key) => Err(format!("{key} belongs to the top of the mapping, not to a record")),
                None => record.check_record(zone, self.group_by.is_some()),
            };
            checked.map_err(|problem| format!("records, number {number}: {problem}"))?;
        }
        Ok(())
    }

    /// Refuses texts that are looked for and never found, since they are read as empty cells.
    fn check_missing(&self) -> Result<(), String> {
        let Some(missing) = &self.missing else { return Ok(()) };
        let records = || [self].into_iter().chain(self.records.iter().flatten());
        let conditions = records().flat_map(|record| [&record.only_if, &record.skip_if].into_iter().flatten());
        let columns = records().flat_map(Self::sources).filter_map(|source| match source {
            Source::Column(column) => Some(column),
            Source::Constant(_) => None,
        });
        if let Some(text) = conditions.flat_map(Conditions::texts).find(|text| missing.means(text)) {
            return Err(format!(
                "missing: {text} is read as an empty cell, which a condition finds by empty: true and not by its text"
            ));
        }
        if let Some(text) = columns
            .flat_map(|column| column.texts())
            .find(|text| missing.means(text))
        {
            return Err(format!(
                "missing: {text} is read as an empty cell, which default gives a value, and not values, true or false"
            ));
        }
        Ok(())
    }

    /// A key that is given and belongs to a record.
    fn key_of_record(&self) -> Option<&'static str> {
        let keys = [
            ("identity", self.identity.is_some()),
            ("event", self.event.is_some()),
            ("user_properties", self.user_properties.is_some()),
            ("request_datetime", self.request_datetime.is_some()),
        ];
        first_given(keys).or_else(|| self.key_of_event())
    }

    /// A key that is given and belongs to an event, beside its name.
    fn key_of_event(&self) -> Option<&'static str> {
        let keys = [
            ("event_datetime", self.event_datetime.is_some()),
            ("event_log_id", self.event_log_id.is_some()),
            ("event_properties", self.event_properties.is_some()),
            ("event_items", self.event_items.is_some()),
        ];
        first_given(keys)
    }

    /// A key that is given and belongs to the table.
    fn key_of_table(&self) -> Option<&'static str> {
        let keys = [
            ("delimiter", self.delimiter.is_some()),
            ("escape", self.escape.is_some()),
            ("short_rows", self.short_rows),
            ("skip_top", self.skip_top > 0),
            ("skip_bottom", self.skip_bottom > 0),
            ("sheet", self.sheet.is_some()),
            ("timezone", self.timezone.is_some()),
            ("missing", self.missing.is_some()),
            ("group_by", self.group_by.is_some()),
            ("sort_by_group", self.sort_by_group),
            ("records", self.records.is_some()),
        ];
        first_given(keys)
    }

    fn check_record(&self, zone: Option<&TimeZone>, is_grouped: bool) -> Result<(), String> {
        self.check_kind()?;
        if is_grouped && self.event.is_none() {
            return Err("event is missing: group_by makes an event of several rows".to_owned());
        }
        let items = || self.event_items.iter().flatten().map(ItemSources::properties);
        let mut of_items = items().flat_map(PropertySources::iter);
        if let Some((name, _)) = of_items.find(|(_, source)| source.take() != Take::Same) {
            return Err(format!(
                "event_items.{name}: first, last and sum cannot be set here: each row adds its own items"
            ));
        }
        if !is_grouped && self.sources().any(|source| source.take() != Take::Same) {
            return Err("first, last and sum are about the rows of one record: they need group_by".to_owned());
        }
        for (name, source) in self.identity.iter().flat_map(PropertySources::iter) {
            if !Identity::FIELDS.contains(&name) {
                let meant = nearest(name, Identity::FIELDS).map(|meant| format!("; did you mean {meant}?"));
                let all = || format!("; there are {}", Identity::FIELDS.join(", "));
                return Err(format!(
                    "identity.{name}: no such identifier{}",
                    meant.unwrap_or_else(all)
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
        let items = items().map(|item| ("event_items", item));
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

    /// Checks which keys a record may have.
    fn check_kind(&self) -> Result<(), String> {
        if self.identity.as_ref().is_none_or(PropertySources::is_empty) {
            return Err(format!(
                "identity: give at least one of {}",
                Identity::FIELDS.join(", ")
            ));
        }
        if self.event.is_some() {
            if self.user_properties.is_some() || self.request_datetime.is_some() {
                return Err(
                    "an event has neither user_properties nor request_datetime: write records, a list with one of each"
                        .to_owned(),
                );
            }
            if self.event_datetime.is_none() {
                return Err("event_datetime is missing: an event needs the time at which it happened".to_owned());
            }
        } else if let Some(key) = self.key_of_event() {
            return Err(format!(
                "event is missing: {key} belongs to an event, which needs a name"
            ));
        }
        Ok(())
    }
}

fn first_given<const N: usize>(keys: [(&'static str, bool); N]) -> Option<&'static str> {
    keys.into_iter().find(|(_, is_given)| *is_given).map(|(key, _)| key)
}
