//! How large answers are, and what room there is for them: the memory of a scan is bounded by it.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
    /// The room that was wanted, where there was none.
    short: Option<u32>,
    most: usize,
    now: usize,
}

impl Size {
    pub(super) fn new(spec: &ScanSpec, leaders: usize) -> Self {
        let most = (spec.memory / (2 * leaders.max(1))).clamp(PAGE, MOST_ANSWER);
        Self {
            room: Arc::new(Semaphore::new(spec.memory.max(most) / KIB)),
            short: None,
            most,
            now: if spec.starts_small { LEAST_ANSWER } else { most },
        }
    }

    /// Waits until there is the room that there was not. It is taken by whose turn it is then.
    pub(super) fn freed(&self) -> impl Future<Output = ()> + use<> {
        let room = Arc::clone(&self.room).acquire_many_owned(self.short.unwrap_or(0));
        async { drop(room.await) }
    }

    /// Whether room was wanted and there was none.
    pub(super) fn is_short(&self) -> bool {
        self.short.is_some()
    }

    /// Bytes of the next answer. Who only waits for what is new holds its room for long, and needs little of it.
    pub(super) fn answer(&self, is_caught_up: bool) -> usize {
        if is_caught_up { LEAST_ANSWER } else { self.now }
    }

    /// Room for an answer of so many bytes, if there is some now.
    pub(super) fn take(&mut self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let wanted = u32::try_from(bytes / KIB).unwrap_or(1);
        let room = Arc::clone(&self.room).try_acquire_many_owned(wanted).ok();
        self.short = room.is_none().then_some(wanted);
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
    use futures_util::FutureExt as _;

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
        assert_eq!(size.answer(false), 2 << 20);
        let rooms: Vec<_> = (0..6).map(|_| size.take(2 << 20).unwrap()).collect();
        assert!(size.take(2 << 20).is_none() && size.is_short());
        drop(rooms);
        assert!(size.take(2 << 20).is_some() && !size.is_short());
    }

    #[test]
    fn with_many_leaders_an_answer_is_a_page_and_who_waits_for_new_records_takes_less() {
        let mut size = size(4 << 20, 50, false);
        assert_eq!((size.answer(false), size.answer(true)), (PAGE, LEAST_ANSWER));
        let _waiting: Vec<_> = (0..8).map(|_| size.take(LEAST_ANSWER).unwrap()).collect();
        let _reading: Vec<_> = (0..3).map(|_| size.take(PAGE).unwrap()).collect();
        assert!(size.take(LEAST_ANSWER).is_none());
    }

    #[tokio::test]
    async fn who_waits_for_room_hears_of_it_when_it_is_enough() {
        let mut size = size(4 << 20, 2, false);
        let (page, rest) = (size.take(PAGE).unwrap(), size.take(3 * PAGE).unwrap());
        assert!(size.take(2 * PAGE).is_none());
        let mut freed = std::pin::pin!(size.freed());
        drop(page);
        assert!(freed.as_mut().now_or_never().is_none(), "one page is not two");
        drop(rest);
        freed.await;
        assert!(size.take(4 * PAGE).is_some(), "who waited left all of it");
    }

    #[test]
    fn a_small_answer_gives_the_rest_of_its_room_back() {
        let mut size = size(2 << 20, 1, false);
        let (mut one, other) = (size.take(PAGE).unwrap(), size.take(PAGE).unwrap());
        assert!(size.take(PAGE).is_none());
        keep(&mut one, 1000);
        assert_eq!(one.num_permits(), 0);
        assert!(size.take(PAGE).is_some());
        drop(other);
    }

    #[test]
    fn answers_grow_when_they_come_and_shrink_when_they_are_late() {
        let mut size = size(16 << 20, 1, true);
        assert_eq!(size.answer(false), LEAST_ANSWER);
        (0..20).for_each(|_| size.grow());
        assert_eq!(size.answer(false), 8 << 20);
        (0..20).for_each(|_| size.shrink());
        assert_eq!(size.answer(false), LEAST_ANSWER);
    }
}
