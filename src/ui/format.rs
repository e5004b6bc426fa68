//! How numbers, sizes, rates, durations and times read on screen and in the tables of the commands.
//!
//! Every form is a small `Display` value, so that a cell is written into a buffer that is already there:
//! `write!(cell, "{}", Count(n))` allocates nothing.

use std::fmt::{self, Display, Formatter, Write};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub use crate::count::Count;

/// The sign of a cell whose column does not apply to its row.
pub const NOT_APPLICABLE: &str = "—";
/// The sign of a figure that is not known; the reason stands on the row's detail line.
pub const UNKNOWN: &str = "?";
/// The sign of a figure that the cluster refused to tell.
pub const DENIED: &str = "⊘";
/// The sign before a figure that was taken from a sample.
pub const SAMPLED: &str = "≈";
/// The sign of an unlimited retention or size.
pub const UNLIMITED: &str = "∞";

/// A change of a whole number, always with its sign: `+565`, `-15,118`, `0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change(pub i64);

impl Display for Change {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0 > 0 {
            f.write_char('+')?;
        }
        Count(self.0).fmt(f)
    }
}

/// A value, or `?` when it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrUnknown<T>(pub Option<T>);

impl<T: Display> Display for OrUnknown<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str(UNKNOWN),
        }
    }
}

/// A sum with parts that are not known: `1,204`, `1,204 + ?2`, or `?` when no part is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// The sum of the known parts; `None` when there is no known part.
    pub known: Option<i64>,
    /// How many parts are not known.
    pub unknown: usize,
}

impl Display for Total {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.known, self.unknown) {
            (Some(known), 0) => Count(known).fmt(f),
            (Some(known), unknown) => write!(f, "{} + ?{unknown}", Count(known)),
            (None, 0) => f.write_str("0"),
            (None, _) => f.write_str(UNKNOWN),
        }
    }
}

/// A size in bytes, in binary units with three significant digits: `113 MiB`, `41.2 MiB`, `912 KiB`, `5 B`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl Display for Bytes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1000 {
            return write!(f, "{} B", self.0);
        }
        let mut value = self.0 as f64 / 1024.0;
        let mut unit = 0;
        // 999.5 would round to four digits.
        while value >= 999.5 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        let digits = match value {
            v if v < 0.9995 => 3,
            v if v < 9.995 => 2,
            v if v < 99.95 => 1,
            _ => 0,
        };
        write!(f, "{value:.digits$} {}", UNITS[unit])
    }
}

/// A large count in decimal units, for running text: `1.2 M`, `412`, `9.8 k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short(pub u64);

impl Display for Short {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["k", "M", "G", "T", "P"];
        if self.0 < 1000 {
            return write!(f, "{}", self.0);
        }
        let mut value = self.0 as f64 / 1000.0;
        let mut unit = 0;
        while value >= 999.5 && unit + 1 < UNITS.len() {
            value /= 1000.0;
            unit += 1;
        }
        let digits = usize::from(value < 99.95);
        write!(f, "{value:.digits$} {}", UNITS[unit])
    }
}

/// Things per second: `412/s`, `0.4/s`, `0/s`; `?` for a rate that is not a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate(pub f64);

impl Display for Rate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let value = self.0;
        if !value.is_finite() {
            return f.write_str(UNKNOWN);
        }
        if value < 0.0 {
            f.write_char('-')?;
        }
        match value.abs() {
            0.0 => f.write_str("0/s"),
            v if v < 0.05 => f.write_str("<0.1/s"),
            v if v < 9.95 && v.fract() != 0.0 => write!(f, "{v:.1}/s"),
            v => {
                write!(f, "{}", Count(v.round() as i64))?;
                f.write_str("/s")
            }
        }
    }
}

/// A change per second, with its sign: `+88/s`, `-412/s`, `0/s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend(pub f64);

impl Display for Trend {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_finite() && self.0 > 0.0 {
            f.write_char('+')?;
        }
        Rate(self.0).fmt(f)
    }
}

/// A measured duration in two parts: `0.4 s`, `42 s`, `4 m 10 s`, `2 h 03 m`, `1 d 02 h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let s = self.0.as_secs();
        match s {
            0 if self.0.is_zero() => f.write_str("0 s"),
            // Cut, not rounded: what is under a second never reads as one.
            0 => write!(f, "0.{} s", self.0.subsec_millis() / 100),
            1..=59 => write!(f, "{s} s"),
            60..=3_599 => write!(f, "{} m {:02} s", s / 60, s % 60),
            3_600..=86_399 => write!(f, "{} h {:02} m", s / 3_600, s % 3_600 / 60),
            _ => write!(f, "{} d {:02} h", s / 86_400, s % 86_400 / 3_600),
        }
    }
}

/// An age or the time since something, in its largest part: `42 s`, `3 m`, `2 h`, `5 d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age(pub Duration);

impl Display for Age {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let s = self.0.as_secs();
        match s {
            0..=59 => write!(f, "{s} s"),
            60..=3_599 => write!(f, "{} m", s / 60),
            3_600..=86_399 => write!(f, "{} h", s / 3_600),
            _ => write!(f, "{} d", s / 86_400),
        }
    }
}

/// A configured duration in milliseconds, exact where two parts can say it: `7 d`, `1 d 12 h`, `300 ms`; a negative
/// one is Kafka's "no limit" and reads `∞`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period(pub i64);

impl Display for Period {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 5] = [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "m"),
            (1_000, "s"),
            (1, "ms"),
        ];
        let Ok(millis) = u64::try_from(self.0) else {
            return f.write_str(UNLIMITED);
        };
        let Some(first) = UNITS.iter().position(|(size, _)| millis >= *size) else {
            return f.write_str("0 ms");
        };
        let (size, unit) = UNITS[first];
        write!(f, "{} {unit}", millis / size)?;
        let rest = millis % size;
        match UNITS.get(first + 1) {
            Some((size, unit)) if rest >= *size => write!(f, " {} {unit}", rest / size),
            _ => Ok(()),
        }
    }
}

/// The time of day of a Kafka timestamp in a zone: `11:39:59.998`.
#[derive(Debug, Clone, Copy)]
pub struct TimeOfDay<'a>(pub i64, pub &'a TimeZone);

impl Display for TimeOfDay<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match local(self.0, self.1) {
            Some(at) => write_time(f, at),
            None => write_no_time(f, self.0),
        }
    }
}

/// Date and time of a Kafka timestamp in a zone: `2026-11-18 11:39:59.998`.
#[derive(Debug, Clone, Copy)]
pub struct DateAndTime<'a>(pub i64, pub &'a TimeZone);

impl Display for DateAndTime<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(at) = local(self.0, self.1) else {
            return write_no_time(f, self.0);
        };
        write!(f, "{:04}-{:02}-{:02} ", at.year(), at.month(), at.day())?;
        write_time(f, at)
    }
}

/// A Kafka timestamp in full ISO 8601, in UTC: `2026-11-18T11:39:59.999Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsoUtc(pub i64);

impl Display for IsoUtc {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(at) = local(self.0, &TimeZone::UTC) else {
            return write_no_time(f, self.0);
        };
        write!(f, "{:04}-{:02}-{:02}T", at.year(), at.month(), at.day())?;
        write_time(f, at)?;
        f.write_char('Z')
    }
}

/// The name of a zone as it applies at a time, for the one place where a screen shows it: `UTC`, `CET`, `+05:45`.
pub fn zone_name(unix_millis: i64, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(unix_millis) {
        Ok(at) => zone.to_offset_info(at).abbreviation().to_owned(),
        Err(_) => UNKNOWN.to_owned(),
    }
}

fn local(unix_millis: i64, zone: &TimeZone) -> Option<DateTime> {
    // -1 is Kafka's "no timestamp"; times before 1970 do not exist in records.
    if unix_millis < 0 {
        return None;
    }
    Timestamp::from_millisecond(unix_millis)
        .ok()
        .map(|at| zone.to_datetime(at))
}

fn write_time(f: &mut Formatter<'_>, at: DateTime) -> fmt::Result {
    write!(
        f,
        "{:02}:{:02}:{:02}.{:03}",
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

/// A record may carry any 64 bits as its time: what is no date is shown as the number that it is.
fn write_no_time(f: &mut Formatter<'_>, unix_millis: i64) -> fmt::Result {
    if unix_millis == -1 {
        return f.write_str(NOT_APPLICABLE);
    }
    write!(f, "{unix_millis} ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(value: impl Display, text: &str) {
        assert_eq!(value.to_string(), text);
    }

    #[test]
    fn a_change_shows_its_sign() {
        reads(Change(565), "+565");
        reads(Change(-15_118), "-15,118");
        reads(Change(0), "0");
    }

    #[test]
    fn unknown_is_never_zero() {
        reads(OrUnknown(Some(Count(0))), "0");
        reads(OrUnknown::<Count>(None), "?");
        reads(
            Total {
                known: Some(1_204),
                unknown: 2,
            },
            "1,204 + ?2",
        );
        reads(
            Total {
                known: Some(1_204),
                unknown: 0,
            },
            "1,204",
        );
        reads(
            Total {
                known: Some(0),
                unknown: 1,
            },
            "0 + ?1",
        );
        reads(
            Total {
                known: None,
                unknown: 3,
            },
            "?",
        );
        reads(
            Total {
                known: None,
                unknown: 0,
            },
            "0",
        );
    }

    #[test]
    fn sizes_have_three_significant_digits() {
        reads(Bytes(0), "0 B");
        reads(Bytes(999), "999 B");
        reads(Bytes(1_000), "0.977 KiB");
        reads(Bytes(1_024), "1.00 KiB");
        reads(Bytes(912 * 1024), "912 KiB");
        reads(Bytes(1_023 * 1024), "0.999 MiB");
        reads(Bytes(43_201_331), "41.2 MiB");
        reads(Bytes(113 << 20), "113 MiB");
        reads(Bytes(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn large_counts_are_short_in_running_text() {
        reads(Short(999), "999");
        reads(Short(1_234_567), "1.2 M");
        reads(Short(2_000_000), "2.0 M");
        reads(Short(412_000), "412 k");
        reads(Short(999_999), "1.0 M");
    }

    #[test]
    fn rates_say_small_from_zero() {
        reads(Rate(0.0), "0/s");
        reads(Rate(0.01), "<0.1/s");
        reads(Rate(0.44), "0.4/s");
        reads(Rate(3.0), "3/s");
        reads(Rate(412.3), "412/s");
        reads(Rate(12_004.0), "12,004/s");
        reads(Rate(f64::NAN), "?");
        reads(Trend(88.0), "+88/s");
        reads(Trend(-412.0), "-412/s");
        reads(Trend(0.0), "0/s");
        reads(Trend(f64::INFINITY), "?");
    }

    #[test]
    fn durations_have_two_parts() {
        for (millis, text) in [
            (0, "0 s"),
            (999, "0.9 s"),
            (42_000, "42 s"),
            (250_000, "4 m 10 s"),
            (240_000, "4 m 00 s"),
            (7_380_000, "2 h 03 m"),
            (93_600_000, "1 d 02 h"),
        ] {
            reads(Span(Duration::from_millis(millis)), text);
        }
        reads(Age(Duration::from_secs(200)), "3 m");
        reads(Age(Duration::from_secs(59)), "59 s");
        reads(Age(Duration::from_hours(120)), "5 d");
        reads(Age(Duration::from_secs(7_300)), "2 h");
    }

    #[test]
    fn configured_periods_drop_a_part_that_is_zero() {
        reads(Period(604_800_000), "7 d");
        reads(Period(129_600_000), "1 d 12 h");
        reads(Period(300), "300 ms");
        reads(Period(0), "0 ms");
        reads(Period(-1), "∞");
    }

    #[test]
    fn times_are_local_to_the_zone_given() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let noon = 1_795_001_999_998; // 2026-11-18T11:39:59.998Z
        reads(IsoUtc(noon), "2026-11-18T11:39:59.998Z");
        reads(TimeOfDay(noon, &berlin), "12:39:59.998");
        reads(DateAndTime(noon, &berlin), "2026-11-18 12:39:59.998");
        assert_eq!(zone_name(noon, &berlin), "CET");
        assert_eq!(zone_name(noon, &TimeZone::UTC), "UTC");
    }

    #[test]
    fn a_time_that_is_none_is_not_shown_as_1970() {
        reads(IsoUtc(-1), "—");
        reads(TimeOfDay(-1, &TimeZone::UTC), "—");
        reads(IsoUtc(i64::MAX), "9223372036854775807 ms");
        reads(DateAndTime(i64::MIN, &TimeZone::UTC), "-9223372036854775808 ms");
        reads(IsoUtc(0), "1970-01-01T00:00:00.000Z");
    }
}
