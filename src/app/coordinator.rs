//! Who tells about a group, and why that broker may have said nothing lately.

use super::store::Store;
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, GroupListing};

/// The coordinator of a group as last heard of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coordinator<'a> {
    /// The broker.
    pub id: BrokerId,
    /// Why what is known of its groups is old; `None` when it told them last time.
    pub silence: Option<Silence<'a>>,
}

/// Why a coordinator's groups are as they were told earlier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Silence<'a> {
    /// It was asked, in vain.
    Failed(&'a Error),
    /// The cluster no longer lists it.
    Missing,
}

impl<'a> Coordinator<'a> {
    /// The coordinator of a group. The list of groups and the answer about those on screen both name it, and both show
    /// whether it speaks: the newer one counts, for groups move when a broker dies.
    pub fn of(listing: &GroupListing, store: &'a Store) -> Self {
        let told = store.lags.value().and_then(|facts| facts.get(&listing.group));
        let told = told.filter(|fact| Some(fact.at) > store.groups.arrived());
        // A group that was not described has the coordinator of its listing.
        let id = told.map_or(listing.coordinator, |fact| fact.value.coordinator);
        let is_just_told = told.is_some_and(|fact| Some(fact.at) == store.lags.arrived());
        Self {
            id,
            silence: silence_of(id, is_just_told, store),
        }
    }
}

fn silence_of(id: BrokerId, is_just_told: bool, store: &Store) -> Option<Silence<'_>> {
    if store.derived.health.missing.contains_key(&id) {
        return Some(Silence::Missing);
    }
    if store.lags.arrived() > store.groups.arrived() {
        // Another failure may be about something else, such as a partition that the broker leads.
        let failures = store.lags.failures().iter();
        let mut silent = failures.filter(|failure| failure.node == Some(id) && failure.error.is_connection());
        if let Some(failure) = silent.next() {
            return Some(Silence::Failed(&failure.error));
        }
        if is_just_told {
            return None;
        }
    }
    let mut failures = store.groups.failures().iter();
    let failure = failures.find(|failure| failure.node == Some(id))?;
    Some(match failure.error {
        Error::UnknownBroker { .. } => Silence::Missing,
        _ => Silence::Failed(&failure.error),
    })
}
