//! Record batches from bytes, losing nothing.
//!
//! ```text
//! fetched bytes -> Walk -> Batch (header + shared bytes, a Fate)      no record is touched
//!                           |
//!                           +-> Inflater::payload -> &[u8]            one reused buffer; a search looks here first
//!                                     |
//!                                     +-> Records -> RecordRef<'_>    borrowed, one at a time
//!                           +-> append_rows -> Row                    shared slices, for the screen
//! ```
//!
//! A search scans payloads and cuts records only out of the batches that have what it looks for; a screen asks for
//! rows. Nothing here does I/O, and no input can panic, hang or allocate beyond the inflater's limit.
//!
//! Sources: Kafka's message format documentation, KIP-98 (transactions), KIP-32 (timestamps), KIP-31 (relative
//! offsets), KIP-534 (delete horizon).

mod build;
mod encode;
mod fate;
mod header;
mod inflate;
mod iter;
mod legacy;
mod lz4;
mod read;
mod rows;
mod walk;

pub use build::{BatchBuilder, NewBatch, NewHeader, NewRecord};
pub use encode::{BatchSpec, EncodeError, RecordSpec, Stamp, encode_batch};
pub use fate::{AbortedTransaction, Fate};
pub use header::BatchHeader;
pub use inflate::{DEFAULT_LIMIT, Inflater};
pub use iter::{BadRecords, Headers, RecordRef, Records};
pub use rows::{append_rows, owned};
pub use walk::{Batch, FetchedRange, Stretch, Walk, Walked};
