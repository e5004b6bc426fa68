//! Reads what a plan stands on, and makes it. Order: members, commits, log starts and ends, so that an end is never older
//! than a commit.

use std::collections::{BTreeMap, BTreeSet};

use super::logs::Logs;
use super::plan::{Change, Deed, Plan, Standing};
use super::scope::Scope;
use super::strategy::{Adjusted, Facts, Refusal, Strategy, target};
use super::undo::Undo;
use crate::kafka::client::{Client, Commits, MetadataScope};
use crate::kafka::error::Error;
use crate::kafka::model::{Committed, GroupId, GroupListing, GroupType, Offset, TopicName, TopicPartition};

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NoPlan {
    /// The cluster cannot tell what it stands on.
    #[error("{0}")]
    Engine(#[from] Error),
    /// Offsets of such groups are not moved so.
    #[error("{group} is a {} group: {}", kind.as_str(), why(*kind))]
    Kind {
        /// The group.
        group: GroupId,
        /// Its kind.
        kind: GroupType,
    },
    /// Nothing is selected.
    #[error("{0}")]
    Nothing(String),
    /// What it stands on is not as it must be.
    #[error("{0}")]
    Refused(String),
}

fn why(kind: GroupType) -> &'static str {
    match kind {
        GroupType::Streams => {
            "its state stores and internal topics would not match other offsets; kafka-streams-application-reset.sh \
             resets them together"
        }
        GroupType::Share => "it cannot be made again with what it had; kafka-share-groups.sh deletes it",
        GroupType::Classic | GroupType::Consumer => "ktui moves its offsets",
    }
}

/// Plans to move the offsets of `group`.
///
/// # Errors
/// When its commits cannot be moved so, or cannot be read.
pub async fn plan(
    client: &Client,
    group: &GroupId,
    scope: &Scope,
    strategy: &Strategy,
    now_ms: i64,
) -> Result<Plan, NoPlan> {
    let (standing, commits) = now(client, group).await?;
    let given = given(client, strategy).await?;
    let selected = selected(client, scope, &commits, given.as_ref()).await?;
    if selected.is_empty() {
        return Err(NoPlan::Nothing(match (scope, standing.state.is_dead()) {
            (Scope::Committed, true) => format!("group {group} does not exist or is hidden"),
            (Scope::Committed, false) => format!("group {group} has committed nothing"),
            (Scope::Topics(_), _) => "no partition is selected".to_owned(),
        }));
    }
    let ground = Ground::read(client, group, (standing, commits), selected, strategy.time(now_ms)).await;
    let plan = ground.plan(Deed::Move, strategy.words(now_ms), now_ms, |partition, before| {
        let facts = Facts {
            committed: before.cloned(),
            log: ground.logs.range(partition),
            at_time: ground.logs.at_time(partition)?,
            given: given.as_ref().and_then(|given| given.get(partition).copied()),
        };
        let (offset, adjusted) = target(strategy, &facts)?;
        Ok((Some(kept(before, offset)), adjusted))
    });
    Ok(plan)
}

/// Plans to put back what a change replaced.
///
/// # Errors
/// When its commits cannot be moved so, or cannot be read.
pub async fn plan_undo(client: &Client, undo: &Undo, now_ms: i64) -> Result<Plan, NoPlan> {
    let group = undo.group();
    let now = now(client, &group).await?;
    let rows = undo.before();
    let selected = rows.keys().cloned().collect();
    // Only to say what is replayed: what was committed once is put back wherever the log is by now.
    let ground = Ground::read(client, &group, now, selected, None).await;
    let how = format!("to those before {}", undo.made());
    let plan = ground.plan(Deed::Undo, how, now_ms, |partition, before| {
        let after = rows.get(partition).cloned().flatten();
        let topic = &partition.topic;
        if after.is_none() && before.is_some() && ground.standing.kind == GroupType::Share {
            return Err(Refusal::Kept);
        }
        if ground.logs.range(partition) == Err(Refusal::Unknown) {
            return Err(Refusal::Unknown);
        }
        if undo.is_remade(topic, ground.topic_ids.get(topic)) {
            return Err(Refusal::Remade);
        }
        Ok((after, Adjusted::No))
    });
    Ok(plan)
}

/// Plans to make `group` forget its offsets within `scope`, or to delete it with all of them where there is none.
///
/// # Errors
/// When its commits cannot be read, or there are none.
pub async fn plan_forget(client: &Client, group: &GroupId, scope: Option<&Scope>, now_ms: i64) -> Result<Plan, NoPlan> {
    let (standing, commits) = now(client, group).await?;
    if standing.kind == GroupType::Share {
        let (group, kind) = (group.clone(), standing.kind);
        return Err(NoPlan::Kind { group, kind });
    }
    let deed = if scope.is_some() { Deed::Forget } else { Deed::Delete };
    let is_meant = |partition: &TopicPartition| scope.is_none_or(|scope| scope.has(partition));
    let selected: BTreeSet<TopicPartition> = commits.keys().filter(|one| is_meant(one)).cloned().collect();
    if standing.state.is_dead() && commits.is_empty() {
        return Err(Error::UnknownGroup { group: group.clone() }.into());
    }
    if selected.is_empty() && deed == Deed::Forget {
        return Err(NoPlan::Nothing(format!("group {group} has committed nothing there")));
    }
    let ground = Ground::read(client, group, (standing, commits), selected, None).await;
    let plan = ground.plan(deed, String::new(), now_ms, |partition, _| {
        if deed == Deed::Forget && ground.standing.reads(&partition.topic) {
            return Err(Refusal::Subscribed);
        }
        Ok((None, Adjusted::No))
    });
    Ok(plan)
}

/// What a plan stands on.
struct Ground {
    group: GroupId,
    standing: Standing,
    commits: Commits,
    /// Every partition that is meant.
    selected: BTreeSet<TopicPartition>,
    logs: Logs,
    topic_ids: BTreeMap<TopicName, [u8; 16]>,
}

impl Ground {
    /// Reads the logs of what is selected, and where a time is looked for, what is there.
    async fn read(
        client: &Client,
        group: &GroupId,
        (standing, commits): (Standing, Commits),
        selected: BTreeSet<TopicPartition>,
        time: Option<i64>,
    ) -> Self {
        let logs = Logs::read(client, &selected, time).await;
        Self {
            group: group.clone(),
            standing,
            commits,
            // After the logs, whose leaders are looked up where they are not known.
            topic_ids: topic_ids(client, &selected),
            selected,
            logs,
        }
    }

    /// The plan in which each partition goes where `target` says, from what it has committed.
    fn plan(
        &self,
        deed: Deed,
        how: String,
        now_ms: i64,
        target: impl Fn(&TopicPartition, Option<&Committed>) -> Result<(Option<Committed>, Adjusted), Refusal>,
    ) -> Plan {
        let changes = self.selected.iter().map(|partition| {
            let before = committed(&self.commits, partition);
            let target = before.clone().and_then(|before| target(partition, before.as_ref()));
            let (after, adjusted) = match target {
                Ok((after, adjusted)) => (Ok(after), adjusted),
                Err(refusal) => (Err(refusal), Adjusted::No),
            };
            Change {
                partition: partition.clone(),
                before: before.unwrap_or_default(),
                after,
                adjusted,
                log: self.logs.range(partition).ok(),
            }
        });
        Plan {
            group: self.group.clone(),
            deed,
            how,
            made_ms: now_ms,
            changes: changes.collect(),
            standing: self.standing.clone(),
            topic_ids: self.topic_ids.clone(),
            saves: None,
        }
    }
}

/// The group with its commits, as they are now.
async fn now(client: &Client, group: &GroupId) -> Result<(Standing, Commits), NoPlan> {
    let standing = standing_of(client, group, None).await?;
    let commits = commits_of(client, group, standing.kind).await?;
    Ok((standing, commits))
}

/// What a group of this kind has committed; of a share group where it begins to read.
///
/// # Errors
/// When its coordinator does not tell.
pub(super) async fn commits_of(client: &Client, group: &GroupId, kind: GroupType) -> Result<Commits, Error> {
    match kind {
        GroupType::Share => client.share_starts(group).await,
        GroupType::Classic | GroupType::Consumer | GroupType::Streams => client.commits(group).await,
    }
}

/// The kind under which its coordinator lists a group. One that it does not list is new: to be asked as a classic group,
/// which also finds one of another kind.
async fn kind_of(client: &Client, group: &GroupId) -> Result<GroupType, Error> {
    let listed = client.listing(group).await?;
    Ok(listed.map_or(GroupType::Classic, |listing| listing.kind))
}

/// State and members of a group as they are now; its kind is looked up where none is given.
///
/// # Errors
/// When its offsets are not moved so, or its coordinator does not tell.
pub async fn standing_of(client: &Client, group: &GroupId, known: Option<GroupType>) -> Result<Standing, NoPlan> {
    let kind = match known {
        Some(kind) => kind,
        None => kind_of(client, group).await?,
    };
    if kind == GroupType::Streams {
        return Err(NoPlan::Kind {
            group: group.clone(),
            kind,
        });
    }
    Ok(standing(client, group, kind).await?)
}

/// State and members of a group of this kind, as they are now.
///
/// # Errors
/// When its coordinator does not tell.
pub async fn standing(client: &Client, group: &GroupId, kind: GroupType) -> Result<Standing, Error> {
    let coordinator = client.known_coordinator(group).await?;
    let listing = GroupListing {
        group: group.clone(),
        kind,
        protocol_type: "".into(),
        state: None,
        coordinator,
    };
    let mut failures = Vec::new();
    let mut found = client.describe_groups(&[listing]).await.drain_into(&mut failures);
    let found = found.remove(group).map(|found| Standing {
        kind: found.kind,
        state: found.state,
        members: found.members,
    });
    found.ok_or_else(|| {
        let unknown = || Error::UnknownGroup { group: group.clone() };
        failures.pop().map_or_else(unknown, |failure| failure.error)
    })
}

/// The offsets that the strategy brings along.
async fn given(client: &Client, strategy: &Strategy) -> Result<Option<BTreeMap<TopicPartition, Offset>>, NoPlan> {
    let source = match strategy {
        Strategy::Named(offsets) => return Ok(Some(offsets.clone())),
        Strategy::Group(source) => source,
        _ => return Ok(None),
    };
    let mut offsets = BTreeMap::new();
    let kind = kind_of(client, source).await?;
    for (partition, commit) in commits_of(client, source, kind).await? {
        offsets.insert(partition, commit?.offset);
    }
    if offsets.is_empty() {
        return Err(NoPlan::Nothing(format!(
            "group {source} has committed nothing, or does not exist"
        )));
    }
    Ok(Some(offsets))
}

/// The partitions that are meant. Where offsets are brought along, they say which; a scope makes fewer of them.
async fn selected(
    client: &Client,
    scope: &Scope,
    commits: &Commits,
    given: Option<&BTreeMap<TopicPartition, Offset>>,
) -> Result<BTreeSet<TopicPartition>, NoPlan> {
    if let Some(given) = given {
        let mut selected: BTreeSet<_> = given.keys().filter(|one| scope.has(one)).cloned().collect();
        selected.extend(scope.partitions(std::iter::empty(), &BTreeMap::new()));
        return Ok(selected);
    }
    let topics: BTreeSet<TopicName> = scope.topics().cloned().collect();
    let mut counts = BTreeMap::new();
    if !topics.is_empty() {
        let named = MetadataScope::Named(topics.into_iter().collect());
        let known = client.metadata(named).await?;
        if let Some(failure) = known.failures.into_iter().next() {
            return Err(failure.error.into());
        }
        let count = |one: usize| i32::try_from(one).unwrap_or(i32::MAX);
        let topics = known.value.topics.into_iter();
        counts.extend(topics.map(|topic| (topic.name, count(topic.partitions.len()))));
    }
    Ok(scope.partitions(commits.keys(), &counts))
}

/// Ids of the topics, as they were last seen.
fn topic_ids(client: &Client, partitions: &BTreeSet<TopicPartition>) -> BTreeMap<TopicName, [u8; 16]> {
    let topics: BTreeSet<&TopicName> = partitions.iter().map(|one| &one.topic).collect();
    let known = topics
        .into_iter()
        .filter_map(|topic| Some((topic.clone(), client.topic_id(topic)?)));
    known.collect()
}

fn committed(commits: &Commits, partition: &TopicPartition) -> Result<Option<Committed>, Refusal> {
    match commits.get(partition) {
        None => Ok(None),
        Some(Ok(committed)) => Ok(Some(committed.clone())),
        Some(Err(error)) => Err(Refusal::CommitUnread(error.summary())),
    }
}

/// The commit as it was where the offset stays; a new one has neither epoch nor text, as with Kafka's tool.
fn kept(before: Option<&Committed>, offset: Offset) -> Committed {
    let same = before.filter(|before| before.offset == offset);
    same.cloned().unwrap_or_else(|| Committed::at(offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::LeaderEpoch;

    #[test]
    fn text_and_epoch_stay_where_the_offset_stays() {
        let before = Committed {
            offset: Offset(7),
            leader_epoch: Some(LeaderEpoch(3)),
            metadata: "note".into(),
        };
        assert_eq!(kept(Some(&before), Offset(7)), before);
        assert_eq!(kept(Some(&before), Offset(8)), Committed::at(Offset(8)));
        assert_eq!(kept(None, Offset(8)), Committed::at(Offset(8)));
    }

    #[test]
    fn groups_that_are_not_moved_so_say_why() {
        let said = |kind| {
            NoPlan::Kind {
                group: "app".into(),
                kind,
            }
            .to_string()
        };
        assert!(said(GroupType::Streams).starts_with("app is a streams group: its state stores"));
        assert!(said(GroupType::Share).contains("kafka-share-groups.sh deletes it"));
    }
}
