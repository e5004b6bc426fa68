//! What looks at groups amount to: each is taken in, and told together with what several of them tell.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::super::report::{ClusterItem, Report};
use super::seen::{WatchedGroup, places};
use super::{by_group, group_item, waiting};
use crate::kafka::error::Error;
use crate::kafka::lag::GroupDetail;
use crate::kafka::lag::alarm::{Alarms, Crossing, Limit};
use crate::kafka::lag::tail::{Place, Tail};
use crate::kafka::lag::watch::{GroupWatch, Look};
use crate::kafka::model::{GroupId, TopicPartition};
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
                self.alarms.told(&detail.description.group, detail.summary().lag, at);
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
            WatchedGroup::new(group, detail, watch_of(&listing.group), glance.told).limited(&self.alarms, detail)
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
            // Nobody was silent: who is not listed is gone.
            let listed: HashSet<&GroupId> = glance.listings.iter().map(|listing| &listing.group).collect();
            self.watches.retain(|group, _| listed.contains(group));
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
