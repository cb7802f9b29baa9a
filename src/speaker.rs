//! Who an answer is from. Only the API, and the statuses of HTTP that speak of the request itself, can judge a request;
//! a gateway, a proxy or a captive portal on the way says nothing about it.

/// Whose word a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// This library: nothing was sent, or the failure came after the answer.
    Ourselves,
    /// The API, in its own form.
    Api,
    /// The API or something on the way, but with a status that speaks of the request itself.
    Request,
    /// Anything between here and the API.
    Way {
        /// Whether the address or a proxy is wrong, so that waiting would not help.
        misdirected: bool,
    },
}

/// A proxy refuses a body for its length as well, with a page of its own, and is right about the request.
const CONTENT_TOO_LARGE: u16 = 413;

impl Speaker {
    /// Who speaks by a status under which the API did not say anything.
    pub(crate) const fn of_status(status: u16) -> Self {
        match status {
            // Bad request, content too large, unprocessable content.
            400 | CONTENT_TOO_LARGE | 422 => Self::Request,
            // A redirect, no such path, a wrong method, a proxy that wants a password, a page that is gone for good, a
            // server that is not responsible, a network that wants a login.
            300..=399 | 404 | 405 | 407 | 410 | 421 | 511 => Self::Way { misdirected: true },
            _ => Self::Way { misdirected: false },
        }
    }
}

/// Whether a body under such a status is a page for people, as a proxy writes it for any request that it does not let
/// through: then the status speaks of the proxy, whatever it is, and not of the request.
pub(crate) fn is_page_instead(status: u16, content_type: Option<&str>, body: &[u8]) -> bool {
    status != CONTENT_TOO_LARGE && Speaker::of_status(status) == Speaker::Request && is_page(content_type, body)
}

/// Whether a body is a page for people. Neither API writes markup.
pub(crate) fn is_page(content_type: Option<&str>, body: &[u8]) -> bool {
    let media_type = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    media_type.is_some_and(|media_type| {
        ["text/html", "application/xhtml+xml"]
            .iter()
            .any(|page| media_type.eq_ignore_ascii_case(page))
    }) || body.trim_ascii_start().starts_with(b"<")
}
