//! `docs/catalogue.*`: everything the spec says, for anyone who has an answer and wonders what to do.
//!
//! The modules of the parts build one [`page`], in both languages; [`html`] and [`markdown`] write it down. Both files
//! say the same.

mod codes;
mod command;
mod fields;
mod html;
mod labels;
mod limits;
mod markdown;
mod node;
mod operations;
mod origins;
mod page;
mod standard;

use std::path::PathBuf;

use crate::spec::Spec;
use markdown::Language;
use page::{Block, Page, words};

/// The texts of the files, by path.
#[must_use]
pub fn files(spec: &Spec) -> [(PathBuf, String); 3] {
    let page = page(spec);
    [
        ("docs/catalogue.html".into(), html::render(&page)),
        (
            "docs/catalogue.md".into(),
            markdown::render(&page, Language::English, "[한국어](catalogue.ko.md)"),
        ),
        (
            "docs/catalogue.ko.md".into(),
            markdown::render(&page, Language::Korean, "[English](catalogue.md)"),
        ),
    ]
}

fn page(spec: &Spec) -> Page<'_> {
    Page {
        sources: &spec.sources,
        title: words(
            "DFINERY Open API: endpoints, codes and limits — unofficial catalogue",
            "DFINERY Open API: 엔드포인트, 코드, 한도 — 비공식 카탈로그",
        ),
        intro: vec![Block::text(words(
            "Every code and message of the Import and the Export API with what it means and what to do; every operation \
             with its fields, limits and examples; and how sure each of these facts is. An independent description, put \
             together from the public documentation. It is not published by the vendor.",
            "Import API와 Export API의 모든 코드와 메시지, 그 의미와 조치 방법, 엔드포인트별 필드, 제한, 예시, 그리고 각 내용이 \
             얼마나 확실한지를 한곳에 모았습니다. 공개 문서를 바탕으로 따로 정리한 자료이며, DFINERY(IGAWorks)의 공식 자료가 아닙니다.",
        ))],
        sections: [
            vec![codes::overview(&spec.responses)],
            codes::sections(spec),
            vec![
                operations::section(spec),
                limits::section(spec),
                standard::section(spec),
                origins::contradictions(&spec.sources),
                origins::confidence(&spec.sources),
                origins::pages(&spec.sources),
            ],
        ]
        .concat(),
    }
}
