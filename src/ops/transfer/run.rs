//! The run itself: chunks in their order, at most five of them unsettled, the checkpoint before each.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::checkpoint::{Checkpoint, Keeper, LaneMark, OpenMark, ShareMark};
use super::cut::{Chunk, Mark};
use super::outcome::{Failed, Outcome, Progress, Stopped};
use super::prepare::{BadLine, OnBad, Prepared, Recipe, Share};
use super::preparing::Preparing;
use super::source::Chunks;
use super::tail::Arrived;
use crate::kafka::model::{Offset, PartitionId};
use crate::kafka::records::NewBatch;
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

/// A run under way.
pub struct Run<'a> {
    preparing: Preparing,
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
            preparing: Preparing::new(spec.recipe, spec.first),
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
        let (mut is_over, mut unreadable) = (false, None);
        loop {
            let goes_on = self.outcome.stopped.is_none();
            let is_idle = self.sender.is_idle();
            if is_idle && (!goes_on || (is_over && self.preparing.is_empty())) {
                break;
            }
            let has_room = goes_on && self.open.len() < WINDOW && self.gate.is_none();
            let gate = self.gate.unwrap_or_else(Instant::now);
            tokio::select! {
                Some(settled) = self.sender.next(), if !is_idle => self.settle(settled),
                Some((to, prepared)) = self.preparing.next(), if has_room => self.place(to, prepared),
                chunk = chunks.recv(), if goes_on && !is_over && self.preparing.has_room() => match chunk {
                    Some(Ok(chunk)) => self.prepare(chunk),
                    // What was read before it is whole, and is sent.
                    Some(Err(error)) => (is_over, unreadable) = (true, Some(error.to_string())),
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
        if let Some(why) = unreadable {
            self.outcome.stopped.get_or_insert(Stopped::Unreadable(why));
        }
        self.finish()
    }

    fn prepare(&mut self, chunk: Chunk) {
        let was_sent = self.expected(chunk.to).is_some();
        self.preparing.push(chunk, was_sent);
    }

    /// What an earlier process may have sent of the chunk that ends at `to`.
    fn expected(&self, to: Mark) -> Option<&OpenMark> {
        self.expected.iter().find(|expected| expected.to.chunk == to.chunk)
    }

    /// Numbers a chunk's batches, writes the checkpoint, sends them.
    fn place(&mut self, to: Mark, prepared: Prepared) {
        if let Some(why) = self.note_bad(&prepared) {
            self.outcome.stopped = Some(why);
            return;
        }
        self.outcome.short_lived += prepared.short_lived;
        let (shares, batches) = self.numbered(prepared.shares);
        let open = OpenMark {
            to,
            shares: shares.iter().map(|share| share.mark).collect(),
        };
        if self.expected(to).is_some_and(|expected| *expected != open) {
            self.outcome.stopped = Some(Stopped::Changed);
            return;
        }
        if let Err(error) = self.keep(open) {
            self.outcome.stopped = Some(Stopped::NoCheckpoint(error.to_string()));
            return;
        }
        self.push(to, shares, batches);
        if let Some(rate) = self.rate {
            let pause = Duration::from_secs_f64(prepared.records as f64 / f64::from(rate.max(1)));
            self.gate = Some(Instant::now() + pause);
        }
        self.pass();
    }

    /// The batches of a chunk with the numbers they will have.
    fn numbered(&self, shares: Vec<Share>) -> (Vec<Sent>, Vec<NewBatch>) {
        let numbered = shares.into_iter().map(|share| {
            let mark = ShareMark {
                partition: share.partition.0,
                sequence: self.sender.next_sequence(share.partition),
                count: share.batch.count(),
            };
            let sent = Sent {
                mark,
                lines: share.lines,
                behind: None,
            };
            (sent, share.batch)
        });
        numbered.unzip()
    }

    /// Sends a chunk's batches, but those that are there already.
    fn push(&mut self, to: Mark, shares: Vec<Sent>, batches: Vec<NewBatch>) {
        let mut left = 0;
        for (share, batch) in shares.iter().zip(batches) {
            let partition = PartitionId(share.mark.partition);
            if self.arrived.contains(&(partition, share.mark.sequence)) {
                self.sender.skip(partition, share.mark.count);
                self.outcome.found += share.mark.count as u64;
            } else {
                self.sender.push(to.chunk, partition, batch);
                left += 1;
            }
        }
        if to.chunk > self.outcome.to.chunk {
            self.outcome.to = to;
        }
        self.open.push_back(Open { to, shares, left });
    }

    /// Notes what of a chunk cannot be sent; why that ends the run, if it does.
    fn note_bad(&mut self, prepared: &Prepared) -> Option<Stopped> {
        let room = KEPT.saturating_sub(self.outcome.bad.len());
        self.outcome.bad_count += prepared.bad_count;
        self.outcome.bad.extend(prepared.bad.iter().take(room).cloned());
        match &prepared.broken {
            Some(why) => Some(Stopped::Unreadable(why.clone())),
            None => {
                (prepared.bad_count > 0 && self.preparing.recipe().on_bad == OnBad::Stop).then_some(Stopped::BadLine)
            }
        }
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
