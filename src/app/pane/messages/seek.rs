//! The line of the seek prompt: where to go in a topic.

use jiff::Zoned;

use crate::position::Start;

/// The most records that can be asked for as the newest: what the screen keeps while it follows.
pub const MOST_NEWEST: usize = super::rows::FOLLOWING.rows;

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
pub fn parse(line: &str, now: Option<&Zoned>) -> Result<Start, String> {
    let start = Start::parse(line, now)?;
    match start {
        Start::Newest(count) if count > MOST_NEWEST => Err(format!("newest how many? 1 to {MOST_NEWEST}: newest 50")),
        start => Ok(start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_can_be_used() {
        let now: Zoned = "2026-11-20T12:30:00+01:00[Europe/Berlin]".parse().unwrap();
        assert_eq!(examples("").len(), EXAMPLES.len());
        assert_eq!(examples("ne"), ["newest 50"]);
        for example in EXAMPLES {
            assert!(parse(example, Some(&now)).is_ok(), "{example}");
        }
    }

    #[test]
    fn no_more_than_the_screen_keeps_can_be_asked_for() {
        assert_eq!(parse("newest 4000", None), Ok(Start::Newest(4000)));
        assert_eq!(
            parse("newest 4001", None).unwrap_err(),
            "newest how many? 1 to 4000: newest 50"
        );
    }
}
