//! The newest rows over several partitions: by time over the partitions, by offset within each.

use std::collections::VecDeque;

use super::backward::is_survivor;
use crate::kafka::model::Row;

/// The newest `count` records of `partitions`, whose rows are in offset order; oldest first.
pub(super) fn newest(mut partitions: Vec<VecDeque<Row>>, count: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut left = count;
    while left > 0 {
        let Some(next) = partitions
            .iter_mut()
            .filter(|rows| !rows.is_empty())
            .max_by_key(|rows| time(rows))
        else {
            break;
        };
        if let Some(row) = next.pop_back() {
            left -= usize::from(is_survivor(&row));
            rows.push(row);
        }
    }
    rows.reverse();
    rows
}

/// The newest row's time. One without a time goes where its partition's neighbours are: before all others.
fn time(rows: &VecDeque<Row>) -> (i64, std::cmp::Reverse<i32>) {
    let newest = rows.back();
    let time = newest.and_then(|row| row.timestamp().millis()).unwrap_or(i64::MAX);
    (time, std::cmp::Reverse(newest.map_or(0, |row| row.partition().0)))
}

/// Time of the oldest of the newest `count` records; `None` when there are fewer.
pub(super) fn oldest_shown<'a>(partitions: impl Iterator<Item = &'a VecDeque<Row>>, count: usize) -> Option<i64> {
    let survivors = partitions.flatten().filter(|row| is_survivor(row));
    let mut times: Vec<i64> = survivors.filter_map(|row| row.timestamp().millis()).collect();
    times.sort_unstable();
    times
        .len()
        .checked_sub(count)
        .and_then(|index| times.get(index).copied())
}
