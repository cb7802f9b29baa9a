//! Bodies of answers: sequences of chunks that can be shortened, slowed down, cut off and counted.

use std::{
    error::Error,
    fmt, iter,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::{csv::Csv, limits::Permit, settings::Framing, wire::Flush};

/// The parts of a body.
pub(crate) struct Content {
    chunks: Box<dyn Iterator<Item = Bytes> + Send>,
    /// How many bytes that is, if known.
    length: Option<u64>,
    /// Whether to close the connection after the chunks.
    cut: bool,
    pause: Option<Duration>,
}

impl Content {
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::new(
            Some(bytes.len() as u64),
            iter::once(bytes).filter(|bytes| !bytes.is_empty()),
        )
    }

    pub(crate) fn csv(csv: Csv, framing: Framing) -> Self {
        let length = (framing == Framing::ContentLength).then(|| csv.length());
        Self::new(length, csv)
    }

    /// This many spaces, which is how JSON may begin.
    pub(crate) fn spaces(length: u64) -> Self {
        const SPACES: &[u8] = &[b' '; 64 * 1024];
        let mut left = length;
        let chunks = iter::from_fn(move || {
            let size = left.min(SPACES.len() as u64);
            left -= size;
            let chunk = Bytes::from_static(SPACES.get(..usize::try_from(size).ok()?)?);
            (!chunk.is_empty()).then_some(chunk)
        });
        Self::new(Some(length), chunks)
    }

    fn new(length: Option<u64>, chunks: impl Iterator<Item = Bytes> + Send + 'static) -> Self {
        Self {
            chunks: Box::new(chunks),
            length,
            cut: false,
            pause: None,
        }
    }

    /// No more than this many bytes.
    pub(crate) fn first(self, bytes: u64) -> Self {
        let mut left = bytes;
        let mut chunks = self.chunks;
        let shortened = iter::from_fn(move || {
            let mut chunk = chunks.next().filter(|_| left > 0)?;
            chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= chunk.len() as u64;
            Some(chunk)
        });
        Self {
            length: self.length.map(|length| length.min(bytes)),
            chunks: Box::new(shortened),
            ..self
        }
    }

    /// With these bytes appended.
    pub(crate) fn then(self, tail: Bytes) -> Self {
        Self {
            length: self.length.map(|length| length + tail.len() as u64),
            chunks: Box::new(self.chunks.chain([tail])),
            ..self
        }
    }

    /// At most this many bytes, although the announced length stays; then the connection is closed.
    pub(crate) fn cut(self, bytes: u64) -> Self {
        if self.length.is_some_and(|length| length <= bytes) {
            return self;
        }
        let length = self.length;
        Self {
            length,
            cut: true,
            ..self.first(bytes)
        }
    }

    /// In pieces of this many bytes, with a pause before each.
    pub(crate) fn slowly(self, piece: usize, pause: Duration) -> Self {
        let piece = piece.max(1);
        let pieces = self.chunks.flat_map(move |mut chunk| {
            iter::from_fn(move || (!chunk.is_empty()).then(|| chunk.split_to(piece.min(chunk.len()))))
        });
        Self {
            chunks: Box::new(pieces),
            pause: Some(pause),
            ..self
        }
    }
}

/// Called once the connection has the last chunk of a body.
pub(crate) type OnEnd = Box<dyn FnOnce() + Send>;

/// A body being sent.
pub(crate) struct Body {
    chunks: Box<dyn Iterator<Item = Bytes> + Send>,
    /// Read ahead, so that the end is known with the last chunk.
    next: Option<Bytes>,
    announced: Option<u64>,
    cut: bool,
    pause: Option<(Duration, Pin<Box<Sleep>>)>,
    flush: Flush,
    on_end: Option<OnEnd>,
    /// An export counts as running until its body is dropped.
    _permit: Option<Permit>,
}

impl Body {
    pub(crate) fn new(
        content: Content,
        framing: Framing,
        flush: Flush,
        on_end: Option<OnEnd>,
        permit: Option<Permit>,
    ) -> Self {
        let mut chunks = content.chunks;
        let mut body = Self {
            next: chunks.next(),
            chunks,
            announced: content.length.filter(|_| framing == Framing::ContentLength),
            cut: content.cut,
            pause: content.pause.map(|pause| (pause, Box::pin(sleep(pause)))),
            flush,
            on_end,
            _permit: permit,
        };
        body.note_end();
        body
    }

    fn note_end(&mut self) {
        if self.next.is_none()
            && !self.cut
            && let Some(on_end) = self.on_end.take()
        {
            on_end();
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let body = self.get_mut();
        if let Some((pause, sleep)) = &mut body.pause {
            ready!(sleep.as_mut().poll(cx));
            sleep.as_mut().reset(Instant::now() + *pause);
        }
        let Some(chunk) = body.next.take() else {
            if body.cut {
                ready!(body.flush.poll());
                return Poll::Ready(Some(Err(Cut)));
            }
            return Poll::Ready(None);
        };
        body.next = body.chunks.next();
        body.note_end();
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none() && !self.cut
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Closes the connection: a fault asked for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed on purpose")
    }
}

impl Error for Cut {}
