//! Moving a group's offsets from the screen: the form, the preview, the name, the job.

use std::time::Instant;

use crate::app::App;
use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::form::Form;
use crate::app::jobs::{JobId, JobSpec};
use crate::app::moving::{Draft, MoveJob, MoveSent, MoveStep, MoveTold, Moving, Phase, Target};
use crate::app::overlay::{Overlay, Purpose};
use crate::app::toast::Level;
use crate::layout;

impl App {
    /// `O`: where the offsets of the group on screen go.
    pub(super) fn open_move(&mut self, now: Instant) -> Vec<Effect> {
        match self.nav.top().pane().group(self.view(now)) {
            Some((group, under_cursor)) => {
                let draft = Draft { group, under_cursor };
                let form = draft.form();
                self.overlay = Some(Overlay::Form(Purpose::Move(Box::new(draft)), Box::new(form)));
            }
            None => self
                .toasts
                .say(Level::Info, "no group here whose offsets could be moved", now),
        }
        Vec::new()
    }

    /// The form is accepted: what would happen is found out.
    pub(super) fn preview_move(&mut self, draft: &Draft, form: &Form, now: Instant) -> Result<Vec<Effect>, String> {
        let time = self.store.derived.wall.as_ref().map(|wall| wall.time(now));
        let mut order = draft.order(form, time.as_ref())?;
        if let Target::File(path) = &mut order.target {
            *path = self.settings.folder.join(&*path);
        }
        let form = Overlay::Form(Purpose::Move(Box::new(draft.clone())), Box::new(form.clone()));
        self.overlay = Some(Overlay::Move(Box::new(Moving::new(0, order, form, now))));
        Ok(self.plan_move(false))
    }

    /// Has the plan made, or made anew.
    fn plan_move(&mut self, waits: bool) -> Vec<Effect> {
        self.errands.previews += 1;
        let number = self.errands.previews;
        let Some(moving) = self.moving() else { return Vec::new() };
        let phase = if waits {
            Phase::Waiting("asking who is in it".to_owned())
        } else {
            Phase::Planning
        };
        moving.restart(number, phase);
        let order = Box::new(moving.order.clone());
        let step = MoveStep::Plan { order, waits };
        vec![Effect::Move { number, step }]
    }

    /// The preview, also while a question lies over it.
    fn moving(&mut self) -> Option<&mut Moving> {
        match &mut self.overlay {
            Some(Overlay::Move(moving)) => Some(moving),
            Some(Overlay::Confirm(asked)) => match asked.under.as_deref_mut() {
                Some(Overlay::Move(moving)) => Some(moving),
                _ => None,
            },
            _ => match self.errands.parked.as_deref_mut() {
                Some(Overlay::Move(moving)) => Some(moving),
                _ => None,
            },
        }
    }

    /// Keys at the preview.
    pub(super) fn act_in_move(&mut self, action: Action, now: Instant) -> Vec<Effect> {
        let (body, lock) = (layout::regions(self.size).body, self.lock);
        let Some(moving) = self.moving() else { return Vec::new() };
        match action {
            Action::Leave | Action::Discard => return self.leave_move(),
            Action::Accept if moving.is_typed(lock) => return self.apply_move(now),
            Action::WaitEmpty if moving.is_blocked() => return self.plan_move(true),
            Action::UnlockPlan if moving.is_locked(lock) => return self.unlock_over(now),
            Action::PlanAgain if moving.can_plan() => return self.plan_move(false),
            _ if moving.scroll(action, body) => return self.look(),
            _ if moving.is_typed(lock) && moving.name.act(action) => moving.complaint = None,
            _ => {}
        }
        Vec::new()
    }

    /// Unlocking lies over the preview, which is there again after it.
    fn unlock_over(&mut self, now: Instant) -> Vec<Effect> {
        let preview = self.overlay.take();
        let effects = self.toggle_lock(now);
        self.errands.parked = preview.map(Box::new);
        effects
    }

    /// The preview that was left for unlocking.
    pub(super) fn unpark(&mut self) -> Option<Overlay> {
        self.errands.parked.take().map(|preview| *preview)
    }

    /// Looks at the record where the row under the cursor goes.
    fn look(&mut self) -> Vec<Effect> {
        let step = self.moving().and_then(|moving| Some((moving.number, moving.look()?)));
        step.map(|(number, step)| Effect::Move { number, step })
            .into_iter()
            .collect()
    }

    /// Back to the form; after it was sent there is nothing to go back to.
    fn leave_move(&mut self) -> Vec<Effect> {
        let Some(Overlay::Move(moving)) = self.overlay.take() else {
            return Vec::new();
        };
        if matches!(moving.phase, Phase::Applying(_) | Phase::Settled(_)) {
            return Vec::new();
        }
        let number = moving.number;
        self.overlay = Some(*moving.form);
        let step = MoveStep::Nothing;
        vec![Effect::Move { number, step }]
    }

    /// The name was typed: exactly what is shown is sent.
    fn apply_move(&mut self, now: Instant) -> Vec<Effect> {
        let cluster = self.settings.cluster_name.clone();
        let Some(moving) = self.moving() else { return Vec::new() };
        let Some(plan) = moving.plan.clone() else {
            return Vec::new();
        };
        if moving.name.text() != plan.group.as_str() {
            moving.complaint = Some(format!("nothing was sent: this is not {}", plan.group));
            return Vec::new();
        }
        let spec = JobSpec::Move(Box::new(MoveJob { plan, cluster }));
        let job = self.errands.jobs.start(spec.clone(), now);
        if let Some(moving) = self.moving() {
            moving.phase = Phase::Applying(job);
        }
        vec![Effect::StartJob { job, spec }]
    }

    /// Something was found out for a preview.
    pub(in crate::app) fn move_told(&mut self, number: u64, told: MoveTold, now: Instant) -> Vec<Effect> {
        let body = layout::regions(self.size).body;
        let Some(moving) = self.moving().filter(|moving| moving.number == number) else {
            return Vec::new();
        };
        match told {
            MoveTold::Planned(outcome) => moving.planned(outcome, now, body),
            MoveTold::Waiting(who) => moving.phase = Phase::Waiting(who),
            MoveTold::Glanced(glance) => moving.glanced(glance),
        }
        self.look()
    }

    /// Offsets were moved, or not.
    pub(in crate::app) fn move_sent(&mut self, job: JobId, sent: MoveSent) -> Vec<Effect> {
        let body = layout::regions(self.size).body;
        let moving = self.moving().filter(|moving| moving.phase == Phase::Applying(job));
        if let Some(moving) = moving {
            moving.sent(sent, body);
        }
        Vec::new()
    }

    /// The job ended and has not said what came of the offsets: nobody knows.
    pub(super) fn move_ended(&mut self, job: JobId, said: &str) {
        let moving = self.moving().filter(|moving| moving.phase == Phase::Applying(job));
        if let Some(moving) = moving {
            let title = format!("Move offsets of {}", moving.order.group);
            let lines = vec![
                format!("{said}."),
                "Whether the offsets were moved is not known: look at the group before you try again.".to_owned(),
                "Where they were moved there is an undo file: ktui undo shows what it restores.".to_owned(),
            ];
            self.overlay = Some(Overlay::Notice { title, lines });
        }
    }
}
