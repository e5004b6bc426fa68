//! Draws one topic; its picture stands in `app::pane::topic`.

mod configs;
mod readers;

use std::fmt::{self, Display};

use ratatui::Frame;
use ratatui::layout::Rect;

use super::face;
use super::format::{Bytes, Count};
use super::line::Line;
use super::table::{CellText, Column, RowLook, RowSource, Table};
use super::theme::Role;
use super::{Paint, figure};
use crate::app::pane::topic::{Tab, TopicScreen};
use crate::app::pane::{Pane, View};
use crate::app::slot::SlotId;
use crate::app::store::Store;
use crate::kafka::model::{BrokerId, Offset, Partition};
use crate::layout::{self, Area};

type ShowPartition = fn(&Partition, &Rows<'_>, &mut CellText<'_>);

const PARTITION_COLUMNS: &[(Column, ShowPartition)] = &[
    (Column::right("P").least(4), |partition, _, cell| {
        cell.show(partition.id);
    }),
    (Column::right("LEADER"), |partition, _, cell| match partition.leader {
        Some(leader) => {
            cell.show(leader);
        }
        None => {
            cell.role(Role::Danger).show("none");
        }
    }),
    (Column::left("REPLICAS"), |partition, rows, cell| {
        let missing = &rows.store.derived.health.missing;
        let is_missing = |id: &BrokerId| missing.contains_key(id);
        if partition.is_under_replicated() || partition.replicas.iter().any(is_missing) {
            cell.role(Role::Danger);
        }
        cell.show(Replicas(partition, &is_missing));
    }),
    (Column::left("ISR").leaves(4), |partition, _, cell| {
        if partition.isr.is_empty() {
            cell.role(Role::Danger).show("none");
        } else {
            cell.show(Ids(&partition.isr));
        }
    }),
    (
        Column::right("LOG START").least(9).leaves(3),
        |partition, rows, cell| {
            offset(cell, rows.offsets(partition).and_then(|offsets| offsets.log_start));
        },
    ),
    (Column::right("END").least(9).leaves(2), |partition, rows, cell| {
        offset(cell, rows.offsets(partition).and_then(|offsets| offsets.end));
    }),
    (
        Column::right("OFFSET RANGE").least(12),
        |partition, rows, cell| match rows
            .offsets(partition)
            .and_then(crate::kafka::model::PartitionOffsets::range)
        {
            Some(range) => {
                cell.show(Count(range));
            }
            None => figure::unknown(cell),
        },
    ),
    (
        Column::right("SIZE").least(8).leaves(1),
        |partition, rows, cell| match rows.pane.size(partition, rows.store) {
            Some(bytes) => {
                cell.show(Bytes(bytes));
            }
            None => figure::unknown(cell),
        },
    ),
];

struct Rows<'a> {
    pane: &'a TopicScreen,
    store: &'a Store,
}

impl<'a> Rows<'a> {
    fn offsets(&self, partition: &Partition) -> Option<&'a crate::kafka::model::PartitionOffsets> {
        self.pane.offsets(partition.id, self.store)
    }
}

impl RowSource for Rows<'_> {
    fn row_count(&self) -> usize {
        self.pane.row_count()
    }

    fn cell(&self, row: usize, column: usize, cell: &mut CellText<'_>) {
        match self.pane.tab() {
            Tab::Partitions => {
                if let (Some(partition), Some((_, show))) =
                    (self.pane.partition(row, self.store), PARTITION_COLUMNS.get(column))
                {
                    show(partition, self, cell);
                }
            }
            Tab::Configs => {
                if let (Some(entry), Some((_, show))) =
                    (self.pane.config(row, self.store), configs::COLUMNS.get(column))
                {
                    show(entry, cell);
                }
            }
            Tab::Groups => {
                if let (Some(reader), Some((_, show))) =
                    (self.pane.reader(row, self.store), readers::COLUMNS.get(column))
                {
                    show(reader, cell);
                }
            }
        }
    }

    fn look(&self, row: usize) -> RowLook {
        let is_default = self.pane.tab() == Tab::Configs
            && self
                .pane
                .config(row, self.store)
                .is_some_and(|entry| !entry.source.is_set());
        RowLook {
            role: if is_default { Role::Dim } else { Role::Text },
            is_selected: false,
        }
    }
}

fn offset(cell: &mut CellText<'_>, offset: Option<Offset>) {
    match offset {
        Some(offset) => {
            cell.show(Count(offset.0));
        }
        None => figure::unknown(cell),
    }
}

/// Broker ids: `1,2,3`.
struct Ids<'a>(&'a [BrokerId]);

impl Display for Ids<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, id) in self.0.iter().enumerate() {
            write!(f, "{}{id}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// Replicas, those that are missing in brackets, those that a reassignment adds with a plus: `1,(2),3,+4`. Also a
/// replica in the ISR is missing when its broker is: with ZooKeeper the last one never leaves the ISR.
struct Replicas<'a>(&'a Partition, &'a dyn Fn(&BrokerId) -> bool);

impl Display for Replicas<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, id) in self.0.replicas.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            if self.0.adding.contains(id) {
                write!(f, "{comma}+{id}")?;
            } else if self.0.isr.contains(id) && !(self.1)(id) {
                write!(f, "{comma}{id}")?;
            } else {
                write!(f, "{comma}({id})")?;
            }
        }
        Ok(())
    }
}

/// Draws the screen.
pub fn draw(frame: &mut Frame<'_>, _area: Rect, pane: &TopicScreen, view: View<'_>, paint: &Paint<'_>) {
    let regions = layout::list(view.body);
    draw_title(frame, regions.title, pane, view, paint);
    let listed = listed(pane, view);
    let slot = listed.slot;
    if face::instead(frame, regions.table, &listed, view, paint) {
        face::detail(frame, regions.detail, &[slot], None, view, paint);
        return;
    }
    let (name, columns): (_, Vec<Column>) = match pane.tab() {
        Tab::Partitions => (
            "partitions",
            PARTITION_COLUMNS.iter().map(|(column, _)| *column).collect(),
        ),
        Tab::Configs => ("configs", configs::COLUMNS.iter().map(|(column, _)| *column).collect()),
        Tab::Groups => ("readers", readers::COLUMNS.iter().map(|(column, _)| *column).collect()),
    };
    let (top_row, cursor) = (pane.list().top_row, Some(pane.list().cursor));
    let table = Table {
        columns: &columns,
        top_row,
        cursor,
        sort: None,
    };
    paint.table(
        frame,
        regions.table,
        name,
        &table,
        &Rows {
            pane,
            store: view.store,
        },
    );
    let slots: &[SlotId] = match pane.tab() {
        Tab::Partitions => &[SlotId::Overview, SlotId::Offsets, SlotId::Sizes, SlotId::Reassignments],
        Tab::Configs => &[SlotId::TopicConfigs],
        Tab::Groups => &[SlotId::Readers],
    };
    face::detail(frame, regions.detail, slots, None, view, paint);
}

/// What the open tab lists.
fn listed<'a>(pane: &'a TopicScreen, view: View<'_>) -> face::Rows<'a> {
    let partitions = pane.topic(view.store).map_or(0, |topic| topic.partitions.len());
    let entries = pane.configs(view.store).map_or(0, |configs| configs.value.len());
    let (what, slot, total, empty) = match pane.tab() {
        Tab::Partitions => (
            "partitions",
            SlotId::Overview,
            partitions,
            "This topic no longer exists, or is hidden.",
        ),
        Tab::Configs => (
            "entries",
            SlotId::TopicConfigs,
            entries,
            "Its configuration has not been told: see the reason below.",
        ),
        Tab::Groups => (
            "groups",
            SlotId::Readers,
            pane.readers(view.store).map_or(0, <[_]>::len),
            if view.store.failures(SlotId::Readers).is_empty() {
                "No group owns a partition of this topic or has a commit for one."
            } else {
                "None among the groups that could be read."
            },
        ),
    };
    face::Rows {
        slot,
        what,
        total,
        shown: pane.row_count(),
        filter: pane.filter().unwrap_or_default(),
        empty,
    }
}

fn draw_title(frame: &mut Frame<'_>, area: Area, pane: &TopicScreen, view: View<'_>, paint: &Paint<'_>) {
    let filter = pane.filter().unwrap_or_default();
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
    line.gap(1).name(Role::Title, pane.name()).gap(2);
    if let Some(topic) = pane.topic(view.store) {
        let count = topic.partitions.len();
        let plural = if count == 1 { "" } else { "s" };
        line.left(
            Role::Text,
            format_args!(
                "{} partition{plural}   RF {}",
                Count(count as i64),
                topic.replication_factor()
            ),
        );
        let moving = topic.partitions.iter().filter(|one| !one.adding.is_empty()).count();
        if moving > 0 {
            line.left(Role::Info, format_args!("   {} being reassigned", Count(moving as i64)));
        }
    } else {
        line.left(Role::Danger, "this topic no longer exists, or is hidden from you");
    }
    for tab in Tab::ALL {
        let name = tab.name();
        if pane.tab() == tab {
            line.gap(3).left(Role::TabOpen, format_args!("[{name}]"));
        } else {
            line.gap(4).left(Role::Tab, name).gap(1);
        }
    }
    if !filter.is_empty() {
        line.right(Role::Match, format_args!("/{filter} "), 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::PartitionId;

    #[test]
    fn replicas_that_are_not_in_sync_stand_in_brackets() {
        let ids = |list: &[i32]| list.iter().map(|id| BrokerId(*id)).collect();
        let partition = Partition {
            id: PartitionId(0),
            leader: None,
            leader_epoch: None,
            replicas: ids(&[1, 2, 3, 4]),
            isr: ids(&[3, 1]),
            adding: ids(&[4]),
        };
        assert_eq!(Replicas(&partition, &|_| false).to_string(), "1,(2),3,+4");
        let without_1 = |id: &BrokerId| id.0 == 1;
        assert_eq!(Replicas(&partition, &without_1).to_string(), "(1),(2),3,+4");
        assert_eq!(Ids(&partition.isr).to_string(), "3,1");
    }
}
