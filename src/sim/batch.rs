//! Record batches, format v2 (KIP-98): written for the simulator's own records, and read as far as a broker reads them.
//!
//! Kept apart from `kafka::records` on purpose: the client's decoder and this encoder share no code, so they cannot
//! share a wrong idea of the format either.

use bytes::{BufMut, Bytes, BytesMut};

use super::codec::{self, Codec};

mod read;

pub use read::{Glance, Header, glance};

/// Bytes before the records of a v2 batch.
pub const HEADER_LEN: usize = 61;
/// Bytes before a batch's `batchLength` counts: base offset and the length itself.
pub const FRAME_LEN: usize = 12;
const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;

/// One record to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The key; `None` is Kafka's null.
    pub key: Option<Bytes>,
    /// The value; `None` is Kafka's null, a tombstone on a compacted topic.
    pub value: Option<Bytes>,
    /// Headers in order, duplicates and null values allowed.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
    /// Milliseconds since the epoch; `None` takes the time of the append.
    pub timestamp: Option<i64>,
    /// Distance to the batch's base offset; `None` is one more than the record before. Larger steps are the holes
    /// that compaction leaves.
    pub offset_delta: Option<i32>,
}

impl Record {
    /// A record with a value and nothing else.
    pub fn value(value: impl Into<Bytes>) -> Self {
        Self {
            value: Some(value.into()),
            ..Self::default()
        }
    }

    /// A record with a key and a null value.
    pub fn tombstone(key: impl Into<Bytes>) -> Self {
        Self {
            key: Some(key.into()),
            ..Self::default()
        }
    }

    /// The same record with a key.
    pub fn key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The same record with one more header.
    pub fn header(mut self, key: impl Into<Bytes>, value: Option<Bytes>) -> Self {
        self.headers.push((key.into(), value));
        self
    }

    /// The same record at `timestamp`, milliseconds since the epoch.
    pub fn at(mut self, timestamp: i64) -> Self {
        self.timestamp = Some(timestamp);
        self
    }
}

/// What a control batch says (KIP-98, `EndTxnMarker`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// The producer's open transaction was aborted.
    Abort,
    /// The producer's open transaction was committed.
    Commit,
}

/// A batch to be written: start with [`Batch::of`] or [`Batch::marker`], refine, then [`Batch::encode`].
#[derive(Clone, Debug)]
pub struct Batch {
    records: Vec<Record>,
    codec: Codec,
    base_offset: i64,
    producer: (i64, i16, i32),
    attributes: i16,
    log_append_time: Option<i64>,
    last_offset_delta: Option<i32>,
}

impl Batch {
    /// A plain batch of `records`, uncompressed, from no producer in particular.
    pub fn of(records: impl IntoIterator<Item = Record>) -> Self {
        Self {
            records: records.into_iter().collect(),
            codec: Codec::None,
            base_offset: 0,
            producer: (-1, -1, -1),
            attributes: 0,
            log_append_time: None,
            last_offset_delta: None,
        }
    }

    /// The control batch that ends a transaction of `producer_id`.
    pub fn marker(producer_id: i64, marker: Marker) -> Self {
        let kind: u8 = match marker {
            Marker::Abort => 0,
            Marker::Commit => 1,
        };
        let record = Record::value(Bytes::from_static(&[0; 6])).key(vec![0, 0, 0, kind]);
        let mut batch = Self::of([record]).transactional(producer_id);
        batch.attributes |= CONTROL;
        batch
    }

    /// The same batch with its records compressed.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// The same batch at `base_offset`; counts only where a batch is stored as it is.
    pub fn base_offset(mut self, base_offset: i64) -> Self {
        self.base_offset = base_offset;
        self
    }

    /// The same batch as part of a transaction of `producer_id`.
    pub fn transactional(mut self, producer_id: i64) -> Self {
        self.producer = (producer_id, 0, 0);
        self.attributes |= TRANSACTIONAL;
        self
    }

    /// The same batch with `LogAppendTime`: every record counts as appended at `timestamp`.
    pub fn log_append_time(mut self, timestamp: i64) -> Self {
        self.log_append_time = Some(timestamp);
        self
    }

    /// The same batch with its records `step()` offsets apart, as a cleaner leaves it that removed those between.
    pub fn spread(mut self, mut step: impl FnMut() -> i32) -> Self {
        let mut delta = -1;
        for record in &mut self.records {
            delta += step().max(1);
            record.offset_delta = Some(delta);
        }
        self
    }

    /// The same batch reaching to `delta` past its base offset, as compaction leaves it when the last records went.
    pub fn last_offset_delta(mut self, delta: i32) -> Self {
        self.last_offset_delta = Some(delta);
        self
    }

    /// The bytes of the batch. Records without a timestamp get `now_ms`.
    ///
    /// # Errors
    /// Only what a codec reports; none of them fails on memory.
    pub fn encode(&self, now_ms: i64) -> std::io::Result<Bytes> {
        let times = self.records.iter().map(|record| record.timestamp.unwrap_or(now_ms));
        let base_time = times.clone().next().unwrap_or(-1);
        let max_time = self.log_append_time.or_else(|| times.max()).unwrap_or(-1);
        let mut body = BytesMut::new();
        let mut delta = -1;
        for record in &self.records {
            delta = record.offset_delta.unwrap_or(delta + 1);
            put_record(&mut body, record, record.timestamp.unwrap_or(now_ms) - base_time, delta);
        }
        let body = codec::compress(self.codec, body.freeze())?;
        let mut attributes = self.attributes | self.codec as i16;
        if self.log_append_time.is_some() {
            attributes |= LOG_APPEND_TIME;
        }
        let mut out = BytesMut::with_capacity(HEADER_LEN + body.len());
        out.put_i64(self.base_offset);
        out.put_i32((HEADER_LEN - FRAME_LEN + body.len()) as i32);
        out.put_i32(0); // leader epoch, set on append
        out.put_i8(2);
        out.put_u32(0); // CRC, set below
        out.put_i16(attributes);
        out.put_i32(self.last_offset_delta.unwrap_or(delta.max(0)));
        out.put_i64(base_time);
        out.put_i64(max_time);
        out.put_i64(self.producer.0);
        out.put_i16(self.producer.1);
        out.put_i32(self.producer.2);
        out.put_i32(self.records.len() as i32);
        out.put_slice(&body);
        seal(&mut out);
        Ok(out.freeze())
    }
}

/// Sets the CRC-32C of a whole v2 batch.
pub fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
}

/// Turns a v2 batch into one with `LogAppendTime` and seals it again, as a broker does on topics that ask for it.
pub fn set_log_append_time(batch: &mut [u8], now_ms: i64) {
    let attributes = i16::from_be_bytes([batch[21], batch[22]]) | LOG_APPEND_TIME;
    batch[21..23].copy_from_slice(&attributes.to_be_bytes());
    batch[35..43].copy_from_slice(&now_ms.to_be_bytes());
    seal(batch);
}

fn put_record(out: &mut BytesMut, record: &Record, time_delta: i64, offset_delta: i32) {
    let mut body = BytesMut::new();
    body.put_i8(0);
    put_varlong(&mut body, time_delta);
    put_varlong(&mut body, i64::from(offset_delta));
    put_bytes(&mut body, record.key.as_ref());
    put_bytes(&mut body, record.value.as_ref());
    put_varlong(&mut body, record.headers.len() as i64);
    for (key, value) in &record.headers {
        put_bytes(&mut body, Some(key));
        put_bytes(&mut body, value.as_ref());
    }
    put_varlong(out, body.len() as i64);
    out.put_slice(&body);
}

fn put_bytes(out: &mut BytesMut, bytes: Option<&Bytes>) {
    match bytes {
        None => put_varlong(out, -1),
        Some(bytes) => {
            put_varlong(out, bytes.len() as i64);
            out.put_slice(bytes);
        }
    }
}

fn put_varlong(out: &mut BytesMut, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(codec: Codec) -> Bytes {
        let records = (0..50).map(|n| {
            Record::value(format!("value {n}"))
                .key(format!("k{}", n % 3))
                .at(1000 + n)
        });
        Batch::of(records).codec(codec).encode(0).unwrap()
    }

    #[test]
    fn a_batch_reads_back_with_every_codec() {
        for codec in Codec::ALL {
            let bytes = encoded(codec);
            let header = Header::parse(&bytes).unwrap();
            assert_eq!((header.len, header.count, header.last_offset()), (bytes.len(), 50, 49));
            assert_eq!((header.base_timestamp, header.max_timestamp), (1000, 1049));
            assert_eq!(crc32c::crc32c(&bytes[21..]), header.crc, "{codec:?}");
            let records = glance(&bytes, &header).unwrap();
            assert_eq!(
                records[7],
                Glance {
                    offset_delta: 7,
                    timestamp: 1007,
                    key: Some("k1".into())
                }
            );
        }
    }

    #[test]
    fn the_codecs_compress() {
        for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            assert!(encoded(codec).len() < encoded(Codec::None).len(), "{codec:?}");
        }
    }

    #[test]
    fn a_marker_is_a_transactional_control_batch() {
        let bytes = Batch::marker(42, Marker::Commit).encode(5).unwrap();
        let header = Header::parse(&bytes).unwrap();
        assert!(header.is_control() && header.is_transactional());
        assert_eq!(header.producer_id, 42);
        assert_eq!(
            glance(&bytes, &header).unwrap()[0].key.as_deref(),
            Some(&[0, 0, 0, 1][..])
        );
    }

    #[test]
    fn log_append_time_is_stamped_and_sealed() {
        let mut bytes = encoded(Codec::Lz4).to_vec();
        set_log_append_time(&mut bytes, 77);
        let header = Header::parse(&bytes).unwrap();
        assert_eq!((header.max_timestamp, header.crc), (77, crc32c::crc32c(&bytes[21..])));
        assert_eq!(header.codec(), Some(Codec::Lz4));
    }
}
