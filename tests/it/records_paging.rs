//! The newest records and paging backwards against a slow, obvious reference: a topic read whole and sorted. Logs with
//! holes, transactions (committed, aborted, open), LogAppendTime, empty partitions and one that gets nearly everything.

use std::time::Duration;

use ktui::app::pane::messages::Source;
use ktui::app::pane::messages::rows::Rows;
use ktui::kafka::client::Client;
use ktui::kafka::feed::Feed;
use ktui::kafka::model::{Isolation, Row, TopicName};
use ktui::kafka::older::older;
use ktui::kafka::query::{Began, FeedSpec};
use ktui::position::{Shown, Start, Until};
use ktui::sim::batch::{Batch, Marker, Record};
use ktui::sim::{SimSpec, TopicSpec};
use tokio::time::timeout;

use crate::profiles::started;

const SOON: Duration = Duration::from_secs(20);
const PARTITIONS: usize = 4;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A log of random batches; times grow from record to record over all partitions, and no two are the same.
fn random_topic(seed: u64) -> TopicSpec {
    let mut dice = Dice(seed);
    let is_hot = seed.is_multiple_of(3);
    let by_broker = seed % 4 == 1;
    let mut topic = TopicSpec::new("t", PARTITIONS);
    let mut time = 1_000;
    let mut open: Vec<(i32, i64)> = Vec::new();
    for batch in 0..40 {
        // The last partition stays empty.
        let partition = if is_hot && dice.roll(8) > 0 {
            0
        } else {
            dice.roll(3) as i32
        };
        if let (Some(at), 0) = (open.iter().position(|(of, _)| *of == partition), dice.roll(3)) {
            let (_, producer) = open.remove(at);
            let end = if dice.roll(2) == 0 {
                Marker::Abort
            } else {
                Marker::Commit
            };
            topic = topic.batch(partition, Batch::marker(producer, end));
            continue;
        }
        let records: Vec<Record> = (0..=dice.roll(4))
            .map(|nth| {
                time += 1;
                Record::value(format!("{batch}-{nth}")).at(time)
            })
            .take(if by_broker { 1 } else { 9 })
            .collect();
        let mut log = Batch::of(records);
        if by_broker {
            log = log.log_append_time(time);
        }
        if dice.roll(4) == 0 {
            log = log.spread(|| dice.roll(20) as i32 + 1);
        }
        if dice.roll(3) == 0 {
            let producer = batch + 1;
            open.push((partition, producer));
            log = log.transactional(producer);
        }
        topic = topic.batch(partition, log);
    }
    topic
}

/// Everything a feed hands over before it ends.
async fn all(client: &Client, spec: FeedSpec) -> (Vec<Row>, Vec<Began>) {
    let mut feed = Feed::open(client.clone(), spec);
    let (mut rows, mut began) = (Vec::new(), Vec::new());
    while let Some(batch) = timeout(SOON, feed.next()).await.expect("an end in time") {
        let batch = batch.expect("a feed that works");
        assert_eq!(batch.failures, []);
        rows.extend(batch.rows);
        began.extend(batch.began);
    }
    (rows, began)
}

fn places(rows: impl IntoIterator<Item = impl std::borrow::Borrow<Row>>) -> Vec<(i32, i64)> {
    rows.into_iter()
        .map(|row| (row.borrow().partition().0, row.borrow().offset().0))
        .collect()
}

/// The places of counted rows, in the order of their times.
fn counted(rows: &[Row], isolation: Isolation) -> Vec<(i32, i64)> {
    let mut counted: Vec<&Row> = rows.iter().filter(|row| isolation.hands_over(row)).collect();
    counted.sort_by_key(|row| row.timestamp().0);
    places(counted)
}

#[tokio::test]
async fn the_newest_and_every_page_before_them_are_those_of_the_whole_log() {
    for seed in 0..16 {
        let (_sim, _, client) = started(SimSpec::small().brokers(3).add_topic(random_topic(seed))).await;
        let topic = TopicName::from("t");
        let whole = FeedSpec::of(topic.clone(), Vec::new(), Start::Begin, Until::End);
        let (whole, _) = all(&client, whole).await;
        for shown in [Shown::Committed, Shown::Uncommitted] {
            let isolation = shown.isolation();
            let expected = counted(&whole, isolation);
            for count in [1, 5, 23, 1000] {
                let newest = FeedSpec {
                    isolation,
                    ..FeedSpec::of(topic.clone(), Vec::new(), Start::Newest(count), Until::End)
                };
                let (rows, _) = all(&client, newest).await;
                let first = expected.len().saturating_sub(count);
                assert_eq!(
                    counted(&rows, isolation),
                    expected[first..],
                    "seed {seed}, newest {count}, {isolation:?}"
                );
            }
            page_back(&client, seed, shown, &expected, &whole).await;
        }
    }
}

/// Pages backwards from the newest three, seven at a time, until there is nothing before.
async fn page_back(client: &Client, seed: u64, shown: Shown, expected: &[(i32, i64)], whole: &[Row]) {
    let isolation = shown.isolation();
    let mut source = Source::at("t".into(), Vec::new(), Start::Newest(3));
    source.until = Until::End;
    let (newest, began) = all(client, source.feed(isolation)).await;
    let mut rows = Rows::default();
    rows.show(shown);
    for began in &began {
        rows.began(began);
    }
    for row in &newest {
        rows.push(0, row);
    }
    for pages in 0.. {
        assert!(pages < 200, "it never ends");
        let page = older(client, &source.older(rows.edges(), 7, isolation)).await;
        assert_eq!(page.failures, []);
        for (topic, row) in page.rows.into_iter().rev() {
            rows.prepend(topic, row);
        }
        if page.is_first {
            break;
        }
    }
    let shown_rows = (0..rows.len()).filter_map(|index| rows.get(index));
    let shown_rows: Vec<Row> = shown_rows.filter(|row| isolation.hands_over(row)).cloned().collect();
    assert_eq!(
        places(&shown_rows),
        expected,
        "seed {seed}, {shown:?}: in order, none twice"
    );
    rows.show(Shown::All);
    let mut kept = places((0..rows.len()).filter_map(|index| rows.get(index)));
    let mut every = places(whole);
    kept.sort_unstable();
    every.sort_unstable();
    assert_eq!(kept, every, "seed {seed}, {shown:?}: markers and aborted ones too");
}
