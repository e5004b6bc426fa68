//! The newest rows over several partitions: by time over the partitions, by offset within each.

use std::cmp::Reverse;
use std::collections::VecDeque;

use crate::kafka::model::{Isolation, Row};

/// The newest `count` records of `partitions`, whose rows are in offset order; oldest first.
pub(super) fn newest(partitions: Vec<VecDeque<Row>>, count: usize, isolation: Isolation) -> Vec<Row> {
    let rows = newest_of(partitions, count, isolation, |_, row| row.partition().0);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The newest `count` records of `lanes`, each with the number of its lane; oldest first. The order within a lane stays.
/// Of rows of one time those of the higher `rank` come first.
pub(in crate::kafka) fn newest_of<R: Ord>(
    mut lanes: Vec<VecDeque<Row>>,
    count: usize,
    isolation: Isolation,
    rank: impl Fn(usize, &Row) -> R,
) -> Vec<(usize, Row)> {
    let (mut rows, mut left) = (Vec::new(), count);
    while left > 0 {
        let lasts = lanes
            .iter()
            .enumerate()
            .filter_map(|(lane, rows)| Some((lane, rows.back()?)));
        // A row without a time goes where its lane's neighbours are: before all others.
        let newest = lasts.max_by_key(|(lane, row)| {
            let time = row.timestamp().millis().unwrap_or(i64::MAX);
            (time, Reverse(rank(*lane, row)))
        });
        let Some((lane, _)) = newest else { break };
        if let Some(row) = lanes.get_mut(lane).and_then(VecDeque::pop_back) {
            left -= usize::from(isolation.hands_over(&row));
            rows.push((lane, row));
        }
    }
    rows.reverse();
    rows
}

/// Time of the oldest of the newest `count` records; `None` when there are fewer.
pub(super) fn oldest_shown<'a>(
    partitions: impl Iterator<Item = &'a VecDeque<Row>>,
    count: usize,
    isolation: Isolation,
) -> Option<i64> {
    let survivors = partitions.flatten().filter(|row| isolation.hands_over(row));
    let mut times: Vec<i64> = survivors.filter_map(|row| row.timestamp().millis()).collect();
    times.sort_unstable();
    times
        .len()
        .checked_sub(count)
        .and_then(|index| times.get(index).copied())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kafka::model::{
        BatchInfo, Codec, ControlType, Offset, PartitionId, Record, RecordKind, Timestamp, TimestampType,
    };

    fn row(partition: i32, offset: i64, time: i64, kind: RecordKind) -> Row {
        let batch = BatchInfo {
            base_offset: Offset(offset),
            last_offset: Offset(offset),
            magic: 2,
            codec: Codec::None,
            producer: None,
            transactional: false,
            control: false,
            leader_epoch: None,
            record_count: 1,
            wire_bytes: 70,
            payload_bytes: 9,
        };
        Row::Record(Record {
            partition: PartitionId(partition),
            offset: Offset(offset),
            timestamp: Timestamp(time),
            timestamp_type: TimestampType::Create,
            key: None,
            value: None,
            headers: Vec::new(),
            batch: Arc::new(batch),
            kind,
        })
    }

    fn partition(partition: i32, times: &[i64]) -> VecDeque<Row> {
        let rows = times.iter().zip(0..);
        rows.map(|(time, offset)| row(partition, offset, *time, RecordKind::Data))
            .collect()
    }

    fn places(rows: &[Row]) -> Vec<(i32, i64)> {
        rows.iter().map(|row| (row.partition().0, row.offset().0)).collect()
    }

    #[test]
    fn the_newest_are_taken_by_time_and_shown_oldest_first() {
        let rows = newest(
            vec![partition(0, &[1, 5, 9]), partition(1, &[2, 6]), partition(2, &[])],
            4,
            Isolation::ReadCommitted,
        );
        assert_eq!(places(&rows), [(1, 0), (0, 1), (1, 1), (0, 2)]);
    }

    #[test]
    fn times_that_go_backwards_do_not_change_the_order_of_offsets() {
        let rows = newest(
            vec![partition(0, &[9, 1]), partition(1, &[5])],
            3,
            Isolation::ReadCommitted,
        );
        assert_eq!(places(&rows), [(0, 0), (0, 1), (1, 0)]);
    }

    #[test]
    fn markers_come_along_and_do_not_count() {
        let mut first = partition(0, &[1, 2]);
        first.push_back(row(0, 2, 3, RecordKind::Control(ControlType::Commit)));
        assert_eq!(
            places(&newest(vec![first], 1, Isolation::ReadCommitted)),
            [(0, 1), (0, 2)]
        );
    }

    #[test]
    fn what_was_aborted_counts_only_for_who_reads_uncommitted() {
        let log = || {
            let mut rows = partition(0, &[1, 2]);
            rows.push_back(row(0, 2, 3, RecordKind::Aborted));
            rows.push_back(row(0, 3, 4, RecordKind::OpenTransaction));
            vec![rows]
        };
        let committed = newest(log(), 1, Isolation::ReadCommitted);
        assert_eq!(places(&committed), [(0, 1), (0, 2), (0, 3)]);
        assert_eq!(places(&newest(log(), 1, Isolation::ReadUncommitted)), [(0, 3)]);
    }

    #[test]
    fn the_oldest_shown_is_known_only_when_there_are_enough() {
        let partitions = [partition(0, &[1, 5, 9]), partition(1, &[2, 6])];
        assert_eq!(oldest_shown(partitions.iter(), 2, Isolation::ReadCommitted), Some(6));
        assert_eq!(oldest_shown(partitions.iter(), 5, Isolation::ReadCommitted), Some(1));
        assert_eq!(oldest_shown(partitions.iter(), 6, Isolation::ReadCommitted), None);
    }
}
