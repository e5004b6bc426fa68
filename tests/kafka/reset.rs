//! Offsets move as Kafka's own tool moves them, on twin groups; groups with members are refused; undo restores exactly.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use ktui::kafka::client::{Client, ClientSettings, MetadataScope};
use ktui::kafka::model::{BrokerId, Committed, GroupId, LeaderEpoch, Offset, PartitionId, TopicPartition};
use ktui::ops::reset::{
    Applied, Applying, ClusterMark, Journal, NoPlan, NotApplied, Outcome, Plan, Scope, Strategy, apply, plan, plan_undo,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::java::{Record, Tool, Workload, tool, try_tool};
use crate::support::kafka::{KafkaCluster, Version, unique};
use crate::support::wait;

const SOON: Duration = Duration::from_mins(2);
const HOUR: i64 = 3_600_000;

/// A session of the program with a state directory of its own.
pub struct Bed<'a> {
    cluster: &'a KafkaCluster,
    pub state: TempDir,
    client: Client,
    runtime: Runtime,
}

impl<'a> Bed<'a> {
    pub fn new(cluster: &'a KafkaCluster) -> Self {
        Self {
            cluster,
            state: TempDir::new().unwrap(),
            client: Client::new(ClientSettings::new([cluster.bootstrap()])),
            runtime: Runtime::new().unwrap(),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ktui"));
        command
            .args(["-b", &self.cluster.bootstrap()])
            .args(args)
            .env("XDG_STATE_HOME", self.state.path())
            .stdin(Stdio::null());
        command
    }

    pub fn ktui(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.command(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    #[track_caller]
    pub fn well(&self, args: &[&str]) -> String {
        let (code, out, err) = self.ktui(args);
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        out
    }

    fn commits(&self, group: &str) -> BTreeMap<TopicPartition, Committed> {
        let group = GroupId::from(group);
        // A coordinator may have to be found first.
        let found = wait::until("the commits", SOON, || {
            self.runtime.block_on(self.client.commits(&group)).ok()
        });
        found
            .into_iter()
            .map(|(partition, commit)| (partition, commit.unwrap()))
            .collect()
    }

    pub fn offsets(&self, group: &str) -> BTreeMap<TopicPartition, i64> {
        let commits = self.commits(group).into_iter();
        commits
            .map(|(partition, committed)| (partition, committed.offset.0))
            .collect()
    }

    /// Applies what somebody has confirmed, with a journal in the state directory.
    fn apply(&self, plan: &Plan) -> Result<Applied, NotApplied> {
        let intent = plan.confirmed(&self.client).unwrap();
        let journal = Journal {
            dir: self.state.path().to_owned(),
            cluster: ClusterMark {
                id: None,
                name: "test".to_owned(),
            },
            who: "test".to_owned(),
        };
        let applying = Applying {
            journal: &journal,
            patience: SOON,
            undoes: None,
            clock: now_ms,
        };
        self.runtime.block_on(apply(&self.client, &intent, plan, applying))
    }

    fn coordinator(&self, group: &str) -> BrokerId {
        let group = GroupId::from(group);
        self.runtime.block_on(self.client.find_coordinator(&group)).unwrap()
    }

    fn values(&self, group: &str) -> Vec<i64> {
        self.offsets(group).into_values().collect()
    }

    fn plan(&self, group: &str, topic: &str, strategy: Strategy, now: i64) -> Plan {
        self.try_plan(group, topic, strategy, now).unwrap()
    }

    fn try_plan(&self, group: &str, topic: &str, strategy: Strategy, now: i64) -> Result<Plan, NoPlan> {
        let scope = Scope::Topics(vec![topic.parse().unwrap()]);
        self.runtime
            .block_on(plan(&self.client, &group.into(), &scope, &strategy, now))
    }
}

/// A cluster of its own that soon sees that a broker is dead.
fn three_brokers(version: Version) -> KafkaCluster {
    let fast: &[_] = match version {
        Version::V3_4_1 => &[("zookeeper.session.timeout.ms", "6000")],
        _ => &[
            ("broker.session.timeout.ms", "3000"),
            ("broker.heartbeat.interval.ms", "500"),
        ],
    };
    KafkaCluster::start_with(version, 3, fast)
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// 0: 30 records, an hour apart, the last one an hour ago, the first five gone; 1: ten of the same; 2: empty.
fn topic(workload: &Workload, now: i64) -> String {
    let topic = unique("reset");
    workload.create_topic(&topic, 3, &[("message.timestamp.type", "CreateTime")]);
    let records = |partition, count: i64| {
        (0..count).map(move |n| {
            Record::new(format!("k{n}"), "v")
                .at(partition)
                .timestamp(now - (count - n) * HOUR)
        })
    };
    let all: Vec<_> = records(0, 30).chain(records(1, 10)).collect();
    workload.produce(&topic, &all, json!({}));
    workload.delete_records(&topic, 0, 5);
    topic
}

#[test]
fn every_strategy_gives_the_offsets_of_kafkas_own_tool_on_a_twin_group() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, bed, now) = (cluster.workload(), Bed::new(cluster), now_ms());
        let topic = &topic(workload, now);
        let some = &format!("{topic}:0,1");
        let at = |ms: i64| format!("{:.3}", Timestamp::from_millisecond(ms).unwrap()).replace('Z', "");
        let middle = now - 15 * HOUR - HOUR / 2;
        let file = bed.state.path().join("plan.csv");
        fs::write(&file, format!("{topic},0,2\n{topic},1,99\n{topic},2,7\n")).unwrap();
        let (file, past) = (file.to_str().unwrap(), at(middle));
        let zoned = format!("{}+02:00", at(middle + 2 * HOUR));
        let future = at(now + 24 * HOUR);
        let cases: &[&[&str]] = &[
            &["--to-earliest", "--topic", topic],
            &["--to-latest", "--topic", topic],
            &["--to-offset", "20", "--topic", topic],
            &["--to-offset", "2", "--topic", some],
            &["--shift-by", "-100", "--all-topics"],
            &["--shift-by", "100", "--all-topics"],
            &["--shift-by", "-3", "--topic", some],
            &["--to-datetime", &past, "--topic", topic],
            &["--to-datetime", &zoned, "--all-topics"],
            &["--to-datetime", &future, "--topic", topic],
            &["--by-duration", "PT15H30M", "--topic", topic],
            &["--to-current", "--topic", topic],
            &["--from-file", file],
        ];
        for case in cases {
            let [theirs, ours] = [unique("theirs"), unique("ours")];
            for group in [&theirs, &ours] {
                workload.commit(group, &[(topic, 0, 12), (topic, 1, 3)]);
            }
            let named = ["--reset-offsets", "--group", &theirs, "--execute"];
            tool(cluster, Tool::ConsumerGroups, &[&named, *case].concat());
            let shown = bed.well(&[&["reset", &ours, "--json"], *case].concat());
            assert_eq!(bed.values(&ours), [12, 3], "{case:?} was only shown");
            let done = bed.well(&[&["reset", &ours, "--json", "--execute"], *case].concat());
            let expected = bed.offsets(&theirs);
            assert_eq!(bed.offsets(&ours), expected, "Kafka {} {case:?}", version.name());
            let after = |text: &str| -> Vec<Value> {
                let object: Value = serde_json::from_str(text).unwrap();
                let items = object["items"].as_array().unwrap().iter();
                items.map(|item| item["after"].clone()).collect()
            };
            assert_eq!(after(&shown), after(&done), "what is shown is what happens");
        }
    }
}

#[test]
fn an_export_is_read_by_kafkas_tool_and_the_other_way_round() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, bed) = (cluster.workload(), Bed::new(cluster));
        let topic = topic(workload, now_ms());
        let [theirs, ours] = [unique("theirs"), unique("ours")];
        for group in [&theirs, &ours] {
            workload.commit(group, &[(&topic, 0, 12), (&topic, 1, 3)]);
        }
        let export = ["--all-topics", "--to-current", "--export"];
        let our_csv = bed.well(&[&["reset", &ours], &export[..]].concat());
        let named = ["--reset-offsets", "--dry-run", "--group", &theirs];
        let their_csv = tool(cluster, Tool::ConsumerGroups, &[&named, &export[..]].concat());
        let lines = |text: &str| {
            let mut lines: Vec<_> = text
                .lines()
                .filter(|line| line.contains(','))
                .map(|line| line.replace('"', ""))
                .collect();
            lines.sort();
            lines
        };
        assert_eq!(lines(&our_csv), lines(&their_csv), "Kafka {}", version.name());
        // Theirs back through us, ours back through them, after both were moved away.
        let path = |name: &str, text: &str| {
            let path = bed.state.path().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let their_file: String = their_csv
            .lines()
            .filter(|line| line.contains(','))
            .flat_map(|line| [line, "\n"])
            .collect();
        let (our_file, their_file) = (path("ours.csv", &our_csv), path("theirs.csv", &their_file));
        for group in [&theirs, &ours] {
            bed.well(&["reset", group, "--to-latest", "--all-topics", "--execute"]);
        }
        bed.well(&["reset", &ours, "--from-file", &their_file, "--execute"]);
        let named = [
            "--reset-offsets",
            "--execute",
            "--group",
            &theirs,
            "--from-file",
            &our_file,
        ];
        tool(cluster, Tool::ConsumerGroups, &named);
        assert_eq!(bed.offsets(&ours), bed.offsets(&theirs));
        assert_eq!(bed.values(&ours), [12, 3]);
    }
}

#[test]
fn the_offsets_of_another_group_are_copied() {
    let cluster = KafkaCluster::shared(Version::V3_8_0);
    let (workload, bed) = (cluster.workload(), Bed::new(cluster));
    let topic = topic(workload, now_ms());
    let [source, copy] = [unique("source"), unique("copy")];
    workload.commit(&source, &[(&topic, 0, 12), (&topic, 1, 3)]);
    bed.well(&["reset", &copy, "--from-group", &source, "--execute"]);
    assert_eq!(bed.offsets(&copy), bed.offsets(&source));
}

#[test]
fn a_group_with_members_is_refused_and_can_be_waited_for() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, bed) = (cluster.workload(), Bed::new(cluster));
        let topic = topic(workload, now_ms());
        let protocols: &[&str] = if version == Version::V4_3_0 {
            &["classic", "consumer"]
        } else {
            &["classic"]
        };
        for protocol in protocols {
            let group = unique("live");
            workload.commit(&group, &[(&topic, 0, 12), (&topic, 1, 3)]);
            let options = json!({"members": 2, "client": "worker", "commit": "never", "protocol": protocol});
            let members = workload.join(&group, &[&topic], options);
            let before = bed.offsets(&group);
            let reset = ["reset", &group, "--topic", &topic, "--to-earliest"];
            for args in [&reset[..], &[&reset[..], &["--execute"]].concat()] {
                let (code, _, err) = bed.ktui(args);
                assert_eq!(code, 5, "Kafka {} {protocol}: {err}", version.name());
                assert!(
                    err.contains("2 members are in it: worker-0 on ") && err.contains(", worker-1 on "),
                    "{err}"
                );
            }
            assert_eq!(bed.offsets(&group), before);
            let (code, _, err) = bed.ktui(&[&reset[..], &["--execute", "--wait-empty=1s"]].concat());
            assert_eq!(code, 4, "{err}");
            let mut waiting = bed.command(&[&reset[..], &["--execute", "--wait-empty=2m"]].concat());
            let child = waiting.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            workload.leave(members);
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(bed.values(&group), [5, 0, 0]);
        }
    }
}

#[test]
fn a_member_that_joins_between_preview_and_apply_is_caught() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, bed) = (cluster.workload(), Bed::new(cluster));
        let topic = topic(workload, now_ms());
        let group = unique("race");
        workload.commit(&group, &[(&topic, 0, 12), (&topic, 1, 3)]);
        let plan = bed.plan(&group, &topic, Strategy::Earliest, now_ms());
        assert!(!plan.is_blocked());
        let members = workload.join(&group, &[&topic], json!({"client": "late", "commit": "never"}));
        bed.client.unlock().unwrap();
        let intent = plan.confirmed(&bed.client).unwrap();
        let before = bed.offsets(&group);
        let refused = bed.apply(&plan);
        let Err(NotApplied::Active { standing, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert!(
            standing.blockers()[0].starts_with("late-0 on "),
            "{:?}",
            standing.blockers()
        );
        // Past our own check it is the coordinator that refuses.
        let coordinator = bed.coordinator(&group);
        let wanted = [(TopicPartition::new(topic.as_str(), 0), Committed::at(Offset(5)))];
        let sent = bed
            .runtime
            .block_on(bed.client.commit_offsets(&intent, coordinator, &plan.group, &wanted));
        assert_eq!(sent.unwrap()[0].1.as_ref().unwrap_err().code(), Some(25));
        assert_eq!(bed.offsets(&group), before);
        workload.leave(members);
    }
}

#[test]
fn undo_restores_exactly() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, bed) = (cluster.workload(), Bed::new(cluster));
        let topic = topic(workload, now_ms());
        let group = unique("undo");
        // With a text and an epoch, as some consumers leave them; the last partition has no commit.
        bed.client.unlock().unwrap();
        let noted = Committed {
            offset: Offset(12),
            leader_epoch: Some(LeaderEpoch(0)),
            metadata: "checkpoint \u{fc}7".into(),
        };
        let start = bed.plan(&group, &topic, Strategy::Latest, now_ms());
        let intent = start.confirmed(&bed.client).unwrap();
        let coordinator = bed.coordinator(&group);
        let partition = |id| TopicPartition::new(topic.as_str(), id);
        let wanted = [(partition(0), noted), (partition(1), Committed::at(Offset(3)))];
        let sent = bed
            .runtime
            .block_on(bed.client.commit_offsets(&intent, coordinator, &start.group, &wanted));
        assert!(sent.unwrap().iter().all(|(_, outcome)| outcome.is_ok()));
        let before = bed.commits(&group);
        assert_eq!(&*before[&partition(0)].metadata, "checkpoint \u{fc}7");
        assert_eq!(
            before[&partition(0)].leader_epoch,
            Some(LeaderEpoch(0)),
            "Kafka {}",
            version.name()
        );

        bed.well(&["reset", &group, "--topic", &topic, "--to-current", "--execute"]);
        assert_eq!(
            bed.commits(&group)[&partition(0)],
            before[&partition(0)],
            "it stays whole where it stays"
        );
        bed.well(&["undo", "--execute"]);
        bed.well(&["reset", &group, "--topic", &topic, "--to-earliest", "--execute"]);
        assert_eq!(bed.values(&group), [5, 0, 0]);
        let shown = bed.well(&["undo"]);
        assert!(
            shown.contains("SKIPS 7 records") && shown.contains("forgets the commit"),
            "{shown}"
        );
        assert_ne!(bed.commits(&group), before, "it was only shown");
        bed.well(&["undo", "--execute"]);
        assert_eq!(bed.commits(&group), before, "Kafka {}", version.name());
        let (code, _, err) = bed.ktui(&["undo", "--execute"]);
        assert_eq!(code, 1, "nothing is left to take back: {err}");
        let audit = fs::read_to_string(bed.state.path().join("ktui/audit.jsonl")).unwrap();
        assert_eq!(audit.lines().count(), 4);
    }
}

#[test]
fn an_undo_file_of_another_cluster_is_refused() {
    let (cluster, other) = (
        KafkaCluster::shared(Version::V3_8_0),
        KafkaCluster::shared(Version::V4_3_0),
    );
    let (bed, far) = (Bed::new(cluster), Bed::new(other));
    let topic = topic(cluster.workload(), now_ms());
    let group = unique("far");
    bed.well(&["reset", &group, "--topic", &topic, "--to-earliest", "--execute"]);
    let undo = files(&bed.state.path().join("ktui/undo"))
        .into_iter()
        .find(|path| path.ends_with("json"))
        .unwrap();
    let (code, _, err) = far.ktui(&["undo", &undo, "--execute"]);
    assert_eq!(code, 5, "{err}");
    assert!(err.contains("is of cluster"), "{err}");
}

fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    entries
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_is_left_of_a_group_is_ended_and_taken_back() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, bed) = (cluster.workload(), Bed::new(cluster));
        let [old, new] = [topic(workload, now_ms()), topic(workload, now_ms())];
        let group = unique("ending");
        workload.commit(&group, &[(&old, 0, 12), (&new, 0, 7)]);
        let before = bed.commits(&group);

        // Its members read one topic only: the offsets of the other can be forgotten, its own cannot.
        let members = workload.join(&group, &[&new], json!({"commit": "never"}));
        let (code, _, err) = bed.ktui(&["groups", "delete-offsets", &group, "--topic", &new, "--execute"]);
        assert_eq!(code, 1, "{err}");
        bed.well(&["groups", "delete-offsets", &group, "--topic", &old, "--execute"]);
        assert_eq!(bed.offsets(&group).len(), 1, "Kafka {}", version.name());
        let (code, _, err) = bed.ktui(&["groups", "delete", &group, "--execute"]);
        assert_eq!(code, 5, "{err}");
        workload.leave(members);

        bed.well(&["undo", "--execute"]);
        assert_eq!(bed.commits(&group), before);
        bed.well(&["groups", "delete", &group]);
        assert_eq!(bed.commits(&group), before, "it was only shown");
        bed.well(&["groups", "delete", &group, "--execute"]);
        assert!(bed.commits(&group).is_empty());
        let (code, _, _) = bed.ktui(&["groups", "delete", &group]);
        assert_eq!(code, 1, "it is gone");
        bed.well(&["undo", "--execute"]);
        assert_eq!(bed.commits(&group), before, "Kafka {}", version.name());
    }
}

#[test]
fn static_members_of_a_dead_process_are_taken_out_so_that_offsets_can_be_moved() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let bed = Bed::new(cluster);
        let topic = topic(cluster.workload(), now_ms());
        let group = unique("pods");
        cluster.workload().commit(&group, &[(&topic, 0, 12)]);
        let dying = Workload::start(cluster);
        let options = json!({"instance": "pod", "commit": "never", "properties": {"session.timeout.ms": "300000"}});
        let _members = dying.join(&group, &[&topic], options);
        dying.kill();
        let reset = ["reset", &group, "--topic", &topic, "--to-earliest", "--execute"];
        assert_eq!(bed.ktui(&reset).0, 5);
        let removed = bed.well(&["groups", "remove-members", &group, "pod-0", "--json", "--execute"]);
        let removed: Value = serde_json::from_str(&removed).unwrap();
        assert_eq!(removed["items"][0]["outcome"], "verified", "Kafka {}", version.name());
        bed.well(&[&reset[..], &["--wait-empty=30s"]].concat());
        assert_eq!(bed.values(&group), [5, 0, 0]);
    }
}

#[test]
fn a_coordinator_that_is_killed_mid_reset_claims_nothing_that_did_not_happen() {
    let cluster = three_brokers(Version::V4_3_0);
    let (workload, bed) = (cluster.workload(), Bed::new(&cluster));
    let topic = topic(workload, now_ms());
    let group = unique("killed");
    workload.commit(&group, &[(&topic, 0, 12), (&topic, 1, 3)]);
    bed.client.unlock().unwrap();
    let plan = bed.plan(&group, &topic, Strategy::Earliest, now_ms());
    let coordinator = bed.coordinator(&group);
    // It takes the change and cannot answer: its process stands still, then it is dead.
    cluster.pause_broker(coordinator.0);
    let intent = plan.confirmed(&bed.client).unwrap();
    let wanted = [(TopicPartition::new(topic.as_str(), 0), Committed::at(Offset(5)))];
    let lost = bed
        .runtime
        .block_on(bed.client.commit_offsets(&intent, coordinator, &plan.group, &wanted));
    assert!(lost.is_err_and(|error| error.may_have_arrived()));
    cluster.kill_broker(coordinator.0);
    let applied = wait::until("a coordinator that takes over", SOON, || bed.apply(&plan).ok());
    let now = bed.offsets(&group);
    for (settled, change) in applied.settled.iter().zip(&plan.changes) {
        let wanted = change.after.as_ref().unwrap().as_ref().unwrap().offset.0;
        assert_eq!(
            settled.outcome == Outcome::Verified,
            now.get(&settled.partition) == Some(&wanted),
            "{settled:?}"
        );
    }
    let undo = applied.undo.unwrap();
    let undo = ktui::ops::reset::Undo::read(&undo).unwrap();
    let back = bed.runtime.block_on(plan_undo(&bed.client, &undo, now_ms())).unwrap();
    let applied = bed.apply(&back).unwrap();
    assert!(
        applied.settled.iter().all(|one| one.outcome == Outcome::Verified),
        "{:?}",
        applied.settled
    );
    assert_eq!(bed.values(&group), [12, 3]);
}

#[test]
fn a_share_group_begins_where_it_is_set_to() {
    let cluster = KafkaCluster::shared(Version::V4_3_0);
    let bed = Bed::new(cluster);
    let topic = topic(cluster.workload(), now_ms());
    let group = unique("share");
    // Its group stays when the consumer has waited in vain, which it calls a failure.
    let read = ["--topic", &topic, "--group", &group, "--timeout-ms", "5000"];
    try_tool(cluster, Tool::ConsoleShareConsumer, &read);
    let starts = || -> Vec<(i32, i64)> {
        let shown = tool(
            cluster,
            Tool::ShareGroups,
            &["--describe", "--offsets", "--group", &group],
        );
        let rows = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let rows = rows.filter(|row| row.get(1) == Some(&topic.as_str()));
        let mut starts: Vec<_> = rows
            .map(|row| (row[2].parse().unwrap(), row[3].parse().unwrap()))
            .collect();
        starts.sort_unstable();
        starts
    };
    let reset = ["reset", &group, "--topic", &topic];
    bed.well(&[&reset[..], &["--to-earliest", "--execute", "--wait-empty"]].concat());
    assert_eq!(starts(), [(0, 5), (1, 0), (2, 0)]);
    bed.well(&["reset", &group, "--all-topics", "--to-latest", "--execute"]);
    assert_eq!(starts(), [(0, 30), (1, 10), (2, 0)]);
    bed.well(&["undo", "--execute"]);
    assert_eq!(starts(), [(0, 5), (1, 0), (2, 0)]);
    let (code, _, err) = bed.ktui(&["groups", "delete", &group, "--execute"]);
    assert_eq!(code, 5, "{err}");
}

/// The undo file is there right before the change is sent: that is when the coordinator dies.
#[test]
fn a_coordinator_that_dies_as_the_change_is_sent_claims_nothing_that_did_not_happen() {
    for version in [Version::V3_4_1, Version::V4_3_0] {
        let cluster = three_brokers(version);
        coordinators_die(&cluster);
    }
}

fn coordinators_die(cluster: &KafkaCluster) {
    let (workload, bed) = (cluster.workload(), Bed::new(cluster));
    let topic = topic(workload, now_ms());
    for (round, strategy) in ["--to-earliest", "--to-latest"].into_iter().enumerate() {
        let group = unique("dying");
        workload.commit(&group, &[(&topic, 0, 12), (&topic, 1, 3)]);
        let coordinator = bed.coordinator(&group);
        let undo = bed.state.path().join("ktui/undo");
        let before = if undo.exists() { files(&undo).len() } else { 0 };
        let mut command = bed.command(&["reset", &group, "--topic", &topic, strategy, "--execute", "--json"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait::until("the undo file", SOON, || {
            (undo.exists() && files(&undo).len() >= before + 2).then_some(())
        });
        cluster.kill_broker(coordinator.0);
        let output = child.wait_with_output().unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        // Right after it took over, a coordinator may not show yet what the one before it has accepted.
        wait::until(&format!("what is claimed in round {round}: {said}"), SOON, || {
            let now = bed.offsets(&group);
            let claimed = said["items"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|item| item["outcome"] == "verified");
            let is_there = |item: &Value| {
                let partition = TopicPartition::new(topic.as_str(), item["partition"].as_i64().unwrap() as i32);
                now.get(&partition).copied() == item["after"].as_i64()
            };
            claimed.into_iter().all(is_there).then_some(())
        });
        let is_whole = said["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["outcome"] == "verified");
        assert_eq!(
            output.status.code() == Some(0),
            is_whole,
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        cluster.restart_broker(coordinator.0);
    }
}

/// The leader stands still while its log is looked up, then it is dead; another one dies between plan and apply.
#[test]
fn a_leader_that_is_killed_mid_reset_moves_nothing_that_was_not_planned_and_the_next_one_is_asked() {
    let cluster = three_brokers(Version::V4_3_0);
    let (workload, bed) = (cluster.workload(), Bed::new(&cluster));
    let topic = topic(workload, now_ms());
    let partition = |id| TopicPartition::new(topic.as_str(), id);
    let leader = |id| {
        bed.runtime
            .block_on(bed.client.metadata(MetadataScope::All))
            .ok()
            .and_then(|_| bed.client.leader(&topic.as_str().into(), PartitionId(id)).ok())
    };
    // A group whose coordinator is another broker: its own death is another test.
    let group = std::iter::repeat_with(|| unique("leader"))
        .find(|group| leader(0).is_some_and(|leader| leader != bed.coordinator(group)))
        .unwrap();
    workload.commit(&group, &[(&topic, 0, 12), (&topic, 1, 3)]);
    let before = bed.offsets(&group);

    let dying = leader(0).unwrap();
    cluster.pause_broker(dying.0);
    let log = bed.state.path().join("log");
    let reset = [
        "reset",
        &group,
        "--topic",
        &topic,
        "--to-earliest",
        "--execute",
        "--json",
    ];
    let mut command = bed.command(&reset);
    command.args(["--log", log.to_str().unwrap()]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait::until("the other leaders' answers", SOON, || {
        fs::read_to_string(&log).ok()?.contains("ListOffsets").then_some(())
    });
    cluster.kill_broker(dying.0);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let now = bed.offsets(&group);
    if output.status.success() {
        assert_eq!(
            now.into_values().collect::<Vec<_>>(),
            [5, 0, 0],
            "it was asked again: {said}"
        );
    } else {
        assert!(said.contains("nothing was sent"), "{said}");
        assert_eq!(now, before, "{said}");
    }
    wait::until("leaders that take over", SOON, || {
        (bed.ktui(&reset).0 == 0).then_some(())
    });
    assert_eq!(bed.values(&group), [5, 0, 0]);
    cluster.restart_broker(dying.0);

    // Without its leader a partition's offset is moved all the same: commits live with the coordinator.
    let plan = wait::until("every leader", SOON, || {
        let plan = bed.try_plan(&group, &topic, Strategy::Latest, now_ms()).ok()?;
        let is_whole = plan.refused().next().is_none();
        is_whole.then_some(plan)
    });
    let leads = |id: &i32| leader(*id).is_some_and(|leader| leader != bed.coordinator(&group));
    let dying = wait::until("a leader that coordinates nothing", SOON, || {
        (0..3).find(leads).and_then(&leader)
    });
    cluster.kill_broker(dying.0);
    bed.client.unlock().unwrap();
    let applied = wait::until("the coordinator", SOON, || bed.apply(&plan).ok());
    assert!(
        applied.settled.iter().all(|one| one.outcome == Outcome::Verified),
        "{:?}",
        applied.settled
    );
    assert_eq!(bed.offsets(&group)[&partition(0)], 30);
    assert_eq!(bed.values(&group), [30, 10, 0]);
}

#[test]
fn a_plan_that_waits_is_made_from_what_the_last_member_has_committed() {
    let cluster = KafkaCluster::shared(Version::V3_8_0);
    let (workload, bed) = (cluster.workload(), Bed::new(cluster));
    let topic = topic(workload, now_ms());
    let group = unique("wait");
    let members = workload.join(&group, &[&topic], json!({"drain": true}));
    let some = format!("{topic}:0,1");
    let reset = [
        "reset",
        &group,
        "--topic",
        &some,
        "--shift-by",
        "-1",
        "--execute",
        "--wait-empty=2m",
    ];
    let mut command = bed.command(&reset);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("waiting: group"), "{line}");
    // Between what was there when it began to wait and what it plans lies a commit.
    workload.produce(&topic, &[Record::new("late", "v").at(0)], json!({}));
    let first = TopicPartition::new(topic.as_str(), 0);
    wait::until("the last commit", SOON, || {
        (bed.offsets(&group).get(&first) == Some(&31)).then_some(())
    });
    workload.leave(members);
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
    let now = bed.offsets(&group);
    assert_eq!((now[&first], now[&TopicPartition::new(topic.as_str(), 1)]), (30, 9));
}

#[test]
fn offsets_are_chosen_by_hand_through_a_pipe() {
    let cluster = KafkaCluster::shared(Version::V3_8_0);
    let bed = Bed::new(cluster);
    let topic = topic(cluster.workload(), now_ms());
    let group = unique("hand, \"of\" 100 % \u{1f525}/:");
    // With all that spreadsheets and Kafka's tool put around it.
    let quoted = group.replace('"', "\"\"");
    let text = format!(
        "\u{feff}\"{quoted}\",\"{topic}\",0,\"7\"\r\n\"other\",\"{topic}\",0,9\r\n\"{quoted}\",{topic},2,-4\r\n"
    );
    let mut command = bed.command(&["reset", &group, "--from-file", "-", "--execute", "--json"]);
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let now: Vec<_> = bed.offsets(&group).into_iter().collect();
    let partition = |id| TopicPartition::new(topic.as_str(), id);
    assert_eq!(now, [(partition(0), 7), (partition(2), 0)]);
    bed.well(&["undo", "--execute"]);
    assert!(bed.offsets(&group).is_empty());
}

/// A member of a streams group (KIP-1071), as a streams application joins: by one StreamsGroupHeartbeat, v0.
fn join_streams(address: &str, group: &str, topic: &str) -> i16 {
    fn text(to: &mut Vec<u8>, text: &str) {
        to.push(u8::try_from(text.len() + 1).unwrap());
        to.extend(text.as_bytes());
    }
    let mut frame = Vec::new();
    // StreamsGroupHeartbeat v0, a correlation id, no client id, no tags.
    frame.extend([0, 88, 0, 0, 0, 0, 0, 7, 0xff, 0xff, 0]);
    text(&mut frame, group);
    text(&mut frame, "member-1");
    frame.extend([0; 8]); // joins: epoch 0, endpoints 0
    frame.extend([0, 0]); // no instance, no rack
    frame.extend(60_000_i32.to_be_bytes());
    frame.extend([1, 0, 0, 0, 1, 2]); // a topology of epoch 1 with one subtopology
    text(&mut frame, "0");
    frame.push(2);
    text(&mut frame, topic);
    frame.extend([1; 5]); // nothing else in it
    frame.extend([0, 0]);
    frame.extend([1, 1, 1]); // owns no task
    text(&mut frame, "process-1");
    frame.extend([0xff, 1, 0, 0, 0, 0]);
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(&u32::try_from(frame.len()).unwrap().to_be_bytes())
        .unwrap();
    stream.write_all(&frame).unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).unwrap();
    // Behind length, correlation id, tags and throttle time.
    i16::from_be_bytes([answer[13], answer[14]])
}

#[test]
fn a_streams_group_is_refused_with_the_reason() {
    let streams = [(
        "group.coordinator.rebalance.protocols",
        "classic,consumer,share,streams",
    )];
    let cluster = KafkaCluster::start_with(Version::V4_3_0, 1, &streams);
    let bed = Bed::new(&cluster);
    let topic = topic(cluster.workload(), now_ms());
    let group = unique("streams");
    wait::until("the member", SOON, || {
        let address = cluster.address(bed.coordinator(&group).0);
        (join_streams(&address, &group, &topic) == 0).then_some(())
    });
    let topic = topic.as_str();
    let refused: &[&[&str]] = &[
        &["reset", &group, "--topic", topic, "--to-earliest"],
        &[
            "reset",
            &group,
            "--topic",
            topic,
            "--to-earliest",
            "--execute",
            "--wait-empty=1m",
        ],
        &["groups", "delete", &group, "--execute"],
        &["groups", "remove-members", &group, "pod-0", "--execute"],
    ];
    for command in refused {
        let (code, _, err) = bed.ktui(command);
        assert_eq!(code, 5, "{command:?}: {err}");
        assert!(
            err.contains("is a streams group: its state stores"),
            "{command:?}: {err}"
        );
    }
    assert!(bed.offsets(&group).is_empty());
}
