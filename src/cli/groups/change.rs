//! `ktui groups delete`, `delete-offsets`, `remove-members`: what ends a group or parts of it. Without `--execute` they
//! show what would be done and send nothing.

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;

use crate::cli::report::{ClusterItem, Column, Item, Report, Side, known};
use crate::cli::reset::args::{ActArgs, ScopeArgs, WaitArgs};
use crate::cli::reset::carry::{Carrying, cluster, journal};
use crate::cli::reset::show::unverified;
use crate::cli::sending::{Refusal, Writing, say};
use crate::exit::Exit;
use crate::kafka::model::{GroupId, Member};
use crate::ops::reset::members::{Removal, plan_removal, remove};
use crate::ops::reset::{NotApplied, Outcome, plan_forget};
use crate::runtime::clock;

/// What ends a group or parts of it.
#[derive(Clone, Debug, Subcommand)]
pub enum GroupsCommand {
    /// Delete a group that has no members, with all its offsets; shows them, and does it with --execute
    Delete {
        /// The group
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        group: String,
        /// Whether to wait.
        #[command(flatten)]
        wait: WaitArgs,
        /// Whether to act.
        #[command(flatten)]
        act: ActArgs,
    },
    /// Make a group forget offsets of topics that no member reads; shows them, and does it with --execute
    DeleteOffsets {
        /// The group
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        group: String,
        /// Which.
        #[command(flatten)]
        scope: ScopeArgs,
        /// Whether to wait.
        #[command(flatten)]
        wait: WaitArgs,
        /// Whether to act.
        #[command(flatten)]
        act: ActArgs,
    },
    /// Take static members out of a group; shows them, and does it with --execute
    RemoveMembers {
        /// The group
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        group: String,
        /// Their group.instance.id
        #[arg(required = true, value_name = "INSTANCE")]
        instances: Vec<String>,
        /// Whether to act.
        #[command(flatten)]
        act: ActArgs,
    },
}

/// Does what ends a group or parts of it.
///
/// # Errors
/// When there is no plan, or it was not sent.
pub async fn change(writing: &Writing, command: &GroupsCommand) -> Result<Exit, Refusal> {
    let (group, scope, wait, act) = match command {
        GroupsCommand::Delete { group, wait, act } => (group, None, wait, act),
        GroupsCommand::DeleteOffsets {
            group,
            scope,
            wait,
            act,
        } => (group, Some(scope.plain()?), wait, act),
        GroupsCommand::RemoveMembers { group, instances, act } => {
            return remove_members(writing, group, instances, act).await;
        }
    };
    act.check(writing)?;
    let group = GroupId::from(group.as_str());
    let carrying = Carrying {
        writing,
        cluster: cluster(writing).await?,
        act,
        wait,
        is_export: false,
        undoes: None,
    };
    if let Some(exit) = carrying.await_empty(&group).await? {
        return Ok(exit);
    }
    let plan = plan_forget(&writing.client, &group, scope.as_ref(), clock::unix_millis()).await?;
    carrying.carry_out(&plan).await
}

/// A static member that is to go.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberItem {
    instance: String,
    member: String,
    client_id: String,
    host: String,
    partitions: Option<usize>,
    outcome: &'static str,
}

impl MemberItem {
    fn new(instance: &str, member: &Member, outcome: &'static str) -> Self {
        Self {
            instance: instance.to_owned(),
            member: member.id.to_string(),
            client_id: member.client_id.to_string(),
            host: member.host.to_string(),
            partitions: member.assigned.as_ref().map(Vec::len),
            outcome,
        }
    }
}

impl Item for MemberItem {
    type Row = Self;

    fn columns(_: &[Self]) -> &'static [Column<Self>] {
        &[
            Column {
                name: "instance",
                side: Side::Left,
                show: |row| known(&row.instance),
            },
            Column {
                name: "member",
                side: Side::Left,
                show: |row| known(&row.member),
            },
            Column {
                name: "clientId",
                side: Side::Left,
                show: |row| known(&row.client_id),
            },
            Column {
                name: "host",
                side: Side::Left,
                show: |row| known(&row.host),
            },
            Column {
                name: "partitions",
                side: Side::Right,
                show: |row| row.partitions.and_then(known),
            },
            Column {
                name: "outcome",
                side: Side::Left,
                show: |row| known(row.outcome),
            },
        ]
    }

    fn rows(&self) -> Vec<Self> {
        vec![self.clone()]
    }
}

async fn remove_members(writing: &Writing, group: &str, instances: &[String], act: &ActArgs) -> Result<Exit, Refusal> {
    let cluster = cluster(writing).await?;
    act.check(writing)?;
    let (group, client) = (GroupId::from(group), &writing.client);
    let removal = plan_removal(client, &group, instances).await?;
    let report = |outcome: &dyn Fn(usize) -> &'static str, failures| Report {
        cluster: ClusterItem::new(&writing.name, &cluster),
        items: items(&removal, outcome),
        failures,
    };
    let cannot = |error: std::io::Error| Refusal::Failed(format!("cannot write: {error}"));
    if !act.execute {
        report(&|_| "planned", Vec::new()).print(act.output).map_err(cannot)?;
        say(&removal.to_string());
        say("nothing was sent: --execute does it");
        return Ok(Exit::Well);
    }
    let journal = journal(writing, &cluster)?;
    client.unlock()?;
    let intent = removal.confirmed(client)?;
    writing.begins();
    let removed = match remove(client, &intent, &removal, &journal, clock::unix_millis()).await {
        Ok(removed) => removed,
        Err(NotApplied::Engine(error)) => return Err(error.into()),
        Err(other) => return Err(Refusal::Failed(format!("nothing was sent: {other}"))),
    };
    let word = |at: usize| removed.outcomes.get(at).map_or("unknown", Outcome::word);
    let named = removal.members.iter().map(|(instance, _)| format!("member {instance}"));
    let failures = unverified(named.zip(&removed.outcomes));
    let (all, bad) = (removed.outcomes.len(), failures.len());
    report(&word, failures).print(act.output).map_err(cannot)?;
    say(&format!(
        "{removal}; {} of {all} are gone. One that still runs may join again",
        all - bad
    ));
    if let Some(error) = &removed.unwritten {
        say(&format!("the audit log was not written: {error}"));
    }
    Ok(exit(&removed.outcomes, removed.unwritten.is_some()))
}

/// Nothing is said to be changed only where that is sure.
fn exit(outcomes: &[Outcome], is_unwritten: bool) -> Exit {
    if outcomes.iter().all(|one| *one == Outcome::Verified) {
        if is_unwritten { Exit::Partial } else { Exit::Well }
    } else if outcomes.iter().all(Outcome::is_surely_undone) {
        Exit::Nothing
    } else {
        Exit::Partial
    }
}

fn items(removal: &Removal, outcome: &dyn Fn(usize) -> &'static str) -> Vec<MemberItem> {
    let members = removal.members.iter().enumerate();
    members
        .map(|(at, (instance, member))| MemberItem::new(instance, member, outcome(at)))
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Args, Command};
    use crate::kafka::error::Error;

    #[test]
    fn nothing_was_changed_only_where_that_is_sure() {
        let error = || Error::Cancelled { what: "it".to_owned() };
        let (gone, failed, unknown) = (Outcome::Verified, Outcome::Failed(error()), Outcome::Unknown(error()));
        let of = |outcomes: &[&Outcome]| {
            let outcomes: Vec<_> = outcomes.iter().map(|one| (*one).clone()).collect();
            exit(&outcomes, false)
        };
        assert_eq!(of(&[&gone, &gone]), Exit::Well);
        assert_eq!(exit(std::slice::from_ref(&gone), true), Exit::Partial);
        assert_eq!(of(&[&failed, &failed]), Exit::Nothing);
        for partial in [[&gone, &failed], [&unknown, &unknown], [&failed, &unknown]] {
            assert_eq!(of(&partial), Exit::Partial);
        }
    }

    #[test]
    fn groups_are_printed_or_changed() {
        let parsed = |line: &str| Args::try_parse_from(line.split_whitespace());
        assert!(matches!(
            parsed("ktui groups --json").unwrap().command,
            Some(Command::Groups { change: None, .. })
        ));
        let lines = [
            "ktui groups delete g --execute",
            "ktui groups delete g --wait-empty=10s --json",
            "ktui groups delete-offsets g --topic t:0 --topic u",
            "ktui groups remove-members g pod-0 pod-1",
            "ktui -b a:1 groups delete g",
            "ktui groups delete g -b a:1",
            "ktui groups -b a:1 delete g",
        ];
        for line in lines {
            assert!(
                matches!(
                    parsed(line).unwrap().command,
                    Some(Command::Groups { change: Some(_), .. })
                ),
                "{line}"
            );
        }
        for wrong in ["ktui groups delete", "ktui groups remove-members g"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
