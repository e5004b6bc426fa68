//! FindCoordinator (key 10): one key up to v3, many from v4 (KIP-699).

use kafka_protocol::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;

use super::{Call, code};
use crate::sim::state::State;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
    let response = FindCoordinatorResponse::default().with_throttle_time_ms(call.throttle_ms);
    let find = |key: &StrBytes| find(call, state, request.key_type, key);
    if call.version >= 4 {
        let coordinators = request.coordinator_keys.iter().map(|key| {
            let found = find(key);
            Coordinator::default()
                .with_key(key.clone())
                .with_node_id(BrokerId(found.id))
                .with_host(found.host)
                .with_port(found.port)
                .with_error_code(found.code)
                .with_error_message(found.message)
        });
        return response.with_coordinators(coordinators.collect());
    }
    let found = find(&request.key);
    let response = response
        .with_error_code(found.code)
        .with_node_id(BrokerId(found.id))
        .with_host(found.host)
        .with_port(found.port);
    if call.version >= 1 {
        response.with_error_message(found.message)
    } else {
        response
    }
}

struct Found {
    code: i16,
    message: Option<StrBytes>,
    id: i32,
    host: StrBytes,
    port: i32,
}

fn find(call: &Call<'_>, state: &State, key_type: i8, key: &StrBytes) -> Found {
    let failed = |code| Found {
        code,
        message: None,
        id: -1,
        host: StrBytes::new(),
        port: -1,
    };
    if let Some(code) = call.injected.resource(key) {
        return failed(code);
    }
    if key_type != GROUP && key_type != TRANSACTION {
        return failed(code(ResponseError::InvalidRequest));
    }
    let coordinator = state
        .coordinator(key)
        .and_then(|id| state.broker(id))
        .filter(|broker| broker.is_up());
    let Some(broker) = coordinator else {
        let message = StrBytes::from_static_str("The coordinator is not available.");
        return Found {
            message: Some(message),
            ..failed(code(ResponseError::CoordinatorNotAvailable))
        };
    };
    let (host, port) = broker.endpoint();
    Found {
        code: 0,
        message: None,
        id: broker.id,
        host,
        port: i32::from(port),
    }
}
