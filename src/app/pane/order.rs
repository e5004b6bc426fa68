//! The order of a list: one of its columns, up or down.

/// Up or down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    #[default]
    Up,
    /// Largest first.
    Down,
}

impl Direction {
    /// The other one.
    pub fn reversed(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    /// An ordering in this direction.
    pub fn apply(self, ordering: std::cmp::Ordering) -> std::cmp::Ordering {
        match self {
            Self::Up => ordering,
            Self::Down => ordering.reverse(),
        }
    }

    /// Compares two values of which either may be unknown: unknown ones come last in both directions.
    pub fn unknown_last<T: Ord>(self, a: Option<T>, b: Option<T>) -> std::cmp::Ordering {
        match (a, b) {
            (Some(a), Some(b)) => self.apply(a.cmp(&b)),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => std::cmp::Ordering::Equal,
        }
    }
}

/// A column that a list can be sorted by.
pub trait SortKey: Copy + PartialEq + 'static {
    /// All of them, in the order in which `s` walks them.
    const ALL: &'static [Self];

    /// The direction that a person means at first.
    fn natural(self) -> Direction;

    /// The one after this.
    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|key| *key == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_values_come_last_in_both_directions() {
        for direction in [Direction::Up, Direction::Down] {
            let mut values = [None, Some(2), Some(1), None];
            values.sort_by(|a, b| direction.unknown_last(*a, *b));
            assert_eq!(values[2..], [None, None]);
        }
    }
}
