//! Where a search begins and ends in each partition.

use std::collections::HashSet;

use crate::kafka::client::{Client, Isolation, MetadataScope, OffsetAnswers, OffsetSpec};
use crate::kafka::error::Error;
use crate::kafka::model::{Offset, TopicPartition};
use crate::kafka::partial::Failure;
use crate::kafka::query::{FeedTopic, SearchSpec};
use crate::kafka::scan::{Late, Range, Span, spans};
use crate::position::{Start, Until};

/// One partition of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) partition: TopicPartition,
    /// Number of its topic in the spec.
    pub(super) topic: u16,
    pub(super) from: Offset,
    /// The end as it is now.
    pub(super) end: Offset,
}

impl Target {
    pub(super) fn range(&self, follows: bool) -> Range {
        Range {
            partition: self.partition.clone(),
            from: self.from,
            to: (!follows).then_some(self.end),
        }
    }
}

/// The partitions of a search, and those that cannot be asked.
#[derive(Debug, Default)]
pub(super) struct Targets {
    pub(super) found: Vec<Target>,
    /// Of a search that follows, those that cannot be asked yet, with the numbers of their topics.
    pub(super) late: Vec<(u16, Late)>,
    pub(super) failures: Vec<Failure>,
}

/// Looks up the partitions of all topics, and where each begins and ends. The search began at `now`.
pub(super) async fn targets(client: &Client, spec: &SearchSpec, now: i64) -> Result<Targets, Error> {
    let names = spec.topics.iter().map(|topic| topic.topic.clone()).collect();
    let metadata = client.metadata(MetadataScope::Named(names)).await?;
    let mut targets = Targets {
        failures: metadata.failures,
        ..Targets::default()
    };
    for (number, wanted) in (0..).zip(&spec.topics) {
        let topic = metadata.value.topics.iter().find(|topic| topic.name == wanted.topic);
        let partitions = topic
            .into_iter()
            .flat_map(|topic| &topic.partitions)
            .map(|partition| partition.id);
        let started = wanted.start.partitions();
        let is_wanted = |id: &_| {
            (wanted.partitions.is_empty() || wanted.partitions.contains(id))
                && started.as_ref().is_none_or(|started| started.contains(id))
        };
        let partitions: Vec<TopicPartition> = partitions
            .filter(is_wanted)
            .map(|partition| TopicPartition {
                topic: wanted.topic.clone(),
                partition,
            })
            .collect();
        let times = times(client, wanted, &partitions).await;
        let spans = spans(client, &partitions).await;
        targets.failures.extend(spans.failures);
        let mut found = Vec::new();
        for span in spans.value {
            match times.get(&span.partition) {
                Some(Err(error)) => targets
                    .failures
                    .push(Failure::new(span.partition.to_string(), (**error).clone())),
                time => {
                    let time = time.and_then(|time| time.as_ref().ok()).copied().flatten();
                    found.push(target(spec, wanted, number, span, time));
                }
            }
        }
        if spec.until == Until::Follow {
            let known: HashSet<_> = found.iter().map(|target| &target.partition).collect();
            let unknown = partitions.into_iter().filter(|name| !known.contains(name));
            let late = unknown.map(|name| (number, Late::new(name, &wanted.start, now)));
            targets.late.extend(late);
        }
        targets.found.extend(found);
    }
    match (targets.found.is_empty(), targets.failures.first()) {
        (true, Some(failure)) => Err(failure.error.clone()),
        _ => Ok(targets),
    }
}

/// The first offsets at or after the time where reading starts; none where nothing is that new.
async fn times(client: &Client, wanted: &FeedTopic, partitions: &[TopicPartition]) -> OffsetAnswers {
    let Start::Time(millis) = wanted.start else {
        return OffsetAnswers::new();
    };
    let named = partitions.iter().cloned();
    client
        .list_offsets(OffsetSpec::Timestamp(millis), Isolation::ReadUncommitted, named)
        .await
}

/// `time` is the first offset at or after the time where reading starts, if it starts at a time and there is one.
fn target(spec: &SearchSpec, wanted: &FeedTopic, topic: u16, span: Span, time: Option<Offset>) -> Target {
    let end = span.end(spec.isolation).max(span.start);
    let end = spec
        .until
        .offset(span.partition.partition)
        .map_or(end, |until| until.min(end));
    let from = match &wanted.start {
        Start::Newest(_) | Start::Begin => span.start,
        Start::End => end,
        Start::Offset(offset) => *offset,
        Start::PerPartition(places) => {
            let place = places
                .iter()
                .find(|(partition, _)| *partition == span.partition.partition);
            place.map_or(end, |(_, offset)| *offset)
        }
        Start::Time(_) => time.unwrap_or(end),
    };
    Target {
        topic,
        from: from.max(span.start).min(end),
        end,
        partition: span.partition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;
    use crate::kafka::model::PartitionId;
    use crate::position::Until;

    fn found(start: Start, until: Until, isolation: Isolation) -> (i64, i64) {
        let wanted = FeedTopic {
            topic: "orders".into(),
            partitions: Vec::new(),
            start,
        };
        let spec = SearchSpec {
            topics: vec![wanted.clone()],
            until,
            isolation,
            filter: Filter::parse("x").unwrap(),
        };
        let span = Span {
            partition: TopicPartition::new("orders", 3),
            start: Offset(100),
            last_stable: Offset(180),
            high_watermark: Offset(200),
        };
        let target = target(&spec, &wanted, 0, span, Some(Offset(150)));
        (target.from.0, target.end.0)
    }

    #[test]
    fn a_search_of_the_newest_records_begins_at_the_start_of_the_log() {
        let all = |start| found(start, Until::End, Isolation::ReadUncommitted);
        assert_eq!(all(Start::Newest(50)), (100, 200));
        assert_eq!(all(Start::Begin), (100, 200));
        assert_eq!(all(Start::End), (200, 200));
        assert_eq!(all(Start::Time(5)), (150, 200));
    }

    #[test]
    fn places_are_brought_into_the_log() {
        let all = |start| found(start, Until::End, Isolation::ReadUncommitted);
        assert_eq!(all(Start::Offset(Offset(7))), (100, 200));
        assert_eq!(all(Start::Offset(Offset(700))), (200, 200));
        assert_eq!(
            all(Start::PerPartition(vec![(PartitionId(3), Offset(120))])),
            (120, 200)
        );
    }

    #[test]
    fn the_end_is_that_of_the_isolation_or_what_was_asked_for() {
        let until = |until, isolation| found(Start::Begin, until, isolation).1;
        assert_eq!(until(Until::End, Isolation::ReadCommitted), 180);
        assert_eq!(until(Until::Follow, Isolation::ReadUncommitted), 200);
        assert_eq!(until(Until::Offset(Offset(120)), Isolation::ReadCommitted), 120);
    }
}
