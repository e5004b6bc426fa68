//! Where a search begins and ends in each partition.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::join_all;

use crate::kafka::client::{Client, Metadata, MetadataScope};
use crate::kafka::error::Error;
use crate::kafka::model::{Offset, TopicPartition};
use crate::kafka::partial::Failure;
use crate::kafka::query::{FeedTopic, SearchSpec};
use crate::kafka::scan::{Late, Range, Span, spans};
use crate::position::Until;

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
    let wanted = partitions(spec, &metadata.value);
    let mut known = asked(client, &wanted, &mut targets.failures).await;
    for (number, topic, partition) in wanted {
        match known.remove(&partition) {
            Some(span) => targets.found.push(target(spec, topic, number, span)),
            None if spec.until == Until::Follow => {
                targets.late.push((number, Late::new(partition, &topic.start, now)));
            }
            None => {}
        }
    }
    match (
        targets.found.is_empty() && targets.late.is_empty(),
        targets.failures.first(),
    ) {
        (true, Some(failure)) => Err(failure.error.clone()),
        _ => Ok(targets),
    }
}

/// A partition, and the topic of the spec that it belongs to, with its number.
type Wanted<'a> = (u16, &'a FeedTopic, TopicPartition);

fn partitions<'a>(spec: &'a SearchSpec, metadata: &Metadata) -> Vec<Wanted<'a>> {
    let mut wanted = Vec::new();
    for (number, topic) in (0..).zip(&spec.topics) {
        let described = metadata.topics.iter().find(|one| one.name == topic.topic);
        let ids = described.into_iter().flat_map(|one| &one.partitions).map(|one| one.id);
        let read = ids.filter(|id| topic.start.reads(&topic.partitions, *id));
        wanted.extend(read.map(|partition| {
            let name = topic.topic.clone();
            (number, topic, TopicPartition { topic: name, partition })
        }));
    }
    wanted
}

/// The logs of all of them, asked for at once.
async fn asked(client: &Client, wanted: &[Wanted<'_>], failures: &mut Vec<Failure>) -> HashMap<TopicPartition, Span> {
    let mut by_time: BTreeMap<Option<i64>, Vec<TopicPartition>> = BTreeMap::new();
    for (_, topic, partition) in wanted {
        by_time.entry(topic.start.time()).or_default().push(partition.clone());
    }
    let asked = by_time
        .iter()
        .map(|(time, partitions)| spans(client, partitions, *time));
    let mut known = HashMap::new();
    for found in join_all(asked).await {
        let found = found.drain_into(failures).into_iter();
        known.extend(found.map(|span| (span.partition.clone(), span)));
    }
    known
}

fn target(spec: &SearchSpec, wanted: &FeedTopic, topic: u16, span: Span) -> Target {
    let end = span.end(spec.isolation).max(span.start);
    let until = spec.until.offset(span.partition.partition);
    let end = until.map_or(end, |until| until.min(end));
    Target {
        topic,
        from: span.first(&wanted.start, spec.isolation).min(end),
        end,
        partition: span.partition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;
    use crate::kafka::model::{Isolation, PartitionId};
    use crate::position::Start;

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
            timed: Some(Offset(150)),
        };
        let target = target(&spec, &wanted, 0, span);
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
