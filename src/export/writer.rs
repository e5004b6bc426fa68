//! The thread that writes: lines into the file or the stream, and how far they go into the checkpoint.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::checkpoint::{Checkpoint, Gap, Part, Paths};
use super::lines::{Lines, Packing};
use crate::decode::sanitize;
use crate::durable;
use crate::kafka::scan::{Held, Recycler};

/// Orders that may wait.
const WAITING: usize = 1;
/// Time between checkpoints.
const PERIOD: Duration = Duration::from_secs(1);

/// Bytes after which the disk is told to take them, so that a checkpoint waits for the last of them only.
const STRIDE: u64 = 16 << 20;

/// A thread that has the disk take what was written so far.
#[derive(Debug)]
pub struct Syncer {
    wake_tx: SyncSender<()>,
    waiting: u64,
}

impl Syncer {
    fn start(file: &File) -> io::Result<Self> {
        let file = file.try_clone()?;
        let (wake_tx, wake_rx) = sync_channel::<()>(1);
        thread::Builder::new().name("sync".to_owned()).spawn(move || {
            while wake_rx.recv().is_ok() {
                // The checkpoint, which needs it, asks again and hears of an error.
                file.sync_data().ok();
            }
        })?;
        Ok(Self { wake_tx, waiting: 0 })
    }

    fn wrote(&mut self, bytes: usize) {
        self.waiting += bytes as u64;
        if self.waiting >= STRIDE && self.wake_tx.try_send(()).is_ok() {
            self.waiting = 0;
        }
    }
}

/// Where lines go.
#[derive(Debug)]
pub enum Target {
    /// A file, under a name for the time being.
    File(File, Paths, Syncer),
    /// Standard output, a device, a pipe.
    Stream(File),
    /// The same where it is a terminal: nothing that steers it gets there.
    Terminal(File),
}

/// What the writer is told.
pub(super) enum Order {
    /// Lines of the checkpoint's part `index`, which everything below `next` is in then.
    Lines {
        index: usize,
        lines: Lines,
        records: u64,
        unreadable: u64,
        unjudged: u64,
        next: i64,
        /// The room of the lines.
        held: Held,
    },
    /// A partition that was added.
    Part(Part),
    /// A stretch that is missing in part `index`.
    Gap(usize, Gap),
    /// Nothing more comes. Whether the file is complete.
    End(bool),
}

/// What has been written, and why it is not more.
pub(super) type Written = (Checkpoint, io::Result<()>);

/// A writer at work.
pub(super) struct Writer {
    orders_tx: mpsc::Sender<Order>,
    outcome_rx: oneshot::Receiver<Written>,
}

impl Target {
    /// Standard output.
    ///
    /// # Errors
    /// When it is closed.
    pub fn stdout() -> io::Result<Self> {
        let stdout = io::stdout();
        let file = File::from(stdout.as_fd().try_clone_to_owned()?);
        Ok(if io::IsTerminal::is_terminal(&stdout) {
            Self::Terminal(file)
        } else {
            Self::Stream(file)
        })
    }

    /// A device or a pipe.
    ///
    /// # Errors
    /// The system's.
    pub fn device(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        Ok(if io::IsTerminal::is_terminal(&file) {
            Self::Terminal(file)
        } else {
            Self::Stream(file)
        })
    }

    /// An empty partial file. What an export before left of its checkpoint goes first: it is about other bytes.
    ///
    /// # Errors
    /// The system's, and when somebody else is writing it.
    pub fn begun(paths: Paths) -> io::Result<Self> {
        let file = partial(&paths)?;
        match fs::remove_file(&paths.checkpoint) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        file.set_len(0)?;
        let syncer = Syncer::start(&file)?;
        Ok(Self::File(file, paths, syncer))
    }

    /// The partial file, cut to what the checkpoint knows of it.
    ///
    /// # Errors
    /// The system's, when somebody else is writing it, and when the file holds less than it should.
    pub fn resumed(paths: Paths, state: &Checkpoint) -> io::Result<Self> {
        let mut file = partial(&paths)?;
        if file.metadata()?.len() < state.bytes {
            return Err(io::Error::other("it is shorter than its checkpoint says"));
        }
        file.set_len(state.bytes)?;
        file.seek(SeekFrom::End(0))?;
        let syncer = Syncer::start(&file)?;
        Ok(Self::File(file, paths, syncer))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file, _, syncer) => {
                file.write_all(bytes)?;
                syncer.wrote(bytes.len());
                Ok(())
            }
            Self::Stream(file) => file.write_all(bytes),
            Self::Terminal(file) => {
                for line in String::from_utf8_lossy(bytes).lines() {
                    file.write_all(sanitize(line).as_bytes())?;
                    file.write_all(b"\n")?;
                }
                Ok(())
            }
        }
    }

    /// Lets others have the file, before anybody is told that it is free. The syncer may hold it open a moment longer.
    fn release(&self) {
        if let Self::File(file, ..) = self {
            durable::release(file);
        }
    }

    /// Makes what was written last, and notes how far it goes.
    fn checkpoint(&self, state: &Checkpoint) -> io::Result<()> {
        let Self::File(file, paths, _) = self else {
            return Ok(());
        };
        file.sync_data()?;
        state.save(&paths.checkpoint)
    }
}

/// Opens the partial file for this process alone. [`io::ErrorKind::ResourceBusy`] while another one writes it.
fn partial(paths: &Paths) -> io::Result<File> {
    durable::hold(&paths.partial)?.ok_or_else(|| io::ErrorKind::ResourceBusy.into())
}

impl Writer {
    /// Starts to write where `state` stands. `head` comes before everything else.
    pub(super) fn start(
        mut target: Target,
        mut state: Checkpoint,
        head: Vec<u8>,
        packing: Packing,
        recycler: Recycler<Lines>,
    ) -> io::Result<Self> {
        let (orders_tx, mut orders_rx) = mpsc::channel(WAITING);
        let (outcome_tx, outcome_rx) = oneshot::channel();
        let work = move || {
            let mut run = || {
                // Also an empty file is a file of its kind.
                if state.bytes == 0 && (!head.is_empty() || (packing != Packing::None)) {
                    let head = packing.pack(&head)?;
                    target.write(&head)?;
                    state.bytes = head.len() as u64;
                }
                target.checkpoint(&state)?;
                write(&mut target, &mut state, &mut orders_rx, &recycler)
            };
            let outcome = run();
            target.release();
            outcome_tx.send((state, outcome)).ok();
        };
        thread::Builder::new().name("export".to_owned()).spawn(work)?;
        Ok(Self { orders_tx, outcome_rx })
    }

    /// Tells the writer something. `false` when it has ended: [`Writer::end`] says why.
    pub(super) async fn tell(&self, order: Order) -> bool {
        self.orders_tx.send(order).await.is_ok()
    }

    /// Waits until it has ended before it was told to.
    pub(super) fn gone(&self) -> impl Future<Output = ()> + use<> {
        let orders_tx = self.orders_tx.clone();
        async move { orders_tx.closed().await }
    }

    /// Ends it, and waits for what came of it.
    pub(super) async fn end(self, is_complete: bool) -> Written {
        // When this fails, the outcome says why.
        self.tell(Order::End(is_complete)).await;
        drop(self.orders_tx);
        let lost = |_| (Checkpoint::default(), Err(io::Error::other("the writer has panicked")));
        self.outcome_rx.await.unwrap_or_else(lost)
    }
}

fn write(
    target: &mut Target,
    state: &mut Checkpoint,
    orders_rx: &mut mpsc::Receiver<Order>,
    recycler: &Recycler<Lines>,
) -> io::Result<()> {
    let mut noted_at = Instant::now();
    while let Some(order) = orders_rx.blocking_recv() {
        match order {
            Order::Lines {
                index,
                lines,
                records,
                unreadable,
                unjudged,
                next,
                held,
            } => {
                let bytes = lines.bytes()?;
                target.write(bytes)?;
                state.bytes += bytes.len() as u64;
                state.records += records;
                state.unreadable += unreadable;
                state.unjudged += unjudged;
                if let Some(part) = state.parts.get_mut(index) {
                    part.next = part.next.max(next);
                }
                recycler.give_back(lines.emptied());
                drop(held);
            }
            Order::Part(part) => state.parts.push(part),
            Order::Gap(index, gap) => {
                if let Some(part) = state.parts.get_mut(index) {
                    part.next = part.next.max(gap.to);
                }
                state.gaps.push(gap);
            }
            Order::End(is_complete) => return end(target, state, is_complete),
        }
        if noted_at.elapsed() >= PERIOD {
            target.checkpoint(state)?;
            noted_at = Instant::now();
        }
    }
    // Whoever gave the orders has gone: what is written is kept.
    end(target, state, false)
}

fn end(target: &mut Target, state: &mut Checkpoint, is_complete: bool) -> io::Result<()> {
    state.complete = is_complete;
    target.checkpoint(state)?;
    match target {
        Target::File(_, paths, _) if is_complete => paths.finish(),
        _ => Ok(()),
    }
}
