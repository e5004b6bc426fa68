//! `ktui groups`: what the Groups pane shows; below it what ends a group or parts of it.

pub mod change;

use std::collections::HashMap;

use serde::Serialize;

use super::report::{Column, Item, Report, Side, known};
use super::session::Session;
use crate::kafka::error::Error;
use crate::kafka::lag::GroupSummary;
use crate::kafka::model::{BrokerId, GroupId, GroupListing, GroupState, GroupType, Total};
use crate::kafka::query::{Answer, Members, Query};

/// A group in sum.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupItem {
    /// `group.id`.
    pub group: GroupId,
    /// Kafka's word for its kind, in lower case.
    #[serde(rename = "type")]
    pub kind: GroupType,
    /// The protocol type: `consumer`, `connect`, or empty.
    pub protocol: String,
    /// Its state.
    pub state: Option<GroupState>,
    /// Its coordinator.
    pub coordinator: BrokerId,
    /// Live members.
    pub members: Option<usize>,
    /// Topics with commits or assigned partitions.
    pub topics: Option<usize>,
    /// The epoch, where the coordinator tells one: a classic group's generation is not told.
    pub epoch: Option<i32>,
    /// Sum of the known lags; `null` when none is known, also where nothing has been committed that could lag.
    pub lag: Option<i64>,
    /// Partitions whose lag is unknown.
    pub unknown_partitions: Option<usize>,
    /// Assigned partitions without a commit.
    pub uncommitted_partitions: Option<usize>,
}

impl GroupItem {
    /// A group as it was listed, with what is known of it in sum.
    pub fn new(listing: &GroupListing, summary: Option<&GroupSummary>) -> Self {
        let lag = summary.map(|summary| summary.lag);
        let uncommitted = summary.and_then(|summary| summary.uncommitted);
        let is_zero = |lag: &Total| lag.unknown == 0 && uncommitted == Some(0);
        let state = summary.and_then(|summary| summary.state.clone());
        Self {
            group: listing.group.clone(),
            kind: listing.kind,
            protocol: listing.protocol_type.to_string(),
            state: state.or_else(|| listing.state.clone()),
            coordinator: summary.map_or(listing.coordinator, |summary| summary.coordinator),
            members: summary.and_then(|summary| summary.members),
            topics: summary.map(|summary| summary.topics),
            epoch: summary.and_then(|summary| summary.epoch),
            lag: lag.filter(|lag| lag.parts > 0 || is_zero(lag)).map(|lag| lag.known),
            unknown_partitions: lag.map(|lag| lag.unknown),
            uncommitted_partitions: uncommitted,
        }
    }
}

const COLUMNS: &[Column<GroupItem>] = &[
    Column {
        name: "group",
        side: Side::Left,
        show: |row| known(&row.group),
    },
    Column {
        name: "type",
        side: Side::Left,
        show: |row| known(row.kind.as_str()),
    },
    Column {
        name: "protocol",
        side: Side::Left,
        show: |row| known(&row.protocol),
    },
    Column {
        name: "state",
        side: Side::Left,
        show: |row| row.state.as_ref().and_then(known),
    },
    Column {
        name: "coordinator",
        side: Side::Right,
        show: |row| known(row.coordinator),
    },
    Column {
        name: "members",
        side: Side::Right,
        show: |row| row.members.and_then(known),
    },
    Column {
        name: "topics",
        side: Side::Right,
        show: |row| row.topics.and_then(known),
    },
    Column {
        name: "lag",
        side: Side::Right,
        show: |row| row.lag.and_then(known),
    },
    Column {
        name: "unknownPartitions",
        side: Side::Right,
        show: |row| row.unknown_partitions.and_then(known),
    },
    Column {
        name: "uncommittedPartitions",
        side: Side::Right,
        show: |row| row.uncommitted_partitions.and_then(known),
    },
];

impl Item for GroupItem {
    type Row = Self;

    fn columns(_items: &[Self]) -> &'static [Column<Self>] {
        COLUMNS
    }

    fn rows(&self) -> Vec<Self> {
        vec![self.clone()]
    }
}

/// Collects the report over all groups.
///
/// # Errors
/// When no broker can be asked.
pub async fn report(session: &mut Session) -> Result<Report<GroupItem>, Error> {
    session.overview().await?;
    let listings = session.groups(&[]).await?;
    let read = if listings.is_empty() {
        HashMap::new()
    } else {
        let query = Query::Lags {
            groups: listings.clone(),
            members: Members::Described,
        };
        match session.try_ask("lag of the groups", query).await {
            Some(Answer::Lags(read)) => read,
            _ => HashMap::new(),
        }
    };
    let items = listings
        .iter()
        .map(|listing| GroupItem::new(listing, read.get(&listing.group).map(|read| &read.summary)));
    let items = items.collect();
    Ok(session.report(items))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> GroupListing {
        GroupListing {
            group: "g".into(),
            kind: GroupType::Consumer,
            protocol_type: "consumer".into(),
            state: Some(GroupState("Stable".into())),
            coordinator: BrokerId(1),
        }
    }

    #[test]
    fn a_group_of_which_nothing_is_known_has_null_and_no_zero() {
        let json = serde_json::to_value(GroupItem::new(&listing(), None)).unwrap();
        for field in [
            "members",
            "topics",
            "epoch",
            "lag",
            "unknownPartitions",
            "uncommittedPartitions",
        ] {
            assert!(json[field].is_null(), "{field}");
        }
        assert_eq!((&json["type"], &json["state"]), (&"consumer".into(), &"Stable".into()));
    }

    #[test]
    fn a_lag_is_zero_only_when_nothing_is_unknown_or_uncommitted() {
        let mut summary = GroupSummary::new(BrokerId(1), None, &[], None);
        let lag = |summary: &GroupSummary| GroupItem::new(&listing(), Some(summary)).lag;
        assert_eq!(lag(&summary), None, "its members are unknown, and so is what they own");
        summary.uncommitted = Some(0);
        assert_eq!(lag(&summary), Some(0), "it owns nothing");
        summary.uncommitted = Some(96);
        assert_eq!(lag(&summary), None, "it owns 96 partitions and has committed none");
        summary.lag.add(Some(7));
        assert_eq!(lag(&summary), Some(7));
        summary.lag = [None].into_iter().collect();
        let item = GroupItem::new(&listing(), Some(&summary));
        assert_eq!((item.lag, item.unknown_partitions), (None, Some(1)));
    }
}
