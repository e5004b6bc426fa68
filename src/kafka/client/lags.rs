//! Lag of many groups at once: a few requests per broker, however many groups there are (protocol.md 5).
//!
//! Partitions that several groups read are asked for once. The order is describe, committed, log start, end: the end is
//! the youngest figure, so that it cannot lie before a commit that was read earlier.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Client;
use super::offsets::{OffsetAnswers, OffsetSpec};
use crate::kafka::error::Error;
use crate::kafka::lag::{
    CommittedOffsets, GroupDetail, GroupReading, GroupSummary, LogOffsets, PartitionLag, TopicReader, TopicReaders,
    UnknownLag, lag,
};
use crate::kafka::model::Isolation;
use crate::kafka::model::{GroupDescription, GroupId, GroupListing, GroupType, TopicName, TopicPartition};
use crate::kafka::partial::{Failure, Partial};
use crate::kafka::query::Members;

/// Lag is counted to the high watermark, as Kafka's own tools do.
const ISOLATION: Isolation = Isolation::ReadUncommitted;
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;

/// Whether log starts are read too: they tell what is lost, not how much is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Starts {
    Read,
    Skipped,
}

/// Everything that was read about some groups.
struct Reading {
    described: HashMap<GroupId, GroupDescription>,
    committed: HashMap<GroupId, Result<CommittedOffsets, Error>>,
    starts: OffsetAnswers,
    ends: OffsetAnswers,
    failures: Vec<Failure>,
}

impl Client {
    /// The lag of `groups`, in sum and by partition. A group of which nothing could be read is missing and among the failures.
    pub async fn lags(&self, groups: &[GroupListing], members: Members) -> Partial<HashMap<GroupId, GroupReading>> {
        // Many groups that nobody looks at closely: where their logs begin would double the cost.
        let starts = match members {
            Members::Described => Starts::Read,
            Members::Skipped => Starts::Skipped,
        };
        let reading = self.read_groups(groups, members, starts, None).await;
        let read = groups
            .iter()
            .filter_map(|group| Some((group.group.clone(), reading.group(group)?)));
        Partial::new(read.collect(), reading.failures)
    }

    /// Members and every partition of `groups`, in their order. A group that could not be described is missing and among
    /// the failures.
    pub async fn group_details(&self, groups: &[GroupListing]) -> Partial<Vec<GroupDetail>> {
        let reading = self.read_groups(groups, Members::Described, Starts::Read, None).await;
        let details = groups.iter().filter_map(|group| reading.detail(&group.group));
        Partial::new(details.collect(), reading.failures)
    }

    /// The groups that own partitions of `topic` or have commits there.
    pub async fn topic_readers(&self, topic: TopicName) -> Result<Partial<TopicReaders>, Error> {
        let mut failures = Vec::new();
        let listed = self.list_groups().await?.drain_into(&mut failures);
        let reading = self
            .read_groups(&listed, Members::Described, Starts::Skipped, Some(&topic))
            .await;
        failures.extend(reading.failures.iter().cloned());
        let readers = listed.into_iter().filter_map(|listing| {
            let detail = reading.detail(&listing.group)?;
            TopicReader::of(listing, &detail, &topic)
        });
        let groups = readers.collect();
        Ok(Partial::new(TopicReaders { topic, groups }, failures))
    }

    /// Ends and starts are read of `topic` only, where one is given.
    async fn read_groups(
        &self,
        groups: &[GroupListing],
        members: Members,
        starts: Starts,
        topic: Option<&TopicName>,
    ) -> Reading {
        let mut failures = Vec::new();
        let described = match members {
            Members::Described => self.describe_groups(groups).await.drain_into(&mut failures),
            Members::Skipped => HashMap::new(),
        };
        let committed = self.commits_of(groups).await;
        let missed = committed
            .iter()
            .filter_map(|(group, found)| Some((group.clone(), found.as_ref().err()?.clone())));
        failures.extend(self.group_failures("committed offsets", &missed.collect::<Vec<_>>()));
        let mut wanted = partitions(described.values(), committed.values());
        wanted.retain(|partition| topic.is_none_or(|topic| partition.topic == *topic));
        let starts = match starts {
            Starts::Read => self.list_offsets(OffsetSpec::Earliest, ISOLATION, wanted.clone()).await,
            Starts::Skipped => OffsetAnswers::new(),
        };
        let ends = self.list_offsets(OffsetSpec::Latest, ISOLATION, wanted).await;
        // What fails for the start fails for the end as well: once is enough. A deleted topic is a fact, no failure.
        let is_failure = |answer: &Result<_, Box<Error>>| {
            answer
                .as_ref()
                .is_err_and(|error| unknown(error) != UnknownLag::Deleted)
        };
        failures.extend(self.offset_failures("end offsets", ends.iter().filter(|(_, answer)| is_failure(answer))));
        Reading {
            described,
            committed,
            starts,
            ends,
            failures,
        }
    }

    /// Commits of `groups`. Share groups have none: their progress is kept
    /// per record (KIP-932).
    async fn commits_of(&self, groups: &[GroupListing]) -> HashMap<GroupId, Result<CommittedOffsets, Error>> {
        let (share, others): (Vec<_>, Vec<_>) =
            groups.iter().cloned().partition(|group| group.kind == GroupType::Share);
        self.learn_listed(&others);
        let found = self
            .committed_offsets(others.into_iter().map(|group| group.group).collect())
            .await;
        let unspoken = share.into_iter().map(|group| {
            let what = format!("the lag of share group {}", group.group);
            (group.group, Err(Error::NotSpoken { what }))
        });
        found.into_iter().chain(unspoken).collect()
    }
}

/// Every partition that somebody owns or has a commit for, once.
fn partitions<'a>(
    described: impl Iterator<Item = &'a GroupDescription>,
    committed: impl Iterator<Item = &'a Result<CommittedOffsets, Error>>,
) -> Vec<TopicPartition> {
    let mut all: HashSet<&TopicPartition> = HashSet::new();
    let members = described.flat_map(|group| &group.members);
    all.extend(members.filter_map(|member| member.assigned.as_ref()).flatten());
    for commits in committed.flatten() {
        all.extend(
            commits
                .iter()
                .filter(|(_, commit)| commit.is_ok())
                .map(|(partition, _)| partition),
        );
    }
    all.into_iter().cloned().collect()
}

fn unknown(error: &Error) -> UnknownLag {
    match error {
        Error::NoLeader { .. } => UnknownLag::NoLeader,
        Error::UnknownTopic { .. } | Error::UnknownPartition { .. } => UnknownLag::Deleted,
        Error::Kafka {
            code: UNKNOWN_TOPIC_OR_PARTITION,
            ..
        } => UnknownLag::Deleted,
        other => UnknownLag::NoEnd(other.to_string()),
    }
}

impl Reading {
    fn log(&self, partition: &TopicPartition) -> LogOffsets {
        let start = self.starts.get(partition).and_then(|answer| answer.as_ref().ok());
        LogOffsets {
            log_start: start.and_then(|start| *start),
            end: match self.ends.get(partition) {
                Some(Ok(end)) => end.ok_or_else(|| UnknownLag::NoEnd("the leader named none".to_owned())),
                Some(Err(error)) => Err(unknown(error)),
                None => Err(UnknownLag::NoEnd("it was not asked for".to_owned())),
            },
        }
    }

    /// Every partition of a group that is known, and why what it has committed is not, where it could not be read.
    fn rows(&self, group: &GroupId, description: Option<&GroupDescription>) -> (Vec<PartitionLag>, Option<Arc<str>>) {
        let (committed, unread) = match self.committed.get(group) {
            Some(Ok(found)) => (Some(found), None),
            Some(Err(error)) => (None, Some(error.to_string().into())),
            None => (None, Some("it was not asked for".into())),
        };
        let why = unread.as_deref().unwrap_or_default();
        let rows = lag(description, committed.ok_or(why), |partition| self.log(partition));
        (rows, unread)
    }

    fn detail(&self, group: &GroupId) -> Option<GroupDetail> {
        let description = self.described.get(group)?.clone();
        let (partitions, unread) = self.rows(group, Some(&description));
        Some(GroupDetail {
            description,
            partitions,
            unread,
        })
    }

    /// What was read of one group among many; `None` when that is nothing.
    fn group(&self, group: &GroupListing) -> Option<GroupReading> {
        let description = self.described.get(&group.group);
        let (partitions, unread) = self.rows(&group.group, description);
        if description.is_none() && unread.is_some() {
            return None;
        }
        Some(GroupReading {
            summary: GroupSummary::new(group.coordinator, description, &partitions, unread.as_deref()),
            description: description.cloned(),
            partitions,
            unread,
        })
    }
}
