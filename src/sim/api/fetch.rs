//! Fetch (key 1): long poll, no fetch sessions, size limits by the rules of KIP-74.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse};
use kafka_protocol::protocol::StrBytes;
use tokio::time::Instant;

use super::list_offsets::check_epoch;
use super::{Answer, Call, code};
use crate::sim::state::State;
use crate::sim::state::topic::Partition;

/// Longest long poll: a client that went away is noticed when it ends.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// First version whose clients may read from followers (KIP-392).
const FOLLOWER_FETCH: i16 = 11;
/// First version that names topics by id (KIP-516).
const TOPIC_IDS: i16 = 13;
/// First version that tells the current leader (KIP-951).
const CURRENT_LEADER: i16 = 16;

pub(super) async fn answer(call: &Call<'_>, body: Bytes) -> Answer {
    let Some(request) = call.decode::<FetchRequest>(body) else {
        return Answer::Close;
    };
    let patience = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(MAX_WAIT);
    let deadline = Instant::now() + patience;
    loop {
        // Listens before it looks, or an append in between would go unnoticed.
        let mut changed = std::pin::pin!(call.shared.changed.notified());
        changed.as_mut().enable();
        let round = Round::read(call, &request);
        if round.is_due(&request) || Instant::now() >= deadline {
            return call.encode(&round.response, call.version).into();
        }
        if tokio::time::timeout_at(deadline, changed).await.is_err() {
            return call.encode(&Round::read(call, &request).response, call.version).into();
        }
    }
}

/// One look at the partitions of a request.
struct Round {
    response: FetchResponse,
    bytes: usize,
    has_error: bool,
}

impl Round {
    fn read(call: &Call<'_>, request: &FetchRequest) -> Self {
        let mut round = Self {
            response: FetchResponse::default().with_throttle_time_ms(call.throttle_ms),
            bytes: 0,
            has_error: false,
        };
        let top = (request.session_id != 0).then(|| code(ResponseError::FetchSessionIdNotFound));
        if let Some(code) = call.injected.top().filter(|_| call.version >= 7).or(top) {
            round.response.error_code = code;
            round.has_error = true;
            return round;
        }
        let state = call.shared.state();
        for topic in &request.topics {
            let name = if call.version >= TOPIC_IDS {
                state.topic_name(topic.topic_id).cloned()
            } else {
                Some(topic.topic.0.clone())
            };
            let partitions = topic.partitions.iter().map(|wanted| {
                if let Some(name) = &name {
                    return round.read_partition(call, &state, request, name, wanted);
                }
                round.has_error = true;
                failed(wanted.partition, code(ResponseError::UnknownTopicId))
            });
            let partitions = partitions.collect();
            let answered = FetchableTopicResponse::default().with_partitions(partitions);
            round.response.responses.push(if call.version >= TOPIC_IDS {
                answered.with_topic_id(topic.topic_id)
            } else {
                answered.with_topic(topic.topic.clone())
            });
        }
        round
    }

    /// Whether the answer is sent now rather than at the deadline.
    fn is_due(&self, request: &FetchRequest) -> bool {
        let least = usize::try_from(request.min_bytes).unwrap_or(0);
        self.has_error || self.bytes >= least || request.topics.is_empty()
    }

    fn read_partition(
        &mut self,
        call: &Call<'_>,
        state: &State,
        request: &FetchRequest,
        topic: &StrBytes,
        wanted: &FetchPartition,
    ) -> PartitionData {
        let checked = match call.injected.partition(topic, wanted.partition) {
            Some(code) => Err(code),
            None => check(call, state, topic, wanted).map_err(code),
        };
        match checked {
            Ok(partition) => self.read_records(request, partition, wanted),
            Err(code) => {
                self.has_error = true;
                let mut failed = failed(wanted.partition, code);
                if call.version >= CURRENT_LEADER && code == ResponseError::NotLeaderOrFollower.code() {
                    self.tell_leader(state, topic, &mut failed);
                }
                failed
            }
        }
    }

    fn read_records(
        &mut self,
        request: &FetchRequest,
        partition: &Partition,
        wanted: &FetchPartition,
    ) -> PartitionData {
        let log = &partition.log;
        let is_committed = request.isolation_level == 1;
        let end = if is_committed {
            log.last_stable()
        } else {
            log.high_watermark()
        };
        let budget = usize::try_from(request.max_bytes)
            .unwrap_or(0)
            .saturating_sub(self.bytes);
        let limit = usize::try_from(wanted.partition_max_bytes).unwrap_or(0).min(budget);
        let is_first = self.bytes == 0;
        let mut slice = log.read(wanted.fetch_offset, end, limit, is_first);
        if slice.is_first_cut {
            slice.bytes = Bytes::new();
            slice.next = wanted.fetch_offset;
        }
        self.bytes += slice.bytes.len();
        let aborted = is_committed.then(|| {
            let aborted = log.aborted_between(wanted.fetch_offset, slice.next);
            let entry = |producer_id: i64, first_offset| {
                AbortedTransaction::default()
                    .with_producer_id(producer_id.into())
                    .with_first_offset(first_offset)
            };
            aborted
                .iter()
                .map(|txn| entry(txn.producer_id, txn.first_offset))
                .collect()
        });
        PartitionData::default()
            .with_partition_index(wanted.partition)
            .with_high_watermark(log.high_watermark())
            .with_last_stable_offset(log.last_stable())
            .with_log_start_offset(log.start())
            .with_aborted_transactions(aborted)
            .with_records(Some(slice.bytes))
    }

    fn tell_leader(&mut self, state: &State, topic: &str, failed: &mut PartitionData) {
        let Some(partition) = state.partition(topic, failed.partition_index) else {
            return;
        };
        failed.current_leader = LeaderIdAndEpoch::default()
            .with_leader_id(BrokerId(partition.leader))
            .with_leader_epoch(partition.leader_epoch);
        let is_known = self
            .response
            .node_endpoints
            .iter()
            .any(|node| node.node_id.0 == partition.leader);
        let Some(leader) = state
            .live()
            .find(|broker| broker.id == partition.leader)
            .filter(|_| !is_known)
        else {
            return;
        };
        let (host, port) = leader.endpoint();
        let node = NodeEndpoint::default()
            .with_node_id(BrokerId(leader.id))
            .with_host(host);
        self.response
            .node_endpoints
            .push(node.with_port(i32::from(port)).with_rack(leader.rack.clone()));
    }
}

fn check<'a>(
    call: &Call<'_>,
    state: &'a State,
    topic: &str,
    wanted: &FetchPartition,
) -> Result<&'a Partition, ResponseError> {
    let partition = state
        .partition(topic, wanted.partition)
        .ok_or(ResponseError::UnknownTopicOrPartition)?;
    let is_follower = call.version >= FOLLOWER_FETCH && partition.isr.contains(&call.broker);
    if partition.leader != call.broker && !is_follower {
        return Err(ResponseError::NotLeaderOrFollower);
    }
    check_epoch(partition, wanted.current_leader_epoch)?;
    let readable = partition.log.start()..=partition.log.high_watermark();
    if readable.contains(&wanted.fetch_offset) {
        Ok(partition)
    } else {
        Err(ResponseError::OffsetOutOfRange)
    }
}

fn failed(partition: i32, code: i16) -> PartitionData {
    PartitionData::default()
        .with_partition_index(partition)
        .with_error_code(code)
        .with_high_watermark(-1)
        .with_aborted_transactions(None)
        .with_records(Some(Bytes::new()))
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::TopicName;
    use kafka_protocol::messages::fetch_request::FetchTopic;

    use super::*;
    use crate::sim::api::tests::Client;
    use crate::sim::batch::{Batch, Marker, Record};
    use crate::sim::fault::{Fault, Rule, Scope};
    use crate::sim::state::topic::text;
    use crate::sim::{SimCluster, SimHandle, SimSpec, TopicSpec};

    const MIB: i32 = 1 << 20;

    fn wanted(partition: i32, offset: i64) -> FetchPartition {
        FetchPartition::default()
            .with_partition(partition)
            .with_fetch_offset(offset)
            .with_partition_max_bytes(MIB)
    }

    fn request(partitions: Vec<FetchPartition>) -> FetchRequest {
        let topic = FetchTopic::default()
            .with_topic(TopicName(text("t")))
            .with_partitions(partitions);
        FetchRequest::default()
            .with_max_bytes(MIB)
            .with_min_bytes(1)
            .with_topics(vec![topic])
    }

    async fn cluster() -> (SimCluster, SimHandle, Client) {
        let topic = TopicSpec::new("t", 2).replicas(vec![vec![1, 2], vec![1, 2]]);
        let cluster = SimCluster::start(SimSpec::small().brokers(3).add_topic(topic))
            .await
            .unwrap();
        let client = Client::connect(cluster.bootstrap()[0]).await;
        let handle = cluster.handle();
        (cluster, handle, client)
    }

    async fn fetch(client: &mut Client, request: &FetchRequest) -> Vec<PartitionData> {
        client.call(request, 12).await.unwrap().responses.remove(0).partitions
    }

    fn size(partition: &PartitionData) -> usize {
        partition.records.as_ref().unwrap().len()
    }

    #[tokio::test]
    async fn a_long_poll_ends_with_the_first_record() {
        let (_cluster, handle, mut client) = cluster().await;
        let started = Instant::now();
        client
            .send(&request(vec![wanted(0, 0)]).with_max_wait_ms(30_000), 12)
            .await;
        while handle.requests(1) == 0 {
            tokio::task::yield_now().await;
        }
        handle.append("t", 0, [Record::value("now")]);
        client.receive().await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_long_poll_ends_at_its_time_with_nothing() {
        let (_cluster, _, mut client) = cluster().await;
        let started = Instant::now();
        let partitions = fetch(&mut client, &request(vec![wanted(0, 0)]).with_max_wait_ms(50)).await;
        assert!(started.elapsed() >= Duration::from_millis(50));
        assert_eq!((size(&partitions[0]), partitions[0].error_code), (0, 0));
    }

    #[tokio::test]
    async fn only_the_first_partition_with_data_may_exceed_the_limit() {
        let (_cluster, handle, mut client) = cluster().await;
        handle.append("t", 0, [Record::value(vec![0; 5_000])]);
        handle.append("t", 1, [Record::value(vec![0; 5_000])]);
        let request = request(vec![wanted(0, 0), wanted(1, 0)]);
        let partitions = fetch(&mut client, &request.clone().with_max_bytes(100)).await;
        assert!(size(&partitions[0]) > 5_000 && size(&partitions[1]) == 0);
        let partitions = fetch(&mut client, &request.clone().with_max_bytes(7_000)).await;
        assert_eq!(size(&partitions[1]), 0, "a batch that is not whole is left out");
        let partitions = fetch(&mut client, &request).await;
        assert!(size(&partitions[1]) > 5_000);
    }

    #[tokio::test]
    async fn read_committed_stops_at_the_last_stable_offset_and_names_aborted_transactions() {
        let (_cluster, handle, mut client) = cluster().await;
        let open = |id| Batch::of([Record::value("x")]).transactional(id);
        for batch in [open(7), open(8), Batch::marker(7, Marker::Abort), open(9)] {
            handle.append_batch("t", 0, &batch).unwrap();
        }
        let partitions = fetch(&mut client, &request(vec![wanted(0, 0)]).with_isolation_level(1)).await;
        assert_eq!((partitions[0].last_stable_offset, partitions[0].high_watermark), (1, 4));
        handle.append_batch("t", 0, &Batch::marker(8, Marker::Commit)).unwrap();
        handle.append_batch("t", 0, &Batch::marker(9, Marker::Commit)).unwrap();
        let partitions = fetch(&mut client, &request(vec![wanted(0, 0)]).with_isolation_level(1)).await;
        let aborted = partitions[0].aborted_transactions.clone().unwrap();
        assert_eq!(
            aborted,
            [AbortedTransaction::default()
                .with_producer_id(7.into())
                .with_first_offset(0)]
        );
        let partitions = fetch(&mut client, &request(vec![wanted(0, 0)])).await;
        assert_eq!(
            partitions[0].aborted_transactions, None,
            "only for those who ask for committed"
        );
    }

    #[tokio::test]
    async fn followers_serve_from_version_11_and_strangers_never() {
        let (cluster, handle, _) = cluster().await;
        handle.append("t", 0, [Record::value("x")]);
        let request = request(vec![wanted(0, 0)]);
        for (broker, version, code) in [(1, 10, 6), (1, 11, 0), (2, 12, 6)] {
            let mut client = Client::connect(cluster.bootstrap()[broker]).await;
            let answer = client.call(&request, version).await.unwrap();
            assert_eq!(answer.responses[0].partitions[0].error_code, code, "v{version}");
        }
        let mut client = Client::connect(cluster.bootstrap()[2]).await;
        let mut by_id = request.clone();
        by_id.topics[0].topic_id = handle.look(|state| state.topic("t").unwrap().id);
        by_id.topics[0].topic = TopicName::default();
        let answer = client.call(&by_id, 16).await.unwrap();
        assert_eq!(answer.responses[0].partitions[0].current_leader.leader_id.0, 1);
        assert_eq!(answer.node_endpoints[0].port, i32::from(cluster.bootstrap()[0].port()));
    }

    #[tokio::test]
    async fn what_cannot_be_read_has_its_own_error() {
        let (_cluster, handle, mut client) = cluster().await;
        handle.append("t", 0, [Record::value("x")]);
        handle.move_leader("t", 0, 1);
        let epoch = |epoch| wanted(0, 0).with_current_leader_epoch(epoch);
        let cases = [
            (wanted(9, 0), 3),
            (wanted(0, 2), 1),
            (wanted(0, -5), 1),
            (epoch(0), 74),
            (epoch(2), 75),
        ];
        for (partition, code) in cases {
            assert_eq!(
                fetch(&mut client, &request(vec![partition.clone()])).await[0].error_code,
                code,
                "{partition:?}"
            );
        }
        let mut unknown = request(vec![wanted(0, 0)]);
        unknown.topics[0].topic = TopicName::default();
        unknown.topics[0].topic_id = uuid::Uuid::from_u128(5);
        assert_eq!(
            client.call(&unknown, 13).await.unwrap().responses[0].partitions[0].error_code,
            100
        );
        let session = request(vec![wanted(0, 0)]).with_session_id(5);
        assert_eq!(client.call(&session, 12).await.unwrap().error_code, 70);
    }

    #[tokio::test]
    async fn an_injected_error_meets_one_partition() {
        let (_cluster, handle, mut client) = cluster().await;
        handle.append("t", 1, [Record::value("x")]);
        handle.inject(Rule::new(Fault::Error {
            code: 56,
            scope: Scope::Partition("t".to_owned(), 0),
        }));
        let partitions = fetch(&mut client, &request(vec![wanted(0, 0), wanted(1, 0)])).await;
        assert_eq!((partitions[0].error_code, partitions[0].high_watermark), (56, -1));
        assert!(partitions[1].error_code == 0 && size(&partitions[1]) > 0);
    }
}
