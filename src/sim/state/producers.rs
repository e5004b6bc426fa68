//! What a leader remembers of idempotent producers (KIP-98): the last five batches of each, so that one that comes
//! twice is stored once.

use std::collections::{HashMap, VecDeque};

/// Batches that are remembered of each producer.
const REMEMBERED: usize = 5;

/// How a batch is numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// `producer.id`.
    pub id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// Sequence number of the first record.
    pub base_sequence: i32,
    /// Records.
    pub count: i32,
}

impl Numbered {
    fn last_sequence(self) -> i32 {
        step(self.base_sequence, self.count - 1)
    }
}

/// What to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next one.
    Store,
    /// It was stored at this offset already.
    Duplicate(i64),
    /// One before it is missing, or it is too old to be remembered.
    OutOfOrder,
    /// A newer epoch of the same id has written.
    Fenced,
}

#[derive(Debug)]
struct Entry {
    epoch: i16,
    /// First and last sequence number, and the offset.
    batches: VecDeque<(i32, i32, i64)>,
}

/// The producers of one partition.
#[derive(Debug, Default)]
pub struct Producers(HashMap<i64, Entry>);

impl Producers {
    /// Judges a batch as Kafka does: of a producer that is not known any number is taken.
    pub fn judge(&self, batch: Numbered) -> Verdict {
        let Some(entry) = self.0.get(&batch.id) else {
            return Verdict::Store;
        };
        if batch.epoch < entry.epoch {
            return Verdict::Fenced;
        }
        let first_of_epoch = batch.epoch > entry.epoch && batch.base_sequence == 0;
        let same = (batch.base_sequence, batch.last_sequence());
        if let Some((_, _, offset)) = entry
            .batches
            .iter()
            .find(|known| batch.epoch == entry.epoch && (known.0, known.1) == same)
        {
            return Verdict::Duplicate(*offset);
        }
        let is_next = batch.epoch == entry.epoch
            && entry
                .batches
                .back()
                .is_none_or(|(_, last, _)| step(*last, 1) == batch.base_sequence);
        if first_of_epoch || is_next {
            Verdict::Store
        } else {
            Verdict::OutOfOrder
        }
    }

    /// Remembers a batch that was stored.
    pub fn stored(&mut self, batch: Numbered, offset: i64) {
        let entry = self.0.entry(batch.id).or_insert_with(|| Entry {
            epoch: batch.epoch,
            batches: VecDeque::new(),
        });
        if entry.epoch != batch.epoch {
            (entry.epoch, entry.batches) = (batch.epoch, VecDeque::new());
        }
        if entry.batches.len() == REMEMBERED {
            entry.batches.pop_front();
        }
        entry
            .batches
            .push_back((batch.base_sequence, batch.last_sequence(), offset));
    }

    /// Id, epoch and last sequence number of each.
    pub fn known(&self) -> impl Iterator<Item = (i64, i16, i32)> {
        let last = |entry: &Entry| entry.batches.back().map_or(-1, |batch| batch.1);
        self.0.iter().map(move |(id, entry)| (*id, entry.epoch, last(entry)))
    }

    /// Forgets all of them, as a broker does with those that were silent for `producer.id.expiration.ms`.
    pub fn expire(&mut self) {
        self.0.clear();
    }
}

/// The number so many after `sequence`; after the largest comes 0.
fn step(sequence: i32, by: i32) -> i32 {
    let wide = i64::from(sequence) + i64::from(by);
    (wide % (i64::from(i32::MAX) + 1)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(base_sequence: i32, count: i32) -> Numbered {
        Numbered {
            id: 7,
            epoch: 0,
            base_sequence,
            count,
        }
    }

    #[test]
    fn the_last_five_batches_are_known_and_the_next_must_follow() {
        let mut producers = Producers::default();
        for at in 0..6 {
            assert_eq!(producers.judge(batch(at * 10, 10)), Verdict::Store);
            producers.stored(batch(at * 10, 10), 100 + i64::from(at));
        }
        assert_eq!(producers.judge(batch(50, 10)), Verdict::Duplicate(105));
        assert_eq!(producers.judge(batch(10, 10)), Verdict::Duplicate(101));
        assert_eq!(producers.judge(batch(0, 10)), Verdict::OutOfOrder, "too old");
        assert_eq!(producers.judge(batch(50, 9)), Verdict::OutOfOrder, "not the same batch");
        assert_eq!(producers.judge(batch(70, 1)), Verdict::OutOfOrder, "a gap");
        producers.expire();
        assert_eq!(
            producers.judge(batch(70, 1)),
            Verdict::Store,
            "who is unknown may begin anywhere"
        );
    }

    #[test]
    fn numbers_start_again_with_an_epoch_and_after_the_largest() {
        let mut producers = Producers::default();
        producers.stored(batch(i32::MAX - 1, 2), 0);
        assert_eq!(producers.judge(batch(0, 3)), Verdict::Store);
        let next = |base_sequence| Numbered {
            epoch: 1,
            ..batch(base_sequence, 1)
        };
        assert_eq!(producers.judge(next(5)), Verdict::OutOfOrder);
        assert_eq!(producers.judge(next(0)), Verdict::Store);
        producers.stored(next(0), 9);
        assert_eq!(producers.judge(batch(0, 3)), Verdict::Fenced);
    }
}
