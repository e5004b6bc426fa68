//! Jobs: started by forms, listed in a box, stopped and resumed by keys, asked about when ktui is left.

use std::time::Instant;

use crate::app::App;
use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::form::Form;
use crate::app::jobs::export::Draft;
use crate::app::jobs::{JobEnd, JobId, JobSpec};
use crate::app::list::ListState;
use crate::app::overlay::{Confirmation, Confirmed, Overlay, Purpose};
use crate::app::toast::Level;
use crate::layout;

impl App {
    /// `e`: what of the screen is written, and where.
    pub(super) fn open_export(&mut self, now: Instant) -> Vec<Effect> {
        match self.nav.top().pane().export(self.view(now)) {
            Some(mut draft) => {
                draft.opened = self.store.derived.wall.as_ref().map(|wall| wall.time(now));
                let form = draft.form();
                self.overlay = Some(Overlay::Form(Purpose::Export(Box::new(draft)), Box::new(form)));
            }
            None => self.toasts.say(Level::Info, "no records to export here", now),
        }
        Vec::new()
    }

    pub(super) fn accept_export(&mut self, draft: &Draft, form: &Form, now: Instant) -> Result<Vec<Effect>, String> {
        let time = self.store.derived.wall.as_ref().map(|wall| wall.time(now));
        let mut order = draft.order(form, time.as_ref())?;
        order.path = self.settings.folder.join(&order.path);
        Ok(self.start_job(JobSpec::Export(Box::new(order)), now))
    }

    fn start_job(&mut self, spec: JobSpec, now: Instant) -> Vec<Effect> {
        let job = self.errands.jobs.start(spec.clone(), now);
        vec![Effect::StartJob { job, spec }]
    }

    /// What came of a job is said, also when nobody looks at the list.
    pub(in crate::app) fn job_ended(&mut self, job: JobId, end: JobEnd, now: Instant) -> Vec<Effect> {
        let level = match end {
            JobEnd::Done(_) => Level::Info,
            JobEnd::Partly(_) | JobEnd::Stopped(_) | JobEnd::Failed(_) => Level::Warning,
        };
        let said = format!("{}: {}", end.word(), end.said());
        self.move_ended(job, end.said());
        if self.errands.jobs.ended(job, end).is_some() {
            self.toasts.say(level, said, now);
        }
        Vec::new()
    }

    pub(super) fn open_jobs(&mut self) -> Vec<Effect> {
        self.overlay = Some(Overlay::Jobs(ListState::default()));
        Vec::new()
    }

    /// Keys in the list of jobs.
    pub(super) fn act_in_jobs(&mut self, action: Action, now: Instant) -> Vec<Effect> {
        let Some(Overlay::Jobs(list)) = &mut self.overlay else {
            return Vec::new();
        };
        let jobs = &mut self.errands.jobs;
        let page = usize::from(layout::regions(self.size).body.height.saturating_sub(6));
        if list.act(action, jobs.all().len(), page) {
            return Vec::new();
        }
        let job = jobs.all().get(list.cursor);
        if action == Action::UndoChange {
            let group = match job.map(|job| &job.spec) {
                Some(JobSpec::Move(job)) => Some(job.plan.group().clone()),
                _ => None,
            };
            return self.open_undos(group);
        }
        let Some(job) = job else { return Vec::new() };
        let (id, spec, has_begun, end) = (job.id, job.spec.clone(), job.has_begun(), job.end.clone());
        match (action, end) {
            (Action::StopJob, None) if !spec.can_stop() => {
                self.toasts
                    .say(Level::Info, "what is on its way cannot be called back", now);
            }
            (Action::StopJob, None) => {
                jobs.stop(id);
                return vec![Effect::CancelJob(id)];
            }
            (Action::StopJob, Some(_)) => self.toasts.say(Level::Info, "this job has ended", now),
            (Action::ResumeJob, None) => self.toasts.say(Level::Info, "this job is running", now),
            (Action::ResumeJob, Some(JobEnd::Done(_))) => self.toasts.say(Level::Info, "nothing is left to do", now),
            (Action::ResumeJob, Some(_)) => match spec {
                // Nothing is sent twice without being asked again.
                JobSpec::Send(order, _) => self.review(&order, now),
                JobSpec::Move(_) => {
                    let said = "a group is changed only as previewed: make a new preview at the group";
                    self.toasts.say(Level::Info, said, now);
                }
                JobSpec::Export(order) => {
                    *list = ListState::default();
                    return self.start_job(JobSpec::Export(Box::new(order.resumed(has_begun))), now);
                }
            },
            _ => {}
        }
        Vec::new()
    }

    /// Leaves, but asks once while jobs run. Ctrl-C at the question leaves.
    pub(super) fn quit(&mut self) -> Vec<Effect> {
        let is_asked = matches!(&self.overlay, Some(Overlay::Confirm(asked)) if asked.then == Confirmed::Quit);
        let jobs = || self.errands.jobs.running();
        let running: Vec<String> = jobs().map(|job| job.spec.title()).collect();
        if running.is_empty() || is_asked {
            return vec![Effect::Quit];
        }
        self.prompt = None;
        let count = match running.len() {
            1 => "A job is running:".to_owned(),
            count => format!("{count} jobs are running:"),
        };
        let mut lines = vec![count];
        lines.extend(running);
        if jobs().any(|job| job.spec.can_stop()) {
            lines.push("Leaving stops it. What was written stays in a partial file and can be resumed.".to_owned());
        }
        if jobs().any(|job| matches!(job.spec, JobSpec::Move(_))) {
            lines.push(
                "A change of a group may then be done or not. Its undo file stays: ktui undo shows what it restores."
                    .to_owned(),
            );
        }
        if jobs().any(|job| matches!(job.spec, JobSpec::Send(..))) {
            lines.push("A record on its way may then be stored or not, and nobody tells.".to_owned());
        }
        self.overlay = Some(Overlay::Confirm(Box::new(Confirmation {
            title: "Leave ktui?".to_owned(),
            lines,
            yes: "leaves ktui",
            then: Confirmed::Quit,
            under: self.overlay.take().map(Box::new),
        })));
        Vec::new()
    }

    /// The question was answered with no, or what else lies over the screen was left.
    pub(super) fn leave_box(&mut self) {
        self.overlay = match self.overlay.take() {
            Some(Overlay::Confirm(asked)) => asked.under.map(|under| *under),
            _ => None,
        };
    }

    /// The question was answered with yes.
    pub(super) fn confirmed(&mut self, now: Instant) -> Vec<Effect> {
        match self.overlay.take() {
            Some(Overlay::Confirm(asked)) => match asked.then {
                Confirmed::Quit => vec![Effect::Quit],
                Confirmed::Send(job) => self.start_job(*job, now),
            },
            other => {
                self.overlay = other;
                Vec::new()
            }
        }
    }
}
