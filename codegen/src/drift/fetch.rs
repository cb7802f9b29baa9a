//! Fetches the pages that the spec names as its sources, as Markdown: bounded, polite, and cached.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use ureq::{
    Agent,
    http::{Response, StatusCode, Uri, header},
};

use super::{At, Book, Document, Finding, Level, PageReport, index::Index};
use crate::sources::{Page, PageKind};

/// A page is a few dozen kilobytes.
const LARGEST: u64 = 2 * 1024 * 1024;
const REDIRECTS: usize = 5;
const USER_AGENT: &str = "dfinery-spec-drift/1 (weekly check of documentation pages)";

/// How to fetch.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where pages and their tags are kept.
    pub dir: PathBuf,
    /// Another scheme and host than the documentation's.
    pub base: Option<String>,
    /// Between two requests.
    pub pause: Duration,
    /// For one request.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dir: PathBuf::new(),
            base: None,
            pause: Duration::from_secs(1),
            timeout: Duration::from_secs(30),
        }
    }
}

/// What came of a download.
#[derive(Debug, Default)]
pub struct Fetched {
    pub documents: Vec<Document>,
    /// Pages that `spec/sources.yaml` does not list.
    pub unlisted: Vec<Document>,
    /// What the index of all pages shows, and the pages that have moved.
    pub index: PageReport,
    /// Why something did not come.
    pub errors: Vec<String>,
}

/// Downloads the index and all pages.
#[must_use]
pub fn pages(book: &Book, options: &Options) -> Fetched {
    let mut fetched = Fetched::default();
    fetched.index.page = Some("index".to_owned());
    if let Err(error) = fs::create_dir_all(&options.dir) {
        fetched.errors.push(format!("{}: {error}", options.dir.display()));
        return fetched;
    }
    let config = Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(options.timeout))
        .user_agent(USER_AGENT)
        .build();
    let mut client = Client {
        agent: config.new_agent(),
        options,
        used: false,
    };
    let index = client.index(book, &mut fetched);
    for (number, page) in book.spec.sources.pages.iter().enumerate() {
        let Some(guess) = markdown_url(page) else { continue };
        let listed = index.find(page);
        let url = listed.map_or(guess, |entry| entry.url.clone());
        let at = book.lines.at("sources", &["pages", &number.to_string(), "url"]);
        match client.page(&url, &page.id) {
            Ok((document, moved)) => {
                fetched.documents.push(document);
                if let Some(target) = moved {
                    let words = format!("has moved to {target}: change its `url`");
                    fetched.say(Level::Drift, &page.id, words, 1, Some(at));
                } else if listed.is_none() && index.covers(page) {
                    let words = "is not in the index any more, but still there: it may be about to go".to_owned();
                    fetched.say(Level::Look, &page.id, words, 1, Some(at));
                }
            }
            Err(words) => fetched.errors.push(format!("{}: {url}: {words} [{at}]", page.id)),
        }
    }
    let at = book.lines.at("sources", &["pages"]);
    for entry in index.unlisted(book) {
        let words = format!(
            "{} is not in spec/sources.yaml: add it, with `facts: none` if it has no facts of the API",
            entry.url
        );
        fetched.say(
            Level::Drift,
            &format!("new page «{}»", entry.title),
            words,
            entry.line,
            Some(at.clone()),
        );
        // What it says need not wait until it is listed.
        match client.page(&entry.url, &format!("new-{}", entry.slug())) {
            Ok((document, _)) => fetched.unlisted.push(document),
            Err(words) => fetched.errors.push(format!("{}: {words}", entry.url)),
        }
    }
    fetched
}

impl Fetched {
    fn say(&mut self, level: Level, fact: &str, words: String, line: usize, spec: Option<At>) {
        self.index.findings.push(Finding {
            level,
            fact: fact.to_owned(),
            words,
            page: At {
                file: self.index.file.clone(),
                line,
            },
            row: None,
            spec,
        });
    }
}

/// Pages of the API guide are there as Markdown, unless they are PDF files.
fn markdown_url(page: &Page) -> Option<String> {
    if !matches!(page.kind, PageKind::ApiGuide) || page.url.contains("/~gitbook/") {
        return None;
    }
    let url = page.url.split('?').next().unwrap_or_default();
    Some(format!("{}.md", url.trim_end_matches('/')))
}

/// The same path on another host.
fn rebased(url: &str, base: &str) -> String {
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    format!("{}/{}", base.trim_end_matches('/'), path.map_or("", |(_, path)| path))
}

struct Client<'a> {
    agent: Agent,
    options: &'a Options,
    used: bool,
}

impl Client<'_> {
    /// The index of all pages; an empty one if it did not come.
    fn index(&mut self, book: &Book, fetched: &mut Fetched) -> Index {
        let Some(url) = &book.spec.sources.index else {
            return Index::default();
        };
        match self.page(url, "llms") {
            Ok((document, _)) => {
                let index = Index::parse(&document.text, url);
                fetched.index.file = document.file;
                fetched.index.facts = index.entries.len();
                if index.entries.is_empty() {
                    fetched.errors.push(format!("{url}: lists no page"));
                }
                index
            }
            Err(words) => {
                fetched.errors.push(format!("{url}: {words}"));
                Index::default()
            }
        }
    }

    /// A page by its URL, kept in a file of this name, and where it has moved to if it has.
    fn page(&mut self, url: &str, name: &str) -> Result<(Document, Option<String>), String> {
        let url = match &self.options.base {
            Some(base) => rebased(url, base),
            None => url.to_owned(),
        };
        let file = self.options.dir.join(name);
        let (text, moved) = self.get_kept(&url, &file)?;
        let file = file.with_extension("md").display().to_string();
        Ok((Document { file, text }, moved))
    }

    /// A text by its URL, cached as `file.md` with its tag in `file.etag`; and where it has moved to for good.
    fn get_kept(&mut self, url: &str, file: &Path) -> Result<(String, Option<String>), String> {
        let (markdown, tag) = (file.with_extension("md"), file.with_extension("etag"));
        // A tag without its page would leave us with neither.
        let known = markdown.exists().then(|| fs::read_to_string(&tag).ok()).flatten();
        let mut url: Uri = url.parse().map_err(|_| "is no URL".to_owned())?;
        let mut moved = None;
        for _ in 0..=REDIRECTS {
            let mut response = self.get(&url, known.as_deref())?;
            let status = response.status();
            if status == StatusCode::NOT_MODIFIED {
                let text = fs::read_to_string(&markdown).map_err(|error| error.to_string())?;
                return Ok((text, moved));
            }
            if status.is_redirection() {
                url = redirect(&url, &response)?;
                if matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT) {
                    moved = Some(url.to_string());
                }
                continue;
            }
            if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
                return Err(format!("is gone (HTTP {status})"));
            }
            if status != StatusCode::OK {
                return Err(format!("HTTP {status}"));
            }
            let text = body(&mut response)?;
            let keep =
                |path: &Path, text: &str| fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()));
            keep(&markdown, &text)?;
            match response
                .headers()
                .get(header::ETAG)
                .and_then(|value| value.to_str().ok())
            {
                Some(value) => keep(&tag, value)?,
                None => drop(fs::remove_file(&tag)),
            }
            return Ok((text, moved));
        }
        Err(format!("more than {REDIRECTS} redirects"))
    }

    fn get(&mut self, url: &Uri, tag: Option<&str>) -> Result<Response<ureq::Body>, String> {
        let host = url.host().unwrap_or_default();
        let loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "::1");
        match url.scheme_str() {
            Some("https") => {}
            Some("http") if loopback => {}
            _ => return Err("is not https".to_owned()),
        }
        if self.used {
            thread::sleep(self.options.pause);
        }
        self.used = true;
        let mut request = self
            .agent
            .get(url)
            .header(header::ACCEPT, "text/markdown, text/plain;q=0.9");
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag.trim());
        }
        request.call().map_err(|error| words(&error))
    }
}

/// Where a redirect leads, if it stays on the host.
fn redirect(from: &Uri, response: &Response<ureq::Body>) -> Result<Uri, String> {
    let target = response
        .headers()
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok());
    let target = target.ok_or("redirects to nowhere")?;
    let (Some(scheme), Some(authority)) = (from.scheme_str(), from.authority()) else {
        return Err("is no URL".to_owned());
    };
    let absolute = if target.contains("://") {
        target.to_owned()
    } else if target.starts_with('/') && !target.starts_with("//") {
        format!("{scheme}://{authority}{target}")
    } else {
        return Err(format!("redirects to {target}, which is not followed"));
    };
    let url: Uri = absolute
        .parse()
        .map_err(|_| format!("redirects to {target}, which is no URL"))?;
    if url.scheme_str() == Some(scheme) && url.authority() == Some(authority) {
        Ok(url)
    } else {
        Err(format!("redirects to another host: {target}"))
    }
}

/// The body, if it is complete, not too large, and not HTML.
fn body(response: &mut Response<ureq::Body>) -> Result<String, String> {
    let content_type = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let html = "is HTML, not Markdown".to_owned();
    if content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("html")) {
        return Err(html);
    }
    let announced = response
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let mut bytes = Vec::new();
    let reader = response.body_mut().as_reader();
    reader
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => "the body was cut short".to_owned(),
            _ => words(&error.into()),
        })?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if length > LARGEST {
        return Err(format!("is larger than {LARGEST} bytes"));
    }
    if announced.is_some_and(|announced| length < announced) {
        return Err("the body was cut short".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    let start = text.trim_start().get(..15).unwrap_or_default().to_ascii_lowercase();
    if start.starts_with("<!doctype") || start.starts_with("<html") {
        return Err(html);
    }
    if text.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    Ok(text)
}

fn words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        error => error.to_string(),
    }
}
