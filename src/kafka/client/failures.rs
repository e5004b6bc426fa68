//! Many errors told as few failures: a dead broker of a large cluster is one line, not 30,000.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::kafka::error::Error;
use crate::kafka::model::BrokerId;
use crate::kafka::partial::Failure;

/// One item that stays unknown.
pub(super) struct Miss<'a, K> {
    /// The item.
    pub(super) item: &'a K,
    /// The broker that should have answered, where there is one.
    pub(super) node: Option<BrokerId>,
    /// Why it did not.
    pub(super) error: &'a Error,
}

/// `what` of the items, one failure for each broker and error.
pub(super) fn failures<'a, K: Display + Ord + 'a>(
    what: &str,
    misses: impl IntoIterator<Item = Miss<'a, K>>,
) -> Vec<Failure> {
    let mut kinds: BTreeMap<_, (&Error, Vec<&K>)> = BTreeMap::new();
    for miss in misses {
        let (_, items) = kinds
            .entry((miss.node, kind(miss.error)))
            .or_insert((miss.error, Vec::new()));
        items.push(miss.item);
    }
    let failure = |((node, _), (error, mut items)): ((_, _), (&Error, Vec<&K>))| {
        items.sort();
        Failure {
            node,
            what: format!("{what} of {}", named(&items)),
            error: error.clone(),
        }
    };
    kinds.into_iter().map(failure).collect()
}

/// Errors that differ only in the item they name are one.
fn kind(error: &Error) -> String {
    match error {
        Error::Kafka { code, message, .. } | Error::Denied { code, message, .. } => format!("{code} {message:?}"),
        Error::NoLeader { .. } => "no leader".to_owned(),
        Error::UnknownTopic { .. } => "unknown topic".to_owned(),
        Error::UnknownPartition { .. } => "unknown partition".to_owned(),
        Error::NoCoordinator { reason, .. } => format!("no coordinator: {reason}"),
        Error::Missing { addr, .. } => format!("missing from {addr}"),
        Error::NotSpoken { .. } => "not spoken".to_owned(),
        Error::Timeout { what, addr, .. } => format!("{what} timeout of {addr}"),
        other => other.to_string(),
    }
}

/// `a`, `a and b`, or `a, b and 33 more`.
fn named<K: Display>(items: &[&K]) -> String {
    match items {
        [] => String::new(),
        [one] => one.to_string(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::TopicPartition;

    fn timeout(millis: u64) -> Error {
        Error::Timeout {
            what: "ListOffsets".into(),
            addr: "broker 2".into(),
            after: std::time::Duration::from_millis(millis),
        }
    }

    #[test]
    fn a_dead_broker_is_one_failure_however_much_it_led() {
        let partitions: Vec<_> = (0..30_000).map(|index| TopicPartition::new("orders", index)).collect();
        // Requests time out a few milliseconds apart: still one and the same failure.
        let errors = [timeout(10_000), timeout(10_003)];
        let misses = partitions.iter().enumerate().map(|(index, item)| Miss {
            item,
            node: Some(BrokerId(2)),
            error: &errors[index % 2],
        });
        let failures = failures("end offsets", misses);
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].node, Some(BrokerId(2)));
        assert_eq!(failures[0].what, "end offsets of orders-0, orders-1 and 29998 more");
    }

    #[test]
    fn brokers_and_reasons_are_kept_apart() {
        let (one, two) = (TopicPartition::new("a", 0), TopicPartition::new("b", 1));
        let denied = Error::from_code(29, "a-0", None).unwrap();
        let leaderless = Error::NoLeader {
            topic: "b".into(),
            partition: crate::kafka::model::PartitionId(1),
        };
        let misses = [
            Miss {
                item: &one,
                node: Some(BrokerId(1)),
                error: &denied,
            },
            Miss {
                item: &two,
                node: None,
                error: &leaderless,
            },
        ];
        let told: Vec<_> = failures("end offsets", misses)
            .into_iter()
            .map(|failure| (failure.node, failure.what))
            .collect();
        assert_eq!(
            told,
            [
                (None, "end offsets of b-1".to_owned()),
                (Some(BrokerId(1)), "end offsets of a-0".to_owned()),
            ]
        );
    }

    #[test]
    fn a_few_items_are_named_in_full() {
        assert_eq!(named(&[&1]), "1");
        assert_eq!(named(&[&1, &2]), "1 and 2");
        assert_eq!(named(&[&1, &2, &3]), "1, 2 and 1 more");
    }
}
