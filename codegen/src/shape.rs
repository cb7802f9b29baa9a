//! How a value differs from its JSON Schema: everything at once, and in words.

use jsonschema::{
    Draft, ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind},
    paths::LocationSegment,
};
use schemars::JsonSchema;
use serde_json::Value;

use crate::{
    docs,
    grammar::noun,
    problem::{Place, Problems},
    schema,
};

/// A schema that values are checked against.
pub struct Shape {
    schema: Value,
    /// None if the schema is none, of which others speak.
    validator: Option<Validator>,
}

impl Shape {
    /// What a type is read from.
    #[must_use]
    pub fn of<T: JsonSchema>() -> Self {
        Self::new(schema::value::<T>(), Draft::Draft7)
    }

    /// A schema of `OpenAPI` 3.0, as far as it is one of JSON Schema too. `1.0` is no whole number there.
    #[must_use]
    pub fn open_api(schema: Value) -> Self {
        Self::new(schema, Draft::Draft4)
    }

    fn new(schema: Value, draft: Draft) -> Self {
        let options = jsonschema::options()
            .with_draft(draft)
            .should_validate_formats(true)
            .with_format("date", is_date)
            .with_format("uuid", is_uuid);
        let validator = options.build(&schema).ok();
        Self { schema, validator }
    }

    /// Whether a value fits.
    #[must_use]
    pub fn fits(&self, value: &Value) -> bool {
        self.validator
            .as_ref()
            .is_none_or(|validator| validator.is_valid(value))
    }

    /// Notes everything in which a value differs.
    pub fn check(&self, value: &Value, at: &Place, problems: &mut Problems) {
        for error in self.validator.iter().flat_map(|validator| validator.iter_errors(value)) {
            self.explain(&error, at, problems);
        }
    }

    fn explain(&self, error: &ValidationError<'_>, root: &Place, problems: &mut Problems) {
        let at = error
            .instance_path()
            .segments()
            .fold(root.clone(), |at, segment| match segment {
                LocationSegment::Property(key) => at.key(&key),
                LocationSegment::Index(index) => at.index(index),
            });
        let value = error.instance();
        let words = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                for key in unexpected {
                    problems.push(at.key(key).problem(self.unknown_key(error)));
                }
                return;
            }
            ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
                return self.explain_choice(error, context, root, &at, problems);
            }
            ValidationErrorKind::Required { property } => self.missing_key(error, property),
            ValidationErrorKind::Type { kind } => format!("must be {}, is {}", listed(&types(kind)), noun(value)),
            ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => {
                let constants = self.constants(self.around(error)).unwrap_or_default();
                format!("{} must be one of: {}", quoted(value), constants.join(", "))
            }
            ValidationErrorKind::Format { format } => format!("{} is no {format}", quoted(value)),
            ValidationErrorKind::MinLength { limit: 1 }
            | ValidationErrorKind::MinItems { limit: 1 }
            | ValidationErrorKind::MinProperties { limit: 1 } => "is empty".to_owned(),
            ValidationErrorKind::MaxItems { limit } => {
                format!(
                    "has {} elements; {limit} are the most",
                    value.as_array().map_or(0, Vec::len)
                )
            }
            ValidationErrorKind::Minimum { limit } => format!("is {value}; {limit} is the least"),
            ValidationErrorKind::Maximum { limit } => format!("is {value}; {limit} is the most"),
            _ => error.to_string(),
        };
        problems.push(at.problem(words));
    }

    /// Words for a value that fits none of several schemas.
    fn explain_choice(
        &self,
        error: &ValidationError<'_>,
        branches: &[Vec<ValidationError<'_>>],
        root: &Place,
        at: &Place,
        problems: &mut Problems,
    ) {
        let value = error.instance();
        if let Some(constants) = self.constants(self.around(error)) {
            return problems.push(at.problem(format!("{} must be one of: {}", quoted(value), constants.join(", "))));
        }
        let wrong_types = |errors: &[ValidationError<'_>]| {
            errors.iter().find_map(|other| match other.kind() {
                ValidationErrorKind::Type { kind } if other.instance_path() == error.instance_path() => {
                    Some(types(kind))
                }
                _ => None,
            })
        };
        // A branch of the right type was meant, and says what is wrong further down.
        if let Some(meant) = branches.iter().find(|errors| wrong_types(errors).is_none()) {
            return meant.iter().for_each(|error| self.explain(error, root, problems));
        }
        let mut types: Vec<_> = branches
            .iter()
            .filter_map(|errors| wrong_types(errors))
            .flatten()
            .collect();
        types.dedup();
        types.sort_by_key(|name| name == "null");
        problems.push(at.problem(format!("must be {}, is {}", listed(&types), noun(value))));
    }

    /// The schema whose keyword an error speaks of.
    fn around(&self, error: &ValidationError<'_>) -> &Value {
        let path = error.schema_path().as_str();
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.schema.pointer(parent).unwrap_or(&Value::Null)
    }

    fn unknown_key(&self, error: &ValidationError<'_>) -> String {
        let keys = self.around(error)["properties"].as_object().into_iter().flatten();
        let keys: Vec<_> = keys.map(|(key, _)| key.as_str()).collect();
        if keys.is_empty() {
            return "is no key here; there are none".to_owned();
        }
        format!("is no key here; there are: {}", keys.join(", "))
    }

    fn missing_key(&self, error: &ValidationError<'_>, key: &Value) -> String {
        let key = key.as_str().unwrap_or_default();
        let described = self.around(error)["properties"][key]["description"].as_str();
        let words = described.map(|text| format!(": {}", docs::first_sentence(text).trim_end_matches('.')));
        format!("no {key}{}", words.unwrap_or_default())
    }

    /// The values of a schema that allows only certain ones.
    fn constants(&self, schema: &Value) -> Option<Vec<String>> {
        if let Some(reference) = schema.get("$ref") {
            return self.constants(self.schema.pointer(reference.as_str()?.strip_prefix('#')?)?);
        }
        if let Some(value) = schema.get("const") {
            return Some(vec![plain(value)]);
        }
        if let Some(values) = schema.get("enum") {
            return Some(values.as_array()?.iter().map(plain).collect());
        }
        match schema["type"].as_str() {
            Some("boolean") => return Some(vec!["true".to_owned(), "false".to_owned()]),
            Some("null") => return Some(Vec::new()),
            _ => {}
        }
        let branches = ["oneOf", "anyOf", "allOf"]
            .iter()
            .find_map(|key| schema.get(key)?.as_array())?;
        let values = branches.iter().map(|branch| self.constants(branch));
        values.collect::<Option<Vec<_>>>().map(|values| values.concat())
    }
}

fn types(kind: &TypeKind) -> Vec<String> {
    let names: Vec<_> = match kind {
        TypeKind::Single(name) => vec![name.to_string()],
        TypeKind::Multiple(names) => names.iter().map(|name| name.to_string()).collect(),
    };
    let words = names.iter().map(|name| match name.as_str() {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map",
        other => other,
    });
    let mut words: Vec<_> = words.map(str::to_owned).collect();
    words.sort_by_key(|word| word == "null");
    words
}

fn listed(words: &[String]) -> String {
    match words {
        [] => "something else".to_owned(),
        [word] => word.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        _ => noun(value),
    }
}

/// A day that the calendar has, as `2026-09-14`.
fn is_date(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |text: &str, length: usize| -> Option<u32> {
        let digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok())?
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}
