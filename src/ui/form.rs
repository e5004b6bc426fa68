//! A form over the body: its notes, one line for each field, and what may stand in the one in focus.

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
    // A blank line under the notes and above what is said, as far as there are rows.
    let wanted = form.fields().len() + notes.len() + usize::from(!notes.is_empty()) + said.len() + 3;
    let size = Size {
        width,
        height: wanted.min(usize::from(u16::MAX)) as u16,
    };
    let inner = frame::boxed(frame, body.centered(size), &form.title, paint);
    let fields = form.fields().len().min(usize::from(inner.height)) as u16;
    let spare = inner.height - fields;
    let below = (said.len() as u16 + 1).min(spare);
    let (top, rest) = inner.split_top(spare - below);
    for (row, note) in rows(top).zip(&notes) {
        Line::new(frame.buffer_mut(), row, paint.theme).left(Role::Text, note);
    }
    let (middle, bottom) = rest.split_top(fields);
    // On a low screen the field in focus is among those that are seen.
    let first = (form.focus() + 1).saturating_sub(usize::from(fields));
    let label = form.fields().iter().map(|field| text::width(field.name)).max();
    for (row, (at, field)) in rows(middle).zip(form.fields().iter().enumerate().skip(first)) {
        draw_field(frame, row, field, label.unwrap_or(0) as u16, at == form.focus(), paint);
    }
    let role = if form.complaint.is_some() {
        Role::Warning
    } else {
        Role::Dim
    };
    for (row, line) in rows(bottom).skip(usize::from(bottom.height > 1)).zip(&said) {
        Line::new(frame.buffer_mut(), row, paint.theme).left(role, line);
    }
}

/// The complaint, else what may stand in the field in focus.
fn said(form: &Form) -> &str {
    match (&form.complaint, form.focused()) {
        (Some(complaint), _) => complaint,
        (None, Some(field)) => &field.hint,
        (None, None) => "",
    }
}

fn draw_field(frame: &mut Frame<'_>, row: Area, field: &Field, label: u16, has_focus: bool, paint: &Paint<'_>) {
    let mut line = Line::new(frame.buffer_mut(), row, paint.theme);
    let (sign, role) = if has_focus {
        ("▸ ", Role::Title)
    } else {
        ("  ", Role::Text)
    };
    line.left(role, sign).left(role, field.name);
    line.gap((label + 2).saturating_sub(text::width(field.name) as u16));
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
            let first = first_option(options, *at, usize::from(line.room()));
            for (number, option) in options.iter().enumerate().skip(if has_focus { first } else { 0 }) {
                if number == *at {
                    let role = if has_focus { Role::Prompt } else { Role::Text };
                    line.left(role, format!("‹ {option} ›")).gap(1);
                } else if has_focus {
                    line.left(Role::Dim, format!("  {option}")).gap(3);
                }
            }
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
