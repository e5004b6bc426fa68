//! Faults to inject: which broker and API, how often, and what goes wrong.

use std::time::Duration;

/// What goes wrong with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes this much later. Others on the same connection wait behind it.
    Delay(Duration),
    /// The request is served, and neither it nor anything after it on that connection is answered. The connection
    /// stays open.
    NeverAnswer,
    /// The request is served and its answer left out; what comes after it on that connection is answered.
    SkipAnswer,
    /// The connection is closed as soon as it is accepted, nothing is read. The API key of the rule does not matter.
    CloseOnAccept,
    /// The request is read, nothing is done, the connection is closed.
    CloseUnserved,
    /// The request is served with all its effects, and the connection is closed without an answer.
    CloseUnanswered,
    /// Only the first bytes of the answer are sent, then the connection is closed.
    Truncate {
        /// How many bytes of the frame, its length included, are sent.
        bytes: usize,
    },
    /// These bytes are sent instead of the answer, then the connection stays open.
    Garbage(Vec<u8>),
    /// The answer's frame claims this length; the connection stays open.
    ClaimLength(i32),
    /// An error code in the answer.
    Error {
        /// Kafka's error code.
        code: i16,
        /// Where in the answer.
        scope: Scope,
    },
    /// The request is served with all its effects, and answered with this error code everywhere: as by a coordinator
    /// that has written a change and is replaced before its replicas have it.
    ServedError(i16),
    /// `throttle_time_ms` in the answer; the connection is muted for that long after it (KIP-219).
    Throttle(Duration),
}

/// Where in an answer an error code goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// At the top where the answer has such a field, and on every item.
    All,
    /// On that topic and its partitions.
    Topic(String),
    /// On that partition.
    Partition(String, i32),
    /// On that group.
    Group(String),
    /// On that broker's or topic's config resource, or that key of FindCoordinator.
    Resource(String),
}

/// How often a rule strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// The next n matching requests.
    Count(u32),
    /// Until it is cleared.
    Always,
}

/// A fault with its trigger. Start with [`Rule::new`], which strikes once, on any broker and API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    broker: Option<i32>,
    api_key: Option<i16>,
    times: Times,
    fault: Fault,
}

impl Rule {
    /// `fault` on the next request to any broker.
    pub fn new(fault: Fault) -> Self {
        Self {
            broker: None,
            api_key: None,
            times: Times::Count(1),
            fault,
        }
    }

    /// An error code on the next request of an API, everywhere in its answer.
    pub fn error(api_key: i16, code: i16) -> Self {
        Self::new(Fault::Error {
            code,
            scope: Scope::All,
        })
        .api(api_key)
    }

    /// The same rule for one broker.
    pub fn broker(mut self, id: i32) -> Self {
        self.broker = Some(id);
        self
    }

    /// The same rule for one API.
    pub fn api(mut self, api_key: i16) -> Self {
        self.api_key = Some(api_key);
        self
    }

    /// The same rule for the next `count` matching requests.
    pub fn times(mut self, count: u32) -> Self {
        self.times = Times::Count(count);
        self
    }

    /// The same rule until it is cleared.
    pub fn always(mut self) -> Self {
        self.times = Times::Always;
        self
    }

    fn strike(&mut self) -> Option<Fault> {
        match &mut self.times {
            Times::Always => {}
            Times::Count(0) => return None,
            Times::Count(left) => *left -= 1,
        }
        Some(self.fault.clone())
    }
}

/// Names an injected rule, to clear it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleId(u64);

/// The rules in force.
#[derive(Debug, Default)]
pub struct Rules {
    rules: Vec<(RuleId, Rule)>,
    added: u64,
}

impl Rules {
    /// Adds a rule.
    pub fn add(&mut self, rule: Rule) -> RuleId {
        self.added += 1;
        let id = RuleId(self.added);
        self.rules.push((id, rule));
        id
    }

    /// Takes a rule away.
    pub fn clear(&mut self, id: RuleId) {
        self.rules.retain(|(known, _)| *known != id);
    }

    /// Takes all rules away.
    pub fn clear_all(&mut self) {
        self.rules.clear();
    }

    /// The faults that strike a request, oldest rule first.
    pub fn strike(&mut self, broker: i32, api_key: i16) -> Vec<Fault> {
        self.take(|rule| {
            rule.fault != Fault::CloseOnAccept
                && rule.broker.is_none_or(|id| id == broker)
                && rule.api_key.is_none_or(|key| key == api_key)
        })
    }

    /// Whether a new connection to `broker` is to be closed at once.
    pub fn strike_accept(&mut self, broker: i32) -> bool {
        let faults = self.take(|rule| rule.fault == Fault::CloseOnAccept && rule.broker.is_none_or(|id| id == broker));
        !faults.is_empty()
    }

    fn take(&mut self, matches: impl Fn(&Rule) -> bool) -> Vec<Fault> {
        let faults: Vec<_> = self
            .rules
            .iter_mut()
            .filter(|(_, rule)| matches(rule))
            .filter_map(|(_, rule)| rule.strike())
            .collect();
        self.rules.retain(|(_, rule)| rule.times != Times::Count(0));
        faults
    }
}

/// The error codes that strike one request; handlers ask for each item of their answer.
#[derive(Clone, Debug, Default)]
pub struct Injected(Vec<(Scope, i16)>);

impl Injected {
    /// The error faults among `faults`.
    pub fn of(faults: &[Fault]) -> Self {
        let errors = faults.iter().filter_map(|fault| match fault {
            Fault::Error { code, scope } => Some((scope.clone(), *code)),
            Fault::ServedError(code) => Some((Scope::All, *code)),
            _ => None,
        });
        Self(errors.collect())
    }

    /// The code at the top of the answer.
    pub fn top(&self) -> Option<i16> {
        self.find(|_| false)
    }

    /// The code of a topic.
    pub fn topic(&self, topic: &str) -> Option<i16> {
        self.find(|scope| matches!(scope, Scope::Topic(name) if name == topic))
    }

    /// The code of a partition: its own or its topic's.
    pub fn partition(&self, topic: &str, partition: i32) -> Option<i16> {
        self.find(|scope| match scope {
            Scope::Topic(name) => name == topic,
            Scope::Partition(name, index) => name == topic && *index == partition,
            _ => false,
        })
    }

    /// The code of a group.
    pub fn group(&self, group: &str) -> Option<i16> {
        self.find(|scope| matches!(scope, Scope::Group(id) if id == group))
    }

    /// The code of a config resource or coordinator key.
    pub fn resource(&self, resource: &str) -> Option<i16> {
        self.find(|scope| matches!(scope, Scope::Resource(name) | Scope::Group(name) if name == resource))
    }

    fn find(&self, matches: impl Fn(&Scope) -> bool) -> Option<i16> {
        self.0
            .iter()
            .find(|(scope, _)| *scope == Scope::All || matches(scope))
            .map(|(_, code)| *code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_strikes_as_often_as_it_says() {
        let mut rules = Rules::default();
        rules.add(Rule::new(Fault::NeverAnswer).times(2));
        let hits: Vec<_> = (0..3).map(|_| rules.strike(1, 3).len()).collect();
        assert_eq!(hits, [1, 1, 0]);
        let id = rules.add(Rule::new(Fault::NeverAnswer).always());
        assert!((0..9).all(|_| rules.strike(1, 3).len() == 1));
        rules.clear(id);
        assert!(rules.strike(1, 3).is_empty());
    }

    #[test]
    fn a_rule_strikes_only_its_broker_and_api() {
        let mut rules = Rules::default();
        rules.add(Rule::error(3, 7).broker(2));
        assert!(rules.strike(1, 3).is_empty() && rules.strike(2, 1).is_empty());
        assert_eq!(
            rules.strike(2, 3),
            [Fault::Error {
                code: 7,
                scope: Scope::All
            }]
        );
    }

    #[test]
    fn closing_on_accept_does_not_touch_requests() {
        let mut rules = Rules::default();
        rules.add(Rule::new(Fault::CloseOnAccept));
        assert!(rules.strike(1, 3).is_empty());
        assert!(rules.strike_accept(1));
        assert!(!rules.strike_accept(1));
    }

    #[test]
    fn an_error_meets_only_what_it_names() {
        let fault = |scope| Injected::of(&[Fault::Error { code: 9, scope }]);
        let partition = fault(Scope::Partition("t".to_owned(), 1));
        assert_eq!(
            (
                partition.partition("t", 1),
                partition.partition("t", 2),
                partition.top()
            ),
            (Some(9), None, None)
        );
        let topic = fault(Scope::Topic("t".to_owned()));
        assert_eq!(
            (topic.topic("t"), topic.partition("t", 2), topic.topic("u")),
            (Some(9), Some(9), None)
        );
        let all = fault(Scope::All);
        assert_eq!(
            (all.top(), all.group("g"), all.resource("r")),
            (Some(9), Some(9), Some(9))
        );
        assert_eq!(fault(Scope::Group("g".to_owned())).group("g"), Some(9));
    }
}
