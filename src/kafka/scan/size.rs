//! How large answers are, and what room there is for them: the memory of a scan is bounded by it.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::ScanSpec;

/// Bytes of an answer: at least and at most.
const LEAST_ANSWER: usize = 128 << 10;
const MOST_ANSWER: usize = 8 << 20;
/// Bytes of one partition in an answer.
pub(super) const PAGE: usize = 1 << 20;
/// Room is counted in KiB.
const KIB: usize = 1 << 10;

/// How large answers may be, and what room there is for them.
pub(super) struct Size {
    room: Arc<Semaphore>,
    /// Room that was waited for.
    kept: Option<OwnedSemaphorePermit>,
    is_short: bool,
    most: usize,
    now: usize,
}

impl Size {
    pub(super) fn new(spec: &ScanSpec, leaders: usize) -> Self {
        let most = (spec.memory / (2 * leaders.max(1))).clamp(PAGE, MOST_ANSWER);
        Self {
            room: Arc::new(Semaphore::new(spec.memory.max(most) / KIB)),
            kept: None,
            is_short: false,
            most,
            now: if spec.starts_small { LEAST_ANSWER } else { most },
        }
    }

    fn wanted(&self) -> u32 {
        u32::try_from(self.now / KIB).unwrap_or(1)
    }

    /// Room, as soon as there is some.
    pub(super) fn freed(&self) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + use<> {
        Arc::clone(&self.room).acquire_many_owned(self.wanted())
    }

    /// Keeps the room that was waited for until it is taken.
    pub(super) fn keep(&mut self, room: Result<OwnedSemaphorePermit, AcquireError>) {
        self.kept = room.ok();
        self.is_short = false;
    }

    /// Whether room was wanted and there was none.
    pub(super) fn is_short(&self) -> bool {
        self.is_short
    }

    /// Bytes of the next answer.
    pub(super) fn answer(&self) -> usize {
        self.now
    }

    /// Room for an answer, if there is some now.
    pub(super) fn take(&mut self) -> Option<OwnedSemaphorePermit> {
        let room = self.kept.take();
        let room = room.or_else(|| Arc::clone(&self.room).try_acquire_many_owned(self.wanted()).ok());
        self.is_short = room.is_none();
        room
    }

    /// An answer has come: the next may be larger.
    pub(super) fn grow(&mut self) {
        self.now = (self.now * 2).min(self.most);
    }

    /// An answer was too late: over a slow line less comes in time.
    pub(super) fn shrink(&mut self) {
        self.now = (self.now / 2).max(LEAST_ANSWER);
    }
}

/// Gives back what an answer of these bytes does not need.
pub(super) fn keep(room: &mut OwnedSemaphorePermit, bytes: usize) {
    drop(room.split(room.num_permits().saturating_sub(bytes / KIB)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(memory: usize, leaders: usize, starts_small: bool) -> Size {
        let spec = ScanSpec {
            memory,
            starts_small,
            ..ScanSpec::new(Vec::new())
        };
        Size::new(&spec, leaders)
    }

    #[test]
    fn every_leader_has_room_for_two_answers() {
        let mut size = size(12 << 20, 3, false);
        assert_eq!(size.answer(), 2 << 20);
        let rooms: Vec<_> = (0..6).map(|_| size.take().unwrap()).collect();
        assert!(size.take().is_none() && size.is_short());
        drop(rooms);
        assert!(size.take().is_some() && !size.is_short());
    }

    #[test]
    fn with_many_leaders_each_answer_is_at_least_a_page_and_they_take_turns() {
        let mut size = size(4 << 20, 50, false);
        assert_eq!(size.answer(), PAGE);
        let rooms: Vec<_> = (0..4).map(|_| size.take().unwrap()).collect();
        assert!(size.take().is_none());
        drop(rooms);
    }

    #[test]
    fn a_small_answer_gives_the_rest_of_its_room_back() {
        let mut size = size(2 << 20, 1, false);
        let (mut one, other) = (size.take().unwrap(), size.take().unwrap());
        assert!(size.take().is_none());
        keep(&mut one, 1000);
        assert_eq!(one.num_permits(), 0);
        assert!(size.take().is_some());
        drop(other);
    }

    #[test]
    fn answers_grow_when_they_come_and_shrink_when_they_are_late() {
        let mut size = size(16 << 20, 1, true);
        assert_eq!(size.answer(), LEAST_ANSWER);
        (0..20).for_each(|_| size.grow());
        assert_eq!(size.answer(), 8 << 20);
        (0..20).for_each(|_| size.shrink());
        assert_eq!(size.answer(), LEAST_ANSWER);
    }
}
