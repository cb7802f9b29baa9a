//! Exports events and user profiles.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use dfinery::{ExportClient, Operation, engine::ExportEngine};
use dfinery_records::Taxonomy;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    calendar::Calendar,
    days::Days,
    error::ExportError,
    fetch::Fetcher,
    format::{Compression, Format},
    probe::{Probe, probe},
    progress::Progress,
    quota::Quota,
    stopper::Stopper,
    table_file::TableWriter,
    workspace::Workspace,
};

/// Exports events and user profiles to folders.
///
/// Days are asked for as the quota of the Export API allows, which is shared with every other exporter of this machine that
/// uses the same state folder.
#[derive(Clone, Debug)]
pub struct Exporter {
    pub(crate) client: ExportClient,
    pub(crate) settings: Settings,
    progress: Arc<Progress>,
    stopper: Stopper,
}

/// Settings of an [`Exporter`].
#[derive(Clone, Debug)]
pub struct ExporterBuilder {
    client: ExportClient,
    settings: Settings,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    state: PathBuf,
    taxonomy: Taxonomy,
    pub(crate) days: Days,
    pub(crate) look_back: u32,
    reserve: u32,
    longest_wait: Duration,
}

impl Exporter {
    /// Settings to change before an exporter is built. `state` is the folder of what exporters share: the ledger of the
    /// quota.
    #[must_use]
    pub fn builder(client: &ExportClient, state: impl Into<PathBuf>) -> ExporterBuilder {
        ExporterBuilder {
            client: client.clone(),
            settings: Settings {
                state: state.into(),
                taxonomy: Taxonomy::standard(),
                days: Days::default(),
                look_back: 3,
                reserve: 10,
                longest_wait: Duration::ZERO,
            },
        }
    }

    /// The counters of what this exporter does.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Ends what this exporter and its clones do in order: see [`Stopper::stop`].
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Measures what is undocumented about the export of events, with three to five queries; retries take further calls:
    /// whether the last day of a query is part of its answer, by which time a row belongs to a day and when a day
    /// begins, what becomes of items, and how late rows arrive. Nothing is concluded from too few rows.
    ///
    /// `day` is asked for together with the days next to it, and days before it if they have no rows. Unless given, it is
    /// the newest day whose next one has ended in every zone. Answers are kept in the state folder while they are read.
    ///
    /// Dropping the future ends the probe.
    ///
    /// # Errors
    /// If the day is too new, or a file cannot be read or written. What goes wrong with
    /// the service is in the probe.
    pub async fn probe(&self, day: Option<Date>) -> Result<Probe, ExportError> {
        let workspace = Workspace::of_state(self.state())?;
        probe(&self.fetcher(workspace.folder())?, &self.settings.taxonomy, day).await
    }

    /// The folder of what exporters of this machine share.
    pub(crate) fn state(&self) -> &Path {
        &self.settings.state
    }

    pub(crate) fn fetcher(&self, folder: &Path) -> Result<Fetcher, ExportError> {
        let engine = ExportEngine::of(&self.client);
        let settings = &self.settings;
        let limit = engine.rate_limit(Operation::ExportEvents);
        Ok(Fetcher {
            client: self.client.clone(),
            quota: Arc::new(Quota::open(
                &settings.state,
                &engine.account(),
                limit,
                settings.reserve,
            )?),
            clock: settings.days.clock.clone(),
            stopper: self.stopper.clone(),
            progress: Arc::clone(&self.progress),
            longest_wait: settings.longest_wait,
            folder: folder.to_owned(),
            has_succeeded: false.into(),
            failures: 0.into(),
            files: 0.into(),
            turn: tokio::sync::Mutex::new(()),
        })
    }

    pub(crate) fn writer(&self, format: Format, compression: Compression) -> TableWriter {
        TableWriter {
            taxonomy: self.settings.taxonomy.clone(),
            time_zone: self.settings.days.zone().cloned(),
            format,
            compression,
            turn: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) const fn taxonomy(&self) -> &Taxonomy {
        &self.settings.taxonomy
    }

    pub(crate) const fn time_zone(&self) -> Option<&TimeZone> {
        self.settings.days.zone()
    }

    pub(crate) fn calendar(&self) -> Calendar {
        self.settings.days.calendar()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.settings.days.clock.now()
    }
}

impl ExporterBuilder {
    /// What the service has registered: the types of the columns, and the names of the events.
    #[must_use]
    pub fn taxonomy(mut self, taxonomy: Taxonomy) -> Self {
        self.settings.taxonomy = taxonomy;
        self
    }

    /// What is known of the service's days.
    #[must_use]
    pub fn days(mut self, days: Days) -> Self {
        self.settings.days = days;
        self
    }

    /// For how many days after a day is closed it is asked for again; 3 unless set.
    #[must_use]
    pub fn look_back(mut self, days: u32) -> Self {
        self.settings.look_back = days;
        self
    }

    /// How many calls of the quota to leave for others; 10 unless set.
    #[must_use]
    pub fn reserve(mut self, calls: u32) -> Self {
        self.settings.reserve = calls;
        self
    }

    /// How long to wait for the quota at most, each time it is spent; not at all unless set.
    #[must_use]
    pub fn wait(mut self, longest: Duration) -> Self {
        self.settings.longest_wait = longest;
        self
    }

    /// Makes the exporter.
    #[must_use]
    pub fn build(self) -> Exporter {
        Exporter {
            client: self.client,
            settings: self.settings,
            progress: Arc::default(),
            stopper: Stopper::new(),
        }
    }
}

/// The name of an export that begins at a time: it sorts by time, and no other export has it.
pub(crate) fn export_name(began: Timestamp) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{}-{}", began.strftime("%Y%m%dT%H%M%SZ"), &random[..8])
}
