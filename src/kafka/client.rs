//! The one client: requests go to the right broker, over the right connection, at the right version, and end in time.
//!
//! ```text
//!   offsets groups fetch configs ...   one file per kind of question, each calls `Client::call`
//!   metadata cluster coordinators      what routing needs to know
//!   fan_out                            one request per leader or coordinator, repeated for what went to the wrong one
//!   call                               node -> connection -> version -> answer, within a deadline
//!   routes   links -> link             who is where; connections per address and purpose
//!   connection (rskafka) wire stream   frames, bytes
//! ```

mod address;
mod call;
mod chunks;
mod cluster;
mod commits;
mod configs;
mod connection;
mod coordinators;
mod failures;
mod fan_out;
mod fetch;
mod group_offsets;
mod group_writes;
mod groups;
mod lags;
mod line;
mod link;
mod links;
mod lock;
mod log_dirs;
mod metadata;
mod offsets;
mod produce;
mod producers;
mod question;
mod race;
mod reassignments;
mod release;
mod routes;
mod share_offsets;
mod stats;
mod stream;
mod throttle;
mod versions;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

pub use super::model::Isolation;
pub use call::Answer;
pub use commits::Commits;
pub use fan_out::Outcomes;
pub use fetch::{FetchPosition, FetchSpec, Fetched};
pub use kafka_protocol::protocol::VersionRange;
pub use lock::WriteIntent;
pub use metadata::{Metadata, MetadataScope};
pub use offsets::{OffsetAnswers, OffsetSpec};
pub use produce::{Appended, ProduceOutcomes, ProducerId, Refused};
pub use routes::Leader;
pub use stats::{Counts, Stats};
pub use throttle::Throttled;

use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, GroupId, Lock, PartitionId, TopicName};
use links::Links;
use lock::SessionLock;
use question::Question;
use routes::Routes;
use stats::Meter;

/// How to reach a cluster.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// `host:port` of some brokers; the port is 9092 where none is given. An entry may hold several, with commas.
    pub bootstrap: Vec<String>,
    /// `client.id`, for the broker's logs and quotas.
    pub client_id: String,
    /// Longest time for a connection to one address, negotiation included.
    pub connect_timeout: Duration,
    /// Longest time for one request, waiting and connecting included.
    pub request_timeout: Duration,
    /// Whether the session starts locked, unlocked or read-only.
    pub lock: Lock,
}

impl ClientSettings {
    /// Settings with the usual times: 5 s to connect, 10 s for an answer.
    pub fn new(bootstrap: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            bootstrap: bootstrap.into_iter().map(Into::into).collect(),
            client_id: concat!("ktui-", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            lock: Lock::Locked,
        }
    }

    /// Whether `text` can be an entry of the bootstrap list.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_address(text: &str) -> Result<(), String> {
        text.parse::<address::Address>().map(|_| ())
    }
}

/// What a connection is for. A broker serves one request per connection at a time, so what is slow must not stand in
/// the way of what somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What somebody looks at.
    Interactive,
    /// What is large or in the background.
    Bulk,
    /// Records; may wait on the broker for more of them.
    Fetch,
    /// Records to be stored, in their order.
    Produce,
    /// What a broker passes on to the controller: it hangs when the controller does.
    Forwarded,
}

impl Purpose {
    /// All of them.
    const ALL: [Self; 5] = [
        Self::Interactive,
        Self::Bulk,
        Self::Fetch,
        Self::Produce,
        Self::Forwarded,
    ];

    /// Requests under way per connection.
    fn in_flight(self) -> usize {
        match self {
            Self::Interactive => 32,
            Self::Bulk | Self::Produce => 8,
            Self::Fetch | Self::Forwarded => 4,
        }
    }
}

/// Who shall answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// Whoever is connected and least busy.
    Any,
    /// The broker that Metadata names as the controller: on ZooKeeper it is, on KRaft it forwards.
    Controller,
    /// This broker.
    Broker(BrokerId),
}

/// Whether the cluster can be reached, as far as known from the last attempt.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ConnectionState {
    /// Nothing has been asked yet, or the first attempt is under way.
    #[default]
    Connecting,
    /// Some broker answered last.
    Connected,
    /// No broker could be reached.
    Disconnected(Error),
}

/// A client of one cluster. Cheap to clone; all clones share connections and knowledge. Making one does no I/O.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    deadline: Option<Instant>,
    /// What the steps of one question have in common.
    question: Option<Arc<Question>>,
}

struct Shared {
    settings: Arc<ClientSettings>,
    meter: Arc<Meter>,
    links: Links,
    routes: Routes,
    lock: Arc<SessionLock>,
    state: watch::Sender<ConnectionState>,
    /// Held while the list of brokers is refreshed, so that many callers need one request.
    refreshing: tokio::sync::Mutex<()>,
}

impl Client {
    /// A client that connects when it is first asked something.
    pub fn new(settings: ClientSettings) -> Self {
        let settings = Arc::new(settings);
        let meter = Arc::new(Meter::default());
        let shared = Shared {
            lock: Arc::new(SessionLock::new(settings.lock)),
            links: Links::new(Arc::clone(&settings), Arc::clone(&meter)),
            settings,
            meter,
            routes: Routes::default(),
            state: watch::Sender::default(),
            refreshing: tokio::sync::Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
            deadline: None,
            question: None,
        }
    }

    /// The same client with an end for everything that is asked through it. Without one, each request has
    /// `request_timeout`; with one, reads are repeated until then.
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            deadline: Some(deadline),
            question: self.question.clone(),
        }
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &ClientSettings {
        &self.shared.settings
    }

    /// What has been sent and received so far.
    pub fn stats(&self) -> Stats {
        self.shared.meter.stats()
    }

    /// Requests that wait for their answer now.
    pub fn in_flight(&self) -> usize {
        self.shared.links.in_flight()
    }

    /// Follows whether the cluster can be reached.
    pub fn connection_state(&self) -> watch::Receiver<ConnectionState> {
        self.shared.state.subscribe()
    }

    /// The leader of a partition as last seen.
    pub fn leader_of(&self, topic: &TopicName, partition: PartitionId) -> Leader {
        self.shared.routes.leader(topic, partition)
    }

    /// The id of a topic as last seen; `None` where the cluster does not use topic ids.
    pub fn topic_id(&self, topic: &TopicName) -> Option<[u8; 16]> {
        self.shared.routes.topic_id(topic)
    }

    /// The brokers as last seen, by id.
    pub fn broker_ids(&self) -> Vec<BrokerId> {
        let mut ids: Vec<_> = self
            .shared
            .routes
            .peers()
            .iter()
            .filter_map(|peer| peer.broker)
            .collect();
        ids.sort_unstable();
        ids
    }

    /// Learns who coordinates groups from an answer that tells (ListGroups), so that nobody needs to ask.
    pub fn learn_coordinators(&self, found: impl IntoIterator<Item = (GroupId, BrokerId)>) {
        self.shared.routes.learn_coordinators(found);
    }

    /// Forgets who takes requests for the controller, after NOT_CONTROLLER; the next such request looks it up.
    pub fn forget_controller(&self) {
        self.shared.routes.forget_controller();
    }

    /// When whatever is asked now must have ended.
    fn end(&self) -> Instant {
        self.deadline
            .unwrap_or_else(|| Instant::now() + self.shared.settings.request_timeout)
    }
}
