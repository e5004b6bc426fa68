//! Batches to be sent, written record by record: the sequence number comes last, when it is known what is sent before.

use std::borrow::Cow;

use bytes::Bytes;

use super::encode::{EncodeError, compress, seal, write_varlong};
use super::header::{FRAME_HEADER, V2_HEADER, attributes};
use crate::kafka::model::{Codec, Producer};

/// Where the producer's id, epoch and base sequence stand in a v2 batch.
const PRODUCER_AT: usize = 43;

/// A header of a new record.
pub type NewHeader<'a> = (Cow<'a, [u8]>, Option<Cow<'a, [u8]>>);

/// A record to be sent, borrowed where it can be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord<'a> {
    /// Its timestamp in Unix milliseconds; −1 is none.
    pub timestamp: i64,
    /// Its key; `None` is null.
    pub key: Option<Cow<'a, [u8]>>,
    /// Its value; `None` is null.
    pub value: Option<Cow<'a, [u8]>>,
    /// Its headers, in this order.
    pub headers: Vec<NewHeader<'a>>,
}

/// A batch that grows.
#[derive(Debug, Default)]
pub struct BatchBuilder {
    plain: Vec<u8>,
    count: i32,
    base_timestamp: i64,
    max_timestamp: i64,
}

impl BatchBuilder {
    /// A batch that grows in memory that was used before.
    pub fn reusing(mut memory: Vec<u8>) -> Self {
        memory.clear();
        Self {
            plain: memory,
            ..Self::default()
        }
    }

    /// The memory it grew in, for another one.
    pub fn into_memory(self) -> Vec<u8> {
        self.plain
    }

    /// Bytes of the batch, not compressed.
    pub fn size(&self) -> usize {
        V2_HEADER + self.plain.len()
    }

    /// Appends a record.
    ///
    /// # Errors
    /// When something does not fit 32 bits.
    pub fn push(&mut self, record: &NewRecord<'_>) -> Result<(), EncodeError> {
        let out_of_range = || EncodeError::OutOfRange("a record");
        if self.count == 0 {
            (self.base_timestamp, self.max_timestamp) = (record.timestamp, record.timestamp);
        }
        let timestamp = record.timestamp.wrapping_sub(self.base_timestamp);
        let headers = i64::try_from(record.headers.len()).map_err(|_| out_of_range())?;
        let mut size = 1 + varlong_size(timestamp) + varlong_size(i64::from(self.count)) + varlong_size(headers);
        size += nullable_size(record.key.as_deref()) + nullable_size(record.value.as_deref());
        for (key, value) in &record.headers {
            size += nullable_size(Some(key)) + nullable_size(value.as_deref());
        }
        // All lengths within are smaller than their sum.
        let size = i32::try_from(size).map_err(|_| out_of_range())?;
        let count = self.count.checked_add(1).ok_or_else(out_of_range)?;
        let out = &mut self.plain;
        write_varlong(out, i64::from(size));
        out.push(0);
        write_varlong(out, timestamp);
        write_varlong(out, i64::from(self.count));
        write_nullable(out, record.key.as_deref());
        write_nullable(out, record.value.as_deref());
        write_varlong(out, headers);
        for (key, value) in &record.headers {
            write_nullable(out, Some(key));
            write_nullable(out, value.as_deref());
        }
        self.count = count;
        self.max_timestamp = self.max_timestamp.max(record.timestamp);
        Ok(())
    }

    /// Compresses what there is.
    ///
    /// # Errors
    /// When the batch does not fit the format, or the codec is unknown or fails.
    pub fn finish(&self, codec: Codec) -> Result<NewBatch, EncodeError> {
        let (bits, payload) = compress(codec, &self.plain)?;
        let length = i32::try_from(V2_HEADER - FRAME_HEADER + payload.len())
            .map_err(|_| EncodeError::OutOfRange("batch length"))?;
        let mut bytes = Vec::with_capacity(V2_HEADER + payload.len());
        bytes.extend(0_i64.to_be_bytes());
        bytes.extend(length.to_be_bytes());
        // The leader's epoch is the broker's to write.
        bytes.extend((-1_i32).to_be_bytes());
        bytes.push(2);
        bytes.extend([0; 4]);
        bytes.extend(attributes(bits, false, false, false).to_be_bytes());
        bytes.extend((self.count - 1).to_be_bytes());
        bytes.extend(self.base_timestamp.to_be_bytes());
        bytes.extend(self.max_timestamp.to_be_bytes());
        bytes.extend([0xff; 14]);
        bytes.extend(self.count.to_be_bytes());
        bytes.extend_from_slice(&payload);
        Ok(NewBatch {
            bytes,
            count: self.count,
        })
    }
}

/// A batch that lacks nothing but its producer and its number.
#[derive(Clone, Debug)]
pub struct NewBatch {
    bytes: Vec<u8>,
    count: i32,
}

impl NewBatch {
    /// Its records.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Its bytes, compressed.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The batch as it goes over the wire.
    pub fn numbered(mut self, producer: Producer) -> Bytes {
        let fields = producer.id.to_be_bytes().into_iter();
        let fields = fields.chain(producer.epoch.to_be_bytes());
        let fields = fields.chain(producer.base_sequence.to_be_bytes());
        for (to, from) in self.bytes.iter_mut().skip(PRODUCER_AT).zip(fields) {
            *to = from;
        }
        seal(&mut self.bytes);
        self.bytes.into()
    }
}

fn nullable_size(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varlong_size(bytes.len() as i64) + bytes.len())
}

fn write_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => write_varlong(out, -1),
        Some(bytes) => {
            write_varlong(out, bytes.len() as i64);
            out.extend_from_slice(bytes);
        }
    }
}

/// Bytes of a zigzag varint.
fn varlong_size(value: i64) -> usize {
    let zigzag = ((value << 1) ^ (value >> 63)) as u64;
    (64 - (zigzag | 1).leading_zeros() as usize).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::super::{BatchSpec, RecordSpec, encode_batch};
    use super::*;
    use crate::kafka::model::Header;

    fn record(key: Option<&'static [u8]>, value: Option<&'static [u8]>, timestamp: i64) -> NewRecord<'static> {
        NewRecord {
            timestamp,
            key: key.map(Cow::Borrowed),
            value: value.map(Cow::Borrowed),
            headers: vec![
                (Cow::Borrowed(b"h"), Some(Cow::Borrowed(b"1"))),
                (Cow::Borrowed(b"h"), None),
            ],
        }
    }

    #[test]
    fn a_built_batch_is_that_of_the_plain_encoder() {
        let records = [
            record(None, None, 1_700_000_000_000),
            record(Some(b""), Some(b"\xff\0"), -1),
            record(Some(b"k"), Some(&[b'v'; 300]), 1_800_000_000_000),
        ];
        let headers = [Some("1"), None].map(|value| Header {
            key: "h".into(),
            value: value.map(Bytes::from),
        });
        let producer = Producer {
            id: 4_000_000_000,
            epoch: 3,
            base_sequence: 77,
        };
        for codec in Codec::ALL {
            let mut builder = BatchBuilder::default();
            for record in &records {
                builder.push(record).unwrap();
            }
            let specs = (0..).zip(&records).map(|(offset, record)| RecordSpec {
                offset,
                timestamp: record.timestamp,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                headers: &headers,
            });
            let specs: Vec<_> = specs.collect();
            let spec = BatchSpec {
                codec,
                producer: Some(producer),
                ..BatchSpec::default()
            };
            let batch = builder.finish(codec).unwrap();
            assert_eq!(batch.count(), 3);
            assert_eq!(
                batch.numbered(producer),
                encode_batch(&spec, &specs).unwrap(),
                "{codec}"
            );
        }
    }

    #[test]
    fn varints_are_as_long_as_they_are_written() {
        for value in [
            0,
            -1,
            63,
            64,
            -64,
            -65,
            8191,
            8192,
            i64::from(i32::MAX),
            i64::MAX,
            i64::MIN,
        ] {
            let mut out = Vec::new();
            write_varlong(&mut out, value);
            assert_eq!(varlong_size(value), out.len(), "{value}");
        }
    }
}
