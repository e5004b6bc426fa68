//! One partition's part of an answer, cut into pieces that workers take.

use std::mem;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::work::Piece;
use crate::kafka::model::{Offset, TopicPartition};
use crate::kafka::records::{FetchedRange, Walk, Walked};

/// Bytes that a worker takes at a time.
const PIECE: usize = 64 << 10;

/// What an answer came to.
pub(super) struct Answer {
    pub(super) pieces: Vec<Piece>,
    /// Everything below is in the pieces.
    pub(super) next: i64,
    /// Bytes that are needed, where the first batch did not fit.
    pub(super) needed: Option<usize>,
}

/// Walks over an answer up to the offset `to`.
pub(super) fn pieces(
    partition: &TopicPartition,
    range: FetchedRange,
    to: i64,
    room: &Arc<OwnedSemaphorePermit>,
) -> Answer {
    let mut next = range.fetch_offset;
    let mut walk = Walk::new(range);
    let (mut pieces, mut steps, mut bytes) = (Vec::new(), Vec::new(), 0);
    loop {
        let step = walk.next();
        next = walk.next_offset().min(to).max(next);
        let is_last = step.is_none() || next >= to;
        if let Some(step) = step {
            bytes += size(&step);
            steps.push(step);
        }
        if !steps.is_empty() && (is_last || bytes >= PIECE) {
            bytes = 0;
            pieces.push(Piece {
                partition: partition.clone(),
                steps: mem::take(&mut steps),
                to,
                next: Offset(next),
                _room: Arc::clone(room),
            });
        }
        if is_last {
            break;
        }
    }
    Answer {
        pieces,
        next,
        needed: walk.needed_bytes(),
    }
}

fn size(step: &Walked) -> usize {
    match step {
        Walked::Batch(batch) => batch.bytes.len(),
        Walked::Damaged(stretch) => stretch.bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;
    use crate::kafka::records::{BatchSpec, RecordSpec, encode_batch};

    fn batch(offset: i64, bytes: usize) -> Vec<u8> {
        let value = vec![b'x'; bytes];
        let record = RecordSpec {
            offset,
            timestamp: 0,
            key: None,
            value: Some(&value),
            headers: &[],
        };
        let spec = BatchSpec {
            base_offset: offset,
            ..BatchSpec::default()
        };
        encode_batch(&spec, &[record]).unwrap()
    }

    fn cut(bytes: Vec<u8>, to: i64) -> (Vec<(usize, i64)>, i64, Option<usize>) {
        let room = Arc::new(Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap());
        let range = FetchedRange {
            bytes: bytes.into(),
            fetch_offset: 0,
            high_watermark: 100,
            open_from: i64::MAX,
            aborted: Vec::new(),
        };
        let cut = pieces(&TopicPartition::new("orders", 0), range, to, &room);
        let pieces = cut.pieces.iter().map(|piece| (piece.steps.len(), piece.next.0));
        (pieces.collect(), cut.next, cut.needed)
    }

    #[test]
    fn batches_are_put_together_to_pieces_of_some_size() {
        let all: Vec<u8> = (0..6).flat_map(|offset| batch(offset, PIECE / 2)).collect();
        assert_eq!(cut(all, 100), (vec![(2, 2), (2, 4), (2, 6)], 6, None));
        let all: Vec<u8> = [batch(0, 2 * PIECE), batch(1, 5), batch(2, 5)].concat();
        assert_eq!(cut(all, 100), (vec![(1, 1), (2, 3)], 3, None));
    }

    #[test]
    fn what_lies_behind_the_end_is_left_out() {
        let all: Vec<u8> = (0..6).flat_map(|offset| batch(offset, 5)).collect();
        assert_eq!(cut(all, 3), (vec![(3, 3)], 3, None));
    }

    #[test]
    fn an_answer_without_a_whole_batch_says_what_it_needs() {
        let whole = batch(0, 500);
        assert_eq!(cut(whole[..100].to_vec(), 9), (vec![], 0, Some(whole.len())));
    }
}
