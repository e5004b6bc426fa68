//! Configuration entries of topics and brokers.

use serde::Serialize;

/// Where a configuration value comes from (DescribeConfigs v1 and later).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ConfigSource {
    /// Set on the topic.
    Topic,
    /// Set at run time on this broker.
    Broker,
    /// Set at run time for all brokers.
    ClusterDefault,
    /// From the broker's properties file.
    StaticBroker,
    /// Kafka's default.
    Default,
    /// Another source, by its number on the wire.
    Other(i8),
}

impl ConfigSource {
    /// Whether somebody set the value rather than left Kafka's default.
    pub fn is_set(self) -> bool {
        self != Self::Default
    }
}

/// One entry of a topic's or broker's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its name, such as `retention.ms`.
    pub name: String,
    /// Its value; `None` for a sensitive one, which the broker does not send.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// Whether the broker keeps the value secret.
    pub is_sensitive: bool,
    /// The value that would hold without the one set on the resource, where the broker sent synonyms.
    pub default: Option<String>,
}
