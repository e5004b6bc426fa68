//! Does the connection layer stand in the way? Fetches a whole topic three times over: through plain sockets, through
//! [`Client::fetch`], and through it with every batch checked and decompressed. `benches/fetch_floor.sh` makes the
//! cluster and the topic and runs this.
//!
//! ```text
//! cargo bench --bench fetch_floor -- BOOTSTRAP TOPIC
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench fails by panicking and measures real time"
)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::future::join_all;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{FetchRequest, FetchResponse, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use ktui::kafka::client::{
    Client, ClientSettings, FetchPosition, FetchSpec, Isolation, MetadataScope, OffsetSpec, Purpose,
};
use ktui::kafka::model::{BrokerId, Offset, PartitionId, TopicName, TopicPartition};
use ktui::kafka::records::{FetchedRange, Inflater, Walk, Walked};

const VERSION: i16 = 12;
const PARTITION_BYTES: i32 = 1 << 20;
const ANSWER_BYTES: i32 = 16 << 20;
const ROUNDS: usize = 7;

/// One leader's part of the topic: where it listens, and the end of each partition.
#[derive(Clone)]
struct Share {
    leader: BrokerId,
    address: String,
    ends: BTreeMap<i32, i64>,
}

/// What a run has seen.
#[derive(Clone, Copy, Default)]
struct Seen {
    bytes: usize,
    plain_bytes: usize,
    batches: usize,
    records: i64,
}

impl Seen {
    fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            plain_bytes: self.plain_bytes + other.plain_bytes,
            batches: self.batches + other.batches,
            records: self.records + other.records,
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let [bootstrap, topic] = &words[..] else {
        eprintln!("usage: cargo bench --bench fetch_floor -- BOOTSTRAP TOPIC (benches/fetch_floor.sh makes both)");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = Client::new(ClientSettings::new([bootstrap.clone()]));
    let topic = TopicName::from(topic.as_str());
    let shares = runtime.block_on(shares(&client, &topic));
    let (mut plain, mut ours, mut decoded) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = [Seen::default(); 3];
    // In turns, so that other load on the machine meets all three.
    for _ in 0..ROUNDS {
        seen[0] = timed(&mut plain, || over_sockets(&topic, &shares));
        seen[1] = timed(&mut ours, || {
            runtime.block_on(over_client(&client, &topic, &shares, false))
        });
        seen[2] = timed(&mut decoded, || {
            runtime.block_on(over_client(&client, &topic, &shares, true))
        });
    }
    let base = median(&mut plain);
    for (name, times, seen) in [
        ("plain sockets", &mut plain, seen[0]),
        ("Client::fetch", &mut ours, seen[1]),
        ("and decompressed", &mut decoded, seen[2]),
    ] {
        let time = median(times);
        println!(
            "{name:<17} median {:.3} s  best {:.3} s  {:>6.0} MB/s  {:.2} of plain  {} batches, {} records, {} MB",
            time.as_secs_f64(),
            times[0].as_secs_f64(),
            seen.bytes as f64 / 1e6 / time.as_secs_f64(),
            base.as_secs_f64() / time.as_secs_f64(),
            seen.batches,
            seen.records,
            seen.plain_bytes.max(seen.bytes) / 1_000_000,
        );
    }
}

fn timed(times: &mut Vec<Duration>, run: impl FnOnce() -> Seen) -> Seen {
    let begin = Instant::now();
    let seen = run();
    times.push(begin.elapsed());
    seen
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn shares(client: &Client, topic: &TopicName) -> Vec<Share> {
    let scope = MetadataScope::Named(vec![topic.clone()]);
    let found = client.metadata(scope).await.expect("metadata").value;
    let brokers = &found.cluster.brokers;
    let partitions = &found.topics.first().expect("the topic").partitions;
    let named = partitions.iter().map(|partition| TopicPartition {
        topic: topic.clone(),
        partition: partition.id,
    });
    let ends = client
        .list_offsets(OffsetSpec::Latest, Isolation::ReadUncommitted, named)
        .await;
    let mut shares: BTreeMap<BrokerId, Share> = BTreeMap::new();
    for (name, end) in ends {
        let leader = client.leader(topic, name.partition).expect("a leader");
        let broker = brokers.iter().find(|broker| broker.id == leader).expect("its broker");
        let share = shares.entry(leader).or_insert_with(|| Share {
            leader,
            address: format!("{}:{}", broker.host, broker.port),
            ends: BTreeMap::new(),
        });
        let end = end.expect("an end").expect("an offset");
        share.ends.insert(name.partition.0, end.0);
    }
    shares.into_values().collect()
}

/// Walks over an answer, as every reader must to know where it goes on.
fn walk(range: FetchedRange, inflater: Option<&mut Inflater>) -> (i64, Seen) {
    let mut seen = Seen {
        bytes: range.bytes.len(),
        ..Seen::default()
    };
    let mut walk = Walk::new(range);
    let mut inflater = inflater;
    for step in walk.by_ref() {
        let Walked::Batch(batch) = step else { panic!("{step:?}") };
        seen.batches += 1;
        seen.records += i64::from(batch.header.record_count);
        if let Some(inflater) = &mut inflater {
            seen.plain_bytes += inflater.payload(&batch).expect("a sound batch").len();
        }
    }
    (walk.next_offset(), seen)
}

/// Partitions that are not read to their end, from where.
fn left(at: &BTreeMap<i32, i64>, share: &Share) -> Vec<(i32, i64)> {
    let open = at.iter().filter(|(partition, at)| **at < share.ends[partition]);
    open.map(|(partition, at)| (*partition, *at)).collect()
}

fn over_sockets(topic: &TopicName, shares: &[Share]) -> Seen {
    std::thread::scope(|scope| {
        let threads: Vec<_> = shares
            .iter()
            .map(|share| scope.spawn(|| over_socket(topic, share)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("it ends"))
            .fold(Seen::default(), Seen::plus)
    })
}

fn over_socket(topic: &TopicName, share: &Share) -> Seen {
    let mut stream = TcpStream::connect(&share.address).expect("the broker listens");
    stream.set_nodelay(true).unwrap();
    let mut at: BTreeMap<i32, i64> = share.ends.keys().map(|partition| (*partition, 0)).collect();
    let (mut total, mut number) = (Seen::default(), 0);
    loop {
        let wanted = left(&at, share);
        if wanted.is_empty() {
            return total;
        }
        number += 1;
        stream.write_all(&frame(topic, number, &wanted)).unwrap();
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut answer).unwrap();
        let mut answer = Bytes::from(answer);
        ResponseHeader::decode(&mut answer, 1).unwrap();
        let response = FetchResponse::decode(&mut answer, VERSION).unwrap();
        for data in response.responses.into_iter().flat_map(|topic| topic.partitions) {
            let (next, seen) = walk(
                FetchedRange {
                    bytes: data.records.unwrap_or_default(),
                    fetch_offset: at[&data.partition_index],
                    high_watermark: data.high_watermark,
                    open_from: i64::MAX,
                    aborted: Vec::new(),
                },
                None,
            );
            at.insert(data.partition_index, next);
            total = total.plus(seen);
        }
    }
}

fn frame(topic: &TopicName, number: i32, wanted: &[(i32, i64)]) -> Vec<u8> {
    let partitions = wanted.iter().map(|(partition, at)| {
        FetchPartition::default()
            .with_partition(*partition)
            .with_current_leader_epoch(-1)
            .with_fetch_offset(*at)
            .with_partition_max_bytes(PARTITION_BYTES)
    });
    let topic = FetchTopic::default()
        .with_topic(StrBytes::from_string(topic.as_str().to_owned()).into())
        .with_partitions(partitions.collect());
    let request = FetchRequest::default()
        .with_replica_id((-1).into())
        .with_max_wait_ms(100)
        .with_min_bytes(1)
        .with_max_bytes(ANSWER_BYTES)
        .with_isolation_level(1)
        .with_session_epoch(-1)
        .with_topics(vec![topic]);
    let header = RequestHeader::default()
        .with_request_api_key(1)
        .with_request_api_version(VERSION)
        .with_correlation_id(number)
        .with_client_id(Some(StrBytes::from_static_str("fetch-floor")));
    let mut body = BytesMut::new();
    header.encode(&mut body, 2).unwrap();
    request.encode(&mut body, VERSION).unwrap();
    let mut frame = BytesMut::with_capacity(body.len() + 4);
    frame.put_u32(body.len() as u32);
    frame.put(body);
    frame.to_vec()
}

async fn over_client(client: &Client, topic: &TopicName, shares: &[Share], decompress: bool) -> Seen {
    let tasks = shares.iter().map(|share| {
        let (client, topic, share) = (client.clone(), topic.clone(), share.clone());
        ktui::task::spawn(async move { share_over_client(&client, &topic, &share, decompress).await }).join()
    });
    let parts = join_all(tasks).await;
    parts.into_iter().flatten().fold(Seen::default(), Seen::plus)
}

async fn share_over_client(client: &Client, topic: &TopicName, share: &Share, decompress: bool) -> Seen {
    let spec = FetchSpec {
        purpose: Purpose::Fetch,
        isolation: Isolation::ReadCommitted,
        max_wait: Duration::from_millis(100),
        max_bytes: ANSWER_BYTES,
    };
    let mut inflater = Inflater::default();
    let mut at: BTreeMap<i32, i64> = share.ends.keys().map(|partition| (*partition, 0)).collect();
    let mut total = Seen::default();
    loop {
        let wanted = left(&at, share);
        if wanted.is_empty() {
            return total;
        }
        let position = |(partition, at)| FetchPosition {
            partition: PartitionId(partition),
            offset: Offset(at),
            max_bytes: PARTITION_BYTES,
        };
        let positions: Vec<_> = wanted.into_iter().map(position).collect();
        let answers = client.fetch(share.leader, topic, &positions, spec).await;
        for (partition, fetched) in answers {
            let range = fetched.expect("records").range;
            let (next, seen) = walk(range, decompress.then_some(&mut inflater));
            at.insert(partition.0, next);
            total = total.plus(seen);
        }
    }
}
