//! InitProducerId (key 22): ids for idempotent producers. Transactions are not served.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};

use super::{Call, code};
use crate::sim::state::State;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: InitProducerIdRequest) -> InitProducerIdResponse {
    let response = InitProducerIdResponse::default().with_throttle_time_ms(call.throttle_ms);
    if let Some(code) = call.injected.top() {
        return response.with_error_code(code).with_producer_epoch(-1);
    }
    if request.transactional_id.is_some() {
        return response
            .with_error_code(code(ResponseError::CoordinatorNotAvailable))
            .with_producer_epoch(-1);
    }
    response
        .with_producer_id(state.next_producer_id().into())
        .with_producer_epoch(0)
}
