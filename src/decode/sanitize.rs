//! Text from a cluster must not drive the terminal: escapes, controls, direction overrides and invisible characters
//! become visible ones.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

/// How many characters without width may follow each other before they are spelled out.
const STACKED: usize = 8;

/// Makes everything in `text` visible and harmless, on one line: line feeds become `⏎`, tabs `⇥`, other C0 controls
/// their pictures (`␛`), and C1 controls, bidirectional controls and invisible characters their code points
/// (`<U+202E>`). Text that needs nothing is borrowed.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut glyphs = Glyphs::default();
    for c in text.chars() {
        glyphs.write(c, &mut out);
    }
    if out == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(out)
    }
}

fn is_plain(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte)
}

/// Bytes of `text` whose visible form fits `cells` columns. At least one character if there is one, so that a caller
/// that goes on from there always ends.
pub(super) fn fit(text: &str, cells: usize) -> usize {
    let plain = text.bytes().take(cells).take_while(|byte| is_plain(*byte)).count();
    if plain == text.len() {
        return plain;
    }
    // The last plain character may be followed by combining ones.
    let start = plain.saturating_sub(1);
    let mut glyphs = Glyphs::default();
    let (mut used, mut at) = (start, start);
    for c in text[start..].chars() {
        used += glyphs.cells(c);
        if used > cells {
            return if at == 0 { c.len_utf8() } else { at };
        }
        at += c.len_utf8();
    }
    at
}

/// Columns that the visible form of `text` takes.
pub(super) fn cells(text: &str) -> usize {
    let mut glyphs = Glyphs::default();
    text.chars().map(|c| glyphs.cells(c)).sum()
}

/// Decides character by character, since a run of marks without width depends on what came before.
#[derive(Default)]
struct Glyphs {
    without_width: usize,
}

enum Glyph {
    AsIs,
    Picture(char),
    CodePoint,
}

impl Glyphs {
    fn glyph(&mut self, c: char) -> Glyph {
        if c.width() == Some(0) && !is_hidden(c) {
            self.without_width += 1;
            return if self.without_width > STACKED {
                Glyph::CodePoint
            } else {
                Glyph::AsIs
            };
        }
        self.without_width = 0;
        match c {
            '\n' | '\u{2028}' | '\u{2029}' => Glyph::Picture('⏎'),
            '\t' => Glyph::Picture('⇥'),
            '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).map_or(Glyph::CodePoint, Glyph::Picture),
            '\x7f' => Glyph::Picture('␡'),
            c if is_hidden(c) => Glyph::CodePoint,
            _ => Glyph::AsIs,
        }
    }

    fn write(&mut self, c: char, out: &mut String) {
        match self.glyph(c) {
            Glyph::AsIs => out.push(c),
            Glyph::Picture(picture) => out.push(picture),
            Glyph::CodePoint => {
                let _writing_to_a_string_cannot_fail = write!(out, "<U+{:04X}>", c as u32);
            }
        }
    }

    fn cells(&mut self, c: char) -> usize {
        match self.glyph(c) {
            Glyph::AsIs => c.width().unwrap_or(0),
            Glyph::Picture(_) => 1,
            Glyph::CodePoint => {
                let digits = (32 - (c as u32).leading_zeros()).div_ceil(4).max(4);
                4 + digits as usize
            }
        }
    }
}

/// Characters that steer the terminal or the reading direction, that cannot be seen, or that are none at all: how wide a
/// noncharacter is, terminals do not agree.
pub fn is_hidden(c: char) -> bool {
    if c as u32 & 0xfffe == 0xfffe {
        return true;
    }
    matches!(c,
        '\u{80}'..='\u{9f}'           // C1 controls
        | '\u{ad}'                    // soft hyphen
        | '\u{34f}'                   // combining grapheme joiner
        | '\u{61c}'                   // Arabic letter mark
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
        | '\u{17b4}' | '\u{17b5}'     // Khmer inherent vowels
        | '\u{180b}'..='\u{180f}'     // Mongolian selectors and vowel separator
        | '\u{200b}'..='\u{200f}'     // zero width, joiners, direction marks
        | '\u{202a}'..='\u{202e}'     // direction embeddings and overrides
        | '\u{2060}'..='\u{206f}'     // word joiner, invisible operators, direction isolates
        | '\u{fe00}'..='\u{fe0d}'     // variation selectors other than those of emoji
        | '\u{fdd0}'..='\u{fdef}'     // noncharacters, as the last two of each plane
        | '\u{feff}'                  // byte order mark
        | '\u{fff9}'..='\u{fffb}'     // interlinear annotation
        | '\u{1d173}'..='\u{1d17a}'   // musical format controls
        | '\u{e0000}'..='\u{e0fff}'   // tags, further variation selectors
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(sanitize("orders {\"a\": 1} ~"), Cow::Borrowed(_)));
        assert!(matches!(sanitize("Bestellungen für 東京 ❤\u{fe0f}"), Cow::Borrowed(_)));
    }

    #[test]
    fn terminal_escapes_become_pictures() {
        assert_eq!(sanitize("\x1b[31mred\x07\x7f\0"), "␛[31mred␇␡␀");
        assert_eq!(sanitize("a\r\nb\tc"), "a␍⏎b⇥c");
        assert_eq!(sanitize("\u{9b}31m\u{85}"), "<U+009B>31m<U+0085>");
    }

    #[test]
    fn direction_and_invisible_characters_become_code_points() {
        assert_eq!(
            sanitize("a\u{202e}b\u{2066}c\u{200b}d\u{feff}"),
            "a<U+202E>b<U+2066>c<U+200B>d<U+FEFF>"
        );
        assert_eq!(sanitize("\u{e0041}"), "<U+E0041>");
        assert_eq!(sanitize("\u{3fffe}\u{fdd0}"), "<U+3FFFE><U+FDD0>");
        assert_eq!(sanitize("x\u{2028}y"), "x⏎y");
    }

    #[test]
    fn stacked_marks_are_spelled_out_after_a_few() {
        let stack = format!("a{}", "\u{301}".repeat(10));
        let expected = format!("a{}<U+0301><U+0301>", "\u{301}".repeat(8));
        assert_eq!(sanitize(&stack), expected);
    }

    #[test]
    fn fitting_counts_what_will_be_shown() {
        assert_eq!(fit("abcdef", 4), 4);
        assert_eq!(fit("東京東京", 5), 6);
        assert_eq!(fit("a\u{202e}b", 8), 1);
        assert_eq!(fit("a\u{202e}b", 9), 4);
        assert_eq!(fit("e\u{301}x", 1), 3, "the mark stays with its letter");
        assert_eq!(fit("東", 1), 3, "at least one character");
        assert_eq!(fit("", 5), 0);
    }

    proptest! {
        #[test]
        fn nothing_that_steers_a_terminal_is_left(text in "\\PC*|[\\x00-\\x1f\\u{80}-\\u{9f}\\u{202a}-\\u{202e}a]{0,40}") {
            let shown = sanitize(&text);
            prop_assert!(shown.chars().all(|c| !c.is_control() && !is_hidden(c)), "{shown:?}");
            prop_assert_eq!(cells(&shown), cells(&text));
        }

        #[test]
        fn a_fitting_part_is_not_wider_than_the_cells(text in "\\PC{0,30}|[ab\\x1b\\u{301}東\\u{200b}]{0,30}", width in 9usize..20) {
            let bytes = fit(&text, width);
            prop_assert!(cells(&text[..bytes]) <= width);
            prop_assert!(bytes > 0 || text.is_empty());
        }
    }
}
