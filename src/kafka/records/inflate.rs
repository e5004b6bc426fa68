//! Bounded decompression of batches into one reused buffer.

use std::fmt;
use std::io::Read as _;

use zstd::zstd_safe;

use super::header::V2_HEADER;
use super::walk::Batch;
use super::{legacy, lz4};
use crate::kafka::model::{Codec, Damage};

/// Most bytes a batch may have when decompressed, unless the settings say otherwise.
pub const DEFAULT_LIMIT: usize = 64 * 1024 * 1024;

/// Capacity the buffer keeps after [`Inflater::trim`].
const KEPT: usize = 2 * 1024 * 1024;
/// First size of the buffer, and the smallest step by which it grows.
const STEP: usize = 64 * 1024;
/// `ZSTD_error_dstSize_tooSmall` as zstd returns it.
const ZSTD_TOO_SMALL: usize = 0usize.wrapping_sub(70);
/// A snappy copy gives at most 64 bytes for 3; a batch that claims more than this many times its size is a lie.
const SNAPPY_RATIO: usize = 22;
const XERIAL: &[u8] = b"\x82SNAPPY\0";

/// Decompresses batches one after the other into a buffer of its own.
pub struct Inflater {
    scratch: Scratch,
    zstd: Option<zstd_safe::DCtx<'static>>,
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater")
            .field("limit", &self.scratch.limit)
            .finish_non_exhaustive()
    }
}

impl Default for Inflater {
    fn default() -> Self {
        Self::new(DEFAULT_LIMIT)
    }
}

impl Inflater {
    /// An inflater that refuses batches of more than `limit` bytes when decompressed.
    pub fn new(limit: usize) -> Self {
        Self {
            scratch: Scratch::new(limit),
            zstd: None,
        }
    }

    /// The records of `batch` as bytes: borrowed from the batch when it is not compressed, else from this buffer.
    ///
    /// # Errors
    /// [`Damage::TooLarge`], [`Damage::Compression`], or [`Damage::Malformed`] for a legacy message without a value.
    pub fn payload<'a>(&'a mut self, batch: &'a Batch) -> Result<&'a [u8], Damage> {
        let codec = batch.header.codec();
        let body = match (batch.header.magic, codec) {
            (2, _) => &batch.bytes[V2_HEADER..],
            (_, Codec::None) => &batch.bytes[..],
            _ => legacy::wrapped(&batch.bytes)?,
        };
        if codec == Codec::None {
            return Ok(body);
        }
        self.scratch.clear();
        match self.decompress(codec, body) {
            Ok(()) => Ok(self.scratch.filled()),
            Err(Fault::TooLarge) => Err(Damage::TooLarge {
                limit: self.scratch.limit,
            }),
            Err(Fault::Broken(what)) => Err(Damage::Compression { codec, what }),
        }
    }

    /// Gives back memory that an unusually large batch took.
    pub fn trim(&mut self) {
        self.scratch.trim();
    }

    fn decompress(&mut self, codec: Codec, body: &[u8]) -> Result<(), Fault> {
        match codec {
            Codec::None => self.scratch.append(body),
            Codec::Gzip => gzip(body, &mut self.scratch),
            Codec::Snappy => snappy(body, &mut self.scratch),
            Codec::Lz4 => lz4::decompress(body, &mut self.scratch),
            Codec::Zstd => zstd(self.zstd.get_or_insert_default(), body, &mut self.scratch),
            Codec::Unknown(_) => Err(Fault::broken("no Kafka release uses this codec")),
        }
    }
}

fn gzip(body: &[u8], out: &mut Scratch) -> Result<(), Fault> {
    let mut decoder = flate2::bufread::MultiGzDecoder::new(body);
    loop {
        let wanted = out.filled.max(STEP);
        let (_, room) = out.split(wanted);
        match decoder.read(room) {
            Ok(0) => return Ok(()),
            Ok(count) => out.advance(count)?,
            Err(error) => return Err(Fault::Broken(error.to_string())),
        }
    }
}

/// Snappy as Java's clients write it (xerial blocks) or raw, as some others do.
fn snappy(body: &[u8], out: &mut Scratch) -> Result<(), Fault> {
    let Some(blocks) = body.strip_prefix(XERIAL) else {
        return snappy_block(body, out);
    };
    let versions = 8;
    let mut rest = blocks
        .get(versions..)
        .ok_or_else(|| Fault::broken("the xerial header is cut short"))?;
    while !rest.is_empty() {
        let block = rest
            .split_first_chunk::<4>()
            .and_then(|(length, after)| after.split_at_checked(usize::try_from(i32::from_be_bytes(*length)).ok()?));
        let (block, after) = block.ok_or_else(|| Fault::broken("a xerial block is cut short"))?;
        rest = after;
        snappy_block(block, out)?;
    }
    Ok(())
}

fn snappy_block(block: &[u8], out: &mut Scratch) -> Result<(), Fault> {
    let broken = |error: snap::Error| Fault::Broken(error.to_string());
    let length = snap::raw::decompress_len(block).map_err(broken)?;
    if length > block.len().saturating_mul(SNAPPY_RATIO).saturating_add(STEP) {
        return Err(Fault::broken("the block claims more bytes than snappy can hold"));
    }
    let (_, room) = out.split(length);
    if room.len() < length {
        return Err(Fault::TooLarge);
    }
    let count = snap::raw::Decoder::new()
        .decompress(block, &mut room[..length])
        .map_err(broken)?;
    out.advance(count)
}

/// One shot into the buffer, which spares zstd a window of its own; a frame without its size may need a second go.
fn zstd(context: &mut zstd_safe::DCtx<'static>, body: &[u8], out: &mut Scratch) -> Result<(), Fault> {
    let known = zstd_safe::get_frame_content_size(body)
        .ok()
        .flatten()
        .and_then(|size| usize::try_from(size).ok());
    let mut wanted = known
        .map_or(body.len().saturating_mul(4), |size| size.saturating_add(1))
        .max(STEP);
    loop {
        let (_, room) = out.split(wanted);
        let room_is_whole = room.len() >= wanted;
        match context.decompress(room, body) {
            Ok(count) => return out.advance(count),
            Err(ZSTD_TOO_SMALL) if !room_is_whole => return Err(Fault::TooLarge),
            Err(ZSTD_TOO_SMALL) => wanted = room.len().saturating_mul(2),
            Err(code) => return Err(Fault::broken(zstd_safe::get_error_name(code))),
        }
    }
}

/// Why a decompressor stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The output passed the limit.
    TooLarge,
    /// The data is broken.
    Broken(String),
}

impl Fault {
    pub(super) fn broken(what: &str) -> Self {
        Self::Broken(what.to_owned())
    }
}

/// A buffer that grows as it is filled, up to a limit, and is never cleared to zero twice.
pub(super) struct Scratch {
    buffer: Vec<u8>,
    filled: usize,
    limit: usize,
}

impl Scratch {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            filled: 0,
            limit,
        }
    }

    pub(super) fn filled(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    fn clear(&mut self) {
        self.filled = 0;
    }

    fn trim(&mut self) {
        if self.buffer.len() > KEPT {
            self.filled = 0;
            self.buffer.truncate(KEPT);
            self.buffer.shrink_to_fit();
        }
    }

    /// What is filled, and room for at least `wanted` more bytes, or for one byte beyond the limit if that is less.
    pub(super) fn split(&mut self, wanted: usize) -> (&[u8], &mut [u8]) {
        let needed = self.filled.saturating_add(wanted).min(self.limit.saturating_add(1));
        if self.buffer.len() < needed {
            self.buffer.reserve_exact(needed - self.buffer.len());
            self.buffer.resize(needed, 0);
        }
        let (before, room) = self.buffer.split_at_mut(self.filled);
        (before, room)
    }

    /// Counts `count` bytes written to the room as filled.
    pub(super) fn advance(&mut self, count: usize) -> Result<(), Fault> {
        self.filled += count;
        if self.filled > self.limit {
            Err(Fault::TooLarge)
        } else {
            Ok(())
        }
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let (_, room) = self.split(bytes.len());
        let room = room.get_mut(..bytes.len()).ok_or(Fault::TooLarge)?;
        room.copy_from_slice(bytes);
        self.advance(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode::{BatchSpec, RecordSpec, encode_batch, seal};
    use super::super::walk::{FetchedRange, Walk, Walked};
    use super::*;

    fn text(length: usize) -> Vec<u8> {
        (0..length)
            .map(|i| b"{\"customer\":\"anna\",\"total\":12.50}"[(i + i / 999) % 33])
            .collect()
    }

    fn bytes(codec: Codec, value: &[u8]) -> Vec<u8> {
        let record = RecordSpec {
            offset: 0,
            timestamp: 0,
            key: None,
            value: Some(value),
            headers: &[],
        };
        encode_batch(
            &BatchSpec {
                codec,
                ..BatchSpec::default()
            },
            &[record],
        )
        .unwrap()
    }

    fn batch(bytes: Vec<u8>) -> Batch {
        let range = FetchedRange {
            bytes: bytes.into(),
            fetch_offset: 0,
            high_watermark: 10,
            open_from: i64::MAX,
            aborted: Vec::new(),
        };
        match Walk::new(range).next() {
            Some(Walked::Batch(batch)) => batch,
            other => panic!("{other:?}"),
        }
    }

    /// The batch of a body of our own under a codec's number.
    fn with_body(codec: u8, body: &[u8]) -> Batch {
        let mut bytes = bytes(Codec::None, b"");
        bytes.truncate(V2_HEADER);
        bytes[22] = codec;
        bytes.extend(body);
        let length = (bytes.len() - 12) as i32;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        seal(&mut bytes);
        batch(bytes)
    }

    #[test]
    fn every_codec_gives_back_what_went_in_with_one_inflater() {
        let mut inflater = Inflater::default();
        for length in [0, 1, 1000, 500_000, 10, 70_000] {
            for codec in Codec::ALL {
                let value = text(length);
                let batch = batch(bytes(codec, &value));
                let payload = inflater.payload(&batch).unwrap();
                let read = batch.records(payload).next().unwrap().unwrap();
                assert_eq!(read.value, Some(&value[..]), "{codec} {length}");
            }
        }
    }

    #[test]
    fn a_batch_beyond_the_limit_is_too_large_and_the_next_one_is_read() {
        let large = vec![0; 3_000_000];
        let mut inflater = Inflater::new(1_000_000);
        for codec in &Codec::ALL[1..] {
            let result = inflater.payload(&batch(bytes(*codec, &large))).map(<[u8]>::len);
            assert_eq!(result, Err(Damage::TooLarge { limit: 1_000_000 }), "{codec}");
            assert!(inflater.payload(&batch(bytes(*codec, b"small"))).is_ok());
            assert!(inflater.scratch.buffer.capacity() <= 1_000_001 + STEP);
        }
    }

    #[test]
    fn exactly_the_limit_is_not_too_large() {
        for codec in &Codec::ALL[1..] {
            let batch = batch(bytes(*codec, &text(200_000)));
            let length = Inflater::default().payload(&batch).unwrap().len();
            assert!(Inflater::new(length).payload(&batch).is_ok(), "{codec}");
            assert!(Inflater::new(length - 1).payload(&batch).is_err(), "{codec}");
        }
    }

    #[test]
    fn a_zstd_frame_without_its_size_is_read() {
        use std::io::Write as _;
        let value = text(2_000_000);
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        encoder.write_all(&value).unwrap();
        let body = encoder.finish().unwrap();
        assert_eq!(zstd_safe::get_frame_content_size(&body).ok().flatten(), None);
        let batch = with_body(4, &body);
        assert_eq!(Inflater::default().payload(&batch).unwrap(), value);
        let result = Inflater::new(1_000_000).payload(&batch).map(<[u8]>::len);
        assert_eq!(result, Err(Damage::TooLarge { limit: 1_000_000 }));
    }

    #[test]
    fn raw_snappy_is_read_like_xerial_blocks() {
        let body = snap::raw::Encoder::new().compress_vec(&text(100_000)).unwrap();
        assert_eq!(
            Inflater::default().payload(&with_body(2, &body)).unwrap(),
            text(100_000)
        );
    }

    #[test]
    fn a_snappy_block_that_claims_gigabytes_reserves_nothing() {
        let mut inflater = Inflater::default();
        let claim = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
        assert!(matches!(
            inflater.payload(&with_body(2, &claim)),
            Err(Damage::Compression { .. })
        ));
        assert_eq!(inflater.scratch.buffer.capacity(), 0);
    }

    #[test]
    fn gzip_members_one_after_the_other_are_read() {
        use std::io::Write as _;
        let member = |bytes: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let body = [member(b"one "), member(b"two")].concat();
        assert_eq!(Inflater::default().payload(&with_body(1, &body)).unwrap(), b"one two");
    }

    #[test]
    fn broken_data_and_unknown_codecs_are_told() {
        for codec in [1, 2, 3, 4, 5, 6, 7] {
            let result = Inflater::default()
                .payload(&with_body(codec, b"\x82this is not compressed"))
                .map(<[u8]>::len);
            assert!(matches!(result, Err(Damage::Compression { .. })), "{codec}: {result:?}");
        }
    }

    #[test]
    fn trimming_gives_back_what_a_large_batch_took() {
        let mut inflater = Inflater::default();
        inflater
            .payload(&batch(bytes(Codec::Zstd, &vec![0; 20_000_000])))
            .unwrap();
        inflater.trim();
        assert!(inflater.scratch.buffer.capacity() <= KEPT);
        assert!(inflater.payload(&batch(bytes(Codec::Zstd, b"again"))).is_ok());
    }
}
