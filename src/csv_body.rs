//! The CSV of an export: streamed, watched, and never called complete when it is not.

use std::{
    collections::VecDeque,
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
    error::{Failure, Kind},
    export::{LONGEST_FAILURE, failure_in},
    generated::taxonomy::SYSTEM_COLUMNS,
    import::excerpt,
    quota::Permit,
    transport::{Body, Reply},
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
        let mut file = fs::File::create(&part.0).await.map_err(|error| cannot(operation, error))?;
        let mut bytes = 0;
        while let Some(chunk) = self.next().await {
            let chunk = chunk?;
            bytes += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(|error| cannot(operation, error))?;
        }
        file.flush().await.map_err(|error| cannot(operation, error))?;
        file.sync_all().await.map_err(|error| cannot(operation, error))?;
        drop(file);
        fs::rename(&part.0, path).await.map_err(|error| cannot(operation, error))?;
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
        f.debug_struct("Csv").field("operation", &self.operation).field("metadata", &self.metadata).finish_non_exhaustive()
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
                csv::ErrorKind::Deserialize { err, .. } => err.field().and_then(|field| self.columns.get(field as usize)),
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
        f.debug_struct("Record").field("row", &self.row).field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// A body that has begun as CSV.
pub(crate) struct CsvBody {
    state: State,
    /// Pieces that have come and are not given out yet, in case they turn out to be a failure.
    held: VecDeque<Bytes>,
    held_bytes: usize,
    rows: RowCounter,
    /// Given back when everything has come.
    permit: Option<Permit>,
}

enum State {
    Open(Body),
    /// The server has sent everything, and it was found complete.
    Complete,
    Failed,
}

impl CsvBody {
    /// How much of the end is held back: a failure in JSON has some 60 bytes, the last row may be longer.
    const HELD: usize = 64 * 1024;

    /// Reads as far as it takes to tell CSV from something else.
    pub(crate) async fn open(mut reply: Reply, permit: Permit) -> Result<Self, Failure> {
        // HTTP/2, where a stream has an end of its own, is not compiled in.
        let framed = reply.header("content-length").is_some() || reply.header("transfer-encoding").is_some();
        if !framed && !reply.settings.accept_unframed_body {
            let problem = "the server does not say where the body ends, so a lost connection would look like the end \
                           (accept_unframed_body reads it all the same)";
            return Err(Failure::new(Kind::Unreadable(problem.to_owned()), RetryClass::Never, Delivery::Refused));
        }
        let mut body = Self {
            state: State::Complete,
            held: VecDeque::new(),
            held_bytes: 0,
            rows: RowCounter::default(),
            permit: Some(permit),
        };
        while body.first_byte().is_none() {
            match reply.body.next().await.transpose()? {
                Some(chunk) => body.hold(chunk),
                None => return Err(not_csv("the body is empty, where at least a header line was due", &[])),
            }
        }
        if matches!(body.first_byte(), Some(b'{' | b'[' | b'<')) || !body.is_labelled_csv(&mut reply).await? {
            let (rest, _) = reply.body.read(LONGEST_FAILURE).await?;
            body.hold(rest);
            let all = body.concatenated();
            return Err(match failure_in(&all) {
                Some(failure) => failure.with_body(Some(excerpt(&all))),
                None => not_csv("HTTP success, but JSON, HTML or something else came where CSV was due", &all),
            });
        }
        body.state = State::Open(reply.body);
        Ok(body)
    }

    /// Whether the content type allows CSV. It is undocumented, so one that names another format is believed only if
    /// the header line has none of the columns that every export has.
    async fn is_labelled_csv(&mut self, reply: &mut Reply) -> Result<bool, Failure> {
        let label = reply.header("content-type").unwrap_or_default().trim_start().to_ascii_lowercase();
        if !label.starts_with("application/json") && !label.starts_with("text/html") {
            return Ok(true);
        }
        while self.rows.ended_rows == 0 && self.held_bytes < LONGEST_FAILURE {
            match reply.body.next().await.transpose()? {
                Some(chunk) => self.hold(chunk),
                None => break,
            }
        }
        let start = self.concatenated();
        let header = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let header = String::from_utf8_lossy(header);
        let columns: Vec<_> = header.split(',').map(|name| name.trim_matches(['"', '\r', '\u{feff}'])).collect();
        Ok(SYSTEM_COLUMNS.iter().any(|column| columns.contains(&column.name)))
    }

    /// The first byte that is neither white space nor part of a byte-order mark.
    fn first_byte(&self) -> Option<u8> {
        const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
        let bytes = self.held.iter().flatten().copied();
        let mut bytes = bytes.filter(|byte| !BYTE_ORDER_MARK.contains(byte));
        bytes.find(|byte| !byte.is_ascii_whitespace())
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        loop {
            let complete = matches!(self.state, State::Complete);
            if let Some(chunk) = self.release(complete) {
                return Poll::Ready(Some(Ok(chunk)));
            }
            let State::Open(body) = &mut self.state else {
                return Poll::Ready(None);
            };
            match ready!(Pin::new(body).poll_next(cx)) {
                Some(Ok(chunk)) => self.hold(chunk),
                None => match self.check_end() {
                    Ok(()) => {
                        self.state = State::Complete;
                        self.permit = None;
                    }
                    Err(failure) => return Poll::Ready(Some(Err(self.fail(failure)))),
                },
                Some(Err(failure)) => return Poll::Ready(Some(Err(self.fail(failure)))),
            }
        }
    }

    fn hold(&mut self, chunk: Bytes) {
        self.rows.feed(&chunk);
        self.held_bytes += chunk.len();
        self.held.push_back(chunk);
    }

    /// The oldest piece, unless it belongs to what must be held back.
    fn release(&mut self, everything: bool) -> Option<Bytes> {
        let oldest = self.held.front()?.len();
        let beyond = self.held_bytes.saturating_sub(Self::HELD);
        if everything || oldest <= beyond {
            self.held_bytes -= oldest;
            return self.held.pop_front();
        }
        let piece = (beyond > 0).then(|| self.held.front_mut().map(|piece| piece.split_to(beyond)))??;
        self.held_bytes -= piece.len();
        Some(piece)
    }

    fn fail(&mut self, failure: Failure) -> Failure {
        self.state = State::Failed;
        self.held.clear();
        failure
    }

    /// Whether the end of the body is the end of the data.
    fn check_end(&mut self) -> Result<(), Failure> {
        let tail = self.concatenated();
        if let Some(failure) = failure_at_the_end(&tail) {
            return Err(failure);
        }
        self.rows.check_end(&tail).map_err(|problem| {
            Failure::new(Kind::Truncated(problem), RetryClass::Backoff, Delivery::Unknown)
        })
    }

    fn concatenated(&self) -> Vec<u8> {
        self.held.iter().flatten().copied().collect()
    }
}

fn failure(kind: Kind) -> Failure {
    Failure::new(kind, RetryClass::Never, Delivery::Refused)
}

fn not_csv(problem: &str, body: &[u8]) -> Failure {
    Failure::new(Kind::Unreadable(problem.to_owned()), RetryClass::Backoff, Delivery::Unknown)
        .with_body(Some(excerpt(body)))
}

/// The failure in JSON with which a CSV ends, wherever it begins: in CSV a quote within a field is doubled, so a field
/// cannot look like it.
fn failure_at_the_end(tail: &[u8]) -> Option<Failure> {
    let start = tail.len().saturating_sub(4 * 1024);
    let last = &tail[start..];
    memchr::memchr_iter(b'{', last).find_map(|brace| failure_in(&last[brace..]))
}

/// Counts rows, and knows where the last one begins and whether it is whole.
#[derive(Default)]
pub(crate) struct RowCounter {
    bytes: u64,
    in_quotes: bool,
    ended_rows: u64,
    row_start: u64,
    /// The first row, until it is whole.
    header: Vec<u8>,
    columns: Option<usize>,
}

impl RowCounter {
    /// A header longer than this is not counted.
    const LONGEST_HEADER: usize = 1024 * 1024;

    fn feed(&mut self, chunk: &[u8]) {
        for position in memchr::memchr2_iter(b'"', b'\n', chunk) {
            if chunk[position] == b'"' {
                self.in_quotes = !self.in_quotes;
            } else if !self.in_quotes {
                self.ended_rows += 1;
                self.row_start = self.bytes + position as u64 + 1;
                if self.ended_rows == 1 {
                    self.header.extend_from_slice(&chunk[..position]);
                    self.columns = fields(&std::mem::take(&mut self.header));
                }
            }
        }
        if self.ended_rows == 0 && self.header.len() < Self::LONGEST_HEADER {
            self.header.extend_from_slice(chunk);
        }
        self.bytes += chunk.len() as u64;
    }

    /// Rows without the header.
    fn data_rows(&self) -> u64 {
        let unended = u64::from(self.row_start < self.bytes);
        (self.ended_rows + unended).saturating_sub(1)
    }

    /// Whether the body, which ends with `tail`, ends with a whole row.
    fn check_end(&self, tail: &[u8]) -> Result<(), String> {
        if self.in_quotes {
            return Err("the body ends within a quoted field".to_owned());
        }
        let unended = usize::try_from(self.bytes - self.row_start).unwrap_or(usize::MAX);
        if unended == 0 || unended > tail.len() {
            return Ok(());
        }
        let last = fields(&tail[tail.len() - unended..]);
        match (self.columns, last) {
            (Some(columns), Some(last)) if last < columns => {
                Err(format!("the last row has {last} of {columns} fields"))
            }
            _ => Ok(()),
        }
    }
}

fn fields(row: &[u8]) -> Option<usize> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(row);
    let record = reader.byte_records().next()?.ok()?;
    Some(record.len())
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
                    let problem = format!("row {} has {} fields, the header has {}", self.row, fields.len(), columns.len());
                    return Err(self.csv.error(failure(Kind::Row(problem))));
                }
                let columns = Arc::clone(columns);
                return Ok(Some(Record { columns, fields, row: self.row }));
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
        self.whole = Some(csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(whole));
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
