//! Every command of both READMEs does what it says; their Rust is compiled and run as examples of the documentation.

#![cfg(feature = "cli")]

use std::process::Command;

const READMES: [(&str, &str); 2] = [
    ("README.md", include_str!("../README.md")),
    ("README.ko.md", include_str!("../README.ko.md")),
];

/// The code blocks of a language, with the lines of each.
fn blocks<'a>(readme: &'a str, language: &str) -> Vec<Vec<&'a str>> {
    let mut blocks = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if let Some(found) = line.strip_prefix("```") {
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            if found == language {
                blocks.push(block);
            }
        }
    }
    blocks
}

fn run(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_dfinery"))
        .args(arguments.split(' '))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "dfinery {arguments}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

#[test]
fn every_command_works() {
    for (name, readme) in READMES {
        let lines: Vec<_> = blocks(readme, "sh").concat();
        let [demo, test] = lines
            .iter()
            .filter(|line| line.starts_with("cargo "))
            .collect::<Vec<_>>()[..]
        else {
            panic!("{name} has two commands of cargo")
        };
        assert_eq!(*test, "cargo test --workspace --all-features");
        assert!(
            include_str!("../.ci/run").lines().any(|line| line == *test),
            "{name}: CI runs what the README says"
        );
        let demo = demo
            .strip_prefix("cargo run --features cli -- ")
            .expect("the command of this package");
        assert!(run(demo).ends_with("All counts agree.\n"));
        for command in lines.iter().filter_map(|line| line.strip_prefix("dfinery ")) {
            assert!(run(command).lines().count() > 3, "{name}: {command}");
        }
        assert!(
            lines
                .iter()
                .all(|line| line.starts_with("cargo ") || line.starts_with("dfinery ")),
            "{name}"
        );
    }
}

#[test]
fn both_languages_show_the_same_code_and_versions() {
    let [english, korean] = READMES.map(|(_, readme)| readme);
    for language in ["sh", "toml"] {
        assert_eq!(blocks(english, language), blocks(korean, language));
    }
    let code = |readme| -> Vec<Vec<String>> {
        let without_comments = |line: &&str| !line.trim_start().starts_with("//");
        let blocks = blocks(readme, "rust").into_iter();
        blocks
            .map(|block| block.into_iter().filter(without_comments).map(str::to_owned).collect())
            .collect()
    };
    assert_eq!(code(english).len(), 2);
    let strip = |blocks: Vec<Vec<String>>| -> Vec<Vec<String>> {
        // What is printed for people may be in the language of the page.
        blocks
            .into_iter()
            .map(|b| {
                b.into_iter()
                    .filter(|l| !l.contains("println!") && !l.contains("assert"))
                    .collect()
            })
            .collect()
    };
    assert_eq!(strip(code(english)), strip(code(korean)));
    let version = env!("CARGO_PKG_VERSION").rsplit_once('.').unwrap().0;
    let dependency = format!("dfinery = {{ version = \"{version}\"");
    assert!(
        blocks(english, "toml")[0]
            .iter()
            .any(|line| line.starts_with(&dependency))
    );
}

#[test]
fn the_environment_and_the_features_that_are_named_exist() {
    let manifest = include_str!("../Cargo.toml");
    let code = [
        include_str!("../src/config.rs"),
        include_str!("../src/import.rs"),
        include_str!("../src/export.rs"),
    ]
    .concat();
    for (name, readme) in READMES {
        for feature in ["rustls", "emulator", "cli"] {
            assert!(readme.contains(&format!("| `{feature}` |")), "{name}: {feature}");
            assert!(manifest.contains(&format!("\n{feature} = [")), "{feature}");
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
