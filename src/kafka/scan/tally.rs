//! What a scan has seen: sums that add up over parts.

use std::ops::AddAssign;

use crate::kafka::model::{Damage, Offset, TopicPartition};

/// Examples that are kept of each kind of trouble.
pub const EXAMPLES: usize = 5;

/// What was seen of some stretch of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Records that were looked at, cut out or not. Markers and records of aborted transactions are none.
    pub records: u64,
    /// Records that are wanted.
    pub matches: u64,
    /// Bytes as they came from the broker.
    pub bytes: u64,
    /// Bytes of decompressed batches.
    pub payload_bytes: u64,
    /// Records that the filter could not judge.
    pub errors: u64,
    /// The first of them, and why.
    pub error_examples: Vec<(TopicPartition, Offset, String)>,
    /// Stretches that could not be read.
    pub unreadable: u64,
    /// The first of them: first and last offset, and what is wrong.
    pub unreadable_examples: Vec<(TopicPartition, Offset, Offset, Damage)>,
}

impl Tally {
    /// Notes a record that the filter could not judge. Only of an example is it asked why.
    pub(super) fn error(&mut self, partition: &TopicPartition, offset: i64, why: impl FnOnce() -> Option<String>) {
        self.errors += 1;
        if self.error_examples.len() < EXAMPLES {
            let example = |why| (partition.clone(), Offset(offset), why);
            self.error_examples.extend(why().map(example));
        }
    }

    /// Notes a stretch that could not be read.
    pub(super) fn damage(&mut self, partition: &TopicPartition, first: i64, last: i64, damage: &Damage) {
        self.unreadable += 1;
        if self.unreadable_examples.len() < EXAMPLES {
            let example = (partition.clone(), Offset(first), Offset(last), damage.clone());
            self.unreadable_examples.push(example);
        }
    }
}

impl AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Tally) {
        self.records += other.records;
        self.matches += other.matches;
        self.bytes += other.bytes;
        self.payload_bytes += other.payload_bytes;
        self.errors += other.errors;
        self.unreadable += other.unreadable;
        append(&mut self.error_examples, &other.error_examples);
        append(&mut self.unreadable_examples, &other.unreadable_examples);
    }
}

fn append<T: Clone>(all: &mut Vec<T>, more: &[T]) {
    let room = EXAMPLES.saturating_sub(all.len());
    all.extend(more.iter().take(room).cloned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_whole_and_examples_few() {
        let orders = TopicPartition::new("orders", 0);
        let mut one = Tally {
            records: 5,
            matches: 2,
            ..Tally::default()
        };
        for offset in 0..4 {
            one.error(&orders, offset, || Some("no such field".to_owned()));
            one.damage(&orders, offset, offset, &Damage::TooLarge { limit: 1 });
        }
        for offset in 4..9 {
            one.error(&orders, offset, || {
                assert_eq!(offset, 4, "nobody is asked why for what is not kept");
                Some("no such field".to_owned())
            });
        }
        let mut all = Tally::default();
        all += &one;
        all += &one;
        assert_eq!((all.records, all.matches, all.errors, all.unreadable), (10, 4, 18, 8));
        assert_eq!(
            (all.error_examples.len(), all.unreadable_examples.len()),
            (EXAMPLES, EXAMPLES)
        );
        assert_eq!(all.error_examples[4].1, Offset(4), "the first ones stay");
    }
}
