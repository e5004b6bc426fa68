//! The members of a group: what each owns, how far that is behind.

use crate::kafka::lag::watch::Sum;
use crate::kafka::model::Member;
use crate::ui::format::{Count, NOT_APPLICABLE};
use crate::ui::table::{CellText, Column};
use crate::ui::theme::Role;
use crate::ui::{figure, verdict};

type Show = fn(&Member, &Sum, &mut CellText<'_>);

pub(super) const COLUMNS: &[(Column, Show)] = &[
    (Column::name("MEMBER", 12), |member, _, cell| {
        cell.show(&member.client_id);
    }),
    (Column::left("HOST").most(40), |member, _, cell| {
        cell.show(&member.host);
    }),
    (Column::right("PARTITIONS"), |member, _, cell| match &member.assigned {
        Some(assigned) if assigned.is_empty() => {
            cell.role(Role::Warning).show("idle");
        }
        Some(assigned) => {
            cell.show(Count(assigned.len() as i64));
        }
        None => figure::unknown(cell),
    }),
    (Column::right("LAG").least(8), |member, sum, cell| {
        match &member.assigned {
            Some(assigned) if assigned.is_empty() => {
                cell.show(NOT_APPLICABLE);
            }
            Some(_) => {
                cell.show(figure::lag(sum.lag, sum.uncommitted));
            }
            None => figure::unknown(cell),
        }
    }),
    (Column::right("IN").least(7).leaves(2), |_, sum, cell| {
        verdict::rate(cell, sum.partitions, sum.pace.map(|pace| pace.produced));
    }),
    (Column::right("OUT").least(7).leaves(1), |_, sum, cell| {
        verdict::rate(cell, sum.partitions, sum.pace.map(|pace| pace.consumed));
    }),
    (Column::left("VERDICT").least(10).most(44), |_, sum, cell| {
        verdict::of_sum(cell, sum);
    }),
    (Column::left("INSTANCE").leaves(3).most(30), |member, _, cell| {
        cell.show(member.instance_id.as_deref().unwrap_or(NOT_APPLICABLE));
    }),
    (Column::left("MEMBER ID").leaves(4).most(60), |member, _, cell| {
        cell.show(&member.id);
    }),
];
