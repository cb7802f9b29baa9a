//! The body of an export: watched from its first byte to its last, and never called complete when it is not.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;

use crate::{
    Delivery, RetryClass,
    error::{Failure, Kind},
    export::{LONGEST_FAILURE, failure_in},
    generated::taxonomy::SYSTEM_COLUMNS,
    import::excerpt,
    quota::Permit,
    transport::{Body, Reply},
};

/// A body that has begun as CSV.
pub(crate) struct CsvBody {
    state: State,
    /// Pieces that have come and are not given out yet, in case they turn out to be a failure.
    held: VecDeque<Bytes>,
    held_bytes: usize,
    pub(crate) rows: RowCounter,
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
            return Err(Failure::new(
                Kind::Unreadable(problem.to_owned()),
                RetryClass::Never,
                Delivery::Refused,
            ));
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
                None => not_csv(
                    "HTTP success, but JSON, HTML or something else came where CSV was due",
                    &all,
                ),
            });
        }
        body.state = State::Open(reply.body);
        Ok(body)
    }

    /// Whether the content type allows CSV. It is undocumented, so one that names another format is believed only if
    /// the header line has none of the columns that every export has.
    async fn is_labelled_csv(&mut self, reply: &mut Reply) -> Result<bool, Failure> {
        let label = reply
            .header("content-type")
            .unwrap_or_default()
            .trim_start()
            .to_ascii_lowercase();
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
        let columns: Vec<_> = header
            .split(',')
            .map(|name| name.trim_matches(['"', '\r', '\u{feff}']))
            .collect();
        Ok(SYSTEM_COLUMNS.iter().any(|column| columns.contains(&column.name)))
    }

    /// The first byte that is neither white space nor part of a byte-order mark.
    fn first_byte(&self) -> Option<u8> {
        const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
        let bytes = self.held.iter().flatten().copied();
        let mut bytes = bytes.filter(|byte| !BYTE_ORDER_MARK.contains(byte));
        bytes.find(|byte| !byte.is_ascii_whitespace())
    }

    /// The next piece that is known to be data; a failure ends the stream.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
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
        self.rows
            .check_end(&tail)
            .map_err(|problem| Failure::new(Kind::Truncated(problem), RetryClass::Backoff, Delivery::Unknown))
    }

    fn concatenated(&self) -> Vec<u8> {
        self.held.iter().flatten().copied().collect()
    }
}

fn not_csv(problem: &str, body: &[u8]) -> Failure {
    Failure::new(
        Kind::Unreadable(problem.to_owned()),
        RetryClass::Backoff,
        Delivery::Unknown,
    )
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
    pub(crate) bytes: u64,
    in_quotes: bool,
    ended_rows: u64,
    pub(crate) row_start: u64,
    /// The first row, until it is whole.
    header: Vec<u8>,
    columns: Option<usize>,
}

impl RowCounter {
    /// A header longer than this is not counted.
    const LONGEST_HEADER: usize = 1024 * 1024;

    pub(crate) fn feed(&mut self, chunk: &[u8]) {
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
    pub(crate) fn data_rows(&self) -> u64 {
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
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(row);
    let record = reader.byte_records().next()?.ok()?;
    Some(record.len())
}
