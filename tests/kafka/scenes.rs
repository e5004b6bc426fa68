//! Groups in every situation in which lag is something else, at rest: what several suites compare with Kafka's tools.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::java::{Members, OpenTransaction, Record};
use crate::support::kafka::{KafkaCluster, Version, unique};
use crate::support::wait;

/// Versions with the group protocols that their clients and brokers speak by default.
pub const PROTOCOLS: [(Version, &str); 4] = [
    (Version::V3_4_1, "classic"),
    (Version::V3_8_0, "classic"),
    (Version::V4_3_0, "classic"),
    (Version::V4_3_0, "consumer"),
];

const SOON: Duration = Duration::from_mins(1);

/// A group that does not move any more, with what keeps it so.
pub struct Scene<'a> {
    /// Its name.
    pub group: String,
    cluster: &'a KafkaCluster,
    members: Option<Members>,
    open: Option<OpenTransaction>,
}

/// A topic of three partitions with 20 records each.
pub fn orders(cluster: &KafkaCluster) -> String {
    let topic = unique("orders");
    cluster.workload().create_topic(&topic, 3, &[]);
    for partition in 0..3 {
        cluster.workload().fill(&topic, 20, json!({"partition": partition}));
    }
    topic
}

impl<'a> Scene<'a> {
    fn new(cluster: &'a KafkaCluster, name: &str) -> Self {
        Self {
            group: unique(name),
            cluster,
            members: None,
            open: None,
        }
    }

    fn join(&mut self, topic: &str, options: Value) {
        self.members = Some(self.cluster.workload().join(&self.group, &[topic], options));
    }

    /// Waits until the members have read `count` records in all.
    fn await_positions(&self, count: i64) {
        let members = self.members.as_ref().unwrap();
        wait::until("the members to read", SOON, || {
            let read = self.cluster.workload().positions(members);
            (read.iter().map(|(.., position)| *position).sum::<i64>() >= count).then_some(())
        });
    }

    /// Two members that are behind.
    pub fn live(cluster: &'a KafkaCluster, protocol: &str) -> Self {
        let mut scene = Self::new(cluster, "live");
        let options = json!({"members": 2, "limit": 7, "protocol": protocol});
        scene.join(&orders(cluster), options);
        scene.await_positions(14);
        scene
    }

    /// A member that has read everything and committed nothing.
    pub fn silent(cluster: &'a KafkaCluster, protocol: &str) -> Self {
        let mut scene = Self::new(cluster, "silent");
        let options = json!({"commit": "never", "drain": true, "protocol": protocol});
        scene.join(&orders(cluster), options);
        scene
    }

    /// Five members on three partitions.
    pub fn crowded(cluster: &'a KafkaCluster, protocol: &str) -> Self {
        let mut scene = Self::new(cluster, "crowded");
        let options = json!({"members": 5, "drain": true, "protocol": protocol});
        scene.join(&orders(cluster), options);
        scene
    }

    /// A group whose member has left, and five records since.
    pub fn left(cluster: &'a KafkaCluster, protocol: &str) -> Self {
        let (mut scene, topic) = (Self::new(cluster, "left"), orders(cluster));
        scene.join(&topic, json!({"drain": true, "protocol": protocol}));
        scene.leave();
        cluster.workload().fill(&topic, 5, json!({"partition": 1}));
        scene
    }

    /// Commits on two of three partitions by somebody who was never a member.
    pub fn assigner(cluster: &'a KafkaCluster) -> Self {
        let (scene, topic) = (Self::new(cluster, "assigner"), orders(cluster));
        cluster
            .workload()
            .commit(&scene.group, &[(&topic, 0, 12), (&topic, 2, 20)]);
        scene
    }

    /// A commit at 4 in a log that begins at 15.
    pub fn late(cluster: &'a KafkaCluster) -> Self {
        let (scene, topic) = (Self::new(cluster, "late"), orders(cluster));
        cluster.workload().commit(&scene.group, &[(&topic, 0, 4)]);
        cluster.workload().delete_records(&topic, 0, 15);
        scene
    }

    /// Transactions: one was read, one aborted, one committed, one is open.
    pub fn exactly_once(cluster: &'a KafkaCluster, protocol: &str) -> Self {
        let (mut scene, topic) = (Self::new(cluster, "exactly-once"), unique("payments"));
        let workload = cluster.workload();
        workload.create_topic(&topic, 1, &[]);
        let records = [Record::new("a", "1"), Record::new("b", "2")];
        workload.produce(&topic, &records, json!({"transaction": "commit"}));
        let options = json!({"drain": true, "isolation": "read_committed", "protocol": protocol});
        scene.join(&topic, options);
        scene.leave();
        workload.produce(&topic, &records, json!({"transaction": "abort"}));
        workload.produce(&topic, &records, json!({"transaction": "commit"}));
        let (open, _) = workload.produce_open(&topic, &records, json!({}));
        scene.open = Some(open);
        scene
    }

    fn leave(&mut self) {
        if let Some(members) = self.members.take() {
            self.cluster.workload().leave(members);
        }
    }

    /// Lets the members leave and the transaction end.
    pub fn end(mut self) {
        self.leave();
        if let Some(open) = self.open.take() {
            self.cluster.workload().end_transaction(open, true);
        }
    }
}

/// A cluster of three brokers that notices a death soon, and in which a group has no other coordinator to move to.
pub fn fragile(version: Version) -> KafkaCluster {
    let settings = [
        ("broker.session.timeout.ms", "3000"),
        ("broker.heartbeat.interval.ms", "500"),
        ("zookeeper.session.timeout.ms", "3000"),
        ("offsets.topic.replication.factor", "1"),
    ];
    KafkaCluster::start_with(version, 3, &settings)
}

/// A topic of three partitions with ten records each and one copy: partition 0 on broker 1, and so on.
pub fn ledger(cluster: &KafkaCluster) -> String {
    let (workload, topic) = (cluster.workload(), unique("ledger"));
    let assignments = json!([[1], [2], [3]]);
    workload.ask("create-topic", json!({"topic": topic, "assignments": assignments}));
    for partition in 0..3 {
        workload.fill(&topic, 10, json!({"partition": partition}));
    }
    topic
}

/// A group without members that has committed 4 on three partitions and is coordinated by one of these brokers.
pub fn group_of(cluster: &KafkaCluster, brokers: &[i64], topic: &str) -> String {
    let workload = cluster.workload();
    wait::until("a group of that coordinator", SOON, || {
        let group = unique("group");
        workload.commit(&group, &[(topic, 0, 4), (topic, 1, 4), (topic, 2, 4)]);
        let coordinator = workload.describe_group(&group)["coordinator"].as_i64().unwrap();
        brokers.contains(&coordinator).then_some(group)
    })
}
