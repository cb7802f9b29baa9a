//! `dfinery completions` and `dfinery man`: describe the command to shells and to `man`.

use std::{io::Write as _, process::ExitCode};

use anyhow::Context;
use clap::ValueEnum;
use clap_complete::Shell;

use crate::output::stdout;

#[derive(clap::Args)]
pub struct CompletionsArguments {
    shell: ShellArgument,
}

#[derive(Clone, Copy, ValueEnum)]
enum ShellArgument {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
}

#[derive(clap::Args)]
pub struct ManArguments {
    /// The command that the page is about, such as `load`; the whole program if none is named.
    command: Vec<String>,
}

pub fn completions(arguments: &CompletionsArguments, mut command: clap::Command) -> anyhow::Result<ExitCode> {
    let shell = match arguments.shell {
        ShellArgument::Bash => Shell::Bash,
        ShellArgument::Zsh => Shell::Zsh,
        ShellArgument::Fish => Shell::Fish,
        ShellArgument::PowerShell => Shell::PowerShell,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "dfinery", &mut script);
    stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

pub fn man(arguments: &ManArguments, mut command: clap::Command) -> anyhow::Result<ExitCode> {
    command.build();
    for name in &arguments.command {
        command = command
            .find_subcommand(name)
            .with_context(|| format!("there is no command `{name}`: see `dfinery --help`"))?
            .clone();
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    stdout().write_all(&page)?;
    Ok(ExitCode::SUCCESS)
}
