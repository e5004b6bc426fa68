//! Rows of several partitions' answers in one order: by time over the partitions, by offset within each. Batches are
//! decompressed one at a time per partition, when they are needed.

use std::collections::VecDeque;

use crate::kafka::model::{PartitionId, Row};
use crate::kafka::records::{Inflater, Walk, append_rows};

/// One partition's answer, read as far as it was needed.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) partition: PartitionId,
    pub(super) walk: Walk,
    rows: VecDeque<Row>,
}

impl Page {
    pub(super) fn new(partition: PartitionId, walk: Walk) -> Self {
        Self {
            partition,
            walk,
            rows: VecDeque::new(),
        }
    }

    /// Makes sure that the next row is there, if there is one.
    fn fill(&mut self, inflater: &mut Inflater, scratch: &mut Vec<Row>) {
        while self.rows.is_empty() {
            let Some(step) = self.walk.next() else { return };
            append_rows(self.partition, &step, inflater, scratch);
            self.rows.extend(scratch.drain(..));
        }
    }

    /// Time of the next row. One without a time comes before all others, where its neighbours are.
    fn time(&self) -> Option<i64> {
        let next = self.rows.front()?;
        Some(next.timestamp().millis().unwrap_or(i64::MIN))
    }
}

/// Hands over the rows of several pages, one by one.
#[derive(Debug)]
pub(super) struct Merge {
    pages: Vec<Page>,
    scratch: Vec<Row>,
}

impl Merge {
    pub(super) fn new(pages: Vec<Page>) -> Self {
        Self {
            pages,
            scratch: Vec::new(),
        }
    }

    /// The next row.
    pub(super) fn next(&mut self, inflater: &mut Inflater) -> Option<Row> {
        for page in &mut self.pages {
            page.fill(inflater, &mut self.scratch);
        }
        let filled = self.pages.iter_mut().filter(|page| !page.rows.is_empty());
        let earliest = filled.min_by_key(|page| (page.time(), page.partition))?;
        earliest.rows.pop_front()
    }

    /// The pages, all read.
    pub(super) fn into_pages(self) -> Vec<Page> {
        self.pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::records::{BatchSpec, FetchedRange, RecordSpec, encode_batch};

    fn page(partition: i32, batches: &[&[i64]]) -> Page {
        let mut bytes = Vec::new();
        let mut offset = 0;
        for times in batches {
            let record = |(&timestamp, offset)| RecordSpec {
                offset,
                timestamp,
                key: None,
                value: None,
                headers: &[],
            };
            let records: Vec<_> = times.iter().zip(offset..).map(record).collect();
            let spec = BatchSpec {
                base_offset: offset,
                ..BatchSpec::default()
            };
            offset += records.len() as i64;
            bytes.extend(encode_batch(&spec, &records).unwrap());
        }
        let walk = Walk::new(FetchedRange {
            bytes: bytes.into(),
            fetch_offset: 0,
            high_watermark: 100,
            open_from: i64::MAX,
            aborted: Vec::new(),
        });
        Page::new(PartitionId(partition), walk)
    }

    fn merged(pages: Vec<Page>) -> Vec<(i32, i64)> {
        let (mut merge, mut inflater) = (Merge::new(pages), Inflater::default());
        std::iter::from_fn(|| merge.next(&mut inflater))
            .map(|row| (row.partition().0, row.timestamp().0))
            .collect()
    }

    #[test]
    fn rows_come_by_time_over_partitions_and_by_offset_within_each() {
        let pages = vec![page(0, &[&[10, 40], &[30]]), page(1, &[&[20]]), page(2, &[&[]])];
        assert_eq!(merged(pages), [(0, 10), (1, 20), (0, 40), (0, 30)]);
    }

    #[test]
    fn a_row_without_a_time_stays_with_its_neighbours() {
        assert_eq!(
            merged(vec![page(0, &[&[10, -1, 11]]), page(1, &[&[10, 12]])]),
            [(0, 10), (0, -1), (1, 10), (0, 11), (1, 12)]
        );
    }
}
