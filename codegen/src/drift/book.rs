//! The spec, as far as pages can be compared with it: what each kind of page has to say.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    compare::{Expected, ExpectedFact, Group},
    known::{self, DriftFile},
    located::{At, Lines, Node},
    numbers,
};
use crate::{
    openapi::{Api, Operation, RateLimit},
    sources::PageLanguage,
    spec::Spec,
    standard_names::StandardName,
    table::{Confidence, Source},
};

/// The spec with its lines.
#[derive(Debug)]
pub struct Book {
    pub spec: Spec,
    pub lines: Lines,
    pub drift: DriftFile,
    pub drift_lines: Node,
    pub standard: Vec<StandardName>,
}

/// An operation and where it is.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    pub api: &'a Api,
    pub path: &'a str,
    pub method: &'a str,
    pub operation: &'a Operation,
}

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
        if api == "import" {
            for endpoint in self.endpoints().filter(|endpoint| endpoint.api.name == api) {
                let rows = self.operation(endpoint, PageLanguage::Ko).into_iter();
                expected.extend(rows.filter(|row| row.group == Group::Limits).map(may));
            }
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
            let header = &api.value["components"]["headers"][component];
            let integer = header["schema"]["type"] == "integer";
            let form = if integer { "integer" } else { "period" };
            let mut facts = vec![fact("form", [form.to_owned()], at.clone())];
            if let Some(unit) = header["example"].as_u64().and_then(numbers::unix_unit) {
                facts.push(fact("unit", [unit.to_owned()], at.clone()));
            }
            let row = must(Group::RateHeaders, format!("header {}", name.to_lowercase()), at, facts);
            // The samples of the pages have the other spelling of the same three.
            expected.push(if name.starts_with("X-") { row } else { may(row) });
        }
        expected.extend(self.periods());
        expected
    }

    /// How many calls there may be in how many seconds.
    #[must_use]
    pub fn rates(&self) -> Vec<(u64, u64)> {
        let apis = self.spec.apis().into_iter();
        let limits = apis.flat_map(|api| api.document.rate_limits.values());
        limits
            .map(|limit| (u64::from(limit.requests), limit.period_seconds))
            .collect()
    }

    /// The headers that show how much of a limit is left.
    #[must_use]
    pub fn rate_headers(&self) -> Vec<Expected> {
        let rows = self.rate_limits().into_iter();
        rows.filter(|row| row.group == Group::RateHeaders).collect()
    }

    /// A place in `spec/drift.yaml`.
    #[must_use]
    pub fn drift_at(&self, path: &[&str]) -> At {
        At {
            file: known::FILE.to_owned(),
            line: self.drift_lines.line_of(path),
        }
    }

    /// Where a standard name is in the taxonomy.
    #[must_use]
    pub fn standard_at(&self, name: &StandardName) -> At {
        self.lines.at("taxonomy", &[name.list, &name.index.to_string()])
    }

    /// The HTTP status of a call over the limit.
    #[must_use]
    pub fn over_limit(&self) -> Option<u64> {
        let mut operations = self.endpoints();
        operations.find_map(|Endpoint { api, path, method, .. }| {
            let responses = api.value["paths"][path][method]["responses"].as_object()?;
            let (status, _) = responses.iter().find(|(_, response)| {
                response["$ref"]
                    .as_str()
                    .is_some_and(|target| target.ends_with("/TooManyRequests"))
            })?;
            status.parse().ok()
        })
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
        let codes = numbers::period_codes(text).into_iter();
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
        let line = |path: &[&str]| self.drift_at(path);
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
        expected.extend(self.names());
        for endpoint in self.endpoints() {
            let limits = self.operation(endpoint, PageLanguage::Ko);
            let limits = limits.into_iter().filter(|row| row.group == Group::Limits);
            let new: Vec<_> = limits
                .filter(|row| !expected.iter().any(|old| old.subject == row.subject))
                .collect();
            expected.extend(new.into_iter().map(may));
        }
        expected
    }

    /// The standard names that any page may mention.
    #[must_use]
    pub fn names(&self) -> Vec<Expected> {
        let mut expected = Vec::new();
        for standard in &self.standard {
            let subject = format!("name {}", standard.name);
            expected.push(may(must(Group::Names, subject, self.standard_at(standard), [])));
        }
        expected
    }
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

pub fn fact(attribute: &'static str, accepted: impl IntoIterator<Item = String>, at: At) -> ExpectedFact {
    ExpectedFact {
        attribute,
        accepted: accepted.into_iter().collect(),
        at,
    }
}

pub fn must(group: Group, subject: String, at: At, facts: impl IntoIterator<Item = ExpectedFact>) -> Expected {
    Expected {
        group,
        subject,
        must: true,
        at,
        facts: facts.into_iter().collect(),
    }
}

pub fn may(expected: Expected) -> Expected {
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
pub fn value(group: Group, subject: &str, value: String, at: At) -> Expected {
    let facts = [fact("value", [value], at.clone())];
    must(group, subject.to_owned(), at, facts)
}

pub fn limit(what: &str, of: String, at: At) -> Expected {
    value(Group::Limits, &format!("limit of {what}"), of, at)
}

pub fn header(name: &str, of: String, at: At) -> Expected {
    let facts = [
        fact("required", [flag(true)], at.clone()),
        fact("type", ["string".to_owned()], at.clone()),
        fact("value", [of], at.clone()),
    ];
    must(Group::Headers, format!("header {name}"), at, facts)
}
