//! The body of an export on disk, until it is whole and can be converted.

use std::path::Path;

use dfinery::{
    Csv, Error,
    engine::{PieceWriter, rows_so_far},
};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use xxhash_rust::xxh3::Xxh3;

use crate::{
    error::ExportError,
    files::{Temporary, new_file},
    progress::Progress,
};

/// A raw CSV, as the service sent it.
#[derive(Debug)]
pub(crate) struct Raw {
    file: Temporary,
    pub(crate) rows: u64,
    /// When it was asked for.
    pub(crate) asked_at: Timestamp,
    /// Tells whether two answers are the same.
    pub(crate) hash: u128,
}

impl Raw {
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// What tells whether two answers are the same.
    pub(crate) fn content(&self) -> String {
        format!("xxh3:{:032x}", self.hash)
    }
}

/// Why there is no whole CSV.
pub(crate) enum NotSpooled {
    /// The export failed in the middle: what had arrived is in the file.
    Export(Box<Error>, Temporary),
    Disk(ExportError),
}

/// Writes a CSV to a file.
pub(crate) async fn spool(
    mut csv: Csv,
    asked_at: Timestamp,
    file: Temporary,
    progress: &Progress,
) -> Result<Raw, NotSpooled> {
    let disk = |error| NotSpooled::Disk(ExportError::file(file.path(), "written", error));
    let mut writer = PieceWriter::new(new_file(file.path()).map_err(NotSpooled::Disk)?);
    let mut hash = Xxh3::new();
    let mut failed = None;
    while let Some(piece) = csv.next().await {
        match piece {
            Ok(piece) => {
                progress.received(piece.len() as u64);
                hash.update(&piece);
                writer.write(piece).await.map_err(disk)?;
            }
            Err(error) => failed = Some(error),
        }
    }
    writer.finish().await.map_err(disk)?;
    match failed {
        Some(error) => Err(NotSpooled::Export(Box::new(error), file)),
        None => Ok(Raw {
            file,
            rows: rows_so_far(&csv),
            asked_at,
            hash: hash.digest128(),
        }),
    }
}
