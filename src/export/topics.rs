//! Which topics are meant: names, and patterns with `*` and `?`.

use crate::kafka::client::{Client, Metadata, MetadataScope};
use crate::kafka::error::Error;
use crate::kafka::model::{Topic, TopicName};
use crate::kafka::partial::Partial;
use crate::position::{is_match, is_pattern};

/// The topics that are meant, by name. A name that does not exist is a failure, a pattern without a topic is an error.
///
/// # Errors
/// When no broker can be asked, or a pattern means nothing.
pub(super) async fn find(client: &Client, words: &[String]) -> Result<Partial<Metadata>, Error> {
    let patterns: Vec<&String> = words.iter().filter(|word| is_pattern(word)).collect();
    let names = words.iter().filter(|word| !is_pattern(word));
    let names: Vec<TopicName> = names.map(|name| TopicName::from(name.as_str())).collect();
    if patterns.is_empty() {
        return client.metadata(MetadataScope::Named(names)).await;
    }
    let mut all = client.metadata(MetadataScope::All).await?;
    for pattern in &patterns {
        if !all
            .value
            .topics
            .iter()
            .any(|topic| is_match(pattern, topic.name.as_str()))
        {
            let topic = TopicName::from(pattern.as_str());
            return Err(Error::UnknownTopic { topic });
        }
    }
    let is_meant = |topic: &Topic| {
        names.contains(&topic.name) || patterns.iter().any(|pattern| is_match(pattern, topic.name.as_str()))
    };
    all.value.topics.retain(is_meant);
    all.failures
        .retain(|failure| names.iter().any(|name| failure.what == name.as_str()));
    let absent = names.iter().filter(|name| {
        let is_known = all.value.topics.iter().any(|topic| topic.name == **name);
        !is_known && !all.failures.iter().any(|failure| failure.what == name.as_str())
    });
    let absent: Vec<_> = absent
        .map(|name| crate::kafka::partial::Failure::new(name.as_str(), Error::UnknownTopic { topic: name.clone() }))
        .collect();
    all.failures.extend(absent);
    Ok(all)
}
