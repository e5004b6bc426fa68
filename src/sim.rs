//! A Kafka cluster inside this process that speaks the wire protocol on loopback sockets.
//!
//! ```text
//!  SimSpec ──► SimCluster::start ──► one listener per broker on 127.0.0.1
//!                  │                        │ one task per connection
//!                  ▼                        ▼
//!              SimHandle ── faults ──►  server ──► api/<one file per API> ──► State (one lock)
//! ```
//! It serves `ktui demo`, the fault tests and the scale tests. It is the other end of the wire and shares nothing with
//! the client: not its types, not its decoder. So ids are the wire's bare integers here, as they are in
//! `kafka::client`. It is no evidence that ktui works with Apache Kafka; the suite against real brokers is.
//!
//! Nothing leaves the machine: listeners are bound to 127.0.0.1, every queue and every frame has a bound.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

mod api;
pub mod batch;
pub mod clock;
pub mod codec;
mod configs;
mod demo;
pub mod fault;
mod handle;
pub mod profile;
mod random;
mod server;
pub mod spec;
pub mod state;
pub mod stats;

pub use handle::SimHandle;
pub use profile::ApiProfile;
pub use spec::{BrokerSpec, GroupSpec, SimSpec, TopicSpec};

use clock::Clock;
use fault::Rules;
use server::Listener;
use state::State;
use stats::Stats;

use crate::task::Task;

/// What the tasks of a cluster share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Told of every append and every change of leader; long polls wait for it.
    changed: Notify,
    rules: Mutex<Rules>,
    stats: Mutex<Stats>,
    listeners: Mutex<HashMap<i32, Listener>>,
}

impl Shared {
    // A panic while a lock is held is a failed test or a closed connection; the state is still whole enough to go on.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stats(&self) -> MutexGuard<'_, Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listeners(&self) -> MutexGuard<'_, HashMap<i32, Listener>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running cluster. Dropping it ends its tasks and closes its sockets.
#[derive(Debug)]
pub struct SimCluster {
    shared: Arc<Shared>,
    /// What keeps the demo alive.
    script: Option<Task<()>>,
}

/// The seed of the demo.
const DEMO_SEED: u64 = 20_261_120;

impl SimCluster {
    /// Starts the brokers of `spec`, each on a free port of 127.0.0.1. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When a port cannot be bound.
    #[expect(
        clippy::unused_async,
        reason = "marks that a runtime is needed, and leaves room to wait"
    )]
    pub async fn start(spec: SimSpec) -> std::io::Result<Self> {
        Self::open(spec.state())
    }

    /// Starts the cluster of `ktui demo`: three brokers with topics, live producers and groups of every kind. With a
    /// frozen clock nothing happens after the start, so that every run shows the same.
    ///
    /// # Errors
    /// When a port cannot be bound.
    #[expect(
        clippy::unused_async,
        reason = "marks that a runtime is needed, and leaves room to wait"
    )]
    pub async fn demo(clock: Clock) -> std::io::Result<Self> {
        let (state, script) = demo::build(clock, DEMO_SEED);
        let mut cluster = Self::open(state)?;
        if !matches!(clock, Clock::Frozen(_)) {
            cluster.script = Some(demo::play(cluster.shared.clone(), script));
        }
        Ok(cluster)
    }

    fn open(mut state: State) -> std::io::Result<Self> {
        let mut listeners = HashMap::new();
        for broker in &mut state.brokers {
            let listener = Listener::reserve()?;
            broker.port = listener.address().port();
            listeners.insert(broker.id, listener);
        }
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Notify::new(),
            rules: Mutex::default(),
            stats: Mutex::default(),
            listeners: Mutex::new(listeners),
        });
        let cluster = Self { shared, script: None };
        let ids: Vec<i32> = cluster.shared.state().brokers.iter().map(|broker| broker.id).collect();
        for id in ids {
            server::open(&cluster.shared, id)?;
        }
        Ok(cluster)
    }

    /// Addresses of all brokers, by broker id.
    pub fn bootstrap(&self) -> Vec<SocketAddr> {
        self.handle().bootstrap()
    }

    /// A handle to steer and to watch the cluster.
    pub fn handle(&self) -> SimHandle {
        SimHandle::new(self.shared.clone())
    }
}

impl Drop for SimCluster {
    fn drop(&mut self) {
        self.script = None;
        self.shared.listeners().clear();
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn every_broker_listens_on_a_port_of_its_own_until_the_cluster_is_dropped() {
        let cluster = SimCluster::start(SimSpec::small().brokers(3)).await.unwrap();
        let addresses = cluster.bootstrap();
        let mut streams = Vec::new();
        for address in &addresses {
            assert!(address.ip().is_loopback());
            streams.push(TcpStream::connect(address).await.unwrap());
        }
        drop(cluster);
        for mut stream in streams {
            let end = stream.read(&mut [0; 1]).await;
            assert!(matches!(end, Ok(0) | Err(_)), "the broker's end is closed");
        }
        assert!(TcpStream::connect(addresses[0]).await.is_err());
    }
}
