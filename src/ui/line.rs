//! One line of the screen, made of parts: the health line, title bars, the bottom line, error faces.

use std::fmt::Display;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::text::{self, Cut};
use super::theme::{Role, Theme};
use crate::layout::Area;

impl From<Area> for Rect {
    fn from(area: Area) -> Self {
        Self {
            x: area.x,
            y: area.y,
            width: area.width,
            height: area.height,
        }
    }
}

/// Writes `text` at a cell, at most `columns` columns of it, and gives the column after it. What must not reach the
/// terminal is replaced; what is outside the buffer is not written.
pub fn put(buf: &mut Buffer, (x, y): (u16, u16), columns: u16, text: &str, style: Style) -> u16 {
    if !buf.area.contains((x, y).into()) {
        return x;
    }
    let text = text::window(text, usize::from(columns));
    if text::is_plain(text) {
        let room = usize::from(columns.min(buf.area.right() - x));
        let mut x = x;
        for byte in text.bytes().take(room) {
            buf[(x, y)].set_char(char::from(byte)).set_style(style);
            x += 1;
        }
        return x;
    }
    buf.set_stringn(x, y, text::visible(text), usize::from(columns), style)
        .0
}

/// Fills a row of cells with one sign.
pub fn fill(buf: &mut Buffer, area: impl Into<Rect>, sign: char, style: Style) {
    for position in area.into().intersection(buf.area).positions() {
        buf[position].set_char(sign).set_style(style);
    }
}

/// A line that is filled from both ends; what comes first has the room, what finds none is cut or left out.
#[derive(Debug)]
pub struct Line<'a> {
    buf: &'a mut Buffer,
    theme: &'a Theme,
    y: u16,
    /// The free columns.
    from: u16,
    to: u16,
    /// What a part has where its role says nothing; `None` is what the cells have.
    color: Option<Color>,
}

impl<'a> Line<'a> {
    /// The first row of an area.
    pub fn new(buf: &'a mut Buffer, area: impl Into<Rect>, theme: &'a Theme) -> Self {
        let area = area.into().intersection(buf.area);
        let to = if area.height == 0 { area.x } else { area.right() };
        Self {
            buf,
            theme,
            y: area.y,
            from: area.x,
            to,
            color: None,
        }
    }

    /// Parts stand on a rule: without a colour of their own they have the text's, not the rule's.
    pub fn on_rule(mut self) -> Self {
        self.color = Some(Color::Reset);
        self
    }

    fn style(&self, role: Role) -> Style {
        let style = self.theme.style(role);
        Style {
            fg: style.fg.or(self.color),
            ..style
        }
    }

    /// How many columns are free.
    pub fn room(&self) -> u16 {
        self.to.saturating_sub(self.from)
    }

    /// The column of the next part at the left; where a prompt's cursor stands.
    pub fn column(&self) -> u16 {
        self.from
    }

    /// Leaves columns free at the left.
    pub fn gap(&mut self, columns: u16) -> &mut Self {
        self.from = self.from.saturating_add(columns).min(self.to);
        self
    }

    /// Adds a part at the left; it is cut with `…` when it is wider than the room.
    pub fn left(&mut self, role: Role, part: impl Display) -> &mut Self {
        let part = part.to_string();
        let room = usize::from(self.room());
        let part = text::visible(text::window(&part, room));
        let fitted = text::fit(&part, room, Cut::Tail);
        let style = self.style(role);
        self.from = put(self.buf, (self.from, self.y), self.to - self.from, &fitted, style);
        self
    }

    /// Adds the name that a line is about: a long one loses its middle, so that what is said of it has room.
    pub fn name(&mut self, role: Role, name: impl Display) -> &mut Self {
        let most = (usize::from(self.room()) * 2 / 5).max(24);
        let name = name.to_string();
        self.left(role, text::fit(&text::visible(&name), most, Cut::Middle))
    }

    /// Adds a part at the right, with `gap` free columns to its left; it is left out when it does not fit whole.
    pub fn right(&mut self, role: Role, part: impl Display, gap: u16) -> &mut Self {
        let part = part.to_string();
        let width = text::width_up_to(&text::visible(text::window(&part, 512)), 512) as u16;
        if width == 0 || width > self.room() {
            return self;
        }
        let x = self.to - width;
        let style = self.style(role);
        put(self.buf, (x, self.y), width, &part, style);
        self.to = x.saturating_sub(gap).max(self.from);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::theme::ColorDepth;
    use super::*;

    fn line(width: u16, draw: impl FnOnce(&mut Line<'_>)) -> String {
        let theme = Theme::find("mono", None, ColorDepth::None).unwrap();
        let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
        draw(&mut Line::new(
            &mut buf,
            Area {
                x: 0,
                y: 0,
                width,
                height: 1,
            },
            &theme,
        ));
        (0..width).map(|x| buf[(x, 0)].symbol()).collect()
    }

    #[test]
    fn a_long_name_leaves_room_for_what_is_said_of_it() {
        let shown = |name: &str| {
            line(42, |line| {
                line.name(Role::Title, name).left(Role::Text, "  3 partitions");
            })
        };
        assert_eq!(shown("orders").trim_end(), "orders  3 partitions");
        let long = shown("prod.payments.settlement.dlq");
        assert_eq!(long.trim_end(), "prod.payment…tlement.dlq  3 partitions");
    }

    #[test]
    fn parts_stand_at_both_ends() {
        let shown = line(30, |line| {
            line.right(Role::Dim, "live", 2).right(Role::Locked, "LOCKED", 2);
            line.left(Role::ProfileRed, "prod-eu")
                .gap(1)
                .left(Role::Text, "5/5 brokers");
        });
        assert_eq!(shown, "prod-eu 5/5 bro…  LOCKED  live");
    }

    #[test]
    fn a_right_part_without_room_is_left_out_whole() {
        let draw = |line: &mut Line<'_>| {
            line.left(Role::Text, "abcd").right(Role::Text, "xyz", 1);
        };
        assert_eq!(line(6, draw), "abcd  ");
        assert_eq!(line(7, draw), "abcdxyz");
        assert_eq!(line(0, draw), "");
    }

    #[test]
    fn a_line_outside_the_buffer_is_not_drawn() {
        let theme = Theme::find("mono", None, ColorDepth::None).unwrap();
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        Line::new(
            &mut buf,
            Area {
                x: 0,
                y: 7,
                width: 4,
                height: 1,
            },
            &theme,
        )
        .left(Role::Text, "abcd");
        fill(
            &mut buf,
            Area {
                x: 2,
                y: 0,
                width: 9,
                height: 9,
            },
            '─',
            Style::new(),
        );
        assert_eq!(buf, Buffer::with_lines(["  ──"]));
    }

    #[test]
    fn plain_and_other_text_are_cut_at_the_same_places() {
        let mut buf = Buffer::empty(Rect::new(2, 0, 6, 1));
        assert_eq!(put(&mut buf, (4, 0), 3, "abcdef", Style::new()), 7);
        assert_eq!(put(&mut buf, (4, 0), 3, "äbcdef", Style::new()), 7);
        assert_eq!(put(&mut buf, (6, 0), 9, "abcdef", Style::new()), 8);
        assert_eq!(put(&mut buf, (6, 0), 9, "äbcdef", Style::new()), 8);
        assert_eq!(put(&mut buf, (1, 0), 9, "abcdef", Style::new()), 1);
    }

    #[test]
    fn parts_on_a_rule_do_not_take_its_colour() {
        let theme = Theme::find("dark", None, ColorDepth::True).unwrap();
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        let area = buf.area;
        fill(&mut buf, area, '─', theme.style(Role::Border));
        Line::new(&mut buf, area, &theme).on_rule().left(Role::Title, "ab");
        assert_eq!(buf[(0, 0)].fg, Color::Reset);
        assert_ne!(buf[(2, 0)].fg, Color::Reset, "the rule has a colour");
    }

    #[test]
    fn hostile_text_is_shown_not_sent() {
        let shown = line(9, |line| {
            line.left(Role::Text, "a\u{1b}]0;b\u{7}");
        });
        assert_eq!(shown, "a␛]0;b␇  ");
    }
}
