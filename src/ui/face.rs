//! The faces that every list shares: what stands in place of rows that are not there, and the line below rows that
//! are old or incomplete.
//!
//! ```text
//!    The coordinator of group payments (broker 2, kafka-2:9092) did not answer within 10 s.
//!    Nothing to show yet. Trying again in 5 s (r: now).
//!    Hint: broker 2 is missing from the cluster; its groups wait for a new coordinator.
//! ```
//! What was asked, of whom, what came back; what ktui shows and does meanwhile; what the user can do.

use std::time::{Duration, Instant};

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line as TextLine, Span as TextSpan, Text};
use ratatui::widgets::{Paragraph, Wrap};

use super::format::{Age, Count, Span};
use super::line::Line;
use super::text::{self, Cut};
use super::theme::Role;
use super::{Paint, frame};
use crate::app::App;
use crate::app::action::Action;
use crate::app::event::Connection;
use crate::app::pane::View;
use crate::app::slot::SlotId;
use crate::app::store::Store;
use crate::kafka::error::Error;
use crate::kafka::partial::Failure;
use crate::layout::Area;

/// Columns of an error that are read at most: a broker's own words may be long.
const MOST_COLUMNS: usize = 400;

/// A load that takes longer than this shows that it is under way.
pub const SLOW: Duration = Duration::from_secs(1);

/// What a list has to show, for the choice of its face.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Where the rows come from.
    pub slot: SlotId,
    /// What they are, in the plural: `topics`.
    pub what: &'a str,
    /// How many there are without the filter.
    pub total: usize,
    /// How many pass the filter.
    pub shown: usize,
    /// The filter line.
    pub filter: &'a str,
    /// What is said when there are none at all.
    pub empty: &'a str,
}

/// Draws what stands in place of the rows; `false` when there are rows to draw.
pub fn instead(
    frame: &mut Frame<'_>,
    area: impl Into<Rect>,
    rows: &Rows<'_>,
    view: View<'_>,
    paint: &Paint<'_>,
) -> bool {
    let area = area.into();
    let store = view.store;
    if store.arrived(rows.slot).is_none() {
        match store.error(rows.slot) {
            Some(error) => {
                let meanwhile = format!(
                    "Nothing to show yet. {}",
                    again(store.retry_at(rows.slot), view.now, paint)
                );
                paragraphs(frame, area, &trouble(error, &meanwhile), paint);
            }
            None => paragraphs(frame, area, &[(Role::Dim, waiting(rows, view))], paint),
        }
        return true;
    }
    if rows.shown > 0 {
        return false;
    }
    let said = if rows.total > 0 && !rows.filter.is_empty() {
        filtered(rows, paint)
    } else {
        rows.empty.to_owned()
    };
    paragraphs(frame, area, &[(Role::Dim, said)], paint);
    true
}

/// Draws the line below the rows: why they are old or incomplete, else what the pane says about the row under the
/// cursor. `slots` are those the rows come from, the most important first.
pub fn detail(
    frame: &mut Frame<'_>,
    area: impl Into<Rect>,
    slots: &[SlotId],
    own: Option<(Role, &str)>,
    view: View<'_>,
    paint: &Paint<'_>,
) {
    detail_or(frame, area.into(), slots, (own, None), view, paint);
}

/// Like [`detail`], with something to say when there is nothing else.
pub fn detail_or(
    frame: &mut Frame<'_>,
    area: Rect,
    slots: &[SlotId],
    (own, else_said): (Option<(Role, &str)>, Option<String>),
    view: View<'_>,
    paint: &Paint<'_>,
) {
    let (role, said) = match (old(slots, view, paint), own) {
        (Some(old), _) => (Role::Warning, old),
        (None, Some((role, own))) => (role, own.to_owned()),
        (None, None) => match (incomplete(slots, view.store), refreshing(slots, view)) {
            (Some(failed), _) => (Role::Warning, failed),
            (None, Some(refreshing)) => (Role::Dim, refreshing),
            (None, None) => match else_said {
                Some(said) => (Role::Dim, said),
                None => return,
            },
        },
    };
    Line::new(frame.buffer_mut(), area, paint.theme).gap(3).left(role, said);
}

/// Draws the body before anything is known of the cluster: whom ktui calls, and what came of it.
pub fn start(frame: &mut Frame<'_>, area: Area, app: &App, paint: &Paint<'_>, now: Instant) {
    let store = app.store();
    let error = store.error(SlotId::Overview).or(match &store.derived.connection {
        Connection::Lost(error) => Some(error.as_ref()),
        Connection::Connecting | Connection::Connected => None,
    });
    let addresses = &app.settings().bootstrap;
    let Some(error) = error else {
        let since = store.asked(SlotId::Overview).unwrap_or(now);
        let mut lines = vec![(Role::Text, format!("Connecting to the cluster{}", elapsed(since, now)))];
        lines.extend(addresses.iter().map(|address| (Role::Dim, format!("  {address}"))));
        paragraphs(frame, area.into(), &lines, paint);
        return;
    };
    let next = match store.asked(SlotId::Overview) {
        Some(since) => format!("Trying again now{}", elapsed(since, now)),
        None => again(store.retry_at(SlotId::Overview), now, paint),
    };
    let mut lines = trouble(error, &format!("Nothing is known of the cluster yet. {next}"));
    if let Error::NoBroker { attempts } = error
        && attempts.len() > 1
    {
        lines.push((Role::Text, String::new()));
        let longest = attempts
            .iter()
            .map(|(address, _)| text::width(address))
            .max()
            .unwrap_or(0)
            .min(40);
        // In the order they were given, not in which they failed.
        let mut attempts: Vec<_> = attempts.iter().collect();
        attempts.sort_by_key(|(address, _)| addresses.iter().position(|given| given == address));
        for (address, error) in attempts {
            lines.push((Role::Text, format!("  {address:longest$}   {}", error.outcome())));
        }
    }
    paragraphs(frame, area.into(), &lines, paint);
}

/// The three lines of an error.
pub(super) fn trouble(error: &Error, meanwhile: &str) -> Vec<(Role, String)> {
    let said = match error {
        Error::NoBroker { attempts } => match attempts.as_slice() {
            [(address, error)] => format!("Could not connect to {address}: {}.", error.outcome()),
            several => format!("Could not connect to any of {} addresses.", several.len()),
        },
        error => sentence(&error.to_string()),
    };
    vec![
        (Role::Danger, said),
        (Role::Text, meanwhile.to_owned()),
        (Role::Text, format!("Hint: {}", error.hint())),
    ]
}

/// An error's words as a sentence.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    // A name at the start (a topic, a host) stays as it is spelled: only ktui's own "could" begins a sentence.
    let head = if words.starts_with("could ") {
        first.to_ascii_uppercase()
    } else {
        first
    };
    format!("{head}{}.", chars.as_str().trim_end_matches('.'))
}

fn waiting(rows: &Rows<'_>, view: View<'_>) -> String {
    match view.store.asked(rows.slot) {
        Some(since) => format!("Asking for the {}{}", rows.what, elapsed(since, view.now)),
        None => format!("The {} have not been asked for yet.", rows.what),
    }
}

fn filtered(rows: &Rows<'_>, paint: &Paint<'_>) -> String {
    let keys = frame::key_of(Action::Back, paint);
    format!(
        "None of {} {} passes the filter /{}   ({keys} drops it)",
        Count(rows.total as i64),
        rows.what,
        rows.filter
    )
}

/// `…`, with the seconds once they matter.
pub(super) fn elapsed(since: Instant, now: Instant) -> String {
    let waited = now.saturating_duration_since(since);
    if waited < SLOW {
        " …".to_owned()
    } else {
        format!(" … {}", Age(waited))
    }
}

pub(super) fn again(retry_at: Option<Instant>, now: Instant, paint: &Paint<'_>) -> String {
    let refresh = frame::key_of(Action::Refresh, paint);
    match retry_at.and_then(|at| seconds_until(at, now)) {
        Some(left) => format!("Trying again in {left} ({refresh}: now)."),
        None => "Trying again now.".to_owned(),
    }
}

/// The rest of a wait, rounded up so that it never says 0 s while it lasts; `None` when it is over.
fn seconds_until(at: Instant, now: Instant) -> Option<Age> {
    let left = at.saturating_duration_since(now);
    let seconds = left.as_millis().div_ceil(1000) as u64;
    (seconds > 0).then(|| Age(Duration::from_secs(seconds)))
}

/// Why the rows are old: the last refresh of one of the slots failed.
fn old(slots: &[SlotId], view: View<'_>, paint: &Paint<'_>) -> Option<String> {
    let store = view.store;
    slots.iter().find_map(|slot| {
        let error = store.error(*slot)?;
        let known = match store.arrived(*slot) {
            Some(at) => format!("{} old", Span(whole(view.now.saturating_duration_since(at)))),
            None => format!("no {} yet", slot.what()),
        };
        let refresh = frame::key_of(Action::Refresh, paint);
        let next = match store.retry_at(*slot).and_then(|at| seconds_until(at, view.now)) {
            Some(left) => format!("again in {left} ({refresh}: now)"),
            None => "asking again".to_owned(),
        };
        Some(format!("{}; {known}, {next}", error.summary()))
    })
}

fn whole(age: Duration) -> Duration {
    Duration::from_secs(age.as_secs())
}

/// What the newest answer lacks.
fn incomplete(slots: &[SlotId], store: &Store) -> Option<String> {
    let failures: Vec<&Failure> = slots.iter().flat_map(|slot| store.failures(*slot)).collect();
    let first = failures.first()?;
    let more = match failures.len() - 1 {
        0 => String::new(),
        more => format!("  (+{more} more)"),
    };
    Some(format!("missing: {}{more}", first.summary()))
}

/// That a refresh is under way: one that was asked for by key, or that takes long.
fn refreshing(slots: &[SlotId], view: View<'_>) -> Option<String> {
    let store = view.store;
    let since = slots.iter().filter_map(|slot| {
        let since = store.asked(*slot)?;
        let is_slow = view.now.saturating_duration_since(since) >= SLOW;
        (is_slow || store.derived.asked_by_key.contains(slot)).then_some(since)
    });
    since
        .min()
        .map(|since| format!("refreshing{}", elapsed(since, view.now)))
}

/// Lines of text that wrap, a blank row above and three columns before them where there is room.
pub(super) fn paragraphs(frame: &mut Frame<'_>, area: Rect, lines: &[(Role, String)], paint: &Paint<'_>) {
    let above = u16::from(area.height > lines.len() as u16 + 1);
    let before = if area.width > 40 { 3 } else { 0 };
    let area = Rect {
        x: area.x + before,
        y: area.y + above,
        width: area.width - before,
        height: area.height - above,
    };
    let lines: Vec<TextLine<'_>> = lines
        .iter()
        .map(|(role, line)| {
            let shown = text::visible(text::window(line, MOST_COLUMNS));
            let shown = text::fit(&shown, MOST_COLUMNS, Cut::Tail).into_owned();
            TextLine::from(TextSpan::styled(shown, paint.theme.style(*role)))
        })
        .collect();
    frame.render_widget(Paragraph::new(Text::from(lines)).wrap(Wrap { trim: false }), area);
}
