//! Sockets: accepting, framing, one request at a time per connection, and the faults that concern bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::Shared;
use super::api::{self, Answer, Call};
use super::fault::{Fault, Injected};
use super::stats::SeenRequest;
use crate::task::{self, Task};

/// Largest request; Kafka's `socket.request.max.bytes` is 100 MiB too.
const MAX_FRAME: usize = 100 << 20;
/// Most connections per broker; more are closed at once.
const MAX_CONNECTIONS: usize = 512;
/// Bytes of a request header that every version has: key, version, correlation id.
const LEAST_HEADER: usize = 8;
/// Most bytes of memory that a claimed length gets before they arrive.
const READ_AHEAD: usize = 256 << 10;

/// A broker's address: kept while the broker is down, so that it comes back on the same port.
#[derive(Debug)]
pub(super) struct Listener {
    address: SocketAddr,
    _reserved: TcpSocket,
    accepting: Option<Task<()>>,
}

impl Listener {
    /// Takes a free port of 127.0.0.1 without listening on it.
    pub(super) fn reserve() -> std::io::Result<Self> {
        let reserved = TcpSocket::new_v4()?;
        reserved.set_reuseaddr(true)?;
        reserved.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self {
            address: reserved.local_addr()?,
            _reserved: reserved,
            accepting: None,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening and closes every connection.
    pub(super) fn close(&mut self) {
        self.accepting = None;
    }
}

/// Lets a broker listen. Nothing happens when it already does, or when the cluster is gone.
pub(super) fn open(shared: &Arc<Shared>, broker: i32) -> std::io::Result<()> {
    let mut listeners = shared.listeners();
    let Some(slot) = listeners.get_mut(&broker).filter(|slot| slot.accepting.is_none()) else {
        return Ok(());
    };
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(slot.address)?;
    let listener = socket.listen(1024)?;
    slot.accepting = Some(task::spawn(accept(shared.clone(), broker, listener)));
    Ok(())
}

async fn accept(shared: Arc<Shared>, broker: i32, listener: TcpListener) {
    let mut connections: Vec<Task<()>> = Vec::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await; // out of file descriptors: others may close some
            continue;
        };
        connections.retain(|connection| !connection.is_finished());
        if connections.len() >= MAX_CONNECTIONS || shared.rules().strike_accept(broker) {
            continue;
        }
        let number = shared.stats().connected();
        let connection = Connection {
            shared: shared.clone(),
            broker,
            number,
            stream,
            buffer: BytesMut::new(),
        };
        connections.push(task::spawn(connection.serve()));
    }
}

struct Connection {
    shared: Arc<Shared>,
    broker: i32,
    number: u64,
    stream: TcpStream,
    buffer: BytesMut,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.stats().disconnected();
    }
}

/// Whether a connection goes on after a request.
#[derive(PartialEq, Eq)]
enum Then {
    Continue,
    Close,
}

impl Connection {
    async fn serve(mut self) {
        if self.stream.set_nodelay(true).is_err() {
            return;
        }
        while let Ok(Some(frame)) = self.read_frame().await {
            match self.serve_one(frame).await {
                Ok(Then::Continue) => {}
                Ok(Then::Close) | Err(_) => break,
            }
        }
    }

    /// The next whole request; `None` at the end of the stream and for lengths no broker accepts. The buffer grows
    /// with what arrives, not with what a length claims.
    async fn read_frame(&mut self) -> std::io::Result<Option<Bytes>> {
        loop {
            if let Some(prefix) = self.buffer.first_chunk::<4>() {
                let claimed = i32::from_be_bytes(*prefix);
                let Some(length) = usize::try_from(claimed).ok().filter(|length| *length <= MAX_FRAME) else {
                    return Ok(None);
                };
                if self.buffer.len() >= 4 + length {
                    self.buffer.advance(4);
                    return Ok(Some(self.buffer.split_to(length).freeze()));
                }
                self.buffer.reserve((4 + length - self.buffer.len()).min(READ_AHEAD));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn serve_one(&mut self, mut frame: Bytes) -> std::io::Result<Then> {
        if frame.len() < LEAST_HEADER {
            return Ok(Then::Close);
        }
        let bytes = frame.len() + 4;
        let (api_key, version) = (frame.slice(0..2).get_i16(), frame.slice(2..4).get_i16());
        let Some(header) = api::decode_header(&mut frame, api_key, version) else {
            return Ok(Then::Close);
        };
        let client_id = header.client_id.map(|id| id.to_string()).unwrap_or_default();
        let seen = SeenRequest {
            broker: self.broker,
            connection: self.number,
            api_key,
            version,
            client_id,
            bytes,
        };
        self.shared.stats().seen(seen);
        let faults = self.shared.rules().strike(self.broker, api_key);
        if faults.contains(&Fault::CloseUnserved) {
            return Ok(Then::Close);
        }
        for fault in &faults {
            if let Fault::Delay(time) = fault {
                tokio::time::sleep(*time).await;
            }
        }
        let mute = faults.iter().find_map(|fault| {
            if let Fault::Throttle(time) = fault {
                Some(*time)
            } else {
                None
            }
        });
        let call = |injected| Call {
            shared: &self.shared,
            broker: self.broker,
            api_key,
            version,
            correlation_id: header.correlation_id,
            throttle_ms: mute.map_or(0, |time| time.as_millis() as i32),
            injected,
        };
        if faults.iter().any(|fault| matches!(fault, Fault::ServedError(_))) {
            // Only for its effects: with the error injected the same request has none.
            api::answer(&call(Injected::default()), frame.clone()).await;
        }
        let call = call(Injected::of(&faults));
        let answer = match api::answer(&call, frame).await {
            Answer::Frame(frame) => frame,
            Answer::Silence => return Ok(Then::Continue),
            Answer::Close => return Ok(Then::Close),
        };
        self.shared.stats().answered(self.broker, api_key, answer.len());
        let then = self.send(answer, &faults).await?;
        if let Some(time) = mute {
            tokio::time::sleep(time).await;
        }
        Ok(then)
    }

    async fn send(&mut self, mut answer: BytesMut, faults: &[Fault]) -> std::io::Result<Then> {
        let mut then = Then::Continue;
        for fault in faults {
            match fault {
                Fault::NeverAnswer => {
                    // Nothing is served any more; it stays open for as long as the client wants it.
                    while self.stream.read_buf(&mut self.buffer).await? > 0 {
                        self.buffer.clear();
                    }
                    return Ok(Then::Close);
                }
                Fault::SkipAnswer => return Ok(then),
                Fault::CloseUnanswered => return Ok(Then::Close),
                Fault::Truncate { bytes } => {
                    answer.truncate(*bytes);
                    then = Then::Close;
                }
                Fault::Garbage(bytes) => {
                    answer.clear();
                    answer.put_slice(bytes);
                }
                Fault::ClaimLength(length) => {
                    if let Some(prefix) = answer.first_chunk_mut::<4>() {
                        *prefix = length.to_be_bytes();
                    }
                }
                Fault::Delay(_) | Fault::CloseOnAccept | Fault::CloseUnserved => {}
                Fault::Error { .. } | Fault::ServedError(_) | Fault::Throttle(_) => {}
            }
        }
        self.stream.write_all(&answer).await?;
        Ok(then)
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::create_topics_request::CreatableTopic;
    use kafka_protocol::messages::{
        ApiKey, BrokerId, CreateTopicsRequest, DescribeClusterRequest, FetchRequest, ListGroupsRequest,
        MetadataRequest, TopicName,
    };
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::sim::api::tests::Client;
    use crate::sim::fault::Rule;
    use crate::sim::random::Random;
    use crate::sim::state::topic::text;
    use crate::sim::{SimCluster, SimSpec, TopicSpec};

    const METADATA: i16 = ApiKey::Metadata as i16;
    const SOON: Duration = Duration::from_millis(250);

    async fn cluster() -> (SimCluster, Client) {
        let cluster = SimCluster::start(SimSpec::small().brokers(3)).await.unwrap();
        let client = Client::connect(cluster.bootstrap()[0]).await;
        (cluster, client)
    }

    async fn metadata(client: &mut Client) -> Option<kafka_protocol::messages::MetadataResponse> {
        client.call(&MetadataRequest::default().with_topics(None), 12).await
    }

    #[tokio::test]
    async fn a_delay_holds_one_answer_and_what_waits_behind_it() {
        let (cluster, mut client) = cluster().await;
        cluster
            .handle()
            .inject(Rule::new(Fault::Delay(SOON)).api(METADATA).broker(1));
        let started = Instant::now();
        assert!(metadata(&mut client).await.is_some());
        assert!(started.elapsed() >= SOON);
        let started = Instant::now();
        assert!(metadata(&mut client).await.is_some());
        assert!(started.elapsed() < SOON, "only once");
    }

    #[tokio::test]
    async fn a_broker_that_never_answers_holds_its_connection_but_not_others() {
        let (cluster, mut client) = cluster().await;
        cluster.handle().inject(Rule::new(Fault::NeverAnswer));
        assert!(timeout(SOON, metadata(&mut client)).await.is_err());
        client.send(&ListGroupsRequest::default(), 4).await;
        assert!(timeout(SOON, client.receive()).await.is_err());
        let mut other = Client::connect(cluster.bootstrap()[0]).await;
        assert!(metadata(&mut other).await.is_some());
    }

    #[tokio::test]
    async fn a_skipped_answer_is_not_missed_by_the_next_request() {
        let (cluster, mut client) = cluster().await;
        cluster.handle().inject(Rule::new(Fault::SkipAnswer));
        client.send(&ListGroupsRequest::default(), 4).await;
        assert!(metadata(&mut client).await.is_some());
    }

    #[tokio::test]
    async fn connections_close_before_during_and_after_a_request() {
        let (cluster, mut client) = cluster().await;
        let handle = cluster.handle();
        let topic = CreatableTopic::default().with_name(TopicName(text("new")));
        let create =
            CreateTopicsRequest::default().with_topics(vec![topic.with_num_partitions(1).with_replication_factor(1)]);
        let exists = || handle.look(|state| state.topic("new").is_some());

        handle.inject(Rule::new(Fault::CloseUnserved));
        assert!(client.call(&create, 7).await.is_none() && !exists());

        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        handle.inject(Rule::new(Fault::CloseUnanswered));
        assert!(
            client.call(&create, 7).await.is_none() && exists(),
            "outcome unknown to the client"
        );

        handle.inject(Rule::new(Fault::CloseOnAccept).broker(1));
        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        assert_eq!(client.receive().await, None);
    }

    #[tokio::test]
    async fn frames_can_be_truncated_replaced_and_lie_about_their_length() {
        let (cluster, mut client) = cluster().await;
        let handle = cluster.handle();
        handle.inject(Rule::new(Fault::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())));
        client.send(&ListGroupsRequest::default(), 4).await;
        let mut start = [0; 8];
        client.read(&mut start).await;
        assert_eq!(&start, b"HTTP/1.1");

        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        handle.inject(Rule::new(Fault::ClaimLength(i32::MAX)));
        client.send(&ListGroupsRequest::default(), 4).await;
        let mut start = [0; 4];
        client.read(&mut start).await;
        assert_eq!(i32::from_be_bytes(start), i32::MAX);

        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        handle.inject(Rule::new(Fault::Truncate { bytes: 10 }));
        assert!(
            metadata(&mut client).await.is_none(),
            "closed in the middle of the frame"
        );
    }

    #[tokio::test]
    async fn a_throttled_connection_is_told_so_and_muted() {
        let (cluster, mut client) = cluster().await;
        cluster.handle().inject(Rule::new(Fault::Throttle(SOON)));
        let started = Instant::now();
        assert_eq!(
            metadata(&mut client).await.unwrap().throttle_time_ms,
            SOON.as_millis() as i32
        );
        assert!(started.elapsed() < SOON, "the answer itself comes at once");
        assert_eq!(metadata(&mut client).await.unwrap().throttle_time_ms, 0);
        assert!(started.elapsed() >= SOON);
    }

    #[tokio::test]
    async fn requests_of_a_connection_are_answered_one_after_the_other() {
        let (cluster, mut client) = cluster().await;
        cluster
            .handle()
            .edit(|state| state.create_topic("t", vec![vec![1]], std::collections::BTreeMap::new()));
        let topic = kafka_protocol::messages::fetch_request::FetchTopic::default();
        let partition = kafka_protocol::messages::fetch_request::FetchPartition::default();
        let topic = topic.with_topic(TopicName(text("t"))).with_partitions(vec![partition]);
        let poll = FetchRequest::default()
            .with_max_wait_ms(80)
            .with_min_bytes(1)
            .with_topics(vec![topic]);
        let started = Instant::now();
        client.send(&poll, 12).await;
        client.send(&ListGroupsRequest::default(), 4).await;
        client.receive().await.unwrap();
        client.receive().await.unwrap();
        assert!(
            started.elapsed() >= Duration::from_millis(80),
            "the long poll came first"
        );
    }

    #[tokio::test]
    async fn impossible_frames_close_the_connection() {
        let (cluster, _) = cluster().await;
        for bytes in [
            &[0xff; 4][..],
            &i32::MAX.to_be_bytes(),
            &[0, 0, 0, 2, 0, 3],
            b"GET / HTTP/1.1\r\n\r\n",
        ] {
            let mut client = Client::connect(cluster.bootstrap()[0]).await;
            client.write(bytes).await;
            assert_eq!(client.receive().await, None, "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn a_killed_broker_is_gone_until_it_is_restarted_on_its_port() {
        let (cluster, mut client) = cluster().await;
        let handle = cluster.handle();
        handle.edit(|state| {
            let replicas = state.placement(0, 3, 3);
            state.create_topic("t", replicas, std::collections::BTreeMap::new());
        });
        handle.kill_broker(2);
        let address = cluster.bootstrap()[1];
        let refused = async {
            while TcpStream::connect(address).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(5), refused).await.unwrap();
        let seen = metadata(&mut client).await.unwrap();
        assert_eq!(
            seen.brokers.iter().map(|broker| broker.node_id.0).collect::<Vec<_>>(),
            [1, 3]
        );
        let partitions = &seen
            .topics
            .iter()
            .find(|topic| topic.name == Some(TopicName(text("t"))))
            .unwrap()
            .partitions;
        assert!(
            partitions
                .iter()
                .all(|p| p.leader_id.0 != 2 && p.offline_replicas == [BrokerId(2)])
        );
        let fenced = DescribeClusterRequest::default().with_include_fenced_brokers(true);
        let described = client.call(&fenced, 2).await.unwrap();
        assert_eq!(
            described
                .brokers
                .iter()
                .map(|broker| broker.is_fenced)
                .collect::<Vec<_>>(),
            [false, true, false]
        );

        handle.restart_broker(2).unwrap();
        let mut back = Client::connect(address).await;
        assert_eq!(metadata(&mut back).await.unwrap().brokers.len(), 3);
    }

    #[tokio::test]
    async fn a_wrong_advertised_address_is_told_and_taken_back() {
        let (cluster, mut client) = cluster().await;
        let handle = cluster.handle();
        handle.advertise(3, Some(("kafka-3.internal", 9092)));
        let seen = metadata(&mut client).await.unwrap();
        assert_eq!(
            (&*seen.brokers[2].host, seen.brokers[2].port),
            ("kafka-3.internal", 9092)
        );
        handle.advertise(3, None);
        assert_eq!(&*metadata(&mut client).await.unwrap().brokers[2].host, "127.0.0.1");
    }

    #[tokio::test]
    async fn requests_and_bytes_are_counted_per_broker() {
        let (cluster, mut client) = cluster().await;
        let handle = cluster.handle();
        metadata(&mut client).await.unwrap();
        metadata(&mut client).await.unwrap();
        assert_eq!((handle.requests(METADATA), handle.connections()), (2, 1));
        assert_eq!(handle.traffic(Some(2), None).requests, 0);
        let traffic = handle.traffic(Some(1), Some(METADATA));
        assert!(traffic.bytes_in > 40 && traffic.bytes_out > 100);
        let seen = &handle.request_log()[0];
        assert_eq!((seen.broker, seen.version, seen.client_id.as_str()), (1, 12, "probe"));
        handle.reset_stats();
        assert_eq!(handle.requests(METADATA), 0);
    }

    #[tokio::test]
    async fn an_unplugged_broker_stays_in_metadata_until_it_is_killed() {
        let (cluster, mut client) = cluster().await;
        let handle = cluster.handle();
        handle.unplug_broker(3);
        assert_eq!(metadata(&mut client).await.unwrap().brokers.len(), 3);
        handle.kill_broker(3);
        assert_eq!(metadata(&mut client).await.unwrap().brokers.len(), 2);
    }

    #[tokio::test]
    async fn no_bytes_of_a_client_stop_the_broker() {
        let (cluster, _) = cluster().await;
        let mut random = Random::new(99);
        for (key, min, max) in crate::sim::ApiProfile::KAFKA_4_1.ranges() {
            for round in 0..40 {
                let version = min + (round % i64::from(max - min + 1)) as i16;
                let body: Vec<u8> = (0..random.below(200))
                    .map(|_| *random.pick(&[0, 0, 0, 1, 2, 0xff, 0x7f]))
                    .collect();
                let mut frame = BytesMut::new();
                frame.put_i32(8 + 3 + body.len() as i32);
                frame.put_i16(key);
                frame.put_i16(version);
                frame.put_i32(1);
                frame.put_slice(&[0xff, 0xff, 0]); // no client id, no tagged fields
                frame.put_slice(&body);
                let mut client = Client::connect(cluster.bootstrap()[0]).await;
                client.write(&frame).await;
                client.finish().await;
                let _ = timeout(Duration::from_secs(20), client.receive()).await.unwrap();
            }
        }
        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        assert!(metadata(&mut client).await.is_some());
    }

    #[tokio::test]
    async fn a_hundred_thousand_partitions_are_described() {
        let spec = SimSpec::small()
            .brokers(3)
            .add_topic(TopicSpec::new("wide", 100_000).replication(3));
        let cluster = SimCluster::start(spec).await.unwrap();
        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        let seen = metadata(&mut client).await.unwrap();
        assert_eq!(
            seen.topics.iter().map(|topic| topic.partitions.len()).max(),
            Some(100_000)
        );
    }
}
