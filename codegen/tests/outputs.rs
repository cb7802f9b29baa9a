//! The program on copies of the real workspace: what it writes, and what `--check` says.

mod support;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

const ADVICE: &str = "The generated files do not follow from spec/: run `cargo codegen` and commit what it changes.\n";

/// A copy of the files in `spec/`, `generated/` and `docs/` of the real workspace.
fn copy() -> TempDir {
    let copy = TempDir::new().unwrap();
    for folder in ["spec", "generated", "docs"] {
        fs::create_dir(copy.path().join(folder)).unwrap();
        for entry in fs::read_dir(support::workspace().join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                continue;
            }
            fs::copy(entry.path(), copy.path().join(folder).join(entry.file_name())).unwrap();
        }
    }
    copy
}

fn run(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codegen"));
    command
        .args(arguments)
        .arg("--root")
        .arg(root)
        .env_remove("CARGO_MANIFEST_DIR");
    command.output().unwrap()
}

/// Writes, and returns what the program says about it.
#[track_caller]
fn write(root: &Path) -> String {
    let output = run(root, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The diff that `--check` prints when it fails.
#[track_caller]
fn check_fails(root: &Path) -> String {
    let output = run(root, &["--check"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), ADVICE);
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn check_passes(root: &Path) {
    let output = run(root, &["--check"]);
    let diff = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && diff.is_empty(),
        "{diff}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[track_caller]
fn change(root: &Path, file: &str, from: &str, to: &str) {
    let path = root.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no `{from}`");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// The files of a folder with their bytes.
fn files(folder: PathBuf) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn the_workspace_is_up_to_date() {
    check_passes(copy().path());
}

#[test]
fn two_runs_give_the_same_bytes() {
    let inputs = support::real();
    let first = codegen::outputs(&inputs).unwrap();
    assert_eq!(first, codegen::outputs(&inputs).unwrap());
    assert!(first.values().all(|text| text.ends_with('\n') && !text.contains('\r')));
}

#[test]
fn what_was_deleted_comes_back_byte_by_byte() {
    let copy = copy();
    let before = files(copy.path().join("generated"));
    fs::remove_dir_all(copy.path().join("generated")).unwrap();
    assert!(check_fails(copy.path()).contains("--- /dev/null\n+++ b/generated/requests.rs\n"));
    write(copy.path());
    assert_eq!(before, files(copy.path().join("generated")));
}

#[test]
fn a_file_that_is_no_output_is_superfluous() {
    let copy = copy();
    fs::write(copy.path().join("generated/old.rs"), "// Once generated.\n").unwrap();
    fs::remove_file(copy.path().join("generated/fields.rs")).unwrap();
    assert_eq!(write(copy.path()), "wrote 1 file, removed 1 file\n");
    fs::write(copy.path().join("generated/old.rs"), "// Once generated.\n").unwrap();
    let diff = check_fails(copy.path());
    assert_eq!(
        diff,
        "--- a/generated/old.rs\n+++ /dev/null\n@@ -1 +0,0 @@\n-// Once generated.\n"
    );
    write(copy.path());
    assert!(!copy.path().join("generated/old.rs").exists());
    check_passes(copy.path());
}

#[test]
fn a_file_that_is_current_is_not_touched() {
    let copy = copy();
    let path = copy.path().join("generated/requests.rs");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let all = codegen::outputs(&support::real()).unwrap().len();
    assert_eq!(
        write(copy.path()),
        format!("nothing to write: {all} files up to date\n")
    );
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), modified);
}

/// Changes the spec, asks for these lines in the diff, and writes.
#[track_caller]
fn shows(file: &str, from: &str, to: &str, lines: &[&str]) {
    let copy = copy();
    change(copy.path(), file, from, to);
    let diff = check_fails(copy.path());
    for line in lines {
        assert!(diff.lines().any(|other| other == *line), "no `{line}` in\n{diff}");
    }
    write(copy.path());
    check_passes(copy.path());
}

#[test]
fn a_changed_row() {
    shows(
        "spec/responses.yaml",
        "retry: after-reset",
        "retry: backoff",
        &[
            "--- a/generated/responses.rs",
            "+++ b/generated/responses.rs",
            "-    retry: RetryClass::AfterReset,",
            "+    retry: RetryClass::Backoff,",
        ],
    );
}

#[test]
fn a_row_that_means_a_wrong_token() {
    shows(
        "spec/responses.yaml",
        "retry: never\n      means: auth\n",
        "retry: never\n",
        &["-    auth: true,", "+    auth: false,"],
    );
}

#[test]
fn a_new_row() {
    let row = "    - message: quota_gone\n      http: 429\n      http_alternative: 429\n      retry: never\n      \
               meaning: {en: Gone., ko: 없음.}\n      remedy: {en: None., ko: 없음.}\n      \
               source: {confidence: assumed, pages: [], note: {en: A test., ko: 시험입니다.}}\n";
    let before = "export:\n  codes:\n";
    shows(
        "spec/responses.yaml",
        before,
        &format!("{before}{row}"),
        &[
            "+    QuotaGone,",
            "+            \"quota_gone\" => Self::QuotaGone,",
            "+            Self::QuotaGone => Some(&EXPORT_QUOTA_GONE),",
            "+    /// Gone. None.",
            "+    /// Source: assumed by this project. A test.",
        ],
    );
}

#[test]
fn a_changed_description() {
    shows(
        "spec/import.yaml",
        "Whether the call succeeded.",
        "Whether all went well.",
        &[
            "-        /// Whether the call succeeded.",
            "+        /// Whether all went well.",
        ],
    );
}

#[test]
fn an_identifier_has_its_place_in_every_list() {
    let mut inputs = support::fixture();
    let email = "        email:\n";
    let naver = "        naver_id:\n          type: string\n          description: An id.\n          \
                 x-description-ko: ID입니다.\n          x-source: {confidence: assumed, pages: [], note: {en: A test., ko: 시험입니다.}}\n";
    inputs.import = inputs.import.replacen(email, &format!("{naver}{email}"), 1);
    let outputs = codegen::outputs(&inputs).unwrap();
    let fields = outputs[Path::new("generated/fields.rs")].split_whitespace();
    let fields = fields.collect::<Vec<_>>().join(" ");
    for code in [
        "pub const FIELDS: [&'static str; 3] = [\"external_id\", \"naver_id\", \"email\"];",
        "pub fn values(&self) -> [Option<&str>; 3] { \
         [self.external_id.as_deref(), self.naver_id.as_deref(), self.email.as_deref()] }",
        "pub fn from_values(values: [Option<String>; 3]) -> Self { let [external_id, naver_id, email] = values;",
    ] {
        assert!(fields.contains(code), "no `{code}` in\n{fields}");
    }
}

#[test]
fn only_optional_texts_have_values() {
    let outputs = codegen::outputs(&support::fixture()).unwrap();
    let fields = &outputs[Path::new("generated/fields.rs")];
    assert!(fields.contains("pub fn values(&self) -> [Option<&str>; 2]"), "{fields}");
    assert_eq!(fields.matches("fn values").count(), 1, "{fields}");
    assert_eq!(fields.matches("fn from_values").count(), 1, "{fields}");
    let structs: Vec<_> = fields.lines().filter_map(|line| line.strip_prefix("impl ")).collect();
    let sent = ["LoadEventsRequest", "EventsCommon", "Identity", "Event"].map(|name| format!("import::{name} {{"));
    assert_eq!(
        structs[..4],
        sent,
        "in the order of the spec, without what an answer holds"
    );
    assert_eq!(structs[4..], ["export::ExportEventsRequest {"]);
}

#[test]
fn a_changed_limit() {
    shows(
        "spec/import.yaml",
        "{array: events, items: event_items, max: 100}",
        "{array: events, items: event_items, max: 250}",
        &[
            "-    pub const MAX_TOTAL_EVENT_ITEMS: usize = 100;",
            "+    pub const MAX_TOTAL_EVENT_ITEMS: usize = 250;",
            "-    /// At most 100 `event_items` over all `events`.",
            "+    /// At most 250 `event_items` over all `events`.",
        ],
    );
}

#[test]
fn a_changed_path() {
    shows(
        "spec/import.yaml",
        "  /api/v1/user-profile:\n",
        "  /api/v1/user-profiles:\n",
        &[
            "-    path: \"/api/v1/user-profile\",",
            "+    path: \"/api/v1/user-profiles\",",
            "-        let url = self.inner.url(\"/api/v1/user-profile\");",
            "+        let url = self.inner.url(\"/api/v1/user-profiles\");",
        ],
    );
}

#[test]
fn a_changed_page() {
    shows(
        "spec/sources.yaml",
        "    seen: partial",
        "    seen: complete",
        &["--- a/spec/README.md", "+++ b/spec/README.md"],
    );
}

#[test]
fn a_broken_spec_fails_in_words_and_writes_nothing() {
    let copy = copy();
    let before = files(copy.path().join("generated"));
    change(
        copy.path(),
        "spec/import.yaml",
        "operationId: load_events",
        "operationId: Load",
    );
    let import = fs::read_to_string(copy.path().join("spec/import.yaml")).unwrap();
    let line = import
        .lines()
        .position(|line| line.contains("operationId: Load"))
        .unwrap()
        + 1;
    for arguments in [&[][..], &["--check"]] {
        let output = run(copy.path(), arguments);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            format!("spec/import.yaml:{line}: Load: paths./api/v1/events.post.operationId: `Load` is not snake_case\n")
        );
    }
    assert_eq!(before, files(copy.path().join("generated")));
}

#[test]
fn a_document_with_another_ending_is_not_passed_over() {
    let copy = copy();
    fs::write(copy.path().join("spec/webhook.yml"), "openapi: 3.0.3\n").unwrap();
    let output = run(copy.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "spec/webhook.yml: is not read: its name must end in `.yaml`\n"
    );
}

#[test]
fn missing_files_are_named() {
    let empty = TempDir::new().unwrap();
    let output = run(empty.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8(output.stderr).unwrap();
    for file in [
        "import.yaml",
        "export.yaml",
        "responses.yaml",
        "taxonomy.yaml",
        "sources.yaml",
        "README.md",
    ] {
        assert!(words.contains(&format!("spec/{file}: cannot be read: ")), "{words}");
    }
}

#[test]
fn an_unknown_argument_is_answered_with_the_usage() {
    let output = run(Path::new("."), &["--chek"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .starts_with("usage: cargo codegen")
    );
}
