//! The groups that read a topic: their columns.

use crate::kafka::lag::TopicReader;
use crate::ui::figure;
use crate::ui::format::{Count, NOT_APPLICABLE};
use crate::ui::table::{CellText, Column};
use crate::ui::theme::Role;

/// What a column shows of a group.
pub(super) type ShowReader = fn(&TopicReader, &mut CellText<'_>);

/// The columns.
pub(super) const COLUMNS: &[(Column, ShowReader)] = &[
    (Column::name("GROUP", 24), |reader, cell| {
        cell.show(&reader.listing.group);
    }),
    (Column::left("STATE").least(8), |reader, cell| {
        if reader.state.is_rebalancing() {
            cell.role(Role::Warning);
        }
        cell.show(&reader.state);
    }),
    (Column::left("TYPE").least(8).leaves(4), |reader, cell| {
        cell.show(reader.listing.kind.as_str());
    }),
    (Column::right("MEMBERS").leaves(1), |reader, cell| {
        cell.show(Count(reader.members as i64));
    }),
    (Column::right("PARTITIONS").leaves(2), |reader, cell| {
        cell.show(Count(reader.partitions as i64));
    }),
    (Column::right("LAG").least(10), |reader, cell| {
        // Nothing was committed that could lag behind: that is not 0.
        if reader.uncommitted == reader.partitions {
            cell.show(NOT_APPLICABLE);
        } else {
            figure::total(cell, reader.lag);
        }
    }),
    (Column::right("UNCOMMITTED").leaves(3), |reader, cell| {
        figure::bad_if_any(cell, reader.uncommitted, Role::Warning);
    }),
];
