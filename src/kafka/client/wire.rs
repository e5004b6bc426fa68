//! The bytes of one connection, watched: frames are checked before anybody allocates for them, every answer is matched
//! with its request, and an answer that nobody waits for any more is counted.
//!
//! Kafka frames are a 32-bit length and, in answers, the 32-bit correlation id of the request.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;

use super::stats::Traffic;
use super::stream::plain;
use crate::kafka::error::Speaks;

/// Largest answer that is read. The largest that brokers send are fetches (`max_bytes` of ours) and Metadata of huge
/// clusters (4.3 MB per 100,000 partitions).
pub(super) const MAX_FRAME: usize = 100 << 20;
/// Largest first answer: ApiVersions takes about 1 KB.
const MAX_FIRST_FRAME: usize = 1 << 20;
/// Deadlines missed in a row, without any answer in between, before the connection is replaced.
const MAX_MISSES: u32 = 2;

/// Why a connection cannot be used any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The stream ended or failed; the system's words.
    Closed(String),
    /// The first bytes were not Kafka's.
    NotKafka(Speaks),
    /// A frame or an answer that cannot be right.
    Garbled(String),
    /// Too many requests went unanswered.
    Silent,
}

struct Waiting {
    /// Returned when the answer arrives, also when nobody waits for it: the broker was busy with it until then.
    _permit: OwnedSemaphorePermit,
    is_abandoned: bool,
}

#[derive(Default)]
struct State {
    waiting: HashMap<i32, Waiting>,
    misses: u32,
    end: Option<End>,
}

/// What the two ends of a connection share: requests under way and the reason of its end.
pub(super) struct Wire {
    state: Mutex<State>,
    traffic: Arc<Traffic>,
}

impl Wire {
    /// A fresh connection whose bytes are counted in `traffic`.
    pub(super) fn new(traffic: Arc<Traffic>) -> Self {
        Self {
            state: Mutex::default(),
            traffic,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request that is about to be written.
    pub(super) fn sent(&self, id: i32, permit: OwnedSemaphorePermit) {
        let waiting = Waiting {
            _permit: permit,
            is_abandoned: false,
        };
        self.state().waiting.insert(id, waiting);
    }

    /// Nobody waits for this answer any more. Until it comes it keeps its place among the requests under way, so their
    /// cap also bounds what is remembered of those given up.
    pub(super) fn abandon(&self, id: i32) {
        if let Some(waiting) = self.state().waiting.get_mut(&id) {
            waiting.is_abandoned = true;
        }
    }

    /// A request missed its deadline: unanswered, or waiting for its turn behind others that were.
    pub(super) fn missed(&self) {
        let mut state = self.state();
        state.misses += 1;
        if state.misses >= MAX_MISSES {
            state.end.get_or_insert(End::Silent);
        }
    }

    /// Whether a deadline was missed and nothing has been answered since: whatever is asked next may have to wait behind
    /// what was asked before, as a broker serves a connection one request at a time.
    pub(super) fn is_late(&self) -> bool {
        self.state().misses > 0
    }

    /// Takes the connection out of use; requests under way may still be answered.
    pub(super) fn retire(&self, end: End) {
        self.state().end.get_or_insert(end);
    }

    /// Why the connection cannot be used; `None` while it can.
    pub(super) fn end(&self) -> Option<End> {
        self.state().end.clone()
    }

    /// Requests sent and not answered.
    pub(super) fn in_flight(&self) -> usize {
        self.state().waiting.len()
    }

    /// Matches an answer with its request. Answers to nobody are an error: the stream is out of step.
    fn answered(&self, id: i32) -> Result<(), String> {
        let mut state = self.state();
        state.misses = 0;
        match state.waiting.remove(&id) {
            None => Err(format!("an answer to request {id}, which was not asked")),
            Some(waiting) => {
                if waiting.is_abandoned {
                    self.traffic.late.fetch_add(1, Relaxed);
                }
                Ok(())
            }
        }
    }
}

/// A stream whose incoming frames are checked as they pass.
pub(super) struct Watched<S> {
    inner: S,
    wire: Arc<Wire>,
    frames: Frames,
}

impl<S> Watched<S> {
    /// Watches `inner` on behalf of `wire`.
    pub(super) fn new(inner: S, wire: Arc<Wire>) -> Self {
        Self {
            inner,
            wire,
            frames: Frames::default(),
        }
    }
}

/// Where in the stream of incoming frames we are.
#[derive(Default)]
struct Frames {
    head: [u8; 8],
    /// Bytes of the head that have arrived.
    filled: usize,
    /// Bytes of the frame that are still to come after the head.
    body: usize,
    /// Whether a whole frame has been seen: then the peer speaks Kafka.
    is_proven: bool,
}

impl Frames {
    /// Takes note of incoming bytes; `answered` is told the correlation id of every frame.
    fn pass(&mut self, mut bytes: &[u8], mut answered: impl FnMut(i32) -> Result<(), String>) -> Result<(), End> {
        while !bytes.is_empty() {
            if self.body > 0 {
                let step = self.body.min(bytes.len());
                self.body -= step;
                bytes = &bytes[step..];
                continue;
            }
            let step = (8 - self.filled).min(bytes.len());
            self.head[self.filled..self.filled + step].copy_from_slice(&bytes[..step]);
            let before = self.filled;
            self.filled += step;
            bytes = &bytes[step..];
            if before < 4 && self.filled >= 4 {
                self.check_length()?;
            }
            if self.filled == 8 {
                let [a, b, c, d, id @ ..] = self.head;
                self.body = (u32::from_be_bytes([a, b, c, d]) - 4) as usize;
                self.filled = 0;
                answered(i32::from_be_bytes(id)).map_err(|reason| self.suspicion(reason))?;
                self.is_proven = true;
            }
        }
        Ok(())
    }

    fn check_length(&self) -> Result<(), End> {
        let [a, b, c, d, ..] = self.head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let limit = if self.is_proven { MAX_FRAME } else { MAX_FIRST_FRAME };
        if (4..=limit).contains(&length) {
            return Ok(());
        }
        if self.is_proven {
            return Err(End::Garbled(format!(
                "a frame of {length} bytes (from 4 to {limit} are possible)"
            )));
        }
        Err(End::NotKafka(match (a, b, c) {
            (b'H', b'T', b'T') => Speaks::Http,
            // A TLS record: alert or handshake, of SSL 3.0 to TLS 1.3.
            (0x15 | 0x16, 3, 0..=4) => Speaks::Tls,
            _ => Speaks::Other,
        }))
    }

    fn suspicion(&self, reason: String) -> End {
        if self.is_proven {
            End::Garbled(reason)
        } else {
            End::NotKafka(Speaks::Other)
        }
    }
}

fn failure(end: &End) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{end:?}"))
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (before, room) = (buf.filled().len(), buf.remaining());
        match Pin::new(&mut this.inner).poll_read(cx, buf) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => {
                this.wire.retire(End::Closed(plain(&error)));
                Poll::Ready(Err(error))
            }
            Poll::Ready(Ok(())) => {
                let fresh = &buf.filled()[before..];
                if fresh.is_empty() && room > 0 {
                    this.wire.retire(End::Closed("end of stream".to_owned()));
                    return Poll::Ready(Ok(()));
                }
                this.wire.traffic.received(fresh.len());
                let wire = &this.wire;
                match this.frames.pass(fresh, |id| wire.answered(id)) {
                    Ok(()) => Poll::Ready(Ok(())),
                    Err(end) => {
                        let error = failure(&end);
                        this.wire.retire(end);
                        Poll::Ready(Err(error))
                    }
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(cx, bytes);
        match &written {
            Poll::Ready(Ok(count)) => this.wire.traffic.sent(*count),
            Poll::Ready(Err(error)) => this.wire.retire(End::Closed(plain(error))),
            Poll::Pending => {}
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(cx);
        if let Poll::Ready(Err(error)) = &flushed {
            this.wire.retire(End::Closed(plain(error)));
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::sync::Semaphore;

    use super::*;

    fn frames(parts: &[&[u8]]) -> (Vec<i32>, Result<(), End>) {
        let (mut seen, mut frames) = (Vec::new(), Frames::default());
        let outcome = parts.iter().try_for_each(|part| {
            frames.pass(part, |id| {
                seen.push(id);
                Ok(())
            })
        });
        (seen, outcome)
    }

    #[test]
    fn frames_are_followed_however_the_bytes_are_cut() {
        let bytes: &[u8] = &[
            0, 0, 0, 6, 0, 0, 0, 1, 9, 9, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 3, 9,
        ];
        for cut in 0..bytes.len() {
            let (seen, outcome) = frames(&[&bytes[..cut], &bytes[cut..]]);
            assert_eq!((seen, outcome), (vec![1, 2, 3], Ok(())), "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(frames(&single).0, [1, 2, 3]);
    }

    #[test]
    fn a_length_is_judged_before_anything_is_read_for_it() {
        let good: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 1];
        let too_long = (MAX_FRAME as u32 + 1).to_be_bytes();
        for (bad, end) in [
            (&[0, 0, 0, 3][..], "a frame of 3 bytes"),
            (&too_long[..], "a frame of 104857601 bytes"),
            (&[0xff, 0xff, 0xff, 0xff][..], "a frame of 4294967295 bytes"),
        ] {
            let (_, outcome) = frames(&[good, bad]);
            assert!(
                matches!(&outcome, Err(End::Garbled(text)) if text.starts_with(end)),
                "{outcome:?}"
            );
            // As the very first bytes the same mean that this is no Kafka at all.
            assert_eq!(frames(&[bad]).1, Err(End::NotKafka(Speaks::Other)));
        }
    }

    #[test]
    fn the_first_bytes_tell_tls_and_http() {
        assert_eq!(frames(&[b"HTTP/1.1 400"]).1, Err(End::NotKafka(Speaks::Http)));
        assert_eq!(frames(&[&[0x15, 3, 1, 0, 2, 2, 70]]).1, Err(End::NotKafka(Speaks::Tls)));
        assert_eq!(frames(&[&[0x16, 3, 3, 0, 90]]).1, Err(End::NotKafka(Speaks::Tls)));
        assert_eq!(frames(&[&[0x16, 9, 9, 9]]).1, Err(End::NotKafka(Speaks::Other)));
    }

    fn watched() -> (Arc<Wire>, Watched<DuplexStream>, DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(1 << 10);
        let wire = Arc::new(Wire::new(Arc::default()));
        (Arc::clone(&wire), Watched::new(ours, wire), theirs)
    }

    fn ask(wire: &Wire, permits: &Arc<Semaphore>, id: i32) {
        wire.sent(id, Arc::clone(permits).try_acquire_owned().unwrap());
    }

    #[tokio::test]
    async fn a_late_answer_gives_its_place_back_and_is_counted() {
        let (wire, mut stream, mut server) = watched();
        let permits = Arc::new(Semaphore::new(1));
        ask(&wire, &permits, 5);
        wire.abandon(5);
        assert_eq!(
            (wire.in_flight(), permits.available_permits()),
            (1, 0),
            "the broker is still busy with it"
        );
        server.write_all(&[0, 0, 0, 4, 0, 0, 0, 5]).await.unwrap();
        stream.read_exact(&mut [0; 8]).await.unwrap();
        assert_eq!((wire.in_flight(), permits.available_permits()), (0, 1));
        assert_eq!(wire.traffic.late.load(Relaxed), 1);
        assert_eq!(wire.end(), None);
    }

    #[tokio::test]
    async fn an_answer_to_nobody_ends_the_connection() {
        let (wire, mut stream, mut server) = watched();
        ask(&wire, &Arc::new(Semaphore::new(1)), 0);
        server
            .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0])
            .await
            .unwrap();
        stream.read_exact(&mut [0; 16]).await.unwrap_err();
        assert!(matches!(wire.end(), Some(End::Garbled(_))));
    }

    #[tokio::test]
    async fn the_end_of_the_stream_is_noticed_while_idle() {
        let (wire, mut stream, server) = watched();
        drop(server);
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(wire.end(), Some(End::Closed("end of stream".into())));
    }

    #[tokio::test]
    async fn a_second_missed_deadline_without_an_answer_in_between_ends_the_connection() {
        let (wire, mut stream, mut server) = watched();
        let permits = Arc::new(Semaphore::new(2));
        ask(&wire, &permits, 0);
        wire.missed();
        assert!(wire.end().is_none() && wire.is_late());
        server.write_all(&[0, 0, 0, 4, 0, 0, 0, 0]).await.unwrap();
        stream.read_exact(&mut [0; 8]).await.unwrap();
        wire.missed();
        assert_eq!(wire.end(), None, "it answered in between");
        wire.missed();
        assert_eq!(wire.end(), Some(End::Silent));
    }
}
