//! Several topics in one feed: a reader for each, their rows merged by time.
//!
//! A row is handed over when every topic that has not reached its end has a row to compare it with. The newest records
//! are collected first, because none is known to be among them before all topics have told theirs.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::Poll;

use tokio::sync::mpsc;

use super::outbox::{Outbox, Skipping, Stop};
use super::reader;
use super::spec::TopicSpec;
use crate::kafka::client::Client;
use crate::kafka::error::Error;
use crate::kafka::model::{Isolation, Row};
use crate::kafka::older;
use crate::kafka::partial::Failure;
use crate::kafka::query::{Began, FeedBatch};
use crate::position::Start;
use crate::task::{Task, spawn};

/// Batches of one topic that may wait.
const WAITING: usize = 1;

/// One topic's reader, and what it has handed over.
struct Lane {
    topic: String,
    batches_rx: mpsc::Receiver<Result<FeedBatch, Error>>,
    _reader: Task<()>,
    rows: VecDeque<Row>,
    /// Whether it has read what was there at the start.
    at_end: bool,
    /// Whether its reader has ended, and why.
    over: Option<Result<(), Error>>,
    failures: Vec<Failure>,
}

/// Reads several topics.
pub(super) async fn read(
    client: Client,
    specs: Vec<TopicSpec>,
    mut outbox: Outbox,
    skipping: Skipping,
) -> Result<(), Stop> {
    let newest = specs.first().and_then(|spec| match spec.start {
        Start::Newest(count) => Some((count, spec.isolation)),
        _ => None,
    });
    let mut lanes: Vec<Lane> = specs
        .into_iter()
        .map(|spec| Lane::open(client.clone(), spec, skipping.clone()))
        .collect();
    if let Some((count, isolation)) = newest {
        while !lanes.iter().all(Lane::is_settled) {
            take_one(&mut lanes, &mut outbox, |lane| !lane.is_settled()).await;
        }
        for (topic, row) in take_newest(&mut lanes, count, isolation) {
            outbox.push_of(topic, row).await?;
        }
    }
    loop {
        while take_ready(&mut lanes, &mut outbox) {}
        if let Some((topic, row)) = next_row(&mut lanes) {
            outbox.push_of(topic, row).await?;
            continue;
        }
        tell(&lanes, &mut outbox);
        outbox.flush().await?;
        if lanes.iter().all(|lane| lane.over.is_some()) {
            return finish(&lanes);
        }
        take_one(&mut lanes, &mut outbox, |lane| lane.rows.is_empty()).await;
    }
}

impl Lane {
    fn open(client: Client, spec: TopicSpec, skipping: Skipping) -> Self {
        let (batches_tx, batches_rx) = mpsc::channel(WAITING);
        let topic = spec.topic.to_string();
        let reader = async move {
            let outbox = Outbox::new(batches_tx.clone(), None);
            if let Err(Stop::Failed(error)) = reader::read(client, spec, outbox, skipping).await {
                // When this fails nobody listens any more.
                batches_tx.send(Err(error)).await.ok();
            }
        };
        Self {
            topic,
            batches_rx,
            _reader: spawn(reader),
            rows: VecDeque::new(),
            at_end: false,
            over: None,
            failures: Vec::new(),
        }
    }

    fn is_settled(&self) -> bool {
        self.at_end || self.over.is_some()
    }

    fn take(&mut self, batch: Option<Result<FeedBatch, Error>>) -> News {
        match batch {
            Some(Ok(batch)) => {
                self.rows.extend(batch.rows);
                self.at_end |= batch.at_end;
                self.failures = batch.failures;
                return News {
                    began: batch.began,
                    skipped: batch.skipped,
                };
            }
            Some(Err(error)) => self.over = Some(Err(error)),
            None => self.over = self.over.take().or(Some(Ok(()))),
        }
        News::default()
    }

    /// Time of the next row. One without a time comes before all others, where its neighbours are.
    fn time(&self) -> Option<i64> {
        Some(self.rows.front()?.timestamp().millis().unwrap_or(i64::MIN))
    }
}

/// What a batch says that goes on at once.
#[derive(Default)]
struct News {
    began: Vec<Began>,
    skipped: u64,
}

impl News {
    fn pass_on(self, topic: usize, outbox: &mut Outbox) {
        let topic = topic as u16;
        outbox.began(self.began.into_iter().map(|began| Began { topic, ..began }));
        outbox.skipped(self.skipped);
    }
}

/// Waits until one of the lanes that `is_wanted` hands over something, or ends.
async fn take_one(lanes: &mut [Lane], outbox: &mut Outbox, is_wanted: impl Fn(&Lane) -> bool) {
    let (index, batch) = poll_fn(|context| {
        for (index, lane) in lanes.iter_mut().enumerate() {
            if lane.over.is_none()
                && is_wanted(lane)
                && let Poll::Ready(batch) = lane.batches_rx.poll_recv(context)
            {
                return Poll::Ready((index, batch));
            }
        }
        Poll::Pending
    })
    .await;
    lanes[index].take(batch).pass_on(index, outbox);
}

/// Takes a batch that is there already, for a lane without rows; `false` when there is none.
fn take_ready(lanes: &mut [Lane], outbox: &mut Outbox) -> bool {
    for (index, lane) in lanes.iter_mut().enumerate() {
        if lane.over.is_none()
            && lane.rows.is_empty()
            && let Ok(batch) = lane.batches_rx.try_recv()
        {
            lane.take(Some(batch)).pass_on(index, outbox);
            return true;
        }
    }
    false
}

/// The earliest row, once every topic that is not at its end has one.
fn next_row(lanes: &mut [Lane]) -> Option<(u16, Row)> {
    if lanes.iter().any(|lane| lane.rows.is_empty() && !lane.is_settled()) {
        return None;
    }
    let filled = lanes.iter_mut().enumerate().filter(|(_, lane)| !lane.rows.is_empty());
    let (index, earliest) = filled.min_by_key(|(index, lane)| (lane.time(), *index))?;
    Some((index as u16, earliest.rows.pop_front()?))
}

/// The newest `count` records of all lanes, oldest first; what is older is let go.
fn take_newest(lanes: &mut [Lane], count: usize, isolation: Isolation) -> Vec<(u16, Row)> {
    let rows = lanes.iter_mut().map(|lane| lane.rows.drain(..).collect());
    older::merge(rows.collect(), count, isolation)
}

fn tell(lanes: &[Lane], outbox: &mut Outbox) {
    let mut failures: Vec<Failure> = lanes.iter().flat_map(|lane| lane.failures.iter().cloned()).collect();
    for lane in lanes {
        if let Some(Err(error)) = &lane.over {
            failures.push(Failure::new(lane.topic.clone(), error.clone()));
        }
    }
    outbox.say(lanes.iter().all(Lane::is_settled), failures);
}

/// All readers have ended: that is an error only when none could read.
fn finish(lanes: &[Lane]) -> Result<(), Stop> {
    let mut outcomes = lanes.iter().filter_map(|lane| lane.over.as_ref());
    if outcomes.clone().all(Result::is_err)
        && let Some(Err(error)) = outcomes.next()
    {
        return Err(Stop::Failed(error.clone()));
    }
    Ok(())
}
