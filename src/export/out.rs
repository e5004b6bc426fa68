//! A buffer that lines are written into, byte for byte, without asking for room each time.

/// Room that is made at least when there is too little.
const STEP: usize = 64 << 10;
/// Bytes that are escaped before room is looked at again, and the most that one of them may become.
const BLOCK: usize = 512;
const MOST_ESCAPED: usize = 6;

/// Bytes that grow at the end. What lies behind the end stays initialised, so that making room costs nothing the second
/// time.
#[derive(Clone, Debug, Default)]
pub struct Out {
    room: Vec<u8>,
    length: usize,
}

/// How JSON names a control character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hex {
    /// `\u001b`, as most do.
    Lower,
    /// `\u001B`, as kcat does.
    Upper,
}

impl Out {
    /// What has been written.
    pub fn bytes(&self) -> &[u8] {
        &self.room[..self.length]
    }

    /// How much has been written.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Forgets what was written and keeps the room.
    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// Forgets what was written after this many bytes.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Gives back room beyond so many bytes.
    pub fn shrink(&mut self, most: usize) {
        if self.room.len() > most {
            self.room.truncate(most.max(self.length));
            self.room.shrink_to_fit();
        }
    }

    /// Writes bytes as they are.
    pub fn put(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        self.room[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// Writes a number in decimal.
    pub fn number(&mut self, number: i64) {
        let mut digits = [0; 20];
        let (mut at, mut rest) = (digits.len(), number.unsigned_abs());
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            self.put(b"-");
        }
        self.put(&digits[at..]);
    }

    /// Writes bytes as what stands between the quotes of a JSON string: quotes, backslashes and control characters are
    /// escaped, all else is left alone.
    pub fn escaped(&mut self, bytes: &[u8], hex: Hex) {
        for block in bytes.chunks(BLOCK) {
            self.make_room(MOST_ESCAPED * BLOCK + 8);
            self.length += escape(block, &mut self.room[self.length..], hex);
        }
    }

    /// Writes a byte twice wherever it stands in what was written after so many bytes.
    pub fn double(&mut self, byte: u8, from: usize) {
        let more = memchr::memchr_iter(byte, &self.room[from..self.length]).count();
        self.make_room(more);
        // From the end, so that nothing is written over before it was moved.
        let (mut old, mut new) = (self.length, self.length + more);
        self.length = new;
        while old < new {
            let Some(at) = memchr::memrchr(byte, &self.room[from..old]) else {
                break;
            };
            let at = from + at;
            new -= old - (at + 1);
            self.room.copy_within(at + 1..old, new);
            new -= 2;
            self.room[new..new + 2].fill(byte);
            old = at;
        }
    }

    /// Writes bytes in base64.
    pub fn base64(&mut self, bytes: &[u8]) {
        use base64::Engine as _;
        self.make_room(bytes.len().div_ceil(3) * 4);
        let room = &mut self.room[self.length..];
        let written = base64::engine::general_purpose::STANDARD.encode_slice(bytes, room);
        self.length += written.unwrap_or_default();
    }

    fn make_room(&mut self, more: usize) {
        let needed = self.length + more;
        if needed > self.room.len() {
            // By a quarter: room is used again and again, so it is small rather than quickly made.
            self.room.resize(needed.max(self.room.len() / 4 * 5).max(STEP), 0);
        }
    }
}

/// Escapes `block` into `room`, which has room for the worst case and eight bytes more; returns how much was written.
/// Eight bytes are looked at at a time: those before the first special one are copied with it.
fn escape(block: &[u8], room: &mut [u8], hex: Hex) -> usize {
    let (mut from, mut to) = (0, 0);
    while let Some(word) = block[from..].first_chunk::<8>() {
        room[to..to + 8].copy_from_slice(word);
        let special = special(u64::from_le_bytes(*word));
        if special == 0 {
            from += 8;
            to += 8;
        } else {
            let plain = special.trailing_zeros() as usize / 8;
            to += plain;
            to += escape_one(word[plain], &mut room[to..], hex);
            from += plain + 1;
        }
    }
    for byte in &block[from..] {
        to += escape_one(*byte, &mut room[to..], hex);
    }
    to
}

/// The high bit of the first byte that is a control character, a quote or a backslash, and perhaps of bytes after it.
fn special(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    let below = |limit: u64, word: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    below(0x20, word) | below(1, word ^ (ONES * u64::from(b'"'))) | below(1, word ^ (ONES * u64::from(b'\\')))
}

fn escape_one(byte: u8, room: &mut [u8], hex: Hex) -> usize {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        0..0x20 => {
            let digits: &[u8; 16] = match hex {
                Hex::Lower => b"0123456789abcdef",
                Hex::Upper => b"0123456789ABCDEF",
            };
            let [high, low] = [byte >> 4, byte & 15].map(|digit| digits[usize::from(digit)]);
            room[..6].copy_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
            return 6;
        }
        _ => {
            room[0] = byte;
            return 1;
        }
    };
    room[..2].copy_from_slice(&[b'\\', short]);
    2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Out)) -> String {
        let mut out = Out::default();
        write(&mut out);
        String::from_utf8(out.bytes().to_vec()).unwrap()
    }

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 7, -1, 10, 1_795_265_612_749, i64::MAX, i64::MIN] {
            assert_eq!(written(|out| out.number(number)), number.to_string());
        }
    }

    #[test]
    fn control_characters_have_the_case_that_is_asked_for() {
        assert_eq!(
            written(|out| out.escaped(b"\x1b\n\"\\/", Hex::Lower)),
            r#"\u001b\n\"\\/"#
        );
        assert_eq!(written(|out| out.escaped(b"\x1b", Hex::Upper)), r"\u001B");
    }

    #[test]
    fn room_is_kept_when_what_was_written_is_forgotten() {
        let mut out = Out::default();
        out.put(&vec![b'x'; STEP]);
        out.truncate(3);
        assert_eq!((out.bytes(), out.len()), (&b"xxx"[..], 3));
        out.clear();
        assert!(out.is_empty() && out.room.len() >= STEP);
        out.shrink(10);
        assert_eq!(out.room.len(), 10);
    }

    proptest! {
        #[test]
        fn escaping_is_what_a_json_library_does(text in any::<String>(), odd in r#"[\x00-\x22\\a-c"é]{0,700}"#) {
            for text in [text, odd] {
                let ours = format!("\"{}\"", written(|out| out.escaped(text.as_bytes(), Hex::Lower)));
                prop_assert_eq!(&ours, &serde_json::to_string(&text).unwrap());
            }
        }

        #[test]
        fn a_byte_is_doubled_from_a_place_on(before in "[a\"]{0,9}", text in "[ab\"]{0,40}") {
            let doubled = written(|out| {
                out.put(before.as_bytes());
                out.put(text.as_bytes());
                out.double(b'"', before.len());
            });
            prop_assert_eq!(doubled, before + &text.replace('"', "\"\""));
        }

        #[test]
        fn all_other_bytes_are_left_alone(bytes in proptest::collection::vec(0x80u8.., 0..600)) {
            let mut out = Out::default();
            out.put(b"before");
            out.escaped(&bytes, Hex::Upper);
            prop_assert_eq!(&out.bytes()[6..], &bytes[..]);
        }
    }
}
