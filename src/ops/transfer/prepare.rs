//! Makes batches of a chunk: parses its lines, finds each record's partition, compresses. Work for many cores.

use std::borrow::Cow;

use super::cut::{Bounds, Chunk};
use super::jsonl::{self, Origin};
use super::lines::LineFormat;
use super::spare::Spare;
use super::target::Target;
use crate::kafka::model::{Codec, PartitionId};
use crate::kafka::partitioner::partition_of;
use crate::kafka::records::{BatchBuilder, NewBatch, NewHeader, NewRecord};

/// Bytes of records in a chunk at most; a batch of them fits into the usual `max.message.bytes`.
const CHUNK: usize = 900_000;
/// What a line may have at least, whatever the topic takes.
const LONGEST_LINE: usize = 64 << 20;
/// Bytes of a batch beside its records.
const BATCH_HEADER: usize = 100;
/// Bytes a record takes beside key, value and headers at most, in a chunk that is not larger than [`CHUNK`].
const OVERHEAD: usize = 16;
/// Bad lines that are kept with their reason; of more only their number.
const BAD_KEPT: usize = 100;

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// A value, or key and value.
    Lines(LineFormat),
    /// What `ktui export` writes.
    Jsonl,
}

/// What becomes of lines that cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBad {
    /// They are told, and the others go on.
    Tell,
    /// Nothing from their chunk on is sent.
    Stop,
}

/// How lines become batches.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// What a line is.
    pub format: Format,
    /// Compression.
    pub codec: Codec,
    /// Where the records go.
    pub target: Target,
    /// The one partition all of them go to.
    pub partition: Option<PartitionId>,
    /// Whether each goes to the partition its line names.
    pub keep_partitions: bool,
    /// Whether each gets headers that say where it came from.
    pub origin_headers: bool,
    /// What is done with a line that cannot be sent.
    pub on_bad: OnBad,
    /// Tells the time, in ms since the epoch.
    pub clock: fn() -> i64,
    /// Memory to work in.
    pub spare: Spare,
}

/// A line that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

/// A partition's share of a chunk.
#[derive(Debug)]
pub struct Share {
    /// The partition.
    pub partition: PartitionId,
    /// Its records.
    pub batch: NewBatch,
    /// The number of each record's line.
    pub lines: Vec<u64>,
}

/// What a chunk became.
#[derive(Debug, Default)]
pub struct Prepared {
    /// Batches, one for each partition that gets something.
    pub shares: Vec<Share>,
    /// Records in them.
    pub records: u64,
    /// Lines that cannot be sent: the first of them.
    pub bad: Vec<BadLine>,
    /// How many of those there are.
    pub bad_count: u64,
    /// Records that the target's retention removes soon.
    pub short_lived: u64,
    /// Why the chunk could not be worked on.
    pub broken: Option<String>,
    /// Earliest and latest time of a record.
    pub times: Option<(i64, i64)>,
}

impl Recipe {
    /// How large a chunk may be, so that a partition's share of it is one batch that the target takes.
    pub fn bounds(&self) -> Bounds {
        let headers = match &self.format {
            Format::Lines(format) => format.headers.iter(),
            Format::Jsonl => [].iter(),
        };
        let headers =
            headers.map(|(key, value): &(Vec<u8>, Option<Vec<u8>>)| key.len() + value.as_ref().map_or(0, Vec::len) + 8);
        // The names of JSON's fields take more than the record does beside them.
        let overhead = match &self.format {
            Format::Lines(_) => OVERHEAD + headers.sum::<usize>(),
            Format::Jsonl if self.origin_headers => 128,
            Format::Jsonl => 0,
        };
        Bounds {
            bytes: CHUNK
                .min(self.target.rules.max_message_bytes.saturating_sub(BATCH_HEADER))
                .max(1),
            overhead,
            lines: u64::MAX,
            limit: u64::MAX,
            // Of a byte JSON makes six at most, and a batch is compressed.
            longest: LONGEST_LINE.saturating_add(self.target.rules.max_message_bytes.saturating_mul(6)),
        }
    }

    /// Makes batches of a chunk. `first` is the partition of the first chunk's records without key. A chunk that may
    /// be stored already (`was_sent`) is not judged again: as time goes by the topic would refuse what it took.
    pub fn prepare(&self, chunk: &Chunk, first: u64, was_sent: bool) -> Prepared {
        self.made(chunk, first, was_sent).finish(|_| true)
    }

    /// What there is to be said of a chunk, as [`Recipe::prepare`] does, without batches: only what may be too large for
    /// one is compressed.
    pub fn judge(&self, chunk: &Chunk, was_sent: bool) -> Prepared {
        let max = self.target.rules.max_message_bytes;
        let mut judged = self.made(chunk, 0, was_sent).finish(|size| largest(size) > max);
        judged.shares.clear();
        judged
    }

    fn made(&self, chunk: &Chunk, first: u64, was_sent: bool) -> Making<'_> {
        let now = (self.clock)();
        let sticky = PartitionId(((first + chunk.from.chunk) % u64::from(self.target.partitions.max(1))) as i32);
        let mut making = Making {
            recipe: self,
            sticky,
            now,
            was_sent,
            shares: Vec::new(),
            share: chunk.bytes.len() / self.target.partitions.max(1) as usize,
            made: Prepared::default(),
        };
        // Checked once for all lines; a chunk that is none is looked at line by line.
        let is_text = matches!(self.format, Format::Lines(_)) || std::str::from_utf8(&chunk.bytes).is_ok();
        let mut number = chunk.from.lines;
        for line in lines(&chunk.bytes) {
            number += 1;
            let done = making.line(line, number, is_text);
            if let Err(why) = done {
                making.bad(number, why);
            }
        }
        making
    }

    fn place(&self, record: &NewRecord<'_>, origin: &Origin<'_>, sticky: PartitionId) -> Result<PartitionId, String> {
        let partitions = self.target.partitions;
        if let Some(partition) = self.partition {
            return Ok(partition);
        }
        if self.keep_partitions {
            let kept = origin.partition.ok_or("it names no partition to keep")?;
            if !(0..i64::from(partitions)).contains(&i64::from(kept.0)) {
                return Err(format!("its partition {kept} is none of the {partitions} of the topic"));
            }
            return Ok(kept);
        }
        Ok(record
            .key
            .as_deref()
            .map_or(sticky, |key| partition_of(key, partitions)))
    }
}

/// What a batch of so many bytes may become by compression: noise grows, if by less than that.
fn largest(size: usize) -> usize {
    size + size / 16 + 64
}

/// The lines of a chunk, without their newlines.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(line)
    })
}

struct Growing {
    builder: BatchBuilder,
    lines: Vec<u64>,
}

struct Making<'a> {
    recipe: &'a Recipe,
    sticky: PartitionId,
    now: i64,
    was_sent: bool,
    shares: Vec<Option<Growing>>,
    /// Bytes that a partition may get.
    share: usize,
    made: Prepared,
}

impl Making<'_> {
    fn line(&mut self, line: &[u8], number: u64, is_text: bool) -> Result<(), String> {
        let recipe = self.recipe;
        let (mut record, origin) = match &recipe.format {
            Format::Lines(format) => (format.record(line, self.now), Origin::default()),
            Format::Jsonl => {
                if !is_text && std::str::from_utf8(line).is_err() {
                    return Err("it is no UTF-8".to_owned());
                }
                let exported = jsonl::parse(line, self.now)?;
                (exported.record, exported.origin)
            }
        };
        if recipe.origin_headers {
            for header in origin_headers(&origin, record.timestamp) {
                record.headers.push(header);
            }
        }
        let refused = recipe.target.rules.refuses(&record, self.now);
        if let Some(why) = refused.filter(|_| !self.was_sent) {
            return Err(why);
        }
        let partition = recipe.place(&record, &origin, self.sticky)?;
        let place = usize::try_from(partition.0).map_err(|_| "its partition is negative")?;
        if self.shares.len() <= place {
            self.shares.resize_with(place + 1, || None);
        }
        let share = self.shares[place].get_or_insert_with(|| Growing {
            builder: BatchBuilder::reusing(recipe.spare.take(self.share)),
            lines: Vec::new(),
        });
        share.builder.push(&record).map_err(|error| error.to_string())?;
        share.lines.push(number);
        self.made.records += 1;
        self.made.short_lived += u64::from(recipe.target.rules.outlives(&record, self.now));
        let time = record.timestamp;
        // Below 0 it has none.
        if time >= 0 {
            let (from, to) = self.made.times.unwrap_or((time, time));
            self.made.times = Some((from.min(time), to.max(time)));
        }
        Ok(())
    }

    fn bad(&mut self, line: u64, why: String) {
        self.made.bad_count += 1;
        if self.made.bad.len() < BAD_KEPT {
            self.made.bad.push(BadLine { line, why });
        }
    }

    /// Makes batches of shares whose size, not compressed, `is_wanted`.
    fn finish(mut self, is_wanted: impl Fn(usize) -> bool) -> Prepared {
        let max = self.recipe.target.rules.max_message_bytes;
        for (place, growing) in std::mem::take(&mut self.shares).into_iter().enumerate() {
            let Some(growing) = growing else { continue };
            let finished = is_wanted(growing.builder.size()).then(|| growing.builder.finish(self.recipe.codec));
            self.recipe.spare.put(growing.builder.into_memory());
            let Some(finished) = finished else { continue };
            let batch = match finished {
                Ok(batch) if batch.size() <= max || self.was_sent => batch,
                // Only a record that is too large by itself gets here: a chunk is smaller than that.
                Ok(batch) => {
                    let size = batch.size();
                    self.refuse(
                        &growing.lines,
                        &format!("it takes {size} bytes, the topic's max.message.bytes is {max}"),
                    );
                    continue;
                }
                Err(error) => {
                    self.refuse(&growing.lines, &error.to_string());
                    continue;
                }
            };
            self.made.shares.push(Share {
                partition: PartitionId(place as i32),
                batch,
                lines: growing.lines,
            });
        }
        self.made
    }

    fn refuse(&mut self, lines: &[u64], why: &str) {
        self.made.records -= lines.len() as u64;
        for line in lines {
            self.bad(*line, why.to_owned());
        }
    }
}

/// Headers that say where a record was before.
fn origin_headers(origin: &Origin<'_>, timestamp: i64) -> impl Iterator<Item = NewHeader<'static>> + use<> {
    let topic = origin.topic.as_ref().map(|topic| topic.to_vec());
    let partition = origin.partition.map(|partition| partition.to_string().into_bytes());
    let offset = origin.offset.map(|offset| offset.to_string().into_bytes());
    let fields = [
        ("ktui.origin.topic", topic),
        ("ktui.origin.partition", partition),
        ("ktui.origin.offset", offset),
        ("ktui.origin.timestamp", Some(timestamp.to_string().into_bytes())),
    ];
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((Cow::Borrowed(name.as_bytes()), Some(Cow::Owned(value?)))))
}

#[cfg(test)]
mod tests {
    use super::super::cut::Cut;
    use super::super::target::Rules;
    use super::*;

    fn recipe(format: Format) -> Recipe {
        Recipe {
            format,
            codec: Codec::None,
            target: Target {
                cluster: crate::kafka::model::Cluster::default(),
                topic: "t".into(),
                topic_id: None,
                partitions: 4,
                rules: Rules::default(),
                unknown_rules: None,
            },
            partition: None,
            keep_partitions: false,
            origin_headers: false,
            on_bad: OnBad::Tell,
            clock: || 1000,
            spare: Spare::default(),
        }
    }

    fn prepared(recipe: &Recipe, input: &str) -> Prepared {
        let mut cut = Cut::new(input.as_bytes(), recipe.bounds());
        recipe.prepare(&cut.next_chunk().unwrap().unwrap(), 2, false)
    }

    fn placed(prepared: &Prepared) -> Vec<(i32, Vec<u64>)> {
        prepared
            .shares
            .iter()
            .map(|share| (share.partition.0, share.lines.clone()))
            .collect()
    }

    #[test]
    fn records_go_by_their_key_or_together() {
        let keyed = LineFormat {
            delimiter: Some(b":".to_vec()),
            ..LineFormat::default()
        };
        let recipe = recipe(Format::Lines(keyed));
        let made = prepared(&recipe, "a:1\nnone\nb:2\na:3\nnone\n");
        let (a, b) = (partition_of(b"a", 4).0, partition_of(b"b", 4).0);
        let of = |partition| {
            let lines = [(a, 1), (2, 2), (b, 3), (a, 4), (2, 5)];
            lines
                .into_iter()
                .filter(|(one, _)| *one == partition)
                .map(|(_, line)| line)
                .collect::<Vec<u64>>()
        };
        assert!(placed(&made).iter().all(|(partition, lines)| *lines == of(*partition)));
        assert_eq!(made.records, 5);
    }

    #[test]
    fn a_line_that_cannot_be_sent_is_named_and_the_others_are_there() {
        let mut recipe = recipe(Format::Jsonl);
        recipe.keep_partitions = true;
        let input = "{\"value\":\"a\",\"partition\":1}\n{\"value\":\n{\"value\":null,\"partition\":4}\n{\"value\":\"b\",\"partition\":1}\n";
        let made = prepared(&recipe, input);
        assert_eq!(placed(&made), [(1, vec![1, 4])]);
        assert_eq!((made.records, made.bad_count), (2, 2));
        assert_eq!(made.bad[0].line, 2);
        assert!(made.bad[1].why.contains("none of the 4"), "{:?}", made.bad[1]);
    }

    #[test]
    fn a_record_that_is_too_large_is_refused_by_itself() {
        let mut recipe = recipe(Format::Lines(LineFormat::default()));
        recipe.target.rules.max_message_bytes = 300;
        let input = format!("small\n{}\nlast\n", "x".repeat(400));
        let mut cut = Cut::new(input.as_bytes(), recipe.bounds());
        let chunks: Vec<_> = std::iter::from_fn(|| cut.next_chunk().unwrap()).collect();
        let made: Vec<_> = chunks.iter().map(|chunk| recipe.prepare(chunk, 0, false)).collect();
        assert_eq!(made.iter().map(|made| made.records).collect::<Vec<_>>(), [1, 0, 1]);
        for (chunk, made) in chunks.iter().zip(&made) {
            let judged = recipe.judge(chunk, false);
            assert_eq!((judged.records, judged.bad.clone()), (made.records, made.bad.clone()));
            assert!(judged.shares.is_empty());
        }
        assert_eq!(made[1].bad[0].line, 2);
        assert!(made[1].bad[0].why.contains("max.message.bytes is 300"));
    }

    #[test]
    fn no_codec_makes_more_of_a_batch_than_is_reckoned_with() {
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(900_000)
        .collect();
        for codec in Codec::ALL {
            for length in [0, 1, 100, 40_000, 900_000] {
                let mut builder = BatchBuilder::default();
                let value = Some(Cow::Borrowed(&noise[..length]));
                let record = NewRecord {
                    value,
                    ..NewRecord::default()
                };
                builder.push(&record).unwrap();
                let (plain, packed) = (builder.size(), builder.finish(codec).unwrap().size());
                assert!(packed <= largest(plain), "{codec}: {plain} became {packed}");
            }
        }
    }

    #[test]
    fn what_was_sent_is_not_judged_again() {
        let mut recipe = recipe(Format::Jsonl);
        recipe.target.rules.oldest = 10;
        let input = "{\"timestamp\":500,\"value\":\"a\"}\n";
        assert_eq!(prepared(&recipe, input).bad_count, 1, "it is too old now");
        let mut cut = Cut::new(input.as_bytes(), recipe.bounds());
        let chunk = cut.next_chunk().unwrap().unwrap();
        recipe.target.rules.max_message_bytes = 1;
        assert_eq!(recipe.prepare(&chunk, 0, true).records, 1);
    }

    #[test]
    fn a_line_may_be_as_long_as_an_export_makes_the_largest_record() {
        let mut recipe = recipe(Format::Jsonl);
        recipe.target.rules.max_message_bytes = 50 << 20;
        // A control character takes six bytes in JSON.
        assert!(recipe.bounds().longest > 6 * (50 << 20));
    }

    #[test]
    fn every_chunk_fits_into_one_batch_of_the_topic() {
        let mut recipe = recipe(Format::Lines(LineFormat {
            headers: vec![(b"header".to_vec(), Some(b"value".to_vec()))],
            ..LineFormat::default()
        }));
        recipe.target.rules.max_message_bytes = 2000;
        recipe.partition = Some(PartitionId(3));
        let input = "\nx\nlonger line\n".repeat(500);
        let mut cut = Cut::new(input.as_bytes(), recipe.bounds());
        let mut records = 0;
        while let Some(chunk) = cut.next_chunk().unwrap() {
            let made = recipe.prepare(&chunk, 0, false);
            assert_eq!((made.bad_count, made.shares.len()), (0, 1));
            records += made.records;
        }
        assert_eq!(records, 1500);
    }

    #[test]
    fn origin_headers_stand_behind_the_record_s_own() {
        let mut recipe = recipe(Format::Jsonl);
        recipe.origin_headers = true;
        let origin = Origin {
            topic: Some(b"orders"[..].into()),
            partition: Some(PartitionId(3)),
            offset: None,
        };
        let names: Vec<_> = origin_headers(&origin, 5)
            .map(|(name, value)| (name, value.unwrap()))
            .collect();
        assert_eq!(names.len(), 3);
        assert_eq!(names[0], (b"ktui.origin.topic"[..].into(), b"orders"[..].into()));
        assert_eq!(prepared(&recipe, "{\"value\":null}\n").records, 1);
    }
}
