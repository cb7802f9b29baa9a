//! A folder of Parquet files, as warehouses write a table.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// The deepest folders within folders to look into.
const DEEPEST: usize = 32;

/// The files to load: for a folder all Parquet files in it, also in the folders in it, in the order of their names. One
/// without such files stays as it is.
pub fn files_of(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        if path.is_dir() {
            add_files(path, DEEPEST, &mut files).with_context(|| format!("{}: cannot be read", path.display()))?;
        }
        if files.len() == before {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn add_files(folder: &Path, deepest: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (kind, name) = (entry.file_type()?, entry.file_name());
        // Writers keep what is not of the table under such names.
        if name.as_encoded_bytes().starts_with(b"_") || name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        let is_parquet = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case(OsStr::new("parquet")));
        if kind.is_dir() {
            if deepest > 0 {
                add_files(&path, deepest - 1, files)?;
            }
        } else if is_parquet && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
