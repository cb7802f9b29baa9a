//! Loads that send nothing: a plan of the calls that would be made, and the first of them.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinHandle};

use crate::lock::lock;
use crate::{
    deliver::Before,
    delta::Delta,
    error::LoadError,
    file_accounts::FileAccounts,
    file_load::FileLoad,
    journal::State,
    loader::Loader,
    opening::Opened,
    outcome::Stop,
    pack::{Batch, Packer},
    reader::Left,
    schedule::Waiting,
};
use dfinery::engine::Engine;
use dfinery_records::{RecordKind, Report};

/// What a load would do.
#[derive(Debug)]
#[non_exhaustive]
pub struct Plan {
    /// What is wrong with the records, by cause.
    pub report: Report,
    /// Records read.
    pub read: u64,
    /// Records that failed the check.
    pub invalid: u64,
    /// Records that repeat what was accepted before, and would not be sent.
    pub unchanged: u64,
    /// Records and calls of each kind that would be sent.
    pub calls: BTreeMap<RecordKind, PlannedCalls>,
    /// Why the plan ends before its input, if it does.
    pub stopped: Option<Stop>,
}

/// The first calls of a load.
#[derive(Debug)]
#[non_exhaustive]
pub struct Preview {
    /// As they would be sent.
    pub calls: Vec<PlannedCall>,
    /// What is wrong with the records read for them, by cause.
    pub report: Report,
    /// Why the input could not be read far enough, if that is so.
    pub stopped: Option<Stop>,
}

/// How many calls of a kind there would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedCalls {
    /// Records in them.
    pub records: u64,
    /// Calls, if none has to be repeated.
    pub calls: u64,
    /// How long they take because of the quota alone.
    pub at_least: Duration,
}

/// A call that would be sent.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedCall {
    /// The kind of its records.
    pub kind: RecordKind,
    /// The lines of the input that its records begin on.
    pub lines: Vec<u64>,
    /// Its body, as JSON. It holds data of the input.
    pub body: String,
}

impl fmt::Debug for PlannedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlannedCall")
            .field("kind", &self.kind)
            .field("lines", &self.lines)
            .field("body", &format_args!("[redacted]"))
            .finish()
    }
}

/// Lets go of what the delta knows to be under way. Whether it would be accepted is not known.
fn forget(accounts: &Mutex<FileAccounts>, batch: &Batch) -> Result<(), LoadError> {
    let Some(delta) = lock(accounts).delta.clone() else {
        return Ok(());
    };
    let mut delta = lock(&delta);
    for record in &batch.records {
        if let Some(fingerprint) = &record.fingerprint {
            delta.settled(fingerprint, false)?;
        }
    }
    Ok(())
}

/// A load that makes no calls.
struct Rehearsal {
    reading: JoinHandle<Left>,
    calls: mpsc::Receiver<Waiting>,
    accounts: Arc<Mutex<FileAccounts>>,
}

impl Loader {
    /// Does what [`load_files`](Self::load_files) does except send: it writes no file and makes no call.
    ///
    /// # Errors
    /// If the load could not begin.
    pub async fn plan(self, load: FileLoad) -> Result<Plan, LoadError> {
        let import = self.import.clone();
        let Rehearsal {
            reading,
            mut calls,
            accounts,
        } = self.rehearse(load).await?;
        let mut planned: BTreeMap<RecordKind, PlannedCalls> = BTreeMap::new();
        while let Some(Waiting { batch, .. }) = calls.recv().await {
            forget(&accounts, &batch)?;
            let kind = planned.entry(batch.kind).or_default();
            kind.records += batch.records.len() as u64;
            kind.calls += 1;
        }
        let Left { report, read, stop, .. } = reading.await.map_err(|_| LoadError::bug("reading the input failed"))?;
        for (kind, planned) in &mut planned {
            let quota = Engine::of(&import).rate_limit(kind.operation());
            // The calls of the first period may go at once.
            let periods = (planned.calls.saturating_sub(1)) / u64::from(quota.requests.max(1));
            planned.at_least = quota.period.saturating_mul(u32::try_from(periods).unwrap_or(u32::MAX));
        }
        let (invalid, unchanged) = {
            let accounts = lock(&accounts);
            (accounts.receipt.invalid, accounts.receipt.unchanged)
        };
        Ok(Plan {
            report,
            read,
            invalid,
            unchanged,
            calls: planned,
            stopped: stop,
        })
    }

    /// The first calls that a load would make. Writes no file, makes no call, and reads no further than necessary.
    ///
    /// # Errors
    /// If the load could not begin.
    pub async fn preview(self, load: FileLoad, calls: usize) -> Result<Preview, LoadError> {
        let mut rehearsal = self.rehearse(load).await?;
        let mut first = Vec::new();
        while first.len() < calls
            && let Some(Waiting { batch, .. }) = rehearsal.calls.recv().await
        {
            let Ok(body) = batch.body() else { continue };
            first.push(PlannedCall {
                kind: batch.kind,
                lines: batch.records.iter().map(|record| record.line).collect(),
                body: String::from_utf8_lossy(&body).into_owned(),
            });
        }
        drop(rehearsal.calls);
        let Left { report, stop, .. } = rehearsal
            .reading
            .await
            .map_err(|_| LoadError::bug("reading the input failed"))?;
        Ok(Preview {
            calls: first,
            report,
            stopped: stop,
        })
    }

    async fn rehearse(self, load: FileLoad) -> Result<Rehearsal, LoadError> {
        let opened = tokio::task::spawn_blocking({
            let (load, settings, progress) = (load.clone(), self.settings.clone(), self.progress());
            move || Opened::new(&load, &settings, &progress)
        });
        let Opened { inputs, receipt, .. } = opened
            .await
            .map_err(|_| LoadError::bug("opening the inputs failed"))??;
        let names = inputs.iter().map(|input| input.name.clone()).collect();
        let delta = load.delta.clone();
        let delta = tokio::task::spawn_blocking(move || delta.map(Delta::copy_of).transpose())
            .await
            .map_err(|_| LoadError::bug("opening the delta failed"))??;
        let accounts = FileAccounts {
            delta: delta.map(|delta| Arc::new(Mutex::new(delta))),
            ..FileAccounts::of_nothing_sent(names, receipt, self.progress())
        };
        let accounts = Arc::new(Mutex::new(accounts));
        let packer = Arc::new(Mutex::new(Packer::new(self.settings.pack)));
        let sending = self.sending(load.accepts, Before::default());
        let (reader, calls) = self.reader(load, inputs, State::default(), &accounts, packer, sending);
        Ok(Rehearsal {
            reading: tokio::task::spawn_blocking(move || reader.run()),
            calls,
            accounts,
        })
    }
}
