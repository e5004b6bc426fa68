//! When to ask for what: the screen says what it shows, this says what is due.

pub mod groups;

use std::time::{Duration, Instant};

use super::effect::Effect;
use super::pane::{Urgency, View, Want};
use super::slot::SlotId;
use super::store::Store;
use crate::kafka::query::{ConfigNames, Overview, Query};

/// What is on screen of groups is asked for this often.
pub const ON_SCREEN: Duration = Duration::from_secs(5);

fn overview_period(store: &Store) -> Duration {
    let overview = store.overview.value();
    overview.map_or(Overview::default().polite_period(), Overview::polite_period)
}

/// What every screen needs: the overview, and the heartbeat between two of them.
pub fn always(store: &Store) -> Vec<Want> {
    let overview = Want {
        slot: SlotId::Overview,
        query: Query::Overview,
        period: if brokers_changed(store) {
            Duration::from_secs(1)
        } else {
            overview_period(store)
        },
        urgency: Urgency::Routine,
    };
    if store.overview.loaded().is_none() {
        // First paint is one Metadata request: the heartbeat waits for it.
        return vec![overview];
    }
    let mut wants = vec![overview, Want::every(5, SlotId::Cluster, Query::Cluster)];
    wants.extend(min_isr(store));
    if store.derived.health.incomplete > 0 {
        // A replica that is being added is not missing.
        wants.push(Want::every(10, SlotId::Reassignments, Query::Reassignments));
    }
    wants
}

/// What an under-replicated topic can still bear; a healthy cluster is not asked.
fn min_isr(store: &Store) -> Option<Want> {
    let topics = &store.derived.health.under_replicated_topics;
    let lacks = store.derived.health.min_isr.below.unknown > 0;
    let query = || Query::Configs {
        topics: topics.clone(),
        names: ConfigNames::MinIsr,
    };
    (!topics.is_empty()).then(|| Want::every(60, SlotId::MinIsr, query()).missing(lacks))
}

/// Whether the heartbeat lists other brokers than the overview, which then is out of date.
fn brokers_changed(store: &Store) -> bool {
    match (store.overview.loaded(), store.cluster.loaded()) {
        (Some(overview), Some(heartbeat)) if heartbeat.at > overview.at => {
            overview.value.cluster.brokers != heartbeat.value.brokers
        }
        _ => false,
    }
}

/// Starts every question that is due.
pub fn ask(wants: &[Want], store: &mut Store, now: Instant) -> Vec<Effect> {
    let due = wants
        .iter()
        .filter(|want| due(want, store, now).is_some_and(|at| at <= now));
    let due: Vec<Want> = due.cloned().collect();
    due.into_iter().map(|want| start(want, store, now)).collect()
}

/// Starts one question now, superseding what is under way in its slot.
pub fn start(want: Want, store: &mut Store, now: Instant) -> Effect {
    let ticket = store.begin(want.slot, now);
    store.derived.asking.insert(want.slot, want.query.clone());
    store.derived.begun.insert(want.slot, now);
    Effect::Load {
        slot: want.slot,
        ticket,
        query: want.query,
    }
}

/// The next moment a question is due.
pub fn next_deadline(wants: &[Want], store: &Store, now: Instant) -> Option<Instant> {
    wants.iter().filter_map(|want| due(want, store, now)).min()
}

/// When a want is due; `None` while its question is under way.
fn due(want: &Want, store: &Store, now: Instant) -> Option<Instant> {
    let period = if store.is_overtaken(want.slot) {
        Duration::ZERO
    } else {
        want.period
    };
    match want.urgency {
        Urgency::Routine => store.due(want.slot, period, now),
        // What was asked in these very words leaves the same holes again: only another question is asked at once.
        Urgency::Missing if store.derived.asking.get(&want.slot) == Some(&want.query) => {
            store.due(want.slot, period, now)
        }
        Urgency::Missing => store.due(want.slot, Duration::ZERO, now),
        Urgency::Replaces if store.asked(want.slot).is_some() => {
            (store.derived.asking.get(&want.slot) != Some(&want.query)).then_some(now)
        }
        Urgency::Replaces if store.derived.asking.get(&want.slot) == Some(&want.query) => {
            store.due(want.slot, period, now)
        }
        Urgency::Replaces => Some(now),
    }
}

/// How old the figures on screen are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing has arrived yet.
    Waiting {
        /// Since when the oldest question is open.
        since: Option<Instant>,
    },
    /// Every figure is within its refresh period.
    Live,
    /// Nothing is asked: nobody is there.
    Paused,
    /// The oldest figure that is overdue or failed to refresh arrived then.
    Stale {
        /// When it arrived.
        since: Instant,
    },
}

/// A refresh may take this long beyond its period before its figures count as stale.
const GRACE: Duration = Duration::from_secs(3);

/// How fresh the figures behind `wants` are.
pub fn freshness(wants: &[Want], view: View<'_>) -> Freshness {
    let mut oldest: Option<Instant> = None;
    for want in wants {
        match view.store.arrived(want.slot) {
            None if want.slot == SlotId::Overview => {
                return Freshness::Waiting {
                    since: view.store.asked(want.slot),
                };
            }
            None => {}
            Some(at) if view.now >= at + want.period + GRACE => oldest = Some(oldest.map_or(at, |old| old.min(at))),
            Some(_) => {}
        }
    }
    oldest.map_or(Freshness::Live, |since| Freshness::Stale { since })
}

/// A question that takes longer than this is shown to be under way, with its seconds.
const SLOW: Duration = Duration::from_secs(1);

/// When the words about the data's age will change by themselves: a figure gets stale, a stale one or a slow question
/// is a second older, a failed one is a second nearer to its next try.
pub fn next_change(wants: &[Want], view: View<'_>) -> Option<Instant> {
    let slots = || wants.iter().map(|want| want.slot);
    let slow = slots().filter_map(|slot| view.store.asked(slot)).map(|since| {
        let waited = view.now.saturating_duration_since(since);
        since + Duration::from_secs(waited.as_secs() + 1).max(SLOW)
    });
    let failed = slots().filter_map(|slot| view.store.retry_at(slot)).map(|at| {
        let left = at.saturating_duration_since(view.now);
        // The countdown is rounded up, so it changes when the rest below whole seconds is over.
        let part = Duration::from_nanos(u64::from(left.subsec_nanos()));
        view.now + if part.is_zero() { Duration::from_secs(1) } else { part }
    });
    freshness_change(wants, view)
        .into_iter()
        .chain(slow)
        .chain(failed)
        .min()
}

/// When [`freshness`] will say something else.
fn freshness_change(wants: &[Want], view: View<'_>) -> Option<Instant> {
    match freshness(wants, view) {
        Freshness::Stale { since } => {
            let age = view.now.saturating_duration_since(since);
            Some(since + Duration::from_secs(age.as_secs() + 1))
        }
        Freshness::Live => wants
            .iter()
            .filter_map(|want| Some(view.store.arrived(want.slot)? + want.period + GRACE))
            .min(),
        Freshness::Waiting { .. } => Some(view.now + Duration::from_secs(1)),
        Freshness::Paused => None,
    }
}
