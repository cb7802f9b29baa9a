//! The response tables, for people.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use dfinery::{
    ExportCode, ImportCode, Language,
    tables::{CodeInfo, EXPORT_HTTP_STATUSES, HttpStatusInfo, IMPORT_HTTP_STATUSES, Source, Text},
};

use crate::arguments::Lang;
use crate::output::stdout;

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
    let mut out = stdout();
    writeln!(out, "api\thttp\tcode\tmessage\tretry\tmeaning")?;
    for (api, info) in all_codes() {
        let code = if info.raw == info.name { "-" } else { info.raw };
        let meaning = info.meaning.in_language(language);
        writeln!(
            out,
            "{api}\t{}\t{code}\t{}\t{}\t{meaning}",
            info.http_status, info.name, info.retry
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows everything the tables say about a code; exit code 2 if they do not have it.
pub fn explain(arguments: &ExplainArguments) -> anyhow::Result<ExitCode> {
    let words = Words::of(arguments.lang.into());
    let wanted = arguments.code.trim();
    let mut out = stdout();
    let mut found = false;
    for (api, info) in all_codes() {
        if info.raw.eq_ignore_ascii_case(wanted) || info.name.eq_ignore_ascii_case(wanted) {
            separate(&mut out, &mut found)?;
            words.code(&mut out, api, info)?;
        }
    }
    for (api, table) in [("import", IMPORT_HTTP_STATUSES), ("export", EXPORT_HTTP_STATUSES)] {
        for info in table.iter().filter(|info| wanted.parse() == Ok(info.status)) {
            separate(&mut out, &mut found)?;
            words.http(&mut out, api, info)?;
        }
    }
    if found {
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(io::stderr(), "{}", words.unknown.replace("{}", wanted))?;
    Ok(ExitCode::from(2))
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
    http: &'static str,
    or: &'static str,
    meaning: &'static str,
    remedy: &'static str,
    retry: &'static str,
    source: &'static str,
    unknown: &'static str,
}

impl Words {
    const fn of(language: Language) -> Self {
        match language {
            Language::English => Self {
                language,
                http: "HTTP status",
                or: "or",
                meaning: "Meaning",
                remedy: "What to do",
                retry: "Retry",
                source: "Source",
                unknown: "Unknown code {}: run `dfinery codes` for the list.",
            },
            Language::Korean => Self {
                language,
                http: "HTTP 상태",
                or: "또는",
                meaning: "의미",
                remedy: "조치 방법",
                retry: "재시도",
                source: "출처",
                unknown: "{} 코드는 두 API의 응답 표에 없습니다. 전체 목록은 `dfinery codes --lang ko`로 볼 수 있습니다.",
            },
        }
    }

    fn code(&self, out: &mut impl Write, api: &str, info: &CodeInfo) -> io::Result<()> {
        let title = if info.raw == info.name {
            info.raw.to_owned()
        } else {
            format!("{} {}", info.raw, info.name)
        };
        writeln!(out, "{title} ({api})")?;
        match info.http_status_alternative {
            same if same == info.http_status => line(out, self.http, info.http_status)?,
            other => line(out, self.http, format!("{} {} {other}", info.http_status, self.or))?,
        }
        self.rest(out, info.meaning, info.remedy, info.retry, info.source)
    }

    fn http(&self, out: &mut impl Write, api: &str, info: &HttpStatusInfo) -> io::Result<()> {
        writeln!(out, "HTTP {} {} ({api})", info.status, info.phrase)?;
        self.rest(out, info.meaning, info.remedy, info.retry, info.source)
    }

    fn rest(
        &self,
        out: &mut impl Write,
        meaning: Text,
        remedy: Text,
        retry: dfinery::RetryClass,
        source: Source,
    ) -> io::Result<()> {
        line(out, self.meaning, meaning.in_language(self.language))?;
        line(out, self.remedy, remedy.in_language(self.language))?;
        line(out, self.retry, retry)?;
        for page in source.pages {
            line(out, self.source, format!("{} ({})", page.url, source.confidence))?;
        }
        Ok(())
    }
}

fn line(out: &mut impl Write, label: &str, text: impl std::fmt::Display) -> io::Result<()> {
    writeln!(out, "  {label}: {text}")
}
