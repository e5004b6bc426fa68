//! Applies a plan exactly as it was shown, once: checked again right before, written down before, read back after.
//!
//! What was sent and not answered is never sent again. It is read back, and said to be there only when it is.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::journal::Journal;
use super::plan::{Deed, Plan, Standing};
use super::read::standing;
use super::undo::Undo;
use crate::kafka::client::{Client, Commits, WriteIntent};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, Committed, TopicPartition};

/// Pause before the coordinator is asked again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long an unanswered change is looked for while what was before still stands.
const LINGER: Duration = Duration::from_secs(2);

const LOADING: i16 = 14;
const NOT_COORDINATOR: i16 = 16;
const UNKNOWN_MEMBER_ID: i16 = 25;
const NON_EMPTY_GROUP: i16 = 68;
/// REQUEST_TIMED_OUT, COORDINATOR_NOT_AVAILABLE and UNKNOWN_SERVER_ERROR also say that the coordinator has written the
/// change but its replicas did not confirm it in time.
const UNSURE: [i16; 3] = [7, 15, -1];

/// How a plan is applied.
#[derive(Clone, Copy, Debug)]
pub struct Applying<'a> {
    /// Where it is written down.
    pub journal: &'a Journal,
    /// How long a coordinator that moves is waited for.
    pub patience: Duration,
    /// The undo file that the plan was made from.
    pub undoes: Option<&'a Path>,
    /// The time of day, in ms since the epoch.
    pub clock: fn() -> i64,
}

/// What came of one partition.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was read back as planned.
    Verified,
    /// It was not done, for this reason.
    Failed(Error),
    /// It was sent and nobody knows what came of it; what was read back is what was before.
    Unknown(Error),
    /// It was done, and could not be read back.
    Unread(Error),
    /// It was sent, and something else was read back: somebody has committed since.
    Overwritten(Option<Committed>),
}

impl Outcome {
    /// JSON's word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Failed(_) => "failed",
            Self::Unknown(_) => "unknown",
            Self::Unread(_) => "unverified",
            Self::Overwritten(_) => "overwritten",
        }
    }

    /// Why it is not verified.
    pub fn why(&self) -> Option<String> {
        match self {
            Self::Verified => None,
            Self::Failed(error) => Some(error.to_string()),
            Self::Unknown(error) => Some(format!("{error}; when read back it was as before")),
            Self::Unread(error) => Some(format!("it was accepted, but not read back: {error}")),
            Self::Overwritten(Some(found)) => Some(format!("when read back {} was committed", found.offset)),
            Self::Overwritten(None) => Some("when read back nothing was committed".to_owned()),
        }
    }

    /// Whether it did not happen, without doubt.
    pub fn is_surely_undone(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// A partition of the plan with what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The partition.
    pub partition: TopicPartition,
    /// What came of it.
    pub outcome: Outcome,
}

/// A plan that was sent.
#[derive(Debug)]
pub struct Applied {
    /// Every partition of the plan, in its order.
    pub settled: Vec<Settled>,
    /// The file that takes it back; `None` when nothing of it happened.
    pub undo: Option<PathBuf>,
    /// Why the audit log lacks it.
    pub unwritten: Option<io::Error>,
    /// Members that came in the way, as far as anybody is named.
    pub blockers: Option<Standing>,
    /// Why the group is not deleted, or may not be; `None` where it is, or was not to be.
    pub kept: Option<Error>,
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum NotApplied {
    /// Members are in the group.
    #[error("group {group} is {}: {}", standing.state, by(standing))]
    Active {
        /// The group.
        group: String,
        /// As it is now.
        standing: Box<Standing>,
    },
    /// Some partitions cannot be changed.
    #[error("{0} cannot be changed")]
    Refused(String),
    /// The group is not as it was when the plan was made.
    #[error("{0} since the preview: look at a new one")]
    Changed(String),
    /// It could not be written down.
    #[error("cannot write the undo file or the audit log: {0}")]
    Journal(#[from] io::Error),
    /// The session is locked, or the group could not be checked.
    #[error("{0}")]
    Engine(#[from] Error),
}

/// `2 members are in it: worker on 10.0.0.7`.
fn by(standing: &Standing) -> String {
    match standing.members.len() {
        0 => "a member is about to join or leave".to_owned(),
        1 => format!("1 member is in it: {}", standing.blockers().join(", ")),
        count => format!("{count} members are in it: {}", standing.blockers().join(", ")),
    }
}

/// What the coordinator said: of each change, and of the group where that is deleted.
struct Said {
    rows: Vec<Result<(), Error>>,
    group: Result<(), Error>,
}

impl Said {
    fn all(&self) -> impl Iterator<Item = &Result<(), Error>> {
        self.rows.iter().chain([&self.group])
    }
}

/// Applies a plan that somebody has confirmed.
///
/// # Errors
/// Why nothing was sent.
pub async fn apply(
    client: &Client,
    intent: &WriteIntent,
    plan: &Plan,
    applying: Applying<'_>,
) -> Result<Applied, NotApplied> {
    client.admits(intent)?;
    if let Some((partition, why)) = plan.refused().next() {
        return Err(NotApplied::Refused(format!("{partition} ({why})")));
    }
    check(client, plan).await?;
    let entry = applying.journal.begin(plan, applying.undoes)?;
    let end = Instant::now() + applying.patience;
    let said = match send(client, intent, plan, end).await {
        Ok(said) => said,
        Err(error) => {
            Undo::discard(entry.undo());
            return Err(error);
        }
    };
    let settled = verify(client, plan, &said, end).await;
    let kept = kept(client, plan, said.group).await;
    let is_in_the_way = |error: &Error| matches!(error.code(), Some(UNKNOWN_MEMBER_ID | NON_EMPTY_GROUP));
    let blockers = if said
        .rows
        .iter()
        .filter_map(|one| one.as_ref().err())
        .chain(&kept)
        .any(is_in_the_way)
    {
        standing(client, &plan.group, plan.standing.kind).await.ok()
    } else {
        None
    };
    let now_ms = (applying.clock)();
    if let Some(path) = applying
        .undoes
        .filter(|_| settled.iter().all(|one| one.outcome == Outcome::Verified))
    {
        marked(path, now_ms);
    }
    let path = entry.undo().to_owned();
    let (undo, unwritten) = match entry.end(plan, &settled, now_ms) {
        Ok(undo) => (undo, None),
        Err(error) => (path.exists().then_some(path), Some(error)),
    };
    Ok(Applied {
        settled,
        undo,
        unwritten,
        blockers,
        kept,
    })
}

/// Why a group that was to be deleted is still there, or may be.
async fn kept(client: &Client, plan: &Plan, said: Result<(), Error>) -> Option<Error> {
    let error = said.err()?;
    if is_unsure(&error) {
        let now = standing(client, &plan.group, plan.standing.kind).await;
        if now.is_ok_and(|now| now.state.is_dead()) {
            return None;
        }
    }
    Some(error)
}

/// The undone change is undone; when it was an undo itself, what that took back is in force again.
fn marked(path: &Path, now_ms: i64) {
    let note = || -> io::Result<()> {
        let undo = Undo::read(path)?;
        Undo::mark(path, Some(now_ms))?;
        match undo.undoes() {
            Some(first) => Undo::mark(&path.with_file_name(first), None),
            None => Ok(()),
        }
    };
    // The offsets are restored all the same; the file is only offered once more.
    if let Err(error) = note() {
        tracing::warn!(%error, path = %path.display(), "the undo file was not marked");
    }
}

/// Whether the group still is as the plan says.
async fn check(client: &Client, plan: &Plan) -> Result<(), NotApplied> {
    let standing = standing(client, &plan.group, plan.standing.kind).await?;
    let (group, blocks) = (plan.group.to_string(), plan.deed != Deed::Forget && !standing.is_free());
    if blocks {
        let standing = Box::new(standing);
        return Err(NotApplied::Active { group, standing });
    }
    if standing.state != plan.standing.state && plan.deed != Deed::Forget {
        let (was, is) = (&plan.standing.state, &standing.state);
        return Err(NotApplied::Changed(format!("group {group} turned from {was} to {is}")));
    }
    let reads = plan
        .changes
        .iter()
        .find(|change| standing.reads(&change.partition.topic));
    if let Some(change) = reads {
        let topic = &change.partition.topic;
        return Err(NotApplied::Changed(format!(
            "members of group {group} began to read topic {topic}"
        )));
    }
    let commits = client.commits(&plan.group).await?;
    for change in &plan.changes {
        let found = found(&commits, &change.partition)?;
        if found != change.before {
            let word = |one: &Option<Committed>| {
                one.as_ref()
                    .map_or_else(|| "none".to_owned(), |one| one.offset.to_string())
            };
            let (partition, was, is) = (&change.partition, word(&change.before), word(&found));
            return Err(NotApplied::Changed(format!(
                "the commit of {partition} changed from {was} to {is}"
            )));
        }
    }
    // A group is deleted with all it has, so all of it must have been shown.
    if plan.deed == Deed::Delete && commits.len() != plan.changes.len() {
        return Err(NotApplied::Changed(format!(
            "group {group} committed to other partitions"
        )));
    }
    Ok(())
}

fn found(commits: &Commits, partition: &TopicPartition) -> Result<Option<Committed>, Error> {
    commits.get(partition).cloned().transpose()
}

/// Sends it once. A coordinator that says it has not done it, because it is not the coordinator or still loads, is looked
/// up and asked again while there is time, and the group is checked again before that.
async fn send(client: &Client, intent: &WriteIntent, plan: &Plan, end: Instant) -> Result<Said, NotApplied> {
    let mut pause = FIRST_PAUSE;
    let mut coordinator = client.find_coordinator(&plan.group).await?;
    loop {
        let said = send_to(client, intent, plan, coordinator).await;
        let was_refused = |one: &Result<(), Error>| {
            let code = one.as_ref().err().and_then(Error::code);
            matches!(code, Some(LOADING | NOT_COORDINATOR))
        };
        let was_not_sent = |one: &Result<(), Error>| one.as_ref().is_err_and(|error| !error.may_have_arrived());
        let rows = if plan.deed == Deed::Delete {
            std::slice::from_ref(&said.group)
        } else {
            &said.rows[..]
        };
        let again = !rows.is_empty() && rows.iter().all(|one| was_refused(one) || was_not_sent(one));
        if !again || Instant::now() + pause >= end {
            return Ok(said);
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        coordinator = match client.find_coordinator(&plan.group).await {
            Ok(found) => found,
            Err(_) => continue,
        };
        match check(client, plan).await {
            Ok(()) | Err(NotApplied::Engine(_)) => {}
            Err(changed) => return Err(changed),
        }
    }
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
    let mut said = std::collections::HashMap::new();
    if !set.is_empty() {
        match client.commit_offsets(intent, coordinator, group, &set).await {
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

/// Reads back what is committed now, as long as there is time, and compares.
async fn verify(client: &Client, plan: &Plan, said: &Said, end: Instant) -> Vec<Settled> {
    let is_unsure = said.all().any(|one| one.as_ref().is_err_and(is_unsure));
    // What is on its way yet may still arrive.
    let linger = Instant::now() + LINGER;
    let mut pause = FIRST_PAUSE;
    loop {
        let read = client.commits(&plan.group).await;
        let settled: Vec<Settled> = plan
            .changes
            .iter()
            .zip(&said.rows)
            .map(|(change, said)| {
                let now = match &read {
                    Ok(commits) => found(commits, &change.partition),
                    Err(error) => Err(error.clone()),
                };
                let after = change.after.as_ref().ok().cloned().flatten();
                let outcome = outcome(said, now, &change.before, &after);
                Settled {
                    partition: change.partition.clone(),
                    outcome,
                }
            })
            .collect();
        let now = Instant::now() + pause;
        let is_open = settled.iter().any(|one| matches!(one.outcome, Outcome::Unknown(_)));
        let again = (read.is_err() && now < end) || (is_unsure && is_open && now < linger);
        if !again {
            return settled;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether this answer, or none, leaves open what was done.
fn is_unsure(error: &Error) -> bool {
    match error.code() {
        Some(code) => UNSURE.contains(&code),
        None => error.may_have_arrived(),
    }
}

/// What is known of one partition from what the coordinator said and what is committed `now`.
fn outcome(
    said: &Result<(), Error>,
    now: Result<Option<Committed>, Error>,
    before: &Option<Committed>,
    after: &Option<Committed>,
) -> Outcome {
    // Brokers older than the message format of Kafka 2.1 keep no epoch.
    let same = |one: &Option<Committed>, other: &Option<Committed>| {
        let key = |one: &Option<Committed>| one.as_ref().map(|one| (one.offset, one.metadata.clone()));
        key(one) == key(other)
    };
    match (said, now) {
        (Err(error), _) if !is_unsure(error) => Outcome::Failed(error.clone()),
        (_, Ok(now)) if same(&now, after) => Outcome::Verified,
        (Err(error), Ok(now)) if same(&now, before) => Outcome::Unknown(error.clone()),
        (_, Ok(now)) => Outcome::Overwritten(now),
        (Ok(()), Err(error)) => Outcome::Unread(error),
        (Err(error), Err(_)) => Outcome::Unknown(error.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::Offset;

    fn at(offset: i64) -> Option<Committed> {
        Some(Committed::at(Offset(offset)))
    }

    fn closed() -> Error {
        Error::Closed {
            what: "OffsetCommit".into(),
            addr: "broker 1".into(),
            reason: "reset".into(),
        }
    }

    fn kafka(code: i16) -> Error {
        Error::from_code(code, "t-0", None).unwrap()
    }

    #[test]
    fn nothing_is_claimed_that_was_not_read_back() {
        let unconnected = Error::Connect {
            addr: "b".into(),
            reason: "refused".into(),
        };
        let (before, after) = (at(5), at(9));
        let cases = [
            (Ok(()), Ok(at(9)), "verified"),
            (Ok(()), Ok(at(5)), "overwritten"),
            (Ok(()), Ok(at(12)), "overwritten"),
            (Ok(()), Ok(None), "overwritten"),
            (Ok(()), Err(closed()), "unverified"),
            // The answer was lost, the change was not.
            (Err(closed()), Ok(at(9)), "verified"),
            (Err(closed()), Ok(at(5)), "unknown"),
            (Err(closed()), Err(closed()), "unknown"),
            (Err(kafka(7)), Ok(at(9)), "verified"),
            (Err(kafka(15)), Ok(at(5)), "unknown"),
            (Err(kafka(25)), Ok(at(5)), "failed"),
            (Err(kafka(25)), Ok(at(9)), "failed"),
            (Err(kafka(16)), Ok(at(5)), "failed"),
            (Err(unconnected), Ok(at(5)), "failed"),
        ];
        for (said, now, word) in cases {
            let found = outcome(&said, now.clone(), &before, &after);
            assert_eq!(found.word(), word, "{said:?} {now:?}");
            assert_eq!(found.why().is_none(), found == Outcome::Verified);
        }
    }

    #[test]
    fn a_lost_epoch_is_no_difference_and_a_lost_text_is() {
        let full = Committed {
            leader_epoch: Some(crate::kafka::model::LeaderEpoch(3)),
            metadata: "note".into(),
            ..Committed::at(Offset(9))
        };
        let without_epoch = Committed {
            leader_epoch: None,
            ..full.clone()
        };
        assert_eq!(
            outcome(&Ok(()), Ok(Some(without_epoch)), &None, &Some(full.clone())),
            Outcome::Verified
        );
        assert_eq!(outcome(&Ok(()), Ok(at(9)), &None, &Some(full)).word(), "overwritten");
    }
}
