//! The rules of `spec/responses.yaml`.

use std::collections::BTreeSet;

use crate::{
    names,
    problem::{Place, Problems},
    responses::{FILE, HttpRow, Means, Responses, Retry, Row, SUCCESS},
    sources::Sources,
};

/// Notes what breaks them.
pub fn check(responses: &Responses, pages: Option<&Sources>, problems: &mut Problems) {
    for (api, http) in [("import", &responses.import.http), ("export", &responses.export.http)] {
        let at = Place::file(FILE).key(api);
        let (rows, _): (Vec<_>, Vec<_>) = responses.rows(api).into_iter().unzip();
        lint_rows(&rows, api, &at.key("codes"), pages, problems);
        lint_statuses(http, &at.key("http"), pages, problems);
    }
    if !responses.rows("import").iter().any(|(row, _)| row.raw == SUCCESS) {
        let at = Place::file(FILE).key("import").key("codes");
        problems.push(at.problem(format!("has no row for {SUCCESS}, the code of success")));
    }
}

fn lint_rows(rows: &[Row<'_>], api: &str, at: &Place, pages: Option<&Sources>, problems: &mut Problems) {
    if rows.is_empty() {
        problems.push(at.problem("is empty"));
    }
    let key = if api == "import" { "name" } else { "message" };
    let (mut seen, mut variants) = (BTreeSet::new(), BTreeSet::new());
    for (index, row) in rows.iter().enumerate() {
        let at = at.index(index);
        match names::variant(row.name) {
            Err(words) => problems.push(at.key(key).problem(words)),
            Ok(variant) if variant == "Unknown" => {
                problems.push(
                    at.key(key)
                        .problem("`Unknown` is the variant for codes that are not in the table"),
                );
            }
            Ok(variant) if !variants.insert(variant.clone()) => {
                problems.push(
                    at.key(key)
                        .problem(format!("`{}` is the variant `{variant}`, as another row is", row.name)),
                );
            }
            Ok(_) => {}
        }
        let letters = |name: &str| name.replace('_', "").to_lowercase();
        let twin = rows[..index]
            .iter()
            .find(|other| other.name != row.name && letters(other.name) == letters(row.name));
        if let Some(twin) = twin {
            problems.push(at.key(key).problem(format!(
                "`{}` differs from `{}`, the name of {}, only in case or in `_`",
                row.name, twin.name, twin.raw
            )));
        }
        if !row.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            problems.push(at.key(key).problem(format!(
                "`{}` holds other characters than letters, digits and `_`",
                row.name
            )));
        }
        if api == "import" && !seen.insert(&row.raw) {
            problems.push(at.key("code").problem(format!("{} stands twice", row.raw)));
        }
        if api == "import" && row.raw.len() != SUCCESS.len() {
            problems.push(at.key("code").problem(format!(
                "{} has {} digits; codes have {}, as {SUCCESS} has",
                row.raw,
                row.raw.len(),
                SUCCESS.len()
            )));
        }
        lint_status(row.http, &at.key("http"), problems);
        lint_status(row.http_alternative, &at.key("http_alternative"), problems);
        let succeeds = api == "import" && row.raw == SUCCESS;
        lint_means(row.means, row.retry, succeeds, &at.key("means"), problems);
        row.meaning.lint(&at.key("meaning"), problems);
        row.remedy.lint(&at.key("remedy"), problems);
        row.source.lint(&at.key("source"), pages, problems);
    }
}

fn lint_statuses(rows: &[HttpRow], at: &Place, pages: Option<&Sources>, problems: &mut Problems) {
    let mut statuses = BTreeSet::new();
    for (index, row) in rows.iter().enumerate() {
        let at = at.index(index);
        lint_status(row.status, &at.key("status"), problems);
        if !statuses.insert(row.status) {
            problems.push(at.key("status").problem(format!("{} stands twice", row.status)));
        }
        if row.phrase.trim().is_empty() {
            problems.push(at.key("phrase").problem("is empty"));
        }
        lint_means(row.means, row.retry, row.status < 300, &at.key("means"), problems);
        row.meaning.lint(&at.key("meaning"), problems);
        row.remedy.lint(&at.key("remedy"), problems);
        row.source.lint(&at.key("source"), pages, problems);
    }
}

fn lint_status(status: u16, at: &Place, problems: &mut Problems) {
    if !(100..=599).contains(&status) {
        problems.push(at.problem(format!("{status} is no HTTP status")));
    }
}

/// A wrong token is not success, and sending it again would not help.
fn lint_means(means: Option<Means>, retry: Retry, succeeds: bool, at: &Place, problems: &mut Problems) {
    if means == Some(Means::Auth) && (succeeds || retry != Retry::Never) {
        problems.push(at.problem("is auth, which is a failure that is never retried"));
    }
}
