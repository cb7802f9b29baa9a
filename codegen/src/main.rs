//! `cargo codegen` writes what is generated from `spec/`; `cargo codegen --check` says whether it is up to date. `cargo
//! codegen docs` does so for `docs/` alone. `cargo codegen drift` compares `spec/` with the vendor's documentation.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

const USAGE: &str = "\
usage: cargo codegen [docs] [--check] [--root DIR]
       cargo codegen drift --help

Writes what is generated from spec/.
  docs     only docs/
  --check  write nothing, and fail with a diff if anything is out of date
  --root   the folder of the workspace
  --help   this text
  drift    compare spec/ with the vendor's documentation";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1).peekable();
    if arguments.next_if(|argument| argument == "drift").is_some() {
        return codegen::drift::cli::main(arguments, workspace());
    }
    if env::args()
        .skip(1)
        .any(|argument| matches!(argument.as_str(), "--help" | "-h"))
    {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(words) => {
            eprintln!("{}", words.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// Whether all is well.
fn run() -> Result<bool, String> {
    let Arguments { docs, check, root } = Arguments::parse(env::args().skip(1))?;
    let inputs = codegen::read::inputs(&root).map_err(|problems| problems.to_string())?;
    let mut outputs = codegen::outputs(&inputs).map_err(|problems| problems.to_string())?;
    if docs {
        outputs.retain(|path, _| path.starts_with("docs"));
    }
    if check {
        let diff = codegen::check::diff(&root, &outputs).map_err(|error| error.to_string())?;
        if !diff.is_empty() {
            print!("{diff}");
            eprintln!("The generated files do not follow from spec/: run `cargo codegen` and commit what it changes.");
        }
        Ok(diff.is_empty())
    } else {
        let written = codegen::check::write(&root, &outputs).map_err(|error| error.to_string())?;
        println!("{written}");
        Ok(true)
    }
}

struct Arguments {
    docs: bool,
    check: bool,
    root: PathBuf,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut docs, mut check, mut root) = (false, false, None);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "docs" => docs = true,
                "--check" => check = true,
                "--root" => root = Some(PathBuf::from(arguments.next().ok_or(USAGE)?)),
                _ => return Err(USAGE.to_owned()),
            }
        }
        let root = root
            .or_else(workspace)
            .ok_or("run this as `cargo codegen`, or name the workspace with --root DIR")?;
        Ok(Self { docs, check, root })
    }
}

/// The folder above this package, whose path cargo passes to the programs it runs.
fn workspace() -> Option<PathBuf> {
    let package = env::var_os("CARGO_MANIFEST_DIR")?;
    Path::new(&package).parent().map(Path::to_owned)
}
