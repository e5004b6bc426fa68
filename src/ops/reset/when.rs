//! Times and durations as they stand on the command line of a reset.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use crate::position::parse_time;

/// Reads a point in time as Kafka's tool does, `2026-11-18T10:00:00.000` with or without a zone, or as
/// [`parse_time`] does: without a zone everything is UTC. In ms since the epoch.
///
/// # Errors
/// How to write it.
pub fn datetime(text: &str, now_ms: i64) -> Result<i64, String> {
    let now = Timestamp::from_millisecond(now_ms).map_err(|error| error.to_string())?;
    parse_time(text, Some(&now.to_zoned(TimeZone::UTC)))
}

/// Reads a duration: `4s`, `15m`, `2h30m`, `1d`, or as Kafka's tool has it, `PT1M`, `P1DT2H`. A day is 24 hours. In ms.
///
/// # Errors
/// How to write it.
pub fn duration(text: &str) -> Result<i64, String> {
    let how = || format!("{text:.20} is no duration: try 4s, 15m, 2h, 1d, PT1M, P1DT2H");
    let span: Span = text.trim().parse().map_err(|_| how())?;
    let day = SpanRelativeTo::days_are_24_hours();
    let length: SignedDuration = span
        .to_duration(day)
        .map_err(|_| "months and years have no fixed length: say it in days".to_owned())?;
    if length.is_negative() {
        return Err("a duration counts back from now: write it without a minus".to_owned());
    }
    i64::try_from(length.as_millis()).map_err(|_| how())
}

/// A point in time as it is echoed: `2026-11-18T10:00:00Z`.
pub fn utc(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| format!("@{ms}"), |at| at.to_string())
}

/// A point in time as it is written down, always as long: `2026-11-18T10:00:00.000Z`.
pub fn stamp(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| format!("@{ms}"), |at| format!("{at:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_kafkas_tool_reads_it_and_is_utc_without_a_zone() {
        // What `Utils.getDateTime` accepts (KAFKA-6055), and forms of our own.
        let cases = [
            ("2020-11-10T16:51:38.198", "2020-11-10T16:51:38.198Z"),
            ("2020-11-10T16:51:38.198Z", "2020-11-10T16:51:38.198Z"),
            ("2020-11-10T16:51:38.198+0800", "2020-11-10T08:51:38.198Z"),
            ("2020-11-10T16:51:38.198+08", "2020-11-10T08:51:38.198Z"),
            ("2020-11-10T16:51:38.198+08:00", "2020-11-10T08:51:38.198Z"),
            ("2020-11-10T16:51:38.198-05:30", "2020-11-10T22:21:38.198Z"),
            ("2020-11-10T16:51", "2020-11-10T16:51:00Z"),
            ("2020-11-10 16:51", "2020-11-10T16:51:00Z"),
            ("10:00", "2026-11-21T10:00:00Z"),
            ("yesterday 14:00 +01:00", "2026-11-20T13:00:00Z"),
            ("-15m", "2026-11-21T11:45:00Z"),
        ];
        let now = "2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap().as_millisecond();
        for (text, time) in cases {
            assert_eq!(datetime(text, now).map(utc).as_deref(), Ok(time), "{text}");
        }
        for wrong in ["", "soon", "2020-13-10T16:51:38.198", "2020-11-10T25:00"] {
            assert!(datetime(wrong, now).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn stamps_are_as_long_as_each_other_so_that_they_sort() {
        let stamps = [0, 1_000, 1_001, 1_010, 1_100, 1_763_460_000_000].map(stamp);
        assert_eq!(stamps[1], "1970-01-01T00:00:01.000Z");
        assert!(stamps.is_sorted(), "{stamps:?}");
    }

    #[test]
    fn a_duration_is_written_as_people_do_or_as_kafkas_tool_has_it() {
        let cases = [
            ("4s", 4_000),
            ("500ms", 500),
            ("15m", 900_000),
            ("2h30m", 9_000_000),
            ("1d", 86_400_000),
            ("1w", 604_800_000),
            ("PT1M", 60_000),
            ("pt1m", 60_000),
            ("P1DT2H", 93_600_000),
            ("P1D", 86_400_000),
            ("PT36H", 129_600_000),
            ("PT0.5S", 500),
            ("PT0S", 0),
        ];
        for (text, ms) in cases {
            assert_eq!(duration(text), Ok(ms), "{text}");
        }
        for wrong in [
            "",
            "4",
            "P",
            "PT",
            "four",
            "P1M",
            "P1Y",
            "-4s",
            "-PT1M",
            "PT99999999999999H",
        ] {
            assert!(duration(wrong).is_err(), "{wrong:?}: {:?}", duration(wrong));
        }
        assert!(duration("P1M").unwrap_err().contains("in days"));
    }
}
