//! The slow look at groups that are not on screen: for the order of their list, and for whoever set a limit of lag.

use std::time::Duration;

use crate::app::pane::{Urgency, Want};
use crate::app::slot::SlotId;
use crate::app::store::Store;
use crate::kafka::model::GroupListing;
use crate::kafka::query::{Members, Query};

/// No look at all groups comes sooner after the one before.
const SOONEST: Duration = Duration::from_secs(15);

/// At most a twentieth of the time is spent on it.
pub fn period(store: &Store) -> Duration {
    let groups = store.groups.value().map_or(0, Vec::len) as u64;
    SOONEST.max(Duration::from_secs((groups / 50).min(300)))
}

/// The look at those of all groups that `is_wanted` names.
pub fn pass(store: &Store, is_wanted: impl Fn(&GroupListing) -> bool) -> Option<Want> {
    let listings = store.groups.value()?.iter();
    let groups: Vec<GroupListing> = listings.filter(|listing| is_wanted(listing)).cloned().collect();
    (!groups.is_empty()).then(|| Want {
        slot: SlotId::AllLags,
        query: Query::Lags {
            groups,
            members: Members::Skipped,
        },
        period: period(store),
        urgency: Urgency::Routine,
    })
}

/// What is asked beside `wants` while somebody waits for a bell: the groups that have a limit.
pub fn limited(store: &Store, wants: &[Want]) -> Vec<Want> {
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
    let lags = (!is_wanted(SlotId::AllLags)).then(|| pass(store, has_limit)).flatten();
    listing.into_iter().chain(lags).collect()
}
