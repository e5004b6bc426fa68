//! Imports that are cut off at any point, into a simulated cluster that loses answers: resumed, everything is there once.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ktui::kafka::client::{Client, ClientSettings};
use ktui::kafka::model::Codec;
use ktui::kafka::send::Sender;
use ktui::ops::Sending;
use ktui::ops::import::{Begin, Import, ImportError};
use ktui::ops::transfer::checkpoint::Checkpoint;
use ktui::ops::transfer::outcome::Stopped;
use ktui::ops::transfer::source::chunks;
use ktui::ops::transfer::spare::Spare;
use ktui::ops::transfer::{Cut, Format, OnBad, Outcome, Progress, Recipe, Run, Spec, Target};
use ktui::sim::fault::{Fault, Rule, Scope};
use ktui::sim::{SimCluster, SimHandle, SimSpec, TopicSpec};
use proptest::prelude::*;
use tokio::sync::watch;

use crate::send::stored;
use crate::support::wait;

const PRODUCE: i16 = 0;
const TOPIC: &str = "restored";
const PARTITIONS: i32 = 3;

struct Bed {
    cluster: SimCluster,
    sim: SimHandle,
    folder: tempfile::TempDir,
    /// Imported instead of the file.
    pipe: Option<PathBuf>,
}

impl Bed {
    async fn new(lines: u32) -> Self {
        let topic = TopicSpec::new(TOPIC, PARTITIONS as usize)
            .replication(3)
            // Small batches, so that a short file has many.
            .config("max.message.bytes", "1000");
        let cluster = SimCluster::start(SimSpec::small().brokers(3).add_topic(topic))
            .await
            .unwrap();
        let bed = Self {
            sim: cluster.handle(),
            cluster,
            folder: tempfile::tempdir().unwrap(),
            pipe: None,
        };
        let line = |n: u32| {
            let key = if n.is_multiple_of(3) {
                "null".to_owned()
            } else {
                format!("\"k{}\"", n % 10)
            };
            format!(
                "{{\"partition\":{},\"timestamp\":{n},\"key\":{key},\"value\":\"{n}\",\"headers\":[]}}\n",
                n % 3
            )
        };
        fs::write(bed.file(), (0..lines).map(line).collect::<Vec<_>>().concat()).unwrap();
        bed
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("records.jsonl")
    }

    fn checkpoint(&self) -> PathBuf {
        let files = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|file| file.unwrap().path());
        let prefix = format!("records.jsonl.import-{TOPIC}-");
        files
            .filter(|path| {
                path.extension()
                    .is_some_and(|ending| ending.to_string_lossy().starts_with("import-"))
            })
            .find(|path| path.file_name().unwrap().to_string_lossy().starts_with(&prefix))
            .unwrap()
    }

    /// As a new process would: a client of its own.
    fn client(&self) -> Client {
        let bootstrap = self.cluster.bootstrap().into_iter().map(|address| address.to_string());
        Client::new(ClientSettings {
            request_timeout: Duration::from_millis(300),
            ..ClientSettings::new(bootstrap)
        })
    }

    async fn import(&self, client: &Client) -> Import {
        let target = Target::ask(client, &TOPIC.into()).await.unwrap();
        Import {
            path: self.pipe.clone().unwrap_or_else(|| self.file()),
            checkpoint: None,
            recipe: Recipe {
                format: Format::Jsonl,
                codec: Codec::None,
                target,
                partition: None,
                keep_partitions: false,
                origin_headers: false,
                on_bad: OnBad::Stop,
                clock: || 1_000_000,
                spare: Spare::default(),
            },
            limit: None,
            rate: None,
            patience: Duration::from_secs(20),
        }
    }

    /// Imports until `stop` says so, or to the end.
    async fn run(&self, begin: Begin, stop: impl Fn(Progress) -> bool) -> Result<Outcome, ImportError> {
        let client = self.client();
        let ready = self.import(&client).await.open(begin).await?;
        client.unlock().unwrap();
        let intent = sending().confirmed(&client).unwrap();
        let (progress, mut seen) = watch::channel(Progress::default());
        let (_never, cancel) = watch::channel(false);
        let applied = ready.apply(&client, intent, progress, cancel);
        let killed = async {
            while !stop(*seen.borrow_and_update()) {
                // At once after some progress; what else `stop` looks at tells nobody.
                drop(tokio::time::timeout(Duration::from_millis(1), seen.changed()).await);
            }
        };
        tokio::select! {
            biased;
            // Dropped where it stands, as by kill -9: requests under way are not waited for.
            () = killed => Ok(Outcome { stopped: Some(Stopped::Cancelled), ..Outcome::default() }),
            outcome = applied => outcome,
        }
    }

    fn values(&self) -> Vec<u32> {
        let all = (0..PARTITIONS).flat_map(|partition| stored(&self.sim, TOPIC, partition));
        let mut values: Vec<u32> = all.map(|value| value.parse().unwrap()).collect();
        values.sort_unstable();
        values
    }
}

fn sending() -> Sending {
    Sending {
        cluster: "sim".to_owned(),
        topic: TOPIC.into(),
        records: None,
    }
}

fn saved(path: &Path) -> Checkpoint {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn wherever_it_is_killed_a_resumed_import_has_everything_once(
        kills in prop::collection::vec(1_u64..400, 1..5), faults in prop::collection::vec(0_usize..6, 0..12), expires: bool
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let bed = Bed::new(400).await;
            let kinds = [
                Fault::CloseUnanswered,
                Fault::CloseUnserved,
                Fault::SkipAnswer,
                Fault::NeverAnswer,
                Fault::Truncate { bytes: 6 },
                Fault::Delay(Duration::from_millis(20)),
            ];
            for fault in &faults {
                bed.sim.inject(Rule::new(kinds[*fault].clone()).api(PRODUCE));
            }
            let mut was_killed = false;
            for kill in kills.iter().copied() {
                let outcome = bed.run(Begin::Resume, |progress| progress.records >= kill).await.unwrap();
                was_killed |= outcome.stopped.is_some();
                if outcome.stopped.is_some() && expires {
                    // The brokers have forgotten the producer: only the topic itself tells what arrived.
                    quiet(&bed.sim);
                    bed.sim.edit(|state| {
                        let topic = state.topic_mut(TOPIC).unwrap();
                        topic.partitions.iter_mut().for_each(|partition| partition.producers.expire());
                    });
                }
            }
            // Behind the 300th record there may be no more batches than may be open: the first could come too late, and
            // then nothing is left for the others.
            assert!(was_killed || kills[0] > 300, "none of {kills:?} killed it");
            let outcome = bed.run(Begin::Resume, |_| false).await.unwrap();
            assert_eq!(outcome.stopped, None, "{outcome:?}");
            assert!(bed.values().into_iter().eq(0..400), "{:?}", bed.values());
            assert!(saved(&bed.checkpoint()).is_complete);
        });
    }
}

/// Waits until the requests of a killed process have been served.
fn quiet(sim: &SimHandle) {
    wait::until(
        "an end of the killed client's connections",
        Duration::from_secs(10),
        || (sim.open_connections() == 0).then_some(()),
    );
}

#[tokio::test]
async fn what_was_done_is_not_done_again_and_what_changed_is_not_resumed() {
    let bed = Bed::new(60).await;
    assert_eq!(bed.run(Begin::Fresh, |_| false).await.unwrap().records, 60);
    let again = bed.run(Begin::Fresh, |_| false).await.unwrap_err();
    assert!(again.to_string().contains("all of it (60 records)"), "{again}");
    let outcome = bed.run(Begin::Resume, |_| false).await.unwrap();
    assert_eq!((outcome.records, bed.values().len()), (0, 60));
    let text = fs::read_to_string(bed.file()).unwrap();
    fs::write(bed.file(), format!("{text}{{\"value\":\"more\"}}\n")).unwrap();
    let longer = bed.run(Begin::Resume, |_| false).await.unwrap_err();
    assert!(longer.to_string().contains("has changed"), "{longer}");
    fs::write(bed.file(), text.replacen("\"value\":\"3\"", "\"value\":\"4\"", 1)).unwrap();
    let changed = bed.run(Begin::Resume, |_| false).await.unwrap_err();
    assert!(changed.to_string().contains("has changed"), "{changed}");
    bed.sim.edit(|state| state.delete_topic(TOPIC));
    bed.sim
        .edit(|state| state.create_topic(TOPIC, vec![vec![1]; 3], BTreeMap::default()));
    let other = bed.run(Begin::Resume, |_| false).await.unwrap_err();
    assert!(other.to_string().contains("deleted and made again"), "{other}");
}

/// Stops an import whose first batches were stored and never answered, and deletes what was stored, as retention does.
async fn cut_off(bed: &Bed) {
    let rule = bed.sim.inject(Rule::new(Fault::NeverAnswer).api(PRODUCE).always());
    let sim = bed.sim.clone();
    let stored = move || sim.look(|state| ends(state) > 0);
    bed.run(Begin::Fresh, |_| stored()).await.unwrap();
    quiet(&bed.sim);
    bed.sim.clear(rule);
    bed.sim.edit(|state| {
        for partition in &mut state.topic_mut(TOPIC).unwrap().partitions {
            let end = partition.log.high_watermark();
            partition.log.trim_before(end);
        }
    });
}

/// Records that were ever stored.
fn ends(state: &ktui::sim::state::State) -> i64 {
    let topic = state.topic(TOPIC).unwrap();
    topic
        .partitions
        .iter()
        .map(|partition| partition.log.high_watermark())
        .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_retention_took_is_asked_of_the_leader_and_who_cannot_know_says_so() {
    let bed = Bed::new(400).await;
    cut_off(&bed).await;
    let outcome = bed.run(Begin::Resume, |_| false).await.unwrap();
    assert_eq!(outcome.stopped, None);
    assert!(outcome.found > 0, "{outcome:?}");
    assert_eq!(bed.sim.look(ends), 400, "each was stored once");

    let bed = Bed::new(400).await;
    cut_off(&bed).await;
    bed.sim.edit(|state| {
        let topic = state.topic_mut(TOPIC).unwrap();
        topic
            .partitions
            .iter_mut()
            .for_each(|partition| partition.producers.expire());
    });
    let error = bed.run(Begin::Resume, |_| false).await.unwrap_err();
    assert!(
        error.to_string().contains("whether the last batches arrived"),
        "{error}"
    );
}

#[tokio::test]
async fn a_broken_line_stops_the_import_before_it_and_a_mended_one_lets_it_go_on() {
    let bed = Bed::new(200).await;
    let whole = fs::read_to_string(bed.file()).unwrap();
    let broken = whole.replacen("\"value\":\"150\"", "\"value\":150", 1);
    fs::write(bed.file(), broken).unwrap();
    let outcome = bed.run(Begin::Fresh, |_| false).await.unwrap();
    assert_eq!(outcome.stopped, Some(Stopped::BadLine));
    assert_eq!(outcome.bad[0].line, 151);
    assert!(
        bed.values().into_iter().eq(0..outcome.records as u32),
        "a whole beginning"
    );
    fs::write(bed.file(), whole).unwrap();
    let outcome = bed.run(Begin::Resume, |_| false).await.unwrap();
    assert_eq!(outcome.stopped, None);
    assert!(bed.values().into_iter().eq(0..200));
}

/// Lines that a failure names, from 1.
fn failed_lines(outcome: &Outcome) -> Vec<u64> {
    outcome.failed.iter().flat_map(|failed| failed.lines.clone()).collect()
}

#[tokio::test]
async fn after_a_refused_batch_every_line_has_its_result_and_a_resumed_import_sends_the_others() {
    let bed = Bed::new(400).await;
    let scope = Scope::Partition(TOPIC.to_owned(), 0);
    let rule = bed
        .sim
        .inject(Rule::new(Fault::Error { code: 87, scope }).api(PRODUCE).always());
    let outcome = bed.run(Begin::Fresh, |_| false).await.unwrap();
    assert_eq!(outcome.stopped, Some(Stopped::Failed));
    let failed = failed_lines(&outcome);
    assert!(!failed.is_empty() && outcome.records > 0, "{outcome:?}");
    // The value of a line is its number, from 0.
    let mut told: Vec<u64> = bed.values().into_iter().map(|value| u64::from(value) + 1).collect();
    assert_eq!(told.len() as u64, outcome.records);
    told.extend(failed);
    told.sort_unstable();
    assert!(
        told.into_iter().eq(1..=outcome.to.lines),
        "{outcome:?}: each up to there is stored or failed, and none behind it was sent"
    );
    bed.sim.clear(rule);
    let outcome = bed.run(Begin::Resume, |_| false).await.unwrap();
    assert_eq!(outcome.stopped, None, "{outcome:?}");
    assert!(bed.values().into_iter().eq(0..400), "{:?}", bed.values());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_under_way_is_not_sent_again_when_the_file_has_changed_there() {
    let bed = Bed::new(400).await;
    let rule = bed.sim.inject(Rule::new(Fault::NeverAnswer).api(PRODUCE).always());
    let sim = bed.sim.clone();
    bed.run(Begin::Fresh, |_| sim.look(ends) > 0).await.unwrap();
    quiet(&bed.sim);
    bed.sim.clear(rule);
    let (under_way, before) = (saved(&bed.checkpoint()).open, bed.values());
    assert!(!under_way.is_empty(), "it was killed while something was under way");
    let text = fs::read_to_string(bed.file()).unwrap();
    fs::write(bed.file(), text.replacen("\"value\":\"1\"", "\"value\":\"7\"", 1)).unwrap();
    let outcome = bed.run(Begin::Resume, |_| false).await.unwrap();
    assert_eq!(outcome.stopped, Some(Stopped::Changed), "{outcome:?}");
    assert_eq!(
        (outcome.records, outcome.to.lines),
        (0, under_way.last().unwrap().to.lines),
        "only of what follows it is known that it was never sent"
    );
    assert_eq!(bed.values(), before);
}

#[tokio::test]
async fn what_was_sent_is_not_warned_of_when_an_import_is_resumed() {
    let bed = Bed::new(400).await;
    bed.run(Begin::Fresh, |progress| progress.records >= 250).await.unwrap();
    let client = bed.client();
    let mut import = bed.import(&client).await;
    // The time of a record is its number: meanwhile the first 200 have become too old.
    import.recipe.target.rules.oldest = (import.recipe.clock)() - 200;
    let fresh = import.survey().await.unwrap();
    assert_eq!((fresh.records, fresh.bad_count), (200, 200));
    let resumed = import.open(Begin::Resume).await.unwrap().survey().await.unwrap();
    assert_eq!(
        (resumed.records, resumed.bad_count),
        (400, 0),
        "those are there already"
    );
}

#[tokio::test]
async fn lines_of_a_pipe_are_imported_as_they_come() {
    let (reader, mut writer) = io::pipe().unwrap();
    let mut bed = Bed::new(1).await;
    bed.pipe = Some(format!("/dev/fd/{}", reader.as_raw_fd()).into());
    writer.write_all(&fs::read(bed.file()).unwrap()).unwrap();
    let stored = bed.run(Begin::Fresh, |progress| progress.records == 1);
    let outcome = tokio::time::timeout(Duration::from_secs(10), stored).await;
    assert!(outcome.is_ok(), "the line waits for the end of the pipe");
    assert_eq!(bed.values(), [0]);
    drop(writer);
}

/// An input that breaks, and ends the run as soon as that was told.
struct Breaking(watch::Sender<bool>);

impl Read for Breaking {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

impl Drop for Breaking {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

#[tokio::test]
async fn what_was_read_before_an_input_broke_can_still_be_stopped() {
    let bed = Bed::new(100).await;
    let rule = bed.sim.inject(Rule::new(Fault::NeverAnswer).api(PRODUCE).always());
    let client = bed.client();
    let recipe = bed.import(&client).await.recipe;
    client.unlock().unwrap();
    let (intent, patience) = (sending().confirmed(&client).unwrap(), Duration::from_secs(20));
    let producer = client.new_producer(&intent, patience).await.unwrap();
    let (end, cancel) = watch::channel(false);
    // One chunk more than may be open waits when the input breaks.
    let mut bounds = recipe.bounds();
    (bounds.lines, bounds.bytes) = (1, usize::MAX);
    let lines = fs::read(bed.file())
        .unwrap()
        .split_inclusive(|byte| *byte == b'\n')
        .take(6)
        .collect::<Vec<_>>()
        .concat();
    let input = io::Cursor::new(lines).chain(Breaking(end));
    let chunks = chunks(Cut::new(input, bounds), false).unwrap();
    let spec = Spec {
        recipe,
        first: 0,
        rate: None,
    };
    let sender = Sender::new(client.clone(), intent, TOPIC.into(), producer, patience);
    let mut ended = cancel.clone();
    let run = Run::new(spec, sender, watch::channel(Progress::default()).0).run(chunks, cancel);
    let answers = async {
        ended.changed().await.unwrap();
        bed.sim.clear(rule);
    };
    let (outcome, ()) = tokio::join!(run, answers);
    assert_eq!(outcome.stopped, Some(Stopped::Cancelled), "{outcome:?}");
    assert!(outcome.to.lines <= 5, "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_stored_is_finished_although_the_topic_would_take_it_no_more() {
    let bed = Bed::new(400).await;
    let rule = bed.sim.inject(Rule::new(Fault::NeverAnswer).api(PRODUCE).always());
    let sim = bed.sim.clone();
    bed.run(Begin::Fresh, |_| sim.look(ends) > 0).await.unwrap();
    quiet(&bed.sim);
    bed.sim.clear(rule);
    let under_way = saved(&bed.checkpoint()).open.last().unwrap().to.lines;
    bed.sim.edit(|state| {
        let configs = &mut state.topic_mut(TOPIC).unwrap().configs;
        configs.insert("message.timestamp.before.max.ms".to_owned(), "10".to_owned());
    });
    let outcome = bed.run(Begin::Resume, |_| false).await.unwrap();
    assert_eq!(
        outcome.stopped,
        Some(Stopped::BadLine),
        "what follows is too old: {outcome:?}"
    );
    assert_eq!(outcome.to.lines, under_way);
    assert!(bed.values().into_iter().map(u64::from).eq(0..under_way));
}

#[tokio::test]
async fn an_import_into_each_of_two_clusters_has_a_checkpoint_of_its_own() {
    let bed = Bed::new(1).await;
    let mut import = bed.import(&bed.client()).await;
    let mut path = |id: Option<&str>| {
        import.recipe.target.cluster.id = id.map(str::to_owned);
        let path = import.checkpoint_path();
        path.file_name().unwrap().to_string_lossy().into_owned()
    };
    assert_eq!(
        path(Some("XsRCWiCM/ySgBd5SVzvPsg")),
        "records.jsonl.import-restored-5SVzvPsg"
    );
    assert_ne!(path(Some("another")), path(Some("one")));
    assert_eq!(path(None), "records.jsonl.import-restored");
}
