//! Kafka's own Java client and command-line tools: what ktui's numbers are compared with.
//!
//! [`Workload`] is one long-lived Java process that writes records and runs group members for as long as the test
//! wants them ([`KafkaCluster::workload`] shares one per cluster). [`describe_groups`] and [`tool`] run the tools that
//! come with Kafka.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::kafka::{KafkaCluster, Version, lock, script_path};
use super::wait;

/// A record as it was written or read: `None` is null, which differs from empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Where it is or shall be; `-1` before it was written lets the client choose.
    pub partition: i32,
    /// Its offset; `-1` before it was written.
    pub offset: i64,
    /// Milliseconds since 1970; `-1` before it was written takes the clock's.
    pub timestamp: i64,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// The value's bytes.
    pub value: Option<Vec<u8>>,
    /// The headers in their order, duplicates included.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    /// A record with this key and value; see [`Record::null`] for those without.
    pub fn new(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        Self {
            key: Some(key.as_ref().to_vec()),
            value: Some(value.as_ref().to_vec()),
            ..Self::null()
        }
    }

    /// A record with null key and null value.
    pub fn null() -> Self {
        Self {
            partition: -1,
            offset: -1,
            timestamp: -1,
            ..Self::default()
        }
    }

    /// The same, for this partition.
    #[must_use]
    pub fn at(self, partition: i32) -> Self {
        Self { partition, ..self }
    }

    /// The same, with this timestamp in milliseconds.
    #[must_use]
    pub fn timestamp(self, timestamp: i64) -> Self {
        Self { timestamp, ..self }
    }

    /// The same, with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: Option<&[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.map(<[u8]>::to_vec)));
        self
    }

    fn to_json(&self) -> Value {
        let known = |number: i64| if number < 0 { Value::Null } else { number.into() };
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| json!({"name": name, "value": encode(value.as_deref())}))
            .collect();
        json!({"partition": known(self.partition.into()), "timestamp": known(self.timestamp), "headers": headers,
            "key": encode(self.key.as_deref()), "value": encode(self.value.as_deref())})
    }

    fn from_json(json: &Value) -> Self {
        let number = |name: &str| json[name].as_i64().unwrap_or_else(|| panic!("{name} in {json}"));
        let headers = json["headers"].as_array().expect("headers").iter();
        Self {
            partition: number("partition") as i32,
            offset: number("offset"),
            timestamp: number("timestamp"),
            key: decode(&json["key"]),
            value: decode(&json["value"]),
            headers: headers.map(|one| (text(&one["name"]), decode(&one["value"]))).collect(),
        }
    }
}

/// A Java process that obeys commands (tests/support/java/Workload.java). Commands may be given from several threads at
/// once. Its members leave and it ends when the value is dropped or the test process ends.
pub struct Workload {
    child: Mutex<Child>,
    commands: Mutex<Option<ChildStdin>>,
    next: AtomicU64,
    waiting: Arc<Mutex<HashMap<u64, SyncSender<Value>>>>,
}

/// What one command takes at most; the Java side gives up waiting after 60 s.
const PATIENCE: Duration = Duration::from_mins(2);

impl Workload {
    /// Starts a process of the test's own, e.g. to end it with [`Workload::kill`].
    pub fn start(cluster: &KafkaCluster) -> Self {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/java/Workload.java");
        let mut child = java(cluster.version(), source)
            .arg(cluster.bootstrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(cluster.dir().join("workload.log")).expect("the cluster's folder is there"))
            .spawn()
            .expect("scripts/kafka starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped"));
        let mut first = String::new();
        lines.read_line(&mut first).expect("the process speaks");
        assert_eq!(
            first.trim(),
            "READY",
            "the workload did not start: see {}",
            cluster.dir().display()
        );
        let waiting = Arc::default();
        std::thread::spawn({
            let waiting = Arc::clone(&waiting);
            move || hand_out(lines, &waiting)
        });
        let commands = Mutex::new(child.stdin.take());
        Self {
            child: Mutex::new(child),
            commands,
            next: AtomicU64::new(1),
            waiting,
        }
    }

    /// Runs one command; `Err` is what Kafka's client said. The commands are described in Workload.java.
    pub fn try_ask(&self, word: &str, mut command: Value) -> Result<Value, String> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        command["id"] = id.into();
        command["do"] = word.into();
        let (tx, rx): (_, Receiver<Value>) = sync_channel(1);
        lock(&self.waiting).insert(id, tx);
        writeln!(lock(&self.commands).as_ref().expect("it runs"), "{command}").map_err(|error| error.to_string())?;
        let mut answer = rx
            .recv_timeout(PATIENCE)
            .map_err(|_| format!("no answer to {command}"))?;
        match answer["error"].take() {
            Value::String(error) => Err(error),
            _ => Ok(answer["ok"].take()),
        }
    }

    /// Runs one command; panics when it fails.
    #[track_caller]
    pub fn ask(&self, word: &str, command: Value) -> Value {
        match self.try_ask(word, command) {
            Ok(answer) => answer,
            Err(error) => panic!("{word}: {error}"),
        }
    }

    /// Creates a topic with the cluster's default replication factor (the number of brokers, at most 3), and waits
    /// until every partition has a leader and a full ISR. `retention.ms` is unlimited unless given.
    pub fn create_topic(&self, topic: &str, partitions: i32, configs: &[(&str, &str)]) {
        let mut all = serde_json::Map::from_iter([("retention.ms".to_owned(), json!("-1"))]);
        all.extend(configs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        self.ask(
            "create-topic",
            json!({"topic": topic, "partitions": partitions, "configs": all}),
        );
    }

    /// Writes the records in one batch per partition where their size allows it. `options` may have `codec` (none,
    /// gzip, snappy, lz4, zstd), `transaction` (commit, abort) and `properties` of the producer. Returns what was
    /// written, with offsets, and the timestamps the broker answered.
    pub fn produce(&self, topic: &str, records: &[Record], options: Value) -> Vec<Record> {
        records_of(&self.ask("produce", with_records(topic, records, options)))
    }

    /// Writes the records in a transaction that stays open until [`Workload::end_transaction`].
    pub fn produce_open(&self, topic: &str, records: &[Record], mut options: Value) -> (OpenTransaction, Vec<Record>) {
        options["transaction"] = "open".into();
        let answer = self.ask("produce", with_records(topic, records, options));
        (OpenTransaction(handle(&answer)), records_of(&answer))
    }

    /// Commits or aborts an open transaction.
    pub fn end_transaction(&self, transaction: OpenTransaction, commit: bool) {
        self.ask("end-transaction", json!({"handle": transaction.0, "commit": commit}));
    }

    /// Writes `count` generated records. `options` as in [`Workload::produce`], and `partition`, `bytes` (of a value),
    /// `keys` (how many distinct ones).
    pub fn fill(&self, topic: &str, count: u32, mut options: Value) {
        options["topic"] = topic.into();
        options["count"] = count.into();
        self.ask("fill", options);
    }

    /// Writes so many records a second into each of the first `partitions` until [`Workload::end_flow`], in transactions
    /// one after the other if they shall be.
    pub fn flow(&self, topic: &str, partitions: i32, per_second: u32, in_transactions: bool) -> Flow {
        let mut command = json!({"topic": topic, "partitions": partitions, "perSecond": per_second});
        if in_transactions {
            command["transaction"] = "commit".into();
        }
        Flow(handle(&self.ask("flow", command)))
    }

    /// Lets a flow end; everything is written and committed then.
    pub fn end_flow(&self, flow: Flow) {
        self.ask("end-flow", json!({"handle": flow.0}));
    }

    /// What Kafka's own consumer reads from beginning to end; in a partition in order. `isolation` is
    /// `read_uncommitted` or `read_committed`.
    pub fn read(&self, topic: &str, isolation: &str) -> Vec<Record> {
        let mut records = records_of(&self.ask("read", json!({"topic": topic, "isolation": isolation})));
        records.sort_by_key(|record| (record.partition, record.offset));
        records
    }

    /// Makes a topic of one partition whose log ends in offsets without records: 30 records of three keys, five of an
    /// aborted transaction, and the marker; the cleaner then took all but the last three of the first. Returns those
    /// (offsets 27 to 29; the end offset is 36). What is left of the five is at most a batch header without records.
    pub fn create_compacted_tail(&self, topic: &str) -> Vec<Record> {
        let configs = [
            ("cleanup.policy", "compact"),
            ("segment.ms", "60000"),
            ("min.cleanable.dirty.ratio", "0.001"),
        ];
        self.create_topic(topic, 1, &configs);
        // old timestamps: the marker, which has the clock's, then opens the next segment, and the cleaner may take this
        let record = |number: i64| {
            Record::new(format!("k{}", number % 3), number.to_string())
                .at(0)
                .timestamp(1 + number)
        };
        let kept: Vec<_> = (0..30).map(record).collect();
        let written = self.produce(topic, &kept, json!({}));
        let dropped: Vec<_> = (30..35).map(record).collect();
        let (transaction, _) = self.produce_open(topic, &dropped, json!({}));
        self.end_transaction(transaction, false);
        wait::until("the cleaner", PATIENCE, || {
            (self.read(topic, "read_uncommitted") == written[27..]).then_some(())
        });
        written[27..].to_vec()
    }

    /// Log start and end offset of every partition, in order.
    pub fn offsets(&self, topic: &str) -> Vec<(i64, i64)> {
        let answer = self.ask("offsets", json!({"topic": topic}));
        let number = |value: &Value| value.as_i64().expect("an offset");
        answer["partitions"]
            .as_array()
            .expect("partitions")
            .iter()
            .map(|one| (number(&one["start"]), number(&one["end"])))
            .collect()
    }

    /// Moves the log start offset.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) {
        self.ask(
            "delete-records",
            json!({"topic": topic, "partition": partition, "before": before}),
        );
    }

    /// Starts members of a group and waits until the group is stable and every partition has an owner. `options`:
    /// `members` (1), `protocol` (classic, consumer), `commit` (each, records, never), `idleMs` (work on what a poll gave),
    /// `limit` (records each member reads, then
    /// it only stays a member), `drain` (wait until they have read everything), `isolation`, `instance` (static members
    /// `instance-0`, ...), `client` (client ids `client-0`, ...), `chokes` (stands at a value that
    /// begins with a zero byte), `properties` of the consumer.
    pub fn join(&self, group: &str, topics: &[&str], mut options: Value) -> Members {
        options["group"] = group.into();
        options["topics"] = topics.into();
        Members(handle(&self.ask("join", options)))
    }

    /// Where the members are now: (topic, partition, next offset they read).
    pub fn positions(&self, members: &Members) -> Vec<(String, i32, i64)> {
        let answer = self.ask("members", json!({"handle": members.0}));
        let members = answer["members"].as_array().expect("members").iter();
        members
            .flat_map(|member| member["positions"].as_array().expect("positions"))
            .map(|one| {
                let number = |name: &str| one[name].as_i64().expect("a number");
                (text(&one["topic"]), number("partition") as i32, number("position"))
            })
            .collect()
    }

    /// The members go on to own these partitions, and read them no more.
    pub fn hold(&self, members: &Members, partitions: &[i32]) {
        self.ask("hold", json!({"handle": members.0, "partitions": partitions}));
    }

    /// Closes the members; dynamic ones leave their group at once.
    pub fn leave(&self, members: Members) {
        self.ask("leave", json!({"handle": members.0}));
    }

    /// Commits offsets for a group without members: (topic, partition, offset).
    pub fn commit(&self, group: &str, offsets: &[(&str, i32, i64)]) {
        let offsets: Vec<_> = offsets
            .iter()
            .map(|(topic, partition, offset)| json!({"topic": topic, "partition": partition, "offset": offset}))
            .collect();
        self.ask("commit", json!({"group": group, "offsets": offsets}));
    }

    /// Kafka's words on a group: `state`, `assignor`, `coordinator`, `members` with `memberId`, `clientId`, `host`,
    /// `instance` and `partitions`.
    pub fn describe_group(&self, group: &str) -> Value {
        self.ask("describe-group", json!({"group": group}))
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        i32::try_from(lock(&self.child).id()).expect("a process id")
    }

    /// Ends the process with SIGKILL: its members fall silent without leaving.
    pub fn kill(self) {
        lock(&self.child).kill().expect("the process is ours");
    }
}

impl Drop for Workload {
    fn drop(&mut self) {
        lock(&self.commands).take(); // its standard input ends, and so does it
        lock(&self.child).wait().ok();
    }
}

/// Members of a group that run in a [`Workload`].
#[derive(Debug)]
pub struct Members(u64);

/// Records that come without end.
#[derive(Debug)]
pub struct Flow(u64);

/// A transaction that is still open.
#[derive(Debug)]
pub struct OpenTransaction(u64);

/// A row of `ConsumerGroupCommand --describe`; `-` in it is `None`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupRow {
    /// The group.
    pub group: String,
    /// A topic it committed or is assigned.
    pub topic: Option<String>,
    /// The partition.
    pub partition: Option<i32>,
    /// The committed offset.
    pub committed: Option<i64>,
    /// The log end offset.
    pub end: Option<i64>,
    /// What the tool says is the lag.
    pub lag: Option<i64>,
    /// The member that owns the partition.
    pub member: Option<String>,
    /// Its host, with the leading slash Java prints.
    pub host: Option<String>,
    /// Its client id.
    pub client_id: Option<String>,
}

/// Kafka's own view of groups: `ConsumerGroupCommand --describe` of these groups in one run. Rows are sorted.
pub fn describe_groups(cluster: &KafkaCluster, groups: &[&str]) -> Vec<GroupRow> {
    let chosen = groups.iter().flat_map(|group| ["--group", group]);
    let arguments: Vec<&str> = ["--describe"].into_iter().chain(chosen).collect();
    let printed = tool(cluster, Tool::ConsumerGroups, &arguments);
    let mut rows: Vec<_> = printed.lines().filter_map(group_row).collect();
    rows.sort();
    rows
}

/// A line of the table: nine columns, none of which may hold a blank. The header and remarks are no rows.
fn group_row(line: &str) -> Option<GroupRow> {
    let words: Vec<_> = line
        .split_whitespace()
        .map(|word| Some(word).filter(|word| *word != "-"))
        .collect();
    let [group, topic, partition, committed, end, lag, member, host, client_id] = words[..] else {
        return None;
    };
    if partition == Some("PARTITION") {
        return None;
    }
    let number = |word: Option<&str>| word.map(|word| word.parse().unwrap_or_else(|_| panic!("a number in {line:?}")));
    Some(GroupRow {
        group: group?.to_owned(),
        topic: topic.map(str::to_owned),
        partition: number(partition).map(|number| number as i32),
        committed: number(committed),
        end: number(end),
        lag: number(lag),
        member: member.map(str::to_owned),
        host: host.map(str::to_owned),
        client_id: client_id.map(str::to_owned),
    })
}

/// The command-line tools of Kafka.
#[derive(Clone, Copy, Debug)]
pub enum Tool {
    /// `kafka-topics.sh`
    Topics,
    /// `kafka-consumer-groups.sh`
    ConsumerGroups,
    /// `kafka-console-consumer.sh`
    ConsoleConsumer,
    /// `kafka-console-share-consumer.sh` (4.3.0 only)
    ConsoleShareConsumer,
    /// `kafka-share-groups.sh` (4.3.0 only)
    ShareGroups,
    /// `kafka-configs.sh`
    Configs,
    /// `kafka-log-dirs.sh`
    LogDirs,
    /// `kafka-metadata-quorum.sh` (not on 3.4.1 with ZooKeeper)
    MetadataQuorum,
}

impl Tool {
    fn class(self, version: Version) -> &'static str {
        let older = version == Version::V3_4_1;
        match self {
            Self::Topics if older => "kafka.admin.TopicCommand",
            Self::Topics => "org.apache.kafka.tools.TopicCommand",
            Self::ConsumerGroups if older => "kafka.admin.ConsumerGroupCommand",
            Self::ConsumerGroups => "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
            Self::ConsoleConsumer if older => "kafka.tools.ConsoleConsumer",
            Self::ConsoleConsumer => "org.apache.kafka.tools.consumer.ConsoleConsumer",
            Self::ConsoleShareConsumer => "org.apache.kafka.tools.consumer.ConsoleShareConsumer",
            Self::ShareGroups => "org.apache.kafka.tools.consumer.group.ShareGroupCommand",
            Self::Configs => "kafka.admin.ConfigCommand",
            Self::LogDirs if older => "kafka.admin.LogDirsCommand",
            Self::LogDirs => "org.apache.kafka.tools.LogDirsCommand",
            Self::MetadataQuorum => "org.apache.kafka.tools.MetadataQuorumCommand",
        }
    }
}

/// Runs a tool against the cluster and returns what it printed; panics when it fails. Takes one to two seconds.
pub fn tool(cluster: &KafkaCluster, tool: Tool, arguments: &[&str]) -> String {
    let (is_well, printed, complaints) = try_tool(cluster, tool, arguments);
    assert!(is_well, "{tool:?} {arguments:?}: {printed}{complaints}");
    printed
}

/// The same for a tool that may fail: whether it was well, what it printed, what it complained about.
pub fn try_tool(cluster: &KafkaCluster, tool: Tool, arguments: &[&str]) -> (bool, String, String) {
    let output = java(cluster.version(), tool.class(cluster.version()))
        .args(["--bootstrap-server", &cluster.bootstrap()])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("scripts/kafka starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// `scripts/kafka run`: becomes the Java process (same process id).
fn java(version: Version, main: &str) -> Command {
    let mut command = Command::new(script_path());
    command.args(["run", "--version", version.name(), main]);
    command
}

/// Gives each answer to who waits for it.
fn hand_out(lines: BufReader<ChildStdout>, waiting: &Mutex<HashMap<u64, SyncSender<Value>>>) {
    for line in lines.lines().map_while(Result::ok) {
        let Ok(answer) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        let asked = answer["id"].as_u64().and_then(|id| lock(waiting).remove(&id));
        if let Some(asked) = asked {
            asked.send(answer).ok();
        }
    }
    lock(waiting).clear(); // the process ended: nobody waits any longer
}

fn with_records(topic: &str, records: &[Record], mut options: Value) -> Value {
    options["topic"] = topic.into();
    options["records"] = records.iter().map(Record::to_json).collect();
    options
}

fn records_of(answer: &Value) -> Vec<Record> {
    answer["records"]
        .as_array()
        .expect("records")
        .iter()
        .map(Record::from_json)
        .collect()
}

fn handle(answer: &Value) -> u64 {
    answer["handle"].as_u64().expect("a handle")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn encode(bytes: Option<&[u8]>) -> Option<String> {
    bytes.map(|bytes| BASE64.encode(bytes))
}

fn decode(value: &Value) -> Option<Vec<u8>> {
    value.as_str().map(|text| BASE64.decode(text).expect("base64"))
}
