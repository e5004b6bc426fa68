//! Where keys lead to in a recording.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{Replay, SPEEDS};
use crate::app::store::Store;
use crate::recording::film::moment;

impl Replay {
    /// Plays, or stands still; from the end it begins anew.
    pub fn toggle(&mut self, store: &mut Store, now: Instant) {
        let at = self.at(now);
        if self.since.is_some() {
            (self.at, self.since) = (at, None);
            return;
        }
        self.since = Some(now);
        let from = if at >= self.end() { self.start() } else { at };
        self.seek(store, from, now);
    }

    /// Plays faster, or slower.
    pub fn change_speed(&mut self, is_faster: bool, now: Instant) {
        self.at = self.at(now);
        self.since = self.since.map(|_| now);
        self.speed = if is_faster {
            (self.speed + 1).min(SPEEDS.len() - 1)
        } else {
            self.speed.saturating_sub(1)
        };
    }

    /// Goes one look on or back, and stands still there.
    pub fn step(&mut self, is_forward: bool, store: &mut Store, now: Instant) {
        let (at, shown) = (self.at(now), self.shown());
        let number = self.place.cursor.next();
        let number = match is_forward {
            true => number,
            false if at > shown => number.saturating_sub(1),
            false => number.saturating_sub(2),
        };
        let to = self
            .film
            .moments()
            .get(number)
            .map_or(self.end(), |moment| moment.after);
        self.since = None;
        self.seek(store, to, now);
    }

    /// Goes some time on or back.
    pub fn skip(&mut self, by: Duration, is_forward: bool, store: &mut Store, now: Instant) {
        let at = self.at(now);
        let to = if is_forward {
            at.saturating_add(by)
        } else {
            at.saturating_sub(by)
        };
        self.seek(store, to, now);
    }

    /// Goes to the first look, or to the last.
    pub fn jump(&mut self, is_forward: bool, store: &mut Store, now: Instant) {
        self.since = None;
        let to = if is_forward { self.end() } else { self.start() };
        self.seek(store, to, now);
    }

    /// Goes to the next moment that is worth it, or the one before, and stands still there; `false` where there is none.
    pub fn next_mark(&mut self, is_forward: bool, store: &mut Store, now: Instant) -> bool {
        let at = self.at(now);
        let mark = if is_forward {
            self.marks.iter().find(|mark| mark.after > at)
        } else {
            self.marks.iter().rev().find(|mark| mark.after < at)
        };
        let Some(to) = mark.map(|mark| mark.after) else {
            return false;
        };
        self.since = None;
        self.seek(store, to, now);
        true
    }

    /// Goes to a time as a person writes it, and stands still there.
    ///
    /// # Errors
    /// When it is none, or none of the recording.
    pub fn go_to(&mut self, text: &str, store: &mut Store, now: Instant) -> Result<(), String> {
        let moments = self.film.moments();
        let (Some(first), Some(last)) = (moments.first(), moments.last()) else {
            return Ok(());
        };
        let zoned = |told: i64| {
            Timestamp::from_millisecond(told)
                .unwrap_or_default()
                .to_zoned(self.zone.clone())
        };
        let told = moment(text, &zoned(first.told))?;
        // A minute is written without its seconds.
        if told < first.told.saturating_sub(60_000) || told > last.told {
            let clock = |told| zoned(told).strftime("%H:%M:%S").to_string();
            return Err(format!(
                "the recording is from {} to {}",
                clock(first.told),
                clock(last.told)
            ));
        }
        let found = moments.iter().rev().find(|moment| moment.told <= told).unwrap_or(first);
        let to = found.after;
        self.since = None;
        self.seek(store, to, now);
        Ok(())
    }
}
