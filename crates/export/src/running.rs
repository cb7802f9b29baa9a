//! An export of days, while it runs.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    error::ExportError,
    receipt::{DayReceipt, Receipt},
};

type Work = Pin<Box<dyn Future<Output = Result<Receipt, ExportError>> + Send>>;

/// An export of days: a future of its receipt, and a stream of the days as they end.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dfinery_emulator::Emulator;
/// use dfinery_export::{EventExport, Exporter};
/// use futures_util::StreamExt as _;
///
/// let emulator = Emulator::start().await?;
/// let client = emulator.export_client().build()?;
/// # let folder = tempfile::tempdir()?;
/// # let (state, warehouse) = (folder.path().join("state"), folder.path().join("warehouse"));
/// let exporter = Exporter::builder(&client, state).build();
///
/// let mut export = exporter.export_events(&EventExport::default(), warehouse);
/// while let Some(day) = export.next().await {
///     println!("{day}");
/// }
/// let receipt = export.await?;
/// assert!(receipt.stopped.is_none());
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is exported until this is awaited"]
pub struct RunningExport {
    work: Work,
    /// The days that have ended and were not taken: no more than the export has.
    days: UnboundedReceiver<DayReceipt>,
    ended: Option<Result<Receipt, ExportError>>,
}

impl RunningExport {
    pub(crate) fn new<F>(work: impl FnOnce(UnboundedSender<DayReceipt>) -> F) -> Self
    where
        F: Future<Output = Result<Receipt, ExportError>> + Send + 'static,
    {
        let (sender, days) = unbounded_channel();
        Self {
            work: Box::pin(work(sender)),
            days,
            ended: None,
        }
    }
}

impl Stream for RunningExport {
    type Item = DayReceipt;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<DayReceipt>> {
        let this = &mut *self;
        if this.ended.is_none()
            && let Poll::Ready(ended) = this.work.as_mut().poll(cx)
        {
            this.ended = Some(ended);
        }
        match this.days.try_recv() {
            Ok(day) => Poll::Ready(Some(day)),
            Err(_) if this.ended.is_some() => Poll::Ready(None),
            // The work wakes the task whenever a day may have ended.
            Err(_) => Poll::Pending,
        }
    }
}

impl IntoFuture for RunningExport {
    type Output = Result<Receipt, ExportError>;
    type IntoFuture = Work;

    fn into_future(self) -> Work {
        match self.ended {
            Some(ended) => Box::pin(std::future::ready(ended)),
            None => self.work,
        }
    }
}
