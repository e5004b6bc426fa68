//! Where the parts of the screen are.

use super::{Group, GroupTab, View};
use crate::layout::{self, Area};

/// Where the parts of the screen are.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// The line above all.
    pub title: Area,
    /// What stands out, a line each.
    pub notices: Area,
    /// The table.
    pub table: Area,
    /// What there is to say of the row under the cursor.
    pub detail: Area,
    /// The record at the commit; empty where it is not shown.
    pub preview: Area,
}

impl Group {
    /// The parts of the screen: notices take a line each, at most a quarter of the list's room.
    pub fn parts(&self, body: Area) -> Parts {
        let has_preview = self.is_peeking && self.tab == GroupTab::Partitions && body.height >= 12;
        let rows = if has_preview {
            (body.height * 2 / 5).clamp(6, 22)
        } else {
            0
        };
        let (list, preview) = body.split_bottom(rows);
        let (title, rest) = list.split_top(u16::from(list.height >= 4));
        let most = (list.height / 4).min(self.notices.len() as u16);
        let (notices, rest) = rest.split_top(most);
        let (table, detail) = rest.split_bottom(u16::from(rest.height >= 8));
        Parts {
            title,
            notices,
            table,
            detail,
            preview,
        }
    }

    /// Rows of the table.
    pub(super) fn page(&self, view: View<'_>) -> usize {
        layout::table_page(self.parts(view.body).table).into()
    }
}
