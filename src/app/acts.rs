//! Changes to choose from: what can be done to a group, and what can be taken back.
//!
//! ```text
//!  ┌ Change group billing ─────────────────────────────────────────────┐
//!  │ ▸ 1  move offsets                                                 │
//!  │   2  skip one record of orders-3                                  │
//!  │   3  delete the offsets of topic orders                           │
//!  │   4  delete the group                                             │
//!  │   5  undo a change                                                │
//!  │                                                                   │
//!  │ to earliest, to a time, by hand: a form asks where and which      │
//!  └───────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Choosing changes nothing: a form or a preview follows.

use super::action::Action;
use super::list::ListState;
use super::moving::{At, Draft, GroupChange, MoveOrder, Undoable};
use super::overlay::Overlay;
use crate::kafka::model::GroupId;
use crate::layout::Area;
use crate::ops::reset::{Scope, TopicScope};

/// Rows below the lines: a blank one, and what is said of the line under the cursor.
pub const BELOW: u16 = 4;

/// What follows a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// The form of moved offsets.
    Form(Draft),
    /// A preview.
    Preview(MoveOrder),
    /// What can be taken back.
    Undos,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When it was done, in ms since the epoch; only of what can be taken back.
    pub when: Option<i64>,
    /// What it does.
    pub label: String,
    /// What else is to be known of it, said while the cursor stands on it.
    pub says: String,
    /// What follows.
    pub act: Act,
}

/// The lines, with a cursor.
#[derive(Clone, Debug, PartialEq)]
pub struct Acts {
    /// The number of the question that brings the lines.
    pub number: u64,
    /// The title of its box.
    pub title: String,
    /// Cursor and window.
    pub list: ListState,
    /// What there is to choose.
    pub lines: Vec<Line>,
    /// What is said where there are no lines.
    pub said: String,
    /// The group whose line the cursor stands on first.
    pub group: Option<GroupId>,
    /// What lies under it.
    pub under: Option<Box<Overlay>>,
}

impl Acts {
    /// What can be done to a group.
    pub fn of_group(draft: &Draft) -> Self {
        let group = &draft.group;
        let preview = |change| {
            Act::Preview(MoveOrder {
                group: group.clone(),
                change,
            })
        };
        let line = |label: String, says: &str, act| Line {
            when: None,
            label,
            says: says.to_owned(),
            act,
        };
        let mut lines = vec![line(
            "move offsets".to_owned(),
            "To a time, an offset, by hand and more: a form asks where to, and which.",
            Act::Form(draft.clone()),
        )];
        if let At::Partition(at) = &draft.at {
            lines.push(line(
                format!("skip one record of {at}"),
                "The one it would read next: saved to a file, then its offset is moved past it.",
                preview(GroupChange::Skip(at.clone())),
            ));
        }
        if let Some(topic) = draft.at.topic() {
            let scope = TopicScope {
                topic: topic.clone(),
                partitions: None,
            };
            lines.push(line(
                format!("delete the offsets of topic {topic}"),
                "The group forgets where it was there. Only where no member reads the topic.",
                preview(GroupChange::Forget(Scope::Topics(vec![scope]))),
            ));
        }
        if let At::Member(instance) = &draft.at {
            lines.push(line(
                format!("remove static member {instance}"),
                "Its place is given up at once, not when its session is over. It may join again if it still runs.",
                preview(GroupChange::Remove(vec![instance.to_string()])),
            ));
        }
        lines.push(line(
            "delete the group".to_owned(),
            "With all its offsets. Only where no member is in it.",
            preview(GroupChange::Delete),
        ));
        lines.push(line(
            "undo a change".to_owned(),
            "Changes of this cluster that were made on this machine and not taken back yet.",
            Act::Undos,
        ));
        Self {
            number: 0,
            title: format!("Change group {group}"),
            list: ListState::default(),
            lines,
            said: String::new(),
            group: Some(group.clone()),
            under: None,
        }
    }

    /// What can be taken back, once it was looked for.
    pub fn of_undos(number: u64, group: Option<GroupId>, under: Option<Overlay>) -> Self {
        Self {
            number,
            title: "Undo a change".to_owned(),
            list: ListState::default(),
            lines: Vec::new(),
            said: "Reading the undo files of this cluster.".to_owned(),
            group,
            under: under.map(Box::new),
        }
    }

    /// What can be taken back was found, or not. The cursor stands on the newest change of the group.
    pub fn found(&mut self, found: Result<Vec<Undoable>, String>, cluster: &str, page: usize) {
        let found = match found {
            Ok(found) => found,
            Err(why) => {
                self.said = why;
                return;
            }
        };
        self.said = format!("There is nothing to undo on cluster {cluster}.");
        let at = found.iter().position(|one| Some(&one.group) == self.group.as_ref());
        let line = |one: Undoable| Line {
            when: one.made_ms,
            label: one.what,
            says: format!("by {}: {}", one.who, one.file.display()),
            act: Act::Preview(MoveOrder {
                group: one.group,
                change: GroupChange::Undo {
                    file: one.file,
                    cluster: cluster.to_owned(),
                },
            }),
        };
        self.lines = found.into_iter().map(line).collect();
        self.list.move_to(at.unwrap_or(0), self.lines.len(), page);
    }

    /// Lines that a body of this size shows.
    pub fn page(body: Area) -> usize {
        usize::from(body.height.saturating_sub(2 + BELOW).max(1))
    }

    /// Moves the cursor; `page` lines are visible.
    pub fn act(&mut self, action: Action, page: usize) -> bool {
        self.list.act(action, self.lines.len(), page)
    }

    /// The line that a digit takes.
    pub fn by_digit(&self, digit: char) -> Option<usize> {
        let at = digit.to_digit(10)?.checked_sub(1)? as usize;
        (at < self.lines.len()).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::TopicPartition;

    fn labels(at: At) -> Vec<String> {
        let draft = Draft {
            group: "billing".into(),
            at,
        };
        Acts::of_group(&draft)
            .lines
            .into_iter()
            .map(|line| line.label)
            .collect()
    }

    #[test]
    fn only_what_can_be_done_to_what_is_under_the_cursor_is_offered() {
        let always = ["move offsets", "delete the group", "undo a change"];
        assert_eq!(labels(At::Group), always);
        let partition = labels(At::Partition(TopicPartition::new("orders", 3)));
        assert_eq!(
            partition[1..3],
            ["skip one record of orders-3", "delete the offsets of topic orders"]
        );
        let topic = labels(At::Topic("orders".into()));
        assert_eq!(topic, [&partition[..1], &partition[2..]].concat());
        assert_eq!(labels(At::Member("pod-0".into()))[1], "remove static member pod-0");
    }
}
