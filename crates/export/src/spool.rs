//! The body of an export on disk, until it is whole and can be converted.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use dfinery::{Csv, Error, engine::rows_so_far};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use xxhash_rust::xxh3::Xxh3;

use crate::{error::ExportError, progress::Progress};

/// A raw CSV, as the service sent it.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) path: PathBuf,
    pub(crate) rows: u64,
    /// Tells whether two answers are the same.
    pub(crate) hash: u128,
}

impl Raw {
    /// What tells whether two answers are the same.
    pub(crate) fn content(&self) -> String {
        format!("xxh3:{:032x}", self.hash)
    }
}

/// Why there is no whole CSV.
pub(crate) enum NotSpooled {
    /// The export failed in the middle: what had arrived is in the file.
    Export(Box<Error>),
    Disk(ExportError),
}

/// Pieces that wait for the disk.
const WAITING: usize = 16;

/// Writes a CSV to a new file on a thread of its own.
pub(crate) async fn spool(mut csv: Csv, path: &Path, progress: &Progress) -> Result<Raw, NotSpooled> {
    let (pieces, mut waiting) = mpsc::channel::<bytes::Bytes>(WAITING);
    let target = path.to_owned();
    let writer = tokio::task::spawn_blocking(move || -> io::Result<u128> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&target)?;
        let mut hash = Xxh3::new();
        while let Some(piece) = waiting.blocking_recv() {
            hash.update(&piece);
            file.write_all(&piece)?;
        }
        Ok(hash.digest128())
    });
    let mut failed = None;
    while let Some(piece) = csv.next().await {
        match piece {
            Ok(piece) => {
                progress.received(piece.len() as u64);
                // The writer has ended: its own error says why.
                if pieces.send(piece).await.is_err() {
                    break;
                }
            }
            Err(error) => failed = Some(error),
        }
    }
    drop(pieces);
    let written = writer.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    match (written, failed) {
        (Err(error), _) => Err(NotSpooled::Disk(ExportError::file(path, "written", error))),
        (Ok(_), Some(error)) => Err(NotSpooled::Export(Box::new(error))),
        (Ok(hash), None) => Ok(Raw {
            path: path.to_owned(),
            rows: rows_so_far(&csv),
            hash,
        }),
    }
}
