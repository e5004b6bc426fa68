//! All links of a client, and the choice among them for requests that any node can serve.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::address::{Address, Peer};
use super::link::{Link, Session};
use super::race::staggered;
use super::stats::Meter;
use super::versions::Versions;
use super::{ClientSettings, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::BrokerId;

/// Head start of one broker before the next one is called beside it.
const HEAD_START: Duration = Duration::from_millis(300);

/// One link per address.
pub(super) struct Links {
    settings: Arc<ClientSettings>,
    meter: Arc<Meter>,
    by_address: Mutex<HashMap<Address, Arc<Link>>>,
}

impl Links {
    /// No links yet.
    pub(super) fn new(settings: Arc<ClientSettings>, meter: Arc<Meter>) -> Self {
        Self {
            settings,
            meter,
            by_address: Mutex::default(),
        }
    }

    fn by_address(&self) -> MutexGuard<'_, HashMap<Address, Arc<Link>>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The link to `peer`, made if need be.
    pub(super) fn link(&self, peer: &Peer) -> Arc<Link> {
        let mut links = self.by_address();
        let link = links.entry(peer.address.clone()).or_insert_with(|| {
            let link = Link::new(peer.clone(), Arc::clone(&self.settings), &self.meter);
            Arc::new(link)
        });
        if peer.broker.is_some() {
            link.line().identify(peer.broker);
        }
        Arc::clone(link)
    }

    /// Whether a connection to this address has ever come about.
    pub(super) fn has_worked(&self, address: &Address) -> bool {
        self.by_address().get(address).is_some_and(|link| link.has_worked())
    }

    /// Learns who is behind which address, and hangs up on addresses that are nobody's any more.
    pub(super) fn reconcile(&self, brokers: &[Peer], bootstrap: &[Address]) {
        let ids: HashMap<_, _> = brokers.iter().map(|peer| (&peer.address, peer.broker)).collect();
        self.by_address().retain(|address, link| {
            let broker = ids.get(address).copied();
            link.line().identify(broker.flatten());
            broker.is_some() || bootstrap.contains(address)
        });
    }

    /// The least busy open connection of any link, but for those that are silent.
    pub(super) fn least_busy(&self, purpose: Purpose) -> Option<Arc<Session>> {
        let open = self
            .by_address()
            .values()
            .filter_map(|link| link.open_session(purpose))
            .collect::<Vec<_>>();
        open.into_iter()
            .filter(|session| !session.connection.is_late())
            .min_by_key(|session| session.connection.in_flight())
    }

    /// What each broker offers that a connection is open to.
    pub(super) fn offered(&self) -> Vec<(BrokerId, Arc<Versions>)> {
        let links: Vec<_> = self.by_address().values().cloned().collect();
        let offered = links.iter().filter_map(|link| {
            let mut sessions = Purpose::ALL.iter().filter_map(|purpose| link.open_session(*purpose));
            Some((link.line().broker()?, Arc::clone(&sessions.next()?.versions)))
        });
        offered.collect()
    }

    /// Requests under way over all open connections.
    pub(super) fn in_flight(&self) -> usize {
        let links: Vec<_> = self.by_address().values().cloned().collect();
        let open = links
            .iter()
            .flat_map(|link| Purpose::ALL.iter().filter_map(|purpose| link.open_session(*purpose)));
        open.map(|session| session.connection.in_flight()).sum()
    }

    /// A connection to the first of `peers` that can be reached, silent ones last; an error that names what came of each.
    pub(super) async fn first_of(
        &self,
        mut peers: Vec<Peer>,
        purpose: Purpose,
        deadline: Instant,
    ) -> Result<Arc<Session>, Vec<(String, Error)>> {
        peers.sort_by_key(|peer| {
            let open = self.link(peer).open_session(purpose);
            open.is_some_and(|session| session.connection.is_late())
        });
        let call = |peer: &Peer| {
            let link = self.link(peer);
            async move { link.session(purpose, deadline).await }
        };
        let errors = match staggered(peers, HEAD_START, call).await {
            Ok(session) => return Ok(session),
            Err(errors) => errors,
        };
        Err(errors
            .into_iter()
            .map(|(peer, error)| (peer.address.to_string(), error))
            .collect())
    }
}
