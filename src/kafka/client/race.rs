//! Trying several addresses so that a dead one costs a moment and not its whole timeout.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until};

/// The first success among `items`. They are tried in order; the next one starts beside the others after `head_start`,
/// or at once when one has failed. When all fail, each with its own error, in the order in which they failed.
pub(super) async fn staggered<T, V, E, F>(
    items: Vec<T>,
    head_start: Duration,
    attempt: impl Fn(&T) -> F,
) -> Result<V, Vec<(T, E)>>
where
    F: Future<Output = Result<V, E>>,
{
    let mut waiting: VecDeque<T> = items.into();
    let mut running = FuturesUnordered::new();
    let mut errors = Vec::new();
    let mut next_start = Instant::now();
    loop {
        if next_start <= Instant::now()
            && let Some(item) = waiting.pop_front()
        {
            next_start = Instant::now() + head_start;
            let outcome = attempt(&item);
            running.push(async move { (item, outcome.await) });
        }
        tokio::select! {
            Some((item, outcome)) = running.next() => match outcome {
                Ok(value) => return Ok(value),
                Err(error) => {
                    errors.push((item, error));
                    next_start = Instant::now();
                }
            },
            () = sleep_until(next_start), if !waiting.is_empty() => {}
            else => return Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails, succeeds or hangs after its name.
    async fn act(name: &'static str) -> Result<&'static str, String> {
        match name {
            "dead" => Err("refused".to_owned()),
            "hung" => std::future::pending().await,
            alive => Ok(alive),
        }
    }

    #[tokio::test]
    async fn a_hung_one_only_costs_its_head_start() {
        let begin = Instant::now();
        let winner = staggered(vec!["hung", "hung", "alive"], Duration::from_millis(20), |name| {
            act(name)
        })
        .await;
        assert_eq!(winner, Ok("alive"));
        assert!(begin.elapsed() >= Duration::from_millis(40));
    }

    #[tokio::test]
    async fn a_dead_one_costs_nothing() {
        let begin = Instant::now();
        let winner = staggered(vec!["dead", "dead", "alive"], Duration::from_secs(60), |name| act(name)).await;
        assert_eq!(winner, Ok("alive"));
        assert!(begin.elapsed() < Duration::from_secs(30));
    }

    #[tokio::test]
    async fn when_all_fail_each_error_is_kept() {
        let errors = staggered(vec!["dead", "dead"], Duration::from_secs(60), |name| act(name))
            .await
            .unwrap_err();
        assert_eq!(errors, [("dead", "refused".to_owned()), ("dead", "refused".to_owned())]);
        assert_eq!(
            staggered(Vec::<&str>::new(), Duration::ZERO, |name| act(name)).await,
            Err(Vec::new())
        );
    }
}
