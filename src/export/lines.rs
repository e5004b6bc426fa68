//! What workers make for a file: the lines of a part, packed where the file is.

use std::io::Write as _;

use super::format::{Format, Prefix};
use super::out::Out;
use crate::kafka::client::Client;
use crate::kafka::model::{BrokerId, TopicPartition};
use crate::kafka::scan::{Found, Make};

/// Room that is kept for the next part: enough for one of usual lines.
const KEPT: usize = 1 << 20;
/// zstd's own default.
const ZSTD_LEVEL: i32 = 3;

/// How a file is packed, told by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    #[default]
    None,
    /// `.gz`: members, one after the other.
    Gzip,
    /// `.zst`: frames, one after the other.
    Zstd,
}

impl Packing {
    /// The packing that a file's name asks for.
    pub fn of(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::None,
        }
    }

    /// These bytes as a whole member or frame, so that a file may end after any of them.
    ///
    /// # Errors
    /// What the compressor says.
    pub fn pack(self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        Packer::new(self).pack(bytes)
    }
}

/// Packs one part after the other.
struct Packer {
    packing: Packing,
    zstd: Option<zstd::bulk::Compressor<'static>>,
    /// Room for what zstd makes; what is kept of it is mostly much less.
    room: Vec<u8>,
}

impl Packer {
    fn new(packing: Packing) -> Self {
        Self {
            packing,
            zstd: None,
            room: Vec::new(),
        }
    }

    fn pack(&mut self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        match self.packing {
            Packing::None => Ok(bytes.to_vec()),
            Packing::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Packing::Zstd => {
                let zstd = match &mut self.zstd {
                    Some(zstd) => zstd,
                    none => none.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
                };
                let most = zstd::zstd_safe::compress_bound(bytes.len());
                self.room.resize(most.max(self.room.len()), 0);
                let length = zstd.compress_to_buffer(bytes, &mut self.room[..])?;
                let packed = self.room[..length].to_vec();
                self.room.truncate(KEPT);
                self.room.shrink_to_fit();
                Ok(packed)
            }
        }
    }
}

/// The lines of a part.
#[derive(Debug, Default)]
pub struct Lines {
    plain: Out,
    packed: Option<std::io::Result<Vec<u8>>>,
    /// Where each record ends in the plain lines, and the offset after it; only where records are counted.
    ends: Vec<(i64, usize)>,
}

impl Lines {
    /// The bytes for the file.
    ///
    /// # Errors
    /// When they could not be packed.
    pub fn bytes(&self) -> std::io::Result<&[u8]> {
        match &self.packed {
            None => Ok(self.plain.bytes()),
            Some(Ok(packed)) => Ok(packed),
            Some(Err(error)) => Err(std::io::Error::new(error.kind(), error.to_string())),
        }
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// The bytes that it takes.
    fn size(&self) -> usize {
        let packed = self.packed.as_ref().and_then(|packed| packed.as_ref().ok());
        self.plain.len() + packed.map_or(0, Vec::len) + size_of_val(self.ends.as_slice())
    }

    /// Keeps the first `count` records; returns the offset after the last of them.
    pub fn cut(&mut self, count: usize, packing: Packing) -> Option<i64> {
        let (next, end) = *self.ends.get(count.checked_sub(1)?)?;
        self.plain.truncate(end);
        self.ends.truncate(count);
        if self.packed.is_some() {
            self.packed = Some(packing.pack(self.plain.bytes()));
        }
        Some(next)
    }

    /// Forgets the lines and keeps some of the room.
    pub fn emptied(mut self) -> Self {
        self.plain.clear();
        self.plain.shrink(KEPT);
        self.ends.clear();
        self.packed = None;
        self
    }
}

/// Makes lines.
pub struct LineMaker {
    format: Format,
    packer: Packer,
    is_counted: bool,
    client: Client,
    prefix: Prefix,
    leader: Option<BrokerId>,
    /// Room for lines that do not leave the worker.
    room: Out,
}

impl LineMaker {
    /// For a format and a packing; `is_counted` keeps the ends of records, so that lines can be cut.
    pub fn new(format: Format, packing: Packing, is_counted: bool, client: Client) -> Self {
        Self {
            format,
            packer: Packer::new(packing),
            is_counted,
            client,
            prefix: Prefix::default(),
            leader: None,
            room: Out::default(),
        }
    }
}

impl Make for LineMaker {
    type Made = Lines;

    fn begin(&mut self, made: &mut Lines, partition: &TopicPartition) {
        if self.packer.packing != Packing::None && !self.is_counted {
            made.plain = std::mem::take(&mut self.room);
        }
        self.format.begin(&mut self.prefix, partition);
        self.leader = self.client.leader(&partition.topic, partition.partition).ok();
    }

    fn record(&mut self, made: &mut Lines, found: &Found<'_>) {
        self.format
            .record(&mut made.plain, &self.prefix, found.record, self.leader);
        if self.is_counted {
            made.ends
                .push((found.record.offset.saturating_add(1), made.plain.len()));
        }
    }

    fn size(&self, made: &Lines) -> usize {
        made.size()
    }

    fn finish(&mut self, made: &mut Lines) {
        if self.packer.packing != Packing::None && !made.is_empty() {
            made.packed = Some(self.packer.pack(made.plain.bytes()));
        }
        if self.packer.packing != Packing::None && !self.is_counted {
            // Only what is packed goes on; counted lines may have to be cut and packed again.
            self.room = std::mem::take(&mut made.plain);
            self.room.clear();
            self.room.shrink(KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn the_name_of_a_file_says_how_it_is_packed() {
        let all = ["a.jsonl.gz", "a.zst", "a.jsonl", "gz", "a.GZ"].map(Packing::of);
        assert_eq!(
            all,
            [
                Packing::Gzip,
                Packing::Zstd,
                Packing::None,
                Packing::None,
                Packing::None
            ]
        );
    }

    #[test]
    fn packed_pieces_one_after_the_other_are_one_file() {
        let gzip: Vec<u8> = [b"one ", b"two "]
            .iter()
            .flat_map(|text| Packing::Gzip.pack(*text).unwrap())
            .collect();
        let mut text = String::new();
        flate2::read::MultiGzDecoder::new(&gzip[..])
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "one two ");
        let zstd: Vec<u8> = [b"one ", b"two "]
            .iter()
            .flat_map(|text| Packing::Zstd.pack(*text).unwrap())
            .collect();
        assert_eq!(zstd::stream::decode_all(&zstd[..]).unwrap(), b"one two ");
    }

    #[test]
    fn lines_are_cut_after_a_record_and_packed_again() {
        let mut lines = Lines::default();
        for (offset, line) in [(4, &b"one\n"[..]), (9, b"two\n"), (12, b"three\n")] {
            lines.plain.put(line);
            lines.ends.push((offset + 1, lines.plain.len()));
        }
        lines.packed = Some(Packing::Zstd.pack(lines.plain.bytes()));
        assert_eq!(lines.cut(9, Packing::Zstd), None, "there are not so many");
        assert_eq!(lines.cut(2, Packing::Zstd), Some(10));
        assert_eq!(zstd::stream::decode_all(lines.bytes().unwrap()).unwrap(), b"one\ntwo\n");
        let lines = lines.emptied();
        assert!(lines.is_empty() && lines.bytes().unwrap().is_empty());
    }
}
