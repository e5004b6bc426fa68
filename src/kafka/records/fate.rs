//! What became of a batch's transaction, decided per response (KIP-98; as Kafka's consumer does it).

use std::collections::HashSet;

use super::header::BatchHeader;
use crate::kafka::model::{ControlType, RecordKind};

/// A transaction that was aborted, as a Fetch response with `isolation_level=1` lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AbortedTransaction {
    /// Offset of its first record in the partition.
    pub first_offset: i64,
    /// The producer that wrote it.
    pub producer_id: i64,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Committed, or never part of a transaction.
    Readable,
    /// Control records: markers, no data.
    Control,
    /// Data of an aborted transaction.
    Aborted,
    /// Data at or above the last stable offset: its transaction, or one before it, is still open.
    Open,
}

impl Fate {
    /// The kind of a record of such a batch.
    pub fn kind(self, key: Option<&[u8]>) -> RecordKind {
        match self {
            Self::Readable => RecordKind::Data,
            Self::Control => RecordKind::Control(ControlType::from_key(key)),
            Self::Aborted => RecordKind::Aborted,
            Self::Open => RecordKind::OpenTransaction,
        }
    }
}

/// The aborted transactions of one response, worked off in offset order. Never carried over to the next response:
/// the broker lists a transaction again when it began before the fetched range.
#[derive(Debug)]
pub(super) struct AbortedTracker {
    ahead: std::iter::Peekable<std::vec::IntoIter<AbortedTransaction>>,
    live: HashSet<i64>,
}

impl AbortedTracker {
    pub(super) fn new(mut aborted: Vec<AbortedTransaction>) -> Self {
        aborted.sort_unstable();
        Self {
            ahead: aborted.into_iter().peekable(),
            live: HashSet::new(),
        }
    }

    /// The fate of the next batch; `marker` is what the batch's first control record says.
    pub(super) fn judge(&mut self, header: &BatchHeader, marker: Option<ControlType>) -> Fate {
        let mut aborted = false;
        if header.producer_id >= 0 {
            while let Some(begun) = self.ahead.next_if(|t| t.first_offset <= header.last_offset()) {
                self.live.insert(begun.producer_id);
            }
            if marker == Some(ControlType::Abort) {
                self.live.remove(&header.producer_id);
            } else {
                aborted = header.is_transactional() && self.live.contains(&header.producer_id);
            }
        }
        match (header.is_control(), aborted) {
            (true, _) => Fate::Control,
            (false, true) => Fate::Aborted,
            (false, false) => Fate::Readable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode::{BatchSpec, RecordSpec, encode_batch};
    use super::*;
    use crate::kafka::model::Producer;

    fn header(pid: i64, base: i64, transactional: bool, control: bool) -> BatchHeader {
        let spec = BatchSpec {
            base_offset: base,
            producer: Some(Producer {
                id: pid,
                epoch: 0,
                base_sequence: 0,
            }),
            transactional,
            control,
            ..BatchSpec::default()
        };
        let record = RecordSpec {
            offset: base,
            timestamp: 0,
            key: None,
            value: None,
            headers: &[],
        };
        BatchHeader::read_v2(&encode_batch(&spec, &[record]).unwrap()).unwrap()
    }

    fn tracker(aborted: &[(i64, i64)]) -> AbortedTracker {
        AbortedTracker::new(
            aborted
                .iter()
                .map(|&(first_offset, producer_id)| AbortedTransaction {
                    first_offset,
                    producer_id,
                })
                .collect(),
        )
    }

    /// (producer, offset, what): d = transactional data, p = plain data, a = abort marker, c = commit marker.
    fn fates(aborted: &[(i64, i64)], log: &[(i64, i64, char)]) -> String {
        let mut tracker = tracker(aborted);
        log.iter()
            .map(|&(pid, offset, what)| {
                let marker = match what {
                    'a' => Some(ControlType::Abort),
                    'c' => Some(ControlType::Commit),
                    _ => None,
                };
                match tracker.judge(&header(pid, offset, what != 'p', marker.is_some()), marker) {
                    Fate::Readable => 'R',
                    Fate::Control => '.',
                    Fate::Aborted => 'A',
                    Fate::Open => 'O',
                }
            })
            .collect()
    }

    #[test]
    fn an_aborted_transaction_is_marked_and_a_committed_one_of_the_same_producer_is_not() {
        let log = [(7, 0, 'd'), (7, 1, 'a'), (7, 2, 'd'), (7, 3, 'c')];
        assert_eq!(fates(&[(0, 7)], &log), "A.R.");
    }

    #[test]
    fn interleaved_producers_are_kept_apart() {
        let log = [
            (1, 0, 'd'),
            (2, 1, 'd'),
            (1, 2, 'd'),
            (1, 3, 'a'),
            (2, 4, 'd'),
            (2, 5, 'c'),
            (1, 6, 'd'),
        ];
        assert_eq!(fates(&[(0, 1)], &log), "ARA.R.R");
    }

    #[test]
    fn a_transaction_begun_before_the_range_is_known_from_the_list() {
        assert_eq!(fates(&[(2, 9)], &[(9, 100, 'd'), (9, 101, 'a'), (9, 102, 'd')]), "A.R");
    }

    #[test]
    fn an_abort_marker_that_comes_first_ends_nothing_that_follows() {
        assert_eq!(fates(&[(50, 9)], &[(9, 100, 'a'), (9, 101, 'd')]), ".R");
    }

    #[test]
    fn two_aborted_transactions_of_one_producer_are_both_marked() {
        let log = [(1, 0, 'd'), (1, 1, 'a'), (1, 2, 'd'), (1, 3, 'a'), (1, 4, 'd')];
        assert_eq!(fates(&[(2, 1), (0, 1)], &log), "A.A.R", "the list need not be sorted");
    }

    #[test]
    fn plain_batches_of_an_aborting_producer_stay_readable() {
        assert_eq!(fates(&[(0, 1)], &[(1, 0, 'd'), (1, 1, 'p'), (-1, 2, 'p')]), "ARR");
    }

    #[test]
    fn the_kind_of_a_marker_comes_from_its_key() {
        assert_eq!(
            Fate::Control.kind(Some(&[0, 0, 0, 1])),
            RecordKind::Control(ControlType::Commit)
        );
        assert_eq!(Fate::Open.kind(None), RecordKind::OpenTransaction);
    }
}
