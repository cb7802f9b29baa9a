//! The command line of `cargo codegen drift`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use super::{Book, Document, Lock, fetch, has_facts, known, lock, run};
use crate::read;

const USAGE: &str = "\
usage: cargo codegen drift [--json] [--accept] [--lock FILE] [--root DIR] PAGE.md|DIR ...
       cargo codegen drift --fetch [--dir DIR] [--base URL] [--pause SECONDS] [--timeout SECONDS] [--json] [--accept]

Holds the spec against pages of the vendor's documentation, as Markdown.
  --accept   remember how many facts the pages have and how they are worded
  --json     the report for machines
  --lock     what is remembered; spec/drift.lock.yaml, if not given
  --fetch    download the index of all pages and those that spec/sources.yaml lists, and name the pages that it lacks
  --dir      where downloads are kept; target/drift, if not given
  --base     another server than the documentation's, for tests
  --help     this text

Exit code, the first that applies:
  2  error: a page or a part of it was not understood, is gone, or nothing was compared
  1  drift: a page and the spec differ, or a page is new or has moved
  3  settle: a page answers what the spec had to leave open or to choose
  4  look: only the wording is new
  0  nothing";

/// Runs the command; `root` is the folder of the workspace, if known.
#[must_use]
pub fn main(arguments: impl Iterator<Item = String>, root: Option<PathBuf>) -> ExitCode {
    let arguments: Vec<_> = arguments.collect();
    if arguments
        .iter()
        .any(|argument| matches!(argument.as_str(), "--help" | "-h"))
    {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match Arguments::parse(arguments.into_iter(), root).and_then(|arguments| arguments.run()) {
        Ok(code) => ExitCode::from(code),
        Err(words) => {
            eprintln!("{}", words.trim_end());
            ExitCode::from(2)
        }
    }
}

#[derive(Debug)]
struct Arguments {
    root: PathBuf,
    json: bool,
    accept: bool,
    lock: Option<PathBuf>,
    fetch: bool,
    options: fetch::Options,
    paths: Vec<PathBuf>,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>, root: Option<PathBuf>) -> Result<Self, String> {
        let mut parsed = Self {
            root: PathBuf::new(),
            json: false,
            accept: false,
            lock: None,
            fetch: false,
            options: fetch::Options::default(),
            paths: Vec::new(),
        };
        let mut root = root;
        let mut fetching = Vec::new();
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{argument} needs a value\n{USAGE}"))
            };
            match argument.as_str() {
                "--json" => parsed.json = true,
                "--accept" => parsed.accept = true,
                "--fetch" => parsed.fetch = true,
                "--lock" => parsed.lock = Some(value()?.into()),
                "--root" => root = Some(value()?.into()),
                "--dir" => parsed.options.dir = value()?.into(),
                "--base" => parsed.options.base = Some(value()?),
                "--pause" => parsed.options.pause = seconds(&value()?)?,
                "--timeout" => parsed.options.timeout = seconds(&value()?)?,
                option if option.starts_with('-') => return Err(format!("unknown option {option}\n{USAGE}")),
                path => parsed.paths.push(path.into()),
            }
            if matches!(argument.as_str(), "--dir" | "--base" | "--pause" | "--timeout") {
                fetching.push(argument);
            }
        }
        parsed.root = root.ok_or("run this as `cargo codegen drift`, or name the workspace with --root DIR")?;
        if parsed.options.dir.as_os_str().is_empty() {
            parsed.options.dir = parsed.root.join("target/drift");
        }
        match (parsed.fetch, parsed.paths.is_empty(), fetching.first()) {
            (false, true, _) => Err(format!("no pages given\n{USAGE}")),
            (true, false, _) => Err(format!("--fetch takes no pages\n{USAGE}")),
            (false, _, Some(option)) => Err(format!("{option} is for --fetch\n{USAGE}")),
            _ => Ok(parsed),
        }
    }

    fn run(&self) -> Result<u8, String> {
        let text = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
        let inputs = read::inputs(&self.root).map_err(|problems| problems.to_string())?;
        let drift = text(&self.root.join(known::FILE))?;
        let book = Book::new(&inputs, &drift).map_err(|problems| problems.to_string())?;
        let lock_path = self.lock.clone().unwrap_or_else(|| self.root.join(lock::FILE));
        let remembered = if lock_path.exists() {
            text(&lock_path)?
        } else {
            String::new()
        };
        let remembered = Lock::parse(&remembered).map_err(|problem| problem.to_string())?;

        let mut fetched = if self.fetch {
            fetch::pages(&book, &self.options)
        } else {
            fetch::Fetched {
                documents: documents(&self.paths)?,
                ..fetch::Fetched::default()
            }
        };
        // An unlisted page without facts is told as new, which is enough.
        fetched.unlisted.retain(|document| has_facts(document, &book));
        fetched.documents.append(&mut fetched.unlisted);
        let (mut report, remember) = run(&fetched.documents, &book, &remembered);
        if self.fetch {
            report.push(fetched.index);
        }
        report.errors = fetched.errors;
        if self.accept {
            report.accept();
        }
        if self.json {
            print!("{}", report.json());
        } else {
            print!("{report}");
        }
        if self.accept {
            fs::write(&lock_path, remember.text()).map_err(|error| format!("{}: {error}", lock_path.display()))?;
            eprintln!("remembered in {}", lock_path.display());
        }
        Ok(report.exit_code())
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("{text} is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{text} is no number of seconds"))
}

/// The files, and the Markdown files of the folders, in the order of their names.
fn documents(paths: &[PathBuf]) -> Result<Vec<Document>, String> {
    let mut documents = Vec::new();
    for path in paths {
        let words = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut files = vec![path.clone()];
        if path.is_dir() {
            files = fs::read_dir(path)
                .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
                .map_err(words)?;
            files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
            files.sort();
            if files.is_empty() {
                return Err(format!("{}: no Markdown files", path.display()));
            }
        }
        for file in files {
            let bytes = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            // A PDF file is refused as a page, with words of its own.
            let text = if bytes.starts_with(b"%PDF") {
                String::from_utf8_lossy(&bytes).into_owned()
            } else {
                String::from_utf8(bytes).map_err(|_| format!("{}: is not UTF-8", file.display()))?
            };
            documents.push(Document {
                file: file.display().to_string(),
                text,
            });
        }
    }
    Ok(documents)
}
