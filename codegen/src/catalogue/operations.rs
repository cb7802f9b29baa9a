//! The operations: how to call them, what they take and what they return.

use serde_json::Value;

use crate::{
    openapi::{Api, Operation, RateLimit},
    spec::Spec,
};

use super::{
    codes::with_source,
    command, fields, labels,
    node::Node,
    page::{Block, Entry, Example, Inline, Rich, Row, Section, Table, Tag, Words, line, words},
};

/// The operations of both APIs.
pub fn section(spec: &Spec) -> Section {
    Section {
        id: "all-operations",
        title: words("Operations", "엔드포인트"),
        blocks: spec.apis().into_iter().flat_map(blocks).collect(),
    }
}

fn blocks(api: &Api) -> Vec<Block> {
    let operations = api.document.operations();
    let operations = operations.map(|(path, method, operation)| {
        Call {
            api,
            path,
            method,
            operation,
        }
        .entry()
    });
    let name = labels::api(api.name);
    let mut blocks = vec![
        Block::Heading {
            id: format!("{}-api", api.name),
            title: name,
        },
        Block::text(
            Node::root(api)
                .get("info")
                .map(|info| info.words("description"))
                .unwrap_or_default(),
        ),
        tokens(api),
    ];
    blocks.extend(operations);
    blocks.extend(answers(api));
    blocks
}

fn tokens(api: &Api) -> Block {
    let name = labels::api(api.name);
    let rows = Node::root(api).get("components").into_iter().flat_map(|components| {
        components.entries("securitySchemes").map(|(name, scheme)| {
            let cell = vec![Inline::Words(scheme.words("description"))];
            Row {
                id: Some(format!("token-{name}")),
                cells: vec![
                    vec![Inline::code(name)],
                    vec![Inline::code(header(scheme))],
                    match scheme.source() {
                        Some(source) => with_source(cell, &source),
                        None => cell,
                    },
                ],
            }
        })
    });
    Block::Table(Table {
        caption: words(format!("The token of the {}", name.en), format!("{}의 토큰", name.ko)),
        columns: vec![
            words("Token", "토큰"),
            words("Header", "헤더"),
            words("Description", "설명"),
        ],
        rows: rows.collect(),
        is_index: false,
    })
}

/// The line of the request that carries the token.
fn header(scheme: Node<'_>) -> String {
    match scheme.text("type") {
        "http" => "Authorization: Bearer <token>".to_owned(),
        _ => format!("{}: <token>", scheme.text("name")),
    }
}

/// The schemas that answers are made of.
fn answers(api: &Api) -> Vec<Block> {
    let mut names = Vec::new();
    for call in calls(api) {
        for (_, response) in call.entries("responses") {
            for (_, media) in response.entries("content") {
                let answer = media.target("schema").or_else(|| element(media));
                names.extend(answer.filter(|name| !names.contains(name)));
            }
        }
    }
    let schemas = Node::root(api).get("components").and_then(|node| node.get("schemas"));
    let entries = names.into_iter().filter_map(|name| {
        let schema = schemas?.get(name)?;
        let source = schema.source().map(|source| Block::Source((&source).into()));
        let caption = words(format!("Fields of {name}"), format!("{name}의 필드"));
        let blocks = [
            Some(Block::text(schema.words("description"))),
            source,
            Some(Block::Table(fields::table(caption, fields::rows(name, schema)))),
        ];
        Some(Block::Entry(Entry {
            id: name.to_owned(),
            code: name.to_owned(),
            title: vec![Inline::words("an answer in JSON", "JSON 응답")],
            tags: vec![Inline::Tag(Tag::plain(labels::api(api.name)))],
            blocks: blocks.into_iter().flatten().collect(),
        }))
    });
    entries.collect()
}

/// What an answer that is a list is a list of.
fn element(media: Node<'_>) -> Option<&str> {
    media.get("schema")?.target("items")
}

/// The nodes of all operations.
fn calls(api: &Api) -> impl Iterator<Item = Node<'_>> {
    let paths = Node::root(api).get("paths");
    api.document
        .operations()
        .filter_map(move |(path, method, _)| paths?.get(path)?.get(method))
}

/// An operation and where it is.
struct Call<'a> {
    api: &'a Api,
    path: &'a str,
    method: &'a str,
    operation: &'a Operation,
}

impl<'a> Call<'a> {
    fn node(&self) -> Option<Node<'a>> {
        Node::root(self.api).get("paths")?.get(self.path)?.get(self.method)
    }

    fn entry(&self) -> Block {
        let operation = self.operation;
        let id = &operation.id;
        let mut blocks = vec![
            Block::text(words(line(&operation.description), line(&operation.description_ko))),
            Block::Source((&operation.source).into()),
            Block::Facts(self.facts()),
        ];
        if let Some(node) = self.node() {
            blocks.push(Block::Example(self.command(node)));
            blocks.extend(self.request(node));
            blocks.push(answer_table(id, node));
            blocks.extend(answer_examples(node));
        }
        let idempotent = if operation.idempotent {
            Tag::plain(words("idempotent", "멱등"))
        } else {
            Tag {
                class: "backoff",
                ..Tag::plain(words("not idempotent", "멱등하지 않음"))
            }
        };
        Block::Entry(Entry {
            id: id.clone(),
            code: id.clone(),
            title: vec![Inline::words(&operation.summary, &operation.summary_ko)],
            tags: vec![
                Inline::Tag(Tag::plain(labels::api(self.api.name))),
                Inline::Tag(idempotent),
            ],
            blocks,
        })
    }

    fn facts(&self) -> Vec<(Words, Rich)> {
        let operation = self.operation;
        let quota = self.api.document.rate_limits.get(&operation.family);
        let again = if operation.idempotent {
            words(
                "Sending the same request twice leaves the same state as sending it once.",
                "같은 요청을 두 번 보내도 한 번 보낸 것과 결과가 같습니다.",
            )
        } else {
            words(
                "Sending the same request twice may have its effect twice.",
                "같은 요청을 두 번 보내면 두 번 반영될 수 있습니다.",
            )
        };
        let mut facts = vec![
            (
                words("Call", "호출"),
                vec![Inline::code(format!("{} {}", self.method.to_uppercase(), self.path))],
            ),
            (
                words("Token", "토큰"),
                vec![Inline::code(self.scheme().map(header).unwrap_or_default())],
            ),
        ];
        if let Some(limit) = quota {
            facts.push((
                words("Quota", "한도"),
                vec![
                    Inline::Words(quota_words(limit)),
                    Inline::words(", family ", ", 한도 그룹 "),
                    Inline::Link {
                        to: format!("rate-limit-{}", operation.family),
                        text: operation.family.clone(),
                    },
                ],
            ));
        }
        facts.push((words("Sent again", "다시 보내면"), vec![Inline::Words(again)]));
        facts
    }

    /// The whole request, to be tried out.
    fn command(&self, node: Node<'_>) -> Example {
        let root = Node::root(self.api);
        let text = command::curl(command::Call {
            id: &self.operation.id,
            api: self.api.name,
            method: self.method,
            path: self.path,
            host: root.elements("servers").next().map_or("", |server| server.text("url")),
            scheme: self.scheme(),
            node,
        });
        Example {
            title: vec![Inline::words("The call with curl", "curl 호출 예시")],
            syntax: "sh",
            text,
        }
    }

    fn scheme(&self) -> Option<Node<'a>> {
        let components = Node::root(self.api).get("components")?;
        components.get("securitySchemes")?.get(self.operation.scheme())
    }

    fn request(&self, node: Node<'_>) -> Vec<Block> {
        let id = &self.operation.id;
        let body = node.get("requestBody");
        let media = body.and_then(|body| body.get("content")?.get("application/json"));
        let parameters = node.elements("parameters");
        let mut rows: Vec<_> = parameters.map(|parameter| fields::parameter(id, parameter)).collect();
        let mut blocks = Vec::new();
        if let Some(body) = body {
            let mut text = vec![Inline::Words(body.words("description"))];
            if let Some(schema) = media.and_then(|media| media.get("schema")) {
                rows.extend(fields::rows(id, schema));
                text.push(Inline::words(" ", " "));
                text.push(Inline::Words(schema.words("description")));
                text.extend(schema.source().map(|source| Inline::Source((&source).into())));
            }
            blocks.push(Block::Labelled {
                label: words("Body", "본문"),
                text,
                stands_out: false,
            });
        }
        let caption = words(format!("Request of {id}"), format!("{id}의 요청"));
        blocks.push(Block::Table(fields::table(caption, rows)));
        if let Some(media) = media {
            blocks.extend(examples(media, &words("Request", "요청"), "json"));
        }
        blocks
    }
}

/// `1,000,000 calls a minute for each service`.
pub fn quota_words(limit: &RateLimit) -> Words {
    let (calls, period) = (
        labels::grouped(limit.requests.into()),
        labels::period(limit.period_seconds),
    );
    let mut quota = words(
        format!("{calls} calls per {} for each service", period.en),
        format!("서비스별 {}에 {calls}건", period.ko),
    );
    if let Some(concurrent) = limit.concurrent {
        quota = words(
            format!("{}, {concurrent} at the same time", quota.en),
            format!("{}, 동시 {concurrent}건", quota.ko),
        );
    }
    quota
}

fn answer_table(id: &str, node: Node<'_>) -> Block {
    let rows = node.entries("responses").map(|(status, response)| {
        let mut body = Vec::new();
        for (kind, media) in response.entries("content") {
            if !body.is_empty() {
                body.push(Inline::Break);
            }
            body.push(Inline::code(kind));
            if let Some(name) = media.target("schema") {
                body.push(Inline::words(": ", ": "));
                body.push(Inline::code(name));
            } else if let Some(name) = element(media) {
                body.push(Inline::words(": a list of ", ": 목록, 원소는 "));
                body.push(Inline::code(name));
            }
        }
        let cell = vec![Inline::Words(response.words("description"))];
        Row {
            id: Some(format!("{id}-http-{status}")),
            cells: vec![
                vec![Inline::code(status)],
                body,
                match response.source() {
                    Some(source) => with_source(cell, &source),
                    None => cell,
                },
            ],
        }
    });
    Block::Table(Table {
        caption: words(format!("Answers of {id}"), format!("{id}의 응답")),
        columns: vec![
            words("HTTP status", "HTTP 상태 코드"),
            words("Body", "본문"),
            words("Description", "설명"),
        ],
        rows: rows.collect(),
        is_index: false,
    })
}

fn answer_examples(node: Node<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (status, response) in node.entries("responses") {
        for (kind, media) in response.entries("content") {
            let label = words(format!("Answer, HTTP {status}"), format!("응답, HTTP {status}"));
            let syntax = if kind == "text/csv" { "csv" } else { "json" };
            blocks.extend(examples(media, &label, syntax));
        }
    }
    blocks
}

fn examples(media: Node<'_>, label: &Words, syntax: &'static str) -> Vec<Block> {
    let named = media.entries("examples").map(|(_, example)| {
        let mut title = vec![
            Inline::Words(label.clone()),
            Inline::words(": ", ": "),
            Inline::Words(example.words("summary")),
        ];
        let description = example.words("description");
        if !description.en.is_empty() {
            title.extend([Inline::words(". ", ". "), Inline::Words(description)]);
        }
        (title, example.value().get("value"))
    });
    let examples = named.filter_map(|(title, value)| {
        Some(Block::Example(Example {
            title,
            syntax,
            text: match value? {
                Value::String(text) => text.trim_end().to_owned(),
                value => serde_json::to_string_pretty(value).unwrap_or_default(),
            },
        }))
    });
    examples.collect()
}
