//! Rules that a table of keys cannot express: names that must agree, and types that must become something in Rust.

use std::collections::BTreeMap;

use proc_macro2::Ident;
use serde_json::Value;

use crate::{
    limits, names,
    openapi::{Api, Document, Field, Kind, Operation, Schema, innermost, kind},
    parameters,
    problem::{Place, Problems},
    sources::Sources,
    table::Source,
};

/// The rules for one document.
pub fn api(api: &Api, pages: Option<&Sources>, problems: &mut Problems) {
    sources(&api.value, &api.place(), pages, problems);
    let rules = Rules {
        document: &api.document,
    };
    let root = api.place();
    for (path, method, operation) in api.document.operations() {
        let at = root.key("paths").key(path).key(method);
        rules.operation(operation, &at, problems);
        parameters::lint(&api.document, path, method, operation, &at, problems);
    }
    for (name, scheme) in &api.document.components.security_schemes {
        let at = root.key("components").key("securitySchemes").key(name);
        if scheme.kind == "apiKey" && scheme.name.is_empty() {
            problems.push(at.problem("no name; an apiKey says which header it is sent in"));
        }
    }
    for (name, schema) in &api.document.components.schemas {
        rules.schema(name, schema, &root.key("components").key("schemas").key(name), problems);
    }
}

/// The rules for all documents together: names that become one enum must be unique.
pub fn across(apis: &[&Api], problems: &mut Problems) {
    let mut operations = Variants::new("operation");
    let mut requests = BTreeMap::new();
    let mut families = Variants::new("family");
    let mut tokens = Variants::new("token");
    for api in apis {
        let root = api.place();
        for (path, method, operation) in api.document.operations() {
            let at = root.key("paths").key(path).key(method);
            operations.insert(&operation.id, &at.key("operationId"), problems);
            let request = (api.name, operation.request());
            if operation.has_body()
                && let Some(other) = requests.insert(request, &operation.id)
            {
                problems.push(
                    at.key("requestBody")
                        .problem(format!("`{}` is already the request of `{other}`", request.1)),
                );
            }
        }
        for family in api.document.rate_limits.keys() {
            if !is_repeated(api, apis, &["x-rate-limits", family]) {
                families.insert(family, &root.key("x-rate-limits").key(family), problems);
            }
        }
        for token in api.document.components.security_schemes.keys() {
            if !is_repeated(api, apis, &["components", "securitySchemes", token]) {
                tokens.insert(
                    token,
                    &root.key("components").key("securitySchemes").key(token),
                    problems,
                );
            }
        }
    }
    one_host(apis, problems);
}

/// Whether an earlier document says the same here: two APIs may share a token or a quota.
fn is_repeated(api: &Api, apis: &[&Api], path: &[&str]) -> bool {
    let node = |api: &Api| path.iter().try_fold(&api.value, |node, key| node.get(key)).cloned();
    let mut earlier = apis.iter().take_while(|other| other.name != api.name);
    earlier.any(|other| node(other) == node(api))
}

/// All clients have one host until they are told otherwise.
fn one_host(apis: &[&Api], problems: &mut Problems) {
    let hosts = apis
        .iter()
        .flat_map(|api| api.document.servers.iter().map(move |server| (api, server)));
    let mut first = None;
    for (api, server) in hosts {
        let host = first.get_or_insert(&server.url);
        if **host != server.url {
            problems.push(api.place().key("servers").problem(format!(
                "`{}` is another host than `{host}`, and the clients have one: leave `servers` out here, and give the \
                 client of this API its base URL where it is built",
                server.url
            )));
        }
    }
}

/// Names that will become the variants of an enum.
struct Variants {
    what: &'static str,
    names: BTreeMap<Ident, String>,
}

impl Variants {
    fn new(what: &'static str) -> Self {
        Self {
            what,
            names: BTreeMap::new(),
        }
    }

    fn insert(&mut self, name: &str, at: &Place, problems: &mut Problems) {
        match names::variant(name) {
            // The grammar has already required it.
            _ if name.is_empty() => {}
            Err(words) => problems.push(at.problem(words)),
            Ok(variant) => {
                if let Some(other) = self.names.insert(variant.clone(), name.to_owned()) {
                    let what = self.what;
                    let hint = match what {
                        "token" | "family" => ": say the same of it in both documents, or give it another name",
                        _ => "",
                    };
                    problems.push(at.problem(format!(
                        "`{name}` is the {what} `{variant}`, as `{other}` is elsewhere{hint}"
                    )));
                }
            }
        }
    }
}

/// Every source in the document.
fn sources(value: &Value, at: &Place, pages: Option<&Sources>, problems: &mut Problems) {
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| match key.as_str() {
            "x-source" => {
                if let Ok(source) = serde_json::from_value::<Source>(value.clone()) {
                    source.lint(&at.key(key), pages, problems);
                }
            }
            "example" | "examples" => {}
            _ => sources(value, &at.key(key), pages, problems),
        }),
        Value::Array(values) => {
            let values = values.iter().enumerate();
            values.for_each(|(index, value)| sources(value, &at.index(index), pages, problems));
        }
        _ => {}
    }
}

struct Rules<'a> {
    document: &'a Document,
}

/// Names that the generated client already has.
const CLIENT_METHODS: [&str; 7] = [
    "api_version",
    "baseurl",
    "client",
    "inner",
    "new_with_client",
    "pre",
    "post",
];

impl Rules<'_> {
    fn operation(&self, operation: &Operation, at: &Place, problems: &mut Problems) {
        let id = &operation.id;
        if !id.is_empty() && names::ident(id).is_err() || CLIENT_METHODS.contains(&id.as_str()) || id == "exec" {
            problems.push(
                at.key("operationId")
                    .problem(format!("`{id}` cannot be the name of a method of the client")),
            );
        }
        let family = &operation.family;
        if !family.is_empty() && !self.document.rate_limits.contains_key(family) {
            problems.push(
                at.key("x-rate-limit")
                    .problem(format!("`{family}` is none of the x-rate-limits")),
            );
        }
        if operation.security.iter().any(|schemes| schemes.len() != 1) {
            problems.push(
                at.key("security")
                    .problem("names several tokens; an operation takes one"),
            );
        }
        let scheme = operation.scheme();
        if !scheme.is_empty() && !self.document.components.security_schemes.contains_key(scheme) {
            problems.push(
                at.key("security")
                    .problem(format!("`{scheme}` is none of the components/securitySchemes")),
            );
        }
        let request = self.document.schema(operation.request());
        let shadowed = ["Operation", "Path", "Request", "Validate", "Violations"];
        if names::variant(id).is_ok_and(|view| shadowed.iter().any(|name| view == name)) {
            problems.push(at.key("operationId").problem(format!(
                "`{id}` gives a struct of a name that is taken: say what it does, such as `get_{id}`"
            )));
        }
        if request.is_some_and(|schema| kind(schema) != Some(Kind::Struct)) {
            problems.push(
                at.key("requestBody")
                    .problem(format!("`{}` has no properties", operation.request())),
            );
        }
    }

    fn schema(&self, name: &str, schema: &Schema, at: &Place, problems: &mut Problems) {
        match kind(schema) {
            Some(Kind::Struct) => self.structure(name, schema, at, problems),
            Some(Kind::Enum) => enumeration(schema, at, problems),
            Some(Kind::Handwritten) => {}
            None => problems.push(at.problem("gives no type: it has neither properties nor enum nor x-rust-type-path")),
        }
        if kind(schema) != Some(Kind::Enum) && !schema.enum_descriptions.is_empty() {
            problems.push(
                at.key("x-enum-descriptions")
                    .problem("describes values, but there is no enum"),
            );
        }
    }

    fn structure(&self, name: &str, schema: &Schema, at: &Place, problems: &mut Problems) {
        if !schema.values.is_empty() {
            problems.push(at.key("enum").problem("stands beside properties"));
        }
        for (index, required) in schema.required.iter().enumerate() {
            let at = at.key("required").index(index);
            if !schema.properties.contains_key(required) {
                problems.push(at.problem(format!("`{required}` is none of the properties")));
            }
            if schema.required[..index].contains(required) {
                problems.push(at.problem(format!("`{required}` stands twice")));
            }
        }
        if schema.additional_properties.is_some() {
            problems.push(
                at.key("additionalProperties")
                    .problem("stands beside properties: put the map into a property, or write true"),
            );
        }
        let mut rust_names = BTreeMap::new();
        for (property_name, property) in &schema.properties {
            let rust_name = schema.rust_name(property_name);
            if let Some(other) = rust_names.insert(rust_name, property_name) {
                problems.push(at.key("properties").key(property_name).problem(format!(
                    "has the name `{rust_name}` in Rust, as `{other}` has: give one of them another x-rust-name"
                )));
            }
            self.property(
                schema,
                property_name,
                property,
                &at.key("properties").key(property_name),
                problems,
            );
        }
        self.min_properties(schema, &at.key("minProperties"), problems);
        self.total_items(schema, &at.key("x-max-total-items"), problems);
        if self.reaches(schema, name, &mut Vec::new()) {
            problems.push(at.problem("holds itself, directly or through other schemas"));
        }
    }

    fn property(&self, schema: &Schema, name: &str, property: &Schema, at: &Place, problems: &mut Problems) {
        let Some(field) = self.document.field(property) else {
            // What makes it none was already reported, such as a dangling reference.
            if !problems.any_within(at) {
                problems.push(at.problem(format!("no field stands for {}", type_words(property))));
            }
            return;
        };
        if property.rust_name.is_none() && !names::is_field(name) {
            let reference = if property.reference.is_some() {
                ", beside `allOf` with the reference"
            } else {
                ""
            };
            problems.push(at.problem(format!("{}{reference}", names::no_field(name))));
        }
        limits::lint(&field, property, at, problems);
        let optional = schema.is_optional(name);
        let is_text = field == Field::Text;
        let is_list = matches!(field, Field::List(_));
        let is_collection = field.is_collection();
        let is_date = field == Field::Plain("jiff::civil::Date");
        let mut only = |key: &str, is_set: bool, fits: bool, words: &str| {
            if is_set && !fits {
                problems.push(at.key(key).problem(words));
            }
        };
        only(
            "nullable",
            property.nullable,
            !is_collection,
            "is for properties that are neither lists nor maps: an empty one says the same",
        );
        only(
            "minItems",
            property.min_items.is_some(),
            is_list && !optional,
            "is for lists that are required: an optional one that is empty is left out",
        );
        let above = property.max_items > Some(1);
        only(
            "maxItems",
            property.max_items.is_some(),
            is_list && above,
            "is for lists, and above 1",
        );
        only("x-sensitive", property.sensitive, is_text, "is for texts");
        only(
            "x-max-age-days",
            property.max_age_days.is_some(),
            is_date && !optional,
            "is for dates that are required",
        );
        if let Some(earlier) = &property.not_before {
            let other = schema
                .properties
                .get(earlier)
                .and_then(|earlier| self.document.field(earlier));
            let fits = is_date && !optional && other == Some(field.clone()) && !schema.is_optional(earlier);
            only(
                "x-not-before",
                true,
                fits && earlier != name,
                "is for a required date, and names another one",
            );
        }
    }

    fn min_properties(&self, schema: &Schema, at: &Place, problems: &mut Problems) {
        let is_option = |(name, property): (&String, &Schema)| {
            let field = self.document.field(property);
            schema.is_optional(name) && !field.is_some_and(|field| field.is_collection())
        };
        if schema.min_properties.is_some_and(|min| min != 1)
            || schema.min_properties.is_some() && !schema.properties.iter().all(is_option)
        {
            problems.push(at.problem("is 1, where all properties are optional and none is a list"));
        }
    }

    fn total_items(&self, schema: &Schema, at: &Place, problems: &mut Problems) {
        let Some(limit) = &schema.max_total_items else { return };
        let element = schema
            .properties
            .get(&limit.array)
            .and_then(|property| match self.document.field(property)? {
                Field::List(item) => Some(*item),
                _ => None,
            });
        let element = match element {
            Some(Field::Component(name, Kind::Struct)) => self.document.schema(name),
            _ => {
                return problems.push(
                    at.key("array")
                        .problem(format!("`{}` is no list of structs", limit.array)),
                );
            }
        };
        let items = element.and_then(|element| self.document.field(element.properties.get(&limit.items)?));
        if !matches!(items, Some(Field::List(_))) {
            problems.push(at.key("items").problem(format!(
                "`{}` is no list of the elements of `{}`",
                limit.items, limit.array
            )));
        }
    }

    /// Whether a struct leads to the one with this name.
    fn reaches<'a>(&'a self, schema: &'a Schema, name: &str, seen: &mut Vec<&'a str>) -> bool {
        schema.properties.values().any(|property| {
            let target = innermost(property).target();
            let Some((target, schema)) = target.and_then(|target| Some((target, self.document.schema(target)?))) else {
                return false;
            };
            if target == name {
                return true;
            }
            if seen.contains(&target) {
                return false;
            }
            seen.push(target);
            self.reaches(schema, name, seen)
        })
    }
}

fn enumeration(schema: &Schema, at: &Place, problems: &mut Problems) {
    let mut variants = Variants::new("variant");
    for (index, value) in schema.values.iter().enumerate() {
        let at_value = at.key("enum").index(index);
        if names::variant(schema.variant_name(value)).is_ok() || value.is_empty() {
            variants.insert(schema.variant_name(value), &at_value, problems);
        } else {
            problems.push(at_value.problem(format!(
                "`{value}` gives no name of a variant: add it to x-enum-rust-names, such as `x-enum-rust-names: \
                 {{\"{value}\": First}}`"
            )));
        }
        if !schema.enum_descriptions.contains_key(value) {
            problems.push(
                at.key("x-enum-descriptions")
                    .problem(format!("no `{value}`; say what it means")),
            );
        }
    }
    let described = schema
        .enum_descriptions
        .keys()
        .map(|value| ("x-enum-descriptions", value));
    let named = schema.enum_rust_names.keys().map(|value| ("x-enum-rust-names", value));
    for (key, value) in described
        .chain(named)
        .filter(|(_, value)| !schema.values.contains(value))
    {
        problems.push(at.key(key).key(value).problem("is no value of the enum"));
    }
}

fn type_words(schema: &Schema) -> String {
    match (&schema.items, schema.target()) {
        (_, Some(target)) => format!("`{target}`"),
        (Some(items), _) => format!("a list of {}", type_words(items)),
        (None, _) if schema.kind == "array" => "a list without items".to_owned(),
        (None, _) if schema.kind == "object" => "a nameless object: put it into components/schemas, or say with \
            additionalProperties what its values are"
            .to_owned(),
        (None, _) if schema.format == "date-time" => {
            "string date-time: refer to a component with x-rust-type-path: crate::Timestamp".to_owned()
        }
        (None, _) => format!("{} {}", schema.kind, schema.format).trim_end().to_owned(),
    }
}
