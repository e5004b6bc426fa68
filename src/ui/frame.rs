//! The frame round every pane: pane names, the thin rule, the bottom line.
//!
//! ```text
//!  1 Brokers   2 Topics   3 Messages   4 Groups                          Topics › orders.events
//!  ────────────────────────────────────────────────────────────────────────────────────────────
//!  ⏎ open   m messages   c configs   / filter   s sort   ? help                         copied
//! ```

use std::time::Instant;

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::style::{Color, Style};
use ratatui::widgets::{Block, Clear};

use super::Paint;
use super::line::{self, Line};
use super::text::{self, Cut};
use super::theme::Role;
use super::verdict::Moved;
use crate::app::App;
use crate::app::action::Action;
use crate::app::nav::{Nav, PaneId};
use crate::app::prompt::Prompt;
use crate::app::toast::Level;
use crate::layout::{Area, SMALLEST, Size};

/// What the screen shows for the first key of an action.
pub fn key_of(action: Action, paint: &Paint<'_>) -> String {
    paint
        .keymap
        .keys(action)
        .first()
        .map_or_else(|| "unbound".to_owned(), |chord| chord.label())
}

/// Says that the terminal is too small, in what room there is.
pub fn too_small(frame: &mut Frame<'_>, size: Size, paint: &Paint<'_>) {
    let said = format!(
        "{}x{} is too small: ktui needs {}x{}",
        size.width, size.height, SMALLEST.width, SMALLEST.height
    );
    Line::new(frame.buffer_mut(), Area::of(size), paint.theme).left(Role::Text, said);
}

/// Draws the box of an overlay and clears what lies under it; gives the room inside.
pub fn boxed(frame: &mut Frame<'_>, area: Area, title: &str, paint: &Paint<'_>) -> Area {
    let overlay = paint.theme.style(Role::Overlay);
    // The title has the colour of the text, not the border's.
    let title_style = Style::new()
        .fg(Color::Reset)
        .patch(overlay)
        .patch(paint.theme.style(Role::Title));
    let block = Block::bordered()
        .title(format!(" {title} "))
        .border_style(paint.theme.style(Role::Border))
        .title_style(title_style)
        .style(overlay);
    frame.render_widget(Clear, area.into());
    frame.render_widget(block, area.into());
    area.inset(2, 1)
}

/// Line 2: the panes by number, and where we are.
pub fn tabs(frame: &mut Frame<'_>, area: Area, app: &App, paint: &Paint<'_>) {
    let nav = app.nav();
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
    line.gap(1);
    // Names of the panes that are not open leave first.
    let with_names = area.width >= 70;
    // A recording has groups alone.
    let is_there = |pane: &PaneId| app.recording().is_none() || *pane == PaneId::Groups;
    for pane in PaneId::ALL.into_iter().filter(is_there) {
        let key = key_of(open(pane), paint);
        let (role, name) = if pane == nav.pane() {
            (Role::TabOpen, pane.title())
        } else {
            (Role::Tab, if with_names { pane.title() } else { "" })
        };
        line.left(role, format!("{key} {name}").trim_end())
            .gap(if with_names { 3 } else { 2 });
    }
    let path = path(nav);
    let room = usize::from(line.room().saturating_sub(1));
    let path = text::fit(&path, room, Cut::Middle);
    line.right(Role::Path, format!("{path} "), 0);
}

/// The thin rule, with what every screen has to say.
pub fn rule(frame: &mut Frame<'_>, area: Area, banner: Option<&str>, paint: &Paint<'_>) {
    line::fill(frame.buffer_mut(), area, '─', paint.theme.style(Role::Border));
    if let Some(banner) = banner {
        Line::new(frame.buffer_mut(), area, paint.theme)
            .gap(2)
            .left(Role::Info, format!(" {banner} "));
    }
}

/// The bottom line: what is typed, or the keys that matter here; notes at the right.
pub fn bottom(frame: &mut Frame<'_>, area: Area, app: &App, paint: &Paint<'_>) {
    if let Some(prompt) = app.prompt() {
        typed(frame, area, app, prompt, paint);
        return;
    }
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
    if let Some((count, percent)) = app.jobs().meter() {
        let jobs = if count == 1 { "job" } else { "jobs" };
        let percent = percent.map_or_else(String::new, |percent| format!(" {percent} %"));
        line.right(Role::Info, format!("{count} {jobs}{percent} "), 2);
    }
    if let Some(toast) = app.toasts().shown() {
        let role = match toast.level {
            Level::Info => Role::Info,
            Level::Warning => Role::Warning,
        };
        let room = usize::from(line.room().saturating_sub(1));
        let said = text::visible(text::window(&toast.text, room));
        let said = text::fit(&said, room, Cut::Tail);
        line.right(role, format!("{said} "), 2);
    }
    line.gap(1);
    if let Some(since) = app.paused() {
        line.left(Role::Warning, paused(app, since));
        return;
    }
    for action in hints(app) {
        let key = key_of(action, paint);
        let label = app.short(action);
        let needed = text::width(&key) + 1 + text::width(label);
        if needed > usize::from(line.room()) {
            break;
        }
        line.left(Role::Key, key).gap(1).left(Role::KeyLabel, label).gap(3);
    }
}

/// Since when nothing is asked, and what ends that.
fn paused(app: &App, since: Instant) -> String {
    let derived = &app.store().derived;
    let since = derived.wall.as_ref().map_or_else(String::new, |clock| {
        let (moved, looked) = (since, since);
        format!(" since {}", Moved { moved, looked, clock })
    });
    let but = if derived.alarms.is_empty() {
        ""
    } else {
        ", but for groups with a limit"
    };
    format!("paused{since}{but}: any key goes on")
}

/// The pane's hints, help last: it leads to all others.
fn hints(app: &App) -> Vec<Action> {
    let mut hints = app.hints();
    if app.overlay().is_none() && !hints.contains(&Action::Help) {
        hints.push(Action::Help);
    }
    hints
}

fn typed(frame: &mut Frame<'_>, area: Area, app: &App, prompt: &Prompt, paint: &Paint<'_>) {
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
    line.gap(1);
    if let Some(complaint) = &prompt.complaint {
        // What is typed keeps a third of the line.
        let room = usize::from(line.room()) * 2 / 3;
        let said = text::visible(text::window(complaint, room));
        line.right(Role::Warning, format!("{} ", text::fit(&said, room, Cut::Tail)), 2);
    } else {
        let completions = match &prompt.understood {
            Some(understood) => understood.clone(),
            None => app.completions().join("  "),
        };
        // What is typed, and some more, keeps its room.
        let typed = text::width_up_to(prompt.line.text(), usize::from(line.room()));
        let room = usize::from(line.room());
        let least = if prompt.understood.is_some() { room * 2 / 5 } else { 0 };
        let room = room.saturating_sub(typed + 16).max(least);
        let said = text::visible(text::window(&completions, room));
        line.right(Role::Dim, format!("{} ", text::fit(&said, room, Cut::Tail)), 2);
    }
    line.left(Role::Prompt, prompt.kind.sign());
    let before = &prompt.line.text()[..prompt.line.cursor()];
    let after = &prompt.line.text()[prompt.line.cursor()..];
    // The end of what stands before the cursor stays visible, and one column for the cursor.
    let room = usize::from(line.room().saturating_sub(1));
    let before = text::visible(before);
    line.left(Role::Prompt, text::tail(&before, room));
    let cursor = Position {
        x: line.column(),
        y: area.y,
    };
    line.left(Role::Prompt, text::visible(after));
    frame.set_cursor_position(cursor);
}

/// Where we are: the pane, and what was opened from it.
fn path(nav: &Nav) -> String {
    let pane = nav.pane().title();
    let mut path = pane.to_owned();
    for screen in nav.screens() {
        let title = screen.pane().location().title();
        if title != pane {
            path.push_str(" › ");
            path.push_str(&text::visible(text::window(&title, 300)));
        }
    }
    path
}

fn open(pane: PaneId) -> Action {
    match pane {
        PaneId::Brokers => Action::OpenBrokers,
        PaneId::Topics => Action::OpenTopics,
        PaneId::Messages => Action::OpenMessages,
        PaneId::Groups => Action::OpenGroups,
    }
}
