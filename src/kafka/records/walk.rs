//! From fetched bytes to whole batches, without looking at a record.

use bytes::Bytes;

use super::fate::{AbortedTracker, AbortedTransaction, Fate};
use super::header::{BatchHeader, FRAME_HEADER, LEGACY_CHECKED_FROM, MAGIC_AT, V2_CHECKED_FROM, V2_HEADER};
use super::{Inflater, Records};
use crate::kafka::model::{ControlType, Damage};

/// Smallest length field that any format can have: a v0 message without key and value.
const SMALLEST: usize = 14;
/// A marker is a few bytes; nothing larger is inflated to find one.
const MARKER_LIMIT: usize = 64 * 1024;

/// What one Fetch response says about one partition.
#[derive(Clone, Debug)]
pub struct FetchedRange {
    /// The record bytes.
    pub bytes: Bytes,
    /// The offset that was asked for.
    pub fetch_offset: i64,
    /// The partition's high watermark.
    pub high_watermark: i64,
    /// From which offset on transactions are undecided: the last stable offset when the request had
    /// `isolation_level=0`, `i64::MAX` when it had 1.
    pub open_from: i64,
    /// The aborted transactions, which the broker lists only for `isolation_level=1`.
    pub aborted: Vec<AbortedTransaction>,
}

/// A whole batch whose checksum is right.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its header.
    pub header: BatchHeader,
    /// What became of its transaction.
    pub fate: Fate,
    /// First offset that was asked for; the batch may begin before it.
    pub from: i64,
    /// The whole batch, header included, as a shared slice of the response.
    pub bytes: Bytes,
}

impl Batch {
    /// The records in `payload`, which [`Inflater::payload`] gave for this batch, from the wanted offset on.
    pub fn records<'a>(&self, payload: &'a [u8]) -> Records<'a> {
        Records::new(&self.header, payload, self.from)
    }
}

/// A stretch of the response that could not be read as a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// First offset, as far as its header can be believed.
    pub first: i64,
    /// Last offset, as far as its header can be believed.
    pub last: i64,
    /// What is wrong.
    pub damage: Damage,
    /// The bytes, as a shared slice of the response.
    pub bytes: Bytes,
}

/// One step of a [`Walk`].
#[derive(Clone, Debug)]
pub enum Walked {
    /// A whole batch.
    Batch(Batch),
    /// Something that is not one.
    Damaged(Stretch),
}

/// Walks over the batches of one partition in one response.
#[derive(Debug)]
pub struct Walk {
    rest: Bytes,
    from: i64,
    next_offset: i64,
    high_watermark: i64,
    open_from: i64,
    aborted: AbortedTracker,
    needed: Option<usize>,
    is_first: bool,
}

impl Walked {
    /// First offset of the step, as far as its header can be believed; for v0 and v1 the last.
    pub fn base_offset(&self) -> i64 {
        match self {
            Self::Batch(batch) => batch.header.base_offset,
            Self::Damaged(stretch) => stretch.first,
        }
    }
}

impl Walk {
    /// Starts at the first batch of `range`.
    pub fn new(range: FetchedRange) -> Self {
        Self {
            rest: range.bytes,
            from: range.fetch_offset,
            next_offset: range.fetch_offset,
            high_watermark: range.high_watermark,
            open_from: range.open_from,
            aborted: AbortedTracker::new(range.aborted),
            needed: None,
            is_first: true,
        }
    }

    /// Hands over records from `offset` on, also those that stand before the asked offset in the same batch: their
    /// bytes came anyway.
    pub fn with_records_from(self, offset: i64) -> Self {
        Self { from: offset, ..self }
    }

    /// The offset to fetch next, given what the walk has passed so far.
    pub fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// After the walk: `partition_max_bytes` that the next request needs, when the response held nothing but the
    /// beginning of one batch.
    pub fn needed_bytes(&self) -> Option<usize> {
        self.needed
    }

    /// Cuts the next frame off, or `None` at the end or at a truncated tail.
    fn frame(&mut self) -> Option<Result<Bytes, Stretch>> {
        let length = self.rest.get(8..FRAME_HEADER)?;
        let length = i32::from_be_bytes([length[0], length[1], length[2], length[3]]);
        let Some(length) = usize::try_from(length).ok().filter(|length| *length >= SMALLEST) else {
            let bytes = self.rest.split_off(0);
            return Some(Err(self.damaged(
                Damage::Malformed {
                    what: "impossible batch length",
                },
                bytes,
                None,
            )));
        };
        let whole = FRAME_HEADER + length;
        if self.rest.len() < whole {
            self.needed = self.is_first.then_some(whole);
            return None;
        }
        self.is_first = false;
        Some(Ok(self.rest.split_to(whole)))
    }

    fn batch(&mut self, bytes: Bytes) -> Walked {
        let (header, damage) = match read_header(&bytes) {
            Ok(header) => (Some(header), check(&header, &bytes).err()),
            Err(damage) => (None, Some(damage)),
        };
        match (header, damage) {
            (Some(header), None) => Walked::Batch(self.judged(header, bytes)),
            (header, damage) => {
                let damage = damage.unwrap_or(Damage::Malformed { what: "no header" });
                Walked::Damaged(self.damaged(damage, bytes, header.as_ref()))
            }
        }
    }

    fn judged(&mut self, header: BatchHeader, bytes: Bytes) -> Batch {
        let mut batch = Batch {
            header,
            fate: Fate::Readable,
            from: self.from,
            bytes,
        };
        let marker = header.is_control().then(|| marker(&batch));
        batch.fate = match self.aborted.judge(&header, marker) {
            Fate::Readable if header.is_transactional() && header.last_offset() >= self.open_from => Fate::Open,
            fate => fate,
        };
        self.next_offset = self.next_offset.max(header.next_offset());
        batch
    }

    /// Steps over bytes whose header cannot be trusted: on to the following batch if there is one, else by what the
    /// header claims if that is possible, else by one offset.
    fn damaged(&mut self, damage: Damage, bytes: Bytes, header: Option<&BatchHeader>) -> Stretch {
        let expected = self.next_offset;
        let is_possible = |offset: &i64| *offset >= expected && *offset < self.high_watermark;
        let base = bytes.first_chunk::<8>().map(|base| i64::from_be_bytes(*base));
        let first = base.filter(is_possible).unwrap_or(expected);
        let claimed = header
            .map(BatchHeader::last_offset)
            .filter(is_possible)
            .unwrap_or(expected);
        let following = self.rest.first_chunk::<8>().map(|base| i64::from_be_bytes(*base));
        let next = following.filter(|offset| *offset > expected && *offset <= self.high_watermark);
        self.next_offset = next.unwrap_or_else(|| claimed.saturating_add(1));
        let last = claimed.min(self.next_offset.saturating_sub(1)).max(first);
        Stretch {
            first,
            last,
            damage,
            bytes,
        }
    }
}

impl Iterator for Walk {
    type Item = Walked;

    fn next(&mut self) -> Option<Walked> {
        Some(match self.frame()? {
            Ok(bytes) => self.batch(bytes),
            Err(stretch) => Walked::Damaged(stretch),
        })
    }
}

fn read_header(bytes: &[u8]) -> Result<BatchHeader, Damage> {
    let header = match bytes.get(MAGIC_AT).copied() {
        Some(0 | 1) => BatchHeader::read_legacy(bytes),
        Some(2) if bytes.len() >= V2_HEADER => BatchHeader::read_v2(bytes),
        Some(2) | None => None,
        Some(magic) => return Err(Damage::UnknownFormat { magic: magic as i8 }),
    };
    header.ok_or(Damage::Malformed {
        what: "batch shorter than its header",
    })
}

fn check(header: &BatchHeader, bytes: &[u8]) -> Result<(), Damage> {
    let computed = match header.magic {
        2 => crc32c::crc32c(bytes.get(V2_CHECKED_FROM..).unwrap_or_default()),
        _ => crc32fast::hash(bytes.get(LEGACY_CHECKED_FROM..).unwrap_or_default()),
    };
    if computed != header.crc {
        return Err(Damage::Checksum {
            stored: header.crc,
            computed,
        });
    }
    if header.base_offset < 0 || header.last_offset_delta < 0 || header.record_count < 0 {
        return Err(Damage::Malformed {
            what: "negative offset or count in a batch header",
        });
    }
    Ok(())
}

fn marker(batch: &Batch) -> ControlType {
    let mut inflater = Inflater::new(MARKER_LIMIT);
    let payload = inflater.payload(batch).unwrap_or_default();
    match Records::new(&batch.header, payload, i64::MIN).next() {
        Some(Ok(record)) => ControlType::from_key(record.key),
        _ => ControlType::Unknown(-1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode::{BatchSpec, RecordSpec, encode_batch, seal};
    use super::*;
    use crate::kafka::model::Producer;

    fn record(offset: i64) -> RecordSpec<'static> {
        RecordSpec {
            offset,
            timestamp: 1000 + offset,
            key: None,
            value: Some(b"value"),
            headers: &[],
        }
    }

    fn batch(offsets: &[i64]) -> Vec<u8> {
        let records: Vec<_> = offsets.iter().map(|offset| record(*offset)).collect();
        let spec = BatchSpec {
            base_offset: offsets[0],
            ..BatchSpec::default()
        };
        encode_batch(&spec, &records).unwrap()
    }

    fn range(bytes: Vec<u8>, fetch_offset: i64) -> FetchedRange {
        FetchedRange {
            bytes: bytes.into(),
            fetch_offset,
            high_watermark: 1000,
            open_from: i64::MAX,
            aborted: Vec::new(),
        }
    }

    /// Walks to the end: the offsets read, the damage met as (first, last), and the next offset.
    fn walk(range: FetchedRange) -> (Vec<i64>, Vec<(i64, i64)>, i64) {
        let mut walk = Walk::new(range);
        let (mut offsets, mut damage) = (Vec::new(), Vec::new());
        for step in walk.by_ref() {
            match step {
                Walked::Batch(batch) => {
                    let mut inflater = Inflater::default();
                    offsets.extend(
                        batch
                            .records(inflater.payload(&batch).unwrap())
                            .map(|r| r.unwrap().offset),
                    );
                }
                Walked::Damaged(stretch) => damage.push((stretch.first, stretch.last)),
            }
        }
        (offsets, damage, walk.next_offset())
    }

    #[test]
    fn records_before_the_asked_offset_are_left_out() {
        assert_eq!(walk(range(batch(&[5, 6, 7]), 6)), (vec![6, 7], vec![], 8));
    }

    #[test]
    fn records_before_the_asked_offset_can_be_had() {
        let walk = Walk::new(range(batch(&[5, 6, 7]), 6)).with_records_from(0);
        let Some(Walked::Batch(batch)) = { walk }.next() else {
            panic!("a batch")
        };
        let mut inflater = Inflater::default();
        assert_eq!(batch.records(inflater.payload(&batch).unwrap()).count(), 3);
    }

    #[test]
    fn the_next_offset_follows_the_header_where_compaction_removed_the_last_records() {
        let spec = BatchSpec {
            base_offset: 10,
            last_offset: Some(99),
            ..BatchSpec::default()
        };
        let compacted = encode_batch(&spec, &[record(10), record(40)]).unwrap();
        assert_eq!(walk(range(compacted, 10)), (vec![10, 40], vec![], 100));
    }

    #[test]
    fn an_empty_batch_still_moves_the_next_offset() {
        let spec = BatchSpec {
            base_offset: 10,
            last_offset: Some(19),
            ..BatchSpec::default()
        };
        assert_eq!(walk(range(encode_batch(&spec, &[]).unwrap(), 10)), (vec![], vec![], 20));
    }

    #[test]
    fn a_control_batch_moves_the_next_offset() {
        let spec = BatchSpec {
            base_offset: 10,
            producer: Some(Producer {
                id: 1,
                epoch: 0,
                base_sequence: -1,
            }),
            transactional: true,
            control: true,
            ..BatchSpec::default()
        };
        let marker = RecordSpec {
            key: Some(&[0, 0, 0, 1]),
            value: Some(&[0, 0, 0, 0, 0, 0]),
            ..record(10)
        };
        let bytes = encode_batch(&spec, &[marker]).unwrap();
        let Some(Walked::Batch(batch)) = Walk::new(range(bytes.clone(), 10)).next() else {
            panic!("a batch")
        };
        assert_eq!(batch.fate, Fate::Control);
        assert_eq!(walk(range(bytes, 10)).2, 11);
    }

    #[test]
    fn a_truncated_tail_is_not_an_error() {
        let whole = batch(&[5, 6]);
        let tail = batch(&[7, 8]);
        for cut in 0..tail.len() {
            let bytes = [&whole[..], &tail[..cut]].concat();
            let mut steps = Walk::new(range(bytes.clone(), 5));
            assert_eq!(walk(range(bytes, 5)), (vec![5, 6], vec![], 7), "cut at {cut}");
            assert_eq!(steps.by_ref().count(), 1);
            assert_eq!(steps.needed_bytes(), None, "something was read");
        }
    }

    #[test]
    fn a_lone_truncated_batch_says_how_many_bytes_it_needs() {
        let whole = batch(&[5, 6]);
        let mut steps = Walk::new(range(whole[..20].to_vec(), 5));
        assert!(steps.next().is_none());
        assert_eq!(steps.needed_bytes(), Some(whole.len()));
        assert_eq!(steps.next_offset(), 5);
    }

    #[test]
    fn a_broken_checksum_is_a_stretch_and_the_following_batch_is_read() {
        let mut broken = batch(&[5, 6]);
        let last = broken.len() - 1;
        broken[last] ^= 1;
        let bytes = [batch(&[3, 4]), broken.clone(), batch(&[9])].concat();
        let (offsets, damage, next) = walk(range(bytes.clone(), 3));
        assert_eq!((offsets, damage, next), (vec![3, 4, 9], vec![(5, 6)], 10));
        let Some(Walked::Damaged(stretch)) = Walk::new(range(bytes, 3)).nth(1) else {
            panic!("damage")
        };
        assert!(matches!(stretch.damage, Damage::Checksum { .. }));
        assert_eq!(stretch.bytes, broken);
    }

    #[test]
    fn a_broken_last_batch_is_stepped_over_by_what_its_header_claims() {
        let mut broken = batch(&[5, 6]);
        let last = broken.len() - 1;
        broken[last] ^= 1;
        assert_eq!(walk(range(broken, 5)), (vec![], vec![(5, 6)], 7));
    }

    #[test]
    fn a_broken_header_beyond_the_high_watermark_is_not_believed() {
        let mut broken = batch(&[5, 6]);
        broken[0] = 0x40;
        broken[30] ^= 1;
        assert_eq!(walk(range(broken, 5)), (vec![], vec![(5, 5)], 6));
    }

    #[test]
    fn an_impossible_length_ends_the_response_with_a_stretch() {
        for length in [-1, 0, 13] {
            let mut broken = batch(&[5]);
            broken[8..12].copy_from_slice(&i32::to_be_bytes(length));
            let bytes = [batch(&[4]), broken, batch(&[6])].concat();
            assert_eq!(walk(range(bytes, 4)), (vec![4], vec![(5, 5)], 6), "{length}");
        }
    }

    #[test]
    fn an_unknown_format_is_a_stretch() {
        let mut future = batch(&[5]);
        future[MAGIC_AT] = 3;
        let bytes = [future, batch(&[6])].concat();
        let Some(Walked::Damaged(stretch)) = Walk::new(range(bytes.clone(), 5)).next() else {
            panic!("damage")
        };
        assert_eq!(stretch.damage, Damage::UnknownFormat { magic: 3 });
        assert_eq!(walk(range(bytes, 5)), (vec![6], vec![(5, 5)], 7));
    }

    #[test]
    fn negative_counts_and_deltas_are_malformed_even_with_a_right_checksum() {
        for place in [23, 57] {
            let mut odd = batch(&[5]);
            odd[place] = 0x80;
            seal(&mut odd);
            let Some(Walked::Damaged(stretch)) = Walk::new(range(odd, 5)).next() else {
                panic!("damage")
            };
            assert!(matches!(stretch.damage, Damage::Malformed { .. }));
        }
    }

    #[test]
    fn transactional_batches_from_the_last_stable_offset_on_are_open() {
        let spec = BatchSpec {
            base_offset: 5,
            producer: Some(Producer {
                id: 1,
                epoch: 0,
                base_sequence: 0,
            }),
            transactional: true,
            ..BatchSpec::default()
        };
        let bytes = encode_batch(&spec, &[record(5)]).unwrap();
        for (open_from, fate) in [(5, Fate::Open), (6, Fate::Readable)] {
            let range = FetchedRange {
                open_from,
                ..range(bytes.clone(), 5)
            };
            let Some(Walked::Batch(batch)) = Walk::new(range).next() else {
                panic!("a batch")
            };
            assert_eq!(batch.fate, fate);
        }
    }
}
