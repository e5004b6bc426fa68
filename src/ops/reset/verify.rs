//! Reads back what a change came to.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::apply::found;
use super::outcome::{Settled, outcome};
use super::plan::Plan;
use super::read::commits_of;
use super::send::{FIRST_PAUSE, LONGEST_PAUSE, Said};
use crate::kafka::client::Client;

/// How long a change is looked for while something else is read back: it may still be on its way, and a coordinator that
/// has just taken over shows what is older than its replicas' high watermark.
const LINGER: Duration = Duration::from_secs(5);

/// Reads back what is committed now, as long as there is time, and compares.
pub(super) async fn verify(client: &Client, plan: &Plan, said: &Said, end: Instant) -> Vec<Settled> {
    let mut wait = Wait { end, linger: None };
    let mut pause = FIRST_PAUSE;
    loop {
        let read = commits_of(client, &plan.group, plan.standing.kind).await;
        let settled: Vec<Settled> = plan
            .changes
            .iter()
            .zip(&said.rows)
            .map(|(change, said)| {
                let now = match &read {
                    Ok(commits) => found(commits, &change.partition),
                    Err(error) => Err(error.clone()),
                };
                let after = change.after.as_ref().ok().cloned().flatten();
                let outcome = outcome(said, now, change.before.as_ref(), after.as_ref());
                Settled {
                    partition: change.partition.clone(),
                    outcome,
                }
            })
            .collect();
        let now = Instant::now();
        let is_open = settled.iter().any(|one| one.outcome.is_open());
        if !is_open || now + pause >= wait.until(read.is_ok(), now) {
            return settled;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// How long reading back goes on.
struct Wait {
    /// For an answer.
    end: Instant,
    /// For the change to show, from the first answer on.
    linger: Option<Instant>,
}

impl Wait {
    /// Until when it goes on. Whoever took over answers late, and may show at first what is older: the time before its
    /// first answer does not count.
    fn until(&mut self, has_answer: bool, now: Instant) -> Instant {
        if has_answer {
            *self.linger.get_or_insert(now + LINGER)
        } else {
            self.end
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_looked_for_from_the_first_answer_on() {
        let start = Instant::now();
        let end = start + Duration::from_secs(30);
        let mut wait = Wait { end, linger: None };
        let late = start + LINGER * 2;
        assert_eq!(wait.until(false, start), end);
        assert_eq!(wait.until(true, late), late + LINGER);
        assert_eq!(
            wait.until(true, late + LINGER / 2),
            late + LINGER,
            "it does not begin anew"
        );
    }
}
