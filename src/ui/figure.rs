//! Cells that several panes show alike: unknown figures, sums with unknown parts, counts that should be zero.

use std::fmt;

use super::format::{self, Count, NOT_APPLICABLE, UNKNOWN};
use super::table::CellText;
use super::theme::Role;
use crate::kafka::model::Total;

/// `?`: the reason stands on the detail line.
pub fn unknown(cell: &mut CellText<'_>) {
    cell.role(Role::Unknown).show(UNKNOWN);
}

/// A count that should be zero: plain when it is, in `role` when it is not.
pub fn bad_if_any(cell: &mut CellText<'_>, count: usize, role: Role) {
    if count > 0 {
        cell.role(role);
    }
    cell.show(Count(count as i64));
}

/// A sum that should be zero, of which parts may be unknown.
pub fn bad_total_if_any(cell: &mut CellText<'_>, sum: Total, role: Role) {
    if sum.parts == 0 && sum.unknown > 0 {
        return unknown(cell);
    }
    if sum.known > 0 {
        cell.role(role);
    }
    total(cell, sum);
}

/// A sum of which parts may be unknown: `1,204 + ?2`.
pub fn total(cell: &mut CellText<'_>, total: Total) {
    cell.show(of(total));
}

/// A sum as the format shows it.
pub fn of(total: Total) -> format::Total {
    format::Total {
        known: (total.parts > 0 || total.unknown == 0).then_some(total.known),
        unknown: total.unknown,
    }
}

/// A lag over partitions of which `uncommitted` have no commit: `—` when none has, as nothing was committed that could
/// lag behind, and that is not 0.
pub fn lag(sum: Total, uncommitted: usize) -> Lag {
    if sum.parts + sum.unknown == 0 && uncommitted > 0 {
        Lag::None
    } else {
        Lag::Of(of(sum))
    }
}

/// A lag as the format shows it.
#[derive(Clone, Copy, Debug)]
pub enum Lag {
    /// Nothing was committed.
    None,
    /// A sum over what was committed.
    Of(format::Total),
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str(NOT_APPLICABLE),
            Self::Of(total) => total.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_of_nothing_committed_is_not_zero() {
        assert_eq!(lag(Total::default(), 3).to_string(), "—");
        assert_eq!(lag(Total::default(), 0).to_string(), "0");
        assert_eq!(lag([Some(0)].into_iter().collect(), 3).to_string(), "0");
        assert_eq!(lag([None].into_iter().collect(), 3).to_string(), "?");
    }

    #[test]
    fn a_sum_of_nothing_is_zero_and_a_sum_of_unknowns_is_unknown() {
        assert_eq!(of(Total::default()).to_string(), "0");
        assert_eq!(of([None, None].into_iter().collect()).to_string(), "?");
        assert_eq!(
            of([Some(1_204), None, None].into_iter().collect()).to_string(),
            "1,204 + ?2"
        );
    }
}
