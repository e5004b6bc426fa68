//! Where the logs of partitions begin and end at this moment.

use futures_util::future::join3;

use crate::kafka::client::{Client, Isolation, OffsetAnswers, OffsetSpec};
use crate::kafka::model::{Offset, TopicPartition};
use crate::kafka::partial::{Failure, Partial};

/// The log of a partition as it was when it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The partition.
    pub partition: TopicPartition,
    /// The log start offset.
    pub start: Offset,
    /// The last stable offset: what stands from here on belongs to open transactions, or comes after their first
    /// record.
    pub last_stable: Offset,
    /// The high watermark.
    pub high_watermark: Offset,
}

impl Span {
    /// The offset after the last record that may be seen.
    pub fn end(&self, isolation: Isolation) -> Offset {
        match isolation {
            Isolation::ReadCommitted => self.last_stable,
            Isolation::ReadUncommitted => self.high_watermark,
        }
    }
}

/// Asks the leaders of `partitions` for all three at once. A partition that cannot be asked is a failure.
pub async fn spans(client: &Client, partitions: &[TopicPartition]) -> Partial<Vec<Span>> {
    let ask = |spec, isolation| client.list_offsets(spec, isolation, partitions.iter().cloned());
    let (starts, stables, ends) = join3(
        ask(OffsetSpec::Earliest, Isolation::ReadUncommitted),
        ask(OffsetSpec::Latest, Isolation::ReadCommitted),
        ask(OffsetSpec::Latest, Isolation::ReadUncommitted),
    )
    .await;
    let mut all = Partial::<Vec<Span>>::default();
    for partition in partitions {
        let span = (|| {
            Ok(Span {
                partition: partition.clone(),
                start: of(&starts, partition)?,
                last_stable: of(&stables, partition)?,
                high_watermark: of(&ends, partition)?,
            })
        })();
        match span {
            Ok(span) => all.value.push(span),
            Err(failure) => {
                let node = client.leader(&partition.topic, partition.partition).ok();
                all.failures.push(Failure { node, ..failure });
            }
        }
    }
    all
}

fn of(answers: &OffsetAnswers, partition: &TopicPartition) -> Result<Offset, Failure> {
    let missing = |error| Failure::new(partition.to_string(), error);
    match answers.get(partition) {
        Some(Ok(Some(offset))) => Ok(*offset),
        Some(Err(error)) => Err(missing((**error).clone())),
        Some(Ok(None)) | None => Err(missing(crate::kafka::error::Error::Missing {
            what: "its offsets".to_owned(),
            addr: format!("the leader of {partition}"),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_where_the_isolation_lets_us_see() {
        let span = Span {
            partition: TopicPartition::new("orders", 0),
            start: Offset(1),
            last_stable: Offset(5),
            high_watermark: Offset(9),
        };
        assert_eq!(span.end(Isolation::ReadCommitted), Offset(5));
        assert_eq!(span.end(Isolation::ReadUncommitted), Offset(9));
    }

    #[test]
    fn an_offset_that_nobody_told_is_a_failure_that_names_the_partition() {
        let failure = of(&OffsetAnswers::new(), &TopicPartition::new("orders", 3)).unwrap_err();
        assert_eq!(failure.what, "orders-3");
        assert_eq!(
            failure.error.to_string(),
            "the leader of orders-3 left its offsets out of its answer"
        );
    }
}
