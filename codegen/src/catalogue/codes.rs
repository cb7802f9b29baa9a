//! The codes and messages of both APIs, and the HTTP statuses.

use crate::{
    responses::{ExportRow, HttpRow, ImportRow, Means, Responses, Retry, SUCCESS},
    spec::Spec,
    table::{Source, Text},
};

use super::{
    labels,
    page::{Block, Entry, Inline, Rich, Row, Section, Table, Tag, Words, words},
};

/// A row of either API.
struct Code<'a> {
    api: &'static str,
    id: String,
    /// The name beside the code, where that is a number.
    name: Option<&'a str>,
    http: [u16; 2],
    retry: Retry,
    means: Option<Means>,
    meaning: &'a Text,
    remedy: &'a Text,
    source: &'a Source,
}

impl<'a> From<&'a ImportRow> for Code<'a> {
    fn from(row: &'a ImportRow) -> Self {
        Self {
            api: "import",
            id: row.code.to_string(),
            name: Some(&row.name),
            http: [row.http, row.http_alternative],
            retry: row.retry,
            means: row.means,
            meaning: &row.meaning,
            remedy: &row.remedy,
            source: &row.source,
        }
    }
}

impl<'a> From<&'a ExportRow> for Code<'a> {
    fn from(row: &'a ExportRow) -> Self {
        Self {
            api: "export",
            id: row.message.clone(),
            name: None,
            http: [row.http, row.http_alternative],
            retry: row.retry,
            means: row.means,
            meaning: &row.meaning,
            remedy: &row.remedy,
            source: &row.source,
        }
    }
}

impl Code<'_> {
    fn retry(&self) -> Tag {
        if self.api == "import" && self.id == SUCCESS {
            labels::no_failure(self.retry, words("Success", "성공"))
        } else {
            labels::retry(self.retry)
        }
    }

    fn http(&self) -> Words {
        match self.http {
            [one, other] if one == other => words(one.to_string(), one.to_string()),
            [one, other] => words(format!("{one} or {other}"), format!("{one} 또는 {other}")),
        }
    }

    fn entry(&self) -> Block {
        let http = self.http();
        let name = self.name.map(Inline::code);
        let http = Tag::plain(words(format!("HTTP {}", http.en), format!("HTTP {}", http.ko)));
        let tags = [self.retry(), http, Tag::plain(labels::api(self.api))];
        Block::Entry(Entry {
            id: self.id.clone(),
            code: self.id.clone(),
            title: name.into_iter().collect(),
            tags: tags
                .into_iter()
                .chain(self.means.map(labels::means))
                .map(Inline::Tag)
                .collect(),
            blocks: vec![
                Block::text(self.meaning.into()),
                remedy(self.remedy),
                Block::Source(self.source.into()),
            ],
        })
    }

    fn row(&self) -> Row {
        let mut name = vec![Inline::Link {
            to: self.id.clone(),
            text: self.id.clone(),
        }];
        if let Some(message) = self.name {
            name.extend([Inline::Break, Inline::code(message)]);
        }
        let retry = Tag {
            code: None,
            ..self.retry()
        };
        Row {
            id: None,
            cells: vec![
                name,
                vec![Inline::Words(self.http())],
                vec![Inline::Tag(retry)],
                vec![Inline::Words(self.meaning.into())],
            ],
        }
    }
}

fn remedy(text: &Text) -> Block {
    Block::Labelled {
        label: words("What to do", "조치 방법"),
        text: vec![Inline::Words(text.into())],
        stands_out: true,
    }
}

fn import(responses: &Responses) -> Vec<Code<'_>> {
    responses.import.codes.iter().map(Code::from).collect()
}

fn export(responses: &Responses) -> Vec<Code<'_>> {
    responses.export.codes.iter().map(Code::from).collect()
}

/// All codes, a line each.
pub fn overview(responses: &Responses) -> Section {
    let http = || words("HTTP status", "HTTP 상태 코드");
    let retry = || words("Retry", "재시도");
    let meaning = || words("Meaning", "의미");
    let table = |caption, columns, codes: Vec<Code<'_>>| {
        Block::Table(Table {
            caption,
            columns,
            rows: codes.iter().map(Code::row).collect(),
            is_index: true,
        })
    };
    Section {
        id: "all-codes",
        title: words("All codes at a glance", "코드 한눈에 보기"),
        blocks: vec![
            table(
                words("Import API: the field `code`", "Import API: `code` 필드"),
                vec![words("Code", "코드"), http(), retry(), meaning()],
                import(responses),
            ),
            table(
                words("Export API: the field `message`", "Export API: `message` 필드"),
                vec![words("Message", "메시지"), http(), retry(), meaning()],
                export(responses),
            ),
            Block::text(words(
                "A code that is not listed here is unknown to this project. It is tried again under HTTP 429 or 5xx only.",
                "여기에 없는 코드는 이 프로젝트가 알지 못하는 코드이며, HTTP 429나 5xx로 왔을 때만 재시도합니다.",
            )),
        ],
    }
}

/// The codes and statuses of each API.
pub fn sections(spec: &Spec) -> Vec<Section> {
    let responses = &spec.responses;
    vec![
        Section {
            id: "import-codes",
            title: words("Import API: codes", "Import API 코드"),
            blocks: blocks("import", &responses.import.http, &import(responses)),
        },
        Section {
            id: "export-codes",
            title: words("Export API: messages", "Export API 메시지"),
            blocks: blocks("export", &responses.export.http, &export(responses)),
        },
    ]
}

/// The status 200 comes first, since it misleads most.
fn blocks(api: &'static str, statuses: &[HttpRow], codes: &[Code<'_>]) -> Vec<Block> {
    let ok = statuses.iter().find(|row| row.status == 200);
    let ok = ok.map(|row| Block::Labelled {
        label: words("HTTP 200", "HTTP 200"),
        text: vec![
            Inline::Words((&row.meaning).into()),
            Inline::words(" ", " "),
            Inline::Words((&row.remedy).into()),
        ],
        stands_out: false,
    });
    let mut blocks: Vec<_> = ok.into_iter().chain(codes.iter().map(Code::entry)).collect();
    let name = labels::api(api);
    blocks.push(Block::Heading {
        id: format!("{api}-http"),
        title: words(
            format!("HTTP statuses of the {}", name.en),
            format!("{}의 HTTP 상태 코드", name.ko),
        ),
    });
    blocks.push(Block::text(words(
        "For answers whose body says nothing.",
        "응답의 본문만으로 알 수 없을 때 참고하십시오.",
    )));
    blocks.push(http_table(api, statuses));
    blocks
}

fn http_table(api: &'static str, statuses: &[HttpRow]) -> Block {
    let name = labels::api(api);
    let rows = statuses.iter().map(|row| Row {
        id: Some(format!("{api}-http-{}", row.status)),
        cells: vec![
            vec![
                Inline::code(row.status.to_string()),
                Inline::words(" ", " "),
                Inline::english(&row.phrase),
                Inline::Break,
            ]
            .into_iter()
            .chain(http_tags(row))
            .collect(),
            vec![Inline::Words((&row.meaning).into())],
            with_source(vec![Inline::Words((&row.remedy).into())], &row.source),
        ],
    });
    Block::Table(Table {
        caption: words(
            format!("HTTP statuses of the {}", name.en),
            format!("{}의 HTTP 상태 코드", name.ko),
        ),
        columns: vec![
            words("Status", "상태 코드"),
            words("Meaning", "의미"),
            words("What to do", "조치 방법"),
        ],
        rows: rows.collect(),
        is_index: false,
    })
}

fn http_retry(row: &HttpRow) -> Tag {
    if row.status == 200 {
        labels::no_failure(row.retry, words("The body decides", "본문으로 판단"))
    } else {
        labels::retry(row.retry)
    }
}

fn http_tags(row: &HttpRow) -> Rich {
    let mut tags = vec![Inline::Tag(http_retry(row))];
    if let Some(means) = row.means {
        tags.push(Inline::Tag(labels::means(means)));
    }
    tags
}

/// A cell, with its source below.
pub fn with_source(mut cell: Rich, source: &Source) -> Rich {
    cell.push(Inline::Source(source.into()));
    cell
}
