//! What the brokers were asked: counters and the last requests, for tests that check what a client costs.

use std::collections::{BTreeMap, VecDeque};

/// How many requests the log keeps.
const KEPT: usize = 4_096;

/// One request that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// Who was asked.
    pub broker: i32,
    /// Number of the connection, counted over the whole cluster.
    pub connection: u64,
    /// What for.
    pub api_key: i16,
    /// At which version.
    pub version: i16,
    /// `client.id` of the header.
    pub client_id: String,
    /// Bytes of the request with its length.
    pub bytes: usize,
}

/// Sums over requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many requests were read.
    pub requests: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// Bytes of the answers.
    pub bytes_out: u64,
}

/// The counters of a cluster.
#[derive(Debug, Default)]
pub struct Stats {
    traffic: BTreeMap<(i32, i16), Traffic>,
    log: VecDeque<SeenRequest>,
    connections: u64,
    open: u64,
}

impl Stats {
    /// Counts a connection; answers its number.
    pub fn connected(&mut self) -> u64 {
        self.connections += 1;
        self.open += 1;
        self.connections
    }

    /// A connection has ended, its last request too.
    pub fn disconnected(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// Connections that are being served.
    pub fn open_connections(&self) -> u64 {
        self.open
    }

    /// Connections since the start.
    pub fn connections(&self) -> u64 {
        self.connections
    }

    /// Counts a request.
    pub fn seen(&mut self, request: SeenRequest) {
        let traffic = self.traffic.entry((request.broker, request.api_key)).or_default();
        traffic.requests += 1;
        traffic.bytes_in += request.bytes as u64;
        if self.log.len() == KEPT {
            self.log.pop_front();
        }
        self.log.push_back(request);
    }

    /// Counts an answer.
    pub fn answered(&mut self, broker: i32, api_key: i16, bytes: usize) {
        self.traffic.entry((broker, api_key)).or_default().bytes_out += bytes as u64;
    }

    /// Sum over the brokers and APIs that are asked for; `None` is all.
    pub fn traffic(&self, broker: Option<i32>, api_key: Option<i16>) -> Traffic {
        let matching = self.traffic.iter().filter(|((at, key), _)| {
            broker.is_none_or(|broker| broker == *at) && api_key.is_none_or(|api_key| api_key == *key)
        });
        matching.fold(Traffic::default(), |sum, (_, one)| Traffic {
            requests: sum.requests + one.requests,
            bytes_in: sum.bytes_in + one.bytes_in,
            bytes_out: sum.bytes_out + one.bytes_out,
        })
    }

    /// The last requests, oldest first.
    pub fn log(&self) -> Vec<SeenRequest> {
        self.log.iter().cloned().collect()
    }

    /// Starts counting from zero.
    pub fn reset(&mut self) {
        self.traffic.clear();
        self.log.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(broker: i32, api_key: i16) -> SeenRequest {
        SeenRequest {
            broker,
            connection: 1,
            api_key,
            version: 0,
            client_id: String::new(),
            bytes: 10,
        }
    }

    #[test]
    fn traffic_is_summed_per_broker_and_api() {
        let mut stats = Stats::default();
        stats.seen(request(1, 3));
        stats.seen(request(2, 3));
        stats.seen(request(2, 1));
        stats.answered(2, 1, 500);
        assert_eq!(stats.traffic(None, Some(3)).requests, 2);
        assert_eq!(
            stats.traffic(Some(2), None),
            Traffic {
                requests: 2,
                bytes_in: 20,
                bytes_out: 500
            }
        );
        stats.reset();
        assert_eq!(stats.traffic(None, None), Traffic::default());
    }

    #[test]
    fn the_log_is_bounded() {
        let mut stats = Stats::default();
        (0..KEPT + 10).for_each(|n| stats.seen(request(n as i32, 3)));
        assert_eq!(stats.log().len(), KEPT);
        assert_eq!(stats.log()[0].broker, 10);
        assert_eq!(stats.traffic(None, None).requests, KEPT as u64 + 10);
    }
}
