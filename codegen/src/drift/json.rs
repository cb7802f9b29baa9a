//! JSON in an example: it has to fit the spec, and its names and values have to be those of the taxonomy.

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::{Value, json};

use super::{
    book::{Book, Endpoint, answer},
    compare::{Doubt, Sheet},
    known::{FAILURE_STATUS, OFFSET},
    located::{At, Node},
    report::Level,
    script::Text,
    values::is_placeholder,
};
use crate::{
    open_api_schema,
    openapi::Api,
    standard_names::{Kind, List},
};

/// JSON with its lines.
pub struct Json<'a> {
    pub value: Value,
    line: usize,
    text: &'a str,
}

impl<'a> Json<'a> {
    /// The first object or list of a text; `None` if no line begins with one.
    pub fn find(text: &'a Text, in_command: bool) -> Option<Result<Self, (String, usize)>> {
        let mut offset = 0;
        for (index, line) in text.text.split('\n').enumerate() {
            let bare = line.trim_start();
            if bare.starts_with(['{', '[']) {
                let start = offset + line.len() - bare.len();
                return Some(Self::read(text.text.get(start..)?, text.line + index, in_command));
            }
            offset += line.len() + 1;
        }
        None
    }

    fn read(text: &'a str, line: usize, in_command: bool) -> Result<Self, (String, usize)> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let value = match values.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => return Err((error.to_string(), line + error.line().saturating_sub(1))),
            None => return Err(("it is empty".to_owned(), line)),
        };
        let end = values.byte_offset();
        let rest = text.get(end..).unwrap_or_default();
        if !in_command && !rest.trim().is_empty() {
            let down = text.get(..end).unwrap_or_default().matches('\n').count();
            return Err(("text follows it".to_owned(), line + down));
        }
        Ok(Self {
            value,
            line,
            text: text.get(..end).unwrap_or(text),
        })
    }

    /// The lines of values by their paths.
    fn lines(&self) -> impl Fn(&[&str]) -> usize {
        let node = Node::parse("the example", self.text).ok();
        let first = self.line;
        move |path| first + node.as_ref().map_or(0, |node| node.line_of(path).saturating_sub(1))
    }
}

/// Where a sample belongs.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The API of the page or of the call, if known.
    pub api: Option<&'a Api>,
    pub endpoint: Option<Endpoint<'a>>,
}

impl Scope<'_> {
    /// Of any operation.
    pub const ANY: Self = Self {
        api: None,
        endpoint: None,
    };
}

/// Checks a JSON sample, which came under an HTTP status if one is given with its line.
pub fn check(sheet: &mut Sheet, json: &Json<'_>, scope: Scope<'_>, status: Option<(u64, usize)>, book: &Book) {
    let value = &json.value;
    let Some((api, schema)) = schema(value, scope, book) else {
        let words = "fits neither a request nor an answer of the spec";
        return sheet.say(Level::Drift, "example", words, json.line, None);
    };
    let name = format!("example of {schema}");
    let at = book.lines.at(api.name, &["components", "schemas", schema]);
    sheet.facts += leaves(value);
    let line_of = json.lines();
    for (path, words) in faults(api, schema, value) {
        let path: Vec<_> = path.split('/').filter(|step| !step.is_empty()).collect();
        sheet.say(Level::Drift, &name, words, line_of(&path), Some(at.clone()));
    }
    let mut walk = Walk {
        sheet,
        book,
        events: api
            .document
            .schema(schema)
            .is_some_and(|schema| schema.properties.contains_key("events")),
        line_of: &line_of,
    };
    walk.value(value, &mut Vec::new());
    answer_codes(sheet, value, &line_of, api, status, book);
}

/// Which schema a sample is of: the one it shares most keys with.
fn schema<'a>(value: &Value, scope: Scope<'a>, book: &'a Book) -> Option<(&'a Api, &'a str)> {
    let keys = value.as_object()?;
    let mut names: Vec<(&Api, &str)> = Vec::new();
    for endpoint in book.endpoints() {
        let own = scope.endpoint.is_none_or(|own| own.path == endpoint.path);
        let same = scope.api.is_none_or(|api| api.name == endpoint.api.name);
        if own && same {
            // Without an operation, a page of answers shows no requests.
            if scope.endpoint.is_some() || scope.api.is_none() {
                names.push((endpoint.api, endpoint.operation.request()));
            }
            names.extend(answer(endpoint).map(|answer| (endpoint.api, answer)));
        }
    }
    let shared = |(api, name): &(&Api, &str)| {
        let properties = api.document.schema(name).map(|schema| &schema.properties);
        properties.map_or(0, |properties| {
            keys.keys().filter(|key| properties.contains_key(*key)).count()
        })
    };
    names
        .into_iter()
        .rev()
        .max_by_key(shared)
        .filter(|name| shared(name) > 0)
}

/// Goes through a sample and holds its names and values against the taxonomy.
struct Walk<'a> {
    sheet: &'a mut Sheet,
    book: &'a Book,
    /// Whether the sample is about events rather than users.
    events: bool,
    line_of: &'a dyn Fn(&[&str]) -> usize,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value, path: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    path.push(key.clone());
                    self.entry(key, value, path);
                    path.pop();
                }
            }
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    path.push(index.to_string());
                    self.value(value, path);
                    path.pop();
                }
            }
            Value::String(text) => self.offset(text, path),
            _ => {}
        }
    }

    fn entry(&mut self, key: &str, value: &Value, path: &mut Vec<String>) {
        if let Some(list) = List::under(key, value, self.events) {
            return self.names(list, value, path);
        }
        self.form(key, value, path);
        self.value(value, path);
    }

    /// Names: a text, the texts of a list, or the keys of a map or of several.
    fn names(&mut self, list: List, value: &Value, path: &mut Vec<String>) {
        match value {
            Value::String(name) => self.name(name, list.kinds(), None, path),
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    path.push(index.to_string());
                    self.names(list, value, path);
                    path.pop();
                }
            }
            Value::Object(map) => {
                for (name, value) in map {
                    path.push(name.clone());
                    self.name(name, list.kinds(), Some(value), path);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// A name, and possibly a value of what it names. Only names with the prefix of the standard are judged.
    fn name(&mut self, name: &str, kinds: &[Kind], value: Option<&Value>, path: &[String]) {
        let line = self.line(path);
        let mut names = self.book.standard.iter().filter(|standard| standard.name == name);
        let Some(standard) = names.clone().find(|standard| kinds.contains(&standard.kind)) else {
            let is_items = names.any(|standard| standard.kind == Kind::Items);
            if name.contains("df_") && !is_placeholder(name) {
                let (what, list) = kinds.first().map_or(("name", "events"), |kind| words(*kind));
                let at = self.book.lines.at("taxonomy", &[list]);
                let words = || match what {
                    "event property" if is_items => {
                        "is an event property here; in the Import API items are in `event_items`".to_owned()
                    }
                    _ => format!("the taxonomy has no {what} of this name"),
                };
                self.sheet.check(false, &format!("name {name}"), words, line, &at);
            }
            return;
        };
        self.sheet.facts += 1;
        let Some(value) = value.filter(|value| !value.is_null() && !value.as_str().is_some_and(is_placeholder)) else {
            return;
        };
        let faults = validate(&standard.schema, value);
        let at = self.book.standard_at(standard);
        let fact = format!("value of {name}");
        self.sheet
            .check(faults.is_empty(), &fact, || in_words(&faults), line, &at);
    }

    /// The form of a field whose schema leaves it open.
    fn form(&mut self, key: &str, value: &Value, path: &[String]) {
        let mut forms = self.book.drift.forms.iter().enumerate();
        let Some((index, form)) = forms.find(|(_, form)| form.field == key) else {
            return;
        };
        let faults = validate(&form.schema, value);
        let at = self.book.drift_at(&["forms", &index.to_string()]);
        let words = || format!("{}: {}", in_words(&faults), form.because.trim_end_matches('.'));
        let line = self.line(path);
        self.sheet
            .check(faults.is_empty(), &format!("form of {key}"), words, line, &at);
    }

    /// A datetime that has an offset.
    fn offset(&mut self, text: &str, path: &[String]) {
        let line = self.line(path);
        offset(self.sheet, text, line, self.book);
    }

    fn line(&self, path: &[String]) -> usize {
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        (self.line_of)(&path)
    }
}

/// Notes a datetime that has an offset in place of the `Z`.
pub fn offset(sheet: &mut Sheet, text: &str, spot: impl Into<super::block::Spot>, book: &Book) {
    let schema = json!({"type": "string", "format": "date-time"});
    let dated = text.len() > 18 && text.contains('T') && !text.ends_with(['Z', 'z']);
    if dated && validate(&schema, &text.into()).is_empty() {
        sheet.doubts.push(Doubt {
            fact: OFFSET,
            reading: text.to_owned(),
            words: format!("`{text}` has an offset"),
            spot: spot.into(),
            at: book.lines.at("import", &["components", "schemas", "Timestamp"]),
        });
    }
}

/// Checks that the code of an answer, its name and its status belong together.
fn answer_codes(
    sheet: &mut Sheet,
    value: &Value,
    line_of: &dyn Fn(&[&str]) -> usize,
    api: &Api,
    status: Option<(u64, usize)>,
    book: &Book,
) {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let line = |key: &str| line_of(&[key]);
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
        if let Some((status, line)) = status {
            let (own, other) = (u64::from(row.http), u64::from(row.http_alternative));
            let words = format!("code {code} comes under HTTP {status}, in the spec under {own}");
            doubt_status(sheet, (status, line), own, other, words, at);
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
        let rows: Vec<_> = rows.collect();
        if let (Some((status, line)), Some(first)) = (status, rows.first()) {
            let holds = rows.iter().any(|row| u64::from(row.http) == status);
            let words = || format!("{message} comes under HTTP {status}, in the spec under {}", first.http);
            sheet.check(holds, "example status", words, line, &at);
        }
    }
}

/// Compares the status of an answer with the two that the spec has for it: which of them the server uses is open.
fn doubt_status(sheet: &mut Sheet, (status, line): (u64, usize), own: u64, other: u64, words: String, at: At) {
    if status == other && own != other {
        return sheet.doubts.push(Doubt {
            fact: FAILURE_STATUS,
            reading: status.to_string(),
            words,
            spot: line.into(),
            at,
        });
    }
    sheet.check(status == own, "example status", || words, line, &at);
}

/// What does not fit, with the JSON pointer to it. Unlike an answer, an example may not hold a key that the spec does
/// not know.
fn faults(api: &Api, name: &str, value: &Value) -> Vec<(String, String)> {
    let components = open_api_schema::components(&api.value);
    let reference = json!({"$ref": format!("#/components/schemas/{name}")});
    validate(&open_api_schema::of(&components, &reference), value)
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
            .filter(|error| !error.instance().as_str().is_some_and(is_placeholder))
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

/// Faults in a row.
#[must_use]
pub fn in_words(faults: &[(String, String)]) -> String {
    let words: Vec<_> = faults.iter().map(|(_, words)| words.as_str()).collect();
    words.join(", ")
}

/// How many values an example shows.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.values().map(leaves).sum(),
        Value::Array(values) => values.iter().map(leaves).sum(),
        _ => 1,
    }
}

/// A kind of name in words, and its list in the taxonomy.
fn words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Event => ("event", "events"),
        Kind::EventProperty | Kind::Items => ("event property", "event_properties"),
        Kind::ItemProperty => ("item property", "item_properties"),
        Kind::UserProperty => ("user property", "user_properties"),
        Kind::Column => ("column", "system_columns"),
        Kind::ItemColumn => ("column of an item property", "item_properties"),
    }
}
