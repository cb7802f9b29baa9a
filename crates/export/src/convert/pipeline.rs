//! Work on several threads, in order.
//!
//! One thread makes jobs and deals them out in turn; each worker has its own queue of jobs and of results; the calling
//! thread takes the results in the same turn. So nothing has to be sorted, and the queues bound what is in memory. When
//! a side ends or fails, its ends of the queues close, which ends the others.

use std::{
    sync::mpsc::sync_channel,
    thread::{self, Builder},
};

use super::error::ConvertError;

/// More make a file faster where there are processors for them, and take memory for two more pieces each.
const WORKERS: usize = 2;

/// Has `work` done on all `jobs`, and gives the results to `take` in order, until it fails.
///
/// `waiting` jobs may be ready for each worker beside the one that it is at.
pub(super) fn run<J: Send, R: Send>(
    jobs: impl Iterator<Item = J> + Send,
    waiting: usize,
    work: impl Fn(J) -> R + Sync,
    mut take: impl FnMut(R) -> Result<(), ConvertError>,
) -> Result<(), ConvertError> {
    thread::scope(|scope| {
        let (mut inlets, mut outlets) = (Vec::new(), Vec::new());
        for _ in 0..WORKERS {
            let (inlet, given) = sync_channel(waiting);
            let (done, outlet) = sync_channel(1);
            inlets.push(inlet);
            outlets.push(outlet);
            let work = &work;
            let worker = move || {
                for job in given {
                    if done.send(work(job)).is_err() {
                        return;
                    }
                }
            };
            Builder::new()
                .spawn_scoped(scope, worker)
                .map_err(ConvertError::writing)?;
        }
        let dealer = move || {
            for (job, inlet) in jobs.zip(inlets.iter().cycle()) {
                if inlet.send(job).is_err() {
                    return;
                }
            }
        };
        Builder::new()
            .spawn_scoped(scope, dealer)
            .map_err(ConvertError::writing)?;
        // Without a result of the worker whose turn it is, there was no job for it.
        for outlet in outlets.iter().cycle() {
            match outlet.recv() {
                Ok(result) => take(result)?,
                Err(_) => break,
            }
        }
        Ok(())
    })
}
