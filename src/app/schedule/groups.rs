//! The slow look at groups that are not on screen: for the order of their list, and for whoever set a limit of lag.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::pane::{Urgency, Want};
use crate::app::slot::SlotId;
use crate::app::store::Store;
use crate::kafka::model::GroupListing;
use crate::kafka::query::{Members, Query};

/// No look at all groups comes sooner after the one before.
const SOONEST: Duration = Duration::from_secs(15);
/// And none later: who has a limit is not left alone for hours, because the terminal was stopped meanwhile for one.
const LATEST: Duration = Duration::from_mins(5);

/// A twentieth of the time is spent on it: twenty times the work of the last one, in steps, so that what is said of it does
/// not change with every one.
pub fn period(store: &Store) -> Duration {
    let work = store.derived.sampling.costs.work(SlotId::AllLags).unwrap_or_default();
    let needed = work.saturating_mul(20);
    let steps = needed.as_millis().div_ceil(SOONEST.as_millis()).max(1);
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    SOONEST.saturating_mul(steps).min(LATEST)
}

/// The look at those of all groups that `is_wanted` names, but for those at rest.
pub fn pass(store: &Store, now: Instant, is_wanted: impl Fn(&GroupListing) -> bool) -> Option<Want> {
    let period = period(store);
    let is_due = |listing: &GroupListing| store.derived.sampling.passes.is_due(listing, period, now);
    let listings = store.groups.value()?.iter();
    let groups = listings.filter(|listing| is_wanted(listing) && is_due(listing));
    let groups: Vec<GroupListing> = groups.cloned().collect();
    if groups.is_empty() {
        return None;
    }
    Some(Want {
        slot: SlotId::AllLags,
        query: Query::Lags {
            groups,
            members: Members::Skipped,
        },
        period,
        urgency: Urgency::Routine,
    })
}

/// Where logs begin, for the groups that are off screen: what retention took is lost wherever one looks. Only after a look
/// at them, and seldom: retention itself comes every 5 minutes.
pub fn log_starts(store: &Store) -> Option<Want> {
    let topics = store.derived.watches.lagging();
    let query = || Query::LogStarts(Arc::clone(topics));
    (!topics.is_empty()).then(|| Want::every(300, SlotId::LogStarts, query()))
}

/// What is asked beside `wants` while somebody waits for a bell: the groups that have a limit.
pub fn limited(store: &Store, wants: &[Want], now: Instant) -> Vec<Want> {
    let alarms = &store.derived.alarms;
    let is_wanted = |slot| wants.iter().any(|want: &Want| want.slot == slot);
    if alarms.is_empty() {
        return Vec::new();
    }
    let listing = (!is_wanted(SlotId::Groups)).then(|| Want::every(15, SlotId::Groups, Query::Groups));
    let on_screen = wants.iter().find_map(|want| match &want.query {
        Query::Lags { groups, .. } if want.slot == SlotId::Lags => Some(groups.as_slice()),
        _ => None,
    });
    let has_limit = |listing: &GroupListing| {
        alarms.limit(&listing.group).is_some() && !on_screen.unwrap_or_default().contains(listing)
    };
    let lags = (!is_wanted(SlotId::AllLags))
        .then(|| pass(store, now, has_limit))
        .flatten();
    listing.into_iter().chain(lags).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::cost::Spent;
    use crate::kafka::query::Cost;

    #[test]
    fn a_twentieth_of_the_time_is_spent_on_looking_at_all_groups_and_they_are_looked_at_every_5_minutes() {
        let mut store = Store::default();
        assert_eq!(period(&store), SOONEST);
        for (millis, seconds) in [
            (40, 15),
            (750, 15),
            (751, 30),
            (3_000, 60),
            (14_900, 300),
            (3_600_000, 300),
        ] {
            let took = Duration::from_millis(millis);
            let cost = Cost::default();
            store
                .derived
                .sampling
                .costs
                .note(SlotId::AllLags, Spent { cost, took }, true);
            assert_eq!(period(&store), Duration::from_secs(seconds), "{millis} ms");
            assert!(took * 20 <= period(&store) || period(&store) == LATEST);
        }
    }
}
