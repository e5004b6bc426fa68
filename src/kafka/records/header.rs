//! The fixed part of a batch, without touching its records.

use super::read::Reader;
use crate::kafka::model::{BatchInfo, Codec, LeaderEpoch, Offset, Producer, TimestampType};

/// Bytes before the part that the length field counts: base offset (8) and length (4). The same in all formats.
pub(super) const FRAME_HEADER: usize = 12;
/// Bytes of a v2 batch's header.
pub(super) const V2_HEADER: usize = 61;
/// First byte of a v2 batch that its checksum covers.
pub(super) const V2_CHECKED_FROM: usize = 21;
/// First byte of a v0 or v1 message that its checksum covers; the checksum itself stands before it.
pub(super) const LEGACY_CHECKED_FROM: usize = 16;
/// Where the format's number stands in every format.
pub(super) const MAGIC_AT: usize = 16;

const LOG_APPEND: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;
const DELETE_HORIZON: i16 = 1 << 6;

/// A batch's header. For formats v0 and v1 it describes one outer message, with −1 in what they do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record; for v0 and v1 that of the outer message, which is its last record's.
    pub base_offset: i64,
    /// The length field: bytes after itself.
    pub length: i32,
    /// Epoch of the leader that appended the batch; −1 for v0 and v1.
    pub leader_epoch: i32,
    /// Message format: 0, 1 or 2.
    pub magic: i8,
    /// The stored checksum: CRC-32C for v2, CRC-32 for v0 and v1.
    pub crc: u32,
    /// Codec, timestamp type, transactional, control and delete-horizon bits.
    pub attributes: i16,
    /// Offset of the last record minus `base_offset`.
    pub last_offset_delta: i32,
    /// What the records' timestamp deltas count from; −1 where there is none.
    pub base_timestamp: i64,
    /// Largest timestamp in the batch, or the time of the append; −1 where there is none.
    pub max_timestamp: i64,
    /// Id of the idempotent producer, or −1.
    pub producer_id: i64,
    /// Its epoch, or −1.
    pub producer_epoch: i16,
    /// Sequence number of the first record, or −1.
    pub base_sequence: i32,
    /// Records in the batch; 1 for v0 and v1.
    pub record_count: i32,
}

impl BatchHeader {
    /// Reads the header of a whole v2 batch; `None` when the bytes are fewer than a header's.
    pub(super) fn read_v2(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        Some(Self {
            base_offset: reader.i64()?,
            length: reader.i32()?,
            leader_epoch: reader.i32()?,
            magic: reader.i8()?,
            crc: reader.u32()?,
            attributes: reader.array().map(i16::from_be_bytes)?,
            last_offset_delta: reader.i32()?,
            base_timestamp: reader.i64()?,
            max_timestamp: reader.i64()?,
            producer_id: reader.i64()?,
            producer_epoch: reader.array().map(i16::from_be_bytes)?,
            base_sequence: reader.i32()?,
            record_count: reader.i32()?,
        })
    }

    /// Reads the fixed part of an outer message of format v0 or v1.
    pub(super) fn read_legacy(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let base_offset = reader.i64()?;
        let length = reader.i32()?;
        let crc = reader.u32()?;
        let magic = reader.i8()?;
        let attributes = i16::from(reader.i8()?) & if magic == 0 { 0x07 } else { 0x0f };
        let timestamp = if magic == 0 { -1 } else { reader.i64()? };
        Some(Self {
            base_offset,
            length,
            leader_epoch: -1,
            magic,
            crc,
            attributes,
            last_offset_delta: 0,
            base_timestamp: timestamp,
            max_timestamp: timestamp,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            record_count: 1,
        })
    }

    /// Offset of the last record when the batch was written.
    pub fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta))
    }

    /// The offset to fetch next once this batch is done (never "last record + 1": compaction leaves holes).
    pub fn next_offset(&self) -> i64 {
        self.last_offset().saturating_add(1)
    }

    /// The compression.
    pub fn codec(&self) -> Codec {
        Codec::from_attributes(self.attributes)
    }

    /// Whose clock the timestamps come from.
    pub fn timestamp_type(&self) -> TimestampType {
        if self.attributes & LOG_APPEND == 0 {
            TimestampType::Create
        } else {
            TimestampType::LogAppend
        }
    }

    /// Whether the batch belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Whether the batch holds control records.
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// When a compacted topic may drop the batch's tombstones, in Unix milliseconds (KIP-534).
    pub fn delete_horizon(&self) -> Option<i64> {
        (self.attributes & DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }

    /// What every record of the batch shares, given the size of its decompressed records.
    pub fn info(&self, payload_bytes: usize) -> BatchInfo {
        BatchInfo {
            base_offset: Offset(self.base_offset),
            last_offset: Offset(self.last_offset()),
            magic: self.magic,
            codec: self.codec(),
            producer: (self.producer_id >= 0).then_some(Producer {
                id: self.producer_id,
                epoch: self.producer_epoch,
                base_sequence: self.base_sequence,
            }),
            transactional: self.is_transactional(),
            control: self.is_control(),
            leader_epoch: (self.magic >= 2).then_some(LeaderEpoch(self.leader_epoch)),
            record_count: self.record_count,
            wire_bytes: FRAME_HEADER + usize::try_from(self.length).unwrap_or(0),
            payload_bytes,
        }
    }
}

/// The attribute bits of a batch to be written.
pub(super) fn attributes(codec: u8, log_append: bool, transactional: bool, control: bool) -> i16 {
    let bit = |set: bool, mask: i16| if set { mask } else { 0 };
    i16::from(codec & 7) | bit(log_append, LOG_APPEND) | bit(transactional, TRANSACTIONAL) | bit(control, CONTROL)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch as Kafka 3.8 wrote it to disk would start: offset 5, two records, transactional, zstd.
    fn sample() -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(5i64.to_be_bytes());
        bytes.extend(99i32.to_be_bytes());
        bytes.extend(3i32.to_be_bytes());
        bytes.push(2);
        bytes.extend(0xdead_beef_u32.to_be_bytes());
        bytes.extend((4i16 | TRANSACTIONAL | LOG_APPEND | DELETE_HORIZON).to_be_bytes());
        bytes.extend(1i32.to_be_bytes());
        bytes.extend(1000i64.to_be_bytes());
        bytes.extend(2000i64.to_be_bytes());
        bytes.extend(77i64.to_be_bytes());
        bytes.extend(4i16.to_be_bytes());
        bytes.extend(12i32.to_be_bytes());
        bytes.extend(2i32.to_be_bytes());
        bytes
    }

    #[test]
    fn every_field_of_a_v2_header_is_read() {
        let bytes = sample();
        assert_eq!(bytes.len(), V2_HEADER);
        let header = BatchHeader::read_v2(&bytes).unwrap();
        assert_eq!(header.next_offset(), 7);
        assert_eq!(header.codec(), Codec::Zstd);
        assert_eq!(header.timestamp_type(), TimestampType::LogAppend);
        assert_eq!(header.delete_horizon(), Some(1000));
        assert!(header.is_transactional() && !header.is_control());
        let info = header.info(40);
        assert_eq!(
            info.producer,
            Some(Producer {
                id: 77,
                epoch: 4,
                base_sequence: 12
            })
        );
        assert_eq!(info.leader_epoch, Some(LeaderEpoch(3)));
        assert_eq!((info.wire_bytes, info.payload_bytes, info.record_count), (111, 40, 2));
        assert_eq!((header.crc, header.max_timestamp), (0xdead_beef, 2000));
    }

    #[test]
    fn a_short_header_is_refused() {
        assert_eq!(BatchHeader::read_v2(&sample()[..60]), None);
        assert_eq!(BatchHeader::read_legacy(&sample()[..16]), None);
    }

    #[test]
    fn offsets_at_the_end_of_the_range_do_not_overflow() {
        let mut bytes = sample();
        bytes[..8].copy_from_slice(&i64::MAX.to_be_bytes());
        assert_eq!(BatchHeader::read_v2(&bytes).unwrap().next_offset(), i64::MAX);
    }
}
