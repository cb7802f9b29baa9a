//! A folder of exports: where everything is in it, and how a day takes its place.
//!
//! ```text
//! <folder>/events/dt=2026-11-20/part-00000.csv     the rows of a day
//! <folder>/profiles/snapshot=20261127T010203Z/part-00000.csv
//! <folder>/_dfinery/schema.json                    the columns of all files
//! <folder>/_dfinery/events/2026-11-20.json         the manifest of a day: it counts once this is there
//! <folder>/_dfinery/events/2026-11-20.hole.json    why a day is missing
//! <folder>/_dfinery/tmp/                           files that are not whole yet
//! ```
//! A commit writes the data to a temporary file, announces its manifest under another name, gives the data its name and
//! then the manifest its own. A kill between the last two leaves data whose manifest is only announced:
//! [`Folder::manifest`] takes the announced one if it fits the data, and the next exporter finishes the commit.

mod index;
mod manifest;
mod schema;

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use dfinery::engine::{NewFile, sync_folder_of};
use jiff::civil::Date;
use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::index::{Index, KnownDay, Watermark};
pub(crate) use self::manifest::{Hole, Manifest, ManifestFile, Predecessor};
pub(crate) use self::schema::Schema;
use crate::{
    column::Table,
    error::ExportError,
    files::{make_folder, sha256_of, take_name},
    filter::Selection,
    format::{Compression, Format},
};

/// A folder of exports.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

/// The folder, while no other exporter works on it.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    folder: Folder,
    _lock: Arc<File>,
}

impl Folder {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Claims the folder, which is made if it is not there, and puts right what a killed exporter has left.
    pub(crate) fn claim(&self) -> Result<Claim, ExportError> {
        for folder in [
            self.own().join(Table::Events.folder()),
            self.own().join(Table::Profiles.folder()),
            self.temporary_folder(),
        ] {
            make_folder(&folder).map_err(|error| ExportError::file(&folder, "made", error))?;
        }
        let path = self.own().join("lock");
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = opened.map_err(|error| ExportError::file(&path, "opened", error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ExportError::in_use(&self.root)),
            Err(TryLockError::Error(error)) => return Err(ExportError::file(&path, "locked", error)),
        }
        let claim = Claim {
            folder: self.clone(),
            _lock: Arc::new(lock),
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
        let path = self.manifest_path(table, name);
        of_version(Manifest::VERSION, &path, read(&path)?, |manifest: &Manifest| {
            manifest.version
        })
    }

    /// The manifest of a partition; one that is damaged counts as none.
    pub(crate) fn readable_manifest(&self, table: Table, name: &str) -> Result<Option<Manifest>, ExportError> {
        unless_damaged(self.manifest(table, name))
    }

    /// The manifest of a commit that has not ended. One that is damaged announces nothing.
    fn announced(&self, table: Table, name: &str) -> Result<Option<Manifest>, ExportError> {
        unless_damaged(read(&self.announced_path(table, name)))
    }

    /// Why a day is missing, if that was noted.
    pub(crate) fn hole(&self, day: Date) -> Result<Option<Hole>, ExportError> {
        read(&self.hole_path(day))
    }

    /// The names of all partitions of which something is known, in order.
    pub(crate) fn names(&self, table: Table) -> Result<Vec<String>, ExportError> {
        let folder = self.own().join(table.folder());
        let mut names = Vec::new();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
            Err(error) => return Err(ExportError::file(&folder, "read", error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| ExportError::file(&folder, "read", error))?;
            let name = entry.file_name();
            if let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".json")) {
                let name = [".hole", ".next"]
                    .iter()
                    .find_map(|end| name.strip_suffix(end))
                    .unwrap_or(name);
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Reads what is known of all days.
    pub(crate) fn index(&self) -> Result<Index, ExportError> {
        let mut days = BTreeMap::new();
        for name in self.names(Table::Events)? {
            let Ok(day) = name.parse() else { continue };
            let (manifest, damage) = match self.manifest(Table::Events, &name) {
                Ok(manifest) => (manifest, None),
                Err(error) if error.is_damaged() => (None, Some(error.to_string())),
                Err(error) => return Err(error),
            };
            let hole = unless_damaged(self.hole(day))?;
            let known = KnownDay { manifest, damage, hole };
            days.insert(day, known);
        }
        Ok(Index::new(days))
    }

    pub(crate) fn schema(&self) -> Result<Option<Schema>, ExportError> {
        let path = self.schema_path();
        of_version(Schema::VERSION, &path, read(&path)?, |schema: &Schema| schema.version)
    }

    /// The schema of a folder that must have one.
    pub(crate) fn existing_schema(&self) -> Result<Schema, ExportError> {
        match self.schema()? {
            Some(schema) => Ok(schema),
            None if self.is_used()? => Err(self.without_schema()),
            None => Err(ExportError::unfit(format!(
                "{} is not a folder of exports: it has no _dfinery/schema.json",
                self.root.display()
            ))),
        }
    }

    fn without_schema(&self) -> ExportError {
        let problem = "it is not there, though the folder holds exports, and without it their columns are not known";
        ExportError::damaged(&self.schema_path(), problem)
    }

    fn has_manifests(&self, table: Table) -> Result<bool, ExportError> {
        let names = self.names(table)?;
        Ok(names.iter().any(|name| {
            [self.manifest_path(table, name), self.announced_path(table, name)]
                .iter()
                .any(|path| path.exists())
        }))
    }

    fn is_used(&self) -> Result<bool, ExportError> {
        Ok(self.has_manifests(Table::Events)? || self.has_manifests(Table::Profiles)?)
    }

    /// The path of a file of a manifest.
    pub(crate) fn path_of(&self, file: &ManifestFile) -> PathBuf {
        self.root.join(&file.path)
    }

    /// The path of a partition's data, relative to the folder and with slashes.
    pub(crate) fn data_path(table: Table, name: &str, format: Format, compression: Compression) -> String {
        let (folder, key) = (table.folder(), table.partition_key());
        let extension = format.extension(compression);
        format!("{folder}/{key}={name}/part-00000.{extension}")
    }

    /// Whether the files of a manifest are there as it says.
    pub(crate) fn holds(&self, manifest: &Manifest) -> Result<bool, ExportError> {
        for file in &manifest.files {
            let path = self.path_of(file);
            match fs::metadata(&path) {
                Ok(metadata) if metadata.len() == file.bytes => {}
                Ok(_) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(ExportError::file(&path, "read", error)),
            }
            if sha256_of(&path).map_err(|error| ExportError::file(&path, "read", error))? != file.sha256 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn own(&self) -> PathBuf {
        self.root.join("_dfinery")
    }

    fn schema_path(&self) -> PathBuf {
        self.own().join("schema.json")
    }

    pub(crate) fn temporary_folder(&self) -> PathBuf {
        self.own().join("tmp")
    }

    pub(crate) fn manifest_path(&self, table: Table, name: &str) -> PathBuf {
        self.own().join(table.folder()).join(format!("{name}.json"))
    }

    fn announced_path(&self, table: Table, name: &str) -> PathBuf {
        self.own().join(table.folder()).join(format!("{name}.next.json"))
    }

    fn hole_path(&self, day: Date) -> PathBuf {
        self.own().join(Table::Events.folder()).join(format!("{day}.hole.json"))
    }
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
        let root = self.folder.root.display();
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

    /// Makes a file of data the partition of a manifest.
    pub(crate) fn commit(&self, table: Table, data: &Path, manifest: &Manifest) -> Result<(), ExportError> {
        let folder = &self.folder;
        let announced = folder.announced_path(table, &manifest.name);
        write_json(&announced, manifest)?;
        for file in &manifest.files {
            let path = folder.path_of(file);
            take_name(data, &path).map_err(|error| ExportError::file(&path, "written", error))?;
        }
        self.settle(table, manifest)
    }

    /// Writes a manifest anew whose data stays.
    pub(crate) fn rewrite(&self, table: Table, manifest: &Manifest) -> Result<(), ExportError> {
        write_json(&self.folder.manifest_path(table, &manifest.name), manifest)
    }

    /// Notes why a day is missing.
    pub(crate) fn note_hole(&self, hole: &Hole) -> Result<(), ExportError> {
        write_json(&self.folder.hole_path(hole.day), hole)
    }

    pub(crate) fn write_schema(&self, schema: &Schema) -> Result<(), ExportError> {
        write_json(&self.folder.schema_path(), schema)
    }

    /// The last step of a commit: the announced manifest takes its name.
    fn settle(&self, table: Table, manifest: &Manifest) -> Result<(), ExportError> {
        let announced = self.folder.announced_path(table, &manifest.name);
        let path = self.folder.manifest_path(table, &manifest.name);
        // The kill that this recovers from may have come before the name of the data was synced.
        for file in &manifest.files {
            let data = self.folder.path_of(file);
            sync_folder_of(&data).map_err(|error| ExportError::file(&data, "synced", error))?;
        }
        take_name(&announced, &path).map_err(|error| ExportError::file(&path, "written", error))?;
        match manifest.name.parse() {
            Ok(day) if table == Table::Events => remove(&self.folder.hole_path(day)),
            _ => Ok(()),
        }
    }

    /// Finishes or drops the commits that a kill has cut short, and removes unfinished files.
    fn recover(&self) -> Result<(), ExportError> {
        let folder = &self.folder;
        for table in [Table::Events, Table::Profiles] {
            for name in folder.names(table)? {
                match folder.announced(table, &name)? {
                    Some(announced) if folder.holds(&announced)? => self.settle(table, &announced)?,
                    _ => remove(&folder.announced_path(table, &name))?,
                }
            }
        }
        self.clear();
        Ok(())
    }

    /// Removes files that are not whole. What cannot be removed stays: nobody takes it for data.
    pub(crate) fn clear(&self) {
        let entries = fs::read_dir(self.folder.temporary_folder());
        for entry in entries.into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A file of ours, if it is there.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ExportError> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| ExportError::damaged(path, error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ExportError::file(path, "read", error)),
    }
}

/// A file of ours, if this version can read it.
fn of_version<T>(
    known: u32,
    path: &Path,
    file: Option<T>,
    version: impl Fn(&T) -> u32,
) -> Result<Option<T>, ExportError> {
    match file {
        Some(file) if version(&file) != known => Err(ExportError::damaged(path, "another version of dfinery wrote it")),
        file => Ok(file),
    }
}

/// A file of ours; one that is damaged counts as none.
fn unless_damaged<T>(file: Result<Option<T>, ExportError>) -> Result<Option<T>, ExportError> {
    match file {
        Err(error) if error.is_damaged() => Ok(None),
        file => file,
    }
}

fn remove(path: &Path) -> Result<(), ExportError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ExportError::file(path, "removed", error)),
        _ => Ok(()),
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), ExportError> {
    let write = || {
        let mut new = NewFile::create(path, OpenOptions::new().write(true).create_new(true))?;
        serde_json::to_writer_pretty(&mut new, value)?;
        new.write_all(b"\n")?;
        new.finish()
    };
    write().map_err(|error| ExportError::file(path, "written", error))
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
