//! The simulated cluster that most of these tests run the program on.

use ktui::sim::{SimCluster, SimHandle, SimSpec};
use tokio::runtime::Runtime;

use super::terminal::Start;

/// A cluster in the test's own process.
pub struct Cluster {
    pub handle: SimHandle,
    pub brokers: String,
    _running: SimCluster,
    // Ends after the cluster.
    runtime: Runtime,
}

impl Cluster {
    pub fn start(spec: SimSpec) -> Self {
        let runtime = Runtime::new().unwrap();
        let cluster = runtime.block_on(SimCluster::start(spec)).unwrap();
        let addresses: Vec<String> = cluster.bootstrap().iter().map(ToString::to_string).collect();
        Self {
            handle: cluster.handle(),
            brokers: addresses.join(","),
            _running: cluster,
            runtime,
        }
    }

    /// Starts a broker that was killed.
    pub fn restart(&self, broker: i32) {
        let _inside = self.runtime.enter();
        self.handle.restart_broker(broker).unwrap();
    }

    /// The program on this cluster.
    pub fn ktui(&self) -> Start {
        Start::ktui(&["--brokers", &self.brokers])
    }
}
