//! What of a preview is changed by hand: where a row goes, and which rows stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Zoned;

use super::told::{MoveStep, Planned};
use super::{GroupChange, Moving, Phase};
use crate::app::prompt::LineInput;
use crate::kafka::model::TopicPartition;
use crate::ops::reset::{Plan, Strategy, hand};

/// What is changed by hand in the rows of a preview.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hand {
    /// Whether keys mean the rows, not the group's name.
    pub is_at_table: bool,
    /// Where the row under the cursor goes, while it is typed.
    pub line: Option<LineInput>,
    left_out: BTreeSet<TopicPartition>,
    asked: Option<(TopicPartition, Strategy)>,
}

impl Hand {
    /// Whether a partition stays as it is, whatever was planned.
    pub fn is_left_out(&self, partition: &TopicPartition) -> bool {
        self.left_out.contains(partition)
    }

    /// Whether it is being found out where the row under the cursor goes.
    pub fn is_asking(&self) -> bool {
        self.asked.is_some()
    }
}

impl Moving {
    /// Whether it can be typed where the row under the cursor goes.
    pub fn can_edit(&self) -> bool {
        let moves = matches!(self.order.change, GroupChange::Move { .. });
        moves && self.phase == Phase::Ready && self.change().is_some()
    }

    /// Whether the row under the cursor can be left out.
    pub fn can_leave_out(&self) -> bool {
        let is_free = matches!(self.order.change, GroupChange::Move { .. } | GroupChange::Forget(_));
        is_free && self.phase == Phase::Ready && self.change().is_some()
    }

    /// Begins to type where the row under the cursor goes.
    pub fn edit(&mut self) {
        self.hand.is_at_table = true;
        self.hand.line = Some(LineInput::default());
        self.complaint = None;
    }

    /// Leaves the row under the cursor out, or takes it back.
    pub fn leave_out(&mut self) {
        let Some(partition) = self.change().map(|change| change.partition.clone()) else {
            return;
        };
        self.hand.is_at_table = true;
        if !self.hand.left_out.remove(&partition) {
            self.hand.left_out.insert(partition);
        }
    }

    /// Where nothing but what is chosen by hand moves, all other rows stay.
    pub(super) fn leave_out_unchosen(&mut self) {
        let chosen = self.order.by_hand();
        let is_chosen = |partition: &TopicPartition| chosen.is_some_and(|chosen| chosen.contains_key(partition));
        let rest = self.changes().iter().map(|change| &change.partition);
        let rest: Vec<_> = rest.filter(|one| !is_chosen(one)).cloned().collect();
        self.hand.left_out.extend(rest);
    }

    /// What was typed is to be planned; the complaint says why it cannot.
    pub fn chosen(&mut self, time: Option<&Zoned>) -> Option<MoveStep> {
        let text = self.hand.line.as_ref()?.text();
        match hand::strategy(text, time) {
            Ok(strategy) => {
                let partition = self.change()?.partition.clone();
                self.hand.asked = Some((partition.clone(), strategy.clone()));
                Some(MoveStep::Row {
                    group: self.order.group.clone(),
                    partition,
                    strategy,
                })
            }
            Err(why) => {
                self.complaint = Some(why);
                None
            }
        }
    }

    /// What was typed is forgotten.
    pub fn discard_line(&mut self) {
        self.hand.line = None;
        self.hand.asked = None;
        self.complaint = None;
    }

    /// A row was planned on its own: it takes its place, and the others stay as they are shown.
    pub fn row_planned(&mut self, partition: TopicPartition, strategy: Strategy, outcome: Result<Plan, String>) {
        if self
            .hand
            .asked
            .take_if(|asked| *asked == (partition.clone(), strategy.clone()))
            .is_none()
        {
            return;
        }
        let refusal = |plan: &Plan| plan.refused().next().map(|(_, why)| why.to_string());
        let outcome = outcome.and_then(|plan| refusal(&plan).map_or(Ok(plan), Err));
        match (outcome, &mut self.plan) {
            (Ok(row), Some(Planned::Offsets(plan))) => {
                plan.put(row);
                self.hand.left_out.remove(&partition);
                self.hand.line = None;
                self.glances.retain(|glance| glance.partition != partition);
                if let GroupChange::Move { by_hand, .. } = &mut self.order.change {
                    by_hand.insert(partition, strategy);
                }
            }
            (Err(why), _) => self.complaint = Some(format!("{partition} cannot go there: {why}")),
            (Ok(_), _) => {}
        }
    }

    /// How offsets are moved, in words, with what was chosen by hand.
    pub fn how(&self) -> String {
        let planned = match &self.plan {
            Some(Planned::Offsets(plan)) => plan.how.as_str(),
            Some(Planned::Members(_)) | None => "",
        };
        let chosen = self.order.by_hand().into_iter().flat_map(BTreeMap::keys);
        let chosen = chosen.filter(|partition| !self.hand.is_left_out(partition)).count();
        match chosen {
            _ if self.order.is_by_hand() => "by hand".to_owned(),
            0 => planned.to_owned(),
            _ => format!("{planned}, {chosen} by hand"),
        }
    }

    /// Where the place of a partition was chosen by hand.
    pub fn is_chosen(&self, partition: &TopicPartition) -> bool {
        self.order
            .by_hand()
            .is_some_and(|chosen| chosen.contains_key(partition))
    }

    /// Exactly what is shown, without what is left out.
    pub fn confirmed(&self) -> Option<Planned> {
        let (mut plan, how) = (self.plan.clone()?, self.how());
        if let Planned::Offsets(plan) = &mut plan {
            plan.how = how;
            plan.changes.retain(|change| !self.hand.is_left_out(&change.partition));
        }
        Some(plan)
    }
}
