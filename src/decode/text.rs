//! Text rows of any bytes: what is not UTF-8 is spelled out byte by byte.

use std::fmt::Write as _;

use super::line::{Line, SpanKind};
use super::sanitize::{cells, fit};

/// Cells of one spelled-out byte: `\xff`.
const ESCAPED: usize = 4;
/// Most bytes that one cell can take: a letter of 4 bytes and 8 marks on it, 3 bytes each, rounded up.
const PER_CELL: usize = 40;

/// The row that begins at byte `at`, and where the next one begins.
pub(super) fn row(bytes: &[u8], at: usize, columns: usize) -> (Line, usize) {
    let mut line = Line {
        is_continuation: at > 0 && bytes[at - 1] != b'\n',
        ..Line::default()
    };
    let mut next = at;
    fill(bytes, at, columns, |kind, text, length| {
        line.push(kind, text);
        next += length;
    });
    if bytes.get(next) == Some(&b'\n') {
        next += 1;
    }
    (line, next)
}

/// Where the row after the one at `at` begins, without building it.
pub(super) fn next_row(bytes: &[u8], at: usize, columns: usize) -> usize {
    let mut next = at;
    fill(bytes, at, columns, |_, _, length| next += length);
    if bytes.get(next) == Some(&b'\n') {
        next + 1
    } else {
        next
    }
}

/// Calls `part` with what fits one row, and how many bytes each part takes.
fn fill(bytes: &[u8], at: usize, columns: usize, mut part: impl FnMut(SpanKind, &str, usize)) {
    let end = bytes.len().min(at.saturating_add(columns.saturating_mul(PER_CELL)));
    let slice = &bytes[at..end];
    let mut left = columns;
    for chunk in slice.utf8_chunks() {
        let (valid, ends_here) = match chunk.valid().split_once('\n') {
            Some((line, _)) => (line, true),
            None => (chunk.valid(), false),
        };
        if !valid.is_empty() {
            let fitting = fit(valid, left);
            if left < columns && cells(&valid[..fitting]) > left {
                return;
            }
            part(SpanKind::Plain, &valid[..fitting], fitting);
            if fitting < valid.len() {
                return;
            }
            left = left.saturating_sub(cells(valid));
        }
        if ends_here {
            return;
        }
        for byte in chunk.invalid() {
            if left < ESCAPED && left < columns {
                return;
            }
            let mut escaped = String::with_capacity(ESCAPED);
            let _writing_to_a_string_cannot_fail = write!(escaped, "\\x{byte:02x}");
            part(SpanKind::Escape, &escaped, 1);
            left = left.saturating_sub(ESCAPED);
        }
    }
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
