//! Changing a group: what would happen to each partition or member, what stands in the way, what came of it.

mod below;
mod skip;
mod table;

use std::time::Instant;

use ratatui::Frame;

use super::form::rows;
use super::line::Line;
use super::{Paint, format, frame, notice, text};
use crate::app::action::Action;
use crate::app::moving::{ABOVE, BELOW, Moving, Phase, Settlement, WIDTH};
use crate::kafka::model::Lock;
use crate::layout::{Area, Size};
use table::{Columns, draw_head, draw_row, said_of};

/// Draws the preview over the body.
pub fn draw(frame: &mut Frame<'_>, body: Area, moving: &Moving, lock: Lock, paint: &Paint<'_>, now: Instant) {
    let title = text::visible(&moving.order.title()).into_owned();
    let Some(plan) = moving.plan.as_ref().filter(|_| moving.is_table()) else {
        notice::draw(frame, body, &title, &sentences(moving, paint), paint);
        return;
    };
    let age = format::Age(now.saturating_duration_since(moving.made));
    let title = match &moving.phase {
        Phase::Ready => format!("{title}  ({}, checked {age} ago)", plan.standing().state),
        Phase::Applying(_) => format!("{title}  (under way)"),
        Phase::NotSent { .. } => format!("{title}  (NOT SENT)"),
        Phase::Settled(settlement) => format!("{title}  ({})", settled_title(settlement)),
        _ => title,
    };
    let below = moving.saving().map_or(BELOW, |_| skip::below(moving));
    let size = Size {
        width: WIDTH.min(body.width),
        height: (plan.len().min(usize::from(u16::MAX)) as u16)
            .saturating_add(2 + ABOVE)
            .saturating_add(below),
    };
    let inner = frame::boxed(frame, body.centered(size), &title, paint);
    let (head, rest) = inner.split_top(ABOVE.min(inner.height));
    let (table, below) = rest.split_bottom(below.min(rest.height.saturating_sub(1)));
    let columns = Columns::of(plan, usize::from(inner.width));
    draw_head(frame, head, moving, &columns, paint);
    let page = usize::from(table.height).max(1);
    let first = (moving.list.cursor + 1).saturating_sub(page).max(moving.list.top_row);
    for (area, (at, row)) in rows(table).zip(plan.rows().enumerate().skip(first)) {
        let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
        let has_cursor = at == moving.list.cursor;
        draw_row(&mut line, row, &columns, has_cursor, said_of(moving, at, row));
    }
    below::draw(frame, below, moving, lock, paint);
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
    let all = settlement.outcomes.len();
    if settlement.is_whole() {
        "done, read back".to_owned()
    } else {
        format!("{} of {all} READ BACK AS PLANNED", settlement.verified())
    }
}
