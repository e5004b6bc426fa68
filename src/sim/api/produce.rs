//! Produce (key 0): batches are checked like a broker checks them, stored as received, offset and leader epoch patched.

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_response::{
    LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_protocol::messages::{BrokerId, ProduceRequest, ProduceResponse};
use kafka_protocol::protocol::StrBytes;

use super::list_offsets::check_leader;
use super::{Answer, Call, code};
use crate::sim::batch::{self, Header};
use crate::sim::state::State;
use crate::sim::state::producers::{Numbered, Verdict};
use crate::sim::state::topic::Topic;

/// First version that names topics by id.
const TOPIC_IDS: i16 = 13;
/// First version that tells the current leader (KIP-951).
const CURRENT_LEADER: i16 = 10;
/// First version with an error message.
const ERROR_MESSAGE: i16 = 8;
/// Default of `max.message.bytes`.
const MAX_MESSAGE_BYTES: usize = 1_048_588;

pub(super) fn answer(call: &Call<'_>, body: Bytes) -> Answer {
    let Some(request) = call.decode::<ProduceRequest>(body) else {
        return Answer::Close;
    };
    let response = append_all(call, &mut call.shared.state(), &request);
    call.shared.changed.notify_waiters();
    match request.acks {
        0 if has_error(&response) => Answer::Close,
        0 => Answer::Silence,
        _ => call.encode(&response, call.version).into(),
    }
}

fn has_error(response: &ProduceResponse) -> bool {
    let mut partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
    partitions.any(|partition| partition.error_code != 0)
}

fn append_all(call: &Call<'_>, state: &mut State, request: &ProduceRequest) -> ProduceResponse {
    let mut response = ProduceResponse::default().with_throttle_time_ms(call.throttle_ms);
    for topic in &request.topic_data {
        let has_id = call.version >= TOPIC_IDS;
        let name = if has_id {
            state.topic_name(topic.topic_id).cloned()
        } else {
            Some(topic.name.0.clone())
        };
        let mut answered = TopicProduceResponse::default();
        if has_id {
            answered.topic_id = topic.topic_id;
        } else {
            answered.name = topic.name.clone();
        }
        for data in &topic.partition_data {
            let records = data.records.as_ref();
            let answer = PartitionProduceResponse::default()
                .with_index(data.index)
                .with_base_offset(-1);
            let result = match &name {
                None => Err(Refusal::of(ResponseError::UnknownTopicId)),
                Some(_) if !(-1..=1).contains(&request.acks) => Err(Refusal::of(ResponseError::InvalidRequiredAcks)),
                Some(name) => append(call, state, name, data.index, records),
            };
            let answer = match result {
                Ok(stored) => answer
                    .with_base_offset(stored.base)
                    .with_log_append_time_ms(stored.append_time)
                    .with_log_start_offset(stored.log_start),
                Err(refusal) => refused(call, state, name.as_ref(), answer, &refusal, &mut response),
            };
            answered.partition_responses.push(answer);
        }
        response.responses.push(answered);
    }
    response
}

struct Stored {
    base: i64,
    append_time: i64,
    log_start: i64,
}

struct Refusal {
    code: i16,
    message: Option<&'static str>,
}

impl Refusal {
    fn of(error: ResponseError) -> Self {
        Self {
            code: code(error),
            message: None,
        }
    }

    fn because(error: ResponseError, message: &'static str) -> Self {
        Self {
            code: code(error),
            message: Some(message),
        }
    }
}

fn append(
    call: &Call<'_>,
    state: &mut State,
    name: &StrBytes,
    index: i32,
    records: Option<&Bytes>,
) -> Result<Stored, Refusal> {
    if let Some(code) = call.injected.partition(name, index) {
        return Err(Refusal { code, message: None });
    }
    let unknown = || Refusal::of(ResponseError::UnknownTopicOrPartition);
    let topic = state.topic(name).ok_or_else(unknown)?;
    check_leader(topic.partition(index).ok_or_else(unknown)?, call.broker, -1).map_err(Refusal::of)?;
    let records = records.filter(|records| !records.is_empty());
    let records = records.ok_or_else(|| Refusal::because(ResponseError::InvalidRecord, "no record batch"))?;
    let header = check(topic, records)?;
    let numbered = numbered(&header);
    if let Some(stored) = numbered.and_then(|batch| known(call, state, (name, index), batch).transpose()) {
        return stored;
    }
    let mut batch = BytesMut::from(&records[..]);
    let mut append_time = -1;
    if topic.config("message.timestamp.type") == Some("LogAppendTime") {
        append_time = state.now_ms();
        batch::set_log_append_time(&mut batch, append_time);
    }
    let base = state
        .append(name, index, batch)
        .ok_or_else(|| Refusal::of(ResponseError::CorruptMessage))?;
    let partition = state.topic_mut(name).and_then(|topic| topic.partition_mut(index));
    if let Some((partition, batch)) = partition.zip(numbered) {
        partition.producers.stored(batch, base);
    }
    let log_start = state
        .partition(name, index)
        .map_or(-1, |partition| partition.log.start());
    let log_start = if call.version >= 5 { log_start } else { -1 };
    Ok(Stored {
        base,
        append_time,
        log_start,
    })
}

/// How an idempotent producer has numbered the batch.
fn numbered(header: &Header) -> Option<Numbered> {
    (header.producer_id >= 0).then_some(Numbered {
        id: header.producer_id,
        epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        count: header.count,
    })
}

/// What is answered without storing anything: to a batch that is there already, or that may not come now.
fn known(
    call: &Call<'_>,
    state: &State,
    (name, index): (&StrBytes, i32),
    batch: Numbered,
) -> Result<Option<Stored>, Refusal> {
    let Some(partition) = state.partition(name, index) else {
        return Ok(None);
    };
    match partition.producers.judge(batch) {
        Verdict::Store => Ok(None),
        Verdict::Duplicate(base) => Ok(Some(Stored {
            base,
            append_time: -1,
            log_start: if call.version >= 5 { partition.log.start() } else { -1 },
        })),
        Verdict::OutOfOrder => Err(Refusal::of(ResponseError::OutOfOrderSequenceNumber)),
        Verdict::Fenced => Err(Refusal::of(ResponseError::InvalidProducerEpoch)),
    }
}

/// Checks one batch: format, length, checksum, record count, keys on compacted topics.
fn check(topic: &Topic, records: &Bytes) -> Result<Header, Refusal> {
    let corrupt = |message| Refusal::because(ResponseError::CorruptMessage, message);
    let invalid = |message| Refusal::because(ResponseError::InvalidRecord, message);
    let header = Header::parse(records).ok_or_else(|| corrupt("not a whole record batch"))?;
    if header.magic != 2 {
        return Err(Refusal::because(
            ResponseError::UnsupportedForMessageFormat,
            "message formats v0 and v1 are gone",
        ));
    }
    if header.len != records.len() {
        return Err(invalid("more than one batch for a partition"));
    }
    let max = topic
        .config("max.message.bytes")
        .and_then(|bytes| bytes.parse().ok())
        .unwrap_or(MAX_MESSAGE_BYTES);
    if header.len > max {
        return Err(Refusal::because(
            ResponseError::MessageTooLarge,
            "larger than max.message.bytes",
        ));
    }
    if crc32c::crc32c(&records[21..]) != header.crc {
        return Err(corrupt("wrong CRC"));
    }
    if header.is_control() {
        return Err(invalid("clients write no control records"));
    }
    let found = batch::glance(records, &header).ok_or_else(|| invalid("records do not add up"))?;
    let is_numbered = found
        .iter()
        .zip(0..)
        .all(|(record, delta)| record.offset_delta == delta);
    if found.is_empty() || !is_numbered || i64::from(header.last_offset_delta) != found.len() as i64 - 1 {
        return Err(invalid("offsets are not one after the other"));
    }
    if topic.is_compacted() && found.iter().any(|record| record.key.is_none()) {
        return Err(invalid("Compacted topic cannot accept message without key."));
    }
    Ok(header)
}

fn refused(
    call: &Call<'_>,
    state: &State,
    topic: Option<&StrBytes>,
    mut answer: PartitionProduceResponse,
    refusal: &Refusal,
    response: &mut ProduceResponse,
) -> PartitionProduceResponse {
    answer.error_code = refusal.code;
    if call.version >= ERROR_MESSAGE {
        answer.error_message = refusal.message.map(StrBytes::from_static_str);
    }
    let is_moved = call.version >= CURRENT_LEADER && refusal.code == ResponseError::NotLeaderOrFollower.code();
    let partition = topic
        .and_then(|topic| state.partition(topic, answer.index))
        .filter(|_| is_moved);
    if let Some(partition) = partition {
        answer.current_leader = LeaderIdAndEpoch::default()
            .with_leader_id(BrokerId(partition.leader))
            .with_leader_epoch(partition.leader_epoch);
        let is_known = response
            .node_endpoints
            .iter()
            .any(|node| node.node_id.0 == partition.leader);
        if let Some(leader) = state
            .live()
            .find(|broker| broker.id == partition.leader)
            .filter(|_| !is_known)
        {
            let (host, port) = leader.endpoint();
            let node = NodeEndpoint::default()
                .with_node_id(BrokerId(leader.id))
                .with_host(host);
            response
                .node_endpoints
                .push(node.with_port(i32::from(port)).with_rack(leader.rack.clone()));
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::TopicName;
    use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};

    use super::*;
    use crate::sim::api::tests::Client;
    use crate::sim::batch::{Batch, Marker, Record};
    use crate::sim::codec::Codec;
    use crate::sim::state::topic::text;
    use crate::sim::{SimCluster, SimSpec, TopicSpec};

    fn request(topic: &str, records: Bytes) -> ProduceRequest {
        let data = PartitionProduceData::default().with_records(Some(records));
        let topic = TopicProduceData::default()
            .with_name(TopicName(text(topic)))
            .with_partition_data(vec![data]);
        ProduceRequest::default().with_acks(-1).with_topic_data(vec![topic])
    }

    async fn cluster() -> (SimCluster, Client) {
        let spec = SimSpec::small()
            .brokers(2)
            .add_topic(TopicSpec::new("plain", 1).replicas(vec![vec![1]]))
            .add_topic(
                TopicSpec::new("compacted", 1)
                    .replicas(vec![vec![1]])
                    .config("cleanup.policy", "compact"),
            )
            .add_topic(
                TopicSpec::new("timed", 1)
                    .replicas(vec![vec![1]])
                    .config("message.timestamp.type", "LogAppendTime"),
            );
        let cluster = SimCluster::start(spec).await.unwrap();
        let client = Client::connect(cluster.bootstrap()[0]).await;
        (cluster, client)
    }

    async fn produce(client: &mut Client, topic: &str, records: Bytes) -> PartitionProduceResponse {
        let answer = client.call(&request(topic, records), 9).await.unwrap();
        answer.responses[0].partition_responses[0].clone()
    }

    fn batch() -> Bytes {
        Batch::of([Record::value("a"), Record::value("b")])
            .codec(Codec::Lz4)
            .encode(0)
            .unwrap()
    }

    #[tokio::test]
    async fn what_a_broker_refuses_is_refused() {
        let (cluster, mut client) = cluster().await;
        let changed = |at: usize, to: u8| {
            let mut bytes = batch().to_vec();
            bytes[at] = to;
            if at > 20 {
                batch::seal(&mut bytes);
            }
            Bytes::from(bytes)
        };
        let two = [&batch()[..], &batch()[..]].concat();
        let large = Batch::of([Record::value(vec![7; MAX_MESSAGE_BYTES])])
            .encode(0)
            .unwrap();
        let holes = Batch::of([Record::value("a")]).last_offset_delta(4).encode(0).unwrap();
        let cases = [
            ("wrong checksum", changed(18, 1), 2),
            ("cut off", batch().slice(..40), 2),
            ("old format", changed(16, 1), 43),
            ("wrong count", changed(60, 9), 87),
            ("two batches", two.into(), 87),
            ("too large", large, 10),
            ("holes", holes, 87),
            (
                "control records",
                Batch::marker(1, Marker::Commit).encode(0).unwrap(),
                87,
            ),
            ("nothing", Bytes::new(), 87),
        ];
        for (what, records, code) in cases {
            assert_eq!(produce(&mut client, "plain", records).await.error_code, code, "{what}");
        }
        assert_eq!(
            produce(&mut client, "compacted", batch()).await.error_code,
            87,
            "no key"
        );
        assert_eq!(produce(&mut client, "unknown", batch()).await.error_code, 3);
        let mut stranger = Client::connect(cluster.bootstrap()[1]).await;
        assert_eq!(produce(&mut stranger, "plain", batch()).await.error_code, 6);
        let end = cluster
            .handle()
            .look(|state| state.partition("plain", 0).unwrap().log.high_watermark());
        assert_eq!(end, 0, "nothing was stored");
    }

    #[tokio::test]
    async fn log_append_time_is_the_broker_s() {
        let (cluster, mut client) = cluster().await;
        let answer = produce(&mut client, "timed", batch()).await;
        assert!(answer.error_code == 0 && answer.log_append_time_ms > 1_700_000_000_000);
        let bytes = cluster
            .handle()
            .look(|state| state.partition("timed", 0).unwrap().log.read(0, 2, 9_999, true).bytes);
        let header = Header::parse(&bytes).unwrap();
        assert!(header.is_append_time() && header.max_timestamp == answer.log_append_time_ms);
        assert_eq!(crc32c::crc32c(&bytes[21..]), header.crc);
    }

    #[tokio::test]
    async fn without_acks_there_is_no_answer_and_an_error_closes_the_connection() {
        let (cluster, mut client) = cluster().await;
        client.send(&request("plain", batch()).with_acks(0), 9).await;
        assert_eq!(
            produce(&mut client, "plain", batch()).await.base_offset,
            2,
            "the first one was stored"
        );
        client.send(&request("plain", Bytes::new()).with_acks(0), 9).await;
        assert_eq!(client.receive().await, None);
        drop(cluster);
    }
}
