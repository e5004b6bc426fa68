//! The list of decoders over the body; its picture stands in `app::decoders`.

use ratatui::Frame;

use super::line::Line;
use super::text;
use super::theme::Role;
use super::{Paint, frame};
use crate::app::decoders::Picker;
use crate::layout::{Area, Size};

/// Columns of the box where the screen has them.
const WIDTH: u16 = 84;
/// Columns of the names.
const NAME: u16 = 20;

/// Draws the list over the body.
pub fn draw(frame: &mut Frame<'_>, body: Area, picker: &Picker, paint: &Paint<'_>) {
    let lines = picker.lines();
    let size = Size {
        width: WIDTH,
        height: lines.len() as u16 + 2,
    };
    let inner = frame::boxed(frame, body.centered(size), &picker.title(), paint);
    let page = usize::from(inner.height);
    // A low screen shows the lines round the cursor.
    let first = (picker.list.cursor + 1).saturating_sub(page).max(picker.list.top_row);
    for (row, (at, entry)) in lines.iter().enumerate().skip(first).take(page).enumerate() {
        let area = Area {
            y: inner.y + row as u16,
            height: 1,
            ..inner
        };
        let (sign, role) = match (at == picker.list.cursor, entry.fits) {
            (true, _) => ("▸ ", Role::Title),
            (false, true) => ("  ", Role::Text),
            (false, false) => ("  ", Role::Dim),
        };
        let name = entry.format.to_string();
        let chosen = if entry.format == picker.chosen() { "●" } else { " " };
        let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
        line.left(role, sign)
            .left(Role::Selection, chosen)
            .gap(1)
            .left(role, &name)
            .gap(NAME.saturating_sub(text::width(&name) as u16).max(1))
            .left(Role::Dim, &entry.says);
    }
}
