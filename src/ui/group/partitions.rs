//! The partitions of a group: where each begins, stands and ends, how it goes on, and whose it is.

use std::time::Instant;

use crate::app::wall::WallClock;
use crate::kafka::lag::watch::PartitionPace;
use crate::kafka::lag::{LagCase, PartitionLag};
use crate::kafka::model::{Member, Offset};
use crate::ui::figure;
use crate::ui::format::{Count, NOT_APPLICABLE};
use crate::ui::table::{CellText, Column};
use crate::ui::theme::Role;
use crate::ui::verdict::{self, Moved};

type Show = fn(&Partition<'_>, &mut CellText<'_>);

/// What is shown of a partition.
pub(super) struct Partition<'a> {
    pub lag: &'a PartitionLag,
    pub owner: Option<&'a Member>,
    pub seen: Option<PartitionPace<'a>>,
    /// When the group was last looked at, and the clock on the wall.
    pub looked: Option<(&'a WallClock, Instant)>,
}

pub(super) const COLUMNS: &[(Column, Show)] = &[
    (Column::name("TOPIC", 12), |row, cell| {
        cell.show(&row.lag.partition.topic);
    }),
    (Column::right("P").least(3), |row, cell| {
        cell.show(row.lag.partition.partition);
    }),
    (Column::right("LOG START").leaves(9), |row, cell| {
        offset(row.lag.log_start, cell);
    }),
    (Column::right("COMMITTED").leaves(5), |row, cell| {
        committed(row.lag, cell);
    }),
    (Column::right("END").least(9).leaves(6), |row, cell| {
        offset(row.lag.end, cell);
    }),
    (Column::right("LAG").least(8), |row, cell| lag(&row.lag.case, cell)),
    (
        Column::left("TREND").least(verdict::TREND as u16).leaves(4),
        |row, cell| {
            if let Some(trend) = row.seen.and_then(|seen| seen.trend) {
                verdict::trend(cell, trend);
            }
        },
    ),
    (Column::right("IN").least(7).leaves(8), |row, cell| {
        verdict::rate(cell, 1, row.seen.and_then(|seen| Some(seen.pace?.produced)));
    }),
    (Column::right("OUT").least(7).leaves(7), |row, cell| {
        verdict::rate(cell, 1, row.seen.and_then(|seen| Some(seen.pace?.consumed)));
    }),
    (Column::right("RATE").least(7).leaves(4), |row, cell| {
        verdict::growth(cell, row.seen.and_then(|seen| seen.pace));
    }),
    (Column::right("BEHIND").least(9).leaves(2), |row, cell| {
        let lag = row.seen.map_or(row.lag.case.lag(), |seen| seen.lag(row.lag));
        let verdict = row.seen.map(|seen| seen.verdict);
        verdict::behind(
            cell,
            lag,
            verdict,
            (row.seen.and_then(|seen| seen.tail), true),
            row.wall(),
        );
    }),
    (Column::right("ETA").least(8).leaves(3), |row, cell| {
        verdict::eta(cell, row.seen.and_then(|seen| seen.eta(row.lag.case.lag())));
    }),
    (Column::left("LAST COMMIT").leaves(10), |row, cell| {
        match (row.seen.and_then(|seen| seen.moved), row.looked) {
            (Some(moved), Some((clock, looked))) => {
                cell.show(Moved { moved, looked, clock });
            }
            _ if row.lag.committed.is_none() => committed(row.lag, cell),
            _ => figure::unknown(cell),
        }
    }),
    (Column::left("VERDICT").least(10).most(34), verdict),
    (Column::left("MEMBER").least(8).most(40), |row, cell| match row.owner {
        Some(member) => {
            cell.show(&member.client_id);
        }
        None => {
            cell.role(Role::Warning).show("no owner");
        }
    }),
    (Column::left("HOST").leaves(1).most(40), |row, cell| {
        cell.show(row.owner.map_or(NOT_APPLICABLE, |member| &member.host));
    }),
];

impl Partition<'_> {
    /// The time on the wall when the group was last looked at, in Unix milliseconds.
    fn wall(&self) -> Option<i64> {
        let (clock, looked) = self.looked?;
        Some(clock.time(looked).timestamp().as_millisecond())
    }
}

fn offset(offset: Option<Offset>, cell: &mut CellText<'_>) {
    match offset {
        Some(offset) => {
            cell.show(Count(offset.0));
        }
        None => figure::unknown(cell),
    }
}

fn committed(row: &PartitionLag, cell: &mut CellText<'_>) {
    match (row.committed, &row.case) {
        (None, LagCase::NoCommit { .. }) => {
            cell.show(NOT_APPLICABLE);
        }
        (committed, _) => offset(committed, cell),
    }
}

fn lag(case: &LagCase, cell: &mut CellText<'_>) {
    match case {
        LagCase::NoCommit { .. } => {
            cell.show(NOT_APPLICABLE);
        }
        case => match case.lag() {
            Some(lag) => {
                cell.show(Count(lag));
            }
            None => figure::unknown(cell),
        },
    }
}

/// The verdict, and of what was never committed how much may wait.
fn verdict(row: &Partition<'_>, cell: &mut CellText<'_>) {
    match (&row.lag.case, row.seen) {
        (LagCase::NoCommit { backlog: Some(backlog) }, _) => {
            cell.role(Role::Warning)
                .show(format_args!("no commit, up to {}", Count(*backlog)));
        }
        (_, Some(seen)) => verdict::of_partition(cell, &seen),
        (_, None) => figure::unknown(cell),
    }
}
