//! The record under the cursor, below the list.

use ratatui::Frame;

use super::super::line::{self, Line};
use super::super::record::{facts, lines};
use super::super::theme::Role;
use super::super::{Paint, format};
use super::cells::Of;
use crate::app::memory::Memory;
use crate::app::pane::messages::{Messages, Source};
use crate::layout::Area;

/// Draws a rule, one line of facts, and as much of the value as there is room for.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Area,
    (pane, source): (&Messages, &Source),
    memory: &Memory,
    paint: &Paint<'_>,
) {
    let (Some(row), Some(peek)) = (pane.rows().get(pane.list().cursor), pane.peek()) else {
        return;
    };
    let (rule, rest) = area.split_top(1);
    let (head, body) = rest.split_top(1);
    line::fill(frame.buffer_mut(), rule, '─', paint.theme.style(Role::Border));
    let mut title = Line::new(frame.buffer_mut(), rule, paint.theme).on_rule();
    title.gap(2).left(Role::Title, " record ");
    if peek.is_head {
        let size = format::Bytes(row.len() as u64);
        title.left(Role::Dim, format_args!("only the head of {size} "));
    }
    if let Some(topic) = source.topic(pane.rows().topic(pane.list().cursor)) {
        let of = Of {
            topic: topic.as_str(),
            memory,
        };
        let key = of.key(row, facts::KEY);
        facts::line_with(frame, head, (row, key), topic, paint);
    }
    let (_, body) = body.split_left(3);
    let window = peek.value.window(0, body.height.into());
    lines::draw(frame, body, &window, 0, paint);
}
