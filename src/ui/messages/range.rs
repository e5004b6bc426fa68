//! From where to where is read, in few words: of a time only what is not zero, and no day where it is today. The zone
//! stands once at the end of the line.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::Paint;
use super::super::format::Count;
use crate::app::pane::View;
use crate::app::pane::messages::{Messages, Source};
use crate::position::{Shown, Start, Until};

/// The words for starts and ends.
pub(super) struct Words<'a> {
    zone: &'a TimeZone,
    today: Option<Date>,
}

impl<'a> Words<'a> {
    pub(super) fn new(view: View<'_>, paint: &'a Paint<'_>) -> Self {
        let now = view.store.derived.wall.as_ref().map(|wall| wall.time(view.now));
        Self {
            zone: paint.zone,
            today: now.map(|now| now.with_time_zone(paint.zone.clone()).date()),
        }
    }

    /// Where reading started.
    pub(super) fn start(&self, start: &Start) -> String {
        match start {
            Start::Newest(count) => format!("newest {}", Count(*count as i64)),
            Start::Begin => "from the beginning".to_owned(),
            Start::End => "from the end on".to_owned(),
            Start::Offset(offset) => format!("from offset {}", Count(offset.0)),
            Start::Time(millis) => format!("from {}", self.moment(*millis)),
            Start::PerPartition(places) => match places.as_slice() {
                [(_, offset)] => format!("from offset {}", Count(offset.0)),
                _ => start.label(self.zone),
            },
        }
    }

    /// From where to where.
    pub(super) fn bounds(&self, source: &Source) -> String {
        let start = self.start(&source.start);
        match &source.until {
            Until::Follow => start,
            Until::Time(millis) => format!("{start} to {}", self.moment(*millis)),
            Until::Offset(offset) => format!("{start} to {}", Count(offset.0)),
            until @ Until::Count(_) => format!("{start}, {}", until.label(self.zone)),
            until => format!("{start} {}", until.label(self.zone)),
        }
    }

    /// From where to where, and which records.
    pub(super) fn range(&self, pane: &Messages, source: &Source) -> String {
        let which = match pane.rows().which() {
            Shown::Committed => "",
            Shown::Uncommitted => ", uncommitted",
            Shown::All => ", with markers",
        };
        format!("{}{which}", self.bounds(source))
    }

    fn moment(&self, millis: i64) -> String {
        let Ok(at) = Timestamp::from_millisecond(millis) else {
            return format!("{millis} ms");
        };
        let at = self.zone.to_datetime(at);
        let clock = match (at.second(), at.subsec_nanosecond()) {
            (0, 0) => "%H:%M",
            (_, 0) => "%H:%M:%S",
            _ => "%H:%M:%S.%3f",
        };
        if self.today == Some(at.date()) {
            at.strftime(clock).to_string()
        } else {
            at.strftime(&format!("%Y-%m-%d {clock}")).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_what_is_not_zero_and_a_day_that_is_not_today() {
        let zone = TimeZone::UTC;
        let words = |today| Words { zone: &zone, today };
        let today = Some(jiff::civil::date(2026, 11, 18));
        let noon = 1_795_003_200_000; // 2026-11-18T12:00:00Z
        assert_eq!(words(today).moment(noon), "12:00");
        assert_eq!(words(today).moment(noon + 7_000), "12:00:07");
        assert_eq!(words(today).moment(noon + 7), "12:00:00.007");
        assert_eq!(words(today).moment(noon - 86_400_000), "2026-11-17 12:00");
        assert_eq!(words(None).moment(noon), "2026-11-18 12:00");
        assert_eq!(words(None).moment(i64::MAX), "9223372036854775807 ms");
    }
}
