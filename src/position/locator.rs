//! The address of one record, to be pasted: `ktui://CLUSTER/TOPIC/PARTITION@OFFSET`.
//!
//! The cluster is called by its id, which is the same for everybody who reaches it; where a cluster has none, by the
//! first bootstrap address as given. Whoever opens a locator says how the cluster is reached; its name in the locator
//! is compared, so that a record of another cluster is never shown for it.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::kafka::model::{Offset, PartitionId, TopicName};

const SCHEME: &str = "ktui://";

/// Where one record lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locator {
    /// Id of the cluster, or what else it is called.
    pub cluster: String,
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionId,
    /// The offset.
    pub offset: Offset,
}

/// Why a text is no locator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; write it as ktui://CLUSTER/TOPIC/PARTITION@OFFSET")]
pub struct LocatorError(&'static str);

impl Locator {
    /// The record and its place, without the cluster: `orders/7@166666`.
    pub fn place(&self) -> String {
        format!("{}/{}@{}", self.topic, self.partition, self.offset)
    }
}

impl Display for Locator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        escape(&self.cluster, f)?;
        f.write_str("/")?;
        escape(self.topic.as_str(), f)?;
        write!(f, "/{}@{}", self.partition, self.offset)
    }
}

impl FromStr for Locator {
    type Err = LocatorError;

    fn from_str(text: &str) -> Result<Self, LocatorError> {
        parse(text.trim()).map_err(LocatorError)
    }
}

fn parse(text: &str) -> Result<Locator, &'static str> {
    let rest = text.strip_prefix(SCHEME).ok_or("it does not start with ktui://")?;
    let mut steps = rest.split('/');
    let (Some(cluster), Some(topic), Some(place), None) = (steps.next(), steps.next(), steps.next(), steps.next())
    else {
        return Err("it has not three parts after ktui://");
    };
    let (partition, offset) = place.split_once('@').ok_or("its last part has no @")?;
    let (cluster, topic) = (unescape(cluster)?, unescape(topic)?);
    if cluster.is_empty() || topic.is_empty() {
        return Err("the name of the cluster or of the topic is empty");
    }
    Ok(Locator {
        cluster,
        topic: TopicName::from(topic),
        partition: PartitionId(number(partition, "its partition is no number")?),
        offset: Offset(number(offset, "its offset is no number")?),
    })
}

/// A number as Kafka counts: digits only.
fn number<N: FromStr>(text: &str, complaint: &'static str) -> Result<N, &'static str> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_plain);
    number.ok_or(complaint)
}

/// Writes everything but letters, digits and a few signs that mean nothing to a shell as `%41`.
fn escape(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-:".contains(&byte) {
            write!(f, "{}", char::from(byte))?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

fn unescape(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push((high << 4 | low) as u8),
            _ => return Err("a % in it is not followed by two hexadecimal digits"),
        }
    }
    String::from_utf8(bytes).map_err(|_| "what its %s stand for is no text")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn locator(cluster: &str, topic: &str) -> Locator {
        Locator {
            cluster: cluster.to_owned(),
            topic: topic.into(),
            partition: PartitionId(7),
            offset: Offset(166_666),
        }
    }

    #[test]
    fn a_locator_is_plain_where_names_are() {
        let text = "ktui://MkU3OEVBNTcwNTJENDM2Qk/orders.events/7@166666";
        let locator = locator("MkU3OEVBNTcwNTJENDM2Qk", "orders.events");
        assert_eq!(locator.to_string(), text);
        assert_eq!(format!(" {text}\n").parse(), Ok(locator));
        assert_eq!(
            super::Locator::from_str("ktui://kafka-1:9092/t/0@0").unwrap().cluster,
            "kafka-1:9092"
        );
    }

    #[test]
    fn what_is_no_locator_is_told_what_is_wrong() {
        for (text, reason) in [
            ("", "start with"),
            ("http://c/t/1@2", "start with"),
            ("ktui://c/t", "three parts"),
            ("ktui://c/t/1@2/x", "three parts"),
            ("ktui://c/t/12", "no @"),
            ("ktui:///t/1@2", "empty"),
            ("ktui://c/t/-1@2", "partition"),
            ("ktui://c/t/1@+2", "offset"),
            ("ktui://c/t/99999999999@2", "partition"),
            ("ktui://c/t%4/1@2", "hexadecimal"),
            ("ktui://c/t%é/1@2", "hexadecimal"),
            ("ktui://c/%ff/1@2", "no text"),
        ] {
            let error = Locator::from_str(text).unwrap_err().to_string();
            assert!(
                error.contains(reason) && error.contains("ktui://CLUSTER/TOPIC"),
                "{text}: {error}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_name_survives_and_nothing_of_it_means_something_to_a_shell(cluster in ".+", topic in ".+") {
            let locator = locator(&cluster, &topic);
            let text = locator.to_string();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:/@%".contains(&byte)));
            prop_assert_eq!(text.parse(), Ok(locator));
        }
    }
}
