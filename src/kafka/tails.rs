//! Where a group stands: the record it would read next, and whether anything but markers lies before the end.
//!
//! OffsetFetch tells an offset. The record that lies there tells how far behind the group is in time, and a transaction's
//! marker that lies there alone tells that a lag of 1 is none. One small fetch per leader answers for many partitions, and
//! for all groups that stand near to each other in one; whole batches are skipped by their headers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use futures_util::future::join_all;

use crate::kafka::client::{Client, FetchPosition, FetchSpec, Purpose};
use crate::kafka::error::Error;
use crate::kafka::lag::tail::{Next, NextRecord, Place, Tail};
use crate::kafka::model::record::Row;
use crate::kafka::model::{BrokerId, Isolation, Offset, Timestamp, TimestampType, TopicName, TopicPartition};
use crate::kafka::partial::{Failure, Partial};
use crate::kafka::records::{DEFAULT_LIMIT, Fate, FetchedRange, Inflater, RecordRef, Walk, Walked, append_rows};

/// Bytes of one partition in the first request: some batches of a usual size.
const PARTITION_BYTES: i32 = 64 << 10;
/// Bytes of one answer.
const ANSWER_BYTES: i32 = 1 << 20;
/// The largest batch that is fetched whole for its first record.
const MOST_BYTES: usize = 16 << 20;
/// So many fetches are spent on one place at most: more than that is no look, but a scan.
const MOST_FETCHES: u32 = 4;

impl Tail {
    /// Reads on in an answer that begins at `read_to` or before. The bytes that the next one needs, where this one was too
    /// small.
    fn read(&mut self, range: FetchedRange, inflater: &mut Inflater) -> Option<usize> {
        let mut walk = Walk::new(range).with_records_from(self.read_to.0);
        while let Some(step) = walk.next() {
            if walk.next_offset() <= self.read_to.0 {
                continue;
            }
            let Walked::Batch(batch) = step else {
                self.next = Some(self.next_of(None));
                return None;
            };
            if batch.header.base_offset >= self.end.0 {
                self.read_to = self.end;
                return None;
            }
            let records = u64::try_from(batch.header.record_count).unwrap_or(0);
            match batch.fate {
                Fate::Control => self.markers += records,
                Fate::Aborted => self.aborted += records,
                Fate::Readable | Fate::Open => {
                    let first = match inflater.payload(&batch) {
                        Ok(payload) => batch.records(payload).next().map(|record| self.next_of(record.ok())),
                        Err(_) => Some(self.next_of(None)),
                    };
                    self.next = first.filter(|next| next.offset < self.end);
                }
            }
            self.read_to = Offset(walk.next_offset()).min(self.end);
            if self.is_over() {
                return None;
            }
        }
        self.read_to = self.read_to.max(Offset(walk.next_offset())).min(self.end);
        walk.needed_bytes()
    }

    /// What is read next: a record, or something that cannot be read and may be one.
    fn next_of(&self, record: Option<RecordRef<'_>>) -> Next {
        Next {
            offset: record.as_ref().map_or(self.read_to, |record| Offset(record.offset)),
            timestamp: record
                .as_ref()
                .map_or(Timestamp::NONE, |record| Timestamp(record.timestamp)),
            timestamp_type: record.map_or(TimestampType::Create, |record| record.timestamp_type),
        }
    }
}

/// Looks at every place. One that could not be looked at is missing and among the failures.
pub async fn tails(client: &Client, places: &[Place]) -> Partial<Vec<(TopicPartition, Tail)>> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    let mut of_leader: BTreeMap<BrokerId, Vec<&Place>> = BTreeMap::new();
    for place in places {
        match client.leader(&place.partition.topic, place.partition.partition) {
            Ok(leader) => of_leader.entry(leader).or_default().push(place),
            Err(error) => failures.push(Failure::new(place.partition.to_string(), error)),
        }
    }
    let each = of_leader
        .into_iter()
        .map(|(leader, places)| of_one(client, leader, places));
    for (read, failed) in join_all(each).await {
        found.extend(read);
        failures.extend(failed);
    }
    Partial::new(found, failures)
}

/// The record that a group which stands at `place` would read next.
///
/// # Errors
/// When the partition cannot be read.
pub async fn next_record(client: &Client, place: Place) -> Result<NextRecord, Error> {
    let Partial { value, failures } = tails(client, std::slice::from_ref(&place)).await;
    let tail = match (value.into_iter().next(), failures.into_iter().next()) {
        (Some((_, tail)), _) => tail,
        (None, Some(failure)) => return Err(failure.error),
        (None, None) => {
            return Err(Error::Missing {
                what: place.partition.to_string(),
                addr: "the leader".to_owned(),
            });
        }
    };
    let row = match tail.next {
        Some(next) => row_at(client, &place.partition, next.offset, Isolation::ReadCommitted).await?,
        // What holds it back can be shown all the same.
        None if !tail.is_over() => row_at(client, &place.partition, tail.read_to, Isolation::ReadUncommitted).await?,
        None => None,
    };
    Ok(NextRecord { place, tail, row })
}

/// The first row from an offset on. The first batch comes whole however large it is (KIP-74).
async fn row_at(
    client: &Client,
    at: &TopicPartition,
    offset: Offset,
    isolation: Isolation,
) -> Result<Option<Row>, Error> {
    let leader = client.leader(&at.topic, at.partition)?;
    let position = FetchPosition {
        partition: at.partition,
        offset,
        max_bytes: PARTITION_BYTES,
    };
    let spec = FetchSpec {
        purpose: Purpose::Fetch,
        isolation,
        max_wait: Duration::ZERO,
        max_bytes: PARTITION_BYTES,
    };
    let mut rows = Vec::new();
    let mut inflater = Inflater::new(DEFAULT_LIMIT);
    for (_, outcome) in client.fetch(leader, &at.topic, &[position], spec).await {
        for step in Walk::new(outcome?.range) {
            append_rows(at.partition, &step, &mut inflater, &mut rows);
            let found = rows.drain(..).find(|row| row.offset() >= offset);
            if found.is_some() {
                return Ok(found);
            }
        }
    }
    Ok(None)
}

/// A place that is being looked at, and how many bytes of it are asked for.
struct Look {
    partition: TopicPartition,
    tail: Tail,
    bytes: i32,
    fetches: u32,
}

/// The looks at these places, the first of a partition in front: its answer may hold what the others need.
fn begun(mut places: Vec<&Place>) -> Vec<Look> {
    places.sort_unstable();
    // Many groups may stand at one place.
    places.dedup();
    let begun = places.into_iter().map(|place| Look {
        partition: place.partition.clone(),
        tail: Tail::at(place),
        bytes: PARTITION_BYTES,
        fetches: 0,
    });
    begun.collect()
}

async fn of_one(client: &Client, leader: BrokerId, places: Vec<&Place>) -> (Vec<(TopicPartition, Tail)>, Vec<Failure>) {
    let spec = FetchSpec {
        purpose: Purpose::Fetch,
        isolation: Isolation::ReadCommitted,
        max_wait: Duration::ZERO,
        max_bytes: ANSWER_BYTES,
    };
    let mut open = begun(places);
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    let mut inflater = Inflater::new(DEFAULT_LIMIT);
    loop {
        let (over, left): (Vec<Look>, Vec<Look>) = open.into_iter().partition(|look| look.tail.is_over());
        found.extend(over.into_iter().map(|look| (look.partition, look.tail)));
        open = left;
        if open.is_empty() {
            break;
        }
        // Several groups may stand in one partition: a request names it once.
        let mut named = HashSet::new();
        let (now, later): (Vec<Look>, Vec<Look>) =
            open.into_iter().partition(|look| named.insert(look.partition.clone()));
        open = later;
        let wanted: Vec<(TopicName, FetchPosition)> = now.iter().map(Look::wanted).collect();
        let outcomes = client.fetch_topics(leader, &wanted, spec).await;
        if let Some(dead) = outcomes
            .iter()
            .find_map(|(_, outcome)| outcome.as_ref().err().filter(|error| error.is_connection()))
        {
            // The leader cannot be asked: the others would wait as long for the same answer.
            failures.extend(now.iter().chain(&open).map(|look| look.failed(dead)));
            break;
        }
        let mut answers: HashMap<TopicPartition, _> = outcomes.into_iter().collect();
        for mut look in now {
            let before = look.tail.read_to;
            match answers.remove(&look.partition) {
                Some(Ok(answer)) => {
                    let beside = open.iter_mut().filter(|other| other.is_behind(&look));
                    beside.for_each(|other| other.overhear(answer.range.clone(), &mut inflater));
                    look.take(answer.range, &mut inflater);
                }
                Some(Err(error)) => {
                    failures.push(look.failed(&error));
                    continue;
                }
                None => look.fetches += 1,
            }
            if look.fetches >= MOST_FETCHES {
                // What could not be read to its end is known as far as it was.
                found.push((look.partition, look.tail));
            } else if look.tail.read_to == before {
                // It got nothing: the answer was full before its turn, or all there is belongs to an open transaction.
                open.insert(0, look);
            } else {
                open.push(look);
            }
        }
    }
    (found, failures)
}

impl Look {
    fn wanted(&self) -> (TopicName, FetchPosition) {
        let position = FetchPosition {
            partition: self.partition.partition,
            offset: self.tail.read_to,
            max_bytes: self.bytes,
        };
        (self.partition.topic.clone(), position)
    }

    /// Whether an answer to `asked` may hold what this one needs.
    fn is_behind(&self, asked: &Self) -> bool {
        self.tail.read_to >= asked.tail.read_to && self.partition == asked.partition
    }

    /// Reads an answer to another look at the same partition. Where it ends too early, this one asks for itself.
    fn overhear(&mut self, range: FetchedRange, inflater: &mut Inflater) {
        self.tail.read(range, inflater);
    }

    fn take(&mut self, range: FetchedRange, inflater: &mut Inflater) {
        self.fetches += 1;
        if let Some(needed) = self.tail.read(range, inflater) {
            self.bytes = i32::try_from(needed.min(MOST_BYTES)).unwrap_or(self.bytes);
        }
    }

    fn failed(&self, error: &Error) -> Failure {
        Failure::new(self.partition.to_string(), error.clone())
    }
}
