//! The spec, as far as pages can be compared with it: what each kind of page has to say.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    compare::{Expected, ExpectedFact, Group},
    known::DriftFile,
    located::{At, Lines, Node},
    words,
};
use crate::{
    openapi::{Api, Operation, RateLimit, Schema},
    sources::PageLanguage,
    spec::Spec,
    table::{Confidence, Source},
};

/// The spec with its lines.
#[derive(Debug)]
pub struct Book {
    pub spec: Spec,
    pub lines: Lines,
    pub drift: DriftFile,
    pub drift_lines: Node,
}

/// An operation and where it is.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    pub api: &'a Api,
    pub path: &'a str,
    pub method: &'a str,
    pub operation: &'a Operation,
}

/// How deep bodies may nest.
const DEPTH: usize = 8;

impl Book {
    /// All operations.
    pub fn endpoints(&self) -> impl Iterator<Item = Endpoint<'_>> {
        let operations = self.spec.operations();
        operations.map(|(api, path, method, operation)| Endpoint {
            api,
            path,
            method,
            operation,
        })
    }

    /// The host of both APIs, with its scheme, and where it is.
    #[must_use]
    pub fn host(&self, api: &Api) -> (String, At) {
        let url = api
            .value
            .pointer("/servers/0/url")
            .and_then(Value::as_str)
            .unwrap_or_default();
        (url.to_owned(), self.lines.at(api.name, &["servers", "0", "url"]))
    }

    /// The HTTP statuses and codes of a response page.
    #[must_use]
    pub fn responses(&self, api: &str) -> Vec<Expected> {
        let at =
            |list: &str, index: usize, key: &str| self.lines.at("responses", &[api, list, &index.to_string(), key]);
        let row = |list: &str, index: usize| self.lines.at("responses", &[api, list, &index.to_string()]);
        let responses = &self.spec.responses;
        let mut expected = Vec::new();
        let http = if api == "import" {
            &responses.import.http
        } else {
            &responses.export.http
        };
        for (index, status) in http.iter().enumerate() {
            let phrase = fact("phrase", [status.phrase.to_lowercase()], at("http", index, "phrase"));
            let subject = format!("HTTP {}", status.status);
            let expectation = must(Group::Statuses, subject, row("http", index), [phrase]);
            expected.push(if_documented(&status.source, expectation));
        }
        if api == "import" {
            for (index, code) in responses.import.codes.iter().enumerate() {
                let facts = [
                    fact("http", [code.http.to_string()], at("codes", index, "http")),
                    fact("message", [code.name.clone()], at("codes", index, "name")),
                ];
                let expectation = must(Group::Codes, format!("code {}", code.code), row("codes", index), facts);
                expected.push(if_documented(&code.source, expectation));
            }
        } else {
            let (result, result_at) = self.export_result();
            // One message may be under two statuses, with a row for each.
            let messages: BTreeSet<_> = responses.export.codes.iter().map(|code| &code.message).collect();
            for message in messages {
                let rows = responses
                    .export
                    .codes
                    .iter()
                    .enumerate()
                    .filter(|(_, code)| code.message == *message);
                let rows: Vec<_> = rows.collect();
                let Some((index, first)) = rows.first() else { continue };
                let statuses: Vec<_> = rows.iter().map(|(_, code)| code.http.to_string()).collect();
                let facts = [
                    fact("http", statuses, at("codes", *index, "http")),
                    fact("result", [result.clone()], result_at.clone()),
                ];
                let expectation = must(Group::Codes, format!("message {message}"), row("codes", *index), facts);
                expected.push(if_documented(&first.source, expectation));
            }
            expected.extend(self.days().map(may));
        }
        expected
    }

    /// The `result` of every export failure, which the description of the field quotes.
    #[must_use]
    pub fn export_result(&self) -> (String, At) {
        let at = self.lines.at(
            "export",
            &["components", "schemas", "ExportFailure", "properties", "result"],
        );
        let schema = self.spec.export.document.schema("ExportFailure");
        let property = schema.and_then(|schema| schema.properties.get("result"));
        let quoted = property.and_then(|property| property.description.split('`').nth(1));
        (quoted.unwrap_or_default().to_owned(), at)
    }

    /// The limit on the age of a date.
    fn days(&self) -> Option<Expected> {
        let mut found = None;
        for (name, schema) in &self.spec.export.document.components.schemas {
            for (property, of) in &schema.properties {
                if let Some(days) = of.max_age_days {
                    let path = ["components", "schemas", name, "properties", property, "x-max-age-days"];
                    found = Some(limit("days", days.to_string(), self.lines.at("export", &path)));
                }
            }
        }
        found
    }

    /// What the page of an operation has to say, in a language.
    #[must_use]
    pub fn operation(&self, endpoint: Endpoint<'_>, language: PageLanguage) -> Vec<Expected> {
        let Endpoint { api, path, method, .. } = endpoint;
        let (host, host_at) = self.host(api);
        let path_at = self.lines.at(api.name, &["paths", path]);
        let method_at = self.lines.at(api.name, &["paths", path, method]);
        let mut expected = vec![
            value(Group::Operation, "path", path.to_owned(), path_at),
            value(Group::Operation, "method", method.to_uppercase(), method_at),
            may(value(Group::Operation, "host", host, host_at)),
        ];
        self.parameters(endpoint, &mut expected);
        let root = endpoint.operation.request();
        self.fields(api, root, "", language, 0, &mut expected);
        self.answers(endpoint, &mut expected);
        self.columns(endpoint, language, &mut expected);
        expected
    }

    fn parameters(&self, endpoint: Endpoint<'_>, expected: &mut Vec<Expected>) {
        let Endpoint { api, path, method, .. } = endpoint;
        let parameters = api.value["paths"][path][method]["parameters"].as_array();
        for (index, parameter) in parameters.into_iter().flatten().enumerate() {
            let reference = parameter["$ref"]
                .as_str()
                .and_then(|reference| reference.strip_prefix("#/components/parameters/"));
            let index = index.to_string();
            let (parameter, at) = match reference {
                Some(name) => (
                    &api.value["components"]["parameters"][name],
                    vec!["components", "parameters", name],
                ),
                None => (parameter, vec!["paths", path, method, "parameters", &index]),
            };
            let key = |key: &'static str| self.lines.at(api.name, &[&at[..], &[key]].concat());
            let group = if parameter["in"] == "header" {
                Group::Headers
            } else {
                Group::Query
            };
            let name = format!(
                "{} {}",
                parameter["in"].as_str().unwrap_or_default(),
                parameter["name"].as_str().unwrap_or_default()
            );
            let required = parameter["required"].as_bool().unwrap_or_default();
            let kind = parameter["schema"]["type"].as_str().unwrap_or_default();
            let facts = [
                fact("required", [flag(required)], key("required")),
                fact("type", [kind.to_owned()], key("schema")),
            ];
            expected.push(must(group, name, self.lines.at(api.name, &at), facts));
        }

        let content = endpoint.operation.request_body.content.keys();
        let content = content.map(|media| {
            let at = self
                .lines
                .at(api.name, &["paths", path, method, "requestBody", "content", media]);
            header("content-type", media.clone(), at)
        });
        let answers = &api.value["paths"][path][method]["responses"]["200"]["content"];
        let answers: Vec<_> = answers
            .as_object()
            .into_iter()
            .flat_map(|media| media.keys().cloned())
            .collect();
        for header in content.chain(self.token(api, endpoint.operation.scheme())) {
            let mut sample = Expected {
                group: Group::Samples,
                must: false,
                ..header.clone()
            };
            if header.subject == "header content-type" {
                // Samples also show answers.
                let values = sample.facts.iter_mut().filter(|fact| fact.attribute == "value");
                values.for_each(|fact| fact.accepted.extend(answers.iter().cloned()));
            }
            expected.extend([header, sample]);
        }
    }

    /// The header that carries a token.
    #[must_use]
    pub fn token(&self, api: &Api, scheme: &str) -> Option<Expected> {
        let at = self.lines.at(api.name, &["components", "securitySchemes", scheme]);
        let scheme = api.document.components.security_schemes.get(scheme)?;
        Some(match scheme.kind.as_str() {
            "http" => header("authorization", "bearer".to_owned(), at),
            _ => header(&scheme.name.to_lowercase(), "token".to_owned(), at),
        })
    }

    /// The fields of a body, with the path to each.
    fn fields(
        &self,
        api: &Api,
        name: &str,
        prefix: &str,
        language: PageLanguage,
        depth: usize,
        into: &mut Vec<Expected>,
    ) {
        let Some(schema) = api.document.schema(name) else {
            return;
        };
        for (field, of) in &schema.properties {
            let base = ["components", "schemas", name, "properties", field.as_str()];
            let at = self.lines.at(api.name, &base);
            let required_at = if schema.required.is_empty() {
                at.clone()
            } else {
                self.lines.at(api.name, &["components", "schemas", name, "required"])
            };
            let path = format!("{prefix}{field}");
            let facts = [
                fact("required", [flag(!schema.is_optional(field))], required_at),
                fact("type", types(api, of), at.clone()),
            ];
            let mut row = must(Group::Body, format!("body {path}"), at, facts);
            row.must = self.is_on(&of.source, language);
            into.push(row);
            if let Some(max) = of.max_items
                && let Some(what) = ["events", "items"].into_iter().find(|what| field.ends_with(what))
                && !into
                    .iter()
                    .any(|expected| expected.subject == format!("limit of {what}"))
            {
                let at = self.lines.at(api.name, &[&base[..], &["maxItems"]].concat());
                into.push(limit(what, max.to_string(), at));
            }
            if let Some(days) = of.max_age_days {
                let at = self.lines.at(api.name, &[&base[..], &["x-max-age-days"]].concat());
                into.push(limit("days", days.to_string(), at));
            }
            if depth < DEPTH {
                let (element, dots) = match &of.items {
                    Some(items) => (items.as_ref(), "[]."),
                    None => (of, "."),
                };
                if let Some(target) = element.target() {
                    self.fields(api, target, &format!("{path}{dots}"), language, depth + 1, into);
                    self.free_keys(api, target, &format!("{path}{dots}"), into);
                }
            }
        }
    }

    /// Keys of the user's own, which pages show as `${your-property-key}`.
    fn free_keys(&self, api: &Api, name: &str, prefix: &str, into: &mut Vec<Expected>) {
        let values = &api.value["components"]["schemas"][name]["additionalProperties"];
        let Some(values) = values["$ref"]
            .as_str()
            .and_then(|target| target.strip_prefix("#/components/schemas/"))
        else {
            return;
        };
        let at = self.lines.at(api.name, &["components", "schemas", values, "oneOf"]);
        let mut types = BTreeSet::new();
        for branch in api.value["components"]["schemas"][values]["oneOf"]
            .as_array()
            .into_iter()
            .flatten()
        {
            match branch["type"].as_str().unwrap_or_default() {
                "string" => types.extend(["string", "datetime"]),
                "number" => types.extend(["long", "double"]),
                "boolean" => types.extend(["boolean"]),
                "array" => types.extend(["array"]),
                _ => {}
            }
        }
        let key_at = self
            .lines
            .at(api.name, &["components", "schemas", name, "additionalProperties"]);
        let facts = [
            fact("required", [flag(false)], key_at.clone()),
            fact("type", [union(types)], at),
        ];
        into.push(must(Group::Body, format!("body {prefix}*"), key_at, facts));
    }

    /// The fields of the answer.
    fn answers(&self, endpoint: Endpoint<'_>, into: &mut Vec<Expected>) {
        let api = endpoint.api;
        let Some(name) = answer(endpoint) else { return };
        let Some(schema) = api.document.schema(name) else {
            return;
        };
        for field in schema.properties.keys() {
            let at = self
                .lines
                .at(api.name, &["components", "schemas", name, "properties", field]);
            into.push(may(must(Group::Answer, format!("answer {field}"), at, [])));
        }
    }

    fn columns(&self, endpoint: Endpoint<'_>, language: PageLanguage, into: &mut Vec<Expected>) {
        let pages = &endpoint.operation.source.pages;
        for (index, column) in self.spec.taxonomy.system_columns.iter().enumerate() {
            if column.source.pages.iter().any(|page| pages.contains(page)) {
                let at = self.lines.at("taxonomy", &["system_columns", &index.to_string()]);
                let mut row = must(Group::Columns, format!("column {}", column.name), at, []);
                row.must = self.is_on(&column.source, language);
                into.push(row);
            }
        }
    }

    /// Whether a page has to have what this source covers. The Korean guide is the original: it has everything that the
    /// English one has, but not the other way round.
    fn is_on(&self, source: &Source, language: PageLanguage) -> bool {
        let english = |id: &String| {
            self.spec
                .sources
                .page(id)
                .is_some_and(|page| page.language.code() == "en")
        };
        let documented = matches!(source.confidence, Confidence::Documented | Confidence::Derived);
        let nowhere = source.pages.is_empty();
        nowhere || (documented && (language.code() == "ko" || source.pages.iter().any(english)))
    }

    /// The families and headers of the page on limits.
    #[must_use]
    pub fn rate_limits(&self) -> Vec<Expected> {
        let mut expected = Vec::new();
        for api in self.spec.apis() {
            for (family, limit) in &api.document.rate_limits {
                let base = ["x-rate-limits", family.as_str()];
                let at = self.lines.at(api.name, &base);
                let at_key = |key: &'static str| self.lines.at(api.name, &[&base[..], &[key]].concat());
                let RateLimit {
                    requests,
                    period_seconds,
                    concurrent,
                    ..
                } = limit;
                let concurrent_at = if concurrent.is_some() {
                    at_key("concurrent")
                } else {
                    at.clone()
                };
                let facts = [
                    fact("requests", [requests.to_string()], at_key("requests")),
                    fact("period", [format!("{period_seconds} s")], at_key("period_seconds")),
                    fact(
                        "concurrent",
                        [concurrent.map_or("none".to_owned(), |count| count.to_string())],
                        concurrent_at,
                    ),
                ];
                expected.push(must(Group::Families, format!("limit {family}"), at, facts));
            }
        }
        let api = &self.spec.import;
        let headers = api
            .value
            .pointer("/components/responses/TooManyRequests/headers")
            .and_then(Value::as_object);
        for (name, of) in headers.into_iter().flatten() {
            let at = self.lines.at(
                api.name,
                &["components", "responses", "TooManyRequests", "headers", name],
            );
            let component = of["$ref"]
                .as_str()
                .and_then(|target| target.rsplit('/').next())
                .unwrap_or_default();
            let integer = api.value["components"]["headers"][component]["schema"]["type"] == "integer";
            let form = if integer { "integer" } else { "period" };
            let facts = [fact("form", [form.to_owned()], at.clone())];
            let row = must(Group::RateHeaders, format!("header {}", name.to_lowercase()), at, facts);
            // The samples of the pages have the other spelling of the same three.
            expected.push(if name.starts_with("X-") { row } else { may(row) });
        }
        expected.extend(self.periods());
        expected
    }

    /// The letters of periods: the description of the header lists them.
    fn periods(&self) -> Vec<Expected> {
        let api = &self.spec.import;
        let pointer = "/components/headers/TableRateLimitLimit/description";
        let text = api.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let at = self.lines.at(
            api.name,
            &["components", "headers", "TableRateLimitLimit", "description"],
        );
        let codes = words::period_codes(text).into_iter();
        codes
            .map(|(unit, code)| {
                let facts = [fact("code", [code], at.clone())];
                must(Group::Periods, format!("period {unit}"), at.clone(), facts)
            })
            .collect()
    }

    /// The rows of the page on data types.
    #[must_use]
    pub fn data_types(&self) -> Vec<Expected> {
        let line = |path: &[&str]| At {
            file: super::known::FILE.to_owned(),
            line: self.drift_lines.line_of(path),
        };
        let rows = self.drift.data_types.iter().enumerate().map(|(index, data_type)| {
            let index = index.to_string();
            let format = data_type.format.clone().unwrap_or_default();
            let facts = [fact("format", [format], line(&["data_types", &index, "format"]))];
            must(
                Group::Types,
                format!("type {}", data_type.name),
                line(&["data_types", &index]),
                facts,
            )
        });
        rows.collect()
    }

    /// What the page on tokens has to say.
    #[must_use]
    pub fn authentication(&self) -> Vec<Expected> {
        let mut expected = Vec::new();
        for api in self.spec.apis() {
            for scheme in api.document.components.security_schemes.keys() {
                let token = self.token(api, scheme);
                expected.extend(token.map(|token| Expected {
                    group: Group::Samples,
                    ..token
                }));
            }
        }
        let (host, at) = self.host(&self.spec.import);
        expected.push(may(value(Group::Operation, "host", host, at)));
        if let Some(Endpoint { api, path, method, .. }) = self.endpoints().next() {
            let at = self.lines.at(api.name, &["paths", path, method]);
            expected.push(may(value(Group::Operation, "method", method.to_uppercase(), at)));
        }
        if let Some(Endpoint {
            api,
            path,
            method,
            operation,
        }) = self.endpoints().next()
        {
            for media in operation.request_body.content.keys() {
                let at = self
                    .lines
                    .at(api.name, &["paths", path, method, "requestBody", "content", media]);
                let sample = header("content-type", media.clone(), at);
                expected.push(may(Expected {
                    group: Group::Samples,
                    ..sample
                }));
            }
        }
        expected
    }

    /// What a page of the guide may mention.
    #[must_use]
    pub fn guide(&self) -> Vec<Expected> {
        let (host, at) = self.host(&self.spec.import);
        let mut expected = vec![may(value(Group::Operation, "host", host, at))];
        if let Some(Endpoint { api, path, method, .. }) = self.endpoints().next() {
            let at = self.lines.at(api.name, &["paths", path, method]);
            expected.push(may(value(Group::Operation, "method", method.to_uppercase(), at)));
        }
        for endpoint in self.endpoints() {
            let at = self.lines.at(endpoint.api.name, &["paths", endpoint.path]);
            expected.push(may(must(Group::Names, format!("path {}", endpoint.path), at, [])));
        }
        let taxonomy = &self.spec.taxonomy;
        let mut names = |list: &str, rows: Vec<&str>| {
            for (index, name) in rows.into_iter().enumerate() {
                let at = self.lines.at("taxonomy", &[list, &index.to_string()]);
                expected.push(may(must(Group::Names, format!("name {name}"), at, [])));
            }
        };
        names("events", taxonomy.events.iter().map(|row| row.name.as_str()).collect());
        names(
            "event_properties",
            taxonomy.event_properties.iter().map(|row| row.name.as_str()).collect(),
        );
        names(
            "item_properties",
            taxonomy.item_properties.iter().map(|row| row.name.as_str()).collect(),
        );
        names(
            "user_properties",
            taxonomy.user_properties.iter().map(|row| row.name.as_str()).collect(),
        );
        names(
            "consent_properties",
            taxonomy
                .consent_properties
                .iter()
                .map(|row| row.name.as_str())
                .collect(),
        );
        names(
            "system_columns",
            taxonomy.system_columns.iter().map(|row| row.name.as_str()).collect(),
        );
        expected
    }
}

/// How the pages name the type of a property.
fn types(api: &Api, schema: &Schema) -> Vec<String> {
    let schema = schema
        .target()
        .and_then(|name| api.document.schema(name))
        .unwrap_or(schema);
    let one = match (schema.kind.as_str(), schema.format.as_str()) {
        ("string", "date") => "date",
        ("string", "date-time") => "datetime",
        ("integer", _) => "long",
        ("number", _) => "double",
        ("array", _) => {
            let items = schema.items.as_deref().map(|items| types(api, items));
            let items = items.unwrap_or_default();
            return items.iter().map(|item| format!("array of {item}")).collect();
        }
        (kind, _) => kind,
    };
    vec![one.to_owned()]
}

/// The schema of the JSON answer of an operation, by name.
#[must_use]
pub fn answer(endpoint: Endpoint<'_>) -> Option<&str> {
    let responses = &endpoint.api.value["paths"][endpoint.path][endpoint.method]["responses"];
    let reference = responses["200"]["content"]["application/json"]["schema"]["$ref"].as_str()?;
    reference.strip_prefix("#/components/schemas/")
}

/// The words of the two flags.
#[must_use]
pub fn flag(required: bool) -> String {
    if required { "required" } else { "optional" }.to_owned()
}

/// Several types, in one order.
#[must_use]
pub fn union<'a>(types: impl IntoIterator<Item = &'a str>) -> String {
    let types: BTreeSet<_> = types.into_iter().collect();
    types.into_iter().collect::<Vec<_>>().join(", ")
}

fn fact(attribute: &'static str, accepted: impl IntoIterator<Item = String>, at: At) -> ExpectedFact {
    ExpectedFact {
        attribute,
        accepted: accepted.into_iter().collect(),
        at,
    }
}

fn must(group: Group, subject: String, at: At, facts: impl IntoIterator<Item = ExpectedFact>) -> Expected {
    Expected {
        group,
        subject,
        must: true,
        at,
        facts: facts.into_iter().collect(),
    }
}

fn may(expected: Expected) -> Expected {
    Expected {
        must: false,
        ..expected
    }
}

/// What no page says, no page has to say.
fn if_documented(source: &Source, expected: Expected) -> Expected {
    match source.confidence {
        Confidence::Documented => expected,
        _ => may(expected),
    }
}

/// A fact without rows: it stands in prose, or in a sample.
fn value(group: Group, subject: &str, value: String, at: At) -> Expected {
    let facts = [fact("value", [value], at.clone())];
    must(group, subject.to_owned(), at, facts)
}

fn limit(what: &str, of: String, at: At) -> Expected {
    value(Group::Limits, &format!("limit of {what}"), of, at)
}

fn header(name: &str, of: String, at: At) -> Expected {
    let facts = [
        fact("required", [flag(true)], at.clone()),
        fact("type", ["string".to_owned()], at.clone()),
        fact("value", [of], at.clone()),
    ];
    must(Group::Headers, format!("header {name}"), at, facts)
}
