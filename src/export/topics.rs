//! Which topics are meant: names, and patterns with `*` and `?`.

use crate::kafka::client::{Client, Metadata, MetadataScope};
use crate::kafka::error::Error;
use crate::kafka::model::{Topic, TopicName};
use crate::kafka::partial::Partial;

/// Whether a word is a pattern: no topic's name may hold `*` or `?`.
pub fn is_pattern(word: &str) -> bool {
    word.contains(['*', '?'])
}

/// Whether a pattern means this name: `*` stands for any characters, `?` for one. Topics that begin with `__` are
/// Kafka's own: they are only meant by patterns that begin so too.
pub fn is_match(pattern: &str, name: &str) -> bool {
    let is_internal = |name: &str| name.starts_with("__");
    (is_internal(pattern) || !is_internal(name)) && matches(pattern.as_bytes(), name.as_bytes())
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // The last star, and where the text behind it was tried last.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(one) if *one == b'?' || *one == name[from] => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((behind, tried)) => {
                    star = Some((behind, tried + 1));
                    (at, from) = (behind, tried + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == b'*')
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        for (pattern, name) in [
            ("orders*", "orders"),
            ("*.trades", "odin.trades"),
            ("o*r*s", "orders"),
            ("order?", "orders"),
            ("*a*b", "xaxbab"),
            ("__*", "__consumer_offsets"),
        ] {
            assert!(is_pattern(pattern) && is_match(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("order?", "order"),
            ("*.trades", "odin.trades.v2"),
            ("o*x", "orders"),
            ("*", "__consumer_offsets"),
        ] {
            assert!(!is_match(pattern, name), "{pattern} {name}");
        }
        assert!(!is_pattern("orders.v2"));
    }
}
