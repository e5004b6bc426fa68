//! No bytes can make the record decoder panic, hang, or hand over more than it was given; and what was written comes
//! back.

use bytes::Bytes;
use ktui::kafka::model::{Codec, Header, LeaderEpoch, PartitionId, Producer, Row};
use ktui::kafka::records::{
    AbortedTransaction, BatchSpec, FetchedRange, Inflater, RecordSpec, Stamp, Walk, append_rows, encode_batch,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Small, so that a decompression bomb is found cheaply.
const LIMIT: usize = 256 * 1024;
/// A record takes at least so many bytes of a decompressed batch.
const SMALLEST_RECORD: usize = 7;

#[derive(Clone, Debug)]
struct Written {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<Header>,
}

fn bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    proptest::option::of(vec(any::<u8>(), 0..40))
}

fn written() -> impl Strategy<Value = Written> {
    let header = (vec(any::<u8>(), 0..6), bytes()).prop_map(|(key, value)| Header {
        key: key.into(),
        value: value.map(Bytes::from),
    });
    (any::<i64>(), bytes(), bytes(), vec(header, 0..4)).prop_map(|(timestamp, key, value, headers)| Written {
        timestamp,
        key,
        value,
        headers,
    })
}

fn codec() -> impl Strategy<Value = Codec> {
    prop_oneof![
        Just(Codec::None),
        Just(Codec::Gzip),
        Just(Codec::Snappy),
        Just(Codec::Lz4),
        Just(Codec::Zstd)
    ]
}

fn batch(base_offset: i64, codec: Codec, records: &[Written], transactional: bool) -> Vec<u8> {
    let specs: Vec<_> = records
        .iter()
        .zip(base_offset..)
        .map(|(record, offset)| RecordSpec {
            offset,
            timestamp: record.timestamp,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: &record.headers,
        })
        .collect();
    let spec = BatchSpec {
        base_offset,
        leader_epoch: LeaderEpoch(3),
        codec,
        stamp: Stamp::Create,
        producer: transactional.then_some(Producer {
            id: 7,
            epoch: 1,
            base_sequence: 0,
        }),
        transactional,
        ..BatchSpec::default()
    };
    encode_batch(&spec, &specs).unwrap()
}

fn range(bytes: Vec<u8>, fetch_offset: i64) -> FetchedRange {
    FetchedRange {
        bytes: bytes.into(),
        fetch_offset,
        high_watermark: 1_000_000,
        open_from: 500,
        aborted: vec![AbortedTransaction {
            first_offset: 3,
            producer_id: 7,
        }],
    }
}

/// Reads everything; every step must consume bytes, and the rows must fit into what the bytes can hold.
fn read(range: FetchedRange) -> (Vec<Row>, i64) {
    let (length, from) = (range.bytes.len(), range.fetch_offset);
    let mut inflater = Inflater::new(LIMIT);
    let mut walk = Walk::new(range);
    let (mut rows, mut steps) = (Vec::new(), 0);
    let mut reached = from;
    while let Some(step) = walk.next() {
        steps += 1;
        let before = rows.len();
        append_rows(PartitionId(0), &step, &mut inflater, &mut rows);
        assert!(rows.len() - before <= LIMIT / SMALLEST_RECORD + 2);
        assert!(walk.next_offset() >= reached, "the position never goes back");
        reached = walk.next_offset();
    }
    assert!(steps <= length / 12 + 1);
    (rows, reached)
}

/// Puts the right checksum and length into a batch, so that a mutation reaches the code behind the check.
fn seal(batch: &mut [u8]) {
    if batch.len() > 61 {
        let length = i32::try_from(batch.len() - 12).unwrap();
        batch[8..12].copy_from_slice(&length.to_be_bytes());
        let crc = crc32c::crc32c(&batch[21..]);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
    }
}

/// The same for a message of format v0 or v1.
fn seal_legacy(message: &mut [u8]) {
    let length = i32::try_from(message.len() - 12).unwrap();
    message[8..12].copy_from_slice(&length.to_be_bytes());
    let crc = crc32fast::hash(&message[16..]);
    message[12..16].copy_from_slice(&crc.to_be_bytes());
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_rows_or_nothing(bytes in vec(any::<u8>(), 0..2000), from in any::<i64>()) {
        read(range(bytes, from));
    }

    #[test]
    fn arbitrary_payloads_behind_a_valid_frame_are_rows(
        head in vec(any::<u8>(), 40),
        payload in vec(any::<u8>(), 0..600),
        attributes in 0u8..128,
        count in prop_oneof![0i32..20, Just(i32::MAX)],
    ) {
        let mut bytes = vec![0; 61];
        bytes[21..61].copy_from_slice(&head);
        bytes[16] = 2;
        bytes[21..23].copy_from_slice(&[0, attributes]);
        bytes[23..27].copy_from_slice(&5i32.to_be_bytes());
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        bytes.extend(payload);
        bytes.push(0);
        seal(&mut bytes);
        let (rows, next) = read(range(bytes, 0));
        prop_assert_eq!(next, 6);
        prop_assert!(!rows.is_empty(), "the payload is never empty, so there is something to tell");
    }

    #[test]
    fn arbitrary_legacy_messages_are_rows(
        magic in 0u8..2,
        attributes in 0u8..16,
        body in vec(any::<u8>(), 16..400),
    ) {
        let mut bytes = vec![0; 16];
        bytes.extend([magic, attributes]);
        bytes.extend(body);
        seal_legacy(&mut bytes);
        let (rows, next) = read(range(bytes, 0));
        prop_assert_eq!(next, 1);
        prop_assert!(rows.len() <= 40);
    }

    #[test]
    fn a_mutated_batch_is_rows_and_its_neighbours_are_read(
        records in vec(written(), 1..6),
        codec in codec(),
        places in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        sealed in any::<bool>(),
    ) {
        let mut middle = batch(10, codec, &records, true);
        for (place, byte) in places {
            // Not the base offset and not the length: those decide where the neighbours are.
            let at = 16 + place.index(middle.len() - 16);
            middle[at] = byte;
        }
        if sealed {
            seal(&mut middle);
        }
        let first = batch(0, codec, &records[..1], false);
        let last = batch(100, codec, &records[..1], false);
        let (rows, _) = read(range([first, middle, last].concat(), 0));
        let offset_of = |row: &Row| row.record().map(|record| record.offset.0);
        prop_assert_eq!(rows.first().and_then(offset_of), Some(0));
        prop_assert_eq!(rows.last().and_then(offset_of), Some(100));
    }

    #[test]
    fn a_truncated_response_loses_only_the_batch_that_is_cut(
        records in vec(written(), 1..5),
        codec in codec(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (first, second) = (batch(0, codec, &records, false), batch(10, codec, &records, false));
        let length = first.len() + cut.index(second.len());
        let (rows, next) = read(range([first, second].concat()[..length].to_vec(), 0));
        prop_assert_eq!(rows.len(), records.len());
        prop_assert_eq!(next, i64::try_from(records.len()).unwrap());
    }

    #[test]
    fn what_was_written_comes_back(records in vec(written(), 0..8), codec in codec(), base in 0i64..1_000_000) {
        let (rows, _) = read(range(batch(base, codec, &records, false), 0));
        prop_assert_eq!(rows.len(), records.len());
        for ((row, record), offset) in rows.iter().zip(&records).zip(base..) {
            let read = row.record().unwrap();
            prop_assert_eq!(read.offset.0, offset);
            prop_assert_eq!(read.timestamp.0, record.timestamp);
            prop_assert_eq!(read.key.as_deref(), record.key.as_deref());
            prop_assert_eq!(read.value.as_deref(), record.value.as_deref());
            prop_assert_eq!(&read.headers, &record.headers);
            prop_assert_eq!(read.batch.codec, codec);
        }
    }
}

#[test]
fn a_decompression_bomb_is_one_row() {
    let zeros = Written {
        timestamp: 0,
        key: None,
        value: Some(vec![0; 64 * LIMIT]),
        headers: Vec::new(),
    };
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let bomb = batch(0, codec, std::slice::from_ref(&zeros), false);
        let (rows, next) = read(range(bomb, 0));
        assert!(matches!(&rows[..], [Row::Unreadable(_)]), "{codec}");
        assert_eq!(next, 1);
    }
}
