//! What an export will read, fixed before anything is read: partitions, offsets, times.

use std::collections::{BTreeMap, BTreeSet};

use super::checkpoint::{Checkpoint, Gap, Part};
use super::{ExportSpec, topics};
use crate::kafka::client::{Client, OffsetSpec};
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

/// Asks the cluster. What cannot be learned of a partition is a failure, and the partition is left out.
pub(super) async fn plan(client: &Client, spec: &ExportSpec) -> Result<Partial<Plan>, Error> {
    let mut failures = Vec::new();
    let (mut plan, names) = named(client, spec).await?.drain_into(&mut failures);
    if names.is_empty() {
        return Ok(Partial::new(plan, failures));
    }
    let found = spans(client, &names).await.drain_into(&mut failures);
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
        plan.ranges.push(range(span, spec));
    }
    if let Start::Time(at) = spec.from {
        plan.times.from = Some(at);
        let ends = found.iter().map(|span| span.end(spec.isolation)).collect::<Vec<_>>();
        from_time(client, &mut plan.ranges, &ends, at, &mut failures).await;
    }
    if let Until::Time(at) = spec.until {
        plan.times.to = Some(at);
    }
    if let Start::Newest(count) = spec.from {
        let is_followed = spec.until == Until::Follow;
        let ends: BTreeMap<_, _> = found
            .iter()
            .map(|span| (&span.partition, span.end(spec.isolation)))
            .collect();
        for range in &mut plan.ranges {
            range.to = range.to.or_else(|| ends.get(&range.partition).copied());
        }
        if let Until::Time(at) = spec.until {
            until_time(client, &mut plan.ranges, at, &mut failures).await;
        }
        let newest = newest(client, plan.ranges, count, spec.isolation).await;
        plan.ranges = newest.drain_into(&mut failures);
        let ends = |range: &mut Range| range.to = range.to.filter(|_| !is_followed);
        plan.ranges.iter_mut().for_each(ends);
    }
    Ok(Partial::new(plan, failures))
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
        let at_places = spec.from.partitions();
        for topic in found.topics {
            plan.topics.insert(topic.name.to_string(), id_of(client, &topic.name));
            let ids = topic.partitions.iter().map(|partition| partition.id);
            let is_meant = |id: &PartitionId| {
                (spec.partitions.is_empty() || spec.partitions.contains(id))
                    && at_places.as_ref().is_none_or(|places| places.contains(id))
            };
            names.extend(ids.filter(is_meant).map(|partition| TopicPartition {
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
    let asked = asked(partition, from).filter(|asked| *asked < start)?;
    Some(gap(partition, asked, start))
}

/// What was asked for by offset and is not there yet.
fn ahead(span: &Span, spec: &ExportSpec) -> Option<Gap> {
    let end = span.end(spec.isolation);
    let asked = asked(&span.partition, &spec.from).filter(|asked| *asked > end)?;
    Some(gap(&span.partition, end, asked))
}

/// The offset that reading was to begin at.
fn asked(partition: &TopicPartition, from: &Start) -> Option<Offset> {
    match from {
        Start::Offset(offset) => Some(*offset),
        Start::PerPartition(places) => {
            let place = places.iter().find(|(id, _)| *id == partition.partition);
            place.map(|(_, offset)| *offset)
        }
        _ => None,
    }
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
    let id = span.partition.partition;
    let from = match &spec.from {
        Start::Begin | Start::Newest(_) | Start::Time(_) => span.start,
        Start::End => end,
        Start::Offset(offset) => (*offset).clamp(span.start, end.max(span.start)),
        Start::PerPartition(places) => {
            let place = places.iter().find(|(named, _)| *named == id);
            place.map_or(end, |(_, offset)| (*offset).clamp(span.start, end.max(span.start)))
        }
    };
    let to = match &spec.until {
        Until::Follow => None,
        Until::End | Until::Time(_) | Until::Count(_) => Some(end),
        Until::Offset(_) | Until::PerPartition(_) => Some(spec.until.offset(id).map_or(end, |offset| offset.min(end))),
    };
    Range {
        partition: span.partition.clone(),
        from,
        to: to.map(|to| to.max(from)),
    }
}

/// Moves the starts to the first record that is not older, or to the ends.
async fn from_time(client: &Client, ranges: &mut [Range], ends: &[Offset], at: i64, failures: &mut Vec<Failure>) {
    let names = ranges.iter().map(|range| range.partition.clone());
    let spec = (OffsetSpec::Timestamp(at), Isolation::ReadUncommitted);
    let found = client.list_offsets(spec.0, spec.1, names).await;
    for (range, end) in ranges.iter_mut().zip(ends) {
        match found.get(&range.partition) {
            Some(Ok(Some(offset))) => {
                range.from = (*offset).clamp(range.from, (*end).max(range.from));
            }
            // Nothing is that new: what comes later may be.
            Some(Ok(None)) => range.from = range.to.unwrap_or(*end),
            Some(Err(error)) => failures.push(Failure::new(range.partition.to_string(), (**error).clone())),
            None => {}
        }
    }
}

/// Moves the ends to the first record that is not older: the newest ones are those before it.
async fn until_time(client: &Client, ranges: &mut [Range], at: i64, failures: &mut Vec<Failure>) {
    let names = ranges.iter().map(|range| range.partition.clone());
    let spec = (OffsetSpec::Timestamp(at), Isolation::ReadUncommitted);
    let found = client.list_offsets(spec.0, spec.1, names).await;
    for range in ranges {
        match found.get(&range.partition) {
            Some(Ok(Some(offset))) => range.to = range.to.map(|to| to.min(*offset).max(range.from)),
            Some(Err(error)) => failures.push(Failure::new(range.partition.to_string(), (**error).clone())),
            // Everything is older.
            Some(Ok(None)) | None => {}
        }
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
