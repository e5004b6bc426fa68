//! Memory that is used again: chunks pass from thread to thread, and an allocator that gets them back elsewhere than it
//! gave them keeps many times what is in use.

use std::sync::{Arc, Mutex, PoisonError};

/// Pieces of memory that are kept at most.
const KEPT: usize = 24;
/// A piece that grew larger, for a line like that, is given back.
const LARGEST: usize = 2 << 20;

/// Memory to be used again. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Spare(Arc<Mutex<Vec<Vec<u8>>>>);

impl Spare {
    /// An empty piece, from earlier use where there is one: that whose size is closest to what is wanted.
    pub fn take(&self, wanted: usize) -> Vec<u8> {
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sizes = pieces.iter().map(|piece| piece.capacity().abs_diff(wanted));
        match sizes.enumerate().min_by_key(|(_, difference)| *difference) {
            Some((at, _)) => pieces.swap_remove(at),
            None => Vec::with_capacity(wanted),
        }
    }

    /// Hands a piece over for later use.
    pub fn put(&self, mut piece: Vec<u8>) {
        piece.clear();
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pieces.len() < KEPT && piece.capacity() <= LARGEST {
            pieces.push(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_empty_and_is_bounded() {
        let spare = Spare::default();
        spare.clone().put(b"abc".to_vec());
        spare.put(vec![0; 1000]);
        let piece = spare.take(5);
        assert!(piece.is_empty() && (3..1000).contains(&piece.capacity()));
        for _ in 0..100 {
            spare.put(vec![0; 10]);
        }
        let held = || spare.0.lock().unwrap().len();
        assert_eq!(held(), KEPT);
        drop(spare.take(10));
        spare.put(vec![0; LARGEST + 1]);
        assert_eq!(held(), KEPT - 1, "what one long line took is not kept");
    }
}
