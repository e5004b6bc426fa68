//! Text rows of any bytes: what is not UTF-8 is spelled out byte by byte.

use super::line::{Line, SpanKind};
use super::sanitize::{cells, fit};

/// Cells of one spelled-out byte: `\xff`.
const ESCAPED: usize = 4;
/// Most bytes that one cell can take: a letter of 4 bytes and 8 marks on it, 3 bytes each, rounded up.
const PER_CELL: usize = 40;
/// Bytes of the longest character.
const LONGEST: usize = 4;

/// The row that begins at byte `at`, and where the next one begins.
pub(super) fn row(bytes: &[u8], at: usize, columns: usize) -> (Line, usize) {
    let mut line = Line {
        is_continuation: at > 0 && bytes[at - 1] != b'\n',
        ..Line::default()
    };
    let end = row_end(bytes, at, columns);
    for chunk in bytes[at..end].utf8_chunks() {
        if !chunk.valid().is_empty() {
            line.push(SpanKind::Plain, chunk.valid());
        }
        for byte in chunk.invalid() {
            line.push(SpanKind::Escape, &format!("\\x{byte:02x}"));
        }
    }
    (line, after_feed(bytes, end))
}

/// Where the row after the one at `at` begins, without building it.
pub(super) fn next_row(bytes: &[u8], at: usize, columns: usize) -> usize {
    after_feed(bytes, row_end(bytes, at, columns))
}

fn after_feed(bytes: &[u8], end: usize) -> usize {
    end + usize::from(bytes.get(end) == Some(&b'\n'))
}

/// Where the row at `at` ends: before a line feed, or where it is full. Looks at few bytes first, as most rows need.
fn row_end(bytes: &[u8], at: usize, columns: usize) -> usize {
    for bytes_per_cell in [1, 4, PER_CELL] {
        let window_end = at.saturating_add(columns.saturating_mul(bytes_per_cell) + LONGEST);
        let window = &bytes[at..bytes.len().min(window_end)];
        let length = fill(window, columns);
        // Near the end of a window a character may be cut, and marks may follow.
        let is_sure = length + LONGEST <= window.len() || window.get(length) == Some(&b'\n');
        if is_sure || window_end >= bytes.len() || bytes_per_cell == PER_CELL {
            return at + length;
        }
    }
    at
}

/// How many bytes of `window` fit one row.
fn fill(window: &[u8], columns: usize) -> usize {
    let (mut length, mut left) = (0, columns);
    for chunk in window.utf8_chunks() {
        let valid = chunk.valid();
        let line = valid.split_once('\n').map_or(valid, |(line, _)| line);
        if !line.is_empty() {
            let fitting = fit(line, left);
            let taken = cells(&line[..fitting]);
            if left < columns && taken > left {
                return length;
            }
            length += fitting;
            left = left.saturating_sub(taken);
            if fitting < line.len() {
                return length;
            }
        }
        if line.len() < valid.len() {
            return length;
        }
        for _ in chunk.invalid() {
            if left < ESCAPED && left < columns {
                return length;
            }
            length += 1;
            left = left.saturating_sub(ESCAPED);
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(bytes: &[u8], columns: usize) -> Vec<String> {
        let (mut at, mut rows) = (0, Vec::new());
        while at < bytes.len() {
            let (line, next) = row(bytes, at, columns);
            assert!(next > at, "a row always moves on");
            rows.push(format!(
                "{}{}",
                if line.is_continuation { "+" } else { "" },
                line.text()
            ));
            at = next;
        }
        rows
    }

    #[test]
    fn lines_end_at_line_feeds_and_at_the_width() {
        assert_eq!(rows(b"one\n\nthree is long\n", 8), ["one", "", "three is", "+ long"]);
        assert_eq!(
            rows(b"12345678\nx", 8),
            ["12345678", "x"],
            "a full row swallows its line feed"
        );
    }

    #[test]
    fn bytes_that_are_not_text_are_spelled_out() {
        assert_eq!(rows(b"a\xffb\xc3", 20), ["a\\xffb\\xc3"]);
        assert_eq!(rows(b"\xff\xfe\xfd", 9), ["\\xff\\xfe", "+\\xfd"]);
    }

    #[test]
    fn wide_characters_are_not_cut_in_two() {
        assert_eq!(rows("東京都".as_bytes(), 5), ["東京", "+都"]);
    }

    proptest! {
        #[test]
        fn rows_cover_all_bytes_and_both_walks_agree(bytes in proptest::collection::vec(any::<u8>(), 0..300), columns in 1usize..30) {
            let mut at = 0;
            while at < bytes.len() {
                let (_, next) = row(&bytes, at, columns);
                prop_assert!(next > at && next <= bytes.len());
                prop_assert_eq!(next, next_row(&bytes, at, columns));
                at = next;
            }
        }
    }
}
