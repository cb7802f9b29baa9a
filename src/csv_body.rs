//! The body of an export, watched from first byte to last, so that an incomplete one never passes for complete.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::StreamExt;
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    Delivery, ExportCode, RetryClass,
    byte_order_mark::without_mark,
    csv_rows::{NotRows, RowCounter},
    failure::{Failure, Kind},
    generated::taxonomy::SYSTEM_COLUMNS,
    quota::Permit,
    transport::{Body, Reply, text_of},
};

/// The most bytes of a failure to read; the documented ones have about 60.
pub(crate) const LONGEST_FAILURE: usize = 64 * 1024;

/// The most bytes of a failure after rows.
const LONGEST_FAILURE_AT_THE_END: usize = 4 * 1024;

/// The longest header line; a service may have thousands of columns.
const LONGEST_HEADER: usize = 1024 * 1024;

/// A body that has begun as CSV.
pub(crate) struct CsvBody {
    state: State,
    /// Pieces that arrived but are held back, in case they turn out to be a failure.
    held: VecDeque<Bytes>,
    /// Small pieces after those, in one.
    small: BytesMut,
    held_bytes: usize,
    pub(crate) rows: RowCounter,
    /// Released once everything has arrived.
    permit: Option<Permit>,
}

enum State {
    Open(Body),
    /// The server has sent everything, and it was found complete.
    Complete,
    Failed,
}

impl CsvBody {
    /// How many bytes of the end to hold back; a failure in JSON has about 60.
    const HELD: usize = 64 * 1024;

    /// A piece shorter than this is copied, since it would keep a whole buffer of the connection in memory.
    const SMALL: usize = 4 * 1024;

    /// Reads the first line, which shows whether this is CSV: the content type is undocumented, but every export has
    /// system columns.
    pub(crate) async fn open(mut reply: Reply, permit: Permit) -> Result<Self, Failure> {
        if reply.status == 206 {
            let problem = "HTTP 206 is a part of an answer, where the whole was asked for".to_owned();
            return Err(Failure::new(
                Kind::Unreadable(problem),
                RetryClass::Never,
                Delivery::Unknown,
            ));
        }
        if !is_framed(&reply) && !reply.settings.accept_unframed_body {
            let problem = "the server does not say where the body ends, so a lost connection would look like the end \
                           (accept_unframed_body reads it all the same)";
            return Err(Failure::new(
                Kind::Unreadable(problem.to_owned()),
                RetryClass::Never,
                Delivery::Unknown,
            ));
        }
        let mut body = Self {
            state: State::Complete,
            held: VecDeque::new(),
            small: BytesMut::new(),
            held_bytes: 0,
            rows: RowCounter::new(),
            permit: Some(permit),
        };
        let mut ended = false;
        while !ended && !body.rows.has_header() && body.held_bytes < LONGEST_HEADER {
            match reply.body.next().await.transpose()? {
                Some(chunk) => body.hold(chunk),
                None => ended = true,
            }
        }
        let start = body.concatenated();
        if !names_a_system_column(&start) && !reply.settings.accept_any_header {
            if !ended {
                let (rest, _) = reply.body.read(LONGEST_FAILURE).await?;
                body.hold(rest);
            }
            return Err(not_csv(&body.concatenated()));
        }
        body.state = State::Open(reply.body);
        Ok(body)
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
                Some(Ok(chunk)) => {
                    self.hold(chunk);
                    if let Err(problem) = self.rows.check_middle(Self::HELD) {
                        return Poll::Ready(Some(Err(self.fail(not_rows(problem)))));
                    }
                }
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
        if chunk.len() < Self::SMALL {
            self.small.extend_from_slice(&chunk);
            if self.small.len() >= Self::SMALL {
                self.gather_small();
            }
        } else {
            self.gather_small();
            self.held.push_back(chunk);
        }
    }

    fn gather_small(&mut self) {
        if !self.small.is_empty() {
            self.held.push_back(self.small.split().freeze());
        }
    }

    /// The oldest piece, unless it belongs to what must be held back.
    fn release(&mut self, everything: bool) -> Option<Bytes> {
        if everything {
            self.gather_small();
        }
        let oldest = self.held.front()?.len();
        let beyond = self.held_bytes.saturating_sub(Self::HELD);
        let piece = if everything || oldest <= beyond {
            self.held.pop_front()?
        } else if beyond >= Self::SMALL {
            self.held.front_mut()?.split_to(beyond)
        } else {
            return None;
        };
        self.held_bytes -= piece.len();
        Some(piece)
    }

    fn fail(&mut self, failure: Failure) -> Failure {
        self.state = State::Failed;
        self.permit = None;
        self.held.clear();
        self.small.clear();
        failure.incomplete()
    }

    /// Whether the end of the body is the end of the data.
    fn check_end(&mut self) -> Result<(), Failure> {
        if let Some(failure) = failure_at_the_end(&self.last(LONGEST_FAILURE_AT_THE_END)) {
            return Err(failure);
        }
        self.rows.check_end().map_err(not_rows)
    }

    /// All that is held.
    fn concatenated(&self) -> Vec<u8> {
        self.last(self.held_bytes)
    }

    /// At most so many of the last bytes that are held.
    fn last(&self, length: usize) -> Vec<u8> {
        let mut before = self.held_bytes.saturating_sub(length);
        let mut bytes = Vec::with_capacity(self.held_bytes - before);
        for piece in self.held.iter().map(|piece| &piece[..]).chain([&self.small[..]]) {
            let start = before.min(piece.len());
            bytes.extend_from_slice(&piece[start..]);
            before -= start;
        }
        bytes
    }
}

fn not_rows(problem: NotRows) -> Failure {
    match problem {
        NotRows::Cut(problem) => Failure::new(Kind::Truncated(problem), RetryClass::Backoff, Delivery::Unknown),
        NotRows::Row(problem) => Failure::new(Kind::Row(problem), RetryClass::Never, Delivery::Processed),
    }
}

/// Whether something other than the end of the connection marks the end of the body.
fn is_framed(reply: &Reply) -> bool {
    match reply.header("transfer-encoding") {
        // HTTP reads a body until the connection ends unless the last coding is chunked.
        Some(codings) => codings
            .rsplit(',')
            .next()
            .is_some_and(|last| last.trim().eq_ignore_ascii_case("chunked")),
        None => reply.header("content-length").is_some(),
    }
}

/// Whether the header line has one of the columns that come with every export.
fn names_a_system_column(start: &[u8]) -> bool {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(start);
    let header = reader.byte_records().next().and_then(Result::ok).unwrap_or_default();
    SYSTEM_COLUMNS
        .iter()
        .any(|column| header.iter().any(|name| name == column.name.as_bytes()))
}

fn not_csv(body: &[u8]) -> Failure {
    let failure = failure_at_the_end(body).unwrap_or_else(|| {
        let problem = if body.is_empty() {
            "the body is empty, where at least a header line was due"
        } else {
            "HTTP success, but where CSV was due came something without the columns that every export has"
        };
        Failure::new(
            Kind::Unreadable(problem.to_owned()),
            RetryClass::Backoff,
            Delivery::Unknown,
        )
    });
    failure.with_body(text_of(body))
}

/// What is read of a failure: nobody uses the value of `result`.
#[derive(Deserialize)]
struct Said {
    #[serde(rename = "result")]
    _result: IgnoredAny,
    message: ExportCode,
}

/// The failure, if the whole body is one.
pub(crate) fn failure_in(body: &[u8], status: u16) -> Option<Failure> {
    let Said { message, .. } = serde_json::from_slice(without_mark(body)).ok()?;
    let info = message.info();
    Some(Failure::refused(Kind::Export(message), info, status))
}

/// The JSON failure at the end of a CSV, wherever it begins. A quote inside a CSV field is doubled, so no field can
/// look like one.
fn failure_at_the_end(tail: &[u8]) -> Option<Failure> {
    let start = tail.len().saturating_sub(LONGEST_FAILURE_AT_THE_END);
    let last = &tail[start..];
    memchr::memchr_iter(b'{', last).find_map(|brace| failure_in(&last[brace..], 200))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn empty() -> CsvBody {
        CsvBody {
            state: State::Complete,
            held: VecDeque::new(),
            small: BytesMut::new(),
            held_bytes: 0,
            rows: RowCounter::new(),
            permit: None,
        }
    }

    #[test]
    fn small_pieces_are_joined() {
        let mut body = empty();
        let mut released = Vec::new();
        for _ in 0..20_000 {
            body.hold(Bytes::from_static(b"0123456789"));
            released.extend(std::iter::from_fn(|| body.release(false)));
            assert!(body.held.len() <= CsvBody::HELD / CsvBody::SMALL + 1);
        }
        assert!(released.iter().all(|piece| piece.len() >= CsvBody::SMALL));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_end_is_held_back_and_no_piece_is_lost(
            lengths in prop::collection::vec(prop_oneof![4 => 0_usize..4, 8 => 1_usize..10_000, 1 => 50_000_usize..200_000], 0..80),
        ) {
            let mut body = empty();
            let (mut whole, mut released) = (Vec::new(), Vec::new());
            for (length, letter) in lengths.into_iter().zip((b'a'..=b'z').cycle()) {
                whole.resize(whole.len() + length, letter);
                body.hold(vec![letter; length].into());
                while let Some(piece) = body.release(false) {
                    released.extend_from_slice(&piece);
                }
                let held = whole.len() - released.len();
                prop_assert!(held >= CsvBody::HELD.min(whole.len()) && held < CsvBody::HELD + CsvBody::SMALL);
                prop_assert!(body.last(100) == whole[whole.len().saturating_sub(100)..]);
                // What is joined of small pieces may be small before a longer one.
                prop_assert!(body.held.len() <= 2 * (CsvBody::HELD / CsvBody::SMALL + 2));
            }
            prop_assert!(body.concatenated() == whole[released.len()..]);
            while let Some(piece) = body.release(true) {
                released.extend_from_slice(&piece);
            }
            prop_assert!(released == whole);
        }
    }
}
