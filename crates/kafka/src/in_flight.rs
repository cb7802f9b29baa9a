//! The messages whose records are in the loader.

use std::{collections::BTreeMap, sync::Arc};

use crate::{message::Message, verdict::Verdict};

/// Each by the position of its first record in the loader; those without a record count down from the top.
#[derive(Default)]
pub(crate) struct InFlight {
    messages: BTreeMap<u64, Flight>,
    records: usize,
    bytes: usize,
    next: u64,
    unusable: u64,
}

pub(crate) struct Flight {
    pub(crate) message: Arc<Message>,
    pub(crate) epoch: u64,
    pub(crate) verdict: Option<Verdict>,
    /// Whether its records were taken back from the loader as far as they were not sent.
    is_withdrawn: bool,
    records: usize,
    /// Records without a fate.
    left: usize,
    bytes: usize,
}

impl InFlight {
    /// The loader itself holds 10,000 records at most.
    const MOST: usize = 8_000;
    const MOST_BYTES: usize = 64 << 20;

    /// Adds a message of these records, or one of none; returns its number.
    pub(crate) fn add(&mut self, message: Arc<Message>, epoch: u64, records: usize, bytes: usize) -> u64 {
        let number = if records == 0 {
            self.unusable += 1;
            u64::MAX - self.unusable
        } else {
            self.next
        };
        self.next += records as u64;
        // A message without a record waits for the dead letter, and takes a place, too.
        let records = records.max(1);
        self.records += records;
        self.bytes += bytes;
        let flight = Flight {
            message,
            epoch,
            verdict: None,
            is_withdrawn: false,
            records,
            left: records,
            bytes,
        };
        self.messages.insert(number, flight);
        number
    }

    /// A record has a fate. Returns its message if that was the last one.
    pub(crate) fn settle(&mut self, position: u64, verdict: Verdict) -> Option<(u64, &mut Flight)> {
        let (number, flight) = self.messages.range_mut(..=position).next_back()?;
        flight.left = flight.left.checked_sub(1)?;
        match &mut flight.verdict {
            Some(before) => before.add(verdict),
            none => *none = Some(verdict),
        }
        (flight.left == 0).then_some((*number, flight))
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<Flight> {
        let flight = self.messages.remove(&number)?;
        self.records -= flight.records;
        self.bytes -= flight.bytes;
        Some(flight)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Flight> {
        self.messages.get_mut(&number)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Flight)> {
        self.messages.iter().map(|(number, flight)| (*number, flight))
    }

    /// Marks the messages of these partitions as withdrawn, and returns the positions of their records.
    pub(crate) fn withdraw(&mut self, partitions: &[i32]) -> Vec<u64> {
        let mut positions = Vec::new();
        for (number, flight) in &mut self.messages {
            if partitions.contains(&flight.message.partition) {
                flight.is_withdrawn = true;
                positions.extend(*number..number.saturating_add(flight.records as u64));
            }
        }
        positions
    }

    pub(crate) fn is_withdrawn(&self, position: u64) -> bool {
        let message = self.messages.range(..=position).next_back();
        message.is_some_and(|(_, flight)| flight.is_withdrawn)
    }

    pub(crate) fn has_any_of(&self, partitions: &[i32]) -> bool {
        let mut messages = self.messages.values().map(|flight| &flight.message);
        messages.any(|message| partitions.contains(&message.partition))
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.records >= Self::MOST || self.bytes >= Self::MOST_BYTES
    }

    pub(crate) fn has_room(&self) -> bool {
        self.records <= Self::MOST / 2 && self.bytes <= Self::MOST_BYTES / 2
    }
}
