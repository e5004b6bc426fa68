//! `ktui reset GROUP` and `ktui undo [FILE]`: moving a group's offsets, and taking that back. Without `--execute` they show
//! what would be done and send nothing.

pub mod args;
pub mod carry;
pub mod show;

use std::path::Path;

use args::{ResetArgs, UndoArgs};
use carry::{Carrying, cluster, journal};

use super::sending::{Refusal, Writing, say};
use crate::exit::Exit;
use crate::kafka::model::GroupId;
use crate::ops::reset::{NoPlan, Undo, plan, plan_undo};
use crate::runtime::clock;

impl From<NoPlan> for Refusal {
    fn from(none: NoPlan) -> Self {
        match none {
            NoPlan::Engine(error) => Self::from(error).unsent(),
            NoPlan::Kind { .. } => Self::Refused(none.to_string()).unsent(),
            NoPlan::Refused(why) => Self::Failed(why).unsent(),
            NoPlan::Nothing(why) => Self::Failed(format!("there is nothing to do: {why}")),
        }
    }
}

/// `ktui reset GROUP`.
///
/// # Errors
/// When there is no plan, or it was not sent.
pub async fn reset(writing: &Writing, args: &ResetArgs) -> Result<Exit, Refusal> {
    args.act.check(writing)?;
    let group = GroupId::from(args.group.as_str());
    let strategy = args.how.strategy(&group).await?;
    let scope = args.scope.scope(&strategy)?;
    let carrying = Carrying {
        writing,
        cluster: cluster(writing).await?,
        act: &args.act,
        wait: &args.wait,
        is_export: args.export,
        undoes: None,
    };
    if let Some(exit) = carrying.await_empty(&group).await? {
        return Ok(exit);
    }
    let plan = plan(&writing.client, &group, &scope, &strategy, clock::unix_millis()).await?;
    carrying.carry_out(&plan).await
}

/// `ktui undo [FILE]`.
///
/// # Errors
/// When there is nothing to undo on this cluster, or it was not sent.
pub async fn undo(writing: &Writing, args: &UndoArgs) -> Result<Exit, Refusal> {
    args.act.check(writing)?;
    let cluster = cluster(writing).await?;
    let journal = journal(writing, &cluster)?;
    let (path, undo) = if let Some(file) = &args.file {
        (file.clone(), read(file)?)
    } else {
        let newest = Undo::newest(&journal.undo_dir(), &journal.cluster);
        let newest = newest.map_err(|error| Refusal::Failed(format!("cannot read the undo files: {error}")))?;
        newest.ok_or_else(|| Refusal::Failed(format!("there is nothing to undo on cluster {}", writing.name)))?
    };
    if !undo.cluster().is(&journal.cluster) {
        let id = |one: &Option<String>| one.clone().unwrap_or_else(|| "without id".to_owned());
        return Err(Refusal::Refused(format!(
            "nothing was sent: {} is of cluster {} ({}), this is {} ({})",
            path.display(),
            undo.cluster().name,
            id(&undo.cluster().id),
            writing.name,
            id(&journal.cluster.id)
        )));
    }
    say(&format!("taking back: {}, at {}", undo.what(), undo.made()));
    if let Some(at) = undo.undone() {
        say(&format!("note: it was taken back already, at {at}"));
    }
    let group = undo.group();
    let carrying = Carrying {
        writing,
        cluster,
        act: &args.act,
        wait: &args.wait,
        is_export: false,
        undoes: Some(path),
    };
    if let Some(exit) = carrying.await_empty(&group).await? {
        return Ok(exit);
    }
    let plan = plan_undo(&writing.client, &undo, clock::unix_millis()).await?;
    let totals = plan.totals();
    match undo.gone_on(&plan) {
        _ if totals.changed + totals.refused == 0 => say(
            "note: there is nothing to take back, the offsets are as they were before it; with --execute ktui undo goes on \
             to the change before",
        ),
        0 => {}
        count => say(&format!(
            "note: {count} of {} offsets are no longer where that change has put them: the group went on, or \
             somebody moved it",
            plan.changes.len()
        )),
    }
    carrying.carry_out(&plan).await
}

fn read(file: &Path) -> Result<Undo, Refusal> {
    Undo::read(file).map_err(|error| Refusal::Failed(format!("cannot read {}: {error}", file.display())))
}
