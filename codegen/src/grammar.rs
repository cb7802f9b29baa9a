//! Which keys and types a document of this project may and must have.
//!
//! It is a table of shapes, and a walk along it. It refuses what the table does not name: every tool would otherwise
//! ignore a misspelt `x-` key.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::{
    names,
    problem::{Place, Problems},
};

/// Notes everything that differs from the shapes in the document.
pub fn check(file: &str, document: &Value, problems: &mut Problems) {
    let walk = Walk { document };
    walk.visit(&Kind::Node(&DOCUMENT), document, &Place::file(file), problems);
}

/// The shape of a node.
pub enum Kind {
    /// Anything, such as an example.
    Any,
    /// A text that is not empty.
    Text,
    /// A text that obeys a rule.
    Rule(Rule),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A whole number from 1 that fits in 31 bits.
    Count,
    /// A number.
    Number,
    /// What a map holds under each name.
    Values(&'static Shape, &'static str),
    /// A list that is not empty.
    List(&'static Kind),
    /// A list that may be empty.
    ListOrNone(&'static Kind),
    /// A list of one.
    One(&'static Kind),
    /// A map whose keys obey a rule.
    Map(Rule, &'static Kind),
    /// A node with its own keys.
    Node(&'static Shape),
    /// Only a reference to a component of this section.
    Ref(&'static str),
    /// A reference, or the node itself.
    NodeOrRef(&'static Shape, &'static str),
    /// A property: a reference, a reference with a text of its own, or the node itself.
    Property,
}

/// Says what is wrong with a text.
pub type Rule = fn(&str) -> Result<(), String>;

/// The keys of a node.
pub struct Shape {
    pub name: &'static str,
    pub keys: &'static [Key],
}

impl Shape {
    fn requires(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known.name == key && known.due.is_some())
    }

    /// Whether the key is that of a text of this shape in Korean.
    #[must_use]
    pub fn has_korean(&self, key: &str) -> bool {
        let english = IN_KOREAN.iter().find(|(_, korean)| *korean == key);
        english.is_some_and(|(english, _)| self.keys.iter().any(|known| known.name == *english))
    }
}

pub struct Key {
    pub name: &'static str,
    /// If the key is required: why, for those who left it out.
    pub due: Option<&'static str>,
    pub kind: Kind,
}

const fn may(name: &'static str, kind: Kind) -> Key {
    Key { name, due: None, kind }
}

const fn must(name: &'static str, kind: Kind, why: &'static str) -> Key {
    Key {
        name,
        due: Some(why),
        kind,
    }
}

const DESCRIPTION: Key = must("description", Kind::Text, "say what it is");
const SOURCE: Key = must(
    "x-source",
    Kind::Node(&SOURCE_SHAPE),
    "say which page it is from and how sure that is",
);

/// A whole document.
pub static DOCUMENT: Shape = Shape {
    name: "a document",
    keys: &[
        must("openapi", Kind::Rule(version), "write 3.0.3"),
        must("info", Kind::Node(&INFO), "say what the document is about"),
        may("externalDocs", Kind::Node(&EXTERNAL_DOCS)),
        may("servers", Kind::List(&Kind::Node(&SERVER))),
        may("tags", Kind::List(&Kind::Node(&TAG))),
        must(
            "x-rate-limits",
            Kind::Map(snake_case, &Kind::Node(&RATE_LIMIT)),
            "name the families and their quotas",
        ),
        must(
            "paths",
            Kind::Map(path, &Kind::Map(method, &Kind::Node(&OPERATION))),
            "there is nothing to generate",
        ),
        must("components", Kind::Node(&COMPONENTS), "the schemas belong there"),
    ],
};

static INFO: Shape = Shape {
    name: "an info",
    keys: &[
        must("title", Kind::Text, "it names the client"),
        must("version", Kind::Text, "OpenAPI needs it"),
        DESCRIPTION,
        may("license", Kind::Node(&LICENSE)),
    ],
};

static LICENSE: Shape = Shape {
    name: "a license",
    keys: &[must("name", Kind::Text, "OpenAPI needs it"), may("url", Kind::Text)],
};

static EXTERNAL_DOCS: Shape = Shape {
    name: "a link",
    keys: &[
        must("url", Kind::Text, "OpenAPI needs it"),
        may("description", Kind::Text),
    ],
};

static SERVER: Shape = Shape {
    name: "a server",
    keys: &[
        must("url", Kind::Text, "OpenAPI needs it"),
        may("description", Kind::Text),
    ],
};

static TAG: Shape = Shape {
    name: "a tag",
    keys: &[
        must("name", Kind::Text, "OpenAPI needs it"),
        may("description", Kind::Text),
    ],
};

static RATE_LIMIT: Shape = Shape {
    name: "a rate limit",
    keys: &[
        must("requests", Kind::Count, "say how many calls a period allows"),
        must("period_seconds", Kind::Count, "say how long a period is"),
        may("concurrent", Kind::Count),
        DESCRIPTION,
        SOURCE,
    ],
};

static OPERATION: Shape = Shape {
    name: "an operation",
    keys: &[
        must("operationId", Kind::Rule(snake_case), "the method is named after it"),
        must("tags", Kind::One(&Kind::Text), "an operation has one"),
        must("summary", Kind::Text, "say in a line what it does"),
        DESCRIPTION,
        SOURCE,
        must("x-rate-limit", Kind::Text, "say which family's quota it spends"),
        must(
            "x-idempotent",
            Kind::Flag,
            "say whether the same request may be sent twice",
        ),
        must(
            "security",
            Kind::One(&Kind::Map(any_key, &Kind::ListOrNone(&Kind::Text))),
            "say which token it takes",
        ),
        must(
            "parameters",
            Kind::List(&Kind::NodeOrRef(&PARAMETER, "parameters")),
            "every operation takes a service",
        ),
        may("requestBody", Kind::Node(&REQUEST_BODY)),
        may("deprecated", Kind::Flag),
        must(
            "responses",
            Kind::Map(status, &Kind::NodeOrRef(&RESPONSE, "responses")),
            "say what comes back",
        ),
    ],
};

static PARAMETER: Shape = Shape {
    name: "a parameter",
    keys: &[
        must("name", Kind::Text, "OpenAPI needs it"),
        must("in", Kind::Rule(parameter_place), "say where it stands"),
        must("required", Kind::Flag, "say whether it may be left out"),
        DESCRIPTION,
        SOURCE,
        must(
            "schema",
            Kind::NodeOrRef(&PARAMETER_SCHEMA, "schemas"),
            "say what it holds",
        ),
        may("example", Kind::Any),
        may("deprecated", Kind::Flag),
        may("x-rust-name", Kind::Rule(field)),
    ],
};

static PARAMETER_SCHEMA: Shape = Shape {
    name: "the schema of a parameter",
    keys: &[
        must("type", Kind::Rule(parameter_type), "a schema has a type"),
        may("format", Kind::Word(FORMATS)),
        may("minLength", Kind::Count),
        may("maxLength", Kind::Count),
        may("minimum", Kind::Number),
        may("maximum", Kind::Number),
    ],
};

static REQUEST_BODY: Shape = Shape {
    name: "a request body",
    keys: &[
        DESCRIPTION,
        must("required", Kind::Flag, "write true"),
        must("content", Kind::Map(json, &Kind::Node(&BODY)), "say what it holds"),
    ],
};

static BODY: Shape = Shape {
    name: "a body",
    keys: &[
        must("schema", Kind::Ref("schemas"), "refer to a component"),
        must(
            "examples",
            Kind::Map(any_key, &Kind::NodeOrRef(&EXAMPLE, "examples")),
            "show what is sent",
        ),
    ],
};

static RESPONSE: Shape = Shape {
    name: "a response",
    keys: &[
        DESCRIPTION,
        SOURCE,
        may("headers", Kind::Map(any_key, &Kind::NodeOrRef(&HEADER, "headers"))),
        may("content", Kind::Map(answer, &Kind::Node(&MEDIA))),
    ],
};

static HEADER: Shape = Shape {
    name: "a header",
    keys: &[
        DESCRIPTION,
        SOURCE,
        may("required", Kind::Flag),
        must("schema", Kind::Node(&VARIANT), "say what it holds"),
        may("example", Kind::Any),
        may("examples", Kind::Map(any_key, &Kind::NodeOrRef(&EXAMPLE, "examples"))),
    ],
};

static MEDIA: Shape = Shape {
    name: "a media type",
    keys: &[
        must("schema", Kind::NodeOrRef(&VARIANT, "schemas"), "say what it holds"),
        must(
            "examples",
            Kind::Map(any_key, &Kind::NodeOrRef(&EXAMPLE, "examples")),
            "show what comes back",
        ),
    ],
};

static EXAMPLE: Shape = Shape {
    name: "an example",
    keys: &[
        may("summary", Kind::Text),
        may("description", Kind::Text),
        must("value", Kind::Any, "an example shows something"),
    ],
};

static COMPONENTS: Shape = Shape {
    name: "the components",
    keys: &[
        must(
            "securitySchemes",
            Kind::Map(token, &Kind::Node(&SECURITY_SCHEME)),
            "say how the token is sent",
        ),
        may("parameters", Kind::Map(any_key, &Kind::Node(&PARAMETER))),
        may("headers", Kind::Map(any_key, &Kind::Node(&HEADER))),
        may("responses", Kind::Map(any_key, &Kind::Node(&RESPONSE))),
        may("examples", Kind::Map(any_key, &Kind::Node(&EXAMPLE))),
        must(
            "schemas",
            Kind::Map(type_name, &Kind::Node(&SCHEMA)),
            "there are no types",
        ),
    ],
};

static SECURITY_SCHEME: Shape = Shape {
    name: "a security scheme",
    keys: &[
        must("type", Kind::Word(&["apiKey", "http"]), "say how the token is sent"),
        may("in", Kind::Word(&["header"])),
        may("name", Kind::Text),
        may("scheme", Kind::Word(&["bearer"])),
        DESCRIPTION,
        SOURCE,
    ],
};

const TYPES: &[&str] = &["string", "boolean", "integer", "number", "array", "object"];
const FORMATS: &[&str] = &[
    "uuid",
    "date",
    "date-time",
    "int32",
    "int64",
    "double",
    "byte",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
];

static SCHEMA: Shape = Shape {
    name: "a schema",
    keys: &[
        DESCRIPTION,
        SOURCE,
        may("type", Kind::Word(TYPES)),
        may("format", Kind::Word(FORMATS)),
        may("required", Kind::List(&Kind::Text)),
        may("properties", Kind::Map(any_key, &Kind::Property)),
        may("additionalProperties", Kind::Any),
        may("oneOf", Kind::List(&Kind::NodeOrRef(&VARIANT, "schemas"))),
        may("enum", Kind::List(&Kind::Text)),
        may("minProperties", Kind::Count),
        may("example", Kind::Any),
        may("x-rust-type-path", Kind::Rule(rust_path)),
        may("x-enum-descriptions", Kind::Map(any_key, &Kind::Node(&TEXT))),
        may("x-enum-rust-names", Kind::Map(any_key, &Kind::Rule(type_name))),
        may("x-max-total-items", Kind::Node(&TOTAL_ITEMS)),
    ],
};

pub static PROPERTY: Shape = Shape {
    name: "a property",
    keys: &[
        DESCRIPTION,
        SOURCE,
        must("type", Kind::Word(TYPES), "a schema has a type"),
        may("format", Kind::Word(FORMATS)),
        may("nullable", Kind::Flag),
        may("items", Kind::NodeOrRef(&ITEM, "schemas")),
        may("minItems", Kind::Count),
        may("maxItems", Kind::Count),
        may("minLength", Kind::Count),
        may("maxLength", Kind::Count),
        may("minimum", Kind::Number),
        may("maximum", Kind::Number),
        may("additionalProperties", Kind::Values(&ITEM, "schemas")),
        may("deprecated", Kind::Flag),
        may("example", Kind::Any),
        may("x-rust-name", Kind::Rule(field)),
        may("x-sensitive", Kind::Flag),
        may("x-not-before", Kind::Text),
        may("x-max-age-days", Kind::Count),
    ],
};

/// A reference may have nothing beside it, so that one with a text of its own is the only part of an `allOf`.
pub static REFERENCE: Shape = Shape {
    name: "a reference with a text",
    keys: &[
        DESCRIPTION,
        SOURCE,
        must("allOf", Kind::One(&Kind::Ref("schemas")), "say what it refers to"),
        may("deprecated", Kind::Flag),
        may("x-rust-name", Kind::Rule(field)),
    ],
};

static ITEM: Shape = Shape {
    name: "the schema of an element",
    keys: &[
        must("type", Kind::Word(TYPES), "a schema has a type"),
        may("format", Kind::Word(FORMATS)),
        may("items", Kind::NodeOrRef(&ITEM, "schemas")),
        may("additionalProperties", Kind::Values(&ITEM, "schemas")),
        may("minLength", Kind::Count),
        may("maxLength", Kind::Count),
        may("minimum", Kind::Number),
        may("maximum", Kind::Number),
    ],
};

/// Something that does not become a Rust type.
static VARIANT: Shape = Shape {
    name: "a nameless schema",
    keys: &[
        must("type", Kind::Word(TYPES), "a schema has a type"),
        may("format", Kind::Word(FORMATS)),
        may("description", Kind::Text),
        may("nullable", Kind::Flag),
        may("items", Kind::NodeOrRef(&ITEM, "schemas")),
        may("minItems", Kind::Count),
    ],
};

static TOTAL_ITEMS: Shape = Shape {
    name: "a limit on a total",
    keys: &[
        must("array", Kind::Text, "say whose elements have the items"),
        must("items", Kind::Text, "say what is counted"),
        must("max", Kind::Count, "say how many are allowed"),
    ],
};

static SOURCE_SHAPE: Shape = Shape {
    name: "a source",
    keys: &[
        must(
            "confidence",
            Kind::Word(&["documented", "derived", "adjacent", "assumed"]),
            "say how sure it is",
        ),
        must("pages", Kind::ListOrNone(&Kind::Text), "say which pages it is from"),
        may("note", Kind::Node(&TEXT)),
    ],
};

static TEXT: Shape = Shape {
    name: "a text",
    keys: &[
        must("en", Kind::Text, "say it in English"),
        must("ko", Kind::Text, "say it in Korean"),
    ],
};

/// The keys of texts, each with the key of the same text in Korean.
pub const IN_KOREAN: [(&str, &str); 2] = [("description", "x-description-ko"), ("summary", "x-summary-ko")];

/// Why keys of the format are refused here.
const REFUSED: &[(&str, &str)] = &[
    (
        "anyOf",
        "progenitor makes a type of it that can be neither written nor read; use oneOf under an x-rust-type-path",
    ),
    ("allOf", "only a property may have it, with one reference"),
    ("not", "no type can say it"),
    (
        "pattern",
        "the client has no regular expressions; say the form in the description, or check it in a handwritten type \
         with x-rust-type-path",
    ),
    ("default", "the server fills it in, so say it in the description"),
    (
        "exclusiveMinimum",
        "write the smallest value that is allowed as minimum",
    ),
    ("exclusiveMaximum", "write the largest value that is allowed as maximum"),
    (
        "multipleOf",
        "the client does not check it, so say it in the description",
    ),
    (
        "uniqueItems",
        "the client does not check it, so say it in the description",
    ),
    (
        "maxProperties",
        "the client does not check it, so say it in the description",
    ),
    (
        "readOnly",
        "leave the field out of what is sent, with a schema of its own",
    ),
    (
        "writeOnly",
        "leave the field out of what is answered, with a schema of its own",
    ),
    ("discriminator", "put the choice under an x-rust-type-path"),
    ("callbacks", "the client is never called"),
    ("style", "a parameter is one plain value"),
    ("explode", "a parameter is one plain value"),
    ("content", "a parameter is one plain value, so give it a schema"),
    ("enum", "put it into components/schemas, so that the type has a name"),
    (
        "properties",
        "put it into components/schemas, so that the type has a name",
    ),
    ("oneOf", "put it into components/schemas under an x-rust-type-path"),
    (
        "$ref",
        "nothing may stand beside a reference, and not everything may be one",
    ),
];

struct Walk<'a> {
    document: &'a Value,
}

impl Walk<'_> {
    fn visit(&self, kind: &Kind, value: &Value, at: &Place, problems: &mut Problems) {
        match kind {
            Kind::Any => {}
            Kind::Text => text(value, at, problems, |_| Ok(())),
            Kind::Rule(rule) => text(value, at, problems, rule),
            Kind::Word(words) => text(value, at, problems, |text| one_of(words, text)),
            Kind::Flag if value.is_boolean() => {}
            Kind::Flag => problems.push(at.problem(format!("must be true or false, is {}", noun(value)))),
            Kind::Count
                if value
                    .as_u64()
                    .is_some_and(|count| (1..=i32::MAX as u64).contains(&count)) => {}
            Kind::Count => problems.push(at.problem(format!("must be a whole number from 1 on, is {}", noun(value)))),
            Kind::Number if value.is_number() => {}
            Kind::Number => problems.push(at.problem(format!("must be a number, is {}", noun(value)))),
            Kind::Values(..) if value.is_boolean() => problems.push(at.problem(
                "must say what the values are, such as `{type: string}`; \
                 for values of any type, refer to a component with an x-rust-type-path",
            )),
            Kind::List(kind) => self.list(kind, 1..=usize::MAX, value, at, problems),
            Kind::ListOrNone(kind) => self.list(kind, 0..=usize::MAX, value, at, problems),
            Kind::One(kind) => self.list(kind, 1..=1, value, at, problems),
            Kind::Map(rule, kind) => self.map(*rule, kind, value, at, problems),
            Kind::Ref(section) => self.reference(section, value, at, problems),
            Kind::Property if value.get("$ref").is_some() => self.reference("schemas", value, at, problems),
            Kind::Property if value.get("allOf").is_some() => self.node(&REFERENCE, value, at, problems),
            Kind::Property => self.node(&PROPERTY, value, at, problems),
            Kind::NodeOrRef(_, section) | Kind::Values(_, section) if value.get("$ref").is_some() => {
                self.reference(section, value, at, problems);
            }
            Kind::Node(shape) | Kind::NodeOrRef(shape, _) | Kind::Values(shape, _) => {
                self.node(shape, value, at, problems);
            }
        }
    }

    fn list(&self, kind: &Kind, length: RangeInclusive<usize>, value: &Value, at: &Place, problems: &mut Problems) {
        let Some(elements) = value.as_array() else {
            return problems.push(at.problem(format!("must be a list, is {}", noun(value))));
        };
        if !length.contains(&elements.len()) {
            let due = if *length.end() == 1 {
                "exactly one element"
            } else {
                "at least one element"
            };
            problems.push(at.problem(format!("must have {due}, has {}", elements.len())));
        }
        for (index, element) in elements.iter().enumerate() {
            self.visit(kind, element, &at.index(index), problems);
        }
    }

    fn map(&self, rule: Rule, kind: &Kind, value: &Value, at: &Place, problems: &mut Problems) {
        let Some(entries) = object(value, at, problems) else {
            return;
        };
        if entries.is_empty() {
            problems.push(at.problem("is empty"));
        }
        for (key, value) in entries {
            let at = at.key(key);
            if let Err(words) = rule(key) {
                problems.push(at.problem(words));
            }
            self.visit(kind, value, &at, problems);
        }
    }

    fn node(&self, shape: &Shape, value: &Value, at: &Place, problems: &mut Problems) {
        let Some(entries) = object(value, at, problems) else {
            return;
        };
        for (key, value) in entries {
            match shape.keys.iter().find(|known| known.name == key) {
                Some(known) => self.visit(&known.kind, value, &at.key(key), problems),
                None if shape.has_korean(key) => self.visit(&Kind::Text, value, &at.key(key), problems),
                None => problems.push(at.key(key).problem(unknown(shape, key))),
            }
        }
        for (english, korean) in IN_KOREAN {
            match (entries.contains_key(english), entries.contains_key(korean)) {
                (true, false) if shape.has_korean(korean) => {
                    problems.push(at.problem(format!("no {korean}; say the {english} in Korean as well")));
                }
                (false, true) if !shape.requires(english) => {
                    problems.push(at.key(korean).problem(format!("there is no {english}")));
                }
                _ => {}
            }
        }
        for key in shape.keys {
            if let Some(why) = key.due
                && !entries.contains_key(key.name)
            {
                problems.push(at.problem(format!("no {}; {why}", key.name)));
            }
        }
    }

    fn reference(&self, section: &str, value: &Value, at: &Place, problems: &mut Problems) {
        let Some(entries) = object(value, at, problems) else {
            return;
        };
        let Some(reference) = entries.get("$ref") else {
            return problems.push(at.problem(format!("must be a $ref to components/{section}")));
        };
        for key in entries.keys().filter(|key| *key != "$ref") {
            problems.push(at.key(key).problem("stands beside a $ref, where every tool ignores it"));
        }
        let at = at.key("$ref");
        let Some(reference) = reference.as_str() else {
            return problems.push(at.problem(format!("must be a text, is {}", noun(reference))));
        };
        let name = reference.strip_prefix(&format!("#/components/{section}/"));
        if name.is_none_or(|name| self.document["components"][section].get(name).is_none()) {
            problems.push(at.problem(format!(
                "`{reference}` is none of the components/{section} of this document"
            )));
        }
    }
}

fn text(value: &Value, at: &Place, problems: &mut Problems, rule: impl Fn(&str) -> Result<(), String>) {
    let result = match value.as_str() {
        None => Err(format!("must be a text, is {}", noun(value))),
        Some(text) if text.trim().is_empty() => Err("is empty".to_owned()),
        Some(text) => rule(text),
    };
    if let Err(words) = result {
        problems.push(at.problem(words));
    }
}

fn object<'a>(value: &'a Value, at: &Place, problems: &mut Problems) -> Option<&'a Map<String, Value>> {
    if !value.is_object() {
        problems.push(at.problem(format!("must be a map, is {}", noun(value))));
    }
    value.as_object()
}

fn unknown(shape: &Shape, key: &str) -> String {
    match REFUSED.iter().find(|(refused, _)| *refused == key) {
        Some((_, why)) => format!("is not allowed in {}: {why}", shape.name),
        None if key.starts_with("x-") => format!("is no extension that {} has", shape.name),
        None => format!("is no key that {} has here", shape.name),
    }
}

/// What a value is, for those who expected something else.
#[must_use]
pub fn noun(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("the text `{text}`"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

fn one_of(words: &[&str], text: &str) -> Result<(), String> {
    ensure(words.contains(&text), || {
        format!("`{text}` must be one of: {}", words.join(", "))
    })
}

fn ensure(holds: bool, words: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(words()) }
}

#[expect(clippy::unnecessary_wraps, reason = "it is a rule, though one that nothing breaks")]
fn any_key(_: &str) -> Result<(), String> {
    Ok(())
}

fn version(text: &str) -> Result<(), String> {
    ensure(text.starts_with("3.0."), || {
        format!("is {text}; progenitor reads 3.0.x only")
    })
}

fn snake_case(text: &str) -> Result<(), String> {
    ensure(names::is_lower(text, '_'), || format!("`{text}` is not snake_case"))
}

fn field(text: &str) -> Result<(), String> {
    snake_case(text)?;
    names::ident(text).map(drop)
}

fn token(text: &str) -> Result<(), String> {
    snake_case(text)?;
    ensure(text.ends_with("_token"), || format!("`{text}` must end in `_token`"))
}

fn type_name(text: &str) -> Result<(), String> {
    ensure(names::is_upper_camel(text), || {
        format!("`{text}` is not written as a type of Rust, such as `EventName`")
    })?;
    ensure(!["Option", "Result", "String", "Vec"].contains(&text), || {
        format!("`{text}` would hide the type of Rust")
    })?;
    names::ident(text).map(drop)
}

fn rust_path(text: &str) -> Result<(), String> {
    let is_path = text.starts_with("crate::")
        && text
            .split("::")
            .all(|name| name == "crate" || names::ident(name).is_ok());
    ensure(is_path, || {
        format!("`{text}` is no path of this crate, such as `crate::Timestamp`")
    })
}

fn path(text: &str) -> Result<(), String> {
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

fn method(text: &str) -> Result<(), String> {
    ensure(METHODS.contains(&text), || match text {
        "parameters" | "servers" => format!("`{text}` belongs into each operation of the path"),
        _ => format!("`{text}` must be one of: {}", METHODS.join(", ")),
    })
}

fn parameter_place(text: &str) -> Result<(), String> {
    one_of(&["path", "query", "header"], text)
}

fn parameter_type(text: &str) -> Result<(), String> {
    one_of(&["string", "integer", "number", "boolean"], text).map_err(|words| {
        format!("{words}; a list has no single form outside of a body, so describe the text that is sent")
    })
}

fn status(text: &str) -> Result<(), String> {
    let is_status = text.parse().is_ok_and(|status: u16| (100..=599).contains(&status));
    ensure(is_status, || match text {
        "default" => "progenitor counts it as success and as failure; name every status".to_owned(),
        _ => format!("`{text}` is no HTTP status"),
    })
}

fn json(text: &str) -> Result<(), String> {
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

fn answer(text: &str) -> Result<(), String> {
    ensure(["application/json", "text/csv"].contains(&text), || {
        format!("an answer must be application/json or text/csv, which the client can read, not `{text}`")
    })
}
