//! The keys and types that a document of this project may and must have, as a table of shapes.

use crate::rules::{
    answer, any_key, field, json, method, parameter_place, parameter_type, path, rust_path, snake_case, status, token,
    type_name, version,
};

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
    pub fn requires(&self, key: &str) -> bool {
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
        may("x-sensitive", Kind::Flag),
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
pub const REFUSED: &[(&str, &str)] = &[
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
