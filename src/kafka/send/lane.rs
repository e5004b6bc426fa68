//! The unsettled batches of one partition, in the order of their numbers.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Settled, Unsent};
use crate::kafka::client::{Appended, ProducerId, Refused};
use crate::kafka::error::{Error, Remedy, remedy};
use crate::kafka::model::{Offset, PartitionId, Producer};
use crate::kafka::records::NewBatch;

/// Pause before a batch is sent again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often the oldest batch may be out of order: once it can only have overtaken one on its way.
const OUT_OF_ORDER_TIMES: u32 = 3;
/// How often a topic may be unknown: metadata of a new topic takes a moment to reach every broker.
const UNKNOWN_TIMES: u32 = 8;

const UNKNOWN_SERVER_ERROR: i16 = -1;
const CORRUPT_MESSAGE: i16 = 2;
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const NOT_ENOUGH_REPLICAS: i16 = 19;
const NOT_ENOUGH_REPLICAS_AFTER_APPEND: i16 = 20;
const OUT_OF_ORDER_SEQUENCE_NUMBER: i16 = 45;
const DUPLICATE_SEQUENCE_NUMBER: i16 = 46;

#[derive(Debug)]
struct Pending {
    tag: u64,
    sequence: i32,
    count: i32,
    bytes: Bytes,
    is_under_way: bool,
    /// Some attempt ended without an answer that says it was not stored.
    may_be_stored: bool,
}

/// Why a lane is quiet: until all answers are there, the pause is over and the leader is known.
#[derive(Debug)]
struct Trouble {
    since: Instant,
    retry_at: Instant,
    attempts: u32,
    /// The batches are on their way again.
    is_over: bool,
    error: Error,
}

/// One partition.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Number of the next record.
    pub(super) next_sequence: i32,
    queue: VecDeque<Pending>,
    /// The leader has stored a batch of this producer.
    is_known: bool,
    trouble: Option<Trouble>,
    /// A leader is to be looked up, or is being.
    wants_leader: bool,
    awaits_leader: bool,
    /// Nothing can be sent any more.
    dead: Option<Error>,
    settled: Vec<(Pending, Result<Option<Offset>, Unsent>)>,
}

impl Lane {
    /// Whether everything is settled and told.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.settled.is_empty()
    }

    pub(super) fn push(&mut self, tag: u64, batch: NewBatch, producer: ProducerId) {
        let (sequence, count) = (self.next_sequence, batch.count());
        self.skip(count);
        let bytes = batch.numbered(Producer {
            id: producer.id,
            epoch: producer.epoch,
            base_sequence: sequence,
        });
        self.queue.push_back(Pending {
            tag,
            sequence,
            count,
            bytes,
            is_under_way: false,
            may_be_stored: false,
        });
    }

    pub(super) fn skip(&mut self, count: i32) {
        self.next_sequence = after(self.next_sequence, count);
    }

    /// The next batch to be sent now, if there is one; it counts as under way from here on.
    pub(super) fn ready(&mut self, now: Instant) -> Option<(i32, Bytes)> {
        if let Some(error) = self.dead.clone() {
            self.give_up_waiting(&error);
            return None;
        }
        // A leader that knows nothing of this producer takes any number: only behind a stored batch it misses one that
        // it refused.
        if !self.is_known && self.is_under_way() {
            return None;
        }
        let is_held = self.wants_leader || self.awaits_leader || self.is_under_way();
        if let Some(trouble) = self.trouble.as_mut().filter(|trouble| !trouble.is_over) {
            if is_held || now < trouble.retry_at {
                return None;
            }
            // From here on all of them go again, one after the other.
            trouble.is_over = true;
        }
        let next = self.queue.iter_mut().find(|pending| !pending.is_under_way)?;
        next.is_under_way = true;
        Some((next.sequence, next.bytes.clone()))
    }

    fn is_under_way(&self) -> bool {
        self.queue.iter().any(|pending| pending.is_under_way)
    }

    /// When it wants to be looked at again without an answer.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        let trouble = self.trouble.as_ref().filter(|trouble| !trouble.is_over)?;
        // Else an answer or the new leaders wake it.
        let is_held = self.wants_leader || self.awaits_leader || self.is_under_way();
        (!is_held && !self.queue.is_empty()).then_some(trouble.retry_at)
    }

    pub(super) fn wants_leader(&self) -> bool {
        self.wants_leader
    }

    pub(super) fn leader_is_looked_up(&mut self) {
        self.awaits_leader |= std::mem::take(&mut self.wants_leader);
    }

    pub(super) fn leader_was_looked_up(&mut self) {
        self.awaits_leader = false;
    }

    /// What the leader says about a batch.
    pub(super) fn answered(
        &mut self,
        sequence: i32,
        outcome: Result<Appended, Refused>,
        now: Instant,
        patience: Duration,
    ) {
        let Some(at) = self.queue.iter().position(|pending| pending.sequence == sequence) else {
            return;
        };
        self.queue[at].is_under_way = false;
        let refused = match outcome {
            Ok(appended) => return self.stored(at, appended.base_offset),
            Err(refused) => refused,
        };
        let code = refused.error.code().unwrap_or_default();
        let attempts = self.trouble.as_ref().map_or(0, |trouble| trouble.attempts);
        match code {
            DUPLICATE_SEQUENCE_NUMBER => self.stored(at, None),
            // It came before an older one that has to go again first.
            OUT_OF_ORDER_SEQUENCE_NUMBER if at > 0 || attempts < OUT_OF_ORDER_TIMES => {
                self.again(at, refused.error, now, patience);
            }
            // Damaged on its way: nothing of it was stored.
            NOT_ENOUGH_REPLICAS | CORRUPT_MESSAGE => self.again(at, refused.error, now, patience),
            UNKNOWN_SERVER_ERROR => {
                self.queue[at].may_be_stored = true;
                self.die(at, refused.error, refused.records);
            }
            NOT_ENOUGH_REPLICAS_AFTER_APPEND => {
                self.queue[at].may_be_stored = true;
                self.again(at, refused.error, now, patience);
            }
            UNKNOWN_TOPIC_OR_PARTITION if attempts < UNKNOWN_TIMES => {
                self.wants_leader = true;
                self.again(at, refused.error, now, patience);
            }
            _ => match remedy(code) {
                // Also an answer without the partition in it: nobody knows.
                _ if refused.error.code().is_none() => self.lost_at(at, refused.error, now, patience),
                Remedy::RefreshLeader => {
                    self.wants_leader = true;
                    self.again(at, refused.error, now, patience);
                }
                Remedy::Wait => {
                    // REQUEST_TIMED_OUT: the leader has it, the replicas did not say so in time.
                    self.queue[at].may_be_stored = true;
                    self.again(at, refused.error, now, patience);
                }
                _ => self.die(at, refused.error, refused.records),
            },
        }
    }

    /// The request failed as a whole.
    pub(super) fn lost(&mut self, sequence: i32, error: Error, now: Instant, patience: Duration) {
        if let Some(at) = self.queue.iter().position(|pending| pending.sequence == sequence) {
            self.queue[at].is_under_way = false;
            self.lost_at(at, error, now, patience);
        }
    }

    fn lost_at(&mut self, at: usize, error: Error, now: Instant, patience: Duration) {
        self.queue[at].may_be_stored |= error.may_have_arrived();
        if error.is_retriable() || matches!(error, Error::Missing { .. } | Error::Protocol { .. }) {
            self.wants_leader = true;
            self.again(at, error, now, patience);
        } else {
            self.die(at, error, Vec::new());
        }
    }

    /// A batch that could not go to anybody.
    pub(super) fn unsent(&mut self, sequence: i32, error: Error, now: Instant, patience: Duration) {
        if let Some(at) = self.queue.iter().position(|pending| pending.sequence == sequence) {
            self.queue[at].is_under_way = false;
            self.wants_leader = true;
            self.again(at, error, now, patience);
        }
    }

    fn stored(&mut self, at: usize, offset: Option<Offset>) {
        if at == 0 && self.trouble.as_ref().is_some_and(|trouble| trouble.is_over) {
            self.trouble = None;
        }
        self.is_known = true;
        if let Some(pending) = self.queue.remove(at) {
            self.settled.push((pending, Ok(offset)));
        }
    }

    /// Sends the batch again after a pause, unless it has been tried for too long.
    fn again(&mut self, at: usize, error: Error, now: Instant, patience: Duration) {
        let (since, attempts) = self
            .trouble
            .as_ref()
            .map_or((now, 0), |known| (known.since, known.attempts));
        if now.duration_since(since) >= patience {
            return self.die(at, error, Vec::new());
        }
        // Several batches of one partition fail together: that is one attempt.
        if self.trouble.as_ref().is_some_and(|trouble| !trouble.is_over) {
            return;
        }
        let pause = (FIRST_PAUSE * 2_u32.pow(attempts.min(10))).min(LONGEST_PAUSE);
        self.trouble = Some(Trouble {
            since,
            retry_at: now + pause,
            attempts: attempts + 1,
            is_over: false,
            error,
        });
    }

    /// The batch will not be stored by us; what stands behind it cannot be either, for its numbers follow.
    fn die(&mut self, at: usize, error: Error, records: Vec<(i32, String)>) {
        // What an older batch suffers from counts for more than that this one came too early.
        let cause = self.trouble.take().filter(|_| at > 0).map(|trouble| trouble.error);
        if let Some(pending) = self.queue.remove(at) {
            let unsent = Unsent {
                error: error.clone(),
                records,
                is_unknown: pending.may_be_stored,
            };
            self.settled.push((pending, Err(unsent)));
        }
        let error = self.dead.take().or(cause).unwrap_or(error);
        self.dead = Some(error.clone());
        self.give_up_waiting(&error);
    }

    /// Settles what is not under way on a dead lane.
    fn give_up_waiting(&mut self, error: &Error) {
        let (under_way, waiting) = std::mem::take(&mut self.queue)
            .into_iter()
            .partition(|pending| pending.is_under_way);
        self.queue = under_way;
        let waiting: VecDeque<Pending> = waiting;
        for pending in waiting {
            let unsent = Unsent {
                error: error.clone(),
                records: Vec::new(),
                is_unknown: pending.may_be_stored,
            };
            self.settled.push((pending, Err(unsent)));
        }
    }

    /// What was settled since this was asked last.
    pub(super) fn settled(&mut self, partition: PartitionId) -> impl Iterator<Item = Settled> {
        self.settled.drain(..).map(move |(pending, outcome)| Settled {
            tag: pending.tag,
            partition,
            count: pending.count,
            outcome,
        })
    }
}

/// The sequence number after `count` records: after the largest comes 0.
pub fn after(sequence: i32, count: i32) -> i32 {
    let wide = i64::from(sequence) + i64::from(count);
    (wide % (i64::from(i32::MAX) + 1)) as i32
}
