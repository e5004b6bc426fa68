//! Hex dumps: position, bytes, and the bytes that are printable ASCII.

use std::fmt::Write as _;

use super::line::{Line, SpanKind};

/// A hex dump of `bytes` for a certain width.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dump {
    per_row: usize,
}

impl Dump {
    /// As many bytes per row as `columns` hold: 16, 8 or 4.
    pub(super) fn new(columns: usize) -> Self {
        let width = |count: usize| 8 + 2 + count * 3 + (count - 1) / 8 + 1 + count;
        Self {
            per_row: [16, 8].into_iter().find(|count| width(*count) <= columns).unwrap_or(4),
        }
    }

    pub(super) fn rows(self, bytes: &[u8]) -> usize {
        bytes.len().div_ceil(self.per_row)
    }

    /// The byte that a row begins with.
    pub(super) fn byte_of(self, row: usize) -> usize {
        row.saturating_mul(self.per_row)
    }

    /// The row on which a byte stands.
    pub(super) fn row_of(self, byte: usize) -> usize {
        byte / self.per_row
    }

    pub(super) fn row(self, bytes: &[u8], row: usize) -> Option<Line> {
        let position = row.checked_mul(self.per_row)?;
        let rest = bytes.get(position..).filter(|rest| !rest.is_empty())?;
        let chunk = &rest[..rest.len().min(self.per_row)];
        let (mut hex, mut ascii) = (String::new(), String::new());
        for column in 0..self.per_row {
            if column > 0 && column % 8 == 0 {
                hex.push(' ');
            }
            match chunk.get(column) {
                Some(byte) => {
                    let _writing_to_a_string_cannot_fail = write!(hex, "{byte:02x} ");
                    ascii.push(if byte.is_ascii_graphic() || *byte == b' ' {
                        char::from(*byte)
                    } else {
                        '.'
                    });
                }
                None => hex.push_str("   "),
            }
        }
        let mut line = Line::default();
        line.push(SpanKind::Position, &format!("{position:08x}  "));
        line.push(SpanKind::Bytes, &hex);
        line.push(SpanKind::Plain, &format!(" {ascii}"));
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_show_position_bytes_and_printable_ascii() {
        let bytes: Vec<u8> = (0x1a..0x2f).collect();
        let dump = Dump::new(80);
        let rows: Vec<_> = (0..dump.rows(&bytes))
            .map(|row| dump.row(&bytes, row).unwrap().text())
            .collect();
        assert_eq!(
            rows,
            [
                "00000000  1a 1b 1c 1d 1e 1f 20 21  22 23 24 25 26 27 28 29  ...... !\"#$%&'()",
                "00000010  2a 2b 2c 2d 2e                                    *+,-.",
            ]
        );
    }

    #[test]
    fn narrow_screens_get_fewer_bytes_per_row() {
        assert_eq!(Dump::new(76).row(&[0; 16], 0).unwrap().text().len(), 76);
        assert_eq!(Dump::new(75).rows(&[0; 16]), 2);
        assert_eq!(Dump::new(10).rows(&[0; 16]), 4);
    }

    #[test]
    fn beyond_the_end_there_is_no_row() {
        assert_eq!(Dump::new(80).row(&[0; 16], 1), None);
        assert_eq!(Dump::new(80).row(&[0; 16], usize::MAX), None);
    }
}
