//! Where the newest records of some partitions begin: those that a merge by time from the ends takes first.

use std::collections::{BinaryHeap, VecDeque};

use super::{Found, Make, Range, Scan, ScanSpec, Step};
use crate::kafka::client::{Client, Isolation};
use crate::kafka::error::Error;
use crate::kafka::model::{Offset, TopicPartition};
use crate::kafka::partial::{Failure, Partial};

/// Offsets that are looked at first, and at most in one step.
const FIRST: i64 = 64;
const MOST: i64 = 1 << 20;

/// One partition, read backwards.
#[derive(Debug)]
struct Tail {
    range: Range,
    to: i64,
    /// From here on everything is known.
    known_from: i64,
    step: i64,
    /// Timestamp and offset of the records from there, in the order of their offsets.
    records: VecDeque<(i64, i64)>,
    /// How many of them, from the end, are among the newest.
    taken: usize,
}

/// Makes pairs of timestamp and offset.
struct Times;

impl Make for Times {
    type Made = Vec<(i64, i64)>;

    fn record(&mut self, made: &mut Self::Made, found: &Found<'_>) {
        made.push((found.record.timestamp, found.record.offset));
    }

    fn size(&self, made: &Self::Made) -> usize {
        size_of_val(made.as_slice())
    }
}

/// Moves the start of each range to where the newest `count` records begin: per partition these are the newest by
/// offset, over the partitions the heads of the newest by time. Ranges without any of them end up empty. What could not
/// be looked at is a failure, and its range empty.
pub async fn newest(client: &Client, ranges: Vec<Range>, count: usize, isolation: Isolation) -> Partial<Vec<Range>> {
    let share = i64::try_from(count / ranges.len().max(1)).unwrap_or(MOST);
    let mut tails: Vec<Tail> = ranges.into_iter().map(|range| Tail::new(range, share)).collect();
    let mut failures = Vec::new();
    loop {
        let wanting = take_newest(&mut tails, count);
        if wanting.is_empty() {
            break;
        }
        let ranges = wanting.iter().map(|index| tails[*index].before()).collect();
        let spec = ScanSpec {
            isolation,
            ..ScanSpec::new(ranges)
        };
        let found = read(client, spec).await;
        for index in wanting {
            let mut more = VecDeque::new();
            for (partition, records) in &found.value {
                if *partition == tails[index].range.partition {
                    more.extend(records.iter().copied());
                }
            }
            tails[index].add(more);
        }
        for failure in found.failures {
            if let Some(tail) = tails
                .iter_mut()
                .find(|tail| tail.range.partition.to_string() == failure.what)
            {
                tail.give_up();
            }
            failures.push(failure);
        }
    }
    Partial::new(tails.into_iter().map(Tail::into_range).collect(), failures)
}

type Records = Vec<(TopicPartition, Vec<(i64, i64)>)>;

async fn read(client: &Client, spec: ScanSpec) -> Partial<Records> {
    let mut scan = Scan::start(client.clone(), spec, || Times);
    let mut found = Partial::<Records>::default();
    while let Some(step) = scan.next().await {
        match step {
            Step::Part(part) => found.value.push((part.partition, part.made)),
            Step::Failed { partition, error, .. } => found.failures.push(Failure::new(partition.to_string(), error)),
            Step::Crashed => {
                let what = "reading the newest records".to_owned();
                found
                    .failures
                    .push(Failure::new("the newest records", Error::Cancelled { what }));
            }
            // What retention takes meanwhile is not among the newest.
            Step::Lost(_) | Step::Delayed(_) | Step::Resumed(_) => {}
        }
    }
    found
}

/// Takes the newest over all tails; names those that must be known further back before more can be taken.
fn take_newest(tails: &mut [Tail], count: usize) -> Vec<usize> {
    for tail in &mut *tails {
        tail.taken = 0;
    }
    let short: Vec<usize> = (0..tails.len()).filter(|index| tails[*index].is_short()).collect();
    if !short.is_empty() {
        return short;
    }
    let heads = tails.iter().enumerate();
    let mut heads: BinaryHeap<(i64, usize)> = heads.filter_map(|(index, tail)| Some((tail.head()?, index))).collect();
    for left in (0..count).rev() {
        let Some((_, index)) = heads.pop() else { break };
        let tail = &mut tails[index];
        tail.taken += 1;
        if left > 0 && tail.is_short() {
            return vec![index];
        }
        heads.extend(tail.head().map(|head| (head, index)));
    }
    Vec::new()
}

impl Tail {
    fn new(range: Range, share: i64) -> Self {
        let to = range.to.map_or(range.from.0, |to| to.0);
        Self {
            known_from: to,
            to,
            step: share.saturating_add(FIRST).min(MOST),
            range,
            records: VecDeque::new(),
            taken: 0,
        }
    }

    /// The timestamp of the newest record that is not taken.
    fn head(&self) -> Option<i64> {
        let index = self.records.len().checked_sub(self.taken + 1)?;
        self.records.get(index).map(|(timestamp, _)| *timestamp)
    }

    /// Whether all that is known is taken, and there may be more.
    fn is_short(&self) -> bool {
        self.head().is_none() && self.known_from > self.range.from.0
    }

    /// The stretch to look at next.
    fn before(&self) -> Range {
        Range {
            partition: self.range.partition.clone(),
            from: Offset(self.known_from.saturating_sub(self.step).max(self.range.from.0)),
            to: Some(Offset(self.known_from)),
        }
    }

    fn add(&mut self, more: VecDeque<(i64, i64)>) {
        self.known_from = self.before().from.0;
        self.step = self.step.saturating_mul(2).min(MOST);
        more.into_iter()
            .rev()
            .for_each(|record| self.records.push_front(record));
    }

    fn give_up(&mut self) {
        self.known_from = self.range.from.0;
        self.records.clear();
    }

    fn into_range(self) -> Range {
        let first = self.records.len().checked_sub(self.taken);
        let oldest = first
            .filter(|_| self.taken > 0)
            .and_then(|index| self.records.get(index));
        Range {
            from: Offset(oldest.map_or(self.to, |(_, offset)| *offset)),
            ..self.range
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tail that is known from `known_from` on, with these timestamps at offsets that end before `to`.
    fn tail(partition: i32, known_from: i64, times: &[i64]) -> Tail {
        let to = known_from + times.len() as i64;
        let range = Range {
            partition: TopicPartition::new("orders", partition),
            from: Offset(0),
            to: Some(Offset(to)),
        };
        let mut tail = Tail::new(range, 0);
        tail.known_from = known_from;
        tail.records = (known_from..)
            .zip(times)
            .map(|(offset, time)| (*time, offset))
            .collect();
        tail
    }

    fn from(tails: Vec<Tail>) -> Vec<i64> {
        tails.into_iter().map(|tail| tail.into_range().from.0).collect()
    }

    #[test]
    fn the_newest_are_taken_from_the_ends_by_time() {
        let mut tails = vec![tail(0, 0, &[1, 2, 9]), tail(1, 0, &[3, 4, 5])];
        assert_eq!(take_newest(&mut tails, 3), Vec::<usize>::new());
        assert_eq!(from(tails), [2, 1]);
    }

    #[test]
    fn a_record_behind_an_older_one_is_not_taken_before_it() {
        let mut tails = vec![tail(0, 0, &[100, 1]), tail(1, 0, &[3, 4])];
        assert_eq!(take_newest(&mut tails, 2), Vec::<usize>::new());
        assert_eq!(from(tails), [2, 0], "per partition the newest by offset");
    }

    #[test]
    fn who_has_nothing_left_is_read_further_back() {
        let mut tails = vec![tail(0, 10, &[8, 9]), tail(1, 0, &[3])];
        assert_eq!(take_newest(&mut tails, 2), Vec::<usize>::new(), "enough is known");
        assert_eq!(take_newest(&mut tails, 3), [0]);
        let before = tails[0].before();
        assert_eq!((before.from, before.to), (Offset(0), Some(Offset(10))));
        tails[0].add([(7, 4)].into());
        assert_eq!(take_newest(&mut tails, 3), Vec::<usize>::new());
        assert_eq!(from(tails), [4, 1]);
    }

    #[test]
    fn more_than_there_are_is_everything() {
        let mut tails = vec![tail(0, 0, &[8, 9]), tail(1, 0, &[])];
        assert_eq!(take_newest(&mut tails, 50), Vec::<usize>::new());
        assert_eq!(from(tails), [0, 0]);
    }
}
