//! `ktui groups`: what the Groups pane shows.

use std::collections::HashMap;

use serde::Serialize;

use super::report::{Column, Item, Report, Side, known};
use super::session::Session;
use crate::kafka::error::Error;
use crate::kafka::lag::GroupSummary;
use crate::kafka::model::{BrokerId, GroupId, GroupListing, GroupState, GroupType};
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
    /// Sum of the known lags; `null` when none is known.
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
        let state = summary.and_then(|summary| summary.state.clone());
        Self {
            group: listing.group.clone(),
            kind: listing.kind,
            protocol: listing.protocol_type.to_string(),
            state: state.or_else(|| listing.state.clone()),
            coordinator: summary.map_or(listing.coordinator, |summary| summary.coordinator),
            members: summary.and_then(|summary| summary.members),
            lag: lag.filter(|lag| lag.parts > 0 || lag.unknown == 0).map(|lag| lag.known),
            unknown_partitions: lag.map(|lag| lag.unknown),
            uncommitted_partitions: summary.and_then(|summary| summary.uncommitted),
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
    let summaries = if listings.is_empty() {
        HashMap::new()
    } else {
        let query = Query::Lags {
            groups: listings.clone(),
            members: Members::Described,
        };
        match session.try_ask("lag of the groups", query).await {
            Some(Answer::Lags(summaries)) => summaries,
            _ => HashMap::new(),
        }
    };
    let items = listings
        .iter()
        .map(|listing| GroupItem::new(listing, summaries.get(&listing.group)));
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
        for field in ["members", "lag", "unknownPartitions", "uncommittedPartitions"] {
            assert!(json[field].is_null(), "{field}");
        }
        assert_eq!((&json["type"], &json["state"]), (&"consumer".into(), &"Stable".into()));
    }

    #[test]
    fn a_lag_of_unknown_parts_only_is_null_and_a_group_without_commits_has_zero() {
        let mut summary = GroupSummary::new(BrokerId(1), None);
        assert_eq!(GroupItem::new(&listing(), Some(&summary)).lag, Some(0));
        summary.lag.add(None);
        let item = GroupItem::new(&listing(), Some(&summary));
        assert_eq!((item.lag, item.unknown_partitions), (None, Some(1)));
    }
}
