//! A folder of Parquet files, or a prefix of such objects, as warehouses write a table.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use dfinery_input::is_url;

/// The deepest folders within folders to look into.
const DEEPEST: usize = 32;

/// The most objects below a prefix that are looked at.
#[cfg(feature = "cloud")]
const MOST_OBJECTS: usize = 100_000;

/// The files to load: for a folder or a prefix all Parquet files in it, also in the folders in it, in the order of their names. One
/// without such files stays as it is.
pub fn files_of(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        refuse_other_url(path)?;
        if is_url(path) {
            files.extend(objects_of(path)?);
            continue;
        }
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

/// Refuses a URL that is not that of an object, and one with what may be a secret.
pub fn refuse_other_url(path: &Path) -> anyhow::Result<()> {
    let text = path.display().to_string();
    if !text.contains("://") {
        return Ok(());
    }
    #[cfg(feature = "cloud")]
    if is_url(path) {
        return Ok(dfinery_input::check_url(path)?);
    }
    let url = text.split_once('?').map_or(&*text, |(url, _)| url);
    if let Some((user, _)) = url.split_once('@')
        && user.matches(':').count() > 1
    {
        bail!("the URL of an input has a user with a password, which is not read: give it without");
    }
    let others = if cfg!(feature = "cloud") {
        "and objects whose URL begins with s3://, gs://, az:// or abfss://, are read"
    } else {
        "are read. Objects are read by a program with the feature cloud: `cargo install --path crates/cli --features cloud`"
    };
    let fetch = match url.split_once("://") {
        Some(("http" | "https" | "ftp" | "sftp", _)) => "curl URL".to_owned(),
        Some(("gs", _)) => format!("gcloud storage cat {url}"),
        Some(("s3" | "s3a" | "s3n", _)) => format!("aws s3 cp {url} -"),
        _ => "COMMAND".to_owned(),
    };
    bail!(
        "{url}: only files of this machine and standard input {others}. Or pipe it in, such as `{fetch} | dfinery load events - \
         --state DIR`"
    );
}

/// The objects of a URL.
#[cfg(feature = "cloud")]
fn objects_of(url: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let objects = dfinery_input::objects(url, MOST_OBJECTS)?;
    let below = |object: &Path| object.strip_prefix(url).map(Path::to_owned).unwrap_or_default();
    if objects.iter().all(|object| below(object).as_os_str().is_empty()) {
        return Ok(objects);
    }
    let count = objects.len();
    let is_of_table = |object: &PathBuf| is_parquet(object) && !below(object).iter().any(is_hidden);
    let files: Vec<_> = objects.into_iter().filter(is_of_table).collect();
    if files.is_empty() {
        bail!(
            "{}: it is no object, and none of the {count} objects below it is a Parquet file: name the objects to load",
            url.display()
        );
    }
    Ok(files)
}

#[cfg(not(feature = "cloud"))]
fn objects_of(_: &Path) -> anyhow::Result<Vec<PathBuf>> {
    bail!("objects are not read without the feature cloud");
}

/// Whether writers keep under this name what is not of the table.
fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"_") || name.as_encoded_bytes().starts_with(b".")
}

fn is_parquet(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case(OsStr::new("parquet")))
}

fn add_files(folder: &Path, deepest: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (kind, name) = (entry.file_type()?, entry.file_name());
        if is_hidden(&name) {
            continue;
        }
        let path = entry.path();
        if kind.is_dir() {
            if deepest > 0 {
                add_files(&path, deepest - 1, files)?;
            }
        } else if is_parquet(&path) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
