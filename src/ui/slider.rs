//! Where a recording stands, on the rule below the panes.
//!
//! ```text
//! ──▶ 10:42:15  ━━━━━━━!━━●──────✕───  12 m 04 s of 48 m 00 s  x10  billing: stalled ──
//! ```

use std::time::Instant;

use ratatui::Frame;

use super::Paint;
use super::format::{Span, TimeOfDay};
use super::line::Line;
use super::theme::Role;
use crate::app::App;
use crate::app::replay::Replay;
use crate::layout::Area;

/// Columns of the bar below which it tells nothing.
const LEAST: u16 = 8;
/// Columns of the bar at most: beyond, marks stand no clearer.
const MOST: u16 = 120;

/// Draws the slider over the rule.
pub fn draw(frame: &mut Frame<'_>, area: Area, app: &App, replay: &Replay, paint: &Paint<'_>, now: Instant) {
    let seen = app.time(now);
    let wall = app.store().derived.wall.as_ref();
    let told = wall.map(|wall| wall.time(seen).timestamp().as_millisecond());
    let time = told.map_or_else(String::new, |told| TimeOfDay(told, paint.zone).to_string());
    let time = time.split('.').next().unwrap_or_default();
    let sign = if replay.is_playing() { "▶" } else { "❚❚" };
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme).on_rule();
    line.gap(1).left(Role::Title, format!(" {sign} {time}  "));
    let rest = format!(
        "  {} of {}  x{} ",
        Span(replay.passed(now)),
        Span(replay.length()),
        replay.speed()
    );
    let mut news = replay.news();
    let first = news.next();
    let more = news.count();
    let news = first.map(|mark| match more {
        0 => format!(" {} ", mark.what),
        more => format!(" {} +{more} ", mark.what),
    });
    let room = line.room().saturating_sub(rest.chars().count() as u16 + 1);
    let news_room = news
        .as_ref()
        .map_or(0, |news| (news.chars().count() as u16).min(room / 2));
    let bar = room.saturating_sub(news_room).min(MOST);
    if bar >= LEAST {
        for (role, part) in parts(replay, usize::from(bar), now) {
            line.left(role, part);
        }
    }
    line.left(Role::Text, rest);
    if let Some(news) = news {
        line.left(Role::Danger, news);
    }
}

/// The bar, in parts of one colour.
fn parts(replay: &Replay, width: usize, now: Instant) -> Vec<(Role, String)> {
    let length = replay.length().as_millis().max(1);
    let last = width - 1;
    let cell = |after: std::time::Duration| (after.as_millis() * last as u128 / length) as usize;
    let at = cell(replay.passed(now)).min(last);
    let mut cells: Vec<(Role, char)> = (0..width)
        .map(|index| {
            if index < at {
                (Role::Text, '━')
            } else {
                (Role::Border, '─')
            }
        })
        .collect();
    for (after, mark) in replay.marks() {
        if let Some(cell) = cells.get_mut(cell(after)).filter(|cell| cell.1 != '✕') {
            *cell = (Role::Danger, if mark.is_loss { '✕' } else { '!' });
        }
    }
    cells[at] = (Role::Key, '●');
    let runs = cells.chunk_by(|one, other| one.0 == other.0);
    runs.map(|run| (run[0].0, run.iter().map(|cell| cell.1).collect()))
        .collect()
}
