//! `ktui lag [GROUP...]`: what the Groups pane shows of one group, for several or all; once, or again and again.

pub mod args;
pub mod looks;
mod seen;
pub mod sights;
mod table;
pub mod teller;
mod waiting;
pub mod watching;

use std::collections::HashMap;

use serde::Serialize;

use super::groups::GroupItem;
use super::headless;
use super::report::{Column, Item, Report, Side, known};
use super::session::Session;
use super::{Args, complain};
use crate::exit::Exit;
use crate::kafka::error::Error;
use crate::kafka::lag::{GroupDetail, LagCase, PartitionLag};
use crate::kafka::model::{GroupId, GroupListing, Offset, PartitionId, TopicName};
use crate::kafka::query::{Answer, Query};

pub use args::LagArgs;

/// Runs the command.
pub fn run(args: &Args, lag: &LagArgs) -> Exit {
    if lag.warns_in_vain() {
        return complain("--lag-warn needs --watch: one look cannot tell how long a lag lasts");
    }
    if lag.goes_on() {
        return watching::run(args, lag);
    }
    headless::run(args, lag.output, async |session| report(session, &lag.groups).await)
}

/// A group with its partitions.
#[derive(Clone, Debug, Serialize)]
pub struct LagItem {
    #[serde(flatten)]
    group: GroupItem,
    partitions: Vec<PartitionItem>,
}

/// A partition of a group.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionItem {
    topic: TopicName,
    partition: PartitionId,
    member: Option<String>,
    client_id: Option<String>,
    host: Option<String>,
    log_start: Option<Offset>,
    committed: Option<Offset>,
    end: Option<Offset>,
    lag: Option<i64>,
    case: &'static str,
}

/// A partition of a group, or a group without any.
#[derive(Clone, Debug)]
pub struct LagRow {
    group: GroupItem,
    partition: Option<PartitionItem>,
}

impl LagItem {
    fn new(listing: &GroupListing, detail: Option<&GroupDetail>) -> Self {
        let partitions = detail.map(|detail| {
            detail
                .partitions
                .iter()
                .map(|row| PartitionItem::new(row, detail))
                .collect()
        });
        Self {
            group: group_item(listing, detail),
            partitions: partitions.unwrap_or_default(),
        }
    }
}

fn group_item(listing: &GroupListing, detail: Option<&GroupDetail>) -> GroupItem {
    GroupItem::new(listing, detail.map(GroupDetail::summary).as_ref())
}

impl PartitionItem {
    fn new(row: &PartitionLag, detail: &GroupDetail) -> Self {
        let owner = row.owner.and_then(|owner| detail.description.members.get(owner));
        Self {
            topic: row.partition.topic.clone(),
            partition: row.partition.partition,
            member: owner.map(|member| member.id.to_string()),
            client_id: owner.map(|member| member.client_id.to_string()),
            host: owner.map(|member| member.host.to_string()),
            log_start: row.log_start,
            committed: row.committed,
            end: row.end,
            lag: row.case.lag(),
            case: word(&row.case),
        }
    }
}

/// The case in JSON's word.
fn word(case: &LagCase) -> &'static str {
    match case {
        LagCase::Known { .. } => "known",
        LagCase::NoCommit { .. } => "noCommit",
        LagCase::Expired { .. } => "expired",
        LagCase::Ahead { .. } => "ahead",
        LagCase::Unknown(_) => "unknown",
    }
}

/// Text of a partition's field; a group without partitions has no such field, so the cell is empty.
fn of(row: &LagRow, show: impl Fn(&PartitionItem) -> Option<String>) -> Option<String> {
    row.partition.as_ref().map_or(Some(String::new()), show)
}

/// A partition without an owner or a commit shows `-`, as Kafka's own tool does; unknown is another thing.
fn or_dash(value: Option<&String>) -> Option<String> {
    Some(value.map_or_else(|| "-".to_owned(), Clone::clone))
}

fn or_dash_without_commit(item: &PartitionItem, value: Option<i64>) -> Option<String> {
    match (item.case, value) {
        ("noCommit", None) => known("-"),
        (_, value) => value.and_then(known),
    }
}

const COLUMNS: &[Column<LagRow>] = &[
    Column {
        name: "group",
        side: Side::Left,
        show: |row| known(&row.group.group),
    },
    Column {
        name: "state",
        side: Side::Left,
        show: |row| row.group.state.as_ref().and_then(known),
    },
    Column {
        name: "topic",
        side: Side::Left,
        show: |row| of(row, |item| known(&item.topic)),
    },
    Column {
        name: "partition",
        side: Side::Right,
        show: |row| of(row, |item| known(item.partition)),
    },
    Column {
        name: "committed",
        side: Side::Right,
        show: |row| {
            of(row, |item| {
                or_dash_without_commit(item, item.committed.map(|offset| offset.0))
            })
        },
    },
    Column {
        name: "end",
        side: Side::Right,
        show: |row| of(row, |item| item.end.and_then(known)),
    },
    Column {
        name: "lag",
        side: Side::Right,
        show: |row| of(row, |item| or_dash_without_commit(item, item.lag)),
    },
    Column {
        name: "clientId",
        side: Side::Left,
        show: |row| of(row, |item| or_dash(item.client_id.as_ref())),
    },
    Column {
        name: "host",
        side: Side::Left,
        show: |row| of(row, |item| or_dash(item.host.as_ref())),
    },
    Column {
        name: "member",
        side: Side::Left,
        show: |row| of(row, |item| or_dash(item.member.as_ref())),
    },
    Column {
        name: "case",
        side: Side::Left,
        show: |row| of(row, |item| known(item.case)),
    },
];

impl Item for LagItem {
    type Row = LagRow;

    fn columns(_items: &[Self]) -> &'static [Column<LagRow>] {
        COLUMNS
    }

    fn rows(&self) -> Vec<LagRow> {
        let row = |partition: Option<&PartitionItem>| LagRow {
            group: self.group.clone(),
            partition: partition.cloned(),
        };
        if self.partitions.is_empty() {
            return vec![row(None)];
        }
        self.partitions.iter().map(|partition| row(Some(partition))).collect()
    }
}

/// Collects the report over the named groups, or all.
///
/// # Errors
/// When no broker can be asked.
async fn report(session: &mut Session, names: &[String]) -> Result<Report<LagItem>, Error> {
    session.overview().await?;
    let listings = session.groups(names).await?;
    let details = details(session, &listings).await;
    let detail_of = by_group(&details);
    let item = |listing: &GroupListing| LagItem::new(listing, detail_of.get(&listing.group).copied());
    let items = listings.iter().map(item);
    let items = items.collect();
    Ok(session.report(items))
}

fn by_group(details: &[GroupDetail]) -> HashMap<&GroupId, &GroupDetail> {
    let each = details.iter();
    each.map(|detail| (&detail.description.group, detail)).collect()
}

/// Members and partitions of these groups; those that could not be described are missing, and failures say why.
async fn details(session: &mut Session, listings: &[GroupListing]) -> Vec<GroupDetail> {
    if listings.is_empty() {
        return Vec::new();
    }
    match session
        .try_ask("lag of the groups", Query::Details(listings.to_vec()))
        .await
    {
        Some(Answer::Details(details)) => details,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::lag::UnknownLag;
    use crate::kafka::model::{BrokerId, GroupDescription, GroupState, GroupType, TopicPartition};

    fn detail(case: LagCase) -> GroupDetail {
        GroupDetail {
            description: GroupDescription {
                group: "g".into(),
                kind: GroupType::Classic,
                protocol_type: "consumer".into(),
                assignor: "range".into(),
                epoch: None,
                state: GroupState("Empty".into()),
                coordinator: BrokerId(1),
                members: Vec::new(),
            },
            partitions: vec![PartitionLag {
                partition: TopicPartition::new("t", 0),
                owner: None,
                committed: None,
                log_start: None,
                end: None,
                case,
            }],
            unread: None,
        }
    }

    fn listing() -> GroupListing {
        GroupListing {
            group: "g".into(),
            kind: GroupType::Classic,
            protocol_type: "consumer".into(),
            state: None,
            coordinator: BrokerId(1),
        }
    }

    #[test]
    fn an_unknown_lag_is_null_in_json_and_a_question_mark_in_the_table() {
        let item = LagItem::new(&listing(), Some(&detail(LagCase::Unknown(UnknownLag::NoLeader))));
        let json = serde_json::to_value(&item).unwrap();
        assert_eq!(json["partitions"][0]["case"], "unknown");
        assert!(json["partitions"][0]["lag"].is_null() && json["lag"].is_null());
        let lag = COLUMNS.iter().find(|column| column.name == "lag").unwrap();
        assert_eq!((lag.show)(&item.rows()[0]), None);
    }

    #[test]
    fn no_commit_is_a_dash_as_in_kafkas_own_tool() {
        let item = LagItem::new(&listing(), Some(&detail(LagCase::NoCommit { backlog: Some(4) })));
        let lag = COLUMNS.iter().find(|column| column.name == "lag").unwrap();
        assert_eq!((lag.show)(&item.rows()[0]).as_deref(), Some("-"));
    }

    #[test]
    fn every_field_of_a_group_and_a_partition_is_present() {
        let item = LagItem::new(&listing(), Some(&detail(LagCase::Known { lag: 1 })));
        let json = serde_json::to_value(&item).unwrap();
        for field in [
            "group",
            "type",
            "protocol",
            "state",
            "coordinator",
            "members",
            "lag",
            "partitions",
        ] {
            assert!(json.as_object().unwrap().contains_key(field), "{field}");
        }
        for field in [
            "topic",
            "partition",
            "member",
            "clientId",
            "host",
            "logStart",
            "committed",
            "end",
            "lag",
            "case",
        ] {
            assert!(
                json["partitions"][0].as_object().unwrap().contains_key(field),
                "{field}"
            );
        }
    }

    #[test]
    fn a_group_without_partitions_is_still_a_row() {
        let item = LagItem::new(&listing(), None);
        assert_eq!(item.rows().len(), 1);
    }

    #[test]
    fn a_group_without_partitions_has_no_lag_only_where_its_commits_were_read() {
        let mut empty = detail(LagCase::Known { lag: 0 });
        empty.partitions.clear();
        let lag = |detail: &GroupDetail| {
            let item = LagItem::new(&listing(), Some(detail));
            serde_json::to_value(&item).unwrap()["lag"].clone()
        };
        assert_eq!(lag(&empty), 0);
        empty.unread = Some("COORDINATOR_LOAD_IN_PROGRESS".into());
        assert_eq!(lag(&empty), serde_json::Value::Null);
    }
}
