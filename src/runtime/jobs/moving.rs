//! Moving a group's offsets in the background, exactly as they were shown and confirmed.

use std::path::PathBuf;
use std::time::Duration;

use super::Teller;
use crate::app::jobs::{JobEnd, JobProgress};
use crate::app::moving::{MoveJob, MoveSent, Settlement};
use crate::kafka::client::{Client, MetadataScope};
use crate::ops::reset::{Applied, Applying, ClusterMark, Journal, NotApplied, Outcome, Plan, apply};
use crate::runtime::clock;

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
        Ok(applied) => MoveSent::Settled(settlement(&job.plan, applied)),
        Err(nothing) => nothing,
    };
    let end = end(&job.plan, &sent);
    teller.tell_sent(sent).await;
    end
}

async fn send(client: &Client, job: &MoveJob, dir: Option<PathBuf>) -> Result<Applied, MoveSent> {
    let nothing = |why: String| MoveSent::Nothing { why, is_blocked: false };
    let none = || nothing("there is no folder for undo files: set HOME or XDG_STATE_HOME".to_owned());
    let dir = dir.ok_or_else(none)?;
    let intent = job.plan.confirmed(client).map_err(|error| nothing(error.to_string()))?;
    let cluster = client.metadata(MetadataScope::None).await;
    let cluster = cluster.map_err(|error| nothing(format!("{error}. {}", error.hint())))?;
    let mark = ClusterMark {
        id: cluster.value.cluster.id,
        name: job.cluster.clone(),
    };
    let journal = Journal::new(dir, mark);
    let applying = Applying {
        journal: &journal,
        patience: PATIENCE,
        undoes: None,
        clock: clock::unix_millis,
    };
    let applied = apply(client, &intent, &job.plan, applying).await;
    applied.map_err(|error| MoveSent::Nothing {
        is_blocked: matches!(error, NotApplied::Active { .. }),
        why: error.to_string(),
    })
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
    if let Some(error) = &applied.unwritten {
        notes.push(format!("the audit log was not written: {error}"));
    }
    Settlement {
        settled: applied.settled,
        undo: applied.undo,
        notes,
    }
}

fn end(plan: &Plan, sent: &MoveSent) -> JobEnd {
    let settlement = match sent {
        MoveSent::Nothing { why, .. } => return JobEnd::Failed(format!("nothing was sent: {why}")),
        MoveSent::Settled(settlement) => settlement,
    };
    let all = settlement.settled.len();
    let open: Vec<_> = settlement
        .settled
        .iter()
        .filter(|one| one.outcome != Outcome::Verified)
        .collect();
    let undo = settlement.undo.as_ref().map_or_else(String::new, |path| {
        format!(". To take it back: ktui undo {} --execute", path.display())
    });
    let group = &plan.group;
    let verified = all - open.len();
    let said = format!("{verified} of {all} offsets of group {group} read back as planned");
    let open = open.iter().map(|one| {
        let why = one.outcome.why().unwrap_or_default();
        format!("{} {}: {why}", one.partition, one.outcome.word())
    });
    let parts: Vec<String> = [said]
        .into_iter()
        .chain(open)
        .chain(settlement.notes.iter().cloned())
        .collect();
    let said = parts.join("; ") + &undo;
    match (verified, settlement.undo.is_some()) {
        (verified, _) if verified == all && settlement.notes.is_empty() => JobEnd::Done(said),
        (_, true) => JobEnd::Partly(said),
        (_, false) => JobEnd::Failed(said),
    }
}
