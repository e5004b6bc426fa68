//! ktui's engine on a real cluster, called from plain tests.

use ktui::kafka::client::{Client, ClientSettings};
use ktui::kafka::model::GroupListing;
use ktui::kafka::partial::Partial;
use ktui::kafka::query::{Answer, Query};
use ktui::kafka::worker;
use tokio::runtime::Runtime;

use crate::support::kafka::KafkaCluster;

/// A client with a runtime of its own.
pub struct Engine {
    client: Client,
    runtime: Runtime,
}

impl Engine {
    pub fn new(cluster: &KafkaCluster) -> Self {
        Self {
            client: Client::new(ClientSettings::new([cluster.bootstrap()])),
            runtime: Runtime::new().unwrap(),
        }
    }

    /// The answer and what is missing from it.
    pub fn try_ask(&self, query: Query) -> Partial<Answer> {
        self.runtime.block_on(worker::answer(&self.client, query)).unwrap()
    }

    /// The answer, from which nothing may be missing.
    #[track_caller]
    pub fn ask(&self, query: Query) -> Answer {
        let found = self.try_ask(query);
        assert!(found.is_complete(), "{:?}", found.failures);
        found.value
    }

    /// The listing of one group.
    #[track_caller]
    pub fn group(&self, name: &str) -> GroupListing {
        let Answer::Groups(groups) = self.ask(Query::Groups) else {
            panic!("not groups")
        };
        let found = groups.into_iter().find(|group| group.group.as_str() == name);
        found.unwrap_or_else(|| panic!("{name} is not listed"))
    }
}
