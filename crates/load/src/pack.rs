//! Records of one user put together into calls, in bounded memory.

use std::{
    collections::{VecDeque, vec_deque::Drain},
    hash::BuildHasher,
    ops::Range,
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use foldhash::fast::FixedState;
use lru::LruCache;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{edited::edited, fingerprint::Fingerprint, record::RecordId};
use dfinery::{
    Identity, Properties, Timestamp,
    types::import::{
        DeleteIdentity, EventsCommon, ExternalIdentity, LoadEvents, LoadEventsRequest, UpsertIdentity,
        UpsertUserProfile,
    },
};
use dfinery_records::{Checked, Ids, RecordKind};

/// The records of one call.
pub(crate) struct Batch {
    pub(crate) kind: RecordKind,
    /// Calls with the same number are made one after another, because they may be about the same user.
    pub(crate) lane: u64,
    pub(crate) identity: Identity,
    pub(crate) records: Vec<PackedRecord>,
    /// The bytes that the records point into.
    text: Bytes,
    /// How many earlier attempts with these records may have been taken, including one of an earlier run.
    pub(crate) unsure: u32,
    /// How many earlier attempts were made with these records.
    pub(crate) attempts: u32,
    pub(crate) first_attempt: Option<Timestamp>,
    /// Whether it is a part of a call that was given up: then its failures count against it.
    pub(crate) blamed: bool,
}

/// One record of a call.
#[derive(Clone, Debug)]
pub(crate) struct PackedRecord {
    pub(crate) id: RecordId,
    pub(crate) line: u64,
    pub(crate) offset: u64,
    pub(crate) event_log_id: Option<Uuid>,
    /// Whether an earlier run may have sent it.
    pub(crate) resumed: bool,
    /// What to remember once it is accepted.
    pub(crate) fingerprint: Option<Arc<Fingerprint>>,
    request_datetime: Option<Timestamp>,
    original: Range<usize>,
    payload: Range<usize>,
    /// Whether the payload lacks the id.
    adds_id: bool,
}

/// A checked record, with what is known about it from its input.
pub(crate) struct Incoming<'a> {
    pub(crate) checked: &'a Checked<'a>,
    pub(crate) id: RecordId,
    pub(crate) line: u64,
    pub(crate) offset: u64,
    pub(crate) original: &'a [u8],
    /// The id to send: that of the record, or one made for it.
    pub(crate) event_log_id: Option<Uuid>,
    pub(crate) resumed: bool,
    pub(crate) fingerprint: Option<Arc<Fingerprint>>,
}

/// The limits of a call beyond those of the API, and of the records held back to fill calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackLimits {
    /// Bytes of all records in a call.
    pub(crate) batch_bytes: usize,
    /// Bytes of all calls that are still being filled.
    pub(crate) open_bytes: usize,
}

/// The same call already holds the `event_log_id`, from this line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repeated {
    pub(crate) line: u64,
}

/// Open calls, the least recently used first.
pub(crate) struct Packer {
    limits: PackLimits,
    open: LruCache<u64, OpenBatch, FixedState>,
    open_bytes: usize,
    closed: VecDeque<Batch>,
    hasher: FixedState,
}

struct OpenBatch {
    kind: RecordKind,
    identity: Identity,
    records: Vec<PackedRecord>,
    /// The `event_log_id`s of the records, side by side, since each new id is compared with all of them.
    event_log_ids: Vec<Uuid>,
    /// One bit for every id, by its last bytes: a new id whose bit is not set differs from all of them. Without it the
    /// comparisons take 3 to 6 % of the CPU time of a load with full calls.
    seen: [u64; 16],
    text: BytesMut,
    items: usize,
    resumed: bool,
    since: Instant,
}

impl OpenBatch {
    /// The memory that an open call takes besides its text and its records.
    const OVERHEAD: usize = 384;

    fn new(record: &Incoming<'_>) -> Self {
        Self {
            kind: record.checked.kind,
            identity: record.checked.identity.to_identity(),
            records: Vec::with_capacity(1),
            event_log_ids: Vec::new(),
            seen: [0; 16],
            text: BytesMut::with_capacity(record.original.len()),
            items: 0,
            resumed: record.resumed,
            since: Instant::now(),
        }
    }

    fn bytes(&self) -> usize {
        self.text.capacity()
            + self.records.capacity() * size_of::<PackedRecord>()
            + self.event_log_ids.capacity() * size_of::<Uuid>()
            + Self::OVERHEAD
    }

    /// Grows in few steps, since each copies what is there: to 4 records, to 16, and then for a full call. For records that
    /// follow each other only: with records of many users in turn, this room would fill the memory for open calls early.
    fn make_room(&mut self, most: usize) {
        const STEP: usize = 4;
        let held = self.records.len();
        if held < self.records.capacity() {
            return;
        }
        let more = match held {
            0..16 => held * (STEP - 1),
            _ => LoadEventsRequest::MAX_EVENTS.saturating_sub(held),
        };
        self.records.reserve_exact(more);
        self.event_log_ids.reserve_exact(more);
        // The others will be about as long as those before.
        let each = self.text.len() / held.max(1);
        let others = more * (each + each / 8);
        self.text.reserve(others.min(most.saturating_sub(self.text.len())));
    }

    fn position_of(&self, id: Uuid) -> Option<usize> {
        let (word, bit) = bit_of(id);
        if self.seen[word] & bit == 0 {
            return None;
        }
        self.event_log_ids.iter().position(|other| *other == id)
    }

    fn into_batch(mut self, lane: u64) -> Batch {
        // Calls that wait to be sent are counted by what they hold.
        self.records.shrink_to_fit();
        if self.text.capacity() > self.text.len() * 2 {
            self.text = BytesMut::from(&self.text[..]);
        }
        Batch {
            kind: self.kind,
            lane,
            identity: self.identity,
            records: self.records,
            text: self.text.freeze(),
            unsure: self.resumed.into(),
            attempts: 0,
            first_attempt: None,
            blamed: false,
        }
    }
}

impl Packer {
    pub(crate) fn new(limits: PackLimits) -> Self {
        let hasher = FixedState::with_seed(0);
        Self {
            limits,
            open: LruCache::unbounded_with_hasher(hasher.clone()),
            open_bytes: 0,
            closed: VecDeque::new(),
            hasher,
        }
    }

    /// Adds a record to the call of its user. Returns whether [`closed`](Self::closed) now has calls.
    pub(crate) fn push(&mut self, record: &Incoming<'_>) -> Result<bool, Repeated> {
        let checked = record.checked;
        let lane = self.lane(&checked.identity);
        if let Some(open) = self.open.peek(&lane) {
            let repeated = record
                .event_log_id
                .and_then(|id| open.position_of(id))
                .filter(|_| checked.identity.is(&open.identity));
            if let Some(earlier) = repeated.and_then(|position| open.records.get(position)) {
                return Err(Repeated { line: earlier.line });
            }
            if !fits(self.limits, open, record) {
                self.close(lane);
            }
        }
        let follows = self.open.peek_mru().is_some_and(|(last, _)| *last == lane);
        let open = self.open.get_or_insert_mut(lane, || OpenBatch::new(record));
        let before = if open.records.is_empty() { 0 } else { open.bytes() };
        if follows {
            open.make_room(self.limits.batch_bytes);
        }
        add(open, record);
        self.open_bytes += open.bytes() - before;
        let full = checked.kind != RecordKind::Event || open.records.len() >= LoadEventsRequest::MAX_EVENTS;
        if full {
            self.close(lane);
        }
        while self.open_bytes > self.limits.open_bytes
            && let Some((lane, open)) = self.open.pop_lru()
        {
            self.open_bytes -= open.bytes();
            self.closed.push_back(open.into_batch(lane));
        }
        Ok(!self.closed.is_empty())
    }

    /// The calls that are ready, in the order in which they became ready.
    pub(crate) fn closed(&mut self) -> Drain<'_, Batch> {
        self.closed.drain(..)
    }

    /// The first of them, which stays in place.
    pub(crate) fn first_closed(&self) -> Option<&Batch> {
        self.closed.front()
    }

    pub(crate) fn take_first_closed(&mut self) -> Option<Batch> {
        self.closed.pop_front()
    }

    /// Closes every call.
    pub(crate) fn finish(&mut self) {
        while let Some((lane, open)) = self.open.pop_lru() {
            self.closed.push_back(open.into_batch(lane));
        }
        self.open_bytes = 0;
    }

    /// Closes the calls that have been open for at least this long, except in busy lanes.
    pub(crate) fn close_older_than(&mut self, age: Duration, is_busy: impl Fn(u64) -> bool) {
        let now = Instant::now();
        let lanes: Vec<_> = self
            .open
            .iter()
            .filter(|(lane, open)| now.duration_since(open.since) >= age && !is_busy(**lane))
            .map(|(lane, _)| *lane)
            .collect();
        for lane in lanes {
            self.close(lane);
        }
    }

    fn close(&mut self, lane: u64) {
        if let Some(open) = self.open.pop(&lane) {
            self.open_bytes -= open.bytes();
            self.closed.push_back(open.into_batch(lane));
        }
    }

    /// The lane of a user. Users with the same first identifier share a lane, since they may be the same.
    pub(crate) fn lane(&self, ids: &Ids<'_>) -> u64 {
        self.hasher.hash_one(ids.first())
    }
}

fn fits(limits: PackLimits, open: &OpenBatch, record: &Incoming<'_>) -> bool {
    let checked = record.checked;
    open.kind == checked.kind
        && open.resumed == record.resumed
        && open.items + checked.items <= LoadEventsRequest::MAX_TOTAL_EVENT_ITEMS
        && open.text.len() + record.original.len() <= limits.batch_bytes
        && checked.identity.is(&open.identity)
}

fn add(open: &mut OpenBatch, record: &Incoming<'_>) {
    let checked = record.checked;
    let original = append(&mut open.text, record.original);
    let within = offset_in(record.original, checked.payload).filter(|_| checked.edits.is_empty());
    let payload = match within {
        Some(offset) => original.start + offset..original.start + offset + checked.payload.len(),
        None => append(&mut open.text, edited(checked).as_bytes()),
    };
    open.items += checked.items;
    if let Some(id) = record.event_log_id {
        let (word, bit) = bit_of(id);
        open.seen[word] |= bit;
        open.event_log_ids.push(id);
    }
    open.records.push(PackedRecord {
        id: record.id,
        line: record.line,
        offset: record.offset,
        event_log_id: record.event_log_id,
        resumed: record.resumed,
        fingerprint: record.fingerprint.clone(),
        request_datetime: checked.request_datetime,
        original,
        payload,
        adds_id: checked.event_log_id.is_none() && record.event_log_id.is_some(),
    });
}

/// The position of an id's bit among 1,024.
fn bit_of(id: Uuid) -> (usize, u64) {
    let [.., high, low] = *id.as_bytes();
    // Some ids count up in their last bytes; others begin with a time.
    let mixed = high.wrapping_mul(31) ^ id.as_bytes()[0];
    (usize::from(mixed % 16), 1 << (low % 64))
}

fn append(text: &mut BytesMut, bytes: &[u8]) -> Range<usize> {
    let start = text.len();
    text.extend_from_slice(bytes);
    start..text.len()
}

/// Where a part of a text begins in it, if it is one.
fn offset_in(outer: &[u8], inner: &str) -> Option<usize> {
    let offset = (inner.as_ptr() as usize).checked_sub(outer.as_ptr() as usize)?;
    (offset + inner.len() <= outer.len()).then_some(offset)
}

impl Batch {
    /// The bytes that it takes in memory until it is settled.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len() + self.records.len() * size_of::<PackedRecord>() + OpenBatch::OVERHEAD
    }

    /// The record as it was in its input.
    pub(crate) fn original(&self, record: &PackedRecord) -> &[u8] {
        &self.text[record.original.clone()]
    }

    /// The body of the call.
    ///
    /// The events are the original bytes of the input; the types of the spec write only what surrounds them.
    pub(crate) fn body(&self) -> serde_json::Result<Bytes> {
        let now = Timestamp::now();
        let Some(first) = self.records.first() else {
            return Ok(Bytes::new());
        };
        let request_datetime = &first.request_datetime.unwrap_or(now);
        let body = match self.kind {
            RecordKind::Event => return self.events_body(),
            RecordKind::Identity => serde_json::to_vec(&UpsertIdentity {
                identity: &self.identity,
                request_datetime,
            })?,
            RecordKind::Profile => serde_json::to_vec(&UpsertUserProfile {
                identity: &self.identity,
                user_properties: &serde_json::from_slice::<Properties>(&self.text[first.payload.clone()])?,
                request_datetime,
            })?,
            RecordKind::Deletion => serde_json::to_vec(&DeleteIdentity {
                identity: &ExternalIdentity {
                    external_id: self.identity.external_id.clone().unwrap_or_default(),
                },
                request_datetime,
            })?,
        };
        Ok(body.into())
    }

    fn events_body(&self) -> serde_json::Result<Bytes> {
        let common = EventsCommon {
            identity: self.identity.clone(),
        };
        let frame = serde_json::to_vec(&LoadEvents {
            common: &common,
            events: &[],
        })?;
        // The list of events is the last field and empty: `…"events":[]}`.
        let (head, tail) = frame.split_at(frame.len().saturating_sub(2));
        let payloads: usize = self
            .records
            .iter()
            .map(|record| record.payload.len() + ID_FIELD + 1)
            .sum();
        let mut body = Vec::with_capacity(frame.len() + payloads);
        body.extend_from_slice(head);
        for (index, record) in self.records.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            self.write_payload(record, &mut body);
        }
        body.extend_from_slice(tail);
        Ok(body.into())
    }

    fn write_payload(&self, record: &PackedRecord, out: &mut Vec<u8>) {
        let mut payload = &self.text[record.payload.clone()];
        if record.adds_id
            && let Some(id) = record.event_log_id
            && let Some(rest) = payload.strip_prefix(b"{")
        {
            out.extend_from_slice(b"{\"event_log_id\":\"");
            out.extend_from_slice(id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
            out.extend_from_slice(b"\",");
            payload = rest;
        }
        out.extend_from_slice(payload);
    }

    /// The record as one line of JSON that can be loaded again, with the id it was sent with.
    pub(crate) fn json_line(&self, record: &PackedRecord) -> serde_json::Result<String> {
        let mut line = b"{\"identity\":".to_vec();
        serde_json::to_writer(&mut line, &self.identity)?;
        match self.kind {
            RecordKind::Event => line.extend_from_slice(b",\"event\":"),
            RecordKind::Profile => line.extend_from_slice(b",\"user_properties\":"),
            RecordKind::Identity | RecordKind::Deletion => {}
        }
        if matches!(self.kind, RecordKind::Event | RecordKind::Profile) {
            self.write_payload(record, &mut line);
        }
        if let Some(time) = record.request_datetime {
            line.extend_from_slice(b",\"request_datetime\":");
            serde_json::to_writer(&mut line, &time)?;
        }
        line.push(b'}');
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// Splits it into two calls with half of the records each, in order; the bytes are shared.
    pub(crate) fn halves(mut self) -> (Self, Self) {
        let second = Self {
            records: self.records.split_off(self.records.len() / 2),
            identity: self.identity.clone(),
            text: self.text.clone(),
            ..self
        };
        (self, second)
    }
}

/// `"event_log_id":"…",`
const ID_FIELD: usize = 54;
