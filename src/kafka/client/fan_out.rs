//! One question about many partitions or groups: one request per leader or coordinator, all at once, and again only for
//! what went to the wrong one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::routes::Leader;
use super::{Client, MetadataScope};
use crate::kafka::error::{Error, Remedy, remedy};
use crate::kafka::model::{BrokerId, GroupId, PartitionId, TopicName};

/// Each item with what came of it.
pub type Outcomes<T, V> = Vec<(T, Result<V, Error>)>;

/// Rounds in all; between them what is known about routing is refreshed.
const ROUNDS: u32 = 4;
/// Pause before the second round; it doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;

impl Client {
    /// Calls `ask` once per leader with the items it leads. `ask` answers for each of its items, with
    /// [`Error::Missing`] for those that the broker left out, or fails as a whole. Items whose leader moved, or whose
    /// leader cannot be reached while another has taken over, are asked for again; leaderless and unknown ones fail
    /// without being sent.
    pub async fn by_leader<T, V, P, F, A>(&self, items: Vec<T>, partition_of: P, ask: F) -> Outcomes<T, V>
    where
        T: Clone,
        P: Fn(&T) -> (&TopicName, PartitionId),
        F: Fn(BrokerId, Vec<T>) -> A,
        A: Future<Output = Result<Outcomes<T, V>, Error>>,
    {
        fan_out(
            self.end(),
            &ByLeader {
                client: self,
                partition_of,
            },
            items,
            ask,
        )
        .await
    }

    /// The same with one call per group coordinator.
    pub async fn by_coordinator<T, V, G, F, A>(&self, items: Vec<T>, group_of: G, ask: F) -> Outcomes<T, V>
    where
        T: Clone,
        G: Fn(&T) -> &GroupId,
        F: Fn(BrokerId, Vec<T>) -> A,
        A: Future<Output = Result<Outcomes<T, V>, Error>>,
    {
        let route = ByCoordinator {
            client: self,
            group_of,
            errors: Mutex::default(),
        };
        fan_out(self.end(), &route, items, ask).await
    }
}

/// How to find the broker of an item.
trait Route<T> {
    /// The broker as far as known.
    fn locate(&self, item: &T) -> Result<BrokerId, Error>;
    /// Looks the brokers of these items up again.
    async fn refresh(&self, items: &[&T]);
}

struct ByLeader<'a, P> {
    client: &'a Client,
    partition_of: P,
}

impl<T, P: Fn(&T) -> (&TopicName, PartitionId)> Route<T> for ByLeader<'_, P> {
    fn locate(&self, item: &T) -> Result<BrokerId, Error> {
        let (topic, partition) = (self.partition_of)(item);
        match self.client.leader_of(topic, partition) {
            Leader::Known(broker, _) => Ok(broker),
            Leader::None => Err(Error::NoLeader {
                topic: topic.clone(),
                partition,
            }),
            Leader::NoPartition => Err(Error::UnknownPartition {
                topic: topic.clone(),
                partition,
            }),
            Leader::NoTopic => Err(Error::UnknownTopic { topic: topic.clone() }),
        }
    }

    async fn refresh(&self, items: &[&T]) {
        let topics: BTreeSet<&TopicName> = items.iter().map(|item| (self.partition_of)(item).0).collect();
        let names = topics.into_iter().cloned().collect();
        if let Err(error) = self.client.metadata(MetadataScope::Named(names)).await {
            tracing::debug!(%error, "leaders were not refreshed");
        }
    }
}

struct ByCoordinator<'a, G> {
    client: &'a Client,
    group_of: G,
    /// Why a group has no coordinator, from the last look-up.
    errors: Mutex<HashMap<GroupId, Error>>,
}

impl<T, G: Fn(&T) -> &GroupId> Route<T> for ByCoordinator<'_, G> {
    fn locate(&self, item: &T) -> Result<BrokerId, Error> {
        let group = (self.group_of)(item);
        if let Some(broker) = self.client.shared.routes.coordinator(group) {
            return Ok(broker);
        }
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        Err(errors.get(group).cloned().unwrap_or_else(|| {
            let reason = "it has not been looked up".to_owned();
            Error::NoCoordinator {
                group: group.clone(),
                reason,
            }
        }))
    }

    async fn refresh(&self, items: &[&T]) {
        let groups: BTreeSet<&GroupId> = items.iter().map(|item| (self.group_of)(item)).collect();
        self.client.shared.routes.forget_coordinators(groups.iter().copied());
        let groups: Vec<GroupId> = groups.into_iter().cloned().collect();
        let found = self.client.coordinators(&groups).await;
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.clear();
        errors.extend(
            found
                .into_iter()
                .filter_map(|(group, outcome)| Some((group, outcome.err()?))),
        );
    }
}

/// An item that failed and may be asked for again.
struct Again<T> {
    item: T,
    /// Who was asked; `None` when nobody could be.
    asked: Option<BrokerId>,
    error: Error,
}

async fn fan_out<T, V, R, F, A>(end: Instant, route: &R, items: Vec<T>, ask: F) -> Outcomes<T, V>
where
    T: Clone,
    R: Route<T>,
    F: Fn(BrokerId, Vec<T>) -> A,
    A: Future<Output = Result<Outcomes<T, V>, Error>>,
{
    let mut settled = Vec::with_capacity(items.len());
    let (mut shards, mut again) = located(route, items);
    for round in 0..ROUNDS {
        let calls = std::mem::take(&mut shards).into_iter().map(|(broker, items)| {
            let answer = ask(broker, items.clone());
            async move { (broker, items, answer.await) }
        });
        for (broker, items, outcome) in join_all(calls).await {
            let outcomes =
                outcome.unwrap_or_else(|error| items.into_iter().map(|item| (item, Err(error.clone()))).collect());
            for (item, outcome) in outcomes {
                match outcome {
                    Err(error) if is_worth_repeating(&error, round) => {
                        again.push(Again {
                            item,
                            asked: Some(broker),
                            error,
                        });
                    }
                    outcome => settled.push((item, outcome)),
                }
            }
        }
        let pause = FIRST_PAUSE * 2_u32.pow(round);
        if again.is_empty() || round + 1 == ROUNDS || Instant::now() + pause >= end {
            break;
        }
        let stale: Vec<&T> = again
            .iter()
            .filter(|again| is_misrouted(&again.error))
            .map(|again| &again.item)
            .collect();
        // What could not even be located needs no pause before the first look-up.
        if again.iter().any(|again| again.asked.is_some()) {
            sleep(pause).await;
        }
        if !stale.is_empty() {
            route.refresh(&stale).await;
        }
        for again in std::mem::take(&mut again) {
            match route.locate(&again.item) {
                // Nobody took over from a broker that cannot be reached.
                Ok(broker) if again.asked == Some(broker) && again.error.is_connection() => {
                    settled.push((again.item, Err(again.error)));
                }
                Ok(broker) => shards.entry(broker).or_default().push(again.item),
                Err(error) => settled.push((again.item, Err(error))),
            }
        }
        if shards.is_empty() {
            break;
        }
    }
    settled.extend(again.into_iter().map(|again| (again.item, Err(again.error))));
    settled
}

fn located<T, R: Route<T>>(route: &R, items: Vec<T>) -> (BTreeMap<BrokerId, Vec<T>>, Vec<Again<T>>) {
    let mut shards: BTreeMap<BrokerId, Vec<T>> = BTreeMap::new();
    let mut again = Vec::new();
    for item in items {
        match route.locate(&item) {
            Ok(broker) => shards.entry(broker).or_default().push(item),
            Err(error) => again.push(Again {
                item,
                asked: None,
                error,
            }),
        }
    }
    (shards, again)
}

/// Whether another try can help: retriable classes, and an unknown topic once, as the broker may not have heard of it.
fn is_worth_repeating(error: &Error, round: u32) -> bool {
    error.is_retriable() || (round == 0 && error.code() == Some(UNKNOWN_TOPIC_OR_PARTITION))
}

/// Whether the item was sent to the wrong broker, or to none; otherwise the same broker is asked again.
fn is_misrouted(error: &Error) -> bool {
    error.code().is_none_or(|code| remedy(code) != Remedy::Wait)
}
