//! Worker threads, and the queue that keeps what they make in order.

use std::fmt;
use std::future::Future;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::mpsc;

use super::made::{Outlet, PartsRx, Store};
use super::work::{Aim, Piece, Worker};
use super::{Make, ScanSpec, Step};

/// More workers than this do not help: the network and the one who takes the parts come first.
const MOST_WORKERS: usize = 8;

/// What waits to be taken, in order.
pub(super) enum Pending<T> {
    /// The piece of this number, which a worker has, or will have soon.
    Working(u64, PartsRx<T>),
    /// Something to be said when everything before it has been.
    Said(Step<T>),
    /// Every range has ended.
    Over,
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Working(..) => "Working",
            Self::Said(_) => "Said",
            Self::Over => "Over",
        })
    }
}

struct Job<T> {
    piece: Piece,
    outlet: Outlet<T>,
}

/// Hands pieces to workers. The queue is bounded: whoever adds to it waits for the one who takes.
pub(super) struct Pool<T> {
    jobs_tx: SyncSender<Job<T>>,
    pending_tx: mpsc::Sender<Pending<T>>,
    store: Arc<Store<T>>,
    /// The number of the next piece.
    next: u64,
}

/// A place in the queue.
pub(super) type Place<T> = mpsc::OwnedPermit<Pending<T>>;

/// Nobody takes parts any more.
pub(super) struct Gone;

impl<T: Default + Send + 'static> Pool<T> {
    /// A pool with one worker per core; they end with it.
    pub(super) fn new<M: Make<Made = T>>(
        spec: &ScanSpec,
        store: Arc<Store<T>>,
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
            let jobs_rx = Arc::clone(&jobs_rx);
            let thread = thread::Builder::new().name(format!("scan-{number}"));
            if let Err(error) = thread.spawn(move || work(worker, &jobs_rx)) {
                tracing::warn!(%error, "no thread for a scan");
            }
        }
        let pool = Self {
            jobs_tx,
            pending_tx,
            store,
            next: 0,
        };
        (pool, pending_rx)
    }

    /// A place in the queue, as soon as there is one.
    pub(super) fn place(&self) -> impl Future<Output = Result<Place<T>, Gone>> + use<T> {
        let pending_tx = self.pending_tx.clone();
        async { pending_tx.reserve_owned().await.map_err(|_| Gone) }
    }

    /// Has a piece worked on.
    pub(super) fn work(&mut self, place: Place<T>, piece: Piece) -> Result<(), Gone> {
        let (outlet, parts_rx) = Outlet::new(self.next, &self.store);
        place.send(Pending::Working(self.next, parts_rx));
        self.next += 1;
        self.jobs_tx.send(Job { piece, outlet }).map_err(|_| Gone)
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

fn work<M: Make>(mut worker: Worker<M>, jobs_rx: &Mutex<Receiver<Job<M::Made>>>) {
    loop {
        let job = jobs_rx.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { piece, outlet }) = job else { return };
        worker.work(piece, &outlet);
    }
}
