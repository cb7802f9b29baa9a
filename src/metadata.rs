//! What is known about a call besides its result, on success and on failure.

use std::time::Duration;

use crate::Timestamp;

/// How a call went: attempts, time, HTTP status, quota.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// How often the request was sent; 0 if it never was.
    pub attempts: u32,
    /// From the call to its answer, all attempts and pauses included.
    pub elapsed: Duration,
    /// The HTTP status of the last answer, if there was one. 200 alone does not mean success.
    pub http_status: Option<u16>,
    /// What the last answer said about the quota.
    pub rate_limit: Option<RateLimitStatus>,
}

/// The rate-limit headers of an answer, in either of the two spellings.
///
/// Source: the request limit page of the [API guide](https://docs.dfinery.ai/api-guide/rate-limit), whose table and
/// examples spell the headers differently and give the reset in different units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitStatus {
    /// The reset cycle, such as `1m` for a minute or `1H` for an hour: a period, not a count.
    pub period: Option<String>,
    /// Requests left in the period.
    pub remaining: Option<u64>,
    /// When the period ends. A header value from 1e12 on is read as milliseconds, a smaller one as seconds.
    pub reset: Option<Timestamp>,
}
