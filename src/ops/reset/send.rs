//! Sends a plan to the coordinator of its group.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::apply::{NotApplied, check};
use super::outcome::{NOT_COORDINATOR, is_unsure};
use super::plan::{Deed, Plan};
use crate::kafka::client::{Client, WriteIntent};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, GroupType, TopicPartition};

/// Pause before the coordinator is asked again; it doubles.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(1);

const LOADING: i16 = 14;

/// What the coordinator said: of each change, and of the group where that is deleted.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) rows: Vec<Result<(), Error>>,
    pub(super) group: Result<(), Error>,
}

impl Said {
    /// What says whether it was done.
    fn parts(&self, deed: Deed) -> &[Result<(), Error>] {
        match deed {
            Deed::Delete => std::slice::from_ref(&self.group),
            _ => &self.rows,
        }
    }

    /// Whether all of it may be sent once more, if the group still is as the plan says: it was not done, or by a
    /// coordinator that was replaced.
    fn may_be_sent_again(&self, deed: Deed) -> bool {
        let rows = self.parts(deed);
        let passes = |one: &Result<(), Error>| {
            one.as_ref().err().is_some_and(|error| {
                let has_moved = matches!(error.code(), Some(LOADING | NOT_COORDINATOR));
                has_moved || (!error.may_have_arrived() && error.is_retriable())
            })
        };
        !rows.is_empty() && rows.iter().all(passes)
    }

    /// Whether some of it may have been done.
    fn is_doubtful(&self, deed: Deed) -> bool {
        let is_doubt = |one: &Result<(), Error>| one.as_ref().err().is_none_or(is_unsure);
        self.parts(deed).iter().any(is_doubt)
    }

    /// What is known after this answer, and `earlier` ones: that it was not done now does not tell that it was not done
    /// before.
    fn after(self, earlier: Option<Self>) -> Self {
        let Some(earlier) = earlier else { return self };
        let merged = |now: Result<(), Error>, before: Result<(), Error>| match (now, before) {
            (Err(now), Err(before)) if !is_unsure(&now) && is_unsure(&before) => Err(before),
            (now, _) => now,
        };
        let rows = self.rows.into_iter().zip(earlier.rows);
        Self {
            rows: rows.map(|(now, before)| merged(now, before)).collect(),
            group: merged(self.group, earlier.group),
        }
    }
}

/// Sends it. A coordinator that moved or still loads is asked again while there is time, as long as the group is found as
/// the plan says. `NOT_COORDINATOR` is also what a coordinator answers that has written the change before it was
/// replaced: after that a group that is not as the plan says may be so by this very change, which reading back tells.
///
/// # Errors
/// Why surely nothing was done.
pub(super) async fn send(client: &Client, intent: &WriteIntent, plan: &Plan, end: Instant) -> Result<Said, NotApplied> {
    let mut pause = FIRST_PAUSE;
    let mut coordinator = client.known_coordinator(&plan.group).await?;
    let mut earlier = None;
    loop {
        let now = send_to(client, intent, plan, coordinator).await;
        let may_be_sent_again = now.may_be_sent_again(plan.deed);
        let said = now.after(earlier.take());
        if !may_be_sent_again {
            return Ok(said);
        }
        coordinator = match next_coordinator(client, plan, &mut pause, end).await {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(said),
            Err(_) if said.is_doubtful(plan.deed) => return Ok(said),
            Err(changed) => return Err(changed),
        };
        earlier = Some(said);
    }
}

/// Whom to ask next. The group must have been found as the plan says once more; `None` when time is over before.
async fn next_coordinator(
    client: &Client,
    plan: &Plan,
    pause: &mut Duration,
    end: Instant,
) -> Result<Option<BrokerId>, NotApplied> {
    while Instant::now() + *pause < end {
        sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        let Ok(next) = client.find_coordinator(&plan.group).await else {
            continue;
        };
        match check(client, plan).await {
            Ok(()) => return Ok(Some(next)),
            // Whoever takes over does not tell yet.
            Err(NotApplied::Engine(_)) => {}
            Err(changed) => return Err(changed),
        }
    }
    Ok(None)
}

/// One request for what is set, one for what is forgotten, or one for the whole group.
async fn send_to(client: &Client, intent: &WriteIntent, plan: &Plan, coordinator: BrokerId) -> Said {
    let group = &plan.group;
    if plan.deed == Deed::Delete {
        let group = client.delete_group(intent, coordinator, group).await;
        let rows = plan.changes.iter().map(|_| group.clone()).collect();
        return Said { rows, group };
    }
    let wanted = plan
        .changes
        .iter()
        .map(|change| (&change.partition, change.after.as_ref().ok().cloned().flatten()));
    let (mut set, mut forgotten) = (Vec::new(), Vec::new());
    for (partition, after) in wanted {
        match after {
            Some(committed) => set.push((partition.clone(), committed)),
            None => forgotten.push(partition.clone()),
        }
    }
    let mut said = HashMap::new();
    if !set.is_empty() {
        let sent = match plan.standing.kind {
            GroupType::Share => client.alter_share_starts(intent, coordinator, group, &set).await,
            _ => client.commit_offsets(intent, coordinator, group, &set).await,
        };
        match sent {
            Ok(outcomes) => said.extend(outcomes),
            Err(error) => said.extend(set.into_iter().map(|(partition, _)| (partition, Err(error.clone())))),
        }
    }
    if !forgotten.is_empty() {
        match client.delete_offsets(intent, coordinator, group, &forgotten).await {
            Ok(outcomes) => said.extend(outcomes),
            Err(error) => said.extend(forgotten.into_iter().map(|partition| (partition, Err(error.clone())))),
        }
    }
    let missing = || Error::Cancelled {
        what: "sending".to_owned(),
    };
    let of = |partition: &TopicPartition| said.get(partition).cloned().unwrap_or_else(|| Err(missing()));
    Said {
        rows: plan.changes.iter().map(|change| of(&change.partition)).collect(),
        group: Ok(()),
    }
}
