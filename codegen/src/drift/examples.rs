//! Examples on a page: JSON that has to fit the spec, and the text around it.

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::{Value, json};

use super::{
    block::Code,
    book::{Book, Endpoint, answer},
    cells::{header_value, is_command, is_token_header},
    compare::{Group, Sheet},
    located::{At, Node},
    report::Level,
    words,
};
use crate::openapi::Api;

/// Checks every example of a page against the spec: those of an operation, or only answers of an API.
pub fn check(sheet: &mut Sheet, code: &Code, api: &Api, endpoint: Option<Endpoint<'_>>, book: &Book) {
    let status = status_line(code);
    if let Some((status, line)) = status {
        let known = book
            .responses(api.name)
            .iter()
            .any(|row| row.subject == format!("HTTP {status}"))
            || status_of_codes(book, api.name).contains(&status);
        let at = book.lines.at("responses", &[api.name, "http"]);
        let words = || format!("the spec has no HTTP status {status}");
        sheet.check(known, "example status", words, line, &at);
    }
    headers(sheet, code);
    let Some(json) = find_json(code) else {
        if is_json(&code.language) {
            sheet.facts += 1;
            sheet.say(
                Level::Drift,
                "example",
                "is marked as JSON, but holds none",
                code.line,
                None,
            );
        }
        return;
    };
    sheet.facts += 1;
    let (value, json) = match json.value() {
        Ok((value, end)) => (value, json.cut(end)),
        Err((words, line)) => return sheet.say(Level::Drift, "example", format!("is no JSON: {words}"), line, None),
    };
    let Some(schema) = schema(&value, api, endpoint) else {
        let words = "fits neither a request nor an answer of the spec";
        return sheet.say(Level::Drift, "example", words, json.line, None);
    };
    let name = format!("example of {schema}");
    let at = book.lines.at(api.name, &["components", "schemas", schema]);
    let faults = faults(api, schema, &value);
    sheet.facts += leaves(&value);
    if !faults.is_empty() {
        let lines = Node::parse("the example", json.text).ok();
        for (path, words) in faults {
            let path: Vec<_> = path.split('/').filter(|step| !step.is_empty()).collect();
            let down = lines.as_ref().map_or(0, |node| node.line_of(&path).saturating_sub(1));
            sheet.say(Level::Drift, &name, words, json.line + down, Some(at.clone()));
        }
    }
    answer_codes(sheet, &value, &json, api, status.map(|(status, _)| status), book);
}

/// One of the statuses under which codes come.
fn status_of_codes(book: &Book, api: &str) -> Vec<u64> {
    let responses = &book.spec.responses;
    if api == "import" {
        let codes = responses.import.codes.iter();
        codes
            .flat_map(|row| [row.http, row.http_alternative])
            .map(u64::from)
            .collect()
    } else {
        let codes = responses.export.codes.iter();
        codes
            .flat_map(|row| [row.http, row.http_alternative])
            .map(u64::from)
            .collect()
    }
}

/// Checks that the code of an answer, its name and its status belong together.
fn answer_codes(sheet: &mut Sheet, value: &Value, json: &Json<'_>, api: &Api, status: Option<u64>, book: &Book) {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let line = |key: &str| json.line_of(key);
    if value.get("status").is_some() && value.get("code").is_some() {
        let code = text("code").unwrap_or_else(|| value["code"].to_string());
        let rows = &book.spec.responses.import.codes;
        let row = rows.iter().position(|row| row.code.to_string() == code);
        let at = row.map_or(book.lines.at("responses", &["import", "codes"]), |index| {
            book.lines.at("responses", &["import", "codes", &index.to_string()])
        });
        sheet.check(
            row.is_some(),
            "example code",
            || format!("the spec has no code {code}"),
            line("code"),
            &at,
        );
        let Some(row) = row.and_then(|index| rows.get(index)) else {
            return;
        };
        if let Some(message) = text("message") {
            let words = || format!("code {code} comes with {message}, in the spec with {}", row.name);
            sheet.check(message == row.name, "example message", words, line("message"), &at);
        }
        let success = row.code == 20000;
        let words = || format!("`status` is {} beside code {code}", value["status"]);
        sheet.check(value["status"] == success, "example status", words, line("status"), &at);
        if let Some(status) = status {
            let holds = [row.http, row.http_alternative].map(u64::from).contains(&status);
            let words = || format!("code {code} comes under HTTP {status}");
            sheet.check(holds, "example status", words, json.first_line, &at);
        }
    } else if let (Some(result), Some(message)) = (text("result"), text("message")) {
        let (expected, at) = book.export_result();
        let words = || format!("`result` is {result}, in the spec {expected}");
        sheet.check(result == expected, "example result", words, line("result"), &at);
        let mut rows = book
            .spec
            .responses
            .export
            .codes
            .iter()
            .filter(|row| row.message == message)
            .peekable();
        let at = book.lines.at("responses", &[api.name, "codes"]);
        let known = rows.peek().is_some();
        sheet.check(
            known,
            "example message",
            || format!("the spec has no message {message}"),
            line("message"),
            &at,
        );
        if let (Some(status), true) = (status, known) {
            let holds = rows.any(|row| [row.http, row.http_alternative].map(u64::from).contains(&status));
            let words = || format!("{message} comes under HTTP {status}");
            sheet.check(holds, "example status", words, json.first_line, &at);
        }
    }
}

/// JSON within a block of code.
struct Json<'a> {
    text: &'a str,
    line: usize,
    /// The line of the block itself.
    first_line: usize,
    /// What may follow it: the rest of a command.
    in_command: bool,
}

impl Json<'_> {
    /// The value, and where its text ends.
    fn value(&self) -> Result<(Value, usize), (String, usize)> {
        let mut values = serde_json::Deserializer::from_str(self.text).into_iter::<Value>();
        let value = match values.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                let down = error.line().saturating_sub(1);
                return Err((error.to_string(), self.line + down));
            }
            None => return Err(("it is empty".to_owned(), self.line)),
        };
        let end = values.byte_offset();
        let rest = self.text.get(end..).unwrap_or_default();
        if !self.in_command && !rest.trim().is_empty() {
            let down = self.text.get(..end).unwrap_or_default().matches('\n').count();
            return Err(("text follows it".to_owned(), self.line + down));
        }
        Ok((value, end))
    }

    /// Cuts off what follows the value.
    fn cut(self, end: usize) -> Self {
        Self {
            text: self.text.get(..end).unwrap_or(self.text),
            ..self
        }
    }

    /// The line of a key of the outermost object.
    fn line_of(&self, key: &str) -> usize {
        let node = Node::parse("the example", self.text);
        self.line + node.map_or(0, |node| node.line_of(&[key]).saturating_sub(1))
    }
}

/// The first line that opens an object or a list; in a command, the body.
fn find_json(code: &Code) -> Option<Json<'_>> {
    let command = is_command(&code.text);
    let mut offset = 0;
    for (index, line) in code.text.split('\n').enumerate() {
        let bare = line.trim_start();
        let opening = if command {
            ["'{", "\"{", "'["]
                .iter()
                .find_map(|opening| line.find(opening))
                .map(|at| at + 1)
        } else {
            bare.starts_with(['{', '[']).then_some(line.len() - bare.len())
        };
        let opening = opening.or_else(|| (command && bare.starts_with('{')).then_some(line.len() - bare.len()));
        if let Some(at) = opening {
            return Some(Json {
                text: code.text.get(offset + at..)?,
                line: code.line + index,
                first_line: code.line,
                in_command: command,
            });
        }
        offset += line.len() + 1;
    }
    None
}

fn is_json(language: &str) -> bool {
    language
        .split_whitespace()
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("json"))
}

/// A first line such as `200 OK` or `HTTP/2 429`.
fn status_line(code: &Code) -> Option<(u64, usize)> {
    let (index, line) = code
        .text
        .lines()
        .enumerate()
        .find(|(_, line)| !line.trim().is_empty())?;
    let line = line.trim();
    let rest = match line.strip_prefix("HTTP/") {
        Some(rest) => rest.split_once(' ')?.1,
        None => line,
    };
    let number = rest.split_whitespace().next()?;
    let status = number.parse().ok().filter(|_| number.len() == 3)?;
    Some((status, code.line + index))
}

/// Header lines before the JSON, and those that a command sends.
fn headers(sheet: &mut Sheet, code: &Code) {
    let command = is_command(&code.text);
    for (index, line) in code.text.lines().enumerate() {
        let line_number = code.line + index;
        if !command && line.trim_start().starts_with(['{', '[']) {
            break;
        }
        let Some((name, value)) = header_line(line, command) else {
            continue;
        };
        let name = name.to_lowercase();
        // An answer has all sorts of headers; a command has those that matter.
        let matters = command || name == "content-type" || is_token_header(&name);
        if name.contains("ratelimit") || name.contains("rate-limit") {
            sheet.read(
                Group::RateHeaders,
                &format!("header {name}"),
                "form",
                form(&value),
                line_number,
            );
        } else if matters {
            sheet.read(
                Group::Samples,
                &format!("header {name}"),
                "value",
                &header_value(&name, &value),
                line_number,
            );
        }
    }
}

/// A header and its value: `Name: value`, also behind `-H` or `--header` and in quotes.
#[must_use]
pub fn header_line(line: &str, command: bool) -> Option<(String, String)> {
    let bare = line.trim().trim_end_matches('\\').trim_end();
    let bare = match ["-H ", "--header "].iter().find_map(|option| bare.split_once(option)) {
        Some((_, header)) => header,
        None if command => return None,
        None => bare,
    };
    let bare = bare.trim().trim_matches(['\'', '"', '`']);
    let (name, value) = bare.split_once(':')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    is_name.then(|| (name.to_owned(), value.trim().to_owned()))
}

/// The form of a rate limit header's value.
#[must_use]
pub fn form(value: &str) -> &'static str {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    match value.len() - digits.len() {
        0 if number => "integer",
        1 if number => "period",
        _ => "something else",
    }
}

/// Which schema an example is of: the one it shares most keys with.
fn schema<'a>(value: &Value, api: &'a Api, endpoint: Option<Endpoint<'a>>) -> Option<&'a str> {
    let keys = value.as_object()?;
    let mut names: Vec<&str> = Vec::new();
    if let Some(endpoint) = endpoint {
        names.push(endpoint.operation.request());
        names.extend(answer(endpoint));
    } else {
        let operations = api.document.operations();
        let answers = operations.filter_map(|(path, method, operation)| {
            answer(Endpoint {
                api,
                path,
                method,
                operation,
            })
        });
        names.extend(answers.take(1));
    }
    let shared = |name: &str| {
        let properties = api.document.schema(name).map(|schema| &schema.properties);
        properties.map_or(0, |properties| {
            keys.keys().filter(|key| properties.contains_key(*key)).count()
        })
    };
    names
        .into_iter()
        .rev()
        .max_by_key(|name| shared(name))
        .filter(|name| shared(name) > 0)
}

/// What does not fit, with the JSON pointer to it. Unlike an answer, an example may not hold a key that the spec does
/// not know.
fn faults(api: &Api, name: &str, value: &Value) -> Vec<(String, String)> {
    let mut schemas = api.value["components"]["schemas"].clone();
    close(&mut schemas);
    let schema = json!({"$ref": format!("#/components/schemas/{name}"), "components": {"schemas": schemas}});
    validate(&schema, value)
}

/// Validates a value, formats included.
#[must_use]
pub fn validate(schema: &Value, value: &Value) -> Vec<(String, String)> {
    let validator = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(schema);
    match validator {
        Err(error) => vec![(String::new(), format!("the schema itself is faulty: {error}"))],
        Ok(validator) => validator
            .iter_errors(value)
            .filter(|error| !is_placeholder(error.instance()))
            .map(|error| (pointer(&error), error.to_string()))
            .collect(),
    }
}

/// What an error is about: for an unknown key, the key rather than the object that holds it.
fn pointer(error: &ValidationError<'_>) -> String {
    let path = error.instance_path();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("{path}/{}", unexpected.first().map_or("", String::as_str))
        }
        _ => path.to_string(),
    }
}

/// Texts such as `${your-id}` or `xxxxxxxx-xxxx-Mxxx-Nxxx-xxxxxxxxxxxx` have no real form.
fn is_placeholder(value: &Value) -> bool {
    let pattern = |text: &str| text.contains('x') && text.chars().all(|c| "xMN-".contains(c));
    value.as_str().is_some_and(|text| text.contains("${") || pattern(text))
}

/// `OpenAPI` 3.0 as JSON Schema: `nullable` becomes a type, and objects with named properties take no others.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("nullable") == Some(&Value::Bool(true))
                && let Some(kind) = map.get("type").cloned()
            {
                map.insert("type".to_owned(), json!([kind, "null"]));
            }
            let is_schema = map.get("type") == Some(&json!("object"));
            if is_schema && map.contains_key("properties") && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            map.values_mut().for_each(close);
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

/// How many values an example shows.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.values().map(leaves).sum(),
        Value::Array(values) => values.iter().map(leaves).sum(),
        _ => 1,
    }
}

/// Codes with their names in a line, such as `40402 TOO_MANY_EVENTS`.
pub fn named_codes(sheet: &mut Sheet, text: &str, line: usize, book: &Book) {
    for number in words::numbers(text) {
        let digits = text.get(number.start..number.end).unwrap_or_default();
        let rest = text.get(number.end..).unwrap_or_default();
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || ":-–()`".contains(c));
        let name: String = rest
            .chars()
            .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_')
            .collect();
        if digits.len() != 5 || name.len() < 2 {
            continue;
        }
        let rows = &book.spec.responses.import.codes;
        let index = rows.iter().position(|row| row.code.to_string() == digits);
        let at: At = match index {
            Some(index) => book.lines.at("responses", &["import", "codes", &index.to_string()]),
            None => book.lines.at("responses", &["import", "codes"]),
        };
        let holds = index
            .and_then(|index| rows.get(index))
            .is_some_and(|row| row.name == name);
        let words = || format!("the spec has no code {digits} with this name");
        sheet.check(holds, &format!("code {digits} {name}"), words, line, &at);
    }
}
