//! Below the rows of a preview: more of the one under the cursor, the total, what stands in the way, what is typed.

use ratatui::Frame;

use super::skip;
use crate::app::action::Action;
use crate::app::moving::{Barrier, GroupChange, Moving, Phase, Planned, Settlement};
use crate::app::prompt::LineInput;
use crate::kafka::model::Lock;
use crate::layout::Area;
use crate::ops::reset::{Change, Deed, Outcome, Plan, words};
use crate::ui::form::{rows, wrapped};
use crate::ui::jobs::broken;
use crate::ui::line::Line;
use crate::ui::theme::Role;
use crate::ui::{Paint, format, frame, text};

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, below: Area, moving: &Moving, lock: Lock, paint: &Paint<'_>) {
    let columns = usize::from(below.width);
    let room = usize::from(below.height.saturating_sub(1));
    let said = lines(moving, lock, (columns, room), paint);
    let detail = match moving.saving() {
        // What is to be said before the record, of which there may be much.
        Some(_) => usize::from(below.height).saturating_sub(said.len() + 1) as u16,
        None => 2.min(below.height.saturating_sub(5)),
    };
    let (detail, rest) = below.split_top(detail);
    let more = wrapped(&detail_of(moving, columns, paint), columns);
    let (more_area, record) = detail.split_top(more.len() as u16);
    for (row, said) in rows(more_area).zip(more) {
        Line::new(frame.buffer_mut(), row, paint.theme).left(Role::Text, said);
    }
    if let Some(saving) = moving.saving() {
        skip::draw(frame, record, moving, saving, paint);
    }
    let (message, prompt) = rest.split_bottom(1);
    for (row, (role, said)) in rows(message).zip(said) {
        Line::new(frame.buffer_mut(), row, paint.theme).left(role, said);
    }
    if let (Some(typed), Some(change)) = (&moving.hand.line, moving.change()) {
        let topic = text::visible(change.partition.topic.as_str());
        let label = format!("{topic}-{} goes to:  ", change.partition.partition);
        draw_typed(
            frame,
            prompt,
            &text::fit(&label, columns / 2, text::Cut::Middle),
            typed,
            paint,
        );
    } else if moving.is_typed(lock) {
        draw_typed(frame, prompt, "Type the group's name to apply:  ", &moving.name, paint);
    } else {
        let mut line = Line::new(frame.buffer_mut(), prompt, paint.theme);
        line.left(Role::Dim, keys(moving, lock, columns, paint));
    }
}

fn draw_typed(frame: &mut Frame<'_>, area: Area, label: &str, typed: &LineInput, paint: &Paint<'_>) {
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
    line.left(Role::Text, label);
    let room = usize::from(line.room().saturating_sub(1));
    let (before, after) = typed.text().split_at(typed.cursor());
    line.left(Role::Prompt, text::tail(&text::visible(before), room));
    let (x, y) = (line.column(), area.y);
    line.left(Role::Prompt, text::visible(after));
    frame.set_cursor_position((x, y));
}

/// The total, what stands in the way or is to be typed, what came of it: for an area of these columns and rows.
fn lines(moving: &Moving, lock: Lock, (columns, room): (usize, usize), paint: &Paint<'_>) -> Vec<(Role, String)> {
    let mut said = Vec::new();
    if let Some(total) = total(moving).filter(|_| moving.saving().is_none()) {
        said.push((Role::Title, total));
    }
    said.extend(messages(moving, lock, paint));
    let mut lines: Vec<(Role, String)> = Vec::new();
    for (role, said) in said {
        lines.extend(wrapped(&said, columns).into_iter().map(|said| (role, said)));
    }
    if let Phase::Settled(Settlement { undo: Some(path), .. }) = &moving.phase {
        // To be copied: broken where the line ends, never cut.
        let path = broken(&text::visible(&path.display().to_string()), columns);
        lines.extend(path.into_iter().map(|part| (Role::Text, part)));
    }
    if let Some(saving) = moving.saving() {
        lines.splice(
            0..0,
            skip::file(moving, saving, (columns, room.saturating_sub(lines.len()))),
        );
    }
    lines
}

/// More of the row under the cursor.
fn detail_of(moving: &Moving, columns: usize, paint: &Paint<'_>) -> String {
    let at = moving.list.cursor;
    let Some(row) = moving.plan.as_ref().and_then(|plan| plan.row(at)) else {
        return String::new();
    };
    if let Phase::Settled(settlement) = &moving.phase {
        let why = settlement.outcomes.get(at).and_then(Outcome::why);
        return why.map_or_else(String::new, |why| format!("{row}: {why}"));
    }
    let Some(change) = moving.change() else {
        return String::new();
    };
    if let Err(refusal) = &change.after {
        return format!("{row} cannot be changed: {refusal}");
    }
    let time = |ms| format::DateAndTime(ms, paint.zone).to_string();
    match moving.glance(&change.partition) {
        Some(_) if moving.hand.is_left_out(&change.partition) => String::new(),
        Some(glance) => words::first_record(glance, columns, time),
        None => String::new(),
    }
}

fn count(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{} {one}s", format::Count(count as i64)),
    }
}

/// What it comes to: `total: replays 171,404 records, skips 565 records`.
fn total(moving: &Moving) -> Option<String> {
    let Some(Planned::Offsets(plan)) = &moving.plan else {
        return None;
    };
    let is_short = match &moving.phase {
        Phase::NotSent { .. } => true,
        Phase::Settled(settlement) => !settlement.is_whole(),
        _ => false,
    };
    let total = match plan.deed {
        Deed::Move | Deed::Undo => moved(moving),
        Deed::Forget | Deed::Delete => lost(plan, moving.kept_rows()),
    };
    Some(format!("{}: {total}", if is_short { "planned" } else { "total" }))
}

fn moved(moving: &Moving) -> String {
    let totals = moving.totals();
    let mut parts = words::totals(&totals, |count| format::Count(count as i64).to_string());
    if parts.is_empty() {
        let moved = match totals.changed {
            0 => "nothing changes".to_owned(),
            count => format!("{count} changed, no record replayed or skipped"),
        };
        parts.push(moved);
    }
    parts.join(", ")
}

/// What is lost: `deletes the group and 3 offsets, with a lag of 1,204`.
fn lost<'a>(plan: &Plan, changes: impl Iterator<Item = &'a Change>) -> String {
    let (mut offsets, mut lag, mut unknown) = (0, 0_i64, 0);
    for change in changes {
        offsets += 1;
        match change.lag() {
            Some(one) => lag = lag.saturating_add(one),
            None => unknown += 1,
        }
    }
    let what = count(offsets, "offset");
    let what = match plan.deed {
        Deed::Delete => format!("deletes the group and {what}"),
        _ => format!("deletes {what}"),
    };
    let unknown = match unknown {
        0 => String::new(),
        unknown => format!(" + ?{unknown}"),
    };
    match offsets {
        0 => what,
        _ => format!("{what}, with a lag of {}{unknown}", format::Count(lag)),
    }
}

/// What stands in the way, what is to be typed, what came of it.
fn messages(moving: &Moving, lock: Lock, paint: &Paint<'_>) -> Vec<(Role, String)> {
    match &moving.phase {
        Phase::Ready => ready(moving, lock, paint),
        Phase::Applying(_) => vec![(
            Role::Info,
            "Checking the group again, writing it down, sending, reading back …".to_owned(),
        )],
        Phase::NotSent { why, .. } => vec![(Role::Danger, format!("Nothing was sent: {why}."))],
        Phase::Settled(settlement) => settled(moving, settlement),
        Phase::Planning | Phase::Waiting(_) | Phase::NoPlan(_) => Vec::new(),
    }
}

fn settled(moving: &Moving, settlement: &Settlement) -> Vec<(Role, String)> {
    let kept = settlement.kept.iter();
    let kept = kept.map(|why| (Role::Danger, format!("The group is not known to be deleted: {why}.")));
    let notes = settlement.notes.iter().map(|note| (Role::Warning, format!("{note}.")));
    let last = match (&settlement.undo, &moving.order.change) {
        (Some(_), _) => "To take it back: ktui undo FILE --execute, with this file:",
        (None, GroupChange::Remove(_)) => "One that still runs may join again.",
        (None, GroupChange::Delete) if settlement.is_whole() => "It had no offset: there is nothing to take back.",
        (None, _) if settlement.is_surely_undone => "Nothing of it happened; no undo file is kept.",
        (None, _) if settlement.is_whole() => "It changed no offset: there is nothing to take back.",
        (None, _) => "Whether it happened is not known: look at the group before you try again.",
    };
    kept.chain(notes).chain([(Role::Text, last.to_owned())]).collect()
}

fn ready(moving: &Moving, lock: Lock, paint: &Paint<'_>) -> Vec<(Role, String)> {
    if let Some(complaint) = &moving.complaint {
        return vec![(Role::Warning, complaint.clone())];
    }
    if moving.hand.is_asking() {
        return vec![(Role::Info, "Asking where that is. Nothing is sent.".to_owned())];
    }
    let Some(plan) = &moving.plan else { return Vec::new() };
    let mut said = Vec::new();
    if let Some(lasting) = lasting(moving) {
        said.push((Role::Text, lasting.to_owned()));
    }
    said.push(match moving.barrier(lock) {
        None => open(moving, plan),
        Some(Barrier::Locked) => (
            Role::Locked,
            "Locked: nothing is sent. The cluster's name unlocks; this preview is kept.".to_owned(),
        ),
        Some(Barrier::ReadOnly) => (
            Role::Locked,
            "Read-only: nothing is sent. Start again without --read-only.".to_owned(),
        ),
        Some(Barrier::Members) => (Role::Warning, who(plan)),
        Some(Barrier::Readers) => (Role::Warning, format!("Members read the topic. {}", who(plan))),
        Some(Barrier::Refused) => (Role::Danger, refused(moving, paint)),
        Some(Barrier::Unchanged) if moving.order.is_by_hand() => (
            Role::Text,
            format!(
                "Every row stays where it is until {} types where it goes.",
                frame::key_of(Action::EditOffset, paint)
            ),
        ),
        Some(Barrier::Unchanged) => (Role::Text, "There is nothing to send.".to_owned()),
    });
    said
}

/// What must be known of a change besides its rows.
fn lasting(moving: &Moving) -> Option<&'static str> {
    match &moving.order.change {
        GroupChange::Move { .. } | GroupChange::Undo { .. } | GroupChange::Skip(_) => None,
        GroupChange::Forget(_) | GroupChange::Delete => {
            Some("Whoever reads on then begins where auto.offset.reset says.")
        }
        GroupChange::Remove(_) => {
            Some("The partitions go to the other members at once. One that still runs may join again.")
        }
    }
}

fn open(moving: &Moving, plan: &Planned) -> (Role, String) {
    let said = match &moving.order.change {
        GroupChange::Remove(_) => "It is noted in the audit log. There is no undo.",
        GroupChange::Skip(_) => "The record is saved and an undo file written before anything is sent.",
        GroupChange::Delete if plan.is_empty() => "It has no offset: nothing could be taken back.",
        GroupChange::Move { .. } | GroupChange::Undo { .. } if plan.standing().state.is_dead() => {
            let said =
                "The group does not exist: this commit makes it. An undo file is written before anything is sent.";
            return (Role::Warning, said.to_owned());
        }
        _ => "An undo file is written before anything is sent.",
    };
    (Role::Text, said.to_owned())
}

fn who(plan: &Planned) -> String {
    let standing = plan.standing();
    format!("The group is {}: {}. Stop them first.", standing.state, standing.who())
}

fn refused(moving: &Moving, paint: &Paint<'_>) -> String {
    let nothing = "Nothing is sent while a partition cannot be changed";
    match &moving.order.change {
        GroupChange::Undo { file, .. } => {
            let csv = file.with_extension("csv");
            format!("{nothing}. The others can be moved from this file: {}", csv.display())
        }
        _ if moving.can_leave_out() => {
            format!("{nothing}: {} leaves it out.", frame::key_of(Action::LeaveOut, paint))
        }
        _ => format!("{nothing}."),
    }
}

/// The keys that go on from here, as many as there is room for, and how to leave.
fn keys(moving: &Moving, lock: Lock, columns: usize, paint: &Paint<'_>) -> String {
    let key = |action| frame::key_of(action, paint);
    let leave = key(Action::Leave);
    let leaves = match moving.phase {
        Phase::Applying(_) => format!("{leave} leaves; the job goes on ({} lists it)", key(Action::OpenJobs)),
        Phase::Settled(_) => format!("{leave} leaves"),
        _ => format!("{leave} goes back"),
    };
    let is_free = !moving.is_blocked(lock);
    let is_out = moving
        .change()
        .is_some_and(|change| moving.hand.is_left_out(&change.partition));
    let leave_out = if is_out { "takes it back in" } else { "leaves it out" };
    let offers = [
        (moving.can_apply(lock), Action::ToName, "types the name"),
        (!is_free, Action::WaitEmpty, "waits until nobody is in the group"),
        (moving.is_locked(lock), Action::UnlockPlan, "unlocks"),
        (moving.can_edit() && is_free, Action::EditOffset, "edits the row"),
        (moving.can_leave_out() && is_free, Action::LeaveOut, leave_out),
        (moving.can_plan(), Action::PlanAgain, "previews again"),
        (moving.can_undo(), Action::TakeBack, "takes it back"),
    ];
    let mut said = String::new();
    for (_, action, what) in offers.into_iter().filter(|(is_offered, ..)| *is_offered) {
        let offer = format!("{} {what}, ", key(action));
        if text::width(&said) + text::width(&offer) + text::width(&leaves) <= columns {
            said += &offer;
        }
    }
    said + &leaves
}
