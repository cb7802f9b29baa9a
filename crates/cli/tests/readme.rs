//! Every command of the pages for users does what the page says, with the files and the output that it shows. Their Rust
//! is compiled and run as examples of the documentation.

#![cfg(unix)]

use std::{
    env,
    fs::{self, File},
    io::{Read as _, Seek as _},
    path::Path,
    process::{Command, Stdio},
};

use dfinery_emulator::Emulator;

const READMES: [(&str, &str); 2] = [
    ("README.md", include_str!("../../../README.md")),
    ("README.ko.md", include_str!("../../../README.ko.md")),
];
const LOADING: [(&str, &str); 2] = [
    ("docs/loading.md", include_str!("../../../docs/loading.md")),
    ("docs/loading.ko.md", include_str!("../../../docs/loading.ko.md")),
];
const MAPPING: [(&str, &str); 2] = [
    ("docs/mapping.md", include_str!("../../../docs/mapping.md")),
    ("docs/mapping.ko.md", include_str!("../../../docs/mapping.ko.md")),
];
const EXPORTING: [(&str, &str); 2] = [
    ("docs/exporting.md", include_str!("../../../docs/exporting.md")),
    ("docs/exporting.ko.md", include_str!("../../../docs/exporting.ko.md")),
];

/// A code block.
struct Block<'a> {
    language: &'a str,
    /// The file that it shows, which stands behind the language.
    file: Option<&'a str>,
    lines: Vec<&'a str>,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let (language, file) = info.split_once(' ').map_or((info, None), |(l, f)| (l, Some(f)));
            blocks.push(Block {
                language,
                file,
                lines: lines.by_ref().take_while(|line| *line != "```").collect(),
            });
        }
    }
    blocks
}

fn blocks_in<'a>(page: &'a str, language: &str) -> Vec<Vec<&'a str>> {
    let blocks = blocks(page).into_iter();
    blocks
        .filter(|block| block.language == language)
        .map(|block| block.lines)
        .collect()
}

/// A line of a shell, and the exit code that its remark tells.
fn command(line: &str) -> (&str, i32) {
    let (command, remark) = line.split_once(" #").unwrap_or((line, "0"));
    let mut digits = remark.split(|c: char| !c.is_ascii_digit());
    let code = digits.find_map(|digits| digits.parse().ok());
    (command.trim_end(), code.expect("a remark tells an exit code"))
}

/// A folder and an emulator for the commands of a page.
struct Shell {
    emulator: Emulator,
    folder: tempfile::TempDir,
}

impl Shell {
    async fn new() -> Self {
        Self {
            emulator: Emulator::start().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// What a terminal would show, and the exit code.
    async fn run(&self, line: &str) -> (String, Option<i32>) {
        let program = Path::new(env!("CARGO_BIN_EXE_dfinery")).parent().unwrap();
        let mut path = program.as_os_str().to_owned();
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        let mut terminal = tempfile::tempfile().unwrap();
        let mut command = Command::new("sh");
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("DFINERY_") {
                command.env_remove(name);
            }
        }
        let same = |file: &File| Stdio::from(file.try_clone().unwrap());
        command
            .args(["-c", line])
            .current_dir(&self.folder)
            .env("PATH", path)
            .env("DFINERY_BASE_URL", self.emulator.base_url())
            .env("DFINERY_SERVICE_ID", self.emulator.service_id())
            .env("DFINERY_IMPORT_TOKEN", self.emulator.import_token())
            .env("DFINERY_EXPORT_TOKEN", self.emulator.export_token())
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env("DFINERY_PROGRESS", "none")
            .stdin(Stdio::null())
            .stdout(same(&terminal))
            .stderr(same(&terminal));
        let status = tokio::task::spawn_blocking(move || command.status().unwrap())
            .await
            .unwrap();
        let mut text = String::new();
        terminal.rewind().unwrap();
        terminal.read_to_string(&mut text).unwrap();
        (text, status.code())
    }
}

/// Does what a reader of the page does, from its beginning to its end.
async fn follow(name: &str, page: &str) {
    let shell = Shell::new().await;
    let mut shown = None;
    for Block { language, file, lines } in blocks(page) {
        if let Some(file) = file {
            fs::write(shell.folder.path().join(file), format!("{}\n", lines.join("\n"))).unwrap();
            continue;
        }
        match language {
            "sh" => {
                let mut terminal = String::new();
                for line in lines {
                    let line = line.replace("cargo run -p dfinery-cli -- ", "dfinery ");
                    if line.starts_with("cargo ") {
                        continue;
                    }
                    let (command, code) = command(&line);
                    assert!(command.contains("dfinery "), "{name}: {command}");
                    let (text, ended) = shell.run(command).await;
                    assert_eq!(ended, Some(code), "{name}: {command}: {text}");
                    assert!(text.lines().count() > 0, "{name}: {command} says nothing");
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
            // Rust is run as documentation; the dependencies are held below. The others show a folder, and what other programs are
            // given to run the command.
            "rust" | "toml" | "tree" | "ini" | "python" => {}
            other => panic!("{name}: nothing runs a block of {other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works() {
    for (name, page) in READMES.into_iter().chain(LOADING).chain(MAPPING).chain(EXPORTING) {
        follow(name, page).await;
    }
}

#[test]
fn the_readmes_begin_with_the_demo_and_the_tests() {
    for (name, readme) in READMES {
        let lines = blocks_in(readme, "sh").concat();
        let cargo: Vec<_> = lines.into_iter().filter(|line| line.starts_with("cargo ")).collect();
        let test = "cargo test --workspace";
        assert_eq!(cargo, ["cargo run -p dfinery-cli -- demo", test], "{name}");
        assert!(
            include_str!("../../../.ci/run").lines().any(|line| line == test),
            "{name}: CI runs what the README says"
        );
    }
}

#[test]
fn both_languages_show_the_same_code_and_versions() {
    for [(name, english), (_, korean)] in [READMES, LOADING, MAPPING, EXPORTING] {
        let data = |page| -> Vec<String> {
            let shown = blocks(page).into_iter();
            let same = shown.filter(|block| !matches!(block.language, "sh" | "rust" | "tree"));
            same.map(|Block { language, file, lines }| {
                let lines: Vec<_> = lines.into_iter().map(without_remark).collect();
                format!("{language} {file:?}\n{}", lines.join("\n"))
            })
            .collect()
        };
        assert_eq!(data(english), data(korean));
        let commands = |page| -> Vec<(String, i32)> {
            let lines = blocks_in(page, "sh").concat().into_iter().map(command);
            lines.map(|(command, code)| (command.to_owned(), code)).collect()
        };
        assert_eq!(commands(english), commands(korean));
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
        assert!(name == MAPPING[0].0 || !code(english).is_empty());
        assert_eq!(code(english), code(korean));
    }
    let version = env!("CARGO_PKG_VERSION").rsplit_once('.').unwrap().0;
    for package in ["dfinery", "dfinery-emulator", "dfinery-load"] {
        let dependency = format!("{package} = \"{version}\"");
        assert!(
            blocks_in(READMES[0].1, "toml")[0].contains(&&*dependency),
            "{dependency}"
        );
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
    for (name, readme) in READMES {
        let rows = readme.lines().filter_map(|line| line.strip_prefix("| "));
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
    for (name, readme) in READMES {
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
                readme.contains(variable) && code.contains(&format!("\"{variable}\"")),
                "{name}: {variable}"
            );
        }
    }
}
