//! Points in time as a person writes them.

use jiff::civil::Time;
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use super::numbers::is_number;

/// Reads a point in time, in ms since the epoch: `-15m`, `2 hours ago`, `10:00`, `yesterday 14:00`,
/// `2026-11-18T10:00+01:00`, `@1763460000000`. A zone may follow: `10:00 UTC`, `yesterday 14:00 Europe/Berlin`;
/// without one the time is in the zone of `now`. The error says how to write it.
pub fn parse_time(text: &str, now: Option<&Zoned>) -> Result<i64, String> {
    let time = read(text, now)?;
    time.ok_or_else(|| {
        format!(
            "{:.20} is no time: try -15m, 10:00, yesterday 14:00, 2026-11-18T10:00",
            text.trim()
        )
    })
}

/// Reads a point in time; `None` when the text is something else.
pub(super) fn read(text: &str, now: Option<&Zoned>) -> Result<Option<i64>, String> {
    let text = text.trim();
    let bare = text.strip_prefix('@').unwrap_or(text);
    if is_number(bare) && bare.len() < text.len() {
        let millis = bare
            .parse()
            .ok()
            .filter(|millis| Timestamp::from_millisecond(*millis).is_ok());
        return millis.map(Some).ok_or_else(|| "that many ms are no time".to_owned());
    }
    let now = now.ok_or("the time of day is not known yet: go by offset")?;
    let at = ago(bare, now)
        .or_else(|| iso(bare, now.time_zone()))
        .or_else(|| of_day(bare, now))
        .or_else(|| in_zone(bare, now));
    let Some(at) = at else { return Ok(None) };
    let millis = at.timestamp().as_millisecond();
    if millis < 0 {
        return Err("no record is older than 1970".to_owned());
    }
    Ok(Some(millis))
}

/// `-15m`, `-1h30m`, `2 hours ago`.
fn ago(text: &str, now: &Zoned) -> Option<Zoned> {
    let lower = text.to_lowercase();
    let span = match lower.strip_suffix("ago") {
        Some(rest) => rest.trim_end(),
        None => lower.strip_prefix('-')?.trim_start(),
    };
    let span: Span = span.parse().ok().filter(|span: &Span| !span.is_negative())?;
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

/// A day or a time of day with a zone behind it: `10:00 UTC`, `10:00Z`, `yesterday 14:00 +01:00`.
fn in_zone(text: &str, now: &Zoned) -> Option<Zoned> {
    let (at, zone) = if let Some(at) = text.strip_suffix(['Z', 'z']) {
        (at, TimeZone::UTC)
    } else {
        let (at, name) = text.rsplit_once(char::is_whitespace)?;
        (at, zone_of(name)?)
    };
    let (at, now) = (at.trim_end(), now.with_time_zone(zone.clone()));
    iso(at, &zone).or_else(|| of_day(at, &now))
}

fn zone_of(name: &str) -> Option<TimeZone> {
    if name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("gmt") {
        return Some(TimeZone::UTC);
    }
    if name.starts_with(['+', '-']) {
        // Borrowed from a date, whose grammar knows offsets.
        let date = format!("2000-01-01T00:00{name}");
        let offset = Pieces::parse(&date).ok()?.to_numeric_offset()?;
        return Some(TimeZone::fixed(offset));
    }
    TimeZone::get(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        "2026-11-20T12:30:00+01:00[Europe/Berlin]".parse().unwrap()
    }

    fn reads(text: &str, time: &str) {
        let millis = time.parse::<Timestamp>().unwrap().as_millisecond();
        assert_eq!(parse_time(text, Some(&now())), Ok(millis), "{text}");
    }

    #[test]
    fn times_are_local_unless_they_name_a_zone() {
        reads("10:00", "2026-11-20T09:00:00Z");
        reads("today 10:00", "2026-11-20T09:00:00Z");
        reads("yesterday 14:00:30", "2026-11-19T13:00:30Z");
        reads("yesterday", "2026-11-18T23:00:00Z");
        reads("2026-11-18", "2026-11-17T23:00:00Z");
        reads("2026-11-18 10:00", "2026-11-18T09:00:00Z");
        reads("@2026-07-18T10:00", "2026-07-18T08:00:00Z");
        reads("2026-11-18T10:00:00.5Z", "2026-11-18T10:00:00.5Z");
        reads("2026-11-18t10:00+05:30", "2026-11-18T04:30:00Z");
        reads("2026-11-18T10:00[America/New_York]", "2026-11-18T15:00:00Z");
        reads("@1763460000123", "2025-11-18T10:00:00.123Z");
    }

    #[test]
    fn a_zone_may_follow() {
        reads("10:00Z", "2026-11-20T10:00:00Z");
        reads("10:00 utc", "2026-11-20T10:00:00Z");
        reads("yesterday 14:00 +05:30", "2026-11-19T08:30:00Z");
        reads("yesterday 14:00 America/New_York", "2026-11-19T19:00:00Z");
        reads("2026-11-18 10:00 UTC", "2026-11-18T10:00:00Z");
        assert!(parse_time("10:00 Atlantis/City", Some(&now())).is_err());
    }

    #[test]
    fn spans_count_back_from_now() {
        reads("-15m", "2026-11-20T11:15:00Z");
        reads("-1h30m", "2026-11-20T10:00:00Z");
        reads("-2 h", "2026-11-20T09:30:00Z");
        reads("90s ago", "2026-11-20T11:28:30Z");
        reads("-1d", "2026-11-19T11:30:00Z");
        reads("3 hours ago", "2026-11-20T08:30:00Z");
    }

    #[test]
    fn a_day_back_over_a_change_of_the_clocks_is_the_same_time_of_day() {
        let monday: Zoned = "2026-10-26T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        let at = |text| parse_time(text, Some(&monday)).unwrap();
        let millis = |time: &str| time.parse::<Timestamp>().unwrap().as_millisecond();
        assert_eq!(at("-1d"), millis("2026-10-25T11:00:00Z"));
        assert_eq!(at("-2d"), millis("2026-10-24T10:00:00Z"));
    }

    #[test]
    fn what_is_no_time_is_said() {
        let complaint = |text: &str| parse_time(text, Some(&now())).unwrap_err();
        let tries = "try -15m, 10:00, yesterday 14:00, 2026-11-18T10:00";
        assert_eq!(complaint("tomorrow"), format!("tomorrow is no time: {tries}"));
        assert_eq!(complaint("1969-12-31T00:00Z"), "no record is older than 1970");
        assert_eq!(complaint("@9999999999999999999"), "that many ms are no time");
        assert_eq!(complaint("@9223372036854775807"), "that many ms are no time");
        assert_eq!(
            parse_time("-15m", None).unwrap_err(),
            "the time of day is not known yet: go by offset"
        );
    }
}
