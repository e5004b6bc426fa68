//! The Kafka engine: knows no screen, speaks in domain types.

pub mod model;
pub mod records;
