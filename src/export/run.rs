//! An export under way: what the scan says goes to the writer.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::checkpoint::{Checkpoint, Gap, Part};
use super::lines::{LineMaker, Lines, Packing};
use super::plan;
use super::prepare::write_error;
use super::writer::{Order, Writer};
use super::{Export, ExportError};
use crate::kafka::model::TopicPartition;
use crate::kafka::partial::Failure;
use crate::kafka::scan::{self, Lost, Range, Scan, ScanSpec, Step, Tally};
use crate::position::Until;

/// A limit below which the first answers are kept small: nothing is fetched that nobody needs.
const SMALL: u64 = 10_000;

/// How long who was told to stop waits for a file to have what is under way, and its checkpoint.
const FILE_GRACE: Duration = Duration::from_secs(10);
/// The same for a pipe: whoever reads may have paused.
const STREAM_GRACE: Duration = Duration::from_millis(500);

/// How far an export is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Offsets that have been passed, and how many there are; `None` where it follows.
    pub offsets: (i64, Option<i64>),
    /// Records written, those before an interruption included.
    pub records: u64,
    /// What was seen.
    pub tally: Tally,
    /// What cannot be read at the moment.
    pub delayed: Vec<Failure>,
    /// Partitions that were given up.
    pub failures: Vec<Failure>,
}

/// Why an export ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All that was asked for is written.
    Complete,
    /// Some partitions could not be read to their end.
    Incomplete,
    /// It was told to stop.
    Stopped,
    /// Nobody reads what is written.
    Closed,
}

/// What came of an export.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Why it ended.
    pub ending: Ending,
    /// Where it stands.
    pub state: Checkpoint,
    /// What was seen, in this run.
    pub tally: Tally,
    /// Partitions that could not be read to their end.
    pub failures: Vec<Failure>,
}

struct Run<'a> {
    writer: Writer,
    packing: Packing,
    /// Where each partition stands in the checkpoint.
    parts: HashMap<TopicPartition, (usize, i64)>,
    count: usize,
    /// Records that may still be written.
    left: Option<u64>,
    /// What was lost in this run.
    gaps: Vec<Gap>,
    progress: Progress,
    progress_tx: &'a watch::Sender<Progress>,
}

/// What a step means for the run.
enum Next {
    GoOn,
    End(Ending),
}

impl Export {
    /// Runs it to its end, or until `stop` is ready. Progress is told as it comes.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub async fn run(
        self,
        progress_tx: &watch::Sender<Progress>,
        stop: impl Future<Output = ()>,
    ) -> Result<Outcome, ExportError> {
        let Self {
            client,
            spec,
            plan,
            state,
            target,
            packing,
            paths,
            name,
        } = self;
        let left = spec.limit.map(|limit| limit.saturating_sub(state.records));
        let is_followed = spec.until == Until::Follow;
        let scan_spec = ScanSpec {
            isolation: spec.isolation,
            times: plan.times,
            filter: spec.filter,
            patience: spec.patience,
            starts_small: left.is_some_and(|left| left < SMALL),
            grows: if is_followed && spec.from.reads_all(&spec.partitions) {
                plan.topics.keys().map(|topic| topic.as_str().into()).collect()
            } else {
                Vec::new()
            },
            late: plan.late.clone(),
            ..ScanSpec::new(plan.ranges.clone())
        };
        let is_counted = spec.limit.is_some();
        let make = || LineMaker::new(spec.format.clone(), packing, is_counted, client.clone());
        let mut scan: Scan<LineMaker> = Scan::start(client.clone(), scan_spec, make);
        let head = spec.format.head().to_vec();
        let parts = state.parts.iter().enumerate().map(|(index, part)| {
            let name = TopicPartition::new(part.topic.as_str(), part.partition);
            (name, (index, part.next))
        });
        let mut run = Run {
            parts: parts.collect(),
            count: state.parts.len(),
            packing,
            left,
            gaps: Vec::new(),
            progress: begun(&state, is_followed),
            progress_tx,
            writer: Writer::start(target, state, head, packing, scan.recycler())
                .map_err(|error| write_error(&name, error))?,
        };
        let mut stop = pin!(stop);
        let mut ending = run.read(&mut scan, stop.as_mut()).await;
        drop(scan);
        if ending == Some(Ending::Complete) && paths.is_some() {
            // The last look: offsets of a topic that was made anew meanwhile mean something else.
            if let Err(error) = plan.check(&client).await {
                run.progress.failures.push(Failure::new("the export", error));
                ending = Some(Ending::Incomplete);
            }
        }
        run.end(ending, &name, stop, paths.is_none()).await
    }
}

impl Run<'_> {
    /// Reads to an end; `None` when a task panicked.
    async fn read(
        &mut self,
        scan: &mut Scan<LineMaker>,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Option<Ending> {
        let mut gone = pin!(self.writer.gone());
        loop {
            if self.left == Some(0) {
                return Some(Ending::Complete);
            }
            // What is dropped half-way was not handed to the writer, so it is not in the checkpoint either.
            let next = tokio::select! {
                biased;
                () = &mut stop => return Some(Ending::Stopped),
                // Noticed here, for nothing more may come that it could be told.
                () = &mut gone => return Some(Ending::Closed),
                next = self.step(scan) => next?,
            };
            self.progress_tx.send_replace(self.progress.clone());
            if let Next::End(ending) = next {
                return Some(ending);
            }
        }
    }

    /// Takes one step; `None` when a task panicked.
    async fn step(&mut self, scan: &mut Scan<LineMaker>) -> Option<Next> {
        Some(match scan.next().await {
            None if self.progress.failures.is_empty() => Next::End(Ending::Complete),
            None => Next::End(Ending::Incomplete),
            Some(Step::Crashed) => return None,
            Some(Step::Part(part)) => self.part(part).await,
            Some(Step::Lost(lost)) => self.lost(lost).await,
            Some(Step::Delayed(failure)) => {
                self.read_again(&failure.what);
                self.progress.delayed.push(failure);
                Next::GoOn
            }
            Some(Step::Resumed(partition)) => {
                self.read_again(&partition.to_string());
                Next::GoOn
            }
            Some(Step::Failed { partition, error, .. }) => {
                let what = partition.to_string();
                self.read_again(&what);
                self.progress.failures.push(Failure::new(what, error));
                Next::GoOn
            }
        })
    }

    async fn part(&mut self, part: scan::Part<Lines>) -> Next {
        let mut lines = part.made;
        let (mut records, mut next) = (part.tally.matches, part.next.0);
        if let Some(left) = &mut self.left {
            if records > *left {
                let count = usize::try_from(*left).unwrap_or(usize::MAX);
                next = lines.cut(count, self.packing).unwrap_or(next);
                records = *left;
            }
            *left -= records;
        }
        let Some(index) = self.passed(&part.partition, next).await else {
            return Next::End(Ending::Closed);
        };
        self.progress.tally += &part.tally;
        self.progress.records += records;
        let order = Order::Lines {
            index,
            lines,
            records,
            unreadable: part.tally.unreadable,
            unjudged: part.tally.errors,
            next,
            held: part.held,
        };
        self.tell(order).await
    }

    /// It is not waited for any more.
    fn read_again(&mut self, what: &str) {
        self.progress.delayed.retain(|known| known.what != what);
    }

    async fn lost(&mut self, lost: Lost) -> Next {
        let Some(index) = self.passed(&lost.partition, lost.to.0).await else {
            return Next::End(Ending::Closed);
        };
        let gap = Gap {
            topic: lost.partition.topic.to_string(),
            partition: lost.partition.partition.0,
            from: lost.from.0,
            to: lost.to.0,
        };
        self.gaps.push(gap.clone());
        self.tell(Order::Gap(index, gap)).await
    }

    /// Where a partition stands in the checkpoint, one that was added included.
    async fn passed(&mut self, partition: &TopicPartition, next: i64) -> Option<usize> {
        if let Some((index, at)) = self.parts.get_mut(partition) {
            self.progress.offsets.0 += (next - *at).max(0);
            *at = next;
            return Some(*index);
        }
        let index = self.count;
        self.count += 1;
        self.parts.insert(partition.clone(), (index, next));
        let range = Range {
            partition: partition.clone(),
            from: crate::kafka::model::Offset(0),
            to: None,
        };
        let part: Part = plan::part(&range);
        self.writer.tell(Order::Part(part)).await.then_some(index)
    }

    async fn tell(&self, order: Order) -> Next {
        if self.writer.tell(order).await {
            Next::GoOn
        } else {
            Next::End(Ending::Closed)
        }
    }

    /// Waits for what is under way to be written; once it is to stop, no longer than its grace.
    async fn end(
        self,
        ending: Option<Ending>,
        path: &Path,
        stop: Pin<&mut impl Future<Output = ()>>,
        is_stream: bool,
    ) -> Result<Outcome, ExportError> {
        let grace = if is_stream { STREAM_GRACE } else { FILE_GRACE };
        let outcome = |ending, state| Outcome {
            ending,
            state,
            tally: self.progress.tally.clone(),
            failures: self.progress.failures.clone(),
        };
        let mut written = pin!(self.writer.end(ending == Some(Ending::Complete)));
        let in_time = if ending == Some(Ending::Stopped) {
            None
        } else {
            tokio::select! {
                biased;
                written = &mut written => Some(written),
                () = stop => None,
            }
        };
        let written = match in_time {
            Some(written) => written,
            None => match timeout(grace, written).await {
                Ok(written) => written,
                // Nobody reads: what is in the pipe is all that there will be.
                Err(_) if is_stream => {
                    let mut state = Checkpoint::default();
                    state.gaps = self.gaps;
                    return Ok(outcome(Ending::Stopped, state));
                }
                Err(_) => {
                    let error = io::Error::new(io::ErrorKind::TimedOut, "it does not take what is written");
                    (Checkpoint::default(), Err(error))
                }
            },
        };
        match (written, ending) {
            (_, None) => Err(ExportError::Crashed),
            ((state, Ok(())), Some(ending)) => Ok(outcome(ending, state)),
            ((state, Err(error)), _) if error.kind() == io::ErrorKind::BrokenPipe => Ok(outcome(Ending::Closed, state)),
            ((_, Err(error)), _) => Err(write_error(path, error)),
        }
    }
}

fn begun(state: &Checkpoint, is_followed: bool) -> Progress {
    let passed = state.parts.iter().map(|part| part.next - part.from).sum();
    let total = state.parts.iter().filter_map(|part| Some(part.to? - part.from)).sum();
    Progress {
        offsets: (passed, (!is_followed).then_some(total)),
        records: state.records,
        ..Progress::default()
    }
}
