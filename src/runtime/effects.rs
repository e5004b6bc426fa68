//! Does what the machine asks of the cluster: one task per slot, the newest question wins.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::clock;
use super::previews::Previews;
use crate::app::event::{Connection, Counters, Event};
use crate::app::moving::MoveStep;
use crate::app::slot::{SlotId, Ticket};
use crate::kafka::client::{Client, ConnectionState};
use crate::kafka::error::Error;
use crate::kafka::feed::Feed;
use crate::kafka::model::Lock;
use crate::kafka::older::older;
use crate::kafka::query::{FeedSpec, OlderSpec, Query, SearchSpec};
use crate::kafka::search::Search;
use crate::kafka::worker;
use crate::task::{self, Task};

/// Answers that wait to be handled at most; a task that has one more waits.
pub const REPLIES: usize = 64;

/// A question is many requests, each with its own deadline; this many of those is its own.
const DEADLINES: u32 = 6;

/// Questions under way.
pub struct Effects {
    client: Client,
    replies: mpsc::Sender<Event>,
    loads: HashMap<SlotId, Task<()>>,
    older: Option<Task<()>>,
    previews: Previews,
}

impl Effects {
    /// Asks through `client`; answers go to the receiver. Nothing is sent before the first question.
    pub fn new(client: Client) -> (Self, mpsc::Receiver<Event>) {
        let (replies, answers) = mpsc::channel(REPLIES);
        let effects = Self {
            previews: Previews::new(client.clone(), replies.clone()),
            client,
            replies,
            loads: HashMap::new(),
            older: None,
        };
        (effects, answers)
    }

    /// The same with undo files in another folder.
    #[must_use]
    pub fn keeping(mut self, state: PathBuf) -> Self {
        self.previews = self.previews.keeping(state);
        self
    }

    /// Asks for a slot; the question that is under way for it is cancelled.
    pub fn load(&mut self, slot: SlotId, ticket: Ticket, query: Query) {
        let replies = self.replies.clone();
        let client = self.client.for_one_question();
        let limit = client.settings().request_timeout * DEADLINES;
        let load = task::spawn(async move {
            tracing::debug!(?slot, ticket = ticket.0, "asked");
            let result = answered(worker::answer(&client, query), slot, limit).await;
            tracing::debug!(
                ?slot,
                ticket = ticket.0,
                error = result.as_ref().err().map(tracing::field::display),
                "answered"
            );
            // Nobody listens any more at the end of the session.
            let cost = client.cost();
            let loaded = Event::Loaded {
                slot,
                ticket,
                result,
                cost,
            };
            let _ = replies.send(loaded).await;
        });
        self.loads.insert(slot, load);
    }

    /// Stops asking for a slot.
    pub fn cancel(&mut self, slot: SlotId) {
        self.loads.remove(&slot);
    }

    /// Reads records before those of a stream; the answer names it.
    pub fn read_older(&mut self, ticket: Ticket, spec: OlderSpec) {
        let (client, replies) = (self.client.clone(), self.replies.clone());
        self.older = Some(task::spawn(async move {
            let rows = older(&client, &spec).await;
            // Nobody listens any more at the end of the session.
            let _ = replies.send(Event::OlderRead { ticket, rows }).await;
        }));
    }

    /// Finds out for a preview of moved offsets.
    pub fn preview(&mut self, number: u64, step: MoveStep) {
        self.previews.take(number, step);
    }

    /// A stream of records.
    pub fn feed(&self, spec: FeedSpec) -> Stream {
        tracing::debug!(?spec, "feed opened");
        Stream::Feed(Feed::open(self.client.clone(), spec))
    }

    /// A search for records.
    pub fn search(&self, spec: SearchSpec) -> Stream {
        tracing::debug!(?spec, "search started");
        Stream::Search(Search::open(self.client.clone(), spec, clock::unix_millis()))
    }

    /// Unlocks or locks the session: how it is then, and why not as asked.
    pub fn turn_lock(&self, to: Lock) -> Vec<Event> {
        let refused = match to {
            Lock::Unlocked => self.client.unlock().err(),
            Lock::Locked | Lock::ReadOnly => {
                self.client.lock();
                None
            }
        };
        let refused = refused.map(|error| Event::Refused(format!("{error}. {}", error.hint())));
        let changed = Event::LockChanged(self.client.lock_state());
        refused.into_iter().chain([changed]).collect()
    }

    /// Where answers go, for others that have some.
    pub fn replies(&self) -> mpsc::Sender<Event> {
        self.replies.clone()
    }

    /// Follows whether the cluster can be reached.
    pub fn connection(&self) -> watch::Receiver<ConnectionState> {
        self.client.connection_state()
    }

    /// What the engine has counted so far.
    pub fn counters(&self) -> Counters {
        let total = self.client.stats().total;
        Counters {
            requests: total.requests,
            in_flight: self.client.in_flight() as u64,
            errors: total.errors,
            late_answers: total.late,
            bytes_out: total.bytes_out,
            bytes_in: total.bytes_in,
        }
    }
}

/// The state of the connection in the machine's words.
pub fn connection(state: &ConnectionState) -> Connection {
    match state {
        ConnectionState::Connecting => Connection::Connecting,
        ConnectionState::Connected => Connection::Connected,
        ConnectionState::Disconnected(error) => Connection::Lost(error.clone().into()),
    }
}

/// Waits for an answer, but not for ever, and not in vain when its task panics: a slot must never wait for a question
/// that nobody asks any more. The panic's own words go their way through the hook.
async fn answered<T>(
    answer: impl Future<Output = Result<T, Error>>,
    slot: SlotId,
    limit: Duration,
) -> Result<T, Error> {
    let what = slot.what().to_owned();
    match timeout(limit, AssertUnwindSafe(answer).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Error::Cancelled { what }),
        Err(_) => Err(Error::Timeout {
            what,
            addr: "the cluster".to_owned(),
            after: limit,
        }),
    }
}

/// A stream of records.
#[derive(Debug)]
pub enum Stream {
    /// As they come.
    Feed(Feed),
    /// Those that match.
    Search(Search),
}

/// The open stream of records, if there is one.
#[derive(Debug, Default)]
pub struct Records {
    open: Option<(Ticket, Stream)>,
    is_held: bool,
}

impl Records {
    /// Opens a stream; the open one is closed first.
    pub fn open(&mut self, ticket: Ticket, stream: Stream) {
        *self = Self {
            open: Some((ticket, stream)),
            is_held: false,
        };
    }

    /// Closes the stream.
    pub fn close(&mut self) {
        *self = Self::default();
    }

    /// Holds the stream, or lets it go on. What is held stays at the brokers: a feed that nobody takes from stops.
    pub fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// Lets the stream leave records out when it falls behind new ones, or not any more.
    pub fn may_skip(&self, is_allowed: bool) {
        if let Some((_, Stream::Feed(feed))) = &self.open {
            feed.may_skip(is_allowed);
        }
    }

    /// The next thing that the stream has to say; nothing ever while there is none, or it is held.
    pub async fn next(&mut self) -> Event {
        let Some((ticket, stream)) = self.open.as_mut().filter(|_| !self.is_held) else {
            return pending().await;
        };
        let ticket = *ticket;
        let said = match stream {
            Stream::Feed(feed) => feed
                .next()
                .await
                .map(|said| said.map(|batch| Event::RecordsArrived { ticket, batch })),
            Stream::Search(search) => search
                .next()
                .await
                .map(|said| said.map(|batch| Event::SearchMoved { ticket, batch })),
        };
        let error = match said {
            Some(Ok(event)) => return event,
            Some(Err(error)) => Some(error),
            None => None,
        };
        self.close();
        Event::FeedEnded { ticket, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::client::ClientSettings;
    use crate::position::{Start, Until};
    use crate::sim::{SimCluster, SimSpec};

    const LIMIT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_panic_ends_the_question() {
        let result = answered::<()>(async { panic!("boom") }, SlotId::Groups, LIMIT).await;
        assert_eq!(result, Err(Error::Cancelled { what: "groups".into() }));
    }

    #[tokio::test]
    async fn a_question_that_is_never_answered_ends() {
        let limit = Duration::from_millis(20);
        let result = answered::<()>(std::future::pending(), SlotId::Groups, limit).await;
        assert!(matches!(result, Err(Error::Timeout { .. })), "{result:?}");
    }

    #[tokio::test]
    async fn an_answer_carries_its_slot_and_ticket() {
        let cluster = SimCluster::start(SimSpec::small()).await.unwrap();
        let client = Client::new(ClientSettings::new(cluster.bootstrap().iter().map(ToString::to_string)));
        let (mut effects, mut answers) = Effects::new(client);
        assert_eq!(
            effects.counters().requests,
            0,
            "nothing is sent before the first question"
        );
        effects.load(SlotId::Overview, Ticket(3), Query::Overview);
        let Some(Event::Loaded {
            slot,
            ticket,
            result,
            cost,
        }) = answers.recv().await
        else {
            panic!("no answer")
        };
        assert!(cost.requests > 0 && cost.bytes > 0, "{cost:?}");
        assert_eq!((slot, ticket), (SlotId::Overview, Ticket(3)));
        assert!(result.is_ok());
        assert!(effects.counters().requests > 0 && effects.counters().bytes_in > 0);
        assert_eq!(connection(&effects.connection().borrow()), Connection::Connected);
    }

    #[tokio::test]
    async fn a_held_stream_says_nothing_and_a_closed_one_neither() {
        let cluster = SimCluster::start(SimSpec::small().topic("orders", 1)).await.unwrap();
        let client = Client::new(ClientSettings::new(cluster.bootstrap().iter().map(ToString::to_string)));
        let (effects, _answers) = Effects::new(client);
        let spec = FeedSpec::of("orders".into(), Vec::new(), Start::Begin, Until::End);
        let mut records = Records::default();
        records.open(Ticket(4), effects.feed(spec));
        records.hold(true);
        assert!(records.next().now_or_never().is_none());
        records.hold(false);
        let mut last = records.next().await;
        while let Event::RecordsArrived { ticket, .. } = last {
            assert_eq!(ticket, Ticket(4));
            last = records.next().await;
        }
        let ended = Event::FeedEnded {
            ticket: Ticket(4),
            error: None,
        };
        assert_eq!(last, ended);
        assert!(records.next().now_or_never().is_none(), "it is closed");
    }

    #[tokio::test]
    async fn unlocking_is_said_by_the_engine_and_refused_when_read_only() {
        let effects = |lock| {
            let mut settings = ClientSettings::new(["127.0.0.1:1"]);
            settings.lock = lock;
            Effects::new(Client::new(settings)).0
        };
        let session = effects(Lock::Locked);
        assert_eq!(session.turn_lock(Lock::Unlocked), [Event::LockChanged(Lock::Unlocked)]);
        assert_eq!(session.turn_lock(Lock::Locked), [Event::LockChanged(Lock::Locked)]);
        let events = effects(Lock::ReadOnly).turn_lock(Lock::Unlocked);
        assert!(matches!(&events[0], Event::Refused(why) if why.contains("read-only")));
        assert_eq!(events[1], Event::LockChanged(Lock::ReadOnly));
    }

    #[tokio::test]
    async fn a_cancelled_question_is_not_answered() {
        let cluster = SimCluster::start(SimSpec::small()).await.unwrap();
        let client = Client::new(ClientSettings::new(cluster.bootstrap().iter().map(ToString::to_string)));
        let (mut effects, mut answers) = Effects::new(client);
        effects.load(SlotId::Groups, Ticket(1), Query::Groups);
        effects.cancel(SlotId::Groups);
        effects.load(SlotId::Overview, Ticket(1), Query::Cluster);
        effects.load(SlotId::Overview, Ticket(2), Query::Overview);
        let Some(Event::Loaded { slot, ticket, .. }) = answers.recv().await else {
            panic!("no answer")
        };
        assert_eq!(
            (slot, ticket),
            (SlotId::Overview, Ticket(2)),
            "the newest question wins"
        );
        drop(effects);
        assert!(answers.recv().await.is_none());
    }
}
