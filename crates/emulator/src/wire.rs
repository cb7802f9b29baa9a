//! The socket under hyper. It knows when everything given to hyper has been sent, so that a cut comes after exactly the
//! bytes that a fault lets through.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection that answers [`Flush::poll`].
pub(crate) struct Wire {
    socket: TokioIo<TcpStream>,
    flush: Flush,
}

impl Wire {
    pub(crate) fn new(socket: TcpStream) -> (Self, Flush) {
        let flush = Flush::default();
        let wire = Self {
            socket: TokioIo::new(socket),
            flush: flush.clone(),
        };
        (wire, flush)
    }
}

/// Asks a [`Wire`] whether its bytes have been sent. Both ends live in the task of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flush(Arc<FlushState>);

#[derive(Debug, Default)]
struct FlushState {
    asked: AtomicBool,
    done: AtomicBool,
}

impl Flush {
    /// Ready once a flush that began after the first call has succeeded.
    pub(crate) fn poll(&self) -> Poll<()> {
        if self.0.done.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        self.0.asked.store(true, Ordering::Release);
        Poll::Pending
    }
}

impl Read for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    /// hyper calls this when its own buffer is empty.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        if self.flush.0.asked.swap(false, Ordering::AcqRel) {
            self.flush.0.done.store(true, Ordering::Release);
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, parts)
    }
}
