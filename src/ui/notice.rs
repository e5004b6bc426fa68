//! Something that must be read, over the body: it stays until somebody leaves it.

use ratatui::Frame;

use super::form::wrapped;
use super::line::Line;
use super::theme::Role;
use super::{Paint, frame};
use crate::layout::{Area, Size};

/// Columns of the box where the screen has them.
const WIDTH: u16 = 78;

/// Draws sentences, each on lines of its own.
pub fn draw(frame: &mut Frame<'_>, body: Area, title: &str, sentences: &[String], paint: &Paint<'_>) {
    let width = WIDTH.min(body.width);
    let inside = usize::from(width.saturating_sub(4));
    let lines: Vec<String> = sentences.iter().flat_map(|said| wrapped(said, inside)).collect();
    let size = Size {
        width,
        height: (lines.len() + 2).min(usize::from(u16::MAX)) as u16,
    };
    let inner = frame::boxed(frame, body.centered(size), title, paint);
    for (line, y) in lines.iter().zip(inner.y..inner.y + inner.height) {
        let area = Area { y, height: 1, ..inner };
        Line::new(frame.buffer_mut(), area, paint.theme).left(Role::Text, line);
    }
}
