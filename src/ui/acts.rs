//! Changes to choose from, over the body: a line each, and what is said of the one under the cursor.

use ratatui::Frame;

use super::form::{rows, wrapped};
use super::line::Line;
use super::text::{self, Cut};
use super::theme::Role;
use super::{Paint, format, frame, notice};
use crate::app::acts::{Acts, BELOW};
use crate::layout::{Area, Size};

/// Columns of the box where the screen has them.
const WIDTH: u16 = 96;

/// Draws the list over the body.
pub fn draw(frame: &mut Frame<'_>, body: Area, acts: &Acts, paint: &Paint<'_>) {
    let title = text::visible(&acts.title);
    if acts.lines.is_empty() {
        notice::draw(frame, body, &title, std::slice::from_ref(&acts.said), paint);
        return;
    }
    let size = Size {
        width: WIDTH.min(body.width),
        height: (acts.lines.len() as u16).saturating_add(2 + BELOW),
    };
    let inner = frame::boxed(frame, body.centered(size), &title, paint);
    let (table, detail) = inner.split_bottom(BELOW.min(inner.height.saturating_sub(1)));
    let page = usize::from(table.height).max(1);
    let first = (acts.list.cursor + 1).saturating_sub(page).max(acts.list.top_row);
    for (row, (at, act)) in rows(table).zip(acts.lines.iter().enumerate().skip(first)) {
        let mut line = Line::new(frame.buffer_mut(), row, paint.theme);
        let (sign, role) = if at == acts.list.cursor {
            ("▸ ", Role::Title)
        } else {
            ("  ", Role::Text)
        };
        line.left(role, sign);
        match act.when {
            Some(ms) => line.left(Role::Dim, format::DateAndTime(ms, paint.zone)),
            None => line.left(Role::Key, at + 1),
        };
        let room = usize::from(line.gap(2).room());
        let label = text::visible(&act.label);
        line.left(role, text::fit(&label, room, Cut::Middle));
    }
    if let Some(act) = acts.lines.get(acts.list.cursor) {
        // What was cut in its line stands here whole.
        let said = match act.when {
            Some(_) => format!("{}, {}", act.label, act.says),
            None => act.says.clone(),
        };
        let said = wrapped(&said, usize::from(detail.width));
        for (row, said) in rows(detail).skip(1).zip(said) {
            Line::new(frame.buffer_mut(), row, paint.theme).left(Role::Dim, said);
        }
    }
}
