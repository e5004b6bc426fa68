//! What a scan has asked and waits for.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::join;
use futures_util::stream::FuturesUnordered;
use tokio::sync::OwnedSemaphorePermit;

use crate::kafka::client::{
    Client, FetchPosition, FetchSpec, Fetched, Isolation, Metadata, MetadataScope, OffsetAnswers, OffsetSpec, Outcomes,
    Purpose,
};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, TopicName, TopicPartition};
use crate::kafka::partial::Partial;
use crate::kafka::records::Walk;

/// How long a leader may wait for new records when all of them have been read.
const LONG_POLL: Duration = Duration::from_millis(500);
/// How long it may wait for a first byte otherwise.
const SHORT_POLL: Duration = Duration::from_millis(100);

/// What is asked of one leader.
pub(super) struct Ask {
    pub(super) leader: BrokerId,
    pub(super) wanted: Vec<(TopicName, FetchPosition)>,
    pub(super) isolation: Isolation,
    /// Most bytes of the answer.
    pub(super) bytes: usize,
    /// Whether all of it has been read: new records are waited for.
    pub(super) is_caught_up: bool,
    /// The room for the answer.
    pub(super) room: OwnedSemaphorePermit,
}

/// Something that was asked and has been answered.
pub(super) enum Done {
    Fetched {
        leader: BrokerId,
        outcomes: Outcomes<TopicPartition, Fetched>,
        room: OwnedSemaphorePermit,
    },
    /// Where the next batch begins, if there is one.
    Looked(TopicPartition, Result<Option<i64>, Error>),
    /// Log starts, or what else was asked, and ends.
    Placed(Vec<TopicPartition>, OffsetAnswers, OffsetAnswers),
    Refreshed(Box<Result<Partial<Metadata>, Error>>),
}

/// The requests under way.
pub(super) struct Jobs {
    client: Client,
    pub(super) under_way: FuturesUnordered<Pin<Box<dyn Future<Output = Done> + Send>>>,
    fetching: Vec<BrokerId>,
}

impl Jobs {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            under_way: FuturesUnordered::new(),
            fetching: Vec::new(),
        }
    }

    /// Whether a fetch from this leader is under way. There is at most one.
    pub(super) fn is_fetching(&self, leader: BrokerId) -> bool {
        self.fetching.contains(&leader)
    }

    /// The fetch from this leader has been answered.
    pub(super) fn fetched(&mut self, leader: BrokerId) {
        self.fetching.retain(|known| *known != leader);
    }

    /// Asks for records. A request that waits for new ones takes a connection on which nothing large stands.
    pub(super) fn fetch(&mut self, ask: Ask) {
        self.fetching.push(ask.leader);
        let (purpose, max_wait) = if ask.is_caught_up {
            (Purpose::Fetch, LONG_POLL)
        } else {
            (Purpose::Bulk, SHORT_POLL)
        };
        let spec = FetchSpec {
            purpose,
            isolation: ask.isolation,
            max_wait,
            max_bytes: i32::try_from(ask.bytes).unwrap_or(i32::MAX),
        };
        let client = self.client.clone();
        self.under_way.push(Box::pin(async move {
            Done::Fetched {
                leader: ask.leader,
                outcomes: client.fetch_topics(ask.leader, &ask.wanted, spec).await,
                room: ask.room,
            }
        }));
    }

    /// Asks where the next batch begins, also where only uncommitted ones are left.
    pub(super) fn look(&mut self, leader: BrokerId, topic: TopicName, position: FetchPosition) {
        let spec = FetchSpec {
            purpose: Purpose::Bulk,
            isolation: Isolation::ReadUncommitted,
            max_wait: SHORT_POLL,
            max_bytes: position.max_bytes,
        };
        let client = self.client.clone();
        let name = TopicPartition {
            topic: topic.clone(),
            partition: position.partition,
        };
        self.under_way.push(Box::pin(async move {
            let mut outcomes = client.fetch_topics(leader, &[(topic, position)], spec).await;
            let fetched = outcomes.pop().map(|(_, fetched)| fetched).transpose();
            let first = |fetched: Fetched| Some(Walk::new(fetched.range).next()?.base_offset());
            Done::Looked(name, fetched.map(|fetched| fetched.and_then(first)))
        }));
    }

    /// Asks where these logs end, and the other question.
    pub(super) fn place(&mut self, question: OffsetSpec, names: Vec<TopicPartition>) {
        let client = self.client.clone();
        self.under_way.push(Box::pin(async move {
            let ask = |spec| client.list_offsets(spec, Isolation::ReadUncommitted, names.clone());
            let (starts, ends) = join(ask(question), ask(OffsetSpec::Latest)).await;
            Done::Placed(names, starts, ends)
        }));
    }

    /// Asks for the leaders of topics.
    pub(super) fn refresh(&mut self, topics: Vec<TopicName>) {
        let client = self.client.clone();
        self.under_way.push(Box::pin(async move {
            let scope = MetadataScope::Named(topics);
            Done::Refreshed(Box::new(client.metadata(scope).await))
        }));
    }
}
