//! Types of other programs, and what they are called here.

/// Words for types, and what to write instead.
const FOREIGN: [(&[&str], &str); 6] = [
    (
        &["number", "numeric", "decimal", "money", "num"],
        "double, or long for whole numbers",
    ),
    (&["float", "real", "float32", "float64"], "double"),
    (
        &[
            "int", "integer", "bigint", "smallint", "int32", "int64", "uint", "short", "byte",
        ],
        "long",
    ),
    (
        &["text", "str", "varchar", "char", "uuid", "category", "enum"],
        "string",
    ),
    (&["bool", "bit", "flag"], "boolean"),
    (
        &["timestamp", "timestamptz", "time", "date-time", "date_time", "instant"],
        "datetime",
    ),
];
const LISTS: [&str; 5] = ["array", "list", "set", "sequence", "vector"];

/// What to write instead of the type of another program, where one of these types is expected.
pub(super) fn foreign_type(unknown: &str, known: &str) -> Option<String> {
    if !known.contains("double") {
        return None;
    }
    let word = unknown.to_lowercase();
    let foreign = FOREIGN.iter().find(|(words, _)| words.contains(&word.as_str()));
    let instead = match foreign {
        Some((_, instead)) => instead,
        None if LISTS.contains(&word.as_str()) => "string-array, long-array or double-array",
        None => return None,
    };
    Some(format!("there is no type `{unknown}`: write {instead}"))
}
