//! The emulator's time.

use std::{fmt, sync::Arc};

use dfinery::Timestamp;

/// The emulator's clock, so that tests of windows and dates need not sleep.
///
/// ```
/// use dfinery_emulator::Clock;
/// let noon: dfinery::Timestamp = "2024-12-05T12:00:00Z".parse()?;
/// assert_eq!(Clock::fixed(noon).now(), noon);
/// # Ok::<(), dfinery::Error>(())
/// ```
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks a function. The function must not call the emulator, which would deadlock.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// A stopped clock; set another one to move on.
    #[must_use]
    pub fn fixed(time: Timestamp) -> Self {
        Self::new(move || time)
    }

    /// Its current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(Timestamp::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}
