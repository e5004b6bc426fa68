//! Skipping one record against a simulated cluster: which one it is, that it is saved before anything is sent, and every
//! reason not to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use ktui::kafka::model::{Offset, TopicPartition};
use ktui::ops::reset::{
    Applied, Applying, ClusterMark, Effect, Journal, NoPlan, NotApplied, Passed, Plan, Save, Skip, Undo, apply,
    plan_skip, plan_undo,
};
use ktui::ops::transfer::jsonl;
use ktui::sim::batch::{Batch, HEADER_LEN, Marker, Record};
use ktui::sim::fault::{Fault, Rule};
use ktui::sim::state::group::{GroupState, Member};
use ktui::sim::{GroupSpec, SimSpec, TopicSpec};

use crate::scene::{Scene, api};

const OFFSET_COMMIT: i16 = 8;
const NOW: i64 = 1_700_000_100_000;
const GROUP: &str = "billing";
/// A value that is no text.
const POISON: &[u8] = b"\x00\xffnot { json\n";

fn poison() -> Record {
    Record::value(Bytes::from_static(POISON))
        .header("trace", Some(Bytes::from_static(b"1")))
        .header("trace", None)
        .header("trace", Some(Bytes::from_static(b"\xfe")))
        .at(1_700_000_001_000)
}

fn plain(value: &'static str) -> Record {
    Record::value(value).key("k").at(1_700_000_000_000)
}

/// Good, poison, good; the group stands at the poison.
fn orders() -> TopicSpec {
    TopicSpec::new("orders", 2).records(0, [plain("a"), poison(), plain("c")])
}

struct Bed {
    scene: Scene,
    dir: tempfile::TempDir,
}

impl Bed {
    async fn of(topic: TopicSpec, group: GroupSpec) -> Self {
        let spec = SimSpec::small().brokers(3).add_topic(topic).add_group(group);
        let scene = Scene::with_patience(spec, Duration::from_secs(2)).await;
        scene.client.unlock().unwrap();
        Self {
            scene,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    async fn at(topic: TopicSpec, offset: i64) -> Self {
        Self::of(topic, GroupSpec::classic(GROUP).commit("orders", 0, offset)).await
    }

    async fn stuck() -> Self {
        Self::at(orders(), 1).await
    }

    fn skip(&self, partition: i32) -> Skip {
        Skip {
            group: GROUP.into(),
            partition: TopicPartition::new("orders", partition),
            expected: None,
            save: Save::in_state(self.dir.path()),
        }
    }

    async fn try_plan(&self) -> Result<Plan, NoPlan> {
        plan_skip(&self.scene.client, &self.skip(0), NOW).await
    }

    async fn plan(&self) -> Plan {
        self.try_plan().await.unwrap()
    }

    async fn refused(&self, skip: &Skip) -> String {
        let none = plan_skip(&self.scene.client, skip, NOW).await.unwrap_err();
        assert_eq!(self.scene.seen(OFFSET_COMMIT), 0);
        assert!(self.files().is_empty(), "a plan writes nothing");
        none.to_string()
    }

    async fn apply(&self, plan: &Plan) -> Result<Applied, NotApplied> {
        self.apply_of(plan, None).await
    }

    async fn apply_of(&self, plan: &Plan, undoes: Option<&Path>) -> Result<Applied, NotApplied> {
        let intent = plan.confirmed(&self.scene.client).unwrap();
        let journal = Journal {
            dir: self.dir.path().to_owned(),
            cluster: ClusterMark {
                id: Some("sim".to_owned()),
                name: "sim".to_owned(),
            },
            who: "ann".to_owned(),
        };
        let applying = Applying {
            journal: &journal,
            patience: Duration::from_secs(20),
            undoes,
            clock: || NOW,
        };
        apply(&self.scene.client, &intent, plan, applying).await
    }

    fn committed(&self) -> i64 {
        self.scene.sim.look(|state| {
            let group = &state.groups[GROUP.as_bytes()];
            let topics = group.commits.iter();
            let mut rows = topics.flat_map(|(_, rows)| rows.iter());
            rows.find(|(id, _)| **id == 0).unwrap().1.offset
        })
    }

    /// The files of records.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.dir.path().join("skipped"));
        entries.map_or_else(
            |_| Vec::new(),
            |entries| entries.map(|entry| entry.unwrap().path()).collect(),
        )
    }

    fn joins(&self) {
        self.scene.sim.edit_group(GROUP, |group| {
            group.members.push(Member {
                member_id: "m-1".to_owned(),
                client_id: "worker".to_owned(),
                client_host: "/10.0.0.7".to_owned(),
                subscription: vec!["orders".to_owned()],
                ..Member::default()
            });
            group.state = GroupState::Stable;
        });
    }
}

fn after(plan: &Plan) -> i64 {
    plan.changes[0].after.as_ref().unwrap().as_ref().unwrap().offset.0
}

fn passed(plan: &Plan) -> Passed {
    plan.saves.as_ref().unwrap().passed
}

#[tokio::test]
async fn a_record_is_saved_whole_and_the_commit_goes_one_past_it() {
    let bed = Bed::stuck().await;
    let plan = bed.plan().await;
    let saving = plan.saves.clone().unwrap();
    assert_eq!(saving.path, bed.dir.path().join("skipped/billing-orders-0@1.jsonl"));
    assert_eq!((after(&plan), plan.effect(&plan.changes[0])), (2, Effect::Skips(1)));
    assert_eq!(passed(&plan), Passed::default());
    assert!(bed.files().is_empty(), "a plan writes nothing");
    let applied = bed.apply(&plan).await.unwrap();
    assert_eq!((applied.settled[0].outcome.word(), bed.committed()), ("verified", 2));
    assert_eq!(
        (applied.saved, bed.scene.seen(OFFSET_COMMIT)),
        (Some(saving.path.clone()), 1)
    );
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&saving.path), mode(saving.path.parent().unwrap())),
        (0o600, 0o700)
    );

    // An import reads the same record, byte for byte.
    let line = fs::read(&saving.path).unwrap();
    assert_eq!(line.split(|byte| *byte == b'\n').count(), 2, "one line and its end");
    let read = jsonl::parse(line.strip_suffix(b"\n").unwrap(), 0).unwrap().record;
    assert_eq!((read.key.as_deref(), read.value.as_deref()), (None, Some(POISON)));
    let headers: Vec<_> = read
        .headers
        .iter()
        .map(|(key, value)| (&key[..], value.as_deref()))
        .collect();
    let expected: [(&[u8], Option<&[u8]>); 3] = [(b"trace", Some(b"1")), (b"trace", None), (b"trace", Some(b"\xfe"))];
    assert_eq!(headers, expected);
    assert_eq!(read.timestamp, 1_700_000_001_000);

    // What was done is in the audit log, with the file, and can be taken back.
    let audit = fs::read_to_string(bed.dir.path().join("audit.jsonl")).unwrap();
    let what = format!(
        "move 1 offset of group billing past orders-0@1, saved to {}",
        saving.path.display()
    );
    assert!(audit.contains(&what), "{audit}");
    let path = applied.undo.unwrap();
    let back = plan_undo(&bed.scene.client, &Undo::read(&path).unwrap(), NOW)
        .await
        .unwrap();
    bed.apply_of(&back, Some(&path)).await.unwrap();
    assert_eq!(bed.committed(), 1);
    assert!(saving.path.exists(), "a record that was saved stays");
}

#[tokio::test]
async fn markers_aborted_records_and_holes_are_passed_and_said() {
    let topic = TopicSpec::new("orders", 1)
        .batch(0, Batch::of([plain("x"), plain("y")]).transactional(7))
        .batch(0, Batch::marker(7, Marker::Abort))
        .batch(0, Batch::of([plain("a")]).transactional(8))
        .batch(0, Batch::marker(8, Marker::Commit))
        .batch(
            0,
            Batch::of([plain("cleaned"), poison()]).spread({
                let mut steps = [1, 4].into_iter();
                move || steps.next().unwrap()
            }),
        );
    // 0 and 1 aborted, 2 marker, 3 data, 4 marker, 5 data, 6 to 8 cleaned away, 9 poison.
    for (committed, at, expected) in [
        (
            0,
            3,
            Passed {
                aborted: 2,
                markers: 1,
                ..Passed::default()
            },
        ),
        (
            4,
            5,
            Passed {
                markers: 1,
                ..Passed::default()
            },
        ),
        (
            6,
            9,
            Passed {
                holes: 3,
                ..Passed::default()
            },
        ),
    ] {
        let bed = Bed::at(topic.clone(), committed).await;
        let plan = bed.plan().await;
        assert_eq!((after(&plan), passed(&plan)), (at + 1, expected), "from {committed}");
        assert_eq!(
            plan.effect(&plan.changes[0]),
            Effect::Skips(1),
            "one record, whatever is passed"
        );
        bed.apply(&plan).await.unwrap();
        assert_eq!(bed.committed(), at + 1);
    }
}

#[tokio::test]
async fn a_commit_that_retention_has_overtaken_skips_the_first_that_is_left() {
    let topic = TopicSpec::new("orders", 1)
        .records(0, [plain("a")])
        .records(0, [plain("b")])
        .records(0, [poison()])
        .log_start(0, 2);
    let bed = Bed::at(topic, 0).await;
    let plan = bed.plan().await;
    let lost = Passed {
        lost: 2,
        ..Passed::default()
    };
    assert_eq!((after(&plan), passed(&plan)), (3, lost));
}

#[tokio::test]
async fn where_nothing_can_be_skipped_it_is_said_why() {
    let bed = Bed::at(orders(), 3).await;
    let said = bed.refused(&bed.skip(0)).await;
    assert_eq!(
        said,
        "the commit of orders-0 is at the end of the log: nothing waits there"
    );
    let said = bed.refused(&bed.skip(1)).await;
    assert_eq!(
        said,
        "group billing has committed nothing on orders-1: there is no commit to move past a record"
    );
    let said = bed.refused(&bed.skip(9)).await;
    assert_eq!(said, "orders-9: the partition does not exist");
    let unknown = Skip {
        group: "nobody".into(),
        ..bed.skip(0)
    };
    assert_eq!(bed.refused(&unknown).await, "group nobody does not exist or is hidden");
    let nowhere = Skip {
        partition: TopicPartition::new("nowhere", 0),
        ..bed.skip(0)
    };
    assert!(bed.refused(&nowhere).await.contains("nowhere"));
    bed.scene.sim.commit(GROUP, "orders", 0, 9);
    let said = bed.refused(&bed.skip(0)).await;
    assert_eq!(said, "the commit 9 of orders-0 lies past the end of the log, 3");
    bed.scene.sim.take_leader("orders", 0);
    let said = bed.refused(&bed.skip(0)).await;
    assert_eq!(said, "orders-0: the partition has no leader");
}

#[tokio::test]
async fn only_where_the_commit_still_is_what_a_script_has_seen() {
    let bed = Bed::stuck().await;
    let expecting = |offset| Skip {
        expected: Some(Offset(offset)),
        ..bed.skip(0)
    };
    assert!(plan_skip(&bed.scene.client, &expecting(1), NOW).await.is_ok());
    assert_eq!(bed.refused(&expecting(0)).await, "the commit of orders-0 is 1, not 0");
}

#[tokio::test]
async fn markers_alone_are_nothing_to_skip_and_an_open_transaction_is_waited_for() {
    let marked = TopicSpec::new("orders", 1)
        .batch(0, Batch::of([plain("a")]).transactional(7))
        .batch(0, Batch::marker(7, Marker::Commit));
    let bed = Bed::at(marked, 1).await;
    assert_eq!(
        bed.refused(&bed.skip(0)).await,
        "nothing but 1 transaction marker lies behind the commit of orders-0: nothing waits there"
    );
    let open = TopicSpec::new("orders", 1)
        .records(0, [plain("a")])
        .batch(0, Batch::of([plain("b")]).transactional(7));
    let bed = Bed::at(open, 1).await;
    let said = bed.refused(&bed.skip(0)).await;
    assert!(said.starts_with("from orders-0@1 on a transaction is open"), "{said}");
    assert!(said.ends_with("ktui reset billing --topic orders:0 --shift-by 1 moves one offset on and saves nothing"));
}

#[tokio::test]
async fn many_aborted_records_are_looked_past() {
    let mut topic = TopicSpec::new("orders", 1);
    for _ in 0..12 {
        let large = Record::value("x".repeat(60_000)).at(1);
        topic = topic
            .batch(0, Batch::of([large.clone(), large]).transactional(7))
            .batch(0, Batch::marker(7, Marker::Abort));
    }
    let bed = Bed::at(topic.records(0, [poison()]), 0).await;
    let plan = bed.plan().await;
    let expected = Passed {
        markers: 12,
        aborted: 24,
        ..Passed::default()
    };
    assert_eq!((after(&plan), passed(&plan)), (37, expected));
}

#[tokio::test]
async fn what_cannot_be_read_is_saved_byte_for_byte_and_passed_as_a_whole() {
    let mut broken = Batch::of([plain("b"), plain("c"), plain("d")])
        .base_offset(1)
        .encode(0)
        .unwrap()
        .to_vec();
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let topic = TopicSpec::new("orders", 1)
        .records(0, [plain("a")])
        .verbatim(0, broken.clone().into())
        .records(0, [plain("e")]);
    let bed = Bed::at(topic, 1).await;
    let plan = bed.plan().await;
    assert_eq!((after(&plan), plan.effect(&plan.changes[0])), (4, Effect::Skips(3)));
    let path = plan.saves.as_ref().unwrap().path.clone();
    assert_eq!(path.file_name().unwrap(), "billing-orders-0@1.bin");
    bed.apply(&plan).await.unwrap();
    let saved = fs::read(&path).unwrap();
    // The broker sets the leader's epoch, which the checksum does not cover.
    assert_eq!((saved.len(), &saved[16..]), (broken.len(), &broken[16..]));
    assert_eq!(bed.committed(), 4);
}

#[tokio::test]
async fn a_group_in_the_middle_of_a_damaged_rest_skips_that_and_no_good_record() {
    let mut broken = Batch::of([plain("b"), plain("c"), plain("d")])
        .base_offset(1)
        .encode(0)
        .unwrap()
        .to_vec();
    // The second record says that its key is longer than it is; the checksum is right.
    let one = (broken.len() - HEADER_LEN) / 3;
    broken[HEADER_LEN + one + 4] = 0x7e;
    let checksum = crc32c::crc32c(&broken[21..]).to_be_bytes();
    broken[17..21].copy_from_slice(&checksum);
    let topic = TopicSpec::new("orders", 1)
        .records(0, [plain("a")])
        .verbatim(0, broken.into())
        .records(0, [plain("e")]);
    let bed = Bed::at(topic, 3).await;
    let plan = bed.plan().await;
    assert_eq!((after(&plan), plan.effect(&plan.changes[0])), (4, Effect::Skips(1)));
    let path = plan.saves.as_ref().unwrap().path.clone();
    assert_eq!(path.file_name().unwrap(), "billing-orders-0@3.bin");
    bed.apply(&plan).await.unwrap();
    let saved = fs::read(&path).unwrap();
    assert!(saved.contains(&b'd'), "the bytes that are passed");
    assert_eq!(bed.committed(), 4);
}

#[tokio::test]
async fn a_record_that_nobody_hands_over_is_not_skipped_unsaved() {
    let bed = Bed::stuck().await;
    // TOPIC_AUTHORIZATION_FAILED
    let rule = bed.scene.sim.inject(Rule::error(api::FETCH, 29).always());
    let said = bed.refused(&bed.skip(0)).await;
    assert!(
        said.starts_with("orders-0@1 cannot be read, so it cannot be saved: "),
        "{said}"
    );
    assert!(
        said.contains("ktui reset billing --topic orders:0 --shift-by 1"),
        "{said}"
    );
    bed.scene.sim.clear(rule);
    // What may pass by itself is no reason to give the record up.
    bed.scene.sim.inject(Rule::error(api::FETCH, 56).always());
    let said = bed.refused(&bed.skip(0)).await;
    assert!(!said.contains("--shift-by"), "{said}");
}

#[tokio::test]
async fn the_file_stays_of_a_record_that_was_skipped_by_a_coordinator_that_is_replaced() {
    let bed = Bed::stuck().await;
    let plan = bed.plan().await;
    bed.scene
        .sim
        .inject(Rule::new(Fault::ServedError(16)).api(OFFSET_COMMIT));
    let applied = bed.apply(&plan).await.unwrap();
    assert_eq!((bed.committed(), bed.scene.seen(OFFSET_COMMIT)), (2, 1));
    assert_eq!(bed.files(), Vec::from_iter(applied.saved));
    assert!(applied.undo.is_some() && bed.files().len() == 1);
}

#[tokio::test]
async fn a_record_that_cannot_be_saved_is_not_skipped() {
    let bed = Bed::stuck().await;
    let plan = bed.plan().await;
    // Nobody, root included, makes a folder where a file is.
    fs::write(bed.dir.path().join("skipped"), "in the way").unwrap();
    let Err(error) = bed.apply(&plan).await else {
        panic!("it was applied")
    };
    assert!(matches!(error, NotApplied::Save { .. }), "{error}");
    assert!(error.to_string().starts_with("cannot save the record to "), "{error}");
    assert_eq!((bed.committed(), bed.scene.seen(OFFSET_COMMIT)), (1, 0));
    assert!(!bed.dir.path().join("undo").exists() && !bed.dir.path().join("audit.jsonl").exists());
}

#[tokio::test]
async fn nothing_is_written_over() {
    let bed = Bed::stuck().await;
    let taken = bed.dir.path().join("taken.jsonl");
    fs::write(&taken, "mine\n").unwrap();
    let to = |path: &Path| Skip {
        save: Save::To(path.to_owned()),
        ..bed.skip(0)
    };
    let said = bed.refused(&to(&taken)).await;
    assert!(
        said.ends_with("taken.jsonl is there already: nothing is written over it"),
        "{said}"
    );
    let said = bed.refused(&to(&bed.dir.path().join("one.jsonl.gz"))).await;
    assert!(said.contains("one record is not packed"), "{said}");

    // A folder that is not there is a mistake in the path.
    let plan = plan_skip(&bed.scene.client, &to(&bed.dir.path().join("wrong/one.jsonl")), NOW)
        .await
        .unwrap();
    assert!(matches!(bed.apply(&plan).await, Err(NotApplied::Save { .. })));
    assert!(!bed.dir.path().join("wrong").exists());

    // Somebody writes it after the preview.
    let late = bed.dir.path().join("late.jsonl");
    let plan = plan_skip(&bed.scene.client, &to(&late), NOW).await.unwrap();
    fs::write(&late, "theirs\n").unwrap();
    assert!(matches!(bed.apply(&plan).await, Err(NotApplied::Save { .. })));
    assert_eq!(
        (fs::read_to_string(&late).unwrap().as_str(), bed.committed()),
        ("theirs\n", 1)
    );

    // Another record under the same name takes the next one; the same record needs no second file.
    let first = bed.plan().await.saves.unwrap().path.clone();
    fs::create_dir_all(first.parent().unwrap()).unwrap();
    fs::write(&first, "of another cluster\n").unwrap();
    let plan = bed.plan().await;
    let second = plan.saves.as_ref().unwrap().path.clone();
    assert_eq!(second.file_name().unwrap(), "billing-orders-0@1-2.jsonl");
    bed.apply(&plan).await.unwrap();
    bed.scene.sim.commit(GROUP, "orders", 0, 1);
    let again = bed.plan().await;
    assert_eq!(again.saves.as_ref().unwrap().path, second);
    bed.apply(&again).await.unwrap();
    assert_eq!((bed.files().len(), bed.committed()), (2, 2));
}

#[tokio::test]
async fn names_with_slashes_and_worse_stay_in_their_folder() {
    let group = "../../etc/pass wd\u{1b}[2J";
    let spec = GroupSpec::classic(group).commit("orders", 0, 1);
    let bed = Bed::of(orders(), spec).await;
    let skip = Skip {
        group: group.into(),
        ..bed.skip(0)
    };
    let plan = plan_skip(&bed.scene.client, &skip, NOW).await.unwrap();
    let path = bed
        .dir
        .path()
        .join("skipped/%2E.%2F..%2Fetc%2Fpass%20wd%1B%5B2J-orders-0@1.jsonl");
    assert_eq!(plan.saves.as_ref().unwrap().path, path);
    bed.apply(&plan).await.unwrap();
    assert!(path.exists());
}

#[tokio::test]
async fn a_group_with_members_is_refused_and_one_that_joins_since_is_caught() {
    let bed = Bed::stuck().await;
    let plan = bed.plan().await;
    bed.joins();
    let Err(NotApplied::Active { standing, .. }) = bed.apply(&plan).await else {
        panic!("it was applied")
    };
    assert_eq!(standing.blockers(), ["worker on 10.0.0.7"]);
    let blocked = bed.plan().await;
    assert!(
        blocked.is_blocked() && blocked.saves.is_some(),
        "the record is shown all the same"
    );
    assert_eq!((bed.scene.seen(OFFSET_COMMIT), bed.files().len()), (0, 0));
}

#[tokio::test]
async fn a_commit_that_moved_since_the_preview_asks_for_a_new_one() {
    let bed = Bed::stuck().await;
    let plan = bed.plan().await;
    bed.scene.sim.commit(GROUP, "orders", 0, 2);
    assert!(matches!(bed.apply(&plan).await, Err(NotApplied::Changed(why)) if why.contains("changed from 1 to 2")));
    assert_eq!((bed.scene.seen(OFFSET_COMMIT), bed.files().len()), (0, 0));
}

#[tokio::test]
async fn what_surely_did_not_happen_leaves_no_file() {
    let bed = Bed::stuck().await;
    let plan = bed.plan().await;
    bed.scene.sim.inject(Rule::error(OFFSET_COMMIT, 25));
    let applied = bed.apply(&plan).await.unwrap();
    assert_eq!(
        (applied.settled[0].outcome.word(), applied.saved, applied.undo),
        ("failed", None, None)
    );
    assert_eq!((bed.committed(), bed.files().len()), (1, 0));
    // The undo file cannot be written: nothing is sent, and the record is not left behind.
    fs::remove_dir_all(bed.dir.path().join("undo")).unwrap();
    fs::write(bed.dir.path().join("undo"), "in the way").unwrap();
    assert!(matches!(bed.apply(&plan).await, Err(NotApplied::Journal(_))));
    assert_eq!((bed.scene.seen(OFFSET_COMMIT), bed.files().len()), (1, 0));
}
