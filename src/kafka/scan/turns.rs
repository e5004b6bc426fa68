//! Whose turn it is: neither a leader nor a partition waits for ever while others are served. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::track::Track;
use crate::kafka::model::BrokerId;

/// Partitions in one request that have more to read, while there is more than it can hold; and beside them those that
/// were read to their end and may have got something since.
const MOST_PARTITIONS: usize = 64;

/// What is to be asked of one leader.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) leader: BrokerId,
    /// Which tracks.
    pub(super) indexes: Vec<usize>,
    /// Whether all of them have been read to their end: only new records are waited for.
    pub(super) is_caught_up: bool,
}

/// Counts what is asked.
#[derive(Debug, Default)]
pub(super) struct Turns {
    count: u64,
}

impl Turns {
    /// The number of one more request, to be noted in its tracks.
    pub(super) fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

/// The leader that was asked longest ago comes first.
pub(super) fn turns(tracks: &[Track], wanted: BTreeMap<BrokerId, Vec<usize>>) -> Vec<Turn> {
    let mut leaders: Vec<_> = wanted.into_iter().collect();
    leaders.sort_by_cached_key(|(_, indexes)| indexes.iter().map(|index| tracks[*index].asked).max());
    let turn = |(leader, indexes)| turn(tracks, leader, indexes);
    leaders.into_iter().map(turn).collect()
}

/// The partitions that were asked for longest ago, and of these the hungriest first, for an answer may be full before
/// it comes to the last of them.
fn turn(tracks: &[Track], leader: BrokerId, indexes: Vec<usize>) -> Turn {
    let (mut caught_up, mut behind): (Vec<_>, Vec<_>) =
        indexes.into_iter().partition(|index| tracks[*index].is_caught_up());
    let is_caught_up = behind.is_empty();
    if !is_caught_up {
        for some in [&mut behind, &mut caught_up] {
            some.sort_by_key(|index| tracks[*index].asked);
            some.truncate(MOST_PARTITIONS);
        }
        behind.sort_by_key(|index| Reverse(tracks[*index].hunger()));
    }
    behind.append(&mut caught_up);
    Turn {
        leader,
        indexes: behind,
        is_caught_up,
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::kafka::model::{Offset, TopicPartition};
    use crate::kafka::scan::Range;
    use crate::kafka::scan::track::Heard;

    /// Followed partitions; those named have been read to their end.
    fn tracks(count: i32, caught_up: impl Fn(i32) -> bool) -> Vec<Track> {
        let track = |partition| {
            let mut track = Track::new(Range {
                partition: TopicPartition::new("orders", partition),
                from: Offset(5),
                to: None,
            });
            if caught_up(partition) {
                track.read(5, heard(5), Instant::now());
            }
            track
        };
        (0..count).map(track).collect()
    }

    fn heard(end: i64) -> Heard {
        Heard {
            end,
            stood_first: false,
            needed: None,
        }
    }

    fn all(tracks: &[Track]) -> BTreeMap<BrokerId, Vec<usize>> {
        BTreeMap::from([(BrokerId(1), (0..tracks.len()).collect())])
    }

    /// Asks once; what is behind stays behind.
    fn ask(tracks: &mut [Track], counted: &mut Turns) -> Turn {
        let turn = turns(tracks, all(tracks)).remove(0);
        let number = counted.next();
        turn.indexes.iter().for_each(|index| tracks[*index].asked = number);
        turn
    }

    #[test]
    fn every_partition_has_its_turn_whether_behind_or_caught_up() {
        for caught_up in [|_| false, |n| n % 3 == 0, |n| n > 0] {
            let (mut tracks, mut counted) = (tracks(300, caught_up), Turns::default());
            let mut asked = vec![0; 300];
            for _ in 0..10 {
                for index in ask(&mut tracks, &mut counted).indexes {
                    asked[index] += 1;
                }
            }
            assert!(asked.iter().all(|times| *times >= 2), "{asked:?}");
        }
    }

    #[test]
    fn what_is_behind_comes_before_what_is_caught_up_and_the_hungriest_first() {
        let mut tracks = tracks(6, |n| n < 3);
        tracks[4].read(5, heard(9), Instant::now());
        let turn = turns(&tracks, all(&tracks)).remove(0);
        assert_eq!((turn.indexes, turn.is_caught_up), (vec![4, 3, 5, 0, 1, 2], false));
    }

    #[test]
    fn while_all_are_caught_up_all_are_waited_for_at_once() {
        let mut tracks = tracks(200, |_| true);
        tracks[0].asked = 7;
        let turn = turns(&tracks, all(&tracks)).remove(0);
        assert_eq!((turn.indexes, turn.is_caught_up), ((0..200).collect(), true));
    }

    #[test]
    fn the_leader_that_was_asked_last_comes_last() {
        let mut tracks = tracks(4, |_| false);
        (tracks[0].asked, tracks[1].asked, tracks[2].asked) = (3, 1, 2);
        let wanted = [(1, vec![0, 3]), (2, vec![1]), (3, vec![2])];
        let wanted = wanted.map(|(id, indexes)| (BrokerId(id), indexes));
        let order: Vec<i32> = turns(&tracks, wanted.into()).iter().map(|turn| turn.leader.0).collect();
        assert_eq!(order, [2, 3, 1]);
    }
}
