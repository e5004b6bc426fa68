//! The topic that records go to, and what its configuration would do to them.

use crate::kafka::client::{Client, MetadataScope};
use crate::kafka::error::Error;
use crate::kafka::model::{Cluster, ConfigEntry, TopicName};
use crate::kafka::query::ConfigNames;
use crate::kafka::records::NewRecord;

/// Kafka's default of `max.message.bytes`.
const MAX_MESSAGE_BYTES: usize = 1_048_588;

/// What a topic's configuration says about new records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `max.message.bytes`: the largest batch, compressed.
    pub max_message_bytes: usize,
    /// Whether records without key are refused.
    pub is_compacted: bool,
    /// Whether the broker writes its own time into every record.
    pub is_log_append_time: bool,
    /// How far in the past a record's time may be, in ms.
    pub oldest: i64,
    /// How far in the future it may be, in ms.
    pub newest: i64,
    /// How long records are kept, in ms; `None` for ever.
    pub retention: Option<i64>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_message_bytes: MAX_MESSAGE_BYTES,
            is_compacted: false,
            is_log_append_time: false,
            oldest: i64::MAX,
            newest: i64::MAX,
            retention: None,
        }
    }
}

impl Rules {
    fn of(entries: &[ConfigEntry]) -> Self {
        let value = |name: &str| {
            let entry = entries.iter().find(|entry| entry.name == name)?;
            entry.value.as_deref()
        };
        let number = |name: &str| value(name).and_then(|value| value.parse::<i64>().ok());
        let is_compacted = value("cleanup.policy").is_some_and(|policy| policy.contains("compact"));
        let is_deleted = value("cleanup.policy").is_some_and(|policy| policy.contains("delete"));
        // Before Kafka 3.6 one setting held for both directions.
        let both = number("message.timestamp.difference.max.ms").unwrap_or(i64::MAX);
        let size = number("max.message.bytes").and_then(|size| usize::try_from(size).ok());
        Self {
            max_message_bytes: size.unwrap_or(MAX_MESSAGE_BYTES),
            is_compacted,
            is_log_append_time: value("message.timestamp.type") == Some("LogAppendTime"),
            oldest: number("message.timestamp.before.max.ms").unwrap_or(both),
            newest: number("message.timestamp.after.max.ms").unwrap_or(both),
            retention: number("retention.ms").filter(|ms| *ms >= 0 && is_deleted),
        }
    }

    /// Why the topic will not take a record, at this time.
    pub fn refuses(&self, record: &NewRecord<'_>, now: i64) -> Option<String> {
        if self.is_compacted && record.key.is_none() {
            return Some("it has no key, and a compacted topic takes none without".to_owned());
        }
        if self.is_log_append_time || record.timestamp < 0 {
            return None;
        }
        if now.saturating_sub(record.timestamp) > self.oldest {
            let limit = self.oldest;
            return Some(format!(
                "its time is older than the {limit} ms that message.timestamp.before.max.ms allows"
            ));
        }
        if record.timestamp.saturating_sub(now) > self.newest {
            let limit = self.newest;
            return Some(format!(
                "its time is more than the {limit} ms ahead that message.timestamp.after.max.ms allows"
            ));
        }
        None
    }

    /// Whether the topic would delete a record soon after it came.
    pub fn outlives(&self, record: &NewRecord<'_>, now: i64) -> bool {
        let age = now.saturating_sub(record.timestamp);
        !self.is_log_append_time && record.timestamp >= 0 && self.retention.is_some_and(|kept| age > kept)
    }
}

/// Where records go.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The cluster.
    pub cluster: Cluster,
    /// The topic.
    pub topic: TopicName,
    /// Its id, where the cluster uses them.
    pub topic_id: Option<[u8; 16]>,
    /// How many partitions it has.
    pub partitions: u32,
    /// What its configuration says.
    pub rules: Rules,
    /// Why the configuration is not known, if it is not: the rules are Kafka's defaults then.
    pub unknown_rules: Option<Error>,
}

impl Target {
    /// Asks the cluster.
    ///
    /// # Errors
    /// When there is no such topic, or no answer.
    pub async fn ask(client: &Client, topic: &TopicName) -> Result<Self, Error> {
        let unknown = || Error::UnknownTopic { topic: topic.clone() };
        let named = MetadataScope::Named(vec![topic.clone()]);
        let found = client.metadata(named).await?;
        let Some(described) = found.value.topics.into_iter().find(|one| one.name == *topic) else {
            return Err(found
                .failures
                .into_iter()
                .next()
                .map_or_else(unknown, |failure| failure.error));
        };
        let partitions = u32::try_from(described.partitions.len()).unwrap_or(0);
        if partitions == 0 {
            return Err(unknown());
        }
        let configs = client
            .topic_configs(std::slice::from_ref(topic), ConfigNames::All)
            .await;
        let (rules, unknown_rules) = match configs {
            Ok(mut found) => match (found.value.remove(topic), found.failures.into_iter().next()) {
                (Some(entries), _) => (Rules::of(&entries), None),
                (None, failure) => (
                    Rules::default(),
                    Some(failure.map_or_else(unknown, |failure| failure.error)),
                ),
            },
            Err(error) => (Rules::default(), Some(error)),
        };
        Ok(Self {
            cluster: found.value.cluster,
            topic: topic.clone(),
            topic_id: described.id,
            partitions,
            rules,
            unknown_rules,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(timestamp: i64) -> NewRecord<'static> {
        NewRecord {
            timestamp,
            key: Some(b"k"[..].into()),
            ..NewRecord::default()
        }
    }

    #[test]
    fn what_a_topic_refuses_is_known_before_it_is_sent() {
        let rules = Rules {
            is_compacted: true,
            oldest: 1000,
            newest: 10,
            ..Rules::default()
        };
        let keyless = NewRecord::default();
        assert!(rules.refuses(&keyless, 0).unwrap().contains("no key"));
        assert!(rules.refuses(&at(4000), 5001).unwrap().contains("before.max.ms"));
        assert!(rules.refuses(&at(5012), 5001).unwrap().contains("after.max.ms"));
        assert_eq!(rules.refuses(&at(4001), 5001), None);
        assert_eq!(
            rules.refuses(&at(-1), i64::MAX),
            None,
            "who has no time has no wrong one"
        );
    }

    #[test]
    fn a_record_older_than_the_retention_does_not_stay() {
        let rules = Rules {
            retention: Some(100),
            ..Rules::default()
        };
        assert!(rules.outlives(&at(0), 101) && !rules.outlives(&at(1), 101));
        let stamped = Rules {
            is_log_append_time: true,
            ..rules
        };
        assert!(!stamped.outlives(&at(0), 101));
    }
}
