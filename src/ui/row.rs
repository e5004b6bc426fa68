//! The row under the cursor as text, for the clipboard.

use std::time::Instant;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::{Paint, draw, text};
use crate::app::App;
use crate::layout;

/// What marks the row under the cursor.
const CURSOR: &str = "▸";

/// The row under the cursor as it is on screen, cells apart by two blanks; `None` where no row has the cursor.
pub fn under_cursor(app: &App, paint: &Paint<'_>, now: Instant) -> Option<String> {
    let size = app.size();
    let Ok(mut terminal) = Terminal::new(TestBackend::new(size.width, size.height));
    let Ok(frame) = terminal.draw(|frame| draw(frame, app, paint, now));
    let body = layout::regions(size).body;
    let row = (body.y..body.y + body.height)
        .map(|y| text_of(frame.buffer, y))
        .find_map(|line| Some(line.trim_start().strip_prefix(CURSOR)?.trim().to_owned()))?;
    let cells = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
    Some(cells.collect::<Vec<_>>().join("  "))
}

/// A row of cells; what a wide character covers is no blank.
fn text_of(buffer: &Buffer, y: u16) -> String {
    let mut line = String::new();
    let mut covered = 0;
    for x in 0..buffer.area.width {
        let symbol = buffer[(x, y)].symbol();
        if covered == 0 {
            line.push_str(symbol);
            covered = text::width(symbol).max(1);
        }
        covered -= 1;
    }
    line
}
