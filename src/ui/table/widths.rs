//! How wide columns are, and which leave.

use std::collections::HashMap;

use super::cell::Cells;
use super::{Align, Column, GAP, GUTTER, Sizing};
use crate::ui::text;

/// The widths of one table's columns. They only grow, until the table's own width changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Widths {
    table: u16,
    grown: Vec<u16>,
}

/// The widths of every table, by the table's name. It is the drawing's own memory: nothing else reads it.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    tables: HashMap<&'static str, Widths>,
}

impl Memory {
    /// The widths of the table of that name.
    pub fn widths(&mut self, table: &'static str) -> &mut Widths {
        self.tables.entry(table).or_default()
    }

    /// Forgets a table's widths: its rows are of something else now.
    pub fn forget(&mut self, table: &'static str) {
        self.tables.remove(table);
    }
}

/// Where a column stands; `x` counts from the end of the gutter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    pub column: usize,
    pub x: u16,
    pub width: u16,
}

impl Widths {
    /// Makes room for what is visible now in a table of `table` columns.
    pub(super) fn grow(&mut self, table: u16, columns: &[Column], cells: &Cells) {
        if self.table != table || self.grown.len() != columns.len() {
            self.table = table;
            self.grown = columns
                .iter()
                .map(|column| column.least.max(text::width(column.title) as u16))
                .collect();
        }
        let room = usize::from(table.saturating_sub(GUTTER));
        for (index, (grown, column)) in self.grown.iter_mut().zip(columns).enumerate() {
            // No cell is measured further than the table is wide.
            let widest = cells
                .of_column(index)
                .map(|cell| text::width_up_to(cell, room))
                .max()
                .unwrap_or(0);
            *grown = (*grown).max(widest as u16).min(column.most.max(column.least));
        }
    }

    /// Divides `room` columns: names shrink first, then columns leave by priority, then the rest is given out.
    pub(super) fn place(&self, room: u16, columns: &[Column]) -> Vec<Placed> {
        let has_room = |index: &usize| self.grown.get(*index).is_none_or(|grown| *grown > 0);
        let mut present: Vec<usize> = (0..columns.len()).filter(has_room).collect();
        while self.smallest(&present, columns) > u32::from(room) {
            let leaver = present.iter().copied().filter(|index| columns[*index].priority > 0);
            // Of two with the same priority the one further right leaves.
            let Some(leaver) = leaver.max_by_key(|index| (columns[*index].priority, *index)) else {
                break;
            };
            present.retain(|index| *index != leaver);
        }
        let spare = u32::from(room).saturating_sub(self.smallest(&present, columns));
        let widths = self.give(spare as u16, &present, columns);
        let mut placed = Vec::with_capacity(present.len());
        let mut x = 0;
        for (column, width) in present.into_iter().zip(widths) {
            if x >= room {
                break;
            }
            let width = width.min(room - x);
            placed.push(Placed { column, x, width });
            x += width + GAP;
        }
        placed
    }

    /// The columns that the present ones need at least, gaps counted.
    fn smallest(&self, present: &[usize], columns: &[Column]) -> u32 {
        let gaps = u32::from(GAP) * (present.len() as u32).saturating_sub(1);
        present
            .iter()
            .map(|index| u32::from(self.floor(*index, columns)))
            .sum::<u32>()
            + gaps
    }

    fn floor(&self, index: usize, columns: &[Column]) -> u16 {
        let grown = self.grown.get(index).copied().unwrap_or_default();
        match columns[index].sizing {
            Sizing::Natural => grown,
            Sizing::Shrinks | Sizing::Fills => grown.min(columns[index].least),
        }
    }

    /// Gives the spare room to names up to their cells, and what then is left to the column that fills.
    fn give(&self, mut spare: u16, present: &[usize], columns: &[Column]) -> Vec<u16> {
        let mut widths: Vec<u16> = present.iter().map(|index| self.floor(*index, columns)).collect();
        for (width, index) in widths.iter_mut().zip(present) {
            if columns[*index].sizing == Sizing::Shrinks {
                let more = self
                    .grown
                    .get(*index)
                    .copied()
                    .unwrap_or_default()
                    .saturating_sub(*width)
                    .min(spare);
                *width += more;
                spare -= more;
            }
        }
        let filler = present.iter().position(|index| columns[*index].sizing == Sizing::Fills);
        if let Some(width) = filler.and_then(|at| widths.get_mut(at)) {
            *width += spare;
        }
        widths
    }
}

impl Placed {
    /// Where a text of `taken` columns begins, counted from the end of the gutter.
    pub(super) fn start_of(self, align: Align, taken: u16) -> u16 {
        match align {
            Align::Left => self.x,
            Align::Right => self.x + self.width.saturating_sub(taken),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COLUMNS: &[Column] = &[
        Column::left("TIME").least(12),
        Column::right("OFFSET").leaves(2),
        Column::name("KEY", 6).most(20).leaves(1),
        Column::left("VALUE").fills(10),
    ];

    fn widths(grown: [u16; 4]) -> Widths {
        Widths {
            table: 100,
            grown: grown.to_vec(),
        }
    }

    fn placed(room: u16) -> Vec<(usize, u16, u16)> {
        let placed = widths([12, 9, 18, 400]).place(room, COLUMNS);
        placed
            .iter()
            .map(|place| (place.column, place.x, place.width))
            .collect()
    }

    #[test]
    fn the_value_takes_the_room_that_is_left() {
        assert_eq!(placed(100), [(0, 0, 12), (1, 14, 9), (2, 25, 18), (3, 45, 55)]);
    }

    #[test]
    fn names_shrink_before_columns_leave() {
        assert_eq!(placed(45), [(0, 0, 12), (1, 14, 9), (2, 25, 8), (3, 35, 10)]);
    }

    #[test]
    fn columns_leave_the_highest_priority_first() {
        assert_eq!(placed(42), [(0, 0, 12), (2, 14, 16), (3, 32, 10)]);
        assert_eq!(placed(30), [(0, 0, 12), (3, 14, 16)]);
        assert_eq!(placed(13), [(0, 0, 12)]);
    }

    #[test]
    fn a_column_without_title_and_cells_takes_no_room() {
        const NOTED: &[Column] = &[Column::right("LAG"), Column::left("").least(0), Column::left("MEMBER")];
        let mut widths = Widths {
            table: 80,
            grown: vec![3, 12, 6],
        };
        let starts = |widths: &Widths| widths.place(80, NOTED).iter().map(|place| place.x).collect::<Vec<_>>();
        assert_eq!(starts(&widths), [0, 5, 19]);
        widths.grown[1] = 0;
        assert_eq!(starts(&widths), [0, 5]);
    }

    #[test]
    fn each_table_remembers_its_own_widths() {
        let mut memory = Memory::default();
        memory.widths("topics").grown = vec![7];
        assert_eq!(memory.widths("groups"), &Widths::default());
        assert_eq!(memory.widths("topics").grown, [7]);
        memory.forget("topics");
        assert_eq!(memory.widths("topics"), &Widths::default());
    }

    proptest! {
        #[test]
        fn columns_never_overlap_nor_leave_the_room(grown in proptest::array::uniform4(1u16..200), room in 0u16..300) {
            let placed = widths(grown).place(room, COLUMNS);
            let mut end = 0;
            for place in placed {
                prop_assert!(place.x >= end && place.x + place.width <= room);
                end = place.x + place.width + GAP;
            }
        }
    }
}
