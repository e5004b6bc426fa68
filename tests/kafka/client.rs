//! The client core against real brokers.

use ktui::kafka::client::{Client, ClientSettings, ConnectionState};
use ktui::kafka::model::ClusterKind;

use crate::support::kafka::{KafkaCluster, Version};

fn client(cluster: &KafkaCluster) -> Client {
    Client::new(ClientSettings::new([cluster.bootstrap()]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cluster_is_described_as_it_is() {
    for (version, kind, release) in [
        (Version::V3_4_1, ClusterKind::ZooKeeper, "3.4"),
        (Version::V3_8_0, ClusterKind::KRaft, "3.8"),
        (Version::V4_3_0, ClusterKind::KRaft, "4.2+"),
    ] {
        let cluster = KafkaCluster::shared(version);
        let client = client(cluster);
        let described = client.describe_cluster().await.unwrap();
        assert!(described.is_complete(), "{:?}", described.failures);
        let described = described.value;
        assert_eq!(described.kind, kind, "{}", version.name());
        assert_eq!(described.version.as_deref(), Some(release));
        assert!(described.id.is_some());
        let ids: Vec<i32> = described.brokers.iter().map(|broker| broker.id.0).collect();
        assert_eq!(ids, cluster.broker_ids());
        assert!(ids.contains(&described.controller.unwrap().0));
        assert_eq!(*client.connection_state().borrow(), ConnectionState::Connected);
    }
}
