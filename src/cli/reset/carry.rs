//! Shows a plan, or applies it and tells what came of it: for every command that changes groups.

use std::io::{self, Write as _};
use std::path::PathBuf;

use tokio::time::{Instant, sleep};

use super::args::{ActArgs, WaitArgs};
use super::show::{ChangeItem, Stage, first_record, refusals, sent_again, skipped_record, summary, unverified};
use crate::cli::report::{ClusterItem, Report};
use crate::cli::sending::{Refusal, Writing, say};
use crate::exit::Exit;
use crate::kafka::client::MetadataScope;
use crate::kafka::error::Error;
use crate::kafka::model::{Cluster, GroupId, Offset};
use crate::kafka::partial::Failure;
use crate::ops::reset::journal::Journal;
use crate::ops::reset::scope::arguments;
use crate::ops::reset::wait::{LOOK, Waiting};
use crate::ops::reset::{
    Applied, Applying, ClusterMark, Deed, NotApplied, Outcome, Plan, Settled, Standing, apply, file, glances,
};
use crate::runtime::clock;
use crate::settings::state_dir;
use crate::shell::quoted;

/// Partitions of which the first record is shown.
const GLANCES: usize = 12;

/// A command that changes a group.
pub struct Carrying<'a> {
    /// The session.
    pub writing: &'a Writing,
    /// The cluster.
    pub cluster: Cluster,
    /// Whether to act.
    pub act: &'a ActArgs,
    /// Whether to wait for a group without members.
    pub wait: &'a WaitArgs,
    /// Whether Kafka's CSV is printed instead of a table.
    pub is_export: bool,
    /// The undo file that is taken back.
    pub undoes: Option<PathBuf>,
}

/// The connected cluster.
///
/// # Errors
/// When no broker tells.
pub async fn cluster(writing: &Writing) -> Result<Cluster, Refusal> {
    Ok(writing.client.metadata(MetadataScope::None).await?.value.cluster)
}

/// Where changes of this cluster are written down.
///
/// # Errors
/// When there is no home to keep anything in.
pub fn journal(writing: &Writing, cluster: &Cluster) -> Result<Journal, Refusal> {
    let none = || Refusal::Failed("there is no folder for undo files: set HOME or XDG_STATE_HOME".to_owned());
    let mark = ClusterMark {
        id: cluster.id.clone(),
        name: writing.name.clone(),
    };
    Ok(Journal::new(state_dir().ok_or_else(none)?, mark))
}

impl Carrying<'_> {
    /// Waits until nobody is in the group, where that is asked for. How the command ends when that takes too long.
    ///
    /// # Errors
    /// When the group cannot be asked for.
    pub async fn await_empty(&self, group: &GroupId) -> Result<Option<Exit>, Refusal> {
        let Some(longest) = self.wait.wait_empty else {
            return Ok(None);
        };
        let end = Instant::now() + longest;
        let (mut waiting, mut told) = (Waiting::new(&self.writing.client, group), String::new());
        while let Some(who) = waiting.look().await? {
            if who != told {
                say(&format!("waiting: {who}"));
                told = who;
            }
            let now = Instant::now();
            if now >= end {
                say(&format!("nothing was sent: group {group} did not become empty in time"));
                return Ok(Some(Exit::Timeout));
            }
            sleep(LOOK.min(end - now)).await;
        }
        Ok(None)
    }

    /// Shows the plan, or applies it.
    ///
    /// # Errors
    /// When it could not be sent, for a reason that is not the group's.
    pub async fn carry_out(&self, plan: &Plan) -> Result<Exit, Refusal> {
        if plan.standing.state.is_dead() && matches!(plan.deed, Deed::Move | Deed::Undo) {
            say(&format!("note: group {} does not exist; a commit makes it", plan.group));
        }
        let refused = refusals(plan);
        if plan.is_blocked() {
            let active = active(plan, &plan.standing);
            return self.unsent(plan, [vec![active], refused].concat(), Exit::Refused).await;
        }
        if !refused.is_empty() {
            let exit = if self.act.execute { Exit::Nothing } else { Exit::Partial };
            return self.unsent(plan, refused, exit).await;
        }
        if self.act.execute {
            return self.execute(plan).await;
        }
        self.print(plan, Stage::Planned, Vec::new()).await?;
        self.show_records(plan).await;
        say(&summary(plan));
        say("nothing was sent: --execute does it");
        Ok(Exit::Well)
    }

    /// For people: what will be read first.
    async fn show_records(&self, plan: &Plan) {
        if self.is_export || !self.act.output.is_table() {
            return;
        }
        if let Some(saving) = &plan.saves {
            say(&skipped_record(saving));
        }
        let glances = glances(&self.writing.client, plan, GLANCES).await;
        for glance in &glances {
            say(&first_record(glance));
        }
    }

    /// Shows a plan that was not sent, and why.
    async fn unsent(&self, plan: &Plan, failures: Vec<Failure>, exit: Exit) -> Result<Exit, Refusal> {
        let stage = if self.act.execute {
            Stage::NotSent
        } else {
            Stage::Planned
        };
        self.print(plan, stage, failures).await?;
        say(&summary(plan));
        say(&format!("nothing was sent{}", self.narrower(plan)));
        Ok(exit)
    }

    async fn execute(&self, plan: &Plan) -> Result<Exit, Refusal> {
        let client = &self.writing.client;
        let journal = journal(self.writing, &self.cluster)?;
        client.unlock()?;
        let intent = plan.confirmed(client)?;
        let applying = Applying {
            journal: &journal,
            patience: self.writing.patience,
            undoes: self.undoes.as_deref(),
            clock: clock::unix_millis,
        };
        self.writing.begins();
        let (failure, exit) = match apply(client, &intent, plan, applying).await {
            Ok(applied) => return self.applied(plan, applied).await,
            Err(NotApplied::Engine(error)) => return Err(Refusal::from(error).unsent()),
            Err(NotApplied::Active { standing, .. }) => (active(plan, &standing), Exit::Refused),
            Err(why @ (NotApplied::Journal(_) | NotApplied::Save { .. })) => {
                return Err(Refusal::Failed(why.to_string()).unsent());
            }
            Err(other) => {
                let (what, reason) = (format!("group {}", plan.group), other.to_string());
                (
                    Failure::new(what.clone(), Error::Unsettled { what, reason }),
                    Exit::Nothing,
                )
            }
        };
        self.unsent(plan, vec![failure], exit).await
    }

    async fn applied(&self, plan: &Plan, applied: Applied) -> Result<Exit, Refusal> {
        let settled = applied.settled.iter();
        let mut failures = unverified(settled.map(|one| (one.partition.to_string(), &one.outcome)));
        if let Some(error) = &applied.kept {
            failures.push(Failure::new(format!("group {}", plan.group), error.clone()));
        }
        if let Some(standing) = &applied.blockers {
            failures.push(active(plan, standing));
        }
        let is_whole = failures.is_empty();
        let printed = self.print(plan, Stage::Settled(&applied.settled), failures).await;
        let is = |one: &&Settled| one.outcome == Outcome::Verified;
        let (verified, all) = (applied.settled.iter().filter(is).count(), applied.settled.len());
        say(&format!("{}; {verified} of {all} read back as planned", summary(plan)));
        if let Some(path) = &applied.undo {
            say(&format!(
                "to take it back: ktui undo {} --execute",
                quoted(&path.to_string_lossy())
            ));
        }
        if let (Some(saving), Some(path)) = (&plan.saves, &applied.saved) {
            say(&sent_again(saving, path));
        }
        if let Some(error) = &applied.unwritten {
            say(&format!("the audit log was not written: {error}"));
        }
        if let Err(refusal) = printed {
            // What was done is done, and was said above.
            let _ = refusal.exit();
            return Ok(Exit::Partial);
        }
        Ok(match applied.is_surely_undone() {
            _ if is_whole && applied.unwritten.is_none() => Exit::Well,
            true if applied.blockers.is_some() => Exit::Refused,
            true => Exit::Nothing,
            false => Exit::Partial,
        })
    }

    /// How to leave out what cannot be changed.
    fn narrower(&self, plan: &Plan) -> String {
        if plan.refused().next().is_none() {
            return String::new();
        }
        let rest = plan
            .changes
            .iter()
            .filter(|change| change.after.is_ok())
            .map(|change| &change.partition);
        let rest = arguments(rest);
        if rest.is_empty() {
            return String::new();
        }
        let flags: Vec<String> = rest.iter().map(|one| format!("--topic {one}")).collect();
        let flags = flags.join(" ");
        match &self.undoes {
            None => format!(". Hint: leave it out with {flags}"),
            Some(path) => {
                let csv = path.with_extension("csv");
                let (group, csv) = (quoted(plan.group.as_str()), quoted(&csv.to_string_lossy()).into_owned());
                format!(". Hint: the others can be restored with ktui reset {group} --from-file {csv} {flags}")
            }
        }
    }

    async fn print(&self, plan: &Plan, stage: Stage<'_>, failures: Vec<Failure>) -> Result<(), Refusal> {
        let cannot = |error: io::Error| Refusal::Failed(format!("cannot write: {error}"));
        if self.is_export {
            let rows = plan.changes.iter().filter_map(|change| {
                let after = change.after.as_ref().ok()?.as_ref()?;
                Some((&change.partition, Offset(after.offset.0)))
            });
            let text = file::write(rows);
            // A closed pipe is the reader's choice.
            let written = io::stdout().write_all(text.as_bytes());
            for failure in &failures {
                say(&failure.error.to_string());
            }
            return match written {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(cannot(error)),
                _ => Ok(()),
            };
        }
        let mut cluster = self.cluster.clone();
        if self.act.output.names_cluster() {
            match self.writing.client.describe_cluster().await {
                Ok(found) => cluster = found.value,
                // Its controller stays unknown in the report.
                Err(error) => tracing::debug!(%error, "the cluster was not described"),
            }
        }
        let items = plan.changes.iter().enumerate();
        let report = Report {
            cluster: ClusterItem::new(&self.writing.name, &cluster),
            items: items
                .map(|(at, change)| ChangeItem::new(plan, change, stage.word(at)))
                .collect(),
            failures,
        };
        report.print(self.act.output).map(|_| ()).map_err(cannot)
    }
}

/// Members are in the way.
fn active(plan: &Plan, standing: &Standing) -> Failure {
    let error = Error::ActiveGroup {
        group: plan.group.clone(),
        state: standing.state.clone(),
        who: standing.who(),
    };
    Failure::new(format!("group {}", plan.group), error)
}
