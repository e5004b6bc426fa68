//! The copy menu over the body: one line for each thing that can be copied, with a glance at it.

use ratatui::Frame;

use super::line::Line;
use super::text;
use super::theme::Role;
use super::{Paint, format, frame};
use crate::app::copy::{Glance, Menu};
use crate::decode::{Preview, preview};
use crate::layout::{Area, Size};

/// Columns of the box where the screen has them.
const WIDTH: u16 = 96;

/// Columns of the labels, and of the sizes.
const LABEL: u16 = 10;
const SIZE: u16 = 9;

/// Draws the menu over the body.
pub fn draw(frame: &mut Frame<'_>, body: Area, menu: &Menu, paint: &Paint<'_>) {
    let size = Size {
        width: WIDTH,
        height: menu.len() as u16 + 2,
    };
    let inner = frame::boxed(frame, body.centered(size), menu.title(), paint);
    let page = usize::from(inner.height);
    // A low screen shows the lines round the cursor.
    let first = (menu.list.cursor + 1).saturating_sub(page).max(menu.list.top_row);
    for (row, at) in (first..menu.len()).take(page).enumerate() {
        let area = Area {
            y: inner.y + row as u16,
            height: 1,
            ..inner
        };
        let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
        draw_line(&mut line, menu, at);
    }
}

fn draw_line(line: &mut Line<'_>, menu: &Menu, at: usize) {
    let Some((label, glance)) = menu.line(at) else { return };
    let (sign, role) = if at == menu.list.cursor {
        ("▸ ", Role::Title)
    } else {
        ("  ", Role::Text)
    };
    line.left(role, sign).left(Role::Key, at + 1).gap(2).left(role, label);
    line.gap(LABEL.saturating_sub(text::width(label) as u16));
    let size = match glance {
        Glance::Bytes(Some(bytes)) => format::Bytes(bytes.len() as u64).to_string(),
        Glance::Headers(count) if count > 0 => count.to_string(),
        Glance::Bytes(None) | Glance::Headers(_) | Glance::Text(_) => String::new(),
    };
    line.gap(SIZE.saturating_sub(text::width(&size) as u16))
        .left(Role::Dim, size)
        .gap(2);
    let room = usize::from(line.room());
    match glance {
        Glance::Text(text) => line.left(Role::Dim, text),
        Glance::Headers(0) => line.left(Role::Null, "none"),
        Glance::Headers(_) => line,
        Glance::Bytes(bytes) => match preview(bytes.map(AsRef::as_ref), room) {
            Preview::Null => line.left(Role::Null, "∅ null"),
            Preview::Empty => line.left(Role::Null, "(empty)"),
            Preview::Text(text) | Preview::Decoded(text) => line.left(Role::Dim, text),
            Preview::Binary(hex) => line.left(Role::Binary, format_args!("0x{hex} (copied as base64)")),
        },
    };
}
