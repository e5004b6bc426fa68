//! One look after the other at some groups: asks the cluster, feeds what was seen of each group before.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use super::super::headless;
use super::super::report::Report;
use super::super::session::Session;
use super::seen::{WatchedGroup, places};
use super::{details, group_item, waiting};
use crate::kafka::client::Client;
use crate::kafka::error::Error;
use crate::kafka::lag::GroupDetail;
use crate::kafka::lag::alarm::{Alarms, Crossing, Limit};
use crate::kafka::lag::tail::Place;
use crate::kafka::lag::watch::{GroupWatch, Look};
use crate::kafka::model::{GroupId, GroupListing};
use crate::kafka::query::{Answer, Query};
use crate::runtime::clock;

/// So many commits are looked at in one look: those behind which most waits.
const MOST_PLACES: usize = 1_000;

/// What waits for a named group, or why that is unknown.
pub type Waits = (String, Result<i64, String>);

/// Looks at groups.
pub struct Looks {
    client: Client,
    session: Session,
    names: Vec<String>,
    watches: HashMap<GroupId, GroupWatch>,
    alarms: Alarms,
    /// Whether topics and their leaders have to be learned (again).
    is_lost: bool,
}

/// What one look told.
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

impl Looks {
    /// Nothing is seen yet. `names` is empty for all groups.
    pub fn new(client: Client, name: String, names: &[String], limits: Vec<Limit>) -> Self {
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        Self {
            session: Session::new(client.clone(), name),
            client,
            names,
            watches: HashMap::new(),
            alarms: Alarms::new(limits),
            is_lost: true,
        }
    }

    /// Looks once, within `limit`.
    ///
    /// # Errors
    /// When no broker can be asked.
    pub async fn look(&mut self, limit: Duration) -> Result<Sight, Error> {
        self.session.renew(headless::for_one_question(&self.client, limit));
        if std::mem::replace(&mut self.is_lost, true) {
            self.session.overview().await?;
        }
        let listings = self.session.groups(&self.names).await?;
        let details = details(&mut self.session, &listings).await;
        self.take(&details);
        self.read_tails(&details).await;
        let told = clock::unix_millis();
        let detail_of = |group: &GroupId| details.iter().find(|detail| detail.description.group == *group);
        let nothing = GroupWatch::default();
        let watch_of = |group: &GroupId| self.watches.get(group).unwrap_or(&nothing);
        let items = listings.iter().map(|listing: &GroupListing| {
            let detail = detail_of(&listing.group);
            let group = group_item(listing, detail);
            WatchedGroup::new(group, detail, watch_of(&listing.group), told).limited(&self.alarms, detail)
        });
        let items = items.collect();
        let waits = self.names.iter().map(|name| {
            let group = GroupId::from(name.as_str());
            let waits = detail_of(&group).map(|detail| waiting::of_group(detail, watch_of(&group)));
            (
                name.clone(),
                waits.unwrap_or_else(|| Err("it could not be described".to_owned())),
            )
        });
        let waits = waits.collect();
        let report = self.session.report(items);
        let strangers = report.failures.iter().filter_map(|failure| match &failure.error {
            Error::UnknownGroup { group } => Some(group.to_string()),
            _ => None,
        });
        let strangers = strangers.filter(|name| self.names.contains(name)).collect();
        self.is_lost = !report.failures.is_empty();
        Ok(Sight {
            report,
            told,
            waits,
            strangers,
            crossings: self.alarms.take_news(),
        })
    }

    /// A look at which nobody answered, for this reason.
    pub fn blind(&mut self, error: Error) -> Sight {
        let why = error.summary();
        let unknown = |name: &String| (name.clone(), Err(why.clone()));
        let waits = self.names.iter().map(unknown).collect();
        self.session.fail("the groups", error);
        Sight {
            report: self.session.report(Vec::new()),
            told: clock::unix_millis(),
            waits,
            strangers: Vec::new(),
            crossings: Vec::new(),
        }
    }

    fn take(&mut self, details: &[GroupDetail]) {
        let at = clock::now();
        for detail in details {
            let watch = self.watches.entry(detail.description.group.clone()).or_default();
            watch.take(&Look::of(detail, at));
            self.alarms.told(&detail.description.group, detail.summary().lag, at);
        }
    }

    async fn read_tails(&mut self, details: &[GroupDetail]) {
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
        if wanted.is_empty() {
            return;
        }
        let asked = self
            .session
            .try_ask("records at the commits", Query::Tails(wanted))
            .await;
        if let Some(Answer::Tails(found)) = asked {
            self.watches.values_mut().for_each(|watch| watch.tails(&found));
        }
    }
}
