//! The partitions of a preview: before, after, what it means, and what came of it.

use std::collections::BTreeSet;

use ratatui::Frame;

use crate::app::moving::{Moving, Phase};
use crate::layout::Area;
use crate::ops::reset::{Change, Effect, Outcome, Plan, words};
use crate::ui::line::Line;
use crate::ui::text::{self, Cut};
use crate::ui::theme::Role;
use crate::ui::{Paint, format};

/// Columns that what happens to a partition keeps.
const WORDS: usize = 30;

/// Widths of the columns, over all rows: nothing jumps while rows are scrolled.
pub(super) struct Columns {
    topic: usize,
    partition: usize,
    before: usize,
    after: usize,
    change: usize,
}

impl Columns {
    /// As wide as these rows need, as far as there is room.
    pub(super) fn of(changes: &[Change], room: usize) -> Self {
        let widest = |title: &str, cell: fn(&Change) -> String| {
            let cells = changes.iter().map(|change| text::width(&cell(change)));
            cells.max().unwrap_or(0).max(title.len())
        };
        let mut columns = Self {
            topic: 0,
            partition: widest("P", |change| change.partition.partition.to_string()),
            before: widest("BEFORE", before),
            after: widest("AFTER", after),
            change: widest("CHANGE", difference),
        };
        let topics = changes
            .iter()
            .map(|change| text::width(&text::visible(change.partition.topic.as_str())));
        let topic = topics.max().unwrap_or(0).max("TOPIC".len());
        let left = |columns: &Self| room.saturating_sub(columns.numbers() + WORDS);
        if left(&columns) < topic {
            // What happens says by how much.
            columns.change = 0;
        }
        columns.topic = topic.min(left(&columns).max(8));
        columns
    }

    /// Columns of everything but the topic and the words, with the gaps.
    fn numbers(&self) -> usize {
        let change = if self.change == 0 { 0 } else { self.change + 2 };
        2 + 2 + self.partition + 2 + self.before + 2 + self.after + 2 + change
    }
}

fn before(change: &Change) -> String {
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

/// Draws how and what, and the column titles.
pub(super) fn draw_head(frame: &mut Frame<'_>, head: Area, plan: &Plan, columns: &Columns, paint: &Paint<'_>) {
    let (first, second) = head.split_top(1);
    let topics: BTreeSet<_> = plan.changes.iter().map(|change| &change.partition.topic).collect();
    let count = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{} {one}s", format::Count(count as i64)),
    };
    let scope = format!(
        "{} of {}",
        count(plan.changes.len(), "partition"),
        count(topics.len(), "topic")
    );
    let mut line = Line::new(frame.buffer_mut(), first, paint.theme);
    line.right(Role::Text, scope, 2);
    line.left(Role::Title, text::visible(&plan.how));
    if second.height == 0 {
        return;
    }
    let mut line = Line::new(frame.buffer_mut(), second, paint.theme);
    let titles = format!(
        "  {:<topic$}  {:>partition$}  {:>before$}  {:>after$}",
        "TOPIC",
        "P",
        "BEFORE",
        "AFTER",
        topic = columns.topic,
        partition = columns.partition,
        before = columns.before,
        after = columns.after
    );
    line.left(Role::Header, titles);
    if columns.change > 0 {
        line.left(Role::Header, format!("  {:>width$}", "CHANGE", width = columns.change));
    }
}

/// What is said of a partition: what would happen, or what came of it.
pub(super) fn said_of(moving: &Moving, at: usize, change: &Change) -> (Role, String) {
    let number = |count: u64| format::Count(count as i64).to_string();
    let planned = || {
        let plan = moving.plan.as_ref();
        plan.map_or_else(String::new, |plan| words::effect(plan, change, number))
    };
    if let Phase::Settled(settlement) = &moving.phase {
        return match settlement.settled.get(at).map(|one| &one.outcome) {
            Some(Outcome::Verified) => (Role::Success, format!("verified: {}", planned())),
            Some(Outcome::Failed(_)) => (Role::Danger, "FAILED".to_owned()),
            Some(other) => (Role::Warning, other.word().to_uppercase()),
            None => (Role::Unknown, "?".to_owned()),
        };
    }
    let role = match change.effect() {
        Effect::Skips(_) => Role::Warning,
        Effect::Refused => Role::Danger,
        Effect::Unchanged => Role::Dim,
        _ => Role::Text,
    };
    (role, planned())
}

/// Draws a partition.
pub(super) fn draw_change(
    line: &mut Line<'_>,
    change: &Change,
    columns: &Columns,
    has_cursor: bool,
    said: (Role, String),
) {
    let (sign, role) = if has_cursor {
        ("▸ ", Role::Title)
    } else {
        ("  ", Role::Text)
    };
    let topic = text::visible(change.partition.topic.as_str());
    let topic = text::fit(&topic, columns.topic, Cut::Middle);
    line.left(role, sign).left(role, &topic);
    line.gap(columns.topic.saturating_sub(text::width(&topic)) as u16);
    let mut number = |cell: String, width: usize| {
        line.gap((2 + width.saturating_sub(text::width(&cell))) as u16)
            .left(role, cell);
    };
    number(change.partition.partition.to_string(), columns.partition);
    number(before(change), columns.before);
    number(after(change), columns.after);
    if columns.change > 0 {
        number(difference(change), columns.change);
    }
    line.gap(2).left(said.0, said.1);
}
