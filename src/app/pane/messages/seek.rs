//! The line of the seek prompt: examples of what can be typed, and what is typed in other words.

use jiff::Zoned;

use crate::position::Plan;

/// The most records that can be asked for as the newest: what the screen keeps while it follows.
pub const MOST_NEWEST: usize = super::rows::FOLLOWING.rows;

const EXAMPLES: [&str; 12] = [
    "begin",
    "end",
    "-15m",
    "10:00 to 10:15",
    "offset 1234",
    "newest 50",
    "7@1234",
    "yesterday 14:00",
    "2026-11-18T10:00",
    "p 0,3-5",
    "in orders.*",
    "uncommitted",
];

/// Lines that begin as this one does, as examples; behind a whole word what may follow it.
pub fn examples(line: &str) -> Vec<String> {
    let begins = |example: &&&str| example.starts_with(line.trim_start());
    EXAMPLES
        .iter()
        .filter(begins)
        .map(|example| (*example).to_owned())
        .collect()
}

/// What a line says so far, with the zone of its times; `None` while an example begins like it, or it is empty. The
/// error says how to write it.
pub fn check(line: &str, now: Option<&Zoned>) -> Result<Option<String>, String> {
    let begins_like_one = !examples(line).is_empty();
    match (Plan::parse(line, now), now) {
        (Ok(plan), Some(now)) if plan != Plan::default() => Ok(Some(plan.label(now.time_zone()))),
        (Err(complaint), _) if !begins_like_one => Err(complaint),
        _ => Ok(None),
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
            assert!(Plan::parse(example, Some(&now)).is_ok(), "{example}");
        }
    }

    #[test]
    fn what_is_typed_is_said_in_other_words_and_a_slip_as_soon_as_it_is_one() {
        let now: Zoned = "2026-11-20T12:30:00+01:00[Europe/Berlin]".parse().unwrap();
        let check = |line| check(line, Some(&now));
        assert_eq!(
            (check(""), check("beg"), check("yesterday 1")),
            (Ok(None), Ok(None), Ok(None))
        );
        assert_eq!(check("-15m"), Ok(Some("from 2026-11-20 12:15+01:00".to_owned())));
        assert!(check("begin to tomorow").is_err());
    }
}
