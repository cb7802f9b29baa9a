//! Writes on a condition, whose outcome is known for sure.

use std::{thread::sleep, time::Duration};

use dfinery_store::{Place, StoreError, Version};

/// How often a request is made whose outcome is unclear.
const TRIES: u32 = 6;

/// The pause after the first of them. It doubles.
const PAUSE: Duration = Duration::from_millis(100);

/// Writes a small object in place of a version, or of none. It is a conflict if another one is there.
///
/// An answer can be lost after the write was done, and then the write that is repeated is refused because of the first
/// one. So what is there decides.
pub(crate) fn put_if(place: &Place, contents: &[u8], before: Option<&Version>) -> Result<Version, StoreError> {
    let mut tries = 1;
    loop {
        let error = match put(place, contents, before) {
            Err(error) if error.is_conflict() || error.is_transient() => error,
            done => return done,
        };
        if let Some(version) = version_of(place, contents)? {
            return Ok(version);
        }
        let is_decided = error.is_conflict() && place.version()?.as_ref() != before;
        if is_decided || tries == TRIES {
            return Err(error);
        }
        sleep(PAUSE * 2_u32.pow(tries));
        tries += 1;
    }
}

/// Whether a store refuses to write in place of a version that is not there.
pub(crate) fn refuses(place: &Place, contents: &[u8], before: Option<&Version>) -> Result<bool, StoreError> {
    let mut tries = 1;
    loop {
        match put(place, contents, before) {
            Ok(_) => return Ok(false),
            Err(error) if error.is_conflict() => return Ok(true),
            Err(error) if !error.is_transient() || tries == TRIES => return Err(error),
            Err(_) => {}
        }
        sleep(PAUSE * 2_u32.pow(tries));
        tries += 1;
    }
}

fn put(place: &Place, contents: &[u8], before: Option<&Version>) -> Result<Version, StoreError> {
    match before {
        None => place.create(contents.to_vec()),
        Some(before) => place.replace(contents.to_vec(), before),
    }
}

/// The version of an object, if it has these contents.
fn version_of(place: &Place, contents: &[u8]) -> Result<Option<Version>, StoreError> {
    let length = contents.len() as u64;
    if place.object()?.is_none_or(|object| object.size != length) {
        return Ok(None);
    }
    let read = place.read(length)?;
    Ok(read.and_then(|(read, version)| (read == contents).then_some(version)))
}
