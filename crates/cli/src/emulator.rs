//! `dfinery emulator`: DFINERY on localhost until Ctrl-C.

use std::{
    collections::HashMap,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use dfinery::{Family, ImportCode, Operation, tables::RateLimit, taxonomy::EVENTS};
use dfinery_emulator::{
    Batch, CodeStyle, DayZone, Duplicates, Emulator, ExportTime, FailureStyle, Fault, FaultRate, ItemRows, OverLimit,
    RateHeaders, Registered, ResetUnit, Settings, Unregistered,
};
use dfinery_load::Section;

use crate::{arguments::argument, connection, output::stdout};

#[derive(clap::Args)]
pub struct Arguments {
    /// The port on 127.0.0.1; 0 picks a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How import answers write their code.
    #[arg(long, value_enum, default_value = "number")]
    code_style: CodeStyleArgument,
    /// Whether failures come under the HTTP status of the detail table (import: 200) or under the other one.
    #[arg(long, value_enum, default_value = "detail-table")]
    failures: FailuresArgument,
    /// How a spent quota is answered.
    #[arg(long, value_enum, default_value = "like-other-failures")]
    over_limit: OverLimitArgument,
    /// How the rate-limit headers are spelled.
    #[arg(long, value_enum, default_value = "dashed")]
    rate_headers: RateHeadersArgument,
    /// The unit of the reset header.
    #[arg(long, value_enum, default_value = "seconds")]
    reset_unit: ResetUnitArgument,
    /// Your taxonomy: what it lists is registered beside the standard events and properties.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    taxonomy: Option<PathBuf>,
    /// What happens to what is not registered or has the wrong type.
    #[arg(long, value_enum, default_value = "refuse")]
    unregistered: UnregisteredArgument,
    /// What one bad event does to the others of its request.
    #[arg(long, value_enum, default_value = "all-or-nothing")]
    batch: BatchArgument,
    /// What happens to an event whose id came before.
    #[arg(long, value_enum, default_value = "keep")]
    duplicates: DuplicatesArgument,
    /// The time zone of the days of an export.
    #[arg(long, value_enum, default_value = "utc")]
    day_zone: DayZoneArgument,
    /// The time by which an export picks its events.
    #[arg(long, value_enum, default_value = "event")]
    export_time: ExportTimeArgument,
    /// Whether an export has the events of its last day.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    to_date_inclusive: bool,
    /// The rows of an event with items.
    #[arg(long, value_enum, default_value = "joined")]
    item_rows: ItemRowsArgument,
    /// Cuts every export that is longer off after this many bytes.
    #[arg(long, value_name = "BYTES")]
    longest_export: Option<u64>,
    /// Divides every quota, to meet its end sooner.
    #[arg(long, default_value_t = 1)]
    rate_limit_divisor: u32,
    /// Lifts every quota, for tools that send more than a service may.
    #[arg(long, conflicts_with = "rate_limit_divisor")]
    no_quotas: bool,
    /// The share of the requests that meet a fault, from 0 to 1: lost connections, gateway pages, delays, refusals.
    #[arg(long, default_value_t = 0.0)]
    fault_rate: f64,
    /// Where the random faults start; the same seed gives the same faults.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

argument!(CodeStyleArgument, CodeStyle { Number, Digits });
argument!(
    FailuresArgument,
    FailureStyle {
        DetailTable,
        Alternative
    }
);
argument!(
    OverLimitArgument,
    OverLimit {
        LikeOtherFailures,
        Http429,
        Http429Empty
    }
);
argument!(
    RateHeadersArgument,
    RateHeaders {
        Dashed,
        Compact,
        Absent
    }
);
argument!(ResetUnitArgument, ResetUnit { Seconds, Milliseconds });
argument!(
    UnregisteredArgument,
    Unregistered {
        Refuse,
        DropSilently,
        Accept
    }
);
argument!(
    BatchArgument,
    Batch {
        AllOrNothing,
        KeepGoodAndFail,
        KeepGoodAndSucceed
    }
);
argument!(DuplicatesArgument, Duplicates { Keep, Drop });
argument!(DayZoneArgument, DayZone { Utc, Kst });
argument!(ExportTimeArgument, ExportTime { Event, Server });
argument!(ItemRowsArgument, ItemRows { Joined, Separate });

pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        (0.0..=1.0).contains(&arguments.fault_rate),
        "--fault-rate must be between 0 and 1"
    );
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let emulator = Emulator::builder()
        .address(address)
        .settings(Settings {
            code_style: arguments.code_style.into(),
            import_failures: FailureStyle::from(arguments.failures),
            export_failures: arguments.failures.into(),
            over_limit: arguments.over_limit.into(),
            rate_headers: arguments.rate_headers.into(),
            reset_unit: arguments.reset_unit.into(),
            taxonomy: registered(arguments.taxonomy.as_deref())?,
            unregistered: arguments.unregistered.into(),
            batch: arguments.batch.into(),
            duplicates: arguments.duplicates.into(),
            day_zone: arguments.day_zone.into(),
            export_time: arguments.export_time.into(),
            to_date_inclusive: arguments.to_date_inclusive,
            item_rows: arguments.item_rows.into(),
            longest_export: arguments.longest_export,
            rate_limit_divisor: arguments.rate_limit_divisor,
            rate_limits: if arguments.no_quotas {
                lifted_quotas()
            } else {
                HashMap::new()
            },
            ..Settings::default()
        })
        .start()
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => anyhow::anyhow!(
                "port {} is taken by another program: choose another --port, or leave it out",
                address.port()
            ),
            _ => anyhow::Error::new(error).context(format!("cannot start the emulator on {address}")),
        })?;
    if arguments.fault_rate > 0.0 {
        emulator.fault_rate(FaultRate {
            probability: arguments.fault_rate,
            seed: arguments.seed,
            faults: everyday_faults(),
        });
    }
    let mut out = stdout();
    writeln!(out, "DFINERY_BASE_URL={}", emulator.base_url())?;
    writeln!(out, "DFINERY_SERVICE_ID={}", emulator.service_id())?;
    writeln!(out, "DFINERY_IMPORT_TOKEN={}", emulator.import_token())?;
    writeln!(out, "DFINERY_EXPORT_TOKEN={}", emulator.export_token())?;
    out.flush()?;
    let known = match &arguments.taxonomy {
        Some(path) => format!("the standard events and properties and those of {}", path.display()),
        None => "the standard events and properties; --taxonomy FILE adds yours".to_owned(),
    };
    writeln!(
        io::stderr(),
        "The emulator runs; Ctrl-C ends it. It knows {known}.\nWhy it refuses requests is said here, each reason once."
    )?;
    tokio::signal::ctrl_c().await?;
    let ledger = emulator.ledger();
    for operation in Operation::ALL {
        writeln!(
            io::stderr(),
            "{operation}: {} requests",
            ledger.requests(*operation).count()
        )?;
    }
    writeln!(io::stderr(), "{} events stored", ledger.events_stored())?;
    Ok(ExitCode::SUCCESS)
}

/// What is registered: the standard names, and those of a file.
fn registered(taxonomy: Option<&Path>) -> anyhow::Result<Registered> {
    let standard = Registered::standard();
    let Some(path) = taxonomy else { return Ok(standard) };
    let taxonomy = connection::read_taxonomy(path)?;
    let is_standard = |name: &str| EVENTS.iter().any(|event| event.name == name);
    let events = taxonomy.event_names().filter(|name| !is_standard(name));
    let registered = events.fold(standard, Registered::event);
    let properties = taxonomy.property_types();
    Ok(
        properties.fold(registered, |registered, (section, name, property_type)| match section {
            Section::Event => registered.event_property(name, property_type),
            Section::Item => registered.item_property(name, property_type),
            Section::User => registered.user_property(name, property_type),
        }),
    )
}

/// Quotas too large to spend.
fn lifted_quotas() -> HashMap<Family, RateLimit> {
    let lifted = |family: &Family| RateLimit {
        requests: u32::MAX,
        concurrent: None,
        ..family.rate_limit()
    };
    Family::ALL.iter().map(|family| (*family, lifted(family))).collect()
}

/// The faults that a client meets in a bad week.
fn everyday_faults() -> Vec<Fault> {
    vec![
        Fault::Import(ImportCode::InternalServerError),
        Fault::Import(ImportCode::TooManyRequest),
        Fault::Status(429),
        Fault::HtmlBadGateway,
        Fault::MalformedJson,
        Fault::UnknownCode,
        Fault::Delay(Duration::from_secs(2)),
        Fault::CloseBeforeReading,
        Fault::CloseAfterReading,
        Fault::CloseAfterReading.after_applying(),
        Fault::CloseAfterBytes(10),
    ]
}
