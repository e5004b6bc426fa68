//! Record batches from bytes.
