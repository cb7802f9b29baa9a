//! The CSV of an export for its reader: bytes, rows, values of a type, or a file.

use std::{
    fmt,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use csv::StringRecord;
use futures_core::{Stream, stream::BoxStream};
use futures_util::{StreamExt, stream};
use serde::de::DeserializeOwned;
use tokio::{fs, io::AsyncWriteExt};

use crate::{
    Delivery, Error, Metadata, Operation, RetryClass,
    csv_body::{CsvBody, RowCounter},
    error::{Failure, Kind},
};

/// The CSV of an export, as it comes from the server: a stream of pieces of bytes.
///
/// Nothing is held in memory but the last 64 KiB. A body that is cut, that ends with a failure in JSON, or that ends
/// within a row is an error at its end: whatever was read before is incomplete. One of the five exports that may run at
/// the same time is taken until this is read to its end or dropped.
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

    /// Attempts, time until the CSV began, HTTP status and quota.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Writes the CSV to a file, which appears under its name only when it is complete.
    ///
    /// Until then the bytes go to a file beside it with `.part` added to its name; it is removed on failure, and one
    /// that a killed process left is written over. A file of that name is replaced.
    ///
    /// # Errors
    /// If the export is not complete, or the file cannot be written.
    pub async fn save(mut self, path: impl AsRef<Path>) -> Result<Saved, Error> {
        let path = path.as_ref();
        let part = PartFile::beside(path);
        let cannot = |operation, error| Error::file(operation, path, error);
        let operation = self.operation;
        let mut file = fs::File::create(&part.0)
            .await
            .map_err(|error| cannot(operation, error))?;
        let mut bytes = 0;
        while let Some(chunk) = self.next().await {
            let chunk = chunk?;
            bytes += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(|error| cannot(operation, error))?;
        }
        file.flush().await.map_err(|error| cannot(operation, error))?;
        file.sync_all().await.map_err(|error| cannot(operation, error))?;
        drop(file);
        fs::rename(&part.0, path)
            .await
            .map_err(|error| cannot(operation, error))?;
        Ok(Saved {
            path: path.to_owned(),
            bytes,
            rows: self.body.rows.data_rows(),
        })
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
    /// A row that ends the stream with an error means that the rows before it are not all.
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
        let operation = self.operation;
        self.records().map(move |record| record?.deserialize(operation)).boxed()
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

    fn deserialize<T: DeserializeOwned>(&self, operation: Operation) -> Result<T, Error> {
        self.fields.deserialize(Some(&self.columns)).map_err(|error| {
            // The error's own words may hold the field's value, so only its place is told.
            let column = match error.kind() {
                csv::ErrorKind::Deserialize { err, .. } => err
                    .field()
                    .and_then(|field| self.columns.get(usize::try_from(field).ok()?)),
                _ => None,
            };
            let place = column.map_or(String::new(), |column| format!(", column {column}"));
            let problem = format!("row {}{place} does not fit the type it is read into", self.row);
            failure(Kind::Row(problem)).into_error(operation, Metadata::default(), None)
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
    Failure::new(kind, RetryClass::Never, Delivery::Refused)
}

/// Whole rows, cut out of the stream of bytes.
struct Rows {
    csv: Csv,
    counter: RowCounter,
    /// The beginning of a row that has not come whole.
    rest: BytesMut,
    whole: Option<csv::Reader<bytes::buf::Reader<Bytes>>>,
    columns: Option<Arc<StringRecord>>,
    row: u64,
}

impl Rows {
    /// A row longer than this is an error: it cannot be held in memory.
    const LONGEST_ROW: usize = 16 * 1024 * 1024;

    fn new(csv: Csv) -> Self {
        Self {
            csv,
            counter: RowCounter::default(),
            rest: BytesMut::new(),
            whole: None,
            columns: None,
            row: 0,
        }
    }

    async fn next(&mut self) -> Result<Option<Record>, Error> {
        loop {
            if let Some(fields) = self.parse()? {
                let Some(columns) = &self.columns else {
                    self.columns = Some(Arc::new(fields));
                    continue;
                };
                self.row += 1;
                if fields.len() != columns.len() {
                    let problem = format!(
                        "row {} has {} fields, the header has {}",
                        self.row,
                        fields.len(),
                        columns.len()
                    );
                    return Err(self.csv.error(failure(Kind::Row(problem))));
                }
                let columns = Arc::clone(columns);
                return Ok(Some(Record {
                    columns,
                    fields,
                    row: self.row,
                }));
            }
            let begun = self.counter.bytes - self.rest.len() as u64;
            match self.csv.next().await.transpose()? {
                Some(chunk) => {
                    self.counter.feed(&chunk);
                    self.rest.extend_from_slice(&chunk);
                    let ended = usize::try_from(self.counter.row_start.saturating_sub(begun)).unwrap_or_default();
                    self.read(ended);
                }
                None if self.rest.is_empty() => return Ok(None),
                None => self.read(self.rest.len()),
            }
            if self.rest.len() > Self::LONGEST_ROW {
                let problem = format!("row {} is longer than {} bytes", self.row + 1, Self::LONGEST_ROW);
                return Err(self.csv.error(failure(Kind::Row(problem))));
            }
        }
    }

    /// Takes the first `length` bytes as whole rows.
    fn read(&mut self, length: usize) {
        let whole = self.rest.split_to(length).freeze().reader();
        self.whole = Some(
            csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(whole),
        );
    }

    fn parse(&mut self) -> Result<Option<StringRecord>, Error> {
        let Some(whole) = &mut self.whole else {
            return Ok(None);
        };
        let mut fields = StringRecord::new();
        match whole.read_record(&mut fields) {
            Ok(true) => Ok(Some(fields)),
            Ok(false) => Ok(None),
            Err(_) => {
                let problem = format!("row {} is not UTF-8", self.row + 1);
                Err(self.csv.error(failure(Kind::Row(problem))))
            }
        }
    }
}

/// The file beside the one to be; removed unless it was renamed.
struct PartFile(PathBuf);

impl PartFile {
    fn beside(path: &Path) -> Self {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        Self(part.into())
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        // After the rename there is nothing of that name, and before it a failure here changes nothing.
        let _ = std::fs::remove_file(&self.0);
    }
}
