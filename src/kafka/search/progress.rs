//! What a search has seen, put together from the steps of its scan. Pure.

use std::collections::HashMap;

use super::ranges::Targets;
use crate::kafka::error::Error;
use crate::kafka::model::record::Row;
use crate::kafka::model::{TopicName, TopicPartition};
use crate::kafka::partial::Failure;
use crate::kafka::query::Progress;
use crate::kafka::scan::{Part, Step, Tally};

/// Everything seen so far.
#[derive(Debug)]
pub(super) struct Seen {
    tracks: HashMap<TopicPartition, Track>,
    /// The numbers of the topics: partitions may come that were not there at the start.
    topics: HashMap<TopicName, u16>,
    tally: Tally,
    progress: Progress,
    has_news: bool,
}

/// How far one partition has been passed.
#[derive(Clone, Copy, Debug, Default)]
struct Track {
    next: i64,
    /// The end as it was at the start.
    end: i64,
    is_given_up: bool,
}

impl Seen {
    pub(super) fn new(targets: Targets) -> Self {
        let total = targets
            .found
            .iter()
            .map(|target| (target.end.0 - target.from.0).unsigned_abs())
            .sum();
        let late = targets.late.iter().map(|(number, late)| (&late.partition, *number));
        let found = targets.found.iter().map(|target| (&target.partition, target.topic));
        let topics = found.chain(late).map(|(name, number)| (name.topic.clone(), number));
        let topics = topics.collect();
        let tracks = targets.found.into_iter().map(|target| {
            let track = Track {
                next: target.from.0,
                end: target.end.0,
                is_given_up: false,
            };
            (target.partition, track)
        });
        let tracks: HashMap<_, _> = tracks.collect();
        let progress = Progress {
            partitions: tracks.len(),
            total,
            failures: targets.failures,
            ..Progress::default()
        };
        let mut seen = Self {
            tracks,
            topics,
            tally: Tally::default(),
            progress,
            has_news: true,
        };
        seen.settle();
        seen
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether something was seen since [`Seen::news`] was asked last.
    pub(super) fn has_news(&self) -> bool {
        self.has_news
    }

    /// What was seen.
    pub(super) fn news(&mut self) -> Progress {
        self.has_news = false;
        self.progress.clone()
    }

    /// Takes a step; gives its matches, of which `limit` are wanted over all.
    pub(super) fn take(&mut self, step: Step<Vec<Row>>, limit: u64) -> Result<Vec<(u16, Row)>, Error> {
        self.has_news = true;
        let mut rows = Vec::new();
        match step {
            Step::Part(part) => rows = self.part(part, limit),
            Step::Lost(lost) => {
                self.progress.lost += (lost.to.0 - lost.from.0).unsigned_abs();
                self.pass(&lost.partition, lost.to.0);
            }
            Step::Delayed(failure) => self.fail(failure),
            Step::Resumed(partition) => self.forget(&partition.to_string()),
            Step::Failed { partition, error, .. } => {
                self.fail(Failure::new(partition.to_string(), error));
                self.tracks.entry(partition).or_default().is_given_up = true;
            }
            Step::Crashed => {
                return Err(Error::Cancelled {
                    what: "the search".to_owned(),
                });
            }
        }
        self.settle();
        self.progress.matches = self.progress.matches.min(limit);
        Ok(rows)
    }

    fn part(&mut self, part: Part<Vec<Row>>, limit: u64) -> Vec<(u16, Row)> {
        let room = limit.saturating_sub(self.progress.matches);
        self.tally += &part.tally;
        self.pass(&part.partition, part.next.0);
        let topic = self.topics.get(&part.partition.topic).copied().unwrap_or(0);
        let wanted = part.made.into_iter().take(usize::try_from(room).unwrap_or(usize::MAX));
        wanted.map(|row| (topic, row)).collect()
    }

    fn pass(&mut self, partition: &TopicPartition, next: i64) {
        let track = self.tracks.entry(partition.clone()).or_default();
        // What is read beyond the end of the start counts for nothing: that is following.
        let (before, after) = (track.next.min(track.end), next.min(track.end));
        self.progress.passed += u64::try_from(after - before).unwrap_or(0);
        track.next = track.next.max(next);
    }

    fn fail(&mut self, failure: Failure) {
        self.forget(&failure.what);
        self.progress.failures.push(failure);
    }

    /// It can be read after all.
    fn forget(&mut self, what: &str) {
        self.progress.failures.retain(|known| known.what != what);
    }

    fn settle(&mut self) {
        let tally = &self.tally;
        let progress = &mut self.progress;
        (progress.records, progress.matches, progress.bytes) = (tally.records, tally.matches, tally.payload_bytes);
        (progress.errors, progress.unreadable) = (tally.errors, tally.unreadable);
        progress.error_examples.clone_from(&tally.error_examples);
        let unreadable = tally.unreadable_examples.iter();
        progress.unreadable_examples = unreadable
            .map(|(partition, first, _, damage)| (partition.clone(), *first, damage.to_string()))
            .collect();
        let is_done = |track: &Track| track.is_given_up || track.next >= track.end;
        progress.at_end = self.tracks.values().all(is_done);
    }
}

#[cfg(test)]
mod tests {
    use super::super::ranges::Target;
    use super::*;
    use crate::kafka::model::Offset;
    use crate::kafka::scan::{Held, Lost};

    fn seen() -> Seen {
        let target = |partition, end| Target {
            partition: TopicPartition::new("orders", partition),
            topic: 2,
            from: Offset(10),
            end: Offset(end),
        };
        Seen::new(Targets {
            found: vec![target(0, 110), target(1, 10)],
            ..Targets::default()
        })
    }

    fn part(next: i64, matches: u64) -> Step<Vec<Row>> {
        Step::Part(Part {
            partition: TopicPartition::new("orders", 0),
            made: Vec::new(),
            tally: Tally {
                records: 40,
                matches,
                ..Tally::default()
            },
            next: Offset(next),
            held: Held::default(),
        })
    }

    fn failed() -> Error {
        Error::Cancelled {
            what: "Fetch".to_owned(),
        }
    }

    #[test]
    fn progress_is_by_position_and_what_is_followed_counts_for_nothing() {
        let mut seen = seen();
        assert_eq!(
            (seen.progress().total, seen.progress().passed, seen.progress().at_end),
            (100, 0, false)
        );
        seen.take(part(60, 1), u64::MAX).unwrap();
        assert_eq!((seen.progress().passed, seen.progress().at_end), (50, false));
        seen.take(part(150, 2), u64::MAX).unwrap();
        let progress = seen.news();
        assert_eq!(
            (progress.passed, progress.at_end, progress.records, progress.matches),
            (100, true, 80, 3)
        );
        assert!(!seen.has_news());
    }

    #[test]
    fn a_partition_that_is_given_up_ends_and_is_told_of() {
        let mut seen = seen();
        let partition = TopicPartition::new("orders", 0);
        seen.take(Step::Delayed(Failure::new(partition.to_string(), failed())), 9)
            .unwrap();
        assert_eq!((seen.progress().failures.len(), seen.progress().at_end), (1, false));
        seen.take(part(60, 0), 9).unwrap();
        seen.take(Step::Resumed(partition.clone()), 9).unwrap();
        assert_eq!(seen.progress().failures.len(), 0, "it could be read again");
        let error = failed();
        seen.take(
            Step::Failed {
                partition,
                at: Offset(60),
                error,
            },
            9,
        )
        .unwrap();
        assert_eq!(
            (
                seen.progress().failures.len(),
                seen.progress().at_end,
                seen.progress().passed
            ),
            (1, true, 50)
        );
        assert!(seen.take(Step::Crashed, 9).is_err());
    }

    #[test]
    fn what_retention_deleted_is_passed_and_counted() {
        let mut seen = seen();
        let lost = Lost {
            partition: TopicPartition::new("orders", 0),
            from: Offset(10),
            to: Offset(40),
        };
        seen.take(Step::Lost(lost), 9).unwrap();
        assert_eq!((seen.progress().lost, seen.progress().passed), (30, 30));
    }
}
