//! The quotas, and the headers that describe them.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::spec::Spec;

use super::{
    codes::with_source,
    fields, labels,
    node::Node,
    page::{Block, Inline, Rich, Row, Section, Table, line, words},
};

/// The families and the headers.
pub fn section(spec: &Spec) -> Section {
    Section {
        id: "rate-limits",
        title: words("Rate limits", "요청 한도"),
        blocks: vec![Block::Table(families(spec)), Block::Table(headers(spec))],
    }
}

fn families(spec: &Spec) -> Table {
    let families = spec
        .apis()
        .into_iter()
        .flat_map(|api| api.document.rate_limits.iter().map(move |family| (api, family)));
    let rows = families.map(|(api, (name, limit))| {
        let mut members: Rich = Vec::new();
        for (_, _, operation) in api
            .document
            .operations()
            .filter(|(.., operation)| operation.family == *name)
        {
            if !members.is_empty() {
                members.push(Inline::Break);
            }
            members.push(Inline::Link {
                to: operation.id.clone(),
                text: operation.id.clone(),
            });
        }
        let period = labels::period(limit.period_seconds);
        let requests = labels::grouped(limit.requests.into());
        let mut calls = vec![Inline::words(
            format!("{requests} per {}", period.en),
            format!("{}에 {requests}건", period.ko),
        )];
        if let Some(count) = limit.concurrent {
            let count = words(format!("{count} at the same time"), format!("동시 {count}건"));
            calls.extend([Inline::Break, Inline::Words(count)]);
        }
        Row {
            id: Some(format!("rate-limit-{name}")),
            cells: vec![
                vec![Inline::code(name)],
                calls,
                members,
                with_source(
                    vec![Inline::words(line(&limit.description), line(&limit.description_ko))],
                    &limit.source,
                ),
            ],
        }
    });
    Table {
        caption: words(
            "Quotas, for each service and family of operations",
            "서비스별, 엔드포인트 그룹별 한도",
        ),
        columns: vec![
            words("Family", "한도 그룹"),
            words("Calls", "호출 수"),
            words("Operations", "엔드포인트"),
            words("Description", "설명"),
        ],
        rows: rows.collect(),
        is_index: false,
    }
}

/// The headers of all answers, by name and description; the examples differ between the APIs.
fn headers(spec: &Spec) -> Table {
    let mut headers = IndexMap::<_, (Node<'_>, Vec<String>)>::new();
    for (api, path, method, _) in spec.operations() {
        let operation = Node::root(api)
            .get("paths")
            .and_then(|paths| paths.get(path)?.get(method));
        let responses = operation
            .into_iter()
            .flat_map(|operation| operation.entries("responses"));
        for (name, header) in responses.flat_map(|(_, response)| response.entries("headers")) {
            let (_, examples) = headers
                .entry((name, header.words("description")))
                .or_insert((header, Vec::new()));
            examples.extend(header.example().filter(|example| !examples.contains(example)));
        }
    }
    let mut ids = BTreeSet::new();
    let rows = headers.into_iter().map(|((name, description), (header, examples))| {
        let kind = header.get("schema").map(fields::type_words).unwrap_or_default();
        let mut shown: Rich = Vec::new();
        for example in examples {
            if !shown.is_empty() {
                shown.push(Inline::Break);
            }
            shown.push(Inline::code(example));
        }
        let cell = vec![Inline::Words(description)];
        let mut id = format!("header-{name}");
        while !ids.insert(id.clone()) {
            id += "-2";
        }
        Row {
            id: Some(id),
            cells: vec![
                vec![Inline::code(name), Inline::Break, Inline::code(kind)],
                shown,
                match header.source() {
                    Some(source) => with_source(cell, &source),
                    None => cell,
                },
            ],
        }
    });
    Table {
        caption: words(
            "Headers of the answers that speak of the quota",
            "한도를 알려 주는 응답 헤더",
        ),
        columns: vec![
            words("Header", "헤더"),
            words("Examples", "예시"),
            words("Description", "설명"),
        ],
        rows: rows.collect(),
        is_index: false,
    }
}
