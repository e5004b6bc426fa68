//! Reads whole ranges of logs as fast as brokers and cores allow: what searches and exports stand on.
//!
//! ```text
//!   ranges -> reader: one Fetch per leader under way ─ batches ─▶ workers, one per core:     ─ parts ─▶ Scan::next
//!             while the last answer is worked on                  bounds, inflate, filter,              in order per
//!             metadata and log starts where it fails              Make::record                          partition
//! ```
//!
//! Bytes come before records: a batch whose header is out of bounds is not decompressed, and of a batch only those
//! records are cut out around which the filter finds something. What a worker makes of a record is the caller's choice
//! ([`Make`]): rows for a screen, lines for a file.
//!
//! A range ends by position: when everything below its end has been passed, or when its partition could not be read
//! for too long ([`Step::Failed`]). Nothing is fetched while nobody takes what is there; dropping the [`Scan`] ends it.

mod jobs;
mod late;
mod made;
mod make;
mod newest;
mod pieces;
mod pool;
mod queue;
mod reader;
mod size;
mod span;
mod tally;
mod track;
mod turns;
mod work;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::filter::Filter;
use crate::kafka::client::{Client, Isolation};
use crate::kafka::error::Error;
use crate::kafka::model::{Offset, TopicName, TopicPartition};
use crate::kafka::partial::Failure;
use crate::task::{Task, spawn};

pub use late::{Late, Origin};
pub use made::Held;
pub use make::{Found, Make};
pub use newest::newest;
pub use span::{Span, spans};
pub use tally::{EXAMPLES, Tally};

use made::{PartsRx, Store};
use pool::Pending;

/// Bytes of answers that are under way or worked on, unless the spec says otherwise.
pub const MEMORY: usize = 6 << 20;
/// How long a partition may fail, unless the spec says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A part of one partition's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The partition.
    pub partition: TopicPartition,
    /// First offset wanted.
    pub from: Offset,
    /// The offset after the last one wanted; `None` goes on with what is written.
    pub to: Option<Offset>,
}

/// Which timestamps are wanted, in Unix milliseconds. Records without one are only wanted where there is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeBounds {
    /// The first wanted.
    pub from: Option<i64>,
    /// The first not wanted any more.
    pub to: Option<i64>,
}

/// What to read and what to look for.
#[derive(Clone, Debug)]
pub struct ScanSpec {
    /// The ranges; each partition at most once.
    pub ranges: Vec<Range>,
    /// Whether records of aborted and open transactions are left out.
    pub isolation: Isolation,
    /// Which timestamps are wanted.
    pub times: TimeBounds,
    /// Which records are wanted.
    pub filter: Option<Filter>,
    /// How long a partition may fail before it is given up; one that is followed never is.
    pub patience: Duration,
    /// Bytes of answers that may be under way or worked on. One batch that is larger comes all the same.
    pub memory: usize,
    /// Whether to begin with small answers, for a reader who may need only the first records.
    pub starts_small: bool,
    /// Partitions that could not be asked yet and are followed too.
    pub late: Vec<Late>,
    /// Topics whose partitions are followed from their start when they are added: all that are neither among the ranges
    /// nor late.
    pub grows: Vec<TopicName>,
}

impl ScanSpec {
    /// Everything in these ranges that is committed.
    pub fn new(ranges: Vec<Range>) -> Self {
        Self {
            ranges,
            isolation: Isolation::ReadCommitted,
            times: TimeBounds::default(),
            filter: None,
            patience: PATIENCE,
            memory: MEMORY,
            starts_small: false,
            late: Vec::new(),
            grows: Vec::new(),
        }
    }
}

/// What came of some stretch of a partition.
#[derive(Debug)]
pub struct Part<M> {
    /// The partition.
    pub partition: TopicPartition,
    /// What was made of the wanted records.
    pub made: M,
    /// What was seen.
    pub tally: Tally,
    /// Everything below this offset has been passed: where to go on after a break.
    pub next: Offset,
    /// The room that it takes: to be dropped when it is used up.
    pub held: Held,
}

/// A stretch that was deleted before it could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The partition.
    pub partition: TopicPartition,
    /// The first offset that is gone.
    pub from: Offset,
    /// The first that is there again, or the end of the range.
    pub to: Offset,
}

/// One thing a scan has to say.
#[derive(Debug)]
pub enum Step<M> {
    /// A piece has been read.
    Part(Part<M>),
    /// Retention was faster. Reading goes on behind the gap.
    Lost(Lost),
    /// A partition cannot be read at the moment; it is asked for again.
    Delayed(Failure),
    /// A partition that was delayed, or late, is read again.
    Resumed(TopicPartition),
    /// A partition is given up: everything below `at` has been handed over.
    Failed {
        /// The partition.
        partition: TopicPartition,
        /// Where it stopped.
        at: Offset,
        /// Why.
        error: Error,
    },
    /// ktui itself failed: a task of the scan has panicked. Nothing more comes.
    Crashed,
}

/// A scan under way.
#[derive(Debug)]
pub struct Scan<M: Make> {
    pending_rx: mpsc::Receiver<Pending<M::Made>>,
    /// Taken out of the queue: the piece whose parts are waited for.
    head: Option<PartsRx<M::Made>>,
    is_over: bool,
    store: Arc<Store<M::Made>>,
    _reader: Task<()>,
}

impl<M: Make> Scan<M> {
    /// Starts reading. `make` gives each worker what it works with. Must be called within a tokio runtime.
    pub fn start(client: Client, spec: ScanSpec, make: impl FnMut() -> M) -> Self {
        let store = Arc::new(Store::default());
        let (pool, pending_rx) = pool::Pool::new(&spec, Arc::clone(&store), make);
        let reader = reader::Reader::new(client, spec, pool);
        Self {
            pending_rx,
            head: None,
            is_over: false,
            store,
            _reader: spawn(reader.run()),
        }
    }

    /// What comes next; `None` when every range has ended. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<Step<M::Made>> {
        while !self.is_over {
            if let Some(parts_rx) = &mut self.head {
                let Some((part, is_last)) = parts_rx.recv().await else {
                    return self.crashed();
                };
                if is_last {
                    self.head = None;
                }
                return Some(Step::Part(part));
            }
            match self.pending_rx.recv().await {
                Some(Pending::Working(piece, parts_rx)) => {
                    self.store.turn_to(piece);
                    self.head = Some(parts_rx);
                }
                Some(Pending::Said(step)) => return Some(step),
                Some(Pending::Over) => self.is_over = true,
                None => return self.crashed(),
            }
        }
        None
    }

    fn crashed(&mut self) -> Option<Step<M::Made>> {
        self.is_over = true;
        Some(Step::Crashed)
    }

    /// Takes back what is not needed any more.
    pub fn recycler(&self) -> Recycler<M::Made> {
        Recycler(Arc::clone(&self.store))
    }
}

impl<M: Make> Drop for Scan<M> {
    fn drop(&mut self) {
        self.store.close();
    }
}

/// Takes back what was made of a part once it is used, emptied, so that its memory serves again.
#[derive(Debug)]
pub struct Recycler<T>(Arc<Store<T>>);

impl<T: Default> Recycler<T> {
    /// Gives it to the worker that needs one next.
    pub fn give_back(&self, emptied: T) {
        self.0.give_back(emptied);
    }
}
