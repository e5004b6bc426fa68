//! The words of a search: how far it is, what it found, why it stopped, what it could not judge.

use std::time::Duration;

use super::super::format::{Bytes, Count, Short, Span, TimeOfDay};
use super::super::text::{self, Cut};
use super::super::theme::Role;
use super::super::{Paint, frame};
use super::range::Words;
use super::status::counted;
use crate::app::action::Action;
use crate::app::pane::View;
use crate::app::pane::messages::search::{Phase, Search};
use crate::app::pane::messages::{Messages, Source, Stance};
use crate::filter::Kind;

/// Columns of the search line in the title.
const TITLE: usize = 44;

/// Before that a rate says nothing.
const SETTLED: Duration = Duration::from_millis(200);

/// What is looked for, for the title.
pub(super) fn title(search: &Search) -> String {
    let sign = if search.filter.kind() == Kind::Text { "/" } else { "" };
    let line = text::visible(text::window(search.filter.source(), 4 * TITLE));
    text::fit(&format!("{sign}{line}"), TITLE, Cut::Tail).into_owned()
}

/// Whether it goes on, for the title.
pub(super) fn state(search: &Search, stance: Stance) -> (Role, String) {
    let said = match (&search.phase, search.reached_end, stance) {
        (Phase::Running, None, _) => return (Role::Success, "searching".to_owned()),
        (Phase::Running, Some(_), Stance::Following) => return (Role::Success, "following ▶".to_owned()),
        (Phase::Running, Some(_), Stance::Looking { .. }) => "searching new records".to_owned(),
        (Phase::Cancelled, ..) => return (Role::Warning, "search stopped".to_owned()),
        (Phase::Full, ..) => return (Role::Warning, "search waits".to_owned()),
        (Phase::Ended(Some(_)), ..) => return (Role::Danger, "search failed".to_owned()),
        (Phase::Ended(None), ..) if search.is_incomplete() => return (Role::Warning, "searched in part".to_owned()),
        (Phase::Ended(None), ..) => "searched".to_owned(),
    };
    (Role::Text, said)
}

/// How far it is and what it found, or why it stopped.
pub(super) fn line(pane: &Messages, search: &Search, view: View<'_>, paint: &Paint<'_>) -> (Role, String) {
    let progress = &search.progress;
    let room = usize::from(view.body.width.saturating_sub(4));
    let mut parts = vec![place(pane, search, view, paint)];
    let is_full = search.phase == Phase::Full;
    if search.is_busy() {
        parts.extend(rate(search, view));
    }
    if !is_full {
        parts.push(counted_as(progress.matches, "match", "matches"));
    }
    if search.let_go > 0 {
        parts.push(format!("{} of them no longer shown", Count(search.let_go as i64)));
    }
    parts.extend(troubles(search, &parts, room, paint));
    if search.is_busy() {
        parts.extend(left(search, view));
    } else if search.reached_end.is_some() {
        let of = if progress.passed < progress.total {
            format!(" of {}", Short(progress.total))
        } else {
            String::new()
        };
        parts.push(format!("{}{of} scanned", Short(progress.passed)));
    }
    if progress.bytes > 0 {
        parts.push(Bytes(progress.bytes).to_string());
    }
    let is_stopped = search.is_held() || matches!(search.phase, Phase::Ended(Some(_)));
    let role = if search.has_troubles() || is_stopped {
        Role::Warning
    } else {
        Role::Info
    };
    (role, fitting(&parts, room))
}

/// What could not be judged or read. None of it may be cut off: where it does not fit behind what is said already, the
/// key that shows it is named.
fn troubles(search: &Search, said: &[String], room: usize, paint: &Paint<'_>) -> Vec<String> {
    let progress = &search.progress;
    let mut parts = Vec::new();
    if !progress.failures.is_empty() {
        parts.push(format!(
            "{} not readable",
            counted(progress.failures.len(), "partition")
        ));
    }
    if progress.lost > 0 {
        parts.push(format!("{} lost to retention", Count(progress.lost as i64)));
    }
    if progress.unreadable > 0 {
        parts.push(counted_as(progress.unreadable, "damaged batch", "damaged batches"));
    }
    if progress.errors > 0 || !search.is_incomplete() {
        parts.push(counted_as(progress.errors, "error", "errors"));
    }
    let all: usize = said.iter().chain(&parts).map(|part| text::width(part) + 2).sum();
    if all <= room + 2 || !search.has_troubles() {
        return parts;
    }
    let key = frame::key_of(Action::SearchTroubles, paint);
    let words = if search.is_incomplete() {
        format!("incomplete: {key} says why")
    } else {
        format!("{}: {key}", counted_as(progress.errors, "error", "errors"))
    };
    vec![words]
}

/// As many of the parts as fit whole, the first in any case.
fn fitting(parts: &[String], room: usize) -> String {
    let mut said = String::new();
    for part in parts {
        let space = if said.is_empty() { "" } else { "  " };
        if !said.is_empty() && text::width(&said) + space.len() + text::width(part) > room {
            break;
        }
        said.push_str(space);
        said.push_str(part);
    }
    said
}

fn place(pane: &Messages, search: &Search, view: View<'_>, paint: &Paint<'_>) -> String {
    let progress = &search.progress;
    let key = |action| frame::key_of(action, paint);
    let percent = percent(search);
    match &search.phase {
        Phase::Ended(Some(error)) => {
            let again = key(Action::Refresh);
            return format!("failed at {percent} %, {again} searches again: {}", error.summary());
        }
        Phase::Cancelled => {
            return format!("stopped at {percent} %: {} goes on", key(Action::ResumeSearch));
        }
        Phase::Full => return full(search, pane.rows().kept(), &key(Action::ResumeSearch)),
        Phase::Ended(None) if !progress.at_end => {
            return format!("found as many as asked for, {percent} % scanned");
        }
        Phase::Running | Phase::Ended(None) => {}
    }
    match search.reached_end {
        Some(at) => {
            let time = view.store.derived.wall.as_ref().map_or_else(String::new, |wall| {
                let millis = wall.time(at).timestamp().as_millisecond();
                let time = TimeOfDay(millis, paint.zone).to_string();
                format!(" at {}", time.split('.').next().unwrap_or_default())
            });
            let passed = if progress.failures.is_empty() {
                counted(progress.partitions, "partition")
            } else {
                "what can be read".to_owned()
            };
            format!("end of {passed}{time}")
        }
        None if progress.total == 0 => "looking up what there is …".to_owned(),
        None => format!(
            "scanned {} of {} ({percent} %)",
            Short(progress.passed),
            Short(progress.total)
        ),
    }
}

/// As many matches are kept as may be: which are shown, and what going on does to them.
fn full(search: &Search, shown: usize, resume: &str) -> String {
    let percent = percent(search);
    let said = format!("full at {percent} %: {} matches shown", Count(shown as i64));
    match search.waiting(shown) {
        0 => format!("{said}, {resume} clears them and goes on"),
        more => format!(
            "{said}, {} more found: {resume} shows those instead",
            Count(more as i64)
        ),
    }
}

fn percent(search: &Search) -> u64 {
    let progress = &search.progress;
    (progress.passed * 100).checked_div(progress.total).unwrap_or(0)
}

/// Offsets passed per second, once that is known.
fn per_second(search: &Search, view: View<'_>) -> Option<f64> {
    let worked = search.worked(view.now);
    let is_known = worked >= SETTLED && search.progress.passed > 0;
    is_known.then(|| search.progress.passed as f64 / worked.as_secs_f64())
}

fn rate(search: &Search, view: View<'_>) -> Option<String> {
    per_second(search, view).map(|rate| format!("{}/s", Short(rate as u64)))
}

fn left(search: &Search, view: View<'_>) -> Option<String> {
    let rate = per_second(search, view)?;
    let left = search.progress.total.saturating_sub(search.progress.passed) as f64 / rate;
    let left = Duration::try_from_secs_f64(left).ok()?;
    Some(format!("{} left", Span(left)))
}

fn counted_as(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", Count(count as i64), if count == 1 { one } else { many })
}

/// What stands in place of the rows.
pub(super) fn instead(pane: &Messages, search: &Search, view: View<'_>, paint: &Paint<'_>) -> Vec<(Role, String)> {
    let what = title(search);
    if let Phase::Ended(Some(error)) = &search.phase {
        return super::super::face::trouble(error, "Nothing was found before that.");
    }
    let back = frame::key_of(Action::Back, paint);
    let said = match (search.reached_end, search.is_held()) {
        (Some(_), _) if search.follows && search.phase == Phase::Running => {
            format!("Nothing matches {what}. New records that do appear here; {back} leaves the search.")
        }
        (Some(_), _) if search.is_incomplete() => {
            let why = frame::key_of(Action::SearchTroubles, paint);
            format!("Nothing matches {what} in what can be read: {why} says what cannot. {back} leaves the search.")
        }
        (Some(_), _) => format!("Nothing matches {what}. {back} leaves the search."),
        (None, true) => format!("Nothing matched {what} so far. {back} leaves the search."),
        (None, false) => format!("Nothing matched {what} so far. {back} stops the search."),
    };
    let mut words = vec![(Role::Text, said)];
    if let Some(source) = pane.source() {
        words.push((
            Role::Dim,
            format!("{} of {}", capital(&range(pane, source, view, paint)), source.title()),
        ));
    }
    words
}

/// From where to where is searched.
pub(super) fn range(pane: &Messages, source: &Source, view: View<'_>, paint: &Paint<'_>) -> String {
    let mut searched = source.clone();
    searched.start = source.searched_from();
    Words::new(view, paint).range(pane, &searched)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
