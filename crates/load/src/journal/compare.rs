//! Whether a journal belongs to this load.

use std::path::Path;

use dfinery_input::is_url;

use super::header::{Header, HeaderInput};
use crate::state_error::{Difference, StateError};

/// Finds what differs between the load that began and this one.
pub(super) fn compare(path: &Path, began: &Header, now: &Header) -> Result<(), StateError> {
    let inputs = || began.inputs.iter().zip(&now.inputs);
    let difference = if began.kind != now.kind {
        Difference::Kind {
            began: began.kind.clone(),
            now: now.kind.clone(),
        }
    } else if began.inputs.len() != now.inputs.len() {
        Difference::Inputs {
            began: began.inputs.len(),
            now: now.inputs.len(),
        }
    } else if let Some((was, is)) = inputs().find(|(was, is)| was.ids.is_some() != is.ids.is_some()) {
        Difference::Contents {
            began: was.name.clone(),
            now: is.name.clone(),
        }
    } else if let Some((was, is)) = inputs().find(|(was, is)| was.name != is.name && is_object(was, is)) {
        Difference::Place {
            began: was.name.clone(),
            now: is.name.clone(),
        }
    } else if let Some((_, is)) = inputs().find(|(was, is)| was.etag != is.etag) {
        Difference::Version(is.name.clone())
    } else if let Some((was, is)) = inputs().find(|(was, is)| was.length != is.length) {
        Difference::Length {
            began: (was.name.clone(), was.length),
            now: (is.name.clone(), is.length),
        }
    } else if began.settings != now.settings {
        Difference::Settings
    } else if began.types != now.types {
        Difference::Types
    } else {
        return Ok(());
    };
    Err(StateError::OtherLoad(path.to_owned(), difference))
}

fn is_object(was: &HeaderInput, is: &HeaderInput) -> bool {
    [was, is].iter().any(|input| is_url(Path::new(&input.name)))
}

/// The error for an input that differs from what was read of it.
pub(super) fn other_contents(path: &Path, began: &Header, now: &Header, input: usize) -> StateError {
    let name = |header: &Header| {
        header
            .inputs
            .get(input)
            .map_or_else(String::new, |input| input.name.clone())
    };
    let difference = Difference::Contents {
        began: name(began),
        now: name(now),
    };
    StateError::OtherLoad(path.to_owned(), difference)
}
