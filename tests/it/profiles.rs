//! Simulated clusters that answer with the API ranges of real releases.

use std::future::Future;

use ktui::kafka::client::{Client, ClientSettings};
use ktui::sim::{ApiProfile, SimCluster, SimHandle, SimSpec};

/// A client of a simulated cluster.
pub fn client_of(sim: &SimCluster) -> Client {
    Client::new(ClientSettings::new(sim.bootstrap().iter().map(ToString::to_string)))
}

/// Starts a cluster and a client of it.
pub async fn started(spec: SimSpec) -> (SimCluster, SimHandle, Client) {
    let sim = SimCluster::start(spec).await.unwrap();
    let (handle, client) = (sim.handle(), client_of(&sim));
    (sim, handle, client)
}

/// Runs `test` against the cluster of `spec` once per release: 2.1, 2.4, 2.8, 3.3, Redpanda 24.3 and 4.1.
pub async fn for_each_profile<T, F>(spec: SimSpec, test: T)
where
    T: Fn(ApiProfile, SimHandle, Client) -> F,
    F: Future<Output = ()>,
{
    for profile in ApiProfile::ALL {
        let (_sim, handle, client) = started(spec.clone().profile(profile)).await;
        println!("against {}", profile.name);
        test(profile, handle, client).await;
    }
}
