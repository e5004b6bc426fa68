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
use super::question::Question;
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

    /// Whether it has been silent for too long; who has a choice takes another one.
    pub(super) fn is_late(&self) -> bool {
        self.wire.is_late()
    }

    /// Requests sent and not answered yet.
    pub(super) fn in_flight(&self) -> usize {
        self.wire.in_flight()
    }

    /// Who is at the other end.
    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// Sends `request` at `version` and waits for its answer until `deadline`; it is counted in `question`.
    pub(super) async fn call<R>(
        &self,
        request: &R,
        version: i16,
        deadline: Instant,
        question: Option<&Question>,
    ) -> Result<R::Response, Error>
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
        let sent = body.len();
        let frame = self.exchange(shape, body, deadline).await;
        if let Some(question) = question {
            question.count(sent + frame.as_ref().map_or(0, Bytes::len));
        }
        let answer = self.decoded::<R>(frame?, version)?;
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
            Err(_) => {
                self.wire.missed();
                return Err(late());
            }
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
    // Record batches are large: memory that grows is copied over and over.
    let mut body = BytesMut::with_capacity(request.compute_size(version).unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use bytes::BufMut;
    use kafka_protocol::messages as m;
    use kafka_protocol::protocol::{Encodable, StrBytes};
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::super::address::Peer;
    use super::*;

    fn connected(in_flight: usize) -> (Connection, DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let line = Line::new(Peer::bootstrap("kafka:9092".parse().unwrap()), &Arc::default());
        (Connection::new(Box::new(ours), line, "ktui-test", in_flight), theirs)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    async fn read_frame(server: &mut DuplexStream) -> Bytes {
        let length = server.read_u32().await.unwrap() as usize;
        let mut frame = vec![0; length];
        server.read_exact(&mut frame).await.unwrap();
        frame.into()
    }

    async fn answer(server: &mut DuplexStream, id: i32, body: &[u8]) {
        let mut frame = Vec::new();
        frame.put_u32(body.len() as u32 + 4);
        frame.put_i32(id);
        frame.put_slice(body);
        server.write_all(&frame).await.unwrap();
    }

    #[tokio::test]
    async fn the_header_carries_key_version_and_client_id_of_the_call() {
        let (connection, mut server) = connected(8);
        for (version, tail) in [(8, &[][..]), (9, &[0][..])] {
            let request = m::MetadataRequest::default().with_topics(Some(Vec::new()));
            let call = connection.call(&request, version, soon(), None);
            let served = async {
                let mut frame = read_frame(&mut server).await;
                assert_eq!((frame.get_i16(), frame.get_i16()), (3, version));
                let id = frame.get_i32();
                assert_eq!(frame.split_to(11), &b"\x00\x09ktui-test"[..]);
                assert_eq!(frame.split_to(tail.len()), tail, "tagged fields of the header since v9");
                let mut body = BytesMut::new();
                request.encode(&mut body, version).unwrap();
                assert_eq!(frame, body.freeze());
                let mut answered = BytesMut::from(tail);
                let said = m::MetadataResponse::default().with_cluster_id(Some(StrBytes::from_static_str("c")));
                said.encode(&mut answered, version).unwrap();
                answer(&mut server, id, &answered).await;
            };
            let (said, ()) = tokio::join!(call, served);
            assert_eq!(said.unwrap().cluster_id.as_deref(), Some("c"));
        }
    }

    #[tokio::test]
    async fn answers_may_come_in_any_order() {
        let (connection, mut server) = connected(8);
        let ask = |key: &'static str| {
            let request = m::FindCoordinatorRequest::default().with_key(StrBytes::from_static_str(key));
            let connection = &connection;
            async move { connection.call(&request, 0, soon(), None).await.unwrap().node_id.0 }
        };
        let served = async {
            let mut asked = Vec::new();
            for _ in 0..3 {
                let frame = read_frame(&mut server).await;
                asked.push((frame.slice(4..8).get_i32(), i32::from(frame[frame.len() - 1] - b'a')));
            }
            for (id, node) in asked.into_iter().rev() {
                let mut body = BytesMut::new();
                m::FindCoordinatorResponse::default()
                    .with_node_id(node.into())
                    .encode(&mut body, 0)
                    .unwrap();
                answer(&mut server, id, &body).await;
            }
        };
        assert_eq!(tokio::join!(ask("a"), ask("b"), ask("c"), served), (0, 1, 2, ()));
    }

    #[tokio::test]
    async fn no_more_requests_than_allowed_are_under_way() {
        let (connection, mut server) = connected(2);
        let ask = || {
            let request = m::ListGroupsRequest::default();
            let connection = &connection;
            async move { connection.call(&request, 0, soon(), None).await }
        };
        let served = async {
            for _ in 0..2 {
                read_frame(&mut server).await;
            }
            let third = tokio::time::timeout(Duration::from_millis(50), server.read_u32()).await;
            assert!(third.is_err(), "the third one waits");
            answer(&mut server, 0, &[0; 6]).await;
            read_frame(&mut server).await;
            answer(&mut server, 1, &[0; 6]).await;
            answer(&mut server, 2, &[0; 6]).await;
        };
        let (a, b, c, ()) = tokio::join!(ask(), ask(), ask(), served);
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        assert_eq!(connection.in_flight(), 0);
    }

    #[tokio::test]
    async fn a_field_that_the_version_lacks_is_an_error_and_harms_nobody() {
        let (connection, _server) = connected(8);
        let request = m::OffsetFetchRequest::default()
            .with_groups(vec![m::offset_fetch_request::OffsetFetchRequestGroup::default()]);
        let error = connection.call(&request, 5, soon(), None).await.unwrap_err();
        assert!(error.to_string().contains("cannot be written at version 5"), "{error}");
        assert!(connection.is_usable());
    }

    #[tokio::test]
    async fn records_are_slices_of_the_frame_they_came_in() {
        let (connection, mut server) = connected(8);
        let records = Bytes::from(vec![7; 100_000]);
        let partition = m::fetch_response::PartitionData::default().with_records(Some(records.clone()));
        let topic =
            m::fetch_response::FetchableTopicResponse::default().with_partitions(vec![partition.clone(), partition]);
        let mut body = BytesMut::new();
        m::FetchResponse::default()
            .with_responses(vec![topic])
            .encode(&mut body, 4)
            .unwrap();
        let served = async {
            read_frame(&mut server).await;
            answer(&mut server, 0, &body).await;
        };
        let request = m::FetchRequest::default();
        let (answer, ()) = tokio::join!(connection.call(&request, 4, soon(), None), served);
        let answer = answer.unwrap();
        let starts: Vec<usize> = answer.responses[0]
            .partitions
            .iter()
            .map(|p| p.records.as_ref().unwrap().as_ptr() as usize)
            .collect();
        assert_eq!(answer.responses[0].partitions[0].records, Some(records));
        // Neighbours in memory, the fields between them apart: nothing was copied out.
        assert!((100_000..100_100).contains(&(starts[1] - starts[0])), "{starts:?}");
    }

    /// Bytes that look like small counts and lengths often enough to lead a decoder deep into a message.
    fn plausible_bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![6 => 0_u8..3, 2 => any::<u8>(), 1 => Just(0xff_u8), 1 => Just(0x7f_u8)];
        prop::collection::vec(byte, 0..400)
    }

    /// The answer to an `R` at any of its versions is `bytes`: whatever comes of it comes at once and is no panic.
    fn is_survived<R>(bytes: &[u8], pick: prop::sample::Index)
    where
        R: Request + Default,
        R::Response: Throttled,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (connection, mut server) = connected(1);
            let versions = R::VERSIONS.max - R::VERSIONS.min + 1;
            let version = R::VERSIONS.min + pick.index(versions as usize) as i16;
            let served = async {
                read_frame(&mut server).await;
                answer(&mut server, 0, bytes).await;
            };
            let request = R::default();
            let begin = Instant::now();
            let (outcome, ()) = tokio::join!(connection.call(&request, version, soon(), None), served);
            assert!(begin.elapsed() < Duration::from_secs(5));
            match outcome {
                Ok(_) => assert!(connection.is_usable()),
                Err(Error::Protocol { .. }) => assert!(!connection.is_usable()),
                Err(other) => panic!("{other}"),
            }
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

        #[test]
        fn no_answer_makes_a_decoder_panic_abort_or_hang(bytes in plausible_bytes(), pick: prop::sample::Index) {
            is_survived::<m::ApiVersionsRequest>(&bytes, pick);
            is_survived::<m::MetadataRequest>(&bytes, pick);
            is_survived::<m::FetchRequest>(&bytes, pick);
            is_survived::<m::ListOffsetsRequest>(&bytes, pick);
            is_survived::<m::FindCoordinatorRequest>(&bytes, pick);
            is_survived::<m::ListGroupsRequest>(&bytes, pick);
            is_survived::<m::DescribeGroupsRequest>(&bytes, pick);
            is_survived::<m::ConsumerGroupDescribeRequest>(&bytes, pick);
            is_survived::<m::OffsetFetchRequest>(&bytes, pick);
            is_survived::<m::DescribeConfigsRequest>(&bytes, pick);
            is_survived::<m::DescribeLogDirsRequest>(&bytes, pick);
            is_survived::<m::DescribeClusterRequest>(&bytes, pick);
            is_survived::<m::DescribeQuorumRequest>(&bytes, pick);
        }
    }
}
