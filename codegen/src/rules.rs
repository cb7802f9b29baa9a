//! What a text in a document must be like: a name, a path, a status.

use crate::names;

pub fn one_of(words: &[&str], text: &str) -> Result<(), String> {
    ensure(words.contains(&text), || {
        format!("`{text}` must be one of: {}", words.join(", "))
    })
}

pub fn ensure(holds: bool, words: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(words()) }
}

#[expect(clippy::unnecessary_wraps, reason = "it is a rule, though one that nothing breaks")]
pub fn any_key(_: &str) -> Result<(), String> {
    Ok(())
}

pub fn version(text: &str) -> Result<(), String> {
    ensure(text.starts_with("3.0."), || {
        format!("is {text}; progenitor reads 3.0.x only")
    })
}

pub fn snake_case(text: &str) -> Result<(), String> {
    ensure(names::is_lower(text, '_'), || format!("`{text}` is not snake_case"))
}

pub fn field(text: &str) -> Result<(), String> {
    snake_case(text)?;
    names::ident(text).map(drop)
}

pub fn token(text: &str) -> Result<(), String> {
    snake_case(text)?;
    ensure(text.ends_with("_token"), || format!("`{text}` must end in `_token`"))
}

pub fn type_name(text: &str) -> Result<(), String> {
    ensure(names::is_upper_camel(text), || {
        format!("`{text}` is not written as a type of Rust, such as `EventName`")
    })?;
    ensure(!["Option", "Result", "String", "Vec"].contains(&text), || {
        format!("`{text}` would hide the type of Rust")
    })?;
    names::ident(text).map(drop)
}

pub fn rust_path(text: &str) -> Result<(), String> {
    let is_path = text.starts_with("crate::")
        && text
            .split("::")
            .all(|name| name == "crate" || names::ident(name).is_ok());
    ensure(is_path, || {
        format!("`{text}` is no path of this crate, such as `crate::Timestamp`")
    })
}

pub fn path(text: &str) -> Result<(), String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_segment = |segment: &str| {
        let parameter = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let name = parameter.unwrap_or(segment);
        name.chars().all(is_plain) && (parameter.is_none() || !name.is_empty())
    };
    ensure(text.starts_with('/') && text.split('/').all(is_segment), || {
        format!("`{text}` is no plain path, such as `/api/v1/events` or `/api/v1/events/{{event_id}}`")
    })
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

pub fn method(text: &str) -> Result<(), String> {
    ensure(METHODS.contains(&text), || match text {
        "parameters" | "servers" => format!("`{text}` belongs into each operation of the path"),
        _ => format!("`{text}` must be one of: {}", METHODS.join(", ")),
    })
}

pub fn parameter_place(text: &str) -> Result<(), String> {
    one_of(&["path", "query", "header"], text)
}

pub fn parameter_type(text: &str) -> Result<(), String> {
    one_of(&["string", "integer", "number", "boolean"], text).map_err(|words| {
        format!("{words}; a list has no single form outside of a body, so describe the text that is sent")
    })
}

pub fn status(text: &str) -> Result<(), String> {
    let is_status = text.parse().is_ok_and(|status: u16| (100..=599).contains(&status));
    ensure(is_status, || match text {
        "default" => "progenitor counts it as success and as failure; name every status".to_owned(),
        _ => format!("`{text}` is no HTTP status"),
    })
}

pub fn json(text: &str) -> Result<(), String> {
    ensure(text == "application/json", || {
        let words = format!("a request body must be application/json, not `{text}`");
        match text {
            "multipart/form-data" => format!(
                "{words}: the client sends one text again after a failure, and no files; \
                 leave the operation out, and say so in the description of the document"
            ),
            _ => words,
        }
    })
}

pub fn answer(text: &str) -> Result<(), String> {
    ensure(["application/json", "text/csv"].contains(&text), || {
        format!("an answer must be application/json or text/csv, which the client can read, not `{text}`")
    })
}
