//! What an export will read, fixed before anything is read: partitions, offsets, times.

use std::collections::{BTreeMap, BTreeSet};

use super::checkpoint::{Checkpoint, Gap, Part};
use super::{ExportSpec, topics};
use crate::kafka::client::Client;
use crate::kafka::error::Error;
use crate::kafka::model::{Isolation, Offset, PartitionId, Topic, TopicName, TopicPartition};
use crate::kafka::partial::{Failure, Partial};
use crate::kafka::scan::{Late, Range, Span, TimeBounds, newest, spans};
use crate::position::{Start, Until};

/// What is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The ranges, each partition once.
    pub ranges: Vec<Range>,
    /// Partitions that cannot be asked yet and are followed too.
    pub late: Vec<Late>,
    /// The timestamps wanted.
    pub times: TimeBounds,
    /// The cluster's id, where it has one.
    pub cluster: Option<String>,
    /// The topics and their ids, in hex, where they have one.
    pub topics: BTreeMap<String, Option<String>>,
    /// What open transactions hold back, by partition: from the last stable offset to the high watermark.
    pub held_back: Vec<Gap>,
    /// What was asked for by offset and is not there any more.
    pub gone: Vec<Gap>,
    /// What was asked for by offset and is not there yet: from the end to where it was to begin.
    pub ahead: Vec<Gap>,
}

/// Asks the cluster. What cannot be learned of a partition is a failure, and the partition is left out, or late where
/// it is followed.
pub(super) async fn plan(client: &Client, spec: &ExportSpec) -> Result<Partial<Plan>, Error> {
    let mut failures = Vec::new();
    let (mut plan, names) = named(client, spec).await?.drain_into(&mut failures);
    if names.is_empty() {
        return Ok(Partial::new(plan, failures));
    }
    (plan.times.from, plan.times.to) = (spec.from.time(), until_time(spec));
    // The newest before a time are counted back from there.
    let is_newest = matches!(spec.from, Start::Newest(_));
    let time = plan.times.from.or(plan.times.to.filter(|_| is_newest));
    let found = spans(client, &names, time).await.drain_into(&mut failures);
    if spec.until == Until::Follow {
        let known: BTreeSet<_> = found.iter().map(|span| &span.partition).collect();
        let unknown = names.into_iter().filter(|name| !known.contains(name));
        plan.late = unknown.map(|name| Late::new(name, &spec.from, spec.now)).collect();
    }
    if spec.isolation == Isolation::ReadCommitted {
        plan.held_back = found.iter().filter_map(held_back).collect();
    }
    for span in &found {
        plan.gone.extend(gone(&span.partition, span.start, &spec.from));
        plan.ahead.extend(ahead(span, spec));
    }
    plan.ranges = match spec.from {
        Start::Newest(count) => {
            let before = found.iter().map(|span| before(span, spec)).collect();
            let newest = newest(client, before, count, spec.isolation).await;
            let mut ranges = newest.drain_into(&mut failures);
            if spec.until == Until::Follow {
                for range in &mut ranges {
                    range.to = None;
                }
            }
            ranges
        }
        _ => found.iter().map(|span| range(span, spec)).collect(),
    };
    Ok(Partial::new(plan, failures))
}

fn until_time(spec: &ExportSpec) -> Option<i64> {
    match spec.until {
        Until::Time(at) => Some(at),
        _ => None,
    }
}

/// The topics as they are now, and the partitions that are meant.
async fn named(client: &Client, spec: &ExportSpec) -> Result<Partial<(Plan, Vec<TopicPartition>)>, Error> {
    let mut found = topics::find(client, &spec.topics).await?;
    found.failures.extend(unknown(spec, &found.value.topics));
    Ok(found.map(|found| {
        let mut plan = Plan {
            cluster: found.cluster.id,
            ..Plan::default()
        };
        let mut names = Vec::new();
        for topic in found.topics {
            plan.topics.insert(topic.name.to_string(), id_of(client, &topic.name));
            let ids = topic.partitions.iter().map(|partition| partition.id);
            let read = ids.filter(|id| spec.from.reads(&spec.partitions, *id));
            names.extend(read.map(|partition| TopicPartition {
                topic: topic.name.clone(),
                partition,
            }));
        }
        (plan, names)
    }))
}

/// The id of a topic in hex.
fn id_of(client: &Client, topic: &TopicName) -> Option<String> {
    let id = client.topic_id(topic)?;
    Some(uuid::Uuid::from_bytes(id).simple().to_string())
}

/// Partitions that were called by their numbers, in whichever flag, and that no topic has.
fn unknown(spec: &ExportSpec, topics: &[Topic]) -> Vec<Failure> {
    let Some(topic) = topics.first() else {
        return Vec::new();
    };
    let places = [spec.from.partitions(), spec.until.partitions()];
    let mut wanted: BTreeSet<PartitionId> = places.into_iter().flatten().flatten().collect();
    wanted.extend(&spec.partitions);
    for partition in topics.iter().flat_map(|topic| &topic.partitions) {
        wanted.remove(&partition.id);
    }
    let failure = |partition| {
        let topic = topic.name.clone();
        let error = Error::UnknownPartition { topic, partition };
        Failure::new(format!("partition {partition}"), error)
    };
    wanted.into_iter().map(failure).collect()
}

fn held_back(span: &Span) -> Option<Gap> {
    (span.last_stable < span.high_watermark).then(|| gap(&span.partition, span.last_stable, span.high_watermark))
}

/// What was asked for by offset and is not there any more.
fn gone(partition: &TopicPartition, start: Offset, from: &Start) -> Option<Gap> {
    let asked = from.offset(partition.partition).filter(|asked| *asked < start)?;
    Some(gap(partition, asked, start))
}

/// What was asked for by offset and is not there yet.
fn ahead(span: &Span, spec: &ExportSpec) -> Option<Gap> {
    let end = span.end(spec.isolation);
    let asked = spec
        .from
        .offset(span.partition.partition)
        .filter(|asked| *asked > end)?;
    Some(gap(&span.partition, end, asked))
}

fn gap(partition: &TopicPartition, from: Offset, to: Offset) -> Gap {
    Gap {
        topic: partition.topic.to_string(),
        partition: partition.partition.0,
        from: from.0,
        to: to.0,
    }
}

fn range(span: &Span, spec: &ExportSpec) -> Range {
    let end = span.end(spec.isolation);
    let from = span.first(&spec.from, spec.isolation);
    let to = spec.until.offset(span.partition.partition);
    let to = to.map_or(end, |offset| offset.min(end)).max(from);
    Range {
        partition: span.partition.clone(),
        from,
        to: (spec.until != Until::Follow).then_some(to),
    }
}

/// Where the newest records are looked for: before the end of the range, and before a time where it ends at one.
fn before(span: &Span, spec: &ExportSpec) -> Range {
    let end = span.end(spec.isolation).max(span.start);
    let range = range(span, spec);
    let to = range.to.unwrap_or(end);
    Range {
        to: Some(span.timed.map_or(to, |timed| timed.clamp(range.from, to))),
        ..range
    }
}

impl Plan {
    /// The plan of an export that was interrupted.
    pub(super) fn resumed(state: &Checkpoint, from: &Start) -> Self {
        // What was gone when it began is missing in the file for good.
        let gone = state.parts.iter().filter_map(|part| {
            let partition = TopicPartition::new(part.topic.as_str(), part.partition);
            gone(&partition, Offset(part.from), from)
        });
        let ranges = state.parts.iter().map(|part| Range {
            partition: TopicPartition::new(part.topic.as_str(), part.partition),
            from: Offset(part.next),
            to: part.to.map(Offset),
        });
        Self {
            ranges: ranges.collect(),
            times: TimeBounds {
                from: state.time_from,
                to: state.time_to,
            },
            cluster: state.cluster.clone(),
            topics: state.topics.clone(),
            gone: gone.collect(),
            ..Self::default()
        }
    }

    /// A checkpoint at its beginning.
    pub(super) fn begin(&self, spec: &ExportSpec) -> Checkpoint {
        let mut state = Checkpoint::new(self.cluster.clone(), spec.options());
        state.typed.clone_from(&spec.typed);
        state.topics.clone_from(&self.topics);
        state.time_from = self.times.from;
        state.time_to = self.times.to;
        state.parts = self.ranges.iter().map(part).collect();
        state
    }

    /// Whether the cluster and its topics are still those that the export began with.
    ///
    /// # Errors
    /// [`Error::Remade`] and [`Error::OtherCluster`] where they are not, and when that cannot be learned.
    pub(super) async fn check(&self, client: &Client) -> Result<(), Error> {
        let names: Vec<String> = self.topics.keys().cloned().collect();
        let found = topics::find(client, &names).await?;
        let cluster = found.value.cluster.id;
        if self.cluster != cluster {
            let word = |id: &Option<String>| id.clone().unwrap_or_else(|| "unknown".to_owned());
            return Err(Error::OtherCluster {
                began: word(&self.cluster),
                now: word(&cluster),
            });
        }
        for topic in found.value.topics {
            let known = self.topics.get(topic.name.as_str()).cloned().flatten();
            let is = id_of(client, &topic.name);
            if known.is_some() && is.is_some() && known != is {
                return Err(Error::Remade { topic: topic.name });
            }
        }
        match found.failures.into_iter().next() {
            Some(failure) => Err(failure.error),
            None => Ok(()),
        }
    }
}

pub(super) fn part(range: &Range) -> Part {
    Part {
        topic: range.partition.topic.to_string(),
        partition: range.partition.partition.0,
        from: range.from.0,
        to: range.to.map(|to| to.0),
        next: range.from.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span() -> Span {
        Span {
            partition: TopicPartition::new("orders", 1),
            start: Offset(10),
            last_stable: Offset(50),
            high_watermark: Offset(60),
            timed: Some(Offset(30)),
        }
    }

    fn of(from: Start, until: Until) -> (i64, Option<i64>) {
        let spec = ExportSpec {
            from,
            until,
            ..ExportSpec::new(vec!["orders".into()])
        };
        let range = range(&span(), &spec);
        (range.from.0, range.to.map(|to| to.0))
    }

    #[test]
    fn starts_and_ends_are_offsets_within_the_log() {
        assert_eq!(of(Start::Begin, Until::End), (10, Some(50)));
        assert_eq!(of(Start::End, Until::Follow), (50, None));
        assert_eq!(of(Start::Offset(Offset(20)), Until::Offset(Offset(30))), (20, Some(30)));
        assert_eq!(of(Start::Offset(Offset(3)), Until::Offset(Offset(99))), (10, Some(50)));
        assert_eq!(
            of(Start::Offset(Offset(40)), Until::Offset(Offset(30))),
            (40, Some(40)),
            "empty"
        );
        let places = |offset| vec![(PartitionId(1), Offset(offset))];
        assert_eq!(
            of(Start::PerPartition(places(12)), Until::PerPartition(places(14))),
            (12, Some(14))
        );
        assert_eq!(of(Start::Begin, Until::PerPartition(vec![])), (10, Some(50)));
    }

    #[test]
    fn what_is_held_back_gone_or_not_there_yet_has_its_offsets() {
        let held = held_back(&span()).unwrap();
        assert_eq!((held.from, held.to), (50, 60));
        let (partition, start) = (span().partition, span().start);
        let gone = gone(&partition, start, &Start::Offset(Offset(3))).unwrap();
        assert_eq!((gone.from, gone.to), (3, 10));
        assert_eq!(super::gone(&partition, start, &Start::Begin), None);
        let ahead = |offset| {
            let from = Start::PerPartition(vec![(PartitionId(1), Offset(offset))]);
            let spec = ExportSpec {
                from,
                ..ExportSpec::new(vec!["orders".into()])
            };
            ahead(&span(), &spec).map(|gap| (gap.from, gap.to))
        };
        assert_eq!((ahead(50), ahead(51)), (None, Some((50, 51))));
    }

    #[test]
    fn an_interrupted_plan_goes_on_where_it_was() {
        let plan = Plan {
            ranges: vec![range(&span(), &ExportSpec::new(vec!["orders".into()]))],
            cluster: Some("c".into()),
            ..Plan::default()
        };
        let mut state = plan.begin(&ExportSpec::new(Vec::new()));
        assert_eq!(Plan::resumed(&state, &Start::Begin), plan);
        state.parts[0].next = 33;
        let from_five = Plan::resumed(&state, &Start::Offset(Offset(5)));
        assert_eq!(from_five.ranges[0].from, Offset(33));
        let gone = &from_five.gone[0];
        assert_eq!(
            (gone.from, gone.to),
            (5, 10),
            "of what was asked for, not of what is left"
        );
    }
}
