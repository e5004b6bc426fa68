//! Where reading ends: the words.

use jiff::Zoned;

use super::Until;
use super::numbers::{is_number, number, offset, places};
use super::time;

/// What to write, for complaints.
const TRY: &str = "end, follow, 10:00, -5m, offset 1234, count 100";

/// Reads an end.
pub(super) fn parse(text: &str, now: Option<&Zoned>) -> Result<Until, String> {
    let text = text.trim();
    let lower = text.to_lowercase();
    let (word, rest) = lower
        .split_once(char::is_whitespace)
        .map_or((lower.as_str(), ""), |(word, rest)| (word, rest.trim()));
    match (word, rest) {
        ("", _) => Err(format!("until when? {TRY}")),
        ("end" | "latest", "") => Ok(Until::End),
        ("follow" | "forever" | "on", "") => Ok(Until::Follow),
        ("count" | "limit", many) => count(many),
        (many, "records" | "record") => count(many),
        ("offset", at) => match places(at) {
            Some(places) => places.map(Until::PerPartition),
            None => offset(at).map(Until::Offset),
        },
        _ => parse_rest(text, &lower, now),
    }
}

fn parse_rest(text: &str, lower: &str, now: Option<&Zoned>) -> Result<Until, String> {
    if let Some(places) = places(lower) {
        return places.map(Until::PerPartition);
    }
    if let Some(many) = lower.strip_prefix('+') {
        return count(many);
    }
    if is_number(lower) {
        return offset(lower).map(Until::Offset);
    }
    let time = match lower {
        "now" => time::read("-0s", now)?,
        _ => time::read(text, now)?,
    };
    time.map(Until::Time)
        .ok_or_else(|| format!("cannot read until {text:.20}: try {TRY}"))
}

fn count(text: &str) -> Result<Until, String> {
    let count = number(text).and_then(|count| u64::try_from(count).ok());
    match count.filter(|count| *count > 0) {
        Some(count) => Ok(Until::Count(count)),
        None => Err("after how many records? count 100".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kafka::model::{Offset, PartitionId};

    fn now() -> Zoned {
        "2026-11-20T12:30:00+01:00[Europe/Berlin]".parse().unwrap()
    }

    fn until(text: &str) -> Until {
        parse(text, Some(&now())).unwrap()
    }

    #[test]
    fn words_numbers_places_counts_and_times() {
        assert_eq!((until("end"), until("Follow")), (Until::End, Until::Follow));
        assert_eq!(
            (until("1,234"), until("offset 9")),
            (Until::Offset(Offset(1234)), Until::Offset(Offset(9)))
        );
        assert_eq!(until("3@300"), Until::PerPartition(vec![(PartitionId(3), Offset(300))]));
        for text in ["count 100", "limit 100", "100 records", "+100"] {
            assert_eq!(until(text), Until::Count(100), "{text}");
        }
        assert_eq!(until("now"), Until::Time(1_795_174_200_000));
        assert_eq!(until("-5m"), Until::Time(1_795_174_200_000 - 300_000));
        assert_eq!(until("11:00"), Until::Time(1_795_168_800_000));
    }

    #[test]
    fn an_error_says_how_to_write_it() {
        let complaint = |text: &str| parse(text, Some(&now())).unwrap_err();
        assert_eq!(
            complaint(""),
            "until when? end, follow, 10:00, -5m, offset 1234, count 100"
        );
        assert_eq!(complaint("count none"), "after how many records? count 100");
        assert_eq!(complaint("+0"), "after how many records? count 100");
        assert!(complaint("soon").starts_with("cannot read until soon: try end,"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), typed in "[-@0-9a-z:, T+]{0,24}") {
            let _ = (parse(&text, Some(&now())), parse(&typed, Some(&now())), parse(&typed, None));
        }
    }
}
