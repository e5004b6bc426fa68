//! The test bed itself: what every other test here relies on.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::java::{self, Record, Tool, Workload};
use crate::support::kafka::{self, KafkaCluster, Version};
use crate::support::{kcat, wait};

const SOON: Duration = Duration::from_mins(1);

fn ids_seen_by_kcat(cluster: &KafkaCluster) -> Vec<i64> {
    let mut ids: Vec<_> = kcat::metadata(&cluster.bootstrap())["brokers"]
        .as_array()
        .expect("brokers")
        .iter()
        .map(|broker| broker["id"].as_i64().expect("an id"))
        .collect();
    ids.sort_unstable();
    ids
}

#[test]
fn kcat_lists_the_brokers_of_every_version() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let wanted: Vec<_> = cluster.broker_ids().into_iter().map(i64::from).collect();
        assert_eq!(ids_seen_by_kcat(cluster), wanted, "Kafka {}", version.name());
        assert_eq!(wanted.len(), version.shared_brokers());
    }
}

#[test]
fn a_killed_broker_leaves_and_comes_back() {
    let cluster = KafkaCluster::start_with(
        Version::V4_3_0,
        3,
        &[
            ("broker.session.timeout.ms", "3000"),
            ("broker.heartbeat.interval.ms", "500"),
        ],
    );
    let (address, killed) = (cluster.address(2), cluster.broker_pid(2).expect("it runs"));
    cluster.kill_broker(2);
    await_gone(&[killed]);
    wait::until("the others to notice", SOON, || {
        (ids_seen_by_kcat(&cluster) == [1, 3]).then_some(())
    });
    cluster.restart_broker(2);
    assert_eq!(ids_seen_by_kcat(&cluster), [1, 2, 3]);
    assert_eq!(cluster.address(2), address);
    assert_ne!(cluster.broker_pid(2), Some(killed));
    let (pids, dir) = (cluster.pids(), cluster.dir().to_owned());
    drop(cluster);
    await_gone(&pids);
    assert!(!dir.exists());
}

#[test]
fn a_paused_broker_answers_again_after_it_is_resumed() {
    let cluster = KafkaCluster::start(Version::V3_4_1, 1);
    cluster.pause_broker(1);
    let mut kcat = Command::new("kcat")
        .args(["-L", "-m", "2", "-b", &cluster.address(1)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("kcat is installed");
    assert!(!kcat.wait().expect("kcat ends").success());
    cluster.resume_broker(1);
    assert_eq!(ids_seen_by_kcat(&cluster), [1]);
}

/// Runs one test of this file once more in a process of its own, which then plays the victim.
fn victim(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args(["--exact", test, "--nocapture"])
        .env(VICTIM, "1")
        .stdin(Stdio::null());
    command
}

const VICTIM: &str = "KTUI_TESTBED_VICTIM";

fn is_victim() -> bool {
    std::env::var_os(VICTIM).is_some()
}

#[test]
fn nothing_survives_a_test_process_that_is_killed() {
    if is_victim() {
        let cluster = KafkaCluster::start(Version::V3_4_1, 1);
        let pids = [cluster.pids(), vec![cluster.workload().pid()]].concat();
        println!("\nvictim {} {pids:?}", cluster.dir().display());
        wait::until("the end", Duration::from_mins(10), || None::<()>);
    }
    let mut victim = victim("harness::nothing_survives_a_test_process_that_is_killed")
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test starts again");
    let lines = BufReader::new(victim.stdout.take().expect("piped")).lines();
    let line = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("victim ").map(str::to_owned))
        .expect("the victim speaks");
    let (dir, pids) = line.split_once(" [").expect("a folder and process ids");
    let pids: Vec<i32> = pids
        .trim_end_matches(']')
        .split(", ")
        .map(|pid| pid.parse().expect("a process id"))
        .collect();
    assert_eq!(pids.len(), 4, "broker, ZooKeeper, script and workload");
    assert!(pids.iter().all(|pid| !is_gone(*pid)));
    assert!(Path::new(dir).exists());

    victim.kill().expect("it is ours");
    victim.wait().expect("it ends");
    await_gone(&pids);
    wait::until("the data to go", SOON, || (!Path::new(dir).exists()).then_some(()));
}

#[test]
fn a_test_that_fails_keeps_the_logs_and_says_where() {
    if is_victim() {
        let cluster = KafkaCluster::start(Version::V3_8_0, 1);
        panic!("with {} brokers", cluster.broker_ids().len());
    }
    let output = victim("harness::a_test_that_fails_keeps_the_logs_and_says_where")
        .output()
        .expect("it starts again");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    let dir = said
        .lines()
        .find_map(|line| line.strip_prefix("the brokers' logs are kept in "))
        .unwrap_or_else(|| panic!("no folder is named in {said}"));
    let log = std::fs::read_to_string(Path::new(dir).join("n1.log")).expect("the log is there");
    assert!(
        log.contains("started (kafka.server.KafkaRaftServer)") || log.contains("Kafka Server started"),
        "{log}"
    );
    assert!(!Path::new(dir).join("n1").exists(), "the data is gone");
    std::fs::remove_dir_all(dir).expect("ours");
}

#[test]
fn kcat_reads_what_the_java_client_wrote_in_every_codec() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let topic = kafka::unique("codecs");
        cluster.workload().create_topic(&topic, 1, &[]);
        let codecs = ["none", "gzip", "snappy", "lz4", "zstd"];
        for codec in codecs {
            let record = Record::new(codec, "value").at(0).timestamp(1_700_000_000_000);
            let written = cluster.workload().produce(&topic, &[record], json!({"codec": codec}));
            assert_eq!(written.len(), 1);
        }
        let seen = kcat::consume(&cluster.bootstrap(), &topic);
        let keys: Vec<_> = seen
            .iter()
            .map(|record| record["key"].as_str().expect("a key"))
            .collect();
        assert_eq!(keys, codecs, "Kafka {}", version.name());
        assert!(seen.iter().all(|record| record["ts"] == 1_700_000_000_000_i64));
    }
}

#[test]
fn the_java_client_gives_back_what_it_wrote_byte_for_byte() {
    let cluster = KafkaCluster::shared(Version::V3_8_0);
    let topic = kafka::unique("bytes");
    cluster.workload().create_topic(&topic, 2, &[]);
    let records = [
        Record::null().at(0),
        Record::new("", "").at(0),
        Record::new([0xff, 0xfe, 0], [0xc3, 0x28]).at(1),
        Record::new("k", "v")
            .at(1)
            .header("a", Some(b"1"))
            .header("a", None)
            .header("", Some(b""))
            .header("a", Some(b"2")),
    ];
    let written = cluster.workload().produce(&topic, &records, json!({}));
    let bytes = |records: &[Record]| -> Vec<_> {
        records
            .iter()
            .map(|one| (one.partition, one.key.clone(), one.value.clone(), one.headers.clone()))
            .collect()
    };
    assert_eq!(bytes(&written), bytes(&records));
    assert_eq!(cluster.workload().read(&topic, "read_uncommitted"), written);
}

#[test]
fn transactions_are_committed_aborted_and_left_open() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, topic) = (cluster.workload(), kafka::unique("transactions"));
        workload.create_topic(&topic, 1, &[]);
        let one = |key: &str| [Record::new(key, "v").at(0)];
        workload.produce(&topic, &one("aborted"), json!({"transaction": "abort"}));
        workload.produce(&topic, &one("committed"), json!({"transaction": "commit"}));
        let (open, _) = workload.produce_open(&topic, &one("open"), json!({}));
        let keys = |isolation| -> Vec<_> {
            workload
                .read(&topic, isolation)
                .into_iter()
                .map(|one| String::from_utf8(one.key.unwrap()).unwrap())
                .collect()
        };
        assert_eq!(
            keys("read_uncommitted"),
            ["aborted", "committed", "open"],
            "Kafka {}",
            version.name()
        );
        assert_eq!(workload.offsets(&topic), [(0, 5)], "three records and two markers");
        workload.end_transaction(open, true);
        wait::until("the marker", SOON, || {
            (keys("read_committed") == ["committed", "open"]).then_some(())
        });
        assert_eq!(workload.offsets(&topic), [(0, 6)]);
    }
}

#[test]
fn a_compacted_log_ends_in_offsets_without_records() {
    for version in Version::ALL {
        let (workload, topic) = (KafkaCluster::shared(version).workload(), kafka::unique("compacted"));
        let left = workload.create_compacted_tail(&topic);
        let offsets: Vec<_> = left.iter().map(|record| record.offset).collect();
        assert_eq!(offsets, [27, 28, 29], "Kafka {}", version.name());
        assert_eq!(workload.offsets(&topic), [(0, 36)]);
    }
}

#[test]
fn the_broker_stamps_the_records_of_a_log_append_time_topic() {
    for version in Version::ALL {
        let (workload, topic) = (KafkaCluster::shared(version).workload(), kafka::unique("stamped"));
        workload.create_topic(&topic, 1, &[("message.timestamp.type", "LogAppendTime")]);
        let records = [5, 6].map(|time| Record::new("k", "v").at(0).timestamp(time));
        let written = workload.produce(&topic, &records, json!({}));
        assert!(
            written.iter().all(|record| record.timestamp > 1_700_000_000_000),
            "{written:?}"
        );
        assert_eq!(
            workload.read(&topic, "read_committed"),
            written,
            "Kafka {}",
            version.name()
        );
    }
}

#[test]
fn the_tools_describe_groups_of_every_kind() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, topic) = (cluster.workload(), kafka::unique("work"));
        workload.create_topic(&topic, 2, &[]);
        workload.fill(&topic, 40, json!({"partition": 0}));
        workload.fill(&topic, 60, json!({"partition": 1}));
        let rows = |group: &str| java::describe_groups(cluster, &[group]);

        let live = kafka::unique("live");
        let members = workload.join(&live, &[&topic], json!({"members": 2, "limit": 10, "client": "worker"}));
        // Which of the partitions a member reads before the other one joins is Kafka's choice.
        let sum = |seen: &[java::GroupRow]| seen.iter().filter_map(|row| row.committed).sum::<i64>();
        let seen = wait::until("20 commits", SOON, || Some(rows(&live)).filter(|seen| sum(seen) == 20));
        assert!(seen.iter().all(|row| row.member.is_some()), "{seen:?}");
        let lags: Vec<_> = seen.iter().map(|row| row.lag).collect();
        let left = |row: &java::GroupRow, filled: i64| row.committed.map(|committed| filled - committed);
        assert_eq!(lags, [left(&seen[0], 40), left(&seen[1], 60)]);

        let idle = kafka::unique("idle");
        let statics = workload.join(
            &idle,
            &[&topic],
            json!({"members": 3, "instance": "pod", "commit": "never"}),
        );
        let found = workload.describe_group(&idle);
        let without = |one: &&serde_json::Value| one["partitions"].as_array().is_some_and(Vec::is_empty);
        assert_eq!(
            found["members"]
                .as_array()
                .expect("members")
                .iter()
                .filter(without)
                .count(),
            1
        );
        assert!(
            rows(&idle)
                .iter()
                .filter(|row| row.topic.is_some())
                .all(|row| row.committed.is_none())
        );

        let empty = kafka::unique("empty");
        workload.commit(&empty, &[(&topic, 0, 7)]);
        let left = rows(&empty);
        assert_eq!(
            (left.len(), left[0].committed, left[0].lag, &left[0].member),
            (1, Some(7), Some(33), &None)
        );

        if version == Version::V4_3_0 {
            let modern = kafka::unique("modern");
            let members = workload.join(
                &modern,
                &[&topic],
                json!({"members": 2, "protocol": "consumer", "drain": true}),
            );
            wait::until("all read", SOON, || {
                rows(&modern).iter().all(|row| row.lag == Some(0)).then_some(())
            });
            workload.leave(members);
        }
        workload.leave(members);
        workload.leave(statics);
        assert!(
            java::tool(cluster, Tool::Topics, &["--list"])
                .lines()
                .any(|line| line == topic)
        );
    }
}

#[test]
fn a_workload_that_is_killed_answers_no_more() {
    let cluster = KafkaCluster::shared(Version::V3_8_0);
    let workload = Workload::start(cluster);
    workload.create_topic(&kafka::unique("killed"), 1, &[]);
    assert!(
        workload
            .try_ask("no-such-command", json!({}))
            .is_err_and(|error| error.contains("no-such-command"))
    );
    workload.kill();
}

/// A process has no command line any more, by which the script knows it, some moments before it is gone.
fn await_gone(pids: &[i32]) {
    wait::until("the processes to end", SOON, || {
        pids.iter().all(|pid| is_gone(*pid)).then_some(())
    });
}

/// Is the process not there, or ended and not yet collected by its parent?
fn is_gone(pid: i32) -> bool {
    let stat = std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/stat"))).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    let missing = rustix::process::test_kill_process(Pid::from_raw(pid).expect("a process id")).is_err();
    missing || state == Some('Z')
}

#[test]
fn a_broker_that_ends_by_itself_can_be_started_again() {
    let cluster = KafkaCluster::start(Version::V3_8_0, 1);
    let pid = cluster.broker_pid(1).expect("it runs");
    kill_process(Pid::from_raw(pid).expect("a process id"), Signal::KILL).expect("it is ours");
    await_gone(&[pid]);
    cluster.restart_broker(1);
    assert_eq!(ids_seen_by_kcat(&cluster), [1]);
}
