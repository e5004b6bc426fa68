//! DescribeCluster (key 60, KIP-700).

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::{BrokerId, DescribeClusterRequest, DescribeClusterResponse};
use kafka_protocol::protocol::StrBytes;

use super::{Call, code};
use crate::sim::state::State;
use crate::sim::state::topic::text;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: DescribeClusterRequest) -> DescribeClusterResponse {
    let controller = state.told_controller();
    let mut response = DescribeClusterResponse::default().with_throttle_time_ms(call.throttle_ms);
    if call.version >= 1 {
        response.endpoint_type = request.endpoint_type;
    }
    if request.endpoint_type != 1 {
        let message = "The request was sent to an endpoint of the wrong type.";
        return response
            .with_error_code(code(ResponseError::MismatchedEndpointType))
            .with_error_message(Some(StrBytes::from_static_str(message)));
    }
    if let Some(code) = call.injected.top() {
        return response.with_error_code(code);
    }
    let shown = state
        .brokers
        .iter()
        .filter(|broker| broker.is_up() || request.include_fenced_brokers);
    let brokers = shown.map(|broker| {
        let (host, port) = broker.endpoint();
        let is_fenced = !broker.is_up();
        DescribeClusterBroker::default()
            .with_broker_id(BrokerId(broker.id))
            .with_host(host)
            .with_port(i32::from(port))
            .with_rack(broker.rack.clone())
            .with_is_fenced(is_fenced)
    });
    response
        .with_cluster_id(text(&state.settings.cluster_id))
        .with_controller_id(BrokerId(controller))
        .with_brokers(brokers.collect())
}
