//! The connections to one address: opened on demand, one per purpose, replaced when they broke, and not hammered while
//! nobody answers.

use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::address::Peer;
use super::connection::Connection;
use super::line::Line;
use super::stats::{Meter, api_name};
use super::stream::dial;
use super::versions::{NEWEST, Versions, negotiate};
use super::{ClientSettings, Purpose};
use crate::kafka::error::Error;

/// Pause after the second failure in a row; it doubles with every further one. The first retry is immediate.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause between attempts, so that a broker that came back is seen soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Failures in a row after which callers are told the last error instead of waiting for the next attempt.
const CIRCUIT_BREAKS_AT: u32 = 3;

/// A connection with what its node said it can do.
pub(super) struct Session {
    /// The connection.
    pub(super) connection: Connection,
    /// Versions that the node offers, as asked on this very connection.
    pub(super) versions: Arc<Versions>,
}

/// Everything that goes to one address.
pub(super) struct Link {
    line: Line,
    settings: Arc<ClientSettings>,
    slots: [tokio::sync::Mutex<Option<Arc<Session>>>; Purpose::ALL.len()],
    health: Mutex<Health>,
}

/// How opening connections went lately.
#[derive(Default)]
struct Health {
    failures: u32,
    has_worked: bool,
    last: Option<(Instant, Error)>,
    retry_at: Option<Instant>,
}

impl Link {
    /// A link without connections.
    pub(super) fn new(peer: Peer, settings: Arc<ClientSettings>, meter: &Arc<Meter>) -> Self {
        Self {
            line: Line::new(peer, meter),
            settings,
            slots: Default::default(),
            health: Mutex::default(),
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whom this link calls.
    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// Whether a connection to this address has ever come about.
    pub(super) fn has_worked(&self) -> bool {
        self.health().has_worked
    }

    /// An open connection, if there is one at this moment.
    pub(super) fn open_session(&self, purpose: Purpose) -> Option<Arc<Session>> {
        let slot = self.slots[purpose as usize].try_lock().ok()?;
        slot.as_ref()
            .filter(|session| session.connection.is_usable())
            .map(Arc::clone)
    }

    /// The connection for `purpose`, opened now if need be. Waiting, dialling and negotiating end at `deadline`.
    pub(super) async fn session(&self, purpose: Purpose, deadline: Instant) -> Result<Arc<Session>, Error> {
        let asked = Instant::now();
        let Ok(mut slot) = timeout_at(deadline, self.slots[purpose as usize].lock()).await else {
            return Err(self.too_late(asked));
        };
        if let Some(session) = slot.as_ref().filter(|session| session.connection.is_usable()) {
            return Ok(Arc::clone(session));
        }
        *slot = None;
        self.may_try(asked, deadline).await?;
        let deadline = deadline.min(Instant::now() + self.settings.connect_timeout);
        match self.open(purpose, deadline).await {
            Ok(session) => {
                let session = Arc::new(session);
                *slot = Some(Arc::clone(&session));
                *self.health() = Health {
                    has_worked: true,
                    ..Health::default()
                };
                Ok(session)
            }
            Err(error) => {
                tracing::debug!(peer = %self.line, %error, "no connection");
                self.health().failed(error.clone());
                Err(error)
            }
        }
    }

    /// Waits out the pause after earlier failures, or repeats the last error: to callers that waited while it happened,
    /// and to everybody once the failures are many.
    async fn may_try(&self, asked: Instant, deadline: Instant) -> Result<(), Error> {
        let retry_at = {
            let health = self.health();
            let Some((at, error)) = &health.last else { return Ok(()) };
            let retry_at = health.retry_at.filter(|retry_at| *retry_at > Instant::now());
            let is_broken = health.failures >= CIRCUIT_BREAKS_AT && retry_at.is_some();
            if *at >= asked || is_broken || retry_at.is_some_and(|retry_at| retry_at > deadline) {
                return Err(error.clone());
            }
            retry_at
        };
        if let Some(retry_at) = retry_at {
            sleep_until(retry_at).await;
        }
        Ok(())
    }

    /// Dials and negotiates. Some proxies and old brokers hang up on a version of ApiVersions they do not know; then
    /// the oldest version is tried on a new connection.
    async fn open(&self, purpose: Purpose, deadline: Instant) -> Result<Session, Error> {
        match self.attempt(purpose, NEWEST, deadline).await {
            Err(Error::Closed { .. } | Error::Protocol { .. }) => self.attempt(purpose, 0, deadline).await,
            outcome => outcome,
        }
    }

    async fn attempt(&self, purpose: Purpose, version: i16, deadline: Instant) -> Result<Session, Error> {
        let stream = dial(&self.line, deadline).await?;
        let line = self.line.clone();
        let connection = Connection::new(stream, line, &self.settings.client_id, purpose.in_flight());
        let versions = negotiate(&connection, version, deadline).await?;
        Ok(Session {
            connection,
            versions: Arc::new(versions),
        })
    }

    fn too_late(&self, asked: Instant) -> Error {
        let last = self.health().last.as_ref().map(|(_, error)| error.clone());
        last.unwrap_or_else(|| Error::Timeout {
            what: api_name(18),
            addr: self.line.to_string(),
            after: Instant::now() - asked,
        })
    }
}

impl Health {
    fn failed(&mut self, error: Error) {
        self.failures += 1;
        let now = Instant::now();
        self.last = Some((now, error));
        self.retry_at = pause_after(self.failures).map(|pause| now + pause);
    }
}

/// The pause after so many failures in a row: 100 ms doubling up to 5 s, 20 % more or less so that clients do not come
/// back in step.
fn pause_after(failures: u32) -> Option<Duration> {
    let doublings = failures.checked_sub(2)?;
    let pause = FIRST_PAUSE.saturating_mul(1 << doublings.min(10)).min(LONGEST_PAUSE);
    let random = std::hash::RandomState::new().build_hasher().finish();
    Some(pause.mul_f64(0.8 + 0.4 * (random % 1000) as f64 / 1000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_vary() {
        assert_eq!(pause_after(1), None, "the first retry is immediate");
        for (failures, middle) in [(2, 100), (3, 200), (5, 800), (9, 5000), (4_000_000_000, 5000)] {
            let pause = pause_after(failures).unwrap().as_millis();
            assert!(
                (middle * 79 / 100..=middle * 121 / 100).contains(&pause),
                "{failures}: {pause} ms"
            );
        }
        let pauses: std::collections::HashSet<_> = (0..50).map(|_| pause_after(8)).collect();
        assert!(pauses.len() > 5);
    }
}
