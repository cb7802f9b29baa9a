//! The response tables, for people.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use dfinery::{
    ExportCode, ImportCode, Language, RetryClass,
    tables::{CodeInfo, Confidence, EXPORT_HTTP_STATUSES, HttpStatusInfo, IMPORT_HTTP_STATUSES, Source, Text},
};

use dfinery_records::nearest;

use crate::arguments::Lang;
use crate::output::{stdout, write_text};

#[derive(clap::Args)]
pub struct CodesArguments {
    /// The language of the meanings.
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

#[derive(clap::Args)]
pub struct ExplainArguments {
    /// A code such as 40001, a message such as `TOO_MANY_REQUEST` or `invalid_parameter`, or an HTTP status such as 429.
    code: String,
    /// The language of the explanation.
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

/// One line for each code: API, HTTP status, code, message, retry class, meaning; separated by tabs.
pub fn codes(arguments: &CodesArguments) -> anyhow::Result<ExitCode> {
    let language = arguments.lang.into();
    let words = Words::of(language);
    let mut out = stdout();
    writeln!(out, "{}", words.columns.join("\t"))?;
    for (api, info) in all_codes() {
        let code = if info.raw == info.name { "-" } else { info.raw };
        let meaning = info.meaning.in_language(language);
        writeln!(
            out,
            "{api}\t{}\t{code}\t{}\t{}\t{meaning}",
            info.http_status,
            info.name,
            words.retry_class(info.retry)
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows everything the tables say about a code or an HTTP status; exit code 2 if they do not have it.
pub fn explain(arguments: &ExplainArguments) -> anyhow::Result<ExitCode> {
    let words = Words::of(arguments.lang.into());
    let wanted = arguments.code.trim().trim_end_matches([',', '.', ':']);
    let mut text = Vec::new();
    let mut found = false;
    for (api, info) in all_codes() {
        if info.raw.eq_ignore_ascii_case(wanted) || info.name.eq_ignore_ascii_case(wanted) {
            separate(&mut text, &mut found)?;
            words.code(&mut text, api, info)?;
        }
    }
    let status = wanted.parse().ok().filter(|status: &u16| (100..=599).contains(status));
    for (api, table) in [("import", IMPORT_HTTP_STATUSES), ("export", EXPORT_HTTP_STATUSES)] {
        let Some(status) = status else { break };
        if let Some(row) = table.iter().find(|row| row.status == status) {
            separate(&mut text, &mut found)?;
            words.http(&mut text, api, row)?;
        }
    }
    if found {
        write_text(&mut stdout(), &String::from_utf8(text)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let unknown = if status.is_some() {
        words.unknown_status
    } else {
        words.unknown
    };
    let said = unknown.replace("{}", wanted);
    match near(wanted) {
        Some(name) => writeln!(io::stderr(), "{said} {}", words.meant.replace("{}", name))?,
        None => writeln!(io::stderr(), "{said}")?,
    }
    Ok(ExitCode::from(2))
}

/// The message that was probably meant. A number is near to many others.
fn near(wanted: &str) -> Option<&'static str> {
    let is_word = wanted.contains(|c: char| c.is_ascii_alphabetic());
    nearest(wanted, all_codes().map(|(_, info)| info.name)).filter(|_| is_word)
}

/// The codes of an API that can come under an HTTP status.
fn codes_under(api: &'static str, status: u16) -> impl Iterator<Item = &'static CodeInfo> {
    let comes_under = move |info: &CodeInfo| [info.http_status, info.http_status_alternative].contains(&status);
    let codes = all_codes().filter(move |(of, info)| *of == api && comes_under(info));
    codes.map(|(_, info)| info)
}

fn all_codes() -> impl Iterator<Item = (&'static str, &'static CodeInfo)> {
    let import = ImportCode::ALL
        .iter()
        .filter_map(ImportCode::info)
        .map(|info| ("import", info));
    import.chain(
        ExportCode::ALL
            .iter()
            .filter_map(ExportCode::info)
            .map(|info| ("export", info)),
    )
}

fn separate(out: &mut impl Write, found: &mut bool) -> io::Result<()> {
    if std::mem::replace(found, true) {
        writeln!(out)
    } else {
        Ok(())
    }
}

/// The words around the tables, in one language.
struct Words {
    language: Language,
    columns: [&'static str; 6],
    http: &'static str,
    or: &'static str,
    codes: &'static str,
    meaning: &'static str,
    remedy: &'static str,
    retry: &'static str,
    /// Never, backoff, after the reset.
    retry_classes: [&'static str; 3],
    source: &'static str,
    /// Documented, derived, adjacent, assumed.
    confidence: [&'static str; 4],
    note: &'static str,
    unknown: &'static str,
    meant: &'static str,
    unknown_status: &'static str,
}

impl Words {
    const fn of(language: Language) -> Self {
        match language {
            Language::English => Self {
                language,
                columns: ["api", "http", "code", "message", "retry", "meaning"],
                http: "HTTP status",
                or: "or",
                codes: "Codes under it",
                meaning: "Meaning",
                remedy: "What to do",
                retry: "Retry",
                retry_classes: ["never", "backoff", "after-reset"],
                source: "Source",
                confidence: ["documented", "derived", "adjacent", "assumed"],
                note: "Note",
                unknown: "Neither API documents the code {}. A call that is refused with it is tried again only under HTTP 429 or 5xx. The \
                          documented codes are listed by `dfinery codes`.",
                meant: "Did you mean {}?",
                unknown_status: "Neither API documents HTTP {}. Something between you and DFINERY, such as a proxy or a \
                                 load balancer, may have answered: look at the body of the answer.",
            },
            Language::Korean => Self {
                language,
                columns: ["api", "HTTP", "코드", "메시지", "재시도", "의미"],
                http: "HTTP 상태 코드",
                or: "또는",
                codes: "이 상태로 오는 코드",
                meaning: "의미",
                remedy: "조치 방법",
                retry: "재시도",
                retry_classes: [
                    "재시도하지 않음(never)",
                    "간격을 늘려 가며 재시도(backoff)",
                    "한도 초기화 후 재시도(after-reset)",
                ],
                source: "출처",
                confidence: ["문서에 있음", "문서에서 추론", "다른 공식 자료", "이 프로젝트의 가정"],
                note: "비고",
                unknown: "{} 코드는 두 API의 응답 표에 없습니다. 이 코드로 거절된 호출은 HTTP 429나 5xx일 때만 다시 시도합니다. 전체 \
                          목록은 `dfinery codes --lang ko`로 볼 수 있습니다.",
                meant: "혹시 {}을(를) 찾으십니까?",
                unknown_status: "HTTP {}은(는) 두 API의 문서에 없는 상태 코드입니다. 프록시나 로드 밸런서처럼 중간에 있는 장비가 응답했을 수 있으니 응답 본문을 확인하십시오.",
            },
        }
    }

    fn retry_class(&self, class: RetryClass) -> &'static str {
        let [never, backoff, after_reset] = self.retry_classes;
        match class {
            RetryClass::Never => never,
            RetryClass::Backoff => backoff,
            RetryClass::AfterReset => after_reset,
        }
    }

    fn confidence(&self, confidence: Confidence) -> &'static str {
        let [documented, derived, adjacent, assumed] = self.confidence;
        match confidence {
            Confidence::Documented => documented,
            Confidence::Derived => derived,
            Confidence::Adjacent => adjacent,
            Confidence::Assumed => assumed,
        }
    }

    fn code(&self, out: &mut impl Write, api: &str, info: &CodeInfo) -> io::Result<()> {
        writeln!(out, "{} ({api})", title(info))?;
        match info.http_status_alternative {
            same if same == info.http_status => line(out, self.http, info.http_status)?,
            other => line(out, self.http, format!("{} {} {other}", info.http_status, self.or))?,
        }
        self.rest(out, info.meaning, info.remedy, info.retry, info.source)
    }

    fn http(&self, out: &mut impl Write, api: &'static str, row: &HttpStatusInfo) -> io::Result<()> {
        writeln!(out, "HTTP {} {} ({api})", row.status, row.phrase)?;
        let codes: Vec<_> = codes_under(api, row.status).map(title).collect();
        if !codes.is_empty() {
            line(out, self.codes, codes.join(", "))?;
        }
        self.rest(out, row.meaning, row.remedy, row.retry, row.source)
    }

    fn rest(
        &self,
        out: &mut impl Write,
        meaning: Text,
        remedy: Text,
        retry: RetryClass,
        source: Source,
    ) -> io::Result<()> {
        line(out, self.meaning, meaning.in_language(self.language))?;
        line(out, self.remedy, remedy.in_language(self.language))?;
        line(out, self.retry, self.retry_class(retry))?;
        for page in source.pages {
            line(
                out,
                self.source,
                format!("{} ({})", page.url, self.confidence(source.confidence)),
            )?;
        }
        match source.note {
            Some(note) => line(out, self.note, note.in_language(self.language)),
            None => Ok(()),
        }
    }
}

fn title(info: &CodeInfo) -> String {
    if info.raw == info.name {
        info.raw.to_owned()
    } else {
        format!("{} {}", info.raw, info.name)
    }
}

fn line(out: &mut impl Write, label: &str, text: impl std::fmt::Display) -> io::Result<()> {
    writeln!(out, "  {label}: {text}")
}
