//! One way to take a mutex.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes the mutex, also if a thread has panicked while it had it: what such a mutex guards here holds together after every
/// statement.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
