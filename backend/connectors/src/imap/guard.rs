//! A guard between the network and the parser: [`sieve`] without IO inside, a stream outside ([`Guard`]).

mod sieve;

use std::{
    io::{self, IoSlice},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

#[cfg(any(test, fuzzing))]
pub(super) use sieve::sift;
use sieve::{Hold, LastWord, Sieve, SieveError};

use super::bodies::Taken;
use crate::net::{Deflated, Stream};

const READ_SIZE: usize = 64 << 10;
const WRITE_SIZE: usize = 64 << 10;

/// The stream that the parser reads from.
#[derive(Debug)]
pub(super) struct Guard {
    inner: Stream,
    sieve: Sieve,
    outgoing: BytesMut,
    /// Bytes that have passed in either direction.
    passed: Arc<AtomicU64>,
}

impl Guard {
    pub(super) fn new(inner: Stream) -> Self {
        Self { inner, sieve: Sieve::default(), outgoing: BytesMut::new(), passed: Arc::default() }
    }

    /// How many bytes have passed in either direction.
    pub(super) fn passed(&self) -> Arc<AtomicU64> {
        self.passed.clone()
    }

    fn has_passed(&self, bytes: usize) {
        self.passed.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Untagged responses that the parser does not get, each whole with its literals, in the order they came.
    pub(super) fn take_diverted(&mut self) -> Vec<Vec<u8>> {
        self.sieve.take_diverted()
    }

    /// The message that `data` stands for, as the parser saw it.
    pub(super) fn take_body(&mut self, data: &[u8]) -> Taken {
        self.sieve.bodies.take(data)
    }

    /// From now on whole messages above `size_bytes` go to a spool file as they come.
    pub(super) fn spool_above(&mut self, size_bytes: u64) {
        self.sieve.bodies.spool_above = size_bytes;
    }

    /// From now on watches whether the server keeps silent after its next tagged answer.
    pub(super) fn await_last_word(&mut self) {
        self.sieve.last_word = LastWord::Awaited;
    }

    /// True if anything came after that answer: after STARTTLS that is injected plaintext.
    pub(super) fn has_said_more(&self) -> bool {
        !self.sieve.input.is_empty() || self.sieve.last_word != LastWord::Said
    }

    /// Leaves what comes behind the next tagged OK as it is, for [`Guard::deflate`].
    pub(super) fn hold_behind_ok(&mut self) {
        self.sieve.hold = Hold::Awaited;
    }

    /// From now on everything is compressed, what was held included.
    pub(super) fn deflate(&mut self) {
        let nowhere = Stream::new(tokio::io::join(tokio::io::empty(), tokio::io::sink()));
        let inner = std::mem::replace(&mut self.inner, nowhere);
        self.inner = Stream::new(Deflated::new(inner, std::mem::take(&mut self.sieve.input)));
        self.sieve.hold = Hold::No;
        self.sieve.searched = 0;
    }

    /// The stream below; whatever was buffered is dropped.
    pub(super) fn into_inner(self) -> Stream {
        self.inner
    }
}

impl AsyncRead for Guard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if !this.sieve.output.is_empty() {
                let take = this.sieve.output.len().min(buffer.remaining());
                buffer.put_slice(&this.sieve.output[..take]);
                this.sieve.output.advance(take);
                return Poll::Ready(Ok(()));
            }
            let read = ready!(this.poll_fill(context))?;
            if read == 0 {
                return Poll::Ready(Ok(()));
            }
            this.sieve.sift().map_err(invalid)?;
        }
    }
}

fn invalid(error: SieveError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl AsyncWrite for Guard {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        while this.outgoing.len() + bytes.len() >= WRITE_SIZE {
            // Together: what stands before a message is no packet of its own, and a message is not copied.
            let pieces = [IoSlice::new(&this.outgoing), IoSlice::new(bytes)];
            let written = ready!(Pin::new(&mut this.inner).poll_write_vectored(context, &pieces))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.has_passed(written);
            let before = written.min(this.outgoing.len());
            this.outgoing.advance(before);
            if written > before {
                return Poll::Ready(Ok(written - before));
            }
        }
        this.outgoing.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl Guard {
    /// Reads some bytes; the bulk of them, messages, to where they stay.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Some(straight) = self.sieve.straight()
            && let Some(body) = self.sieve.bodies.open()
        {
            // What a server announces is not allocated: room is made as the bytes come.
            if body.capacity() == body.len() {
                body.reserve(straight.min(body.len().max(READ_SIZE)));
            }
            let room = straight.min(body.capacity() - body.len());
            let mut free = body.limit(room);
            let read = ready!(pin!(self.inner.read_buf(&mut free)).poll(context))?;
            self.has_passed(read);
            self.sieve.literal_comes(read as u64).map_err(invalid)?;
            return Poll::Ready(Ok(read));
        }
        let input = &mut self.sieve.input;
        input.reserve(READ_SIZE);
        let mut free = input.limit(READ_SIZE);
        let read = ready!(pin!(self.inner.read_buf(&mut free)).poll(context))?;
        self.has_passed(read);
        Poll::Ready(Ok(read))
    }

    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(context, &self.outgoing))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outgoing.advance(written);
            self.has_passed(written);
        }
        Poll::Ready(Ok(()))
    }
}
