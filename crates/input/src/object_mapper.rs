//! Objects in JSON that come one by one, as records.

use std::fmt;

use dfinery::Violation;
use dfinery_records::{Accepts, Taxonomy};

use crate::{
    error::InputError,
    fields::{Fields, Values},
    mapping::{Mapping, RowMapper, different, fit},
    table::Cells,
};

/// Makes records of objects in JSON that come one by one, such as the messages of a queue: each object is a row of a
/// [`Mapping`], and its members are the columns.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dfinery_input::{Mapping, ObjectMapper};
/// let mapping = Mapping::from_yaml("identity: {external_id: customer.id}\nskip_if: {column: test, equals: \"true\"}")?;
/// let mut mapper = ObjectMapper::new(&mapping, None, dfinery_records::Accepts::Mixed)?;
/// let records = mapper.records(r#"{"customer":{"id":"M-1001"},"test":false}"#).unwrap();
/// assert_eq!(records[0].json, r#"{"identity":{"external_id":"M-1001"}}"#);
/// assert!(mapper.records(r#"{"customer":{"id":"M-1001"},"test":true}"#).unwrap().is_empty());
/// # Ok(())
/// # }
/// ```
pub struct ObjectMapper {
    fields: Fields,
    mapper: RowMapper,
    values: Values,
    cells: Cells,
}

/// One of the records of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectRecord {
    /// Its position in `records` of the mapping, from 0; 0 if the mapping makes one record.
    pub position: usize,
    /// The record, in the form of a line of a file. It has not been checked.
    pub json: String,
}

impl ObjectMapper {
    /// Without a type in the mapping, a value takes the type that `taxonomy`, by default the [standard
    /// one](Taxonomy::standard), gives its property.
    ///
    /// # Errors
    /// If the mapping makes records that are not accepted, or makes one record of several rows (`group_by`): no object is
    /// known to be the last of its group.
    pub fn new(mapping: &Mapping, taxonomy: Option<&Taxonomy>, accepts: Accepts) -> Result<Self, InputError> {
        let unfit = |problem: String| InputError::new("the mapping", problem);
        let fields = Fields::new(different(mapping.columns()));
        let mut mapper = fit(mapping, fields.names(), taxonomy, accepts).map_err(unfit)?;
        if mapper.take_key().is_some() {
            let problem =
                "group_by: the rows of a group are one record in a file, and messages come one by one: take it out";
            return Err(unfit(problem.to_owned()));
        }
        Ok(Self {
            fields,
            mapper,
            values: Values::default(),
            cells: Cells::default(),
        })
    }

    /// The records of an object, in the order of the mapping; none if the conditions of the mapping pass over it.
    ///
    /// # Errors
    /// If the text is not a JSON object, or a value does not fit any one of its records. Never holds a value.
    pub fn records(&mut self, object: &str) -> Result<Vec<ObjectRecord>, Violation> {
        self.fields
            .read(object, &mut self.values, &mut self.cells)
            .map_err(|problem| Violation::new("", problem))?;
        self.mapper.empty_missing(&mut self.cells);
        let mut records = Vec::new();
        if !self.mapper.takes(&self.cells) {
            return Ok(records);
        }
        let mut next = 0;
        while let Some(record) = self.mapper.record_for(&self.cells, next) {
            let mut json = String::new();
            record.mapper.write(&self.cells, &mut json)?;
            next = record.position + 1;
            records.push(ObjectRecord {
                position: record.position,
                json,
            });
        }
        Ok(records)
    }
}

impl fmt::Debug for ObjectMapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectMapper")
            .field("columns", &self.fields.names())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapper(mapping: &str) -> Result<ObjectMapper, InputError> {
        ObjectMapper::new(&Mapping::from_yaml(mapping).unwrap(), None, Accepts::Mixed)
    }

    #[test]
    fn one_object_becomes_the_records_whose_conditions_hold() {
        let mut mapper = mapper(
            "records:\n- identity: {external_id: id}\n  skip_if: {column: known, equals: \"true\"}\n- identity: {external_id: id}\n  event: df_login\n  event_datetime: at\n",
        )
        .unwrap();
        let positions = |mapper: &mut ObjectMapper, object: &str| -> Vec<_> {
            let records = mapper.records(object).unwrap();
            records.into_iter().map(|record| record.position).collect()
        };
        let object = r#"{"id":"M-1","at":"2026-11-20T10:00:00Z","known":"KNOWN"}"#;
        assert_eq!(positions(&mut mapper, &object.replace("KNOWN", "false")), [0, 1]);
        assert_eq!(positions(&mut mapper, &object.replace("KNOWN", "true")), [1]);
    }

    #[test]
    fn what_does_not_fit_is_said_without_its_value() {
        let mut mapper = mapper("identity: {external_id: id}\nevent: df_login\nevent_datetime: at").unwrap();
        for (object, path, problem) in [
            ("hello", "", "is not valid JSON"),
            ("[1]", "", "must be a JSON object"),
            (r#"{"id":"M-1","at":"secret"}"#, "at", ""),
        ] {
            let violation = mapper.records(object).unwrap_err();
            assert_eq!(violation.path(), path);
            assert!(violation.problem().starts_with(problem), "{violation:?}");
            assert!(!format!("{violation:?}").contains("secret"), "{violation:?}");
        }
    }

    #[test]
    fn groups_are_refused() {
        let error = mapper("group_by: id\nidentity: {external_id: id}\nevent: df_purchase\nevent_datetime: at");
        let error = error.unwrap_err().to_string();
        assert!(error.contains("group_by: "), "{error}");
    }
}
