//! The `dfinery` command: data on standard output, talk on standard error.

mod advice;
mod arguments;
mod check;
mod config;
mod connection;
mod dataset;
mod demo;
mod emulator;
mod explain;
mod export;
mod help;
mod init;
mod load;
mod output;
mod paint;
mod plan;
mod progress;
mod rows;
mod running;
mod settings;
mod shell;
mod signals;
mod status;
mod stream;
mod usage;
mod wrap;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Loads data into DFINERY and exports it, and holds an emulator and the code book of its Open API.
#[derive(Parser)]
#[command(name = "dfinery", version, propagate_version = true, arg_required_else_help = true, after_long_help = help::PROGRAM)]
struct Arguments {
    /// Write only what needs attention.
    ///
    /// Shows no progress, and no result if everything went well: for schedulers that mail what a command writes.
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    quiet: bool,
    /// Log every request to standard error.
    ///
    /// Twice for more. The variable `DFINERY_LOG` says in detail what to log.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    verbose: u8,
    /// When to use colours; `NO_COLOR` in the environment turns them off, too.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_short_help = true,
        help_heading = "Output"
    )]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Color {
    /// To a terminal only.
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
enum Command {
    /// Load events, identities, profiles or all of them from files, and account for every record.
    #[command(after_long_help = help::LOAD)]
    Load(Box<load::LoadArguments>),
    /// Delete unified profiles. It cannot be undone.
    #[command(after_long_help = help::DELETE)]
    Delete(Box<load::DeleteArguments>),
    /// Load again what is in a dead-letter file, after its cause was put right.
    #[command(after_long_help = help::REPLAY)]
    Replay(Box<load::ReplayArguments>),
    /// Write the records of a dead-letter file as they were in their files, to correct and to load again.
    #[command(after_long_help = help::ROWS)]
    Rows(rows::Arguments),
    /// Say what became of a file over all runs and replays, what is left, and what to do next.
    #[command(after_long_help = help::STATUS)]
    Status(status::Arguments),
    /// Check files, and send nothing.
    #[command(after_long_help = help::CHECK)]
    Check(Box<check::Arguments>),
    /// Show the first calls that a load would make, and send nothing.
    #[command(after_long_help = help::PREVIEW)]
    Preview(Box<plan::PreviewArguments>),
    /// Begin a mapping: how the columns of a table become records.
    Mapping(init::MappingArguments),
    /// Begin a taxonomy: what your service has registered.
    Taxonomy(init::TaxonomyArguments),
    /// Show the settings.
    #[command(after_long_help = help::CONFIG)]
    Config(Box<config::Arguments>),
    /// Load records as they come, from Kafka.
    Stream(stream::Arguments),
    /// Export events and user profiles to files, by day and held to account.
    Export(export::Arguments),
    /// Load a sample of events, identities and profiles, export it again and compare the counts.
    Demo(demo::Arguments),
    /// Run an emulated DFINERY on localhost, for tests and for trying things out.
    Emulator(emulator::Arguments),
    /// List every code and message of both APIs.
    Codes(explain::CodesArguments),
    /// Say what a code, a message or an HTTP status means and what to do about it.
    Explain(explain::ExplainArguments),
    /// Write a script that completes this command in a shell.
    Completions(shell::CompletionsArguments),
    /// Write a manual page.
    Man(shell::ManArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|error| usage::explained(error).exit());
    arguments.apply();
    raise_file_limit();
    let done = match arguments.command {
        Command::Load(arguments) => on_runtime(load::load(*arguments)),
        Command::Delete(arguments) => on_runtime(load::delete(*arguments)),
        Command::Replay(arguments) => on_runtime(load::replay(*arguments)),
        Command::Rows(arguments) => rows::rows(&arguments),
        Command::Status(arguments) => status::status(&arguments),
        Command::Check(arguments) => on_runtime(check::check(*arguments)),
        Command::Preview(arguments) => on_runtime(plan::preview(*arguments)),
        Command::Mapping(arguments) => init::mapping(&arguments),
        Command::Taxonomy(arguments) => init::taxonomy(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Stream(arguments) => on_runtime(stream::run(arguments)),
        Command::Export(arguments) => on_runtime(export::run(arguments)),
        Command::Demo(arguments) => on_runtime(demo::run(arguments)),
        Command::Emulator(arguments) => on_runtime(emulator::run(arguments)),
        Command::Codes(arguments) => explain::codes(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Completions(arguments) => shell::completions(&arguments, Arguments::command()),
        Command::Man(arguments) => shell::man(&arguments, Arguments::command()),
    };
    done.unwrap_or_else(|error| {
        output::say(&advice::on_error(&error));
        advice::exit_code_of(&error)
    })
}

impl Arguments {
    /// What is about the whole process: colours, quiet, log.
    fn apply(&self) {
        let choice = match self.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        if self.quiet {
            output::be_quiet();
        }
        let default = ["off", "dfinery=debug", "dfinery=trace,reqwest=debug"];
        let default = match (self.verbose, &self.command) {
            // Only the emulator knows why it refuses.
            (0, Command::Emulator(_)) if !self.quiet => "dfinery_emulator=info",
            (verbose, _) => default[usize::from(verbose).min(default.len() - 1)],
        };
        let filter = EnvFilter::try_from_env("DFINERY_LOG").unwrap_or_else(|_| EnvFilter::new(default));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(output::is_painted(&std::io::stderr()))
            .with_writer(std::io::stderr)
            .init();
    }
}

/// Each call takes a connection, and some systems let a program have 256 files and connections unless it asks for more.
#[cfg(unix)]
fn raise_file_limit() {
    // Where it stays, a load makes fewer calls at a time.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
}

#[cfg(not(unix))]
fn raise_file_limit() {}

fn on_runtime(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
