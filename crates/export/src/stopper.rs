//! The end of what an exporter does, on request.

use std::sync::Arc;

use tokio::sync::watch;

/// Ends what an exporter does in order.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Makes no more calls, and gives up those under way. What has arrived as a whole is still written, and there is a
    /// receipt as for every other end. It cannot be undone.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Returns once it was stopped.
    pub(crate) async fn stopped(&self) {
        // This holds the sender, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}
