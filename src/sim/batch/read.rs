//! Reading batches as far as a broker does: headers, record boundaries, keys and timestamps.

use bytes::Bytes;

use super::{CONTROL, FRAME_LEN, HEADER_LEN, LOG_APPEND_TIME, TRANSACTIONAL};
use crate::sim::codec::{self, Codec};

/// The header of one entry of a log: a v2 batch, or a v0/v1 message (then only the first fields mean something).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Offset of the first record (v2), of the last one (v0, v1).
    pub base_offset: i64,
    /// Bytes of the whole entry.
    pub len: usize,
    /// Format: 0, 1 or 2.
    pub magic: i8,
    /// CRC-32C as sent (v2).
    pub crc: u32,
    /// Codec, LogAppendTime, transactional, control.
    pub attributes: i16,
    /// Last offset minus base offset.
    pub last_offset_delta: i32,
    /// Timestamp the records' deltas count from.
    pub base_timestamp: i64,
    /// Largest timestamp in the batch.
    pub max_timestamp: i64,
    /// -1 without an idempotent producer.
    pub producer_id: i64,
    /// Epoch of the producer, -1 without one.
    pub producer_epoch: i16,
    /// Sequence number of the first record, -1 without a producer.
    pub base_sequence: i32,
    /// How many records the batch says it has.
    pub count: i32,
}

impl Header {
    /// Reads the entry at the start of `bytes`; `None` when it is cut off, its length is impossible or its format
    /// is unknown.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let length = i32::from_be_bytes(array(bytes, 8)?);
        let len = usize::try_from(length).ok()?.checked_add(FRAME_LEN)?;
        let magic = *bytes.get(16)? as i8;
        let least = if magic == 2 { HEADER_LEN } else { FRAME_LEN + 14 };
        if len < least || len > bytes.len() || !(0..=2).contains(&magic) {
            return None;
        }
        let base_offset = i64::from_be_bytes(array(bytes, 0)?);
        if magic < 2 {
            let timestamp = if magic == 1 {
                i64::from_be_bytes(array(bytes, 18)?)
            } else {
                -1
            };
            return Some(Self {
                base_offset,
                len,
                magic,
                crc: 0,
                attributes: i16::from(*bytes.get(17)?),
                last_offset_delta: 0,
                base_timestamp: timestamp,
                max_timestamp: timestamp,
                producer_id: -1,
                producer_epoch: -1,
                base_sequence: -1,
                count: 1,
            });
        }
        Some(Self {
            base_offset,
            len,
            magic,
            crc: u32::from_be_bytes(array(bytes, 17)?),
            attributes: i16::from_be_bytes(array(bytes, 21)?),
            last_offset_delta: i32::from_be_bytes(array(bytes, 23)?),
            base_timestamp: i64::from_be_bytes(array(bytes, 27)?),
            max_timestamp: i64::from_be_bytes(array(bytes, 35)?),
            producer_id: i64::from_be_bytes(array(bytes, 43)?),
            producer_epoch: i16::from_be_bytes(array(bytes, 51)?),
            base_sequence: i32::from_be_bytes(array(bytes, 53)?),
            count: i32::from_be_bytes(array(bytes, 57)?),
        })
    }

    /// Offset of the last record.
    pub fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta))
    }

    /// Whether the batch belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Whether the batch holds control records.
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// Whether every record counts as appended at the batch's largest timestamp.
    pub fn is_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    /// The codec; `None` for the three bit patterns that mean nothing.
    pub fn codec(&self) -> Option<Codec> {
        Codec::from_attributes(self.attributes)
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// What a broker needs to know of a stored record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Distance to the base offset.
    pub offset_delta: i64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// The key, `None` for null.
    pub key: Option<Bytes>,
}

/// Walks the records of the v2 batch `bytes`, decompressing at most [`codec::MAX_OUTPUT`] bytes.
/// `None` when lengths do not add up, the codec fails, or the batch holds other than `count` records.
pub fn glance(bytes: &Bytes, header: &Header) -> Option<Vec<Glance>> {
    let body = codec::decompress(header.codec()?, bytes.slice(HEADER_LEN..header.len))?;
    let mut rest = Cursor { body, at: 0 };
    let mut found = Vec::new();
    while rest.at < rest.body.len() {
        let length = usize::try_from(rest.varlong()?).ok()?;
        let end = rest.at.checked_add(length).filter(|end| *end <= rest.body.len())?;
        rest.skip(1)?;
        let timestamp = header.base_timestamp.wrapping_add(rest.varlong()?);
        let offset_delta = rest.varlong()?;
        let key = rest.field()?.0;
        rest.field()?; // value
        for _ in 0..rest.varlong()? {
            rest.field()?;
            rest.field()?;
        }
        if rest.at != end {
            return None;
        }
        found.push(Glance {
            offset_delta,
            timestamp,
            key,
        });
    }
    (found.len() == usize::try_from(header.count).ok()?).then_some(found)
}

/// A length-prefixed field; null when the length is negative.
struct Field(Option<Bytes>);

struct Cursor {
    body: Bytes,
    at: usize,
}

impl Cursor {
    fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count).filter(|at| *at <= self.body.len())?;
        Some(())
    }

    fn field(&mut self) -> Option<Field> {
        let length = self.varlong()?;
        if length < 0 {
            return Some(Field(None));
        }
        let from = self.at;
        self.skip(usize::try_from(length).ok()?)?;
        Some(Field(Some(self.body.slice(from..self.at))))
    }

    fn varlong(&mut self) -> Option<i64> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = *self.body.get(self.at)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(((value >> 1) as i64) ^ -((value & 1) as i64));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::batch::{Batch, Record};

    fn encoded(codec: Codec) -> Bytes {
        Batch::of((0..50).map(|n| Record::value(format!("value {n}")).at(n)))
            .codec(codec)
            .encode(0)
            .unwrap()
    }

    #[test]
    fn a_cut_batch_is_no_batch() {
        let bytes = encoded(Codec::None);
        for len in 0..bytes.len() {
            assert_eq!(Header::parse(&bytes[..len]), None, "{len} bytes");
        }
    }

    #[test]
    fn a_wrong_record_count_is_seen() {
        let mut bytes = encoded(Codec::Zstd).to_vec();
        bytes[57..61].copy_from_slice(&49_i32.to_be_bytes());
        let bytes = Bytes::from(bytes);
        assert_eq!(glance(&bytes, &Header::parse(&bytes).unwrap()), None);
    }

    #[test]
    fn compaction_leaves_holes_inside_and_after_a_batch() {
        let holes = [0, 4, 9].map(|delta| Record {
            offset_delta: Some(delta),
            ..Record::value("v")
        });
        let bytes = Batch::of(holes)
            .base_offset(100)
            .last_offset_delta(12)
            .encode(0)
            .unwrap();
        let header = Header::parse(&bytes).unwrap();
        assert_eq!(header.last_offset(), 112);
        let deltas: Vec<_> = glance(&bytes, &header)
            .unwrap()
            .iter()
            .map(|record| record.offset_delta)
            .collect();
        assert_eq!(deltas, [0, 4, 9]);
    }
}
