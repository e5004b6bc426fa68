//! Draws the list of groups; its picture stands in `app::pane::groups`.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::face;
use super::format::{Count, NOT_APPLICABLE, UNKNOWN};
use super::line::Line;
use super::table::{CellText, Column, RowLook, RowSource, Table};
use super::theme::Role;
use super::topics::{STALE_AFTER, order_of};
use super::verdict::Moved;
use super::{Paint, cost, figure, verdict};
use crate::app::coordinator::Silence;
use crate::app::pane::groups::{GroupOrder, GroupRow, Groups};
use crate::app::pane::order::SortKey;
use crate::app::pane::{Pane, View};
use crate::app::slot::SlotId;
use crate::kafka::lag::alarm::Over;
use crate::kafka::lag::watch::{GroupPace, GroupWatch};
use crate::kafka::model::{GroupListing, GroupType};
use crate::layout::{self, Area};

/// Before a lag that is over its limit.
const OVER: &str = "!";

type Show = fn(&GroupRow<'_>, &mut CellText<'_>);

/// Columns, the order each stands for, and what its cells show.
const COLUMNS: &[(Column, Option<GroupOrder>, Show)] = &[
    (Column::name("GROUP", 16), Some(GroupOrder::Name), |row, cell| {
        cell.show(&row.listing.group);
    }),
    (Column::left("STATE").least(8).most(12), Some(GroupOrder::State), state),
    (Column::left("TYPE").least(8).leaves(8), None, |row, cell| {
        cell.show(row.listing.kind.as_str());
    }),
    (Column::left("PROTOCOL").least(8).most(12).leaves(9), None, protocol),
    (
        Column::right("MEMBERS").leaves(1),
        Some(GroupOrder::Members),
        |row, cell| match row.members {
            Some(members) => {
                cell.show(Count(members as i64));
            }
            None => figure::unknown(cell),
        },
    ),
    (Column::right("TOPICS").leaves(7), None, |row, cell| match row.topics {
        Some(topics) => {
            cell.show(Count(topics as i64));
        }
        None => figure::unknown(cell),
    }),
    (
        Column::right("LAG").least(10),
        Some(GroupOrder::Lag),
        |row, cell| match row.lag {
            Some(lag) => {
                let lag = figure::lag(lag, row.uncommitted.unwrap_or_default());
                if row.over.is_some() {
                    cell.role(Role::Warning).show(format_args!("{OVER}{lag}"));
                    return;
                }
                if row.age.is_some_and(|age| age > STALE_AFTER) {
                    cell.role(Role::Stale);
                }
                cell.show(lag);
            }
            None => figure::unknown(cell),
        },
    ),
    (
        Column::left("TREND").least(verdict::TREND as u16).leaves(4),
        None,
        |row, cell| {
            if let Some(watch) = row.watch {
                verdict::trend(cell, watch.trend());
            }
        },
    ),
    (Column::right("IN").least(7).leaves(6), None, |row, cell| {
        verdict::rate(
            cell,
            row.partitions,
            pace(row).and_then(|pace| Some(pace.pace?.produced)),
        );
    }),
    (Column::right("OUT").least(7).leaves(5), None, |row, cell| {
        verdict::rate(
            cell,
            row.partitions,
            pace(row).and_then(|pace| Some(pace.pace?.consumed)),
        );
    }),
    (Column::right("RATE").least(7).leaves(4), None, |row, cell| {
        verdict::growth(cell, pace(row).and_then(|pace| pace.pace));
    }),
    (Column::right("BEHIND").least(9).leaves(2), None, |row, cell| {
        let lag = row.lag.and_then(|lag| lag.exact());
        let verdict = pace(row).map(|pace| &pace.verdict);
        let is_certain = row.watch.is_some_and(GroupWatch::is_oldest_certain);
        let oldest = row.watch.and_then(GroupWatch::oldest);
        verdict::behind(cell, lag, verdict, (oldest, is_certain), row.wall);
    }),
    (Column::right("ETA").least(8).leaves(3), None, |row, cell| {
        verdict::eta(cell, pace(row).and_then(|pace| pace.eta));
    }),
    (
        Column::left("VERDICT").fills(22),
        Some(GroupOrder::Danger),
        |row, cell| {
            if row.coordinator.silence.is_some() {
                cell.role(Role::Danger).show("coordinator silent");
                return;
            }
            match other_protocol(row.listing).filter(|_| row.partitions == 0) {
                Some(what) => {
                    cell.show(what);
                }
                None => verdict::of_group(cell, pace(row), row.partitions, row.uncommitted.unwrap_or_default()),
            }
        },
    ),
    (Column::right("COORDINATOR").leaves(10), None, |row, cell| {
        let id = row.coordinator.id;
        match row.coordinator.silence {
            None => cell.show(id),
            Some(Silence::Failed(_)) => cell.show(format_args!("silent {id}")),
            Some(Silence::Missing) => cell.show(format_args!("DOWN {id}")),
        };
    }),
];

/// What is concluded of the group; nothing is while its coordinator is silent.
fn pace<'a>(row: &GroupRow<'a>) -> Option<&'a GroupPace> {
    row.watch
        .filter(|_| row.coordinator.silence.is_none())
        .and_then(GroupWatch::pace)
}

/// What the members agreed to speak: a group that consumes is the rule.
fn protocol(row: &GroupRow<'_>, cell: &mut CellText<'_>) {
    let protocol = &*row.listing.protocol_type;
    if other_protocol(row.listing).is_some() {
        cell.role(Role::Info);
    }
    cell.show(if protocol.is_empty() { NOT_APPLICABLE } else { protocol });
}

/// Whose group it is, where its members share other things than partitions.
pub(super) fn other_protocol(listing: &GroupListing) -> Option<String> {
    match (listing.kind, &*listing.protocol_type) {
        (GroupType::Classic, "connect") => Some("Connect workers: no offsets".to_owned()),
        (GroupType::Classic, "sr") => Some("Schema Registry: no offsets".to_owned()),
        (GroupType::Classic, other) if !matches!(other, "" | "consumer") => Some(format!("{other}: no offsets")),
        _ => None,
    }
}

/// The column that is always there: it says that the others are old. The coordinator's may have left.
fn state(row: &GroupRow<'_>, cell: &mut CellText<'_>) {
    match row.state {
        _ if row.coordinator.silence.is_some() => {
            cell.show(format_args!("{UNKNOWN} silent"));
        }
        Some(state) => {
            if state.is_rebalancing() {
                cell.role(Role::Warning);
            }
            cell.show(state);
        }
        None => figure::unknown(cell),
    }
}

/// What there is to say of the group under the cursor.
fn reason(row: &GroupRow<'_>, view: View<'_>) -> Option<String> {
    old(row).or_else(|| {
        let Over { limit, since } = row.over?;
        let (moved, looked) = (since, row.watch.and_then(GroupWatch::seen).unwrap_or(since));
        let clock = view.store.derived.wall.as_ref()?;
        let since = Moved { moved, looked, clock };
        Some(format!(
            "lag over {} since {since} (limit {})",
            Count(limit.lag),
            limit.written
        ))
    })
}

/// Why the group under the cursor is as it was told earlier, and what its state was then.
fn old(row: &GroupRow<'_>) -> Option<String> {
    let why = match row.coordinator.silence? {
        Silence::Missing => "is missing from the cluster".to_owned(),
        Silence::Failed(error) => format!("cannot be asked ({})", error.outcome()),
    };
    let state = row.state.map(|state| format!("; last told: {state}"));
    let id = row.coordinator.id;
    Some(format!(
        "its coordinator, broker {id}, {why}{}",
        state.unwrap_or_default()
    ))
}

struct Rows<'a> {
    pane: &'a Groups,
    view: View<'a>,
}

impl RowSource for Rows<'_> {
    fn row_count(&self) -> usize {
        self.pane.row_count()
    }

    fn cell(&self, row: usize, column: usize, cell: &mut CellText<'_>) {
        if let (Some(row), Some((_, _, show))) = (self.pane.row(row, self.view), COLUMNS.get(column)) {
            show(&row, cell);
        }
    }

    fn look(&self, row: usize) -> RowLook {
        // The coordinator cannot be asked: what is shown is old.
        let row = self.pane.row(row, self.view);
        let is_lost = row.as_ref().is_some_and(|row| row.coordinator.silence.is_some());
        RowLook {
            role: if is_lost { Role::Danger } else { Role::Text },
            is_selected: row.is_some_and(|row| row.is_pinned),
        }
    }
}

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, _area: Rect, pane: &Groups, view: View<'_>, paint: &Paint<'_>) {
    let regions = layout::list(view.body);
    draw_title(frame, regions.title, pane, view, paint);
    let listed = face::Rows {
        slot: SlotId::Groups,
        what: "groups",
        total: view.store.groups.value().map_or(0, Vec::len),
        shown: pane.row_count(),
        filter: pane.filter().unwrap_or_default(),
        empty: "No consumer group is known to any coordinator, or they are hidden from these credentials.",
    };
    if face::instead(frame, regions.table, &listed, view, paint) {
        face::detail(frame, regions.detail, &[SlotId::Groups], None, view, paint);
        return;
    }
    let (order, direction) = pane.order();
    let columns: Vec<Column> = COLUMNS.iter().map(|(column, _, _)| *column).collect();
    let sorted = COLUMNS.iter().position(|(_, sorts, _)| *sorts == Some(order));
    let table = Table {
        columns: &columns,
        top_row: pane.list().top_row,
        cursor: Some(pane.list().cursor),
        sort: sorted.map(|at| (at, order_of(direction))),
    };
    paint.table(frame, regions.table, "groups", &table, &Rows { pane, view });
    let reason = pane.row(pane.list().cursor, view).and_then(|row| reason(&row, view));
    let own = reason.as_deref().map(|reason| (Role::Warning, reason));
    let slots = [SlotId::Groups, SlotId::Lags, SlotId::AllLags];
    let cost = cost::of_groups(view);
    face::detail_or(frame, regions.detail.into(), &slots, (own, cost), view, paint);
}

fn draw_title(frame: &mut Frame<'_>, area: Area, pane: &Groups, view: View<'_>, paint: &Paint<'_>) {
    let filter = pane.filter().unwrap_or_default();
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
    line.left(Role::Title, " Groups  ");
    if let Some(listings) = view.store.groups.value() {
        let all = Count(listings.len() as i64);
        if filter.is_empty() {
            line.left(Role::Text, all);
        } else {
            line.left(Role::Text, format_args!("{} of {all}", Count(pane.row_count() as i64)));
        }
        if !view.store.groups.failures().is_empty() {
            // A coordinator did not list its groups: how many there are is not known.
            line.left(Role::Warning, format_args!(" + {UNKNOWN}"));
        }
    }
    if let (over @ 1.., limit) = view.store.derived.alarms.sum() {
        let limit = limit.map_or_else(|| "their limits".to_owned(), |limit| Count(limit.lag).to_string());
        line.gap(2)
            .left(Role::Warning, format_args!("{} over {limit}", Count(over as i64)));
    }
    if !filter.is_empty() {
        line.right(Role::Match, format_args!("/{filter} "), 2);
    }
    let (order, direction) = pane.order();
    let name = match order {
        GroupOrder::Danger if direction == order.natural() => {
            line.right(Role::Dim, "worst first", 2);
            return;
        }
        GroupOrder::Danger => "verdict",
        GroupOrder::Lag => "lag",
        GroupOrder::Name => "name",
        GroupOrder::State => "state",
        GroupOrder::Members => "members",
    };
    line.right(
        Role::Dim,
        format_args!("sorted by {name} {}", order_of(direction).arrow()),
        2,
    );
}
