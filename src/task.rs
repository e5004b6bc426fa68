//! Tasks that end with their owner.

use std::future::Future;
use std::io;

use tokio::task::JoinHandle;

/// A spawned task that is aborted when this handle is dropped.
#[derive(Debug)]
#[must_use = "dropping the handle aborts the task"]
pub struct Task<T>(JoinHandle<T>);

impl<T> Task<T> {
    /// Waits for the task's result; `None` when it panicked or was aborted.
    pub async fn join(mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Asks the task to stop at its next await point.
    pub fn abort(&self) {
        self.0.abort();
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts `future` on the current runtime and ties it to the returned handle.
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[expect(clippy::disallowed_methods, reason = "the one place that may spawn")]
    let handle = tokio::spawn(future);
    Task(handle)
}

/// Does something that blocks on a thread of its own: reading a file, waiting for a pipe's other end. Whoever drops the
/// future does not wait for it any more; the work itself goes on to its end.
///
/// # Errors
/// Those of `work`, and when it panics.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_hands_over_its_result() {
        assert_eq!(spawn(async { 7 }).join().await, Some(7));
    }

    #[tokio::test]
    async fn a_dropped_task_is_aborted() {
        let (tx, rx) = tokio::sync::oneshot::channel::<()>();
        drop(spawn(async move {
            std::future::pending::<()>().await;
            drop(tx);
        }));
        assert!(rx.await.is_err(), "the sender was dropped with the task");
    }
}
