//! Some partitions of a group taken together: those of one member, or of one topic.

use super::{GroupWatch, Pace, Verdict};
use crate::kafka::lag::{LagCase, PartitionLag};
use crate::kafka::model::Total;

/// What is concluded of some partitions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    /// How many they are.
    pub partitions: usize,
    /// Their lag, over those with a commit.
    pub lag: Total,
    /// Those without one.
    pub uncommitted: usize,
    /// The worst verdict; `None` where none of them was looked at.
    pub verdict: Option<Verdict>,
    /// How many have a verdict as bad as that.
    pub worst: usize,
    /// How fast records come and go, where it can be told of at least one.
    pub pace: Option<Pace>,
}

impl Sum {
    /// Takes rows together with what was seen of them.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a PartitionLag>, watch: Option<&GroupWatch>) -> Self {
        rows.into_iter().fold(Self::default(), |sum, row| sum.with(row, watch))
    }

    fn with(mut self, row: &PartitionLag, watch: Option<&GroupWatch>) -> Self {
        self.partitions += 1;
        match &row.case {
            LagCase::NoCommit { .. } => self.uncommitted += 1,
            case => self.lag.add(case.lag()),
        }
        let Some(seen) = watch.and_then(|watch| watch.partition(&row.partition)) else {
            return self;
        };
        self.pace = match (self.pace, seen.pace) {
            (Some(sum), Some(pace)) => Some(sum + pace),
            (sum, pace) => sum.or(pace),
        };
        let (before, danger) = (self.verdict.as_ref().map(Verdict::danger), seen.verdict.danger());
        if before.is_none_or(|before| danger > before) {
            self.worst = 0;
        }
        if before.is_none_or(|before| danger >= before) {
            self.worst += 1;
        }
        self.verdict = Some(match self.verdict.take() {
            Some(verdict) => verdict.worse(seen.verdict).clone(),
            None => seen.verdict.clone(),
        });
        self
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::kafka::lag::watch::{Look, Standing};
    use crate::kafka::model::{GroupState, Offset, TopicPartition};

    fn row(partition: i32, case: LagCase) -> PartitionLag {
        let lag = case.lag();
        PartitionLag {
            partition: TopicPartition::new("orders", partition),
            owner: None,
            committed: lag.map(|lag| Offset(1_000 - lag)),
            log_start: Some(Offset(0)),
            end: Some(Offset(1_000)),
            case,
        }
    }

    #[test]
    fn the_worst_of_some_partitions_speaks_for_them_and_the_others_do_not() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let rows = [
            row(0, LagCase::Known { lag: 0 }),
            row(1, LagCase::Known { lag: 30 }),
            row(2, LagCase::Known { lag: 12 }),
            row(3, LagCase::NoCommit { backlog: None }),
        ];
        let (mut watch, state) = (GroupWatch::default(), GroupState("Empty".into()));
        for look in 0..4 {
            watch.take(&Look {
                description: None,
                state: Some(&state),
                rows: &rows,
                unread: None,
                at: begin + Duration::from_secs(look * 20),
            });
        }
        let all = Sum::of(&rows, Some(&watch));
        assert_eq!((all.partitions, all.uncommitted, all.lag.exact()), (4, 1, Some(42)));
        let stopped = Verdict::Stopped(Standing::AtLeast(Duration::from_secs(60)));
        assert_eq!((all.verdict, all.worst), (Some(stopped), 2));
        let fine = Sum::of(&rows[..1], Some(&watch));
        assert_eq!((fine.verdict, fine.worst, fine.partitions), (Some(Verdict::Ok), 1, 1));
        assert_eq!(Sum::of(&rows, None).verdict, None);
    }
}
