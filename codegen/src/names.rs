//! Turns names of the spec into names of Rust.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Ident;

/// A name that is already an identifier, such as that of a field.
///
/// # Errors
/// If it is a keyword or not an identifier.
pub fn ident(name: &str) -> Result<Ident, String> {
    syn::parse_str(name).map_err(|_| format!("`{name}` is a keyword of Rust or no identifier"))
}

/// The variant or type for a name: `TOO_MANY_REQUEST` and `too_many_request` become `TooManyRequest`.
///
/// # Errors
/// If that is not an identifier.
pub fn variant(name: &str) -> Result<Ident, String> {
    ident(&name.to_upper_camel_case()).map_err(|words| format!("`{name}` gives no name of a variant: {words}"))
}

/// The constant for a name: `events` becomes `EVENTS`, `import-response-ko` becomes `IMPORT_RESPONSE_KO`.
///
/// # Errors
/// If that is not an identifier.
pub fn constant(name: &str) -> Result<Ident, String> {
    ident(&name.to_shouty_snake_case()).map_err(|words| format!("`{name}` gives no name of a constant: {words}"))
}

/// Whether a name can be that of a field as it is.
#[must_use]
pub fn is_field(name: &str) -> bool {
    is_lower(name, '_') && ident(name).is_ok()
}

/// Why a name cannot be that of a field, and what to do about it.
#[must_use]
pub fn no_field(name: &str) -> String {
    let why = if is_lower(name, '_') {
        "a keyword of Rust or no identifier"
    } else {
        "not snake_case"
    };
    let example = match name.to_snake_case() {
        snake if is_field(&snake) => snake,
        snake if is_field(&format!("{snake}_value")) => format!("{snake}_value"),
        _ => "its_name".to_owned(),
    };
    format!("`{name}` is {why}: add x-rust-name, such as `x-rust-name: {example}`")
}

/// Whether a name consists of words in lower case and digits between single separators, the first starting with a
/// letter.
#[must_use]
pub fn is_lower(name: &str, separator: char) -> bool {
    let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split(separator).all(word)
}

/// Whether a name is written like a Rust type name.
#[must_use]
pub fn is_upper_camel(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.to_upper_camel_case() == name
}
