//! What all connections share: one lock around everything that changes.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard},
};

use super::{
    answer::Answer,
    fault::{Fault, Plan},
    ledger::{Answered, Ledger, RequestRecord},
    limits::Limits,
    settings::Settings,
    store::Store,
};
use crate::lock::lock;
use dfinery::{Operation, Timestamp, Token};

/// The emulator behind the socket.
pub(crate) struct Shared {
    pub(crate) credentials: Credentials,
    state: Mutex<State>,
}

/// What serving a request needs to know.
pub(crate) struct Credentials {
    pub(crate) service_id: String,
    pub(crate) import_token: String,
    pub(crate) export_token: String,
}

impl Credentials {
    pub(crate) fn token(&self, token: Token) -> &str {
        match token {
            Token::Import => &self.import_token,
            Token::Export => &self.export_token,
        }
    }
}

/// Everything that changes. Handlers change it under one lock, so that a request takes effect as a whole or not at all.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) settings: Arc<Settings>,
    pub(crate) plan: Plan,
    pub(crate) limits: Limits,
    pub(crate) store: Store,
    /// The ledger without what the store holds.
    pub(crate) ledger: Ledger,
    /// Why requests were refused.
    reasons: HashSet<String>,
}

/// How many reasons are remembered: their names may be any.
const MOST_REASONS: usize = 100;

/// A recorded request, to which its outcome can be added.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) sequence: u64,
    pub(crate) received: Timestamp,
    /// The settings for the whole of this request.
    pub(crate) settings: Arc<Settings>,
    pub(crate) fault: Fault,
}

impl Shared {
    pub(crate) fn new(credentials: Credentials, settings: Settings) -> Self {
        let state = State {
            settings: Arc::new(settings),
            ..State::default()
        };
        Self {
            credentials,
            state: Mutex::new(state),
        }
    }

    /// The state. A panic elsewhere, such as in a test's own clock, does not lock it for good.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Records a request and draws its fault; nothing if the ledger is full.
    pub(crate) fn arrive(&self, operation: Option<Operation>) -> Option<Arrival> {
        let mut state = self.lock();
        let settings = Arc::clone(&state.settings);
        if state.ledger.requests.len() >= settings.capacity {
            state.ledger.over_capacity += 1;
            return None;
        }
        let arrival = Arrival {
            sequence: state.ledger.requests.len() as u64,
            received: settings.clock.now(),
            fault: operation.map_or(Fault::None, |operation| state.plan.next(operation)),
            settings,
        };
        state.ledger.requests.push(RequestRecord {
            sequence: arrival.sequence,
            operation,
            received: arrival.received,
            fault: arrival.fault.clone(),
            status: None,
            verdict: None,
            reason: None,
            applied: false,
            events: 0,
            answered: Answered::Nothing,
        });
        Some(arrival)
    }

    /// Records the answer that is about to be sent; returns the reason if it is a refusal.
    pub(crate) fn decide(&self, sequence: u64, answer: &Answer) -> Option<String> {
        let mut state = self.lock();
        let record = state.record(sequence)?;
        record.status = Some(answer.status.as_u16());
        record.verdict.clone_from(&answer.verdict);
        record.answered = Answered::InPart;
        record.reason.clone()
    }

    /// Whether no request has been refused for this reason before.
    pub(crate) fn is_new_reason(&self, reason: &str) -> bool {
        let reasons = &mut self.lock().reasons;
        reasons.len() < MOST_REASONS && reasons.insert(reason.to_owned())
    }

    /// Notes that the whole answer was handed to the connection.
    pub(crate) fn answered(&self, sequence: u64) {
        if let Some(record) = self.lock().record(sequence) {
            record.answered = Answered::Completely;
        }
    }

    /// A copy of everything recorded.
    pub(crate) fn snapshot(&self) -> Ledger {
        let state = self.lock();
        Ledger {
            events: state.store.events().to_vec(),
            profiles: state.store.profiles().cloned().collect(),
            ..state.ledger.clone()
        }
    }
}

impl State {
    pub(crate) fn record(&mut self, sequence: u64) -> Option<&mut RequestRecord> {
        self.ledger.requests.get_mut(usize::try_from(sequence).ok()?)
    }
}
