//! Drawing: what is on the screen as a function of the state.
//!
//! [`draw`] paints the frame round every pane (health line, pane names, bottom line) and hands the body to the drawing
//! of the screen on top. Nothing here changes the state, loads, or formats what is off-screen.

pub mod acts;
pub mod brokers;
pub mod chart;
pub mod confirm;
mod cost;
pub mod debug;
pub mod decoders;
pub mod face;
pub mod figure;
pub mod form;
pub mod format;
pub mod frame;
pub mod group;
pub mod groups;
pub mod health;
pub mod help;
pub mod jobs;
pub mod line;
pub mod menu;
pub mod messages;
pub mod moving;
pub mod notice;
pub mod record;
pub mod row;
pub mod slider;
pub mod table;
pub mod text;
pub mod theme;
pub mod topic;
pub mod topics;
pub mod verdict;

use std::cell::RefCell;
use std::time::Instant;

use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::nav::Screen;
use crate::app::overlay::Overlay;
use crate::app::pane::View;
use crate::input::Keymap;
use crate::layout::{self, SMALLEST};
use table::{Memory, RowSource, Table};
use theme::Theme;

/// What every drawing needs beside the state.
#[derive(Debug)]
pub struct Paint<'a> {
    /// What each role looks like.
    pub theme: &'a Theme,
    /// The keys, for hints.
    pub keymap: &'a Keymap,
    /// The zone of the times shown.
    pub zone: &'a TimeZone,
    /// The drawing's own memory of column widths.
    pub widths: &'a RefCell<Memory>,
}

impl Paint<'_> {
    /// Draws a table whose columns keep their widths under `name`.
    pub fn table(
        &self,
        frame: &mut Frame<'_>,
        area: impl Into<Rect>,
        name: &'static str,
        table: &Table<'_>,
        rows: &dyn RowSource,
    ) {
        let mut memory = self.widths.borrow_mut();
        table.draw(frame.buffer_mut(), area.into(), rows, memory.widths(name), self.theme);
    }
}

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, app: &App, paint: &Paint<'_>, now: Instant) {
    let size = app.size();
    if size.width < SMALLEST.width || size.height < SMALLEST.height {
        frame::too_small(frame, size, paint);
        return;
    }
    let regions = layout::regions(size);
    health::draw(frame, regions.health, app, paint, now);
    frame::tabs(frame, regions.tabs, app, paint);
    frame::rule(frame, regions.rule, app.settings().banner.as_deref(), paint);
    if let Some(replay) = app.recording() {
        slider::draw(frame, regions.rule, app, replay, paint, now);
    }
    if app.store().overview.loaded().is_some() {
        body(frame, regions.body.into(), app.nav().top(), app.view(now), paint);
    } else {
        face::start(frame, regions.body, app, paint, now);
    }
    frame::bottom(frame, regions.bottom, app, paint);
    match app.overlay() {
        Some(Overlay::Help(list)) => help::draw(frame, regions.body, app, list.top_row, paint),
        Some(Overlay::Debug) => debug::draw(frame, regions.body, app.view(now), paint),
        Some(Overlay::Decoders(picker)) => decoders::draw(frame, regions.body, picker, paint),
        Some(Overlay::Copy(menu)) => menu::draw(frame, regions.body, menu, paint),
        Some(Overlay::Acts(acts)) => acts::draw(frame, regions.body, acts, paint),
        Some(Overlay::Notice { title, lines }) => notice::draw(frame, regions.body, title, lines, paint),
        Some(Overlay::Jobs(list)) => jobs::draw(frame, regions.body, app.jobs(), *list, paint, now),
        Some(Overlay::Confirm(asked)) => confirm::draw(frame, regions.body, asked, paint),
        Some(Overlay::Move(moving)) => moving::draw(frame, regions.body, moving, app.lock(), paint, now),
        Some(Overlay::Form(_, form)) => form::draw(frame, regions.body, form, paint),
        None => {}
    }
}

/// Draws the screen on top.
fn body(frame: &mut Frame<'_>, area: Rect, screen: &Screen, view: View<'_>, paint: &Paint<'_>) {
    match screen {
        Screen::Brokers(pane) => brokers::draw(frame, area, pane, view, paint),
        Screen::Topics(pane) => topics::draw(frame, area, pane, view, paint),
        Screen::Topic(pane) => topic::draw(frame, area, pane, view, paint),
        Screen::Messages(pane) => messages::draw(frame, area, pane, view, paint),
        Screen::Record(pane) => record::draw(frame, area, pane, view, paint),
        Screen::Groups(pane) => groups::draw(frame, area, pane, view, paint),
        Screen::Group(pane) => group::draw(frame, area, pane, view, paint),
    }
}
