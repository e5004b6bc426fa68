//! Jobs under way: one task each, told to stop by a signal of its own, its progress told a few times a second.

mod export;
mod moving;
mod send;

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};

use crate::app::event::Event;
use crate::app::jobs::{JobEnd, JobId, JobProgress, JobSpec};
use crate::app::moving::MoveSent;
use crate::kafka::client::Client;
use crate::settings::state_dir;
use crate::task::{self, Task};

/// Time between two looks at the progress.
const LOOK: Duration = Duration::from_millis(250);

/// The jobs of a session. When this is dropped they end where they are.
pub struct Jobs {
    client: Client,
    replies: mpsc::Sender<Event>,
    running: HashMap<JobId, Running>,
    /// Where undo files and the audit log are kept.
    state: Option<PathBuf>,
}

struct Running {
    task: Task<()>,
    stop: Option<oneshot::Sender<()>>,
}

/// How a job tells how far it is.
struct Teller {
    job: JobId,
    replies: mpsc::Sender<Event>,
    last: JobProgress,
}

impl Jobs {
    /// Works through `client`; what is to be told goes to `replies`.
    pub fn new(client: Client, replies: mpsc::Sender<Event>) -> Self {
        Self {
            client,
            replies,
            running: HashMap::new(),
            state: state_dir(),
        }
    }

    /// The same with undo files and the audit log in another folder.
    #[must_use]
    pub fn keeping(mut self, state: PathBuf) -> Self {
        self.state = Some(state);
        self
    }

    /// Starts a job.
    pub fn start(&mut self, job: JobId, spec: JobSpec) {
        self.running.retain(|_, running| !running.task.is_finished());
        let (stop, stopped) = oneshot::channel();
        // A job is stopped when it is told so, not when nobody can tell it any more.
        let stopped = async move {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let (client, replies) = (self.client.clone(), self.replies.clone());
        let teller = Teller {
            job,
            replies: replies.clone(),
            last: JobProgress::default(),
        };
        let state = self.state.clone();
        let task = task::spawn(async move {
            let work = AssertUnwindSafe(work(client, spec, state, stopped, teller)).catch_unwind();
            let end = work
                .await
                .unwrap_or_else(|_| JobEnd::Failed("ktui itself failed: a task panicked".to_owned()));
            // Nobody listens any more at the end of the session.
            let _ = replies.send(Event::JobEnded { job, end }).await;
        });
        let stop = Some(stop);
        self.running.insert(job, Running { task, stop });
    }

    /// Tells a job to stop.
    pub fn cancel(&mut self, job: JobId) {
        if let Some(stop) = self.running.get_mut(&job).and_then(|running| running.stop.take()) {
            let _ = stop.send(());
        }
    }
}

async fn work(
    client: Client,
    spec: JobSpec,
    state: Option<PathBuf>,
    stop: impl Future<Output = ()>,
    teller: Teller,
) -> JobEnd {
    match spec {
        JobSpec::Export(order) => export::run(client, *order, stop, teller).await,
        JobSpec::Send(order, sending) => send::run(&client, &order, &sending, teller).await,
        JobSpec::Move(job) => moving::run(&client, &job, state, teller).await,
    }
}

impl Teller {
    /// Tells how far the job is, if that is news and somebody has time for it. Work never waits for the screen: while
    /// an editor has the terminal nobody listens.
    fn tell(&mut self, progress: JobProgress) {
        if progress != self.last {
            let (job, last) = (self.job, progress.clone());
            if self.replies.try_send(Event::JobMoved { job, progress }).is_ok() {
                self.last = last;
            }
        }
    }

    /// Tells what came of offsets that were moved, partition by partition.
    async fn tell_sent(&self, sent: MoveSent) {
        let (job, sent) = (self.job, Box::new(sent));
        let _ = self.replies.send(Event::MoveSent { job, sent }).await;
    }

    /// Tells what must be known, at the borders of the work where it may wait.
    async fn tell_surely(&mut self, progress: JobProgress) {
        if progress != self.last {
            self.last = progress.clone();
            let job = self.job;
            let _ = self.replies.send(Event::JobMoved { job, progress }).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(done: u64) -> JobProgress {
        JobProgress {
            done,
            ..JobProgress::default()
        }
    }

    fn done(event: Option<Event>) -> Option<u64> {
        match event {
            Some(Event::JobMoved { progress, .. }) => Some(progress.done),
            _ => None,
        }
    }

    #[tokio::test]
    async fn work_does_not_wait_for_a_screen_that_does_not_listen() {
        let (replies, mut heard) = mpsc::channel(1);
        let mut teller = Teller {
            job: JobId(1),
            replies,
            last: JobProgress::default(),
        };
        teller.tell(moved(1));
        teller.tell(moved(2));
        assert_eq!(done(heard.recv().await), Some(1));
        teller.tell(moved(2));
        assert_eq!(done(heard.recv().await), Some(2), "what was not heard is told again");
        teller.tell(moved(2));
        teller.tell_surely(moved(3)).await;
        assert_eq!(done(heard.recv().await), Some(3));
    }
}
