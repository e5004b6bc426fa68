//! A cursor over rows and the window that shows them.

use super::action::Action;

/// Cursor and window of a list. Rows are counted from 0; the list itself lives elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListState {
    /// Row under the cursor.
    pub cursor: usize,
    /// First row in the window.
    pub top_row: usize,
}

impl ListState {
    /// Moves by a list action; `false` when `action` is not one. `len` rows exist, `page` of them are visible.
    pub fn act(&mut self, action: Action, len: usize, page: usize) -> bool {
        let page = page.max(1);
        let last = len.saturating_sub(1);
        let half = (page / 2).max(1);
        let target = match action {
            Action::CursorDown => self.cursor + 1,
            Action::CursorUp => self.cursor.saturating_sub(1),
            Action::HalfPageDown => self.cursor + half,
            Action::HalfPageUp => self.cursor.saturating_sub(half),
            Action::PageDown => self.cursor + page,
            Action::PageUp => self.cursor.saturating_sub(page),
            Action::Top => 0,
            Action::Bottom => last,
            _ => return false,
        };
        self.move_to(target.min(last), len, page);
        true
    }

    /// Moves the window over text that has no cursor; `false` when `action` is not one of a list.
    pub fn scroll(&mut self, action: Action, len: usize, page: usize) -> bool {
        let mut at = Self {
            cursor: self.top_row,
            top_row: 0,
        };
        let known = at.act(action, len, page);
        self.top_row = at.cursor.min(len.saturating_sub(page));
        self.cursor = self.top_row;
        known
    }

    /// Puts the cursor on `row` and the window around it. At the edge the window moves by half a page, not by a row:
    /// over SSH a scrolled row repaints everything, so it is done fifteen times less often.
    pub fn move_to(&mut self, row: usize, len: usize, page: usize) {
        let page = page.max(1);
        self.cursor = row.min(len.saturating_sub(1));
        let half = (page / 2).max(1);
        if self.cursor < self.top_row {
            self.top_row = if self.top_row - self.cursor <= half {
                self.top_row.saturating_sub(half)
            } else {
                self.cursor
            };
        } else if self.cursor >= self.top_row + page {
            let step = self.cursor + 1 - (self.top_row + page);
            self.top_row = if step <= half {
                self.top_row + half
            } else {
                self.cursor + 1 - page
            };
        }
        self.top_row = self.top_row.min(len.saturating_sub(page));
    }

    /// The rows in the window.
    pub fn window(&self, len: usize, page: usize) -> std::ops::Range<usize> {
        let top = self.top_row.min(len);
        top..(top + page).min(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_inside_the_list() {
        let mut list = ListState::default();
        list.act(Action::CursorUp, 3, 2);
        assert_eq!(list.cursor, 0);
        list.act(Action::Bottom, 3, 2);
        list.act(Action::CursorDown, 3, 2);
        assert_eq!((list.cursor, list.top_row), (2, 1));
    }

    #[test]
    fn at_the_edge_the_window_moves_by_half_a_page() {
        let mut list = ListState { cursor: 9, top_row: 0 };
        list.act(Action::CursorDown, 100, 10);
        assert_eq!((list.cursor, list.top_row), (10, 5));
        list.move_to(5, 100, 10);
        list.act(Action::CursorUp, 100, 10);
        assert_eq!((list.cursor, list.top_row), (4, 0));
    }

    #[test]
    fn the_cursor_is_always_in_the_window() {
        let moves = [
            Action::CursorDown,
            Action::PageDown,
            Action::HalfPageUp,
            Action::Bottom,
            Action::CursorUp,
            Action::PageUp,
            Action::Top,
            Action::HalfPageDown,
        ];
        for len in 0..30 {
            for page in 0..12 {
                let mut list = ListState::default();
                for step in 0..200_usize {
                    list.act(moves[(step * 7 + step / 3) % moves.len()], len, page);
                    let window = list.window(len, page.max(1));
                    assert!(
                        len == 0 || window.contains(&list.cursor),
                        "{list:?} len {len} page {page}"
                    );
                }
            }
        }
    }

    #[test]
    fn text_scrolls_by_rows_and_pages_and_stops_at_its_end() {
        let mut list = ListState::default();
        let mut after = |action| {
            list.scroll(action, 50, 20);
            list.top_row
        };
        assert_eq!(after(Action::CursorDown), 1);
        assert_eq!(after(Action::PageDown), 21);
        assert_eq!(after(Action::PageDown), 30);
        assert_eq!(after(Action::CursorUp), 29);
        assert_eq!(after(Action::Top), 0);
        assert_eq!(after(Action::Bottom), 30);
    }

    #[test]
    fn an_empty_list_has_an_empty_window() {
        let mut list = ListState { cursor: 5, top_row: 3 };
        list.move_to(5, 0, 10);
        assert_eq!((list, list.window(0, 10)), (ListState::default(), 0..0));
    }
}
