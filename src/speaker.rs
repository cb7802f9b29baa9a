//! Who an answer is from. Only the API, and the statuses of HTTP that speak of the request itself, can judge a request;
//! a gateway, a proxy or a captive portal on the way says nothing about it.

/// Whose word a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// This library: nothing was sent, or the failure came after the answer.
    Ourselves,
    /// The API, in its own form.
    Api,
    /// Whoever answered, but with a status that speaks of the request itself.
    Request,
    /// Anything between here and the API.
    Way {
        /// Whether the address or a proxy is wrong, so that waiting would not help.
        misdirected: bool,
    },
}

impl Speaker {
    /// Who speaks by a status under which the API did not say anything.
    pub(crate) const fn of_status(status: u16) -> Self {
        match status {
            // Bad request, content too large, unprocessable content.
            400 | 413 | 422 => Self::Request,
            // A redirect, no such path, a wrong method, a proxy that wants a password, a page that is gone for good, a
            // server that is not responsible, a network that wants a login.
            300..=399 | 404 | 405 | 407 | 410 | 421 | 511 => Self::Way { misdirected: true },
            _ => Self::Way { misdirected: false },
        }
    }
}
