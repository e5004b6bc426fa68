//! DescribeConfigs, reading only.

use std::collections::HashMap;

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_protocol::protocol::{StrBytes, VersionRange};

use super::{Client, Node, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{ConfigEntry, ConfigSource, TopicName};
use crate::kafka::partial::{Failure, Partial};
use crate::kafka::query::ConfigNames;

/// Sources of values need v1 (Kafka 1.1).
const VERSIONS: VersionRange = VersionRange { min: 1, max: 4 };
/// 1.4 KB a topic with all its entries.
const CHUNK: usize = 500;
const TOPIC: i8 = 2;

/// What a list of topics shows.
const LIST_COLUMNS: [&str; 4] = [
    "cleanup.policy",
    "min.insync.replicas",
    "retention.bytes",
    "retention.ms",
];
const MIN_ISR: [&str; 1] = ["min.insync.replicas"];

impl Client {
    /// Configuration of `topics`, each entry with its source and, for [`ConfigNames::All`], the value that would hold
    /// without the topic's own. Topics that are unknown or denied are failures.
    pub async fn topic_configs(
        &self,
        topics: &[TopicName],
        names: ConfigNames,
    ) -> Result<Partial<HashMap<TopicName, Vec<ConfigEntry>>>, Error> {
        let mut all = Partial::complete(HashMap::with_capacity(topics.len()));
        for chunk in topics.chunks(CHUNK) {
            let build = |_| request(chunk, names);
            let answer = self
                .call::<DescribeConfigsRequest, _>(Node::Any, Purpose::Interactive, VERSIONS, build)
                .await?;
            all.merge(read(chunk, &answer.response), HashMap::extend);
        }
        Ok(all)
    }
}

fn request(topics: &[TopicName], names: ConfigNames) -> DescribeConfigsRequest {
    let text = |text: &str| StrBytes::from_string(text.to_owned());
    let keys: Option<Vec<StrBytes>> = match names {
        ConfigNames::All => None,
        ConfigNames::ListColumns => Some(LIST_COLUMNS.map(StrBytes::from_static_str).into()),
        ConfigNames::MinIsr => Some(MIN_ISR.map(StrBytes::from_static_str).into()),
    };
    let resources = topics.iter().map(|topic| {
        DescribeConfigsResource::default()
            .with_resource_type(TOPIC)
            .with_resource_name(text(topic.as_str()))
            .with_configuration_keys(keys.clone())
    });
    DescribeConfigsRequest::default()
        .with_resources(resources.collect())
        .with_include_synonyms(names == ConfigNames::All)
}

fn read(asked: &[TopicName], answer: &DescribeConfigsResponse) -> Partial<HashMap<TopicName, Vec<ConfigEntry>>> {
    let mut said: HashMap<&str, &DescribeConfigsResult> = answer
        .results
        .iter()
        .map(|result| (result.resource_name.as_str(), result))
        .collect();
    let mut all = Partial::complete(HashMap::new());
    for topic in asked {
        let outcome = match said.remove(topic.as_str()) {
            None => Err(Error::Missing {
                what: format!("configuration of {topic}"),
                addr: "the broker".to_owned(),
            }),
            Some(result) => {
                let what = || format!("configuration of {topic}");
                Error::check(result.error_code, result.error_message.as_deref(), what).map(|()| result)
            }
        };
        match outcome {
            Ok(result) => drop(all.value.insert(topic.clone(), entries(result))),
            Err(error) => all
                .failures
                .push(Failure::new(format!("configuration of {topic}"), error)),
        }
    }
    all
}

/// The entries by name.
fn entries(result: &DescribeConfigsResult) -> Vec<ConfigEntry> {
    let mut entries: Vec<_> = result.configs.iter().map(entry).collect();
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    entries
}

fn entry(entry: &DescribeConfigsResourceResult) -> ConfigEntry {
    // Synonyms come in the order in which they count, the topic's own first.
    let inherited = entry
        .synonyms
        .iter()
        .find(|synonym| source(synonym.source) != ConfigSource::Topic);
    ConfigEntry {
        name: entry.name.to_string(),
        value: entry.value.as_ref().map(ToString::to_string),
        source: source(entry.config_source),
        is_sensitive: entry.is_sensitive,
        default: inherited
            .and_then(|synonym| synonym.value.as_ref())
            .map(ToString::to_string),
    }
}

/// `DescribeConfigsResponse.ConfigSource` of Kafka's client.
fn source(code: i8) -> ConfigSource {
    match code {
        1 => ConfigSource::Topic,
        2 => ConfigSource::Broker,
        3 => ConfigSource::ClusterDefault,
        4 => ConfigSource::StaticBroker,
        5 => ConfigSource::Default,
        other => ConfigSource::Other(other),
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::describe_configs_response::DescribeConfigsSynonym;

    use super::*;

    fn synonym(code: i8, value: &'static str) -> DescribeConfigsSynonym {
        DescribeConfigsSynonym::default()
            .with_source(code)
            .with_value(Some(StrBytes::from_static_str(value)))
    }

    #[test]
    fn the_default_of_a_topics_own_value_is_what_would_hold_without_it() {
        let raw = DescribeConfigsResourceResult::default()
            .with_name(StrBytes::from_static_str("retention.ms"))
            .with_value(Some(StrBytes::from_static_str("1000")))
            .with_config_source(1)
            .with_synonyms(vec![synonym(1, "1000"), synonym(3, "7000"), synonym(5, "604800000")]);
        let entry = entry(&raw);
        assert_eq!(
            (entry.source, entry.value.as_deref()),
            (ConfigSource::Topic, Some("1000"))
        );
        assert_eq!(entry.default.as_deref(), Some("7000"), "the cluster's own, not Kafka's");
    }

    #[test]
    fn a_secret_has_no_value_and_a_new_source_keeps_its_number() {
        let raw = DescribeConfigsResourceResult::default()
            .with_is_sensitive(true)
            .with_value(None)
            .with_config_source(8);
        let entry = entry(&raw);
        assert_eq!(
            (entry.value, entry.is_sensitive, entry.source),
            (None, true, ConfigSource::Other(8))
        );
    }

    #[test]
    fn a_topic_that_the_answer_leaves_out_is_a_failure() {
        let result = DescribeConfigsResult::default().with_resource_name(StrBytes::from_static_str("a"));
        let answer = DescribeConfigsResponse::default().with_results(vec![result]);
        let found = read(&["a".into(), "b".into()], &answer);
        assert!(found.value.contains_key("a"));
        assert_eq!(found.failures[0].what, "configuration of b");
        assert!(matches!(found.failures[0].error, Error::Missing { .. }));
    }

    #[test]
    fn only_a_full_read_asks_for_synonyms() {
        let topics = ["a".into()];
        let few = request(&topics, ConfigNames::ListColumns);
        assert!(!few.include_synonyms);
        assert_eq!(
            few.resources[0].configuration_keys.as_ref().map(Vec::len),
            Some(LIST_COLUMNS.len())
        );
        let all = request(&topics, ConfigNames::All);
        assert!(all.include_synonyms && all.resources[0].configuration_keys.is_none());
    }
}
