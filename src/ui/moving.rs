//! Moving a group's offsets: what would happen to each partition, what stands in the way, what came of it.

mod table;

use std::time::Instant;

use ratatui::Frame;

use super::form::{rows, wrapped};
use super::jobs::broken;
use super::line::Line;
use super::text;
use super::theme::Role;
use super::{Paint, format, frame, notice};
use crate::app::action::Action;
use crate::app::moving::{ABOVE, BELOW, Barrier, Moving, Phase, Settlement};
use crate::kafka::model::Lock;
use crate::layout::{Area, Size};
use crate::ops::reset::{Outcome, Plan, words};
use table::{Columns, draw_change, draw_head, said_of};

/// Columns of the box where the screen has them.
const WIDTH: u16 = 118;

/// Draws the preview over the body.
pub fn draw(frame: &mut Frame<'_>, body: Area, moving: &Moving, lock: Lock, paint: &Paint<'_>, now: Instant) {
    let group = text::visible(moving.order.group.as_str()).into_owned();
    let title = format!("Move offsets of {group}");
    let Some(plan) = moving.plan.as_ref().filter(|_| moving.is_table()) else {
        notice::draw(frame, body, &title, &sentences(moving, paint), paint);
        return;
    };
    let age = format::Age(now.saturating_duration_since(moving.made));
    let title = match &moving.phase {
        Phase::Ready => format!("{title}  ({}, checked {age} ago)", plan.standing.state),
        Phase::Applying(_) => format!("{title}  (under way)"),
        Phase::NotSent { .. } => format!("{title}  (NOT SENT)"),
        Phase::Settled(settlement) => format!("{title}  ({})", settled_title(settlement)),
        _ => title,
    };
    let size = Size {
        width: WIDTH.min(body.width),
        height: (plan.changes.len().min(usize::from(u16::MAX)) as u16).saturating_add(2 + ABOVE + BELOW),
    };
    let inner = frame::boxed(frame, body.centered(size), &title, paint);
    let (head, rest) = inner.split_top(ABOVE.min(inner.height));
    let (table, below) = rest.split_bottom(BELOW.min(rest.height.saturating_sub(1)));
    let columns = Columns::of(&plan.changes, usize::from(inner.width));
    draw_head(frame, head, plan, &columns, paint);
    let page = usize::from(table.height).max(1);
    let first = (moving.list.cursor + 1).saturating_sub(page).max(moving.list.top_row);
    for (row, (at, change)) in rows(table).zip(plan.changes.iter().enumerate().skip(first)) {
        let mut line = Line::new(frame.buffer_mut(), row, paint.theme);
        draw_change(
            &mut line,
            change,
            &columns,
            at == moving.list.cursor,
            said_of(moving, at, change),
        );
    }
    draw_below(frame, below, moving, lock, paint);
}

/// What is said while there is no table.
fn sentences(moving: &Moving, paint: &Paint<'_>) -> Vec<String> {
    let key = |action| frame::key_of(action, paint);
    let (leave, again) = (key(Action::Leave), key(Action::PlanAgain));
    match &moving.phase {
        Phase::Waiting(who) => vec![
            "Waiting until nobody is in the group; then a new preview is made. Nothing is sent.".to_owned(),
            format!("{who}."),
            format!("{leave} stops waiting."),
        ],
        Phase::NoPlan(why) => vec![
            "There is no preview, and nothing was sent.".to_owned(),
            why.clone(),
            format!("{again} tries again, {leave} goes back."),
        ],
        _ => vec![
            "Reading members, commits, log starts and ends. Nothing is sent.".to_owned(),
            format!("{leave} goes back."),
        ],
    }
}

fn settled_title(settlement: &Settlement) -> String {
    let all = settlement.settled.len();
    let verified = settlement
        .settled
        .iter()
        .filter(|one| one.outcome == Outcome::Verified)
        .count();
    if verified == all {
        "done, read back".to_owned()
    } else {
        format!("{verified} of {all} READ BACK AS PLANNED")
    }
}

fn draw_below(frame: &mut Frame<'_>, below: Area, moving: &Moving, lock: Lock, paint: &Paint<'_>) {
    let columns = usize::from(below.width);
    let (detail, rest) = below.split_top(2.min(below.height.saturating_sub(5)));
    for (row, said) in rows(detail).zip(wrapped(&detail_of(moving, columns, paint), columns)) {
        Line::new(frame.buffer_mut(), row, paint.theme).left(Role::Text, said);
    }
    let (message, prompt) = rest.split_bottom(1);
    let total = moving.plan.as_ref().map(totals).unwrap_or_default();
    let is_short = match &moving.phase {
        Phase::NotSent { .. } => true,
        Phase::Settled(settlement) => settlement.settled.iter().any(|one| one.outcome != Outcome::Verified),
        _ => false,
    };
    let total = format!("{}: {total}", if is_short { "planned" } else { "total" });
    let mut lines: Vec<(Role, String)> = wrapped(&total, columns)
        .into_iter()
        .map(|said| (Role::Title, said))
        .collect();
    for (role, said) in messages(moving, lock) {
        lines.extend(wrapped(&said, columns).into_iter().map(|said| (role, said)));
    }
    if let Phase::Settled(Settlement { undo: Some(path), .. }) = &moving.phase {
        // To be copied: broken where the line ends, never cut.
        let path = broken(&text::visible(&path.display().to_string()), columns);
        lines.extend(path.into_iter().map(|part| (Role::Text, part)));
    }
    for (row, (role, said)) in rows(message).zip(lines) {
        Line::new(frame.buffer_mut(), row, paint.theme).left(role, said);
    }
    let mut line = Line::new(frame.buffer_mut(), prompt, paint.theme);
    if !moving.is_typed(lock) {
        line.left(Role::Dim, keys(moving, lock, paint));
        return;
    }
    line.left(Role::Text, "Type the group's name to apply:  ");
    let room = usize::from(line.room().saturating_sub(1));
    let (before, after) = moving.name.text().split_at(moving.name.cursor());
    line.left(Role::Prompt, text::tail(&text::visible(before), room));
    let (x, y) = (line.column(), prompt.y);
    line.left(Role::Prompt, text::visible(after));
    frame.set_cursor_position((x, y));
}

/// More of the row under the cursor.
fn detail_of(moving: &Moving, columns: usize, paint: &Paint<'_>) -> String {
    let Some(change) = moving.changes().get(moving.list.cursor) else {
        return String::new();
    };
    if let Phase::Settled(settlement) = &moving.phase {
        let outcome = settlement.settled.get(moving.list.cursor).map(|one| &one.outcome);
        let why = outcome.and_then(Outcome::why);
        return why.map_or_else(String::new, |why| format!("{}: {why}", change.partition));
    }
    if let Err(refusal) = &change.after {
        return format!("{} cannot be moved: {refusal}", change.partition);
    }
    let time = |ms| format::DateAndTime(ms, paint.zone).to_string();
    match moving.glance(&change.partition) {
        Some(glance) => words::first_record(glance, columns, time),
        None => String::new(),
    }
}

fn totals(plan: &Plan) -> String {
    let totals = plan.totals();
    let records = |count: u64| match count {
        1 => "1 record".to_owned(),
        _ => format!("{} records", format::Count(count as i64)),
    };
    let mut parts = Vec::new();
    if totals.replayed > 0 {
        parts.push(format!("replays {}", records(totals.replayed)));
    }
    if totals.skipped > 0 {
        parts.push(format!("SKIPS {}", records(totals.skipped)));
    }
    if totals.clamped > 0 {
        parts.push(format!("{} clamped", totals.clamped));
    }
    if totals.refused > 0 {
        parts.push(format!("{} refused", totals.refused));
    }
    if parts.is_empty() {
        let moved = match totals.changed {
            0 => "nothing changes".to_owned(),
            count => format!("{count} changed, no record replayed or skipped"),
        };
        parts.push(moved);
    }
    parts.join(", ")
}

/// What stands in the way, what is to be typed, what came of it.
fn messages(moving: &Moving, lock: Lock) -> Vec<(Role, String)> {
    match &moving.phase {
        Phase::Ready => vec![ready(moving, lock)],
        Phase::Applying(_) => vec![(
            Role::Info,
            "Checking the group again, writing the undo file, sending, reading back …".to_owned(),
        )],
        Phase::NotSent { why, .. } => vec![(Role::Danger, format!("Nothing was sent: {why}."))],
        Phase::Settled(settlement) => {
            let mut said: Vec<_> = settlement
                .notes
                .iter()
                .map(|note| (Role::Warning, format!("{note}.")))
                .collect();
            said.push(match &settlement.undo {
                Some(_) => (
                    Role::Text,
                    "To take it back: ktui undo FILE --execute, with this file:".to_owned(),
                ),
                None => (Role::Text, "Nothing of it happened; no undo file is kept.".to_owned()),
            });
            said
        }
        Phase::Planning | Phase::Waiting(_) | Phase::NoPlan(_) => Vec::new(),
    }
}

fn ready(moving: &Moving, lock: Lock) -> (Role, String) {
    if let Some(complaint) = &moving.complaint {
        return (Role::Warning, complaint.clone());
    }
    let Some(plan) = &moving.plan else {
        return (Role::Text, String::new());
    };
    match moving.barrier(lock) {
        None if plan.standing.state.is_dead() => (
            Role::Warning,
            "The group does not exist: this commit makes it. An undo file is written before anything is sent."
                .to_owned(),
        ),
        None => (
            Role::Text,
            "An undo file is written before anything is sent.".to_owned(),
        ),
        Some(Barrier::Locked) => (
            Role::Locked,
            "Locked: nothing is sent. The cluster's name unlocks; this preview is kept.".to_owned(),
        ),
        Some(Barrier::ReadOnly) => (
            Role::Locked,
            "Read-only: nothing is sent. Start again without --read-only.".to_owned(),
        ),
        Some(Barrier::Members) => (
            Role::Warning,
            format!(
                "The group is {}: {}. Stop them first.",
                plan.standing.state,
                plan.standing.who()
            ),
        ),
        Some(Barrier::Refused) => (
            Role::Danger,
            "Nothing is sent while a partition cannot be moved: leave it out under topics.".to_owned(),
        ),
        Some(Barrier::Unchanged) => (Role::Text, "There is nothing to send.".to_owned()),
    }
}

/// The keys that go on from here.
fn keys(moving: &Moving, lock: Lock, paint: &Paint<'_>) -> String {
    let key = |action| frame::key_of(action, paint);
    let mut said = Vec::new();
    if moving.is_blocked() {
        said.push(format!("{} waits until nobody is in the group", key(Action::WaitEmpty)));
    }
    if moving.is_locked(lock) {
        said.push(format!("{} unlocks", key(Action::UnlockPlan)));
    }
    if moving.can_plan() {
        said.push(format!("{} makes a new preview", key(Action::PlanAgain)));
    }
    let leave = key(Action::Leave);
    said.push(match moving.phase {
        Phase::Applying(_) => format!("{leave} leaves; the job goes on ({} lists it)", key(Action::OpenJobs)),
        Phase::Settled(_) => format!("{leave} leaves"),
        _ => format!("{leave} goes back"),
    });
    said.join(", ")
}
