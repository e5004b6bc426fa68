//! How near partitions are to refusing writes.

use super::{Partition, Total};

/// Under-replicated partitions by what `min.insync.replicas` makes of their ISR. A partition whose topic's setting is
/// not known is an unknown part of both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinIsr {
    /// The ISR is smaller: writes with `acks=all` are refused.
    pub below: Total,
    /// The ISR is as small as it may get: they are refused once one more replica is lost. Partitions that lack no
    /// replica do not count, else every partition with one replica would.
    pub at: Total,
}

impl MinIsr {
    /// Adds a partition of a topic whose `min.insync.replicas` is `min`.
    pub fn add(&mut self, partition: &Partition, min: Option<usize>) {
        if partition.is_under_replicated() {
            let isr = partition.isr.len();
            self.below.add(min.map(|min| i64::from(isr < min)));
            self.at.add(min.map(|min| i64::from(isr == min)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::{BrokerId, PartitionId};

    fn partition(replicas: i32, isr: i32) -> Partition {
        Partition {
            id: PartitionId(0),
            leader: Some(BrokerId(1)),
            leader_epoch: None,
            replicas: (1..=replicas).map(BrokerId).collect(),
            isr: (1..=isr).map(BrokerId).collect(),
            adding: Box::default(),
        }
    }

    #[test]
    fn only_partitions_that_lack_a_replica_count_and_unknown_settings_are_no_zero() {
        let mut counted = MinIsr::default();
        for (replicas, isr, min) in [
            (1, 1, Some(1)),
            (3, 3, Some(3)),
            (3, 2, Some(1)),
            (3, 2, Some(2)),
            (3, 1, Some(2)),
            (3, 2, None),
        ] {
            counted.add(&partition(replicas, isr), min);
        }
        assert_eq!((counted.below.known, counted.below.unknown), (1, 1));
        assert_eq!((counted.at.known, counted.at.unknown), (1, 1));
    }
}
