//! Why there can be no HTTP client.

use std::error::Error;

/// Says it with all its causes. The most frequent one, in small containers, is put in terms of what to do.
pub(crate) fn problem(error: &(dyn Error + 'static)) -> String {
    let causes: Vec<_> = std::iter::successors(Some(error), |cause: &&(dyn Error + 'static)| (*cause).source())
        .map(ToString::to_string)
        .collect();
    // The library has no type for it.
    if causes.iter().any(|cause| cause.contains("No CA certificates")) {
        return "this machine has no CA certificates, without which no https:// server can be trusted: install the package \
                ca-certificates, or set SSL_CERT_FILE to a file with such certificates"
            .to_owned();
    }
    format!("no HTTP client: {}", causes.join(": "))
}
