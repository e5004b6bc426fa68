//! The rows of a preview: what is, what will be, what that means, and what came of it.

use std::collections::BTreeSet;

use ratatui::Frame;

use crate::app::moving::{GroupChange, Moving, Phase, Planned, Row};
use crate::layout::Area;
use crate::ops::reset::{Change, Deed, Effect, Outcome, Plan, words};
use crate::ui::line::Line;
use crate::ui::text::{self, Cut};
use crate::ui::theme::Role;
use crate::ui::{Paint, format};

/// Columns that what happens to a row keeps.
const WORDS: usize = 30;
/// Columns of a name that is not the first at most.
const NAME: usize = 20;

/// A column: its title, whether numbers stand in it, and what of a row it shows.
type Spec = (&'static str, bool, fn(Row<'_>) -> String);

const MOVED: &[Spec] = &[
    ("TOPIC", false, name),
    ("P", true, |row| {
        of(row, |change| change.partition.partition.to_string())
    }),
    ("BEFORE", true, |row| of(row, before)),
    ("AFTER", true, |row| of(row, after)),
    // What happens says by how much: this one leaves where there is no room.
    ("CHANGE", true, |row| of(row, difference)),
];
const FORGOTTEN: &[Spec] = &[
    ("TOPIC", false, name),
    ("P", true, |row| {
        of(row, |change| change.partition.partition.to_string())
    }),
    ("COMMITTED", true, |row| of(row, before)),
    ("LAG", true, |row| of(row, lag)),
];
const MEMBERS: &[Spec] = &[
    ("INSTANCE", false, name),
    ("CLIENT", false, |row| {
        member(row, |member| member.client_id.to_string())
    }),
    ("HOST", false, |row| member(row, |member| member.host.to_string())),
    ("PARTITIONS", true, |row| {
        member(row, |member| {
            let count = member.assigned.as_ref().map(Vec::len);
            count.map_or_else(|| "?".to_owned(), |count| count.to_string())
        })
    }),
];

fn of(row: Row<'_>, cell: impl Fn(&Change) -> String) -> String {
    match row {
        Row::Offset(_, change) => cell(change),
        Row::Member(..) => String::new(),
    }
}

fn member(row: Row<'_>, cell: impl Fn(&crate::kafka::model::Member) -> String) -> String {
    match row {
        Row::Member(_, member) => cell(member),
        Row::Offset(..) => String::new(),
    }
}

fn name(row: Row<'_>) -> String {
    match row {
        Row::Offset(_, change) => change.partition.topic.to_string(),
        Row::Member(instance, _) => instance.to_owned(),
    }
}

fn before(change: &Change) -> String {
    if !change.is_before_known() {
        return format::UNKNOWN.to_owned();
    }
    let before = change.before.as_ref();
    before.map_or_else(
        || "none".to_owned(),
        |before| format::Count(before.offset.0).to_string(),
    )
}

fn after(change: &Change) -> String {
    match &change.after {
        Ok(Some(after)) => format::Count(after.offset.0).to_string(),
        Ok(None) => "none".to_owned(),
        Err(_) => "—".to_owned(),
    }
}

fn difference(change: &Change) -> String {
    match (&change.before, &change.after) {
        (Some(before), Ok(Some(after))) => format::Change(after.offset.0.saturating_sub(before.offset.0)).to_string(),
        _ => "—".to_owned(),
    }
}

fn lag(change: &Change) -> String {
    match change.lag() {
        Some(lag) => format::Count(lag).to_string(),
        None => "?".to_owned(),
    }
}

/// The columns with their widths, over all rows: nothing jumps while rows are scrolled.
pub(super) struct Columns(Vec<(Spec, usize)>);

impl Columns {
    /// As wide as these rows need, as far as there is room.
    pub(super) fn of(plan: &Planned, room: usize) -> Self {
        let specs = match plan {
            Planned::Members(_) => MEMBERS,
            Planned::Offsets(plan) if matches!(plan.deed, Deed::Forget | Deed::Delete) => FORGOTTEN,
            Planned::Offsets(_) => MOVED,
        };
        let sized = specs.iter().map(|&(title, is_number, cell)| {
            let cells = plan.rows().map(|row| text::width(&text::visible(&cell(row))));
            let widest = cells.max().unwrap_or(0).max(title.len());
            (
                (title, is_number, cell),
                if is_number { widest } else { widest.min(room) },
            )
        });
        let mut columns: Vec<(Spec, usize)> = sized.collect();
        for (_, width) in columns.iter_mut().skip(1).filter(|((_, is_number, _), _)| !is_number) {
            *width = (*width).min(NAME);
        }
        let left = |columns: &[(Spec, usize)]| {
            let rest: usize = columns.iter().skip(1).map(|(_, width)| width + 2).sum();
            room.saturating_sub(2 + rest + 2 + WORDS)
        };
        let first = columns.first().map_or(0, |(_, width)| *width);
        if left(&columns) < first && specs.len() == MOVED.len() {
            columns.pop();
        }
        let width = first.min(left(&columns).max(8));
        if let Some(first) = columns.first_mut() {
            first.1 = width;
        }
        Self(columns)
    }

    fn titles(&self) -> String {
        let titles = self.0.iter().map(|((title, is_number, _), width)| {
            if *is_number {
                format!("{title:>width$}")
            } else {
                format!("{title:<width$}")
            }
        });
        "  ".to_owned() + &titles.collect::<Vec<_>>().join("  ")
    }
}

/// Draws how and what, and the column titles.
pub(super) fn draw_head(frame: &mut Frame<'_>, head: Area, moving: &Moving, columns: &Columns, paint: &Paint<'_>) {
    let (first, second) = head.split_top(1);
    let mut line = Line::new(frame.buffer_mut(), first, paint.theme);
    line.right(Role::Text, scope(moving), 2);
    line.left(Role::Title, text::visible(&head_of(moving)));
    if second.height > 0 {
        Line::new(frame.buffer_mut(), second, paint.theme).left(Role::Header, columns.titles());
    }
}

/// How, or of which rows something is said.
fn head_of(moving: &Moving) -> String {
    match &moving.order.change {
        GroupChange::Move { .. } | GroupChange::Undo { .. } | GroupChange::Skip(_) => moving.how(),
        GroupChange::Forget(_) => "these offsets".to_owned(),
        GroupChange::Delete => "with all its offsets".to_owned(),
        GroupChange::Remove(_) => "static members".to_owned(),
    }
}

/// `3 partitions of 1 topic`, without those that are left out.
fn scope(moving: &Moving) -> String {
    let count = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{} {one}s", format::Count(count as i64)),
    };
    if let Some(Planned::Members(removal)) = &moving.plan {
        return count(removal.members.len(), "member");
    }
    let (mut partitions, mut topics) = (0, BTreeSet::new());
    for change in moving.kept_rows() {
        partitions += 1;
        topics.insert(&change.partition.topic);
    }
    let out = match moving.changes().len() - partitions {
        0 => String::new(),
        out => format!(", {} left out", format::Count(out as i64)),
    };
    format!(
        "{} of {}{out}",
        count(partitions, "partition"),
        count(topics.len(), "topic")
    )
}

/// What is said of a row: what would happen, or what came of it.
pub(super) fn said_of(moving: &Moving, at: usize, row: Row<'_>) -> (Role, String) {
    if let Phase::Settled(settlement) = &moving.phase {
        return match settlement.outcomes.get(at) {
            Some(Outcome::Verified) => (Role::Success, done(row)),
            Some(Outcome::Failed(_)) => (Role::Danger, "FAILED".to_owned()),
            Some(other) => (Role::Warning, other.word().to_uppercase()),
            None => (Role::Unknown, "?".to_owned()),
        };
    }
    let Row::Offset(plan, change) = row else {
        return (Role::Warning, "is taken out".to_owned());
    };
    if moving.hand.is_left_out(&change.partition) {
        return (Role::Dim, "left out: stays as it is".to_owned());
    }
    let role = match plan.effect(change) {
        Effect::Skips(_) | Effect::Unmeasured | Effect::Forgets => Role::Warning,
        Effect::Refused => Role::Danger,
        Effect::Unchanged => Role::Dim,
        _ => Role::Text,
    };
    let by_hand = if moving.is_chosen(&change.partition) {
        ", by hand"
    } else {
        ""
    };
    (role, effect(plan, change) + by_hand)
}

fn effect(plan: &Plan, change: &Change) -> String {
    words::effect(plan, change, |count| format::Count(count as i64).to_string())
}

fn done(row: Row<'_>) -> String {
    match row {
        Row::Offset(plan, change) => format!("verified: {}", effect(plan, change)),
        Row::Member(..) => "verified: is gone".to_owned(),
    }
}

/// Draws a row.
pub(super) fn draw_row(line: &mut Line<'_>, row: Row<'_>, columns: &Columns, has_cursor: bool, said: (Role, String)) {
    let (sign, role) = if has_cursor {
        ("▸ ", Role::Title)
    } else {
        ("  ", Role::Text)
    };
    line.left(role, sign);
    for (at, ((_, is_number, cell), width)) in columns.0.iter().enumerate() {
        let cell = cell(row);
        let cell = text::visible(&cell);
        let cell = text::fit(&cell, *width, Cut::Middle);
        let pad = width.saturating_sub(text::width(&cell)) as u16;
        line.gap(if at > 0 { 2 } else { 0 });
        if *is_number {
            line.gap(pad).left(role, &cell);
        } else {
            line.left(role, &cell).gap(pad);
        }
    }
    line.gap(2).left(said.0, said.1);
}
