//! Which objects a URL stands for.

use std::{
    io,
    path::{Path, PathBuf},
};

use dfinery_store::Place;

use crate::error::InputError;

/// Checks the form of the URL of an object, without asking the store.
///
/// # Errors
/// If it is no such URL, or has a query or a user, which may be secrets. The error does not repeat these.
pub fn check_url(url: &Path) -> Result<(), InputError> {
    let name = url.display().to_string();
    Place::check(&name).map_err(|error| InputError::opening(&name, error.into()))
}

/// The objects of a URL: the one of this name, or else all below it as a prefix, of which there may be at most `most`. A URL
/// that ends with `/` is a prefix. Blocking.
///
/// # Errors
/// If the store cannot be reached or refuses it, there is no such object, or there are more than `most`.
pub fn objects(url: &Path, most: usize) -> Result<Vec<PathBuf>, InputError> {
    let name = url.display().to_string();
    let failed = |error| InputError::opening(&name, io::Error::from(error));
    let place = Place::parse(&name).map_err(failed)?;
    // Azure may keep an empty object for a folder.
    let object = if name.ends_with('/') {
        None
    } else {
        place.object().map_err(failed)?
    };
    if object.as_ref().is_some_and(|object| object.size > 0) {
        return Ok(vec![place.to_string().into()]);
    }
    let below = place.list(most).map_err(failed)?;
    let mut paths: Vec<PathBuf> = below.iter().map(|object| object.place.to_string().into()).collect();
    // As the files in a folder, and those in the folders in it.
    paths.sort();
    match object {
        Some(object) if paths.is_empty() => Ok(vec![object.place.to_string().into()]),
        None if paths.is_empty() => Err(InputError::new(
            &name,
            "there is no object of this name, and none below it",
        )),
        _ => Ok(paths),
    }
}
