//! What happened without what to do about it, where that is said once for many records.

use dfinery::{Error, Language};

/// What an error says happened, without the remedy of its code.
pub(crate) fn without_remedy(error: &Error) -> String {
    let message = error.to_string();
    match error.remedy(Language::English) {
        Some(remedy) => cut(&message, remedy).to_owned(),
        None => message,
    }
}

/// A message without the remedy at its end.
pub(crate) fn cut<'a>(message: &'a str, remedy: &str) -> &'a str {
    let message = message.strip_suffix(remedy).unwrap_or(message);
    message.trim_end().trim_end_matches('.')
}
