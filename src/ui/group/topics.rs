//! The topics of a group: which of them is behind.

use crate::kafka::lag::watch::Sum;
use crate::kafka::model::TopicName;
use crate::ui::format::Count;
use crate::ui::table::{CellText, Column};
use crate::ui::{figure, verdict};

type Show = fn(&TopicName, &Sum, &mut CellText<'_>);

pub(super) const COLUMNS: &[(Column, Show)] = &[
    (Column::name("TOPIC", 16), |topic, _, cell| {
        cell.show(topic);
    }),
    (Column::right("PARTITIONS"), |_, sum, cell| {
        cell.show(Count(sum.partitions as i64));
    }),
    (Column::right("LAG").least(10), |_, sum, cell| {
        cell.show(figure::lag(sum.lag, sum.uncommitted));
    }),
    (Column::right("IN").least(7).leaves(2), |_, sum, cell| {
        verdict::rate(cell, sum.partitions, sum.pace.map(|pace| pace.produced));
    }),
    (Column::right("OUT").least(7).leaves(1), |_, sum, cell| {
        verdict::rate(cell, sum.partitions, sum.pace.map(|pace| pace.consumed));
    }),
    (Column::left("VERDICT").fills(22), |_, sum, cell| {
        verdict::of_sum(cell, sum);
    }),
];
