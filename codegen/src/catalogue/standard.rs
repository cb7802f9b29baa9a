//! The names that have a meaning to DFINERY.

use serde_json::Value;

use crate::{
    spec::Spec,
    table::{Source, Text},
    taxonomy::{Event, Format, Required, Taxonomy, Type},
};

use super::{
    codes::with_source,
    labels,
    page::{Block, Inline, Rich, Row, Section, Table, Tag, Words, words},
};

/// All lists of taxonomy.yaml.
pub fn section(spec: &Spec) -> Section {
    let taxonomy = &spec.taxonomy;
    let mut blocks = vec![Block::text(words(
        "Names outside of these lists are custom ones, which a service registers in the console. No list here is a hard limit of the API.",
        "이 목록에 없는 이름은 서비스가 콘솔에 직접 등록해 쓰는 이름입니다. 이 목록은 API가 강제하는 제한이 아닙니다.",
    ))];
    for (id, title, table) in [
        events(taxonomy),
        system_events(taxonomy),
        event_properties(taxonomy),
        item_properties(taxonomy),
        user_properties(taxonomy),
        consent_properties(taxonomy),
        system_columns(taxonomy),
    ] {
        blocks.push(Block::Heading {
            id: format!("{id}s").replace("propertys", "properties"),
            title,
        });
        blocks.push(Block::Table(table));
    }
    let prefix = &taxonomy.item_column_prefix;
    blocks.push(Block::Labelled {
        label: words("Prefix of item columns", "아이템 컬럼의 접두사"),
        text: vec![
            Inline::code(&prefix.name),
            Inline::Words(words(". ", ". ")),
            Inline::Words((&prefix.description).into()),
        ],
        stands_out: false,
    });
    blocks.push(Block::Source((&prefix.source).into()));
    Section {
        id: "standard-names",
        title: words("Standard events and properties", "표준 이벤트와 속성"),
        blocks,
    }
}

/// The id of its rows, its heading, and the table.
type List = (&'static str, Words, Table);

fn list(id: &'static str, title: Words, columns: Vec<Words>, rows: Vec<Row>) -> List {
    let columns = [vec![words("Name", "이름"), words("Meaning", "의미")], columns].concat();
    let caption = title.clone();
    let table = Table {
        caption,
        columns,
        rows,
        is_index: false,
    };
    (id, title, table)
}

/// `more` is what the first cell says below the name.
fn row(id: &str, name: &str, more: Rich, meaning: &Text, source: &Source, cells: Vec<Rich>) -> Row {
    let mut first = vec![Inline::code(name)];
    if !more.is_empty() {
        first.push(Inline::Break);
        first.extend(more);
    }
    let meaning = with_source(vec![Inline::Words(meaning.into())], source);
    Row {
        id: Some(format!("{id}-{name}")),
        cells: [vec![first, meaning], cells].concat(),
    }
}

fn kind(kind: Type) -> Rich {
    vec![Inline::code(labels::property_type(kind))]
}

fn system_events(taxonomy: &Taxonomy) -> List {
    let id = "system-event";
    let rows = taxonomy.system_events.iter().map(|event| {
        row(
            id,
            &event.name,
            Vec::new(),
            &event.description,
            &event.source,
            Vec::new(),
        )
    });
    list(
        id,
        words("Events that the SDKs collect", "SDK가 수집하는 이벤트"),
        Vec::new(),
        rows.collect(),
    )
}

fn system_columns(taxonomy: &Taxonomy) -> List {
    let id = "system-column";
    let rows = taxonomy.system_columns.iter().map(|column| {
        row(
            id,
            &column.name,
            kind(column.kind),
            &column.description,
            &column.source,
            Vec::new(),
        )
    });
    list(
        id,
        words("System columns of an export", "추출 결과의 시스템 컬럼"),
        Vec::new(),
        rows.collect(),
    )
}

fn events(taxonomy: &Taxonomy) -> List {
    let id = "event";
    let rows = taxonomy.events.iter().map(|event| {
        row(
            id,
            &event.name,
            Vec::new(),
            &event.label,
            &event.source,
            vec![uses(event)],
        )
    });
    list(
        id,
        words("Standard events", "표준 이벤트"),
        vec![words("Properties", "속성")],
        rows.collect(),
    )
}

fn uses(event: &Event) -> Rich {
    let mut cell = Vec::new();
    for property in &event.properties {
        if !cell.is_empty() {
            cell.push(Inline::Break);
        }
        cell.push(Inline::code(&property.name));
        cell.push(Inline::Tag(match property.required {
            Required::Settled(true) => labels::required(),
            Required::Settled(false) => labels::optional(),
            Required::Unsettled(_) => Tag {
                class: "backoff",
                ..Tag::plain(words(
                    "required or not: the sources disagree",
                    "필수 여부가 자료마다 다름",
                ))
            },
        }));
    }
    cell
}

fn event_properties(taxonomy: &Taxonomy) -> List {
    let id = "event-property";
    let rows = taxonomy.event_properties.iter().map(|property| {
        let examples = listed(property.examples.iter().map(plain));
        row(
            id,
            &property.name,
            kind(property.kind),
            &property.label,
            &property.source,
            vec![examples],
        )
    });
    list(
        id,
        words("Properties of events", "이벤트 속성"),
        vec![words("Examples", "예시")],
        rows.collect(),
    )
}

fn item_properties(taxonomy: &Taxonomy) -> List {
    let id = "item-property";
    let rows = taxonomy.item_properties.iter().map(|property| {
        let required = if property.required {
            labels::required()
        } else {
            labels::optional()
        };
        row(
            id,
            &property.name,
            [kind(property.kind), vec![Inline::Tag(required)]].concat(),
            &property.label,
            &property.source,
            Vec::new(),
        )
    });
    list(
        id,
        words("Properties of items", "아이템 속성"),
        Vec::new(),
        rows.collect(),
    )
}

fn user_properties(taxonomy: &Taxonomy) -> List {
    let id = "user-property";
    let rows = taxonomy.user_properties.iter().map(|property| {
        let mut kind = kind(property.kind);
        if property.format == Some(Format::Date) {
            kind.push(Inline::words(", as a date `yyyy-MM-dd`", ", 날짜 형식 `yyyy-MM-dd`"));
        }
        let values = listed(property.values.iter().cloned());
        row(
            id,
            &property.name,
            kind,
            &property.label,
            &property.source,
            vec![values],
        )
    });
    list(
        id,
        words("Properties of users", "유저 속성"),
        vec![words("Values", "값")],
        rows.collect(),
    )
}

fn consent_properties(taxonomy: &Taxonomy) -> List {
    let id = "consent-property";
    let rows = taxonomy.consent_properties.iter().map(|property| {
        let deprecated = property.deprecated.as_ref().map_or_else(Vec::new, |deprecated| {
            let since = &deprecated.since;
            vec![
                Inline::Tag(Tag {
                    class: "never",
                    ..Tag::plain(words("deprecated", "사용 중단"))
                }),
                Inline::words(format!(" since {since}; use "), format!(" {since}부터. 대신 ")),
                Inline::code(&deprecated.replacement),
                Inline::words("", " 사용"),
            ]
        });
        row(
            id,
            &property.name,
            vec![Inline::code("boolean | null")],
            &property.label,
            &property.source,
            vec![deprecated],
        )
    });
    list(
        id,
        words("Consent to receive messages", "수신 동의 속성"),
        vec![words("Deprecated", "사용 중단")],
        rows.collect(),
    )
}

fn listed(values: impl Iterator<Item = String>) -> Rich {
    let mut cell = Vec::new();
    for value in values {
        if !cell.is_empty() {
            cell.push(Inline::words(", ", ", "));
        }
        cell.push(Inline::code(value));
    }
    cell
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
