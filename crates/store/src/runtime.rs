//! Where requests run.

use std::{
    io,
    sync::{OnceLock, mpsc},
};

use tokio::runtime::{Builder, Runtime};

/// The runtime of all requests of this process; `None` if the system refused a thread.
fn runtime() -> io::Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let new = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("object-store")
        .enable_all()
        .build()?;
    Ok(RUNTIME.get_or_init(|| new))
}

/// Begins to run a future, whose result can be received.
pub(crate) fn spawn<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> io::Result<mpsc::Receiver<T>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime()?.spawn(async move {
        let _ = sender.send(future.await);
    });
    Ok(receiver)
}

/// Runs a future to its end. Unlike `block_on`, it may be called within another runtime.
pub(crate) fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> io::Result<T> {
    receive(&spawn(future)?)
}

pub(crate) fn receive<T>(receiver: &mpsc::Receiver<T>) -> io::Result<T> {
    receiver
        .recv()
        .map_err(|_| io::Error::other("the request ended without a result"))
}
