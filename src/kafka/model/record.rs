//! One record as it lies in the log.
