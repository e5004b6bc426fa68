//! A form over the body: its notes, one line for each field, and what may stand in the one in focus.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Position;

use super::line::Line;
use super::text::{self, Cut};
use super::theme::Role;
use super::{Paint, frame};
use crate::app::form::{Field, Form, Input};
use crate::layout::{Area, Size};

/// Columns of the box where the screen has them.
const WIDTH: u16 = 78;

/// Draws a form over the body.
pub fn draw(frame: &mut Frame<'_>, body: Area, form: &Form, paint: &Paint<'_>) {
    let width = WIDTH.min(body.width);
    let inside = usize::from(width.saturating_sub(4));
    let notes: Vec<String> = form.notes.iter().flat_map(|note| wrapped(note, inside)).collect();
    let said = wrapped(said(form), inside);
    let label = label_width(form);
    let room = inside.saturating_sub(usize::from(label) + 2);
    let others = notes.len() + usize::from(!notes.is_empty()) + said.len() + 3;
    let spread: usize = form.fields().iter().map(|field| spread(field, room).len()).sum();
    // On a low screen each choice has one line.
    let is_spread = spread + others <= usize::from(body.height);
    let count = if is_spread { spread } else { form.fields().len() };
    // A blank line under the notes and above what is said, as far as there are rows.
    let wanted = count + others;
    let size = Size {
        width,
        height: wanted.min(usize::from(u16::MAX)) as u16,
    };
    let inner = frame::boxed(frame, body.centered(size), &form.title, paint);
    let fields = count.min(usize::from(inner.height)) as u16;
    let spare = inner.height - fields;
    let below = (said.len() as u16 + 1).min(spare);
    let (top, rest) = inner.split_top(spare - below);
    for (row, note) in rows(top).zip(&notes) {
        Line::new(frame.buffer_mut(), row, paint.theme).left(Role::Text, note);
    }
    let (middle, bottom) = rest.split_top(fields);
    draw_fields(frame, middle, form, is_spread, paint);
    let role = if form.complaint.is_some() {
        Role::Warning
    } else {
        Role::Dim
    };
    for (row, line) in rows(bottom).skip(usize::from(bottom.height > 1)).zip(&said) {
        Line::new(frame.buffer_mut(), row, paint.theme).left(role, line);
    }
}

fn label_width(form: &Form) -> u16 {
    let widest = form.fields().iter().map(|field| text::width(field.name)).max();
    widest.unwrap_or(0) as u16 + 2
}

fn draw_fields(frame: &mut Frame<'_>, area: Area, form: &Form, is_spread: bool, paint: &Paint<'_>) {
    let label = label_width(form);
    // On a low screen the field in focus is among those that are seen.
    let first = if is_spread {
        0
    } else {
        (form.focus() + 1).saturating_sub(usize::from(area.height))
    };
    let mut left = area;
    for (at, field) in form.fields().iter().enumerate().skip(first) {
        let room = usize::from(area.width.saturating_sub(label + 2));
        let lines = spread(field, room);
        let height = if is_spread { lines.len() as u16 } else { 1 };
        let (row, rest) = left.split_top(height.min(left.height));
        left = rest;
        if row.height == 0 {
            return;
        }
        let has_focus = at == form.focus();
        match &field.input {
            Input::Choice { options, at } if height > 1 => {
                for (number, (row, range)) in rows(row).zip(lines).enumerate() {
                    let mut line = Line::new(frame.buffer_mut(), row, paint.theme);
                    if number == 0 {
                        draw_label(&mut line, field, label, has_focus);
                    } else {
                        line.gap(label + 2);
                    }
                    draw_options(&mut line, options, *at, (range, 0), has_focus);
                }
            }
            _ => draw_field(frame, row, field, label, has_focus, paint),
        }
    }
}

/// The options of a choice, line by line, where one line has no room for all of them; else one line.
fn spread(field: &Field, room: usize) -> Vec<Range<usize>> {
    let options = match &field.input {
        Input::Choice { options, .. } => options.as_slice(),
        Input::Text(_) => &[],
    };
    let (mut lines, mut first, mut used) = (Vec::new(), 0, 0);
    for (at, option) in options.iter().enumerate() {
        let width = text::width(option) + 4;
        if at > first && used + width > room {
            lines.push(first..at);
            (first, used) = (at, 0);
        }
        used += width;
    }
    lines.push(first..options.len());
    lines
}

/// The complaint, else what may stand in the field in focus.
fn said(form: &Form) -> &str {
    match (&form.complaint, form.focused()) {
        (Some(complaint), _) => complaint,
        (None, Some(field)) => &field.hint,
        (None, None) => "",
    }
}

fn draw_label(line: &mut Line<'_>, field: &Field, label: u16, has_focus: bool) {
    let (sign, role) = if has_focus {
        ("▸ ", Role::Title)
    } else {
        ("  ", Role::Text)
    };
    line.left(role, sign).left(role, field.name);
    line.gap(label.saturating_sub(text::width(field.name) as u16));
}

/// Draws some of the options, with a gap between them besides the room for the signs of the chosen one.
fn draw_options(line: &mut Line<'_>, options: &[String], at: usize, some: (Range<usize>, u16), has_focus: bool) {
    let (range, gap) = some;
    for (number, option) in options.iter().enumerate().take(range.end).skip(range.start) {
        if number == at {
            let role = if has_focus { Role::Prompt } else { Role::Text };
            line.left(role, format!("‹ {option} ›")).gap(gap);
        } else {
            line.left(Role::Dim, format!("  {option}")).gap(2 + gap);
        }
    }
}

fn draw_field(frame: &mut Frame<'_>, row: Area, field: &Field, label: u16, has_focus: bool, paint: &Paint<'_>) {
    let mut line = Line::new(frame.buffer_mut(), row, paint.theme);
    draw_label(&mut line, field, label, has_focus);
    match &field.input {
        Input::Text(typed) if has_focus => {
            // The end of what stands before the cursor stays visible, and one column for the cursor.
            let room = usize::from(line.room().saturating_sub(1));
            let (before, after) = typed.text().split_at(typed.cursor());
            line.left(Role::Prompt, text::tail(&text::visible(before), room));
            let cursor = Position {
                x: line.column(),
                y: row.y,
            };
            line.left(Role::Prompt, text::visible(after));
            frame.set_cursor_position(cursor);
        }
        Input::Text(typed) => {
            line.left(Role::Text, typed.text());
        }
        Input::Choice { options, at } => {
            let range = if has_focus {
                first_option(options, *at, usize::from(line.room()))..options.len()
            } else {
                *at..at + 1
            };
            draw_options(&mut line, options, *at, (range, 1), has_focus);
        }
    }
}

/// The first option that is shown, so that the chosen one and the next find room.
fn first_option(options: &[String], at: usize, room: usize) -> usize {
    let end = (at + 2).min(options.len());
    let width = |from: usize| {
        options[from..end]
            .iter()
            .map(|option| text::width(option) + 5)
            .sum::<usize>()
    };
    (0..at).find(|from| width(*from) <= room).unwrap_or(at)
}

/// The rows of an area.
pub(super) fn rows(area: Area) -> impl Iterator<Item = Area> {
    (area.y..area.y + area.height).map(move |y| Area { y, height: 1, ..area })
}

/// A sentence broken between words; a word that is longer than a line keeps both its ends.
pub fn wrapped(said: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in said.split_whitespace() {
        let word = text::visible(word);
        match lines.last_mut() {
            Some(line) if text::width(line) + 1 + text::width(&word) <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(text::fit(&word, columns, Cut::Middle).into_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_broken_between_words_and_a_long_name_keeps_its_ends() {
        assert_eq!(
            wrapped("type the name to unlock", 10),
            ["type the", "name to", "unlock"]
        );
        assert_eq!(wrapped("orders.events.by-customer", 11), ["order…tomer"]);
        assert_eq!(wrapped("a\x1b[2Jb", 20), ["a␛[2Jb"]);
        assert!(wrapped("", 10).is_empty());
    }
}
