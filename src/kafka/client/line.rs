//! What every connection to one address shares.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering::Relaxed;

use super::address::{Address, Peer};
use super::stats::{Meter, Traffic};
use super::throttle::Gate;
use crate::kafka::model::BrokerId;

const NOBODY: i32 = -1;

/// An address with its sums, its throttle gate, and the broker that was found behind it.
#[derive(Clone)]
pub(super) struct Line {
    /// Where it leads.
    pub(super) address: Address,
    broker: Arc<AtomicI32>,
    /// Sums of the client.
    pub(super) meter: Arc<Meter>,
    /// Sums of this address.
    pub(super) traffic: Arc<Traffic>,
    /// Closed while the broker throttles us.
    pub(super) gate: Arc<Gate>,
}

impl Line {
    /// A line to `peer` that is counted in `meter`.
    pub(super) fn new(peer: Peer, meter: &Arc<Meter>) -> Self {
        Self {
            broker: Arc::new(AtomicI32::new(peer.broker.map_or(NOBODY, |id| id.0))),
            meter: Arc::clone(meter),
            traffic: meter.traffic(&peer.address.to_string()),
            gate: Arc::default(),
            address: peer.address,
        }
    }

    /// The broker behind the address, where it is known.
    pub(super) fn broker(&self) -> Option<BrokerId> {
        Some(self.broker.load(Relaxed)).filter(|id| *id != NOBODY).map(BrokerId)
    }

    /// Learns which broker advertises this address.
    pub(super) fn identify(&self, broker: Option<BrokerId>) {
        self.broker.store(broker.map_or(NOBODY, |id| id.0), Relaxed);
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.broker() {
            Some(id) => write!(f, "{} (broker {id})", self.address),
            None => write!(f, "{}", self.address),
        }
    }
}
