//! Where the facts come from, where the pages disagree, and how sure a fact is.

use crate::{
    sources::{PageKind, Seen, Sources},
    table::Confidence,
};

use super::{
    labels,
    page::{Block, Entry, Inline, Origin, Row, Section, Table, page_id, words},
};

/// The contradictions, and what is done about them.
pub fn contradictions(sources: &Sources) -> Section {
    let entries = sources.contradictions.iter().map(|row| {
        let labelled = |label, text| Block::Labelled {
            label,
            text: vec![Inline::Words(text)],
            stands_out: false,
        };
        Block::Entry(Entry {
            id: format!("contradiction-{}", row.number),
            code: row.number.to_string(),
            title: vec![Inline::Words((&row.topic).into())],
            tags: Vec::new(),
            blocks: vec![
                labelled(words("What the pages say", "문서의 내용"), (&row.conflict).into()),
                labelled(words("What we do", "이 프로젝트의 처리"), (&row.treatment).into()),
                Block::Source(Origin {
                    confidence: None,
                    pages: row.pages.clone(),
                    note: None,
                }),
            ],
        })
    });
    Section {
        id: "known-contradictions",
        title: words("Contradictions in the documentation", "문서의 모순과 처리 방법"),
        blocks: entries.collect(),
    }
}

/// The meanings of the words beside every fact.
pub fn confidence(sources: &Sources) -> Section {
    let meanings = &sources.confidence;
    let rows = [
        (Confidence::Documented, &meanings.documented),
        (Confidence::Derived, &meanings.derived),
        (Confidence::Adjacent, &meanings.adjacent),
        (Confidence::Assumed, &meanings.assumed),
    ]
    .map(|(confidence, meaning)| Row {
        id: Some(labels::confidence_id(confidence)),
        cells: vec![
            vec![Inline::code(labels::confidence_word(confidence))],
            vec![Inline::Tag(labels::confidence(confidence))],
            vec![Inline::Words(meaning.into())],
        ],
    });
    Section {
        id: "confidence-words",
        title: words("How sure a fact is", "근거의 확실성"),
        blocks: vec![Block::Table(Table {
            caption: words("The words of confidence", "확실성을 나타내는 말"),
            columns: vec![
                words("Word", "용어"),
                words("Shown as", "표시"),
                words("Meaning", "의미"),
            ],
            rows: rows.into(),
            is_index: false,
        })],
    }
}

/// The pages of the vendor's documentation.
pub fn pages(sources: &Sources) -> Section {
    let rows = sources.pages.iter().map(|page| {
        let kind = match page.kind {
            PageKind::ApiGuide => "API 가이드",
            PageKind::UserGuide => "사용자 가이드",
            PageKind::DeveloperGuide => "개발자 가이드",
            PageKind::SdkRepository => "SDK 저장소",
        };
        let seen = match page.seen {
            Seen::Complete => "전체",
            Seen::Partial => "일부",
        };
        Row {
            id: Some(page_id(&page.id)),
            cells: vec![
                vec![Inline::code(&page.id)],
                vec![Inline::Outside {
                    url: page.url.clone(),
                    text: page.title.trim().to_owned(),
                }],
                vec![
                    Inline::words(page.kind.words(), kind),
                    Inline::words(", ", ", "),
                    Inline::code(page.language.code()),
                ],
                vec![Inline::words(page.seen.word(), seen)],
            ],
        }
    });
    Section {
        id: "source-pages",
        title: words("Pages of the vendor's documentation", "근거가 된 공식 문서"),
        blocks: vec![
            Block::text(words(
                "Where a page could be read only in part, its silence proves nothing.",
                "일부만 확인한 페이지는 내용이 나와 있지 않다고 해서 없다고 단정할 수 없습니다.",
            )),
            Block::Table(Table {
                caption: words("Pages that this catalogue cites", "이 카탈로그가 인용하는 페이지"),
                columns: vec![
                    words("Id", "ID"),
                    words("Page", "페이지"),
                    words("Part of", "구분"),
                    words("Seen", "확인 범위"),
                ],
                rows: rows.collect(),
                is_index: false,
            }),
        ],
    }
}
