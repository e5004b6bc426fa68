//! Draws the list of topics; its picture stands in `app::pane::topics`.

use std::time::{Duration, Instant};

use ratatui::Frame;
use ratatui::layout::Rect;

use super::face;
use super::format::{Bytes, Count, Period, Rate, UNKNOWN, UNLIMITED};
use super::line::Line;
use super::table::{CellText, Column, Order, RowLook, RowSource, Table};
use super::theme::Role;
use super::{Paint, figure};
use crate::app::pane::order::Direction;
use crate::app::pane::topics::{self, Internal, TopicOrder, Topics};
use crate::app::pane::{Pane, View};
use crate::app::slot::SlotId;
use crate::app::store::Store;
use crate::kafka::model::{ConfigEntry, MinIsr, Topic};
use crate::layout;

/// Columns of the list. `sorts` names the order that a column stands for.
struct TopicColumn {
    column: Column,
    sorts: Option<TopicOrder>,
    show: fn(&Topic, &Rows<'_>, &mut CellText<'_>),
}

const fn column(
    column: Column,
    sorts: Option<TopicOrder>,
    show: fn(&Topic, &Rows<'_>, &mut CellText<'_>),
) -> TopicColumn {
    TopicColumn { column, sorts, show }
}

const COLUMNS: &[TopicColumn] = &[
    column(Column::name("NAME", 24), Some(TopicOrder::Name), |topic, _, cell| {
        cell.show(&topic.name);
    }),
    column(
        Column::right("PART").leaves(3),
        Some(TopicOrder::Partitions),
        |topic, _, cell| {
            cell.show(Count(topic.partitions.len() as i64));
        },
    ),
    column(Column::right("RF").leaves(6), None, |topic, _, cell| {
        cell.show(topic.replication_factor());
    }),
    column(
        Column::right("URP"),
        Some(TopicOrder::UnderReplicated),
        |topic, _, cell| {
            figure::bad_if_any(cell, topic.under_replicated(), Role::Danger);
        },
    ),
    column(Column::right("<MIN").leaves(7), None, |topic, rows, cell| {
        match rows.store.min_insync(&topic.name) {
            Some(min) => figure::bad_if_any(cell, topic.under_min_isr(min), Role::Danger),
            None => figure::unknown(cell),
        }
    }),
    // As wide as that it leaves at 120 columns: names stay whole, and a cursor step below 200 bytes.
    column(Column::right("=MIN").least(10).leaves(9), None, |topic, rows, cell| {
        let mut counted = MinIsr::default();
        let min = rows.store.min_insync(&topic.name);
        topic
            .partitions
            .iter()
            .for_each(|partition| counted.add(partition, min));
        figure::bad_total_if_any(cell, counted.at, Role::Warning);
    }),
    column(
        Column::right("OFFLINE").leaves(4),
        Some(TopicOrder::Offline),
        |topic, _, cell| {
            figure::bad_if_any(cell, topic.offline(), Role::Danger);
        },
    ),
    column(Column::right("OFFSET RANGE").least(12), Some(TopicOrder::Range), range),
    column(Column::right("SIZE").least(8).leaves(1), Some(TopicOrder::Size), size),
    column(Column::right("IN").least(6).leaves(5), None, rate),
    column(Column::left("RETENTION").leaves(2), None, |topic, rows, cell| {
        let is_compacted = rows.config(topic, "cleanup.policy") == Some("compact");
        match rows.config(topic, "retention.ms").map(str::parse) {
            // Only deletion looks at it: the newest record of a key stays for ever.
            Some(Ok::<i64, _>(_)) if is_compacted => cell.show(UNLIMITED),
            Some(Ok(millis)) => cell.show(Period(millis)),
            _ => cell.role(Role::Unknown).show(UNKNOWN),
        };
    }),
    column(
        Column::left("CLEANUP").leaves(8),
        None,
        |topic, rows, cell| match rows.config(topic, "cleanup.policy") {
            Some(policy) => {
                cell.show(policy);
            }
            None => figure::unknown(cell),
        },
    ),
];

/// Figures older than this are dimmed: the row was off the screen for a while.
pub(super) const STALE_AFTER: Duration = Duration::from_secs(15);

struct Rows<'a> {
    pane: &'a Topics,
    store: &'a Store,
    now: Instant,
}

impl Rows<'_> {
    fn config(&self, topic: &Topic, name: &str) -> Option<&str> {
        let entries: &[ConfigEntry] = &self.store.configs.value()?.get(&topic.name)?.value;
        entries.iter().find(|entry| entry.name == name)?.value.as_deref()
    }

    fn age(&self, at: Instant) -> Role {
        if self.now.saturating_duration_since(at) > STALE_AFTER {
            Role::Stale
        } else {
            Role::Text
        }
    }
}

fn range(topic: &Topic, rows: &Rows<'_>, cell: &mut CellText<'_>) {
    match rows.store.offsets.value().and_then(|facts| facts.get(&topic.name)) {
        Some(fact) => figure::total(cell.role(rows.age(fact.at)), fact.value.range()),
        None => figure::unknown(cell),
    }
}

fn size(topic: &Topic, rows: &Rows<'_>, cell: &mut CellText<'_>) {
    match topics::size(topic, rows.store) {
        Some(total) if total.parts > 0 || total.unknown == 0 => {
            cell.show(Bytes(total.known.unsigned_abs()));
            if total.unknown > 0 {
                cell.show(format_args!(" + ?{}", total.unknown));
            }
        }
        Some(_) | None => figure::unknown(cell),
    }
}

fn rate(topic: &Topic, rows: &Rows<'_>, cell: &mut CellText<'_>) {
    let fact = rows.store.offsets.value().and_then(|facts| facts.get(&topic.name));
    match fact.and_then(|fact| Some((fact.at, fact.value.rate?))) {
        Some((at, rate)) => {
            cell.role(rows.age(at)).show(Rate(rate));
        }
        None => figure::unknown(cell),
    }
}

impl RowSource for Rows<'_> {
    fn row_count(&self) -> usize {
        self.pane.row_count()
    }

    fn cell(&self, row: usize, column: usize, cell: &mut CellText<'_>) {
        if let (Some(topic), Some(column)) = (self.pane.topic(row, self.store), COLUMNS.get(column)) {
            (column.show)(topic, self, cell);
        }
    }

    fn look(&self, _row: usize) -> RowLook {
        RowLook::default()
    }
}

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, _area: Rect, pane: &Topics, view: View<'_>, paint: &Paint<'_>) {
    let regions = layout::list(view.body);
    let rows = Rows {
        pane,
        store: view.store,
        now: view.now,
    };
    draw_title(frame, regions.title, pane, view, paint);
    let listed = face::Rows {
        slot: SlotId::Overview,
        what: "topics",
        total: view.store.overview.value().map_or(0, |overview| overview.topics.len()),
        shown: pane.row_count(),
        filter: pane.filter().unwrap_or_default(),
        empty: "The cluster has no topics but internal ones, or hides them from these credentials.",
    };
    if face::instead(frame, regions.table, &listed, view, paint) {
        return;
    }
    let (order, direction) = pane.order();
    let columns: Vec<Column> = COLUMNS.iter().map(|column| column.column).collect();
    let sorted = COLUMNS.iter().position(|column| column.sorts == Some(order));
    let table = Table {
        columns: &columns,
        top_row: pane.list().top_row,
        cursor: Some(pane.list().cursor),
        sort: sorted.map(|at| (at, order_of(direction))),
    };
    paint.table(frame, regions.table, "topics", &table, &rows);
    let slots = [SlotId::Overview, SlotId::Offsets, SlotId::Sizes, SlotId::Configs];
    face::detail(frame, regions.detail, &slots, None, view, paint);
}

/// The arrow of a direction.
pub(super) fn order_of(direction: Direction) -> Order {
    match direction {
        Direction::Up => Order::Ascending,
        Direction::Down => Order::Descending,
    }
}

fn draw_title(frame: &mut Frame<'_>, area: layout::Area, pane: &Topics, view: View<'_>, paint: &Paint<'_>) {
    let all = view.store.overview.value().map_or(0, |overview| overview.topics.len());
    let (order, direction) = pane.order();
    let filter = pane.filter().unwrap_or_default();
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
    line.left(Role::Title, " Topics  ");
    let shown = Count(pane.row_count() as i64);
    let internal = if pane.internal() == Internal::Hidden {
        " (internal hidden)"
    } else {
        ""
    };
    if view.store.overview.loaded().is_some() {
        line.left(Role::Text, format_args!("{shown} of {}{internal}", Count(all as i64)));
    }
    if !filter.is_empty() {
        line.right(Role::Match, format_args!("/{filter} "), 2);
    }
    let name = match order {
        TopicOrder::Name => "name",
        TopicOrder::Partitions => "partitions",
        TopicOrder::UnderReplicated => "under-replicated",
        TopicOrder::Offline => "offline",
        TopicOrder::Range => "offset range",
        TopicOrder::Size => "size",
    };
    line.right(
        Role::Dim,
        format_args!("sorted by {name} {}", order_of(direction).arrow()),
        2,
    );
}
