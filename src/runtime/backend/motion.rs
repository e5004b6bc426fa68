//! The shortest way of the terminal's cursor from one cell to another (ECMA-48: CUP, CUU, CUD, CUF, CUB, CHA; CR, LF,
//! BS, HT). The terminal is in raw mode, so a line feed goes down in its column; its tab stops are eight columns apart,
//! which is what curses has always relied on.

use std::io::Write;

/// Columns between two tab stops.
const TAB: u16 = 8;

/// Where the terminal's cursor is: `(column, row)` from 0. A column of the width means that the last cell was just
/// written: terminals differ in what a motion does from there, only CR and CUP are sure.
pub(super) type At = (u16, u16);

/// One control, with its length in bytes.
#[derive(Debug, Clone, Copy)]
enum Step {
    Stay,
    Feed(u16),
    Backspace(u16),
    Tab(u16),
    Return,
    ReturnAndForward(u16),
    /// `CSI n X`, the number left out when it is 1.
    Csi(u16, u8),
    /// `CSI row ; column H`, from 1.
    Absolute(u16, u16),
}

impl Step {
    fn len(self) -> usize {
        match self {
            Self::Stay => 0,
            Self::Feed(n) | Self::Backspace(n) | Self::Tab(n) => usize::from(n),
            Self::Return => 1,
            Self::ReturnAndForward(n) => 1 + Self::Csi(n, b'C').len(),
            Self::Csi(1, _) => 3,
            Self::Csi(n, _) => 3 + digits(n),
            Self::Absolute(1, 1) => 3,
            Self::Absolute(row, 1) => 3 + digits(row),
            Self::Absolute(row, column) => 4 + digits(row) + digits(column),
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        // A vector takes everything.
        let _ = match self {
            Self::Stay => Ok(()),
            Self::Feed(n) => write!(out, "{}", "\n".repeat(n.into())),
            Self::Backspace(n) => write!(out, "{}", "\u{8}".repeat(n.into())),
            Self::Tab(n) => write!(out, "{}", "\t".repeat(n.into())),
            Self::Return => write!(out, "\r"),
            Self::ReturnAndForward(n) => {
                out.push(b'\r');
                Self::Csi(n, b'C').write(out);
                Ok(())
            }
            Self::Csi(1, control) => write!(out, "\x1b[{}", char::from(control)),
            Self::Csi(n, control) => write!(out, "\x1b[{n}{}", char::from(control)),
            Self::Absolute(1, 1) => write!(out, "\x1b[H"),
            Self::Absolute(row, 1) => write!(out, "\x1b[{row}H"),
            Self::Absolute(row, column) => write!(out, "\x1b[{row};{column}H"),
        };
    }
}

/// Moves the cursor on a screen of `width` columns; from an unknown place only an absolute motion will do.
pub(super) fn go(from: Option<At>, to: At, width: u16, out: &mut Vec<u8>) {
    let absolute = Step::Absolute(to.1 + 1, to.0 + 1);
    let Some(from) = from else { return absolute.write(out) };
    if from == to {
        return;
    }
    let (vertical, horizontal) = (vertical(from.1, to.1), horizontal(from.0, to.0, width));
    if absolute.len() <= vertical.len() + horizontal.len() {
        return absolute.write(out);
    }
    // A carriage return comes first: it ends the state after the last column.
    horizontal.write(out);
    vertical.write(out);
}

/// The bytes that [`go`] takes within a row.
pub(super) fn cost_in_row(from: u16, to: u16, width: u16) -> usize {
    horizontal(from, to, width).len()
}

/// The last tab stop between two columns of a row, the second included, and how many tabs lead there.
pub(super) fn tab_stop(from: u16, to: u16) -> Option<(u16, u16)> {
    let stop = to - to % TAB;
    (from < stop).then(|| (stop, stop / TAB - from / TAB))
}

fn vertical(from: u16, to: u16) -> Step {
    match from.abs_diff(to) {
        0 => Step::Stay,
        rows if from > to => Step::Csi(rows, b'A'),
        rows => shorter(Step::Feed(rows), Step::Csi(rows, b'B')),
    }
}

fn horizontal(from: u16, to: u16, width: u16) -> Step {
    let back = if to == 0 {
        Step::Return
    } else {
        Step::ReturnAndForward(to)
    };
    if from >= width {
        return back;
    }
    let near = match from.abs_diff(to) {
        0 => Step::Stay,
        columns if from < to => match tab_stop(from, to) {
            Some((stop, tabs)) if stop == to => shorter(Step::Tab(tabs), Step::Csi(columns, b'C')),
            _ => Step::Csi(columns, b'C'),
        },
        columns => shorter(Step::Backspace(columns), Step::Csi(columns, b'D')),
    };
    shorter(near, shorter(back, Step::Csi(to + 1, b'G')))
}

fn shorter(one: Step, other: Step) -> Step {
    if other.len() < one.len() { other } else { one }
}

fn digits(n: u16) -> usize {
    n.checked_ilog10().map_or(1, |log| log as usize + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn way(from: Option<At>, to: At) -> String {
        let mut out = Vec::new();
        go(from, to, 120, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_shortest_motion_is_taken() {
        assert_eq!(way(Some((5, 5)), (5, 5)), "");
        assert_eq!(way(Some((5, 5)), (6, 5)), "\x1b[C");
        assert_eq!(way(Some((5, 5)), (9, 5)), "\x1b[4C");
        assert_eq!(way(Some((5, 5)), (8, 5)), "\t");
        assert_eq!(way(Some((8, 5)), (24, 5)), "\t\t");
        assert_eq!(way(Some((8, 5)), (80, 5)), "\x1b[72C");
        assert_eq!(way(Some((5, 5)), (4, 5)), "\u{8}");
        assert_eq!(way(Some((90, 5)), (0, 6)), "\r\n");
        assert_eq!(way(Some((5, 5)), (5, 7)), "\n\n");
        assert_eq!(way(Some((5, 5)), (5, 4)), "\x1b[A");
        assert_eq!(way(Some((90, 30)), (0, 0)), "\x1b[H");
        assert_eq!(way(Some((90, 30)), (3, 2)), "\x1b[3;4H");
    }

    #[test]
    fn an_unknown_place_is_left_absolutely() {
        assert_eq!(way(None, (0, 0)), "\x1b[H");
        assert_eq!(way(None, (0, 9)), "\x1b[10H");
        assert_eq!(way(None, (11, 9)), "\x1b[10;12H");
    }

    #[test]
    fn after_the_last_column_a_return_comes_first() {
        assert_eq!(way(Some((120, 5)), (0, 6)), "\r\n");
        assert_eq!(way(Some((120, 5)), (0, 5)), "\r");
        assert_eq!(way(Some((120, 5)), (119, 5)), "\r\x1b[119C");
    }

    proptest! {
        #[test]
        fn every_way_ends_where_it_should(from in (0u16..20, 0u16..9), to in (0u16..20, 0u16..9), writes in any::<bool>()) {
            let mut parser = vt100::Parser::new(9.try_into().unwrap(), 20.try_into().unwrap(), 0);
            let mut out = Vec::new();
            go(None, from, 20, &mut out);
            let mut at = from;
            if writes {
                out.push(b'x');
                at.0 += 1;
            }
            go(Some(at), to, 20, &mut out);
            parser.process(&out);
            prop_assert_eq!(parser.screen().cursor_position(), (to.1, to.0));
        }
    }
}
