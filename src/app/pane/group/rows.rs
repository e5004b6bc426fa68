//! The rows of the tabs: partitions, members, topics.

use super::{Group, GroupTab};
use crate::app::moving::At;
use crate::app::store::Store;
use crate::kafka::lag::watch::Sum;
use crate::kafka::lag::{GroupDetail, PartitionLag};
use crate::kafka::model::{Member, TopicName};

impl Group {
    /// The partition of a row.
    pub fn partition<'a>(&self, row: usize, store: &'a Store) -> Option<&'a PartitionLag> {
        self.detail(store)?.partitions.get(*self.rows.get(row)? as usize)
    }

    /// The member of a row, with what its partitions amount to.
    pub fn member<'a>(&self, row: usize, store: &'a Store) -> Option<(&'a Member, Sum)> {
        let (index, detail) = (*self.rows.get(row)? as usize, self.detail(store)?);
        let owned = detail.partitions.iter().filter(|lag| lag.owner == Some(index));
        let sum = Sum::of(owned, store.derived.watches.get(&self.listing.group));
        Some((detail.description.members.get(index)?, sum))
    }

    /// The topic of a row, with what its partitions amount to.
    pub fn topic<'a>(&self, row: usize, store: &'a Store) -> Option<(&'a TopicName, Sum)> {
        let first = *self.rows.get(row)? as usize;
        let rest = self.detail(store)?.partitions.get(first..)?;
        let topic = &rest.first()?.partition.topic;
        // Partitions stand by topic.
        let of_topic = rest.iter().take_while(|lag| lag.partition.topic == *topic);
        Some((topic, Sum::of(of_topic, store.derived.watches.get(&self.listing.group))))
    }

    /// What of the group is under the cursor, for changes of it.
    pub(super) fn at(&self, store: &Store) -> At {
        let row = self.list.cursor;
        let found = match self.tab {
            GroupTab::Partitions => self
                .partition(row, store)
                .map(|lag| At::Partition(lag.partition.clone())),
            GroupTab::Topics => self.topic(row, store).map(|(topic, _)| At::Topic(topic.clone())),
            GroupTab::Members => {
                let member = self.member(row, store).map(|(member, _)| member);
                member.and_then(|member| member.instance_id.clone()).map(At::Member)
            }
        };
        found.unwrap_or_default()
    }

    /// The indices of what the open tab shows of a group: partitions, members, or the first partition of each topic.
    pub(super) fn rows_of(&self, detail: &GroupDetail) -> Vec<u32> {
        let members = &detail.description.members;
        let owner = |partition: &PartitionLag| partition.owner.and_then(|owner| members.get(owner));
        match self.tab {
            GroupTab::Partitions => keep(&detail.partitions, |partition| {
                let owner = owner(partition);
                self.filter.matches([
                    partition.partition.topic.as_str(),
                    owner.map_or("", |member| &member.client_id),
                    owner.map_or("", |member| &member.host),
                ])
            }),
            GroupTab::Members => keep(members, |member| {
                self.filter.matches([&*member.client_id, &*member.host, &*member.id])
            }),
            GroupTab::Topics => {
                let mut last = None;
                keep(&detail.partitions, |partition| {
                    let topic = &partition.partition.topic;
                    last.replace(topic) != Some(topic) && self.filter.matches([topic.as_str()])
                })
            }
        }
    }
}

fn keep<'a, T>(items: &'a [T], mut is_kept: impl FnMut(&'a T) -> bool) -> Vec<u32> {
    (0_u32..)
        .zip(items)
        .filter(|(_, item)| is_kept(item))
        .map(|(index, _)| index)
        .collect()
}
