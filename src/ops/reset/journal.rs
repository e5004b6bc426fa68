//! What stays on this machine of a change: the undo file before it, a line of the audit log after it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::outcome::{Outcome, Settled};
use super::plan::{Deed, Plan};
use super::undo::{ClusterMark, Undo};
use super::when::stamp;
use crate::kafka::model::Committed;

/// Where changes are written down, and what is the same for all of a session.
#[derive(Clone, Debug)]
pub struct Journal {
    /// ktui's folder for what it keeps.
    pub dir: PathBuf,
    /// The cluster.
    pub cluster: ClusterMark,
    /// Who makes the changes: the name of the user on this machine.
    pub who: String,
}

/// A line of the audit log.
#[derive(Debug, Serialize)]
struct Line<'a> {
    time: String,
    who: &'a str,
    cluster: &'a ClusterMark,
    group: &'a str,
    what: String,
    undo: Option<&'a Path>,
    changes: Vec<ChangeMark<'a>>,
}

#[derive(Debug, Serialize)]
struct ChangeMark<'a> {
    topic: &'a str,
    partition: i32,
    before: Option<i64>,
    after: Option<i64>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// A change that is about to be sent, written down.
#[derive(Debug)]
pub struct Entry<'a> {
    journal: &'a Journal,
    audit: File,
    undo: Undo,
    path: PathBuf,
}

impl Journal {
    /// The journal in `dir`, of the user who runs this process.
    pub fn new(dir: PathBuf, cluster: ClusterMark) -> Self {
        let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
        let uid = || format!("uid {}", rustix::process::getuid().as_raw());
        Self {
            dir,
            cluster,
            who: user.unwrap_or_else(uid),
        }
    }

    /// The folder of undo files.
    pub fn undo_dir(&self) -> PathBuf {
        undo_dir(&self.dir)
    }

    /// The audit log.
    pub fn audit_file(&self) -> PathBuf {
        self.dir.join("audit.jsonl")
    }

    /// Writes down what `plan` will replace, at `now_ms`. What cannot be written down is not to be sent.
    ///
    /// # Errors
    /// When the undo file or the audit log cannot be written.
    pub fn begin(&self, plan: &Plan, undoes: Option<&Path>, now_ms: i64) -> io::Result<Entry<'_>> {
        let below = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.dir.display()));
        let audit = self.open().map_err(below)?;
        let undoes = undoes
            .and_then(Path::file_name)
            .map(|name| name.to_string_lossy().into_owned());
        let undo = Undo::of(plan, &self.cluster, &self.who, undoes, now_ms);
        let path = undo.save(&self.undo_dir()).map_err(below)?;
        Ok(Entry {
            journal: self,
            audit,
            undo,
            path,
        })
    }

    fn open(&self) -> io::Result<File> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(self.audit_file())
    }

    /// Notes that members were taken out of a group.
    ///
    /// # Errors
    /// When the audit log cannot be written.
    pub fn note(&self, group: &str, what: String, now_ms: i64) -> io::Result<()> {
        let line = Line {
            time: stamp(now_ms),
            who: &self.who,
            cluster: &self.cluster,
            group,
            what,
            undo: None,
            changes: Vec::new(),
        };
        append(&mut self.open()?, &line)
    }
}

/// The folder of undo files in ktui's folder for what it keeps.
pub fn undo_dir(dir: &Path) -> PathBuf {
    dir.join("undo")
}

impl Entry<'_> {
    /// Where the undo file is.
    pub fn undo(&self) -> &Path {
        &self.path
    }

    /// Writes down what came of it. Of a change that surely did not happen, or was none, no undo file is kept: the newest
    /// file is what somebody takes back in a hurry. Nor does it keep a partition of which that is true: the group goes on
    /// there, and would be set back.
    ///
    /// # Errors
    /// When the audit log cannot be written.
    pub fn end(mut self, plan: &Plan, settled: &[Settled], now_ms: i64) -> io::Result<Option<PathBuf>> {
        let each = plan.changes.iter().zip(settled);
        let kept = each.map(|(change, one)| change.is_change() && !one.outcome.is_surely_undone());
        let undo = if kept.clone().any(|is_kept| is_kept) {
            // The whole file takes it back as well: it holds more than it needs.
            if plan.deed != Deed::Delete
                && let Err(error) = self.undo.narrow(&self.path, kept)
            {
                tracing::warn!(%error, path = %self.path.display(), "the undo file keeps what did not change");
            }
            Some(self.path)
        } else {
            Undo::discard(&self.path);
            None
        };
        let offset = |committed: &Option<Committed>| committed.as_ref().map(|committed| committed.offset.0);
        let changes = plan.changes.iter().zip(settled).map(|(change, settled)| ChangeMark {
            topic: change.partition.topic.as_str(),
            partition: change.partition.partition.0,
            before: offset(&change.before),
            after: change.after.as_ref().ok().and_then(offset),
            outcome: settled.outcome.word(),
            why: match &settled.outcome {
                Outcome::Verified => None,
                other => other.why(),
            },
        });
        let line = Line {
            time: stamp(now_ms),
            who: &self.journal.who,
            cluster: &self.journal.cluster,
            group: plan.group.as_str(),
            what: plan.to_string(),
            undo: undo.as_deref(),
            changes: changes.collect(),
        };
        append(&mut self.audit, &line)?;
        Ok(undo)
    }
}

/// One write, so that lines of several sessions do not mix.
fn append(file: &mut File, line: &Line<'_>) -> io::Result<()> {
    let mut text = serde_json::to_vec(line).map_err(io::Error::other)?;
    text.push(b'\n');
    file.write_all(&text)?;
    file.sync_data()
}
