//! Results of calls that ask several nodes: what was learned, and what could not be.

use crate::kafka::error::Error;
use crate::kafka::model::BrokerId;

/// One part of a call that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The broker that was asked, where there was one.
    pub node: Option<BrokerId>,
    /// What is missing because of it, in words: `groups of broker 2`, `orders-3`.
    pub what: String,
    /// What went wrong.
    pub error: Error,
}

/// What could be learned, together with what could not: one dead broker, leaderless partition or denied group is data
/// plus a failure, never an empty pane.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "the failures belong on the screen"]
pub struct Partial<T> {
    /// What was learned.
    pub value: T,
    /// What could not be learned. Empty when the value is complete.
    pub failures: Vec<Failure>,
}

impl Failure {
    /// A failure that belongs to no particular broker.
    pub fn new(what: impl Into<String>, error: Error) -> Self {
        Self {
            node: None,
            what: what.into(),
            error,
        }
    }

    /// A failure of one broker.
    pub fn of(node: BrokerId, what: impl Into<String>, error: Error) -> Self {
        Self {
            node: Some(node),
            ..Self::new(what, error)
        }
    }

    /// What could not be learned and why, in a few words. What both name is said once.
    pub fn summary(&self) -> String {
        let why = match &self.error {
            Error::NoLeader { topic, partition } if self.what.ends_with(&format!("{topic}-{partition}")) => {
                "no leader".to_owned()
            }
            error => error.summary(),
        };
        if why.contains(&self.what) {
            why
        } else {
            format!("{}: {why}", self.what)
        }
    }
}

impl<T> Partial<T> {
    /// A value without failures.
    pub fn complete(value: T) -> Self {
        Self {
            value,
            failures: Vec::new(),
        }
    }

    /// A value and what is missing from it.
    pub fn new(value: T, failures: Vec<Failure>) -> Self {
        Self { value, failures }
    }

    /// Whether nothing failed.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
    }

    /// Converts the value and keeps the failures.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Partial<U> {
        Partial {
            value: convert(self.value),
            failures: self.failures,
        }
    }

    /// Adds another part: `join` combines the values, the failures are appended.
    pub fn merge<U>(&mut self, other: Partial<U>, join: impl FnOnce(&mut T, U)) {
        join(&mut self.value, other.value);
        self.failures.extend(other.failures);
    }

    /// Moves the failures to `failures` and returns the value.
    pub fn drain_into(self, failures: &mut Vec<Failure>) -> T {
        failures.extend(self.failures);
        self.value
    }
}

impl<T: Default> Default for Partial<T> {
    fn default() -> Self {
        Self::complete(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cancelled() -> Error {
        Error::Cancelled {
            what: "ListGroups".into(),
        }
    }

    #[test]
    fn merging_keeps_both_values_and_all_failures() {
        let mut all = Partial::complete(vec![1]);
        assert!(all.is_complete());
        let failure = Failure::of(BrokerId(2), "groups of broker 2", cancelled());
        all.merge(Partial::new(vec![2], vec![failure]), Vec::extend);
        all.merge(Partial::complete(vec![3]), Vec::extend);
        assert_eq!(all.value, [1, 2, 3]);
        assert_eq!(all.failures.len(), 1);
        assert_eq!(all.failures[0].node, Some(BrokerId(2)));
    }

    #[test]
    fn mapping_keeps_the_failures() {
        let part = Partial::new(2, vec![Failure::new("orders-3", cancelled())]);
        let mut failures = Vec::new();
        assert_eq!(part.map(|n| n * 2).drain_into(&mut failures), 4);
        assert_eq!(failures[0].what, "orders-3");
        assert_eq!(failures[0].node, None);
    }

    #[test]
    fn a_summary_names_a_thing_once() {
        let leaderless = Error::NoLeader {
            topic: "orders".into(),
            partition: crate::kafka::model::PartitionId(1),
        };
        let of = |what: &str| Failure::new(what, leaderless.clone()).summary();
        assert_eq!(of("offsets of orders-1"), "offsets of orders-1: no leader");
        assert_eq!(of("log offsets"), "log offsets: no leader: orders-1");
    }
}
