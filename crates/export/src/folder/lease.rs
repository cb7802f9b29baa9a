//! The claim of a folder in an object store: an object that says who works there and until when.
//!
//! It is renewed by a thread, three times in its life, and confirmed before each commit. Whoever finds that it has
//! expired takes it over by replacing that very version, and then the one who had it cannot renew it any more. So clocks
//! decide only when somebody may take over, never who holds it.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use dfinery_store::{Place, StoreError, Version};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    conditional::{put_if, refuses},
    shelf::Hold,
};
use crate::{error::ExportError, workspace::Workspace};

/// How long a claim lasts unless it is renewed. The clocks of two machines may differ by two thirds of it.
const LIFE: Duration = Duration::from_secs(600);

/// How long the end of an export waits for the release of its claim.
const LONGEST_RELEASE: Duration = Duration::from_secs(10);

/// The longest claim.
const MOST_BYTES: u64 = 64 << 10;

/// A claim that is held.
#[derive(Debug)]
pub(crate) struct Lease {
    claim: Arc<Claim>,
    workspace: Workspace,
    /// Ends the thread that renews it.
    end: Option<SyncSender<()>>,
    /// Closed when that thread has ended.
    ended: Mutex<Receiver<()>>,
}

#[derive(Debug)]
struct Claim {
    place: Place,
    folder: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    note: Note,
    version: Version,
    is_lost: bool,
}

/// What the object says.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    /// The form of this file.
    version: u32,
    /// Differs from that of every other exporter.
    exporter: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    process: u32,
    began: Timestamp,
    /// Makes each version differ from the one before, also where versions are hashes.
    renewals: u64,
    /// Until then, nobody else may work on the folder.
    expires: Timestamp,
    /// Whether the exporter has ended.
    released: bool,
}

impl Lease {
    /// Claims the folder of a place. Temporary files are in the workspace.
    pub(crate) fn take(place: Place, folder: PathBuf, workspace: Workspace) -> Result<Self, ExportError> {
        let in_use = |who: &str| ExportError::in_use(&folder, Some(who.to_owned()));
        let name = PathBuf::from(place.to_string());
        let before = match place.read(MOST_BYTES)? {
            Some((text, version)) => {
                let note: Note = serde_json::from_slice(&text).map_err(|error| ExportError::damaged(&name, error))?;
                if !note.released && note.expires > Timestamp::now() {
                    return Err(in_use(&note.to_string()));
                }
                Some(version)
            }
            None => None,
        };
        let note = Note::new();
        let first = put_if(&place, &note.text(), before.as_ref()).map_err(|error| {
            if error.is_conflict() {
                in_use("it has just begun")
            } else {
                error.into()
            }
        })?;
        let claim = Arc::new(Claim {
            place,
            folder,
            held: Mutex::new(Held {
                note,
                version: first.clone(),
                is_lost: false,
            }),
        });
        let (end, ends) = sync_channel(0);
        let (ending, ended) = sync_channel(0);
        let renewed = Arc::clone(&claim);
        let renew = move || {
            let _ending: SyncSender<()> = ending;
            while ends.recv_timeout(LIFE / 3) == Err(RecvTimeoutError::Timeout) {
                // A store that fails may do better before the claim expires. A claim that is lost stays so.
                let _ = renewed.confirm();
            }
            renewed.release();
        };
        let thread = thread::Builder::new().name("claim".to_owned()).spawn(renew);
        thread.map_err(|error| ExportError::file(&name, "renewed", error))?;
        let lease = Self {
            claim,
            workspace,
            end: Some(end),
            ended: Mutex::new(ended),
        };
        lease.claim.confirm()?;
        lease.claim.check_store(&first)?;
        Ok(lease)
    }
}

impl Claim {
    /// Renews the claim, which fails if another exporter has it.
    fn confirm(&self) -> Result<(), ExportError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.is_lost {
            match self.replace(&mut held, Note::renew) {
                Err(error) if error.is_conflict() => held.is_lost = true,
                done => return Ok(done?),
            }
        }
        let why = "it has taken over, since this one had not renewed its claim in time";
        Err(ExportError::in_use(&self.folder, Some(why.to_owned())))
    }

    fn release(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.is_lost {
            // If it fails, the claim expires.
            let _ = self.replace(&mut held, Note::release);
        }
    }

    fn replace(&self, held: &mut Held, change: impl Fn(&mut Note)) -> Result<(), StoreError> {
        let mut note = held.note.clone();
        change(&mut note);
        held.version = put_if(&self.place, &note.text(), Some(&held.version))?;
        held.note = note;
        Ok(())
    }

    /// Some stores that speak S3's protocol take no notice of conditions. There, nothing would keep exporters apart.
    fn check_store(&self, stale: &Version) -> Result<(), ExportError> {
        let text = self.held.lock().unwrap_or_else(PoisonError::into_inner).note.text();
        if refuses(&self.place, &text, None)? && refuses(&self.place, &text, Some(stale))? {
            return Ok(());
        }
        Err(ExportError::unfit(format!(
            "the object store of {} takes no notice of conditions (If-None-Match, If-Match), without which two exporters \
             could write the same day",
            self.folder.display()
        )))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end = None;
        // It never sends anything: the end of the thread closes it.
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(LONGEST_RELEASE);
    }
}

impl Hold for Lease {
    fn temporary_folder(&self) -> &Path {
        self.workspace.folder()
    }

    /// The files remove themselves, and the workspace what is left.
    fn clear(&self) {}

    fn confirm(&self) -> Result<(), ExportError> {
        self.claim.confirm()
    }
}

impl Note {
    fn new() -> Self {
        let now = Timestamp::now();
        Self {
            version: 1,
            exporter: uuid::Uuid::new_v4().to_string(),
            host: host(),
            process: process::id(),
            began: now,
            renewals: 0,
            expires: after(now, LIFE),
            released: false,
        }
    }

    fn renew(&mut self) {
        self.renewals = self.renewals.saturating_add(1);
        self.expires = after(Timestamp::now(), LIFE);
    }

    fn release(&mut self) {
        self.renewals = self.renewals.saturating_add(1);
        self.released = true;
    }

    fn text(&self) -> Vec<u8> {
        // Neither a map with other keys than texts nor a type of its own is in it, so this cannot fail.
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.process)?;
        if let Some(host) = &self.host {
            write!(f, " on {host}")?;
        }
        write!(
            f,
            ", since {}; its claim expires at {} unless it is renewed",
            self.began, self.expires
        )
    }
}

fn after(time: Timestamp, span: Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    time.saturating_add(span).unwrap_or(Timestamp::MAX)
}

/// The name of this machine, if it is easy to find.
fn host() -> Option<String> {
    let of_system = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = of_system.or_else(|| env::var("COMPUTERNAME").or_else(|_| env::var("HOSTNAME")).ok())?;
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(100).collect();
    (!name.is_empty()).then_some(name)
}
