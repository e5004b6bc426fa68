//! Lag: what Kafka's own ConsumerGroupCommand says, group by group and figure by figure.

use std::time::Duration;

use ktui::kafka::lag::{GroupDetail, LagCase, Notice, PartitionLag, notices};
use ktui::kafka::query::{Answer, Members as ReadMembers, Query};
use serde_json::json;

use crate::engine::Engine;
use crate::support::java::{GroupRow, Members, Record, describe_groups};
use crate::support::kafka::{KafkaCluster, Version, unique};
use crate::support::wait;

const SOON: Duration = Duration::from_mins(1);
/// Versions with the group protocols their clients and brokers speak by default.
const PROTOCOLS: [(Version, &str); 4] = [
    (Version::V3_4_1, "classic"),
    (Version::V3_8_0, "classic"),
    (Version::V4_3_0, "classic"),
    (Version::V4_3_0, "consumer"),
];

/// A topic of three partitions with 20 records each.
fn orders(cluster: &KafkaCluster) -> String {
    let topic = unique("orders");
    cluster.workload().create_topic(&topic, 3, &[]);
    for partition in 0..3 {
        cluster.workload().fill(&topic, 20, json!({"partition": partition}));
    }
    topic
}

fn detail(engine: &Engine, group: &str) -> GroupDetail {
    match engine.ask(Query::Group(engine.group(group))) {
        Answer::Group(detail) => detail,
        other => panic!("{other:?}"),
    }
}

/// What ktui knows, in the shape of the tool's table, which leaves out members without partitions.
fn as_rows(detail: &GroupDetail) -> Vec<GroupRow> {
    let row = |of: &PartitionLag| {
        let member = of.owner.map(|index| &detail.description.members[index]);
        GroupRow {
            group: detail.description.group.to_string(),
            topic: Some(of.partition.topic.to_string()),
            partition: Some(of.partition.partition.0),
            committed: of.committed.map(|offset| offset.0),
            end: of.end.map(|offset| offset.0),
            lag: of.case.lag(),
            member: member.map(|member| member.id.to_string()),
            host: member.map(|member| format!("/{}", member.host)),
            client_id: member.map(|member| member.client_id.to_string()),
        }
    };
    let mut rows: Vec<_> = detail.partitions.iter().map(row).collect();
    rows.sort();
    rows
}

/// Compares a group that is at rest; answers ktui's view of it.
#[track_caller]
fn assert_equal(cluster: &KafkaCluster, engine: &Engine, group: &str) -> GroupDetail {
    let truth = describe_groups(cluster, Some(group));
    let detail = detail(engine, group);
    let version = cluster.version().name();
    assert_eq!(as_rows(&detail), truth, "{group} on {version}");
    assert!(!truth.is_empty(), "{group} on {version} has rows");
    let listing = engine.group(group);
    let query = Query::Lags {
        groups: vec![listing.clone()],
        members: ReadMembers::Described,
    };
    let Answer::Lags(lags) = engine.ask(query) else {
        panic!("not lags")
    };
    let sum: i64 = truth.iter().filter_map(|row| row.lag).sum();
    assert_eq!(
        lags[&listing.group].lag.exact(),
        Some(sum),
        "{group} on {version} in sum"
    );
    assert_eq!(lags[&listing.group], detail.summary());
    detail
}

/// Waits until the members have read `count` records in all.
fn await_positions(cluster: &KafkaCluster, members: &Members, count: i64) {
    wait::until("the members to read", SOON, || {
        let read = cluster.workload().positions(members);
        (read.iter().map(|(.., position)| *position).sum::<i64>() >= count).then_some(())
    });
}

#[test]
fn live_members_that_lag_have_the_tools_figures() {
    for (version, protocol) in PROTOCOLS {
        let (cluster, group) = (KafkaCluster::shared(version), unique("live"));
        let topic = orders(cluster);
        let options = json!({"members": 2, "limit": 7, "protocol": protocol});
        let members = cluster.workload().join(&group, &[&topic], options);
        await_positions(cluster, &members, 14);
        let seen = assert_equal(cluster, &Engine::new(cluster), &group);
        assert_eq!(seen.description.kind.as_str(), protocol);
        assert_eq!(&*seen.description.state.0, "Stable");
        assert_eq!(seen.partitions.len(), 3);
        // What was committed is for the tool to say: here only that there is lag, and nobody is idle.
        assert!(seen.summary().lag.known > 0);
        cluster.workload().leave(members);
    }
}

#[test]
fn members_without_commits_have_no_lag_and_are_not_at_zero() {
    for (version, protocol) in PROTOCOLS {
        let (cluster, group) = (KafkaCluster::shared(version), unique("silent"));
        let topic = orders(cluster);
        let options = json!({"commit": "never", "drain": true, "protocol": protocol});
        let members = cluster.workload().join(&group, &[&topic], options);
        let seen = assert_equal(cluster, &Engine::new(cluster), &group);
        let cases: Vec<_> = seen.partitions.iter().map(|row| row.case.clone()).collect();
        assert_eq!(cases, vec![LagCase::NoCommit { backlog: Some(20) }; 3]);
        assert_eq!(seen.summary().uncommitted, Some(3));
        cluster.workload().leave(members);
    }
}

#[test]
fn more_members_than_partitions_leave_some_idle() {
    for (version, protocol) in PROTOCOLS {
        let (cluster, group) = (KafkaCluster::shared(version), unique("crowded"));
        let topic = orders(cluster);
        let options = json!({"members": 5, "drain": true, "protocol": protocol});
        let members = cluster.workload().join(&group, &[&topic], options);
        let seen = assert_equal(cluster, &Engine::new(cluster), &group);
        let idle = Notice::IdleMembers {
            idle: 2,
            members: 5,
            partitions: 3,
        };
        assert_eq!(notices(&seen), [idle]);
        cluster.workload().leave(members);
    }
}

#[test]
fn groups_whose_members_left_keep_their_figures() {
    for (version, protocol) in PROTOCOLS {
        let (cluster, group) = (KafkaCluster::shared(version), unique("left"));
        let topic = orders(cluster);
        let options = json!({"drain": true, "protocol": protocol});
        let members = cluster.workload().join(&group, &[&topic], options);
        cluster.workload().leave(members);
        cluster.workload().fill(&topic, 5, json!({"partition": 1}));
        let seen = assert_equal(cluster, &Engine::new(cluster), &group);
        assert!(seen.description.state.is_empty());
        assert_eq!(seen.summary().lag.exact(), Some(5));
    }
}

#[test]
fn commits_without_a_group_cover_what_was_committed_and_nothing_else() {
    for version in Version::ALL {
        let (cluster, group) = (KafkaCluster::shared(version), unique("assigner"));
        let topic = orders(cluster);
        cluster.workload().commit(&group, &[(&topic, 0, 12), (&topic, 2, 20)]);
        let seen = assert_equal(cluster, &Engine::new(cluster), &group);
        assert_eq!(&*seen.description.protocol_type, "");
        assert_eq!(seen.partitions.len(), 2, "partition 1 is not the group's");
    }
}

#[test]
fn a_commit_that_retention_overtook_has_the_tools_lag_and_says_what_is_lost() {
    for version in Version::ALL {
        let (cluster, group) = (KafkaCluster::shared(version), unique("late"));
        let topic = orders(cluster);
        cluster.workload().commit(&group, &[(&topic, 0, 4)]);
        cluster.workload().delete_records(&topic, 0, 15);
        let seen = assert_equal(cluster, &Engine::new(cluster), &group);
        assert_eq!(seen.partitions[0].case, LagCase::Expired { lag: 16, lost: 11 });
        assert_eq!(seen.partitions[0].case.readable(), Some(5));
    }
}

#[test]
fn a_transactional_topic_is_counted_to_the_high_watermark_markers_included() {
    for (version, protocol) in PROTOCOLS {
        let (cluster, group) = (KafkaCluster::shared(version), unique("exactly-once"));
        let (topic, workload) = (unique("payments"), cluster.workload());
        workload.create_topic(&topic, 1, &[]);
        let records = [Record::new("a", "1"), Record::new("b", "2")];
        workload.produce(&topic, &records, json!({"transaction": "commit"}));
        let options = json!({"drain": true, "isolation": "read_committed", "protocol": protocol});
        let members = workload.join(&group, &[&topic], options);
        workload.leave(members);
        workload.produce(&topic, &records, json!({"transaction": "abort"}));
        workload.produce(&topic, &records, json!({"transaction": "commit"}));
        let (open, _) = workload.produce_open(&topic, &records, json!({}));
        let seen = assert_equal(cluster, &Engine::new(cluster), &group);
        let end = seen.partitions[0].end.unwrap().0;
        assert_eq!(
            end, 11,
            "3 x (2 records and a marker) and 2 records of an open transaction"
        );
        workload.end_transaction(open, true);
    }
}
