//! Finds out for the screen what changing a group would do: nothing in here changes the cluster.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::clock;
use crate::app::event::Event;
use crate::app::moving::{GroupChange, MoveOrder, MoveStep, MoveTold, Planned, Target, Undoable};
use crate::kafka::client::{Client, MetadataScope};
use crate::kafka::error::Error;
use crate::kafka::model::{GroupId, Offset, TopicPartition};
use crate::ops::reset::journal::undo_dir;
use crate::ops::reset::members::plan_removal;
use crate::ops::reset::wait::{LOOK, Waiting};
use crate::ops::reset::{
    ClusterMark, NoPlan, Plan, Save, Scope, Skip, Strategy, Undo, file, glances, hand, plan, plan_forget, plan_skip,
    plan_undo,
};
use crate::settings::state_dir;
use crate::task::{self, Task};

/// Changes that are listed to be taken back.
const UNDOS: usize = 200;

/// What is being found out: the plan, and what lies under the cursor. The newest of each counts.
pub struct Previews {
    client: Client,
    replies: mpsc::Sender<Event>,
    plan: Option<Task<()>>,
    glance: Option<Task<()>>,
    /// Where undo files are kept.
    state: Option<PathBuf>,
}

impl Previews {
    /// Asks through `client`; what is found out goes to `replies`.
    pub fn new(client: Client, replies: mpsc::Sender<Event>) -> Self {
        Self {
            client,
            replies,
            plan: None,
            glance: None,
            state: state_dir(),
        }
    }

    /// The same with undo files in another folder.
    #[must_use]
    pub fn keeping(mut self, state: PathBuf) -> Self {
        self.state = Some(state);
        self
    }

    /// Takes a step for preview `number`.
    pub fn take(&mut self, number: u64, step: MoveStep) {
        let client = self.client.clone();
        let teller = Teller {
            number,
            replies: self.replies.clone(),
        };
        match step {
            MoveStep::Plan { order, waits } => {
                self.glance = None;
                let state = self.state.clone();
                self.plan = Some(task::spawn(async move {
                    let outcome = planned(&client, &order, state.as_deref(), waits, &teller).await;
                    teller.tell(MoveTold::Planned(outcome)).await;
                }));
            }
            MoveStep::Row {
                group,
                partition,
                strategy,
            } => {
                self.plan = Some(task::spawn(async move {
                    let scope = Scope::Topics(vec![hand::one(&partition)]);
                    let outcome = placed(&client, &group, &scope, &strategy).await;
                    let told = MoveTold::Row {
                        partition,
                        strategy,
                        outcome,
                    };
                    teller.tell(told).await;
                }));
            }
            MoveStep::Undos { cluster } => {
                let state = self.state.clone();
                self.plan = Some(task::spawn(async move {
                    teller.tell(MoveTold::Undos(undos(&client, state, cluster).await)).await;
                }));
            }
            MoveStep::Glance(one) => {
                self.glance = Some(task::spawn(async move {
                    let glance = glances(&client, &one, 1).await.pop();
                    teller.tell(MoveTold::Glanced(glance)).await;
                }));
            }
            MoveStep::Nothing => (self.plan, self.glance) = (None, None),
        }
    }
}

struct Teller {
    number: u64,
    replies: mpsc::Sender<Event>,
}

impl Teller {
    async fn tell(&self, told: MoveTold) {
        let (number, told) = (self.number, Box::new(told));
        // Nobody listens any more at the end of the session.
        let _ = self.replies.send(Event::MoveTold { number, told }).await;
    }
}

async fn planned(
    client: &Client,
    order: &MoveOrder,
    state: Option<&Path>,
    waits: bool,
    teller: &Teller,
) -> Result<Planned, String> {
    let group = &order.group;
    if waits {
        await_empty(client, group, teller).await?;
    }
    let now_ms = clock::unix_millis();
    let offsets = match &order.change {
        GroupChange::Move { target, scope, by_hand } => {
            let mut plan = moved(client, group, scope, target).await?;
            for (scope, strategy) in hand::together(by_hand) {
                plan.put(placed(client, group, &scope, &strategy).await?);
            }
            return Ok(plan.into());
        }
        GroupChange::Remove(instances) => {
            let removal = plan_removal(client, group, instances).await;
            return removal.map(Planned::Members).map_err(|none| why(&none));
        }
        GroupChange::Undo { file, cluster } => {
            let undo = undo(client, file, cluster).await?;
            plan_undo(client, &undo, now_ms).await
        }
        GroupChange::Forget(scope) => plan_forget(client, group, Some(scope), now_ms).await,
        GroupChange::Delete => plan_forget(client, group, None, now_ms).await,
        GroupChange::Skip(partition) => {
            let none = || "There is no folder for the record: set HOME or XDG_STATE_HOME.".to_owned();
            let skip = Skip {
                group: group.clone(),
                partition: partition.clone(),
                expected: None,
                save: Save::in_state(state.ok_or_else(none)?),
            };
            plan_skip(client, &skip, now_ms).await
        }
    };
    offsets.map(Planned::Offsets).map_err(|none| why(&none))
}

async fn moved(client: &Client, group: &GroupId, scope: &Scope, target: &Target) -> Result<Plan, String> {
    let strategy = match target {
        Target::Strategy(strategy) => strategy.clone(),
        // What is not chosen by hand stays where it is.
        Target::ByHand => Strategy::Current,
        Target::File(path) => {
            let (path, group) = (path.clone(), group.clone());
            let read = task::apart(move || Ok(read(&path, &group))).await;
            Strategy::Named(read.map_err(|error| error.to_string())??)
        }
    };
    placed(client, group, scope, &strategy).await
}

async fn placed(client: &Client, group: &GroupId, scope: &Scope, strategy: &Strategy) -> Result<Plan, String> {
    let found = plan(client, group, scope, strategy, clock::unix_millis()).await;
    found.map_err(|none| why(&none))
}

/// The connected cluster, under the name that the user gave it.
async fn mark(client: &Client, name: &str) -> Result<ClusterMark, String> {
    let known = client.metadata(MetadataScope::None).await;
    let known = known.map_err(|error| hinted(&error))?;
    Ok(ClusterMark {
        id: known.value.cluster.id,
        name: name.to_owned(),
    })
}

/// Reads an undo file of this cluster.
async fn undo(client: &Client, file: &Path, cluster: &str) -> Result<Undo, String> {
    let path = file.to_owned();
    let undo = task::apart(move || Undo::read(&path)).await;
    let undo = undo.map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    if undo.cluster().is(&mark(client, cluster).await?) {
        return Ok(undo);
    }
    Err(format!(
        "{} is of another cluster, {}",
        file.display(),
        undo.cluster().name
    ))
}

/// What can be taken back on this cluster.
async fn undos(client: &Client, state: Option<PathBuf>, cluster: String) -> Result<Vec<Undoable>, String> {
    let Some(state) = state else {
        return Err("There is no folder for undo files: set HOME or XDG_STATE_HOME.".to_owned());
    };
    let mark = mark(client, &cluster).await?;
    let found = task::apart(move || Undo::open(&undo_dir(&state), &mark, UNDOS)).await;
    let found = found.map_err(|error| format!("The undo files cannot be read: {error}."))?;
    let undoable = found.into_iter().map(|(file, undo)| Undoable {
        file,
        group: undo.group(),
        what: undo.what().to_owned(),
        made_ms: undo.made_ms(),
        who: undo.who().to_owned(),
    });
    Ok(undoable.collect())
}

fn read(path: &Path, group: &GroupId) -> Result<BTreeMap<TopicPartition, Offset>, String> {
    let cannot = |error: io::Error| format!("cannot read {}: {error}", path.display());
    // Opening or reading a pipe might never end.
    if !fs::metadata(path).map_err(cannot)?.is_file() {
        return Err(format!("cannot read {}: it is no file of offsets", path.display()));
    }
    let text = file::text(File::open(path).map_err(cannot)?).map_err(cannot)?;
    file::read(&text, group).map_err(|why| format!("{}: {why}", path.display()))
}

/// Waits until nobody is in the group, as long as somebody looks at the preview.
async fn await_empty(client: &Client, group: &GroupId, teller: &Teller) -> Result<(), String> {
    let mut waiting = Waiting::new(client, group);
    while let Some(who) = waiting.look().await.map_err(|none| why(&none))? {
        teller.tell(MoveTold::Waiting(who)).await;
        sleep(LOOK).await;
    }
    Ok(())
}

fn why(none: &NoPlan) -> String {
    match none {
        NoPlan::Engine(error) => hinted(error),
        NoPlan::Kind { .. } | NoPlan::Nothing(_) | NoPlan::Refused(_) => none.to_string(),
    }
}

fn hinted(error: &Error) -> String {
    format!("{error}. {}", error.hint())
}
