//! What waits for a place among what the workers have.

use std::collections::VecDeque;

use super::Step;
use super::pool::{Gone, Pool};
use super::work::Piece;

enum Ready<T> {
    Piece(Piece),
    Say(Step<T>),
}

/// Pieces and words for the workers, in their order.
pub(super) struct Queue<T> {
    pub(super) pool: Pool<T>,
    ready: VecDeque<Ready<T>>,
}

impl<T: Default + Send + 'static> Queue<T> {
    pub(super) fn new(pool: Pool<T>) -> Self {
        let ready = VecDeque::new();
        Self { pool, ready }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Adds pieces to be worked on.
    pub(super) fn work(&mut self, pieces: Vec<Piece>) {
        self.ready.extend(pieces.into_iter().map(Ready::Piece));
    }

    /// Adds something to be said when everything before it has been.
    pub(super) fn say(&mut self, step: Step<T>) {
        self.ready.push_back(Ready::Say(step));
    }

    /// Hands on what comes next, as soon as there is a place for it. Dropping the future loses nothing.
    pub(super) async fn hand_on(&mut self) -> Result<(), Gone> {
        let place = self.pool.place().await?;
        match self.ready.pop_front() {
            Some(Ready::Piece(piece)) => self.pool.work(place, piece),
            Some(Ready::Say(step)) => {
                Pool::say(place, step);
                Ok(())
            }
            None => Ok(()),
        }
    }
}
