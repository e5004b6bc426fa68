//! The line of the seek prompt: where to go in a topic.
//!
//! `begin`, `end`, `newest 50` or `-50`, `1234` or `offset 1234`, `7@1234` (one partition), `-15m`, `10:00`,
//! `yesterday 14:00`, `2026-11-18T10:00+01:00`, `@1763460000000` (ms). Times without a zone are local.

use jiff::civil::Time;
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};

use crate::kafka::model::{Offset, PartitionId};
use crate::kafka::query::FeedStart;

/// The most records that can be asked for as the newest: what the screen keeps while it follows.
pub const MOST_NEWEST: usize = super::rows::FOLLOWING.rows;

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seek {
    /// Where reading starts.
    pub start: FeedStart,
    /// The only partition to read, where the line names one.
    pub partition: Option<PartitionId>,
}

const EXAMPLES: [&str; 9] = [
    "begin",
    "end",
    "-15m",
    "10:00",
    "offset 1234",
    "newest 50",
    "7@1234",
    "yesterday 14:00",
    "2026-11-18T10:00",
];

/// Lines that begin as this one does, as examples.
pub fn examples(line: &str) -> Vec<String> {
    let begins = |example: &&&str| example.starts_with(line.trim_start());
    EXAMPLES
        .iter()
        .filter(begins)
        .map(|example| (*example).to_owned())
        .collect()
}

/// Reads a line at a given time. The error says how to write it.
pub fn parse(line: &str, now: Option<&Zoned>) -> Result<Seek, String> {
    let line = line.trim();
    let lower = line.to_lowercase();
    let (word, rest) = lower
        .split_once(char::is_whitespace)
        .map_or((lower.as_str(), ""), |(word, rest)| (word, rest.trim()));
    let start = match (word, rest) {
        ("", _) => return Err("where to? begin, end, newest 50, -15m, 10:00, offset 1234".to_owned()),
        ("begin" | "beginning" | "start" | "first" | "earliest" | "oldest", "") => FeedStart::Begin,
        ("end" | "latest" | "now", "") => FeedStart::End,
        ("newest" | "last", "") => FeedStart::Newest(super::NEWEST),
        ("newest" | "last", count) => newest(count)?,
        ("offset", offset) => FeedStart::Offset(offset_in(offset)?),
        _ => return parse_rest(line, &lower, now),
    };
    Ok(Seek { start, partition: None })
}

/// Lines that do not begin with a word of ours: numbers, places, times.
fn parse_rest(line: &str, lower: &str, now: Option<&Zoned>) -> Result<Seek, String> {
    if let Some((partition, offset)) = place(lower) {
        return Ok(Seek {
            start: FeedStart::Offset(offset_in(offset)?),
            partition: Some(PartitionId(partition)),
        });
    }
    let start = if let Some(count) = lower.strip_prefix('-').filter(|rest| is_number(rest)) {
        newest(count)?
    } else if is_number(lower) {
        FeedStart::Offset(offset_in(lower)?)
    } else if let Some(millis) = lower.strip_prefix('@').filter(|rest| is_number(rest)) {
        FeedStart::Timestamp(millis.parse().map_err(|_| "that many ms are no time".to_owned())?)
    } else {
        let now = now.ok_or("the time of day is not known yet: go by offset")?;
        FeedStart::Timestamp(time(line.strip_prefix('@').unwrap_or(line), now)?)
    };
    Ok(Seek { start, partition: None })
}

/// `7@1234`: partition and offset, as a record's place is written.
fn place(line: &str) -> Option<(i32, &str)> {
    let (partition, offset) = line.split_once('@')?;
    let partition = partition.trim().parse().ok().filter(|number: &i32| *number >= 0)?;
    Some((partition, offset))
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '_'))
}

/// A number as a person writes it: `1234`, `1,234`, `1_234`.
fn number(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| !matches!(c, ',' | '_')).collect();
    is_number(text).then(|| digits.parse().ok()).flatten()
}

fn newest(count: &str) -> Result<FeedStart, String> {
    let count = number(count).and_then(|count| usize::try_from(count).ok());
    match count.filter(|count| (1..=MOST_NEWEST).contains(count)) {
        Some(count) => Ok(FeedStart::Newest(count)),
        None => Err(format!("newest how many? 1 to {MOST_NEWEST}: newest 50")),
    }
}

fn offset_in(text: &str) -> Result<Offset, String> {
    number(text.trim())
        .map(Offset)
        .ok_or_else(|| "an offset is a whole number: offset 1234".to_owned())
}

/// A point in time, in ms since the epoch.
fn time(text: &str, now: &Zoned) -> Result<i64, String> {
    let text = text.trim();
    let at = ago(text, now)
        .or_else(|| iso(text, now.time_zone()))
        .or_else(|| of_day(text, now))
        .ok_or_else(|| format!("cannot go to {text:.20}: try begin, -15m, 10:00, 2026-11-18T10:00"))?;
    let millis = at.timestamp().as_millisecond();
    if millis < 0 {
        return Err("no record is older than 1970".to_owned());
    }
    Ok(millis)
}

/// `-15m`, `-1h30m`, `2 hours ago`.
fn ago(text: &str, now: &Zoned) -> Option<Zoned> {
    let lower = text.to_lowercase();
    let span = match lower.strip_suffix("ago") {
        Some(rest) => rest.trim_end(),
        None => lower.strip_prefix('-')?.trim_start(),
    };
    let span: Span = span.parse().ok().filter(|span: &Span| span.is_positive())?;
    now.checked_sub(span).ok()
}

/// `14:00`, `today`, `today 14:00`, `yesterday 14:00`.
fn of_day(text: &str, now: &Zoned) -> Option<Zoned> {
    let lower = text.to_lowercase();
    let (day, rest) = match (lower.strip_prefix("today"), lower.strip_prefix("yesterday")) {
        (Some(rest), _) => (now.date(), rest),
        (_, Some(rest)) => (now.date().yesterday().ok()?, rest),
        _ => (now.date(), lower.as_str()),
    };
    let time = match rest.trim() {
        "" if rest.len() < lower.len() => Time::midnight(),
        // A bare number would be read as an hour.
        clock => clock.contains(':').then(|| clock.parse().ok()).flatten()?,
    };
    day.to_datetime(time).to_zoned(now.time_zone().clone()).ok()
}

/// `2026-11-18`, `2026-11-18 10:00`, `2026-11-18T10:00:00.5+01:00`, `2026-11-18T10:00[Europe/Berlin]`.
fn iso(text: &str, local: &TimeZone) -> Option<Zoned> {
    let pieces = Pieces::parse(text).ok()?;
    let at = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
    let zone = match (pieces.to_time_zone().ok()?, pieces.to_numeric_offset()) {
        // With both, the offset is what the clock showed.
        (_, Some(offset)) => TimeZone::fixed(offset),
        (Some(zone), None) => zone,
        (None, None) => local.clone(),
    };
    at.to_zoned(zone).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Zoned {
        "2026-11-20T12:30:00+01:00[Europe/Berlin]".parse().unwrap()
    }

    fn start(line: &str) -> FeedStart {
        parse(line, Some(&now())).unwrap().start
    }

    fn goes_to(line: &str, time: &str) {
        let millis = time.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        assert_eq!(start(line), FeedStart::Timestamp(millis), "{line}");
    }

    #[test]
    fn words_numbers_and_places() {
        assert_eq!(start(" Begin "), FeedStart::Begin);
        assert_eq!(start("end"), FeedStart::End);
        assert_eq!(start("newest"), FeedStart::Newest(50));
        assert_eq!(start("newest 1,000"), FeedStart::Newest(1000));
        assert_eq!(start("-20"), FeedStart::Newest(20));
        assert_eq!(start("offset 166,666"), FeedStart::Offset(Offset(166_666)));
        assert_eq!(start("1_234"), FeedStart::Offset(Offset(1234)));
        let place = parse("7@166666", None).unwrap();
        assert_eq!(place.partition, Some(PartitionId(7)));
        assert_eq!(place.start, FeedStart::Offset(Offset(166_666)));
    }

    #[test]
    fn times_are_local_unless_they_name_a_zone() {
        goes_to("10:00", "2026-11-20T09:00:00Z");
        goes_to("today 10:00", "2026-11-20T09:00:00Z");
        goes_to("yesterday 14:00:30", "2026-11-19T13:00:30Z");
        goes_to("yesterday", "2026-11-18T23:00:00Z");
        goes_to("2026-11-18", "2026-11-17T23:00:00Z");
        goes_to("2026-11-18 10:00", "2026-11-18T09:00:00Z");
        goes_to("@2026-07-18T10:00", "2026-07-18T08:00:00Z");
        goes_to("2026-11-18T10:00:00.5Z", "2026-11-18T10:00:00.5Z");
        goes_to("2026-11-18t10:00+05:30", "2026-11-18T04:30:00Z");
        goes_to("2026-11-18T10:00[America/New_York]", "2026-11-18T15:00:00Z");
        goes_to("@1763460000123", "2025-11-18T10:00:00.123Z");
    }

    #[test]
    fn spans_count_back_from_now() {
        goes_to("-15m", "2026-11-20T11:15:00Z");
        goes_to("-1h30m", "2026-11-20T10:00:00Z");
        goes_to("-2 h", "2026-11-20T09:30:00Z");
        goes_to("90s ago", "2026-11-20T11:28:30Z");
        goes_to("-1d", "2026-11-19T11:30:00Z");
        goes_to("3 hours ago", "2026-11-20T08:30:00Z");
    }

    #[test]
    fn a_day_back_over_a_change_of_the_clocks_is_the_same_time_of_day() {
        let monday: Zoned = "2026-10-26T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        let before = "2026-10-25T11:00:00Z".parse::<jiff::Timestamp>().unwrap();
        let saturday = "2026-10-24T10:00:00Z".parse::<jiff::Timestamp>().unwrap();
        let at = |line| parse(line, Some(&monday)).unwrap().start;
        assert_eq!(at("-1d"), FeedStart::Timestamp(before.as_millisecond()));
        assert_eq!(at("-2d"), FeedStart::Timestamp(saturday.as_millisecond()));
    }

    #[test]
    fn every_example_can_be_used() {
        assert_eq!(examples("").len(), EXAMPLES.len());
        assert_eq!(examples("ne"), ["newest 50"]);
        for example in EXAMPLES {
            assert!(parse(example, Some(&now())).is_ok(), "{example}");
        }
    }

    #[test]
    fn an_error_says_how_to_write_it() {
        let complaint = |line: &str| parse(line, Some(&now())).unwrap_err();
        assert_eq!(
            complaint(""),
            "where to? begin, end, newest 50, -15m, 10:00, offset 1234"
        );
        assert_eq!(complaint("offset twelve"), "an offset is a whole number: offset 1234");
        assert_eq!(
            complaint("99999999999999999999"),
            "an offset is a whole number: offset 1234"
        );
        assert_eq!(complaint("newest 0"), "newest how many? 1 to 4000: newest 50");
        assert_eq!(
            complaint("tomorrow"),
            "cannot go to tomorrow: try begin, -15m, 10:00, 2026-11-18T10:00"
        );
        assert_eq!(complaint("1969-12-31T00:00Z"), "no record is older than 1970");
        assert_eq!(
            parse("-15m", None).unwrap_err(),
            "the time of day is not known yet: go by offset"
        );
    }

    proptest! {
        #[test]
        fn no_line_panics(line in any::<String>(), typed in "[-@0-9a-z:, T+]{0,24}") {
            let _ = (parse(&line, Some(&now())), parse(&typed, Some(&now())));
        }
    }
}
