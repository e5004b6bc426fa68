//! What lies where offsets go: the first record that will be read, so that somebody can tell whether it is the right place.

use std::time::Duration;

use futures_util::future::ready;
use futures_util::stream::{self, StreamExt as _};

use super::plan::{Change, Effect, Plan};
use crate::kafka::client::{Client, FetchPosition, FetchSpec, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{Isolation, Offset, Record, RecordKind, Row, TopicPartition};
use crate::kafka::records::{Inflater, Walk, append_rows};

/// Fetches under way at a time.
const AT_ONCE: usize = 8;
/// The first batch comes whole, however large; more is not needed.
const MAX_BYTES: i32 = 64 << 10;

/// A partition that will be read from another place.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// The partition.
    pub partition: TopicPartition,
    /// Where reading will begin.
    pub at: Offset,
    /// The first record there that is no marker; `None` where there is none yet, or only further on.
    pub record: Result<Option<Record>, Error>,
}

/// Looks at the first record of partitions that `plan` moves, of `most` of them at most, in its order.
pub async fn glances(client: &Client, plan: &Plan, most: usize) -> Vec<Glance> {
    let moved = plan
        .changes
        .iter()
        .filter_map(|change| Some((change, destination(change)?)));
    let looks = moved.take(most).map(|(change, at)| async move {
        let is_end = change.log.is_some_and(|(_, end)| at >= end);
        let record = if is_end {
            ready(Ok(None)).await
        } else {
            first(client, &change.partition, at).await
        };
        Glance {
            partition: change.partition.clone(),
            at,
            record,
        }
    });
    // Collected: a lazy iterator of futures over borrows, held over an await, is not provably Send.
    let looks: Vec<_> = looks.collect();
    stream::iter(looks).buffered(AT_ONCE).collect().await
}

/// Where reading will begin, where that is another place than before.
fn destination(change: &Change) -> Option<Offset> {
    let moves = matches!(change.effect(), Effect::Replays(_) | Effect::Skips(_) | Effect::Begins);
    let after = change.after.as_ref().ok()?.as_ref()?;
    moves.then_some(after.offset)
}

async fn first(client: &Client, partition: &TopicPartition, at: Offset) -> Result<Option<Record>, Error> {
    let leader = client.leader(&partition.topic, partition.partition)?;
    let spec = FetchSpec {
        purpose: Purpose::Fetch,
        isolation: Isolation::ReadUncommitted,
        max_wait: Duration::ZERO,
        max_bytes: MAX_BYTES,
    };
    let position = FetchPosition {
        partition: partition.partition,
        offset: at,
        max_bytes: MAX_BYTES,
    };
    let found = client.fetch(leader, &partition.topic, &[position], spec).await.pop();
    let Some((_, found)) = found else { return Ok(None) };
    let (mut rows, mut inflater) = (Vec::new(), Inflater::default());
    for step in Walk::new(found?.range) {
        append_rows(partition.partition, &step, &mut inflater, &mut rows);
        let read = rows.iter().filter_map(Row::record);
        let mut read = read.filter(|record| record.offset >= at && !matches!(record.kind, RecordKind::Control(_)));
        if let Some(record) = read.next() {
            return Ok(Some(record.detached()));
        }
        rows.clear();
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::Committed;
    use crate::ops::reset::{Adjusted, Refusal};

    #[test]
    fn only_what_moves_is_looked_at() {
        let committed = |offset| Committed::at(Offset(offset));
        let of = |before: Option<i64>, after: Result<Option<i64>, Refusal>| {
            destination(&Change {
                partition: TopicPartition::new("t", 0),
                before: before.map(committed),
                after: after.map(|after| after.map(committed)),
                adjusted: Adjusted::No,
                log: None,
            })
        };
        assert_eq!(of(Some(5), Ok(Some(3))), Some(Offset(3)));
        assert_eq!(of(None, Ok(Some(3))), Some(Offset(3)));
        assert_eq!(of(Some(3), Ok(Some(3))), None);
        assert_eq!(of(Some(3), Ok(None)), None);
        assert_eq!(of(Some(3), Err(Refusal::NoLeader)), None);
    }
}
