//! Sending one record in the background.

use std::time::Duration;

use super::Teller;
use crate::app::jobs::{JobEnd, JobProgress};
use crate::app::produce::SendOrder;
use crate::kafka::client::Client;
use crate::kafka::send::Unsent;
use crate::ops::Sending;
use crate::ops::one::{self, One};
use crate::runtime::clock;

/// How long a record is tried again; a consumer of the answer sits at the screen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends what was confirmed, once.
pub(super) async fn run(client: &Client, order: &SendOrder, sending: &Sending, mut teller: Teller) -> JobEnd {
    let content = &order.content;
    let record = One {
        topic: &order.topic,
        partition: order.partition,
        chosen_of: order.chosen_of,
        key: content.key.as_deref(),
        value: content.value.as_deref(),
        headers: &content.headers,
        codec: order.codec,
        timestamp: clock::unix_millis(),
    };
    let place = format!("{}/{}", order.topic, order.partition);
    teller.tell(JobProgress {
        said: format!("on its way to {place}; tried again for up to {} s", PATIENCE.as_secs()),
        ..JobProgress::default()
    });
    match one::send(client, sending, &record, PATIENCE).await {
        Ok(Some(offset)) => JobEnd::Done(format!("sent to {place}@{offset}")),
        Ok(None) => JobEnd::Done(format!("sent to {place}; the leader did not say at which offset")),
        Err(unsent) => failed(&place, &unsent),
    }
}

fn failed(place: &str, unsent: &Unsent) -> JobEnd {
    let blamed: String = unsent
        .records
        .iter()
        .map(|(_, why)| why.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let blamed = if blamed.is_empty() {
        blamed
    } else {
        format!(" ({blamed})")
    };
    let error = &unsent.error;
    if unsent.is_unknown {
        return JobEnd::Failed(format!(
            "outcome unknown: the record was sent to {place} and may be stored, but no answer came: {error}. Look at the end \
             of the partition before sending it again: r opens it."
        ));
    }
    JobEnd::Failed(format!(
        "not sent to {place}: {error}{blamed}. {} r opens it again.",
        error.hint()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::error::Error;

    fn end(is_unknown: bool) -> String {
        let unsent = Unsent {
            error: Error::Cancelled { what: "x".into() },
            records: vec![(0, "too old".into())],
            is_unknown,
        };
        failed("orders/3", &unsent).said().to_owned()
    }

    #[test]
    fn nobody_is_told_that_nothing_was_sent_when_that_is_not_known() {
        assert!(end(true).starts_with("outcome unknown: the record was sent to orders/3 and may be stored"));
        assert!(end(false).starts_with("not sent to orders/3: ") && end(false).contains("(too old)"));
    }
}
