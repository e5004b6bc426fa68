//! What a feed has asked and waits for.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;

use crate::kafka::client::{
    Client, FetchPosition, FetchSpec, Fetched, Isolation, Metadata, MetadataScope, Outcomes, Purpose,
};
use crate::kafka::error::Error;
use crate::kafka::feed::cursor::Place;
use crate::kafka::feed::places::{self, Places};
use crate::kafka::feed::spec::TopicSpec;
use crate::kafka::model::{BrokerId, PartitionId, TopicName};
use crate::kafka::partial::Partial;

/// How long a leader may wait for new records before it answers with none.
const LONG_POLL: Duration = Duration::from_millis(500);
/// The same when something else stands behind it.
const SHORT_POLL: Duration = Duration::from_millis(100);
/// Bytes of one answer.
const ANSWER: i32 = 4 << 20;

/// What came of a fetch, by partition.
pub(super) type Answers = Outcomes<PartitionId, Fetched>;
/// Leader, and whether it is read committed: positions of one key go into one request.
pub(super) type Key = (BrokerId, bool);

/// Whether a request waits for new records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// There are records.
    Hardly,
    /// It does, and the leader has another request of the other isolation: it serves one after the other.
    Shared,
    /// It does.
    Long,
}

/// Something that was asked and has been answered.
pub(super) enum Done {
    Fetched(Key, Answers),
    Placed(Places),
    Refreshed(Box<Result<Partial<Metadata>, Error>>),
}

/// The requests under way.
pub(super) struct Jobs {
    client: Client,
    topic: TopicName,
    spec: TopicSpec,
    pub(super) under_way: FuturesUnordered<Pin<Box<dyn Future<Output = Done> + Send>>>,
    fetching: Vec<Key>,
}

impl Jobs {
    pub(super) fn new(client: Client, spec: TopicSpec) -> Self {
        Self {
            client,
            topic: spec.topic.clone(),
            spec,
            under_way: FuturesUnordered::new(),
            fetching: Vec::new(),
        }
    }

    /// Whether a request with this key is under way. There is at most one.
    pub(super) fn is_fetching(&self, key: Key) -> bool {
        self.fetching.contains(&key)
    }

    /// The request with this key has been answered.
    pub(super) fn fetched(&mut self, key: Key) {
        self.fetching.retain(|known| *known != key);
    }

    /// Asks for records. A request that does not wait for new ones takes a connection of its own, so that a feed
    /// opened after another does not stand behind that one's long poll.
    pub(super) fn fetch(&mut self, key: Key, positions: Vec<FetchPosition>, wait: Wait) {
        self.fetching.push(key);
        let (leader, is_committed) = key;
        let (purpose, max_wait) = match wait {
            Wait::Hardly => (Purpose::Bulk, SHORT_POLL),
            Wait::Shared => (Purpose::Fetch, SHORT_POLL),
            Wait::Long => (Purpose::Fetch, LONG_POLL),
        };
        let spec = FetchSpec {
            purpose,
            isolation: if is_committed {
                Isolation::ReadCommitted
            } else {
                Isolation::ReadUncommitted
            },
            max_wait,
            max_bytes: ANSWER,
        };
        let (client, topic) = (self.client.clone(), self.topic.clone());
        self.under_way.push(Box::pin(async move {
            Done::Fetched(key, client.fetch(leader, &topic, &positions, spec).await)
        }));
    }

    /// Asks where to read: partitions without a place, and those whose place is outside of the log.
    pub(super) fn place(&mut self, new: Vec<PartitionId>, lost: Vec<(PartitionId, Place)>) {
        if !new.is_empty() {
            let (client, spec) = (self.client.clone(), self.spec.clone());
            self.under_way.push(Box::pin(async move {
                Done::Placed(places::first(&client, &spec, &new).await)
            }));
        }
        if !lost.is_empty() {
            let (client, topic) = (self.client.clone(), self.topic.clone());
            self.under_way.push(Box::pin(async move {
                Done::Placed(places::again(&client, &topic, &lost).await)
            }));
        }
    }

    /// Asks for the topic's leaders.
    pub(super) fn refresh(&mut self) {
        let (client, topic) = (self.client.clone(), self.topic.clone());
        self.under_way.push(Box::pin(async move {
            let scope = MetadataScope::Named(vec![topic]);
            Done::Refreshed(Box::new(client.metadata(scope).await))
        }));
    }
}
