//! Starts and ends in words, times with their zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Start, Until};
use crate::kafka::model::{Offset, PartitionId};

impl Start {
    /// In words: `newest 50`, `from 2026-11-18 10:00:00+01:00`.
    pub fn label(&self, zone: &TimeZone) -> String {
        match self {
            Self::Newest(count) => format!("newest {count}"),
            Self::Begin => "from the beginning".to_owned(),
            Self::End => "from the end on".to_owned(),
            Self::Offset(offset) => format!("from offset {offset}"),
            Self::PerPartition(places) => format!("from {}", list(places)),
            Self::Time(millis) => format!("from {}", time(*millis, zone)),
        }
    }
}

impl Until {
    /// In words: `to 2026-11-18 10:00:00+01:00`, `following`.
    pub fn label(&self, zone: &TimeZone) -> String {
        match self {
            Self::End => "to the end".to_owned(),
            Self::Follow => "following".to_owned(),
            Self::Offset(offset) => format!("to offset {offset}"),
            Self::PerPartition(places) => format!("to {}", list(places)),
            Self::Time(millis) => format!("to {}", time(*millis, zone)),
            Self::Count(1) => "1 record".to_owned(),
            Self::Count(count) => format!("{count} records"),
        }
    }
}

fn list(places: &[(PartitionId, Offset)]) -> String {
    let places: Vec<String> = places.iter().map(|(id, offset)| format!("{id}@{offset}")).collect();
    places.join(",")
}

/// A time without the seconds and ms that are zero, with its offset from UTC.
fn time(millis: i64, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_millisecond(millis) else {
        return format!("{millis} ms");
    };
    let format = match millis.rem_euclid(60_000) {
        0 => "%Y-%m-%d %H:%M%:z",
        rest if rest % 1000 == 0 => "%Y-%m-%d %H:%M:%S%:z",
        _ => "%Y-%m-%d %H:%M:%S.%3f%:z",
    };
    at.to_zoned(zone.clone()).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_show_their_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let noon = 1_795_001_999_000;
        assert_eq!(Start::Time(noon).label(&berlin), "from 2026-11-18 12:39:59+01:00");
        assert_eq!(
            Until::Time(noon + 5).label(&TimeZone::UTC),
            "to 2026-11-18 11:39:59.005+00:00"
        );
        assert_eq!(Start::Time(noon + 1_000).label(&berlin), "from 2026-11-18 12:40+01:00");
        assert_eq!(Start::Time(i64::MAX).label(&berlin), "from 9223372036854775807 ms");
    }

    #[test]
    fn the_rest_is_as_it_was_typed() {
        let zone = TimeZone::UTC;
        for (text, label) in [
            ("begin", "from the beginning"),
            ("newest 7", "newest 7"),
            ("3@250,0@100", "from 0@100,3@250"),
        ] {
            assert_eq!(Start::parse(text, None).unwrap().label(&zone), label);
        }
        for (text, label) in [
            ("count 1", "1 record"),
            ("count 20", "20 records"),
            ("7", "to offset 7"),
        ] {
            assert_eq!(Until::parse(text, None).unwrap().label(&zone), label);
        }
    }
}
