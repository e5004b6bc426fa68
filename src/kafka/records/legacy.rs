//! Message formats v0 and v1: messages, and compressed messages that hold a set of messages (KIP-31, KIP-32).
//! Old log segments are still served in them, also by 4.x brokers.

use super::header::{BatchHeader, FRAME_HEADER, LEGACY_CHECKED_FROM};
use super::iter::{BadRecords, Headers, RecordRef};
use super::read::Reader;
use crate::kafka::model::{Codec, Damage, TimestampType};

/// The compressed set of messages in the value of an outer message.
pub(super) fn wrapped(outer: &[u8]) -> Result<&[u8], Damage> {
    let body = BatchHeader::read_legacy(outer).and_then(|header| body(&header, outer.get(FRAME_HEADER..)?));
    body.and_then(|body| body.value).ok_or(Damage::Malformed {
        what: "a compressed message without a value",
    })
}

/// The messages of a set, or one message that stands alone.
#[derive(Debug)]
pub(super) struct Messages<'a> {
    reader: Reader<'a>,
    outer: BatchHeader,
    /// What is added to the offsets in the set: 0, or the base of relative offsets in v1.
    base: i64,
    is_nested: bool,
}

impl<'a> Messages<'a> {
    /// One message that is not compressed: `bytes` is the whole of it.
    pub(super) fn single(outer: &BatchHeader, bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader(bytes),
            outer: *outer,
            base: 0,
            is_nested: false,
        }
    }

    /// The decompressed set of messages of an outer message. In v1 the offsets inside are relative, and the outer
    /// message has the offset of the last; in v0 they are absolute.
    pub(super) fn nested(outer: &BatchHeader, set: &'a [u8]) -> Self {
        let base = match outer.magic {
            0 => 0,
            _ => outer.base_offset.wrapping_sub(last_offset(set).unwrap_or(0)),
        };
        Self {
            reader: Reader(set),
            outer: *outer,
            base,
            is_nested: true,
        }
    }

    fn message(&mut self) -> Result<RecordRef<'a>, BadRecords> {
        let start = self.reader.0;
        let frame = self.frame();
        let offset = frame.map_or(self.outer.base_offset, |(offset, _)| offset.wrapping_add(self.base));
        let bad = |damage| BadRecords {
            first: offset,
            last: offset.max(self.outer.base_offset),
            damage,
        };
        let Some((_, bytes)) = frame else {
            self.reader = Reader(&[]);
            return Err(bad(Damage::Malformed {
                what: "a message is cut short",
            }));
        };
        let whole = start.get(..FRAME_HEADER + bytes.len()).unwrap_or_default();
        self.parsed(whole, offset).map_err(|damage| BadRecords {
            first: offset,
            last: offset,
            damage,
        })
    }

    fn frame(&mut self) -> Option<(i64, &'a [u8])> {
        let offset = self.reader.i64()?;
        let length = usize::try_from(self.reader.i32()?).ok()?;
        Some((offset, self.reader.take(length)?))
    }

    fn parsed(&self, whole: &'a [u8], offset: i64) -> Result<RecordRef<'a>, Damage> {
        let malformed = |what| Damage::Malformed { what };
        let header = BatchHeader::read_legacy(whole).ok_or(malformed("a message shorter than its header"))?;
        if self.is_nested {
            let computed = crc32fast::hash(whole.get(LEGACY_CHECKED_FROM..).unwrap_or_default());
            if computed != header.crc {
                return Err(Damage::Checksum {
                    stored: header.crc,
                    computed,
                });
            }
        }
        if header.magic != self.outer.magic {
            return Err(malformed("messages of two formats in one set"));
        }
        if self.is_nested && header.codec() != Codec::None {
            return Err(malformed("a compressed message inside a compressed message"));
        }
        let body = body(&header, whole.get(FRAME_HEADER..).unwrap_or_default());
        let body = body.ok_or(malformed("a message contradicts its lengths"))?;
        let timestamp_type = self.outer.timestamp_type();
        Ok(RecordRef {
            offset,
            timestamp: match timestamp_type {
                TimestampType::Create => header.base_timestamp,
                TimestampType::LogAppend => self.outer.base_timestamp,
            },
            timestamp_type,
            key: body.key,
            value: body.value,
            headers: Headers::default(),
        })
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<RecordRef<'a>, BadRecords>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.reader.0.is_empty()).then(|| self.message())
    }
}

struct Body<'a> {
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
}

/// Key and value of a message, given the bytes after its length field.
fn body<'a>(header: &BatchHeader, message: &'a [u8]) -> Option<Body<'a>> {
    let before_key = if header.magic == 0 { 6 } else { 14 };
    let mut reader = Reader(message.get(before_key..)?);
    let body = Body {
        key: reader.nullable_fixed()?,
        value: reader.nullable_fixed()?,
    };
    reader.0.is_empty().then_some(body)
}

/// The offset of the last message of a set.
fn last_offset(set: &[u8]) -> Option<i64> {
    let mut reader = Reader(set);
    let mut last = None;
    while !reader.0.is_empty() {
        let offset = reader.i64()?;
        let length = usize::try_from(reader.i32()?).ok()?;
        reader.take(length)?;
        last = Some(offset);
    }
    last
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::walk::{FetchedRange, Walk, Walked};
    use super::super::{Inflater, Records};
    use super::*;

    const NO_TIME: Option<i64> = None;

    /// One message: v0 without `timestamp`, v1 with it.
    fn message(
        offset: i64,
        attributes: u8,
        timestamp: Option<i64>,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Vec<u8> {
        let mut checked = vec![u8::from(timestamp.is_some()), attributes];
        checked.extend(timestamp.map(i64::to_be_bytes).into_iter().flatten());
        for bytes in [key, value] {
            checked.extend(bytes.map_or(-1, |b| b.len() as i32).to_be_bytes());
            checked.extend(bytes.unwrap_or_default());
        }
        let mut out = offset.to_be_bytes().to_vec();
        out.extend((checked.len() as i32 + 4).to_be_bytes());
        out.extend(crc32fast::hash(&checked).to_be_bytes());
        out.extend(checked);
        out
    }

    fn compressed(codec: u8, set: &[u8]) -> Vec<u8> {
        match codec {
            1 => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(set).unwrap();
                encoder.finish().unwrap()
            }
            2 => snap::raw::Encoder::new().compress_vec(set).unwrap(),
            _ => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(set).unwrap();
                let mut bytes = encoder.finish().unwrap();
                bytes[6] = bytes[6].wrapping_add(1); // producers of v0 computed this checksum over too many bytes
                bytes
            }
        }
    }

    type Seen = (i64, i64, TimestampType, Option<Vec<u8>>, Option<Vec<u8>>);

    fn read(bytes: Vec<u8>, from: i64) -> (Vec<Result<Seen, BadRecords>>, i64) {
        let range = FetchedRange {
            bytes: bytes.into(),
            fetch_offset: from,
            high_watermark: 1000,
            open_from: i64::MAX,
            aborted: Vec::new(),
        };
        let mut walk = Walk::new(range);
        let mut seen = Vec::new();
        for step in walk.by_ref() {
            let Walked::Batch(batch) = step else { panic!("{step:?}") };
            let mut inflater = Inflater::default();
            let payload = inflater.payload(&batch).unwrap();
            seen.extend(batch.records(payload).map(|record| {
                record.map(|r| {
                    (
                        r.offset,
                        r.timestamp,
                        r.timestamp_type,
                        r.key.map(<[u8]>::to_vec),
                        r.value.map(<[u8]>::to_vec),
                    )
                })
            }));
        }
        (seen, walk.next_offset())
    }

    #[test]
    fn plain_messages_of_both_formats_are_read() {
        let bytes = [
            message(5, 0, NO_TIME, None, Some(b"v")),
            message(6, 0, Some(777), Some(b""), None),
        ]
        .concat();
        let (seen, next) = read(bytes, 5);
        assert_eq!(
            seen,
            [
                Ok((5, -1, TimestampType::Create, None, Some(b"v".to_vec()))),
                Ok((6, 777, TimestampType::Create, Some(vec![]), None)),
            ]
        );
        assert_eq!(next, 7);
    }

    #[test]
    fn offsets_inside_a_v0_set_are_absolute() {
        for codec in 1..=3 {
            let set = [
                message(8, 0, NO_TIME, None, Some(b"a")),
                message(10, 0, NO_TIME, None, Some(b"b")),
            ]
            .concat();
            let outer = message(10, codec, NO_TIME, None, Some(&compressed(codec, &set)));
            let (seen, next) = read(outer, 9);
            assert_eq!(
                seen,
                [Ok((10, -1, TimestampType::Create, None, Some(b"b".to_vec())))],
                "codec {codec}"
            );
            assert_eq!(next, 11);
        }
    }

    #[test]
    fn offsets_inside_a_v1_set_are_relative_to_its_last() {
        let set = [
            message(0, 0, Some(50), None, Some(b"a")),
            message(3, 0, Some(40), None, Some(b"b")),
        ]
        .concat();
        let outer = message(103, 1, Some(50), None, Some(&compressed(1, &set)));
        let offsets: Vec<_> = read(outer, 0)
            .0
            .into_iter()
            .map(|r| r.map(|r| (r.0, r.1)).unwrap())
            .collect();
        assert_eq!(offsets, [(100, 50), (103, 40)]);
    }

    #[test]
    fn log_append_time_of_a_v1_set_is_that_of_the_outer_message() {
        let set = [message(0, 0, Some(50), None, None), message(1, 0, Some(60), None, None)].concat();
        let outer = message(11, 1 | 8, Some(999), None, Some(&compressed(1, &set)));
        let times: Vec<_> = read(outer, 0)
            .0
            .into_iter()
            .map(|r| r.map(|r| (r.1, r.2)).unwrap())
            .collect();
        assert_eq!(times, [(999, TimestampType::LogAppend); 2]);
    }

    #[test]
    fn a_broken_message_inside_a_set_is_reported_and_the_others_are_read() {
        let mut broken = message(1, 0, Some(1), None, Some(b"b"));
        let last = broken.len() - 1;
        broken[last] ^= 1;
        let set = [
            message(0, 0, Some(1), None, Some(b"a")),
            broken,
            message(2, 0, Some(1), None, Some(b"c")),
        ]
        .concat();
        let outer = message(22, 1, Some(1), None, Some(&compressed(1, &set)));
        let seen = read(outer, 0).0;
        assert_eq!(seen[0].as_ref().unwrap().0, 20);
        let bad = seen[1].as_ref().unwrap_err();
        assert!(matches!(bad.damage, Damage::Checksum { .. }));
        assert_eq!((bad.first, bad.last), (21, 21));
        assert_eq!(seen[2].as_ref().unwrap().0, 22);
    }

    #[test]
    fn a_set_within_a_set_a_mixed_set_and_a_cut_set_are_reported() {
        let inner = message(
            0,
            1,
            Some(1),
            None,
            Some(&compressed(1, &message(0, 0, Some(1), None, None))),
        );
        let mixed = message(0, 0, NO_TIME, None, None);
        let cut = &message(0, 0, Some(1), None, Some(b"value"))[..20];
        for set in [&inner[..], &mixed, cut] {
            let outer = message(5, 1, Some(1), None, Some(&compressed(1, set)));
            let seen = read(outer, 0).0;
            assert_eq!(seen.len(), 1);
            assert!(matches!(seen[0].as_ref().unwrap_err().damage, Damage::Malformed { .. }));
        }
    }

    #[test]
    fn a_compressed_message_without_a_value_is_malformed() {
        let outer = message(5, 1, Some(1), None, None);
        assert!(wrapped(&outer).is_err());
        assert_eq!(
            Records::new(&BatchHeader::read_legacy(&outer).unwrap(), &[], 0).count(),
            0
        );
    }
}
