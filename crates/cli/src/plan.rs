//! `--dry-run` and `dfinery preview`: show what a load would send.

use std::{
    fmt::Write as _,
    io::{self, Write},
    process::ExitCode,
};

use dfinery_load::{Plan, PlannedCall, PlannedCalls, Preview, RecordKind, Report, Stop};
use serde::Serialize;
use serde_json::{json, value::RawValue};

use crate::{
    advice,
    arguments::{Files, What},
    connection,
    output::{say, stdout, write_aside, write_text},
    progress::{grouped, time},
    settings::{Flags, Settings, table::PREVIEW},
};

#[derive(clap::Args)]
pub struct PreviewArguments {
    #[command(flatten)]
    files: Files,
    /// What the files hold.
    #[arg(long = "as", value_name = "WHAT", default_value = "mixed", help_heading = "Run")]
    what: What,
    /// How many calls to show.
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = "Run")]
    calls: usize,
    #[command(flatten)]
    flags: Flags<PREVIEW>,
}

/// Writes the first calls of a load.
pub async fn preview(arguments: PreviewArguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.flags.resolve()?;
    let accepts = arguments.what.into();
    let load = connection::file_load(&settings, accepts, &arguments.files.files)?;
    let preview = connection::planner(&settings, accepts)?
        .preview(load, arguments.calls)
        .await?;
    let mut out = stdout();
    if settings.json() {
        serde_json::to_writer_pretty(&mut out, &calls_as_json(&preview)?)?;
        writeln!(out)?;
    } else {
        calls(&mut out, &preview)?;
    }
    out.flush()?;
    say(&format!("the first {} calls; nothing was sent", preview.calls.len()));
    if preview.report.has_findings() {
        let has_more = preview.calls.len() == arguments.calls;
        if has_more {
            let read = grouped(preview.report.good() + preview.report.bad());
            say(&format!(
                "the counts below are of the first {read} records, which were read for these calls; `dfinery check` reads all"
            ));
        }
        write_aside(&preview.report.to_string());
    }
    ended(preview.stopped.as_ref(), preview.report.bad())
}

fn calls(out: &mut impl Write, preview: &Preview) -> io::Result<()> {
    for (position, call) in preview.calls.iter().enumerate() {
        if position > 0 {
            writeln!(out)?;
        }
        let operation = call.kind.operation();
        writeln!(out, "{} {}", operation.method(), operation.path())?;
        writeln!(out, "{}", call.body)?;
    }
    Ok(())
}

/// The calls, each with its body exactly as it would be sent.
fn calls_as_json(preview: &Preview) -> serde_json::Result<impl Serialize> {
    #[derive(Serialize)]
    struct Calls<'a> {
        calls: Vec<Call<'a>>,
        report: &'a Report,
    }

    #[derive(Serialize)]
    struct Call<'a> {
        kind: String,
        operation: &'static str,
        method: String,
        path: String,
        /// The lines of the input that its records are on.
        lines: &'a [u64],
        body: &'a RawValue,
    }

    impl<'a> Call<'a> {
        fn of(call: &'a PlannedCall) -> serde_json::Result<Self> {
            let operation = call.kind.operation();
            Ok(Self {
                kind: call.kind.to_string(),
                operation: operation.id(),
                method: operation.method().to_string(),
                path: operation.path().to_string(),
                lines: &call.lines,
                body: serde_json::from_str(&call.body)?,
            })
        }
    }

    Ok(Calls {
        calls: preview.calls.iter().map(Call::of).collect::<serde_json::Result<_>>()?,
        report: &preview.report,
    })
}

/// Writes what a load would do.
pub fn print(settings: &Settings, plan: &Plan) -> anyhow::Result<ExitCode> {
    if plan.report.has_findings() {
        write_aside(&plan.report.to_string());
    }
    let mut out = stdout();
    if settings.json() {
        serde_json::to_writer_pretty(&mut out, &as_json(plan))?;
        writeln!(out)?;
    } else {
        write_text(&mut out, &text(plan))?;
    }
    out.flush()?;
    ended(plan.stopped.as_ref(), plan.invalid + plan.report.denied().len() as u64)
}

fn ended(stopped: Option<&Stop>, bad: u64) -> anyhow::Result<ExitCode> {
    if let Some(stop) = stopped {
        anyhow::bail!(advice::on_stop(stop));
    }
    Ok(ExitCode::from(u8::from(bad > 0)))
}

fn as_json(plan: &Plan) -> serde_json::Value {
    let calls = plan.calls.iter().map(|(kind, calls)| {
        json!({
            "kind": kind.to_string(),
            "operation": kind.operation().id(),
            "records": calls.records,
            "calls": calls.calls,
            "at_least_seconds": calls.at_least.as_secs(),
        })
    });
    json!({
        "read": plan.read,
        "invalid": plan.invalid,
        "unchanged": plan.unchanged,
        "calls": calls.collect::<Vec<_>>(),
        "report": plan.report,
    })
}

#[allow(clippy::cast_precision_loss, reason = "a mean for people")]
fn text(plan: &Plan) -> String {
    let mut out = "Plan; nothing was sent, and nothing was written:\n".to_owned();
    let _ = writeln!(out, "  {:<12}{:>14}", "read", grouped(plan.read));
    if plan.invalid > 0 {
        let invalid = grouped(plan.invalid);
        let _ = writeln!(out, "  {:<12}{invalid:>14}  would not be sent", "invalid");
    }
    if plan.unchanged > 0 {
        let unchanged = grouped(plan.unchanged);
        let _ = writeln!(out, "  {:<12}{unchanged:>14}  would not be sent again", "unchanged");
    }
    for (kind, planned) in &plan.calls {
        let PlannedCalls {
            records,
            calls,
            at_least,
            ..
        } = planned;
        let per_call = *records as f64 / (*calls).max(1) as f64;
        let word = if *calls == 1 { "call" } else { "calls" };
        let _ = writeln!(
            out,
            "  {:<12}{:>14}  in {} {word}, {per_call:.1} records in each; {}",
            plural(*kind),
            grouped(*records),
            grouped(*calls),
            if at_least.is_zero() {
                "within one period of the quota".to_owned()
            } else {
                format!("the quota alone makes it take {}", time(*at_least))
            }
        );
    }
    out
}

const fn plural(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Identity => "identities",
        RecordKind::Profile => "profiles",
        RecordKind::Event => "events",
        RecordKind::Deletion => "deletions",
    }
}
