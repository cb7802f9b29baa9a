//! Whether the files of a folder are what its manifests say.

use std::{
    collections::BTreeSet,
    fmt,
    io::{self, Seek as _},
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    column::Table,
    error::ExportError,
    files::sha256_of,
    folder::{Folder, Manifest, ManifestFile, Opened, Schema, manifest_path},
    format::{Compression, Format},
    rows_of::rows_of,
};

/// What is wrong with the files of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// Manifests read.
    pub manifests: u64,
    /// Rows in all files.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Files that are not as their manifest says, or that no manifest has.
    pub differences: Vec<Difference>,
}

/// A file that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: String,
}

/// Compares lengths, hashes and counts of rows with the manifests of a folder, or of a place in an object store.
///
/// # Errors
/// If it is not a folder of exports, a manifest cannot be read, or an object store fails or refuses. A manifest that is
/// damaged is a difference.
pub fn verify(folder: impl AsRef<Path>) -> Result<Verification, ExportError> {
    let folder = Folder::at(folder.as_ref())?;
    let schema = folder.existing_schema()?;
    let mut verification = Verification {
        manifests: 0,
        rows: 0,
        bytes: 0,
        differences: Vec::new(),
    };
    for table in [Table::Events, Table::Profiles] {
        // Before the manifests: an exporter may add a day in the meantime.
        let files = folder.files(table);
        let mut known = BTreeSet::new();
        for name in folder.names(table)? {
            let mut manifest = folder.manifest(table, &name);
            let mut problems = problems_of(&folder, manifest.as_ref(), &schema)?;
            if !problems.is_empty() {
                // An exporter may have replaced the day in the meantime.
                let now = folder.manifest(table, &name);
                if now.as_ref().ok() != manifest.as_ref().ok() {
                    problems = problems_of(&folder, now.as_ref(), &schema)?;
                    manifest = now;
                }
            }
            let own = manifest_path(table, &name);
            let differences = problems.into_iter().map(|(file, problem)| Difference {
                path: folder.name_of(&file.unwrap_or_else(|| own.clone())),
                problem,
            });
            verification.differences.extend(differences);
            match manifest {
                Ok(Some(manifest)) => {
                    verification.manifests += 1;
                    verification.rows = verification.rows.saturating_add(manifest.rows);
                    let bytes = manifest.files.iter().map(|file| file.bytes);
                    verification.bytes = bytes.fold(verification.bytes, u64::saturating_add);
                    known.extend(manifest.files.into_iter().map(|file| file.path));
                }
                Ok(None) => {}
                Err(error) if error.is_damaged() => {}
                Err(error) => return Err(error),
            }
        }
        for file in files {
            let (path, problem) = match file {
                Ok(path) if known.contains(&path) => continue,
                Ok(path) => (path, "it is in no manifest, so readers should ignore it".to_owned()),
                Err((_, error)) if error.is_unavailable() || error.is_denied() => return Err(error),
                Err((path, error)) => (path, error.to_string()),
            };
            let path = folder.name_of(&path);
            verification.differences.push(Difference { path, problem });
        }
    }
    Ok(verification)
}

/// What is wrong with a manifest, or with a file of it.
fn problems_of(
    folder: &Folder,
    manifest: Result<&Option<Manifest>, &ExportError>,
    schema: &Schema,
) -> Result<Vec<(Option<String>, String)>, ExportError> {
    let manifest = match manifest {
        Ok(None) => return Ok(Vec::new()),
        Ok(Some(manifest)) => manifest,
        Err(error) => return Ok(vec![(None, error.to_string())]),
    };
    let mut problems = Vec::new();
    for file in &manifest.files {
        if let Some(problem) = problem_of(folder, file, schema.format, schema.compression)? {
            problems.push((Some(file.path.clone()), problem));
        }
    }
    problems.extend(sums_of(manifest).map(|problem| (None, problem)));
    Ok(problems)
}

fn problem_of(
    folder: &Folder,
    file: &ManifestFile,
    format: Format,
    compression: Compression,
) -> Result<Option<String>, ExportError> {
    let unread = |error: ExportError| {
        if error.is_unavailable() || error.is_denied() {
            return Err(error);
        }
        Ok(Some(error.to_string()))
    };
    let Opened { bytes, mut contents } = match folder.open(&file.path) {
        Ok(Some(opened)) => opened,
        Ok(None) => return Ok(Some("it is not there".to_owned())),
        Err(error) => return unread(error),
    };
    if bytes != file.bytes {
        return Ok(Some(format!(
            "it has {bytes} bytes, and its manifest says {}",
            file.bytes
        )));
    }
    let mut compared = || -> io::Result<Option<String>> {
        if sha256_of(&mut contents)? != file.sha256 {
            return Ok(Some(
                "its contents are not those that were written: the SHA-256 differs".to_owned(),
            ));
        }
        contents.rewind()?;
        let rows = rows_of(&mut contents, format, compression)?;
        Ok(rows
            .filter(|rows| *rows != file.rows)
            .map(|rows| format!("it has {rows} rows, and its manifest says {}", file.rows)))
    };
    compared().or_else(|error| unread(ExportError::file(&folder.name_of(&file.path), "read", error)))
}

fn sums_of(manifest: &Manifest) -> Option<String> {
    let rows = manifest.files.iter().map(|file| file.rows).fold(0, u64::saturating_add);
    (rows != manifest.rows).then(|| format!("its files have {rows} rows, and it says {}", manifest.rows))
}

impl Verification {
    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "{}: {}", difference.path.display(), difference.problem)?;
        }
        let Self {
            manifests,
            rows,
            bytes,
            differences,
        } = self;
        writeln!(
            f,
            "{manifests} manifests, {rows} rows, {bytes} bytes: {}",
            match differences.len() {
                0 => "all files match their manifests".to_owned(),
                1 => "1 file is not as it should be".to_owned(),
                files => format!("{files} files are not as they should be"),
            }
        )
    }
}
