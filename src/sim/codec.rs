//! The five codecs of a record batch, with a bound on what they may unpack to.

use std::io::{Error, Read, Write};

use bytes::{BufMut, Bytes, BytesMut};

/// Most bytes one batch may unpack to; what exceeds it counts as corrupt.
pub const MAX_OUTPUT: usize = 64 << 20;
const XERIAL: &[u8] = &[0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const XERIAL_BLOCK: usize = 32 << 10;

/// Compression of a batch's records; the numbers are those of the attributes field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// As they are.
    None = 0,
    /// Deflate with a gzip header.
    Gzip = 1,
    /// Snappy blocks in the framing of the xerial library, as the Java clients write it.
    Snappy = 2,
    /// LZ4 frame.
    Lz4 = 3,
    /// Zstandard (KIP-110).
    Zstd = 4,
}

impl Codec {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The codec in bits 0 to 2 of a batch's attributes.
    pub fn from_attributes(attributes: i16) -> Option<Self> {
        Self::ALL.get((attributes & 7) as usize).copied()
    }
}

/// `body` compressed.
pub fn compress(codec: Codec, body: Bytes) -> std::io::Result<Bytes> {
    let packed = match codec {
        Codec::None => return Ok(body),
        Codec::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&body)?;
            encoder.finish()?
        }
        Codec::Snappy => return snappy(&body),
        Codec::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(&body)?;
            encoder.finish().map_err(Error::other)?
        }
        Codec::Zstd => zstd::stream::encode_all(&*body, 1)?,
    };
    Ok(packed.into())
}

fn snappy(body: &[u8]) -> std::io::Result<Bytes> {
    let mut out = BytesMut::new();
    out.put_slice(XERIAL);
    out.put_i32(1);
    out.put_i32(1);
    for block in body.chunks(XERIAL_BLOCK) {
        let packed = snap::raw::Encoder::new().compress_vec(block).map_err(Error::other)?;
        out.put_u32(packed.len() as u32);
        out.put_slice(&packed);
    }
    Ok(out.freeze())
}

/// `packed` unpacked; `None` when it is corrupt or larger than [`MAX_OUTPUT`].
pub fn decompress(codec: Codec, packed: Bytes) -> Option<Bytes> {
    match codec {
        Codec::None => Some(packed),
        Codec::Gzip => read_bounded(flate2::read::MultiGzDecoder::new(&*packed)),
        Codec::Snappy => unsnappy(&packed),
        Codec::Lz4 => read_bounded(lz4_flex::frame::FrameDecoder::new(&*packed)),
        Codec::Zstd => read_bounded(zstd::stream::read::Decoder::new(&*packed).ok()?),
    }
}

fn read_bounded(reader: impl Read) -> Option<Bytes> {
    let mut out = Vec::new();
    reader.take(MAX_OUTPUT as u64 + 1).read_to_end(&mut out).ok()?;
    (out.len() <= MAX_OUTPUT).then(|| out.into())
}

fn unsnappy(packed: &[u8]) -> Option<Bytes> {
    let Some(mut rest) = packed.strip_prefix(XERIAL).and_then(|rest| rest.get(8..)) else {
        return unsnappy_block(packed, MAX_OUTPUT).map(Bytes::from);
    };
    let mut out = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let block = tail.get(..length)?;
        out.extend(unsnappy_block(block, MAX_OUTPUT - out.len())?);
        rest = &tail[length..];
    }
    rest.is_empty().then(|| out.into())
}

fn unsnappy_block(block: &[u8], room: usize) -> Option<Vec<u8>> {
    if snap::raw::decompress_len(block).ok()? > room {
        return None;
    }
    snap::raw::Decoder::new().decompress_vec(block).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codec_gives_back_what_it_got() {
        let body = Bytes::from((0..100_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>());
        for codec in Codec::ALL {
            let packed = compress(codec, body.clone()).unwrap();
            assert_eq!(decompress(codec, packed), Some(body.clone()), "{codec:?}");
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = Bytes::from(vec![0; MAX_OUTPUT + 1]);
        for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let packed = compress(codec, bomb.clone()).unwrap();
            assert!(packed.len() < bomb.len() / 10);
            assert_eq!(decompress(codec, packed), None, "{codec:?}");
        }
    }

    #[test]
    fn raw_snappy_blocks_are_read_too() {
        let packed = snap::raw::Encoder::new().compress_vec(b"hello hello hello").unwrap();
        assert_eq!(
            decompress(Codec::Snappy, packed.into()),
            Some(Bytes::from("hello hello hello"))
        );
    }

    #[test]
    fn garbage_is_refused() {
        for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            assert_eq!(decompress(codec, Bytes::from_static(&[0xfe; 64])), None, "{codec:?}");
        }
    }
}
