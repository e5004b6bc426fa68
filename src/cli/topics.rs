//! `ktui topics [NAME...]`: what the Topics pane shows; with names, their partitions too.

use std::collections::HashMap;

use serde::Serialize;

use super::report::{Column, Item, Report, Side, known};
use super::session::Session;
use crate::kafka::error::Error;
use crate::kafka::model::{
    BrokerId, ConfigEntry, LeaderEpoch, Offset, PartitionId, PartitionOffsets, Topic, TopicName, Total,
};
use crate::kafka::query::{Answer, ConfigNames, Query};

/// A topic.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TopicItem {
    name: TopicName,
    internal: bool,
    partitions: usize,
    replication_factor: usize,
    under_replicated: usize,
    under_min_isr: Option<usize>,
    offline: usize,
    offset_range: Option<i64>,
    /// Only where topics were named.
    #[serde(skip_serializing_if = "Option::is_none")]
    partition_details: Option<Vec<PartitionItem>>,
}

/// A partition of a named topic.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PartitionItem {
    partition: PartitionId,
    leader: Option<BrokerId>,
    leader_epoch: Option<LeaderEpoch>,
    replicas: Vec<BrokerId>,
    isr: Vec<BrokerId>,
    log_start: Option<Offset>,
    end: Option<Offset>,
}

/// A row of the table: the topic, or one partition of a named topic.
#[derive(Clone, Debug)]
pub struct TopicRow {
    topic: TopicItem,
    partition: Option<PartitionItem>,
}

const COLUMNS: &[Column<TopicRow>] = &[
    Column {
        name: "name",
        side: Side::Left,
        show: |row| known(&row.topic.name),
    },
    Column {
        name: "internal",
        side: Side::Left,
        show: |row| known(row.topic.internal),
    },
    Column {
        name: "partitions",
        side: Side::Right,
        show: |row| known(row.topic.partitions),
    },
    Column {
        name: "replicationFactor",
        side: Side::Right,
        show: |row| known(row.topic.replication_factor),
    },
    Column {
        name: "underReplicated",
        side: Side::Right,
        show: |row| known(row.topic.under_replicated),
    },
    Column {
        name: "underMinIsr",
        side: Side::Right,
        show: |row| row.topic.under_min_isr.and_then(known),
    },
    Column {
        name: "offline",
        side: Side::Right,
        show: |row| known(row.topic.offline),
    },
    Column {
        name: "offsetRange",
        side: Side::Right,
        show: |row| row.topic.offset_range.and_then(known),
    },
];

const PARTITION_COLUMNS: &[Column<TopicRow>] = &[
    Column {
        name: "name",
        side: Side::Left,
        show: |row| known(&row.topic.name),
    },
    Column {
        name: "partition",
        side: Side::Right,
        show: |row| known(row.partition.as_ref()?.partition),
    },
    Column {
        name: "leader",
        side: Side::Right,
        show: |row| row.partition.as_ref()?.leader.and_then(known),
    },
    Column {
        name: "leaderEpoch",
        side: Side::Right,
        show: |row| row.partition.as_ref()?.leader_epoch.and_then(known),
    },
    Column {
        name: "replicas",
        side: Side::Left,
        show: |row| known(ids(&row.partition.as_ref()?.replicas)),
    },
    Column {
        name: "isr",
        side: Side::Left,
        show: |row| known(ids(&row.partition.as_ref()?.isr)),
    },
    Column {
        name: "logStart",
        side: Side::Right,
        show: |row| row.partition.as_ref()?.log_start.and_then(known),
    },
    Column {
        name: "end",
        side: Side::Right,
        show: |row| row.partition.as_ref()?.end.and_then(known),
    },
];

fn ids(brokers: &[BrokerId]) -> String {
    brokers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

impl Item for TopicItem {
    type Row = TopicRow;

    fn columns(items: &[Self]) -> &'static [Column<TopicRow>] {
        if items.iter().any(|item| item.partition_details.is_some()) {
            PARTITION_COLUMNS
        } else {
            COLUMNS
        }
    }

    fn rows(&self) -> Vec<TopicRow> {
        let row = |partition: Option<&PartitionItem>| TopicRow {
            topic: Self {
                partition_details: None,
                ..self.clone()
            },
            partition: partition.cloned(),
        };
        match &self.partition_details {
            Some(partitions) => partitions.iter().map(|partition| row(Some(partition))).collect(),
            None => vec![row(None)],
        }
    }
}

/// Collects the report over the named topics, or all.
///
/// # Errors
/// When no broker can be asked.
pub async fn report(session: &mut Session, names: &[String]) -> Result<Report<TopicItem>, Error> {
    let mut topics = session.overview().await?.topics;
    for name in names {
        if !topics.iter().any(|topic| topic.name.as_str() == name) {
            let topic = TopicName::from(name.as_str());
            session.fail(&format!("topic {name}"), Error::UnknownTopic { topic });
        }
    }
    topics.retain(|topic| names.is_empty() || names.iter().any(|name| topic.name.as_str() == name));
    let all: Vec<TopicName> = topics.iter().map(|topic| topic.name.clone()).collect();
    if all.is_empty() {
        return Ok(session.report(Vec::new()));
    }
    let columns = Query::Configs {
        topics: all.clone(),
        names: ConfigNames::ListColumns,
    };
    let (offsets, configs) = session
        .try_ask_both(("log offsets", Query::Offsets(all)), ("topic configuration", columns))
        .await;
    let offsets = match offsets {
        Some(Answer::Offsets(offsets)) => offsets,
        _ => HashMap::new(),
    };
    let configs = match configs {
        Some(Answer::Configs(configs)) => configs,
        _ => HashMap::new(),
    };
    let items = topics.iter().map(|topic| {
        let offsets = offsets.get(&topic.name).map(Vec::as_slice).unwrap_or_default();
        let configs = configs.get(&topic.name).map(Vec::as_slice).unwrap_or_default();
        TopicItem {
            partition_details: (!names.is_empty()).then(|| partitions(topic, offsets)),
            ..item(topic, offsets, configs)
        }
    });
    let items = items.collect();
    Ok(session.report(items))
}

fn item(topic: &Topic, offsets: &[PartitionOffsets], configs: &[ConfigEntry]) -> TopicItem {
    let ranges: Total = topic
        .partitions
        .iter()
        .map(|partition| of(partition.id, offsets)?.range())
        .collect();
    let min_insync = configs.iter().find(|entry| entry.name == "min.insync.replicas");
    let min_insync = min_insync.and_then(|entry| entry.value.as_deref()?.parse().ok());
    TopicItem {
        name: topic.name.clone(),
        internal: topic.is_internal,
        partitions: topic.partitions.len(),
        replication_factor: topic.replication_factor(),
        under_replicated: topic.under_replicated(),
        under_min_isr: min_insync.map(|min| topic.under_min_isr(min)),
        offline: topic.offline(),
        offset_range: ranges.exact(),
        partition_details: None,
    }
}

fn partitions(topic: &Topic, offsets: &[PartitionOffsets]) -> Vec<PartitionItem> {
    let item = |partition: &crate::kafka::model::Partition| {
        let offsets = of(partition.id, offsets);
        PartitionItem {
            partition: partition.id,
            leader: partition.leader,
            leader_epoch: partition.leader_epoch,
            replicas: partition.replicas.to_vec(),
            isr: partition.isr.to_vec(),
            log_start: offsets.and_then(|offsets| offsets.log_start),
            end: offsets.and_then(|offsets| offsets.end),
        }
    };
    topic.partitions.iter().map(item).collect()
}

fn of(partition: PartitionId, offsets: &[PartitionOffsets]) -> Option<PartitionOffsets> {
    offsets.iter().find(|offsets| offsets.partition == partition).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::Partition;

    fn topic() -> Topic {
        let partition = |id: i32, leader: Option<i32>| Partition {
            id: PartitionId(id),
            leader: leader.map(BrokerId),
            leader_epoch: None,
            replicas: [BrokerId(1), BrokerId(2)].into(),
            isr: [BrokerId(1)].into(),
            adding: Box::default(),
        };
        let partitions = vec![partition(0, Some(1)), partition(1, None)];
        Topic {
            name: "t".into(),
            id: None,
            is_internal: false,
            partitions,
        }
    }

    fn offsets(end: Option<i64>) -> PartitionOffsets {
        PartitionOffsets {
            partition: PartitionId(0),
            log_start: Some(Offset(2)),
            end: end.map(Offset),
        }
    }

    #[test]
    fn a_range_with_an_unknown_part_is_null_and_never_zero() {
        let json = serde_json::to_value(item(&topic(), &[offsets(Some(9))], &[])).unwrap();
        assert!(json["offsetRange"].is_null(), "partition 1 has no offsets");
        assert!(json["underMinIsr"].is_null(), "the configuration was not told");
        assert_eq!((&json["underReplicated"], &json["offline"]), (&2.into(), &1.into()));
        assert!(json.get("partitionDetails").is_none());
    }

    #[test]
    fn partitions_of_a_named_topic_have_every_field() {
        let json = serde_json::to_value(partitions(&topic(), &[offsets(Some(9))])).unwrap();
        assert_eq!(json[0]["end"], 9);
        for field in [
            "partition",
            "leader",
            "leaderEpoch",
            "replicas",
            "isr",
            "logStart",
            "end",
        ] {
            assert!(json[1].as_object().unwrap().contains_key(field), "{field}");
        }
        assert!(json[1]["leader"].is_null() && json[1]["end"].is_null());
    }
}
