//! Who coordinates a group: FindCoordinator, many groups at once where the broker can (KIP-699).

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt};
use kafka_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::{StrBytes, VersionRange};

use super::{Answer, Client, Node, Outcomes, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, GroupId};

const BATCHED: VersionRange = VersionRange { min: 4, max: 6 };
const SINGLE: VersionRange = VersionRange { min: 0, max: 3 };
/// Groups per batched request.
const CHUNK: usize = 500;
/// Requests for single groups under way at a time.
const PIPELINED: usize = 8;

impl Client {
    /// The coordinator of each group, from what is known already or by asking. Note that a broker makes the topic
    /// `__consumer_offsets` when it is asked for the first time.
    pub async fn coordinators(&self, groups: &[GroupId]) -> Outcomes<GroupId, BrokerId> {
        let routes = &self.shared.routes;
        let mut outcomes = Vec::with_capacity(groups.len());
        let mut unknown = Vec::new();
        for group in groups {
            match routes.coordinator(group) {
                Some(broker) => outcomes.push((group.clone(), Ok(broker))),
                None => unknown.push(group.clone()),
            }
        }
        if unknown.is_empty() {
            return outcomes;
        }
        let found = self.found(&unknown).await;
        let known = found
            .iter()
            .filter_map(|(group, outcome)| Some((group.clone(), *outcome.as_ref().ok()?)));
        routes.learn_coordinators(known.collect::<Vec<_>>());
        outcomes.extend(found);
        outcomes
    }

    async fn found(&self, groups: &[GroupId]) -> Outcomes<GroupId, BrokerId> {
        let mut outcomes = Vec::with_capacity(groups.len());
        for chunk in groups.chunks(CHUNK) {
            match self.found_together(chunk).await {
                Err(Error::Unsupported { .. }) => outcomes.extend(self.found_singly(chunk).await),
                Err(error) => outcomes.extend(chunk.iter().map(|group| (group.clone(), Err(error.clone())))),
                Ok(found) => outcomes.extend(found),
            }
        }
        outcomes
    }

    async fn found_together(&self, groups: &[GroupId]) -> Result<Outcomes<GroupId, BrokerId>, Error> {
        let keys: Vec<StrBytes> = groups
            .iter()
            .map(|group| StrBytes::from_string(group.as_str().to_owned()))
            .collect();
        let build = |_| FindCoordinatorRequest::default().with_coordinator_keys(keys.clone());
        let answer: Answer<FindCoordinatorResponse> = self
            .call::<FindCoordinatorRequest, _>(Node::Any, Purpose::Interactive, BATCHED, build)
            .await?;
        let said: HashMap<&str, Result<BrokerId, Error>> = answer
            .response
            .coordinators
            .iter()
            .map(|found| {
                let group = GroupId::from(&*found.key);
                let message = found.error_message.as_deref();
                (
                    found.key.as_str(),
                    verdict(&group, found.error_code, message, found.node_id.0),
                )
            })
            .collect();
        let of = |group: &GroupId| {
            said.get(group.as_str()).cloned().unwrap_or_else(|| {
                let reason = "FindCoordinator left it out".to_owned();
                Err(Error::NoCoordinator {
                    group: group.clone(),
                    reason,
                })
            })
        };
        Ok(groups.iter().map(|group| (group.clone(), of(group))).collect())
    }

    async fn found_singly(&self, groups: &[GroupId]) -> Outcomes<GroupId, BrokerId> {
        let ask = |group: GroupId| async move {
            let key = StrBytes::from_string(group.as_str().to_owned());
            let build = |_| FindCoordinatorRequest::default().with_key(key.clone());
            let answer = self
                .call::<FindCoordinatorRequest, _>(Node::Any, Purpose::Interactive, SINGLE, build)
                .await;
            let outcome = answer.and_then(|answer| {
                let found = &answer.response;
                verdict(
                    &group,
                    found.error_code,
                    found.error_message.as_deref(),
                    found.node_id.0,
                )
            });
            (group, outcome)
        };
        stream::iter(groups.iter().cloned().map(ask))
            .buffer_unordered(PIPELINED)
            .collect()
            .await
    }
}

fn verdict(group: &GroupId, code: i16, message: Option<&str>, broker: i32) -> Result<BrokerId, Error> {
    let message = message.filter(|text| !text.is_empty() && *text != "NONE");
    match Error::from_code(code, format!("coordinator of group {group}"), message) {
        Some(error) => Err(error),
        None if broker < 0 => {
            let reason = "FindCoordinator names no broker".to_owned();
            Err(Error::NoCoordinator {
                group: group.clone(),
                reason,
            })
        }
        None => Ok(BrokerId(broker)),
    }
}
