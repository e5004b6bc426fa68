//! What the shell finds out and does for changes of groups from the screen, on a cluster.

use std::path::{Path, PathBuf};

use ktui::app::event::Event;
use ktui::app::jobs::JobEnd;
use ktui::app::moving::{
    GroupChange, MoveJob, MoveOrder, MoveSent, MoveStep, MoveTold, Planned, Settlement, Target, Undoable,
};
use ktui::kafka::model::{Committed, Offset, TopicPartition};
use ktui::ops::reset::{Outcome, Scope, Strategy};
use ktui::runtime::effects::Effects;
use ktui::sim::state::group::{GroupState, Member};
use tokio::sync::mpsc::Receiver;

use crate::moving::{done, spec, told};
use crate::scene::Scene;

/// A cluster with a screen's shell.
struct Bed {
    scene: Scene,
    effects: Effects,
    events: Receiver<Event>,
    state: tempfile::TempDir,
}

impl Bed {
    async fn new() -> Self {
        let scene = Scene::new(spec()).await;
        scene.client.unlock().unwrap();
        let state = tempfile::tempdir().unwrap();
        let (effects, events) = Effects::new(scene.client.clone());
        Self {
            effects: effects.keeping(state.path().to_owned()),
            scene,
            events,
            state,
        }
    }

    async fn told(&mut self, step: MoveStep) -> MoveTold {
        told(&mut self.effects, &mut self.events, 1, step).await
    }

    async fn planned(&mut self, change: GroupChange) -> Result<Planned, String> {
        let group = "billing".into();
        let order = Box::new(MoveOrder { group, change });
        match self.told(MoveStep::Plan { order, waits: false }).await {
            MoveTold::Planned(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    }

    async fn undos(&mut self) -> Vec<Undoable> {
        let cluster = "sim".to_owned();
        match self.told(MoveStep::Undos { cluster }).await {
            MoveTold::Undos(found) => found.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Previews a change and applies it.
    async fn apply(&mut self, change: GroupChange) -> (Settlement, JobEnd) {
        let undoes = match &change {
            GroupChange::Undo { file, .. } => Some(file.clone()),
            _ => None,
        };
        let plan = self.planned(change).await.unwrap();
        let (sent, end) = self.send(plan, undoes).await;
        match sent {
            MoveSent::Settled(settlement) => (settlement, end),
            nothing @ MoveSent::Nothing { .. } => panic!("{nothing:?}"),
        }
    }

    async fn send(&self, plan: Planned, undoes: Option<PathBuf>) -> (MoveSent, JobEnd) {
        let cluster = "sim".into();
        let job = MoveJob { plan, cluster, undoes };
        done(&self.scene, job, self.state.path()).await
    }

    /// The commit, where the group is there.
    fn committed(&self) -> Option<i64> {
        self.scene.sim.look(|state| {
            let group = state.groups.get(&b"billing"[..])?;
            Some(group.commits.values().next()?.get(&0)?.offset)
        })
    }

    fn join(&self, id: &str, instance: Option<&str>) {
        self.scene.sim.edit_group("billing", |group| {
            group.state = GroupState::Stable;
            group.members.push(Member {
                member_id: id.to_owned(),
                instance_id: instance.map(str::to_owned),
                client_id: "worker".to_owned(),
                client_host: "/10.0.0.7".to_owned(),
                subscription: vec!["orders".to_owned()],
                ..Member::default()
            });
        });
    }
}

fn undo(file: &Path) -> GroupChange {
    GroupChange::Undo {
        file: file.to_owned(),
        cluster: "sim".into(),
    }
}

fn is_whole((settlement, end): &(Settlement, JobEnd)) -> bool {
    settlement.is_whole() && settlement.notes.is_empty() && matches!(end, JobEnd::Done(_))
}

#[tokio::test]
async fn a_deleted_group_comes_back_and_is_deleted_once_more() {
    let mut bed = Bed::new().await;
    assert_eq!(bed.undos().await, Vec::new());
    let deleted = bed.apply(GroupChange::Delete).await;
    assert!(is_whole(&deleted), "{deleted:?}");
    assert!(
        deleted.1.said().starts_with("group billing is deleted with 1 offset"),
        "{:?}",
        deleted.1
    );
    assert_eq!(bed.committed(), None);

    let listed = bed.undos().await;
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].what.as_str(), &listed[0].group),
        ("delete group billing with 1 offset", &"billing".into())
    );
    assert!(listed[0].made_ms.is_some());
    assert_eq!(deleted.0.undo.as_deref(), Some(&*listed[0].file));
    let restored = bed.apply(undo(&listed[0].file)).await;
    assert!(is_whole(&restored), "{restored:?}");
    assert_eq!(bed.committed(), Some(4));

    let again = bed.undos().await;
    let files: Vec<_> = again.iter().map(|one| Some(one.file.clone())).collect();
    assert_eq!(
        files,
        [restored.0.undo],
        "what was taken back is not offered, the undo is"
    );
    assert!(
        again[0].what.starts_with("restore 1 offset of group billing"),
        "{again:?}"
    );
    let redone = bed.apply(undo(&again[0].file)).await;
    assert!(is_whole(&redone), "{redone:?}");
    assert_eq!(bed.committed(), None);
    assert_eq!(
        bed.undos().await,
        listed,
        "the change is in force again, and listed once"
    );
}

#[tokio::test]
async fn an_undo_file_of_another_cluster_is_refused() {
    let mut bed = Bed::new().await;
    let (settlement, _) = bed.apply(GroupChange::Delete).await;
    let file = settlement.undo.unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let id = bed.scene.sim.look(|state| state.settings.cluster_id.clone());
    let other = text.replace(&id, "another");
    assert_ne!(text, other);
    std::fs::write(&file, other).unwrap();
    let why = bed.planned(undo(&file)).await.unwrap_err();
    assert!(why.ends_with("is of another cluster, sim"), "{why}");
    assert_eq!(bed.undos().await, Vec::new());
    let why = bed.planned(undo(Path::new("/nowhere.json"))).await.unwrap_err();
    assert!(why.starts_with("cannot read /nowhere.json: "), "{why}");
}

#[tokio::test]
async fn what_members_read_is_not_forgotten_and_a_member_that_joins_is_caught() {
    let mut bed = Bed::new().await;
    let topic = || GroupChange::Forget(Scope::Topics(vec!["orders".parse().unwrap()]));
    let plan = bed.planned(topic()).await.unwrap();
    bed.join("m-1", None);
    let (sent, end) = bed.send(plan, None).await;
    let MoveSent::Nothing { why, .. } = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(
        why,
        "members of group billing began to read topic orders since the preview"
    );
    assert!(end.said().starts_with("nothing was sent: "), "{end:?}");
    let Planned::Offsets(refused) = bed.planned(topic()).await.unwrap() else {
        panic!("offsets are forgotten")
    };
    assert_eq!(refused.refused().count(), 1);
    let Ok(blocked) = bed.planned(GroupChange::Delete).await else {
        panic!("what is lost is shown all the same")
    };
    assert!(blocked.is_blocked());
    let (sent, _) = bed.send(blocked, None).await;
    assert!(matches!(sent, MoveSent::Nothing { is_blocked: true, .. }), "{sent:?}");
    assert_eq!(bed.committed(), Some(4));
}

#[tokio::test]
async fn a_static_member_is_taken_out_unless_it_joined_anew() {
    let mut bed = Bed::new().await;
    bed.join("m-1", Some("pod-0"));
    let remove = || GroupChange::Remove(vec!["pod-0".to_owned()]);
    let shown = bed.planned(remove()).await.unwrap();
    assert!(!shown.is_blocked());
    bed.scene
        .sim
        .edit_group("billing", |group| group.members[0].member_id = "m-2".to_owned());
    let (sent, _) = bed.send(shown, None).await;
    let MoveSent::Nothing { why, .. } = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(why, "static member pod-0 joined anew since the preview");

    let removed = bed.apply(remove()).await;
    assert!(is_whole(&removed), "{removed:?}");
    assert_eq!(removed.0.outcomes, [Outcome::Verified]);
    assert!(
        removed
            .1
            .said()
            .starts_with("1 of 1 static members of group billing are gone"),
        "{:?}",
        removed.1
    );
    let audit = std::fs::read_to_string(bed.state.path().join("audit.jsonl")).unwrap();
    assert!(
        audit.contains("remove 1 static member of group billing: pod-0"),
        "{audit}"
    );
    let why = bed.planned(remove()).await.unwrap_err();
    assert_eq!(why, "group billing has no static member pod-0");
}

#[tokio::test]
async fn a_row_is_planned_on_its_own_and_what_was_chosen_by_hand_is_planned_again() {
    let mut bed = Bed::new().await;
    let partition = TopicPartition::new("orders", 0);
    let step = MoveStep::Row {
        group: "billing".into(),
        partition: partition.clone(),
        strategy: Strategy::ShiftBy(100),
    };
    let MoveTold::Row { outcome, .. } = bed.told(step).await else {
        panic!("the row is told")
    };
    let row = outcome.unwrap().changes.remove(0);
    assert_eq!(row.after, Ok(Some(Committed::at(Offset(10)))), "clamped to the end");
    let change = GroupChange::Move {
        target: Target::ByHand,
        scope: Scope::Committed,
        by_hand: [(partition, Strategy::Offset(2))].into(),
    };
    let Planned::Offsets(plan) = bed.planned(change).await.unwrap() else {
        panic!("offsets are moved")
    };
    assert_eq!(plan.changes[0].after, Ok(Some(Committed::at(Offset(2)))));
}
