//! What workers have made and nobody has used up yet: how much of it there may be, and who may add to it.
//!
//! What comes of a piece has nothing to do with its size on the line: compressed bytes may stand for a thousand times as
//! many. So a worker hands on what it makes in parts of some size, and only while there is room. The piece that is waited
//! for always has room, for nothing else would make any.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::Part;

/// Bytes after which a part is handed on.
pub(super) const PART: usize = 512 << 10;
/// Bytes of parts that may wait to be used up.
const ROOM: usize = 8 << 20;
/// Parts of one piece that may wait to be taken: by so much the piece that is waited for may go beyond the room.
const WAITING: usize = 4;

/// The room for what is made, and what has been emptied to be filled again.
pub(super) struct Store<T> {
    spare: Mutex<Vec<T>>,
    room: Arc<Room>,
}

#[derive(Debug, Default)]
struct Room {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes that are taken.
    held: usize,
    /// The piece that is waited for.
    turn: u64,
    /// Nobody takes parts any more.
    is_closed: bool,
}

impl<T> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.room).finish()
    }
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self {
            spare: Mutex::default(),
            room: Arc::default(),
        }
    }
}

impl<T: Default> Store<T> {
    /// Takes back what has been used up, emptied.
    pub(super) fn give_back(&self, emptied: T) {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(emptied);
    }

    fn spare(&self) -> T {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_default()
    }

    /// This piece is waited for now.
    pub(super) fn turn_to(&self, piece: u64) {
        self.room.change(|state| state.turn = piece);
    }

    /// Nobody takes parts any more: whoever waits for room need not.
    pub(super) fn close(&self) {
        self.room.change(|state| state.is_closed = true);
    }
}

impl State {
    fn has_room(&self, piece: u64, bytes: usize) -> bool {
        let is_full = self.held > 0 && self.held.saturating_add(bytes) > ROOM;
        !is_full || self.turn == piece || self.is_closed
    }
}

impl Room {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until there is room for so many bytes of this piece.
    fn take(self: &Arc<Self>, piece: u64, bytes: usize) -> Held {
        let has_none = |state: &mut State| !state.has_room(piece, bytes);
        let state = self.changed.wait_while(self.state(), has_none);
        state.unwrap_or_else(PoisonError::into_inner).held += bytes;
        let room = Some(Arc::clone(self));
        Held { room, bytes }
    }
}

/// The room that a part takes until it is used up.
#[derive(Debug, Default)]
pub struct Held {
    room: Option<Arc<Room>>,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(room) = &self.room {
            room.change(|state| state.held -= self.bytes);
        }
    }
}

/// Where the parts of a piece come out, each with whether it is the last.
pub(super) type PartsRx<T> = mpsc::Receiver<(Part<T>, bool)>;

/// Where a worker puts the parts of a piece.
pub(super) struct Outlet<T> {
    piece: u64,
    parts_tx: mpsc::Sender<(Part<T>, bool)>,
    store: Arc<Store<T>>,
}

impl<T: Default> Outlet<T> {
    /// For the piece of this number.
    pub(super) fn new(piece: u64, store: &Arc<Store<T>>) -> (Self, PartsRx<T>) {
        let (parts_tx, parts_rx) = mpsc::channel(WAITING);
        let store = Arc::clone(store);
        (Self { piece, parts_tx, store }, parts_rx)
    }

    /// Whether nobody waits for the parts: the scan was dropped.
    pub(super) fn is_closed(&self) -> bool {
        self.parts_tx.is_closed()
    }

    /// Something empty to fill.
    pub(super) fn empty(&self) -> T {
        self.store.spare()
    }

    /// Hands a part of so many bytes on, as soon as there is room.
    pub(super) fn put(&self, part: Part<T>, bytes: usize, is_last: bool) {
        let held = self.store.room.take(self.piece, bytes);
        // Nobody waits for it after the scan was dropped.
        self.parts_tx.blocking_send((Part { held, ..part }, is_last)).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;
    use std::time::Duration;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    /// Takes room in a thread of its own.
    fn taking(room: &Arc<Room>, piece: u64, bytes: usize) -> Receiver<Held> {
        let (held_tx, held_rx) = channel();
        let room = Arc::clone(room);
        thread::spawn(move || held_tx.send(room.take(piece, bytes)));
        held_rx
    }

    #[test]
    fn whoever_is_not_waited_for_waits_for_room() {
        let room = Arc::<Room>::default();
        let first = room.take(7, ROOM);
        assert!(!room.state().has_room(8, 1), "not even for a byte");
        let waiting = taking(&room, 8, 1);
        let waited_for = room.take(0, ROOM);
        drop(waited_for);
        drop(first);
        drop(waiting.recv_timeout(SOON).unwrap());
        assert_eq!(room.state().held, 0, "all of it is given back");
    }

    #[test]
    fn its_turn_or_the_end_lets_one_go_that_waits() {
        let room = Arc::<Room>::default();
        let _full = room.take(0, ROOM);
        let (next, after) = (taking(&room, 1, 5), taking(&room, 2, 5));
        room.change(|state| state.turn = 1);
        let _next = next.recv_timeout(SOON).unwrap();
        assert!(!room.state().has_room(2, 5));
        room.change(|state| state.is_closed = true);
        after.recv_timeout(SOON).unwrap();
    }

    #[test]
    fn what_is_larger_than_all_room_has_it_alone() {
        let room = Arc::<Room>::default();
        let large = room.take(3, 3 * ROOM);
        assert!(!room.state().has_room(4, 1));
        let small = taking(&room, 4, 1);
        drop(large);
        small.recv_timeout(SOON).unwrap();
    }
}
