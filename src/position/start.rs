//! Where reading starts: the words.

use jiff::Zoned;

use super::numbers::{is_number, number, offset, places};
use super::time;
use super::{NEWEST, Start};

/// What to write, for complaints.
const TRY: &str = "begin, end, newest 50, -15m, 10:00, offset 1234";

/// Reads a start.
pub(super) fn parse(text: &str, now: Option<&Zoned>) -> Result<Start, String> {
    let text = text.trim();
    let lower = text.to_lowercase();
    let (word, rest) = lower
        .split_once(char::is_whitespace)
        .map_or((lower.as_str(), ""), |(word, rest)| (word, rest.trim()));
    match (word, rest) {
        ("", _) => Err(format!("where to? {TRY}")),
        ("begin" | "beginning" | "start" | "first" | "earliest" | "oldest", "") => Ok(Start::Begin),
        ("end" | "latest" | "now", "") => Ok(Start::End),
        ("newest" | "last", "") => Ok(Start::Newest(NEWEST)),
        ("newest" | "last", count) => newest(count),
        ("offset", at) => match places(at) {
            Some(places) => places.map(Start::PerPartition),
            None => offset(at).map(Start::Offset),
        },
        _ => parse_rest(text, &lower, now),
    }
}

/// What does not begin with a word of ours: numbers, places, times.
fn parse_rest(text: &str, lower: &str, now: Option<&Zoned>) -> Result<Start, String> {
    if let Some(places) = places(lower) {
        return places.map(Start::PerPartition);
    }
    if let Some(count) = lower.strip_prefix('-').filter(|rest| is_number(rest)) {
        return newest(count);
    }
    if is_number(lower) {
        return offset(lower).map(Start::Offset);
    }
    match time::read(text, now)? {
        Some(millis) => Ok(Start::Time(millis)),
        None => Err(format!("cannot go to {text:.20}: try {TRY}")),
    }
}

fn newest(count: &str) -> Result<Start, String> {
    let count = number(count).and_then(|count| usize::try_from(count).ok());
    match count.filter(|count| *count > 0) {
        Some(count) => Ok(Start::Newest(count)),
        None => Err("newest how many? newest 50".to_owned()),
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

    fn start(text: &str) -> Start {
        parse(text, Some(&now())).unwrap()
    }

    #[test]
    fn words_numbers_and_places() {
        assert_eq!(start(" Begin "), Start::Begin);
        assert_eq!(start("end"), Start::End);
        assert_eq!(start("newest"), Start::Newest(50));
        assert_eq!(start("newest 1,000"), Start::Newest(1000));
        assert_eq!(start("-20"), Start::Newest(20));
        assert_eq!(start("offset 166,666"), Start::Offset(Offset(166_666)));
        assert_eq!(start("1_234"), Start::Offset(Offset(1234)));
        let place = Start::PerPartition(vec![(PartitionId(7), Offset(166_666))]);
        assert_eq!(parse("7@166666", None), Ok(place.clone()));
        assert_eq!(parse("offset 7@166666", None), Ok(place));
        assert_eq!(start("12:00"), Start::Time(1_795_172_400_000));
    }

    #[test]
    fn an_error_says_how_to_write_it() {
        let complaint = |text: &str| parse(text, Some(&now())).unwrap_err();
        assert_eq!(
            complaint(""),
            "where to? begin, end, newest 50, -15m, 10:00, offset 1234"
        );
        assert_eq!(complaint("offset twelve"), "an offset is a whole number: offset 1234");
        assert_eq!(
            complaint("99999999999999999999"),
            "an offset is a whole number: offset 1234"
        );
        assert_eq!(
            complaint("tomorrow"),
            "cannot go to tomorrow: try begin, end, newest 50, -15m, 10:00, offset 1234"
        );
        assert_eq!(complaint("newest 0"), "newest how many? newest 50");
        assert_eq!(complaint("0@1,2"), "2 is not PARTITION@OFFSET: 0@100,3@250");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), typed in "[-@0-9a-z:, T+]{0,24}") {
            let _ = (parse(&text, Some(&now())), parse(&typed, Some(&now())), parse(&typed, None));
        }
    }
}
