//! Moments of a recording that are worth looking at.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Replay;
use crate::app::store::Store;
use crate::kafka::model::{BrokerId, GroupId};

/// So many marks are kept.
const MOST_MARKS: usize = 10_000;
/// A verdict that got worse up to here is no news: it catches up, or is watched.
const CALM: u8 = 2;

/// A moment worth looking at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When, after the beginning.
    pub after: Duration,
    /// What happened, in words.
    pub what: String,
    /// Whether a broker was lost.
    pub is_loss: bool,
}

impl Replay {
    /// Marks what a look brought.
    pub(super) fn mark(
        &mut self,
        after: Duration,
        before: &BTreeMap<GroupId, u8>,
        brokers: &[BrokerId],
        store: &Store,
    ) {
        let lost = brokers.iter().filter(|id| !self::brokers(store).contains(id));
        let lost = lost.map(|id| (format!("broker {id} lost"), true));
        let listings = store.groups.value().map(Vec::as_slice).unwrap_or_default();
        let worse = listings.iter().filter_map(|listing| {
            let pace = store.derived.watches.get(&listing.group)?.pace()?;
            let (old, new) = (*before.get(&listing.group)?, pace.verdict.danger());
            (new > old.max(CALM)).then(|| (format!("{}: {}", listing.group, pace.verdict.word()), false))
        });
        for (what, is_loss) in lost.chain(worse) {
            if self.marks.len() < MOST_MARKS {
                self.marks.push(Mark { after, what, is_loss });
            }
        }
    }
}

/// How bad each group is.
pub(super) fn verdicts(store: &Store) -> BTreeMap<GroupId, u8> {
    let listings = store.groups.value().map(Vec::as_slice).unwrap_or_default();
    let each = listings.iter().filter_map(|listing| {
        let pace = store.derived.watches.get(&listing.group)?.pace()?;
        Some((listing.group.clone(), pace.verdict.danger()))
    });
    each.collect()
}

/// The brokers that are up.
pub(super) fn brokers(store: &Store) -> Vec<BrokerId> {
    let cluster = store.newest_cluster();
    cluster
        .map(|cluster| cluster.brokers.iter().map(|broker| broker.id).collect())
        .unwrap_or_default()
}
