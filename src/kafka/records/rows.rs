//! From batches to the rows a screen shows.

use std::sync::Arc;

use bytes::Bytes;

use super::Inflater;
use super::iter::{BadRecords, RecordRef};
use super::walk::{Batch, Stretch, Walked};
use crate::kafka::model::{BatchInfo, Header, Offset, PartitionId, Record, Row, Timestamp, Unreadable};

/// Appends the rows of one step of a walk. Rows share one copy of the decompressed batch, so they do not keep the
/// response in memory.
pub fn append_rows(partition: PartitionId, step: &Walked, inflater: &mut Inflater, rows: &mut Vec<Row>) {
    match step {
        Walked::Batch(batch) => batch_rows(partition, batch, inflater, rows),
        Walked::Damaged(stretch) => rows.push(unreadable(partition, stretch)),
    }
}

fn batch_rows(partition: PartitionId, batch: &Batch, inflater: &mut Inflater, rows: &mut Vec<Row>) {
    let payload = match inflater.payload(batch) {
        Ok(payload) => Bytes::copy_from_slice(payload),
        Err(damage) => {
            let (first, last) = (batch.header.base_offset.max(batch.from), batch.header.last_offset());
            let stretch = Stretch {
                first: first.min(last),
                last,
                damage,
                bytes: batch.bytes.clone(),
            };
            rows.push(unreadable(partition, &stretch));
            return;
        }
    };
    let info = Arc::new(batch.header.info(payload.len()));
    for record in batch.records(&payload) {
        rows.push(match record {
            Ok(record) => {
                let share = |bytes: &[u8]| payload.slice_ref(bytes);
                Row::Record(owned(partition, &record, batch, Arc::clone(&info), share))
            }
            Err(bad) => bad_row(partition, bad, &payload),
        });
    }
}

/// A record that outlives its batch: `share` makes its bytes so.
pub fn owned(
    partition: PartitionId,
    record: &RecordRef<'_>,
    batch: &Batch,
    info: Arc<BatchInfo>,
    share: impl Fn(&[u8]) -> Bytes,
) -> Record {
    Record {
        partition,
        offset: Offset(record.offset),
        timestamp: Timestamp(record.timestamp),
        timestamp_type: record.timestamp_type,
        key: record.key.map(&share),
        value: record.value.map(&share),
        headers: record
            .headers
            .clone()
            .map(|(key, value)| Header {
                key: share(key),
                value: value.map(&share),
            })
            .collect(),
        batch: info,
        kind: batch.fate.kind(record.key),
    }
}

fn bad_row(partition: PartitionId, bad: BadRecords, payload: &Bytes) -> Row {
    Row::Unreadable(Unreadable {
        partition,
        first: Offset(bad.first),
        last: Offset(bad.last),
        damage: bad.damage,
        bytes: payload.clone(),
    })
}

fn unreadable(partition: PartitionId, stretch: &Stretch) -> Row {
    Row::Unreadable(Unreadable {
        partition,
        first: Offset(stretch.first),
        last: Offset(stretch.last),
        damage: stretch.damage.clone(),
        bytes: Bytes::copy_from_slice(&stretch.bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::super::encode::{BatchSpec, RecordSpec, encode_batch};
    use super::super::walk::{FetchedRange, Walk};
    use super::*;
    use crate::kafka::model::{Codec, ControlType, Damage, Producer, RecordKind};

    fn record(offset: i64) -> RecordSpec<'static> {
        RecordSpec {
            offset,
            timestamp: 1,
            key: Some(b"key"),
            value: Some(b"value"),
            headers: &[],
        }
    }

    fn rows(bytes: Vec<u8>, limit: usize) -> Vec<Row> {
        let range = FetchedRange {
            bytes: bytes.into(),
            fetch_offset: 0,
            high_watermark: 100,
            open_from: i64::MAX,
            aborted: Vec::new(),
        };
        let (mut rows, mut inflater) = (Vec::new(), Inflater::new(limit));
        for step in Walk::new(range) {
            append_rows(PartitionId(3), &step, &mut inflater, &mut rows);
        }
        rows
    }

    #[test]
    fn rows_share_one_copy_of_their_batch() {
        let bytes = encode_batch(&BatchSpec::default(), &[record(0), record(1)]).unwrap();
        let rows = rows(bytes, 1000);
        let [Row::Record(first), Row::Record(second)] = &rows[..] else {
            panic!("{rows:?}")
        };
        assert!(Arc::ptr_eq(&first.batch, &second.batch));
        let between = second.key.as_ref().unwrap().as_ptr() as usize - first.value.as_ref().unwrap().as_ptr() as usize;
        assert!(between < 20, "both point into the same payload");
        assert_eq!(first.partition, PartitionId(3));
        assert_eq!(first.batch.payload_bytes, 30);
    }

    #[test]
    fn markers_are_rows_that_say_what_they_mark() {
        let spec = BatchSpec {
            producer: Some(Producer {
                id: 5,
                epoch: 0,
                base_sequence: -1,
            }),
            transactional: true,
            control: true,
            ..BatchSpec::default()
        };
        let marker = RecordSpec {
            key: Some(&[0, 0, 0, 0]),
            ..record(0)
        };
        let rows = rows(encode_batch(&spec, &[marker]).unwrap(), 1000);
        assert_eq!(rows[0].record().unwrap().kind, RecordKind::Control(ControlType::Abort));
    }

    #[test]
    fn a_batch_too_large_when_decompressed_is_one_row_with_its_offsets() {
        let value = vec![b'x'; 5000];
        let spec = BatchSpec {
            codec: Codec::Gzip,
            ..BatchSpec::default()
        };
        let records = [
            record(0),
            RecordSpec {
                value: Some(&value),
                ..record(7)
            },
        ];
        let bytes = [encode_batch(&spec, &records).unwrap(), {
            let spec = BatchSpec {
                base_offset: 8,
                ..BatchSpec::default()
            };
            encode_batch(&spec, &[record(8)]).unwrap()
        }]
        .concat();
        let rows = rows(bytes, 1000);
        let [Row::Unreadable(stretch), Row::Record(after)] = &rows[..] else {
            panic!("{rows:?}")
        };
        assert_eq!((stretch.first, stretch.last), (Offset(0), Offset(7)));
        assert_eq!(stretch.damage, Damage::TooLarge { limit: 1000 });
        assert_eq!(after.offset, Offset(8));
    }

    #[test]
    fn a_broken_checksum_is_a_row_with_the_raw_bytes() {
        let mut bytes = encode_batch(&BatchSpec::default(), &[record(0)]).unwrap();
        bytes[40] ^= 1;
        let rows = rows(bytes.clone(), 1000);
        let [Row::Unreadable(stretch)] = &rows[..] else {
            panic!("{rows:?}")
        };
        assert_eq!(stretch.bytes, bytes);
    }
}
