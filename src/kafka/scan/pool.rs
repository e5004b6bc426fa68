//! Worker threads, and the queue that keeps what they make in order.

use std::fmt;
use std::future::Future;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::work::{Aim, Piece, Worker};
use super::{Make, Part, ScanSpec, Step};

/// More workers than this do not help: the network and the one who takes the parts come first.
const MOST_WORKERS: usize = 8;

/// A part that is being made.
pub(super) type PartRx<T> = oneshot::Receiver<Part<T>>;

/// What waits to be taken, in order.
pub(super) enum Pending<T> {
    /// A piece that a worker has, or will have soon.
    Working(PartRx<T>),
    /// Something to be said when everything before it has been.
    Said(Step<T>),
    /// Every range has ended.
    Over,
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Working(_) => "Working",
            Self::Said(_) => "Said",
            Self::Over => "Over",
        })
    }
}

/// Memory of parts that have been used up.
pub(super) struct Spare<T>(Mutex<Vec<T>>);

impl<T> fmt::Debug for Spare<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spare")
    }
}

impl<T> Default for Spare<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Default> Spare<T> {
    pub(super) fn put(&self, made: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(made);
    }

    fn take(&self) -> T {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_default()
    }
}

struct Job<T> {
    piece: Piece,
    part_tx: oneshot::Sender<Part<T>>,
}

/// Hands pieces to workers. The queue is bounded: whoever adds to it waits for the one who takes.
pub(super) struct Pool<T> {
    jobs_tx: SyncSender<Job<T>>,
    pending_tx: mpsc::Sender<Pending<T>>,
}

/// A place in the queue.
pub(super) type Place<T> = mpsc::OwnedPermit<Pending<T>>;

/// Nobody takes parts any more.
pub(super) struct Gone;

impl<T: Default + Send + 'static> Pool<T> {
    /// A pool with one worker per core; they end with it.
    pub(super) fn new<M: Make<Made = T>>(
        spec: &ScanSpec,
        spare: &Arc<Spare<T>>,
        mut make: impl FnMut() -> M,
    ) -> (Self, mpsc::Receiver<Pending<T>>) {
        let workers = thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS);
        // One more than there are workers, so that none of them waits while a part is taken.
        let queue = workers + 1;
        let (pending_tx, pending_rx) = mpsc::channel(queue);
        // Beside those that wait one may be taken out and waited for: sending never blocks.
        let (jobs_tx, jobs_rx) = sync_channel(queue + 2);
        let jobs_rx = Arc::new(Mutex::new(jobs_rx));
        for number in 0..workers {
            let worker = Worker::new(Aim::from(spec), make());
            let (jobs_rx, spare) = (Arc::clone(&jobs_rx), Arc::clone(spare));
            let thread = thread::Builder::new().name(format!("scan-{number}"));
            if let Err(error) = thread.spawn(move || work(worker, &jobs_rx, &spare)) {
                tracing::warn!(%error, "no thread for a scan");
            }
        }
        (Self { jobs_tx, pending_tx }, pending_rx)
    }

    /// A place in the queue, as soon as there is one.
    pub(super) fn place(&self) -> impl Future<Output = Result<Place<T>, Gone>> + use<T> {
        let pending_tx = self.pending_tx.clone();
        async { pending_tx.reserve_owned().await.map_err(|_| Gone) }
    }

    /// Has a piece worked on.
    pub(super) fn work(&self, place: Place<T>, piece: Piece) -> Result<(), Gone> {
        let (part_tx, part_rx) = oneshot::channel();
        place.send(Pending::Working(part_rx));
        self.jobs_tx.send(Job { piece, part_tx }).map_err(|_| Gone)
    }

    /// Says something after everything before it.
    pub(super) fn say(place: Place<T>, step: Step<T>) {
        place.send(Pending::Said(step));
    }

    /// Says that this is all.
    pub(super) async fn end(&self) -> Result<(), Gone> {
        self.pending_tx.send(Pending::Over).await.map_err(|_| Gone)
    }

    /// Waits until nobody takes parts any more.
    pub(super) fn gone(&self) -> impl Future<Output = ()> + use<T> {
        let pending_tx = self.pending_tx.clone();
        async move { pending_tx.closed().await }
    }
}

fn work<M: Make>(mut worker: Worker<M>, jobs_rx: &Mutex<Receiver<Job<M::Made>>>, spare: &Spare<M::Made>) {
    loop {
        let job = jobs_rx.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { piece, part_tx }) = job else { return };
        // Nobody waits for it after the scan was dropped.
        if !part_tx.is_closed() {
            part_tx.send(worker.work(piece, spare.take())).ok();
        }
    }
}
