//! Cuts an input into chunks of whole lines. Where a chunk ends is a function of the bytes alone.

use std::io::{self, Read};

use super::spare::Spare;

/// Bytes asked of the input at a time.
const READ: usize = 256 << 10;

/// How large a chunk may become: so that all its records fit into one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bounds {
    /// Bytes of lines, each counted with `overhead`; a longer line is a chunk of its own.
    pub bytes: usize,
    /// Bytes that a record takes beside its line.
    pub overhead: usize,
    /// Lines.
    pub lines: u64,
    /// Lines of the whole input; what comes behind them is not read.
    pub limit: u64,
    /// Bytes of a line; a longer one is no record that the topic takes.
    pub longest: usize,
}

/// Where an input has been read up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mark {
    /// Chunks so far.
    pub chunk: u64,
    /// Bytes so far.
    pub position: u64,
    /// Lines so far.
    pub lines: u64,
    /// CRC-32C of the bytes so far.
    pub crc: u32,
}

/// A piece of the input: whole lines, the last of which may lack its newline at the end of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where it begins.
    pub from: Mark,
    /// Where it ends.
    pub to: Mark,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Cuts an input.
#[derive(Debug)]
pub struct Cut<R> {
    input: R,
    bounds: Bounds,
    spare: Spare,
    buffer: Vec<u8>,
    mark: Mark,
    /// Bytes of the buffer that were searched and lie within the bounds, up to a newline.
    whole: usize,
    searched: usize,
    lines: u64,
    is_over: bool,
}

impl<R: Read> Cut<R> {
    /// Cuts `input` from its beginning.
    pub fn new(input: R, bounds: Bounds) -> Self {
        Self {
            input,
            bounds,
            spare: Spare::default(),
            buffer: Vec::new(),
            mark: Mark::default(),
            whole: 0,
            searched: 0,
            lines: 0,
            is_over: false,
        }
    }

    /// Takes memory for chunks from `spare`.
    pub fn reusing(self, spare: Spare) -> Self {
        Self { spare, ..self }
    }

    /// Passes over what was read before, up to `mark`. `false` when it is not what it was.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub fn skip_to(&mut self, mark: Mark) -> io::Result<bool> {
        let (mut left, mut crc) = (mark.position, 0);
        let mut buffer = vec![0; READ];
        while left > 0 {
            let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let read = match self.input.read(&mut buffer[..wanted]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if read == 0 {
                return Ok(false);
            }
            crc = crc32c::crc32c_append(crc, &buffer[..read]);
            left -= read as u64;
        }
        self.mark = mark;
        Ok(crc == mark.crc)
    }

    /// Reads once. `false` at the end of the input.
    ///
    /// # Errors
    /// When the input cannot be read, or a line has no end.
    pub fn read(&mut self) -> io::Result<bool> {
        let longest = self.bounds.longest;
        if self.buffer.len() > longest {
            let line = self.mark.lines + 1;
            return Err(io::Error::other(format!(
                "line {line} is longer than {} MiB",
                longest >> 20
            )));
        }
        let held = self.buffer.len();
        self.buffer.resize(held + READ, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[held..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(held + read.as_ref().copied().unwrap_or(0));
        self.is_over = read? == 0;
        Ok(!self.is_over)
    }

    /// The next chunk as far as it is in the buffer: a full one, at the end of the input what is left, and with
    /// `is_urgent` any whole line.
    pub fn chunk(&mut self, is_urgent: bool) -> Option<Chunk> {
        if self.mark.lines >= self.bounds.limit {
            self.is_over = true;
            return None;
        }
        let is_full = self.search();
        if is_full || (is_urgent && self.whole > 0) {
            return Some(self.take(self.whole, self.lines));
        }
        if !self.is_over || self.buffer.is_empty() {
            return None;
        }
        let rest = self.buffer.len();
        // The last line may lack its newline.
        let lines = self.lines + u64::from(rest > self.whole);
        Some(self.take(rest, lines))
    }

    /// The next chunk, read as far as it takes; `None` at the end.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk>> {
        loop {
            if let Some(chunk) = self.chunk(false) {
                return Ok(Some(chunk));
            }
            if self.is_over {
                return Ok(None);
            }
            self.read()?;
        }
    }

    /// Looks for the last newline within the bounds; `true` when nothing more may be added to what was found.
    fn search(&mut self) -> bool {
        let start = self.searched;
        for at in memchr::memchr_iter(b'\n', &self.buffer[start..]).map(|at| start + at) {
            let size = at + 1 + (self.lines as usize + 1) * self.bounds.overhead;
            // A line that is too long by itself is a chunk of its own.
            if self.lines > 0 && size > self.bounds.bytes {
                return true;
            }
            (self.whole, self.searched) = (at + 1, at + 1);
            self.lines += 1;
            let is_last = self.mark.lines + self.lines >= self.bounds.limit;
            if is_last || self.lines >= self.bounds.lines || size >= self.bounds.bytes {
                return true;
            }
        }
        self.searched = self.buffer.len();
        self.lines > 0 && self.buffer.len() >= self.bounds.bytes
    }

    fn take(&mut self, length: usize, lines: u64) -> Chunk {
        let mut rest = self.spare.take(self.bounds.bytes.min(READ << 2) + READ);
        rest.extend_from_slice(&self.buffer[length..]);
        self.buffer.truncate(length);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        let from = self.mark;
        self.mark = Mark {
            chunk: from.chunk + 1,
            position: from.position + length as u64,
            lines: from.lines + lines,
            crc: crc32c::crc32c_append(from.crc, &bytes),
        };
        (self.whole, self.searched, self.lines) = (0, 0, 0);
        Chunk {
            from,
            to: self.mark,
            bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds {
        bytes: 40,
        overhead: 2,
        lines: 5,
        limit: u64::MAX,
        longest: 1 << 20,
    };

    /// Reads a few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(self.1);
            self.0.read(&mut buffer[..length])
        }
    }

    fn chunks(input: &[u8], step: usize, bounds: Bounds) -> Vec<Chunk> {
        let mut cut = Cut::new(Drip(input, step), bounds);
        std::iter::from_fn(|| cut.next_chunk().unwrap()).collect()
    }

    #[test]
    fn a_chunk_has_whole_lines_within_the_bounds() {
        let input = b"aaaaaaaaaaaaaaa\nbbbbbbbbbbbbbbb\nc\n\n1\n2\n3\n4\n5\n6\nend";
        let texts: Vec<_> = chunks(input, 1000, BOUNDS)
            .into_iter()
            .map(|chunk| {
                (
                    String::from_utf8(chunk.bytes).unwrap(),
                    chunk.from.lines,
                    chunk.to.lines,
                )
            })
            .collect();
        let text = |text: &str, from, to| (text.to_owned(), from, to);
        assert_eq!(
            texts,
            [
                text("aaaaaaaaaaaaaaa\nbbbbbbbbbbbbbbb\nc\n", 0, 3),
                text("\n1\n2\n3\n4\n", 3, 8),
                text("5\n6\nend", 8, 11)
            ]
        );
    }

    #[test]
    fn a_line_over_the_bounds_is_a_chunk_of_its_own() {
        let long = "x".repeat(100);
        let input = format!("a\n{long}\nb\n");
        let sizes: Vec<_> = chunks(input.as_bytes(), 7, BOUNDS)
            .iter()
            .map(|chunk| chunk.bytes.len())
            .collect();
        assert_eq!(sizes, [2, 101, 2]);
    }

    #[test]
    fn a_line_without_end_is_an_error() {
        let endless = io::repeat(b'x');
        let error = Cut::new(endless, BOUNDS).next_chunk().unwrap_err();
        assert!(error.to_string().contains("line 1 is longer than 1 MiB"), "{error}");
    }

    #[test]
    fn no_more_lines_are_read_than_asked_for() {
        let bounds = Bounds { limit: 3, ..BOUNDS };
        let chunks = chunks(b"a\nb\nc\nd\n", 2, bounds);
        let read: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.bytes).collect();
        assert_eq!(read, b"a\nb\nc\n");
    }

    #[test]
    fn an_input_that_changed_before_the_mark_is_noticed() {
        let input = b"a\nb\nc\nd\ne\nf\ng\n";
        let first = chunks(input, 3, BOUNDS)[0].to;
        let mut same = Cut::new(&input[..], BOUNDS);
        assert!(same.skip_to(first).unwrap());
        assert_eq!(same.next_chunk().unwrap().unwrap().bytes, b"f\ng\n");
        for changed in [&b"a\nb\nc\nd\nE\nf\n"[..], b"a\n"] {
            assert!(!Cut::new(changed, BOUNDS).skip_to(first).unwrap());
        }
    }

    proptest! {
        #[test]
        fn where_it_is_cut_does_not_depend_on_how_it_is_read(
            input in "[ab\n]{0,300}", step in 1_usize..50, other in 1_usize..50, at in 0_usize..20
        ) {
            let one = chunks(input.as_bytes(), step, BOUNDS);
            prop_assert_eq!(&one, &chunks(input.as_bytes(), other, BOUNDS));
            let whole: Vec<u8> = one.iter().flat_map(|chunk| chunk.bytes.clone()).collect();
            prop_assert_eq!(whole, input.as_bytes());
            // Whoever goes on in the middle cuts the same.
            if let Some(chunk) = one.get(at) {
                let mut cut = Cut::new(Drip(input.as_bytes(), other), BOUNDS);
                prop_assert!(cut.skip_to(chunk.from).unwrap());
                prop_assert_eq!(&cut.next_chunk().unwrap().unwrap(), chunk);
            }
        }
    }
}
