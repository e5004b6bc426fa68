//! Lag: what Kafka's own ConsumerGroupCommand says, group by group and figure by figure.

use std::collections::BTreeSet;

use ktui::kafka::lag::{GroupDetail, LagCase, Notice, PartitionLag, notices};
use ktui::kafka::query::{Answer, Members as ReadMembers, Query};

use crate::engine::Engine;
use crate::scenes::{PROTOCOLS, Scene};
use crate::support::java::{GroupRow, describe_groups};
use crate::support::kafka::{KafkaCluster, Version};

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
    let truth = describe_groups(cluster, &[group]);
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
        lags[&listing.group].summary.lag.exact(),
        Some(sum),
        "{group} on {version} in sum"
    );
    assert_eq!(lags[&listing.group].summary, detail.summary());
    for topic in truth.iter().filter_map(|row| row.topic.as_deref()) {
        assert_reads(engine, group, topic, &truth);
    }
    detail
}

/// The group is among the readers of its topic, with the tool's figures.
#[track_caller]
fn assert_reads(engine: &Engine, group: &str, topic: &str, truth: &[GroupRow]) {
    // Other tests' groups on the same cluster may be of a kind whose lag nobody can tell: a failure beside this.
    let Answer::Readers(readers) = engine.try_ask(Query::Readers(topic.into())).value else {
        panic!("not readers")
    };
    let mut found = readers.groups.iter();
    let reader = found.find(|reader| reader.listing.group.as_str() == group).unwrap();
    let of_topic = || truth.iter().filter(|row| row.topic.as_deref() == Some(topic));
    let lag: i64 = of_topic().filter_map(|row| row.lag).sum();
    let members: BTreeSet<_> = of_topic().filter_map(|row| row.member.as_deref()).collect();
    assert_eq!(
        (reader.partitions, reader.members, reader.lag.exact()),
        (of_topic().count(), members.len(), Some(lag)),
        "{group} on {topic}"
    );
}

#[test]
fn live_members_that_lag_have_the_tools_figures() {
    for (version, protocol) in PROTOCOLS {
        let cluster = KafkaCluster::shared(version);
        let scene = Scene::live(cluster, protocol);
        let seen = assert_equal(cluster, &Engine::new(cluster), &scene.group);
        assert_eq!(seen.description.kind.as_str(), protocol);
        assert_eq!(&*seen.description.state.0, "Stable");
        assert_eq!(seen.partitions.len(), 3);
        // What was committed is for the tool to say: here only that there is lag, and nobody is idle.
        assert!(seen.summary().lag.known > 0);
        scene.end();
    }
}

#[test]
fn members_without_commits_have_no_lag_and_are_not_at_zero() {
    for (version, protocol) in PROTOCOLS {
        let cluster = KafkaCluster::shared(version);
        let scene = Scene::silent(cluster, protocol);
        let seen = assert_equal(cluster, &Engine::new(cluster), &scene.group);
        let cases: Vec<_> = seen.partitions.iter().map(|row| row.case.clone()).collect();
        assert_eq!(cases, vec![LagCase::NoCommit { backlog: Some(20) }; 3]);
        assert_eq!(seen.summary().uncommitted, Some(3));
        scene.end();
    }
}

#[test]
fn more_members_than_partitions_leave_some_idle() {
    for (version, protocol) in PROTOCOLS {
        let cluster = KafkaCluster::shared(version);
        let scene = Scene::crowded(cluster, protocol);
        let seen = assert_equal(cluster, &Engine::new(cluster), &scene.group);
        let found = notices(&seen, None);
        let [
            Notice::IdleMembers {
                idle,
                members: 5,
                partitions: 3,
            },
        ] = &found[..]
        else {
            panic!("{found:?}")
        };
        assert_eq!(idle.len(), 2);
        scene.end();
    }
}

#[test]
fn groups_whose_members_left_keep_their_figures() {
    for (version, protocol) in PROTOCOLS {
        let cluster = KafkaCluster::shared(version);
        let scene = Scene::left(cluster, protocol);
        let seen = assert_equal(cluster, &Engine::new(cluster), &scene.group);
        assert!(seen.description.state.is_empty());
        assert_eq!(seen.summary().lag.exact(), Some(5));
    }
}

#[test]
fn commits_without_a_group_cover_what_was_committed_and_nothing_else() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let scene = Scene::assigner(cluster);
        let seen = assert_equal(cluster, &Engine::new(cluster), &scene.group);
        assert_eq!(&*seen.description.protocol_type, "");
        assert_eq!(seen.partitions.len(), 2, "partition 1 is not the group's");
    }
}

#[test]
fn a_commit_that_retention_overtook_has_the_tools_lag_and_says_what_is_lost() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let scene = Scene::late(cluster);
        let seen = assert_equal(cluster, &Engine::new(cluster), &scene.group);
        assert_eq!(seen.partitions[0].case, LagCase::Expired { lag: 16, lost: 11 });
        assert_eq!(seen.partitions[0].case.readable(), Some(5));
    }
}

#[test]
fn a_transactional_topic_is_counted_to_the_high_watermark_markers_included() {
    for (version, protocol) in PROTOCOLS {
        let cluster = KafkaCluster::shared(version);
        let scene = Scene::exactly_once(cluster, protocol);
        let seen = assert_equal(cluster, &Engine::new(cluster), &scene.group);
        let end = seen.partitions[0].end.unwrap().0;
        assert_eq!(
            end, 11,
            "3 x (2 records and a marker) and 2 records of an open transaction"
        );
        scene.end();
    }
}
