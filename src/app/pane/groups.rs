//! All consumer groups: which one is worst, and is it getting better?
//!
//! ```text
//!  Groups  6                                                                       worst first
//!    GROUP               STATE   MEMBERS      LAG    TREND    RATE    BEHIND       ETA  VERDICT
//!  ▸ audit-archiver      Empty         0      812  ▁▁▁▁▁▁▁     0/s  1 d 02 h     never  stopped over 12 m 04 s
//!    payments-processor  Stable        3  184,201  ▇▇▆▅▄▃▂  -412/s  4 m 10 s  7 m 27 s  catching up
//! ```
//! A pinned group has a `●` before its row and comes first whatever the order.
//!
//! RATE is by how much the lag grows. The verdict needs a while (`kafka::lag::watch`): until then it says so.
//! The listing comes from every coordinator. Lag and members are asked for the visible groups; where there are more
//! groups than rows, a slower pass over all of them keeps the order true.

use std::collections::HashSet;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::order::{Direction, SortKey};
use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::coordinator::Coordinator;
use crate::app::copy::{Copyable, Subject};
use crate::app::filter::ListFilter;
use crate::app::list::ListState;
use crate::app::memory::Memo;
use crate::app::moving::{At, Draft};
use crate::app::nav::Location;
use crate::app::schedule;
use crate::app::slot::SlotId;
use crate::app::toast::Level;
use crate::kafka::lag::alarm::Over;
use crate::kafka::lag::watch::{GroupPace, GroupWatch};
use crate::kafka::model::{GroupId, GroupListing, GroupState, Total};
use crate::kafka::query::{Members, Query};
use crate::layout;

/// Commits of one group at which is looked at once: each may bring a whole batch. The others have their turn at the next
/// look.
const AT_ONCE: usize = 3;

/// What groups can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupOrder {
    /// Verdict, the worst first; of equally bad ones the larger lag.
    #[default]
    Danger,
    /// Total lag, the largest first.
    Lag,
    /// Name.
    Name,
    /// State.
    State,
    /// Members.
    Members,
}

impl SortKey for GroupOrder {
    const ALL: &'static [Self] = &[Self::Danger, Self::Lag, Self::Name, Self::State, Self::Members];

    fn natural(self) -> Direction {
        match self {
            Self::Danger | Self::Lag | Self::Members => Direction::Down,
            Self::Name | Self::State => Direction::Up,
        }
    }
}

/// State of the list.
#[derive(Debug)]
pub struct Groups {
    list: ListState,
    order: GroupOrder,
    direction: Direction,
    filter_line: String,
    filter: ListFilter,
    /// Indices into the listings: what passes the filter, in order.
    rows: Vec<u32>,
    under_cursor: Option<GroupId>,
    derived_from: [Option<Instant>; 4],
}

impl Default for Groups {
    fn default() -> Self {
        let order = GroupOrder::default();
        Self {
            list: ListState::default(),
            order,
            direction: order.natural(),
            filter_line: String::new(),
            filter: ListFilter::default(),
            rows: Vec::new(),
            under_cursor: None,
            derived_from: [None; 4],
        }
    }
}

/// What is known of one group, from the listing and from the newest answers about it.
#[derive(Clone, Copy, Debug)]
pub struct GroupRow<'a> {
    /// The listing.
    pub listing: &'a GroupListing,
    /// Its state.
    pub state: Option<&'a GroupState>,
    /// Live members.
    pub members: Option<usize>,
    /// Total lag over partitions with a commit.
    pub lag: Option<Total>,
    /// Assigned partitions without a commit.
    pub uncommitted: Option<usize>,
    /// Partitions that are assigned or have a commit.
    pub partitions: usize,
    /// Their topics.
    pub topics: Option<usize>,
    /// The time on the wall when it was last looked at, in Unix milliseconds.
    pub wall: Option<i64>,
    /// What was seen of it over time.
    pub watch: Option<&'a GroupWatch>,
    /// How long ago the lag was told.
    pub age: Option<Duration>,
    /// Whether it stays on top of the list.
    pub is_pinned: bool,
    /// The limit that its lag is over.
    pub over: Option<Over<'a>>,
    /// Who coordinates it, and why all of this may be old.
    pub coordinator: Coordinator<'a>,
}

impl<'a> GroupRow<'a> {
    /// Puts together what the store knows of a group.
    pub fn of(listing: &'a GroupListing, view: View<'a>) -> Self {
        let View { store, now, .. } = view;
        let described = store
            .lags
            .value()
            .and_then(|facts| facts.get(&listing.group))
            .map(|fact| &fact.value);
        let newest = store.lag_of(&listing.group);
        Self {
            listing,
            state: described
                .and_then(|summary| summary.state.as_ref())
                .or(listing.state.as_ref()),
            members: described.and_then(|summary| summary.members),
            lag: newest.map(|fact| fact.value.lag),
            partitions: newest.map_or(0, |fact| fact.value.partitions),
            topics: described
                .or(newest.map(|fact| &fact.value))
                .map(|summary| summary.topics),
            wall: store.wall_of(&listing.group),
            watch: store.derived.watches.get(&listing.group),
            uncommitted: described.and_then(|summary| summary.uncommitted),
            age: newest.map(|fact| now.saturating_duration_since(fact.at)),
            is_pinned: view.memory.is_pinned(&listing.group),
            over: store.derived.alarms.over(&listing.group),
            coordinator: Coordinator::of(listing, store),
        }
    }
}

impl Groups {
    /// Cursor and window.
    pub fn list(&self) -> ListState {
        self.list
    }

    /// Number of rows.
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// What the list is sorted by.
    pub fn order(&self) -> (GroupOrder, Direction) {
        (self.order, self.direction)
    }

    /// The group of a row.
    pub fn row<'a>(&self, row: usize, view: View<'a>) -> Option<GroupRow<'a>> {
        let listing = view.store.groups.value()?.get(*self.rows.get(row)? as usize)?;
        Some(GroupRow::of(listing, view))
    }

    fn page(view: View<'_>) -> usize {
        layout::list(view.body).page().into()
    }

    /// The groups that are looked at closely: the visible ones, and the pinned ones, which come first.
    fn closely(&self, view: View<'_>) -> Vec<GroupListing> {
        let window = self.list.window(self.rows.len(), Self::page(view));
        let rows = |range: Range<usize>| range.filter_map(|row| self.row(row, view));
        let pinned = rows(0..window.start).take_while(|row| row.is_pinned);
        let closely = pinned.chain(rows(window.clone()));
        closely.map(|row| row.listing.clone()).collect()
    }

    /// What lies at the worst commits of each visible group, where that is not known.
    fn wants_tails(visible: &[&GroupWatch]) -> Option<Want> {
        let (mut places, mut is_missing) = (Vec::new(), false);
        for watch in visible {
            let unknown = watch.places(AT_ONCE);
            is_missing |= !unknown.is_empty() && watch.oldest().is_none();
            places.extend(unknown);
        }
        (!places.is_empty()).then(|| Want::every(10, SlotId::Tails, Query::Tails(places)).missing(is_missing))
    }

    fn derive(&mut self, view: View<'_>) {
        let store = view.store;
        let listings = store.groups.value().map(Vec::as_slice).unwrap_or_default();
        let shown = |listing: &GroupListing| self.filter.matches([listing.group.as_str()]);
        // A row is put together once, not once for each comparison.
        let mut rows: Vec<(u32, GroupRow<'_>)> = (0_u32..)
            .zip(listings)
            .filter(|(_, listing)| shown(listing))
            .map(|(index, listing)| (index, GroupRow::of(listing, view)))
            .collect();
        let (order, direction) = (self.order, self.direction);
        rows.sort_by(|(_, one), (_, other)| {
            let by_name = || one.listing.group.cmp(&other.listing.group);
            let ordering = match order {
                GroupOrder::Name => direction.apply(by_name()),
                GroupOrder::State => direction.unknown_last(one.state, other.state),
                GroupOrder::Members => direction.unknown_last(one.members, other.members),
                GroupOrder::Lag => direction.unknown_last(known_lag(*one), known_lag(*other)),
                GroupOrder::Danger => {
                    let danger = |row: &GroupRow<'_>| row.watch?.pace().map(GroupPace::danger);
                    let lag = || direction.unknown_last(known_lag(*one), known_lag(*other));
                    direction.unknown_last(danger(one), danger(other)).then_with(lag)
                }
            };
            let pinned_first = other.is_pinned.cmp(&one.is_pinned);
            pinned_first.then(ordering).then_with(by_name)
        });
        self.rows = rows.into_iter().map(|(index, _)| index).collect();
    }

    fn keep_cursor(&mut self, view: View<'_>) {
        let listings = view.store.groups.value().map(Vec::as_slice).unwrap_or_default();
        let at = self.under_cursor.as_ref().and_then(|name| {
            self.rows.iter().position(|index| {
                listings
                    .get(*index as usize)
                    .is_some_and(|listing| listing.group == *name)
            })
        });
        self.list
            .move_to(at.unwrap_or(self.list.cursor), self.rows.len(), Self::page(view));
    }

    fn remember(&mut self, view: View<'_>) {
        self.under_cursor = self.row(self.list.cursor, view).map(|row| row.listing.group.clone());
    }

    /// Pins the group under the cursor, or lets it go where the order has it. The cursor stays on it.
    fn pin(&mut self, view: View<'_>) -> Option<Intent> {
        let row = self.row(self.list.cursor, view)?;
        if !row.is_pinned && !view.memory.can_pin() {
            let why = "so many groups are pinned already: p on one of them lets it go";
            return Some(Intent::Say(Level::Warning, why.to_owned()));
        }
        let memo = Memo::Pin(row.listing.group.clone(), !row.is_pinned);
        self.remember(view);
        self.derived_from = [None; 4];
        Some(Intent::Remember(memo))
    }

    fn sort_by(&mut self, order: GroupOrder, direction: Direction, view: View<'_>) {
        (self.order, self.direction) = (order, direction);
        self.derived_from = [None; 4];
        self.refresh(view);
    }
}

/// The lag to sort by; a sum of which no part is known is unknown.
fn known_lag(row: GroupRow<'_>) -> Option<i64> {
    row.lag
        .filter(|lag| lag.parts > 0 || lag.unknown == 0)
        .map(|lag| lag.known)
}

impl Pane for Groups {
    fn scope(&self) -> Scope {
        Scope::Groups
    }

    fn location(&self) -> Location {
        Location::Groups
    }

    fn hints(&self) -> Vec<Action> {
        vec![
            Action::Open,
            Action::MoveOffsets,
            Action::ChangeGroup,
            Action::Filter,
            Action::Sort,
            Action::PinGroup,
            Action::Refresh,
            Action::Help,
        ]
    }

    fn act(&mut self, action: Action, view: View<'_>, out: &mut Vec<Intent>) -> bool {
        if self.list.act(action, self.rows.len(), Self::page(view)) {
            self.remember(view);
            return true;
        }
        match action {
            Action::Open => {
                let selected = self.row(self.list.cursor, view);
                out.extend(selected.map(|row| Intent::Go(Location::Group(row.listing.clone()))));
            }
            Action::PinGroup => out.extend(self.pin(view)),
            Action::Sort => self.sort_by(self.order.next(), self.order.next().natural(), view),
            Action::ReverseSort => self.sort_by(self.order, self.direction.reversed(), view),
            _ => return false,
        }
        true
    }

    fn wants(&self, view: View<'_>) -> Vec<Want> {
        // A listing is cheap: what is in doubt is asked again soon.
        let store = view.store;
        let mut failures = store.groups.failures().iter();
        let is_doubtful = failures.any(|failure| failure.error.is_retriable()) || !store.derived.unlisted.is_empty();
        let period = if is_doubtful { 5 } else { 15 };
        let mut wants = vec![Want::every(period, SlotId::Groups, Query::Groups)];
        let visible = self.closely(view);
        let lacks = |listing: &GroupListing| {
            view.store
                .lags
                .value()
                .is_none_or(|facts| !facts.contains_key(&listing.group))
        };
        let behind: Vec<&GroupWatch> = visible
            .iter()
            .filter_map(|listing| store.derived.watches.get(&listing.group))
            .collect();
        let closely: HashSet<GroupId> = visible.iter().map(|listing| listing.group.clone()).collect();
        if !visible.is_empty() {
            let is_missing = visible.iter().any(lacks);
            let query = Query::Lags {
                groups: visible,
                members: Members::Described,
            };
            wants.push(Want::every(schedule::ON_SCREEN.as_secs(), SlotId::Lags, query).missing(is_missing));
            wants.extend(Self::wants_tails(&behind));
        }
        if matches!(self.order, GroupOrder::Lag | GroupOrder::Danger) {
            // A filter narrows the list; who has a limit is waited for all the same.
            let is_wanted = |listing: &GroupListing| {
                let group = &listing.group;
                !closely.contains(group)
                    && (self.filter.matches([group.as_str()]) || store.derived.alarms.limit(group).is_some())
            };
            wants.extend(schedule::groups::pass(store, view.now, is_wanted));
            wants.extend(schedule::groups::log_starts(store));
        }
        wants
    }

    fn refresh(&mut self, view: View<'_>) {
        let store = view.store;
        let slots = [SlotId::Groups, SlotId::Lags, SlotId::AllLags, SlotId::LogStarts];
        let newest = slots.map(|slot| store.arrived(slot));
        if newest != self.derived_from || newest[0].is_none() {
            self.derive(view);
            self.derived_from = newest;
            self.keep_cursor(view);
        } else {
            self.list.move_to(self.list.cursor, self.rows.len(), Self::page(view));
        }
    }

    fn filter(&self) -> Option<&str> {
        Some(&self.filter_line)
    }

    fn set_filter(&mut self, line: &str, filter: ListFilter, view: View<'_>) {
        line.clone_into(&mut self.filter_line);
        self.filter = filter;
        self.derived_from = [None; 4];
        self.refresh(view);
    }

    fn group(&self, view: View<'_>) -> Option<Draft> {
        let row = self.row(self.list.cursor, view)?;
        Some(Draft {
            group: row.listing.group.clone(),
            at: At::Group,
        })
    }

    fn copy(&self, view: View<'_>) -> Option<Subject> {
        let row = self.row(self.list.cursor, view)?;
        let name = Copyable::new("name", "group name", row.listing.group.as_str());
        Some(Subject::Row(vec![name]))
    }
}
