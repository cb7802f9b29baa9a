//! On which types the limits of a value may stand.

use crate::{
    openapi::{Field, Schema},
    problem::{Place, Problems},
};

/// The rules for the lengths and bounds of a value, and of what it holds.
pub fn lint(field: &Field<'_>, schema: &Schema, at: &Place, problems: &mut Problems) {
    let is_text = *field == Field::Text;
    let whole = match field {
        Field::Plain("i64") => Some((i64::MIN, i64::MAX)),
        Field::Plain("i32") => Some((i32::MIN.into(), i32::MAX.into())),
        _ => None,
    };
    let is_number = whole.is_some() || *field == Field::Plain("f64");
    let mut refuse = |key: &str, broken: bool, words: &str| {
        if broken {
            problems.push(at.key(key).problem(words));
        }
    };
    refuse("minLength", schema.min_length.is_some() && !is_text, "is for texts");
    refuse("maxLength", schema.max_length.is_some() && !is_text, "is for texts");
    for (key, bound) in [("minimum", &schema.minimum), ("maximum", &schema.maximum)] {
        let Some(bound) = bound else { continue };
        refuse(key, !is_number, "is for numbers");
        let fits = |(least, most): (i64, i64)| bound.as_i64().is_some_and(|bound| (least..=most).contains(&bound));
        let is_outside = whole.is_some_and(|range| !fits(range));
        refuse(key, is_outside, "must be a whole number that its type can hold");
    }
    let lengths = schema.min_length.zip(schema.max_length);
    refuse(
        "minLength",
        lengths.is_some_and(|(min, max)| min > max),
        "is above maxLength",
    );
    let bound = |bound: &Option<serde_json::Number>| bound.as_ref().and_then(serde_json::Number::as_f64);
    let bounds = bound(&schema.minimum).zip(bound(&schema.maximum));
    refuse(
        "minimum",
        bounds.is_some_and(|(min, max)| min > max),
        "is above maximum",
    );
    let counts = schema.min_items.zip(schema.max_items);
    refuse(
        "minItems",
        counts.is_some_and(|(min, max)| min > max),
        "is above maxItems",
    );
    let (Field::List(element) | Field::Map(element), Some(inner)) = (field, schema.inner()) else {
        return;
    };
    let key = if schema.items.is_some() {
        "items"
    } else {
        "additionalProperties"
    };
    lint(element, inner, &at.key(key), problems);
}

/// The limits of a text or a number in words, a sentence each.
#[must_use]
pub fn sentences(schema: &Schema) -> Vec<String> {
    [
        schema
            .min_length
            .filter(|min| *min > 1)
            .map(|min| format!("At least {min} characters.")),
        schema.max_length.map(|max| format!("At most {max} characters.")),
        schema.minimum.as_ref().map(|min| format!("At least {min}.")),
        schema.maximum.as_ref().map(|max| format!("At most {max}.")),
    ]
    .into_iter()
    .flatten()
    .collect()
}
