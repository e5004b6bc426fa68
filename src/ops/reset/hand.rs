//! One partition's offset, chosen by hand.

use std::collections::BTreeMap;

use jiff::Zoned;

use super::plan::Plan;
use super::scope::{Scope, TopicScope};
use super::strategy::Strategy;
use crate::kafka::model::{Offset, TopicPartition};
use crate::position::parse_time;

/// How a place is written.
const HOW: &str = "an offset, +100, -5, earliest, latest, current, or a time: 10:00, yesterday 14:00, -15m";

/// Reads where one partition's offset goes: `166120`, `+100`, `-5`, `earliest`, `latest`, `current`, or a time, which
/// without a zone is in the zone of `now`.
///
/// # Errors
/// How to write it.
pub fn strategy(text: &str, now: Option<&Zoned>) -> Result<Strategy, String> {
    let text = text.trim();
    match text {
        "" => return Err(HOW.to_owned()),
        "earliest" => return Ok(Strategy::Earliest),
        "latest" => return Ok(Strategy::Latest),
        "current" => return Ok(Strategy::Current),
        _ => {}
    }
    let is_signed = text.starts_with(['+', '-']);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text).replace([',', '_'], "");
    if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        let number = digits
            .parse::<i64>()
            .map_err(|_| format!("{text:.20} is too large for an offset"))?;
        return Ok(match text.starts_with('-') {
            true => Strategy::ShiftBy(-number),
            false if is_signed => Strategy::ShiftBy(number),
            false => Strategy::Offset(number),
        });
    }
    // A word that nobody writes as a time is more likely a slip.
    if !text.contains(|letter: char| letter.is_ascii_digit()) {
        return Err(format!("{text:.20} is no place: {HOW}"));
    }
    parse_time(text, now).map(Strategy::Datetime)
}

/// Places that were chosen by hand, as scopes that are planned together: asking for each row alone would be many
/// requests.
pub fn together(chosen: &BTreeMap<TopicPartition, Strategy>) -> Vec<(Scope, Strategy)> {
    let offsets = chosen.iter().filter_map(|(partition, strategy)| match strategy {
        Strategy::Offset(offset) => Some((partition.clone(), Offset(*offset))),
        _ => None,
    });
    let offsets: BTreeMap<TopicPartition, Offset> = offsets.collect();
    let mut groups: Vec<(Strategy, Vec<TopicScope>)> = Vec::new();
    for (partition, strategy) in chosen {
        if matches!(strategy, Strategy::Offset(_)) {
            continue;
        }
        match groups.iter_mut().find(|(other, _)| other == strategy) {
            Some((_, scopes)) => scopes.push(one(partition)),
            None => groups.push((strategy.clone(), vec![one(partition)])),
        }
    }
    if !offsets.is_empty() {
        let scopes = offsets.keys().map(one).collect();
        groups.push((Strategy::Named(offsets), scopes));
    }
    let scopes = groups.into_iter();
    scopes
        .map(|(strategy, scopes)| (Scope::Topics(scopes), strategy))
        .collect()
}

/// One partition.
pub fn one(partition: &TopicPartition) -> TopicScope {
    TopicScope {
        topic: partition.topic.clone(),
        partitions: Some([partition.partition].into()),
    }
}

impl Plan {
    /// Puts rows that were planned on their own in the place of those of the same partitions. The group is as it was
    /// found last; the other rows stay as they are.
    pub fn put(&mut self, rows: Self) {
        for row in rows.changes {
            if let Some(old) = self.changes.iter_mut().find(|old| old.partition == row.partition) {
                *old = row;
            }
        }
        self.standing = rows.standing;
        self.topic_ids.extend(rows.topic_ids);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_offset_a_step_a_word_or_a_time() {
        let now: Zoned = "2026-11-18T12:00:00+01:00[+01:00]".parse().unwrap();
        let cases = [
            ("166,120", Strategy::Offset(166_120)),
            ("+100", Strategy::ShiftBy(100)),
            ("-5", Strategy::ShiftBy(-5)),
            (" earliest ", Strategy::Earliest),
            ("latest", Strategy::Latest),
            ("current", Strategy::Current),
            ("10:00", Strategy::Datetime(1_794_992_400_000)),
            ("-15m", Strategy::Datetime(1_794_998_700_000)),
        ];
        for (text, expected) in cases {
            assert_eq!(strategy(text, Some(&now)), Ok(expected), "{text}");
        }
        for (text, why) in [
            ("", "an offset, +100"),
            ("erliest", "erliest is no place: an offset"),
            ("99999999999999999999", "99999999999999999999 is too large"),
            ("25:00", "25:00 is no time"),
        ] {
            let said = strategy(text, Some(&now)).unwrap_err();
            assert!(said.starts_with(why), "{said}");
        }
        assert!(strategy("10:00", None).unwrap_err().contains("not known yet"));
    }

    #[test]
    fn places_are_planned_together_as_far_as_one_question_can_hold_them() {
        let at = |id| TopicPartition::new("orders", id);
        let chosen = BTreeMap::from([
            (at(0), Strategy::Offset(7)),
            (at(1), Strategy::Latest),
            (at(2), Strategy::Offset(9)),
            (at(3), Strategy::Latest),
        ]);
        let together = together(&chosen);
        assert_eq!(together.len(), 2);
        let named = BTreeMap::from([(at(0), Offset(7)), (at(2), Offset(9))]);
        assert_eq!(together[1].1, Strategy::Named(named));
        let has = |id| together[1].0.has(&at(id));
        assert_eq!([0, 1, 2, 3].map(has), [true, false, true, false]);
    }
}
