//! Changing a group in the background, exactly as it was shown and confirmed.

use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use super::Teller;
use crate::app::jobs::{JobEnd, JobProgress};
use crate::app::moving::{MoveJob, MoveSent, Planned, Settlement};
use crate::kafka::client::{Client, MetadataScope};
use crate::ops::reset::members::{Removal, remove};
use crate::ops::reset::{Applied, Applying, ClusterMark, Deed, Journal, NotApplied, Outcome, Plan, apply};
use crate::runtime::clock;
use crate::shell::quoted;

/// How long a coordinator that moves is waited for; somebody sits at the screen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Applies what was confirmed, once, and tells what came of it.
pub(super) async fn run(client: &Client, job: &MoveJob, dir: Option<PathBuf>, mut teller: Teller) -> JobEnd {
    teller.tell(JobProgress {
        said: format!(
            "checked again, then sent; a coordinator that moves is waited for up to {} s",
            PATIENCE.as_secs()
        ),
        ..JobProgress::default()
    });
    let sent = match send(client, job, dir).await {
        Ok(settlement) => MoveSent::Settled(settlement),
        Err(nothing) => nothing,
    };
    let end = end(&job.plan, &sent);
    teller.tell_sent(sent).await;
    end
}

async fn send(client: &Client, job: &MoveJob, dir: Option<PathBuf>) -> Result<Settlement, MoveSent> {
    let none = || nothing("there is no folder for undo files: set HOME or XDG_STATE_HOME");
    let dir = dir.ok_or_else(none)?;
    let cluster = client.metadata(MetadataScope::None).await;
    let cluster = cluster.map_err(|error| nothing(format!("{error}. {}", error.hint())))?;
    let mark = ClusterMark {
        id: cluster.value.cluster.id,
        name: job.cluster.clone(),
    };
    let journal = Journal::new(dir, mark);
    let settled = match &job.plan {
        Planned::Offsets(plan) => {
            let intent = plan.confirmed(client).map_err(nothing)?;
            let applying = Applying {
                journal: &journal,
                patience: PATIENCE,
                undoes: job.undoes.as_deref(),
                clock: clock::unix_millis,
            };
            let applied = apply(client, &intent, plan, applying).await;
            applied.map(|applied| settlement(plan, applied))
        }
        Planned::Members(removal) => removed(client, removal, &journal).await,
    };
    settled.map_err(|error| MoveSent::Nothing {
        is_blocked: matches!(error, NotApplied::Active { .. }),
        why: error.to_string(),
    })
}

fn nothing(why: impl Display) -> MoveSent {
    MoveSent::Nothing {
        why: why.to_string(),
        is_blocked: false,
    }
}

fn settlement(plan: &Plan, applied: Applied) -> Settlement {
    let mut notes = Vec::new();
    if let Some(standing) = &applied.blockers {
        notes.push(format!(
            "group {} is {}: {}",
            plan.group,
            standing.state,
            standing.who()
        ));
    }
    notes.extend(applied.unwritten.as_ref().map(unwritten));
    Settlement {
        is_surely_undone: applied.is_surely_undone(),
        outcomes: applied.settled.into_iter().map(|one| one.outcome).collect(),
        kept: applied.kept.map(|error| error.to_string()),
        undo: applied.undo,
        notes,
    }
}

async fn removed(client: &Client, removal: &Removal, journal: &Journal) -> Result<Settlement, NotApplied> {
    let intent = removal.confirmed(client)?;
    let removed = remove(client, &intent, removal, journal, clock::unix_millis()).await?;
    Ok(Settlement {
        is_surely_undone: removed.outcomes.iter().all(Outcome::is_surely_undone),
        outcomes: removed.outcomes,
        notes: removed.unwritten.as_ref().map(unwritten).into_iter().collect(),
        ..Settlement::default()
    })
}

fn unwritten(error: &std::io::Error) -> String {
    format!("the audit log was not written: {error}")
}

fn end(plan: &Planned, sent: &MoveSent) -> JobEnd {
    let settlement = match sent {
        MoveSent::Nothing { why, .. } => return JobEnd::Failed(format!("nothing was sent: {why}")),
        MoveSent::Settled(settlement) => settlement,
    };
    let open = plan.rows().zip(&settlement.outcomes);
    let open = open.filter(|(_, outcome)| **outcome != Outcome::Verified);
    let open = open.map(|(row, outcome)| {
        let why = outcome.why().unwrap_or_default();
        format!("{row} {}: {why}", outcome.word())
    });
    let kept = settlement
        .kept
        .iter()
        .map(|why| format!("group {} is not known to be deleted: {why}", plan.group()));
    let parts: Vec<String> = [result(plan, settlement)]
        .into_iter()
        .chain(kept)
        .chain(open)
        .chain(settlement.notes.iter().cloned())
        .collect();
    let undo = settlement.undo.as_ref().map_or_else(String::new, |path| {
        format!(
            ". To take it back: ktui undo {} --execute",
            quoted(&path.to_string_lossy())
        )
    });
    let said = parts.join("; ") + &undo;
    match (
        settlement.is_whole() && settlement.notes.is_empty(),
        settlement.is_surely_undone,
    ) {
        (true, _) => JobEnd::Done(said),
        (false, false) => JobEnd::Partly(said),
        (false, true) => JobEnd::Failed(said),
    }
}

/// What is known to have happened.
fn result(plan: &Planned, settlement: &Settlement) -> String {
    let (verified, all, group) = (settlement.verified(), settlement.outcomes.len(), plan.group());
    match plan {
        Planned::Members(_) => format!("{verified} of {all} static members of group {group} are gone"),
        Planned::Offsets(Plan { deed: Deed::Delete, .. }) if settlement.is_whole() => {
            format!("group {group} is deleted with {all} offsets")
        }
        Planned::Offsets(_) => format!("{verified} of {all} offsets of group {group} read back as planned"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::reset::plan::tests::plan;

    #[test]
    fn a_deletion_that_nobody_knows_of_has_not_failed() {
        let deleted = |is_surely_undone| {
            let settlement = Settlement {
                kept: Some("the answer was lost".to_owned()),
                is_surely_undone,
                ..Settlement::default()
            };
            let plan = Plan {
                deed: Deed::Delete,
                ..plan(Vec::new())
            };
            end(&Planned::Offsets(plan), &MoveSent::Settled(settlement))
        };
        assert!(matches!(deleted(false), JobEnd::Partly(_)));
        assert!(matches!(deleted(true), JobEnd::Failed(_)));
    }
}
