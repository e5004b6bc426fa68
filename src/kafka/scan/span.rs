//! Where the logs of partitions begin and end at this moment.

use futures_util::future::{OptionFuture, join4};

use crate::kafka::client::{Client, Isolation, OffsetAnswers, OffsetSpec};
use crate::kafka::error::Error;
use crate::kafka::model::{Offset, TopicPartition};
use crate::kafka::partial::{Failure, Partial};
use crate::position::Start;

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
    /// The first offset at or after the time that was asked for; `None` where nothing is that new, or none was.
    pub timed: Option<Offset>,
}

impl Span {
    /// The offset after the last record that may be seen.
    pub fn end(&self, isolation: Isolation) -> Offset {
        match isolation {
            Isolation::ReadCommitted => self.last_stable,
            Isolation::ReadUncommitted => self.high_watermark,
        }
    }

    /// Where reading begins that begins at `start`, whose time is the one that was asked for.
    pub fn first(&self, start: &Start, isolation: Isolation) -> Offset {
        let log = self.start..self.end(isolation);
        start.first(self.partition.partition, &log, self.timed)
    }
}

/// Asks the leaders of `partitions` for all of it at once, also for the first offset at or after `time` where there is
/// one. A partition that cannot be asked is a failure.
pub async fn spans(client: &Client, partitions: &[TopicPartition], time: Option<i64>) -> Partial<Vec<Span>> {
    let ask = |spec, isolation| client.list_offsets(spec, isolation, partitions.iter().cloned());
    let at_time = OptionFuture::from(time.map(|at| ask(OffsetSpec::Timestamp(at), Isolation::ReadUncommitted)));
    let (starts, stables, ends, times) = join4(
        ask(OffsetSpec::Earliest, Isolation::ReadUncommitted),
        ask(OffsetSpec::Latest, Isolation::ReadCommitted),
        ask(OffsetSpec::Latest, Isolation::ReadUncommitted),
        at_time,
    )
    .await;
    let mut all = Partial::<Vec<Span>>::default();
    for partition in partitions {
        match span(partition, [&starts, &stables, &ends], times.as_ref()) {
            Ok(span) => all.value.push(span),
            Err(failure) => {
                let node = client.leader(&partition.topic, partition.partition).ok();
                all.failures.push(Failure { node, ..failure });
            }
        }
    }
    all
}

fn span(
    partition: &TopicPartition,
    [starts, stables, ends]: [&OffsetAnswers; 3],
    times: Option<&OffsetAnswers>,
) -> Result<Span, Failure> {
    Ok(Span {
        partition: partition.clone(),
        start: of(starts, partition)?,
        last_stable: of(stables, partition)?,
        high_watermark: of(ends, partition)?,
        timed: times.map_or(Ok(None), |times| timed(times, partition))?,
    })
}

fn of(answers: &OffsetAnswers, partition: &TopicPartition) -> Result<Offset, Failure> {
    timed(answers, partition)?.ok_or_else(|| missing(partition))
}

/// The same where an answer may be that there is none.
fn timed(answers: &OffsetAnswers, partition: &TopicPartition) -> Result<Option<Offset>, Failure> {
    match answers.get(partition) {
        Some(Ok(offset)) => Ok(*offset),
        Some(Err(error)) => Err(Failure::new(partition.to_string(), (**error).clone())),
        None => Err(missing(partition)),
    }
}

fn missing(partition: &TopicPartition) -> Failure {
    let error = Error::Missing {
        what: "its offsets".to_owned(),
        addr: format!("the leader of {partition}"),
    };
    Failure::new(partition.to_string(), error)
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
            timed: None,
        };
        assert_eq!(span.end(Isolation::ReadCommitted), Offset(5));
        assert_eq!(span.end(Isolation::ReadUncommitted), Offset(9));
    }

    #[test]
    fn a_partition_whose_offset_of_the_time_is_not_known_is_a_failure() {
        let orders = TopicPartition::new("orders", 3);
        let told = |offset: Option<i64>| OffsetAnswers::from([(orders.clone(), Ok(offset.map(Offset)))]);
        let found = |times: Option<&OffsetAnswers>| {
            let (start, end) = (told(Some(0)), told(Some(9)));
            span(&orders, [&start, &end, &end], times).map(|span| span.timed)
        };
        assert_eq!(found(None), Ok(None));
        assert_eq!(found(Some(&told(None))), Ok(None), "nothing is that new");
        assert_eq!(found(Some(&told(Some(4)))), Ok(Some(Offset(4))));
        assert_eq!(found(Some(&OffsetAnswers::new())).unwrap_err().what, "orders-3");
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
