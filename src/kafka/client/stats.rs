//! What talking to the cluster has cost so far, for the debug overlay and the log.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kafka_protocol::messages::ApiKey;

/// Sums since the client was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests sent.
    pub requests: u64,
    /// Requests that ended without a readable answer.
    pub errors: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Answers that came after their request had been given up.
    pub late: u64,
    /// Pauses the broker asked for (`throttle_time_ms`).
    pub throttled: Duration,
}

/// Sums of a client, as a whole and in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Everything.
    pub total: Counts,
    /// By the name of the request. Bytes are those of the messages without their headers; late answers are not known
    /// per request.
    pub apis: Vec<(String, Counts)>,
    /// By the address called.
    pub brokers: Vec<(String, Counts)>,
}

/// Running sums of one address.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    requests: AtomicU64,
    errors: AtomicU64,
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
    throttled_ms: AtomicU64,
    /// Answers that nobody waited for any more.
    pub(super) late: AtomicU64,
}

impl Traffic {
    /// Bytes that left through the socket.
    pub(super) fn sent(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes as u64, Relaxed);
    }

    /// Bytes that came out of the socket.
    pub(super) fn received(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Relaxed);
    }

    fn counts(&self) -> Counts {
        Counts {
            requests: self.requests.load(Relaxed),
            errors: self.errors.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
            bytes_in: self.bytes_in.load(Relaxed),
            late: self.late.load(Relaxed),
            throttled: Duration::from_millis(self.throttled_ms.load(Relaxed)),
        }
    }
}

/// Collects the sums of a client.
#[derive(Debug, Default)]
pub(super) struct Meter {
    apis: Mutex<BTreeMap<i16, Counts>>,
    brokers: Mutex<BTreeMap<String, Arc<Traffic>>>,
}

impl Meter {
    /// The sums of one address.
    pub(super) fn traffic(&self, address: &str) -> Arc<Traffic> {
        let mut brokers = self.brokers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(brokers.entry(address.to_owned()).or_default())
    }

    /// Counts a request; `received` is the size of the answer, `None` when none came.
    pub(super) fn record(&self, traffic: &Traffic, key: i16, sent: usize, received: Option<usize>) {
        let failed = u64::from(received.is_none());
        traffic.requests.fetch_add(1, Relaxed);
        traffic.errors.fetch_add(failed, Relaxed);
        self.add(key, |counts| {
            counts.requests += 1;
            counts.errors += failed;
            counts.bytes_out += sent as u64;
            counts.bytes_in += received.unwrap_or(0) as u64;
        });
    }

    /// Counts an answer that came but cannot be read.
    pub(super) fn garbled(&self, traffic: &Traffic, key: i16) {
        traffic.errors.fetch_add(1, Relaxed);
        self.add(key, |counts| counts.errors += 1);
    }

    /// Counts a pause that the broker asked for.
    pub(super) fn throttled(&self, traffic: &Traffic, key: i16, pause: Duration) {
        traffic.throttled_ms.fetch_add(pause.as_millis() as u64, Relaxed);
        self.add(key, |counts| counts.throttled += pause);
    }

    fn add(&self, key: i16, add: impl FnOnce(&mut Counts)) {
        let mut apis = self.apis.lock().unwrap_or_else(PoisonError::into_inner);
        add(apis.entry(key).or_default());
    }

    /// The sums now.
    pub(super) fn stats(&self) -> Stats {
        let brokers = self.brokers.lock().unwrap_or_else(PoisonError::into_inner);
        let brokers: Vec<_> = brokers
            .iter()
            .map(|(addr, traffic)| (addr.clone(), traffic.counts()))
            .collect();
        let total = brokers.iter().fold(Counts::default(), |sum, (_, counts)| Counts {
            requests: sum.requests + counts.requests,
            errors: sum.errors + counts.errors,
            bytes_out: sum.bytes_out + counts.bytes_out,
            bytes_in: sum.bytes_in + counts.bytes_in,
            late: sum.late + counts.late,
            throttled: sum.throttled + counts.throttled,
        });
        let apis = self.apis.lock().unwrap_or_else(PoisonError::into_inner);
        let apis = apis.iter().map(|(key, counts)| (api_name(*key), *counts)).collect();
        Stats { total, apis, brokers }
    }
}

/// The name of a request in Kafka's documentation.
pub(super) fn api_name(key: i16) -> String {
    ApiKey::try_from(key).map_or_else(|()| format!("API {key}"), |known| format!("{known:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_summed_per_api_per_broker_and_in_total() {
        let meter = Meter::default();
        let (one, two) = (meter.traffic("a:1"), meter.traffic("b:1"));
        one.sent(10);
        two.received(20);
        meter.record(&one, 3, 6, Some(100));
        meter.record(&two, 3, 6, None);
        meter.throttled(&one, 3, Duration::from_millis(14));
        meter.garbled(&one, 3);
        let stats = meter.stats();
        assert_eq!((stats.total.requests, stats.total.errors), (2, 2));
        assert_eq!((stats.total.bytes_out, stats.total.bytes_in), (10, 20));
        assert_eq!(stats.total.throttled, Duration::from_millis(14));
        assert_eq!(stats.apis.len(), 1);
        assert_eq!((stats.apis[0].0.as_str(), stats.apis[0].1.bytes_in), ("Metadata", 100));
        assert_eq!(stats.brokers[1].1.errors, 1);
    }

    #[test]
    fn an_unknown_api_goes_by_its_number() {
        assert_eq!((api_name(1), api_name(999)), ("Fetch".to_owned(), "API 999".to_owned()));
    }
}
