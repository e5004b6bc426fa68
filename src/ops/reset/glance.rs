//! What lies where offsets go: the first record that will be read, so that somebody can tell whether it is the right place.

use futures_util::stream::{self, StreamExt as _};

use super::plan::{Change, Plan};
use crate::kafka::client::Client;
use crate::kafka::error::Error;
use crate::kafka::lag::tail::Place;
use crate::kafka::model::{Offset, Record, Row, TopicPartition};
use crate::kafka::tails::next_record;

/// Looks under way at a time.
const AT_ONCE: usize = 8;

/// A partition that will be read from another place.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// The partition.
    pub partition: TopicPartition,
    /// Where reading will begin.
    pub at: Offset,
    /// The first record from there on; `None` where there is none yet up to the end.
    pub record: Result<Option<Record>, Error>,
}

/// Looks at the first record of partitions that `plan` moves, of `most` of them at most, in its order.
pub async fn glances(client: &Client, plan: &Plan, most: usize) -> Vec<Glance> {
    let moved = plan
        .changes
        .iter()
        .filter_map(|change| Some((change, change.destination()?)));
    let looks = moved.take(most).map(|(change, at)| async move {
        Glance {
            partition: change.partition.clone(),
            at,
            record: first(client, change, at).await,
        }
    });
    // Collected: a lazy iterator of futures over borrows, held over an await, is not provably Send.
    let looks: Vec<_> = looks.collect();
    stream::iter(looks).buffered(AT_ONCE).collect().await
}

async fn first(client: &Client, change: &Change, at: Offset) -> Result<Option<Record>, Error> {
    let end = change.log.map_or(Offset(i64::MAX), |(_, end)| end);
    if at >= end {
        return Ok(None);
    }
    let place = Place {
        partition: change.partition.clone(),
        committed: at,
        end,
    };
    let found = next_record(client, place).await?;
    match found.row.as_ref().map(Row::record) {
        Some(Some(record)) => Ok(Some(record.detached())),
        None if found.tail.is_over() => Ok(None),
        _ => Err(Error::Unsettled {
            what: change.partition.to_string(),
            reason: "no record near it can be read".to_owned(),
        }),
    }
}
