//! Answers on the wire: verdicts from the response tables, and the answers with which faults replace them.

use bytes::Bytes;
use hyper::{
    HeaderMap, Response, StatusCode, Version,
    header::{CONTENT_TYPE, DATE, HeaderName, HeaderValue},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    body::{Body, Content},
    csv::Csv,
    fault::Fault,
    ledger::Verdict,
    limits::Quota,
    settings::{CodeStyle, FailureStyle, Framing, OverLimit, Settings, SuccessData},
};
use dfinery::{ExportCode, ImportCode, RetryClass, Timestamp, Token, tables::CodeInfo, types::export::ExportFailure};

/// An answer before it is sent.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Content,
    pub(crate) framing: Framing,
    /// What the body says; for the ledger.
    pub(crate) verdict: Option<Verdict>,
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Answer {
    /// The answer of the API to a request; its headers show `quota`.
    pub(crate) fn verdict(verdict: Verdict, settings: &Settings, quota: Option<Quota>) -> Self {
        let (info, style, retry) = match &verdict {
            Verdict::Import(code) => (code.info(), settings.import_failures, code.retry_class()),
            Verdict::Export(code) => (code.info(), settings.export_failures, code.retry_class()),
        };
        let body = match &verdict {
            Verdict::Import(code) => import_body(code, settings),
            Verdict::Export(code) => export_body(code),
        };
        let over_limit = retry == RetryClass::AfterReset;
        let mut answer = match settings.over_limit {
            OverLimit::Http429 if over_limit => Self::json(StatusCode::TOO_MANY_REQUESTS, body, settings),
            OverLimit::Http429Empty if over_limit => Self::empty(StatusCode::TOO_MANY_REQUESTS),
            _ => Self::json(status_of(info, style), body, settings),
        };
        if let Some(quota) = quota {
            answer.headers.extend(quota.headers(settings, over_limit));
        }
        answer.verdict = Some(verdict);
        answer
    }

    /// An extracted CSV.
    pub(crate) fn csv(csv: Csv, settings: &Settings, quota: Quota) -> Self {
        let framing = settings.csv_framing;
        let cut = settings.longest_export.filter(|longest| csv.length() > *longest);
        let content = Content::csv(csv, framing);
        let content = match cut {
            Some(longest) => content.cut(longest),
            None => content,
        };
        let mut answer = Self::new(StatusCode::OK, content, framing);
        answer.content_type(settings.csv_content_type.as_deref());
        answer.headers.extend(quota.headers(settings, false));
        answer
    }

    /// An answer other than a verdict of the API, such as that to an unknown path.
    pub(crate) fn refusal(status: StatusCode, settings: &Settings) -> Self {
        let reason = status.canonical_reason().unwrap_or_default();
        Self::json(status, serde_json::json!({ "error": reason }).to_string(), settings)
    }

    /// The answer with which a fault replaces the proper one; none if the fault does not replace it or closes the
    /// connection.
    pub(crate) fn of_fault(fault: &Fault, token: Token, settings: &Settings, quota: Quota) -> Option<Self> {
        let by_code = |verdict: Verdict, retry: RetryClass| {
            let spent = retry == RetryClass::AfterReset;
            Self::verdict(verdict, settings, Some(if spent { quota.spent() } else { quota }))
        };
        Some(match fault {
            Fault::Import(code) => by_code(Verdict::Import(code.clone()), code.retry_class()),
            Fault::Export(code) => by_code(Verdict::Export(code.clone()), code.retry_class()),
            Fault::UnknownCode => match token {
                Token::Import => by_code(Verdict::Import(ImportCode::from_raw(UNKNOWN_CODE)), RetryClass::Never),
                Token::Export => by_code(
                    Verdict::Export(ExportCode::from_raw(UNKNOWN_MESSAGE)),
                    RetryClass::Never,
                ),
            },
            Fault::Status(status) => Self::empty(final_status(*status)),
            Fault::HtmlBadGateway => {
                let mut answer = Self::whole(StatusCode::BAD_GATEWAY, BAD_GATEWAY);
                answer.content_type(Some("text/html"));
                answer
            }
            Fault::MalformedJson => {
                let mut answer = Self::whole(StatusCode::OK, MALFORMED_JSON);
                answer.content_type(Some("application/json"));
                answer
            }
            Fault::HugeBody(bytes) => {
                let mut answer = Self::new(StatusCode::OK, Content::spaces(*bytes), Framing::ContentLength);
                answer.content_type(Some("application/json"));
                answer
            }
            Fault::Answer {
                status,
                content_type,
                body,
            } => {
                let mut answer = Self::whole(final_status(*status), body.clone());
                answer.content_type(content_type.as_deref());
                answer
            }
            Fault::None
            | Fault::CloseBeforeReading
            | Fault::CloseAfterReading
            | Fault::Delay(_)
            | Fault::SlowBody { .. }
            | Fault::CloseAfterBytes(_)
            | Fault::EndAfterBytes(_)
            | Fault::JsonTail { .. }
            | Fault::Applied(_) => return None,
        })
    }

    /// The proper answer, damaged by a fault.
    pub(crate) fn damaged(mut self, fault: &Fault) -> Self {
        self.content = match fault {
            Fault::SlowBody { piece, pause } => self.content.slowly(*piece, *pause),
            Fault::CloseAfterBytes(bytes) => self.content.cut(*bytes),
            Fault::EndAfterBytes(bytes) => self.content.first(*bytes),
            Fault::JsonTail { after_bytes, code } => self.content.first(*after_bytes).then(export_body(code).into()),
            _ => self.content,
        };
        self
    }

    /// The head of the response, and the rest for its body.
    pub(crate) fn into_response(self, now: Timestamp, body: impl FnOnce(Content, Framing) -> Body) -> Response<Body> {
        let mut response = Response::new(body(self.content, self.framing));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if self.framing == Framing::CloseDelimited {
            *response.version_mut() = Version::HTTP_10;
        }
        // hyper would send the system's time, from which a client could not work out when the emulator's quota is
        // reset.
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now.to_jiff());
        if let Some(date) = date.ok().and_then(|date| HeaderValue::try_from(date).ok()) {
            response.headers_mut().insert(DATE, date);
        }
        response
    }

    fn new(status: StatusCode, content: Content, framing: Framing) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            content,
            framing,
            verdict: None,
        }
    }

    fn whole(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::new(status, Content::bytes(body), Framing::ContentLength)
    }

    fn empty(status: StatusCode) -> Self {
        Self::whole(status, Bytes::new())
    }

    fn json(status: StatusCode, body: String, settings: &Settings) -> Self {
        let mut answer = Self::new(status, Content::bytes(body), settings.json_framing);
        answer.headers.insert(CONTENT_TYPE, JSON);
        answer
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    fn content_type(&mut self, content_type: Option<&str>) {
        if let Some(value) = content_type.and_then(|value| HeaderValue::from_str(value).ok()) {
            self.headers.insert(CONTENT_TYPE, value);
        }
    }
}

/// The envelope of the Import API, with `data` even if it is null.
#[derive(Serialize)]
struct ImportBody<'a> {
    status: bool,
    code: Value,
    message: &'a str,
    data: Option<bool>,
}

fn import_body(code: &ImportCode, settings: &Settings) -> String {
    let number = code.as_str().parse::<u64>().ok();
    let digits = settings.code_style == CodeStyle::Digits;
    json(&ImportBody {
        status: code.is_success(),
        code: number
            .filter(|_| !digits)
            .map_or_else(|| code.as_str().into(), Value::from),
        message: code.name(),
        data: (code.is_success() && settings.success_data == SuccessData::True).then_some(true),
    })
}

fn export_body(code: &ExportCode) -> String {
    json(&ExportFailure {
        result: "fail".to_owned(),
        message: code.clone(),
    })
}

fn json(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

/// The HTTP status of a verdict; 200 if no table has it.
fn status_of(info: Option<&CodeInfo>, style: FailureStyle) -> StatusCode {
    info.map_or(StatusCode::OK, |info| {
        final_status(match style {
            FailureStyle::DetailTable => info.http_status,
            FailureStyle::Alternative => info.http_status_alternative,
        })
    })
}

/// A status that a final answer can have.
fn final_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status)
        .ok()
        .filter(|status| !status.is_informational())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A code of the Import API that no table has.
const UNKNOWN_CODE: &str = "49999";

/// A message of the Export API that no table has.
const UNKNOWN_MESSAGE: &str = "something_new";

const BAD_GATEWAY: &str =
    "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n";

const MALFORMED_JSON: &str = "{\"status\": true, \"code\": ";
