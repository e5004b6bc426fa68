//! One headless question to a cluster: asks, collects failures, keeps the deadline.

use futures_util::future::join;

use crate::kafka::client::Client;
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, Cluster, GroupId, GroupListing};
use crate::kafka::partial::{Failure, Partial};
use crate::kafka::query::{Answer, Overview, Query};
use crate::kafka::worker;

use super::report::{ClusterItem, Report};

/// What a command has learned of the cluster so far.
pub struct Session {
    client: Client,
    name: String,
    cluster: Cluster,
    failures: Vec<Failure>,
}

impl Session {
    /// A session with nothing asked yet. `name` is what the user calls the cluster.
    pub fn new(client: Client, name: String) -> Self {
        Self {
            client,
            name,
            cluster: Cluster::default(),
            failures: Vec::new(),
        }
    }

    /// Goes on with another client, such as one with another deadline. What was learned is kept, what failed is not.
    pub fn renew(&mut self, client: Client) {
        self.client = client;
        self.failures.clear();
    }

    /// Asks and notes what failed beside the answer.
    ///
    /// # Errors
    /// When there is no answer at all.
    pub async fn ask(&mut self, query: Query) -> Result<Answer, Error> {
        let found = worker::answer(&self.client, query).await?;
        Ok(self.take(found))
    }

    /// Like [`Session::ask`], for what the report can do without: no answer is one more failure.
    pub async fn try_ask(&mut self, what: &str, query: Query) -> Option<Answer> {
        let found = worker::answer(&self.client, query).await;
        self.try_take(what, found)
    }

    /// Like [`Session::try_ask`] for two questions at once.
    pub async fn try_ask_both(&mut self, one: (&str, Query), other: (&str, Query)) -> (Option<Answer>, Option<Answer>) {
        let (first, second) = join(
            worker::answer(&self.client, one.1),
            worker::answer(&self.client, other.1),
        )
        .await;
        (self.try_take(one.0, first), self.try_take(other.0, second))
    }

    fn take(&mut self, found: Partial<Answer>) -> Answer {
        for failure in found.failures {
            if !self.failures.contains(&failure) {
                self.failures.push(failure);
            }
        }
        found.value
    }

    fn try_take(&mut self, what: &str, found: Result<Partial<Answer>, Error>) -> Option<Answer> {
        match found {
            Ok(found) => Some(self.take(found)),
            Err(error) => {
                self.fail(what, error);
                None
            }
        }
    }

    /// Everything that failed so far; from now on nothing has.
    pub fn take_failures(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.failures)
    }

    /// Notes something that could not be learned.
    pub fn fail(&mut self, what: &str, error: Error) {
        self.failures.push(Failure::new(what, error));
    }

    /// Notes what could not be learned of one broker.
    pub fn fail_of(&mut self, broker: BrokerId, what: &str, error: Error) {
        self.failures
            .push(Failure::of(broker, format!("{what} of broker {broker}"), error));
    }

    /// Cluster and topics. The first question of every command: it finds the cluster or says why it cannot.
    ///
    /// # Errors
    /// When no broker can be asked.
    pub async fn overview(&mut self) -> Result<Overview, Error> {
        let overview = match self.ask(Query::Overview).await? {
            Answer::Overview(overview) => overview,
            _ => Overview::default(),
        };
        self.cluster = overview.cluster.clone();
        self.heartbeat().await;
        Ok(overview)
    }

    /// Brokers and controller as they are now, without the topics.
    pub async fn heartbeat(&mut self) {
        if let Some(Answer::Cluster(cluster)) = self.try_ask("the description of the cluster", Query::Cluster).await {
            self.cluster = cluster;
        }
    }

    /// The groups of these names, or all of them; a name that no coordinator knows is a failure. While a coordinator
    /// cannot say what groups it has, nobody can say that a group does not exist.
    ///
    /// # Errors
    /// When no coordinator can be asked.
    pub async fn groups(&mut self, names: &[String]) -> Result<Vec<GroupListing>, Error> {
        let before = self.failures.len();
        let mut listings = match self.ask(Query::Groups).await? {
            Answer::Groups(listings) => listings,
            _ => Vec::new(),
        };
        let silent = self.failures.get(before).map(|failure| failure.error.clone());
        for name in names {
            if !listings.iter().any(|listing| listing.group.as_str() == name) {
                let group = GroupId::from(name.as_str());
                let unknown = silent.clone().unwrap_or(Error::UnknownGroup { group });
                self.fail(&format!("group {name}"), unknown);
            }
        }
        listings.retain(|listing| names.is_empty() || names.iter().any(|name| listing.group.as_str() == name));
        listings.sort_by(|a, b| a.group.cmp(&b.group));
        Ok(listings)
    }

    /// The cluster as far as it is known.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The report over these items, with every failure so far.
    pub fn report<T>(&mut self, items: Vec<T>) -> Report<T> {
        Report {
            cluster: ClusterItem::new(&self.name, &self.cluster),
            items,
            failures: self.take_failures(),
        }
    }
}
