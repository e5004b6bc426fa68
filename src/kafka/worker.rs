//! Turns a question into an answer: the one place where every kind of question meets its calls.

use std::collections::HashMap;
use std::slice;

use crate::kafka::client::{Client, MetadataScope};
use crate::kafka::error::Error;
use crate::kafka::lag::GroupDetail;
use crate::kafka::model::GroupListing;
use crate::kafka::partial::Partial;
use crate::kafka::query::{Answer, Overview, Query};
use crate::kafka::tails::{next_record, tails};

/// Answers `query`. What could not be learned is a failure beside the rest; `Err` means that nothing could.
pub async fn answer(client: &Client, query: Query) -> Result<Partial<Answer>, Error> {
    let client = client.for_one_question();
    Ok(match query {
        Query::Overview => {
            let found = client.metadata(MetadataScope::All).await?;
            found.map(|found| {
                Answer::Overview(Overview {
                    cluster: found.cluster,
                    topics: found.topics,
                })
            })
        }
        Query::Cluster => client.describe_cluster().await?.map(Answer::Cluster),
        Query::Offsets(topics) => client.topic_offsets(topics).await?.map(Answer::Offsets),
        Query::Sizes(topics) => client.replica_sizes(&topics).await?.map(Answer::Sizes),
        Query::Configs { topics, names } => client.topic_configs(&topics, names).await?.map(Answer::Configs),
        Query::Reassignments => Partial::complete(Answer::Reassignments(client.reassignments().await?)),
        Query::LogDirs => client.log_dirs().await?.map(Answer::LogDirs),
        Query::Groups => client.list_groups().await?.map(Answer::Groups),
        Query::Lags { groups, members } => {
            some_or_error(client.lags(&groups, members).await, HashMap::is_empty)?.map(Answer::Lags)
        }
        Query::Group(group) => one(client.group_details(slice::from_ref(&group)).await, &group)?.map(Answer::Group),
        Query::Readers(topic) => {
            let found = client.topic_readers(topic).await?;
            some_or_error(found, |readers| readers.groups.is_empty())?.map(Answer::Readers)
        }
        Query::LogStarts(topics) => client.log_starts(&topics).await.map(Answer::LogStarts),
        Query::Tails(places) => some_or_error(tails(&client, &places).await, Vec::is_empty)?.map(Answer::Tails),
        Query::NextRecord(place) => Partial::complete(Answer::NextRecord(Box::new(next_record(&client, place).await?))),
        Query::Details(groups) => {
            some_or_error(client.group_details(&groups).await, Vec::is_empty)?.map(Answer::Details)
        }
    })
}

/// Nothing but failures is an error: an empty list would look like an empty cluster.
fn some_or_error<T>(found: Partial<T>, is_empty: impl Fn(&T) -> bool) -> Result<Partial<T>, Error> {
    match found.failures.first() {
        Some(first) if is_empty(&found.value) => Err(first.error.clone()),
        _ => Ok(found),
    }
}

fn one(found: Partial<Vec<GroupDetail>>, group: &GroupListing) -> Result<Partial<GroupDetail>, Error> {
    let Partial { value, failures } = found;
    // The coordinator fell silent between two of the questions: what was known of the group before says more.
    let lost = failures.iter().find(|failure| failure.error.is_retriable());
    match (value.into_iter().next(), failures.first()) {
        (Some(detail), _) if let (Some(_), true, Some(lost)) = (&detail.unread, detail.partitions.is_empty(), lost) => {
            Err(lost.error.clone())
        }
        (Some(detail), _) => Ok(Partial::new(detail, failures)),
        (None, Some(first)) => Err(first.error.clone()),
        (None, None) => Err(Error::Missing {
            what: format!("group {}", group.group),
            addr: format!("broker {}", group.coordinator),
        }),
    }
}
