//! The Kafka engine: knows no screen, speaks in domain types.

pub mod lag;
pub mod model;
pub mod query;
pub mod records;
