//! Records of one decompressed batch, borrowed, one at a time.

use super::header::BatchHeader;
use super::legacy::Messages;
use super::read::Reader;
use crate::kafka::model::{Codec, Damage, TimestampType};

/// One record, borrowed from the decompressed batch.
#[derive(Clone, Debug)]
pub struct RecordRef<'a> {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp in Unix milliseconds, −1 where it has none.
    pub timestamp: i64,
    /// Whose clock the timestamp comes from.
    pub timestamp_type: TimestampType,
    /// The key; `None` is Kafka's null.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is Kafka's null.
    pub value: Option<&'a [u8]>,
    /// The headers.
    pub headers: Headers<'a>,
}

/// The headers of one record: an iterator over (key, value) in the order they were written.
#[derive(Clone, Debug, Default)]
pub struct Headers<'a> {
    raw: &'a [u8],
    count: usize,
}

impl<'a> Headers<'a> {
    /// Reads all headers once, so that iterating later cannot fail.
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let count = usize::try_from(reader.varint()?).ok()?;
        let raw = reader.0;
        for _ in 0..count {
            reader.nullable()??;
            reader.nullable()?;
        }
        Some(Self { raw, count })
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none are left.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        self.count = self.count.checked_sub(1)?;
        let mut reader = Reader(self.raw);
        let header = (reader.nullable()??, reader.nullable()?);
        self.raw = reader.0;
        Some(header)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl ExactSizeIterator for Headers<'_> {}

/// A part of a batch that could not be cut into records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecords {
    /// First offset that may be lost.
    pub first: i64,
    /// Last offset that may be lost.
    pub last: i64,
    /// What is wrong.
    pub damage: Damage,
}

/// Iterates over the records of a decompressed batch, in any message format.
#[derive(Debug)]
pub struct Records<'a> {
    source: Source<'a>,
    from: i64,
}

#[derive(Debug)]
enum Source<'a> {
    V2(Cut<'a>),
    Legacy(Messages<'a>),
}

impl<'a> Records<'a> {
    /// Over the `payload` of a batch with this `header`, leaving out records before offset `from`.
    pub fn new(header: &BatchHeader, payload: &'a [u8], from: i64) -> Self {
        let source = if header.magic == 2 {
            Source::V2(Cut::new(header, payload))
        } else if header.codec() == Codec::None {
            Source::Legacy(Messages::single(header, payload))
        } else {
            Source::Legacy(Messages::nested(header, payload))
        };
        Self { source, from }
    }
}

impl Records<'_> {
    /// Leaves out records that end at or before this place in the payload, without looking into them: a search that has
    /// found something there needs the record around it. In formats v0 and v1 nothing is left out.
    pub fn skip_to(&mut self, place: usize) {
        if let Source::V2(cut) = &mut self.source {
            cut.skip_to(place);
        }
    }

    /// Where the next record begins in the payload; `None` in formats v0 and v1.
    pub fn place(&self) -> Option<usize> {
        match &self.source {
            Source::V2(cut) => Some(cut.place()),
            Source::Legacy(_) => None,
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<RecordRef<'a>, BadRecords>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match &mut self.source {
                Source::V2(cut) => cut.next(),
                Source::Legacy(messages) => messages.next(),
            }?;
            match record {
                Ok(record) if record.offset < self.from => {}
                Err(bad) if bad.last < self.from => {}
                // What is wanted of it may be lost as well: it is the first row, not one before.
                Err(bad) => {
                    let first = bad.first.max(self.from);
                    return Some(Err(BadRecords { first, ..bad }));
                }
                record => return Some(record),
            }
        }
    }
}

/// The records of a v2 batch.
#[derive(Debug)]
struct Cut<'a> {
    reader: Reader<'a>,
    length: usize,
    left: i32,
    base_offset: i64,
    base_timestamp: i64,
    timestamp_type: TimestampType,
    append_time: i64,
    /// The first offset not yet accounted for, for the row of a damaged rest.
    reached: i64,
    last_offset: i64,
}

impl<'a> Cut<'a> {
    fn new(header: &BatchHeader, payload: &'a [u8]) -> Self {
        Self {
            reader: Reader(payload),
            length: payload.len(),
            left: header.record_count,
            base_offset: header.base_offset,
            base_timestamp: header.base_timestamp,
            timestamp_type: header.timestamp_type(),
            append_time: header.max_timestamp,
            reached: header.base_offset,
            last_offset: header.last_offset(),
        }
    }

    fn place(&self) -> usize {
        self.length - self.reader.0.len()
    }

    fn skip_to(&mut self, place: usize) {
        while self.left > 0 {
            let mut reader = self.reader;
            let whole = reader.varint().and_then(|length| usize::try_from(length).ok());
            let is_before =
                whole.is_some_and(|length| reader.take(length).is_some() && self.length - reader.0.len() <= place);
            if !is_before {
                return;
            }
            self.reader = reader;
            self.left -= 1;
        }
    }

    fn record(&mut self) -> Option<RecordRef<'a>> {
        let length = usize::try_from(self.reader.varint()?).ok()?;
        let mut reader = Reader(self.reader.take(length)?);
        let _unused_attributes = reader.i8()?;
        let timestamp_delta = reader.varlong()?;
        let offset_delta = reader.varint()?;
        let record = RecordRef {
            offset: self.base_offset.checked_add(i64::from(offset_delta))?,
            timestamp: match self.timestamp_type {
                TimestampType::Create => self.base_timestamp.wrapping_add(timestamp_delta),
                TimestampType::LogAppend => self.append_time,
            },
            timestamp_type: self.timestamp_type,
            key: reader.nullable()?,
            value: reader.nullable()?,
            headers: Headers::read(&mut reader)?,
        };
        reader.0.is_empty().then_some(record)
    }

    fn bad(&mut self, what: &'static str) -> BadRecords {
        self.left = 0;
        self.reader = Reader(&[]);
        let last = self.last_offset.max(self.reached);
        BadRecords {
            first: self.reached,
            last,
            damage: Damage::Malformed { what },
        }
    }
}

impl<'a> Iterator for Cut<'a> {
    type Item = Result<RecordRef<'a>, BadRecords>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return (!self.reader.0.is_empty()).then(|| Err(self.bad("bytes after the last record of a batch")));
        }
        self.left -= 1;
        Some(match self.record() {
            Some(record) => {
                self.reached = record.offset.saturating_add(1);
                Ok(record)
            }
            None => Err(self.bad("a record contradicts its lengths")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode::{BatchSpec, RecordSpec, Stamp, encode_batch};
    use super::super::header::V2_HEADER;
    use super::*;
    use crate::kafka::model::Header;

    type Owned = (
        i64,
        i64,
        Option<Vec<u8>>,
        Option<Vec<u8>>,
        Vec<(Vec<u8>, Option<Vec<u8>>)>,
    );

    fn header_of(bytes: &[u8]) -> BatchHeader {
        BatchHeader::read_v2(bytes).unwrap()
    }

    fn read(bytes: &[u8]) -> Vec<Result<Owned, BadRecords>> {
        Records::new(&header_of(bytes), &bytes[V2_HEADER..], 0)
            .map(|record| {
                record.map(|r| {
                    let headers = r.headers.map(|(k, v)| (k.to_vec(), v.map(<[u8]>::to_vec))).collect();
                    (
                        r.offset,
                        r.timestamp,
                        r.key.map(<[u8]>::to_vec),
                        r.value.map(<[u8]>::to_vec),
                        headers,
                    )
                })
            })
            .collect()
    }

    fn plain(offset: i64) -> RecordSpec<'static> {
        RecordSpec {
            offset,
            timestamp: 100 + offset,
            key: Some(b"k"),
            value: Some(b"v"),
            headers: &[],
        }
    }

    #[test]
    fn skipping_to_a_place_stops_before_the_record_around_it() {
        let records: Vec<_> = (0..5).map(plain).collect();
        let bytes = encode_batch(&BatchSpec::default(), &records).unwrap();
        let payload = &bytes[V2_HEADER..];
        let length = payload.len() / 5;
        for place in 0..payload.len() {
            let mut records = Records::new(&header_of(&bytes), payload, 0);
            records.skip_to(place);
            assert_eq!(records.place(), Some(place / length * length));
            let offset = records.next().map(|record| record.unwrap().offset);
            assert_eq!(offset, Some((place / length) as i64), "place {place}");
            records.skip_to(0);
            assert_eq!(records.count(), 4 - place / length);
        }
        let mut records = Records::new(&header_of(&bytes), payload, 0);
        records.skip_to(usize::MAX);
        assert!(records.next().is_none());
    }

    #[test]
    fn skipping_stops_where_a_length_is_impossible() {
        let mut bytes = encode_batch(&BatchSpec::default(), &[plain(0), plain(1)]).unwrap();
        let second = V2_HEADER + (bytes.len() - V2_HEADER) / 2;
        bytes[second] = 1;
        let mut records = Records::new(&header_of(&bytes), &bytes[V2_HEADER..], 0);
        records.skip_to(usize::MAX);
        assert!(matches!(records.next(), Some(Err(_))));
    }

    #[test]
    fn null_and_empty_keys_and_values_are_told_apart() {
        let records = [
            RecordSpec {
                key: None,
                value: None,
                ..plain(0)
            },
            RecordSpec {
                key: Some(b""),
                value: Some(b""),
                ..plain(1)
            },
            RecordSpec {
                key: Some(b"\xff\x00"),
                value: None,
                ..plain(2)
            },
        ];
        let read = read(&encode_batch(&BatchSpec::default(), &records).unwrap());
        let bytes: Vec<_> = read
            .into_iter()
            .map(|r| r.map(|(_, _, key, value, _)| (key, value)).unwrap())
            .collect();
        assert_eq!(
            bytes,
            [
                (None, None),
                (Some(vec![]), Some(vec![])),
                (Some(b"\xff\x00".to_vec()), None)
            ]
        );
    }

    #[test]
    fn headers_keep_order_duplicates_nulls_and_bytes_that_are_not_text() {
        let headers = [
            Header {
                key: "a".into(),
                value: Some("1".into()),
            },
            Header {
                key: "b".into(),
                value: None,
            },
            Header {
                key: "a".into(),
                value: Some("2".into()),
            },
            Header {
                key: vec![0xff].into(),
                value: Some("".into()),
            },
            Header {
                key: "".into(),
                value: None,
            },
        ];
        let spec = RecordSpec {
            headers: &headers,
            ..plain(0)
        };
        let read = read(&encode_batch(&BatchSpec::default(), &[spec]).unwrap());
        let expected: Vec<_> = headers
            .iter()
            .map(|h| (h.key.to_vec(), h.value.as_ref().map(|v| v.to_vec())))
            .collect();
        assert_eq!(read[0].as_ref().unwrap().4, expected);
    }

    #[test]
    fn create_time_counts_from_the_base_and_may_go_backwards() {
        let records = [
            RecordSpec {
                timestamp: 500,
                ..plain(0)
            },
            RecordSpec {
                timestamp: 300,
                ..plain(1)
            },
            RecordSpec {
                timestamp: -1,
                ..plain(2)
            },
        ];
        let read = read(&encode_batch(&BatchSpec::default(), &records).unwrap());
        assert_eq!(
            read.iter().map(|r| r.as_ref().unwrap().1).collect::<Vec<_>>(),
            [500, 300, -1]
        );
    }

    #[test]
    fn log_append_time_is_the_same_for_every_record() {
        let spec = BatchSpec {
            stamp: Stamp::LogAppend(9999),
            ..BatchSpec::default()
        };
        let bytes = encode_batch(&spec, &[plain(0), plain(1)]).unwrap();
        let kinds: Vec<_> = Records::new(&header_of(&bytes), &bytes[V2_HEADER..], 0)
            .map(|r| r.map(|r| (r.timestamp, r.timestamp_type)).unwrap())
            .collect();
        assert_eq!(
            kinds,
            [(9999, TimestampType::LogAppend), (9999, TimestampType::LogAppend)]
        );
    }

    #[test]
    fn deltas_count_from_the_delete_horizon_where_the_batch_has_one() {
        let mut header = header_of(&encode_batch(&BatchSpec::default(), &[]).unwrap());
        header.attributes |= 1 << 6;
        header.base_timestamp = 5000;
        header.record_count = 1;
        // attributes 0, timestamp delta -2, offset delta 0, null key, null value, no headers
        let payload = [12, 0, 3, 0, 1, 1, 0];
        let record = Records::new(&header, &payload, 0).next().unwrap().unwrap();
        assert_eq!((record.timestamp, header.delete_horizon()), (4998, Some(5000)));
    }

    #[test]
    fn holes_in_a_batch_keep_the_offsets_of_what_is_left() {
        let bytes = encode_batch(&BatchSpec::default(), &[plain(0), plain(7), plain(9)]).unwrap();
        assert_eq!(
            read(&bytes).into_iter().map(|r| r.unwrap().0).collect::<Vec<_>>(),
            [0, 7, 9]
        );
    }

    #[test]
    fn a_record_that_contradicts_its_lengths_leaves_a_row_for_the_rest() {
        let mut bytes = encode_batch(&BatchSpec::default(), &[plain(0), plain(1), plain(2)]).unwrap();
        let one = (bytes.len() - V2_HEADER) / 3;
        bytes[V2_HEADER + one + 4] = 0x7e;
        let read = read(&bytes);
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].as_ref().unwrap().0, 0);
        let bad = read[1].as_ref().unwrap_err();
        assert_eq!((bad.first, bad.last), (1, 2));
    }

    #[test]
    fn a_damaged_rest_begins_at_the_offset_that_was_asked_for() {
        let mut bytes = encode_batch(&BatchSpec::default(), &[plain(0), plain(1), plain(2), plain(3)]).unwrap();
        let one = (bytes.len() - V2_HEADER) / 4;
        bytes[V2_HEADER + one + 4] = 0x7e;
        let from = |from| {
            Records::new(&header_of(&bytes), &bytes[V2_HEADER..], from)
                .map(|record| record.map(|good| good.offset).map_err(|bad| (bad.first, bad.last)))
                .collect::<Vec<_>>()
        };
        assert_eq!(from(0), [Ok(0), Err((1, 3))]);
        assert_eq!(from(1), [Err((1, 3))]);
        assert_eq!(from(3), [Err((3, 3))]);
        assert_eq!(from(4), []);
    }

    #[test]
    fn fewer_records_than_announced_and_bytes_too_many_are_both_reported() {
        let bytes = encode_batch(&BatchSpec::default(), &[plain(0), plain(1)]).unwrap();
        let header = header_of(&bytes);
        let announced = |count| BatchHeader {
            record_count: count,
            ..header
        };
        let results = |count| {
            Records::new(&announced(count), &bytes[V2_HEADER..], 0)
                .map(|r| r.is_ok())
                .collect::<Vec<_>>()
        };
        assert_eq!(results(2), [true, true]);
        assert_eq!(results(3), [true, true, false]);
        assert_eq!(results(i32::MAX), [true, true, false]);
        assert_eq!(results(1), [true, false]);
    }

    #[test]
    fn a_header_count_without_headers_is_refused_without_reserving_for_it() {
        let payload = [20, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f];
        let header = BatchHeader {
            record_count: 1,
            ..header_of(&encode_batch(&BatchSpec::default(), &[]).unwrap())
        };
        assert!(Records::new(&header, &payload, 0).next().unwrap().is_err());
    }
}
