//! Whether the files of a folder are what its manifests say.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    column::Table,
    error::ExportError,
    files::sha256_of,
    folder::{Folder, Manifest, ManifestFile},
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

/// Compares lengths, hashes and counts of rows with the manifests of a folder.
///
/// # Errors
/// If a manifest cannot be read.
pub fn verify(folder: impl AsRef<Path>) -> Result<Verification, ExportError> {
    let folder = Folder::new(folder.as_ref());
    let mut verification = Verification {
        manifests: 0,
        rows: 0,
        bytes: 0,
        differences: Vec::new(),
    };
    let schema = folder.existing_schema()?;
    for table in [Table::Events, Table::Profiles] {
        let mut known = Vec::new();
        for name in folder.names(table)? {
            let Some(manifest) = folder.manifest(table, &name)? else {
                continue;
            };
            verification.manifests += 1;
            verification.rows += manifest.rows;
            for file in &manifest.files {
                verification.bytes += file.bytes;
                let path = folder.path_of(file);
                if let Some(problem) = problem_of(&path, file, schema.format, schema.compression) {
                    verification.differences.push(Difference {
                        path: path.clone(),
                        problem,
                    });
                }
                known.push(path);
            }
            if let Some(problem) = sums_of(&manifest) {
                let path = folder.manifest_path(table, &name);
                verification.differences.push(Difference { path, problem });
            }
        }
        for path in files_below(&folder.root().join(table.folder())) {
            if !known.contains(&path) {
                let problem = "no manifest has it, so it does not count".to_owned();
                verification.differences.push(Difference { path, problem });
            }
        }
    }
    Ok(verification)
}

fn problem_of(path: &Path, file: &ManifestFile, format: Format, compression: Compression) -> Option<String> {
    let compared = || -> io::Result<Option<String>> {
        let bytes = fs::metadata(path)?.len();
        if bytes != file.bytes {
            return Ok(Some(format!(
                "it has {bytes} bytes, and its manifest says {}",
                file.bytes
            )));
        }
        if sha256_of(path)? != file.sha256 {
            return Ok(Some(
                "its contents are not those that were written: the SHA-256 differs".to_owned(),
            ));
        }
        let rows = rows_of(path, format, compression)?;
        Ok(rows
            .filter(|rows| *rows != file.rows)
            .map(|rows| format!("it has {rows} rows, and its manifest says {}", file.rows)))
    };
    compared().unwrap_or_else(|error| Some(format!("it cannot be read: {error}")))
}

fn sums_of(manifest: &Manifest) -> Option<String> {
    let rows: u64 = manifest.files.iter().map(|file| file.rows).sum();
    (rows != manifest.rows).then(|| format!("its files have {rows} rows, and it says {}", manifest.rows))
}

/// All files in the folders of a table.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| {
        fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
    };
    let mut files: Vec<_> = entries(folder).flat_map(|partition| entries(&partition)).collect();
    files.sort_unstable();
    files
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
                0 => "all files are as they say".to_owned(),
                1 => "1 file is not as it should be".to_owned(),
                files => format!("{files} files are not as they should be"),
            }
        )
    }
}
