//! Limits of a lag: which groups are over theirs, since when, and which crossed it just now. Pure.
//!
//! A lag that is unknown is neither over nor under: what was said of the group before goes on.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use crate::kafka::model::{GroupId, Total};
use crate::position::is_match;

/// A group that goes over and under its limit rings no more often than this.
const QUIET: Duration = Duration::from_mins(1);

/// How much lag is too much, for how long, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// A group or a pattern of groups; `None` for all.
    pub groups: Option<String>,
    /// A lag above this is over.
    pub lag: i64,
    /// For so long before it counts.
    pub lasting: Duration,
    /// As it was written, without the groups: `1000:5m`.
    pub written: String,
}

impl Limit {
    fn fits(&self, group: &GroupId) -> bool {
        self.groups
            .as_deref()
            .is_none_or(|pattern| is_match(pattern, group.as_str()))
    }
}

/// What is known of the groups that have a limit.
#[derive(Clone, Debug, Default)]
pub struct Alarms {
    limits: Vec<Limit>,
    groups: HashMap<GroupId, Standing>,
    news: Vec<Crossing>,
}

/// How a group stands to its limit.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// Since when its lag is above, without a look that found it at or under.
    above: Option<Instant>,
    is_over: bool,
    rang: Option<Instant>,
}

/// A group that went over its limit, or came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The group.
    pub group: GroupId,
    /// Its lag then.
    pub lag: Total,
    /// The limit, as it was written.
    pub limit: String,
    /// Whether it went over.
    pub is_over: bool,
    /// Whether the bell has to say so.
    pub rings: bool,
}

impl fmt::Display for Crossing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, limit, lag, .. } = self;
        let known = crate::count::Count(lag.known);
        let way = if self.is_over { "over" } else { "no more over" };
        write!(f, "{group}: lag {known} is {way} its limit {limit}")
    }
}

/// What a group is over, and since when.
#[derive(Clone, Copy, Debug)]
pub struct Over<'a> {
    /// The limit.
    pub limit: &'a Limit,
    /// Since when its lag is above it.
    pub since: Instant,
}

impl Alarms {
    /// Nothing was seen yet.
    pub fn new(limits: Vec<Limit>) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Whether nobody wants to be told anything.
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// The limit of a group: one that names groups goes before one for all, of several the last counts.
    pub fn limit(&self, group: &GroupId) -> Option<&Limit> {
        let fitting = || self.limits.iter().rev().filter(|limit| limit.fits(group));
        fitting()
            .find(|limit| limit.groups.is_some())
            .or_else(|| fitting().next())
    }

    /// Takes what a look at a group told of its lag.
    pub fn told(&mut self, group: &GroupId, lag: Total, at: Instant) {
        let Some(limit) = self.limit(group) else { return };
        // The known part alone may be over; it is at or under only when nothing is unknown.
        let is_above = if lag.known > limit.lag {
            true
        } else if lag.unknown == 0 {
            false
        } else {
            return;
        };
        let (lasting, written) = (limit.lasting, limit.written.clone());
        let standing = self.groups.entry(group.clone()).or_default();
        standing.above = is_above.then(|| standing.above.unwrap_or(at));
        let is_over = standing
            .above
            .is_some_and(|since| at.saturating_duration_since(since) >= lasting);
        if is_over == standing.is_over {
            return;
        }
        standing.is_over = is_over;
        let is_quiet = standing
            .rang
            .is_some_and(|rang| at.saturating_duration_since(rang) < QUIET);
        let rings = is_over && !is_quiet;
        if rings {
            standing.rang = Some(at);
        }
        self.news.push(Crossing {
            group: group.clone(),
            lag,
            limit: written,
            is_over,
            rings,
        });
    }

    /// What happened since this was asked last.
    pub fn take_news(&mut self) -> Vec<Crossing> {
        std::mem::take(&mut self.news)
    }

    /// What a group is over; `None` where it is not, or not for long enough yet.
    pub fn over(&self, group: &GroupId) -> Option<Over<'_>> {
        let standing = self.groups.get(group).filter(|standing| standing.is_over)?;
        Some(Over {
            limit: self.limit(group)?,
            since: standing.above?,
        })
    }

    /// How many groups are over, and the limit, where it is the same for all of them.
    pub fn sum(&self) -> (usize, Option<&Limit>) {
        let over = || self.groups.iter().filter(|(_, standing)| standing.is_over);
        let mut limits = over().filter_map(|(group, _)| self.limit(group));
        let first = limits.next();
        (
            over().count(),
            first.filter(|first| limits.all(|limit| limit.written == first.written)),
        )
    }

    /// Forgets the groups that are not among these.
    pub fn keep(&mut self, listed: &HashSet<&GroupId>) {
        self.groups.retain(|group, _| listed.contains(group));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(groups: Option<&str>, lag: i64, seconds: u64) -> Limit {
        Limit {
            groups: groups.map(str::to_owned),
            lag,
            lasting: Duration::from_secs(seconds),
            written: format!("{lag}:{seconds}s"),
        }
    }

    fn start() -> Instant {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        Instant::now()
    }

    /// What is said of a group that is looked at every second; `None` is a lag that is unknown.
    fn told(alarms: &mut Alarms, begin: Instant, lags: &[Option<i64>]) -> Vec<(usize, bool, bool)> {
        let mut said = Vec::new();
        for (second, lag) in lags.iter().enumerate() {
            let at = begin + Duration::from_secs(second as u64);
            alarms.told(&"g".into(), [*lag].into_iter().collect(), at);
            let news = alarms.take_news().into_iter();
            said.extend(news.map(|crossing| (second, crossing.is_over, crossing.rings)));
        }
        said
    }

    #[test]
    fn a_group_crosses_once_when_it_was_over_for_long_enough() {
        let mut alarms = Alarms::new(vec![limit(None, 10, 2)]);
        let lags = [9, 11, 12, 10, 11, 12, 13, 14, 15].map(Some);
        assert_eq!(told(&mut alarms, start(), &lags), [(6, true, true)]);
        assert!(alarms.over(&"g".into()).is_some());
        assert_eq!(alarms.sum().0, 1);
        assert_eq!(
            told(&mut alarms, start() + Duration::from_secs(60), &[Some(10)]),
            [(0, false, false)]
        );
        assert!(alarms.over(&"g".into()).is_none());
    }

    #[test]
    fn an_unknown_lag_is_neither_over_nor_under() {
        let mut alarms = Alarms::new(vec![limit(None, 10, 2)]);
        assert_eq!(told(&mut alarms, start(), &[None, None, None, None]), []);
        let lags = [Some(11), None, None, Some(11), None];
        assert_eq!(told(&mut alarms, start(), &lags), [(3, true, true)]);
        let known_part = Total {
            known: 11,
            ..[Some(11), None].into_iter().collect()
        };
        let mut alarms = Alarms::new(vec![limit(None, 10, 0)]);
        alarms.told(&"g".into(), known_part, start());
        assert_eq!(alarms.take_news().len(), 1, "what is known is over already");
    }

    #[test]
    fn who_comes_and_goes_all_the_time_rings_once_a_minute() {
        let mut alarms = Alarms::new(vec![limit(None, 10, 0)]);
        let lags: Vec<_> = (0..70)
            .map(|second| Some(if second % 2 == 0 { 11 } else { 9 }))
            .collect();
        let said = told(&mut alarms, start(), &lags);
        let rang: Vec<_> = said
            .iter()
            .filter(|(.., rings)| *rings)
            .map(|(second, ..)| *second)
            .collect();
        assert_eq!(rang, [0, 60]);
        assert_eq!(said.len(), 70, "each is in the log");
    }

    #[test]
    fn a_limit_that_names_groups_goes_before_one_for_all() {
        let alarms = Alarms::new(vec![
            limit(Some("pay*"), 1, 0),
            limit(Some("payments"), 2, 0),
            limit(None, 3, 0),
        ]);
        let of = |group: &str| alarms.limit(&group.into()).map(|limit| limit.lag);
        assert_eq!(
            (of("payments"), of("payroll"), of("audit")),
            (Some(2), Some(1), Some(3))
        );
        assert_eq!(Alarms::new(vec![limit(Some("a"), 1, 0)]).limit(&"b".into()), None);
    }
}
