//! Real Apache Kafka clusters for tests, run by `scripts/kafka`.
//!
//! ```ignore
//! #[path = "../support/lib.rs"]
//! mod support;
//! use support::{java::Record, kafka::{self, KafkaCluster, Version}, kcat};
//!
//! #[test]
//! fn reads_what_was_written() {
//!     // Shared by all tests of the process, started by the first one that asks. Tests only add topics and groups of
//!     // their own ([`unique`]), they never end a broker of it.
//!     let cluster = KafkaCluster::shared(Version::V4_3_0);
//!     let topic = kafka::unique("orders");
//!     cluster.workload().create_topic(&topic, 3, &[("cleanup.policy", "compact")]);
//!     let written = cluster.workload().produce(&topic, &[Record::new("k", "v").at(0)], serde_json::json!({"codec": "zstd"}));
//!     let seen = kcat::consume(&cluster.bootstrap(), &topic);
//!     # let _ = (written, seen);
//! }
//!
//! #[test]
//! fn survives_a_dead_broker() {
//!     let cluster = KafkaCluster::start(Version::V4_3_0, 3); // this test's own; ends with the value
//!     cluster.kill_broker(2);
//!     cluster.restart_broker(2);
//! }
//! ```
//!
//! Brokers have the ids 1 to n, listen without encryption on 127.0.0.1, and keep their ports over a restart; brokers of
//! a cluster of several have racks `rack-1`... . However the test process ends (also by SIGKILL) the brokers are ended
//! and their data is removed: the script that runs them sees its standard input close. When a test panics their logs
//! are kept, and the panic says where. All calls block: in an async test make them before the part that is timed, or in
//! `tokio::task::spawn_blocking`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once, OnceLock, PoisonError};

use super::java::Workload;

/// The versions of Kafka the tests run against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// With ZooKeeper: the generation of deployments B and D.
    V3_4_1,
    /// KRaft: deployment C.
    V3_8_0,
    /// KRaft, the newest: KIP-848 groups.
    V4_3_0,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Self; 3] = [Self::V3_4_1, Self::V3_8_0, Self::V4_3_0];

    /// The version as Kafka writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::V3_4_1 => "3.4.1",
            Self::V3_8_0 => "3.8.0",
            Self::V4_3_0 => "4.3.0",
        }
    }

    /// How many brokers the shared cluster of this version has.
    pub fn shared_brokers(self) -> usize {
        match self {
            Self::V3_4_1 | Self::V3_8_0 => 1,
            Self::V4_3_0 => 3,
        }
    }
}

/// A running cluster; see the module's text.
pub struct KafkaCluster {
    version: Version,
    dir: PathBuf,
    script: Mutex<Script>,
    nodes: Mutex<Nodes>,
    workload: OnceLock<Workload>,
}

/// The `scripts/kafka up --until-eof` that runs the cluster.
struct Script {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What the script last said of its processes.
#[derive(Clone, Default)]
struct Nodes {
    brokers: BTreeMap<i32, Node>,
    zookeeper: Option<Node>,
}

#[derive(Clone)]
struct Node {
    address: String,
    pid: Option<i32>,
}

impl KafkaCluster {
    /// The cluster of this version that all tests of the process share: 1 broker, or 3 of 4.3.0.
    pub fn shared(version: Version) -> &'static Self {
        static SHARED: [OnceLock<KafkaCluster>; 3] = [const { OnceLock::new() }; 3];
        SHARED[version as usize].get_or_init(|| Self::start(version, version.shared_brokers()))
    }

    /// A cluster of the caller's own, for tests that end brokers. It ends when the value is dropped.
    pub fn start(version: Version, brokers: usize) -> Self {
        Self::start_with(version, brokers, &[])
    }

    /// Like [`Self::start`], with broker settings, e.g. `("broker.session.timeout.ms", "3000")`.
    pub fn start_with(version: Version, brokers: usize, settings: &[(&str, &str)]) -> Self {
        let dir = fresh_dir(version);
        keep_logs_of_failures();
        let mut command = Command::new(script_path());
        command.args([
            "up",
            "--until-eof",
            "--version",
            version.name(),
            "--brokers",
            &brokers.to_string(),
            "--dir",
        ]);
        command.arg(&dir);
        for (key, value) in settings {
            command.args(["--set", &format!("{key}={value}")]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/kafka starts");
        let mut script = Script {
            commands: child.stdin.take(),
            answers: BufReader::new(child.stdout.take().expect("piped")),
            child,
        };
        let nodes = script.read_nodes("ready").unwrap_or_else(|problem| {
            panic!(
                "Kafka {} with {brokers} brokers did not start ({problem}); its words are above",
                version.name()
            )
        });
        lock(running()).push(dir.clone());
        Self {
            version,
            dir,
            script: Mutex::new(script),
            nodes: Mutex::new(nodes),
            workload: OnceLock::new(),
        }
    }

    /// Its version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// `host:port,...` of every broker, running or not.
    pub fn bootstrap(&self) -> String {
        let addresses: Vec<_> = lock(&self.nodes)
            .brokers
            .values()
            .map(|broker| broker.address.clone())
            .collect();
        addresses.join(",")
    }

    /// The ids of its brokers, running or not.
    pub fn broker_ids(&self) -> Vec<i32> {
        lock(&self.nodes).brokers.keys().copied().collect()
    }

    /// `host:port` of one broker.
    pub fn address(&self, id: i32) -> String {
        self.node(id).address
    }

    /// The process id of a broker that runs.
    pub fn broker_pid(&self, id: i32) -> Option<i32> {
        self.node(id).pid
    }

    /// Every process of the cluster: brokers, ZooKeeper, and the script that runs them.
    pub fn pids(&self) -> Vec<i32> {
        let nodes = lock(&self.nodes).clone();
        let script = i32::try_from(lock(&self.script).child.id()).expect("a process id");
        nodes
            .brokers
            .values()
            .chain(nodes.zookeeper.as_ref())
            .filter_map(|node| node.pid)
            .chain([script])
            .collect()
    }

    /// The folder with the brokers' logs (`n1.log`, ...) and settings.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Kafka's own client, in one process shared by the tests of this cluster.
    pub fn workload(&self) -> &Workload {
        self.workload.get_or_init(|| Workload::start(self))
    }

    /// Ends a broker with SIGKILL; returns when its process is gone. The others take some seconds to notice: up to
    /// `broker.session.timeout.ms` (9 s), with ZooKeeper `zookeeper.session.timeout.ms` (18 s).
    pub fn kill_broker(&self, id: i32) {
        self.command("kill", id);
    }

    /// Ends a broker in the orderly way (it hands over its leaders first).
    pub fn stop_broker(&self, id: i32) {
        self.command("stop", id);
    }

    /// Starts a broker again at its old address; returns when every running broker names it.
    pub fn restart_broker(&self, id: i32) {
        self.command("start", id);
    }

    /// Stops a broker's process without ending it (SIGSTOP): it accepts connections and answers nothing.
    pub fn pause_broker(&self, id: i32) {
        self.command("pause", id);
    }

    /// Lets a paused broker go on.
    pub fn resume_broker(&self, id: i32) {
        self.command("resume", id);
    }

    fn node(&self, id: i32) -> Node {
        lock(&self.nodes)
            .brokers
            .get(&id)
            .unwrap_or_else(|| panic!("the cluster has no broker {id}"))
            .clone()
    }

    fn command(&self, word: &str, id: i32) {
        let mut script = lock(&self.script);
        let commands = script.commands.as_mut().expect("the script runs");
        writeln!(commands, "{word} {id}").expect("the script listens");
        let nodes = script
            .read_nodes("ok")
            .unwrap_or_else(|problem| panic!("{word} of broker {id}: {problem}"));
        *lock(&self.nodes) = nodes;
    }
}

impl Script {
    /// Reads node lines up to the line `last`; an `error` line, or the end, is the problem.
    fn read_nodes(&mut self, last: &str) -> Result<Nodes, String> {
        let mut nodes = Nodes::default();
        loop {
            let mut line = String::new();
            if self.answers.read_line(&mut line).map_err(|error| error.to_string())? == 0 {
                return Err(format!("scripts/kafka ended: {:?}", self.child.wait()));
            }
            let words: Vec<_> = line.split_whitespace().collect();
            match words[..] {
                [word] if word == last => return Ok(nodes),
                ["error", ..] => return Err(line),
                [kind, id, address, pid] => {
                    let node = Node {
                        address: address.to_owned(),
                        pid: pid.parse().ok(),
                    };
                    if kind == "zookeeper" {
                        nodes.zookeeper = Some(node);
                    } else {
                        nodes.brokers.insert(id.parse().map_err(|_| line.clone())?, node);
                    }
                }
                _ => return Err(format!("scripts/kafka said {line:?}")),
            }
        }
    }
}

impl Drop for KafkaCluster {
    /// Ends the cluster and waits for it. (The shared clusters are never dropped: they end when the process has.)
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::fs::write(self.dir.join("keep"), "").ok();
        }
        drop(self.workload.take());
        lock(running()).retain(|dir| *dir != self.dir);
        let script = self.script.get_mut().unwrap_or_else(PoisonError::into_inner);
        script.commands = None; // its standard input ends, and so does it
        script.child.wait().ok();
    }
}

/// A name no other test of this machine uses, for a topic or group: `orders-4711-3`.
pub fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The folders of the clusters that run.
fn running() -> &'static Mutex<Vec<PathBuf>> {
    static RUNNING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    &RUNNING
}

/// Makes every panic of the process keep the brokers' logs and name them.
fn keep_logs_of_failures() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            before(info);
            for dir in lock(running()).iter() {
                if std::fs::write(dir.join("keep"), "").is_ok() {
                    eprintln!("the brokers' logs are kept in {}", dir.display());
                }
            }
        }));
    });
}

/// A folder that no other process and no other cluster of this one uses.
fn fresh_dir(version: Version) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kafka");
    std::fs::create_dir_all(&parent).expect("the target folder can be written");
    let name = format!("{}-{}-{number}.", version.name(), std::process::id());
    tempfile::Builder::new()
        .prefix(&name)
        .tempdir_in(&parent)
        .expect("a new folder")
        .keep()
}

/// `scripts/kafka` of this working copy.
pub fn script_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kafka")
}

/// Locks, also when another test panicked while it held the lock.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
