//! Changing a group from the screen, most of all moving its offsets: the form, the preview, the name, the job.

use std::path::Path;
use std::time::Instant;

use crate::app::App;
use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::form::Form;
use crate::app::jobs::{JobId, JobSpec};
use crate::app::moving::{
    At, Draft, GroupChange, MoveJob, MoveOrder, MoveSent, MoveStep, MoveTold, Moving, Phase, Target, WIDTH,
};
use crate::app::overlay::{Overlay, Purpose};
use crate::app::toast::Level;
use crate::layout;

impl App {
    /// `O`: where the offsets of the group on screen go.
    pub(super) fn open_move(&mut self, now: Instant) -> Vec<Effect> {
        match self.nav.top().pane().group(self.view(now)) {
            Some(draft) => self.overlay = Some(Self::move_form(draft)),
            None => self
                .toasts
                .say(Level::Info, "no group here whose offsets could be moved", now),
        }
        Vec::new()
    }

    /// `>`: the record that the group would read next on the partition under the cursor.
    pub(super) fn open_skip(&mut self, now: Instant) -> Vec<Effect> {
        let draft = self.nav.top().pane().group(self.view(now));
        let Some((group, at)) = draft.and_then(|draft| match draft.at {
            At::Partition(at) => Some((draft.group, at)),
            _ => None,
        }) else {
            let why = "a record is skipped on one partition: choose it in the tab of partitions";
            self.toasts.say(Level::Info, why, now);
            return Vec::new();
        };
        let change = GroupChange::Skip(at);
        self.preview(MoveOrder { group, change }, None, now)
    }

    /// The record that is skipped is shown by the decoder that was chosen for its topic.
    pub(super) fn open_skipped(&mut self) {
        let columns = WIDTH.min(self.size.width).saturating_sub(4);
        if let Some(Overlay::Move(moving)) = &mut self.overlay {
            moving.open_record(columns, &self.settings.memory);
        }
    }

    /// The form of moved offsets.
    pub(super) fn move_form(draft: Draft) -> Overlay {
        let form = draft.form();
        Overlay::Form(Purpose::Move(Box::new(draft)), Box::new(form))
    }

    /// The form is accepted: what would happen is found out.
    pub(super) fn preview_move(&mut self, draft: &Draft, form: &Form, now: Instant) -> Result<Vec<Effect>, String> {
        let time = self.store.derived.wall.as_ref().map(|wall| wall.time(now));
        let mut order = draft.order(form, time.as_ref())?;
        if let GroupChange::Move {
            target: Target::File(path),
            ..
        } = &mut order.change
        {
            *path = self.settings.folder.join(&*path);
        }
        let form = Overlay::Form(Purpose::Move(Box::new(draft.clone())), Box::new(form.clone()));
        Ok(self.preview(order, Some(form), now))
    }

    /// What would happen is found out, over what it was asked from.
    pub(super) fn preview(&mut self, order: MoveOrder, from: Option<Overlay>, now: Instant) -> Vec<Effect> {
        self.overlay = Some(Overlay::Move(Box::new(Moving::new(0, order, from, now))));
        self.plan_move(false)
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
        if moving.hand.line.is_some() {
            return self.act_in_place(action, now);
        }
        match action {
            Action::Leave | Action::Discard => return self.leave_move(),
            Action::Accept if moving.is_typed(lock) => return self.apply_move(now),
            Action::WaitEmpty if moving.is_blocked(lock) => return self.plan_move(true),
            Action::UnlockPlan if moving.is_locked(lock) => return self.unlock_over(now),
            Action::PlanAgain if moving.can_plan() => return self.plan_move(false),
            Action::TakeBack if moving.can_undo() => return self.take_back(now),
            Action::EditOffset if moving.can_edit() => moving.edit(),
            Action::LeaveOut if moving.can_leave_out() => moving.leave_out(),
            Action::ToTable => moving.hand.is_at_table = true,
            Action::ToName => moving.hand.is_at_table = false,
            _ if moving.scroll(action, body) => return self.look(),
            _ if moving.is_typed(lock) && moving.name.act(action) => moving.complaint = None,
            _ => {}
        }
        Vec::new()
    }

    /// Keys while it is typed where a row goes.
    fn act_in_place(&mut self, action: Action, now: Instant) -> Vec<Effect> {
        let time = self.store.derived.wall.as_ref().map(|wall| wall.time(now));
        let Some(moving) = self.moving() else { return Vec::new() };
        let number = moving.number;
        match action {
            Action::Accept => {
                let step = moving.chosen(time.as_ref());
                return step.map(|step| Effect::Move { number, step }).into_iter().collect();
            }
            Action::Discard => moving.discard_line(),
            _ => {
                if moving.hand.line.as_mut().is_some_and(|line| line.act(action)) {
                    moving.complaint = None;
                }
            }
        }
        Vec::new()
    }

    /// What was just done is to be taken back, which is previewed as everything is.
    fn take_back(&mut self, now: Instant) -> Vec<Effect> {
        let cluster = self.settings.cluster_name.clone();
        let done = self.overlay.take();
        let order = match &done {
            Some(Overlay::Move(moving)) => moving.undoing(cluster),
            _ => None,
        };
        let Some(order) = order else {
            self.overlay = done;
            return Vec::new();
        };
        self.preview(order, done, now)
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

    /// Back to what it was asked from; after it was sent there is nothing to go back to.
    fn leave_move(&mut self) -> Vec<Effect> {
        let Some(Overlay::Move(moving)) = self.overlay.take() else {
            return Vec::new();
        };
        if matches!(moving.phase, Phase::Applying(_) | Phase::Settled(_)) {
            return Vec::new();
        }
        let number = moving.number;
        self.overlay = moving.from.map(|from| *from);
        let step = MoveStep::Nothing;
        vec![Effect::Move { number, step }]
    }

    /// The name was typed: exactly what is shown is sent.
    fn apply_move(&mut self, now: Instant) -> Vec<Effect> {
        let cluster = self.settings.cluster_name.clone();
        let Some(moving) = self.moving() else { return Vec::new() };
        let Some(plan) = moving.confirmed() else {
            return Vec::new();
        };
        if plan.group().as_str().is_empty() {
            moving.complaint = Some("nothing was sent: a group without a name has nothing that confirms it".to_owned());
            return Vec::new();
        }
        if moving.name.text() != plan.group().as_str() {
            moving.complaint = Some(format!("nothing was sent: this is not {}", plan.group()));
            return Vec::new();
        }
        let spec = JobSpec::Move(Box::new(MoveJob {
            plan: plan.clone(),
            cluster,
            undoes: moving.order.undoes().map(Path::to_owned),
        }));
        let job = self.errands.jobs.start(spec.clone(), now);
        if let Some(moving) = self.moving() {
            moving.begin(job, plan);
        }
        vec![Effect::StartJob { job, spec }]
    }

    /// Something was found out for a preview.
    pub(in crate::app) fn move_told(&mut self, number: u64, told: MoveTold, now: Instant) -> Vec<Effect> {
        let body = layout::regions(self.size).body;
        if let MoveTold::Undos(found) = told {
            return self.undos_found(number, found);
        }
        let Some(moving) = self.moving().filter(|moving| moving.number == number) else {
            return Vec::new();
        };
        match told {
            MoveTold::Row {
                partition,
                strategy,
                outcome,
            } => moving.row_planned(partition, strategy, outcome),
            MoveTold::Undos(_) => {}
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
            let title = moving.order.title();
            let lines = vec![
                format!("{said}."),
                "Whether it was done is not known: look at the group before you try again.".to_owned(),
                "Where offsets were changed there is an undo file: ktui undo shows what it restores.".to_owned(),
            ];
            self.overlay = Some(Overlay::Notice { title, lines });
        }
    }
}
