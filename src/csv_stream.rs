//! The CSV of an export for its reader: bytes, rows, values of a type, or a file.

use std::{
    fmt,
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use csv::{ByteRecord, StringRecord};
use csv_core::ReadRecordResult;
use futures_core::{Stream, stream::BoxStream};
use futures_util::{StreamExt, stream};
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;

use crate::{
    Delivery, Error, Metadata, Operation, RetryClass,
    byte_order_mark::ByteOrderMark,
    child_task::ChildTask,
    csv_body::CsvBody,
    failure::{Failure, Kind},
    new_file::NewFile,
    piece_writer::PieceWriter,
    to_be_synced::ToBeSynced,
};

/// The CSV of an export, as it comes from the server: a stream of pieces of bytes.
///
/// Only about the last 64 KiB are held in memory, besides a longer header line. A body that is cut off, ends inside a row, or
/// holds something else than rows of its table, such as a failure or a page of a gateway, gives an error at the latest at
/// its end: the data read before it is incomplete. The export occupies one of the five that may run at once
/// until this is read to its end or dropped.
///
/// Source: [`Operation::ExportEvents`], [`Operation::ExportUserProfiles`].
pub struct Csv {
    body: CsvBody,
    metadata: Metadata,
    operation: Operation,
}

/// What [`Csv::save`] has written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its rows, without the header.
    pub rows: u64,
}

impl Csv {
    pub(crate) fn new(body: CsvBody, metadata: Metadata, operation: Operation) -> Self {
        Self {
            body,
            metadata,
            operation,
        }
    }

    /// Rows so far, without the header.
    #[cfg(feature = "_engine")]
    pub(crate) fn data_rows(&self) -> u64 {
        self.body.rows.data_rows()
    }

    /// Attempts, time until the CSV began, HTTP status and quota.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Writes the CSV to a file, which appears under its name only when it is complete.
    ///
    /// Only its owner can read the file, since it may hold data of persons; see [`save_shared`](Self::save_shared). Until
    /// it is complete the bytes go to a file beside it, under its own name that ends in `.part`. It is removed on failure;
    /// a killed process leaves one, which the next save in that folder removes. An existing file of the name is replaced.
    ///
    /// # Errors
    /// If the export is not complete, or the file cannot be written.
    pub async fn save(self, path: impl AsRef<Path>) -> Result<Saved, Error> {
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        self.save_to(path.as_ref(), options).await
    }

    /// As [`save`](Self::save), but the file can be read by everybody whom the system lets read new files of this process.
    ///
    /// # Errors
    /// If the export is not complete, or the file cannot be written.
    pub async fn save_shared(self, path: impl AsRef<Path>) -> Result<Saved, Error> {
        self.save_to(path.as_ref(), OpenOptions::new()).await
    }

    async fn save_to(self, path: &Path, mut options: OpenOptions) -> Result<Saved, Error> {
        let (operation, metadata) = (self.operation, self.metadata.clone());
        let file_error = |error| file_failure(path, error).into_error(operation, metadata.clone(), None);
        let target = path.to_owned();
        options.write(true).create_new(true);
        let new = blocking(move || NewFile::create(&target, &options));
        let new = new.await.map_err(file_error)?;
        let writer = PieceWriter::new(ToBeSynced::new(new.file().try_clone().map_err(file_error)?));
        // A task runs on the thread of the connection, where the next piece is at hand without waking another thread.
        let copied = ChildTask::spawn(self.copy_to(writer, path.to_owned())).await;
        let (bytes, rows) = copied.map_err(|error| file_error(io::Error::other(error)))??;
        blocking(move || new.finish()).await.map_err(file_error)?;
        Ok(Saved {
            path: path.to_owned(),
            bytes,
            rows,
        })
    }

    /// Returns how many bytes and rows it has written.
    async fn copy_to(mut self, mut writer: PieceWriter<ToBeSynced>, path: PathBuf) -> Result<(u64, u64), Error> {
        let mut bytes = 0;
        while let Some(piece) = self.next().await {
            let piece = piece?;
            bytes += piece.len() as u64;
            let written = writer.write(piece).await;
            written.map_err(|error| self.error(file_failure(&path, error)))?;
        }
        let written = writer.finish().await;
        written.map_err(|error| self.error(file_failure(&path, error)))?;
        Ok((bytes, self.body.rows.data_rows()))
    }

    /// Reads the CSV into memory, at most `limit` bytes of it.
    ///
    /// # Errors
    /// If the export is not complete, or longer than the limit.
    pub async fn bytes(mut self, limit: usize) -> Result<Bytes, Error> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.next().await {
            all.extend_from_slice(&chunk?);
            if all.len() > limit {
                return Err(self.error(failure(Kind::Row(format!("the export is longer than {limit} bytes")))));
            }
        }
        Ok(all.freeze())
    }

    /// Reads the CSV row by row; fields are found by the name of their column, never by position.
    ///
    /// If the stream ends with an error, the rows before it are incomplete.
    #[must_use]
    pub fn records(self) -> BoxStream<'static, Result<Record, Error>> {
        stream::try_unfold(Rows::new(self), |mut rows| async move {
            Ok(rows.next().await?.map(|record| (record, rows)))
        })
        .boxed()
    }

    /// Reads the CSV into values of your own type, whose fields are named like the columns.
    ///
    /// ```no_run
    /// # async fn run(csv: dfinery::Csv) -> Result<(), dfinery::Error> {
    /// use futures_util::TryStreamExt;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Purchase {
    ///     df_unified_id: String,
    ///     df_total_purchase_amount: Option<f64>,
    /// }
    /// let mut purchases = csv.rows::<Purchase>();
    /// while let Some(purchase) = purchases.try_next().await? {
    ///     println!("{}: {:?}", purchase.df_unified_id, purchase.df_total_purchase_amount);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn rows<T: DeserializeOwned + Send + 'static>(self) -> BoxStream<'static, Result<T, Error>> {
        let (operation, metadata) = (self.operation, self.metadata.clone());
        self.records()
            .map(move |record| {
                record?
                    .deserialize()
                    .map_err(|problem| failure(Kind::Row(problem)).into_error(operation, metadata.clone(), None))
            })
            .boxed()
    }

    fn error(&self, failure: Failure) -> Error {
        failure.into_error(self.operation, self.metadata.clone(), None)
    }
}

impl Stream for Csv {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(self.body.poll_chunk(cx));
        Poll::Ready(chunk.map(|chunk| chunk.map_err(|failure| self.error(failure))))
    }
}

impl fmt::Debug for Csv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csv")
            .field("operation", &self.operation)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

/// One row of an export.
///
/// `Debug` shows the names of the columns and never a value, which may be personal.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    columns: Arc<StringRecord>,
    fields: StringRecord,
    row: u64,
}

impl Record {
    /// The field of a column; `None` if there is no such column. A missing value is an empty text.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&str> {
        let position = self.columns.iter().position(|name| name == column)?;
        self.fields.get(position)
    }

    /// Columns and fields, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().zip(&self.fields)
    }

    /// The number of the row; the first one after the header is 1.
    #[must_use]
    pub fn row(&self) -> u64 {
        self.row
    }

    fn deserialize<T: DeserializeOwned>(&self) -> Result<T, String> {
        self.fields.deserialize(Some(&self.columns)).map_err(|error| {
            // The error's own message may hold the field's value, so give only its place.
            let field = match error.kind() {
                csv::ErrorKind::Deserialize { err, .. } => err.field(),
                _ => None,
            };
            let column = field.and_then(|field| self.columns.get(usize::try_from(field).ok()?));
            let place = column.map_or(String::new(), |column| format!(", column {column}"));
            format!("row {}{place} does not fit the type it is read into", self.row)
        })
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("row", &self.row)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

fn failure(kind: Kind) -> Failure {
    Failure::new(kind, RetryClass::Never, Delivery::Processed)
}

fn file_failure(path: &Path, error: io::Error) -> Failure {
    let problem = format!("{} cannot be written: {error}", path.display());
    failure(Kind::File(problem)).with_source(error)
}

/// Rows, read from the pieces as they come.
struct Rows {
    csv: Csv,
    mark: ByteOrderMark,
    chunk: Bytes,
    ended: bool,
    reader: csv_core::Reader,
    /// The fields of the current row, one after another, and where each of them ends.
    fields: Vec<u8>,
    ends: Vec<usize>,
    filled: (usize, usize),
    columns: Option<Arc<StringRecord>>,
    row: u64,
}

impl Rows {
    /// A row longer than this is an error: it would have to be held in memory.
    const LONGEST_ROW: usize = 16 * 1024 * 1024;

    fn new(csv: Csv) -> Self {
        Self {
            csv,
            mark: ByteOrderMark::default(),
            chunk: Bytes::new(),
            ended: false,
            reader: csv_core::Reader::new(),
            fields: vec![0; 1024],
            ends: vec![0; 64],
            filled: (0, 0),
            columns: None,
            row: 0,
        }
    }

    async fn next(&mut self) -> Result<Option<Record>, Error> {
        loop {
            // The reader takes an empty read for the end.
            while self.chunk.is_empty() && !self.ended {
                match self.csv.next().await.transpose()? {
                    Some(chunk) => {
                        self.chunk = match self.mark.skip(&chunk) {
                            ([], rest) => chunk.slice_ref(rest),
                            (before, rest) => [before, rest].concat().into(),
                        };
                    }
                    None => self.ended = true,
                }
            }
            let (result, read, written, ended) = self.reader.read_record(
                &self.chunk,
                &mut self.fields[self.filled.0..],
                &mut self.ends[self.filled.1..],
            );
            self.chunk.advance(read);
            self.filled.0 += written;
            self.filled.1 += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.fields.len() >= Self::LONGEST_ROW => {
                    return Err(self.bad_row(&format!("is longer than {} bytes", Self::LONGEST_ROW)));
                }
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::Record => {
                    if let Some(record) = self.record()? {
                        return Ok(Some(record));
                    }
                }
            }
        }
    }

    /// The row that was read, unless it is the header.
    fn record(&mut self) -> Result<Option<Record>, Error> {
        let (_, count) = std::mem::take(&mut self.filled);
        let ends = &self.ends[..count];
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let fields: ByteRecord = starts.zip(ends).map(|(start, end)| &self.fields[start..*end]).collect();
        let Ok(fields) = StringRecord::from_byte_record(fields) else {
            return Err(self.bad_row("is not UTF-8"));
        };
        let Some(columns) = &self.columns else {
            self.columns = Some(Arc::new(fields));
            return Ok(None);
        };
        self.row += 1;
        if fields.len() != columns.len() {
            let problem = format!("has {} fields, the header has {}", fields.len(), columns.len());
            return Err(self
                .csv
                .error(failure(Kind::Row(format!("row {} {problem}", self.row)))));
        }
        Ok(Some(Record {
            columns: Arc::clone(columns),
            fields,
            row: self.row,
        }))
    }

    fn bad_row(&self, problem: &str) -> Error {
        let place = if self.columns.is_some() {
            format!("row {}", self.row + 1)
        } else {
            "the header".to_owned()
        };
        self.csv.error(failure(Kind::Row(format!("{place} {problem}"))))
    }
}

/// Runs blocking work on another thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
