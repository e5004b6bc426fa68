//! One record as it lies in the log, and the rows that stand where a record could not be read.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::{LeaderEpoch, Offset, PartitionId};

/// Milliseconds since the Unix epoch as the log has them; −1 where the record has none (message format v0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// What the wire says where there is no timestamp.
    pub const NONE: Self = Self(-1);

    /// The milliseconds, or `None` where the record has no timestamp.
    pub fn millis(self) -> Option<i64> {
        (self != Self::NONE).then_some(self.0)
    }
}

/// Whose clock a timestamp comes from (`message.timestamp.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimestampType {
    /// The producer's clock (`CreateTime`).
    Create,
    /// The broker's clock when it appended the batch (`LogAppendTime`).
    LogAppend,
}

/// The compression of a batch (attribute bits 0 to 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Not compressed.
    None,
    /// gzip.
    Gzip,
    /// snappy, raw or in xerial frames.
    Snappy,
    /// lz4 frames.
    Lz4,
    /// zstd.
    Zstd,
    /// A number no Kafka release uses.
    Unknown(u8),
}

impl Codec {
    /// Those that releases of Kafka know.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The codec named by the low three bits of a batch's attributes.
    pub fn from_attributes(attributes: i16) -> Self {
        match attributes & 7 {
            0 => Self::None,
            1 => Self::Gzip,
            2 => Self::Snappy,
            3 => Self::Lz4,
            4 => Self::Zstd,
            other => Self::Unknown(other as u8),
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.pad("none"),
            Self::Gzip => f.pad("gzip"),
            Self::Snappy => f.pad("snappy"),
            Self::Lz4 => f.pad("lz4"),
            Self::Zstd => f.pad("zstd"),
            Self::Unknown(number) => f.pad(&format!("codec {number}")),
        }
    }
}

/// One header of a record. Order and duplicates are kept; the key need not be UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The key's bytes.
    pub key: Bytes,
    /// The value's bytes; `None` is Kafka's null, which is not the empty value.
    pub value: Option<Bytes>,
}

/// The producer that wrote a batch with idempotence or in a transaction (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Producer {
    /// `producer.id`.
    pub id: i64,
    /// Producer epoch.
    pub epoch: i16,
    /// Sequence number of the batch's first record; −1 in control batches.
    pub base_sequence: i32,
}

/// What all records of one batch share. Message sets of formats v0 and v1 are one batch per outer message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BatchInfo {
    /// Offset of the batch's first record when it was written.
    pub base_offset: Offset,
    /// Offset of the batch's last record when it was written; compaction may have removed the record.
    pub last_offset: Offset,
    /// Message format: 0, 1 or 2.
    pub magic: i8,
    /// Compression.
    pub codec: Codec,
    /// The idempotent or transactional producer, where there is one.
    pub producer: Option<Producer>,
    /// Whether the batch belongs to a transaction.
    pub transactional: bool,
    /// Whether the batch holds control records instead of data.
    pub control: bool,
    /// Epoch of the leader that appended the batch; `None` for formats v0 and v1.
    pub leader_epoch: Option<LeaderEpoch>,
    /// Records the header announces; for formats v0 and v1, 1.
    pub record_count: i32,
    /// Bytes of the whole batch on the wire and on disk, header included.
    pub wire_bytes: usize,
    /// Bytes of the records after decompression.
    pub payload_bytes: usize,
}

/// What a control record says (KIP-98, KIP-595, KIP-630, KIP-853).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ControlType {
    /// The transaction of this producer was aborted.
    Abort,
    /// The transaction of this producer was committed.
    Commit,
    /// A KRaft quorum elected a leader.
    LeaderChange,
    /// First record of a KRaft snapshot.
    SnapshotHeader,
    /// Last record of a KRaft snapshot.
    SnapshotFooter,
    /// The KRaft version changed.
    KraftVersion,
    /// The KRaft voters changed.
    KraftVoters,
    /// A type this release does not know, or a key too short to have one (−1).
    Unknown(i16),
}

impl ControlType {
    /// Reads the type from a control record's key: version (i16), type (i16).
    pub fn from_key(key: Option<&[u8]>) -> Self {
        match key {
            Some([_, _, high, low, ..]) => match i16::from_be_bytes([*high, *low]) {
                0 => Self::Abort,
                1 => Self::Commit,
                2 => Self::LeaderChange,
                3 => Self::SnapshotHeader,
                4 => Self::SnapshotFooter,
                5 => Self::KraftVersion,
                6 => Self::KraftVoters,
                other => Self::Unknown(other),
            },
            _ => Self::Unknown(-1),
        }
    }
}

/// What kind of record a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// An ordinary, readable record.
    Data,
    /// A marker written by the broker, not by a producer.
    Control(ControlType),
    /// Written in a transaction that was aborted: consumers with `isolation.level=read_committed` never see it.
    Aborted,
    /// Written in a transaction that is still open: at or above the last stable offset.
    OpenTransaction,
}

/// One record, with its bytes untouched. Key, value and headers are shared slices of the decompressed batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The partition it lies in.
    pub partition: PartitionId,
    /// Its offset.
    pub offset: Offset,
    /// When it was created or appended.
    pub timestamp: Timestamp,
    /// Whose clock `timestamp` comes from.
    pub timestamp_type: TimestampType,
    /// The key's bytes; `None` is Kafka's null.
    pub key: Option<Bytes>,
    /// The value's bytes; `None` is Kafka's null (a tombstone in a compacted topic).
    pub value: Option<Bytes>,
    /// The headers in the order they were written, duplicates included.
    pub headers: Vec<Header>,
    /// What it shares with its batch.
    pub batch: Arc<BatchInfo>,
    /// Data, marker, aborted or undecided.
    pub kind: RecordKind,
}

impl Record {
    /// Bytes of key, value and headers.
    pub fn len(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|h| h.key.len() + length(h.value.as_ref()))
            .sum();
        length(self.key.as_ref()) + length(self.value.as_ref()) + headers
    }

    /// Whether key, value and headers have no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same record on bytes of its own, so that keeping it does not keep its whole batch in memory.
    pub fn detached(&self) -> Self {
        let copy = |bytes: &Bytes| Bytes::copy_from_slice(bytes);
        Self {
            key: self.key.as_ref().map(copy),
            value: self.value.as_ref().map(copy),
            headers: self
                .headers
                .iter()
                .map(|h| Header {
                    key: copy(&h.key),
                    value: h.value.as_ref().map(copy),
                })
                .collect(),
            batch: Arc::clone(&self.batch),
            ..*self
        }
    }
}

fn length(bytes: Option<&Bytes>) -> usize {
    bytes.map_or(0, Bytes::len)
}

/// Why a stretch of the log could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The stored checksum is not that of the bytes.
    #[error("checksum mismatch: stored {stored:08x}, computed {computed:08x}")]
    Checksum {
        /// What the header says.
        stored: u32,
        /// What the bytes give.
        computed: u32,
    },
    /// The batch grows beyond the limit when decompressed.
    #[error("larger than {limit} bytes when decompressed")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The compressed data is broken, or its codec is unknown.
    #[error("cannot decompress ({codec}): {what}")]
    Compression {
        /// The codec the header names.
        codec: Codec,
        /// What the decompressor said.
        what: String,
    },
    /// The header or a record contradicts itself.
    #[error("malformed: {what}")]
    Malformed {
        /// What was wrong, and where.
        what: &'static str,
    },
    /// A message format this release does not know.
    #[error("unknown message format {magic}")]
    UnknownFormat {
        /// The format's number.
        magic: i8,
    },
}

/// A stretch of the log that could not be read: a row of its own, so that nothing disappears silently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The partition it lies in.
    pub partition: PartitionId,
    /// First offset of the stretch.
    pub first: Offset,
    /// Last offset of the stretch; with a broken checksum this is only what the header claims.
    pub last: Offset,
    /// Why.
    pub damage: Damage,
    /// The bytes as they came from the broker, for the hex view.
    pub bytes: Bytes,
}

/// One row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A record.
    Record(Record),
    /// A stretch that could not be read.
    Unreadable(Unreadable),
}

impl Row {
    /// The same row on bytes of its own, so that keeping it does not keep its whole batch in memory.
    pub fn detached(&self) -> Self {
        match self {
            Self::Record(record) => Self::Record(record.detached()),
            Self::Unreadable(stretch) => Self::Unreadable(Unreadable {
                bytes: Bytes::copy_from_slice(&stretch.bytes),
                ..stretch.clone()
            }),
        }
    }

    /// The partition the row lies in.
    pub fn partition(&self) -> PartitionId {
        match self {
            Self::Record(record) => record.partition,
            Self::Unreadable(stretch) => stretch.partition,
        }
    }

    /// The row's (first) offset.
    pub fn offset(&self) -> Offset {
        match self {
            Self::Record(record) => record.offset,
            Self::Unreadable(stretch) => stretch.first,
        }
    }

    /// The row's timestamp; a stretch that could not be read has none.
    pub fn timestamp(&self) -> Timestamp {
        match self {
            Self::Record(record) => record.timestamp,
            Self::Unreadable(_) => Timestamp::NONE,
        }
    }

    /// Bytes the row's contents take.
    pub fn len(&self) -> usize {
        match self {
            Self::Record(record) => record.len(),
            Self::Unreadable(stretch) => stretch.bytes.len(),
        }
    }

    /// Bytes that keeping the row takes, about.
    pub fn footprint(&self) -> usize {
        let headers = self.record().map_or(0, |record| record.headers.len());
        self.len() + size_of::<Self>() + headers * size_of::<Header>()
    }

    /// Whether the row has no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The record, where the row is one.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::Record(record) => Some(record),
            Self::Unreadable(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let whole = Bytes::from_static(b"keyvaluenamedata");
        Record {
            partition: PartitionId(1),
            offset: Offset(7),
            timestamp: Timestamp(5),
            timestamp_type: TimestampType::Create,
            key: Some(whole.slice(0..3)),
            value: Some(whole.slice(3..8)),
            headers: vec![
                Header {
                    key: whole.slice(8..12),
                    value: Some(whole.slice(12..16)),
                },
                Header {
                    key: whole.slice(8..12),
                    value: None,
                },
            ],
            batch: Arc::new(BatchInfo {
                base_offset: Offset(7),
                last_offset: Offset(7),
                magic: 2,
                codec: Codec::None,
                producer: None,
                transactional: false,
                control: false,
                leader_epoch: None,
                record_count: 1,
                wire_bytes: 90,
                payload_bytes: 29,
            }),
            kind: RecordKind::Data,
        }
    }

    #[test]
    fn a_detached_record_equals_the_record_but_shares_no_bytes() {
        let record = record();
        let copy = record.detached();
        assert_eq!(copy, record);
        assert_ne!(
            copy.value.as_ref().unwrap().as_ptr(),
            record.value.as_ref().unwrap().as_ptr()
        );
    }

    #[test]
    fn the_size_counts_key_value_and_headers() {
        assert_eq!(record().len(), 3 + 5 + 4 + 4 + 4);
    }

    #[test]
    fn control_keys_name_their_type() {
        assert_eq!(ControlType::from_key(Some(&[0, 0, 0, 0])), ControlType::Abort);
        assert_eq!(ControlType::from_key(Some(&[0, 0, 0, 1, 9])), ControlType::Commit);
        assert_eq!(ControlType::from_key(Some(&[0, 0, 0, 99])), ControlType::Unknown(99));
        assert_eq!(ControlType::from_key(Some(&[0, 0])), ControlType::Unknown(-1));
        assert_eq!(ControlType::from_key(None), ControlType::Unknown(-1));
    }

    #[test]
    fn a_missing_timestamp_has_no_milliseconds() {
        assert_eq!(Timestamp::NONE.millis(), None);
        assert_eq!(Timestamp(0).millis(), Some(0));
    }
}
