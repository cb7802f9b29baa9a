//! What comes from one request: a file of its own, or a snapshot of all profiles in a folder.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use dfinery::{UserProfileQuery, engine::ToBeSynced};
use dfinery_records::Taxonomy;
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::Serialize;
use serde_json::json;

use crate::{
    blocking::blocking,
    column::{Column, Table},
    convert::{Conversion, FRONT_ALONE, Lead, Output, header, supported},
    error::{ExportError, Stopped},
    exporter::{Exporter, export_name},
    fetch::{Failed, Query},
    files::{Temporary, new_file, take_name},
    filter::{NameFilter, Selection, event_query},
    folder::{Folder, Manifest, ManifestFile},
    format::{Compression, Format},
    not_converted::NotConverted,
    spool::Raw,
    workspace::Workspace,
};

/// What to export with one request, and how it is written.
#[derive(Clone, Debug)]
pub struct FileExport {
    /// What.
    pub query: FileQuery,
    /// The format of the file.
    pub format: Format,
    /// Its compression.
    pub compression: Compression,
}

/// What to ask for with one request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FileQuery {
    /// Events from one day to another, exactly as the service reads these dates.
    Events {
        /// The first day.
        from: Date,
        /// The last day.
        until: Date,
        /// Which events.
        events: NameFilter,
        /// Which of their properties.
        properties: NameFilter,
    },
    /// All user profiles, or those of an audience.
    Profiles(ProfileFilter),
}

/// Which user profiles, and which of their properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileFilter {
    /// The id of an audience, from the console; all users if unset.
    pub audience: Option<String>,
    /// Which properties.
    pub properties: NameFilter,
}

/// The account of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileReceipt {
    /// The file, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Its rows, without a header.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// Requests made for it.
    pub calls: u64,
    /// Requests that are left of the quota, if known.
    pub calls_left: Option<u64>,
    /// Cells that did not fit the type of their column, by column.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unparsed: BTreeMap<String, u64>,
}

impl Exporter {
    /// Makes one request and writes its answer to a file, which appears under its name only when it is whole. A CSV is
    /// written byte for byte as it came; other formats have the service's columns, and one with the cells that do not fit
    /// their type.
    ///
    /// Dropping the future leaves the file as it was, or replaced as a whole.
    ///
    /// # Errors
    /// If the service does not give what was asked for, the file cannot be written, or something else than a file has that
    /// name.
    pub async fn save(&self, export: &FileExport, path: impl AsRef<Path>) -> Result<FileReceipt, ExportError> {
        let target = path.as_ref().to_owned();
        match fs::symlink_metadata(&target) {
            Ok(metadata) if !metadata.is_file() => {
                let problem = format!("{} is there and is not a file, so it is not replaced", target.display());
                return Err(ExportError::unfit(problem));
            }
            _ => {}
        }
        let workspace = Workspace::beside(&target)?;
        let (part, receipt) = self.fetch_file(export, &workspace).await?;
        let to = target.clone();
        blocking(move || take_name(&part, &to).map_err(|error| ExportError::file(&to, "written", error))).await?;
        Ok(FileReceipt {
            path: Some(target),
            ..receipt
        })
    }

    /// As [`save`](Self::save), but writes to something that is not a file, once the answer is whole. Until then it is kept
    /// in the state folder.
    ///
    /// Dropping the future before that writes nothing.
    ///
    /// # Errors
    /// As those of [`save`](Self::save).
    pub async fn write(
        &self,
        export: &FileExport,
        mut out: impl io::Write + Send + 'static,
    ) -> Result<FileReceipt, ExportError> {
        let workspace = Workspace::of_state(self.state())?;
        let (part, receipt) = self.fetch_file(export, &workspace).await?;
        blocking(move || {
            let copied = File::open(&part).and_then(|mut part| io::copy(&mut part, &mut out));
            let written = copied.and_then(|_| out.flush());
            written.map_err(|error| ExportError::file(Path::new("the output"), "written", error))
        })
        .await?;
        Ok(receipt)
    }

    /// Makes one request and writes its answer to a file of a workspace.
    async fn fetch_file(
        &self,
        export: &FileExport,
        workspace: &Workspace,
    ) -> Result<(PathBuf, FileReceipt), ExportError> {
        supported(export.format).map_err(ExportError::conversion)?;
        let (raw, calls) = self.fetch_one(export.query.request(), workspace.folder()).await?;
        let part = workspace.folder().join("part");
        let (options, taxonomy, time_zone) = (export.clone(), self.taxonomy().clone(), self.time_zone().cloned());
        let to = part.clone();
        let (rows, bytes, unparsed) =
            blocking(move || Ok(write_alone(&options, &raw, &taxonomy, time_zone, &to)?)).await?;
        self.progress().ends(rows);
        let receipt = FileReceipt {
            path: None,
            rows,
            bytes,
            calls,
            calls_left: self.progress().snapshot().calls_left,
            unparsed,
        };
        Ok((part, receipt))
    }

    /// Exports a snapshot of all profiles to a folder, or to a place in an object store, beside the earlier ones.
    ///
    /// Dropping the future ends the export; the snapshot is then either there as a whole or not at all.
    ///
    /// # Errors
    /// If the service does not give what was asked for, another exporter works on the folder, its files are of another
    /// format or another selection, or one cannot be read or written.
    pub async fn export_profiles(
        &self,
        profiles: &ProfileFilter,
        format: Format,
        compression: Compression,
        folder: impl AsRef<Path>,
    ) -> Result<FileReceipt, ExportError> {
        supported(format).map_err(ExportError::conversion)?;
        let now = self.now();
        let (folder, state) = (folder.as_ref().to_owned(), self.state().to_owned());
        let selection = Selection::of_profiles(profiles.audience.as_deref(), &profiles.properties);
        let query = json!(selection);
        let begin = move || {
            let claim = Folder::at(&folder)?.claim(&state)?;
            claim.fit(Table::Profiles, (format, compression), &selection)?;
            let name = snapshot_name(now, &claim.folder().names(Table::Profiles)?);
            Ok((claim, name))
        };
        let (claim, name) = blocking(begin).await?;
        let temporary = claim.temporary_folder().to_owned();
        let (raw, calls) = self.fetch_one(profiles.request(), &temporary).await?;
        let writer = self.writer(format, compression);
        let part = Temporary::new(temporary.join(format!("{name}.part")));
        let export = export_name(now);
        let lead = Lead {
            day: now.to_zoned(self.time_zone().cloned().unwrap_or(TimeZone::UTC)).date(),
            exported_at: now,
            export: export.clone(),
        };
        let turn = writer.turn().await;
        let (converted, columns) = turn
            .write(&claim, Table::Profiles, vec![raw.path().to_owned()], lead, part.path())
            .await?;
        let path = writer.data_path(Table::Profiles, &name);
        let saved = claim.folder().name_of(&path);
        let file = ManifestFile {
            path,
            bytes: converted.bytes,
            rows: converted.rows,
            sha256: converted.sha256,
        };
        let manifest = Manifest {
            version: Manifest::VERSION,
            name,
            files: vec![file],
            rows: converted.rows,
            columns,
            events: BTreeMap::new(),
            unparsed: converted.unparsed.clone(),
            query,
            parts: 1,
            attempts: calls,
            export,
            exported_at: now,
            asked_at: now,
            is_final: true,
            time_zone: writer.time_zone_name(),
            generation: 1,
            predecessor: None,
            content: raw.content(),
        };
        blocking(move || {
            claim.commit(Table::Profiles, part.path(), &manifest)?;
            claim.clear();
            Ok(())
        })
        .await?;
        self.progress().ends(converted.rows);
        Ok(FileReceipt {
            path: Some(saved),
            rows: converted.rows,
            bytes: converted.bytes,
            calls,
            calls_left: self.progress().snapshot().calls_left,
            unparsed: converted.unparsed,
        })
    }

    async fn fetch_one(&self, query: Query, folder: &Path) -> Result<(Raw, u64), ExportError> {
        self.progress().begins(1);
        let fetcher = self.fetcher(folder)?;
        let mut calls = 0;
        let answer = fetcher.fetch(&query, &mut calls).await;
        let raw = answer.map_err(|failed| match failed {
            Failed::Run(stopped) => ExportError::stopped(stopped),
            Failed::Disk(error) => error,
            Failed::Gone(error) => ExportError::stopped(Stopped::Refused(error)),
            Failed::Query(failed) if failed.error.is_retryable() => {
                ExportError::stopped(Stopped::Failing(Box::new(failed.error)))
            }
            Failed::Query(failed) => ExportError::stopped(Stopped::Refused(Box::new(failed.error))),
        })?;
        Ok((raw, calls))
    }
}

/// Writes an answer as a file with the service's columns alone. Returns its rows, its length and the cells that did not fit.
fn write_alone(
    export: &FileExport,
    raw: &Raw,
    taxonomy: &Taxonomy,
    time_zone: Option<TimeZone>,
    to: &Path,
) -> Result<(u64, u64, BTreeMap<String, u64>), NotConverted> {
    if export.format != Format::Csv {
        let table = export.query.table();
        let names = header(raw.path(), &FRONT_ALONE)?;
        let columns: Vec<_> = names.iter().map(|name| Column::named(name, table, taxonomy)).collect();
        let conversion = Conversion {
            parts: &[raw.path().to_owned()],
            columns: &columns,
            lead: None,
            time_zone,
            format: export.format,
            compression: export.compression,
        };
        let converted = conversion.write(ToBeSynced::new(new_file(to)?))?;
        return Ok((converted.rows, converted.bytes, converted.unparsed));
    }
    let bytes = if export.compression == Compression::None {
        fs::rename(raw.path(), to).and_then(|()| fs::metadata(to).map(|metadata| metadata.len()))
    } else {
        let file = ToBeSynced::new(new_file(to)?);
        let write = || {
            let mut output = Output::new(file, export.compression)?;
            io::copy(&mut File::open(raw.path())?, &mut output)?;
            output.finish().map(|written| written.bytes)
        };
        write()
    };
    let bytes = bytes.map_err(|error| ExportError::file(to, "written", error))?;
    Ok((raw.rows, bytes, BTreeMap::new()))
}

impl FileQuery {
    fn request(&self) -> Query {
        match self {
            Self::Events {
                from,
                until,
                events,
                properties,
            } => Query::Events(event_query(*from, *until, events, properties)),
            Self::Profiles(profiles) => profiles.request(),
        }
    }

    const fn table(&self) -> Table {
        match self {
            Self::Events { .. } => Table::Events,
            Self::Profiles(_) => Table::Profiles,
        }
    }
}

impl ProfileFilter {
    fn request(&self) -> Query {
        let query = match &self.properties {
            NameFilter::All => UserProfileQuery::all(),
            NameFilter::Only(names) => UserProfileQuery::all().only_properties(names),
            NameFilter::Without(names) => UserProfileQuery::all().without_properties(names),
        };
        Query::Profiles(match &self.audience {
            Some(audience) => query.with_identities().audience(audience),
            None => query.with_identities(),
        })
    }
}

/// The name of a snapshot: the time to the second, or the next one that no other snapshot has.
fn snapshot_name(now: Timestamp, taken: &[String]) -> String {
    let mut time = now;
    loop {
        let name = time.strftime("%Y%m%dT%H%M%SZ").to_string();
        match time.checked_add(1.second()) {
            Ok(next) if taken.contains(&name) => time = next,
            _ => return name,
        }
    }
}
