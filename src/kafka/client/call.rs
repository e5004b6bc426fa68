//! One request to one node: find it, connect, agree on a version, send, wait; again where that is safe.

use std::sync::Arc;

use kafka_protocol::protocol::{Request, VersionRange};
use tokio::time::Instant;

use super::address::{Address, Peer};
use super::link::Session;
use super::stats::api_name;
use super::throttle::Throttled;
use super::versions::Versions;
use super::{Client, ConnectionState, Node, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::BrokerId;

/// Attempts of a read whose answer did not come.
const READ_ATTEMPTS: usize = 3;

/// A broker's answer, and how it was asked.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// The answer as decoded. Its strings and bytes are slices of the received frame: copy what is kept.
    pub response: T,
    /// Version of the request.
    pub version: i16,
    /// Who answered, where it is known.
    pub broker: Option<BrokerId>,
    /// What the node that answered can do.
    pub(super) versions: Arc<Versions>,
}

impl Client {
    /// Asks `node`. `build` makes the request for the version that was agreed on: the newest that the node, the codec
    /// and `versions` (both ends included) have in common.
    ///
    /// Reads are repeated when their connection breaks, and by another broker, where any will do, when one is
    /// silent and there is time left; whatever changes something is sent at most once, and not at all while the session
    /// is locked. Error codes within the answer are for the caller.
    pub async fn call<R, F>(
        &self,
        node: Node,
        purpose: Purpose,
        versions: VersionRange,
        build: F,
    ) -> Result<Answer<R::Response>, Error>
    where
        R: Request,
        R::Response: Throttled,
        F: Fn(i16) -> R,
    {
        if !is_read(R::KEY) {
            self.shared.lock.check(|| api_name(R::KEY))?;
        }
        if let Some(error) = self.silence_of(node) {
            return Err(error);
        }
        let outcome = self.repeated(node, purpose, versions, build).await;
        self.note_silence(node, outcome.as_ref().err());
        outcome
    }

    async fn repeated<R, F>(
        &self,
        node: Node,
        purpose: Purpose,
        versions: VersionRange,
        build: F,
    ) -> Result<Answer<R::Response>, Error>
    where
        R: Request,
        R::Response: Throttled,
        F: Fn(i16) -> R,
    {
        let end = self.end();
        let mut attempt = 1;
        loop {
            let deadline = end.min(Instant::now() + self.shared.settings.request_timeout);
            let session = self.session(node, purpose, deadline).await?;
            let version = session.versions.pick::<R>(versions).ok_or_else(|| Error::Unsupported {
                what: api_name(R::KEY),
                addr: session.connection.line().to_string(),
                needs: versions,
                offers: session.versions.range(R::KEY),
            })?;
            let (request, question) = (build(version), self.question.as_deref());
            match session.connection.call(&request, version, deadline, question).await {
                Err(error)
                    if is_read(R::KEY)
                        && attempt < READ_ATTEMPTS
                        && Instant::now() < end
                        && may_go_better(node, &error) =>
                {
                    attempt += 1;
                }
                outcome => {
                    return outcome.map(|response| Answer {
                        response,
                        version,
                        broker: broker_of(node, &session),
                        versions: Arc::clone(&session.versions),
                    });
                }
            }
        }
    }

    /// The versions of a request that `node` offers; `None` when it does not know the request. Connects if need be.
    pub async fn supports(&self, node: Node, api_key: i16) -> Result<Option<VersionRange>, Error> {
        let session = self.session(node, Purpose::Interactive, self.end()).await?;
        Ok(session.versions.range(api_key))
    }

    async fn session(&self, node: Node, purpose: Purpose, deadline: Instant) -> Result<Arc<Session>, Error> {
        match node {
            Node::Any => self.any_session(purpose, deadline).await,
            Node::Broker(id) => self.broker_session(id, purpose, deadline).await,
            Node::Controller => self.controller_session(purpose, deadline).await,
        }
    }

    /// On KRaft every broker passes requests on to the controller, so one that cannot be reached is no loss. On
    /// ZooKeeper another broker answers NOT_CONTROLLER, which is as true.
    async fn controller_session(&self, purpose: Purpose, deadline: Instant) -> Result<Arc<Session>, Error> {
        let is_kraft = self.shared.routes.quorum_leader().is_some();
        let named = if is_kraft {
            None
        } else {
            self.controller(deadline).await?
        };
        if let Some(id) = named
            && let Ok(session) = self.broker_session(id, purpose, deadline).await
        {
            return Ok(session);
        }
        self.any_session(purpose, deadline).await
    }

    async fn controller(&self, deadline: Instant) -> Result<Option<BrokerId>, Error> {
        if let Some(id) = self.shared.routes.controller() {
            return Ok(Some(id));
        }
        self.refresh_brokers(deadline).await?;
        Ok(self.shared.routes.controller())
    }

    /// A connection that is open already, else the first broker that can be reached: those in the metadata, then, when
    /// none of them answers, the bootstrap addresses again (KIP-899).
    async fn any_session(&self, purpose: Purpose, deadline: Instant) -> Result<Arc<Session>, Error> {
        if let Some(session) = self.shared.links.least_busy(purpose) {
            return Ok(session);
        }
        let (bootstrap, mut attempts) = self.bootstrap();
        let mut peers = self.shared.routes.peers();
        let known: Vec<Address> = peers.iter().map(|peer| peer.address.clone()).collect();
        peers.extend(
            bootstrap
                .into_iter()
                .filter(|addr| !known.contains(addr))
                .map(Peer::bootstrap),
        );
        match self.shared.links.first_of(peers, purpose, deadline).await {
            Ok(session) => {
                self.is_now(ConnectionState::Connected);
                Ok(session)
            }
            Err(errors) => {
                attempts.extend(errors);
                let error = Error::NoBroker { attempts };
                self.is_now(ConnectionState::Disconnected(error.clone()));
                Err(error)
            }
        }
    }

    /// The bootstrap addresses, and those entries that are none.
    pub(super) fn bootstrap(&self) -> (Vec<Address>, Vec<(String, Error)>) {
        let (mut addresses, mut wrong) = (Vec::new(), Vec::new());
        for entry in self
            .shared
            .settings
            .bootstrap
            .iter()
            .flat_map(|list| list.split(','))
            .map(str::trim)
        {
            match entry.parse::<Address>() {
                Ok(address) if addresses.contains(&address) => {}
                Ok(address) => addresses.push(address),
                Err(_) if entry.is_empty() => {}
                Err(reason) => wrong.push((
                    entry.to_owned(),
                    Error::Connect {
                        addr: entry.to_owned(),
                        reason,
                    },
                )),
            }
        }
        (addresses, wrong)
    }

    async fn broker_session(&self, id: BrokerId, purpose: Purpose, deadline: Instant) -> Result<Arc<Session>, Error> {
        if self.shared.routes.peer(id).is_none() {
            self.refresh_brokers(deadline).await?;
        }
        let peer = self.shared.routes.peer(id).ok_or(Error::UnknownBroker { broker: id })?;
        let outcome = self.shared.links.link(&peer).session(purpose, deadline).await;
        let error = match outcome {
            Ok(session) => {
                self.is_now(ConnectionState::Connected);
                return Ok(session);
            }
            Err(error) => error,
        };
        // The broker may have moved to another address.
        if Instant::now() < deadline
            && self.refresh_brokers(deadline).await.is_ok()
            && let Some(moved) = self.shared.routes.peer(id).filter(|moved| *moved != peer)
        {
            return self.shared.links.link(&moved).session(purpose, deadline).await;
        }
        Err(self.wrong_listener(&peer, &error).unwrap_or(error))
    }

    /// When the cluster answers at a bootstrap address, but no address that its brokers advertise has ever worked, it is
    /// not the broker that is broken.
    fn wrong_listener(&self, peer: &Peer, error: &Error) -> Option<Error> {
        let broker = peer.broker.filter(|_| error.is_connection())?;
        let links = &self.shared.links;
        let advertised: Vec<Address> = self
            .shared
            .routes
            .peers()
            .into_iter()
            .map(|peer| peer.address)
            .collect();
        if advertised.iter().any(|address| links.has_worked(address)) {
            return None;
        }
        let (bootstrap, _) = self.bootstrap();
        let works = bootstrap.iter().find(|address| links.has_worked(address))?;
        let reason = match error {
            Error::Connect { reason, .. } | Error::Closed { reason, .. } => reason.clone(),
            other => other.summary(),
        };
        let (bootstrap, advertised) = (works.to_string(), peer.address.to_string());
        Some(Error::WrongListener {
            bootstrap,
            broker,
            advertised,
            reason,
        })
    }

    /// Publishes the state of the connection where it changed.
    pub(super) fn is_now(&self, state: ConnectionState) {
        self.shared.state.send_if_modified(|known| {
            let is_new = *known != state;
            if is_new {
                *known = state;
            }
            is_new
        });
    }
}

fn broker_of(node: Node, session: &Session) -> Option<BrokerId> {
    match node {
        Node::Broker(id) => Some(id),
        Node::Any | Node::Controller => session.connection.line().broker(),
    }
}

/// Whether a read that failed may be answered when it is sent again: over a new connection where the old one broke, by
/// somebody else where a broker was silent. Asking a silent broker again would only double the wait.
fn may_go_better(node: Node, error: &Error) -> bool {
    match error {
        Error::Closed { .. } => true,
        Error::Timeout { .. } => node == Node::Any,
        _ => false,
    }
}

/// Whether a request only asks, so that it may be sent twice.
fn is_read(api_key: i16) -> bool {
    // Fetch, ListOffsets, Metadata, OffsetFetch, FindCoordinator, DescribeGroups, ListGroups, ApiVersions,
    // OffsetForLeaderEpoch, DescribeAcls, DescribeConfigs, DescribeLogDirs, ListPartitionReassignments,
    // DescribeClientQuotas, DescribeUserScramCredentials, DescribeQuorum, DescribeCluster, DescribeProducers,
    // DescribeTransactions, ListTransactions, ConsumerGroupDescribe, ListConfigResources, DescribeTopicPartitions,
    // ShareGroupDescribe, DescribeShareGroupOffsets
    matches!(
        api_key,
        1 | 2
            | 3
            | 9
            | 10
            | 15
            | 16
            | 18
            | 23
            | 29
            | 32
            | 35
            | 46
            | 48
            | 50
            | 55
            | 60
            | 61
            | 65
            | 66
            | 69
            | 74
            | 75
            | 77
            | 90
    )
}
