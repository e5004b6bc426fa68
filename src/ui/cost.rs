//! What looking at groups costs, in words that stay as they are while nothing much changes.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::format::{Bytes, Count, Span};
use crate::app::cost::Spent;
use crate::app::pane::View;
use crate::app::schedule::{self, groups};
use crate::app::slot::SlotId;
use crate::app::store::rarely;

/// `9 requests, 12.1 KiB, under 1 s`.
struct Words(Spent);

impl Display for Words {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Spent { cost, took } = self.0;
        let plural = if cost.requests == 1 { "" } else { "s" };
        write!(
            f,
            "{} request{plural}, {}, ",
            Count::of(cost.requests),
            Bytes(cost.bytes)
        )?;
        match took.as_secs() {
            0 => f.write_str("under 1 s"),
            seconds => Span(Duration::from_secs(seconds)).fmt(f),
        }
    }
}

/// What the look at the groups on screen costs, that at the others, and how many of those rest.
pub fn of_groups(view: View<'_>) -> Option<String> {
    let store = view.store;
    let costs = &store.derived.sampling.costs;
    let every = Span(schedule::ON_SCREEN);
    let said = format!("a look: {}, every {every}", Words(costs.usual(SlotId::Lags)?));
    let period = groups::period(store);
    // Where every group is on screen no pass comes any more.
    let is_passed = |at| view.now < at + rarely(period) + period;
    let Some(pass) = costs
        .usual(SlotId::AllLags)
        .filter(|_| store.arrived(SlotId::AllLags).is_some_and(is_passed))
    else {
        return Some(said);
    };
    let said = format!("{said} · at the others: {}, every {}", Words(pass), Span(period));
    let passes = &store.derived.sampling.passes;
    let listings = store.groups.value().map(Vec::as_slice).unwrap_or_default();
    let at_rest = listings.iter().filter(|listing| passes.is_at_rest(listing)).count();
    Some(match at_rest {
        0 => said,
        some => format!("{said}, {} at rest every {}", Count(some as i64), Span(rarely(period))),
    })
}
