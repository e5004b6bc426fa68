//! Obeying `throttle_time_ms` (KIP-219): a broker over its quota answers first and then stops reading for that time,
//! so whatever is sent meanwhile only queues.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kafka_protocol::messages as m;
use tokio::time::{Instant, sleep_until};

use super::line::Line;
use super::stats::api_name;
use crate::kafka::error::Error;

/// Longest pause that is obeyed: a broker's quota window is some seconds; more is nonsense on the wire.
const MAX_PAUSE: Duration = Duration::from_mins(1);

/// An answer that may ask for a pause.
pub trait Throttled {
    /// The pause the broker asks for; zero for most answers.
    fn throttle_time(&self) -> Duration;
}

macro_rules! throttled {
    ($($response:ident),* $(,)?) => {
        $(impl Throttled for m::$response {
            fn throttle_time(&self) -> Duration {
                Duration::from_millis(u64::try_from(self.throttle_time_ms).unwrap_or(0)).min(MAX_PAUSE)
            }
        })*
    };
}

macro_rules! never_throttled {
    ($($response:ident),* $(,)?) => {
        $(impl Throttled for m::$response {
            fn throttle_time(&self) -> Duration {
                Duration::ZERO
            }
        })*
    };
}

throttled! {
    ProduceResponse, FetchResponse, ListOffsetsResponse, MetadataResponse, OffsetCommitResponse, OffsetFetchResponse,
    FindCoordinatorResponse, JoinGroupResponse, HeartbeatResponse, LeaveGroupResponse, SyncGroupResponse,
    DescribeGroupsResponse, ListGroupsResponse, ApiVersionsResponse, CreateTopicsResponse, DeleteTopicsResponse,
    DeleteRecordsResponse, InitProducerIdResponse, OffsetForLeaderEpochResponse, EndTxnResponse,
    DescribeAclsResponse, CreateAclsResponse, DeleteAclsResponse, DescribeConfigsResponse, AlterConfigsResponse,
    AlterReplicaLogDirsResponse, DescribeLogDirsResponse, CreatePartitionsResponse, DeleteGroupsResponse,
    ElectLeadersResponse, IncrementalAlterConfigsResponse, AlterPartitionReassignmentsResponse,
    ListPartitionReassignmentsResponse, OffsetDeleteResponse, DescribeClientQuotasResponse,
    AlterClientQuotasResponse, DescribeUserScramCredentialsResponse, AlterUserScramCredentialsResponse,
    UpdateFeaturesResponse, DescribeClusterResponse, DescribeProducersResponse, DescribeTransactionsResponse,
    ListTransactionsResponse, ConsumerGroupDescribeResponse, ListConfigResourcesResponse,
    DescribeTopicPartitionsResponse, ShareGroupDescribeResponse, DescribeShareGroupOffsetsResponse,
    AlterShareGroupOffsetsResponse, DeleteShareGroupOffsetsResponse,
}
never_throttled! {
    DescribeQuorumResponse, SaslHandshakeResponse, SaslAuthenticateResponse, WriteTxnMarkersResponse,
}

/// Closed while a broker throttles this client.
#[derive(Debug, Default)]
pub(super) struct Gate {
    until: Mutex<Option<Instant>>,
}

impl Gate {
    /// Closes the gate from now on.
    pub(super) fn close_for(&self, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        let until = Instant::now() + pause;
        let mut closed = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.is_none_or(|known| known < until) {
            *closed = Some(until);
        }
    }

    /// Waits until the gate is open; an error when that is after `deadline`.
    pub(super) async fn passed(&self, line: &Line, key: i16, deadline: Instant) -> Result<(), Error> {
        loop {
            let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            match until {
                Some(until) if until > deadline => {
                    return Err(Error::Throttled {
                        what: api_name(key),
                        addr: line.to_string(),
                        pause: until - now,
                    });
                }
                Some(until) if until > now => sleep_until(until).await,
                _ => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::address::Peer;
    use super::*;

    fn line() -> Line {
        Line::new(Peer::bootstrap("kafka:9092".parse().unwrap()), &Arc::default())
    }

    #[tokio::test]
    async fn a_closed_gate_opens_when_the_longest_pause_is_over() {
        let gate = Gate::default();
        let begin = Instant::now();
        gate.close_for(Duration::from_millis(70));
        gate.close_for(Duration::from_millis(30));
        gate.passed(&line(), 3, begin + Duration::from_secs(20)).await.unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(70));
    }

    #[tokio::test]
    async fn a_pause_beyond_the_deadline_is_told_at_once() {
        let gate = Gate::default();
        let begin = Instant::now();
        gate.close_for(Duration::from_secs(30));
        let error = gate
            .passed(&line(), 3, begin + Duration::from_secs(5))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Throttled { pause, .. } if pause > Duration::from_secs(20)));
        assert!(begin.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_senseless_throttle_time_is_bounded() {
        let answer = m::MetadataResponse::default().with_throttle_time_ms(i32::MAX);
        assert_eq!(answer.throttle_time(), MAX_PAUSE);
        assert_eq!(
            m::MetadataResponse::default().with_throttle_time_ms(-5).throttle_time(),
            Duration::ZERO
        );
    }
}
