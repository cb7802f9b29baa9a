//! The part of a document from which code is generated.
//!
//! Nothing is checked here: a missing key reads as an empty value. [`grammar`](crate::grammar) and
//! [`lint`](crate::lint) report everything missing at once; the steps after them may rely on it.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Number, Value};

use crate::{
    parse,
    problem::Place,
    table::{Source, Text},
};

/// One of the APIs.
#[derive(Debug)]
pub struct Api {
    /// The name of its file and of its module, such as `import`.
    pub name: &'static str,
    /// The original document, from which progenitor's is made.
    pub value: Value,
    /// The document as codegen understands it.
    pub document: Document,
}

impl Api {
    /// The file as a whole.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::file(parse::file(self.name))
    }
}

/// A whole document.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Document {
    pub info: Info,
    pub servers: Vec<Server>,
    /// By path, then by method.
    pub paths: IndexMap<String, IndexMap<String, Operation>>,
    pub components: Components,
    #[serde(rename = "x-rate-limits")]
    pub rate_limits: IndexMap<String, RateLimit>,
}

/// Where the API is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Server {
    pub url: String,
}

/// The subject of the document.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Info {
    pub title: String,
    pub description: String,
}

/// The parts that operations share.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Components {
    pub schemas: IndexMap<String, Schema>,
    pub parameters: IndexMap<String, Parameter>,
    #[serde(rename = "securitySchemes")]
    pub security_schemes: IndexMap<String, SecurityScheme>,
}

/// A quota that a family of operations shares.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RateLimit {
    pub requests: u32,
    pub period_seconds: u64,
    pub concurrent: Option<u32>,
    pub description: String,
    #[serde(rename = "x-description-ko")]
    pub description_ko: String,
    #[serde(rename = "x-source")]
    pub source: Source,
}

/// How a token is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SecurityScheme {
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
    pub description: String,
    #[serde(rename = "x-source")]
    pub source: Source,
}

/// One operation.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Operation {
    #[serde(rename = "operationId")]
    pub id: String,
    pub summary: String,
    #[serde(rename = "x-summary-ko")]
    pub summary_ko: String,
    pub description: String,
    #[serde(rename = "x-description-ko")]
    pub description_ko: String,
    #[serde(rename = "x-source")]
    pub source: Source,
    #[serde(rename = "x-rate-limit")]
    pub family: String,
    #[serde(rename = "x-idempotent")]
    pub idempotent: bool,
    pub deprecated: bool,
    pub parameters: Vec<Parameter>,
    pub security: Vec<IndexMap<String, Vec<String>>>,
    pub request_body: RequestBody,
    pub responses: IndexMap<String, Response>,
}

/// What an answer has besides its body; nothing for a reference to a shared answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    pub headers: IndexMap<String, serde::de::IgnoredAny>,
}

impl Operation {
    /// Whether it sends a body.
    #[must_use]
    pub fn has_body(&self) -> bool {
        !self.request_body.content.is_empty()
    }

    /// The schema of the body, by name; empty without a body.
    #[must_use]
    pub fn request(&self) -> &str {
        let media = self.request_body.content.get("application/json");
        media.and_then(|media| media.schema.target()).unwrap_or_default()
    }

    /// The first security scheme it names; the lint allows only one.
    #[must_use]
    pub fn scheme(&self) -> &str {
        let names = self.security.iter().flat_map(IndexMap::keys);
        names.map(String::as_str).next().unwrap_or_default()
    }
}

/// A parameter, or a reference to one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Parameter {
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    pub name: String,
    #[serde(rename = "in")]
    pub place: String,
    pub required: bool,
    pub deprecated: bool,
    pub description: String,
    pub schema: Schema,
    #[serde(rename = "x-sensitive")]
    pub sensitive: bool,
    #[serde(rename = "x-rust-name")]
    pub rust_name: Option<String>,
}

impl Parameter {
    /// Its name in Rust.
    #[must_use]
    pub fn rust_name(&self) -> &str {
        self.rust_name.as_deref().unwrap_or(&self.name)
    }

    /// Whether the client knows its value, so that no request has a field for it.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.name == SERVICE && self.place == "query"
    }
}

/// The parameter in the query whose value every client knows.
pub const SERVICE: &str = "service_id";

/// The body of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RequestBody {
    pub content: IndexMap<String, Media>,
}

/// A body in one media type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Media {
    pub schema: Schema,
}

/// A schema: of a component, of a property, or of the items of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Schema {
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    /// The only part is a reference, of a property with a text of its own.
    pub all_of: Vec<Schema>,
    #[serde(rename = "type")]
    pub kind: String,
    pub format: String,
    pub description: String,
    pub nullable: bool,
    pub properties: IndexMap<String, Schema>,
    pub required: Vec<String>,
    pub items: Option<Box<Schema>>,
    #[serde(rename = "enum")]
    pub values: Vec<String>,
    /// What a map holds under each name; of `true` and `false`, only the grammar knows.
    #[serde(deserialize_with = "schema_or_flag")]
    pub additional_properties: Option<Box<Schema>>,
    pub min_items: Option<usize>,
    pub max_items: Option<usize>,
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
    pub minimum: Option<Number>,
    pub maximum: Option<Number>,
    pub min_properties: Option<usize>,
    pub deprecated: bool,
    #[serde(rename = "x-source")]
    pub source: Source,
    #[serde(rename = "x-sensitive")]
    pub sensitive: bool,
    #[serde(rename = "x-rust-type-path")]
    pub rust_type_path: Option<String>,
    #[serde(rename = "x-rust-name")]
    pub rust_name: Option<String>,
    #[serde(rename = "x-enum-rust-names")]
    pub enum_rust_names: IndexMap<String, String>,
    #[serde(rename = "x-enum-descriptions")]
    pub enum_descriptions: IndexMap<String, Text>,
    #[serde(rename = "x-max-total-items")]
    pub max_total_items: Option<TotalItems>,
    #[serde(rename = "x-not-before")]
    pub not_before: Option<String>,
    #[serde(rename = "x-max-age-days")]
    pub max_age_days: Option<u32>,
}

/// `true` and `false` say nothing of the values.
fn schema_or_flag<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Box<Schema>>, D::Error> {
    let value = Value::deserialize(value)?;
    if !value.is_object() {
        return Ok(None);
    }
    serde_json::from_value(value).map(Some).map_err(de::Error::custom)
}

impl Schema {
    /// The component it refers to, by name.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        let reference = self.all_of.first().map_or(&self.reference, |part| &part.reference);
        reference.as_deref()?.strip_prefix("#/components/schemas/")
    }

    /// What a list or a map holds.
    #[must_use]
    pub fn inner(&self) -> Option<&Schema> {
        self.items.as_deref().or(self.additional_properties.as_deref())
    }

    /// The name of a property in Rust.
    #[must_use]
    pub fn rust_name<'a>(&'a self, property: &'a str) -> &'a str {
        let own = self.properties.get(property);
        own.and_then(|property| property.rust_name.as_deref())
            .unwrap_or(property)
    }

    /// The property with this name in Rust, and its name on the wire.
    #[must_use]
    pub fn by_rust_name(&self, rust_name: &str) -> Option<(&str, &Schema)> {
        let mut properties = self.properties.iter();
        let found = properties.find(|(name, _)| self.rust_name(name) == rust_name);
        found.map(|(name, property)| (name.as_str(), property))
    }

    /// What the variant of a value of an enum is named after.
    #[must_use]
    pub fn variant_name<'a>(&'a self, value: &'a str) -> &'a str {
        self.enum_rust_names.get(value).map_or(value, String::as_str)
    }

    /// Whether a property may be left out.
    #[must_use]
    pub fn is_optional(&self, property: &str) -> bool {
        !self.required.iter().any(|required| required == property)
    }

    /// Whether a property holds personal data.
    #[must_use]
    pub fn has_sensitive_properties(&self) -> bool {
        self.properties.values().any(|property| property.sensitive)
    }
}

/// A limit on the sum of the lengths of `items` over all elements of `array`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TotalItems {
    pub array: String,
    pub items: String,
    pub max: usize,
}

/// What a component schema becomes in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A generated struct.
    Struct,
    /// A generated enum.
    Enum,
    /// A handwritten type.
    Handwritten,
}

/// What a property becomes in Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// `String`.
    Text,
    /// A type that is copied rather than borrowed, by its path.
    Plain(&'static str),
    /// A component, by name.
    Component(&'a str, Kind),
    /// `Vec`.
    List(Box<Field<'a>>),
    /// A map from names to values of one type.
    Map(Box<Field<'a>>),
}

impl Field<'_> {
    /// Whether leaving it out is the same as sending none of it, so that its type is no `Option`.
    #[must_use]
    pub fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }
}

/// Formats of texts that a `String` holds.
pub const TEXT_FORMATS: [&str; 6] = ["byte", "email", "hostname", "ipv4", "ipv6", "uri"];

impl Document {
    /// All operations with their path and method, in the order of the document.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &str, &Operation)> {
        self.paths.iter().flat_map(|(path, methods)| {
            let operations = methods.iter();
            operations.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
    }

    /// The parameters of an operation, without references.
    pub fn parameters<'a>(&'a self, operation: &'a Operation) -> impl Iterator<Item = &'a Parameter> {
        operation
            .parameters
            .iter()
            .filter_map(|parameter| match &parameter.reference {
                None => Some(parameter),
                Some(reference) => {
                    let name = reference.strip_prefix("#/components/parameters/")?;
                    self.components.parameters.get(name)
                }
            })
    }

    /// The parameters that a request has fields for.
    pub fn fields_beside_body<'a>(&'a self, operation: &'a Operation) -> impl Iterator<Item = &'a Parameter> {
        self.parameters(operation).filter(|parameter| !parameter.is_service())
    }

    /// The structs that requests consist of, by name.
    #[must_use]
    pub fn sent(&self) -> Vec<&str> {
        let bodies = self.operations().map(|(_, _, operation)| operation);
        let mut sent: Vec<_> = bodies
            .filter(|operation| operation.has_body())
            .map(Operation::request)
            .collect();
        let mut next = 0;
        while let Some(schema) = sent.get(next).map(|name| self.schema(name)) {
            let properties = schema.into_iter().flat_map(|schema| schema.properties.values());
            for property in properties {
                let innermost = innermost(property).target();
                sent.extend(innermost.filter(|target| !sent.contains(target)));
            }
            next += 1;
        }
        sent
    }

    /// The component schemas that become generated structs.
    pub fn structs(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.schemas(Kind::Struct)
    }

    /// The component schemas that become a Rust type.
    pub fn schemas(&self, what: Kind) -> impl Iterator<Item = (&str, &Schema)> {
        let schemas = self
            .components
            .schemas
            .iter()
            .filter(move |(_, schema)| kind(schema) == Some(what));
        schemas.map(|(name, schema)| (name.as_str(), schema))
    }

    /// A component schema.
    #[must_use]
    pub fn schema(&self, name: &str) -> Option<&Schema> {
        self.components.schemas.get(name)
    }

    /// What a property becomes, or `None` if it has no field.
    #[must_use]
    pub fn field<'a>(&self, property: &'a Schema) -> Option<Field<'a>> {
        if let Some(name) = property.target() {
            return Some(Field::Component(name, kind(self.schema(name)?)?));
        }
        if !(property.properties.is_empty() && property.values.is_empty() && property.reference.is_none()) {
            return None;
        }
        Some(match (property.kind.as_str(), property.format.as_str()) {
            ("string", format) if format.is_empty() || TEXT_FORMATS.contains(&format) => Field::Text,
            ("string", "uuid") => Field::Plain("uuid::Uuid"),
            ("string", "date") => Field::Plain("jiff::civil::Date"),
            ("boolean", "") => Field::Plain("bool"),
            ("integer", "" | "int64") => Field::Plain("i64"),
            ("integer", "int32") => Field::Plain("i32"),
            ("number", "" | "double") => Field::Plain("f64"),
            ("array", "") => Field::List(Box::new(self.field(property.items.as_deref()?)?)),
            ("object", "") => Field::Map(Box::new(self.field(property.additional_properties.as_deref()?)?)),
            _ => return None,
        })
    }
}

/// What lists and maps around it hold.
#[must_use]
pub fn innermost(mut schema: &Schema) -> &Schema {
    while let Some(inner) = schema.inner() {
        schema = inner;
    }
    schema
}

/// What a component schema becomes, or `None` if it becomes nothing.
#[must_use]
pub fn kind(schema: &Schema) -> Option<Kind> {
    if schema.rust_type_path.is_some() {
        return Some(Kind::Handwritten);
    }
    match schema.kind.as_str() {
        "object" if !schema.properties.is_empty() => Some(Kind::Struct),
        "string" if !schema.values.is_empty() => Some(Kind::Enum),
        _ => None,
    }
}
