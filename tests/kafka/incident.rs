//! One of three brokers is killed, and comes back, under the eyes of users: no screen empties, each says what is
//! affected and why, and all is well again without a key.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::scenes::{fragile, group_of, ledger, orders};
use crate::support::java::Record;
use crate::support::kafka::{KafkaCluster, Version, unique};
use crate::support::terminal::{KTUI, Start, Terminal, now};
use crate::support::wait;

/// A cluster takes seconds to notice, the screens some more; a machine may be busy.
const PATIENCE: Duration = Duration::from_mins(2);
/// A frame may arrive in two parts; a row that is not there for longer was taken off the screen.
const BLINK: Duration = Duration::from_secs(1);

type Rule = Box<dyn Fn(&str) -> bool>;

/// Somebody who looks at one screen and presses nothing.
struct Onlooker {
    what: &'static str,
    terminal: Terminal,
    /// What is on the screen all the time.
    rows: Rule,
    /// What says that, and why, something is wrong.
    complaint: Rule,
    without_rows: Option<Instant>,
}

impl Onlooker {
    /// Takes in what the program has drawn; its rows are there.
    fn look(&mut self) -> String {
        self.terminal.read_while(|| false);
        let screen = self.terminal.text();
        if (self.rows)(&screen) {
            self.without_rows = None;
        } else {
            let since = *self.without_rows.get_or_insert_with(now);
            assert!(since.elapsed() < BLINK, "{} lost rows:\n{screen}", self.what);
        }
        screen
    }
}

/// Waits until each screen was so.
fn await_each(onlookers: &mut [Onlooker], what: &str, is_so: impl Fn(&Onlooker, &str) -> bool) {
    let end = now() + PATIENCE;
    let mut waited_for: Vec<usize> = (0..onlookers.len()).collect();
    loop {
        let screens: Vec<String> = onlookers.iter_mut().map(Onlooker::look).collect();
        waited_for.retain(|index| !is_so(&onlookers[*index], &screens[*index]));
        if waited_for.is_empty() {
            return;
        }
        if now() > end {
            let late = waited_for
                .iter()
                .map(|index| format!("{}:\n{}\n", onlookers[*index].what, screens[*index].trim_end()));
            panic!("never seen: {what}\n{}", late.collect::<String>());
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Does something while everybody looks on.
fn meanwhile(onlookers: &mut [Onlooker], act: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let done = scope.spawn(act);
        while !done.is_finished() {
            for onlooker in onlookers.iter_mut() {
                onlooker.look();
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    });
}

/// The row of a table that begins with these words.
fn row<'a>(screen: &'a str, words: &str) -> Option<&'a str> {
    let body = screen.lines().skip(4).map(|line| line.trim_start_matches([' ', '▸']));
    body.into_iter().find(|line| line.starts_with(words))
}

/// The row says all of this.
fn says(screen: &str, words: &str, marks: &[&str]) -> bool {
    row(screen, words).is_some_and(|row| marks.iter().all(|mark| row.contains(mark)))
}

/// A table with these rows.
fn rows(words: &[String]) -> Rule {
    let words = words.to_vec();
    Box::new(move |screen| words.iter().all(|words| row(screen, words).is_some()))
}

/// The topics, groups and brokers that are looked at.
struct Stage<'a> {
    cluster: &'a KafkaCluster,
    /// Three partitions, each on every broker.
    orders: String,
    /// Three partitions, each on one broker.
    ledger: String,
    /// A group whose coordinator lives on.
    group: String,
    /// A group whose coordinator is killed, and whose commits are nowhere else.
    orphan: String,
}

impl<'a> Stage<'a> {
    fn new(cluster: &'a KafkaCluster) -> Self {
        let ledger = ledger(cluster);
        Self {
            cluster,
            orders: orders(cluster),
            group: group_of(cluster, &[1, 3], &ledger),
            orphan: group_of(cluster, &[2], &ledger),
            ledger,
        }
    }

    fn look(&self, what: &'static str, (pane, keys): (&str, &str), rows: Rule, complaint: Rule) -> Onlooker {
        let mut terminal = Start::ktui(&["--brokers", &self.cluster.bootstrap(), "--pane", pane]).run();
        let listed = if pane == "groups" { &self.orphan } else { "sorted by" };
        terminal.wait_for(listed).press(keys);
        terminal.wait_until("the rows", &rows).wait_for("live");
        Onlooker {
            what,
            terminal,
            rows,
            complaint,
            without_rows: None,
        }
    }

    fn brokers(&self) -> Onlooker {
        let ids = [1, 2, 3].map(|id| format!("{id}  127."));
        let complaint = |screen: &str| says(screen, "2  127.", &["DOWN"]);
        self.look("Brokers", ("brokers", ""), rows(&ids), Box::new(complaint))
    }

    fn topics(&self) -> Onlooker {
        let (orders, ledger) = (self.orders.clone(), self.ledger.clone());
        let kept = rows(&[orders.clone(), ledger.clone()]);
        let complaint = move |screen: &str| {
            // Partitions, replicas, under-replicated, below min.insync.replicas, offline, offset range.
            let figures =
                |topic: &str| row(screen, topic).map(|row| row.split_whitespace().skip(1).collect::<Vec<_>>());
            figures(&orders).is_some_and(|found| found.starts_with(&["3", "3", "3", "0", "0"]))
                && figures(&ledger).is_some_and(|found| found[4..].starts_with(&["1", "20", "+", "?1"]))
        };
        self.look("Topics", ("topics", ""), kept, Box::new(complaint))
    }

    fn partitions(&self) -> [Onlooker; 2] {
        let kept = || rows(&["0 ", "1 ", "2 "].map(str::to_owned));
        let open = |topic: &str| format!(":topic {topic}\r");
        let offline = |screen: &str| says(screen, "1 ", &["none", "(2)", "?"]);
        // Whoever led is replaced: the offsets are known.
        let lagging = |screen: &str| {
            let lags = |id: &&str| row(screen, id).is_some_and(|row| row.contains("(2)") && !row.contains(['?', 'n']));
            ["0 ", "1 ", "2 "].iter().all(lags)
        };
        [
            self.look(
                "partitions with one copy",
                ("topics", &open(&self.ledger)),
                kept(),
                Box::new(offline),
            ),
            self.look(
                "partitions with three copies",
                ("topics", &open(&self.orders)),
                kept(),
                Box::new(lagging),
            ),
        ]
    }

    fn messages(&self) -> [Onlooker; 2] {
        let open = |topic: &str| format!(":messages {topic}\r");
        let kept = |key: &'static str| -> Rule {
            Box::new(move |screen| screen.contains(key) && screen.contains("following"))
        };
        let unread = format!("not read: {}-1: ", self.ledger);
        [
            self.look(
                "messages with one copy",
                ("topics", &open(&self.ledger)),
                kept("k0000009"),
                Box::new(move |screen| screen.contains(&unread)),
            ),
            self.look(
                "messages with three copies",
                ("topics", &open(&self.orders)),
                kept("k0000019"),
                // Its partitions have another leader: reading goes on.
                Box::new(|screen| screen.contains("during the incident") && !screen.contains("not read: ")),
            ),
        ]
    }

    fn groups(&self) -> [Onlooker; 3] {
        let (group, orphan) = (self.group.clone(), self.orphan.clone());
        let open = |group: &str| format!(":group {group}\r");
        // The topic's name gives way to the columns, its number does not.
        let of = |screen: &str, partition: i32| {
            let number = format!("    {partition}  ");
            let found = screen
                .lines()
                .find(|line| line.contains("ledger") && line.contains(&number));
            found.map(str::to_owned)
        };
        let partitions =
            move || -> Rule { Box::new(move |screen| (0..3).all(|partition| of(screen, partition).is_some())) };
        let kept = rows(&[group.clone(), orphan.clone()]);
        // Nothing is concluded of what cannot be told.
        let marked = move |screen: &str| {
            says(screen, &group, &["Empty", "12 + ?1"]) && says(screen, &orphan, &["? silent", "coordinator silent"])
        };
        [
            self.look("Groups", ("groups", ""), kept, Box::new(marked)),
            self.look(
                "a group",
                ("groups", &open(&self.group)),
                partitions(),
                Box::new(move |screen| of(screen, 1).is_some_and(|row| row.contains("?  no leader"))),
            ),
            self.look(
                "a group of a dead coordinator",
                ("groups", &open(&self.orphan)),
                partitions(),
                Box::new(|screen| {
                    let is_judged = ["stopped", "watching"].iter().any(|word| screen.contains(word));
                    screen.contains("coordinator 2 DOWN") && screen.contains("lag 18") && !is_judged
                }),
            ),
        ]
    }

    fn onlookers(&self) -> Vec<Onlooker> {
        let mut all = vec![self.brokers(), self.topics()];
        all.extend(self.partitions());
        all.extend(self.messages());
        all.extend(self.groups());
        all
    }

    fn append(&self, topic: &str, partition: i32, value: &str) {
        let record = Record::new("late", value).at(partition);
        self.cluster.workload().produce(topic, &[record], json!({}));
    }
}

/// Everything is known again: the only question mark is that of the key for help.
fn is_well(screen: &str) -> bool {
    ["3/3 brokers", "URP 0", "offline 0", " live"]
        .iter()
        .all(|word| screen.lines().next().is_some_and(|health| health.contains(word)))
        && screen.matches('?').count() == 1
        && ["missing", "not read: ", "no leader", "coordinator silent"]
            .iter()
            .all(|word| !screen.contains(word))
}

fn watch_an_incident(cluster: &KafkaCluster) {
    let stage = Stage::new(cluster);
    let mut all = stage.onlookers();
    await_each(&mut all, "a whole cluster", |_, screen| is_well(screen));

    meanwhile(&mut all, || cluster.kill_broker(2));
    meanwhile(&mut all, || stage.append(&stage.orders, 1, "during the incident"));
    await_each(&mut all, "what is affected, and who is guilty", |onlooker, screen| {
        let guilty = screen
            .lines()
            .next()
            .is_some_and(|health| health.contains("broker 2 missing: "));
        guilty && (onlooker.complaint)(screen)
    });

    meanwhile(&mut all, || cluster.restart_broker(2));
    meanwhile(&mut all, || stage.append(&stage.ledger, 1, "after the incident"));
    await_each(&mut all, "a whole cluster again", |onlooker, screen| {
        let is_read = onlooker.what != "messages with one copy" || screen.contains("after the incident");
        is_well(screen) && is_read
    });
}

#[test]
fn no_screen_empties_while_a_broker_is_dead_and_all_recover_by_themselves() {
    watch_an_incident(&fragile(Version::V4_3_0));
}

#[test]
fn an_incident_of_a_cluster_with_zookeeper_is_told_alike() {
    watch_an_incident(&fragile(Version::V3_4_1));
}

/// Looks of `ktui lag --watch` in a pipe, as they come.
struct Lines {
    child: Child,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Lines {
    fn of(cluster: &KafkaCluster, groups: &[&str]) -> Self {
        let mut child = Command::new(KTUI)
            .args(["-b", &cluster.bootstrap(), "lag", "--watch=1"])
            .args(groups)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (seen, lines) = (
            Arc::<Mutex<Vec<Value>>>::default(),
            BufReader::new(child.stdout.take().unwrap()),
        );
        let taken = Arc::clone(&seen);
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                taken.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, seen }
    }

    fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until each group was so at `looks` looks in a row, from now on.
    fn await_each(&self, what: &str, looks: usize, mut is_so: impl FnMut(&Value) -> bool) {
        let before = self.seen().len();
        wait::until(what, PATIENCE, || {
            let seen = self.seen();
            let mut so = |line: &Value| {
                let items = line["items"].as_array();
                items.is_some_and(|all| all.len() == 2 && all.iter().all(&mut is_so))
            };
            let in_a_row = seen.iter().skip(before).rev().take_while(|line| so(line)).count();
            (in_a_row >= looks).then_some(())
        });
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A topic of three partitions with ten records each, every one with two copies, the first of them on the first broker.
fn copied(cluster: &KafkaCluster, brokers: [i32; 2]) -> String {
    let (workload, topic) = (cluster.workload(), unique("copied"));
    workload.ask(
        "create-topic",
        json!({"topic": topic, "assignments": [brokers, brokers, brokers]}),
    );
    for partition in 0..3 {
        workload.fill(&topic, 10, json!({"partition": partition}));
    }
    topic
}

/// What never is so of a group that reads on all the time, whoever dies.
#[track_caller]
fn assert_nothing_false(figures: &Value) {
    let verdict = figures["verdict"].as_str().unwrap();
    assert!(
        !["rewound", "expired", "no commit", "unassigned", "stopped"].contains(&verdict),
        "{figures:#}"
    );
    assert!(figures["out"].as_f64().is_none_or(|rate| rate >= 0.0), "{figures:#}");
    let is_unread = figures["case"] == "unknown";
    assert!(
        !is_unread || figures["waiting"].is_null(),
        "a wrong number: {figures:#}"
    );
    assert!(
        !figures["waiting"].is_null() || figures["unknown"]["waiting"].is_string(),
        "unknown without a reason: {figures:#}"
    );
}

/// The screen of a group that reads on all the time.
#[track_caller]
fn tells_nothing_false(screen: &mut Terminal) {
    screen.read_while(|| false);
    let text = screen.text();
    for word in ["rewound", "already lost", "stopped"] {
        assert!(!text.contains(word), "{word}:\n{text}");
    }
}

#[test]
fn a_group_that_reads_on_is_not_called_rewound_when_its_coordinator_or_a_leader_dies() {
    let settings = [
        ("broker.session.timeout.ms", "3000"),
        ("broker.heartbeat.interval.ms", "500"),
        ("offsets.topic.replication.factor", "3"),
    ];
    let cluster = KafkaCluster::start_with(Version::V4_3_0, 3, &settings);
    let workload = cluster.workload();
    let (beside, led) = (copied(&cluster, [1, 3]), copied(&cluster, [2, 1]));
    // Of one group broker 2 is the coordinator alone, for the other one it leads what that reads.
    let orphan = group_of(&cluster, &[2], &beside);
    let bereft = group_of(&cluster, &[1, 3], &led);
    let every_second = json!({"commit": "never", "properties": {"enable.auto.commit": "true",
        "auto.commit.interval.ms": "1000", "auto.offset.reset": "earliest", "session.timeout.ms": "45000"}});
    let flows = [&beside, &led].map(|topic| workload.flow(topic, 3, 50, false));
    workload.join(&orphan, &[&beside], every_second.clone());
    workload.join(&bereft, &[&led], every_second);

    let lines = Lines::of(&cluster, &[&orphan, &bereft]);
    let open = format!(":group {orphan}\r");
    let mut screen = Start::ktui(&["--brokers", &cluster.bootstrap(), "--pane", "groups"]).run();
    screen.wait_for(&orphan).press(&open).wait_for("VERDICT");
    let is_ok = |group: &Value| group["verdict"] == "ok";
    lines.await_each("two groups that keep up", 5, is_ok);
    std::thread::scope(|scope| {
        let killed = scope.spawn(|| cluster.kill_broker(2));
        while !killed.is_finished() {
            tells_nothing_false(&mut screen);
            std::thread::park_timeout(Duration::from_millis(20));
        }
    });
    lines.await_each("two groups that keep up, without broker 2", 8, |group| {
        tells_nothing_false(&mut screen);
        is_ok(group)
    });
    cluster.restart_broker(2);
    lines.await_each("two groups that keep up, with broker 2", 8, |group| {
        tells_nothing_false(&mut screen);
        is_ok(group)
    });
    let seen = lines.seen();
    let is_lacking = |line: &Value| line["failures"].as_array().is_some_and(|all| !all.is_empty());
    assert!(seen.iter().any(is_lacking), "nobody noticed that broker 2 was dead");
    for line in seen {
        for group in line["items"].as_array().unwrap() {
            assert_nothing_false(group);
            group["partitions"]
                .as_array()
                .unwrap()
                .iter()
                .for_each(assert_nothing_false);
        }
    }
    for flow in flows {
        workload.end_flow(flow);
    }
}
