//! Choosing a change: of the group on screen, or one that is to be taken back.

use std::time::Instant;

use crate::app::App;
use crate::app::action::Action;
use crate::app::acts::{Act, Acts};
use crate::app::effect::Effect;
use crate::app::moving::{GroupChange, MoveOrder, MoveStep, Undoable};
use crate::app::overlay::Overlay;
use crate::app::toast::Level;
use crate::kafka::model::GroupId;
use crate::layout;

impl App {
    /// `c`: what can be done to the group on screen.
    pub(super) fn open_acts(&mut self, now: Instant) -> Vec<Effect> {
        match self.nav.top().pane().group(self.view(now)) {
            Some(draft) => self.overlay = Some(Overlay::Acts(Box::new(Acts::of_group(&draft)))),
            None => self.toasts.say(Level::Info, "no group here that could be changed", now),
        }
        Vec::new()
    }

    /// `:delete-group NAME`.
    pub(super) fn delete_group(&mut self, group: GroupId, now: Instant) -> Vec<Effect> {
        let change = GroupChange::Delete;
        self.preview(MoveOrder { group, change }, None, now)
    }

    /// What can be taken back, over what it is asked from.
    pub(super) fn open_undos(&mut self, group: Option<GroupId>) -> Vec<Effect> {
        self.errands.previews += 1;
        let number = self.errands.previews;
        let acts = Acts::of_undos(number, group, self.overlay.take());
        self.overlay = Some(Overlay::Acts(Box::new(acts)));
        let step = MoveStep::Undos {
            cluster: self.settings.cluster_name.clone(),
        };
        vec![Effect::Move { number, step }]
    }

    /// Keys in a list of changes.
    pub(super) fn act_in_acts(&mut self, action: Action, now: Instant) -> Vec<Effect> {
        let page = self.acts_page();
        let Some(Overlay::Acts(acts)) = &mut self.overlay else {
            return Vec::new();
        };
        let at = acts.list.cursor;
        match action {
            Action::Leave => self.overlay = acts.under.take().map(|under| *under),
            Action::Choose => return self.choose_act(at, now),
            _ => drop(acts.act(action, page)),
        }
        Vec::new()
    }

    /// A line is taken: a form, a preview or another list lies over this one.
    pub(super) fn choose_act(&mut self, at: usize, now: Instant) -> Vec<Effect> {
        let Some(Overlay::Acts(acts)) = &self.overlay else {
            return Vec::new();
        };
        let (act, group) = (acts.lines.get(at).map(|line| line.act.clone()), acts.group.clone());
        match act {
            Some(Act::Form(draft)) => self.overlay = Some(Self::move_form(draft)),
            Some(Act::Preview(order)) => {
                let from = self.overlay.take();
                return self.preview(order, from, now);
            }
            Some(Act::Undos) => return self.open_undos(group),
            None => {}
        }
        Vec::new()
    }

    /// What can be taken back was found.
    pub(super) fn undos_found(&mut self, number: u64, found: Result<Vec<Undoable>, String>) -> Vec<Effect> {
        let page = self.acts_page();
        let cluster = &self.settings.cluster_name;
        if let Some(Overlay::Acts(acts)) = &mut self.overlay
            && acts.number == number
        {
            acts.found(found, cluster, page);
        }
        Vec::new()
    }

    fn acts_page(&self) -> usize {
        Acts::page(layout::regions(self.size).body)
    }
}
