//! Where the parts of the screen stand: pure geometry, read by the app (how long is a page) and by the drawing.

/// The size of the terminal, or of a part of it, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// The smallest terminal on which ktui draws its frame; on a smaller one it says so.
pub const SMALLEST: Size = Size { width: 20, height: 5 };

/// The rows from which the record under the cursor is previewed below the list.
pub const PREVIEW_FROM_HEIGHT: u16 = 30;

/// Rows of the frame round the body of a terminal that has them all: health, panes, rule and bottom line.
pub const FRAME_ROWS: u16 = 4;

/// A rectangle of cells; `x` and `y` count from the top left, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Area {
    /// First column.
    pub x: u16,
    /// First row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// The whole of a terminal.
    pub const fn of(size: Size) -> Self {
        Self {
            x: 0,
            y: 0,
            width: size.width,
            height: size.height,
        }
    }

    /// Whether it has no cell.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Cuts the first `rows` rows off: `(they, the rest)`; less when there are less.
    pub fn split_top(self, rows: u16) -> (Self, Self) {
        let rows = rows.min(self.height);
        (
            Self { height: rows, ..self },
            Self {
                y: self.y + rows,
                height: self.height - rows,
                ..self
            },
        )
    }

    /// Cuts the last `rows` rows off: `(the rest, they)`.
    pub fn split_bottom(self, rows: u16) -> (Self, Self) {
        self.split_top(self.height.saturating_sub(rows))
    }

    /// Cuts the first `columns` columns off: `(they, the rest)`.
    pub fn split_left(self, columns: u16) -> (Self, Self) {
        let columns = columns.min(self.width);
        (
            Self { width: columns, ..self },
            Self {
                x: self.x + columns,
                width: self.width - columns,
                ..self
            },
        )
    }

    /// Cuts the last `columns` columns off: `(the rest, they)`.
    pub fn split_right(self, columns: u16) -> (Self, Self) {
        self.split_left(self.width.saturating_sub(columns))
    }

    /// Without `columns` columns at the left and right and `rows` rows at the top and bottom.
    pub fn inset(self, columns: u16, rows: u16) -> Self {
        let (columns, rows) = (columns.min(self.width / 2), rows.min(self.height / 2));
        Self {
            x: self.x + columns,
            y: self.y + rows,
            width: self.width - 2 * columns,
            height: self.height - 2 * rows,
        }
    }

    /// A part of at most `size` in the middle: where an overlay stands.
    pub fn centered(self, size: Size) -> Self {
        let (width, height) = (size.width.min(self.width), size.height.min(self.height));
        Self {
            x: self.x + (self.width - width) / 2,
            y: self.y + (self.height - height) / 2,
            width,
            height,
        }
    }
}

/// The frame round every pane. A part that does not fit is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regions {
    /// Line 1: the cluster's health.
    pub health: Area,
    /// Line 2: the panes by number, and the path.
    pub tabs: Area,
    /// The thin rule; the first to go when rows are few.
    pub rule: Area,
    /// The pane.
    pub body: Area,
    /// The bottom line: keys, prompt, toasts, job meter.
    pub bottom: Area,
}

/// Divides a terminal. Down to five rows the health line, the body and the bottom line stay; of the rest the rule
/// leaves below twelve rows, the pane names below eight.
pub fn regions(size: Size) -> Regions {
    let (health, rest) = Area::of(size).split_top(1);
    let (tabs, rest) = rest.split_top(u16::from(size.height >= 8));
    let (rule, rest) = rest.split_top(u16::from(size.height >= 12));
    let (body, bottom) = rest.split_bottom(u16::from(size.height >= 3));
    Regions {
        health,
        tabs,
        rule,
        body,
        bottom,
    }
}

/// The parts of a pane that is a list. A part that does not fit is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRegions {
    /// The title bar: name, counts, sort, filter.
    pub title: Area,
    /// Column titles and rows.
    pub table: Area,
    /// One line about the row under the cursor: the reason of a `?`, an error.
    pub detail: Area,
}

impl ListRegions {
    /// How many rows of the list are visible: the app's page.
    pub fn page(&self) -> u16 {
        table_page(self.table)
    }
}

/// Divides a pane's body for a list: the detail line leaves below eight rows, the title bar below four.
pub fn list(body: Area) -> ListRegions {
    let (title, rest) = body.split_top(u16::from(body.height >= 4));
    let (table, detail) = rest.split_bottom(u16::from(body.height >= 8));
    ListRegions { title, table, detail }
}

/// How many rows a table of this area shows under its column titles; the titles leave when there is one row only.
pub fn table_page(table: Area) -> u16 {
    if table.height > 1 {
        table.height - 1
    } else {
        table.height
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_terminal_of_80_by_24_gives_its_rows_to_the_body() {
        let regions = regions(Size { width: 80, height: 24 });
        assert_eq!(
            regions.body,
            Area {
                x: 0,
                y: 3,
                width: 80,
                height: 20
            }
        );
        assert_eq!(regions.bottom.y, 23);
        assert_eq!(list(regions.body).page(), 17);
    }

    #[test]
    fn five_rows_keep_health_rows_and_keys() {
        let regions = regions(SMALLEST);
        assert_eq!(
            (regions.health.height, regions.body.height, regions.bottom.height),
            (1, 3, 1)
        );
        assert!(regions.tabs.is_empty() && regions.rule.is_empty());
        assert_eq!(list(regions.body).page(), 2);
    }

    #[test]
    fn an_overlay_stands_in_the_middle_and_never_outside() {
        let screen = Area {
            x: 0,
            y: 0,
            width: 80,
            height: 24,
        };
        assert_eq!(
            screen.centered(Size { width: 40, height: 10 }),
            Area {
                x: 20,
                y: 7,
                width: 40,
                height: 10
            }
        );
        assert_eq!(
            screen.centered(Size {
                width: 400,
                height: 100
            }),
            screen
        );
        assert_eq!(
            screen.inset(2, 1),
            Area {
                x: 2,
                y: 1,
                width: 76,
                height: 22
            }
        );
        assert!(
            Area {
                width: 1,
                height: 1,
                ..screen
            }
            .inset(9, 9)
            .x <= 1
        );
    }

    proptest! {
        #[test]
        fn the_parts_cover_every_row_once(width in 0u16..300, height in 0u16..300) {
            let all = regions(Size { width, height });
            let parts = [all.health, all.tabs, all.rule, all.body, all.bottom];
            let mut next = 0;
            for part in parts {
                prop_assert_eq!(part.y, next);
                prop_assert_eq!(part.width, width);
                next += part.height;
            }
            prop_assert_eq!(next, height);
            let list = list(all.body);
            prop_assert_eq!(list.title.height + list.table.height + list.detail.height, all.body.height);
            prop_assert!(list.page() <= list.table.height);
        }
    }
}
