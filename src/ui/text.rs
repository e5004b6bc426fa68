//! Text in terminal columns: how wide it is, where it is cut, and what of a hostile text may be shown.
//!
//! Work is bounded by the columns asked for, never by the length of the text: a value may be megabytes long, and one
//! letter may carry thousands of combining marks.

use std::borrow::Cow;

use crate::decode::is_hidden;
use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

/// The sign of a cut.
pub const CUT: char = '…';

/// Which part of a text stays when it is wider than its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cut {
    /// The head stays: `{"orderId":1999…`.
    #[default]
    Tail,
    /// Both ends stay: `orders.by…mer.v2`; for names, where both ends tell.
    Middle,
}

/// Bytes that one shown letter may take; what a letter carries beyond them is not looked at.
const LETTER_BYTES: usize = 64;

/// The columns that `text` takes, control characters taking none.
pub fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    letters(text).map(|(_, width)| width).sum()
}

/// The columns that `text` takes, counted no further than `most`.
pub fn width_up_to(text: &str, most: usize) -> usize {
    width(window(text, most)).min(most)
}

/// So much of the head of `text` as `columns` columns can be made of; no more of it need be looked at.
pub fn window(text: &str, columns: usize) -> &str {
    cut_bytes(text, window_bytes(columns))
}

/// A text cut to its columns: what stands before the `…`, and what after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fitted<'a> {
    /// The text, or its head.
    pub head: &'a str,
    /// Whether something was cut out, and `…` stands there.
    pub is_cut: bool,
    /// What stays of the end.
    pub tail: &'a str,
}

/// Cuts `text` to at most `columns` columns, the `…` counted.
pub fn fit_parts(text: &str, columns: usize, cut: Cut) -> Fitted<'_> {
    if fits(text, columns) {
        return Fitted {
            head: text,
            is_cut: false,
            tail: "",
        };
    }
    match (cut, columns) {
        (_, 0) => Fitted {
            head: "",
            is_cut: false,
            tail: "",
        },
        (Cut::Middle, 4..) => {
            let tail_columns = (columns - 1) / 2;
            let head = head(text, columns - 1 - tail_columns);
            Fitted {
                head,
                is_cut: true,
                tail: tail(&text[head.len()..], tail_columns),
            }
        }
        _ => Fitted {
            head: head(text, columns - 1),
            is_cut: true,
            tail: "",
        },
    }
}

/// `text` cut to at most `columns` columns.
pub fn fit(text: &str, columns: usize, cut: Cut) -> Cow<'_, str> {
    match fit_parts(text, columns, cut) {
        Fitted {
            head, is_cut: false, ..
        } => Cow::Borrowed(head),
        Fitted { head, tail, .. } => Cow::Owned(format!("{head}{CUT}{tail}")),
    }
}

/// `text` as it may be shown: control characters become their pictures (`␛`), characters that reorder or hide text
/// become `�`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if is_plain(text) || text.chars().all(|c| picture(c).is_none()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| picture(c).unwrap_or(c)).collect())
}

/// Whether every byte is one printable character of one column, as in nearly all that is drawn.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// What stands for a character that must not reach the terminal; `None` for one that may.
pub fn picture(c: char) -> Option<char> {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('\u{2421}'),
        // Line separators end a row in some terminals.
        '\u{2028}' | '\u{2029}' => Some('\u{fffd}'),
        c if is_hidden(c) => Some('\u{fffd}'),
        _ => None,
    }
}

/// The letters (grapheme clusters) of a text with their columns, without those that take none.
pub fn letters(text: &str) -> impl DoubleEndedIterator<Item = (&str, usize)> {
    text.graphemes(true).filter_map(|letter| {
        let letter = bounded(letter);
        let columns = letter_width(letter);
        (columns > 0).then_some((letter, columns))
    })
}

/// Whether `text` takes at most `columns` columns, looking at no more of it than that.
fn fits(text: &str, columns: usize) -> bool {
    let window = window(text, columns);
    window.len() == text.len() && width(window) <= columns
}

fn head(text: &str, columns: usize) -> &str {
    let window = window(text, columns);
    let mut room = columns;
    let mut end = 0;
    for (start, letter) in window.grapheme_indices(true) {
        let taken = letter_width(bounded(letter));
        if taken > room {
            break;
        }
        room -= taken;
        end = start + letter.len();
    }
    &window[..end]
}

/// The end of `text` that fits into `columns` columns.
pub fn tail(text: &str, columns: usize) -> &str {
    let mut start = text.len().saturating_sub(window_bytes(columns));
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let window = &text[start..];
    let mut room = columns;
    let mut begin = window.len();
    for (at, letter) in window.grapheme_indices(true).rev() {
        let taken = letter_width(bounded(letter));
        if taken > room {
            break;
        }
        room -= taken;
        begin = at;
    }
    &window[begin..]
}

/// The bytes of which `columns` columns can be made.
fn window_bytes(columns: usize) -> usize {
    (columns + 1).saturating_mul(LETTER_BYTES)
}

fn bounded(letter: &str) -> &str {
    cut_bytes(letter, LETTER_BYTES)
}

fn cut_bytes(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn letter_width(letter: &str) -> usize {
    if letter.contains(char::is_control) {
        0
    } else {
        usize::from(letter.cell_width())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_is_left_alone() {
        assert!(matches!(fit("orders", 6, Cut::Tail), Cow::Borrowed("orders")));
        assert!(matches!(fit("", 0, Cut::Middle), Cow::Borrowed("")));
    }

    #[test]
    fn a_value_keeps_its_head_and_a_name_both_ends() {
        assert_eq!(fit("orders.by-customer", 10, Cut::Tail), "orders.by…");
        assert_eq!(fit("orders.by-customer", 10, Cut::Middle), "order…omer");
        assert_eq!(fit("orders", 3, Cut::Middle), "or…");
        assert_eq!(fit("orders", 1, Cut::Middle), "…");
        assert_eq!(fit("orders", 0, Cut::Tail), "");
    }

    #[test]
    fn wide_letters_are_never_halved() {
        assert_eq!(width("注文"), 4);
        assert_eq!(fit("注文一覧", 5, Cut::Tail), "注文…");
        assert_eq!(fit("注文一覧", 4, Cut::Tail), "注…");
        assert_eq!(fit("注文一覧表示", 7, Cut::Middle), "注…示");
    }

    #[test]
    fn combining_marks_stay_with_their_letter() {
        assert_eq!(width("e\u{301}a"), 2);
        assert_eq!(fit("e\u{301}e\u{301}e\u{301}", 2, Cut::Tail), "e\u{301}…");
    }

    #[test]
    fn escapes_and_bidi_controls_are_made_visible() {
        assert_eq!(visible("a\u{1b}[31m\u{7f}"), "a␛[31m␡");
        assert_eq!(visible("evil\u{202e}txt\u{9b}"), "evil\u{fffd}txt\u{fffd}");
        assert!(matches!(visible("plain – ok"), Cow::Borrowed(_)));
    }

    #[test]
    fn ten_megabytes_are_cut_without_being_read() {
        let marks = format!("a{}", "\u{301}".repeat(5_000_000));
        let long = "x".repeat(10_000_000);
        // A thousand cuts of texts this long take minutes when each is read whole.
        for _ in 0..1_000 {
            assert_eq!(fit(&long, 3, Cut::Middle).chars().count(), 3);
            assert!(fit(&marks, 3, Cut::Tail).len() <= 4 * LETTER_BYTES);
        }
    }

    proptest! {
        #[test]
        fn a_cut_text_never_takes_more_than_its_columns(text in "\\PC{0,40}", columns in 0usize..30) {
            for cut in [Cut::Tail, Cut::Middle] {
                prop_assert!(width(&fit(&text, columns, cut)) <= columns);
            }
        }

        #[test]
        fn no_control_character_survives(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(char::is_control));
        }
    }
}
