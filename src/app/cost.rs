//! What looking costs: requests, bytes and time of the newest answer in each slot.

use std::collections::BTreeMap;
use std::time::Duration;

use super::slot::SlotId;
use crate::kafka::query::Cost;

/// What one answer took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Of the cluster.
    pub cost: Cost,
    /// From the question to its answer.
    pub took: Duration,
}

/// What the newest answers took.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    newest: BTreeMap<SlotId, Spent>,
    shown: BTreeMap<SlotId, Spent>,
    /// What those took to which nobody failed to answer.
    work: BTreeMap<SlotId, Duration>,
}

impl Costs {
    /// Takes what an answer took. Where it is not whole, it is also the time in which somebody was waited for in vain.
    pub fn note(&mut self, slot: SlotId, spent: Spent, is_whole: bool) {
        self.newest.insert(slot, spent);
        let work = self.work.entry(slot).or_insert(spent.took);
        *work = if is_whole { spent.took } else { spent.took.min(*work) };
        let shown = self.shown.entry(slot).or_insert(spent);
        if !is_like(shown, &spent) {
            *shown = spent;
        }
    }

    /// What the newest answer in a slot took.
    pub fn newest(&self, slot: SlotId) -> Option<Spent> {
        self.newest.get(&slot).copied()
    }

    /// What work an answer in a slot is, waiting in vain left out as far as that is known.
    pub fn work(&self, slot: SlotId) -> Option<Duration> {
        self.work.get(&slot).copied()
    }

    /// What an answer in a slot takes, give or take a fifth: what is said of it stays while nothing much changes.
    pub fn usual(&self, slot: SlotId) -> Option<Spent> {
        self.shown.get(&slot).copied()
    }
}

/// Whether two are the same for somebody who wants to know what looking costs.
fn is_like(one: &Spent, other: &Spent) -> bool {
    let is_near = |one: u64, other: u64| one.abs_diff(other) <= one.max(other) / 5;
    let seconds = |spent: &Spent| spent.took.as_secs();
    is_near(one.cost.requests, other.cost.requests)
        && is_near(one.cost.bytes, other.cost.bytes)
        && is_near(seconds(one), seconds(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_the_cost_does_not_change_with_every_answer() {
        let mut costs = Costs::default();
        let mut note = |requests, bytes, millis| {
            let cost = Cost { requests, bytes };
            let took = Duration::from_millis(millis);
            costs.note(SlotId::Lags, Spent { cost, took }, true);
            let newest = costs.newest(SlotId::Lags).map(|spent| spent.cost.bytes);
            (costs.usual(SlotId::Lags).map(|spent| spent.cost.bytes), newest)
        };
        assert_eq!(note(10, 1_000, 40), (Some(1_000), Some(1_000)));
        assert_eq!(note(10, 1_100, 700), (Some(1_000), Some(1_100)));
        assert_eq!(note(10, 1_300, 40), (Some(1_300), Some(1_300)));
        assert_eq!(note(20, 1_299, 40), (Some(1_299), Some(1_299)), "twice the requests");
        assert_eq!(note(20, 1_298, 1_400), (Some(1_298), Some(1_298)), "a second more");
    }

    #[test]
    fn waiting_in_vain_for_a_broker_is_no_work() {
        let mut costs = Costs::default();
        let mut note = |seconds, is_whole| {
            let (cost, took) = (Cost::default(), Duration::from_secs(seconds));
            costs.note(SlotId::AllLags, Spent { cost, took }, is_whole);
            let newest = costs.newest(SlotId::AllLags).map(|spent| spent.took);
            assert_eq!(newest, Some(took), "what it took is said all the same");
            costs.work(SlotId::AllLags).map(|work| work.as_secs())
        };
        assert_eq!(note(10, false), Some(10), "nothing better is known");
        assert_eq!(note(2, true), Some(2));
        assert_eq!(note(10, false), Some(2));
        assert_eq!(note(1, false), Some(1));
        assert_eq!(note(4, true), Some(4));
    }
}
