//! A simulated cluster, its handle and a client on it.

use std::time::Duration;

use ktui::kafka::client::{Client, ClientSettings};
use ktui::kafka::model::{GroupListing, TopicName};
use ktui::kafka::query::{Answer, Query};
use ktui::kafka::{lag::GroupDetail, partial::Partial, worker};
use ktui::sim::{SimCluster, SimHandle, SimSpec};

/// API keys, for counting requests and for faults.
pub mod api {
    pub const FETCH: i16 = 1;
    pub const LIST_OFFSETS: i16 = 2;
    pub const METADATA: i16 = 3;
    pub const OFFSET_FETCH: i16 = 9;
    pub const FIND_COORDINATOR: i16 = 10;
    pub const DESCRIBE_GROUPS: i16 = 15;
    pub const LIST_GROUPS: i16 = 16;
    pub const DESCRIBE_CONFIGS: i16 = 32;
    pub const DESCRIBE_LOG_DIRS: i16 = 35;
    pub const CONSUMER_GROUP_DESCRIBE: i16 = 69;
}

/// A simulated cluster with a client.
pub struct Scene {
    pub client: Client,
    pub sim: SimHandle,
    // Ends the cluster when the scene ends.
    _cluster: SimCluster,
}

impl Scene {
    pub async fn new(spec: SimSpec) -> Self {
        Self::with_patience(spec, Duration::from_secs(10)).await
    }

    /// With a client that waits this long for an answer.
    pub async fn with_patience(spec: SimSpec, request_timeout: Duration) -> Self {
        let cluster = SimCluster::start(spec).await.unwrap();
        let bootstrap = cluster.bootstrap().into_iter().map(|address| address.to_string());
        Self {
            client: Client::new(ClientSettings {
                request_timeout,
                ..ClientSettings::new(bootstrap)
            }),
            sim: cluster.handle(),
            _cluster: cluster,
        }
    }

    pub async fn ask(&self, query: Query) -> Partial<Answer> {
        worker::answer(&self.client, query).await.unwrap()
    }

    /// Every group, none of them failed.
    pub async fn groups(&self) -> Vec<GroupListing> {
        let listed = self.client.list_groups().await.unwrap();
        assert!(listed.is_complete(), "{:?}", listed.failures);
        listed.value
    }

    pub async fn group(&self, name: &str) -> GroupListing {
        let groups = self.groups().await;
        groups.into_iter().find(|group| group.group.as_str() == name).unwrap()
    }

    pub async fn detail(&self, name: &str) -> Partial<GroupDetail> {
        let group = self.group(name).await;
        let answer = self.ask(Query::Group(group)).await;
        answer.map(|answer| match answer {
            Answer::Group(detail) => detail,
            other => panic!("{other:?}"),
        })
    }

    /// Requests of an API so far.
    pub fn seen(&self, api_key: i16) -> u64 {
        self.sim.requests(api_key)
    }
}

pub fn topics(names: &[&str]) -> Vec<TopicName> {
    names.iter().map(|name| TopicName::from(*name)).collect()
}
