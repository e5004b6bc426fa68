//! Groups: listed and described as Kafka's own admin client sees them.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ktui::kafka::error::Error;
use ktui::kafka::lag::{LagCase, PartitionLag, UnknownLag};
use ktui::kafka::model::{GroupType, Member};
use ktui::kafka::query::{Answer, Query};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::scenes::PROTOCOLS;
use crate::support::kafka::{KafkaCluster, Version, script_path, unique};
use crate::support::wait;

/// Client id, member id, host and partitions, sorted: what both sides can be compared by.
type Seen = Vec<(String, String, String, Vec<String>)>;

fn ours(members: &[Member]) -> Seen {
    let seen = members.iter().map(|member| {
        let mut owned: Vec<_> = member.assigned.iter().flatten().map(ToString::to_string).collect();
        owned.sort();
        (
            member.client_id.to_string(),
            member.id.to_string(),
            format!("/{}", member.host),
            owned,
        )
    });
    let mut seen: Vec<_> = seen.collect();
    seen.sort();
    seen
}

fn javas(described: &Value) -> Seen {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let seen = described["members"].as_array().unwrap().iter().map(|member| {
        let owned = member["partitions"].as_array().unwrap().iter();
        let mut owned: Vec<_> = owned
            .map(|one| format!("{}-{}", text(&one["topic"]), one["partition"]))
            .collect();
        owned.sort();
        (
            text(&member["clientId"]),
            text(&member["memberId"]),
            text(&member["host"]),
            owned,
        )
    });
    let mut seen: Vec<_> = seen.collect();
    seen.sort();
    seen
}

#[test]
fn members_state_assignor_and_coordinator_are_those_the_java_client_sees() {
    for (version, protocol) in PROTOCOLS {
        let (cluster, group, topic) = (KafkaCluster::shared(version), unique("members"), unique("topic"));
        cluster.workload().create_topic(&topic, 4, &[]);
        let options = json!({"members": 3, "protocol": protocol, "instance": "static"});
        let members = cluster.workload().join(&group, &[&topic], options);
        let java = cluster.workload().describe_group(&group);
        let engine = Engine::new(cluster);
        let listing = engine.group(&group);
        assert_eq!(listing.kind.as_str(), protocol, "{}", version.name());
        assert_eq!(&*listing.protocol_type, "consumer");
        assert_eq!(listing.state.as_ref().map(|state| &*state.0), Some("Stable"));
        let Answer::Group(detail) = engine.ask(Query::Group(listing)) else {
            panic!("not a group")
        };
        let seen = detail.description;
        assert_eq!(Some(i64::from(seen.coordinator.0)), java["coordinator"].as_i64());
        assert_eq!(Some(&*seen.assignor), java["assignor"].as_str());
        assert_eq!(Some(&*seen.state.0), java["state"].as_str());
        assert_eq!(ours(&seen.members), javas(&java), "{} {protocol}", version.name());
        assert!(
            seen.members
                .iter()
                .all(|member| member.subscribed == [topic.as_str().into()])
        );
        let mut instances: Vec<_> = seen
            .members
            .iter()
            .filter_map(|member| member.instance_id.as_deref())
            .collect();
        instances.sort_unstable();
        assert_eq!(instances, ["static-0", "static-1", "static-2"]);
        cluster.workload().leave(members);
    }
}

#[test]
fn a_deleted_group_is_dead_and_not_an_error() {
    for version in Version::ALL {
        let (cluster, group, topic) = (KafkaCluster::shared(version), unique("deleted"), unique("topic"));
        cluster.workload().create_topic(&topic, 1, &[]);
        cluster.workload().commit(&group, &[(&topic, 0, 0)]);
        let engine = Engine::new(cluster);
        let listing = engine.group(&group);
        assert_eq!(listing.kind, GroupType::Classic);
        cluster.workload().ask("delete-group", json!({"group": group}));
        let Answer::Group(detail) = engine.ask(Query::Group(listing)) else {
            panic!("not a group")
        };
        assert!(
            detail.description.state.is_dead(),
            "{}: {}",
            version.name(),
            detail.description.state
        );
        assert_eq!(detail.partitions, []);
    }
}

/// A process that is killed by its id when the test ends, however it ends.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_share_group_is_listed_and_described_and_its_lag_is_unknown() {
    let cluster = KafkaCluster::shared(Version::V4_3_0);
    let (group, topic) = (unique("sharers"), unique("queue"));
    cluster.workload().create_topic(&topic, 2, &[]);
    let consumer = Command::new(script_path())
        .args(["run", "--version", "4.3.0"])
        .arg("org.apache.kafka.tools.consumer.ConsoleShareConsumer")
        .args([
            "--bootstrap-server",
            &cluster.bootstrap(),
            "--topic",
            &topic,
            "--group",
            &group,
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(Running)
        .unwrap();
    let engine = Engine::new(cluster);
    let detail = wait::until("the member to get its partitions", Duration::from_mins(1), || {
        let Answer::Groups(groups) = engine.try_ask(Query::Groups).value else {
            panic!("not groups")
        };
        let listing = groups.into_iter().find(|found| found.group.as_str() == group)?;
        assert_eq!(listing.kind, GroupType::Share);
        let found = engine.try_ask(Query::Group(listing));
        assert_eq!(found.failures.len(), 1, "{:?}", found.failures);
        assert!(matches!(found.failures[0].error, Error::NotSpoken { .. }));
        let Answer::Group(detail) = found.value else {
            panic!("not a group")
        };
        (detail.partitions.len() == 2).then_some(detail)
    });
    drop(consumer);
    assert_eq!(&*detail.description.state.0, "Stable");
    assert_eq!(detail.description.members.len(), 1);
    let is_unknown = |row: &PartitionLag| matches!(row.case, LagCase::Unknown(UnknownLag::NoCommitted(_)));
    assert!(detail.partitions.iter().all(|row| is_unknown(row) && row.end.is_some()));
    assert_eq!(detail.summary().lag.exact(), None);
}
