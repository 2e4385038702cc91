//! COMPRESS=DEFLATE (RFC 4978): both directions of a connection as raw deflate, from a given moment on.

use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::Stream;

const PIECE: usize = 16 << 10;
/// Compressed bytes that may wait to be written.
const WAITING: usize = 64 << 10;

/// A connection whose bytes are compressed.
pub(crate) struct Deflated {
    inner: Stream,
    inflate: Decompress,
    deflate: Compress,
    /// Compressed bytes that have come.
    incoming: BytesMut,
    /// True if there may be more to come of what was taken from `incoming` already.
    more: bool,
    /// Compressed bytes that are to be written.
    outgoing: BytesMut,
    /// True if bytes were taken that are not all in `outgoing`.
    unfinished: bool,
}

impl Deflated {
    /// Everything from now on is compressed, `early` included: what has come already.
    pub(crate) fn new(inner: Stream, early: BytesMut) -> Self {
        Self {
            inner,
            inflate: Decompress::new(false),
            // Fast: it shall cost less than the line.
            deflate: Compress::new(Compression::fast(), false),
            more: !early.is_empty(),
            incoming: early,
            outgoing: BytesMut::new(),
            unfinished: false,
        }
    }

    /// Puts plain bytes to `free`, as many as there are.
    fn inflate(&mut self, free: &mut [u8]) -> io::Result<usize> {
        let (before, filled) = (self.inflate.total_in(), self.inflate.total_out());
        let unreadable = || io::Error::new(io::ErrorKind::InvalidData, "the server's compressed bytes cannot be read");
        let status = self.inflate.decompress(&self.incoming, free, FlushDecompress::Sync).map_err(|_| unreadable())?;
        let taken = usize::try_from(self.inflate.total_in() - before).unwrap_or(usize::MAX);
        let filled = usize::try_from(self.inflate.total_out() - filled).unwrap_or(usize::MAX);
        self.incoming.advance(taken.min(self.incoming.len()));
        // What it holds back comes with the next call, without any of the input being taken.
        self.more = filled > 0 || taken > 0;
        // It may end only with the connection.
        if status == Status::StreamEnd && filled == 0 { Err(unreadable()) } else { Ok(filled) }
    }

    /// Compresses `bytes`; how many were taken.
    fn deflate(&mut self, bytes: &[u8], flush: FlushCompress) -> io::Result<usize> {
        let mut piece = [0; PIECE];
        let mut taken = 0;
        loop {
            let (before, made) = (self.deflate.total_in(), self.deflate.total_out());
            self.deflate.compress(&bytes[taken..], &mut piece, flush).map_err(io::Error::other)?;
            taken += usize::try_from(self.deflate.total_in() - before).unwrap_or(0);
            let made = usize::try_from(self.deflate.total_out() - made).unwrap_or(0).min(PIECE);
            self.outgoing.extend_from_slice(&piece[..made]);
            if made < PIECE && taken == bytes.len() {
                return Ok(taken);
            }
        }
    }

    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(context, &self.outgoing))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outgoing.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.unfinished) {
            self.deflate(&[], FlushCompress::Sync)?;
        }
        self.poll_drain(context)
    }
}

impl AsyncRead for Deflated {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.more {
                // What comes out is taken in pieces, so that a few bytes cannot become more than there is room for.
                let room = buffer.remaining().min(PIECE);
                let filled = this.inflate(buffer.initialize_unfilled_to(room))?;
                buffer.advance(filled);
                if filled > 0 {
                    return Poll::Ready(Ok(()));
                }
                if this.more {
                    continue;
                }
            }
            this.incoming.reserve(PIECE);
            if ready!(pin!(this.inner.read_buf(&mut this.incoming)).poll(context))? == 0 {
                return Poll::Ready(Ok(()));
            }
            this.more = true;
        }
    }
}

impl AsyncWrite for Deflated {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.outgoing.len() >= WAITING {
            ready!(self.poll_drain(context))?;
        }
        self.unfinished = true;
        let piece = &bytes[..bytes.len().min(WAITING)];
        Poll::Ready(self.deflate(piece, FlushCompress::None))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_finish(context))?;
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_finish(context))?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// For [`crate::fuzz`]: what a server sends compressed. The first byte says how much of it has come early.
#[cfg(any(test, fuzzing))]
pub(crate) fn fuzz(data: &[u8]) {
    let Some((cut, bytes)) = data.split_first() else { return };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
    let inflated = |early: usize| {
        let (early, rest) = bytes.split_at(early.min(bytes.len()));
        let stream = Stream::new(tokio::io::join(std::io::Cursor::new(rest.to_vec()), tokio::io::sink()));
        let mut plain = Vec::new();
        let reading = Deflated::new(stream, BytesMut::from(early));
        runtime.block_on(reading.take(1 << 20).read_to_end(&mut plain)).ok().map(|_| plain)
    };
    if let (Some(one), Some(other)) = (inflated(0), inflated(usize::from(*cut))) {
        assert_eq!(one, other, "it does not matter when it came");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt;

    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
    }

    fn deflated(inner: impl AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static) -> Deflated {
        Deflated::new(Stream::new(inner), BytesMut::new())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_at_the_other_end(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 1..8), times in 1usize..40, room in 1usize..5000) {
            let sent = pieces.concat().repeat(times);
            let read = block_on(async {
                let (here, there) = tokio::io::duplex(room);
                let (mut here, mut there) = (deflated(here), deflated(there));
                let write = async {
                    for _ in 0..times {
                        for piece in &pieces {
                            here.write_all(piece).await.expect("writes");
                        }
                        here.flush().await.expect("flushes");
                    }
                    drop(here);
                };
                let mut read = Vec::new();
                let ((), end) = futures::join!(write, there.read_to_end(&mut read));
                end.map(|_| read)
            });
            prop_assert!(read.expect("reads") == sent);
        }

        #[test]
        fn no_bytes_make_it_panic_or_go_on_for_ever(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let mut read = Vec::new();
            let stream = tokio::io::join(std::io::Cursor::new(bytes), tokio::io::sink());
            let end = block_on(deflated(stream).take(1 << 24).read_to_end(&mut read));
            prop_assert!(end.is_err() || read.len() <= 1 << 24);
        }
    }

    #[test]
    fn bytes_that_are_not_compressed_are_told() {
        let words = std::io::Cursor::new(b"\xff\xff\xff\xff".to_vec());
        let end = block_on(deflated(tokio::io::join(words, tokio::io::sink())).read_to_end(&mut Vec::new()));
        assert_eq!(end.expect_err("no deflate").kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn what_came_before_the_change_is_read_first() {
        let mut early = deflated(tokio::io::join(tokio::io::empty(), tokio::io::sink()));
        early.deflate(b"* 5 EXISTS\r\n", FlushCompress::Sync).expect("deflates");
        let stream = Stream::new(tokio::io::join(tokio::io::empty(), tokio::io::sink()));
        let mut read = Vec::new();
        block_on(Deflated::new(stream, early.outgoing).read_to_end(&mut read)).expect("reads");
        assert_eq!(read, b"* 5 EXISTS\r\n");
    }
}
