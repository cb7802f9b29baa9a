//! `cargo codegen drift --fetch` against a server that behaves, and against servers that do not.

mod drift_support;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use drift_support::{fixtures, root};

/// A request as it came: the path and all headers, in lower case.
type Log = Arc<Mutex<Vec<(String, String)>>>;

/// Answers every request by a function of path and headers.
fn serve(answer: impl Fn(&str, &str) -> Vec<u8> + Send + 'static) -> (String, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let log = Log::default();
    let seen = Arc::clone(&log);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let (path, headers) = request(&stream);
            let bytes = answer(&path, &headers);
            seen.lock().expect("the log").push((path, headers));
            let _ = stream.write_all(&bytes);
        }
    });
    (base, log)
}

fn request(stream: &TcpStream) -> (String, String) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let headers: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    (path, headers.join("\n").to_lowercase())
}

fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

const MARKDOWN: &str = "Content-Type: text/markdown; charset=utf-8\r\n";

/// The list of all pages, with the addresses of the real one: those that the spec watches, without `gone`.
fn index(gone: &str, more: &str) -> String {
    let sources = fs::read_to_string(root().join("spec/sources.yaml")).expect("spec/sources.yaml");
    let urls = sources.lines().filter_map(|line| line.strip_prefix("    url: "));
    let guide = |url: &&str| url.starts_with("https://docs.dfinery.ai/api-guide") && !url.contains('~') && *url != gone;
    let links = urls.filter(guide).map(|url| {
        let url = url.split('?').next().unwrap_or_default().trim_end_matches('/');
        // A folder's own page has a name there.
        let page = if url.ends_with("api-guide") || url.ends_with("/en") {
            "/readme.md"
        } else {
            ".md"
        };
        format!("- [A page]({url}{page}): what it is about\n")
    });
    format!("# API guide\n\n## Pages\n\n{}{more}", links.collect::<String>())
}

/// The fixture that stands for a page of the documentation.
fn page(path: &str) -> String {
    let english = path.contains("/en/") || path.contains("/en.md");
    let kind = match () {
        () if path.ends_with("/llms.txt") => return index("", ""),
        () if path.contains("import-api/response") => "import-responses",
        () if path.contains("export-api/response") => "export-responses",
        () if path.contains("event-api") => "load-events",
        () if path.contains("identity-api/post-1") => "delete-identity",
        () if path.contains("identity-api") => "upsert-identity",
        () if path.contains("profile/undefined") => "profile-get-started",
        () if path.contains("profile/") => "upsert-user-profile",
        () if path.contains("export/post-1") => "export-user-profiles",
        () if path.contains("export/post") => "export-events",
        () if path.contains("authentication") => "authentication",
        () if path.contains("rate-limit") => "rate-limit",
        () if path.contains("undefined-1") => "best-practices",
        () if path.contains("undefined") => "data-types",
        () if path.contains("readme") || path.contains("/en.md") || path.contains("guide.md") => "get-started",
        () => panic!("no page is at {path}"),
    };
    let name = format!("{kind}-{}.md", if english { "en" } else { "ko" });
    let fixture = fixtures().into_iter().find(|fixture| fixture.name == name);
    fixture.unwrap_or_else(|| panic!("no fixture {name} for {path}")).text
}

struct Outcome {
    code: Option<i32>,
    text: String,
}

fn fetch(base: &str, dir: &Path, options: &[&str]) -> Outcome {
    let lock = dir.join("lock.yaml");
    let output = Command::new(env!("CARGO_BIN_EXE_codegen"))
        .args(["drift", "--fetch", "--pause", "0", "--base", base, "--root"])
        .arg(root())
        .arg("--dir")
        .arg(dir.join("pages"))
        .arg("--lock")
        .arg(lock)
        .args(options)
        .output()
        .expect("the command");
    Outcome {
        code: output.status.code(),
        text: String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
    }
}

/// Fetches from a server that answers all alike, and expects an error with these words.
fn refused(words: &str, answer: impl Fn(&str) -> Vec<u8> + Send + 'static) {
    let (base, _) = serve(move |path, _| answer(path));
    let dir = tempfile::tempdir().expect("a folder");
    let outcome = fetch(&base, dir.path(), &["--timeout", "0.2"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.text);
    assert!(outcome.text.contains(words), "{words}: {}", outcome.text);
    let kept = fs::read_dir(dir.path().join("pages")).map_or(0, Iterator::count);
    assert_eq!(kept, 0, "{}", outcome.text);
}

#[test]
fn pages_are_kept_and_asked_for_again_by_their_tag() {
    let (base, log) = serve(|path, headers| {
        if headers.contains("if-none-match: \"v1\"") {
            return b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_vec();
        }
        response("200 OK", &format!("{MARKDOWN}ETag: \"v1\"\r\n"), &page(path))
    });
    let dir = tempfile::tempdir().expect("a folder");
    assert_eq!(fetch(&base, dir.path(), &[]).code, Some(4));
    fs::remove_dir_all(dir.path().join("pages")).expect("the pages");
    log.lock().expect("the log").clear();
    let first = fetch(&base, dir.path(), &["--accept"]);
    assert_eq!(first.code, Some(0), "{}", first.text);
    let second = fetch(&base, dir.path(), &[]);
    assert_eq!(second.code, Some(0), "{}", second.text);

    let log = log.lock().expect("the log");
    let (asked, again) = log.split_at(log.len() / 2);
    assert!(asked.len() > 15, "{}", asked.len());
    assert!(asked.iter().all(
        |(path, headers)| (path.ends_with("/llms.txt") || path.rsplit('.').next() == Some("md"))
            && !headers.contains("if-none-match")
    ));
    assert!(
        again
            .iter()
            .all(|(_, headers)| headers.contains("if-none-match: \"v1\""))
    );
    assert!(
        log.iter()
            .all(|(_, headers)| headers.contains("user-agent: dfinery-spec-drift"))
    );
}

#[test]
fn redirects_stay_on_the_host() {
    let (base, _) = serve(|path, _| match path.strip_prefix("/moved") {
        Some(path) => response("200 OK", MARKDOWN, &page(path)),
        None => response("302 Found", &format!("Location: /moved{path}\r\n"), ""),
    });
    let dir = tempfile::tempdir().expect("a folder");
    let outcome = fetch(&base, dir.path(), &["--accept"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.text);

    refused("redirects to another host", |_| {
        response("302 Found", "Location: http://127.0.0.1:9/elsewhere.md\r\n", "")
    });
    refused("more than 5 redirects", |path| {
        response("301 Moved", &format!("Location: {path}\r\n"), "")
    });
}

#[test]
fn what_is_no_page_is_refused_with_words() {
    refused("is gone (HTTP 404", |_| {
        response("404 Not Found", MARKDOWN, "# Not here")
    });
    refused("is HTML, not Markdown", |_| {
        response("200 OK", "Content-Type: text/html\r\n", "<p>")
    });
    refused("is HTML, not Markdown", |_| {
        response("200 OK", MARKDOWN, "<!DOCTYPE html><html></html>")
    });
    refused("is larger than", |_| {
        response("200 OK", MARKDOWN, &"x".repeat(3 * 1024 * 1024))
    });
    refused("is empty", |_| response("200 OK", MARKDOWN, "\n"));
    refused("cut short", |path| {
        let mut bytes = response("200 OK", MARKDOWN, &page(path));
        bytes.truncate(bytes.len() / 2);
        bytes
    });
    refused("cut short", |_| {
        b"HTTP/1.1 200 OK\r\nContent-Type: text/markdown\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n# Half".to_vec()
    });
}

#[test]
fn a_slow_server_is_not_waited_for() {
    let start = Instant::now();
    refused("no answer in time", |_| {
        thread::sleep(Duration::from_millis(400));
        response("200 OK", MARKDOWN, "# Late")
    });
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn only_https_leaves_the_machine() {
    let dir = tempfile::tempdir().expect("a folder");
    let outcome = fetch("http://docs.example", dir.path(), &[]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.text.contains("is not https"), "{}", outcome.text);
}

#[test]
fn pages_that_are_new_gone_or_moved_are_named() {
    let gone = "https://docs.dfinery.ai/api-guide/rate-limit";
    let more = "- [POST: 이벤트](https://docs.dfinery.ai/api-guide/api/import-api/event-api/post.md)\n\
                - [POST: 오디언스](https://docs.dfinery.ai/api-guide/api/import-api/audience/post.md)\n\
                - [Other guide](https://docs.dfinery.ai/user-guide/readme.md)\n";
    let (base, log) = serve(move |path, _| match path {
        "/api-guide/llms.txt" => response("200 OK", MARKDOWN, &index(gone, more)),
        "/api-guide/rate-limit.md" => response("404 Not Found", MARKDOWN, "# Not here"),
        "/api-guide/en/authentication.md" => response(
            "301 Moved Permanently",
            "Location: /api-guide/en/tokens/authentication.md\r\n",
            "",
        ),
        "/api-guide/api/import-api/audience/post.md" => response("200 OK", MARKDOWN, "# 오디언스\n\n새 글입니다.\n"),
        path => response("200 OK", MARKDOWN, &page(path)),
    });
    let dir = tempfile::tempdir().expect("a folder");
    let outcome = fetch(&base, dir.path(), &["--accept"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.text);
    let line = |words: &[&str]| {
        let mut lines = outcome.text.lines();
        assert!(
            lines.any(|line| words.iter().all(|word| line.contains(word))),
            "{words:?}\n{}",
            outcome.text
        );
    };
    line(&["error: rate-limit-ko:", "is gone (HTTP 404", "[spec/sources.yaml:"]);
    line(&[
        "drift",
        "authentication-en: has moved to",
        "/en/tokens/authentication.md",
        "[spec/sources.yaml:",
    ]);
    line(&[
        "drift",
        "llms.md:",
        "new page «POST: 이벤트»",
        "import-api/event-api/post.md is not in spec/sources.yaml",
    ]);
    line(&["drift", "new page «POST: 오디언스»"]);
    // What a new page says is compared at once, if it has facts.
    line(&[
        "new-api-guide-api-import-api-event-api-post.md: load_events-ko:",
        "facts compared, 0 drift",
    ]);
    assert!(!outcome.text.contains("Other guide"), "{}", outcome.text);
    assert!(!outcome.text.contains("audience-post.md: "), "{}", outcome.text);
    assert!(
        log.lock()
            .expect("the log")
            .iter()
            .all(|(path, _)| !path.contains("user-guide"))
    );
}

#[test]
fn an_index_that_lists_nothing_is_an_error() {
    let (base, _) = serve(|path, _| match path {
        "/api-guide/llms.txt" => response("200 OK", MARKDOWN, "# API guide\n\nNo links.\n"),
        path => response("200 OK", MARKDOWN, &page(path)),
    });
    let dir = tempfile::tempdir().expect("a folder");
    let outcome = fetch(&base, dir.path(), &["--accept"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.text);
    assert!(outcome.text.contains("llms.txt: lists no page"), "{}", outcome.text);
}

#[test]
fn help_is_printed_and_no_failure() {
    for arguments in [&["--help"][..], &["drift", "--help"], &["drift", "--fetch", "-h"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_codegen"))
            .args(arguments)
            .output()
            .expect("the command");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(
            String::from_utf8_lossy(&output.stdout).starts_with("usage: "),
            "{arguments:?}"
        );
        assert_eq!(output.stderr, b"", "{arguments:?}");
    }
}
