//! What looks at groups amount to: each is taken in, and told together with what several of them tell.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::super::report::{ClusterItem, Report};
use super::seen::{WatchedGroup, places};
use super::{by_group, group_item, waiting};
use crate::kafka::error::Error;
use crate::kafka::lag::alarm::{Alarms, Crossing, Limit};
use crate::kafka::lag::tail::{Place, Tail};
use crate::kafka::lag::watch::{GroupWatch, Look};
use crate::kafka::lag::{GONE_AFTER, GroupDetail};
use crate::kafka::model::{GroupId, GroupListing, TopicPartition};
use crate::kafka::partial::Failure;
use crate::recording::{Asked, Glance};

/// So many commits are looked at in one look: the ones behind which most waits.
const MOST_PLACES: usize = 1_000;

/// What waits for a group, or why that is unknown.
pub type Waits = (String, Result<i64, String>);

/// What was seen of groups so far.
pub struct Sights {
    /// What the user calls the cluster.
    cluster: String,
    /// Named groups; empty for all.
    names: Vec<String>,
    watches: HashMap<GroupId, GroupWatch>,
    /// Groups that listings lack, and since when, in milliseconds since the epoch.
    unlisted: HashMap<GroupId, i64>,
    alarms: Alarms,
}

/// What one look tells, and what it tells together with those before it.
pub struct Sight {
    /// Everything that is shown.
    pub report: Report<WatchedGroup>,
    /// When it was told, in milliseconds since the epoch.
    pub told: i64,
    /// What waits for each of the named groups.
    pub waits: Vec<Waits>,
    /// Named groups that nobody knows.
    pub strangers: Vec<String>,
    /// Groups that went over their limit with this look, or came back.
    pub crossings: Vec<Crossing>,
}

impl Sights {
    /// Nothing is seen yet. `names` is empty for all groups.
    pub fn new(cluster: String, names: &[String], limits: Vec<Limit>) -> Self {
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        Self {
            cluster,
            names,
            watches: HashMap::new(),
            unlisted: HashMap::new(),
            alarms: Alarms::new(limits),
        }
    }

    /// The named groups; none for all.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Takes groups as they were seen at a moment.
    pub fn take(&mut self, details: &[GroupDetail], at: Instant) {
        for detail in details {
            let watch = self.watches.entry(detail.description.group.clone()).or_default();
            watch.take(&Look::of(detail, at));
            if !watch.is_doubted() {
                self.alarms.told(&detail.description.group, detail.waits(), at);
            }
        }
    }

    /// The commits to look at: those of which it is not known what lies there.
    pub fn wanted(&self, details: &[GroupDetail]) -> Vec<Place> {
        let mut wanted: Vec<Place> = Vec::new();
        for detail in details {
            if let Some(watch) = self.watches.get(&detail.description.group) {
                wanted.extend(places(detail, watch));
            }
        }
        // Many groups may stand at one place: it is looked at once.
        wanted.sort_unstable();
        wanted.dedup();
        wanted.sort_by_key(|place| Reverse(place.end.0.saturating_sub(place.committed.0)));
        wanted.truncate(MOST_PLACES);
        wanted
    }

    /// Takes what lies at commits.
    pub fn tails(&mut self, found: &[(TopicPartition, Tail)]) {
        self.watches.values_mut().for_each(|watch| watch.tails(found));
    }

    /// Takes a look of another time, as if it were told at `at`.
    pub fn see(&mut self, glance: Glance, at: Instant) -> Sight {
        self.take(&glance.details, at);
        if !glance.tails.is_empty() {
            self.tails(&glance.tails);
        }
        self.sight(glance)
    }

    /// Tells a look that was taken.
    pub fn sight(&mut self, glance: Glance) -> Sight {
        if let Some(error) = &glance.blind {
            return self.blind(&glance, error.clone());
        }
        // What only a recording asks for is no part of what is told.
        let failures = glance
            .failures
            .into_iter()
            .filter(|failed| failed.asked != Asked::Health);
        let failures: Vec<Failure> = failures.map(|failed| failed.failure).collect();
        let details = by_group(&glance.details);
        let nothing = GroupWatch::default();
        let watch_of = |group: &GroupId| self.watches.get(group).unwrap_or(&nothing);
        let items = glance.listings.iter().map(|listing| {
            let detail = details.get(&listing.group).copied();
            let group = group_item(listing, detail);
            let watch = watch_of(&listing.group);
            WatchedGroup::new(group, detail, watch, glance.told).limited(&self.alarms, detail, watch)
        });
        let items = items.collect();
        let waits = self.names.iter().map(|name| {
            let group = GroupId::from(name.as_str());
            let waits = details
                .get(&group)
                .map(|detail| waiting::of_group(detail, watch_of(&group)));
            let waits = waits.unwrap_or_else(|| Err("it could not be described".to_owned()));
            (name.clone(), waits)
        });
        let strangers = failures.iter().filter_map(|failure| match &failure.error {
            Error::UnknownGroup { group } => Some(group.to_string()),
            _ => None,
        });
        let waits = waits.collect();
        if failures.is_empty() {
            self.forget(&glance.listings, glance.told);
        }
        Sight {
            waits,
            crossings: self.alarms.take_news(),
            strangers: strangers.filter(|name| self.names.contains(name)).collect(),
            report: Report {
                cluster: ClusterItem::new(&self.cluster, &glance.cluster),
                items,
                failures,
            },
            told: glance.told,
        }
    }

    /// Nobody was silent in this look: who is not listed, nor was for a while, is gone.
    fn forget(&mut self, listings: &[GroupListing], told: i64) {
        let mut kept: HashSet<&GroupId> = listings.iter().map(|listing| &listing.group).collect();
        let before = std::mem::take(&mut self.unlisted);
        for group in self.watches.keys().filter(|group| !kept.contains(group)) {
            let since = before.get(group).copied().unwrap_or(told);
            if i128::from(told) - i128::from(since) < GONE_AFTER.as_millis().cast_signed() {
                self.unlisted.insert(group.clone(), since);
            }
        }
        kept.extend(self.unlisted.keys());
        self.watches.retain(|group, _| kept.contains(group));
        self.alarms.keep(&kept);
    }

    /// A look at which nobody answered, for this reason.
    fn blind(&self, glance: &Glance, error: Error) -> Sight {
        let why = error.summary();
        let unknown = |name: &String| (name.clone(), Err(why.clone()));
        Sight {
            waits: self.names.iter().map(unknown).collect(),
            strangers: Vec::new(),
            crossings: Vec::new(),
            report: Report {
                cluster: ClusterItem::new(&self.cluster, &glance.cluster),
                items: Vec::new(),
                failures: vec![Failure::new("the groups", error)],
            },
            told: glance.told,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::kafka::lag::{LagCase, PartitionLag};
    use crate::kafka::model::{BrokerId, GroupDescription, GroupState, GroupType, Offset};

    /// One group that a second after the other has this commit and this end, or is not listed.
    fn seen(looks: &[(i64, Option<(i64, i64)>)]) -> Vec<Sight> {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let limit = Limit {
            groups: None,
            lag: 100,
            lasting: Duration::ZERO,
            written: "100".to_owned(),
        };
        let mut sights = Sights::new("sim".to_owned(), &[], vec![limit]);
        let see = |(second, at): &(i64, Option<(i64, i64)>)| {
            let told = second * 1_000;
            let details: Vec<GroupDetail> = at.iter().map(|(committed, end)| detail(*committed, *end)).collect();
            let listings = details.iter().map(|_| listing()).collect();
            let glance = Glance {
                told,
                listings,
                details,
                ..Glance::default()
            };
            sights.see(glance, begin + Duration::from_secs(second.unsigned_abs()))
        };
        looks.iter().map(see).collect()
    }

    fn listing() -> GroupListing {
        GroupListing {
            group: "g".into(),
            kind: GroupType::Classic,
            protocol_type: "consumer".into(),
            state: Some(GroupState("Stable".into())),
            coordinator: BrokerId(1),
        }
    }

    fn detail(committed: i64, end: i64) -> GroupDetail {
        let case = match end - committed {
            by @ ..0 => LagCase::Ahead { by: -by },
            lag => LagCase::Known { lag },
        };
        let row = PartitionLag {
            partition: TopicPartition::new("orders", 0),
            owner: None,
            committed: Some(Offset(committed)),
            log_start: Some(Offset(0)),
            end: Some(Offset(end)),
            case,
        };
        GroupDetail {
            description: GroupDescription {
                group: "g".into(),
                kind: GroupType::Classic,
                protocol_type: "consumer".into(),
                assignor: "range".into(),
                epoch: None,
                state: GroupState("Stable".into()),
                coordinator: BrokerId(1),
                members: Vec::new(),
            },
            partitions: vec![row],
            unread: None,
        }
    }

    #[test]
    fn a_group_that_is_gone_is_over_nothing_any_more() {
        let over = Some((40, 900));
        let told = seen(&[(0, over), (5, None), (10, None), (15, over)]);
        let crossings: Vec<_> = told.iter().map(|sight| sight.crossings.len()).collect();
        assert_eq!(crossings, [1, 0, 0, 1]);
    }

    #[test]
    fn a_commit_in_doubt_or_past_the_end_is_neither_over_a_limit_nor_under() {
        let over = |looks: &[(i64, Option<(i64, i64)>)]| {
            let told = seen(looks);
            let over: Vec<_> = told.iter().map(|sight| sight.report.items[0].over).collect();
            let crossings: usize = told.iter().map(|sight| sight.crossings.len()).sum();
            (over, crossings)
        };
        let back = [(0, Some((400, 450))), (1, Some((100, 450)))];
        assert_eq!(over(&back), (vec![Some(false), None], 0));
        assert_eq!(over(&[(0, Some((400, 40)))]), (vec![None], 0));
        let made_anew = [(0, Some((400, 900))), (1, Some((400, 40)))];
        assert_eq!(over(&made_anew), (vec![Some(true), Some(true)], 1));
    }
}
