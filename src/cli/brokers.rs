//! `ktui brokers`: what the Brokers pane shows.

use serde::Serialize;

use super::report::{Column, Item, Report, Side};
use super::session::Session;
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, BrokerLoad, LogDir};
use crate::kafka::query::{Answer, Query};

/// A broker, alive or only named by replicas.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BrokerItem {
    id: BrokerId,
    host: Option<String>,
    port: Option<i32>,
    rack: Option<String>,
    controller: bool,
    leaders: usize,
    replicas: usize,
    under_replicated: usize,
    log_bytes: Option<u64>,
}

const COLUMNS: &[Column<BrokerItem>] = &[
    Column {
        name: "id",
        side: Side::Right,
        show: |row| Some(row.id.to_string()),
    },
    Column {
        name: "host",
        side: Side::Left,
        show: |row| row.host.clone(),
    },
    Column {
        name: "port",
        side: Side::Right,
        show: |row| row.port.map(|port| port.to_string()),
    },
    Column {
        name: "rack",
        side: Side::Left,
        show: |row| Some(row.rack.clone().unwrap_or_default()),
    },
    Column {
        name: "controller",
        side: Side::Left,
        show: |row| Some(row.controller.to_string()),
    },
    Column {
        name: "leaders",
        side: Side::Right,
        show: |row| Some(row.leaders.to_string()),
    },
    Column {
        name: "replicas",
        side: Side::Right,
        show: |row| Some(row.replicas.to_string()),
    },
    Column {
        name: "underReplicated",
        side: Side::Right,
        show: |row| Some(row.under_replicated.to_string()),
    },
    Column {
        name: "logBytes",
        side: Side::Right,
        show: |row| row.log_bytes.map(|bytes| bytes.to_string()),
    },
];

impl Item for BrokerItem {
    type Row = Self;

    fn columns(_items: &[Self]) -> &'static [Column<Self>] {
        COLUMNS
    }

    fn rows(&self) -> Vec<Self> {
        vec![self.clone()]
    }
}

/// Collects the report.
///
/// # Errors
/// When no broker can be asked.
pub async fn report(session: &mut Session) -> Result<Report<BrokerItem>, Error> {
    let topics = session.overview().await?.topics;
    let dirs = match session.try_ask("log directories", Query::LogDirs).await {
        Some(Answer::LogDirs(dirs)) => dirs,
        _ => Vec::new(),
    };
    let cluster = session.cluster();
    let mut loads = BrokerLoad::per_broker(&topics);
    let mut items: Vec<BrokerItem> = Vec::new();
    for broker in &cluster.brokers {
        let load = loads.remove(&broker.id).unwrap_or_default();
        items.push(BrokerItem {
            host: Some(broker.host.to_string()),
            port: Some(broker.port),
            rack: broker.rack.as_deref().map(str::to_owned),
            controller: cluster.controller == Some(broker.id),
            ..item(broker.id, load, &dirs)
        });
    }
    // What is left are brokers that replicas name but the cluster does not list.
    for (id, load) in loads {
        items.push(item(id, load, &dirs));
        session.fail_of(id, "address and log dirs", Error::UnknownBroker { broker: id });
    }
    items.sort_by_key(|item| item.id);
    Ok(session.report(items))
}

fn item(id: BrokerId, load: BrokerLoad, dirs: &[LogDir]) -> BrokerItem {
    let own: Vec<&LogDir> = dirs.iter().filter(|dir| dir.broker == id).collect();
    let is_known = !own.is_empty() && own.iter().all(|dir| !dir.is_offline);
    BrokerItem {
        id,
        host: None,
        port: None,
        rack: None,
        controller: false,
        leaders: load.leaders,
        replicas: load.replicas,
        under_replicated: load.out_of_sync,
        log_bytes: is_known.then(|| own.iter().map(|dir| dir.used_bytes).sum()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn dir(id: i32, bytes: u64, is_offline: bool) -> LogDir {
        LogDir {
            broker: BrokerId(id),
            path: "/d".into(),
            used_bytes: bytes,
            total_bytes: None,
            usable_bytes: None,
            is_offline,
        }
    }

    #[test]
    fn a_broker_with_an_offline_directory_has_no_known_size() {
        let dirs = [dir(1, 5, false), dir(1, 7, false), dir(2, 5, false), dir(2, 0, true)];
        let sizes: BTreeMap<i32, Option<u64>> = (1..=3)
            .map(|id| (id, item(BrokerId(id), BrokerLoad::default(), &dirs).log_bytes))
            .collect();
        assert_eq!(sizes, BTreeMap::from([(1, Some(12)), (2, None), (3, None)]));
    }

    #[test]
    fn every_field_is_present_also_when_it_is_unknown() {
        let json = serde_json::to_value(item(BrokerId(9), BrokerLoad::default(), &[])).unwrap();
        let fields: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut wanted = [
            "id",
            "host",
            "port",
            "rack",
            "controller",
            "leaders",
            "replicas",
            "underReplicated",
            "logBytes",
        ];
        wanted.sort_unstable();
        assert_eq!(fields, wanted);
        assert!(json["host"].is_null() && json["logBytes"].is_null());
    }
}
