//! From a request to its answer, as DFINERY would give it. Faults are elsewhere.

use std::cmp::Reverse;

use hyper::{Method, header::CONTENT_TYPE, http::request::Parts};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    answer::Answer,
    csv::Csv,
    export, import,
    ledger::Verdict,
    limits::{Permit, Quota},
    settings::{CheckOrder, Settings},
    state::{Arrival, Shared, State},
};
use dfinery::{ExportCode, ImportCode, Operation, Token};

/// Why no operation matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// None has the path.
    Path,
    /// Some have the path, but take these methods, as they stand in `Allow`.
    Method(String),
}

/// The operation of a method and a path.
pub(crate) fn find(method: &Method, path: &str) -> Result<Operation, NoRoute> {
    let routes = Operation::ALL
        .iter()
        .map(|&operation| (operation.method(), operation.path(), operation));
    route(routes, method.as_str(), path)
}

/// Of several that fit, the one with the most parts that are written out.
fn route<T>(
    routes: impl Iterator<Item = (&'static str, &'static str, T)>,
    method: &str,
    path: &str,
) -> Result<T, NoRoute> {
    let (right, others): (Vec<_>, Vec<_>) = routes
        .filter_map(|(takes, template, to)| Some((takes, written_out(template, path)?, to)))
        .partition(|(takes, ..)| *takes == method);
    if let Some((.., to)) = right.into_iter().min_by_key(|(_, parts, _)| Reverse(*parts)) {
        return Ok(to);
    }
    let mut allowed: Vec<_> = others.into_iter().map(|(takes, ..)| takes).collect();
    allowed.sort_unstable();
    allowed.dedup();
    Err(if allowed.is_empty() {
        NoRoute::Path
    } else {
        NoRoute::Method(allowed.join(", "))
    })
}

/// How many parts of a path stand in a template that it fits. The others are in place of a `{parameter}`, which takes
/// anything but nothing.
fn written_out(template: &str, path: &str) -> Option<usize> {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let is_parameter = |part: &&str| part.starts_with('{');
    let mut pairs = template.iter().zip(&path);
    let fits = template.len() == path.len()
        && pairs.all(|(part, given)| part == given || is_parameter(part) && !given.is_empty());
    fits.then(|| template.iter().filter(|part| !is_parameter(part)).count())
}

/// The verdict on a request that may not be carried out, and why.
type Check = Result<(), (Verdict, &'static str)>;

/// A fully read request for an operation.
pub(crate) struct Call<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) arrival: &'a Arrival,
    pub(crate) operation: Operation,
    pub(crate) head: &'a Parts,
    pub(crate) body: &'a [u8],
}

impl Call<'_> {
    /// Carries the request out and answers it. The permit, if any, is held until the answer is sent.
    pub(crate) fn answer(&self) -> (Answer, Option<Permit>) {
        if let Err((verdict, reason)) = self.check_credentials() {
            return (self.refuse(verdict, reason, None), None);
        }
        let taken = self.shared.lock().limits.take(self.operation.family(), self.settings());
        let (quota, Some(permit)) = taken else {
            let verdict = self.either(ImportCode::TooManyRequest, ExportCode::TooManyApiRequests);
            return (self.refuse(verdict, "the quota is spent", Some(taken.0)), None);
        };
        if self.settings().require_content_type && !self.body.is_empty() && !self.is_json() {
            let verdict = self.either(ImportCode::BadRequest, ExportCode::InvalidParameter);
            return (
                self.refuse(verdict, "the content-type is not JSON", Some(quota)),
                Some(permit),
            );
        }
        (self.dispatch(quota), Some(permit))
    }

    fn dispatch(&self, quota: Quota) -> Answer {
        let arrival = self.arrival;
        match self.operation {
            Operation::LoadEvents => self.import(quota, |state, request| import::load_events(state, arrival, request)),
            Operation::UpsertIdentity => self.import(quota, import::upsert_identity),
            Operation::DeleteIdentity => {
                self.import(quota, |state, request| import::delete_identity(state, arrival, request))
            }
            Operation::UpsertUserProfile => self.import(quota, |state, request| {
                import::upsert_user_profile(state, arrival, &request)
            }),
            Operation::ExportEvents => self.export(quota, |state, request| {
                export::events(&state.store, self.settings(), &request)
            }),
            Operation::ExportUserProfiles => self.export(quota, |state, request| {
                export::user_profiles(&state.store, self.settings(), &request)
            }),
        }
    }

    /// Applies an import and notes what it did, both under one lock.
    fn import<T: DeserializeOwned>(
        &self,
        quota: Quota,
        apply: impl FnOnce(&mut State, T) -> import::Outcome,
    ) -> Answer {
        let request = parse(self.body);
        self.import_of(quota, |state| match request {
            Ok(request) => apply(state, request),
            Err(unreadable) => {
                let code = if unreadable.is_json {
                    ImportCode::ValidationFailure
                } else {
                    ImportCode::BadRequest
                };
                import::Outcome::refused(code, unreadable.reason)
            }
        })
    }

    /// As `import`, whatever the request consists of.
    fn import_of(&self, quota: Quota, apply: impl FnOnce(&mut State) -> import::Outcome) -> Answer {
        let mut state = self.shared.lock();
        let outcome = apply(&mut state);
        if let Some(record) = state.record(self.arrival.sequence) {
            record.applied = outcome.applied;
            record.events = outcome.events;
            record.set_reason(outcome.reason.as_deref());
        }
        drop(state);
        Answer::verdict(Verdict::Import(outcome.code), self.settings(), Some(quota))
    }

    fn export<T: DeserializeOwned>(
        &self,
        quota: Quota,
        select: impl FnOnce(&State, T) -> Result<Csv, export::Refusal>,
    ) -> Answer {
        let request = parse(self.body);
        let mut state = self.shared.lock();
        let csv = match request {
            Ok(request) => select(&state, request),
            Err(unreadable) => Err((ExportCode::InvalidParameter, unreadable.reason)),
        };
        if let Some(record) = state.record(self.arrival.sequence) {
            record.applied = csv.is_ok();
            record.set_reason(csv.as_ref().err().map(|(_, reason)| reason.as_str()));
        }
        drop(state);
        match csv {
            Ok(csv) => Answer::csv(csv, self.settings(), quota),
            Err((code, _)) => Answer::verdict(Verdict::Export(code), self.settings(), Some(quota)),
        }
    }

    fn refuse(&self, verdict: Verdict, reason: &str, quota: Option<Quota>) -> Answer {
        if let Some(record) = self.shared.lock().record(self.arrival.sequence) {
            record.set_reason(Some(reason));
        }
        Answer::verdict(verdict, self.settings(), quota)
    }

    fn check_credentials(&self) -> Check {
        match self.settings().check_order {
            CheckOrder::TokenFirst => self.check_token().and_then(|()| self.check_service_id()),
            CheckOrder::ServiceIdFirst => self.check_service_id().and_then(|()| self.check_token()),
        }
    }

    fn check_token(&self) -> Check {
        let token = self.operation.token();
        let given = self
            .head
            .headers
            .get(token.header())
            .and_then(|value| value.to_str().ok());
        if given.and_then(|value| value.strip_prefix(token.scheme())) == Some(self.shared.credentials.token(token)) {
            Ok(())
        } else {
            let verdict = self.either(ImportCode::InvalidToken, ExportCode::UnauthorizedToken);
            Err((verdict, "the token is missing or wrong"))
        }
    }

    fn check_service_id(&self) -> Check {
        let query = self.head.uri.query().unwrap_or_default();
        let given = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "service_id");
        if given.is_some_and(|(_, value)| value == self.shared.credentials.service_id) {
            Ok(())
        } else {
            // The Export API has no specific message for it.
            let verdict = self.either(ImportCode::InvalidServiceId, ExportCode::InvalidParameter);
            Err((verdict, "the service id is missing or wrong"))
        }
    }

    fn is_json(&self) -> bool {
        let value = self
            .head
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    }

    /// The verdict of the API that the operation belongs to.
    fn either(&self, import: ImportCode, export: ExportCode) -> Verdict {
        match self.operation.token() {
            Token::Import => Verdict::Import(import),
            Token::Export => Verdict::Export(export),
        }
    }

    fn settings(&self) -> &Settings {
        &self.arrival.settings
    }
}

/// The error for a body that is not a request.
struct Unreadable {
    /// Whether it is at least JSON, or was up to where reading stopped.
    is_json: bool,
    reason: String,
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    let request = serde_json::from_slice(body).map_err(|error| {
        let is_json = error.is_data();
        let problem = if is_json {
            "does not fit the schema"
        } else {
            "is not JSON"
        };
        // The error's own message would quote values.
        let reason = format!("the body {problem} at line {}, column {}", error.line(), error.column());
        Unreadable { is_json, reason }
    })?;
    if has_forbidden_null::<T>(body) {
        let reason = "a field of the body is null that may not be".to_owned();
        return Err(Unreadable { is_json: true, reason });
    }
    Ok(request)
}

/// Whether a field is `null` that may only be absent: to serde these are the same, to the spec they are not.
///
/// Only the value of a property can be `null`, and it can be `true` as well. So the request must fit with either.
fn has_forbidden_null<T: DeserializeOwned>(body: &[u8]) -> bool {
    fn replace_nulls(value: &mut Value) {
        match value {
            Value::Null => *value = Value::Bool(true),
            Value::Array(values) => values.iter_mut().for_each(replace_nulls),
            Value::Object(fields) => fields.values_mut().for_each(replace_nulls),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    if memchr::memmem::find(body, b"null").is_none() {
        return false;
    }
    serde_json::from_slice(body).is_ok_and(|mut value| {
        replace_nulls(&mut value);
        T::deserialize(value).is_err()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: [(&str, &str); 5] = [
        ("GET", "/users/{id}"),
        ("DELETE", "/users/{id}"),
        ("POST", "/users/merge"),
        ("GET", "/users/{id}/devices"),
        ("GET", "/users/me"),
    ];

    fn found(method: &str, path: &str) -> Result<usize, NoRoute> {
        let routes = ROUTES.into_iter().enumerate();
        route(
            routes.map(|(number, (takes, template))| (takes, template, number)),
            method,
            path,
        )
    }

    #[test]
    fn a_parameter_of_a_path_takes_one_part_that_is_not_empty() {
        assert_eq!(found("GET", "/users/u-1"), Ok(0));
        assert_eq!(found("GET", "/users/a%2Fb"), Ok(0));
        assert_eq!(found("GET", "/users/u-1/devices"), Ok(3));
        for path in [
            "/users",
            "/users/",
            "/users/u-1/",
            "/users//devices",
            "/users/u-1/devices/2",
        ] {
            assert_eq!(found("GET", path), Err(NoRoute::Path), "{path}");
        }
    }

    #[test]
    fn what_is_written_out_goes_before_a_parameter() {
        assert_eq!(found("GET", "/users/me"), Ok(4));
        assert_eq!(found("POST", "/users/merge"), Ok(2));
        assert_eq!(found("GET", "/users/merge"), Ok(0), "by the method");
    }

    #[test]
    fn every_method_of_a_path_is_allowed() {
        let allowed = |methods: &str| Err(NoRoute::Method(methods.to_owned()));
        assert_eq!(found("PUT", "/users/u-1"), allowed("DELETE, GET"));
        assert_eq!(found("PUT", "/users/merge"), allowed("DELETE, GET, POST"));
        assert_eq!(found("POST", "/users/u-1"), allowed("DELETE, GET"));
    }
}
