//! A folder of exports: where everything is in it, and how a day takes its place.
//!
//! ```text
//! <folder>/events/dt=2026-11-20/part-00000.csv     the rows of a day
//! <folder>/profiles/snapshot=20261127T010203Z/part-00000.csv
//! <folder>/_dfinery/schema.json                    the columns of all files
//! <folder>/_dfinery/events/2026-11-20.json         the manifest of a day: it counts once this is there
//! <folder>/_dfinery/events/2026-11-20.hole.json    why a day is missing
//! <folder>/_dfinery/lock, <folder>/_dfinery/tmp/   on a disk: the claim, and files that are not whole yet
//! <folder>/_dfinery/claim.json                     in an object store: the claim
//! ```
//! A commit writes the data to a temporary file, announces its manifest under another name, makes the file the data, and
//! then writes the manifest under its own name. A kill between the last two leaves data whose manifest is only announced:
//! [`Folder::manifest`] takes the announced one if it fits the data, and the next exporter finishes the commit.

#[cfg(feature = "cloud")]
mod bucket;
#[cfg(feature = "cloud")]
mod conditional;
mod disk;
mod index;
#[cfg(feature = "cloud")]
mod lease;
mod manifest;
mod schema;
mod shelf;

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::civil::Date;
use serde::{Serialize, de::DeserializeOwned};

use self::{
    disk::Disk,
    shelf::{Hold, Shelf, for_each},
};
pub(crate) use self::{
    index::{Index, KnownDay, Watermark},
    manifest::{Hole, Manifest, ManifestFile, Predecessor},
    schema::Schema,
    shelf::Opened,
};
use crate::{
    column::Table,
    error::ExportError,
    files::sha256_of,
    filter::Selection,
    format::{Compression, Format},
};

/// Where the folder keeps what it knows of itself.
const OWN: &str = "_dfinery";

/// A folder of exports.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    shelf: Arc<dyn Shelf>,
}

/// The folder, while no other exporter works on it.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    folder: Folder,
    hold: Arc<dyn Hold>,
}

impl Folder {
    /// The folder of a path, or of the URL of a place in an object store.
    pub(crate) fn at(path: &Path) -> Result<Self, ExportError> {
        let shelf: Arc<dyn Shelf> = match path.to_str() {
            Some(url) if url.contains("://") => bucket(url)?,
            _ => Arc::new(Disk::new(path)),
        };
        Ok(Self { shelf })
    }

    /// Its path or URL.
    pub(crate) fn name(&self) -> PathBuf {
        self.shelf.name("")
    }

    /// The path or URL of a file in it.
    pub(crate) fn name_of(&self, path: &str) -> PathBuf {
        self.shelf.name(path)
    }

    /// Claims the folder, which is made if it is not there, and puts right what a killed exporter has left. `state` is the
    /// folder of what exporters of this machine share.
    pub(crate) fn claim(&self, state: &Path) -> Result<Claim, ExportError> {
        let claim = Claim {
            folder: self.clone(),
            hold: self.shelf.claim(OWN, state)?.into(),
        };
        claim.recover()?;
        Ok(claim)
    }

    /// The manifest of a partition, if it is complete.
    pub(crate) fn manifest(&self, table: Table, name: &str) -> Result<Option<Manifest>, ExportError> {
        if let Some(announced) = self.announced(table, name)?
            && self.holds(&announced)?
        {
            return Ok(Some(announced));
        }
        self.settled(table, name)
    }

    /// The manifest of a commit that has ended.
    fn settled(&self, table: Table, name: &str) -> Result<Option<Manifest>, ExportError> {
        self.read_version(Manifest::VERSION, &manifest_path(table, name), |manifest: &Manifest| {
            manifest.version
        })
    }

    /// The manifest of a partition; one that is damaged counts as none.
    pub(crate) fn readable_manifest(&self, table: Table, name: &str) -> Result<Option<Manifest>, ExportError> {
        unless_damaged(self.manifest(table, name))
    }

    /// The manifest of a commit that has not ended. One that is damaged announces nothing.
    fn announced(&self, table: Table, name: &str) -> Result<Option<Manifest>, ExportError> {
        unless_damaged(self.read(&announced_path(table, name)))
    }

    /// Why a day is missing, if that was noted.
    pub(crate) fn hole(&self, day: Date) -> Result<Option<Hole>, ExportError> {
        self.read(&hole_path(day))
    }

    /// The names of the files about partitions.
    fn files_about(&self, table: Table) -> Result<Vec<String>, ExportError> {
        self.shelf.names(&format!("{OWN}/{}", table.folder()))
    }

    /// The names of all partitions of which something is known, in order.
    pub(crate) fn names(&self, table: Table) -> Result<Vec<String>, ExportError> {
        Ok(partitions(&self.files_about(table)?))
    }

    /// Reads what is known of all days.
    pub(crate) fn index(&self) -> Result<Index, ExportError> {
        let files = self.files_about(Table::Events)?;
        let names = partitions(&files);
        let days: Vec<(Date, String)> = names
            .into_iter()
            .filter_map(|name| Some((name.parse().ok()?, name)))
            .collect();
        let files = HashSet::from_iter(files);
        let known = for_each(self.shelf.at_a_time(), &days, |(day, name)| {
            self.known(*day, name, &files)
        });
        let days = days.iter().zip(known).map(|((day, _), known)| Ok((*day, known?)));
        Ok(Index::new(days.collect::<Result<BTreeMap<_, _>, ExportError>>()?))
    }

    /// What is known of a day that has these of the files.
    fn known(&self, day: Date, name: &str, files: &HashSet<String>) -> Result<KnownDay, ExportError> {
        let has = |end: &str| files.contains(&format!("{name}{end}"));
        let manifest = match () {
            () if has(ANNOUNCED) => self.manifest(Table::Events, name),
            () if has(MANIFEST) => self.settled(Table::Events, name),
            () => Ok(None),
        };
        let (manifest, damage) = match manifest {
            Ok(manifest) => (manifest, None),
            Err(error) if error.is_damaged() => (None, Some(error.to_string())),
            Err(error) => return Err(error),
        };
        let hole = if has(HOLE) {
            unless_damaged(self.hole(day))?
        } else {
            None
        };
        Ok(KnownDay { manifest, damage, hole })
    }

    pub(crate) fn schema(&self) -> Result<Option<Schema>, ExportError> {
        self.read_version(Schema::VERSION, &schema_path(), |schema: &Schema| schema.version)
    }

    /// The schema of a folder that must have one.
    pub(crate) fn existing_schema(&self) -> Result<Schema, ExportError> {
        match self.schema()? {
            Some(schema) => Ok(schema),
            None if self.is_used()? => Err(self.without_schema()),
            None => Err(ExportError::unfit(format!(
                "{} is not a folder of exports: it has no _dfinery/schema.json",
                self.name().display()
            ))),
        }
    }

    fn without_schema(&self) -> ExportError {
        let problem = "it is not there, though the folder holds exports, and without it their columns are not known";
        ExportError::damaged(&self.name_of(&schema_path()), problem)
    }

    fn has_manifests(&self, table: Table) -> Result<bool, ExportError> {
        let files = self.files_about(table)?;
        Ok(files
            .iter()
            .any(|file| file.ends_with(MANIFEST) && !file.ends_with(HOLE)))
    }

    fn is_used(&self) -> Result<bool, ExportError> {
        Ok(self.has_manifests(Table::Events)? || self.has_manifests(Table::Profiles)?)
    }

    /// The path of a partition's data, relative to the folder and with slashes.
    pub(crate) fn data_path(table: Table, name: &str, format: Format, compression: Compression) -> String {
        let (folder, key) = (table.folder(), table.partition_key());
        let extension = format.extension(compression);
        format!("{folder}/{key}={name}/part-00000.{extension}")
    }

    /// A file of the folder, to be read.
    pub(crate) fn open(&self, path: &str) -> Result<Option<Opened>, ExportError> {
        self.shelf.open(path)
    }

    /// The paths of all files of a table's partitions, and what cannot be read.
    pub(crate) fn files(&self, table: Table) -> Vec<Result<String, (String, ExportError)>> {
        self.shelf.files(table.folder())
    }

    /// Whether the files of a manifest are there as it says.
    pub(crate) fn holds(&self, manifest: &Manifest) -> Result<bool, ExportError> {
        for file in &manifest.files {
            match self.open(&file.path)? {
                Some(opened) if opened.bytes == file.bytes => {
                    let hash = sha256_of(opened.contents);
                    match hash.map_err(|error| ExportError::file(&self.name_of(&file.path), "read", error)) {
                        Ok(hash) if hash == file.sha256 => {}
                        Ok(_) => return Ok(false),
                        // It was replaced in the meantime.
                        Err(error) if error.is_in_use() => return Ok(false),
                        Err(error) => return Err(error),
                    }
                }
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// A file of ours, if it is there.
    fn read<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ExportError> {
        let text = self.shelf.read(path)?;
        text.map(|text| serde_json::from_slice(&text).map_err(|error| ExportError::damaged(&self.name_of(path), error)))
            .transpose()
    }

    /// A file of ours, if this version can read it.
    fn read_version<T: DeserializeOwned>(
        &self,
        known: u32,
        path: &str,
        version: impl Fn(&T) -> u32,
    ) -> Result<Option<T>, ExportError> {
        match self.read(path)? {
            Some(file) if version(&file) != known => Err(ExportError::damaged(
                &self.name_of(path),
                "another version of dfinery wrote it",
            )),
            file => Ok(file),
        }
    }

    fn write(&self, path: &str, value: &impl Serialize) -> Result<(), ExportError> {
        let text = serde_json::to_vec_pretty(value).map(|mut text| {
            text.push(b'\n');
            text
        });
        let text = text.map_err(|error| ExportError::file(&self.name_of(path), "written", error.into()))?;
        self.shelf.write(path, text)
    }
}

#[cfg(feature = "cloud")]
fn bucket(url: &str) -> Result<Arc<dyn Shelf>, ExportError> {
    Ok(Arc::new(bucket::Bucket::new(url)?))
}

#[cfg(not(feature = "cloud"))]
fn bucket(_url: &str) -> Result<Arc<dyn Shelf>, ExportError> {
    Err(ExportError::without_feature(
        "cloud",
        "this build cannot reach object stores",
    ))
}

impl Claim {
    pub(crate) const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Whether files of this form and selection fit in with those of the folder; in a new folder they decide.
    pub(crate) fn fit(
        &self,
        table: Table,
        form: (Format, Compression),
        selection: &Selection,
    ) -> Result<(), ExportError> {
        let root = self.folder.name();
        let root = root.display();
        let before = self.folder.schema()?;
        let is_used = self.folder.is_used()?;
        if before.is_none() && is_used {
            return Err(self.folder.without_schema());
        }
        let mut schema = before.clone().unwrap_or_else(|| Schema::new(form.0, form.1));
        if is_used {
            if (schema.format, schema.compression) != form {
                return Err(ExportError::unfit(format!(
                    "{root} holds .{} files: readers of the whole folder expect one form",
                    schema.format.extension(schema.compression)
                )));
            }
        } else {
            (schema.format, schema.compression) = form;
        }
        match schema.selection(table) {
            Some(before) if before != selection && self.folder.has_manifests(table)? => {
                return Err(ExportError::unfit(format!(
                    "{root} holds another selection ({before}), and readers of the whole folder expect one: choose another \
                     folder for this one ({selection})"
                )));
            }
            before => *before = Some(selection.clone()),
        }
        if before.as_ref() != Some(&schema) {
            self.write_schema(&schema)?;
        }
        Ok(())
    }

    /// A folder of this machine for files that are not whole yet.
    pub(crate) fn temporary_folder(&self) -> &Path {
        self.hold.temporary_folder()
    }

    /// Makes a file of data the partition of a manifest.
    pub(crate) fn commit(&self, table: Table, data: &Path, manifest: &Manifest) -> Result<(), ExportError> {
        let folder = &self.folder;
        self.hold.confirm()?;
        folder.write(&announced_path(table, &manifest.name), manifest)?;
        for file in &manifest.files {
            folder.shelf.take(data, &file.path, &*self.hold)?;
        }
        self.settle(table, manifest)
    }

    /// Writes a manifest anew whose data stays.
    pub(crate) fn rewrite(&self, table: Table, manifest: &Manifest) -> Result<(), ExportError> {
        self.hold.confirm()?;
        self.folder.write(&manifest_path(table, &manifest.name), manifest)
    }

    /// Notes why a day is missing.
    pub(crate) fn note_hole(&self, hole: &Hole) -> Result<(), ExportError> {
        self.folder.write(&hole_path(hole.day), hole)
    }

    pub(crate) fn write_schema(&self, schema: &Schema) -> Result<(), ExportError> {
        self.folder.write(&schema_path(), schema)
    }

    /// The last step of a commit: the manifest that was announced takes its place.
    fn settle(&self, table: Table, manifest: &Manifest) -> Result<(), ExportError> {
        let name = &manifest.name;
        // The kill that this recovers from may have come before the name of the data was synced.
        for file in &manifest.files {
            self.folder.shelf.sync(&file.path)?;
        }
        self.folder.write(&manifest_path(table, name), manifest)?;
        self.folder.shelf.remove(&announced_path(table, name))?;
        match name.parse() {
            Ok(day) if table == Table::Events => self.folder.shelf.remove(&hole_path(day)),
            _ => Ok(()),
        }
    }

    /// Finishes or drops the commits that a kill has cut short, and removes unfinished files.
    fn recover(&self) -> Result<(), ExportError> {
        let folder = &self.folder;
        for table in [Table::Events, Table::Profiles] {
            let files = folder.files_about(table)?;
            for name in files.iter().filter_map(|file| file.strip_suffix(ANNOUNCED)) {
                match folder.announced(table, name)? {
                    Some(announced) if folder.holds(&announced)? => self.settle(table, &announced)?,
                    _ => folder.shelf.remove(&announced_path(table, name))?,
                }
            }
        }
        self.clear();
        Ok(())
    }

    /// Removes files that are not whole.
    pub(crate) fn clear(&self) {
        self.hold.clear();
    }
}

/// What the names of the files about a partition end in.
const MANIFEST: &str = ".json";
const ANNOUNCED: &str = ".next.json";
const HOLE: &str = ".hole.json";

fn schema_path() -> String {
    format!("{OWN}/schema.json")
}

pub(crate) fn manifest_path(table: Table, name: &str) -> String {
    format!("{OWN}/{}/{name}{MANIFEST}", table.folder())
}

fn announced_path(table: Table, name: &str) -> String {
    format!("{OWN}/{}/{name}{ANNOUNCED}", table.folder())
}

fn hole_path(day: Date) -> String {
    format!("{OWN}/{}/{day}{HOLE}", Table::Events.folder())
}

/// The partitions that files are about, in order.
fn partitions(files: &[String]) -> Vec<String> {
    let name = |file: &String| {
        let name = [HOLE, ANNOUNCED, MANIFEST]
            .iter()
            .find_map(|end| file.strip_suffix(end))?;
        Some(name.to_owned())
    };
    let mut names: Vec<_> = files.iter().filter_map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A file of ours; one that is damaged counts as none.
fn unless_damaged<T>(file: Result<Option<T>, ExportError>) -> Result<Option<T>, ExportError> {
    match file {
        Err(error) if error.is_damaged() => Ok(None),
        file => file,
    }
}

impl Table {
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Profiles => "profiles",
        }
    }

    pub(crate) const fn partition_key(self) -> &'static str {
        match self {
            Self::Events => "dt",
            Self::Profiles => "snapshot",
        }
    }
}
