//! Writing v2 batches: for the simulated cluster, and for what produces records.

use std::borrow::Cow;
use std::io::{self, Write as _};

use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};

use super::header::{FRAME_HEADER, V2_CHECKED_FROM, V2_HEADER, attributes};
use crate::kafka::model::{Codec, Header, LeaderEpoch, Producer};

/// Where a batch's timestamps come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// From the records.
    Create,
    /// From the broker, in Unix milliseconds, for the whole batch.
    LogAppend(i64),
}

/// One batch to be written.
#[derive(Clone, Debug)]
pub struct BatchSpec {
    /// Offset of the first record; a producer writes 0.
    pub base_offset: i64,
    /// Offset of the last record when it was written, if compaction has removed it since; else that of the last
    /// record given.
    pub last_offset: Option<i64>,
    /// Epoch of the leader; a producer writes −1.
    pub leader_epoch: LeaderEpoch,
    /// Compression.
    pub codec: Codec,
    /// Where the timestamps come from.
    pub stamp: Stamp,
    /// The idempotent or transactional producer.
    pub producer: Option<Producer>,
    /// Whether the batch belongs to a transaction.
    pub transactional: bool,
    /// Whether it holds control records.
    pub control: bool,
}

impl Default for BatchSpec {
    fn default() -> Self {
        Self {
            base_offset: 0,
            last_offset: None,
            leader_epoch: LeaderEpoch(-1),
            codec: Codec::None,
            stamp: Stamp::Create,
            producer: None,
            transactional: false,
            control: false,
        }
    }
}

/// One record to be written, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct RecordSpec<'a> {
    /// Its offset, not below the batch's base offset.
    pub offset: i64,
    /// Its timestamp in Unix milliseconds.
    pub timestamp: i64,
    /// Its key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` is null.
    pub value: Option<&'a [u8]>,
    /// Its headers, in this order.
    pub headers: &'a [Header],
}

/// Why a batch could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Bytes or offsets do not fit the format's 32 bits.
    #[error("the batch does not fit the format: {0} is out of range")]
    OutOfRange(&'static str),
    /// The codec cannot be written.
    #[error("cannot compress with {0}")]
    UnknownCodec(Codec),
    /// The compressor failed.
    #[error("the compressor failed")]
    Compression(#[from] io::Error),
}

/// Encodes one v2 batch.
///
/// # Errors
/// When something does not fit 32 bits, or the codec is unknown or fails.
pub fn encode_batch(spec: &BatchSpec, records: &[RecordSpec<'_>]) -> Result<Vec<u8>, EncodeError> {
    let out_of_range = EncodeError::OutOfRange;
    let base_timestamp = records.first().map_or(-1, |record| record.timestamp);
    let max_timestamp = match spec.stamp {
        Stamp::Create => records.iter().map(|record| record.timestamp).max().unwrap_or(-1),
        Stamp::LogAppend(at) => at,
    };
    let last = spec
        .last_offset
        .or(records.last().map(|record| record.offset))
        .unwrap_or(spec.base_offset);
    let last_delta = delta(last, spec.base_offset).ok_or(out_of_range("last offset"))?;
    let count = i32::try_from(records.len()).map_err(|_| out_of_range("record count"))?;

    let mut plain = Vec::new();
    for record in records {
        write_record(&mut plain, record, spec.base_offset, base_timestamp).ok_or(out_of_range("a record"))?;
    }
    let (bits, payload) = compress(spec.codec, &plain)?;
    let length = i32::try_from(V2_HEADER - FRAME_HEADER + payload.len()).map_err(|_| out_of_range("batch length"))?;

    let producer = spec.producer.unwrap_or(Producer {
        id: -1,
        epoch: -1,
        base_sequence: -1,
    });
    let log_append = spec.stamp != Stamp::Create;
    let mut out = Vec::with_capacity(V2_HEADER + payload.len());
    out.extend(spec.base_offset.to_be_bytes());
    out.extend(length.to_be_bytes());
    out.extend(spec.leader_epoch.0.to_be_bytes());
    out.push(2);
    out.extend([0; 4]);
    out.extend(attributes(bits, log_append, spec.transactional, spec.control).to_be_bytes());
    out.extend(last_delta.to_be_bytes());
    out.extend(base_timestamp.to_be_bytes());
    out.extend(max_timestamp.to_be_bytes());
    out.extend(producer.id.to_be_bytes());
    out.extend(producer.epoch.to_be_bytes());
    out.extend(producer.base_sequence.to_be_bytes());
    out.extend(count.to_be_bytes());
    out.extend_from_slice(&payload);
    seal(&mut out);
    Ok(out)
}

/// Writes the checksum of a v2 batch into its place.
pub(super) fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[V2_CHECKED_FROM..]);
    batch[V2_CHECKED_FROM - 4..V2_CHECKED_FROM].copy_from_slice(&crc.to_be_bytes());
}

fn delta(offset: i64, base: i64) -> Option<i32> {
    offset
        .checked_sub(base)
        .and_then(|delta| i32::try_from(delta).ok())
        .filter(|delta| *delta >= 0)
}

fn write_record(out: &mut Vec<u8>, record: &RecordSpec<'_>, base_offset: i64, base_timestamp: i64) -> Option<()> {
    let mut body = vec![0];
    write_varlong(&mut body, record.timestamp.wrapping_sub(base_timestamp));
    write_varlong(&mut body, i64::from(delta(record.offset, base_offset)?));
    write_nullable(&mut body, record.key)?;
    write_nullable(&mut body, record.value)?;
    write_varlong(&mut body, i64::from(i32::try_from(record.headers.len()).ok()?));
    for header in record.headers {
        write_nullable(&mut body, Some(&header.key))?;
        write_nullable(&mut body, header.value.as_deref())?;
    }
    write_varlong(out, i64::from(i32::try_from(body.len()).ok()?));
    out.extend(body);
    Some(())
}

fn write_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) -> Option<()> {
    let length = bytes.map_or(Some(-1), |bytes| i32::try_from(bytes.len()).ok())?;
    write_varlong(out, i64::from(length));
    out.extend(bytes.unwrap_or_default());
    Some(())
}

pub(super) fn write_varlong(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// The codec's number, and `plain` compressed as Java's producer does it.
pub(super) fn compress(codec: Codec, plain: &[u8]) -> Result<(u8, Cow<'_, [u8]>), EncodeError> {
    Ok(match codec {
        Codec::None => (0, Cow::Borrowed(plain)),
        Codec::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(plain)?;
            (1, encoder.finish()?.into())
        }
        Codec::Snappy => (2, xerial(plain)?.into()),
        Codec::Lz4 => {
            // Blocks as small as Java's: the encoder holds two of them.
            let info = FrameInfo::new().block_size(BlockSize::Max64KB);
            let room = Vec::with_capacity(plain.len() / 2);
            let mut encoder = FrameEncoder::with_frame_info(info, room);
            encoder.write_all(plain)?;
            (3, encoder.finish().map_err(io::Error::from)?.into())
        }
        Codec::Zstd => (4, zstd::bulk::compress(plain, zstd::DEFAULT_COMPRESSION_LEVEL)?.into()),
        Codec::Unknown(_) => return Err(EncodeError::UnknownCodec(codec)),
    })
}

fn xerial(plain: &[u8]) -> Result<Vec<u8>, EncodeError> {
    const BLOCK: usize = 32 * 1024;
    let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for block in plain.chunks(BLOCK) {
        let compressed = snap::raw::Encoder::new()
            .compress_vec(block)
            .map_err(io::Error::other)?;
        let length = i32::try_from(compressed.len()).map_err(|_| EncodeError::OutOfRange("a snappy block"))?;
        out.extend(length.to_be_bytes());
        out.extend(compressed);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::header::BatchHeader;
    use super::*;

    #[test]
    fn an_offset_below_the_base_or_too_far_from_it_is_refused() {
        for offset in [4, 5 + i64::from(i32::MAX) + 1] {
            let record = RecordSpec {
                offset,
                timestamp: 0,
                key: None,
                value: None,
                headers: &[],
            };
            let spec = BatchSpec {
                base_offset: 5,
                ..BatchSpec::default()
            };
            assert!(matches!(
                encode_batch(&spec, &[record]),
                Err(EncodeError::OutOfRange(_))
            ));
        }
    }

    #[test]
    fn an_unknown_codec_is_refused() {
        let spec = BatchSpec {
            codec: Codec::Unknown(6),
            ..BatchSpec::default()
        };
        assert!(matches!(
            encode_batch(&spec, &[]),
            Err(EncodeError::UnknownCodec(Codec::Unknown(6)))
        ));
    }

    #[test]
    fn the_bytes_of_one_record_are_those_of_the_format() {
        let spec = BatchSpec {
            base_offset: 3,
            leader_epoch: LeaderEpoch(1),
            ..BatchSpec::default()
        };
        let headers = [Header {
            key: "h".into(),
            value: None,
        }];
        let record = RecordSpec {
            offset: 3,
            timestamp: 100,
            key: None,
            value: Some(b"v"),
            headers: &headers,
        };
        let bytes = encode_batch(&spec, &[record]).unwrap();
        // length 10: attributes, timestamp delta, offset delta, null key, value 'v', one header 'h' = null
        assert_eq!(&bytes[V2_HEADER..], &[20, 0, 0, 0, 1, 2, b'v', 2, 2, b'h', 1]);
        let header = BatchHeader::read_v2(&bytes).unwrap();
        assert_eq!(header.length as usize, bytes.len() - FRAME_HEADER);
        assert_eq!(
            (header.base_timestamp, header.max_timestamp, header.record_count),
            (100, 100, 1)
        );
        assert_eq!(header.crc, crc32c::crc32c(&bytes[V2_CHECKED_FROM..]));
    }
}
