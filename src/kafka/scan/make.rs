//! What a scan makes of records: the caller's choice.

use crate::kafka::model::TopicPartition;
use crate::kafka::records::{Batch, RecordRef, Stretch};

/// A record that is wanted, with what it lies in.
#[derive(Debug)]
pub struct Found<'a> {
    /// The partition.
    pub partition: &'a TopicPartition,
    /// The batch.
    pub batch: &'a Batch,
    /// The decompressed records of the batch, which the record lies in.
    pub payload: &'a [u8],
    /// The record.
    pub record: &'a RecordRef<'a>,
}

/// What a worker makes of records. Each worker has one of its own.
pub trait Make: Send + 'static {
    /// What is made of a part of a partition.
    type Made: Default + Send + 'static;

    /// A part of this partition begins.
    fn begin(&mut self, _made: &mut Self::Made, _partition: &TopicPartition) {}

    /// The part is complete.
    fn finish(&mut self, _made: &mut Self::Made) {}

    /// The bytes that it takes, about: after some hundred KiB the part is complete.
    fn size(&self, made: &Self::Made) -> usize;

    /// Adds a record that is wanted. Records of a partition come in the order of their offsets.
    fn record(&mut self, made: &mut Self::Made, found: &Found<'_>);

    /// Adds a stretch that could not be read. The tally counts it either way.
    fn unreadable(&mut self, _made: &mut Self::Made, _partition: &TopicPartition, _stretch: &Stretch) {}
}
