//! The record that is skipped, and the file it is saved to.
//!
//! ```text
//!    orders.events/7@166120   2026-11-18T11:39:59.999Z create   key order-49999   headers 2   168 B lz4
//!    { "orderId": 1999999, "customer": "bo
//! saved first to ~/.local/state/ktui/skipped/payments-orders.events-7@166120.jsonl
//! ```

use ratatui::Frame;

use crate::app::moving::{Moving, Phase, Planned};
use crate::kafka::model::record::Row;
use crate::layout::Area;
use crate::ops::reset::{Saving, words};
use crate::ui::form::{rows, wrapped};
use crate::ui::jobs::broken;
use crate::ui::line::Line;
use crate::ui::record::{facts, lines};
use crate::ui::theme::Role;
use crate::ui::{Paint, format, text};

/// Columns left of the record.
const INDENT: u16 = 3;
/// Rows in which a value is worth being laid out.
const LEAST: u16 = 4;
/// Rows of the file, of what is to be said and of the prompt, mostly.
const BELOW: u16 = 6;

/// Rows below the table, if the whole record is to be seen.
pub(super) fn below(moving: &Moving) -> u16 {
    let value = moving.opened().map_or(0, |opened| {
        opened.value.rows().saturating_add(usize::from(opened.is_head))
    });
    u16::try_from(value)
        .unwrap_or(u16::MAX)
        .saturating_add(1)
        .max(LEAST)
        .saturating_add(BELOW)
}

/// Draws the record, as far as there is room.
pub(super) fn draw(frame: &mut Frame<'_>, area: Area, moving: &Moving, saving: &Saving, paint: &Paint<'_>) {
    if area.height < LEAST {
        let time = |ms| format::DateAndTime(ms, paint.zone).to_string();
        let columns = usize::from(area.width);
        let said = words::skipped_record(saving, columns * usize::from(LEAST), time);
        for (row, part) in rows(area).zip(broken(&text::visible(&said), columns)) {
            Line::new(frame.buffer_mut(), row, paint.theme).left(Role::Text, part);
        }
        return;
    }
    let (head, rest) = area.split_top(1);
    facts::one_line(frame, head, &saving.row, &saving.partition.topic, paint);
    let Some(opened) = moving.opened() else { return };
    let (cut, value) = rest.split_top(u16::from(opened.is_head));
    if !cut.is_empty() {
        let size = format::Bytes(saving.row.len() as u64);
        Line::new(frame.buffer_mut(), cut, paint.theme)
            .gap(INDENT)
            .left(Role::Dim, format_args!("only the head of {size}"));
    }
    let (_, value) = value.split_left(INDENT);
    let window = opened.value.window(0, value.height.into());
    lines::draw(frame, value, &window, 0, paint);
}

/// Where the record is saved, or was: to be copied, so broken where the line ends, never cut. While members are in the
/// way nothing is saved yet, and their names and the record come first where rows are few.
pub(super) fn file(moving: &Moving, saving: &Saving, (columns, room): (usize, usize)) -> Vec<(Role, String)> {
    let path = saving.path.display().to_string();
    let path = text::visible(&path);
    let named = |said: &str| broken(&format!("{said} {path}"), columns);
    let lines = match &moving.phase {
        Phase::Settled(settlement) if settlement.undo.is_some() => {
            let again = again(saving, columns);
            let told = [again, broken(&path, columns)].concat();
            if told.len() > room { named("saved to") } else { told }
        }
        Phase::Ready | Phase::Applying(_) => named("saved first to"),
        _ => return Vec::new(),
    };
    let is_blocked = moving.plan.as_ref().is_some_and(Planned::is_blocked);
    if is_blocked && lines.len() + usize::from(LEAST) > room {
        return Vec::new();
    }
    lines.into_iter().map(|part| (Role::Text, part)).collect()
}

/// That it is saved, and how it is sent again.
fn again(saving: &Saving, columns: usize) -> Vec<String> {
    let topic = &saving.partition.topic;
    let said = match saving.row {
        Row::Record(_) => format!("To send it again: ktui import FILE {topic} --keep-partitions, with this file:"),
        Row::Unreadable(_) => "What cannot be read is saved as it is:".to_owned(),
    };
    wrapped(&said, columns)
}
