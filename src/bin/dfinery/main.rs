//! The `dfinery` command: data on standard output, talk on standard error.

mod demo;
mod emulator;
mod explain;

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

/// Client, emulator and code book of the DFINERY Open API.
#[derive(Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Load a sample of events, identities and profiles, export it again and compare the counts.
    Demo(demo::Arguments),
    /// Run an emulated DFINERY on localhost, for tests and for trying things out.
    Emulator(emulator::Arguments),
    /// List every code and message of both APIs.
    Codes(explain::CodesArguments),
    /// Say what a code, a message or an HTTP status means and what to do about it.
    Explain(explain::ExplainArguments),
}

/// A language of the explanations.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Lang {
    #[default]
    En,
    Ko,
}

impl From<Lang> for dfinery::Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::English,
            Lang::Ko => Self::Korean,
        }
    }
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("DFINERY_LOG").unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let done = match Arguments::parse().command {
        Command::Demo(arguments) => on_runtime(demo::run(arguments)),
        Command::Emulator(arguments) => on_runtime(emulator::run(arguments)),
        Command::Codes(arguments) => explain::codes(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
    };
    done.unwrap_or_else(|error| {
        // A reader that has seen enough, such as `head`, is no failure.
        let broken_pipe = |cause: &&(dyn std::error::Error + 'static)| {
            cause
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
        };
        if error.chain().any(|cause| broken_pipe(&cause)) {
            return ExitCode::SUCCESS;
        }
        let _ = writeln!(std::io::stderr(), "dfinery: {error:#}");
        ExitCode::from(2)
    })
}

fn on_runtime(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
