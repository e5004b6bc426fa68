//! Where to read: from a [`Start`] to an offset per partition, with one ListOffsets per leader and kind.

use std::collections::HashMap;

use super::cursor::Place;
use super::spec::TopicSpec;
use crate::kafka::client::{Client, Isolation, OffsetSpec};
use crate::kafka::error::Error;
use crate::kafka::model::{Offset, PartitionId, Row, TopicName, TopicPartition};
use crate::kafka::newest::{Span, Wanted, newest};
use crate::position::{Start, Until};

/// The places of some partitions, and the rows that were read on the way.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) places: Vec<(PartitionId, Result<Place, Error>)>,
    pub(super) rows: Vec<Row>,
}

/// Looks up where `partitions` are to be read from.
pub(super) async fn first(client: &Client, spec: &TopicSpec, partitions: &[PartitionId]) -> Places {
    let topic = &spec.topic;
    let spans = spans(client, topic, partitions).await;
    let mut times = match spec.start {
        Start::Time(time) => list(client, topic, partitions, OffsetSpec::Timestamp(time)).await,
        _ => HashMap::new(),
    };
    let mut found = Places::default();
    for (partition, span) in &spans {
        let place = span.clone().and_then(|span| {
            let timed = times.remove(partition).unwrap_or(Ok(None))?;
            let wanted = match &spec.start {
                // They are read below.
                Start::Newest(_) => span.end,
                start => start.first(*partition, &(span.start..span.end), timed),
            };
            Ok(within(span, wanted, spec.end(*partition, span.end)))
        });
        found.places.push((*partition, place));
    }
    if let Start::Newest(count) = spec.start {
        let spans: Vec<Span> = spans.into_iter().filter_map(|(_, span)| span.ok()).collect();
        let (spans, failures) = ending(client, spec, spans).await;
        let wanted = Wanted {
            count,
            isolation: spec.isolation,
        };
        let read = newest(client, topic, &spans, wanted).await;
        found.rows = read.rows;
        for (partition, error) in failures.into_iter().chain(read.failures) {
            if let Some((_, place)) = found.places.iter_mut().find(|(known, _)| *known == partition) {
                *place = Err(error);
            }
        }
    }
    found
}

/// The spans as far as the spec's end: the newest records are those before it. Those whose end cannot be learned are
/// failures.
async fn ending(client: &Client, spec: &TopicSpec, spans: Vec<Span>) -> (Vec<Span>, Vec<(PartitionId, Error)>) {
    let partitions: Vec<PartitionId> = spans.iter().map(|span| span.partition).collect();
    let mut times = match spec.until {
        Until::Time(time) => list(client, &spec.topic, &partitions, OffsetSpec::Timestamp(time)).await,
        _ => HashMap::new(),
    };
    let (mut known, mut failures) = (Vec::new(), Vec::new());
    for mut span in spans {
        match times.remove(&span.partition).unwrap_or(Ok(None)) {
            Ok(timed) => {
                span.end = spec.end(span.partition, timed.map_or(span.end, |timed| timed.min(span.end)));
                known.push(span);
            }
            Err(error) => failures.push((span.partition, error)),
        }
    }
    (known, failures)
}

/// Brings places that are outside of their log back into it: to its start where retention overtook them, to its end
/// where the log was truncated.
pub(super) async fn again(client: &Client, topic: &TopicName, lost: &[(PartitionId, Place)]) -> Places {
    let partitions: Vec<PartitionId> = lost.iter().map(|(partition, _)| *partition).collect();
    let spans = spans(client, topic, &partitions).await.into_iter();
    let places = spans.zip(lost).map(|((partition, span), (_, old))| {
        let place = span.map(|span| within(span, old.at, old.end));
        (partition, place)
    });
    Places {
        places: places.collect(),
        rows: Vec::new(),
    }
}

fn within(span: Span, at: Offset, end: Offset) -> Place {
    let last = span.end.max(span.start);
    Place {
        at: at.clamp(span.start, last),
        end: end.min(last),
    }
}

/// The logs' ranges, in the order of `partitions`.
async fn spans(
    client: &Client,
    topic: &TopicName,
    partitions: &[PartitionId],
) -> Vec<(PartitionId, Result<Span, Error>)> {
    let (mut starts, mut ends) = tokio::join!(
        list(client, topic, partitions, OffsetSpec::Earliest),
        list(client, topic, partitions, OffsetSpec::Latest),
    );
    let spans = partitions.iter().map(|&partition| {
        let known = |offsets: &mut HashMap<_, Result<Option<Offset>, Error>>| {
            let missing = || Error::Missing {
                what: format!("offsets of {topic}-{partition}"),
                addr: "its leader".to_owned(),
            };
            offsets.remove(&partition).unwrap_or(Ok(None))?.ok_or_else(missing)
        };
        let span = known(&mut starts).and_then(|start| {
            Ok(Span {
                partition,
                start,
                end: known(&mut ends)?,
            })
        });
        (partition, span)
    });
    spans.collect()
}

async fn list(
    client: &Client,
    topic: &TopicName,
    partitions: &[PartitionId],
    spec: OffsetSpec,
) -> HashMap<PartitionId, Result<Option<Offset>, Error>> {
    let named = partitions.iter().map(|partition| TopicPartition {
        topic: topic.clone(),
        partition: *partition,
    });
    let answers = client.list_offsets(spec, Isolation::ReadUncommitted, named).await;
    let unboxed = answers
        .into_iter()
        .map(|(name, offset)| (name.partition, offset.map_err(|error| *error)));
    unboxed.collect()
}
