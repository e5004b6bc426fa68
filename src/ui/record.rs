//! Draws one record; its picture stands in `app::pane::record`.

pub(super) mod facts;
pub(super) mod lines;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::line::{self, Line};
use super::theme::Role;
use super::{Paint, format};
use crate::app::pane::View;
use crate::app::pane::record::find::Find;
use crate::app::pane::record::section::{Section, Text, Wrap};
use crate::app::pane::record::{INDENT, RecordView};
use crate::decode::{self, Format, Preview, Shape};
use crate::kafka::model::record::Row;
use crate::layout::Area;

/// Draws the screen.
pub fn draw(frame: &mut Frame<'_>, _area: Rect, pane: &RecordView, view: View<'_>, paint: &Paint<'_>) {
    let parts = pane.parts(view.body);
    if pane.focus() == Section::Facts {
        facts::list(frame, parts.facts, pane, paint);
    } else {
        facts::lines(frame, parts.facts, pane, paint);
    }
    headers(frame, parts.headers, pane, paint);
    text(frame, parts.key, pane, Section::Key, paint);
    text(frame, parts.value, pane, Section::Value, paint);
}

/// The rule above a section: its name, what it is, how much of it is seen.
fn title(frame: &mut Frame<'_>, area: Area, is_focused: bool, name: &str, words: &[(Role, String)], paint: &Paint<'_>) {
    line::fill(frame.buffer_mut(), area, '─', paint.theme.style(Role::Border));
    let role = if is_focused { Role::TabOpen } else { Role::Tab };
    let sign = if is_focused { '▸' } else { ' ' };
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme).on_rule();
    let role_of_sign = if is_focused { Role::Key } else { Role::Tab };
    line.gap(1)
        .left(role_of_sign, sign)
        .left(role, name)
        .left(Role::Text, " ");
    for (role, word) in words {
        line.left(*role, format_args!(" {word} "));
    }
}

/// `rows 41–60 of 1,204`, where not all are seen.
fn seen(pane: &RecordView, section: Section, rows: usize, area: Area) -> Option<(Role, String)> {
    let top = pane.top(section);
    let end = (top + usize::from(area.height)).min(rows);
    (end - top.min(end) < rows).then(|| {
        let count = |number: usize| format::Count(number as i64);
        let said = format!("rows {}–{} of {}", count(top + 1), count(end), count(rows));
        (Role::Dim, said)
    })
}

fn headers(frame: &mut Frame<'_>, (head, area): (Area, Area), pane: &RecordView, paint: &Paint<'_>) {
    let Row::Record(record) = pane.row() else { return };
    let count = record.headers.len();
    let mut words = vec![(
        Role::Text,
        if count == 0 {
            "none".to_owned()
        } else {
            count.to_string()
        },
    )];
    if pane.headers().format != Format::Auto {
        words.push((Role::Dim, pane.headers().format.to_string()));
    }
    words.extend(seen(pane, Section::Headers, pane.headers().rows(), area));
    title(frame, head, pane.focus() == Section::Headers, "headers", &words, paint);
    let (_, area) = area.split_left(INDENT);
    let columns = pane.headers().name_columns();
    let (names, values) = area.split_left(columns as u16);
    let (_, values) = values.split_left(2);
    let window = pane.headers().window(pane.top(Section::Headers), area.height.into());
    for (at, row) in window.iter().enumerate() {
        let y = at as u16;
        let key = record.headers.get(row.index).map(|header| header.key.as_ref());
        if row.is_first {
            let (role, name) = match decode::preview(key, columns) {
                Preview::Text(name) | Preview::Decoded(name) => (Role::JsonKey, name),
                Preview::Null | Preview::Empty => (Role::Null, "(empty)".to_owned()),
                Preview::Binary(hex) => (Role::Binary, format!("0x{hex}")),
            };
            Line::new(frame.buffer_mut(), row_of(names, y), paint.theme).left(role, name);
        }
        let nothing = match record.headers.get(row.index).map(|header| &header.value) {
            Some(None) => Some("∅ null"),
            Some(Some(value)) if value.is_empty() => Some("(empty)"),
            _ => None,
        };
        match nothing {
            Some(word) => {
                Line::new(frame.buffer_mut(), row_of(values, y), paint.theme).left(Role::Null, word);
            }
            None => lines::draw(
                frame,
                row_of(values, y),
                std::slice::from_ref(&row.line),
                left(pane),
                paint,
            ),
        }
    }
}

fn text(frame: &mut Frame<'_>, (head, area): (Area, Area), pane: &RecordView, section: Section, paint: &Paint<'_>) {
    let Some(text) = pane.text(section) else { return };
    let Some(view) = text.view() else { return };
    let name = match (section, pane.row()) {
        (Section::Key, _) => "key",
        (_, Row::Record(_)) => "value",
        (_, Row::Unreadable(_)) => "bytes",
    };
    let mut words = Vec::new();
    let size = match (section, pane.row()) {
        (Section::Key, Row::Record(record)) => record.key.as_ref().map(bytes::Bytes::len),
        (_, Row::Record(record)) => record.value.as_ref().map(bytes::Bytes::len),
        (_, Row::Unreadable(stretch)) => Some(stretch.bytes.len()),
    };
    if let Some(size) = size.filter(|size| *size > 0) {
        words.push((Role::Text, format::Bytes(size as u64).to_string()));
        words.push((Role::Dim, shown_as(text, view)));
    }
    if pane.wrap() == Wrap::Cut {
        let column = match pane.left_column() {
            0 => String::new(),
            column => format!(" from column {}", column + 1),
        };
        words.push((Role::Dim, format!("not wrapped{column}")));
    }
    if let Some(find) = pane.find(section) {
        words.push(found(find, text.places()));
    }
    words.extend(seen(pane, section, view.rows(), area));
    title(frame, head, pane.focus() == section, name, &words, paint);
    let (_, area) = area.split_left(INDENT);
    match view.shape() {
        Shape::Null if section == Section::Value => {
            Line::new(frame.buffer_mut(), area, paint.theme).left(Role::Tombstone, "␀ tombstone (the value is null)");
        }
        Shape::Null => {
            Line::new(frame.buffer_mut(), area, paint.theme).left(Role::Null, "∅ null");
        }
        Shape::Empty => {
            Line::new(frame.buffer_mut(), area, paint.theme).left(Role::Null, "(empty: 0 bytes)");
        }
        _ => {
            let window = view.window(text.list.top_row, area.height.into());
            let pattern = pane.find(section).and_then(|find| find.pattern.as_ref());
            lines::draw_marked(frame, area, (&window, pattern), left(pane), paint);
            if let Some(cursor) = text.cursor().filter(|_| pane.focus() == section) {
                let row = cursor - text.list.top_row.min(cursor);
                draw_cursor(frame, area, row, paint);
                // The cursor stands on what was found: its mark must not vanish under it.
                if let (Some(under), Ok(row)) = (window.get(row), u16::try_from(row)) {
                    let under = std::slice::from_ref(under);
                    lines::mark(frame, row_of(area, row), (under, pattern), left(pane), paint);
                }
            }
        }
    }
}

/// How many places there are of what is looked for.
fn found(find: &Find, places: Option<usize>) -> (Role, String) {
    match places {
        None => (Role::Warning, "too long to look for".to_owned()),
        Some(0) => (Role::Warning, format!("{:?} is not in here", find.line)),
        Some(1) => (Role::Match, "1 match".to_owned()),
        Some(count) if count >= decode::MOST_COUNTED => {
            (Role::Match, format!("{}+ matches", format::Count(count as i64)))
        }
        Some(count) => (Role::Match, format!("{} matches", format::Count(count as i64))),
    }
}

/// Marks the row under the cursor.
fn draw_cursor(frame: &mut Frame<'_>, area: Area, row: usize, paint: &Paint<'_>) {
    let Some(row) = u16::try_from(row).ok().filter(|row| *row < area.height) else {
        return;
    };
    let style = paint.theme.style(Role::Cursor);
    let whole = Area {
        x: area.x.saturating_sub(INDENT),
        width: area.width + INDENT.min(area.x),
        ..row_of(area, row)
    };
    frame.buffer_mut().set_style(whole.into(), style);
    line::put(frame.buffer_mut(), (whole.x + 1, whole.y), 1, "▸", style);
}

fn left(pane: &RecordView) -> usize {
    match pane.wrap() {
        Wrap::Wrapped => 0,
        Wrap::Cut => pane.left_column(),
    }
}

/// The format, and why: chosen by what the bytes are, or by hand.
fn shown_as(text: &Text, view: &decode::View) -> String {
    match (text.format, view.shape()) {
        (_, shape @ (Shape::Null | Shape::Empty)) => shape.to_string(),
        (Format::Auto, _) => format!("{} (auto: {})", view.format(), view.reason()),
        _ if view.reason().is_empty() => format!("{} (chosen)", view.format()),
        _ => format!("{}: {}", view.format(), view.reason()),
    }
}

fn row_of(area: Area, row: u16) -> Area {
    Area {
        y: area.y + row,
        height: 1,
        ..area
    }
}
