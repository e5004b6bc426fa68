//! Applies a plan exactly as it was shown, once: checked again right before, written down before, read back after.
//!
//! What was sent and not answered is never sent again. It is read back, and said to be there only when it is.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::journal::Journal;
use super::outcome::{Outcome, Settled, is_unsure};
use super::plan::{Deed, Plan, Standing};
use super::read::{commits_of, standing};
use super::saving::Saved;
use super::send::send;
use super::undo::Undo;
use super::verify::verify;
use crate::kafka::client::{Client, Commits, WriteIntent};
use crate::kafka::error::Error;
use crate::kafka::model::{Committed, TopicPartition};

/// Undos of undos of undos that are followed: files that name each other have no end.
const LONGEST_CHAIN: usize = 1_000;

const UNKNOWN_MEMBER_ID: i16 = 25;
const NON_EMPTY_GROUP: i16 = 68;

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

/// A plan that was sent.
#[derive(Debug)]
pub struct Applied {
    /// Every partition of the plan, in its order.
    pub settled: Vec<Settled>,
    /// The file that takes it back; `None` when nothing of it happened, or nothing was to change.
    pub undo: Option<PathBuf>,
    /// The file of the record that was skipped; `None` when nothing of it happened, or none was to be saved.
    pub saved: Option<PathBuf>,
    /// Why the audit log lacks it.
    pub unwritten: Option<io::Error>,
    /// Members that came in the way, as far as anybody is named.
    pub blockers: Option<Standing>,
    /// Why the group is not deleted, or may not be; `None` where it is, or was not to be.
    pub kept: Option<Error>,
}

impl Applied {
    /// Whether nothing of it was done, without doubt.
    pub fn is_surely_undone(&self) -> bool {
        let is_group_untouched = self.kept.as_ref().is_none_or(|error| !is_unsure(error));
        let is_done = self.kept.is_none() && self.settled.is_empty();
        is_group_untouched && !is_done && self.settled.iter().all(|one| one.outcome.is_surely_undone())
    }
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum NotApplied {
    /// Members are in the group.
    #[error("group {group} is {}: {}", standing.state, standing.who())]
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
    #[error("{0} since the preview")]
    Changed(String),
    /// The record could not be saved.
    #[error("cannot save the record to {}: {error}", path.display())]
    Save {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It could not be written down.
    #[error("cannot write the undo file or the audit log below {0}")]
    Journal(#[from] io::Error),
    /// The session is locked, or the group could not be checked.
    #[error("{0}")]
    Engine(#[from] Error),
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
    let saved = save(plan)?;
    let entry = applying.journal.begin(plan, applying.undoes, (applying.clock)());
    let entry = entry.inspect_err(|_| discard(saved.as_ref()))?;
    let end = Instant::now() + applying.patience;
    let said = match send(client, intent, plan, end).await {
        Ok(said) => said,
        Err(error) => {
            Undo::discard(entry.undo());
            discard(saved.as_ref());
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
        marked(applying.journal, path, now_ms);
    }
    let path = entry.undo().to_owned();
    let (undo, unwritten) = match entry.end(plan, &settled, now_ms) {
        Ok(undo) => (undo, None),
        Err(error) => (path.exists().then_some(path), Some(error)),
    };
    if undo.is_none() {
        discard(saved.as_ref());
    }
    Ok(Applied {
        settled,
        saved: saved.filter(|_| undo.is_some()).map(|saved| saved.path()),
        undo,
        unwritten,
        blockers,
        kept,
    })
}

/// Saves the record that is skipped, where one is.
fn save(plan: &Plan) -> Result<Option<Saved<'_>>, NotApplied> {
    let Some(saving) = &plan.saves else { return Ok(None) };
    let unsaved = |error| NotApplied::Save {
        path: saving.path.clone(),
        error,
    };
    saving.write().map(Some).map_err(unsaved)
}

/// Nothing was skipped, so nothing is kept.
fn discard(saved: Option<&Saved<'_>>) {
    if let Some(saved) = saved {
        saved.discard();
    }
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

/// The undone change is undone, also where a copy of its file was named.
fn marked(journal: &Journal, path: &Path, now_ms: i64) {
    // The offsets are restored all the same; the file is only offered once more.
    let warn = |error| tracing::warn!(%error, path = %path.display(), "the undo file was not marked");
    let kept = path.file_name().map(|name| journal.undo_dir().join(name));
    let kept = kept.filter(|kept| {
        let read = Undo::read(kept).and_then(|kept| Ok(kept.is_of(&Undo::read(path)?)));
        kept != path && read.unwrap_or(false)
    });
    if let Some(kept) = kept {
        mark_chain(kept, now_ms).unwrap_or_else(warn);
        Undo::mark(path, Some(now_ms)).unwrap_or_else(warn);
    } else {
        mark_chain(path.to_owned(), now_ms).unwrap_or_else(warn);
    }
}

/// Marks a file as undone; when its change was an undo itself, what that took back is in force again, and so on.
fn mark_chain(mut path: PathBuf, now_ms: i64) -> io::Result<()> {
    let mut is_undone = true;
    for _ in 0..LONGEST_CHAIN {
        let undo = Undo::read(&path)?;
        Undo::mark(&path, is_undone.then_some(now_ms))?;
        let Some(earlier) = undo.undoes() else { break };
        path = path.with_file_name(earlier);
        is_undone = !is_undone;
    }
    Ok(())
}

/// Whether the group still is as the plan says.
pub(super) async fn check(client: &Client, plan: &Plan) -> Result<(), NotApplied> {
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
    let commits = commits_of(client, &plan.group, plan.standing.kind).await?;
    for change in &plan.changes {
        let found = found(&commits, &change.partition)?;
        if found != change.before {
            let word = |one: Option<&Committed>| {
                one.as_ref()
                    .map_or_else(|| "none".to_owned(), |one| one.offset.to_string())
            };
            let (partition, was, is) = (&change.partition, word(change.before.as_ref()), word(found.as_ref()));
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

pub(super) fn found(commits: &Commits, partition: &TopicPartition) -> Result<Option<Committed>, Error> {
    commits.get(partition).cloned().transpose()
}
