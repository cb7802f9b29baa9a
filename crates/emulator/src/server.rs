//! Sockets: accepting connections, and applying faults to a request and its answer.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{ALLOW, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioTimer;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

use super::{
    answer::Answer,
    body::{Body, Cut},
    fault::Fault,
    ledger::Verdict,
    limits::Permit,
    routes::{self, Call, NoRoute},
    state::{Arrival, Shared},
    wire::{Flush, Wire},
};
use dfinery::{ExportCode, ImportCode, Operation, Token};

/// Serves connections until aborted, which aborts all connections too.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                connections.spawn(connection(socket, Arc::clone(&shared)));
            }
            Err(error) => {
                tracing::debug!(%error, "accepting a connection failed");
                sleep(Duration::from_millis(10)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(socket: TcpStream, shared: Arc<Shared>) {
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone at once");
        return;
    }
    let (wire, flush) = Wire::new(socket);
    let service = service_fn(move |request| respond(Arc::clone(&shared), flush.clone(), request));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(wire, service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Answers one request, or closes its connection.
async fn respond(shared: Arc<Shared>, flush: Flush, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let route = routes::find(request.method(), request.uri().path());
    let found = route.as_ref().ok().copied();
    let Some(arrival) = shared.arrive(found) else {
        return Ok(full(&shared, found, flush));
    };
    let settings = Arc::clone(&arrival.settings);
    let answered = match route {
        Ok(operation) => faulty(&shared, &arrival, operation, request).await,
        Err(missing) => Ok((no_route(missing, &arrival), None)),
    };
    let operation = found.map_or("none", Operation::id);
    let (sequence, fault) = (arrival.sequence, arrival.fault.name());
    let (answer, permit) = answered.inspect_err(|_| {
        tracing::debug!(sequence, operation, fault, "request left without an answer");
    })?;
    let reason = shared.decide(sequence, &answer);
    if let Some(reason) = reason.as_deref().filter(|reason| shared.is_new_reason(reason)) {
        tracing::info!(operation, "refused: {reason}");
    }
    tracing::debug!(
        sequence,
        operation,
        fault,
        status = answer.status.as_u16(),
        code = answer.verdict.as_ref().map(code),
        reason,
        "request answered"
    );
    let on_end = Box::new(move || shared.answered(sequence));
    Ok(answer.into_response(settings.clock.now(), |content, framing| {
        Body::new(content, framing, flush, Some(on_end), permit)
    }))
}

/// Serves a request and applies its fault.
async fn faulty(
    shared: &Shared,
    arrival: &Arrival,
    operation: Operation,
    request: Request<Incoming>,
) -> Result<(Answer, Option<Permit>), Cut> {
    let settings = &arrival.settings;
    let (fault, apply_first) = arrival.fault.split();
    if *fault == Fault::CloseBeforeReading {
        return Err(Cut);
    }
    let (head, body) = request.into_parts();
    let Some(body) = read(body, settings.body_limit).await? else {
        return Ok((Answer::refusal(StatusCode::PAYLOAD_TOO_LARGE, settings), None));
    };
    let call = Call {
        shared,
        arrival,
        operation,
        head: &head,
        body: &body,
    };
    if let Fault::Delay(delay) = fault {
        let answered = apply_first.then(|| call.answer());
        sleep(*delay).await;
        return Ok(answered.unwrap_or_else(|| call.answer()));
    }
    if !fault.replaces_answer() {
        let (answer, permit) = call.answer();
        return Ok((answer.damaged(fault), permit));
    }
    let permit = if apply_first { call.answer().1 } else { None };
    let quota = shared.lock().limits.quota(operation.family(), settings);
    let answer = Answer::of_fault(fault, operation.token(), settings, quota).ok_or(Cut)?;
    Ok((answer, permit))
}

/// The whole body; nothing if it is too long.
async fn read(body: Incoming, limit: usize) -> Result<Option<Bytes>, Cut> {
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(Some(whole.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(_) => Err(Cut),
    }
}

fn no_route(missing: NoRoute, arrival: &Arrival) -> Answer {
    match missing {
        NoRoute::Path => Answer::refusal(StatusCode::NOT_FOUND, &arrival.settings),
        NoRoute::Method(allowed) => {
            let answer = Answer::refusal(StatusCode::METHOD_NOT_ALLOWED, &arrival.settings);
            match HeaderValue::try_from(allowed) {
                Ok(allowed) => answer.header(ALLOW, allowed),
                Err(_) => answer,
            }
        }
    }
}

/// The answer when nothing more can be recorded.
fn full(shared: &Shared, operation: Option<Operation>, flush: Flush) -> Response<Body> {
    let settings = Arc::clone(&shared.lock().settings);
    let verdict = match operation.map(Operation::token) {
        Some(Token::Export) => Verdict::Export(ExportCode::UnknownError),
        Some(Token::Import) | None => Verdict::Import(ImportCode::InternalServerError),
    };
    tracing::debug!("request refused: the emulator is full");
    let answer = Answer::verdict(verdict, &settings, None);
    answer.into_response(settings.clock.now(), |content, framing| {
        Body::new(content, framing, flush, None, None)
    })
}

fn code(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Import(code) => code.as_str(),
        Verdict::Export(code) => code.as_str(),
    }
}
