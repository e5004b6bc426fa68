//! Batches that another implementation wrote are read, and the other way round, where that implementation can.

use bytes::{Bytes, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records as reference;
use ktui::kafka::model::{Codec, Header, LeaderEpoch, PartitionId, Producer, Row, TimestampType};
use ktui::kafka::records::{BatchSpec, FetchedRange, Inflater, RecordSpec, Walk, append_rows, encode_batch};

fn record(offset: i64, key: Option<&'static [u8]>, value: Option<&'static [u8]>) -> reference::Record {
    reference::Record {
        transactional: true,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: 4,
        producer_id: 77,
        producer_epoch: 2,
        timestamp_type: reference::TimestampType::Creation,
        timestamp: 1_700_000_000_000 + offset * 3,
        sequence: i32::try_from(offset).unwrap() - 100,
        offset,
        key: key.map(Bytes::from_static),
        value: value.map(Bytes::from_static),
        headers: IndexMap::from([
            (
                StrBytes::from_static_str("trace"),
                Some(Bytes::from_static(b"\x00\xff")),
            ),
            (StrBytes::from_static_str("empty"), None),
        ]),
    }
}

#[test]
fn a_batch_of_the_reference_encoder_is_read_completely() {
    let records = [
        record(100, Some(b"k"), Some(b"v")),
        record(101, None, None),
        record(102, Some(b""), Some(b"")),
    ];
    let mut bytes = BytesMut::new();
    let options = reference::RecordEncodeOptions {
        version: 2,
        compression: reference::Compression::None,
    };
    reference::RecordBatchEncoder::encode(&mut bytes, &records, &options).unwrap();

    let walk = Walk::new(FetchedRange {
        bytes: bytes.freeze(),
        fetch_offset: 100,
        high_watermark: 103,
        open_from: i64::MAX,
        aborted: Vec::new(),
    });
    let mut rows = Vec::new();
    for step in walk {
        append_rows(PartitionId(0), &step, &mut Inflater::default(), &mut rows);
    }
    assert_eq!(rows.len(), records.len());
    for (row, written) in rows.iter().zip(&records) {
        let Row::Record(read) = row else { panic!("{row:?}") };
        assert_eq!(read.offset.0, written.offset);
        assert_eq!(read.timestamp.0, written.timestamp);
        assert_eq!(read.timestamp_type, TimestampType::Create);
        assert_eq!((&read.key, &read.value), (&written.key, &written.value));
        let headers: Vec<_> = read.headers.iter().map(|h| (&h.key[..], h.value.as_deref())).collect();
        assert_eq!(headers, [(&b"trace"[..], Some(&b"\x00\xff"[..])), (b"empty", None)]);
        let producer = Producer {
            id: 77,
            epoch: 2,
            base_sequence: 0,
        };
        assert_eq!(read.batch.producer, Some(producer));
        assert_eq!(read.batch.leader_epoch, Some(LeaderEpoch(4)));
        assert!(read.batch.transactional);
    }
}

#[test]
fn the_reference_decoder_reads_our_batches() {
    let headers = [Header {
        key: "h".into(),
        value: Some("x".into()),
    }];
    let spec = BatchSpec {
        base_offset: 20,
        codec: Codec::None,
        ..BatchSpec::default()
    };
    let records = [
        RecordSpec {
            offset: 20,
            timestamp: 5000,
            key: Some(b"a"),
            value: None,
            headers: &headers,
        },
        RecordSpec {
            offset: 25,
            timestamp: 4000,
            key: None,
            value: Some(b"z"),
            headers: &[],
        },
    ];
    let mut bytes = Bytes::from(encode_batch(&spec, &records).unwrap());
    let read = reference::RecordBatchDecoder::decode(&mut bytes).unwrap().records;
    assert_eq!(read.len(), 2);
    assert_eq!((read[0].offset, read[0].timestamp), (20, 5000));
    assert_eq!((read[1].offset, read[1].timestamp), (25, 4000));
    assert_eq!(read[0].key.as_deref(), Some(&b"a"[..]));
    assert_eq!(read[0].value, None);
    assert_eq!(read[1].value.as_deref(), Some(&b"z"[..]));
    assert_eq!(read[0].headers.len(), 1);
}
