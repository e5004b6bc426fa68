//! The Kafka engine: knows no screen, speaks in domain types.

pub mod client;
pub mod error;
pub mod feed;
pub mod lag;
pub mod model;
pub mod newest;
pub mod older;
pub mod partial;
pub mod partitioner;
pub mod query;
pub mod records;
pub mod scan;
pub mod search;
pub mod send;
pub mod tails;

pub mod worker;
