//! What stands out about an export, as data: the command and the screen say the same of it, in the same words.

use std::fmt::{self, Display, Formatter};

use super::checkpoint::Gap;
use super::run::Outcome;
use super::{Export, Plan};
use crate::count::Count;
use crate::kafka::model::{Offset, TopicPartition};

/// Something that whoever reads the file should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Records that an open transaction holds back.
    HeldBack(Gap),
    /// From the end to where it was to begin; whether it follows.
    Ahead(Gap, bool),
    /// What was asked for by offset and is not there any more.
    Gone(Gap),
    /// What retention took before it was read.
    Lost(Gap),
    /// A stretch that cannot be read: its first and last offset, and why.
    Unreadable(TopicPartition, Offset, Offset, String),
    /// So many stretches that cannot be read beside those that are named.
    Unnamed(u64),
    /// So many records that the filter could not judge, and the first of them.
    Unjudged(u64, Option<(TopicPartition, Offset, String)>),
}

impl Note {
    /// What many of its kind are called.
    fn kind(&self) -> &'static str {
        match self {
            Self::HeldBack(_) => "partitions with open transactions",
            Self::Ahead(..) => "partitions that end earlier",
            Self::Gone(_) => "partitions that begin later",
            Self::Lost(_) => "lost stretches",
            Self::Unreadable(..) | Self::Unnamed(_) => "stretches that cannot be read",
            Self::Unjudged(..) => "records that could not be judged",
        }
    }

    fn count(&self) -> u64 {
        match self {
            Self::Unnamed(count) => *count,
            _ => 1,
        }
    }
}

impl Display for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeldBack(gap) => write!(f, "{gap} are held back by an open transaction"),
            Self::Ahead(gap, is_followed) => {
                let then = if *is_followed {
                    "; it begins with what comes next"
                } else {
                    ""
                };
                let (topic, partition) = (&gap.topic, gap.partition);
                write!(
                    f,
                    "{topic}-{partition}: offset {} is not there yet, its end is {}{then}",
                    gap.to, gap.from
                )
            }
            Self::Gone(gap) => write!(f, "{gap} are not there any more"),
            Self::Lost(gap) => write!(f, "{gap} were deleted before they could be read"),
            Self::Unreadable(partition, first, last, why) => {
                write!(f, "{partition}: offsets {first} to {last} cannot be read: {why}")
            }
            Self::Unnamed(count) => write!(f, "{} stretches cannot be read", Count::of(*count)),
            Self::Unjudged(count, first) => {
                write!(f, "the filter could not judge {} records", Count::of(*count))?;
                first.as_ref().map_or(Ok(()), |(partition, offset, why)| {
                    write!(f, ", first {partition} offset {offset}: {why}")
                })
            }
        }
    }
}

/// A line for each note, in their order; of more than `most` of a kind, how many more there are.
pub fn lines(notes: &[Note], most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in notes.chunk_by(|a, b| a.kind() == b.kind()) {
        let is_named = |(at, note): &(usize, &Note)| *at < most && (*at == 0 || note.count() == 1);
        let (named, more): (Vec<_>, Vec<_>) = kind.iter().enumerate().partition(is_named);
        lines.extend(named.iter().map(|(_, note)| note.to_string()));
        let more: u64 = more.iter().map(|(_, note)| note.count()).sum();
        if let (Some(note), 1..) = (kind.first(), more) {
            lines.push(format!("and {} more {}", Count::of(more), note.kind()));
        }
    }
    lines
}

impl Export {
    /// What is worth knowing before it begins.
    pub fn notes(&self) -> Vec<Note> {
        let Plan {
            held_back, ahead, gone, ..
        } = self.plan();
        let is_followed = self.is_followed();
        let held_back = held_back.iter().cloned().map(Note::HeldBack);
        let ahead = ahead.iter().cloned().map(|gap| Note::Ahead(gap, is_followed));
        let gone = gone.iter().cloned().map(Note::Gone);
        held_back.chain(ahead).chain(gone).collect()
    }
}

impl Outcome {
    /// What is missing in what was written.
    pub fn notes(&self) -> Vec<Note> {
        let (state, tally) = (&self.state, &self.tally);
        let mut notes: Vec<Note> = state.gaps.iter().cloned().map(Note::Lost).collect();
        let examples = &tally.unreadable_examples;
        notes.extend(examples.iter().map(|(partition, first, last, damage)| {
            Note::Unreadable(partition.clone(), *first, *last, damage.to_string())
        }));
        // What an interrupted run could not read is a number only.
        let unnamed = state
            .unreadable
            .max(tally.unreadable)
            .saturating_sub(examples.len() as u64);
        notes.extend((unnamed > 0).then_some(Note::Unnamed(unnamed)));
        let unjudged = state.unjudged.max(tally.errors);
        notes.extend((unjudged > 0).then(|| Note::Unjudged(unjudged, tally.error_examples.first().cloned())));
        notes
    }

    /// Whether nothing that was asked for is missing but what the notes of the plan name. A record that the filter
    /// cannot judge does not match.
    pub fn is_whole(&self) -> bool {
        self.state.gaps.is_empty() && self.state.unreadable == 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Checkpoint, Ending};
    use super::*;
    use crate::kafka::scan::Tally;

    fn gap(partition: i32) -> Gap {
        Gap {
            topic: "orders".into(),
            partition,
            from: 3,
            to: 10,
        }
    }

    #[test]
    fn of_each_kind_the_first_are_named_and_the_rest_counted() {
        let mut notes = vec![Note::HeldBack(gap(0)), Note::Ahead(gap(1), true)];
        notes.extend((0..5).map(|partition| Note::Gone(gap(partition))));
        let expected = [
            "orders-0: offsets 3 to 9 are held back by an open transaction",
            "orders-1: offset 10 is not there yet, its end is 3; it begins with what comes next",
            "orders-0: offsets 3 to 9 are not there any more",
            "orders-1: offsets 3 to 9 are not there any more",
            "and 3 more partitions that begin later",
        ];
        assert_eq!(lines(&notes, 2), expected);
    }

    #[test]
    fn what_earlier_runs_could_not_read_or_judge_is_counted_too() {
        let mut state = Checkpoint::default();
        (state.unreadable, state.unjudged) = (1002, 7);
        let mut outcome = Outcome {
            ending: Ending::Complete,
            state,
            tally: Tally::default(),
            failures: Vec::new(),
        };
        assert!(!outcome.is_whole());
        let expected = ["1,002 stretches cannot be read", "the filter could not judge 7 records"];
        assert_eq!(lines(&outcome.notes(), 10), expected);
        let damage = Note::Unreadable(TopicPartition::new("orders", 0), Offset(5), Offset(9), "torn".into());
        let expected = [
            "orders-0: offsets 5 to 9 cannot be read: torn",
            "and 1,002 more stretches that cannot be read",
        ];
        assert_eq!(lines(&[damage, Note::Unnamed(1002)], 10), expected);
        outcome.state.unreadable = 0;
        assert!(outcome.is_whole(), "what cannot be judged does not match");
    }
}
