//! Reading integers and byte strings off the front of a slice. Every reader returns `None` when the bytes run out.

/// A position in a slice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    pub(super) fn i8(&mut self) -> Option<i8> {
        self.array().map(i8::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    /// A zigzag varint of at most 10 bytes, as Kafka writes `varlong` and `varint`.
    pub(super) fn varlong(&mut self) -> Option<i64> {
        let (&first, rest) = self.0.split_first()?;
        if first < 0x80 {
            self.0 = rest;
            return Some(unzigzag(u64::from(first)));
        }
        self.long_varlong()
    }

    fn long_varlong(&mut self) -> Option<i64> {
        let mut value = 0u64;
        for (index, &byte) in self.0.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f).checked_shl(7 * index as u32)?;
            if byte < 0x80 {
                self.0 = &self.0[index + 1..];
                return Some(unzigzag(value));
            }
        }
        None
    }

    /// A zigzag varint that fits 32 bits.
    pub(super) fn varint(&mut self) -> Option<i32> {
        self.varlong().and_then(|value| i32::try_from(value).ok())
    }

    /// Bytes after a varint length. The outer `None` is malformed; the inner one is Kafka's null (length −1).
    #[expect(
        clippy::option_option,
        reason = "malformed, null and bytes are three answers, and `?` takes the first"
    )]
    pub(super) fn nullable(&mut self) -> Option<Option<&'a [u8]>> {
        match self.varint()? {
            -1 => Some(None),
            length => self.take(usize::try_from(length).ok()?).map(Some),
        }
    }

    /// Bytes after a 32-bit length, as in message formats v0 and v1.
    #[expect(
        clippy::option_option,
        reason = "malformed, null and bytes are three answers, and `?` takes the first"
    )]
    pub(super) fn nullable_fixed(&mut self) -> Option<Option<&'a [u8]>> {
        match self.i32()? {
            -1 => Some(None),
            length => self.take(usize::try_from(length).ok()?).map(Some),
        }
    }
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_zigzag() {
        for (bytes, value) in [
            (&[0u8][..], 0),
            (&[1], -1),
            (&[2], 1),
            (&[0x7f], -64),
            (&[0x80, 0x01], 64),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], i64::MIN),
        ] {
            let mut reader = Reader(bytes);
            assert_eq!(reader.varlong(), Some(value), "{bytes:02x?}");
            assert!(reader.0.is_empty());
        }
    }

    #[test]
    fn an_endless_varint_is_malformed() {
        assert_eq!(Reader(&[0x80; 11]).varlong(), None);
        assert_eq!(Reader(&[0x80]).varlong(), None);
        assert_eq!(Reader(&[]).varlong(), None);
    }

    #[test]
    fn a_varint_beyond_32_bits_is_malformed() {
        assert_eq!(Reader(&[0xff, 0xff, 0xff, 0xff, 0xff, 0x01]).varint(), None);
    }

    #[test]
    fn null_and_empty_differ() {
        assert_eq!(Reader(&[1]).nullable(), Some(None));
        assert_eq!(Reader(&[0]).nullable(), Some(Some(&[][..])));
        assert_eq!(Reader(&[3]).nullable(), None, "a length of -2 is neither");
        assert_eq!(Reader(&[4, 1]).nullable(), None, "two bytes announced, one there");
    }
}
