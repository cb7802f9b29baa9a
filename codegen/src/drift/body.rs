//! What the page of an operation has to say: endpoint, parameters, fields of the body, columns of the answer.

use std::collections::BTreeSet;

use super::{
    book::{Book, Endpoint, answer, fact, flag, header, limit, may, must, union, value},
    compare::{Expected, ExpectedFact, Group},
    located::At,
    values,
};
use crate::{
    openapi::{Api, Schema},
    sources::PageLanguage,
    table::{Confidence, Source},
    taxonomy::Type,
};

/// How deep bodies may nest.
const DEPTH: usize = 8;

impl Book {
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
        expected.extend(self.parameters(endpoint));
        let root = endpoint.operation.request();
        self.fields(api, root, "", language, 0, &mut expected);
        self.answers(endpoint, &mut expected);
        self.columns(endpoint, language, &mut expected);
        expected.extend(self.names());
        expected
    }

    /// The query and the headers of a call.
    #[must_use]
    pub fn parameters(&self, endpoint: Endpoint<'_>) -> Vec<Expected> {
        let Endpoint { api, path, method, .. } = endpoint;
        let mut expected = Vec::new();
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
        expected
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
            let mut facts = vec![
                fact("required", [flag(!schema.is_optional(field))], required_at),
                fact("type", types(api, of), at.clone()),
            ];
            facts.extend(self.values(api, of, &schema.description, &at));
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
            if of.not_before.is_some() {
                let at = self.lines.at(api.name, &base);
                let facts = [fact("value", [], at.clone())];
                into.push(may(must(Group::Limits, "limit of range".to_owned(), at, facts)));
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

    /// What the description of a field may say about its values.
    fn values(&self, api: &Api, of: &Schema, around: &str, at: &At) -> Vec<ExpectedFact> {
        let target = of.target();
        let schema = target.and_then(|name| api.document.schema(name)).unwrap_or(of);
        let at = match target {
            Some(name) => self.lines.at(api.name, &["components", "schemas", name]),
            None => at.clone(),
        };
        let mut facts = Vec::new();
        if !schema.values.is_empty() {
            let values = union(schema.values.iter().map(String::as_str));
            facts.push(fact("values", [values], at.clone()));
        }
        let kind = match schema.format.as_str() {
            "date" => Type::Date,
            "date-time" => Type::Datetime,
            "uuid" => {
                facts.push(fact("form", ["uuid".to_owned()], at));
                return facts;
            }
            _ => return facts,
        };
        let mut data_types = self.drift.data_types.iter();
        let format = data_types
            .find(|data_type| data_type.kind == kind)
            .and_then(|data_type| data_type.format.clone());
        let zone = [&of.description, around, &schema.description]
            .into_iter()
            .find_map(|text| values::zone(text));
        facts.extend([
            fact("format", format, at.clone()),
            fact("notation", ["ISO 8601".to_owned()], at.clone()),
            fact("zone", zone.map(str::to_owned), at),
        ]);
        facts
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
