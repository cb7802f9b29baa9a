//! Every command of the pages for users does what the page says, with the files and the output that it shows. Their Rust
//! is compiled and run as examples of the documentation.

#![cfg(unix)]

#[path = "readme/block.rs"]
mod block;
#[path = "readme/night.rs"]
mod night;
#[path = "readme/shell.rs"]
mod shell;

use std::{fs, path::Path};

use block::{Block, blocks, blocks_in, bytes, command};
use shell::{Shell, is_here};

/// A page in English and in Korean, each with its name.
type Page = [(&'static str, &'static str); 2];

macro_rules! page {
    ($name:literal) => {
        [
            (concat!($name, ".md"), include_str!(concat!("../../../", $name, ".md"))),
            (
                concat!($name, ".ko.md"),
                include_str!(concat!("../../../", $name, ".ko.md")),
            ),
        ]
    };
}

const README: Page = page!("README");
const LOADING: Page = page!("docs/loading");
const MAPPING: Page = page!("docs/mapping");
const EXPORTING: Page = page!("docs/exporting");
const NIGHTLY: Page = page!("docs/nightly");
const COMMANDS: Page = page!("docs/commands");
const SDK: Page = page!("docs/sdk");
const EMULATOR: Page = page!("docs/emulator");
const PAGES: [Page; 8] = [README, LOADING, MAPPING, EXPORTING, NIGHTLY, COMMANDS, SDK, EMULATOR];

/// Does what a reader of the page does, from its beginning to its end.
async fn follow(shell: &Shell, name: &str, page: &str) {
    let mut shown = None;
    for block in blocks(page) {
        if let Some(file) = block.file {
            let path = shell.folder.path().join(file);
            let written = file.ends_with("/rejected.csv").then(|| fs::read(&path).unwrap());
            block.write_to(shell.folder.path());
            if let Some(written) = written {
                let corrected = fs::read(&path).unwrap();
                let (wrong, right) = (bytes(",하나,", block.cp949), bytes(",1,", block.cp949));
                assert!(written != corrected, "{name}: {file} is corrected");
                assert_eq!(replaced(&written, &wrong, &right), corrected, "{name}: {file}");
            }
            continue;
        }
        let Block { language, lines, .. } = block;
        match language {
            "sh" => {
                let mut terminal = String::new();
                for line in lines {
                    let line = line.replace("cargo run -p dfinery-cli -- ", "dfinery ");
                    if line.starts_with("cargo ") || line.starts_with("curl ") && !is_here("curl") {
                        continue;
                    }
                    let (command, code) = command(&line);
                    if command.starts_with("dfinery emulator ") {
                        terminal += &shell.begin(command);
                        continue;
                    }
                    let (text, ended) = shell.run(command).await;
                    if command.starts_with("./summary.sh") && !(is_here("curl") && is_here("jq")) {
                        continue;
                    }
                    assert_eq!(ended, Some(code), "{name}: {command}: {text}");
                    let is_silent = command.starts_with("./") || command.contains(" -o ");
                    assert!(is_silent || !text.is_empty(), "{name}: {command} says nothing");
                    if command == "dfinery demo" {
                        assert!(text.contains("\nAll counts agree.\n"), "{text}");
                    }
                    terminal.push_str(&text);
                }
                shown = Some(terminal);
            }
            "text" => {
                let shown = shown.take().expect("output stands behind a command");
                let shown = shown.trim_end().lines().map(without_time);
                let lines: Vec<_> = lines.into_iter().map(without_time).collect();
                assert_eq!(lines, shown.collect::<Vec<_>>(), "{name}");
            }
            // Rust is run as documentation; the dependencies are held below, and so are the lines for cron. A tree shows a
            // folder.
            "rust" | "toml" | "tree" | "cron" => {}
            other => panic!("{name}: nothing runs a block of {other}"),
        }
    }
}

/// The text with its only `wrong` made `right`.
fn replaced(text: &[u8], wrong: &[u8], right: &[u8]) -> Vec<u8> {
    let place = text.windows(wrong.len()).position(|part| part == wrong).unwrap();
    [&text[..place], right, &text[place + wrong.len()..]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works() {
    for (name, page) in PAGES.into_iter().filter(|page| *page != NIGHTLY).flatten() {
        follow(&Shell::new().await, name, page).await;
    }
}

#[test]
fn the_readmes_begin_with_the_demo_and_the_tests() {
    for (name, readme) in README {
        let lines = blocks_in(readme, "sh").concat();
        let test = "cargo test --workspace";
        assert_eq!(lines[..2], ["cargo run -p dfinery-cli -- demo", test], "{name}");
        assert!(
            include_str!("../../../.ci/run").lines().any(|line| line == test),
            "{name}: CI runs what the README says"
        );
    }
}

#[test]
fn a_readme_is_short_and_every_link_of_a_page_leads_somewhere() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    for (name, page) in PAGES.into_iter().flatten() {
        assert!(!name.starts_with("README") || page.lines().count() <= 150, "{name}");
        let links = page.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let pictures = page.split("src=\"").chain(page.split("srcset=\"")).skip(1);
        let pictures = pictures.filter_map(|rest| rest.split_once('"'));
        for (link, _) in links.chain(pictures).filter(|(link, _)| !link.contains([' ', '\n'])) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") || file.is_empty() {
                continue;
            }
            let path = root.join(name).parent().unwrap().join(file);
            assert!(path.is_file(), "{name}: {link}");
            let found = heading.is_empty() || headings(&fs::read_to_string(path).unwrap()).any(|of| of == heading);
            assert!(found, "{name}: {link}");
        }
    }
}

/// The headings of a page, as a link names them.
fn headings(page: &str) -> impl Iterator<Item = String> {
    let titles = page
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    titles.map(|title| {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-');
        title
            .to_lowercase()
            .chars()
            .filter(kept)
            .collect::<String>()
            .replace(' ', "-")
    })
}

#[test]
fn both_languages_show_the_same_code_and_versions() {
    for [(name, english), (_, korean)] in PAGES {
        let data = |page| -> Vec<String> {
            let shown = blocks(page).into_iter();
            let same = shown.filter(|block| match block.language {
                "sh" => block.file.is_some(),
                language => !matches!(language, "rust" | "tree"),
            });
            same.map(|block| {
                let said = |line: &&str| !line.trim_start().starts_with("# ");
                let lines: Vec<_> = block.lines.into_iter().filter(said).map(without_remark).collect();
                format!(
                    "{} {:?} {}\n{}",
                    block.language,
                    block.file,
                    block.cp949,
                    lines.join("\n")
                )
            })
            .collect()
        };
        assert_eq!(data(english), data(korean), "{name}");
        let commands = |page| -> Vec<(String, i32)> {
            let lines = blocks_in(page, "sh").concat().into_iter().map(command);
            lines.map(|(command, code)| (command.to_owned(), code)).collect()
        };
        assert_eq!(commands(english), commands(korean), "{name}");
        let code = |page| -> Vec<Vec<String>> {
            // Comments, and what is printed for people, may be in the language of the page.
            let is_said = |line: &&str| {
                !line.trim_start().starts_with("//") && !line.contains("print") && !line.contains("assert")
            };
            let blocks = blocks_in(page, "rust").into_iter();
            blocks
                .map(|block| block.into_iter().filter(is_said).map(str::to_owned).collect())
                .collect()
        };
        assert_eq!(code(english), code(korean), "{name}");
    }
    let version = env!("CARGO_PKG_VERSION").rsplit_once('.').unwrap().0;
    for package in ["dfinery", "dfinery-emulator", "dfinery-load"] {
        let dependency = format!("{package} = \"{version}\"");
        assert!(blocks_in(SDK[0].1, "toml")[0].contains(&&*dependency), "{dependency}");
    }
}

/// A line of output without what no page can know: how long a load takes.
fn without_time(line: &str) -> &str {
    match line.rsplit_once(" in ") {
        Some((counts, _)) if line.starts_with("The counts add up.") => counts,
        _ => line,
    }
}

/// A line of YAML without the remark at its end.
fn without_remark(line: &str) -> &str {
    line.split_once("    # ").map_or(line, |(line, _)| line)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_list_all_commands_and_exit_codes() {
    let (help, _) = Shell::new().await.run("dfinery --help").await;
    let section = |title: &'static str| {
        let lines = help.lines().skip_while(move |line| *line != title).skip(1);
        lines.take_while(|line| !line.is_empty())
    };
    // A line that goes on is indented further than a command.
    let commands = section("Commands:").filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let commands: Vec<_> = commands.filter(|name| !matches!(*name, "" | "help")).collect();
    let codes = section("Exit codes:").filter_map(|line| line.split_whitespace().next());
    let codes: Vec<_> = codes.filter(|code| code.parse::<u8>().is_ok()).collect();
    assert_eq!(codes, ["0", "1", "2", "75", "130"]);
    assert!(commands.contains(&"load"), "{help}");
    for (name, page) in COMMANDS {
        let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
        let rows: Vec<_> = rows.filter_map(|row| Some(row.split_once(" |")?.0)).collect();
        let mut listed: Vec<_> = rows
            .iter()
            .filter_map(|cell| cell.strip_prefix("`dfinery ")?.strip_suffix('`'))
            .collect();
        let mut commands = commands.clone();
        listed.sort_unstable();
        commands.sort_unstable();
        assert_eq!(listed, commands, "{name}");
        let told: Vec<_> = rows.iter().filter(|cell| cell.parse::<u8>().is_ok()).collect();
        assert_eq!(told, codes.iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn the_environment_and_the_packages_that_are_named_exist() {
    let packages = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap();
    let packages: Vec<_> = packages
        .map(|entry| format!("dfinery-{}", entry.unwrap().file_name().to_str().unwrap()))
        .chain(["dfinery".to_owned()])
        .collect();
    let code = [
        include_str!("../../../src/config.rs"),
        include_str!("../../../src/import.rs"),
        include_str!("../../../src/export.rs"),
    ]
    .concat();
    for ((name, readme), (_, settings)) in README.into_iter().zip(COMMANDS) {
        for package in &packages {
            assert!(readme.contains(&format!("| `{package}` |")), "{name}: {package}");
        }
        for variable in [
            "DFINERY_SERVICE_ID",
            "DFINERY_IMPORT_TOKEN",
            "DFINERY_EXPORT_TOKEN",
            "DFINERY_BASE_URL",
        ] {
            assert!(
                settings.contains(variable) && code.contains(&format!("\"{variable}\"")),
                "{name}: {variable}"
            );
        }
    }
}
