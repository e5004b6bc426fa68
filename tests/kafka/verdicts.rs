//! Verdicts on real consumers, each in a trouble of its own, all at once: the engine is asked as the Groups pane and the
//! Group pane ask it, and each group gets its verdict within the time that the rule names.
//!
//! What is asserted about time is asserted about the moments of the looks: a machine that is slow looks later.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ktui::kafka::lag::tail::Place;
use ktui::kafka::lag::watch::{CERTAIN, Doubt, Eta, GroupPace, GroupWatch, Look, Standing, Verdict};
use ktui::kafka::lag::{GroupDetail, GroupReading, Notice, PartitionLag, notices};
use ktui::kafka::model::{GroupListing, TopicPartition};
use ktui::kafka::query::{Answer, Members as ReadMembers, Query};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::support::java::{Members, Workload};
use crate::support::kafka::{KafkaCluster, Version, unique};
use crate::support::terminal::now;
use crate::support::wait;

/// The first commits come within this time.
const SOON: Duration = Duration::from_mins(1);
/// A look is taken so often, or later.
const EVERY: Duration = Duration::from_secs(2);
/// When things begin to happen, retention moves, and all is over.
const TROUBLE: f64 = 20.0;
const RETENTION: f64 = 40.0;
const END: f64 = 76.0;
/// What a verdict waits for where no commit interval is known.
const UNKNOWN: f64 = 30.0;
/// A process that was killed is a member for so long.
const SESSION: f64 = 6.0;

/// One look at a group, as a pane would tell it.
#[derive(Debug)]
struct Seen {
    at: f64,
    pace: GroupPace,
    /// What really waits, as the pane says.
    lag: Option<i64>,
    /// End minus commit.
    raw: Option<i64>,
    notices: Vec<Notice>,
    interval: Option<Duration>,
}

/// One pane's view of one group.
#[derive(Debug, Default)]
struct Watched {
    watch: GroupWatch,
    seen: Vec<Seen>,
}

impl Watched {
    fn take(&mut self, look: &Look<'_>, begin: Instant) {
        self.watch.take(look);
        let sum = |lag: &dyn Fn(&PartitionLag) -> Option<i64>| look.rows.iter().map(lag).sum::<Option<i64>>();
        let real = |row: &PartitionLag| self.watch.partition(&row.partition)?.lag(row);
        let detail = look.description.map(|description| GroupDetail {
            description: description.clone(),
            partitions: look.rows.to_vec(),
            unread: look.unread.map(Into::into),
        });
        let Some(pace) = self.watch.pace().cloned() else { return };
        self.seen.push(Seen {
            at: look.at.duration_since(begin).as_secs_f64(),
            pace,
            lag: sum(&real),
            raw: sum(&|row| row.case.lag()),
            notices: detail.map_or_else(Vec::new, |detail| notices(&detail, Some(&self.watch))),
            interval: self.watch.interval(),
        });
    }

    fn words(&self, from: f64) -> Vec<&'static str> {
        let mut words: Vec<_> = self.since(from).map(|seen| seen.pace.verdict.word()).collect();
        words.dedup();
        words
    }

    fn since(&self, from: f64) -> impl DoubleEndedIterator<Item = &Seen> {
        self.seen.iter().filter(move |seen| seen.at >= from)
    }

    /// The moment after which a verdict on what began at `from` has to stand: the time its rule names, and two looks.
    #[track_caller]
    fn due(&self, from: f64) -> f64 {
        let interval = self.seen.iter().rev().find_map(|seen| seen.interval);
        let patience = interval.map_or(UNKNOWN, |interval| 3.0 * interval.as_secs_f64());
        assert!(patience <= UNKNOWN, "{interval:?} for a commit every 5 s");
        self.looks_after(from + patience)
    }

    /// Two looks later than `at`.
    #[track_caller]
    fn looks_after(&self, at: f64) -> f64 {
        let mut after = self.since(at).skip(2);
        after
            .next()
            .map_or_else(|| panic!("no look after {at}"), |seen| seen.at)
    }

    #[track_caller]
    fn assert_only(&self, from: f64, words: &[&str]) {
        for seen in self.since(from) {
            let word = seen.pace.verdict.word();
            assert!(words.contains(&word), "{word} is none of {words:?}: {seen:#?}");
        }
    }

    #[track_caller]
    fn assert_waits(&self, from: f64) {
        for seen in self.since(from) {
            assert!(seen.lag.is_none_or(|lag| lag > 0), "a wrong zero: {seen:#?}");
        }
    }
}

/// Every group of the test, and what both panes think of it.
struct Stage<'a> {
    cluster: &'a KafkaCluster,
    engine: Engine,
    begin: Instant,
    listed: BTreeMap<String, Watched>,
    opened: BTreeMap<String, Watched>,
}

impl Stage<'_> {
    fn second(&self) -> f64 {
        now().duration_since(self.begin).as_secs_f64()
    }

    fn listings(&self) -> Vec<GroupListing> {
        let Answer::Groups(all) = self.engine.ask(Query::Groups) else {
            panic!("not groups")
        };
        all.into_iter()
            .filter(|one| self.listed.contains_key(one.group.as_str()))
            .collect()
    }

    /// One look of both panes.
    fn look(&mut self) {
        let groups = self.listings();
        let members = ReadMembers::Described;
        let query = Query::Lags {
            groups: groups.clone(),
            members,
        };
        let Answer::Lags(read) = self.engine.ask(query) else {
            panic!("not lags")
        };
        let at = now();
        for (group, reading) in &read {
            let look = Look {
                description: reading.description.as_ref(),
                state: reading.summary.state.as_ref(),
                rows: &reading.partitions,
                unread: reading.unread.as_deref(),
                at,
            };
            let watched = self.listed.get_mut(group.as_str()).unwrap();
            watched.take(&look, self.begin);
        }
        for group in groups {
            let Answer::Group(detail) = self.engine.ask(Query::Group(group)) else {
                panic!("not a group")
            };
            let look = Look::of(&detail, now());
            let watched = self.opened.get_mut(detail.description.group.as_str()).unwrap();
            watched.take(&look, self.begin);
        }
        self.tails();
    }

    fn tails(&mut self) {
        let both = || self.listed.values().chain(self.opened.values());
        let places: Vec<Place> = both().flat_map(|watched| watched.watch.places(1)).collect();
        let Answer::Tails(found) = self.engine.ask(Query::Tails(places)) else {
            panic!("not tails")
        };
        for watched in self.listed.values_mut().chain(self.opened.values_mut()) {
            watched.watch.tails(&found);
        }
    }

    /// Waits until each member but those of one group has committed for the first time: then looks begin.
    fn await_commits(&mut self, silent: &str) {
        wait::until("the first commits", SOON, || {
            let (mut groups, members) = (self.listings(), ReadMembers::Described);
            groups.retain(|group| group.group.as_str() != silent);
            let Answer::Lags(read) = self.engine.ask(Query::Lags { groups, members }) else {
                panic!("not lags")
            };
            let is_committed = |reading: &GroupReading| reading.summary.uncommitted == Some(0);
            read.values().all(is_committed).then_some(())
        });
        self.begin = now();
    }

    fn look_until(&mut self, end: f64) {
        while self.second() < end {
            let next = now() + EVERY;
            self.look();
            while now() < next {
                std::thread::park_timeout(next.duration_since(now()));
            }
        }
    }

    fn topic(&self, name: &str, partitions: i32, records: u32) -> String {
        let topic = unique(name);
        self.cluster.workload().create_topic(&topic, partitions, &[]);
        for partition in (0..partitions).filter(|_| records > 0) {
            let options = json!({"partition": partition});
            self.cluster.workload().fill(&topic, records, options);
        }
        topic
    }

    /// A group that will be watched.
    fn group(&mut self, name: &str) -> String {
        let group = unique(name);
        self.listed.insert(group.clone(), Watched::default());
        self.opened.insert(group.clone(), Watched::default());
        group
    }

    /// What both panes saw of a group.
    fn both(&self, group: &str) -> [&Watched; 2] {
        [&self.listed[group], &self.opened[group]]
    }
}

/// A consumer that commits every 5 s by itself, with more options.
fn auto(options: Value) -> Value {
    let mut all = json!({"commit": "never"});
    all["properties"] = json!({"enable.auto.commit": "true", "auto.commit.interval.ms": "5000",
        "auto.offset.reset": "earliest"});
    for (name, value) in options.as_object().unwrap() {
        if name == "properties" {
            for (name, value) in value.as_object().unwrap() {
                all["properties"][name] = value.clone();
            }
        } else {
            all[name] = value.clone();
        }
    }
    all
}

/// The groups by what becomes of them.
struct Groups {
    steady: String,
    modern: String,
    crowded: String,
    slow: String,
    catching: String,
    killed: String,
    stuck: String,
    rewound: String,
    looping: String,
    markers: String,
    lost: String,
    foreign: String,
    silent: String,
}

impl Groups {
    fn new(stage: &mut Stage<'_>) -> Self {
        Self {
            steady: stage.group("steady"),
            modern: stage.group("modern"),
            crowded: stage.group("crowded"),
            slow: stage.group("slow"),
            catching: stage.group("catching"),
            killed: stage.group("killed"),
            stuck: stage.group("stuck"),
            rewound: stage.group("rewound"),
            looping: stage.group("looping"),
            markers: stage.group("markers"),
            lost: stage.group("lost"),
            foreign: stage.group("foreign"),
            silent: stage.group("silent"),
        }
    }

    fn steady(&self, stage: &Stage<'_>) {
        for group in [&self.steady, &self.modern, &self.crowded] {
            for watched in stage.both(group) {
                let settled = watched.due(0.0);
                watched.assert_only(0.0, &["ok", "unknown"]);
                watched.assert_only(settled, &["ok"]);
                let mut doubts = watched.words(0.0);
                doubts.retain(|word| *word == "unknown");
                assert!(
                    doubts.len() <= 1,
                    "{group} was in doubt again: {:?}",
                    watched.words(0.0)
                );
                for seen in &watched.seen {
                    let is_known = match &seen.pace.verdict {
                        Verdict::Unknown(doubt) => matches!(doubt, Doubt::Watching { .. }),
                        _ => true,
                    };
                    assert!(is_known, "{group}: {seen:?}");
                }
            }
        }
        let is_idle = |notice: &Notice| matches!(notice, Notice::IdleMembers { idle, members: 5, partitions: 3 } if idle.len() == 2);
        for watched in stage.both(&self.crowded) {
            assert!(watched.seen.iter().all(|seen| seen.notices.iter().any(is_idle)));
        }
    }

    fn paced(&self, stage: &Stage<'_>) {
        for watched in stage.both(&self.slow) {
            watched.assert_only(0.0, &["unknown", "falling behind"]);
            watched.assert_waits(0.0);
            for seen in watched.since(watched.due(0.0)) {
                assert_eq!(seen.pace.verdict, Verdict::FallingBehind, "{seen:?}");
                let growth = seen.pace.pace.unwrap().growth();
                assert!(
                    matches!(seen.pace.eta, Some(Eta::Never(by)) if by > 0.0 && by <= growth + 1.0),
                    "{seen:?}"
                );
            }
        }
        for watched in stage.both(&self.catching) {
            watched.assert_only(0.0, &["unknown", "catching up"]);
            watched.assert_waits(0.0);
            watched.assert_only(watched.due(0.0), &["catching up"]);
            let last = watched.seen.last().unwrap();
            let before = watched.seen.iter().find(|seen| seen.at >= last.at - 25.0).unwrap();
            let speed = (before.lag.unwrap() - last.lag.unwrap()) as f64 / (last.at - before.at);
            let left = last.lag.unwrap() as f64 / speed;
            let Some(Eta::In(eta)) = last.pace.eta else {
                panic!("{last:?}")
            };
            let eta = eta.as_secs_f64();
            assert!((left / 3.0..left * 3.0).contains(&eta), "{eta} s of {left} s: {last:?}");
        }
    }

    fn stopped(&self, stage: &Stage<'_>, from: f64) {
        for watched in stage.both(&self.killed) {
            let due = watched.due(from).max(watched.looks_after(from + SESSION));
            watched.assert_only(0.0, &["unknown", "ok", "stopped"]);
            watched.assert_only(due, &["stopped"]);
            watched.assert_waits(from + 1.0);
            assert_eq!(watched.words(from), ["ok", "stopped"]);
        }
        for watched in stage.both(&self.stuck) {
            watched.assert_only(0.0, &["unknown", "ok", "stalled"]);
            watched.assert_waits(from + 6.0);
            for seen in watched.since(watched.due(from + 5.0)) {
                assert!(
                    matches!(seen.pace.verdict, Verdict::Stalled(Standing::For(_))),
                    "{seen:?}"
                );
                assert_eq!(seen.pace.worst, 1, "the other partitions go on");
                let is_named =
                    |notice: &Notice| matches!(notice, Notice::Stuck { partition, .. } if partition.partition.0 == 1);
                assert!(seen.notices.iter().any(is_named), "{seen:?}");
            }
        }
    }

    fn moved(&self, stage: &Stage<'_>, from: f64) {
        for watched in stage.both(&self.rewound) {
            watched.assert_only(0.0, &["unknown", "ok", "rewound", "catching up"]);
            let first = watched.since(from).next().unwrap();
            let is_doubted =
                |verdict: &Verdict| matches!(verdict, Verdict::Unknown(Doubt::WentBack(Some(by))) if *by >= 1_000);
            assert!(is_doubted(&first.pace.verdict) && first.pace.eta.is_none(), "{first:?}");
            let certain = watched.looks_after(from + CERTAIN.as_secs_f64());
            let told = watched.since(certain).next().unwrap();
            assert!(
                matches!(told.pace.verdict, Verdict::Rewound(by) if by >= 1_000),
                "{told:?}"
            );
            assert_ne!(watched.words(END).last(), Some(&"rewound"), "it is over at last");
        }
        for watched in stage.both(&self.looping) {
            let last = watched.seen.last().unwrap();
            let is_told = |notice: &Notice| matches!(notice, Notice::RebalanceLoop { .. });
            let told = watched.seen.iter().any(|seen| seen.notices.iter().any(is_told));
            assert!(told, "{last:?} {:?}", watched.watch.members());
        }
    }

    fn special(&self, stage: &Stage<'_>, topic: &str, ended: f64, moved: f64) {
        for watched in stage.both(&self.markers) {
            watched.assert_only(0.0, &["unknown", "ok"]);
            let proven = watched.looks_after(ended);
            watched.assert_only(proven, &["ok"]);
            for seen in watched.since(proven) {
                assert_eq!((seen.raw, seen.lag), (Some(1), Some(0)), "{seen:?}");
            }
            let partition = watched.watch.partition(&TopicPartition::new(topic, 0)).unwrap();
            assert_eq!(partition.nothing.map(|tail| tail.markers), Some(1));
        }
        for watched in stage.both(&self.lost) {
            watched.assert_waits(0.0);
            assert_eq!(watched.words(0.0), ["unknown", "stopped", "expired"]);
            watched.assert_only(watched.looks_after(UNKNOWN), &["stopped", "expired"]);
            let after: Vec<_> = watched.since(moved).map(|seen| &seen.pace.verdict).collect();
            assert!(
                after.iter().all(|verdict| **verdict == Verdict::Expired(1_400)),
                "{after:?}"
            );
        }
        for watched in stage.both(&self.foreign) {
            // Retention takes what waits here, too. Other groups share the coordinator: who is in the group may be unknown
            // for a look.
            let told: Vec<_> = watched
                .words(0.0)
                .into_iter()
                .filter(|word| *word != "unknown")
                .collect();
            assert_eq!(told.first(), Some(&"unassigned"));
            assert_eq!(told.last(), Some(&"expired"));
            watched.assert_only(0.0, &["unknown", "unassigned", "expired"]);
            watched.assert_waits(0.0);
        }
        for watched in stage.both(&self.silent) {
            watched.assert_only(0.0, &["no commit"]);
            assert!(watched.seen.iter().all(|seen| seen.lag.is_none()));
        }
    }
}

/// Says that it is over when it is dropped, also by a failure.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Adds and removes a member until it is told to end.
fn rebalance(workload: &Workload, group: &str, topic: &str, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        let extra: Members = workload.join(group, &[topic], auto(json!({"client": "restarting"})));
        workload.leave(extra);
    }
}

#[test]
fn every_trouble_gets_its_verdict_in_time_and_a_steady_group_none() {
    let cluster = KafkaCluster::shared(Version::V4_3_0);
    let workload = cluster.workload();
    let mut stage = Stage {
        cluster,
        engine: Engine::new(cluster),
        begin: now(),
        listed: BTreeMap::new(),
        opened: BTreeMap::new(),
    };
    let groups = Groups::new(&mut stage);
    let three = stage.topic("three", 3, 0);
    let (one, work, backlog) = (
        stage.topic("one", 1, 3_000),
        stage.topic("work", 1, 10_000),
        stage.topic("backlog", 1, 90_000),
    );
    let (payments, old) = (stage.topic("payments", 1, 0), stage.topic("old", 1, 2_000));
    let mut flows = vec![
        workload.flow(&three, 3, 50, false),
        workload.flow(&one, 1, 50, false),
        workload.flow(&work, 1, 400, false),
        workload.flow(&backlog, 1, 50, false),
    ];
    let transactions = workload.flow(&payments, 1, 10, true);

    let doomed = Workload::start(cluster);
    let timeout = json!({"properties": {"session.timeout.ms": "6000"}, "drain": true});
    doomed.join(&groups.killed, &[&one], auto(timeout));
    workload.join(&groups.steady, &[&three], auto(json!({"members": 2})));
    workload.join(&groups.modern, &[&three], auto(json!({"protocol": "consumer"})));
    workload.join(&groups.crowded, &[&three], auto(json!({"members": 5})));
    let tired = json!({"idleMs": 200, "properties": {"max.poll.records": "10"}});
    workload.join(&groups.slow, &[&work], auto(tired));
    let busy = json!({"idleMs": 100, "properties": {"max.poll.records": "50"}});
    workload.join(&groups.catching, &[&backlog], auto(busy.clone()));
    let stuck = workload.join(&groups.stuck, &[&three], auto(json!({})));
    let rewound = workload.join(&groups.rewound, &[&one], auto(json!({})));
    workload.join(&groups.looping, &[&three], auto(json!({})));
    let reader = json!({"commit": "records", "isolation": "read_committed"});
    workload.join(&groups.markers, &[&payments], reader);
    workload.commit(&groups.lost, &[(&old, 0, 100)]);
    workload.commit(&groups.foreign, &[(&old, 0, 500)]);
    workload.join(&groups.foreign, &[&three], auto(json!({})));
    workload.join(&groups.silent, &[&three], json!({"commit": "never"}));

    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| rebalance(workload, &groups.looping, &three, &is_over));
        let over = Over(&is_over);
        stage.await_commits(&groups.silent);
        stage.look_until(TROUBLE);
        doomed.kill();
        let killed = stage.second();
        workload.hold(&stuck, &[1]);
        workload.end_flow(transactions);
        let ended = stage.second();
        workload.leave(rewound);
        workload.commit(&groups.rewound, &[(&one, 0, 500)]);
        workload.join(&groups.rewound, &[&one], auto(busy));
        let went_back = stage.second();
        stage.look_until(RETENTION);
        workload.delete_records(&old, 0, 1_500);
        let moved = stage.second();
        stage.look_until(END);
        drop(over);
        stage.listed.iter().for_each(|(group, watched)| {
            println!(
                "{group}: {:?} interval {:?}",
                watched.words(0.0),
                watched.watch.interval()
            );
        });
        groups.steady(&stage);
        groups.paced(&stage);
        groups.stopped(&stage, killed);
        groups.moved(&stage, went_back);
        groups.special(&stage, &payments, ended, moved);
    });
    flows.drain(..).for_each(|flow| workload.end_flow(flow));
}
