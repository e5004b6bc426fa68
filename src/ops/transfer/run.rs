//! The run itself: chunks in their order, at most five of them unsettled, the checkpoint before each.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::checkpoint::{Checkpoint, Keeper, LaneMark, OpenMark, ShareMark};
use super::cut::{Chunk, Mark};
use super::outcome::{Failed, Outcome, Progress, Stopped};
use super::prepare::{BadLine, OnBad, Prepared, Recipe};
use super::source::Chunks;
use super::tail::Arrived;
use crate::kafka::model::{Offset, PartitionId};
use crate::kafka::send::{Sender, Settled, WINDOW};

/// Bad lines that are kept with their reason; of more only their number.
const KEPT: usize = 1000;

/// How to run.
#[derive(Clone, Debug)]
pub struct Spec {
    /// How lines become batches.
    pub recipe: Recipe,
    /// Which partition the first records without key go to.
    pub first: u64,
    /// Records a second at most.
    pub rate: Option<u32>,
}

/// A chunk that is being sent.
struct Open {
    to: Mark,
    shares: Vec<Sent>,
    left: usize,
}

struct Sent {
    mark: ShareMark,
    lines: Vec<u64>,
    /// The offset behind it, once it is known.
    behind: Option<i64>,
}

type Preparing = VecDeque<(Chunk, JoinHandle<Prepared>)>;

/// A run under way.
pub struct Run<'a> {
    recipe: Arc<Recipe>,
    first: u64,
    rate: Option<u32>,
    sender: Sender,
    keeper: Option<(&'a mut Keeper, Checkpoint)>,
    arrived: Arrived,
    /// What may have been on its way when an earlier process was killed.
    expected: Vec<OpenMark>,
    open: VecDeque<Open>,
    /// Up to here everything is stored.
    done: Mark,
    outcome: Outcome,
    gate: Option<Instant>,
    progress: watch::Sender<Progress>,
}

impl<'a> Run<'a> {
    /// A run from the beginning, without a checkpoint.
    pub fn new(spec: Spec, sender: Sender, progress: watch::Sender<Progress>) -> Self {
        Self {
            recipe: Arc::new(spec.recipe),
            first: spec.first,
            rate: spec.rate,
            sender,
            keeper: None,
            arrived: Arrived::new(),
            expected: Vec::new(),
            open: VecDeque::new(),
            done: Mark::default(),
            outcome: Outcome::default(),
            gate: None,
            progress,
        }
    }

    /// The same from `checkpoint` on, which is kept up to date. `arrived` are batches behind it that are in the topic.
    pub fn kept(mut self, keeper: &'a mut Keeper, checkpoint: Checkpoint, arrived: Arrived) -> Self {
        for (partition, lane) in &checkpoint.lanes {
            self.sender.start_at(PartitionId(*partition), lane.sequence);
        }
        (self.done, self.outcome.to) = (checkpoint.done, checkpoint.reached());
        self.expected.clone_from(&checkpoint.open);
        self.arrived = arrived;
        self.keeper = Some((keeper, checkpoint));
        self
    }

    /// Sends everything that comes from `chunks`, until the input or `cancel` ends it.
    pub async fn run(mut self, mut chunks: Chunks, mut cancel: watch::Receiver<bool>) -> Outcome {
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let mut preparing = Preparing::new();
        let mut is_over = false;
        loop {
            let goes_on = self.outcome.stopped.is_none();
            let is_idle = self.sender.is_idle();
            if is_idle && (!goes_on || (is_over && preparing.is_empty())) {
                break;
            }
            let has_room = goes_on && self.open.len() < WINDOW && self.gate.is_none();
            let gate = self.gate.unwrap_or_else(Instant::now);
            tokio::select! {
                Some(settled) = self.sender.next(), if !is_idle => self.settle(settled),
                Some(prepared) = ready(&mut preparing), if has_room => {
                    let (chunk, prepared) = prepared;
                    self.place(&chunk, prepared);
                }
                chunk = chunks.recv(), if goes_on && !is_over && preparing.len() <= cores => match chunk {
                    Some(Ok(chunk)) => self.prepare(&mut preparing, chunk),
                    Some(Err(error)) => {
                        // What was read before it is whole, and is sent.
                        is_over = true;
                        while let Some((chunk, prepared)) = ready(&mut preparing).await {
                            self.drain_for_room().await;
                            self.place(&chunk, prepared);
                        }
                        self.outcome.stopped.get_or_insert(Stopped::Unreadable(error.to_string()));
                    }
                    None => is_over = true,
                },
                () = sleep_until(gate), if self.gate.is_some() && goes_on => self.gate = None,
                Ok(()) = cancel.changed(), if goes_on => {
                    if *cancel.borrow() {
                        self.outcome.stopped = Some(Stopped::Cancelled);
                    }
                }
            }
        }
        self.finish()
    }

    async fn drain_for_room(&mut self) {
        while self.open.len() >= WINDOW {
            match self.sender.next().await {
                Some(settled) => self.settle(settled),
                None => return,
            }
        }
    }

    fn prepare(&self, preparing: &mut Preparing, chunk: Chunk) {
        let (recipe, first, bytes) = (Arc::clone(&self.recipe), self.first, Vec::new());
        let was_sent = self.expected.iter().any(|expected| expected.to.chunk == chunk.to.chunk);
        // The worker alone needs the bytes.
        let marks = Chunk { bytes, ..chunk };
        let handle = tokio::task::spawn_blocking(move || {
            let prepared = recipe.prepare(&chunk, first, was_sent);
            recipe.spare.put(chunk.bytes);
            prepared
        });
        preparing.push_back((marks, handle));
    }

    /// Numbers a chunk's batches, writes the checkpoint, sends them.
    fn place(&mut self, chunk: &Chunk, prepared: Prepared) {
        if self.outcome.stopped.is_some() {
            return;
        }
        self.note_bad(&prepared);
        if self.outcome.stopped.is_some() {
            return;
        }
        self.outcome.short_lived += prepared.short_lived;
        let next: BTreeMap<PartitionId, i32> = self.sender.sequences().collect();
        let (mut shares, mut batches) = (Vec::new(), Vec::new());
        for share in prepared.shares {
            let mark = ShareMark {
                partition: share.partition.0,
                sequence: next.get(&share.partition).copied().unwrap_or(0),
                count: share.batch.count(),
            };
            batches.push(share.batch);
            shares.push(Sent {
                mark,
                lines: share.lines,
                behind: None,
            });
        }
        let open = OpenMark {
            to: chunk.to,
            shares: shares.iter().map(|share| share.mark).collect(),
        };
        if let Some(expected) = self
            .expected
            .iter()
            .find(|expected| expected.to.chunk == chunk.to.chunk)
            && *expected != open
        {
            self.outcome.stopped = Some(Stopped::Changed);
            return;
        }
        if let Err(error) = self.keep(open) {
            self.outcome.stopped = Some(Stopped::NoCheckpoint(error.to_string()));
            return;
        }
        let mut left = 0;
        for (share, batch) in shares.iter().zip(batches) {
            let partition = PartitionId(share.mark.partition);
            if self.arrived.contains(&(partition, share.mark.sequence)) {
                self.sender.skip(partition, share.mark.count);
                self.outcome.found += share.mark.count as u64;
            } else {
                self.sender.push(chunk.to.chunk, partition, batch);
                left += 1;
            }
        }
        if chunk.to.chunk > self.outcome.to.chunk {
            self.outcome.to = chunk.to;
        }
        if let Some(rate) = self.rate {
            let pause = Duration::from_secs_f64(prepared.records as f64 / f64::from(rate.max(1)));
            self.gate = Some(Instant::now() + pause);
        }
        self.open.push_back(Open {
            to: chunk.to,
            shares,
            left,
        });
        self.pass();
    }

    /// Notes what of a chunk cannot be sent, and whether that ends the run.
    fn note_bad(&mut self, prepared: &Prepared) {
        let room = KEPT.saturating_sub(self.outcome.bad.len());
        self.outcome.bad_count += prepared.bad_count;
        self.outcome.bad.extend(prepared.bad.iter().take(room).cloned());
        self.outcome.stopped = match &prepared.broken {
            Some(why) => Some(Stopped::Unreadable(why.clone())),
            None => (prepared.bad_count > 0 && self.recipe.on_bad == OnBad::Stop).then_some(Stopped::BadLine),
        };
    }

    fn keep(&mut self, open: OpenMark) -> io::Result<()> {
        let Some((keeper, checkpoint)) = &mut self.keeper else {
            return Ok(());
        };
        checkpoint
            .open
            .retain(|known| known.to.chunk != open.to.chunk && known.to.chunk > checkpoint.done.chunk);
        checkpoint.open.push(open);
        keeper.write(checkpoint)
    }

    fn settle(&mut self, settled: Settled) {
        let Some(open) = self.open.iter_mut().find(|open| open.to.chunk == settled.tag) else {
            return;
        };
        let Some(share) = open
            .shares
            .iter_mut()
            .find(|share| share.mark.partition == settled.partition.0)
        else {
            return;
        };
        match settled.outcome {
            Ok(offset) => {
                open.left -= 1;
                let got = self.outcome.got.entry(settled.partition).or_default();
                got.records += settled.count as u64;
                self.outcome.records += settled.count as u64;
                if let Some(Offset(first)) = offset {
                    let behind = first + i64::from(settled.count);
                    share.behind = Some(behind);
                    got.first = Some(got.first.map_or(Offset(first), |known| known.min(Offset(first))));
                    got.last = Some(
                        got.last
                            .map_or(Offset(behind - 1), |known| known.max(Offset(behind - 1))),
                    );
                }
            }
            Err(unsent) => {
                self.outcome.stopped.get_or_insert(Stopped::Failed);
                let blamed = unsent.records.into_iter().filter_map(|(at, why)| {
                    let line = *share.lines.get(usize::try_from(at).ok()?)?;
                    Some(BadLine { line, why })
                });
                let blamed = blamed.collect();
                // Bounded by what may be open: after the first nothing more is placed.
                self.outcome.failed.push(Failed {
                    partition: settled.partition,
                    blamed,
                    lines: std::mem::take(&mut share.lines),
                    error: unsent.error,
                    is_unknown: unsent.is_unknown,
                });
            }
        }
        self.pass();
    }

    /// Passes over what is settled from the oldest chunk on.
    fn pass(&mut self) {
        while let Some(open) = self.open.pop_front_if(|open| open.left == 0) {
            self.done = open.to;
            if let Some((_, checkpoint)) = &mut self.keeper {
                checkpoint.done = open.to;
                for share in &open.shares {
                    let lane = checkpoint
                        .lanes
                        .entry(share.mark.partition)
                        .or_insert(LaneMark { sequence: 0, offset: 0 });
                    lane.sequence = crate::kafka::send::after(share.mark.sequence, share.mark.count);
                    lane.offset = share.behind.unwrap_or(lane.offset).max(lane.offset);
                    checkpoint.records += share.mark.count as u64;
                }
            }
        }
        self.progress.send_replace(Progress {
            records: self.outcome.records + self.outcome.found,
            position: self.done.position,
        });
    }

    fn finish(mut self) -> Outcome {
        let is_complete = self.outcome.stopped.is_none();
        if let Some((keeper, checkpoint)) = &mut self.keeper {
            checkpoint.open.retain(|known| known.to.chunk > checkpoint.done.chunk);
            checkpoint.is_complete = is_complete;
            if let Err(error) = keeper.write(checkpoint) {
                self.outcome
                    .stopped
                    .get_or_insert(Stopped::NoCheckpoint(error.to_string()));
            }
        }
        self.outcome
    }
}

/// The oldest chunk that is being prepared, when it is; `None` where there is none.
async fn ready(preparing: &mut Preparing) -> Option<(Chunk, Prepared)> {
    let (_, handle) = preparing.front_mut()?;
    let prepared = handle.await.unwrap_or_else(|error| Prepared {
        broken: Some(format!("a worker failed: {error}")),
        ..Prepared::default()
    });
    preparing.pop_front().map(|(chunk, _)| (chunk, prepared))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_that_fails_takes_no_line_with_it_unsaid() {
        let chunk = Chunk {
            from: Mark::default(),
            to: Mark::default(),
            bytes: Vec::new(),
        };
        let failed = tokio::task::spawn_blocking(|| -> Prepared { panic!("boom") });
        let mut preparing = Preparing::from([(chunk, failed)]);
        let (_, prepared) = ready(&mut preparing).await.unwrap();
        assert!(prepared.broken.unwrap().contains("a worker failed"));
        assert!(ready(&mut preparing).await.is_none());
    }
}
