//! Topics: partitions, leaders, replicas and offsets as Kafka's own tools and client see them.

use std::time::Duration;

use ktui::kafka::model::{Offset, Topic};
use ktui::kafka::query::{Answer, Query};
use serde_json::json;

use crate::engine::Engine;
use crate::support::java::{Tool, tool};
use crate::support::kafka::{KafkaCluster, Version, unique};
use crate::support::wait;

const SOON: Duration = Duration::from_mins(1);

fn topic(engine: &Engine, name: &str) -> Topic {
    let Answer::Overview(overview) = engine.ask(Query::Overview) else {
        panic!("not an overview")
    };
    let found = overview.topics.into_iter().find(|topic| topic.name.as_str() == name);
    found.unwrap_or_else(|| panic!("{name} is not there"))
}

/// Partition, leader, replicas and ISR of `TopicCommand --describe`.
fn tools_partitions(printed: &str) -> Vec<(i32, i32, Vec<i32>, Vec<i32>)> {
    let after = |line: &str, word: &str| {
        let rest = line.split_once(word)?.1.trim_start();
        Some(rest.split_whitespace().next().unwrap_or("").to_owned())
    };
    let ids = |list: String| list.split(',').map(|id| id.parse().unwrap()).collect();
    let rows = printed.lines().filter_map(|line| {
        let partition = after(line, "Partition:")?.parse().ok()?;
        let leader = after(line, "Leader:")?.parse().ok()?;
        Some((
            partition,
            leader,
            ids(after(line, "Replicas:")?),
            ids(after(line, "Isr:")?),
        ))
    });
    rows.collect()
}

#[test]
fn leaders_replicas_and_isr_are_those_of_kafkas_tool() {
    for version in Version::ALL {
        let (cluster, name) = (KafkaCluster::shared(version), unique("shape"));
        cluster.workload().create_topic(&name, 4, &[]);
        let truth = tools_partitions(&tool(cluster, Tool::Topics, &["--describe", "--topic", &name]));
        assert_eq!(truth.len(), 4);
        let seen: Vec<_> = topic(&Engine::new(cluster), &name)
            .partitions
            .iter()
            .map(|partition| {
                let ids = |list: &[ktui::kafka::model::BrokerId]| list.iter().map(|id| id.0).collect::<Vec<_>>();
                let leader = partition.leader.unwrap().0;
                (partition.id.0, leader, ids(&partition.replicas), ids(&partition.isr))
            })
            .collect();
        assert_eq!(seen, truth, "{}", version.name());
    }
}

#[test]
fn offsets_are_those_of_kafkas_client_also_after_records_were_deleted() {
    for version in Version::ALL {
        let (cluster, name) = (KafkaCluster::shared(version), unique("offsets"));
        cluster.workload().create_topic(&name, 3, &[]);
        cluster.workload().fill(&name, 40, json!({"partition": 0}));
        cluster.workload().fill(&name, 7, json!({"partition": 2}));
        cluster.workload().delete_records(&name, 0, 25);
        let truth = cluster.workload().offsets(&name);
        let engine = Engine::new(cluster);
        let Answer::Offsets(offsets) = engine.ask(Query::Offsets(vec![name.as_str().into()])) else {
            panic!("not offsets")
        };
        let seen: Vec<_> = offsets[name.as_str()]
            .iter()
            .map(|row| (row.log_start.unwrap().0, row.end.unwrap().0))
            .collect();
        assert_eq!(seen, truth, "{}", version.name());
        assert_eq!(seen, [(25, 40), (0, 0), (0, 7)]);
    }
}

#[test]
fn internal_topics_are_marked() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let name = unique("plain");
        cluster.workload().create_topic(&name, 1, &[]);
        cluster.workload().commit(&unique("group"), &[(&name, 0, 0)]);
        let engine = Engine::new(cluster);
        assert!(topic(&engine, "__consumer_offsets").is_internal);
        assert!(!topic(&engine, &name).is_internal);
    }
}

#[test]
fn a_dead_broker_leaves_the_rest_readable_and_comes_back() {
    let settings = [
        ("broker.session.timeout.ms", "3000"),
        ("broker.heartbeat.interval.ms", "500"),
    ];
    let cluster = KafkaCluster::start_with(Version::V4_3_0, 3, &settings);
    let (name, group) = (unique("survivor"), unique("readers"));
    let workload = cluster.workload();
    workload.create_topic(&name, 6, &[]);
    for partition in 0..6 {
        workload.fill(&name, 10, json!({"partition": partition}));
    }
    let commits: Vec<_> = (0..6).map(|partition| (name.as_str(), partition, 4)).collect();
    workload.commit(&group, &commits);
    let engine = Engine::new(&cluster);
    let listing = engine.group(&group);
    let lag = || {
        let Answer::Group(detail) = engine.try_ask(Query::Group(listing.clone())).value else {
            panic!("not a group")
        };
        detail.summary().lag
    };
    assert_eq!(lag().exact(), Some(36));

    cluster.kill_broker(listing.coordinator.0);
    // Before the others notice, its partitions and groups may be unknown. Never 0, never an error without end.
    let soon = Duration::from_mins(1);
    wait::until("leaders and coordinator to move", soon, || {
        let found = engine.try_ask(Query::Groups).value;
        let Answer::Groups(groups) = found else {
            panic!("not groups")
        };
        let moved = groups.into_iter().find(|found| found.group == listing.group)?;
        (moved.coordinator != listing.coordinator).then_some(())
    });
    assert_eq!(
        wait::until("the lag", soon, || lag().exact()),
        36,
        "asked by the old listing"
    );
    let Answer::Offsets(offsets) = engine.try_ask(Query::Offsets(vec![name.as_str().into()])).value else {
        panic!("not offsets")
    };
    assert!(offsets[name.as_str()].iter().all(|row| row.end == Some(Offset(10))));

    cluster.restart_broker(listing.coordinator.0);
    wait::until("everything to be complete", soon, || {
        let whole = [Query::Overview, Query::Groups, Query::LogDirs].map(|query| engine.try_ask(query).is_complete());
        (whole == [true; 3]).then_some(())
    });
    assert_eq!(lag().exact(), Some(36));
}

#[test]
fn a_replica_that_is_being_added_is_told_until_it_has_caught_up() {
    let settings = [
        ("broker.session.timeout.ms", "3000"),
        ("broker.heartbeat.interval.ms", "500"),
    ];
    let cluster = KafkaCluster::start_with(Version::V4_3_0, 3, &settings);
    let (workload, engine) = (cluster.workload(), Engine::new(&cluster));
    let reassign = |replicas: &[i32]| {
        let command = json!({"topic": "moving", "partition": 0, "replicas": replicas});
        workload.ask("reassign", command);
    };
    let adding = || {
        let Answer::Reassignments(found) = engine.ask(Query::Reassignments) else {
            panic!("not reassignments")
        };
        found.adding
    };
    workload.create_topic("moving", 2, &[]);
    reassign(&[1, 2]);
    let settled = || (topic(&engine, "moving").partitions[0].replicas.len() == 2).then_some(());
    wait::until("the third replica to go", SOON, settled);
    assert!(adding().is_empty());

    cluster.kill_broker(3);
    reassign(&[1, 2, 3]);
    let found = adding();
    let [(partition, added)] = &found["moving"][..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        (partition.0, added.iter().map(|id| id.0).collect::<Vec<_>>()),
        (0, vec![3])
    );
    assert_eq!(
        topic(&engine, "moving").partitions[0].replicas.len(),
        3,
        "Metadata names it already"
    );

    cluster.restart_broker(3);
    wait::until("the reassignment to end", SOON, || adding().is_empty().then_some(()));
}
