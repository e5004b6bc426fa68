//! How fast whole batches come through the client's connections, next to bare sockets that do the least possible.
//!
//! `cargo test --release --test kafka fetch_rate -- --ignored --nocapture` on a quiet machine.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::future::join_all;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{FetchRequest, FetchResponse, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes, VersionRange};
use ktui::kafka::client::{Client, ClientSettings, MetadataScope, Node, Purpose};
use ktui::kafka::model::BrokerId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::support::kafka::{self, KafkaCluster, Version};
use crate::support::kcat;

const PARTITIONS: i32 = 12;
const RECORDS: usize = 250_000;
const VERSION: i16 = 11;

/// What one leader has to give: next offsets by partition.
type Todo = BTreeMap<i32, i64>;

fn request(topic: &str, todo: &Todo) -> FetchRequest {
    let partition = |(partition, offset): (&i32, &i64)| {
        FetchPartition::default()
            .with_partition(*partition)
            .with_fetch_offset(*offset)
            .with_partition_max_bytes(2 << 20)
    };
    let topic = FetchTopic::default()
        .with_topic(StrBytes::from_string(topic.to_owned()).into())
        .with_partitions(todo.iter().map(partition).collect());
    FetchRequest::default()
        .with_replica_id((-1).into())
        .with_min_bytes(1)
        .with_max_bytes(16 << 20)
        .with_session_epoch(-1)
        .with_topics(vec![topic])
}

/// Moves the offsets on, drops what is read to its end, answers the bytes of batches.
fn digest(response: &FetchResponse, todo: &mut Todo) -> usize {
    let mut total = 0;
    for partition in response.responses.iter().flat_map(|topic| &topic.partitions) {
        assert_eq!(partition.error_code, 0);
        let mut batches: Bytes = partition.records.clone().unwrap_or_default();
        total += batches.len();
        while batches.len() >= 61 {
            let length = 12 + batches.slice(8..12).get_i32() as usize;
            if batches.len() < length {
                break;
            }
            let last = batches.slice(0..8).get_i64() + i64::from(batches.slice(23..27).get_i32());
            todo.insert(partition.partition_index, last + 1);
            batches.advance(length);
        }
        if todo.get(&partition.partition_index) == Some(&partition.high_watermark) {
            todo.remove(&partition.partition_index);
        }
    }
    total
}

async fn over_the_client(client: &Client, topic: &str, leader: BrokerId, mut todo: Todo) -> usize {
    let mut total = 0;
    while !todo.is_empty() {
        let versions = VersionRange {
            min: VERSION,
            max: VERSION,
        };
        let build = |_| request(topic, &todo);
        let answer = client
            .call(Node::Broker(leader), Purpose::Fetch, versions, build)
            .await
            .unwrap();
        total += digest(&answer.response, &mut todo);
    }
    total
}

async fn over_a_socket(stream: &mut TcpStream, topic: &str, mut todo: Todo) -> usize {
    let mut total = 0;
    while !todo.is_empty() {
        let mut frame = BytesMut::new();
        frame.put_u32(0);
        let header = RequestHeader::default()
            .with_request_api_key(1)
            .with_request_api_version(VERSION);
        header.encode(&mut frame, 1).unwrap();
        request(topic, &todo).encode(&mut frame, VERSION).unwrap();
        let length = frame.len() as u32 - 4;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        stream.write_all(&frame).await.unwrap();
        let mut answer = vec![0; stream.read_u32().await.unwrap() as usize];
        stream.read_exact(&mut answer).await.unwrap();
        let mut answer = Bytes::from(answer);
        ResponseHeader::decode(&mut answer, 0).unwrap();
        total += digest(&FetchResponse::decode(&mut answer, VERSION).unwrap(), &mut todo);
    }
    total
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; wants a release build and a quiet machine"]
async fn the_client_fetches_at_least_half_as_fast_as_bare_sockets() {
    let cluster = KafkaCluster::shared(Version::V4_3_0);
    let topic = kafka::unique("rate");
    cluster.workload().create_topic(&topic, PARTITIONS, &[]);
    let line = format!("{}\n", "x".repeat(1000));
    kcat::produce(&cluster.bootstrap(), &topic, line.repeat(RECORDS).as_bytes(), None);

    let client = Client::new(ClientSettings::new([cluster.bootstrap()]));
    let named = MetadataScope::Named(vec![topic.as_str().into()]);
    let metadata = client.metadata(named).await.unwrap().value;
    let mut leaders: BTreeMap<BrokerId, Todo> = BTreeMap::new();
    for partition in &metadata.topics[0].partitions {
        leaders
            .entry(partition.leader.unwrap())
            .or_default()
            .insert(partition.id.0, 0);
    }
    let mut streams = BTreeMap::new();
    for leader in leaders.keys() {
        let stream = TcpStream::connect(cluster.address(leader.0)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        streams.insert(*leader, stream);
    }
    let (mut bare, mut ours) = (Duration::MAX, Duration::MAX);
    for _ in 0..7 {
        let begin = Instant::now();
        let calls = streams
            .iter_mut()
            .map(|(leader, stream)| over_a_socket(stream, &topic, leaders[leader].clone()));
        let bytes: usize = join_all(calls).await.into_iter().sum();
        assert!(bytes > RECORDS * 1000);
        bare = bare.min(begin.elapsed());
        let begin = Instant::now();
        let calls = leaders
            .iter()
            .map(|(leader, todo)| over_the_client(&client, &topic, *leader, todo.clone()));
        assert_eq!(join_all(calls).await.into_iter().sum::<usize>(), bytes);
        ours = ours.min(begin.elapsed());
        println!("{bytes} bytes: bare sockets {bare:?}, client {ours:?}");
    }
    assert!(ours <= bare * 2, "bare sockets {bare:?}, client {ours:?}");
}
