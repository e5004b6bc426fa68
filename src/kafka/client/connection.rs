//! One pipelined connection to a broker. The only file that names rskafka (docs/adr/0001).
//!
//! rskafka's messenger carries frames: it numbers requests, matches answers and survives cancellation. Messages are
//! kafka-protocol's. The bridge between the two: a request whose header is completed while it is written, and an
//! answer that takes the whole frame away unread, to be decoded without copying.

use std::io::Cursor;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::ResponseHeader;
use kafka_protocol::protocol::{Decodable, HeaderVersion, Request};
use rskafka::messenger::Messenger;
use rskafka::protocol::api_key::ApiKey;
use rskafka::protocol::api_version::{ApiVersion, ApiVersionRange};
use rskafka::protocol::messages::{
    ReadVersionedError, ReadVersionedType, RequestBody, WriteVersionedError, WriteVersionedType,
};
use rskafka::protocol::primitives::Int16;
use tokio::io::{BufReader, BufWriter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::line::Line;
use super::stats::api_name;
use super::stream::ByteStream;
use super::throttle::Throttled;
use super::wire::{End, MAX_FRAME, Watched, Wire};
use crate::kafka::error::Error;

type Stream = BufWriter<Watched<BufReader<Box<dyn ByteStream>>>>;

/// A connection that can carry requests; which versions the broker speaks is for the caller to know.
pub(super) struct Connection {
    messenger: Messenger<Stream>,
    wire: Arc<Wire>,
    permits: Arc<Semaphore>,
    line: Line,
}

impl Connection {
    /// Takes over a stream. At most `in_flight` requests are under way at a time; more of them wait.
    pub(super) fn new(stream: Box<dyn ByteStream>, line: Line, client_id: &str, in_flight: usize) -> Self {
        let wire = Arc::new(Wire::new(Arc::clone(&line.traffic)));
        let watched = Watched::new(BufReader::with_capacity(16 << 10, stream), Arc::clone(&wire));
        let mut messenger = Messenger::new(BufWriter::with_capacity(16 << 10, watched), MAX_FRAME, client_id.into());
        messenger.override_version_ranges([(Frame::API_KEY, Frame::API_VERSION_RANGE)].into());
        Self {
            messenger,
            wire,
            permits: Arc::new(Semaphore::new(in_flight)),
            line,
        }
    }

    /// Whether a request may be sent over it.
    pub(super) fn is_usable(&self) -> bool {
        self.wire.end().is_none()
    }

    /// Requests sent and not answered yet.
    pub(super) fn in_flight(&self) -> usize {
        self.wire.in_flight()
    }

    /// Who is at the other end.
    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// Sends `request` at `version` and waits for its answer until `deadline`.
    pub(super) async fn call<R>(&self, request: &R, version: i16, deadline: Instant) -> Result<R::Response, Error>
    where
        R: Request,
        R::Response: Throttled,
    {
        let body = encoded(request, version).map_err(|reason| self.garbled(R::KEY, reason))?;
        let shape = Shape {
            key: R::KEY,
            version,
            is_flexible: R::header_version(version) >= 2,
        };
        let frame = self.exchange(shape, body, deadline).await?;
        let answer = self.decoded::<R>(frame, version)?;
        let pause = answer.throttle_time();
        if !pause.is_zero() {
            tracing::debug!(peer = %self.line, api = api_name(R::KEY), ?pause, "throttled");
            self.line.gate.close_for(pause);
            self.line.meter.throttled(&self.line.traffic, R::KEY, pause);
        }
        Ok(answer)
    }

    /// Sends a body and waits for the whole answering frame, correlation id included.
    pub(super) async fn exchange(&self, shape: Shape, body: Bytes, deadline: Instant) -> Result<Bytes, Error> {
        let (started, sent) = (Instant::now(), body.len());
        let late = || Error::Timeout {
            what: api_name(shape.key),
            addr: self.line.to_string(),
            after: Instant::now() - started,
        };
        self.line.gate.passed(&self.line, shape.key, deadline).await?;
        let permit = match timeout_at(deadline, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => {
                return Err(Error::Cancelled {
                    what: api_name(shape.key),
                });
            }
            Err(_) => return Err(late()),
        };
        let entry = Entry {
            wire: Arc::clone(&self.wire),
            id: Arc::default(),
        };
        let frame = Frame {
            shape,
            body,
            wire: Arc::clone(&self.wire),
            id: Arc::clone(&entry.id),
            permit: Mutex::new(Some(permit)),
        };
        let outcome = match timeout_at(deadline, self.messenger.request(frame)).await {
            Ok(Ok(Whole(frame))) => Ok(frame),
            Ok(Err(error)) => Err(self.ended(shape.key, &error.to_string())),
            Err(_) => {
                self.wire.missed();
                Err(late())
            }
        };
        self.note(shape, sent, &outcome, Instant::now() - started);
        outcome
    }

    fn note(&self, shape: Shape, sent: usize, outcome: &Result<Bytes, Error>, took: Duration) {
        let received = outcome.as_ref().ok().map(Bytes::len);
        self.line.meter.record(&self.line.traffic, shape.key, sent, received);
        tracing::debug!(
            peer = %self.line,
            api = api_name(shape.key),
            version = shape.version,
            sent,
            received,
            ?took,
            error = outcome.as_ref().err().map(tracing::field::display),
            "request"
        );
    }

    fn decoded<R: Request>(&self, mut frame: Bytes, version: i16) -> Result<R::Response, Error> {
        let header = ResponseHeader::decode(&mut frame, R::Response::header_version(version));
        let answer = header.and_then(|_| R::Response::decode(&mut frame, version));
        let reason = match answer {
            Ok(answer) if !frame.has_remaining() => return Ok(answer),
            Ok(_) => format!("{} bytes are left over", frame.remaining()),
            Err(error) => error.to_string().trim().to_owned(),
        };
        self.wire.retire(End::Garbled(reason.clone()));
        self.line.meter.garbled(&self.line.traffic, R::KEY);
        Err(self.garbled(R::KEY, reason))
    }

    fn garbled(&self, key: i16, reason: String) -> Error {
        Error::Protocol {
            what: api_name(key),
            addr: self.line.to_string(),
            reason,
        }
    }

    /// The error for a request that was under way, or about to be sent, when the connection ended.
    fn ended(&self, key: i16, text: &str) -> Error {
        let (what, addr) = (api_name(key), self.line.to_string());
        match self.wire.end() {
            Some(End::NotKafka(speaks)) => Error::NotKafka { addr, speaks },
            Some(End::Garbled(reason)) => Error::Protocol { what, addr, reason },
            Some(End::Closed(reason)) => Error::Closed { what, addr, reason },
            Some(End::Silent) => Error::Closed {
                what,
                addr,
                reason: "too many requests went unanswered".to_owned(),
            },
            None => Error::Closed {
                what,
                addr,
                reason: text.to_owned(),
            },
        }
    }
}

fn encoded<R: Request>(request: &R, version: i16) -> Result<Bytes, String> {
    let mut body = BytesMut::new();
    match request.encode(&mut body, version) {
        Ok(()) => Ok(body.freeze()),
        Err(error) => Err(format!("it cannot be written at version {version}: {error}")),
    }
}

/// What the header of a request says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// API key.
    pub(super) key: i16,
    /// API version.
    pub(super) version: i16,
    /// Whether the header ends with tagged fields (KIP-482).
    pub(super) is_flexible: bool,
}

/// Takes its request off the list of those waited for, however the wait ends.
struct Entry {
    wire: Arc<Wire>,
    id: Arc<OnceLock<i32>>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        // An answered request is no longer known to the wire, so this is only felt by those that were given up.
        if let Some(id) = self.id.get() {
            self.wire.abandon(*id);
        }
    }
}

/// A request as rskafka takes it. rskafka picks one version per API for a whole connection, where ktui picks one per
/// call; so every request goes as the same pretended API, and writing the body corrects the header before it.
struct Frame {
    shape: Shape,
    body: Bytes,
    wire: Arc<Wire>,
    id: Arc<OnceLock<i32>>,
    permit: Mutex<Option<OwnedSemaphorePermit>>,
}

const PRETENDED: ApiVersion = ApiVersion(Int16(0));

impl RequestBody for Frame {
    type ResponseBody = Whole;
    const API_KEY: ApiKey = ApiKey::ApiVersions;
    const API_VERSION_RANGE: ApiVersionRange = ApiVersionRange::new(PRETENDED, PRETENDED);
    // Never reached: the tagged fields of both headers are ours to write and read.
    const FIRST_TAGGED_FIELD_IN_REQUEST_VERSION: ApiVersion = ApiVersion(Int16(1));
}

impl WriteVersionedType<Vec<u8>> for Frame {
    /// `writer` holds the header: key i16, version i16, correlation id i32, client id.
    fn write_versioned(&self, writer: &mut Vec<u8>, _pretended: ApiVersion) -> Result<(), WriteVersionedError> {
        let mut id = [0; 4];
        for (to, from) in id.iter_mut().zip(writer.iter().skip(4)) {
            *to = *from;
        }
        let fields = self
            .shape
            .key
            .to_be_bytes()
            .into_iter()
            .chain(self.shape.version.to_be_bytes());
        for (to, from) in writer.iter_mut().zip(fields) {
            *to = from;
        }
        if self.shape.is_flexible {
            writer.push(0);
        }
        writer.extend_from_slice(&self.body);
        let permit = self.permit.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(permit) = permit {
            let id = *self.id.get_or_init(|| i32::from_be_bytes(id));
            self.wire.sent(id, permit);
        }
        Ok(())
    }
}

/// A whole answering frame, without its length.
struct Whole(Bytes);

impl ReadVersionedType<Cursor<Vec<u8>>> for Whole {
    fn read_versioned(reader: &mut Cursor<Vec<u8>>, _pretended: ApiVersion) -> Result<Self, ReadVersionedError> {
        // The cursor is left empty, as if everything had been read.
        reader.set_position(0);
        Ok(Self(Bytes::from(std::mem::take(reader.get_mut()))))
    }
}
