//! ListOffsets (key 2): only the leader answers, each partition at most once per request.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};

use super::{Call, code};
use crate::sim::profile::Flavour;
use crate::sim::state::State;
use crate::sim::state::topic::Partition;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let mut asked: BTreeMap<(&str, i32), usize> = BTreeMap::new();
    for topic in &request.topics {
        for partition in &topic.partitions {
            *asked
                .entry((topic.name.as_str(), partition.partition_index))
                .or_default() += 1;
        }
    }
    let topics = request.topics.iter().map(|topic| {
        let name = topic.name.as_str();
        let partitions = topic.partitions.iter().map(|wanted| {
            let index = wanted.partition_index;
            let answer = ListOffsetsPartitionResponse::default().with_partition_index(index);
            if asked.get(&(name, index)).is_some_and(|times| *times > 1) {
                return answer.with_error_code(code(ResponseError::InvalidRequest));
            }
            if let Some(code) = call.injected.partition(name, index) {
                return answer.with_error_code(code);
            }
            match look_up(call, state, name, wanted, request.isolation_level == 1) {
                Ok(found) if call.version >= 4 => answer
                    .with_offset(found.0)
                    .with_timestamp(found.1)
                    .with_leader_epoch(found.2),
                Ok(found) => answer.with_offset(found.0).with_timestamp(found.1),
                Err(error) => answer.with_error_code(code(error)),
            }
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions)
    });
    ListOffsetsResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_topics(topics.collect())
}

/// Offset, timestamp and leader epoch.
fn look_up(
    call: &Call<'_>,
    state: &State,
    topic: &str,
    wanted: &ListOffsetsPartition,
    is_committed: bool,
) -> Result<(i64, i64, i32), ResponseError> {
    let partition = state
        .partition(topic, wanted.partition_index)
        .ok_or(ResponseError::UnknownTopicOrPartition)?;
    check_leader(partition, call.broker, wanted.current_leader_epoch)?;
    let (log, epoch) = (&partition.log, partition.leader_epoch);
    let end = if is_committed {
        log.last_stable()
    } else {
        log.high_watermark()
    };
    let is_redpanda = state.settings.profile.flavour == Flavour::Redpanda;
    match wanted.timestamp {
        LATEST => Ok((end, -1, epoch)),
        EARLIEST => Ok((log.start(), -1, epoch)),
        MAX_TIMESTAMP if call.version >= 7 => Ok(log
            .max_timestamp()
            .map_or((-1, -1, -1), |found| (found.offset, found.timestamp, epoch))),
        EARLIEST_LOCAL if call.version >= 8 => Ok((log.start(), -1, epoch)),
        LATEST_TIERED if call.version >= 9 => Ok((-1, -1, -1)),
        // Redpanda takes what it does not know for a time, and finds the first record.
        special if special < 0 && !is_redpanda => Err(ResponseError::UnsupportedVersion),
        timestamp => {
            let found = log.find_time(timestamp).filter(|found| found.offset < end);
            Ok(found.map_or((-1, -1, -1), |found| (found.offset, found.timestamp, epoch)))
        }
    }
}

/// Whether `broker` leads and the client's idea of the leader epoch (-1 for none) is the current one (KIP-320).
pub(super) fn check_leader(partition: &Partition, broker: i32, epoch: i32) -> Result<(), ResponseError> {
    if partition.leader != broker {
        return Err(ResponseError::NotLeaderOrFollower);
    }
    check_epoch(partition, epoch)
}

/// Whether the client's idea of the leader epoch is the current one.
pub(super) fn check_epoch(partition: &Partition, epoch: i32) -> Result<(), ResponseError> {
    match epoch {
        ..0 => Ok(()),
        epoch if epoch < partition.leader_epoch => Err(ResponseError::FencedLeaderEpoch),
        epoch if epoch > partition.leader_epoch => Err(ResponseError::UnknownLeaderEpoch),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::list_offsets_request::ListOffsetsTopic;
    use kafka_protocol::messages::{BrokerId, TopicName};

    use super::*;
    use crate::sim::api::tests::Client;
    use crate::sim::batch::{Batch, Record};
    use crate::sim::state::topic::text;
    use crate::sim::{ApiProfile, SimCluster, SimSpec, TopicSpec};

    fn request(timestamp: i64) -> ListOffsetsRequest {
        let wanted = ListOffsetsPartition::default().with_timestamp(timestamp);
        let topic = ListOffsetsTopic::default()
            .with_name(TopicName(text("t")))
            .with_partitions(vec![wanted]);
        ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_topics(vec![topic])
    }

    async fn cluster(profile: ApiProfile) -> (SimCluster, Client) {
        let open = Batch::of([Record::value("x").at(300)]).transactional(5);
        let topic = TopicSpec::new("t", 1)
            .replicas(vec![vec![1, 2]])
            .records(
                0,
                [
                    Record::value("a").at(100),
                    Record::value("b").at(500),
                    Record::value("c").at(200),
                ],
            )
            .batch(0, open);
        let cluster = SimCluster::start(SimSpec::small().brokers(2).profile(profile).add_topic(topic))
            .await
            .unwrap();
        let client = Client::connect(cluster.bootstrap()[0]).await;
        (cluster, client)
    }

    async fn ask(client: &mut Client, request: &ListOffsetsRequest, version: i16) -> (i16, i64, i64) {
        let answer = client.call(request, version).await.unwrap();
        let found = &answer.topics[0].partitions[0];
        (found.error_code, found.offset, found.timestamp)
    }

    #[tokio::test]
    async fn latest_is_the_high_watermark_or_the_last_stable_offset() {
        let (_cluster, mut client) = cluster(ApiProfile::KAFKA_4_1).await;
        assert_eq!(ask(&mut client, &request(-1), 8).await, (0, 4, -1));
        assert_eq!(
            ask(&mut client, &request(-1).with_isolation_level(1), 8).await,
            (0, 3, -1)
        );
        assert_eq!(
            ask(&mut client, &request(250).with_isolation_level(1), 8).await,
            (0, 1, 500)
        );
    }

    #[tokio::test]
    async fn special_times_depend_on_the_version() {
        let (_cluster, mut client) = cluster(ApiProfile::KAFKA_4_1).await;
        let cases = [
            (-3, 6, 35, -1),
            (-3, 7, 0, 2),
            (-4, 7, 35, -1),
            (-4, 8, 0, 0),
            (-5, 8, 35, -1),
            (-5, 9, 0, -1),
        ];
        for (timestamp, version, code, offset) in cases {
            let (error, found, _) = ask(&mut client, &request(timestamp), version).await;
            assert_eq!((error, found), (code, offset), "{timestamp} at v{version}");
        }
        let (_cluster, mut client) = cluster(ApiProfile::REDPANDA_24_3).await;
        assert_eq!(ask(&mut client, &request(-3), 4).await, (0, 0, 100), "taken for a time");
    }

    #[tokio::test]
    async fn only_the_leader_of_the_current_epoch_answers() {
        let (cluster, mut client) = cluster(ApiProfile::KAFKA_4_1).await;
        let mut follower = Client::connect(cluster.bootstrap()[1]).await;
        assert_eq!(ask(&mut follower, &request(-1), 8).await.0, 6);
        cluster.handle().move_leader("t", 0, 2);
        assert_eq!(ask(&mut client, &request(-1), 8).await.0, 6);
        let mut stale = request(-1);
        stale.topics[0].partitions[0].current_leader_epoch = 0;
        assert_eq!(ask(&mut follower, &stale, 8).await.0, 74);
        assert_eq!(ask(&mut follower, &request(-1), 8).await, (0, 4, -1));
    }
}
