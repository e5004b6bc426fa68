//! The APIs the brokers serve, one file each, and how a request finds its file.
//!
//! kafka-protocol's `messages_enums` would link all of its 90 APIs; the table below links those that are served.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ConsumerGroupDescribeRequest, CreatePartitionsRequest, CreateTopicsRequest,
    DeleteGroupsRequest, DeleteTopicsRequest, DescribeClusterRequest, DescribeConfigsRequest, DescribeGroupsRequest,
    DescribeLogDirsRequest, DescribeProducersRequest, DescribeQuorumRequest, FetchRequest, FindCoordinatorRequest,
    InitProducerIdRequest, LeaveGroupRequest, ListGroupsRequest, ListOffsetsRequest, ListPartitionReassignmentsRequest,
    MetadataRequest, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest, ProduceRequest, RequestHeader,
    ResponseHeader,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request};

use super::Shared;
use super::fault::Injected;
use super::state::State;

mod api_versions;
mod consumer_group_describe;
mod create_partitions;
mod create_topics;
mod delete_groups;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_quorum;
mod fetch;
mod find_coordinator;
mod init_producer_id;
mod leave_group;
mod list_groups;
mod list_offsets;
mod list_partition_reassignments;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod produce;

/// One request being served.
pub(super) struct Call<'a> {
    /// The cluster.
    pub(super) shared: &'a Shared,
    /// The broker that was asked.
    pub(super) broker: i32,
    /// What for.
    pub(super) api_key: i16,
    /// At which version.
    pub(super) version: i16,
    /// Returned in the answer.
    pub(super) correlation_id: i32,
    /// `throttle_time_ms` of the answer.
    pub(super) throttle_ms: i32,
    /// Error codes to put into the answer.
    pub(super) injected: Injected,
}

/// What a request gets.
pub(super) enum Answer {
    /// A frame with its length.
    Frame(BytesMut),
    /// Nothing, as for Produce with acks=0.
    Silence,
    /// The connection is closed.
    Close,
}

impl From<Option<BytesMut>> for Answer {
    fn from(frame: Option<BytesMut>) -> Self {
        frame.map_or(Self::Close, Self::Frame)
    }
}

macro_rules! table {
    ($($request:ident => $module:ident),* $(,)?) => {
        /// Keys of all APIs that are served.
        pub(super) const SERVED: &[i16] =
            &[FetchRequest::KEY, ProduceRequest::KEY, ApiVersionsRequest::KEY, $($request::KEY),*];

        /// Serves the APIs that answer from the state as it is.
        fn answer_at_once(call: &Call<'_>, body: Bytes) -> Answer {
            match call.api_key {
                $(<$request as Request>::KEY => call.reply(body, $module::answer).into(),)*
                _ => Answer::Close,
            }
        }
    };
}

table! {
    ConsumerGroupDescribeRequest => consumer_group_describe,
    CreatePartitionsRequest => create_partitions,
    CreateTopicsRequest => create_topics,
    DeleteGroupsRequest => delete_groups,
    DeleteTopicsRequest => delete_topics,
    DescribeClusterRequest => describe_cluster,
    DescribeConfigsRequest => describe_configs,
    DescribeGroupsRequest => describe_groups,
    DescribeLogDirsRequest => describe_log_dirs,
    DescribeProducersRequest => describe_producers,
    DescribeQuorumRequest => describe_quorum,
    FindCoordinatorRequest => find_coordinator,
    InitProducerIdRequest => init_producer_id,
    LeaveGroupRequest => leave_group,
    ListGroupsRequest => list_groups,
    ListOffsetsRequest => list_offsets,
    ListPartitionReassignmentsRequest => list_partition_reassignments,
    MetadataRequest => metadata,
    OffsetCommitRequest => offset_commit,
    OffsetDeleteRequest => offset_delete,
    OffsetFetchRequest => offset_fetch,
}

/// Serves one request; `body` is what follows the header. Unknown and unadvertised keys and versions close the
/// connection, as in Kafka; only ApiVersions answers versions that are too new.
pub(super) async fn answer(call: &Call<'_>, body: Bytes) -> Answer {
    let served = call.shared.state().settings.profile.served(call.api_key);
    let Some((min, max)) = served else { return Answer::Close };
    if call.api_key == ApiVersionsRequest::KEY {
        return api_versions::answer(call, body, max);
    }
    if !(min..=max).contains(&call.version) {
        return Answer::Close;
    }
    match call.api_key {
        FetchRequest::KEY => fetch::answer(call, body).await,
        ProduceRequest::KEY => produce::answer(call, body),
        _ => answer_at_once(call, body),
    }
}

/// Reads the request header at the start of `frame`; `None` for unknown keys and malformed headers.
pub(super) fn decode_header(frame: &mut Bytes, api_key: i16, version: i16) -> Option<RequestHeader> {
    let header_version = ApiKey::try_from(api_key).ok()?.request_header_version(version);
    RequestHeader::decode(frame, header_version).ok()
}

impl Call<'_> {
    /// Decodes the request, serves it under the state's lock, encodes the answer. `None` when the request is
    /// malformed.
    fn reply<R: Request>(&self, body: Bytes, serve: fn(&Call<'_>, &mut State, R) -> R::Response) -> Option<BytesMut> {
        let request = self.decode::<R>(body)?;
        let response = serve(self, &mut self.shared.state(), request);
        self.encode(&response, self.version)
    }

    fn decode<R: Request>(&self, mut body: Bytes) -> Option<R> {
        R::decode(&mut body, self.version).ok()
    }

    fn encode<R: Encodable + HeaderVersion>(&self, response: &R, version: i16) -> Option<BytesMut> {
        encode_frame(response, self.correlation_id, version)
            .inspect_err(|error| {
                tracing::error!(%error, api_key = self.api_key, version, "the simulator built an answer it cannot send");
            })
            .ok()
    }
}

fn encode_frame<R>(response: &R, correlation_id: i32, version: i16) -> Result<BytesMut, String>
where
    R: Encodable + HeaderVersion,
{
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    let header = ResponseHeader::default().with_correlation_id(correlation_id);
    header
        .encode(&mut frame, R::header_version(version))
        .map_err(|error| error.to_string())?;
    response
        .encode(&mut frame, version)
        .map_err(|error| error.to_string())?;
    let length = i32::try_from(frame.len() - 4).map_err(|error| error.to_string())?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Ok(frame)
}

/// The wire's code of an error.
fn code(error: ResponseError) -> i16 {
    error.code()
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::SocketAddr;

    use bytes::Buf;
    use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
    use kafka_protocol::messages::create_topics_request::CreatableTopic;
    use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
    use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
    use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
    use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
    use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
    use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
    use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
    use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
    use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
    use kafka_protocol::messages::{BrokerId, GroupId, TopicName};
    use kafka_protocol::protocol::StrBytes;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;
    use crate::sim::batch::{Batch, Header, Record};
    use crate::sim::state::topic::text;
    use crate::sim::{ApiProfile, GroupSpec, SimCluster, SimSpec, TopicSpec};

    /// A client of a few lines, for tests of the simulator only.
    pub(in crate::sim) struct Client {
        stream: TcpStream,
        correlation_id: i32,
    }

    impl Client {
        pub(in crate::sim) async fn connect(address: SocketAddr) -> Self {
            Self {
                stream: TcpStream::connect(address).await.unwrap(),
                correlation_id: 100,
            }
        }

        pub(in crate::sim) async fn send<R: Request>(&mut self, request: &R, version: i16) {
            self.correlation_id += 1;
            let header = RequestHeader::default()
                .with_request_api_key(R::KEY)
                .with_request_api_version(version)
                .with_correlation_id(self.correlation_id)
                .with_client_id(Some(StrBytes::from_static_str("probe")));
            let mut frame = BytesMut::new();
            frame.put_i32(0);
            header.encode(&mut frame, R::header_version(version)).unwrap();
            request.encode(&mut frame, version).unwrap();
            let length = frame.len() as i32 - 4;
            frame[..4].copy_from_slice(&length.to_be_bytes());
            self.write(&frame).await;
        }

        pub(in crate::sim) async fn write(&mut self, bytes: &[u8]) {
            self.stream.write_all(bytes).await.unwrap();
        }

        /// Sends nothing more.
        pub(in crate::sim) async fn finish(&mut self) {
            self.stream.shutdown().await.unwrap();
        }

        /// As many bytes as `bytes` has room for.
        pub(in crate::sim) async fn read(&mut self, bytes: &mut [u8]) {
            self.stream.read_exact(bytes).await.unwrap();
        }

        /// The next answer's bytes without its length; `None` when the broker closed the connection.
        pub(in crate::sim) async fn receive(&mut self) -> Option<Bytes> {
            let length = self.stream.read_i32().await.ok()?;
            let mut frame = vec![0; length as usize];
            self.stream.read_exact(&mut frame).await.ok()?;
            Some(frame.into())
        }

        /// Sends, receives and decodes to the last byte; `None` when the connection was closed.
        pub(in crate::sim) async fn call<R: Request>(&mut self, request: &R, version: i16) -> Option<R::Response> {
            self.send(request, version).await;
            let mut frame = self.receive().await?;
            let header = ResponseHeader::decode(&mut frame, R::Response::header_version(version)).unwrap();
            assert_eq!(header.correlation_id, self.correlation_id);
            let response = R::Response::decode(&mut frame, version).unwrap();
            assert!(!frame.has_remaining(), "nothing follows the answer");
            Some(response)
        }
    }

    fn spec(profile: ApiProfile) -> SimSpec {
        let orders =
            TopicSpec::new("orders", 2).records(0, (0..5).map(|n| Record::value(format!("{n}")).at(1_000 + n)));
        let classic = GroupSpec::classic("billing")
            .member("app", &[("orders", &[0, 1])])
            .commit("orders", 0, 3);
        let modern = GroupSpec::consumer("modern")
            .member("app", &[("orders", &[0])])
            .commit("orders", 0, 2);
        SimSpec::small()
            .profile(profile)
            .add_topic(orders)
            .add_group(classic)
            .add_group(modern)
    }

    fn topic_name() -> TopicName {
        TopicName(text("orders"))
    }

    /// Sends the request of every advertised version of every profile to a cluster of its own and checks the answer.
    async fn every_version<R: Request>(
        request: impl Fn(i16, &SimCluster) -> R,
        check: impl Fn(i16, R::Response, &SimCluster),
    ) {
        let mut tried = 0;
        for profile in ApiProfile::ALL {
            let Some((min, max)) = profile.served(R::KEY) else {
                continue;
            };
            for version in min..=max {
                let cluster = SimCluster::start(spec(profile)).await.unwrap();
                let mut client = Client::connect(cluster.bootstrap()[0]).await;
                let answer = client.call(&request(version, &cluster), version).await;
                let answer = answer.unwrap_or_else(|| panic!("{} closed on v{version}", profile.name));
                check(version, answer, &cluster);
                tried += 1;
            }
        }
        assert!(tried > 0);
    }

    #[tokio::test]
    async fn api_versions_answers_at_every_version() {
        let request = |version, _: &SimCluster| {
            let name = if version >= 3 { text("ktui") } else { StrBytes::new() };
            let request = ApiVersionsRequest::default().with_client_software_name(name.clone());
            request.with_client_software_version(name)
        };
        every_version(request, |_, answer, cluster| {
            assert_eq!(answer.error_code, 0);
            let expected = cluster.handle().look(|state| state.settings.profile.ranges().count());
            assert_eq!(answer.api_keys.len(), expected);
        })
        .await;
    }

    #[tokio::test]
    async fn metadata_answers_at_every_version() {
        every_version(
            |_, _| {
                MetadataRequest::default().with_topics(Some(vec![
                    MetadataRequestTopic::default().with_name(Some(topic_name())),
                ]))
            },
            |version, answer, cluster| {
                assert_eq!(answer.brokers[0].port, i32::from(cluster.bootstrap()[0].port()));
                assert_eq!((answer.topics[0].error_code, answer.topics[0].partitions.len()), (0, 2));
                assert_eq!(answer.topics[0].topic_id.is_nil(), version < 10);
            },
        )
        .await;
        every_version(
            |version, _| MetadataRequest::default().with_topics((version == 0).then(Vec::new)),
            |_, answer, _| assert_eq!(answer.topics.len(), 2, "all topics"),
        )
        .await;
    }

    #[tokio::test]
    async fn describe_cluster_answers_at_every_version() {
        every_version(
            |_, _| DescribeClusterRequest::default(),
            |_, answer, _| {
                assert_eq!(
                    (answer.error_code, answer.brokers.len(), answer.controller_id.0),
                    (0, 1, 1)
                );
            },
        )
        .await;
    }

    #[tokio::test]
    async fn describe_producers_answers_at_every_version() {
        every_version(
            |_, _| {
                let topic = kafka_protocol::messages::describe_producers_request::TopicRequest::default()
                    .with_name(text("nowhere").into())
                    .with_partition_indexes(vec![0]);
                DescribeProducersRequest::default().with_topics(vec![topic])
            },
            |_, answer, _| assert_eq!(answer.topics[0].partitions[0].error_code, 3),
        )
        .await;
    }

    #[tokio::test]
    async fn describe_quorum_answers_at_every_version() {
        let topic = TopicData::default()
            .with_topic_name(TopicName(text("__cluster_metadata")))
            .with_partitions(vec![PartitionData::default()]);
        every_version(
            |_, _| DescribeQuorumRequest::default().with_topics(vec![topic.clone()]),
            |_, answer, _| {
                let partition = &answer.topics[0].partitions[0];
                assert_eq!(
                    (
                        partition.error_code,
                        partition.leader_id.0,
                        partition.current_voters.len()
                    ),
                    (0, 1, 1)
                );
            },
        )
        .await;
    }

    #[tokio::test]
    async fn describe_configs_answers_at_every_version() {
        let resource = |kind, name: &str| {
            DescribeConfigsResource::default()
                .with_resource_type(kind)
                .with_resource_name(text(name))
                .with_configuration_keys(None)
        };
        every_version(
            |_, _| {
                DescribeConfigsRequest::default()
                    .with_resources(vec![resource(2, "orders"), resource(4, "1"), resource(4, "9")])
                    .with_include_synonyms(true)
            },
            |_, answer, _| {
                let codes: Vec<_> = answer.results.iter().map(|result| result.error_code).collect();
                assert_eq!(codes, [0, 0, 42]);
                let retention = answer.results[0]
                    .configs
                    .iter()
                    .find(|config| *config.name == *"retention.ms")
                    .unwrap();
                assert_eq!(retention.value.as_deref(), Some("604800000"));
                let secret = answer.results[1]
                    .configs
                    .iter()
                    .find(|config| config.is_sensitive)
                    .unwrap();
                assert_eq!(secret.value, None);
            },
        )
        .await;
    }

    #[tokio::test]
    async fn describe_log_dirs_answers_at_every_version() {
        every_version(
            |_, _| DescribeLogDirsRequest::default().with_topics(None),
            |version, answer, _| {
                let dir = &answer.results[0];
                assert_eq!(dir.total_bytes > 0, version >= 4);
                let orders = dir.topics.iter().find(|topic| topic.name == topic_name()).unwrap();
                assert!(orders.partitions[0].partition_size > 61 && orders.partitions[1].partition_size == 0);
            },
        )
        .await;
    }

    #[tokio::test]
    async fn list_offsets_answers_at_every_version() {
        let ask = |partition, timestamp| {
            let wanted = ListOffsetsPartition::default()
                .with_partition_index(partition)
                .with_timestamp(timestamp);
            ListOffsetsTopic::default()
                .with_name(topic_name())
                .with_partitions(vec![wanted])
        };
        for (timestamp, offset) in [(-1, 5), (-2, 0), (1_003, 3), (9_999, -1)] {
            every_version(
                |_, _| {
                    ListOffsetsRequest::default()
                        .with_replica_id(BrokerId(-1))
                        .with_topics(vec![ask(0, timestamp)])
                },
                |_, answer, _| {
                    let found = &answer.topics[0].partitions[0];
                    assert_eq!((found.error_code, found.offset), (0, offset));
                },
            )
            .await;
        }
        every_version(
            |_, _| ListOffsetsRequest::default().with_topics(vec![ask(0, -1), ask(0, -2), ask(1, -2)]),
            |_, answer, _| {
                let codes: Vec<_> = answer
                    .topics
                    .iter()
                    .map(|topic| topic.partitions[0].error_code)
                    .collect();
                assert_eq!(codes, [42, 42, 0], "each partition once");
            },
        )
        .await;
    }

    #[tokio::test]
    async fn fetch_answers_at_every_version() {
        every_version(
            |version, cluster| {
                let partition = FetchPartition::default()
                    .with_fetch_offset(2)
                    .with_partition_max_bytes(1 << 20);
                let mut topic = FetchTopic::default().with_partitions(vec![partition]);
                if version >= 13 {
                    topic.topic_id = cluster.handle().look(|state| state.topic("orders").unwrap().id);
                } else {
                    topic.topic = topic_name();
                }
                FetchRequest::default().with_max_bytes(1 << 20).with_topics(vec![topic])
            },
            |_, answer, _| {
                let partition = &answer.responses[0].partitions[0];
                assert_eq!((partition.error_code, partition.high_watermark), (0, 5));
                let records = partition.records.as_ref().unwrap();
                assert_eq!(Header::parse(records).unwrap().count, 5);
                assert_eq!(partition.aborted_transactions, None);
            },
        )
        .await;
    }

    #[tokio::test]
    async fn produce_answers_at_every_version() {
        every_version(
            |version, cluster| {
                let batch = Batch::of([Record::value("new")]).encode(0).unwrap();
                let data = PartitionProduceData::default().with_index(0).with_records(Some(batch));
                let mut topic = TopicProduceData::default().with_partition_data(vec![data]);
                if version >= 13 {
                    topic.topic_id = cluster.handle().look(|state| state.topic("orders").unwrap().id);
                } else {
                    topic.name = topic_name();
                }
                ProduceRequest::default().with_acks(-1).with_topic_data(vec![topic])
            },
            |_, answer, cluster| {
                let partition = &answer.responses[0].partition_responses[0];
                assert_eq!((partition.error_code, partition.base_offset), (0, 5));
                let end = cluster
                    .handle()
                    .look(|state| state.partition("orders", 0).unwrap().log.high_watermark());
                assert_eq!(end, 6);
            },
        )
        .await;
    }

    #[tokio::test]
    async fn find_coordinator_answers_at_every_version() {
        every_version(
            |version, _| {
                let request = FindCoordinatorRequest::default();
                if version >= 4 {
                    request.with_coordinator_keys(vec![text("billing"), text("modern")])
                } else {
                    request.with_key(text("billing"))
                }
            },
            |version, answer, _| {
                if version >= 4 {
                    assert_eq!(
                        answer
                            .coordinators
                            .iter()
                            .map(|found| found.node_id.0)
                            .collect::<Vec<_>>(),
                        [1, 1]
                    );
                } else {
                    assert_eq!((answer.error_code, answer.node_id.0), (0, 1));
                }
            },
        )
        .await;
    }

    #[tokio::test]
    async fn list_groups_answers_at_every_version() {
        every_version(
            |_, _| ListGroupsRequest::default(),
            |version, answer, _| {
                assert_eq!(answer.groups.len(), 2);
                let modern = &answer.groups[1];
                assert_eq!(&*modern.group_state, if version >= 4 { "Stable" } else { "" });
                assert_eq!(&*modern.group_type, if version >= 5 { "consumer" } else { "" });
            },
        )
        .await;
    }

    #[tokio::test]
    async fn describe_groups_answers_at_every_version() {
        every_version(
            |_, _| {
                let ids = ["billing", "modern", "nobody"].map(|id| GroupId(text(id)));
                DescribeGroupsRequest::default().with_groups(ids.to_vec())
            },
            |version, answer, _| {
                let states: Vec<_> = answer.groups.iter().map(|group| group.group_state.as_str()).collect();
                assert_eq!(states, ["Stable", "Dead", "Dead"]);
                assert_eq!(answer.groups[2].error_code, if version >= 6 { 69 } else { 0 });
                assert_eq!(&*answer.groups[0].members[0].client_host, "/127.0.0.1");
            },
        )
        .await;
    }

    #[tokio::test]
    async fn consumer_group_describe_answers_at_every_version() {
        every_version(
            |_, _| {
                let ids = ["billing", "modern"].map(|id| GroupId(text(id)));
                ConsumerGroupDescribeRequest::default().with_group_ids(ids.to_vec())
            },
            |_, answer, _| {
                assert_eq!(answer.groups[0].error_code, 69, "a classic group");
                let member = &answer.groups[1].members[0];
                assert_eq!(member.assignment.topic_partitions[0].partitions, [0]);
                assert!(!member.assignment.topic_partitions[0].topic_id.is_nil());
            },
        )
        .await;
    }

    #[tokio::test]
    async fn offset_fetch_answers_at_every_version() {
        every_version(
            |version, _| {
                let request = OffsetFetchRequest::default();
                let group = |id| {
                    OffsetFetchRequestGroup::default()
                        .with_group_id(GroupId(text(id)))
                        .with_topics(None)
                };
                match version {
                    8.. => request.with_groups(vec![group("billing"), group("nobody")]),
                    2.. => request.with_group_id(GroupId(text("billing"))).with_topics(None),
                    _ => {
                        let topic = kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic::default();
                        let topic = topic.with_name(topic_name()).with_partition_indexes(vec![0, 1]);
                        request
                            .with_group_id(GroupId(text("billing")))
                            .with_topics(Some(vec![topic]))
                    }
                }
            },
            |version, answer, _| {
                let committed = if version >= 8 {
                    assert_eq!((answer.groups[1].error_code, answer.groups[1].topics.len()), (0, 0));
                    answer.groups[0].topics[0].partitions[0].committed_offset
                } else {
                    answer.topics[0].partitions[0].committed_offset
                };
                assert_eq!(committed, 3);
            },
        )
        .await;
    }

    #[tokio::test]
    async fn offset_commit_answers_at_every_version() {
        let request = |group: &str| {
            let partition = OffsetCommitRequestPartition::default()
                .with_partition_index(1)
                .with_committed_offset(4);
            let topic = OffsetCommitRequestTopic::default()
                .with_name(topic_name())
                .with_partitions(vec![partition]);
            OffsetCommitRequest::default()
                .with_group_id(GroupId(text(group)))
                .with_topics(vec![topic])
        };
        every_version(
            |_, _| request("newcomer"),
            |_, answer, cluster| {
                assert_eq!(answer.topics[0].partitions[0].error_code, 0);
                let look = |state: &State| state.groups["newcomer".as_bytes()].commit("orders", 1).unwrap().offset;
                assert_eq!(cluster.handle().look(look), 4);
            },
        )
        .await;
        every_version(
            |_, _| request("billing"),
            |_, answer, _| assert_eq!(answer.topics[0].partitions[0].error_code, 25, "the group has members"),
        )
        .await;
    }

    #[tokio::test]
    async fn groups_are_left_forgotten_and_deleted_at_every_version() {
        use kafka_protocol::messages::leave_group_request::MemberIdentity;
        use kafka_protocol::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
        every_version(
            |version, cluster| {
                let id = cluster
                    .handle()
                    .look(|state| state.groups["billing".as_bytes()].members[0].member_id.clone());
                let request = LeaveGroupRequest::default().with_group_id(GroupId(text("billing")));
                match version {
                    3.. => request.with_members(vec![MemberIdentity::default().with_member_id(text(&id))]),
                    _ => request.with_member_id(text(&id)),
                }
            },
            |_, answer, cluster| {
                assert_eq!(answer.error_code, 0);
                assert!(
                    cluster
                        .handle()
                        .look(|state| state.groups["billing".as_bytes()].members.is_empty())
                );
            },
        )
        .await;
        every_version(
            |_, _| {
                let partition = OffsetDeleteRequestPartition::default();
                let topic = OffsetDeleteRequestTopic::default();
                let topic = topic.with_name(topic_name()).with_partitions(vec![partition]);
                OffsetDeleteRequest::default()
                    .with_group_id(GroupId(text("billing")))
                    .with_topics(vec![topic])
            },
            |_, answer, _| {
                assert_eq!(
                    answer.topics[0].partitions[0].error_code, 86,
                    "its member reads the topic"
                );
            },
        )
        .await;
        every_version(
            |_, _| DeleteGroupsRequest::default().with_groups_names(vec![GroupId(text("billing"))]),
            |_, answer, _| assert_eq!(answer.results[0].error_code, 68, "the group has members"),
        )
        .await;
    }

    #[tokio::test]
    async fn topics_are_created_deleted_and_grown_at_every_version() {
        every_version(
            |_, _| {
                let topic = |name: &str| CreatableTopic::default().with_name(TopicName(text(name)));
                let new = topic("new").with_num_partitions(3).with_replication_factor(1);
                let old = topic("orders").with_num_partitions(3).with_replication_factor(1);
                CreateTopicsRequest::default().with_topics(vec![new, old])
            },
            |_, answer, cluster| {
                assert_eq!(
                    answer.topics.iter().map(|topic| topic.error_code).collect::<Vec<_>>(),
                    [0, 36]
                );
                assert_eq!(
                    cluster
                        .handle()
                        .look(|state| state.topic("new").unwrap().partitions.len()),
                    3
                );
            },
        )
        .await;
        every_version(
            |version, _| {
                let request = DeleteTopicsRequest::default();
                if version >= 6 {
                    request.with_topics(vec![DeleteTopicState::default().with_name(Some(topic_name()))])
                } else {
                    request.with_topic_names(vec![topic_name()])
                }
            },
            |_, answer, cluster| {
                assert_eq!(answer.responses[0].error_code, 0);
                assert!(cluster.handle().look(|state| state.topic("orders").is_none()));
            },
        )
        .await;
        every_version(
            |_, _| {
                let topic = CreatePartitionsTopic::default()
                    .with_name(topic_name())
                    .with_count(6)
                    .with_assignments(None);
                CreatePartitionsRequest::default().with_topics(vec![topic.clone(), topic])
            },
            |_, answer, cluster| {
                assert_eq!(
                    answer
                        .results
                        .iter()
                        .map(|result| result.error_code)
                        .collect::<Vec<_>>(),
                    [0, 37]
                );
                assert_eq!(
                    cluster
                        .handle()
                        .look(|state| state.topic("orders").unwrap().partitions.len()),
                    6
                );
            },
        )
        .await;
    }

    #[tokio::test]
    async fn list_partition_reassignments_answers_at_every_version() {
        every_version(
            |_, cluster| {
                cluster.handle().add_replica("orders", 1, 7);
                ListPartitionReassignmentsRequest::default().with_topics(None)
            },
            |_, answer, _| {
                let partition = &answer.topics[0].partitions[0];
                assert_eq!((answer.topics.len(), answer.topics[0].partitions.len()), (1, 1));
                assert_eq!(
                    (partition.partition_index, &*partition.adding_replicas),
                    (1, &[BrokerId(7)][..])
                );
                assert_eq!(&*partition.replicas, [BrokerId(1), BrokerId(7)]);
            },
        )
        .await;
    }

    #[tokio::test]
    async fn init_producer_id_answers_at_every_version() {
        every_version(
            |_, _| InitProducerIdRequest::default().with_transactional_id(None),
            |_, answer, _| assert!(answer.error_code == 0 && answer.producer_id.0 > 0),
        )
        .await;
    }

    #[tokio::test]
    async fn unserved_keys_and_versions_close_the_connection() {
        for (key, version) in [(11, 5), (3, 99), (999, 0), (-1, 0), (4, 0)] {
            let cluster = SimCluster::start(spec(ApiProfile::KAFKA_2_4)).await.unwrap();
            let mut client = Client::connect(cluster.bootstrap()[0]).await;
            let mut frame = BytesMut::new();
            frame.put_i32(14);
            frame.put_i16(key);
            frame.put_i16(version);
            frame.put_i32(1);
            frame.put_i16(-1);
            frame.put_i32(0);
            client.write(&frame).await;
            assert_eq!(client.receive().await, None, "key {key} v{version}");
        }
    }
}
