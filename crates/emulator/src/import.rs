//! The Import API: what a request changes.

use std::sync::Arc;

use super::{
    settings::{Batch, Duplicates, UnknownIdentity, Unregistered},
    state::{Arrival, State},
    store::Taken,
};
use dfinery::{
    Event, Identity, ImportCode, Properties, Violations,
    types::import::{DeleteIdentityRequest, LoadEventsRequest, UpsertIdentityRequest, UpsertUserProfileRequest},
};

/// The outcome of a request.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: ImportCode,
    /// Why it was refused, without any of its values.
    pub(crate) reason: Option<String>,
    /// Whether any part of it was taken.
    pub(crate) applied: bool,
    /// How many of its events were taken.
    pub(crate) events: usize,
}

impl Outcome {
    fn success() -> Self {
        Self {
            code: ImportCode::Ok,
            reason: None,
            applied: true,
            events: 0,
        }
    }

    pub(crate) fn refused(code: ImportCode, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: Some(reason.into()),
            applied: false,
            events: 0,
        }
    }

    fn invalid(violations: &Violations) -> Self {
        Self::refused(ImportCode::ValidationFailure, violations.to_string())
    }
}

/// Loads events of one user.
pub(crate) fn load_events(state: &mut State, arrival: &Arrival, request: LoadEventsRequest) -> Outcome {
    let settings = &arrival.settings;
    let count = request.events.len();
    if count > LoadEventsRequest::MAX_EVENTS {
        return Outcome::refused(ImportCode::TooManyEvents, format!("{count} events"));
    }
    if let Err(violations) = request.validate() {
        return Outcome::invalid(&violations);
    }
    let identity = request.common.identity;
    if let Some(refusal) = unknown(state, arrival, &identity) {
        return refusal;
    }

    let Sorted { taken, problem } = sort(request.events, arrival);
    if settings.batch == Batch::AllOrNothing
        && let Some(problem) = problem
    {
        return Outcome::refused(ImportCode::ValidationFailure, problem);
    }
    if state.store.event_count() + taken.len() > settings.capacity {
        state.ledger.over_capacity += 1;
        return Outcome::refused(ImportCode::InternalServerError, "the emulator is full");
    }

    let events = taken.len();
    if events > 0 {
        let request = Taken {
            sequence: arrival.sequence,
            received: arrival.received,
            owner: state.store.unify(&identity),
            identity: Arc::new(identity),
        };
        for (event, allowed) in taken {
            let repeated = settings.duplicates == Duplicates::Drop && state.store.has_event(&event.event_log_id);
            state.store.add_event(event, allowed && !repeated, &request);
        }
    }
    Outcome {
        code: match (&problem, settings.batch) {
            (Some(_), Batch::AllOrNothing | Batch::KeepGoodAndFail) => ImportCode::ValidationFailure,
            (Some(_), Batch::KeepGoodAndSucceed) | (None, _) => ImportCode::Ok,
        },
        reason: problem,
        applied: events > 0,
        events,
    }
}

/// The events of a request after each was checked against the taxonomy.
struct Sorted {
    /// Those to take, and whether to store them.
    taken: Vec<(Event, bool)>,
    /// What is wrong with the first one to refuse.
    problem: Option<String>,
}

fn sort(events: Vec<Event>, arrival: &Arrival) -> Sorted {
    let settings = &arrival.settings;
    let mut sorted = Sorted {
        taken: Vec::with_capacity(events.len()),
        problem: None,
    };
    for (index, event) in events.into_iter().enumerate() {
        let check = || settings.taxonomy.check_event(&event, settings.enforce_required);
        match settings.unregistered {
            Unregistered::Accept => sorted.taken.push((event, true)),
            Unregistered::DropSilently => {
                let allowed = check().is_ok();
                sorted.taken.push((event, allowed));
            }
            Unregistered::Refuse => match check() {
                Ok(()) => sorted.taken.push((event, true)),
                Err(problem) => {
                    sorted
                        .problem
                        .get_or_insert_with(|| format!("events[{index}]: {problem}"));
                }
            },
        }
    }
    sorted
}

/// Creates or updates a unified profile.
pub(crate) fn upsert_identity(state: &mut State, request: UpsertIdentityRequest) -> Outcome {
    if let Err(violations) = request.validate() {
        return Outcome::invalid(&violations);
    }
    state.store.unify(&request.identity);
    state.ledger.identities.push(request.identity);
    Outcome::success()
}

/// Deletes a unified profile.
pub(crate) fn delete_identity(state: &mut State, arrival: &Arrival, request: DeleteIdentityRequest) -> Outcome {
    if let Err(violations) = request.validate() {
        return Outcome::invalid(&violations);
    }
    let external_id = request.identity.external_id;
    let found = state.store.delete(&external_id);
    if !found && !arrival.settings.unknown_deletion_succeeds {
        return Outcome::refused(ImportCode::ValidationFailure, "nobody has this external_id");
    }
    state.ledger.deletions.push(Identity::external_id(external_id));
    Outcome::success()
}

/// Creates or updates properties of a user.
pub(crate) fn upsert_user_profile(state: &mut State, arrival: &Arrival, request: &UpsertUserProfileRequest) -> Outcome {
    let settings = &arrival.settings;
    if let Err(violations) = request.validate() {
        return Outcome::invalid(&violations);
    }
    if let Some(refusal) = unknown(state, arrival, &request.identity) {
        return refusal;
    }
    let mut properties = Properties::new();
    for (name, value) in request.user_properties.iter() {
        match (
            settings.taxonomy.check_user_property(name, value),
            settings.unregistered,
        ) {
            (Err(problem), Unregistered::Refuse) => {
                return Outcome::refused(ImportCode::ValidationFailure, format!("user_properties: {problem}"));
            }
            (Err(_), Unregistered::DropSilently) => {}
            (Ok(()), _) | (Err(_), Unregistered::Accept) => {
                properties.insert(name, value.clone());
            }
        }
    }
    let slot = state.store.unify(&request.identity);
    state
        .store
        .set_properties(slot, &properties, settings.profile_update, settings.null_property);
    state.ledger.profile_updates += 1;
    Outcome::success()
}

/// The refusal of an identity that was never created, if the settings refuse it.
fn unknown(state: &State, arrival: &Arrival, identity: &Identity) -> Option<Outcome> {
    let refused = arrival.settings.unknown_identity == UnknownIdentity::Refuse && !state.store.knows(identity);
    refused.then(|| Outcome::refused(ImportCode::ValidationFailure, "the identity was never created"))
}
