//! The help: keys of the screen below it and of everywhere, commands and signs, from the tables.

use ratatui::Frame;

use super::line::Line;
use super::text;
use super::theme::Role;
use super::{Paint, frame};
use crate::app::App;
use crate::app::help::{HelpLine, lines};
use crate::layout::{Area, Size};

/// Columns of the keys.
const KEYS: u16 = 22;

/// Draws the help over the body, from its line `top_row`.
pub fn draw(frame: &mut Frame<'_>, body: Area, app: &App, top_row: usize, paint: &Paint<'_>) {
    let screen = app.screen_scope();
    let lines = lines(screen);
    let size = Size {
        width: 86,
        height: (lines.len() + 2).min(usize::from(u16::MAX)) as u16,
    };
    let inner = frame::boxed(frame, body.centered(size), "Help", paint);
    let page = usize::from(inner.height);
    if lines.len() > page {
        let last = (top_row + page).min(lines.len());
        let place = Area {
            y: inner.y + inner.height,
            height: 1,
            ..inner
        };
        let said = format!(" {} to {last} of {} lines ", top_row + 1, lines.len());
        Line::new(frame.buffer_mut(), place, paint.theme).right(Role::Dim, said, 0);
    }
    let top_row = top_row.min(lines.len().saturating_sub(usize::from(inner.height)));
    for (row, entry) in lines.iter().skip(top_row).take(usize::from(inner.height)).enumerate() {
        let area = Area {
            y: inner.y + row as u16,
            height: 1,
            ..inner
        };
        let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
        match entry {
            HelpLine::Blank => {}
            HelpLine::Heading(title) => {
                line.left(Role::Title, title);
            }
            HelpLine::Action(action) => {
                // A narrower scope may have taken a key.
                let is_over = !screen.active().contains(&action.row().scope);
                let keys = paint.keymap.keys(*action).iter();
                let keys = keys.filter(|key| is_over || paint.keymap.resolve(screen, **key) == Some(*action));
                let keys: Vec<String> = keys.map(|chord| chord.label()).collect();
                pair(&mut line, &keys.join(" "), action.row().help);
            }
            HelpLine::Command(row) => pair(&mut line, &row.usage(), row.help),
            HelpLine::Sign(sign, meaning) => pair(&mut line, sign, meaning),
        }
    }
}

fn pair(line: &mut Line<'_>, key: &str, meaning: &str) {
    let width = text::width(key) as u16;
    line.gap(2)
        .left(Role::Key, key)
        .gap(KEYS.saturating_sub(width).max(1))
        .left(Role::Text, meaning);
}
