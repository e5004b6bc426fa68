//! The demo's topics: what is written to them, how often, how.

use super::records;
use crate::sim::batch::{Batch, Marker, Record};
use crate::sim::codec::Codec;
use crate::sim::random::Random;

/// The producer id of the demo's transactions.
const TRANSACTIONAL_PRODUCER: i64 = 4_001;

/// How records become batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// One batch with that codec.
    Plain(Codec),
    /// Another codec for each batch.
    MixedCodecs,
    /// A batch in a transaction with its marker; one of 40 is aborted.
    Transactions,
}

/// One topic and its producer.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) topic: &'static str,
    pub(super) partitions: usize,
    pub(super) configs: &'static [(&'static str, &'static str)],
    /// Records per minute, live.
    pub(super) per_minute: u64,
    /// Records per partition that are there at the start.
    pub(super) history: usize,
    /// About where the logs begin.
    pub(super) first_offset: i64,
    pub(super) style: Style,
    record: fn(&mut Random, i64, u64) -> Record,
}

const HOURS_6: (&str, &str) = ("retention.ms", "21600000");
const DAYS_30: (&str, &str) = ("retention.ms", "2592000000");
const YEAR: (&str, &str) = ("retention.ms", "31536000000");
const MIN_ISR: (&str, &str) = ("min.insync.replicas", "2");

/// All feeds. The `odin` topics are read by `ws-server-production`.
pub(super) const FEEDS: &[Feed] = &[
    odin(
        "odin.trades",
        3_600,
        (2_400_000, 240),
        Style::Plain(Codec::Lz4),
        records::trade,
    ),
    odin(
        "odin.liquidity",
        1_800,
        (940_000, 120),
        Style::Plain(Codec::Snappy),
        records::liquidity,
    ),
    odin(
        "odin.orders",
        1_800,
        (1_310_000, 180),
        Style::Plain(Codec::Lz4),
        records::order,
    ),
    odin(
        "odin.quotes",
        4_800,
        (8_700_000, 300),
        Style::MixedCodecs,
        records::quote,
    ),
    odin(
        "odin.positions",
        600,
        (120_000, 90),
        Style::Plain(Codec::None),
        records::position,
    ),
    odin(
        "odin.prices",
        2_400,
        (5_120_000, 220),
        Style::Plain(Codec::Zstd),
        records::price,
    ),
    odin(
        "odin.candles",
        300,
        (88_000, 60),
        Style::Plain(Codec::Gzip),
        records::candle,
    ),
    odin(
        "odin.alerts",
        60,
        (3_100, 25),
        Style::Plain(Codec::None),
        records::alert,
    ),
    Feed {
        topic: "problem-generation-requests",
        partitions: 10,
        configs: &[MIN_ISR],
        per_minute: 480,
        history: 120,
        first_offset: 42_000,
        style: Style::Plain(Codec::None),
        record: records::problem_request,
    },
    Feed {
        topic: "problem-generation-results",
        partitions: 10,
        configs: &[DAYS_30],
        per_minute: 420,
        history: 100,
        first_offset: 41_000,
        style: Style::Plain(Codec::Gzip),
        record: records::problem_result,
    },
    Feed {
        topic: "problem-generation-requests.dlq",
        partitions: 1,
        configs: &[YEAR],
        per_minute: 12,
        history: 37,
        first_offset: 0,
        style: Style::Plain(Codec::None),
        record: records::dead_letter,
    },
    Feed {
        topic: "payments.events",
        partitions: 6,
        configs: &[MIN_ISR, DAYS_30],
        per_minute: 1_200,
        history: 200,
        first_offset: 310_000,
        style: Style::Transactions,
        record: records::payment,
    },
    Feed {
        topic: "audit-log",
        partitions: 3,
        configs: &[("message.timestamp.type", "LogAppendTime"), YEAR],
        per_minute: 600,
        history: 6_000,
        first_offset: 770_000,
        style: Style::Plain(Codec::Zstd),
        record: records::audit,
    },
    Feed {
        topic: "user-profiles",
        partitions: 6,
        configs: &[("cleanup.policy", "compact"), ("segment.ms", "3600000")],
        per_minute: 120,
        history: 150,
        first_offset: 0,
        style: Style::Plain(Codec::Snappy),
        record: records::profile,
    },
    Feed {
        topic: "telemetry.raw",
        partitions: 4,
        configs: &[HOURS_6, ("compression.type", "lz4")],
        per_minute: 1_200,
        history: 250,
        first_offset: 19_400_000,
        style: Style::MixedCodecs,
        record: records::telemetry,
    },
];

const fn odin(
    topic: &'static str,
    per_minute: u64,
    (first_offset, history): (i64, usize),
    style: Style,
    record: fn(&mut Random, i64, u64) -> Record,
) -> Feed {
    Feed {
        topic,
        partitions: 12,
        configs: &[MIN_ISR],
        per_minute,
        history,
        first_offset,
        style,
        record,
    }
}

impl Feed {
    /// Milliseconds between two records of a partition.
    pub(super) fn interval_ms(&self) -> i64 {
        (60_000 * self.partitions as u64 / self.per_minute.max(1)) as i64
    }

    /// Whether a cleaner has been at work on what was there at the start.
    pub(super) fn is_compacted(&self) -> bool {
        self.configs.contains(&("cleanup.policy", "compact"))
    }

    /// `count` new records, the last at `until_ms`, in the batches they are written in; `written` counts them.
    pub(super) fn batches(&self, random: &mut Random, written: &mut u64, until_ms: i64, count: usize) -> Vec<Batch> {
        let spacing = (self.interval_ms() / 8).clamp(1, 250);
        let records: Vec<Record> = (0..count)
            .map(|n| {
                *written += 1;
                let at_ms = until_ms - spacing * (count - 1 - n) as i64;
                (self.record)(random, at_ms, *written).at(at_ms)
            })
            .collect();
        match self.style {
            Style::Plain(codec) => vec![self.stamped(Batch::of(records).codec(codec), until_ms)],
            Style::MixedCodecs => vec![Batch::of(records).codec(*random.pick(&Codec::ALL))],
            Style::Transactions => {
                let end = if random.is_one_in(40) {
                    Marker::Abort
                } else {
                    Marker::Commit
                };
                let data = Batch::of(records)
                    .codec(Codec::Lz4)
                    .transactional(TRANSACTIONAL_PRODUCER);
                vec![data, Batch::marker(TRANSACTIONAL_PRODUCER, end)]
            }
        }
    }

    fn stamped(&self, batch: Batch, now_ms: i64) -> Batch {
        let is_append_time = self.configs.iter().any(|(_, value)| *value == "LogAppendTime");
        if is_append_time {
            batch.log_append_time(now_ms)
        } else {
            batch
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_the_odin_topics_have_96_partitions() {
        let names: std::collections::BTreeSet<_> = FEEDS.iter().map(|feed| feed.topic).collect();
        assert_eq!(names.len(), FEEDS.len());
        let odin = FEEDS.iter().filter(|feed| feed.topic.starts_with("odin."));
        assert_eq!(odin.map(|feed| feed.partitions).sum::<usize>(), 96);
    }

    #[test]
    fn every_feed_writes_records_in_the_order_of_their_time() {
        let (mut random, mut written) = (Random::new(3), 0);
        for feed in FEEDS {
            let batches = feed.batches(&mut random, &mut written, 1_000_000, 5);
            assert_eq!(
                batches.len(),
                if feed.style == Style::Transactions { 2 } else { 1 },
                "{}",
                feed.topic
            );
            let header = crate::sim::batch::Header::parse(&batches[0].encode(0).unwrap()).unwrap();
            assert_eq!((header.count, header.max_timestamp), (5, 1_000_000), "{}", feed.topic);
            assert!(header.base_timestamp < 1_000_000);
        }
        assert_eq!(written, 5 * FEEDS.len() as u64);
    }
}
