//! Rows of an opened value, in the theme's colours.

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation as _;

use super::super::theme::Role;
use super::super::{Paint, line, text};
use crate::decode::{Line, Pattern, SpanKind};
use crate::layout::Area;

fn role(kind: SpanKind) -> Role {
    match kind {
        SpanKind::Plain | SpanKind::Bytes | SpanKind::Punctuation => Role::Text,
        SpanKind::Escape => Role::Binary,
        SpanKind::Key => Role::JsonKey,
        SpanKind::Text => Role::JsonString,
        SpanKind::Number => Role::JsonNumber,
        SpanKind::Literal => Role::JsonLiteral,
        SpanKind::Position | SpanKind::Folded => Role::Dim,
    }
}

/// Draws rows from the top of `area`, without their first `left` columns; `…` stands where a row goes on.
pub(in crate::ui) fn draw(frame: &mut Frame<'_>, area: Area, lines: &[Line], left: usize, paint: &Paint<'_>) {
    draw_marked(frame, area, (lines, None), left, paint);
}

/// Draws rows as [`draw`] does, with the places of a pattern marked.
pub(in crate::ui) fn draw_marked(
    frame: &mut Frame<'_>,
    area: Area,
    (lines, pattern): (&[Line], Option<&Pattern>),
    left: usize,
    paint: &Paint<'_>,
) {
    let buf = frame.buffer_mut();
    let right = area.x + area.width;
    for (y, row) in (area.y..area.y + area.height).zip(lines) {
        let mut skip = left;
        let mut x = area.x;
        for span in &row.spans {
            let shown = after(&span.text, &mut skip);
            let style = paint.theme.style(role(span.kind));
            let room = right.saturating_sub(x);
            if text::width_up_to(shown, usize::from(room) + 1) > usize::from(room) {
                line::put(buf, (x, y), room, shown, style);
                line::put(buf, (right.saturating_sub(1), y), 1, "…", paint.theme.style(Role::Dim));
                break;
            }
            x = line::put(buf, (x, y), room, shown, style);
        }
    }
    mark(frame, area, (lines, pattern), left, paint);
}

/// Marks what is looked for in lines that are drawn already.
pub(super) fn mark(
    frame: &mut Frame<'_>,
    area: Area,
    (lines, pattern): (&[Line], Option<&Pattern>),
    left: usize,
    paint: &Paint<'_>,
) {
    let Some(pattern) = pattern else { return };
    let style = paint.theme.style(Role::Match);
    for (y, row) in (area.y..area.y + area.height).zip(lines) {
        for (from, to) in marks(&row.text(), pattern, left, area.width.into()) {
            let span = Rect {
                x: area.x + from as u16,
                y,
                width: (to - from) as u16,
                height: 1,
            };
            frame.buffer_mut().set_style(span, style);
        }
    }
}

/// The columns of the places that are seen: from the first to before the last, counted in the window.
fn marks(text: &str, pattern: &Pattern, left: usize, room: usize) -> Vec<(usize, usize)> {
    let mut marks = Vec::new();
    let (mut at, mut column) = (0, 0);
    for place in pattern.places(text) {
        let begin = column + text::width(&text[at..place.start]);
        if begin >= left + room {
            break;
        }
        at = place.end;
        column = begin + text::width(&text[place]);
        if column > left {
            marks.push((begin.saturating_sub(left), (column - left).min(room)));
        }
    }
    marks
}

/// What is left of a text after `skip` columns; the columns are used up.
fn after<'a>(part: &'a str, skip: &mut usize) -> &'a str {
    if *skip == 0 {
        return part;
    }
    for (at, letter) in part.grapheme_indices(true) {
        if *skip == 0 {
            return &part[at..];
        }
        *skip = skip.saturating_sub(text::width(letter));
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_of_the_places_is_marked() {
        let pattern = Pattern::new("ab").unwrap();
        assert_eq!(marks("注ab.ab", &pattern, 0, 20), [(2, 4), (5, 7)]);
        assert_eq!(marks("注ab.ab", &pattern, 3, 3), [(0, 1), (2, 3)], "cut at both sides");
        assert_eq!(marks("注ab.ab", &pattern, 4, 1), [], "between two");
        assert_eq!(marks("....ab", &pattern, 0, 4), []);
    }

    #[test]
    fn columns_are_skipped_over_the_borders_of_parts() {
        let mut skip = 7;
        assert_eq!(after("  \"key\"", &mut skip), "");
        assert_eq!(after(": ", &mut skip), ": ");
        let mut skip = 5;
        assert_eq!(after("注文一覧", &mut skip), "覧", "a wide letter is not halved");
        let mut skip = 0;
        assert_eq!(after("abc", &mut skip), "abc");
        let mut skip = 9;
        assert_eq!((after("abc", &mut skip), skip), ("", 6));
    }
}
