//! The newest records over the partitions of a topic (protocol.md 2.6): per partition exactly the newest by offset,
//! merged by time.
//!
//! First every partition gives its share and a little more; then those that may hold newer records than the oldest
//! shown are read deeper, until none is left or the budget is used up.

mod backward;
mod merge;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::kafka::client::{Client, FetchPosition, FetchSpec, Fetched, Isolation, OffsetSpec, Outcomes, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, Offset, PartitionId, Row, TopicName, TopicPartition};
use crate::kafka::records::Inflater;
use backward::Backward;

pub(super) use merge::newest_of;

/// Bytes of one answer.
const ANSWER: i32 = 8 << 20;
/// Bytes fetched for all partitions together, unless they have many more than 100.
const MOST: usize = 64 << 20;
/// Bytes that each partition may have at least.
const LEAST: usize = 512 << 10;
/// Bytes fetched after which partitions are not read deeper.
const BUDGET: usize = 16 << 20;
/// Time after which nothing is read any more.
const TIME: Duration = Duration::from_secs(5);
/// Records per partition beyond its share.
const SLACK: usize = 8;
/// Records over all partitions that are read at once without looking at shares.
const AT_ONCE: usize = 2000;
const OFFSET_OUT_OF_RANGE: i16 = 1;

/// The range of a partition's log when the question was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The partition.
    pub partition: PartitionId,
    /// The log start offset.
    pub start: Offset,
    /// The high watermark.
    pub end: Offset,
}

/// The newest records of a topic.
#[derive(Debug, Default)]
pub struct Newest {
    /// The rows, oldest first: by time over the partitions, by offset within each. Markers between them are included
    /// and not counted.
    pub rows: Vec<Row>,
    /// Partitions that could not be read.
    pub failures: Vec<(PartitionId, Error)>,
}

/// How many of the newest records, and whose are counted: rows between them come along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How many.
    pub count: usize,
    /// Which rows are counted.
    pub isolation: Isolation,
}

/// Reads the newest records of the partitions in `spans`.
pub async fn newest(client: &Client, topic: &TopicName, spans: &[Span], wanted: Wanted) -> Newest {
    let Wanted { count, isolation } = wanted;
    let filled = spans.iter().filter(|span| span.start < span.end).count().max(1);
    let share = if filled.saturating_mul(count) <= AT_ONCE {
        count
    } else {
        count / filled + SLACK
    };
    let begun = spans.iter().filter(|span| span.start < span.end);
    let mut search = Search {
        client,
        topic,
        scans: begun
            .map(|span| {
                Backward::new(
                    *span,
                    Wanted {
                        count: share.min(count),
                        isolation,
                    },
                    (MOST / filled).max(LEAST),
                )
            })
            .collect(),
        failures: Vec::new(),
        inflater: Inflater::default(),
        fetched: 0,
        deadline: Instant::now() + TIME,
    };
    search.run(usize::MAX).await;
    if share < count && search.deepen(wanted) {
        search.run(BUDGET).await;
    }
    let Search {
        scans, mut failures, ..
    } = search;
    let unread = scans.iter().filter(|scan| !scan.is_done() && scan.rows().is_empty());
    failures.extend(unread.map(|scan| (scan.partition(), late(topic, scan.partition()))));
    let rows = scans.into_iter().map(Backward::into_rows).collect();
    Newest {
        rows: merge::newest(rows, count, isolation),
        failures,
    }
}

struct Search<'a> {
    client: &'a Client,
    topic: &'a TopicName,
    scans: Vec<Backward>,
    failures: Vec<(PartitionId, Error)>,
    inflater: Inflater,
    fetched: usize,
    deadline: Instant,
}

/// Leader, and 0 or 1 for the isolation: requests of one key go together.
type Key = (BrokerId, bool);

impl Search<'_> {
    /// Reads in rounds, one request per leader and isolation, until every scan has what it wants, or until more than
    /// `budget` bytes have been fetched or the time is up.
    async fn run(&mut self, budget: usize) {
        let (client, topic) = (self.client, self.topic);
        while self.fetched < budget && Instant::now() < self.deadline {
            let shards = self.shards();
            if shards.is_empty() {
                return;
            }
            let calls = shards
                .into_iter()
                .map(|((leader, is_committed), positions)| async move {
                    let isolation = if is_committed {
                        Isolation::ReadCommitted
                    } else {
                        Isolation::ReadUncommitted
                    };
                    let spec = FetchSpec {
                        // Somebody waits for it, and it never waits on the broker.
                        purpose: Purpose::Interactive,
                        isolation,
                        max_wait: Duration::ZERO,
                        max_bytes: ANSWER,
                    };
                    client.fetch(leader, topic, &positions, spec).await
                });
            for answers in join_all(calls).await {
                self.take(answers).await;
            }
            self.inflater.trim();
        }
    }

    /// What to ask whom, the hungriest first.
    fn shards(&mut self) -> BTreeMap<Key, Vec<FetchPosition>> {
        let mut shards: BTreeMap<Key, Vec<FetchPosition>> = BTreeMap::new();
        let mut lost = Vec::new();
        self.scans
            .sort_by_key(|scan| (std::cmp::Reverse(scan.hunger()), scan.partition()));
        for scan in self.scans.iter().filter(|scan| !scan.is_done()) {
            let (position, isolation) = scan.next();
            match self.client.leader(self.topic, scan.partition()) {
                Ok(leader) => {
                    let key = (leader, isolation == Isolation::ReadCommitted);
                    shards.entry(key).or_default().push(position);
                }
                Err(error) => lost.push((scan.partition(), error)),
            }
        }
        for (partition, error) in lost {
            self.give_up(partition, error);
        }
        shards
    }

    async fn take(&mut self, answers: Outcomes<PartitionId, Fetched>) {
        let mut stands_first = true;
        for (partition, outcome) in answers {
            let Some(scan) = self.scans.iter_mut().find(|scan| scan.partition() == partition) else {
                continue;
            };
            match outcome {
                Ok(fetched) => {
                    self.fetched += fetched.range.bytes.len();
                    if !scan.take(fetched, stands_first, &mut self.inflater) {
                        let error = stuck(self.topic, partition);
                        self.give_up(partition, error);
                    }
                }
                Err(error) if error.code() == Some(OFFSET_OUT_OF_RANGE) => {
                    let start = self.start_of(partition).await;
                    let mut scans = self.scans.iter_mut();
                    let scan = scans.find(|scan| scan.partition() == partition);
                    if !start.zip(scan).is_some_and(|(start, scan)| scan.start_moved(start)) {
                        self.give_up(partition, error);
                    }
                }
                Err(error) => self.give_up(partition, error),
            }
            stands_first = false;
        }
    }

    /// The log start as it is now.
    async fn start_of(&self, partition: PartitionId) -> Option<Offset> {
        let name = TopicPartition {
            topic: self.topic.clone(),
            partition,
        };
        let spec = (OffsetSpec::Earliest, Isolation::ReadUncommitted);
        let answers = self.client.list_offsets(spec.0, spec.1, [name]).await;
        answers.into_values().next()?.ok()?
    }

    /// Keeps what was found, and looks for no more.
    fn give_up(&mut self, partition: PartitionId, error: Error) {
        if let Some(index) = self.scans.iter().position(|scan| scan.partition() == partition) {
            self.scans[index].stop();
        }
        self.failures.push((partition, error));
    }

    /// Asks for more where that may change what is shown: a partition whose oldest record so far is newer than the
    /// oldest that would be shown may hold more of them. `false` when nothing is left to ask.
    fn deepen(&mut self, wanted: Wanted) -> bool {
        let oldest_shown = merge::oldest_shown(self.scans.iter().map(Backward::rows), wanted.count, wanted.isolation);
        for scan in &mut self.scans {
            let oldest = scan.rows().iter().find_map(|row| row.timestamp().millis());
            if oldest.is_none() || oldest >= oldest_shown {
                scan.deepen(wanted.count);
            }
        }
        self.scans.iter().any(|scan| !scan.is_done())
    }
}

fn late(topic: &TopicName, partition: PartitionId) -> Error {
    Error::Timeout {
        what: "the newest records".to_owned(),
        addr: format!("the leader of {topic}-{partition}"),
        after: TIME,
    }
}

/// The broker answers, but never with the records that it says are there.
pub(super) fn stuck(topic: &TopicName, partition: PartitionId) -> Error {
    Error::Protocol {
        what: "Fetch".to_owned(),
        addr: format!("the leader of {topic}-{partition}"),
        reason: "no records, although there are some".to_owned(),
    }
}
